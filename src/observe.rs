//! What a program may hear of its calls: hooks, and with the feature `tracing` spans.
//!
//! Nothing in an event is a secret: no URL with its ids and queries, no body, no header but those about limits and the request's id.

use crate::error::{Error, ErrorKind};
use crate::http::{Headers, Method};
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::rate_limit::{RateLimit, TokenQuota};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A request is about to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestEvent<'a> {
    /// The operation: `users.update`. `oauth.token` for a token request.
    pub operation: &'a str,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The method.
    pub method: Method,
    /// The path with the names of its parameters in the place of their values: `/users/{id}`. Empty where there is none.
    pub template: &'a str,
    /// How long the limiter made it wait.
    pub waited: Duration,
}

/// An answer has come: its status and headers are there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResponseEvent<'a> {
    /// The operation.
    pub operation: &'a str,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The method.
    pub method: Method,
    /// The path with the names of its parameters.
    pub template: &'a str,
    /// The status, also of a refusal.
    pub status: u16,
    /// From sending to the headers of the answer.
    pub duration: Duration,
    /// What is left of the rate limit, where the answer says it.
    pub rate_limit: Option<RateLimit>,
    /// How many tokens the client may still be issued, where the answer says it.
    pub client_quota: Option<TokenQuota>,
    /// How many the organization may.
    pub organization_quota: Option<TokenQuota>,
    /// What Auth0's support asks for.
    pub request_id: Option<String>,
}

/// An attempt has failed, and another one follows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryEvent<'a> {
    /// The operation.
    pub operation: &'a str,
    /// The attempt that failed: 1 for the first.
    pub attempt: u32,
    /// The method.
    pub method: Method,
    /// The path with the names of its parameters.
    pub template: &'a str,
    /// How long until the next attempt. A limiter may make it wait longer.
    pub wait: Duration,
    /// The status; `None` when there was no answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub kind: ErrorKind,
}

/// A closure that takes an event.
trait Hook<E: ?Sized>: MaybeSend + MaybeSync {
    fn call(&self, event: &E);
}

macro_rules! hooks {
    ($($event:ident),*) => {$(
        impl<'a, F: Fn(&$event<'_>) + MaybeSend + MaybeSync> Hook<$event<'a>> for F {
            fn call(&self, event: &$event<'a>) {
                self(event);
            }
        }
    )*};
}
hooks!(RequestEvent, ResponseEvent, RetryEvent);

type Hooked<T> = Vec<Arc<T>>;

/// The hooks of a client. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    request: Hooked<dyn for<'a> Hook<RequestEvent<'a>>>,
    response: Hooked<dyn for<'a> Hook<ResponseEvent<'a>>>,
    retry: Hooked<dyn for<'a> Hook<RetryEvent<'a>>>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

impl Hooks {
    pub(crate) fn on_request(&mut self, hook: impl Fn(&RequestEvent<'_>) + MaybeSend + MaybeSync + 'static) {
        self.request.push(Arc::new(hook));
    }

    pub(crate) fn on_response(&mut self, hook: impl Fn(&ResponseEvent<'_>) + MaybeSend + MaybeSync + 'static) {
        self.response.push(Arc::new(hook));
    }

    pub(crate) fn on_retry(&mut self, hook: impl Fn(&RetryEvent<'_>) + MaybeSend + MaybeSync + 'static) {
        self.retry.push(Arc::new(hook));
    }
}

/// Tells those who listen what happens to one call.
pub(crate) struct Watch<'a> {
    hooks: &'a Hooks,
    pub(crate) operation: &'a str,
    pub(crate) method: Method,
    pub(crate) template: &'a str,
}

/// A hook that panics breaks no call: it only hears no more of this event.
fn tell<E>(hook: impl Fn(&E), event: &E) {
    drop(catch_unwind(AssertUnwindSafe(|| hook(event))));
}

impl<'a> Watch<'a> {
    pub(crate) fn new(hooks: &'a Hooks, operation: &'a str, method: Method, template: &'a str) -> Self {
        Self { hooks, operation, method, template }
    }

    pub(crate) fn request(&self, attempt: u32, waited: Duration) {
        let Self { hooks, operation, method, template } = *self;
        #[cfg(feature = "tracing")]
        trace::request(attempt, waited);
        if !hooks.request.is_empty() {
            let event = RequestEvent { operation, attempt, method, template, waited };
            hooks.request.iter().for_each(|hook| tell(|event| hook.call(event), &event));
        }
    }

    pub(crate) fn response(&self, attempt: u32, status: u16, headers: &Headers, duration: Duration) {
        let Self { hooks, operation, method, template } = *self;
        #[cfg(feature = "tracing")]
        trace::response(attempt, status, headers);
        if !hooks.response.is_empty() {
            let event = ResponseEvent {
                operation,
                attempt,
                method,
                template,
                status,
                duration,
                rate_limit: RateLimit::from_headers(headers),
                client_quota: TokenQuota::of_client(headers),
                organization_quota: TokenQuota::of_organization(headers),
                request_id: headers.request_id(),
            };
            hooks.response.iter().for_each(|hook| tell(|event| hook.call(event), &event));
        }
    }

    pub(crate) fn retry(&self, attempt: u32, wait: Duration, error: &Error) {
        let Self { hooks, operation, method, template } = *self;
        #[cfg(feature = "tracing")]
        trace::retry(attempt, wait, error);
        if !hooks.retry.is_empty() {
            let (status, kind) = (error.status(), error.kind());
            let event = RetryEvent { operation, attempt, method, template, wait, status, kind };
            hooks.retry.iter().for_each(|hook| tell(|event| hook.call(event), &event));
        }
    }
}

/// Spans and events of the crate `tracing`, with the attribute names of OpenTelemetry's semantic conventions for HTTP clients.
#[cfg(feature = "tracing")]
pub(crate) mod trace {
    use crate::error::Error;
    use crate::http::{Answer, Headers, Method};
    use crate::rate_limit::RateLimit;
    use std::time::Duration;
    use tracing::field::Empty;
    use tracing::{Span, debug, info_span};

    /// The span of a call, over all its attempts.
    pub(crate) fn span(operation: &str, method: Method, template: &str, url: &str) -> Span {
        let (address, port) = server(url);
        info_span!(
            "auth0",
            otel.name = [method.as_str(), " ", template].concat().trim_end(),
            otel.kind = "client",
            otel.status_code = Empty,
            auth0.operation = operation,
            http.request.method = method.as_str(),
            url.template = template,
            server.address = address,
            server.port = port,
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.r#type = Empty,
        )
    }

    /// Host and port of a URL. Nothing else of it: a path holds ids.
    fn server(url: &str) -> (&str, Option<u16>) {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let default = if scheme == "http" { 80 } else { 443 };
        // The last colon, unless it is inside of an IPv6 address.
        match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().ok()),
            None => (authority, Some(default)),
        }
    }

    pub(super) fn request(attempt: u32, waited: Duration) {
        debug!(http.request.resend_count = attempt.saturating_sub(1), auth0.pace.wait_ms = millis(waited), "request");
    }

    pub(super) fn response(attempt: u32, status: u16, headers: &Headers) {
        let limit = RateLimit::from_headers(headers);
        debug!(
            http.request.resend_count = attempt.saturating_sub(1),
            http.response.status_code = status,
            auth0.rate_limit.limit = limit.map(|limit| limit.limit),
            auth0.rate_limit.remaining = limit.map(|limit| limit.remaining),
            auth0.request_id = headers.request_id(),
            "response"
        );
    }

    pub(super) fn retry(attempt: u32, wait: Duration, error: &Error) {
        debug!(
            http.request.resend_count = attempt.saturating_sub(1),
            http.response.status_code = error.status(),
            error.r#type = kind(error),
            auth0.retry.wait_ms = millis(wait),
            "retry"
        );
    }

    pub(crate) fn done(span: &Span, result: &Result<Answer, Error>) {
        let (status, attempts) = match result {
            Ok(answer) => (Some(answer.status), answer.attempts),
            Err(error) => (error.status(), error.attempts()),
        };
        if let Some(status) = status {
            span.record("http.response.status_code", status);
        }
        if attempts > 1 {
            span.record("http.request.resend_count", attempts - 1);
        }
        if let Err(error) = result {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", kind(error));
        }
    }

    /// `error.type`: the status where there is one, as the convention has it, or the kind.
    fn kind(error: &Error) -> String {
        error.status().map_or_else(|| error.kind().as_str().to_owned(), |status| status.to_string())
    }

    fn millis(time: Duration) -> u64 {
        crate::http::milliseconds(time)
    }

    #[cfg(test)]
    #[test]
    fn of_a_url_only_the_server_is_told() {
        assert_eq!(server("https://tenant.us.auth0.com/api/v2/users?q=x"), ("tenant.us.auth0.com", Some(443)));
        assert_eq!(server("http://127.0.0.1:4400/oauth/token"), ("127.0.0.1", Some(4400)));
        assert_eq!(server("http://[::1]/x"), ("[::1]", Some(80)));
        assert_eq!(server("https://user:pass@host:8443#f"), ("host", Some(8443)));
    }
}
