//! How long to wait between two looks at something that takes its time. Pure.

use std::time::Duration;

/// Waits that grow, up to a largest one, until a time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Poll {
    pub(crate) wait: Duration,
    pub(crate) longest: Duration,
    /// What is left of the time that all may take.
    pub(crate) left: Duration,
}

impl Poll {
    /// Waits that do not grow by themselves.
    pub(crate) fn steady(wait: Duration) -> Self {
        Self { wait, longest: wait, left: Duration::ZERO }
    }

    /// The next wait; `None` when the time is over.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        if self.left.is_zero() {
            return None;
        }
        let wait = self.wait.min(self.longest).min(self.left);
        self.left = self.left.saturating_sub(wait);
        self.wait = self.wait.saturating_mul(3) / 2;
        Some(wait)
    }

    /// The other side finds this too fast: 5 s more from now on (RFC 8628, section 3.5), and at least what it names.
    pub(crate) fn slow_down(&mut self, least: Option<Duration>) {
        let slower = self.longest.saturating_add(Duration::from_secs(5));
        *self = Self { left: self.left, ..Self::steady(slower.max(least.unwrap_or_default())) };
    }

    /// The other side did not answer: twice as long from now on.
    pub(crate) fn double(&mut self) {
        *self = Self { left: self.left, ..Self::steady(self.longest.saturating_mul(2)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let seconds = Duration::from_secs;
        let mut poll = Poll { wait: seconds(2), longest: seconds(4), left: seconds(12) };
        let waits: Vec<Duration> = std::iter::from_fn(|| poll.next()).collect();
        assert_eq!(waits, [seconds(2), seconds(3), seconds(4), seconds(3)]);
    }

    #[test]
    fn steady_waits_grow_when_told() {
        let seconds = Duration::from_secs;
        let mut poll = Poll { left: seconds(1000), ..Poll::steady(seconds(5)) };
        assert_eq!((poll.next(), poll.next()), (Some(seconds(5)), Some(seconds(5))));
        poll.slow_down(None);
        assert_eq!((poll.next(), poll.next()), (Some(seconds(10)), Some(seconds(10))));
        poll.slow_down(Some(seconds(60)));
        assert_eq!((poll.next(), poll.next()), (Some(seconds(60)), Some(seconds(60))));
        poll.double();
        assert_eq!(poll.next(), Some(seconds(120)));
        poll.left = Duration::ZERO;
        assert_eq!(poll.next(), None);
    }
}
