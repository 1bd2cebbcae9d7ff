//! Single flight: many calls that need the same token make one request.

use crate::error::Error;
use crate::host::{StoredToken, Timer};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How often a waiting call looks, in JavaScript.
const GLANCE: Duration = Duration::from_millis(10);

/// How long it waits before it asks for a token itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The token requests that are under way, by cache key.
#[derive(Default)]
pub(crate) struct Flights(Mutex<Vec<(String, Arc<Mutex<Flight>>)>>);

#[derive(Default)]
struct Flight {
    landed: Option<Landing>,
    waiting: Vec<Waker>,
}

#[derive(Clone)]
enum Landing {
    Done(Result<StoredToken, Error>),
    /// The call that made the request was dropped: one of those that wait makes it anew.
    Abandoned,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics while it holds a lock, and what it holds is whole at every line.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Flights {
    /// Runs the request, or waits for the one that is under way. An error reaches all who waited; none is kept.
    pub(crate) async fn join(
        &self,
        key: &str,
        timer: &dyn Timer,
        request: impl Future<Output = Result<StoredToken, Error>>,
    ) -> Result<StoredToken, Error> {
        loop {
            let (flight, first) = {
                let mut flights = lock(&self.0);
                match flights.iter().find(|(known, _)| known == key) {
                    Some((_, flight)) => (flight.clone(), false),
                    None => {
                        let flight = Arc::<Mutex<Flight>>::default();
                        flights.push((key.to_owned(), flight.clone()));
                        (flight, true)
                    }
                }
            };
            if first {
                let mut pilot = Pilot { flights: self, key, flight, landing: Landing::Abandoned };
                let result = request.await;
                pilot.landing = Landing::Done(result.clone());
                return result;
            }
            let landing =
                if cfg!(target_arch = "wasm32") { self.watch(key, &flight, timer).await } else { wake(&flight).await };
            if let Landing::Done(result) = landing {
                return result;
            }
        }
    }
}

impl Flights {
    /// Waits in JavaScript. In Cloudflare Workers the I/O of one request must not wake another: that one would go on in
    /// the wrong context, or hang. So each call that waits looks for itself, on a timer of its own; and a request that is
    /// cancelled there stops for good, without being dropped, so that waiting has an end.
    async fn watch(&self, key: &str, flight: &Arc<Mutex<Flight>>, timer: &dyn Timer) -> Landing {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            if let Some(landing) = &lock(flight).landed {
                return landing.clone();
            }
            timer.sleep(GLANCE).await;
            waited += GLANCE;
        }
        self.end(key, flight);
        Landing::Abandoned
    }

    fn end(&self, key: &str, flight: &Arc<Mutex<Flight>>) {
        lock(&self.0).retain(|(known, other)| known != key || !Arc::ptr_eq(other, flight));
    }
}

async fn wake(flight: &Mutex<Flight>) -> Landing {
    poll_fn(|context| {
        let mut flight = lock(flight);
        match &flight.landed {
            Some(landing) => Poll::Ready(landing.clone()),
            None => {
                if !flight.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                    flight.waiting.push(context.waker().clone());
                }
                Poll::Pending
            }
        }
    })
    .await
}

/// Ends the flight when it is dropped, however that happens.
struct Pilot<'a> {
    flights: &'a Flights,
    key: &'a str,
    flight: Arc<Mutex<Flight>>,
    landing: Landing,
}

impl Drop for Pilot<'_> {
    fn drop(&mut self) {
        self.flights.end(self.key, &self.flight);
        let waiting = {
            let mut flight = lock(&self.flight);
            flight.landed = Some(self.landing.clone());
            std::mem::take(&mut flight.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}
