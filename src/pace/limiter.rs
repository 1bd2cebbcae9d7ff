//! The limiter: buckets, those who wait for them, and which request belongs to which.

use super::bucket::{Need, PATIENCE, RESERVE, Seen, Ticket};
use super::fleet::{ALONE, Fleet, Heard};
use super::queue::{self, Turn};
use super::seen::seconds;
use super::state::{Route, State};
use crate::error::{Error, ErrorKind};
use crate::host::{KeyValue, Timer};
use crate::http::Headers;
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::text::digits;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// How urgent a call is, where a [`Limiter`] has to let some wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Priority {
    /// Someone waits for the answer. The default.
    #[default]
    Interactive,
    /// Work that is to be done some time: it leaves a reserve for interactive calls, and lets them go first. One in ten requests is of
    /// bulk work at least, so that it goes on however many others there are.
    Bulk,
}

/// Paces calls, so that they stay just under the server's rate limit.
///
/// It learns from the headers of each answer (`X-RateLimit-Limit`, `-Remaining`, `-Reset`, `Retry-After`) how many requests may be sent, and
/// by measuring how fast more come; nothing has to be configured. A request that would be refused waits before it is sent; a retry does
/// too. Answers without these headers, or with some that make no sense, pace nothing.
///
/// A client has none unless it is given one ([`ManagementBuilder::limiter`](crate::ManagementBuilder::limiter)): for a call now and then
/// the limit is far, and a retry after a 429 does; what waits before it is sent is not counted in the attempt's timeout, and
/// a program should have asked for that. Clients that are given clones of one limiter share it.
///
/// ```no_run
/// # fn main() -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::{Limiter, ManagementClient, Priority};
///
/// let limiter = Limiter::new();
/// let auth0 = ManagementClient::builder("tenant.us.auth0.com").client_credentials("id", "secret").limiter(limiter).build()?;
/// let nightly = auth0.with_priority(Priority::Bulk);
/// # Ok(())
/// # }
/// ```
///
/// The limits of the Management API are told apart by the number that `X-RateLimit-Limit` names, those of the Authentication API by
/// endpoint, all of them by the tenant.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    share: f64,
    state: Mutex<State>,
    fleet: Option<Fleet>,
}

/// Sets a [`Limiter`] up.
#[must_use = "nothing happens before build()"]
pub struct LimiterBuilder {
    share: f64,
    fleet: Option<Fleet>,
}

impl fmt::Debug for LimiterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterBuilder").field("reserve", &self.share).finish_non_exhaustive()
    }
}

impl LimiterBuilder {
    /// The share of the bucket that bulk work leaves for interactive calls, from 0 to 0.9. A tenth by default.
    pub fn reserve(mut self, share: f64) -> Self {
        self.share = queue::share(share);
        self
    }

    /// Shares the limits with all machines that use the same store: a backend that can replace a text if it is still the same
    /// ([`KeyValue::swap`]), as `Redis` can. What the store does fails no call: without it each machine paces itself alone. The clocks of the
    /// machines have to agree within 5 s.
    pub fn store(mut self, backend: impl KeyValue + 'static) -> Self {
        self.fleet = Some(Fleet::new(backend));
        self
    }

    /// Called with each problem of the store given before, of which no call hears.
    pub fn on_problem(mut self, report: impl Fn(&Error) + MaybeSend + MaybeSync + 'static) -> Self {
        if let Some(fleet) = &mut self.fleet {
            fleet.on_problem(report);
        }
        self
    }

    /// Makes the limiter.
    pub fn build(self) -> Limiter {
        Limiter(Arc::new(Inner { share: self.share, state: Mutex::default(), fleet: self.fleet }))
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("reserve", &self.0.share).finish_non_exhaustive()
    }
}

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The server wants no request for this time, which is too long to wait for.
    Blocked(Duration),
    /// There would be room after this time, and the deadline is before.
    Late(Duration),
}

impl Held {
    pub(crate) fn into_error(self) -> Error {
        let shown = |wait: Duration| digits(wait.as_secs().saturating_add(1)) + " s";
        let (kind, wait, message) = match self {
            Self::Blocked(wait) => {
                let message =
                    ["the rate limit is used up: it opens in ", &shown(wait), ", which is too long to wait for"];
                (ErrorKind::RateLimited, wait, message.concat())
            }
            Self::Late(wait) => {
                let message =
                    ["the rate limit leaves no room before the deadline: the next request may go in ", &shown(wait)];
                (ErrorKind::Timeout, wait, message.concat())
            }
        };
        Error::new(kind, message).with_waits(Some(wait), None)
    }
}

fn whole(wait: f64) -> Duration {
    // Up, so that it is over when it is asked again.
    Duration::try_from_secs_f64(wait.max(0.0)).unwrap_or(Duration::MAX).saturating_add(Duration::from_micros(1))
}

impl Limiter {
    /// A limiter that knows nothing yet.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Sets one up.
    pub fn builder() -> LimiterBuilder {
        LimiterBuilder { share: RESERVE, fleet: None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here panics while it holds the lock, and what it holds is whole at every line.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent. Dropping the future leaves the line.
    ///
    /// # Errors
    /// When it would have to wait too long.
    pub(crate) async fn enter(
        &self,
        timer: &dyn Timer,
        route: &Route,
        priority: Priority,
        ends_at: Option<Duration>,
    ) -> Result<Permit, Held> {
        let need = match priority {
            Priority::Interactive => Need::One,
            Priority::Bulk => Need::Spare,
        };
        let mut place = Place { limiter: self, route, need, id: 0, lane: 0, of: None };
        let asked_at = timer.now();
        loop {
            let now = timer.now();
            let left = ends_at.map(|end| end.saturating_sub(now));
            let wait = match place.ask(seconds(now)) {
                Turn::Fetch(lane, key, heard, need) => {
                    self.fetch(timer, lane, &key, heard, need).await;
                    continue;
                }
                Turn::Go(ticket) => {
                    let waited = now.saturating_sub(asked_at);
                    let (limiter, lane, of) = (self.clone(), place.lane, place.of);
                    return Ok(Permit { limiter, route: route.clone(), lane, of, ticket, waited, told: false });
                }
                Turn::Blocked(wait) if wait > PATIENCE => return Err(Held::Blocked(whole(wait))),
                Turn::Blocked(wait) => Some(whole(wait)),
                Turn::Wait(wait) => wait.map(whole),
            };
            if let Some(left) = left.filter(|left| wait.unwrap_or_default() >= *left) {
                return Err(Held::Late(wait.unwrap_or(left)));
            }
            // Whoever was to call it may be a Worker's request that was cancelled.
            let look = self.0.fleet.as_ref().map(|_| Duration::from_secs(1));
            place.rest(timer, wait.into_iter().chain(left).chain(look).min()).await;
        }
    }
}

/// One who waits.
struct Place<'a> {
    limiter: &'a Limiter,
    route: &'a Route,
    need: Need,
    /// 0 while it stands in no line.
    id: u64,
    lane: u64,
    of: Option<u64>,
}

impl Place<'_> {
    fn ask(&mut self, now: f64) -> Turn {
        let (share, shared) = (self.limiter.0.share, self.limiter.0.fleet.is_some());
        let mut state = self.limiter.state();
        let index = state.lane_of(self.route, shared);
        let lane = state.lanes[index].id;
        if self.id == 0 || lane != self.lane {
            // What is known of the route has changed: it stands in another line.
            state.leave(self.lane, self.need, self.id);
            state.next_id += 1;
            (self.id, self.lane) = (state.next_id, lane);
            state.lanes[index].join(self.need, self.id);
        }
        self.of = state.lanes[index].limit;
        state.lanes[index].ask(self.need, self.id, share, now, shared)
    }

    /// Waits for a time, or until something has changed.
    async fn rest(&mut self, timer: &dyn Timer, time: Option<Duration>) {
        let mut sleep = time.map(|time| timer.sleep(time));
        poll_fn(|context| {
            let mut state = self.limiter.state();
            let lane = state.lanes.iter_mut().find(|lane| lane.id == self.lane);
            if lane.is_none_or(|lane| lane.is_called(self.need, self.id, context.waker())) {
                return Poll::Ready(());
            }
            drop(state);
            match &mut sleep {
                Some(sleep) => sleep.as_mut().poll(context),
                None => Poll::Pending,
            }
        })
        .await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.limiter.state().leave(self.lane, self.need, self.id);
    }
}

impl Limiter {
    /// Gets the next slice of a lane from the store.
    async fn fetch(&self, timer: &dyn Timer, lane: u64, key: &str, heard: Vec<Heard>, need: Need) {
        let Some(fleet) = &self.0.fleet else { return };
        let mut fetching = Fetching { limiter: self, lane, heard };
        let served = fleet.serve(timer, key, &fetching.heard, need, self.0.share).await;
        let now = seconds(timer.now());
        let mut state = self.state();
        let Some(lane) = state.lanes.iter_mut().find(|known| known.id == lane) else { return };
        match served {
            Some(served) => {
                if served.text.is_some() {
                    // It is told now.
                    fetching.heard.clear();
                }
                lane.served(served, need, now);
            }
            None => {
                // Whether others have requests under way is no longer known.
                lane.bucket.go_alone();
                lane.slice.alone_until = now + ALONE;
            }
        }
    }
}

/// One who gets a slice. However that ends, the next one may.
struct Fetching<'a> {
    limiter: &'a Limiter,
    lane: u64,
    heard: Vec<Heard>,
}

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        if let Some(lane) = state.lanes.iter_mut().find(|known| known.id == self.lane) {
            let later = std::mem::take(&mut lane.slice.heard);
            lane.slice.heard = std::mem::take(&mut self.heard);
            lane.slice.heard.extend(later);
            lane.slice.busy_until = 0.0;
            lane.call();
        }
    }
}

/// A request that may be sent. Dropped without an answer, it counts as sent.
#[must_use = "a permit that is dropped counts as sent"]
pub(crate) struct Permit {
    limiter: Limiter,
    pub(super) route: Route,
    pub(super) lane: u64,
    /// Which limit the lane was known to have.
    pub(super) of: Option<u64>,
    pub(super) ticket: Ticket,
    /// How long it was waited for.
    pub(crate) waited: Duration,
    told: bool,
}

impl Permit {
    /// The answer came.
    pub(crate) fn told(mut self, status: u16, headers: &Headers, now: Duration) {
        self.told = true;
        let seen = Seen::of(status, headers, now);
        self.limiter.state().told(&self, Some(&seen), seconds(now), self.limiter.0.fleet.is_some());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.told {
            self.limiter.state().told(self, None, 0.0, self.limiter.0.fleet.is_some());
        }
    }
}
