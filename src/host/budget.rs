//! So many requests and no more, for a Worker.

use super::{Host, Transport, TransportError};
use crate::http::{Headers, HttpRequest, HttpResponse};
use crate::maybe_send::BoxFuture;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A transport that sends so many requests and no more: a Cloudflare Worker may ask for 50 (free plan) or 1,000 in each request of its own
/// ([Cloudflare: subrequests](https://developers.cloudflare.com/workers/platform/limits/#subrequests)), and tokens, retries and pages count.
///
/// When they are used up, a call ends at once with [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited), status 429 and the code `budget_used_up`,
/// and nothing is sent. Without a budget a call makes `(retries + 1) * (retries + 2) + 1` requests at most, and `retries + 1` with a token that
/// is there. Clones share one budget.
///
/// ```no_run
/// # fn main() -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::{Budget, Host};
///
/// let host = Host::of_target()?;
/// let budget = Budget::over(&host, 50);
/// let host = host.with_transport(budget.clone());
/// assert_eq!(budget.left(), 50);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Budget {
    transport: Arc<dyn Transport>,
    requests: u32,
    left: Arc<AtomicU32>,
}

impl Budget {
    /// So many requests over a host's transport, to be given to it in its place ([`Host::with_transport`]).
    pub fn over(host: &Host, requests: u32) -> Self {
        Self { transport: host.transport.clone(), requests, left: Arc::new(AtomicU32::new(requests)) }
    }

    /// How many requests may still be sent.
    pub fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes off what else was asked for: a read of Workers KV, a turn to a Durable Object. Says whether there was so much.
    pub fn spend(&self, count: u32) -> bool {
        let take = |left: u32| left.checked_sub(count);
        let had = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if !had {
            self.left.store(0, Ordering::Relaxed);
        }
        had
    }
}

impl Transport for Budget {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        if self.spend(1) {
            return self.transport.send(request);
        }
        // A wait of a day is none that a client waits for: the call ends at once.
        let mut headers = Headers::new();
        headers.append("content-type", "application/json");
        headers.append("retry-after", "86400");
        let requests = self.requests.to_string();
        let start =
            r#"{"statusCode":429,"error":"Too Many Requests","errorCode":"budget_used_up","message":"the budget of "#;
        let body = [start, &requests, r#" requests is used up"}"#].concat();
        Box::pin(std::future::ready(Ok(HttpResponse::new(429, headers, body))))
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("requests", &self.requests).field("left", &self.left()).finish_non_exhaustive()
    }
}
