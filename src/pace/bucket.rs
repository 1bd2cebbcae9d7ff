//! What a client knows of one limit of the server, and whether a request may go. Pure: the clock comes in as an argument.
//!
//! The server has a bucket of so many requests that fills again at some speed, or that is filled at once when a window of time ends.
//! Which of the two, and how fast, no header says: it is measured. [`Bucket::level`] never is more than what the server has, so that
//! nothing is refused as long as nobody else takes from the same bucket:
//!
//! - a request that is allowed takes one;
//! - an answer says how many are left, in whole requests. Those that are under way may not be counted in it, and are taken off: the
//!   level is at least that;
//! - between answers it grows with the speed that was measured: what came back between two answers, over the longest time that may
//!   lie between them, less the one request that whole numbers hide. That is never more than the true speed;
//! - at the time that `X-RateLimit-Reset` names it is full, but for what was taken since.
//!
//! When others take from the bucket too, answers say less than was reckoned with, or 429: what was measured is then forgotten and measured
//! anew, so that the speed becomes what the others leave.
//!
//! `pkg-template/src/pace.js` is the same in JavaScript; `tests/cases/pacing.json` holds both to the same numbers.

/// The share of the bucket that is kept for interactive requests.
pub(crate) const RESERVE: f64 = 0.1;

/// The longest wait that an answer which was no refusal can cause, in seconds: a header that makes no sense does no more harm than this.
pub(crate) const PATIENCE: f64 = 60.0;

/// The longest wait that a refusal is believed, in seconds.
const BELIEVED: f64 = 86_400.0;

/// After so many seconds without an answer, one request goes to learn what nobody says.
const PROBE: f64 = 1.0;

/// Below this a difference is one of arithmetic, and not of requests.
pub(super) const TINY: f64 = 1e-6;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Someone waits for the answer: any request that is left will do.
    One,
    /// Bulk work, which leaves a reserve.
    Spare,
}

/// A request that was allowed, until its answer is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ticket {
    /// When it was allowed, in seconds since the Unix epoch.
    pub(crate) sent: f64,
    /// How many answers were there then.
    pub(super) known: f64,
    /// The how many-th request it is.
    pub(super) number: f64,
    /// The level made it wait.
    pub(super) waited: bool,
}

/// What an answer says, with everything in it that makes no sense left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    /// The status is 429.
    pub(crate) refused: bool,
    /// `X-RateLimit-Limit` and `X-RateLimit-Remaining`.
    pub(crate) left: Option<(f64, f64)>,
    /// `X-RateLimit-Reset`: when the bucket is full again, by the server's clock, in seconds since the Unix epoch.
    pub(crate) reset: Option<f64>,
    /// `Date`: the server's clock, in whole seconds.
    pub(crate) date: Option<f64>,
    /// The seconds that a refusal asks to wait.
    pub(crate) retry_in: Option<f64>,
}

/// Whether a request may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Go(Ticket),
    /// Ask again after so many seconds, or when an answer came.
    Wait(f64),
    /// The server asked for this many seconds without any request.
    Blocked(f64),
}

/// An answer, as the one before is remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) sent: f64,
    pub(super) received: f64,
    pub(super) remaining: f64,
    /// How many requests had been spent when it came.
    pub(super) spent: f64,
}

/// One limit, as far as it is known. All numbers are of one kind, so that JavaScript reckons the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bucket {
    /// The requests that the bucket holds; 0 while nothing is known.
    pub(super) limit: f64,
    /// The requests that are surely left, those under way taken off.
    pub(super) level: f64,
    /// When that was, in seconds since the Unix epoch.
    pub(super) at: f64,
    /// The requests a second that surely come back.
    pub(super) speed: f64,
    /// Nothing comes back before the bucket is full again.
    pub(super) steps: bool,
    /// Something was seen to come back in between.
    pub(super) flows: bool,
    /// When the bucket is full, but for what was taken after the first `full_after` requests.
    pub(super) full_at: f64,
    pub(super) full_after: f64,
    pub(super) blocked_until: f64,
    /// Requests that were allowed, that are over, and that were refused.
    pub(super) taken: f64,
    pub(super) known: f64,
    pub(super) refused: f64,
    /// Where the measurement began.
    pub(super) anchor: Option<Sample>,
    pub(super) last: Option<Sample>,
    /// How far the server's clock is ahead of ours, at least.
    pub(super) ahead: Option<f64>,
    /// The level made the next request wait.
    pub(super) waited: bool,
    /// What bulk work leaves besides the reserve, since others take from the bucket too.
    pub(super) caution: f64,
    /// An answer came without the headers: there is nothing to go by but refusals.
    pub(super) silent: bool,
    /// Requests were promised up to this time (`Bucket::book`), and are taken off the level, which may be less than nothing then.
    pub(super) booked_until: f64,
}

impl Bucket {
    pub(crate) fn new() -> Self {
        Self {
            limit: 0.0,
            level: 0.0,
            at: 0.0,
            speed: 0.0,
            steps: false,
            flows: false,
            full_at: f64::INFINITY,
            full_after: 0.0,
            blocked_until: 0.0,
            taken: 0.0,
            known: 0.0,
            refused: 0.0,
            anchor: None,
            last: None,
            ahead: None,
            waited: false,
            caution: 0.0,
            silent: false,
            booked_until: 0.0,
        }
    }

    /// True when no request is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.taken <= self.known
    }

    /// The limit, once it is known.
    pub(super) fn known_limit(&self) -> Option<u64> {
        (self.limit > 0.0).then_some(self.limit as u64)
    }

    /// What bulk work leaves: `share` of the bucket, at least half a request, and of a small one not too much.
    fn reserve(&self, share: f64) -> f64 {
        (self.limit * share).max(0.5).min((self.limit - 1.0) / 2.0).max(0.0)
    }

    /// The level from which on a request may go.
    pub(super) fn wanted(&self, need: Need, share: f64) -> f64 {
        match need {
            Need::One => 1.0,
            Need::Spare => 1.0 + (self.reserve(share) + self.caution).min(self.limit - 1.0),
        }
    }

    pub(super) fn current_speed(&self) -> f64 {
        if self.steps { 0.0 } else { self.speed }
    }

    /// Lets the time pass.
    pub(super) fn advance(&mut self, now: f64) {
        let passed = now - self.at;
        if passed < 0.0 {
            // The clock was set back: what is to come moves with it, and what was measured is worth nothing.
            self.full_at += passed;
            self.blocked_until += passed;
            self.booked_until = (self.booked_until + passed).max(0.0);
            (self.anchor, self.last, self.ahead) = (None, None, None);
        } else {
            self.level = (self.level + passed * self.current_speed()).min(self.limit);
        }
        self.at = now;
        if now >= self.full_at {
            self.level = self.level.max(self.limit - (self.taken - self.full_after)).min(self.limit);
            self.full_at = f64::INFINITY;
        }
    }

    /// Asks for a request.
    pub(crate) fn ask(&mut self, need: Need, share: f64, now: f64) -> Verdict {
        self.advance(now);
        if self.blocked_until > now {
            return Verdict::Blocked(self.blocked_until - now);
        }
        if self.limit == 0.0 {
            // Of what is unknown, bulk work sends one request to see.
            let wait = need == Need::Spare && !self.silent && !self.is_idle();
            return if wait { Verdict::Wait(PATIENCE) } else { self.take(now) };
        }
        let missing = self.wanted(need, share) - self.level;
        if missing <= TINY {
            return self.take(now);
        }
        self.waited = true;
        let speed = self.current_speed();
        let mut wait = if speed > 0.0 { missing / speed } else { PATIENCE };
        wait = wait.min(self.full_at - now).min(PATIENCE);
        // As long as nobody has seen how fast it fills, one goes now and then to look: of what is surely left, soon.
        if (!self.flows || speed == 0.0) && self.is_idle() {
            let since = self.last.map_or(PROBE, |last| now - last.received);
            if self.level >= 1.0 && !self.steps {
                wait = wait.min(PROBE / 4.0 - since);
            } else if self.full_at == f64::INFINITY {
                wait = wait.min(PROBE - since);
            }
        }
        // Less than a microsecond is no wait, and would be asked about for ever.
        if wait <= TINY { self.take(now) } else { Verdict::Wait(wait) }
    }

    pub(super) fn take(&mut self, now: f64) -> Verdict {
        self.taken += 1.0;
        let waited = std::mem::take(&mut self.waited);
        let ticket = Ticket { sent: now, known: self.known, number: self.taken, waited };
        self.level = (self.level - 1.0).max(self.floor());
        Verdict::Go(ticket)
    }

    /// The least that the level can be.
    fn floor(&self) -> f64 {
        if self.booked_until > self.at { -self.limit } else { 0.0 }
    }

    /// A request that another bucket allowed turns out to be of this one.
    pub(crate) fn adopt(&mut self, ticket: &Ticket) -> Ticket {
        self.taken += 1.0;
        Ticket { sent: ticket.sent, known: self.known, number: self.taken, waited: false }
    }

    /// A request ended without an answer: it may have been counted.
    pub(crate) fn lost(&mut self) {
        self.known += 1.0;
    }

    /// An answer came.
    pub(crate) fn told(&mut self, ticket: &Ticket, seen: &Seen, now: f64) {
        self.advance(now);
        self.known += 1.0;
        let reset_in = self.reset_in(ticket, seen, now);
        let Some((limit, remaining)) = seen.left else {
            if seen.refused {
                self.refused(seen, reset_in, now);
            } else if self.limit == 0.0 {
                self.silent = true;
            }
            return;
        };
        // Those that the server may have counted after this one.
        let others = (self.taken - ticket.known - 1.0).max(0.0);
        if limit != self.limit {
            self.limit = limit;
            self.level = (remaining - others).max(self.floor());
            (self.speed, self.steps, self.flows) = (0.0, false, false);
            (self.anchor, self.last) = (None, None);
        }
        if let Some(reset_in) = reset_in.filter(|wait| !seen.refused && *wait <= PATIENCE) {
            (self.full_at, self.full_after) = (now + reset_in, ticket.known + 1.0);
        }
        if seen.refused {
            self.refused(seen, reset_in, now);
            return;
        }
        self.caution *= 0.99;
        let least = remaining - others;
        let most = remaining + 1.0 + self.current_speed() * (now - ticket.sent);
        if self.level > most + TINY {
            // Others take from it too, or the server has become slower.
            self.level = least.max(self.floor());
            self.speed *= 0.9;
            self.anchor = None;
        }
        self.level = self.level.max(least);
        let sample = Sample { sent: ticket.sent, received: now, remaining, spent: self.taken - self.refused };
        self.measure(&sample, others, ticket.waited);
    }

    /// The seconds until the bucket is full, at most.
    fn reset_in(&mut self, ticket: &Ticket, seen: &Seen, now: f64) -> Option<f64> {
        // Without a `Date` both clocks are taken to agree.
        let date = seen.date.unwrap_or(now);
        // The date was written between sending and receiving, and tells only whole seconds: each one is a lower bound of what the
        // server's clock is ahead. One that was higher before, and cannot be, is of before a clock was set.
        let least = date - now;
        let ahead =
            self.ahead.filter(|ahead| *ahead <= date + 1.0 - ticket.sent).map_or(least, |ahead| ahead.max(least));
        self.ahead = Some(ahead);
        seen.reset.map(|reset| reset - now - ahead).filter(|wait| *wait >= 0.0)
    }

    /// Learns from an answer how fast requests come back.
    fn measure(&mut self, sample: &Sample, others: f64, waited: bool) {
        // One that was overtaken says nothing new.
        let Some(last) = self.last.filter(|last| last.sent <= sample.sent) else {
            if self.last.is_none() {
                (self.last, self.anchor) = (Some(*sample), Some(*sample));
            }
            return;
        };
        let full = sample.remaining + others >= self.limit - 1.0;
        let back = |from: &Sample| sample.remaining - from.remaining + sample.spent - from.spent - others;
        if !full && back(&last) >= 1.0 {
            (self.flows, self.steps) = (true, false);
        }
        if full && !self.flows {
            // It may have been full for long, or have been filled at once. A request that waited could have come earlier: the next one
            // waits a little less.
            if waited && !self.steps {
                self.speed = (self.speed * 1.5).max(0.5);
            }
            self.anchor = None;
        }
        match &self.anchor {
            Some(anchor) => {
                let speed = (back(anchor) - 1.0) / (sample.received - anchor.sent);
                if speed.is_finite() {
                    self.speed = self.speed.max(speed);
                }
            }
            None => self.anchor = Some(*sample),
        }
        self.last = Some(*sample);
    }

    /// 429: the bucket was empty, whatever was reckoned.
    fn refused(&mut self, seen: &Seen, reset_in: Option<f64>, now: f64) {
        self.refused += 1.0;
        self.level = 0.0;
        if self.flows {
            self.speed *= 0.9;
            self.caution += 1.0;
        } else {
            self.steps = true;
        }
        self.anchor = None;
        let wait = seen.retry_in.or(reset_in).filter(|wait| *wait <= BELIEVED).unwrap_or(PROBE);
        self.blocked_until = self.blocked_until.max(now + wait);
    }
}
