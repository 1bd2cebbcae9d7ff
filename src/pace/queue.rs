//! Those who wait for one bucket, in two lines. Pure, but for the wakers.

use super::bucket::{Bucket, Need, RESERVE, Ticket, Verdict};
use super::fleet::{GONE, Heard, Served, Slice};
use std::collections::VecDeque;
use std::task::Waker;

/// Bulk work is passed by so many interactive requests at most; then one of it goes.
const FAIR: u32 = 9;

/// The longest wait of one who is told to come again because others were promised what there is, in seconds.
const CROWD: f64 = 2.0;

/// One bucket and its two lines.
pub(super) struct Lane {
    pub(super) id: u64,
    /// Where the limit is: an origin, and for the Authentication API the operation too.
    pub(super) place: String,
    /// The limit that tells it from others of the same place.
    pub(super) limit: Option<u64>,
    /// Where others share it, as it was with the last slice.
    pub(super) bucket: Bucket,
    pub(super) slice: Slice,
    /// How often the store was asked in vain, one after the other.
    vain: u32,
    /// Until when the store has nothing.
    empty_until: Option<Empty>,
    waiting: [VecDeque<Waiter>; 2],
    passed: u32,
}

/// What the store said when it had nothing.
#[derive(Clone, Copy)]
struct Empty {
    until: f64,
    blocked: bool,
    /// Not even for an interactive request.
    for_all: bool,
}

struct Waiter {
    id: u64,
    waker: Option<Waker>,
    /// Something has changed since it last asked.
    called: bool,
}

/// What one who waits is told.
pub(super) enum Turn {
    Go(Ticket),
    /// Ask again after so many seconds, or when called; not before when there is no time.
    Wait(Option<f64>),
    Blocked(f64),
    /// Get a slice of the lane from the store, under a key: tell what was heard, and for whom it is.
    Fetch(u64, String, Vec<Heard>, Need),
}

fn line(need: Need) -> usize {
    match need {
        Need::One => 0,
        Need::Spare => 1,
    }
}

impl Lane {
    pub(super) fn new(id: u64, place: &str, limit: Option<u64>) -> Self {
        let waiting = [VecDeque::new(), VecDeque::new()];
        let (bucket, slice) = (Bucket::new(), Slice::default());
        Self { id, place: place.to_owned(), limit, bucket, slice, vain: 0, empty_until: None, waiting, passed: 0 }
    }

    /// Nobody would miss it.
    pub(super) fn is_idle(&self) -> bool {
        self.bucket.is_idle()
            && self.slice.heard.is_empty()
            && self.slice.busy_until == 0.0
            && self.waiting.iter().all(VecDeque::is_empty)
    }

    pub(super) fn join(&mut self, need: Need, id: u64) {
        self.waiting[line(need)].push_back(Waiter { id, waker: None, called: false });
    }

    pub(super) fn leave(&mut self, need: Need, id: u64) {
        self.waiting[line(need)].retain(|waiter| waiter.id != id);
        self.call();
    }

    /// Whoever is first in a line asks again.
    pub(super) fn call(&mut self) {
        for waiter in self.waiting.iter_mut().filter_map(VecDeque::front_mut) {
            waiter.called = true;
            if let Some(waker) = waiter.waker.take() {
                waker.wake();
            }
        }
    }

    /// True when one who waits was called; otherwise it is woken by this waker when it is.
    pub(super) fn is_called(&mut self, need: Need, id: u64, waker: &Waker) -> bool {
        match self.waiting[line(need)].iter_mut().find(|waiter| waiter.id == id) {
            Some(waiter) if !waiter.called => {
                waiter.waker = Some(waker.clone());
                false
            }
            Some(waiter) => {
                waiter.called = false;
                true
            }
            None => true,
        }
    }

    /// The key in a store that many machines share.
    fn key(&self) -> String {
        let limit = self.limit.map_or_else(|| "?".to_owned(), |limit| limit.to_string());
        ["auth0-sdk limit ", &self.place.replace(' ', "%20"), " ", &limit].concat()
    }

    /// What the store had.
    pub(super) fn served(&mut self, Served { bucket, slice, .. }: Served, need: Need, now: f64) {
        self.slice.alone_until = 0.0;
        self.empty_until = None;
        if self.limit.is_none()
            && let Some(limit) = bucket.known_limit()
        {
            // Now it is known which one this is: what there is of it stands under another key.
            (self.limit, self.bucket) = (Some(limit), Bucket::new());
            return;
        }
        self.bucket = bucket;
        let for_all = need == Need::One;
        match slice {
            Ok(tickets) => {
                self.vain = 0;
                self.slice.fill(tickets, need);
            }
            Err(Verdict::Go(ticket)) => self.slice.fill(vec![ticket], need),
            Err(Verdict::Blocked(wait)) => self.empty_until = Some(Empty { until: now + wait, blocked: true, for_all }),
            Err(Verdict::Wait(wait)) => {
                // Another machine may learn something meanwhile; and of a crowd that waits for one request, each comes less often.
                let is_crowd = self.bucket.is_learned() && wait < CROWD;
                let wait = if is_crowd { (wait * f64::from(1 << self.vain)).min(CROWD) } else { wait.min(1.0) };
                self.vain = (self.vain + 1).min(4);
                self.empty_until = Some(Empty { until: now + wait, blocked: false, for_all });
            }
        }
    }

    /// As the bucket's own `ask`, with a slice of what others share.
    fn ask_shared(&mut self, need: Need, share: f64, now: f64) -> Turn {
        if now < self.slice.alone_until && self.slice.alone_until <= now + super::fleet::ALONE {
            return match self.bucket.ask(need, share, now.max(self.bucket.at())) {
                Verdict::Go(ticket) => Turn::Go(ticket),
                Verdict::Wait(wait) => Turn::Wait(Some(wait)),
                Verdict::Blocked(wait) => Turn::Blocked(wait),
            };
        }
        match self.slice.take(need, now) {
            Some(Ok(ticket)) => return Turn::Go(ticket),
            Some(Err(wait)) => return Turn::Wait(Some(wait)),
            None => {}
        }
        if now < self.slice.busy_until && self.slice.busy_until <= now + GONE {
            return Turn::Wait(Some(self.slice.busy_until - now));
        }
        // What was heard since may change it; a wait that was told for bulk work says nothing of an interactive request.
        if let Some(Empty { until, blocked, for_all }) = self.empty_until.filter(|empty| empty.until > now)
            && (self.slice.heard.is_empty() || self.bucket.is_fast())
            && (blocked || for_all || need == Need::Spare)
        {
            return if blocked { Turn::Blocked(until - now) } else { Turn::Wait(Some(until - now)) };
        }
        self.slice.busy_until = now + GONE;
        Turn::Fetch(self.id, self.key(), std::mem::take(&mut self.slice.heard), need)
    }

    /// One who waits asks. The first of the interactive line goes before all bulk work, but for one in ten.
    pub(super) fn ask(&mut self, need: Need, id: u64, share: f64, now: f64, shared: bool) -> Turn {
        let is_first = |line: &VecDeque<Waiter>| line.front().is_some_and(|waiter| waiter.id == id);
        let overdue = self.passed >= FAIR && !self.waiting[1].is_empty();
        let (may, need_now) = match need {
            Need::One => (is_first(&self.waiting[0]) && !overdue, Need::One),
            Need::Spare if overdue => (is_first(&self.waiting[1]), Need::One),
            Need::Spare => (is_first(&self.waiting[1]) && self.waiting[0].is_empty(), Need::Spare),
        };
        if !may {
            return Turn::Wait(None);
        }
        let turn = match shared {
            true => self.ask_shared(need_now, share, now),
            false => match self.bucket.ask(need_now, share, now) {
                Verdict::Go(ticket) => Turn::Go(ticket),
                Verdict::Wait(seconds) => Turn::Wait(Some(seconds)),
                Verdict::Blocked(seconds) => Turn::Blocked(seconds),
            },
        };
        match turn {
            Turn::Go(ticket) => {
                self.passed = match need {
                    Need::Spare => 0,
                    Need::One if self.waiting[1].is_empty() => 0,
                    Need::One => self.passed + 1,
                };
                self.leave(need, id);
                Turn::Go(ticket)
            }
            turn => turn,
        }
    }
}

/// The share of a bucket that may be reserved.
pub(super) fn share(wanted: f64) -> f64 {
    if wanted.is_finite() { wanted.clamp(0.0, 0.9) } else { RESERVE }
}
