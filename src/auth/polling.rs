//! Asking the token endpoint until the user has decided (RFC 8628, section 3.5; CIBA Core, section 10.1).

use super::call::AuthCall;
use super::tokens::TokenResponse;
use crate::error::{Error, ErrorKind};
use crate::maybe_send::BoxFuture;
use crate::poll::Poll;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

/// Asks until the user has decided. `.await` does it; dropping the future ends it.
///
/// It waits the interval before each question, 5 s more after each `slow_down`, longer when the server names a time, and
/// twice as long after a question without an answer. A refusal (`access_denied`) and the end of the time (`expired_token`)
/// are errors.
#[must_use = "nothing is asked before this is awaited"]
pub struct Polling {
    call: AuthCall<TokenResponse>,
    interval: Duration,
    expires_at: Duration,
}

/// What an answer says about going on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Again after the same time.
    Pending,
    /// Again after a longer time: at least this one, where one is named.
    Slower(Option<Duration>),
    /// There was no answer of worth: again after twice the time.
    Failed,
    Stop,
}

fn next(error: &Error) -> Next {
    match (error.code(), error.kind()) {
        (Some("authorization_pending"), _) => Next::Pending,
        (Some("slow_down"), _) | (_, ErrorKind::RateLimited) => Next::Slower(error.retry_after()),
        (_, ErrorKind::Transport | ErrorKind::Timeout) => Next::Failed,
        _ if error.status().is_some_and(|status| status >= 500) => Next::Failed,
        _ => Next::Stop,
    }
}

impl Polling {
    pub(crate) fn new(call: AuthCall<TokenResponse>, interval: Duration, expires_at: Duration) -> Self {
        // The waits are all here.
        Self { call: call.max_retries(0), interval: interval.max(Duration::from_secs(1)), expires_at }
    }

    /// The least time between two questions, in the place of the one that the server names.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// A header of each question.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.call = self.call.header(name, value);
        self
    }

    async fn run(self) -> Result<TokenResponse, Error> {
        let Self { call, interval, expires_at } = self;
        let core = call.core.clone();
        let operation = call.parts.endpoint.as_ref().map_or("", |endpoint| endpoint.id);
        let mut waits = Poll::steady(interval);
        let mut asked = 0;
        let mut last = None;
        loop {
            waits.left = expires_at.saturating_sub(core.host.timer.now());
            if let Some(wait) = waits.next() {
                core.sleep(wait).await;
            }
            if core.host.timer.now() >= expires_at {
                let error = Error::new(ErrorKind::Api, "the time in which the user could agree is over")
                    .with_code(Some("expired_token".to_owned()))
                    .with_attempts(asked)
                    .with_operation(operation);
                return Err(match last {
                    Some(last) => error.with_source(last),
                    None => error,
                });
            }
            asked += 1;
            let error = match call.clone().await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            match next(&error) {
                Next::Pending => {}
                Next::Slower(least) => waits.slow_down(least),
                Next::Failed => waits.double(),
                Next::Stop => return Err(error),
            }
            last = Some(error);
        }
    }

    /// Asks until the user has decided, and waits for it.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`] when an async runtime is running on this thread.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub fn call(self) -> Result<TokenResponse, Error> {
        let core = self.call.core.clone();
        core.runtime.run(self.run())
    }
}

impl IntoFuture for Polling {
    type Output = Result<TokenResponse, Error>;
    type IntoFuture = BoxFuture<'static, Result<TokenResponse, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Polling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").field("interval", &self.interval).field("expires_at", &self.expires_at).finish()
    }
}
