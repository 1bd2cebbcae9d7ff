//! One bucket for many machines, in a store that they share.
//!
//! What is kept is the [`Bucket`] itself. A machine takes a slice of it: as many requests as a quarter of a second brings, one at least,
//! and when there are none, the next ones that come back, each with the time at which it may go ([`Bucket::book`]). So who waits waits for
//! its own time, and not in a crowd for the same request. With the next slice it tells what its answers said. The text is put in the
//! place of the one that was read, if that is still there ([`KeyValue::swap`]); otherwise it is read and reckoned anew. So no request is
//! given out twice, and what one machine is told (a 429, others at work) all know with their next slice.
//!
//! - A machine that dies takes its slice with it: some requests are never made, and what it did not tell is taken as told after some seconds.
//! - Clocks may differ. Time goes on by the one that is ahead, so that no more comes back than should; one that is ahead by more than
//!   [`SKEW`] is not believed.
//! - Without the store each machine goes on alone with what it knows, and looks again after [`ALONE`]; the answers' headers still tell each
//!   what all of them use.
//!
//! `pkg-template/src/fleet.js` does the same in JavaScript, with the same text.

use super::bucket::{Bucket, Need, Seen, Ticket, Verdict};
use super::seen::seconds;
use crate::error::{Error, ErrorKind};
use crate::host::{KeyValue, Timer};
use crate::http::within;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use std::collections::VecDeque;
use std::time::Duration;

/// How long the store is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// After so many seconds whoever asks the store is thought to have gone.
pub(super) const GONE: f64 = 2.0;

/// So much that was heard is kept to be told; more of it would say nothing new.
const MOST_HEARD: usize = 256;

/// For so many seconds a machine goes on alone when the store has failed.
pub(super) const ALONE: f64 = 5.0;

/// How far a clock may be ahead, in seconds.
const SKEW: f64 = 5.0;

/// A slice is what comes back in so many seconds.
const SLICE: f64 = 0.25;

/// Requests are promised for so many seconds ahead: to bulk work only so far that an interactive request need not wait long.
const AHEAD: f64 = 1.0;
const AHEAD_OF_BULK: f64 = 5.0;

/// A request that is not made so many seconds after its time is void.
const FRESH: f64 = 1.0;

/// What was to be sent so many seconds ago is over, whether anybody told it or not. A machine that ends tells nothing of its last requests,
/// and while one is thought to be under way nobody probes: longer than a request takes, and no longer.
const FORGOTTEN: f64 = 2.0;

/// Less than this before its time a request may go.
const DUE: f64 = 1e-6;

/// Of so many requests the store remembers when they were to go.
const REMEMBERED: usize = 32;

/// How often a text is read and reckoned anew when another machine was faster; then it is left to the others for so many seconds.
pub(super) const TRIES: u32 = 8;
const CROWDED: f64 = 0.25;

/// The life of what is kept.
const LIFE: Duration = Duration::from_secs(3600);

/// What was heard of a request, to be told with the next slice.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// With the time at which it came.
    Answer(Ticket, Seen, f64),
    /// An answer to a request of another bucket.
    Stray(Ticket, Seen),
    Nothing,
}

/// A machine's part of a bucket.
#[derive(Debug, Default)]
pub(super) struct Slice {
    /// The requests that were promised to it, the first one first, each with its time.
    tickets: VecDeque<Ticket>,
    /// Some were promised to bulk work, and an interactive request may be given an earlier one.
    is_bulk: bool,
    pub(super) heard: Vec<Heard>,
    /// Somebody is about to get the next slice. Who has not ended by then has gone: a Worker's request that is cancelled ends without a word.
    pub(super) busy_until: f64,
    pub(super) alone_until: f64,
}

impl Slice {
    /// A request of the slice, or the seconds until its time has come. `None` when another is to be asked for.
    pub(super) fn take(&mut self, need: Need, now: f64) -> Option<Result<Ticket, f64>> {
        // A promise that is over, or that a clock which was set back has moved away, is not told: it was never sent, and is not there.
        let is_void = |ticket: &Ticket| ticket.sent + FRESH < now || ticket.sent > now + AHEAD_OF_BULK + FRESH;
        while self.tickets.front().is_some_and(is_void) {
            self.tickets.pop_front();
            self.heard.push(Heard::Nothing);
        }
        let wait = self.tickets.front()?.sent - now;
        if wait > DUE {
            return (need == Need::Spare || !self.is_bulk).then_some(Err(wait));
        }
        self.tickets.pop_front().map(|ticket| Ok(Ticket { sent: now, ..ticket }))
    }

    pub(super) fn fill(&mut self, tickets: Vec<Ticket>, need: Need) {
        self.is_bulk = need == Need::Spare;
        self.tickets.extend(tickets);
        self.tickets.make_contiguous().sort_by(|one, other| one.sent.total_cmp(&other.sent));
    }

    /// Keeps what was heard, to be told with the next slice.
    pub(super) fn hear(&mut self, heard: Heard) {
        if self.heard.len() < MOST_HEARD {
            self.heard.push(heard);
        }
    }

    /// Gives up what was promised: the server has refused one.
    pub(super) fn give_up(&mut self) {
        self.heard.extend(self.tickets.drain(..).map(|_| Heard::Nothing));
    }
}

/// What the store holds: the bucket, since when so many had been taken, and when the last ones were to go.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    bucket: Bucket,
    marked_at: f64,
    marked: f64,
    /// Of the last requests, the first one first.
    dues: Vec<f64>,
}

impl Kept {
    fn new(now: f64) -> Self {
        Self { bucket: Bucket::new(), marked_at: now, marked: 0.0, dues: Vec::new() }
    }

    fn read(text: Option<&str>, now: f64) -> Self {
        let read = |text: &str| {
            let (bucket, more) = text.split_once('\n')?;
            let numbers: Option<Vec<f64>> = more.split(' ').map(|word| word.parse().ok()).collect();
            let [marked_at, marked, dues @ ..] = numbers.as_deref()? else { return None };
            let (bucket, dues) = (Bucket::from_text(bucket)?, dues.to_vec());
            let sound = marked_at.is_finite() && marked.is_finite() && dues.len() <= REMEMBERED;
            sound.then_some(Self { bucket, marked_at: *marked_at, marked: *marked, dues })
        };
        // Garbage, another version, a clock that nobody believes: it is learned anew.
        text.and_then(read).filter(|kept| kept.bucket.at() <= now + SKEW).unwrap_or_else(|| Self::new(now))
    }

    fn write(&self) -> String {
        let mut text = format!("{}\n{} {}", self.bucket.to_text(), self.marked_at, self.marked);
        self.dues.iter().for_each(|due| text.extend([" ", &due.to_string()]));
        text
    }

    fn promised(&mut self, due: f64) {
        if self.dues.len() == REMEMBERED {
            self.dues.remove(0);
        }
        self.dues.push(due);
    }

    /// How many requests were over when this one went, as far as its server can have counted: all before it, but for those that went
    /// so shortly before that it may have overtaken them. Who got an answer and has not told it yet is no hindrance then.
    fn before(&self, ticket: &Ticket, sent: f64, received: f64) -> f64 {
        let later = (self.bucket.taken() - ticket.number).max(0.0);
        let older = (self.dues.len() as f64 - later - 1.0).max(0.0) as usize;
        let near = self.dues.iter().take(older).filter(|due| **due > sent - (received - sent)).count();
        (ticket.number - 1.0 - near as f64).max(ticket.known)
    }

    /// Tells what was heard, and takes the next slice. Pure.
    fn serve(&mut self, heard: &[Heard], need: Need, share: f64, here: f64) -> Result<Vec<Ticket>, Verdict> {
        let now = here.max(self.bucket.at());
        for one in heard {
            match one {
                Heard::Answer(ticket, seen, received) => {
                    // By how long ago it was, since machines differ in what time it is.
                    let [sent, received] = [ticket.sent, *received].map(|time| now - (here - time).max(0.0));
                    if self.bucket.taken() - ticket.number < self.dues.len() as f64 || seen.refused {
                        let known = self.before(ticket, sent, received);
                        self.bucket.told(&Ticket { sent, known, ..*ticket }, seen, now);
                    } else {
                        // So much has happened since that it says nothing any more.
                        self.bucket.lost();
                    }
                }
                Heard::Stray(ticket, seen) => {
                    let ticket = self.bucket.adopt(ticket);
                    self.promised(ticket.sent);
                    self.bucket.told(&ticket, seen, now);
                }
                Heard::Nothing => self.bucket.lost(),
            }
        }
        if now - self.marked_at >= FORGOTTEN && !self.bucket.is_idle() {
            self.bucket.forget(self.marked);
            (self.marked_at, self.marked) = (now.max(self.bucket.booked_until()), self.bucket.taken());
        }
        let mut tickets = Vec::new();
        let size = self.bucket.slice(SLICE);
        let ahead = if need == Need::Spare { AHEAD } else { AHEAD_OF_BULK };
        loop {
            match self.bucket.book(need, share, ahead, now) {
                Verdict::Go(ticket) => {
                    self.promised(ticket.sent);
                    tickets.push(Ticket { sent: here + (ticket.sent - now), ..ticket });
                }
                verdict if tickets.is_empty() => return Err(verdict),
                _ => return Ok(tickets),
            }
            if tickets.len() as f64 >= size {
                return Ok(tickets);
            }
        }
    }
}

/// What comes of one reading of the store.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) bucket: Bucket,
    /// The slice, or how long to wait for one.
    pub(super) slice: Result<Vec<Ticket>, Verdict>,
    /// What is to be kept now, if anything has changed. Otherwise what was heard is not told yet.
    pub(super) text: Option<String>,
}

impl Served {
    /// Others were faster, again and again: nothing was told or given.
    pub(super) fn crowded_out(self) -> Self {
        Self { slice: Err(Verdict::Wait(CROWDED)), text: None, ..self }
    }
}

/// Tells what was heard, and takes the next slice, of what was kept. Pure.
pub(super) fn reckon(old: Option<&str>, heard: &[Heard], need: Need, share: f64, now: f64) -> Served {
    let mut kept = Kept::read(old, now);
    let marked_at = kept.marked_at;
    let slice = kept.serve(heard, need, share, now);
    // Where nothing was told and nothing given, only time has passed: many who wait need not write. And where answers are many, so that
    // each says little, they are told with what is given: those who write would be in each other's way.
    let refused = |one: &Heard| matches!(one, Heard::Answer(_, seen, _) | Heard::Stray(_, seen) if seen.refused);
    let told = if kept.bucket.is_fast() { heard.iter().any(refused) } else { !heard.is_empty() };
    let changed = old.is_none() || told || slice.is_ok() || kept.marked_at != marked_at;
    let text = changed.then(|| kept.write());
    Served { bucket: kept.bucket, slice, text }
}

trait Reporter: MaybeSend + MaybeSync {
    fn report(&self, problem: &Error);
}

impl<F: Fn(&Error) + MaybeSend + MaybeSync> Reporter for F {
    fn report(&self, problem: &Error) {
        self(problem);
    }
}

/// A backend without its type.
trait Backend: MaybeSend + MaybeSync {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>, Error>>;
    fn swap<'a>(
        &'a self,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
    ) -> BoxFuture<'a, Result<Option<bool>, Error>>;
}

impl<B: KeyValue> Backend for B {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<String>, Error>> {
        Box::pin(async move { Ok(KeyValue::get(self, key).await?.map(|kept| kept.text)) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
    ) -> BoxFuture<'a, Result<Option<bool>, Error>> {
        KeyValue::swap(self, key, old, new, LIFE)
    }
}

/// The store of a limiter.
pub(super) struct Fleet {
    backend: Box<dyn Backend>,
    report: Option<Box<dyn Reporter>>,
}

impl Fleet {
    pub(super) fn new(backend: impl KeyValue + 'static) -> Self {
        Self { backend: Box::new(backend), report: None }
    }

    pub(super) fn on_problem(&mut self, report: impl Fn(&Error) + MaybeSend + MaybeSync + 'static) {
        self.report = Some(Box::new(report));
    }

    /// Gets a slice, and tells what was heard. Gives the bucket as it is after that, with the slice or how long to wait for one; `None`
    /// when the store cannot be used.
    pub(super) async fn serve(
        &self,
        timer: &dyn Timer,
        key: &str,
        heard: &[Heard],
        need: Need,
        share: f64,
    ) -> Option<Served> {
        let problem = match within(timer, PATIENCE, self.try_to(timer, key, heard, need, share)).await {
            Some(Ok(served)) => return Some(served),
            Some(Err(problem)) => problem,
            None => Error::new(ErrorKind::Timeout, "the store of the limiter did not answer within 1 s"),
        };
        if let Some(report) = &self.report {
            report.report(&problem.with_hint("each machine paces itself alone for now"));
        }
        None
    }

    async fn try_to(
        &self,
        timer: &dyn Timer,
        key: &str,
        heard: &[Heard],
        need: Need,
        share: f64,
    ) -> Result<Served, Error> {
        let mut tries = 0;
        loop {
            let old = self.backend.get(key).await?;
            let now = seconds(timer.now());
            let served = reckon(old.as_deref(), heard, need, share, now);
            let Some(text) = &served.text else { return Ok(served) };
            match self.backend.swap(key, old.as_deref(), text).await? {
                Some(true) => return Ok(served),
                Some(false) if tries == TRIES => return Ok(served.crowded_out()),
                Some(false) => tries += 1,
                None => {
                    let message = "the store of the limiter cannot replace a text only if it is still the same";
                    return Err(Error::new(ErrorKind::Config, message));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_holds_that_is_of_no_use_is_learned_anew() {
        let now = 1_767_225_600.0;
        let good = reckon(None, &[], Need::One, 0.1, now).text.unwrap_or_default();
        assert_eq!(Kept::read(Some(&good), now).dues, [now]);
        let many = " 1".repeat(REMEMBERED);
        let newer = good.replacen("v1", "v2", 1);
        let bad = [
            &good.replace('\n', " "),
            &format!("{good}{many}"),
            &format!("{good} x"),
            &newer,
            &good.replace('\n', "\nNaN "),
        ];
        for text in bad.into_iter().map(String::as_str).chain(["", "garbage", "\n", "v1", "{}", "v1.gcm.AAAA"]) {
            assert_eq!(Kept::read(Some(text), now), Kept::new(now), "{text:?}");
            // And one request goes, to see.
            assert_eq!(
                reckon(Some(text), &[], Need::Spare, 0.1, now).slice.map(|slice| slice.len()),
                Ok(1),
                "{text:?}"
            );
        }
        // By a clock that is far ahead.
        assert_eq!(Kept::read(Some(&good), now - SKEW - 1.0), Kept::new(now - SKEW - 1.0));
    }

    #[test]
    fn who_only_waits_writes_nothing() {
        let now = 1_767_225_600.0;
        let first = reckon(None, &[], Need::Spare, 0.1, now);
        let second = reckon(first.text.as_deref(), &[], Need::Spare, 0.1, now + 0.1);
        assert!(matches!(second.slice, Err(Verdict::Wait(_))) && second.text.is_none(), "{second:?}");
        // What was heard is told at once as long as there is something to learn.
        let told = reckon(first.text.as_deref(), &[Heard::Nothing], Need::Spare, 0.1, now + 0.1);
        assert!(told.text.is_some() && told.slice.is_ok(), "{told:?}");
    }
}
