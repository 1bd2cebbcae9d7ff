//! One bucket for many machines, in a store that they share.
//!
//! What is kept is the [`Bucket`] itself. A machine takes a slice of it: as many requests as a quarter of a second brings, one at least. It
//! spends them without asking, and with the next slice it tells what its answers said. The text is put in the place of the one that was
//! read, if that is still there ([`KeyValue::swap`]); otherwise it is read and reckoned anew. So no request is given out twice, and what one
//! machine is told (a 429, others at work) all know with their next slice.
//!
//! - A machine that dies takes its slice with it: some requests are never made, and what it did not tell is taken as told after some seconds.
//! - Clocks may differ. Time goes on by the one that is ahead, so that no more comes back than should; one that is ahead by more than
//!   [`SKEW`] is not believed.
//! - Without the store each machine goes on alone with what it knows, and looks again after [`ALONE`]; the answers' headers still tell each
//!   what all of them use.

use super::bucket::{Bucket, Need, Seen, Ticket, Verdict};
use super::seen::seconds;
use crate::error::{Error, ErrorKind};
use crate::host::{KeyValue, Timer};
use crate::http::within;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use std::time::Duration;

/// How long the store is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// For so many seconds a machine goes on alone when the store has failed.
pub(super) const ALONE: f64 = 5.0;

/// How far a clock may be ahead, in seconds.
const SKEW: f64 = 5.0;

/// A slice is what comes back in so many seconds.
const SLICE: f64 = 0.25;

/// A slice that is not spent after so many seconds is void.
const FRESH: f64 = 1.0;

/// What was taken so many seconds ago is over, whether anybody told it or not. A machine that ends tells nothing of its last requests, and
/// while one is thought to be under way nobody probes: longer than a request takes, and no longer.
const FORGOTTEN: f64 = 5.0;

/// How often a text is read and reckoned anew when another machine was faster.
const TRIES: u32 = 20;

/// The life of what is kept.
const LIFE: Duration = Duration::from_secs(3600);

/// What was heard of a request, to be told with the next slice.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    Answer(Ticket, Seen),
    /// An answer to a request of another bucket.
    Stray(Ticket, Seen),
    Nothing,
}

/// A machine's part of a bucket.
#[derive(Debug, Default)]
pub(super) struct Slice {
    tickets: Vec<Ticket>,
    until: f64,
    pub(super) heard: Vec<Heard>,
    /// Somebody is about to get the next slice.
    pub(super) busy: bool,
    pub(super) alone_until: f64,
}

impl Slice {
    /// A request of the slice.
    pub(super) fn take(&mut self, now: f64) -> Option<Ticket> {
        if self.until < now || self.until > now + FRESH {
            // What is void is not told: it was never sent, and is not there.
            self.heard.extend(self.tickets.drain(..).map(|_| Heard::Nothing));
        }
        self.tickets.pop().map(|ticket| Ticket { sent: now, ..ticket })
    }

    pub(super) fn fill(&mut self, tickets: Vec<Ticket>, now: f64) {
        self.until = now + FRESH;
        self.tickets = tickets;
    }
}

/// What the store holds: the bucket, and since when so many had been taken.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    bucket: Bucket,
    marked_at: f64,
    marked: f64,
}

impl Kept {
    fn new(now: f64) -> Self {
        Self { bucket: Bucket::new(), marked_at: now, marked: 0.0 }
    }

    fn read(text: Option<&str>, now: f64) -> Self {
        let read = |text: &str| {
            let (bucket, marks) = text.split_once('\n')?;
            let (at, marked) = marks.split_once(' ')?;
            Some(Self { bucket: Bucket::from_text(bucket)?, marked_at: at.parse().ok()?, marked: marked.parse().ok()? })
        };
        // Garbage, another version, a clock that nobody believes: it is learned anew.
        text.and_then(read).filter(|kept| kept.bucket.at() <= now + SKEW).unwrap_or_else(|| Self::new(now))
    }

    fn write(&self) -> String {
        format!("{}\n{} {}", self.bucket.to_text(), self.marked_at, self.marked)
    }

    /// Tells what was heard, and takes the next slice. Pure.
    fn serve(&mut self, heard: &[Heard], need: Need, share: f64, now: f64) -> Result<Vec<Ticket>, Verdict> {
        let now = now.max(self.bucket.at());
        for one in heard {
            match one {
                Heard::Answer(ticket, seen) => self.bucket.told(ticket, seen, now),
                Heard::Stray(ticket, seen) => {
                    let ticket = self.bucket.adopt(ticket);
                    self.bucket.told(&ticket, seen, now);
                }
                Heard::Nothing => self.bucket.lost(),
            }
        }
        if now - self.marked_at >= FORGOTTEN {
            self.bucket.forget(self.marked);
            (self.marked_at, self.marked) = (now, self.bucket.taken());
        }
        let mut tickets = Vec::new();
        let size = self.bucket.slice(SLICE);
        loop {
            match self.bucket.ask(need, share, now) {
                Verdict::Go(ticket) => tickets.push(ticket),
                verdict if tickets.is_empty() => return Err(verdict),
                _ => return Ok(tickets),
            }
            if tickets.len() as f64 >= size {
                return Ok(tickets);
            }
        }
    }
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
    ) -> Option<(Bucket, Result<Vec<Ticket>, Verdict>)> {
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
    ) -> Result<(Bucket, Result<Vec<Ticket>, Verdict>), Error> {
        for _ in 0..TRIES {
            let old = self.backend.get(key).await?;
            let now = seconds(timer.now());
            let mut kept = Kept::read(old.as_deref(), now);
            let served = kept.serve(heard, need, share, now);
            match self.backend.swap(key, old.as_deref(), &kept.write()).await? {
                Some(true) => return Ok((kept.bucket, served)),
                Some(false) => {}
                None => {
                    let message = "the store of the limiter cannot replace a text only if it is still the same";
                    return Err(Error::new(ErrorKind::Config, message));
                }
            }
        }
        Err(Error::new(ErrorKind::Timeout, "other machines were always faster at the store of the limiter"))
    }
}
