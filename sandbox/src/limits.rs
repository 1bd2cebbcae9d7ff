//! The rate limit: so many requests in each window of so many seconds, or the bucket of one of Auth0's subscriptions.

use crate::message::Answer;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// A rate limit of the Management API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many requests one window lets through.
    pub requests: u32,
    /// How long a window is, in seconds.
    pub seconds: u32,
}

/// The limit of the Management API in one of Auth0's subscriptions, as Auth0 publishes it: a bucket that holds so many
/// requests and is filled again at so many a second.
/// Source: <https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-configurations>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Tier {
    /// 2 at once, 2 a second.
    Free,
    /// 50 at once, 16 a second.
    SelfService,
    /// 50 at once, 16 a second.
    Enterprise,
    /// An Enterprise tenant that is not for production: 10 at once, 2 a second.
    NonProduction,
    /// Private Cloud Basic: 50 at once, 50 a second.
    PrivateCloud,
}

impl Tier {
    /// How many requests at once, and how many a second.
    fn bucket(self) -> (u32, u32) {
        match self {
            Self::Free => (2, 2),
            Self::SelfService | Self::Enterprise => (50, 16),
            Self::NonProduction => (10, 2),
            Self::PrivateCloud => (50, 50),
        }
    }
}

/// What the headers say while no limit is configured: high enough to stay out of a client's way.
const UNLIMITED: RateLimit = RateLimit { requests: 100_000, seconds: 1 };

/// Counts the requests of the current window.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    limit: Option<RateLimit>,
    window_start_ms: i64,
    used: u32,
    bucket: Option<Bucket>,
}

/// A bucket of a subscription, in thousandths of a request.
#[derive(Debug)]
struct Bucket {
    size: u32,
    per_second: u32,
    left_milli: i64,
    at_ms: i64,
}

impl Bucket {
    fn count(&mut self, now_ms: i64) -> Verdict {
        let (full, speed) = (i64::from(self.size) * 1000, i64::from(self.per_second));
        // At n a second, a millisecond brings n thousandths.
        let passed = now_ms.saturating_sub(self.at_ms).max(0);
        self.left_milli = self.left_milli.saturating_add(passed.saturating_mul(speed)).min(full);
        self.at_ms = now_ms;
        let allowed = self.left_milli >= 1000;
        self.left_milli -= if allowed { 1000 } else { 0 };
        let until = |milli: i64| (milli + speed - 1).div_euclid(speed);
        let seconds_up = |ms: i64| (ms + 999).div_euclid(1000);
        let wait_ms = if allowed { 0 } else { until(1000 - self.left_milli) };
        Verdict {
            allowed,
            limit: self.size,
            remaining: u32::try_from(self.left_milli / 1000).unwrap_or(0),
            reset_s: seconds_up(now_ms + until(full - self.left_milli)),
            wait_s: seconds_up(wait_ms),
        }
    }
}

/// What one request was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    limit: u32,
    remaining: u32,
    /// When the window ends, in seconds since 1970, rounded up.
    reset_s: i64,
    wait_s: i64,
}

impl Limiter {
    /// Sets or lifts the limit, and starts a new window.
    pub(crate) fn set(&self, limit: Option<RateLimit>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State { limit, ..State::default() };
    }

    /// Sets the limit of a subscription; the bucket is full.
    pub(crate) fn set_tier(&self, tier: Tier, now_ms: i64) {
        let (size, per_second) = tier.bucket();
        let bucket = Bucket { size, per_second, left_milli: i64::from(size) * 1000, at_ms: now_ms };
        let state = State { bucket: Some(bucket), ..State::default() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    pub(crate) fn count(&self, now_ms: i64) -> Verdict {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = &mut state.bucket {
            return bucket.count(now_ms);
        }
        let limit = state.limit.unwrap_or(UNLIMITED);
        let length_ms = i64::from(limit.seconds.max(1)) * 1000;
        // A clock that was set back starts a new window too.
        if !(0..length_ms).contains(&(now_ms - state.window_start_ms)) {
            state.window_start_ms = now_ms;
            state.used = 0;
        }
        let allowed = state.limit.is_none() || state.used < limit.requests;
        state.used = state.used.saturating_add(u32::from(allowed));
        let end_ms = state.window_start_ms + length_ms;
        let round_up = |ms: i64| ms.div_euclid(1000) + i64::from(ms.rem_euclid(1000) > 0);
        Verdict {
            allowed,
            limit: limit.requests,
            remaining: limit.requests.saturating_sub(state.used),
            reset_s: round_up(end_ms),
            wait_s: round_up(end_ms - now_ms),
        }
    }
}

impl Verdict {
    pub(crate) fn put_headers(&self, answer: &mut Answer) {
        answer.set("x-ratelimit-limit", self.limit.to_string());
        answer.set("x-ratelimit-remaining", self.remaining.to_string());
        answer.set("x-ratelimit-reset", self.reset_s.to_string());
        if !self.allowed {
            answer.set("retry-after", self.wait_s.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lets_through_its_number_and_the_next_one_starts_anew() {
        let limiter = Limiter::default();
        limiter.set(Some(RateLimit { requests: 2, seconds: 3 }));
        let at = |ms| limiter.count(ms);
        assert_eq!((at(10_500).allowed, at(10_600).allowed), (true, true));
        let refused = at(11_000);
        assert_eq!(refused, Verdict { allowed: false, limit: 2, remaining: 0, reset_s: 14, wait_s: 3 });
        assert!(!at(13_499).allowed);
        assert_eq!(at(13_500), Verdict { allowed: true, limit: 2, remaining: 1, reset_s: 17, wait_s: 3 });
    }

    #[test]
    fn the_bucket_of_a_subscription_fills_again() {
        let limiter = Limiter::default();
        limiter.set_tier(Tier::NonProduction, 1_000);
        assert!((0..10).all(|_| limiter.count(1_000).allowed));
        let refused = limiter.count(1_000);
        assert_eq!((refused.allowed, refused.remaining, refused.wait_s, refused.reset_s), (false, 0, 1, 6));
        assert!(!limiter.count(1_499).allowed && limiter.count(1_500).allowed && !limiter.count(1_501).allowed);
        assert_eq!((0..20).filter(|_| limiter.count(100_000).allowed).count(), 10);
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let limiter = Limiter::default();
        assert!((0..200_000).all(|_| limiter.count(5).allowed));
    }
}
