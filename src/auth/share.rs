//! Concurrent calls that would send the same one-time thing make one request.
//!
//! Not [`Flights`](crate::token::Flights): there, when the call that makes the request is dropped, another makes it anew. A
//! refresh token must not be sent twice by accident, so here the request belongs to all who wait, and goes on as long as
//! one of them does.

use crate::error::Error;
use crate::http::{Answer, Headers, Payload};
use crate::maybe_send::BoxFuture;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Outcome = Result<Reply, Error>;

/// An answer that several calls get.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Headers,
    body: Arc<[u8]>,
    attempts: u32,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let body = match answer.payload {
            Payload::Bytes(bytes) => bytes.into(),
            _ => Arc::default(),
        };
        Self { status: answer.status, headers: answer.headers, body, attempts: answer.attempts }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Answer {
            status: reply.status,
            headers: reply.headers,
            payload: Payload::Bytes(reply.body.to_vec()),
            attempts: reply.attempts,
        }
    }
}

/// The requests that are under way, by what they send.
#[derive(Default)]
pub(crate) struct Shares(Mutex<Vec<(String, Arc<Share>)>>);

struct Share {
    state: Mutex<State>,
    waiting: Arc<Waiting>,
}

enum State {
    Running(BoxFuture<'static, Outcome>),
    Done(Outcome),
}

/// Wakes all who wait: any of them may be the one that goes on.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut *lock(&self.0));
        wakers.into_iter().for_each(Waker::wake);
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is held here is whole at every line, and a panic of a transport is for its own caller.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shares {
    /// Waits for the request of this key that is under way, or for a new one.
    pub(crate) async fn join(&self, key: &str, request: impl FnOnce() -> BoxFuture<'static, Outcome>) -> Outcome {
        let share = {
            let mut shares = lock(&self.0);
            match shares.iter().find(|(known, _)| known == key) {
                Some((_, share)) => share.clone(),
                None => {
                    let share =
                        Arc::new(Share { state: Mutex::new(State::Running(request())), waiting: Arc::default() });
                    shares.push((key.to_owned(), share.clone()));
                    share
                }
            }
        };
        let part = Part { shares: self, share };
        poll_fn(|context| part.share.poll(context)).await
    }
}

impl Share {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = lock(&self.state);
        let running = match &mut *state {
            State::Done(outcome) => return Poll::Ready(outcome.clone()),
            State::Running(running) => running,
        };
        {
            let mut waiting = lock(&self.waiting.0);
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
        }
        let waker = Waker::from(self.waiting.clone());
        match running.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(outcome) => {
                *state = State::Done(outcome.clone());
                drop(state);
                waker.wake();
                Poll::Ready(outcome)
            }
        }
    }
}

/// One who waits. The last to go takes the request along, finished or not.
struct Part<'a> {
    shares: &'a Shares,
    share: Arc<Share>,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let mut shares = lock(&self.shares.0);
        let done = matches!(*lock(&self.share.state), State::Done(_));
        // Two are the list's and this one's; with the list locked, no other can come.
        if done || Arc::strong_count(&self.share) <= 2 {
            shares.retain(|(_, share)| !Arc::ptr_eq(share, &self.share));
        }
    }
}
