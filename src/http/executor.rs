//! The loop: token, attempt, timeout, retry. There is no other.

use super::{ErrorBody, Headers, HttpBody, HttpRequest, Method, Payload, Read, RequestBody};
use crate::error::{Error, ErrorKind};
use crate::host::{Host, Timer, TransportError};
use crate::json::{self, Document, Node};
use crate::maybe_send::BoxFuture;
use crate::rate_limit;
use crate::retry::{Attempt, Decision, Outcome, Retry};
use crate::secret::Secret;
use crate::text::split_once;
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
}

/// A success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) payload: Payload,
    pub(crate) attempts: u32,
    #[cfg(target_arch = "wasm32")]
    pub(crate) js_response: Option<wasm_bindgen::JsValue>,
}

/// How far an attempt got: what its error can say, also when it ran out of time.
#[derive(Default)]
struct Progress {
    sending: bool,
    /// Status and headers, once they are there.
    answer: Option<(u16, Headers)>,
    /// What the request carries and a server's error text must not carry on.
    secrets: Vec<Secret>,
}

/// A redirect to the same origin is followed this often.
const MAX_REDIRECTS: u32 = 5;

enum Failure {
    /// Final, whatever the policy says.
    Final(Error),
    /// There was none, or it broke off.
    NoAnswer(TransportError),
    TimedOut,
    Status {
        status: u16,
        headers: Headers,
        error: Error,
        cached_token: Option<Secret>,
    },
}

/// Runs a plan to its end. Boxed, since a token request runs inside of an attempt.
pub(crate) fn run<'a>(host: &'a Host, plan: Plan<'a>) -> BoxFuture<'a, Result<Answer, Error>> {
    Box::pin(async move {
        let mut attempts = 0;
        let result = attempts_loop(host, &plan, &mut attempts).await;
        result.map_err(|error| error.with_operation(plan.operation).with_attempts(attempts))
    })
}

async fn attempts_loop(host: &Host, plan: &Plan<'_>, attempts: &mut u32) -> Result<Answer, Error> {
    let limits = &plan.limits;
    let ends_at = limits.deadline.map(|deadline| host.timer.now().saturating_add(deadline));
    let mut retries = 0;
    let mut refused_token = None;
    loop {
        let left = ends_at.map(|end| end.saturating_sub(host.timer.now()));
        let limit = left.map_or(limits.timeout, |left| left.min(limits.timeout));
        *attempts += 1;
        let mut progress = Progress { secrets: plan.secrets.clone(), ..Progress::default() };
        let failure = match within(
            &*host.timer,
            limit,
            attempt(host, plan, limit, refused_token.as_ref(), &mut progress),
        )
        .await
        {
            Some(Ok(answer)) => return Ok(Answer { attempts: *attempts, ..answer }),
            Some(Err(failure)) => failure,
            None => Failure::TimedOut,
        };
        let Progress { sending, answer, secrets } = progress;
        let (error, decision) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::Status { status: 401, cached_token: Some(refused), error, .. } if refused_token.is_none() => {
                // The API refused a token that this client had kept: it was revoked, or the store is stale. One fresh
                // token gets one more try, and that is no retry of the policy.
                let Some(source) = plan.token else { return Err(error) };
                let discarded = within(&*host.timer, limit, source.discard(host, &refused)).await;
                refused_token = Some(refused);
                match discarded {
                    Some(Ok(())) => continue,
                    Some(Err(failed)) => return Err(error.with_hint(&format!("and the token store failed: {failed}"))),
                    None => return Err(error.with_hint("and the token store did not answer")),
                }
            }
            Failure::Status { status, headers, error, .. } => {
                let decision = decide(host, plan, *attempts, Outcome::Status { status, headers: &headers });
                (error, decision)
            }
            Failure::NoAnswer(error) => {
                let outcome = Outcome::NoAnswer { may_have_been_sent: error.may_have_been_sent() };
                let decision = decide(host, plan, *attempts, outcome);
                (keep_answer(error.into_error().without(&secrets), answer), decision)
            }
            // The attempt that needs this token runs out of time as well, now, and says so. An error here would be that of
            // every call that waits for the token, though they may have more time.
            Failure::TimedOut if limits.attempt_ends_at.is_some() => return std::future::pending().await,
            Failure::TimedOut => {
                let what = match (sending, &answer) {
                    (false, _) => "no token came",
                    (true, None) => "no answer came",
                    (true, Some(_)) => "the answer's body did not end",
                };
                let message = format!("{what} within {}", seconds(limit));
                let error = keep_answer(Error::new(ErrorKind::Timeout, message).sent(sending), answer);
                if left.is_some_and(|left| left <= limits.timeout) {
                    return Err(error.with_hint("the deadline over all attempts has passed"));
                }
                (error, decide(host, plan, *attempts, Outcome::NoAnswer { may_have_been_sent: sending }))
            }
        };
        if retries >= limits.max_retries {
            return Err(error);
        }
        match decision {
            Decision::Stop => return Err(error),
            Decision::TooLong(wait) => {
                return Err(
                    error.with_hint(&format!("it asks to wait {}, which is too long to wait for", seconds(wait)))
                );
            }
            Decision::Wait(wait) => {
                let asked = error.retry_after().or(error.reset_at()).is_some();
                let next_at = host.timer.now().saturating_add(wait);
                for (end, what) in [(ends_at, "deadline"), (limits.attempt_ends_at.filter(|_| asked), "timeout")] {
                    if end.is_some_and(|end| next_at >= end) {
                        let hint = format!("the next try would be in {}, after the {what}", seconds(wait));
                        return Err(error.with_hint(&hint));
                    }
                }
                retries += 1;
                host.timer.sleep(wait).await;
            }
        }
    }
}

/// The answer that broke off, or did not end: its status and headers are still worth something.
fn keep_answer(error: Error, answer: Option<(u16, Headers)>) -> Error {
    match answer {
        Some((status, headers)) => error.with_status(status).with_headers(headers),
        None => error,
    }
}

fn decide(host: &Host, plan: &Plan<'_>, number: u32, outcome: Outcome<'_>) -> Decision {
    let (now, random) = (host.timer.now(), host.jitter());
    plan.limits.retry.decide(&Attempt { number, outcome, idempotent: plan.idempotent, now, random })
}

async fn attempt(
    host: &Host,
    plan: &Plan<'_>,
    limit: Duration,
    refused_token: Option<&Secret>,
    progress: &mut Progress,
) -> Result<Answer, Failure> {
    let mut headers = plan.headers.clone();
    let mut cached_token = None;
    // A caller's own Authorization header takes the place of the client's token.
    if let Some(own) = headers.get("authorization") {
        progress.secrets.push(Secret::new(own.split_once(' ').map_or(own.as_str(), |(_, token)| token)));
    } else if let Some(source) = plan.token {
        let attempt_ends_at = Some(host.timer.now().saturating_add(limit));
        let limits = Limits { attempt_ends_at, ..plan.limits.clone() };
        let bearer = source.bearer(host, &limits, refused_token).await.map_err(Failure::Final)?;
        super::check_header("authorization", bearer.token.expose(), ErrorKind::Auth).map_err(Failure::Final)?;
        headers.append("authorization", format!("Bearer {}", bearer.token.expose()));
        cached_token = bearer.cached.then(|| bearer.token.clone());
        progress.secrets.push(bearer.token);
    }
    progress.sending = true;
    let mut url = plan.url.clone();
    let mut redirects = 0;
    let response = loop {
        let request = HttpRequest {
            method: plan.method,
            url: url.clone(),
            headers: headers.clone(),
            body: plan.body.clone(),
            read: plan.read,
        };
        let response = host.transport.send(request).await.map_err(Failure::NoAnswer)?;
        // 301 and 302 make a GET of a POST, 303 always: only what keeps its meaning is repeated elsewhere.
        let keeps_meaning = matches!(response.status, 307 | 308) || plan.method == Method::Get;
        if !matches!(response.status, 301 | 302 | 303 | 307 | 308) || !keeps_meaning {
            break response;
        }
        let location = response.headers.get("location");
        match location.and_then(|location| super::path::same_origin_target(&url, &location)) {
            Some(target) if redirects < MAX_REDIRECTS => url = target,
            _ => break response,
        }
        redirects += 1;
    };
    progress.answer = Some((response.status, response.headers.clone()));
    let (status, headers, body) = (response.status, response.headers, response.body);
    #[cfg(target_arch = "wasm32")]
    let js_response = body.js_response();
    if (200..300).contains(&status) {
        return match body.read(plan.read).await {
            Ok(payload) => Ok(Answer {
                status,
                headers,
                payload,
                attempts: 0,
                #[cfg(target_arch = "wasm32")]
                js_response,
            }),
            Err(error) => Err(Failure::NoAnswer(error)),
        };
    }
    let error = status_error(host, status, &headers, body, &progress.secrets).await.sent(true);
    #[cfg(target_arch = "wasm32")]
    let error = error.with_js_response(js_response);
    Err(Failure::Status { status, headers, error, cached_token })
}

/// Reads what an error answer says: Auth0's two shapes, or the text of a proxy.
async fn status_error(host: &Host, status: u16, headers: &Headers, body: HttpBody, secrets: &[Secret]) -> Error {
    let kind = if status == 429 { ErrorKind::RateLimited } else { ErrorKind::Api };
    let waits = (rate_limit::retry_after(headers, host.timer.now()), rate_limit::reset_at(status, headers));
    let finish = |error: Error| error.with_status(status).with_headers(headers.clone()).with_waits(waits.0, waits.1);
    // The status is what counts: a body that breaks off does not hide it, nor what came of it.
    let (body, broken) = body.read_error().await;
    let text = body.text();
    let doc = json::parse(&text);
    let message = describe(status, headers, doc.as_ref(), &text);
    let member = |key: &str| doc.as_ref().and_then(|doc| doc.text(key));
    // `error` is the reason phrase in the Management API's shape, and the code in the OAuth shape.
    let is_oauth = doc.as_ref().is_some_and(|doc| doc.member("statusCode").is_none());
    let code = member("errorCode").or_else(|| member("error").filter(|_| is_oauth)).or_else(|| member("code"));
    let missing_scope = missing_scope(status, headers, &message);
    let error = finish(Error::new(kind, message))
        .with_code(code)
        .with_missing_scope(missing_scope)
        .with_mfa_token(member("mfa_token").map(Secret::new))
        .with_body(body)
        // Before it is cut, which could leave half of a secret.
        .without(secrets)
        .cut();
    match broken {
        Some(broken) => error.with_hint(&format!("and {broken}")),
        None => error,
    }
}

fn describe(status: u16, headers: &Headers, doc: Option<&Document>, text: &str) -> String {
    if (300..400).contains(&status) {
        return match headers.get("location") {
            _ if status == 304 => "not modified, although nothing was asked conditionally".to_owned(),
            // Only the place, without its query: that may hold a secret.
            Some(location) => {
                let place = location.split(['?', '#']).next().unwrap_or_default();
                format!("the server redirects to {place}, and a request with a token does not follow it there")
            }
            None => "the server redirects without saying where".to_owned(),
        };
    }
    let said = doc
        .and_then(|doc| ["message", "error_description", "description", "error"].iter().find_map(|key| doc.text(key)));
    let trimmed = text.trim();
    match said {
        Some(said) => said,
        None if trimmed.is_empty() => reason(status).to_owned(),
        None if trimmed.starts_with('<') => format!("{}: an HTML page, not an answer of the API", reason(status)),
        None if doc.is_some() => reason(status).to_owned(),
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
    match milliseconds(duration) {
        milliseconds if milliseconds < 1000 => format!("{milliseconds} ms"),
        milliseconds => format!("{} s", milliseconds.saturating_add(500) / 1000),
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
            #[cfg(target_arch = "wasm32")]
            Payload::Js(value) => Some(value.clone()),
            Payload::Bytes(bytes) => json::parse(std::str::from_utf8(bytes).ok()?),
            _ => None,
        }
    }

    /// An error about this answer, which keeps all of it.
    pub(crate) fn decode_error(&self, message: String) -> Error {
        let body = match &self.payload {
            Payload::Bytes(bytes) => ErrorBody::whole(bytes),
            #[cfg(target_arch = "wasm32")]
            Payload::NotJson(text) => ErrorBody::from_js(text.clone()),
            _ => ErrorBody::whole(b""),
        };
        let error = Error::new(ErrorKind::Decode, message)
            .with_status(self.status)
            .with_headers(self.headers.clone())
            .with_attempts(self.attempts)
            .with_body(body)
            .sent(true);
        #[cfg(target_arch = "wasm32")]
        let error = error.with_js_response(self.js_response.clone());
        error
    }
}
