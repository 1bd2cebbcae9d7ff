//! When a failed attempt is repeated, and after which wait. Pure: the clock and the dice come in as arguments.

use crate::http::Headers;
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::rate_limit;
use std::time::Duration;

/// How an attempt failed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The server answered with an error status.
    Status {
        /// The status.
        status: u16,
        /// The headers of the answer.
        headers: &'a Headers,
    },
    /// There was no answer: the connection failed, or the time ran out.
    NoAnswer {
        /// True when the server may have seen the request.
        may_have_been_sent: bool,
    },
}

/// One failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// 1 for the first.
    pub number: u32,
    /// How it failed.
    pub outcome: Outcome<'a>,
    /// True when repeating the request does no harm: GET, PUT, DELETE, and a token request by client credentials.
    pub idempotent: bool,
    /// The time since the Unix epoch.
    pub now: Duration,
    /// In 0..1, new for each attempt.
    pub random: f64,
}

/// What to do about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The failure is final.
    Stop,
    /// Try again after this time.
    Wait(Duration),
    /// Trying again would make sense, but only after this time, which is too long to wait for.
    TooLong(Duration),
}

/// Decides about failed attempts. The number of retries is limited besides (`max_retries`).
pub trait Retry: MaybeSend + MaybeSync {
    /// Called after each failed attempt that may be repeated.
    fn decide(&self, attempt: &Attempt<'_>) -> Decision;
}

/// The default: 408, 429 and 5xx of every method, connections that failed before anything was sent, and for idempotent
/// requests also those that broke or timed out later.
///
/// The wait is what the server asks for (`Retry-After-Ms`, `Retry-After`, then `X-RateLimit-Reset` when the limit is what
/// stopped the request), plus up to a tenth; otherwise 1 s, 2 s, 4 s … less up to a quarter, never more than 60 s.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    base: Duration,
    longest_backoff: Duration,
    longest_wait: Duration,
    only_idempotent: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            longest_backoff: Duration::from_secs(60),
            longest_wait: Duration::from_secs(60),
            only_idempotent: false,
        }
    }
}

impl RetryPolicy {
    /// The wait before the first retry, when the server names none. 1 s by default.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest wait of the doubling. 60 s by default.
    pub fn longest_backoff(mut self, longest: Duration) -> Self {
        self.longest_backoff = longest;
        self
    }

    /// The longest wait that a server may ask for; a longer one ends the call at once, with the time in the error.
    /// 60 s by default.
    pub fn longest_wait(mut self, longest: Duration) -> Self {
        self.longest_wait = longest;
        self
    }

    /// Repeats only requests that do no harm twice, also after a 5xx. A 429 is repeated all the same: it did nothing.
    pub fn only_idempotent(mut self) -> Self {
        self.only_idempotent = true;
        self
    }
}

impl Retry for RetryPolicy {
    fn decide(&self, attempt: &Attempt<'_>) -> Decision {
        let asked = match attempt.outcome {
            Outcome::NoAnswer { may_have_been_sent } => {
                if may_have_been_sent && !attempt.idempotent {
                    return Decision::Stop;
                }
                None
            }
            Outcome::Status { status, headers } => {
                let harmless = attempt.idempotent || status == 429 || !self.only_idempotent;
                if !matches!(status, 408 | 429 | 500..=599) || !harmless {
                    return Decision::Stop;
                }
                rate_limit::retry_after(headers, attempt.now).or_else(|| {
                    rate_limit::reset_at(status, headers)?.checked_sub(attempt.now).filter(|wait| !wait.is_zero())
                })
            }
        };
        match asked {
            Some(wait) if wait > self.longest_wait => Decision::TooLong(wait),
            // Never earlier than asked, and spread, so that those who were refused together do not return together.
            Some(wait) => Decision::Wait(wait.saturating_add(part(wait, attempt.random * 0.1)).min(self.longest_wait)),
            None => {
                let doubled = self.base.saturating_mul(1 << (attempt.number.clamp(1, 20) - 1));
                Decision::Wait(part(doubled.min(self.longest_backoff), 1.0 - attempt.random * 0.25))
            }
        }
    }
}

/// A part of a time, to the microsecond. [`Duration::mul_f64`] is 2 KB of wasm, with its panics.
fn part(time: Duration, factor: f64) -> Duration {
    let microseconds = time.as_secs() as f64 * 1e6 + f64::from(time.subsec_micros());
    Duration::from_micros((microseconds * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(
        policy: RetryPolicy,
        status: u16,
        headers: &[(&'static str, &str)],
        number: u32,
        random: f64,
        idempotent: bool,
    ) -> Decision {
        let mut list = Headers::new();
        headers.iter().for_each(|(name, value)| list.append(*name, *value));
        let outcome = Outcome::Status { status, headers: &list };
        // 2024-05-01T00:00:00Z
        policy.decide(&Attempt { number, outcome, idempotent, now: Duration::from_secs(1_714_521_600), random })
    }

    #[test]
    fn statuses_and_waits() {
        use Decision::{Stop, TooLong, Wait};
        let ms = Duration::from_millis;
        let s = Duration::from_secs;
        type Row<'a> = (u16, &'a [(&'static str, &'a str)], u32, f64, Decision);
        let table: &[Row<'_>] = &[
            (400, &[], 1, 0.0, Stop),
            (401, &[], 1, 0.0, Stop),
            (404, &[("retry-after", "1")], 1, 0.0, Stop),
            (409, &[], 1, 0.0, Stop),
            (408, &[], 1, 0.0, Wait(s(1))),
            (500, &[], 1, 0.0, Wait(s(1))),
            (503, &[], 2, 0.0, Wait(s(2))),
            (599, &[], 3, 0.0, Wait(s(4))),
            (503, &[], 3, 1.0, Wait(s(3))),
            (503, &[], 7, 0.0, Wait(s(60))),
            (503, &[], u32::MAX, 0.0, Wait(s(60))),
            (429, &[("Retry-After", "7")], 1, 0.0, Wait(s(7))),
            (429, &[("Retry-After", "10")], 1, 1.0, Wait(s(11))),
            (429, &[("Retry-After", " 7 ")], 1, 0.0, Wait(s(7))),
            (429, &[("Retry-After-Ms", "250"), ("Retry-After", "7")], 1, 0.0, Wait(ms(250))),
            (429, &[("Retry-After", "Wed, 01 May 2024 00:00:09 GMT")], 1, 0.0, Wait(s(9))),
            (429, &[("Retry-After", "Tue, 30 Apr 2024 00:00:09 GMT")], 2, 0.0, Wait(s(2))),
            (429, &[("Retry-After", "0")], 2, 0.0, Wait(s(2))),
            (429, &[("Retry-After", "soon")], 1, 0.0, Wait(s(1))),
            (429, &[("Retry-After", "86400")], 1, 0.0, TooLong(s(86_400))),
            (429, &[("Retry-After", "60")], 1, 1.0, Wait(s(60))),
            (429, &[("X-RateLimit-Reset", "1714521605")], 1, 0.0, Wait(s(5))),
            (429, &[("X-RateLimit-Reset", "1714521705")], 1, 0.0, TooLong(s(105))),
            (429, &[("X-RateLimit-Reset", "1714521500")], 1, 0.0, Wait(s(1))),
            // The limit is not what stopped this one.
            (503, &[("X-RateLimit-Reset", "1714521605"), ("X-RateLimit-Remaining", "3")], 1, 0.0, Wait(s(1))),
            (503, &[("X-RateLimit-Reset", "1714521605"), ("X-RateLimit-Remaining", "0")], 1, 0.0, Wait(s(5))),
        ];
        for (status, headers, number, random, wanted) in table {
            assert_eq!(
                decide(RetryPolicy::default(), *status, headers, *number, *random, false),
                *wanted,
                "{status} {headers:?}"
            );
        }
    }

    #[test]
    fn only_idempotent_still_repeats_429() {
        let policy = RetryPolicy::default().only_idempotent();
        assert_eq!(decide(policy, 503, &[], 1, 0.0, false), Decision::Stop);
        assert_eq!(decide(policy, 503, &[], 1, 0.0, true), Decision::Wait(Duration::from_secs(1)));
        assert_eq!(decide(policy, 429, &[], 1, 0.0, false), Decision::Wait(Duration::from_secs(1)));
    }

    #[test]
    fn no_answer_is_repeated_when_that_does_no_harm() {
        let decide = |may_have_been_sent, idempotent| {
            let outcome = Outcome::NoAnswer { may_have_been_sent };
            RetryPolicy::default().decide(&Attempt { number: 1, outcome, idempotent, now: Duration::ZERO, random: 0.0 })
        };
        assert_eq!(decide(false, false), Decision::Wait(Duration::from_secs(1)));
        assert_eq!(decide(true, true), Decision::Wait(Duration::from_secs(1)));
        assert_eq!(decide(true, false), Decision::Stop);
    }
}
