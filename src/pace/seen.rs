//! What an answer says of the limits, with everything left out that makes no sense.

use super::bucket::Seen;
use crate::http::Headers;
use crate::rate_limit::{self, TokenQuota};
use std::time::Duration;

/// More than any limit that there is: a larger number is a mistake.
const MOST: u64 = 1_000_000_000;

/// Seconds since the Unix epoch, as the bucket reckons.
pub(super) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

impl Seen {
    /// Reads an answer that came at `now`.
    pub(crate) fn of(status: u16, headers: &Headers, now: Duration) -> Self {
        let number = |name| headers.get(name)?.trim().parse::<u64>().ok().filter(|number| *number <= MOST * 10);
        let (limit, remaining) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"));
        let refused = status == 429;
        let quota = |name| TokenQuota::from_headers(headers, name).and_then(|quota| quota.used_up_for());
        let used_up = || quota("auth0-client-quota-limit").max(quota("auth0-organization-quota-limit"));
        let retry_in = rate_limit::retry_after(headers, now).or_else(used_up).filter(|_| refused);
        Self {
            refused,
            left: limit
                .zip(remaining)
                .filter(|(limit, remaining)| (1..=MOST).contains(limit) && remaining <= limit)
                .map(|(limit, remaining)| (limit as f64, remaining as f64)),
            reset: number("x-ratelimit-reset").map(|reset| reset as f64),
            date: headers.get("date").and_then(|date| rate_limit::http_date(&date)).map(seconds),
            retry_in: retry_in.map(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_714_521_600);

    fn seen(status: u16, headers: &[(&'static str, &str)]) -> Seen {
        let mut list = Headers::new();
        headers.iter().for_each(|(name, value)| list.append(*name, *value));
        Seen::of(status, &list, NOW)
    }

    #[test]
    fn reads_what_makes_sense() {
        let headers = [
            ("X-RateLimit-Limit", "50"),
            ("X-RateLimit-Remaining", "7"),
            ("X-RateLimit-Reset", "1714521603"),
            ("Date", "Wed, 01 May 2024 00:00:00 GMT"),
            ("Retry-After", "9"),
        ];
        let wanted = Seen {
            refused: false,
            left: Some((50.0, 7.0)),
            reset: Some(1_714_521_603.0),
            date: Some(1_714_521_600.0),
            retry_in: None,
        };
        assert_eq!(seen(200, &headers), wanted);
        assert_eq!(seen(429, &headers), Seen { refused: true, retry_in: Some(9.0), ..wanted });
    }

    #[test]
    fn the_quota_says_when_nothing_else_does() {
        let quota = "b=per_hour;q=10;r=0;t=300,b=per_day;q=100;r=0;t=4000";
        assert_eq!(seen(429, &[("auth0-client-quota-limit", quota)]).retry_in, Some(4000.0));
        assert_eq!(seen(429, &[("auth0-client-quota-limit", quota), ("retry-after", "7")]).retry_in, Some(7.0));
        assert_eq!(seen(200, &[("auth0-client-quota-limit", quota)]).retry_in, None);
        assert_eq!(seen(429, &[("auth0-organization-quota-limit", "b=per_hour;q=10;r=3;t=300")]).retry_in, None);
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        for (limit, remaining) in [
            ("0", "0"),
            ("10", "11"),
            ("-1", "0"),
            ("10", "-1"),
            ("many", "3"),
            ("10", ""),
            ("1e3", "3"),
            ("99999999999999999999999", "1"),
            ("10000000000", "5"),
        ] {
            let headers = [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining)];
            assert_eq!(seen(200, &headers), Seen::default(), "{limit} {remaining}");
        }
        for reset in ["soon", "-5", "18446744073709551615", "1.5"] {
            assert_eq!(seen(200, &[("x-ratelimit-reset", reset)]).reset, None, "{reset}");
        }
        assert_eq!(seen(200, &[("date", "yesterday")]).date, None);
    }
}
