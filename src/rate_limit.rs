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

/// How many tokens a client, or an organization, may still be issued: what `Auth0-Client-Quota-Limit` and
/// `Auth0-Organization-Quota-Limit` say on answers of the token endpoint.
///
/// Source: Auth0 docs, "Fine-Grained Machine-to-Machine Token Quotas", quota headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenQuota {
    /// Within the hour (UTC).
    pub per_hour: Option<QuotaBucket>,
    /// Within the day (UTC).
    pub per_day: Option<QuotaBucket>,
}

/// One of the limits of a [`TokenQuota`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaBucket {
    /// Tokens that may be issued.
    pub quota: u64,
    /// Tokens that are left of it.
    pub remaining: u64,
    /// When it starts anew, from when the answer was written.
    pub reset_after: Duration,
}

impl TokenQuota {
    /// Of the client: `b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200`. `None` when the header is missing or says nothing.
    pub fn of_client(headers: &Headers) -> Option<Self> {
        Self::from_headers(headers, "auth0-client-quota-limit")
    }

    /// Of the organization.
    pub fn of_organization(headers: &Headers) -> Option<Self> {
        Self::from_headers(headers, "auth0-organization-quota-limit")
    }

    pub(crate) fn from_headers(headers: &Headers, name: &str) -> Option<Self> {
        let text = headers.get(name)?;
        let mut found = Self::default();
        for part in text.split(',') {
            let field = |wanted: &str| {
                let mut fields = part.split(';').filter_map(|field| field.trim().split_once('='));
                fields.find(|(name, _)| *name == wanted).map(|(_, value)| value.trim())
            };
            let number = |name| field(name)?.parse::<u64>().ok();
            let bucket = || {
                let reset_after = Duration::from_secs(number("t")?);
                Some(QuotaBucket { quota: number("q")?, remaining: number("r")?, reset_after })
            };
            match field("b") {
                Some("per_hour") => found.per_hour = bucket(),
                Some("per_day") => found.per_day = bucket(),
                _ => {}
            }
        }
        (found.per_hour.is_some() || found.per_day.is_some()).then_some(found)
    }

    /// How long no token is left, for one that is used up.
    pub(crate) fn used_up_for(&self) -> Option<Duration> {
        let used_up = |bucket: Option<QuotaBucket>| bucket.filter(|bucket| bucket.remaining == 0);
        [self.per_hour, self.per_day].into_iter().filter_map(used_up).map(|bucket| bucket.reset_after).max()
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
pub(crate) fn http_date(text: &str) -> Option<Duration> {
    httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()
}

/// An HTTP date as the time since the Unix epoch. JavaScript has the parser already.
#[cfg(target_arch = "wasm32")]
pub(crate) fn http_date(text: &str) -> Option<Duration> {
    let milliseconds = js_sys::Date::parse(text);
    (milliseconds > 0.0).then(|| Duration::from_millis(milliseconds as u64))
}
