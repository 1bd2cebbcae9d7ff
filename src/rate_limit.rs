//! Rate limits, as the API reports them.

use crate::http::Headers;
use std::time::Duration;

/// What the `X-RateLimit-*` headers of an answer say.
///
/// Source: Auth0 docs, "Rate Limit Policy", HTTP response headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that the bucket holds.
    pub limit: u64,
    /// Requests that are left in it.
    pub remaining: u64,
    /// When it is full again, as the time since the Unix epoch.
    pub reset_at: Duration,
}

impl RateLimit {
    /// Reads the headers; `None` when one of the three is missing or not a number.
    pub fn from_headers(headers: &Headers) -> Option<Self> {
        let number = |name| headers.get(name)?.trim().parse::<u64>().ok();
        Some(Self {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            reset_at: Duration::from_secs(number("x-ratelimit-reset")?),
        })
    }
}

/// The wait that an answer asks for: `Retry-After-Ms`, then `Retry-After` as seconds or as an HTTP date
/// (RFC 9110, section 10.2.3). `None` for none, for zero and for the past.
pub(crate) fn retry_after(headers: &Headers, now: Duration) -> Option<Duration> {
    let milliseconds =
        headers.get("retry-after-ms").and_then(|text| text.trim().parse().ok()).map(Duration::from_millis);
    let wait = milliseconds.or_else(|| {
        let text = headers.get("retry-after")?;
        let text = text.trim();
        match text.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => http_date(text)?.checked_sub(now),
        }
    });
    wait.filter(|wait| !wait.is_zero())
}

/// When the limit opens again (`X-RateLimit-Reset`), for an answer that was refused because of it.
pub(crate) fn reset_at(status: u16, headers: &Headers) -> Option<Duration> {
    // Every answer carries the header; it says something about this one only when the limit is what stopped it.
    if status != 429 && headers.get("x-ratelimit-remaining").as_deref() != Some("0") {
        return None;
    }
    headers.get("x-ratelimit-reset")?.trim().parse().ok().map(Duration::from_secs)
}

/// An HTTP date as the time since the Unix epoch.
#[cfg(not(target_arch = "wasm32"))]
fn http_date(text: &str) -> Option<Duration> {
    httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()
}

/// An HTTP date as the time since the Unix epoch. JavaScript has the parser already.
#[cfg(target_arch = "wasm32")]
fn http_date(text: &str) -> Option<Duration> {
    let milliseconds = js_sys::Date::parse(text);
    (milliseconds > 0.0).then(|| Duration::from_millis(milliseconds as u64))
}
