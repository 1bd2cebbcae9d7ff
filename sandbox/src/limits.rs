//! The rate limit: so many requests in each window of so many seconds.

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

    pub(crate) fn count(&self, now_ms: i64) -> Verdict {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn without_a_limit_nothing_is_refused() {
        let limiter = Limiter::default();
        assert!((0..200_000).all(|_| limiter.count(5).allowed));
    }
}
