//! One call from its first attempt to its end, without IO: what happened comes in, what is to be done comes out as a
//! [`Step`].
//!
//! Everything that is decided about a call is decided here. Two drivers do what it says: `executor.rs` with futures,
//! natively and for Rust on wasm32, and the npm package in JavaScript, where a future would cost a closure and a promise
//! a step, and the state of it 30 KB of wasm.

use super::{ErrorBody, Headers, Limits, Method};
use crate::error::{Error, ErrorKind};
use crate::host::TransportError;
use crate::json::Node;
use crate::rate_limit;
use crate::retry::{Attempt as Failed, Decision, Outcome};
use crate::secret::Secret;
use crate::text::{digits, split_once};
use std::time::Duration;

/// What the driver has to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Begin the next attempt: [`Exchange::begin`].
    Begin,
    /// Get a bearer token: [`Exchange::token`], or [`Exchange::fail`].
    Token,
    /// Send the request ([`Exchange::url`], [`Exchange::headers`]): [`Exchange::answered`] or [`Exchange::broke`].
    Send,
    /// Read the body of a success, and the call is over; or [`Exchange::broke`].
    Read,
    /// Read the body of an error: [`Exchange::refused`].
    ReadError,
    /// Forget the token that was refused ([`Exchange::refused_token`]): [`Exchange::discarded`].
    Discard,
    /// Wait, then begin the next attempt.
    Wait(Duration),
    /// The call has failed.
    Fail(Error),
    /// Nothing: whoever waits for this runs out of time now, and says so.
    Stall,
}

/// When something happened, and a number in 0..1 for the jitter of what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Since the Unix epoch.
    pub(crate) now: Duration,
    pub(crate) random: f64,
}

/// What is sent, but for its token and its body.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) idempotent: bool,
    /// True when it needs a bearer token.
    pub(crate) token: bool,
    /// Secrets of the request, which a server's error text must not carry on.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) limits: Limits,
}

/// The body of an error answer, read.
pub(crate) struct Refusal<'a> {
    /// The text; of a long one its beginning will do when there is a document.
    pub(crate) text: &'a str,
    /// The text, when it is a JSON object.
    pub(crate) document: Option<&'a dyn Node>,
    /// What the error keeps of it.
    pub(crate) body: Option<ErrorBody>,
    /// Why it could not be read to its end.
    pub(crate) broken: Option<String>,
}

/// The state of a call.
pub(crate) struct Exchange {
    outgoing: Outgoing,
    ends_at: Option<Duration>,
    attempts: u32,
    retries: u32,
    refused_token: Option<Secret>,
    /// The error that stands when its token cannot be replaced.
    refusal: Option<Error>,
    /// Why there is another attempt.
    failed: Option<Error>,
    attempt: Attempt,
}

/// How far an attempt got: what its error can say, also when it ran out of time.
#[derive(Default)]
struct Attempt {
    limit: Duration,
    /// The limit is what is left until the deadline over all attempts.
    last: bool,
    sending: bool,
    /// Where a redirect led.
    target: Option<String>,
    redirects: u32,
    bearer: Option<Secret>,
    /// The bearer was kept from an earlier call, so that a 401 may mean that it was revoked since.
    cached: bool,
    /// Status and headers, once they are there.
    answer: Option<(u16, Headers)>,
    /// What the request carries and a server's error text must not carry on.
    secrets: Vec<Secret>,
}

/// A redirect to the same origin is followed this often.
const MAX_REDIRECTS: u32 = 5;

impl Exchange {
    pub(crate) fn new(outgoing: Outgoing) -> Self {
        Self {
            outgoing,
            ends_at: None,
            attempts: 0,
            retries: 0,
            refused_token: None,
            refusal: None,
            failed: None,
            attempt: Attempt::default(),
        }
    }

    /// Begins an attempt: the first one, or the next one after a wait.
    pub(crate) fn begin(&mut self, now: Duration) -> Step {
        let limits = &self.outgoing.limits;
        if self.attempts == 0 && self.ends_at.is_none() {
            self.ends_at = limits.deadline.map(|deadline| now.saturating_add(deadline));
        }
        self.attempts += 1;
        let left = self.ends_at.map(|end| end.saturating_sub(now));
        let mut secrets = self.outgoing.secrets.clone();
        // A caller's own Authorization header takes the place of the client's token.
        let own = self.outgoing.headers.get("authorization");
        if let Some(own) = &own {
            secrets.push(Secret::new(own.split_once(' ').map_or(own.as_str(), |(_, token)| token)));
        }
        let needs_token = self.outgoing.token && own.is_none();
        self.attempt = Attempt {
            limit: left.map_or(limits.timeout, |left| left.min(limits.timeout)),
            last: left.is_some_and(|left| left <= limits.timeout),
            sending: !needs_token,
            secrets,
            ..Attempt::default()
        };
        if needs_token { Step::Token } else { Step::Send }
    }

    /// When the deadline over all attempts is, which begins now if nothing has been done yet: a wait before the first attempt is a
    /// part of it.
    pub(crate) fn ends_at(&mut self, now: Duration) -> Option<Duration> {
        if self.attempts == 0 && self.ends_at.is_none() {
            self.ends_at = self.outgoing.limits.deadline.map(|deadline| now.saturating_add(deadline));
        }
        self.ends_at
    }

    /// The bearer token, for this attempt.
    pub(crate) fn token(&mut self, token: Secret, cached: bool) -> Step {
        if let Err(error) = super::check_header("authorization", token.expose(), ErrorKind::Auth) {
            return self.fail(error);
        }
        let attempt = &mut self.attempt;
        attempt.secrets.push(token.clone());
        (attempt.bearer, attempt.cached, attempt.sending) = (Some(token), cached, true);
        Step::Send
    }

    /// The answer's status and headers.
    pub(crate) fn answered(&mut self, status: u16, headers: Headers, at: Moment) -> Step {
        if status == 0 {
            let why = "the server redirects, which this runtime hides: check the domain";
            return self.broke(TransportError::maybe_sent(why), at);
        }
        // 301 and 302 make a GET of a POST, 303 always: only what keeps its meaning is repeated elsewhere.
        let keeps_meaning = matches!(status, 307 | 308) || self.outgoing.method == Method::Get;
        if matches!(status, 301 | 302 | 303 | 307 | 308) && keeps_meaning && self.attempt.redirects < MAX_REDIRECTS {
            let target = headers.get("location").and_then(|to| super::path::same_origin_target(self.url(), &to));
            if target.is_some() {
                self.attempt.target = target;
                self.attempt.redirects += 1;
                return Step::Send;
            }
        }
        self.attempt.answer = Some((status, headers));
        if (200..300).contains(&status) { Step::Read } else { Step::ReadError }
    }

    /// What an error answer says: Auth0's two shapes, or the text of a proxy.
    pub(crate) fn refused(&mut self, refusal: Refusal<'_>, at: Moment) -> Step {
        let Some((status, headers)) = self.attempt.answer.take() else {
            return self.fail(Error::new(ErrorKind::Internal, "an error's body came before its status"));
        };
        let kind = if status == 429 { ErrorKind::RateLimited } else { ErrorKind::Api };
        let document = refusal.document;
        let message = describe(status, &headers, document, refusal.text);
        let member = |key: &str| document.and_then(|document| document.text(key));
        // `error` is the reason phrase in the Management API's shape, and the code in the OAuth shape.
        let is_oauth = document.is_some_and(|document| !document.has("statusCode"));
        let code = member("errorCode").or_else(|| member("error").filter(|_| is_oauth)).or_else(|| member("code"));
        let missing_scope = missing_scope(status, &headers, &message);
        let (retry_after, reset_at) =
            (rate_limit::retry_after(&headers, at.now), rate_limit::reset_at(status, &headers));
        let outcome = Outcome::Status { status, headers: &headers };
        let decision = self.decide(outcome, at);
        let error = Error::new(kind, message)
            .with_code(code)
            .with_missing_scope(missing_scope)
            .with_mfa_token(member("mfa_token").map(Secret::new))
            .with_status(status)
            .with_headers(headers)
            .with_waits(retry_after, reset_at)
            .with_body(refusal.body)
            .sent(true)
            // Before it is cut, which could leave half of a secret.
            .without(&self.attempt.secrets)
            .cut();
        // The status is what counts: a body that breaks off does not hide it, nor what came of it.
        let error = match refusal.broken {
            Some(broken) => error.with_hint(&["and ", &broken].concat()),
            None => error,
        };
        if status == 401 && self.attempt.cached && self.refused_token.is_none() {
            // The API refused a token that this client had kept: it was revoked, or the store is stale. One fresh token
            // gets one more try, and that is no retry of the policy.
            self.refused_token = self.attempt.bearer.take();
            self.refusal = Some(error);
            return Step::Discard;
        }
        self.settle(error, decision, at.now)
    }

    /// The token that the API refused, which no store gives again.
    pub(crate) fn refused_token(&self) -> Option<&Secret> {
        self.refused_token.as_ref()
    }

    /// The refused token is forgotten, or why it is not.
    pub(crate) fn discarded(&mut self, failed: Option<&str>) -> Step {
        match (failed, self.refusal.take()) {
            (Some(failed), Some(error)) => self.fail(error.with_hint(failed)),
            _ => Step::Begin,
        }
    }

    /// There was no answer, or it broke off.
    pub(crate) fn broke(&mut self, error: TransportError, at: Moment) -> Step {
        let decision = self.decide(Outcome::NoAnswer { may_have_been_sent: error.may_have_been_sent() }, at);
        let error = error.into_error().without(&self.attempt.secrets);
        let error = self.keep_answer(error);
        self.settle(error, decision, at.now)
    }

    /// The attempt is over ([`Exchange::limit`]) and not at its end.
    pub(crate) fn timed_out(&mut self, at: Moment) -> Step {
        // The attempt that needs this token runs out of time as well, now, and says so. An error here would be that of
        // every call that waits for the token, though they may have more time.
        if self.outgoing.limits.attempt_ends_at.is_some() {
            return Step::Stall;
        }
        let sending = self.attempt.sending;
        let what = match (sending, &self.attempt.answer) {
            (false, _) => "no token came",
            (true, None) => "no answer came",
            (true, Some(_)) => "the answer's body did not end",
        };
        let message = [what, " within ", &seconds(self.attempt.limit)].concat();
        let error = self.keep_answer(Error::new(ErrorKind::Timeout, message).sent(sending));
        if self.attempt.last {
            return self.fail(error.with_hint("the deadline over all attempts has passed"));
        }
        let decision = self.decide(Outcome::NoAnswer { may_have_been_sent: sending }, at);
        self.settle(error, decision, at.now)
    }

    /// Ends the call with an error that no policy repeats.
    pub(crate) fn fail(&mut self, error: Error) -> Step {
        Step::Fail(error.with_attempts(self.attempts))
    }

    /// Ends the call because of what a success holds.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn unusable(&mut self, error: Error) -> Step {
        let error = self.keep_answer(error.sent(true));
        self.fail(error)
    }

    /// The answer that broke off, or did not end: its status and headers are still worth something.
    fn keep_answer(&mut self, error: Error) -> Error {
        match self.attempt.answer.take() {
            Some((status, headers)) => error.with_status(status).with_headers(headers),
            None => error,
        }
    }

    fn decide(&self, outcome: Outcome<'_>, at: Moment) -> Decision {
        let limits = &self.outgoing.limits;
        let (number, idempotent) = (self.attempts, self.outgoing.idempotent);
        limits.retry.decide(&Failed { number, outcome, idempotent, now: at.now, random: at.random })
    }

    fn settle(&mut self, error: Error, decision: Decision, now: Duration) -> Step {
        let wait = match decision {
            _ if self.retries >= self.outgoing.limits.max_retries => return self.fail(error),
            Decision::Stop => return self.fail(error),
            Decision::TooLong(wait) => {
                let hint = ["it asks to wait ", &seconds(wait), ", which is too long to wait for"].concat();
                return self.fail(error.with_hint(&hint));
            }
            Decision::Wait(wait) => wait,
        };
        let asked = error.retry_after().or(error.reset_at()).is_some();
        let next_at = now.saturating_add(wait);
        let attempt_ends_at = self.outgoing.limits.attempt_ends_at.filter(|_| asked);
        for (end, what) in [(self.ends_at, "deadline"), (attempt_ends_at, "timeout")] {
            if end.is_some_and(|end| next_at >= end) {
                let hint = ["the next try would be in ", &seconds(wait), ", after the ", what].concat();
                return self.fail(error.with_hint(&hint));
            }
        }
        self.retries += 1;
        self.failed = Some(error);
        Step::Wait(wait)
    }

    /// The time that the attempt has, from its begin.
    pub(crate) fn limit(&self) -> Duration {
        self.attempt.limit
    }

    /// The limits of the token request that the attempt needs.
    pub(crate) fn token_limits(&self, now: Duration) -> Limits {
        let attempt_ends_at = Some(now.saturating_add(self.attempt.limit));
        Limits { attempt_ends_at, ..self.outgoing.limits.clone() }
    }

    /// What the attempt failed with that is repeated.
    pub(crate) fn failed(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn method(&self) -> Method {
        self.outgoing.method
    }

    pub(crate) fn url(&self) -> &str {
        self.attempt.target.as_deref().unwrap_or(&self.outgoing.url)
    }

    /// The headers of the request, with the bearer token.
    pub(crate) fn headers(&self) -> Headers {
        let mut headers = self.outgoing.headers.clone();
        if let Some(bearer) = &self.attempt.bearer {
            headers.append("authorization", ["Bearer ", bearer.expose()].concat());
        }
        headers
    }

    /// The same in parts: the headers, and the bearer token.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn parts(&self) -> (&Headers, Option<&Secret>) {
        (&self.outgoing.headers, self.attempt.bearer.as_ref())
    }

    /// Status and headers of the answer.
    pub(crate) fn take_answer(&mut self) -> (u16, Headers) {
        self.attempt.answer.take().unwrap_or_default()
    }
}

fn describe(status: u16, headers: &Headers, document: Option<&dyn Node>, text: &str) -> String {
    if (300..400).contains(&status) {
        return match headers.get("location") {
            _ if status == 304 => "not modified, although nothing was asked conditionally".to_owned(),
            // Only the place, without its query: that may hold a secret.
            Some(location) => {
                let place = location.split(['?', '#']).next().unwrap_or_default();
                ["the server redirects to ", place, ", and a request with a token does not follow it there"].concat()
            }
            None => "the server redirects without saying where".to_owned(),
        };
    }
    let said = document.and_then(|document| {
        ["message", "error_description", "description", "error"].iter().find_map(|key| document.text(key))
    });
    let trimmed = text.trim();
    match said {
        Some(said) => said,
        None if trimmed.is_empty() => reason(status).to_owned(),
        None if trimmed.starts_with('<') => [reason(status), ": an HTML page, not an answer of the API"].concat(),
        None if document.is_some() => reason(status).to_owned(),
        None => trimmed.to_owned(),
    }
}

/// RFC 6750, section 3.1 (`scope` of the challenge), or the text in which the Management API says it.
fn missing_scope(status: u16, headers: &Headers, message: &str) -> Option<String> {
    if status != 403 {
        return None;
    }
    if let Some((_, scopes)) = split_once(message, "expected any of:") {
        let scopes: Vec<_> = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect();
        return (!scopes.is_empty()).then(|| scopes.join(" "));
    }
    let challenge = headers.get("www-authenticate")?;
    let (_, scopes) = split_once(&challenge, "scope=\"")?;
    scopes.split_once('"').map(|(scopes, _)| scopes.to_owned())
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "bad request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not found",
        408 => "request timeout",
        409 => "conflict",
        413 => "content too large",
        429 => "too many requests",
        500 => "internal server error",
        502 => "bad gateway",
        503 => "service unavailable",
        504 => "gateway timeout",
        _ => "the server answered with an error",
    }
}

fn seconds(duration: Duration) -> String {
    match super::milliseconds(duration) {
        milliseconds if milliseconds < 1000 => digits(milliseconds) + " ms",
        milliseconds => digits(milliseconds.saturating_add(500) / 1000) + " s",
    }
}
