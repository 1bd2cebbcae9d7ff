//! What a bucket does besides when many machines share it: requests are promised ahead, and what nobody tells is forgotten.

use super::bucket::{Bucket, Need, TINY, Verdict};

/// With so many requests a second a limit is a fast one.
const FAST: f64 = 8.0;

impl Bucket {
    /// The time up to which it has reckoned.
    pub(super) fn at(&self) -> f64 {
        self.at
    }

    /// How fast it fills was seen.
    pub(super) fn is_learned(&self) -> bool {
        self.flows && self.current_speed() > 0.0
    }

    /// It fills so fast that of its answers each says little.
    pub(super) fn is_fast(&self) -> bool {
        self.flows && self.current_speed() > FAST
    }

    /// The time up to which requests were promised.
    pub(super) fn booked_until(&self) -> f64 {
        self.booked_until
    }

    /// How many requests were ever allowed.
    pub(super) fn taken(&self) -> f64 {
        self.taken
    }

    /// The first so many requests are over, even if nobody told.
    pub(super) fn forget(&mut self, taken: f64) {
        self.known = self.known.max(taken.min(self.taken));
    }

    /// From now on it is of one machine: what others have under way, or were promised, is not known any more.
    pub(super) fn go_alone(&mut self) {
        self.forget(f64::INFINITY);
        self.booked_until = 0.0;
        self.level = self.level.max(0.0);
    }

    /// How many requests one of many is given at once: what comes back in a time, or an eighth of what is there, one at least.
    pub(super) fn slice(&self, time: f64) -> f64 {
        (self.current_speed() * time).max(self.level / 8.0).floor().max(1.0)
    }

    /// As [`Bucket::ask`], for one of many who ask in turn: a request that will be there within `ahead` seconds is promised, with the
    /// time at which it may go in the ticket. What was promised is taken off, so that the next one is told a later time.
    pub(super) fn book(&mut self, need: Need, share: f64, ahead: f64, now: f64) -> Verdict {
        self.advance(now);
        let speed = self.current_speed();
        // Bulk work was promised its requests with the reserve left over: that is there now.
        let spare = self.level + (self.booked_until - now).max(0.0) * speed;
        if need == Need::One && self.limit > 0.0 && self.blocked_until <= now && spare >= 1.0 && self.level < 1.0 {
            return self.take(now);
        }
        let wait = match self.ask(need, share, now) {
            Verdict::Wait(wait) if self.flows && speed > 0.0 => wait,
            verdict => return verdict,
        };
        let missing = self.wanted(need, share) - self.level;
        let due = now + missing / speed;
        if self.level - 1.0 < -self.limit {
            return Verdict::Wait(1.0 / speed);
        }
        if due - now > ahead {
            return Verdict::Wait(wait.min((due - now - ahead).max(TINY * 2.0)));
        }
        self.booked_until = self.booked_until.max(due);
        self.take(due)
    }
}
