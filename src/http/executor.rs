//! Does with futures what an [`Exchange`] says: natively, and for Rust on wasm32.

use super::exchange::{Exchange, Moment, Outgoing, Refusal, Step};
use super::{ErrorBody, Headers, HttpBody, HttpRequest, Method, Payload, Read, RequestBody};
use crate::error::{Error, ErrorKind};
use crate::host::{Host, Timer, TransportError};
use crate::json::{self, Document, Node};
use crate::maybe_send::BoxFuture;
use crate::observe::Watch;
use crate::pace::{Permit, Priority, Route};
use crate::retry::Retry;
use crate::secret::Secret;
use crate::token::TokenSource;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// How long, and how often.
#[derive(Clone)]
pub(crate) struct Limits {
    /// Of one attempt, from the token to the last byte of the body.
    pub(crate) timeout: Duration,
    /// Of all attempts and the waits between them.
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_retries: u32,
    pub(crate) retry: Arc<dyn Retry>,
    /// Of a token request: when the attempt is over that needs the token. No wait that the server asks for passes it.
    pub(crate) attempt_ends_at: Option<Duration>,
}

/// A request that is ready but for its token.
pub(crate) struct Plan<'a> {
    /// For errors: `users.get`.
    pub(crate) operation: &'a str,
    pub(crate) method: Method,
    /// The path with the names of its parameters, for those who watch; empty for none.
    pub(crate) template: &'a str,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) body: RequestBody,
    pub(crate) idempotent: bool,
    pub(crate) read: Read,
    /// Where the bearer token comes from; `None` for a request that has none.
    pub(crate) token: Option<&'a TokenSource>,
    /// Secrets of the request, which a server's error text must not carry on.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) limits: Limits,
    /// Whether a limiter lets others go first.
    pub(crate) priority: Priority,
}

/// A success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) payload: Payload,
    pub(crate) attempts: u32,
}

impl<'a> Plan<'a> {
    /// What the exchange knows of it, and what its driver keeps: the body, how to read a success, the token's source.
    pub(crate) fn split(self) -> (Outgoing, RequestBody, Read, Option<&'a TokenSource>) {
        let outgoing = Outgoing {
            method: self.method,
            url: self.url,
            headers: self.headers,
            idempotent: self.idempotent,
            token: self.token.is_some(),
            secrets: self.secrets,
            limits: self.limits,
        };
        (outgoing, self.body, self.read, self.token)
    }
}

/// Runs a plan to its end. Boxed, since a token request runs inside of an attempt.
pub(crate) fn run<'a>(host: &'a Host, plan: Plan<'a>) -> BoxFuture<'a, Result<Answer, Error>> {
    Box::pin(async move {
        let (operation, priority) = (plan.operation, plan.priority);
        let watch = Watch::new(&host.hooks, operation, plan.method, plan.template);
        let route = host.limiter.as_ref().map(|_| Route::new(&plan.url, operation, plan.token.is_some()));
        #[cfg(feature = "tracing")]
        let span = crate::observe::trace::span(operation, plan.method, plan.template, &plan.url);
        let (outgoing, body, read, source) = plan.split();
        let exchange = Exchange::new(outgoing);
        let mut driver = Driver { host, exchange, body, read, source, watch, route, priority, permit: None };
        #[cfg(not(feature = "tracing"))]
        let result = driver.run().await;
        #[cfg(feature = "tracing")]
        let result = {
            let result = tracing::Instrument::instrument(driver.run(), span.clone()).await;
            crate::observe::trace::done(&span, &result);
            result
        };
        result.map_err(|error| error.with_operation(operation))
    })
}

struct Driver<'a> {
    host: &'a Host,
    exchange: Exchange,
    body: RequestBody,
    read: Read,
    source: Option<&'a TokenSource>,
    watch: Watch<'a>,
    /// For the limiter, if there is one.
    route: Option<Route>,
    priority: Priority,
    /// What the limiter gave for this attempt.
    permit: Option<Permit>,
}

impl Driver<'_> {
    fn moment(&self) -> Moment {
        Moment { now: self.host.timer.now(), random: self.host.jitter() }
    }

    async fn run(&mut self) -> Result<Answer, Error> {
        let timer = &*self.host.timer;
        loop {
            self.pace().await?;
            let step = self.exchange.begin(timer.now());
            let limit = self.exchange.limit();
            let step = match within(timer, limit, self.attempt(step)).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(Step::Discard)) => self.discard(limit).await,
                Some(Err(step)) => step,
                None => self.exchange.timed_out(self.moment()),
            };
            // Whatever became of it, it is over.
            self.permit = None;
            match step {
                Step::Wait(wait) => {
                    if let Some(failed) = self.exchange.failed() {
                        self.watch.retry(self.exchange.attempts(), wait, failed);
                    }
                    timer.sleep(wait).await;
                }
                Step::Fail(error) => return Err(error),
                Step::Stall => std::future::pending().await,
                _ => {}
            }
        }
    }

    /// Waits until the limiter lets the next attempt go.
    async fn pace(&mut self) -> Result<(), Error> {
        let (Some(limiter), Some(route)) = (&self.host.limiter, &self.route) else { return Ok(()) };
        let timer = &*self.host.timer;
        let ends_at = self.exchange.ends_at(timer.now());
        match limiter.enter(timer, route, self.priority, ends_at).await {
            Ok(permit) => self.permit = Some(permit),
            Err(held) => return Err(held.into_error().with_attempts(self.exchange.attempts())),
        }
        Ok(())
    }

    /// One attempt, up to a success or to the step that follows a failure.
    async fn attempt(&mut self, mut step: Step) -> Result<Answer, Step> {
        let mut body = HttpBody::from_bytes(Vec::new());
        loop {
            step = match step {
                Step::Token => self.token().await,
                Step::Send => {
                    let request = HttpRequest {
                        method: self.exchange.method(),
                        url: self.exchange.url().to_owned(),
                        headers: self.exchange.headers(),
                        body: self.body.clone(),
                        read: self.read,
                    };
                    let waited = self.permit.as_ref().map_or(Duration::ZERO, |permit| permit.waited);
                    let sent_at = self.host.timer.now();
                    self.watch.request(self.exchange.attempts(), waited);
                    match self.host.transport.send(request).await {
                        Ok(response) => {
                            body = response.body;
                            let now = self.host.timer.now();
                            if let Some(permit) = self.permit.take() {
                                permit.told(response.status, &response.headers, now);
                            }
                            let (attempt, duration) = (self.exchange.attempts(), now.saturating_sub(sent_at));
                            self.watch.response(attempt, response.status, &response.headers, duration);
                            self.exchange.answered(response.status, response.headers, self.moment())
                        }
                        Err(error) => self.exchange.broke(error, self.moment()),
                    }
                }
                Step::Read => {
                    match std::mem::replace(&mut body, HttpBody::from_bytes(Vec::new())).read(self.read).await {
                        Ok(payload) => {
                            let (status, headers) = self.exchange.take_answer();
                            return Ok(Answer { status, headers, payload, attempts: self.exchange.attempts() });
                        }
                        Err(error) => self.exchange.broke(error, self.moment()),
                    }
                }
                Step::ReadError => {
                    let unread = std::mem::replace(&mut body, HttpBody::from_bytes(Vec::new()));
                    self.read_error(unread).await
                }
                step => return Err(step),
            };
        }
    }

    async fn token(&mut self) -> Step {
        let limits = self.exchange.token_limits(self.host.timer.now());
        let Some(source) = self.source else {
            return self
                .exchange
                .fail(Error::new(ErrorKind::Internal, "a token is needed, and there is no source of one"));
        };
        match source.bearer(self.host, &limits, self.exchange.refused_token()).await {
            Ok(bearer) => self.exchange.token(bearer.token, bearer.cached),
            Err(error) => self.exchange.fail(error),
        }
    }

    async fn read_error(&mut self, body: HttpBody) -> Step {
        let (body, broken) = body.read_error().await;
        let text = body.text();
        let document = json::parse(&text);
        let refusal = Refusal {
            text: &text,
            document: document.as_ref().map(|document| document as &dyn Node),
            body: Some(body),
            broken: broken.as_ref().map(TransportError::to_string),
        };
        self.exchange.refused(refusal, self.moment())
    }

    async fn discard(&mut self, limit: Duration) -> Step {
        let discarded = match (self.source, self.exchange.refused_token()) {
            (Some(source), Some(token)) => within(&*self.host.timer, limit, source.discard(self.host, token)).await,
            _ => Some(Ok(())),
        };
        match discarded {
            Some(Ok(())) => self.exchange.discarded(None),
            Some(Err(failed)) => self.exchange.discarded(Some(&format!("and the token store failed: {failed}"))),
            None => self.exchange.discarded(Some("and the token store did not answer")),
        }
    }
}

/// Whole milliseconds, in the 64 bits that hold every time here: `as_millis` has 128, which cost 3 KB of wasm.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(u64::from(duration.subsec_millis()))
}

/// Completes with the future, or with `None` when the time is over first.
pub(crate) async fn within<T>(timer: &dyn Timer, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut sleep = timer.sleep(limit);
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}

impl Answer {
    /// The payload as a document that the core reads.
    pub(crate) fn document(&self) -> Option<Document> {
        match &self.payload {
            Payload::Bytes(bytes) => json::parse(std::str::from_utf8(bytes).ok()?),
            _ => None,
        }
    }

    /// An error about this answer, which keeps all of it.
    pub(crate) fn decode_error(&self, message: String) -> Error {
        let body = match &self.payload {
            Payload::Bytes(bytes) => ErrorBody::whole(bytes),
            _ => ErrorBody::whole(b""),
        };
        Error::new(ErrorKind::Decode, message)
            .with_status(self.status)
            .with_headers(self.headers.clone())
            .with_attempts(self.attempts)
            .with_body(Some(body))
            .sent(true)
    }
}
