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
}
