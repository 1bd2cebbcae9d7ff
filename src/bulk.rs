//! Work over many items: so many at once, with progress, with a checkpoint to go on from, and with each failure kept by its item.

use crate::error::{Error, ErrorKind};
use crate::maybe_send::MaybeSend;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A server that wants no request for longer than this wants none of the job.
const LONGEST: Duration = Duration::from_secs(60);

/// A closure that hears how far a job is.
trait Watcher: MaybeSend {
    fn told(&mut self, progress: &Progress<'_>);
}

impl<F: FnMut(&Progress<'_>) + MaybeSend> Watcher for F {
    fn told(&mut self, progress: &Progress<'_>) {
        self(progress);
    }
}

/// A closure that says whether an error ends a job.
trait Judge: MaybeSend {
    fn is_fatal(&self, error: &Error) -> bool;
}

impl<F: Fn(&Error) -> bool + MaybeSend> Judge for F {
    fn is_fatal(&self, error: &Error) -> bool {
        self(error)
    }
}

/// Work over the items of a stream or an iterator.
///
/// ```no_run
/// # async fn run(auth0: auth0_sdk::ManagementClient) -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::{Bulk, Priority};
///
/// let nightly = auth0.with_priority(Priority::Bulk); // with a limiter it leaves room for others
/// let users = nightly.operation("users.list").query("q", "app_metadata.plan:old").items();
/// let report = Bulk::over(users)
///     .concurrency(10)
///     .on_progress(|progress| println!("{} done, {} failed", progress.done, progress.failed))
///     .run(|user: auth0_sdk::Json| {
///         let id = user["user_id"].as_str().unwrap_or_default().to_owned();
///         let call = nightly.operation("users.update").path(id).body(&serde_json::json!({"app_metadata": {"plan": "new"}}));
///         async move { call.await.map(drop) }
///     })
///     .await;
/// for failure in &report.failures {
///     println!("item {}: {}", failure.index, failure.error);
/// }
/// if report.stopped.is_some() {
///     let text = serde_json::to_string(&report.checkpoint).unwrap_or_default(); // for Bulk::resume, another day
/// }
/// # Ok(())
/// # }
/// ```
///
/// - An item that fails is reported, and the others go on.
/// - An error with which every other item would fail too ends the job ([`Bulk::stop_on`]): what is under way is waited for, and what is
///   done is known.
/// - Dropping the future aborts what is under way; a [`Stop`] lets it end.
#[must_use = "nothing is done before run()"]
pub struct Bulk<S> {
    source: S,
    concurrency: usize,
    checkpoint: Checkpoint,
    stop: Stop,
    progress: Option<Box<dyn Watcher>>,
    fatal: Box<dyn Judge>,
}

/// How far a job is, to go on from there: items are counted from 0, in the order of their source, which has to be the same the next time.
///
/// It can be serialised, and is small: those that are open are the ones that failed or were under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Items from this one on have not been begun.
    next: u64,
    /// Items before it that are not done.
    open: BTreeSet<u64>,
}

/// One item that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure<T> {
    /// The place of the item in its source, from 0.
    pub index: u64,
    /// The item.
    pub item: T,
    /// Why it failed.
    pub error: Error,
}

/// What has become of a job.
#[derive(Clone, Debug)]
#[must_use = "items may have failed"]
#[non_exhaustive]
pub struct Report<T> {
    /// Items that are done.
    pub done: u64,
    /// Items that the checkpoint said were done before.
    pub skipped: u64,
    /// Items that failed, in the order in which they did.
    pub failures: Vec<Failure<T>>,
    /// Why the job ended before its items did.
    pub stopped: Option<Stopped>,
    /// From where to go on: with what failed, and with what has not been begun.
    pub checkpoint: Checkpoint,
}

/// Why a job ended before its items did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stopped {
    /// Every other item would have failed as this one, which is among the failures.
    Fatal(Error),
    /// The source of the items failed.
    Source(Error),
    /// [`Stop::stop`] was called.
    Asked,
}

/// How far a job is.
#[derive(Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// Items that are done.
    pub done: u64,
    /// Items that failed.
    pub failed: u64,
    /// Items that were done before.
    pub skipped: u64,
    /// Items that are under way.
    pub running: usize,
    next: u64,
    open: &'a BTreeSet<u64>,
}

impl Progress<'_> {
    /// From where to go on if the job ended here.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { next: self.next, open: self.open.clone() }
    }
}

/// Ends a job from outside: nothing new is begun, and what is under way ends.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<(AtomicBool, Mutex<Option<Waker>>)>);

impl Stop {
    /// One that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the job, or the jobs, that have it.
    pub fn stop(&self) {
        self.0.0.store(true, Ordering::Release);
        let waker = self.0.1.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_asked(&self, waker: &Waker) -> bool {
        *self.0.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
        self.0.0.load(Ordering::Acquire)
    }
}

/// An iterator, as a stream of items that never fail.
#[derive(Debug)]
pub struct Each<I>(I);

impl<I: Iterator + Unpin> Stream for Each<I> {
    type Item = Result<I::Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

impl<I: Iterator + Unpin> Bulk<Each<I>> {
    /// Over the items of an iterator.
    pub fn of(items: impl IntoIterator<IntoIter = I>) -> Self {
        Bulk::over(Each(items.into_iter()))
    }
}

impl<T, S: Stream<Item = Result<T, Error>>> Bulk<S> {
    /// Over the items of a stream, as [`Call::items`](crate::Call::items) gives one. They are read as they are needed.
    pub fn over(source: S) -> Self {
        Self {
            source,
            concurrency: 10,
            checkpoint: Checkpoint::default(),
            stop: Stop::new(),
            progress: None,
            fatal: Box::new(is_fatal),
        }
    }

    /// So many items at once. 10 by default, and at least 1.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// Goes on from where an earlier run ended: what failed or was under way then is done again, and what was done is skipped.
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        self.checkpoint = checkpoint;
        self
    }

    /// Called after each item.
    pub fn on_progress(mut self, hook: impl FnMut(&Progress<'_>) + MaybeSend + 'static) -> Self {
        self.progress = Some(Box::new(hook));
        self
    }

    /// Says with which errors every other item would fail too. By default: no token is to be had, the API refuses it (401) or its scopes,
    /// the client is set up wrong, or the server wants no request for more than a minute.
    pub fn stop_on(mut self, is_fatal: impl Fn(&Error) -> bool + MaybeSend + 'static) -> Self {
        self.fatal = Box::new(is_fatal);
        self
    }

    /// Ends the job when this is told to.
    pub fn stop(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Does the work for each item, and says what has become of it. Nothing is lost: each item is done, failed, skipped, or still to be
    /// done by the checkpoint.
    pub async fn run<F, Fut>(self, mut work: F) -> Report<T>
    where
        T: Clone,
        F: FnMut(T) -> Fut,
        Fut: Future<Output = Result<(), Error>>,
    {
        let Self {
            source,
            concurrency,
            checkpoint: Checkpoint { next: begun, open: again },
            stop,
            mut progress,
            fatal,
        } = self;
        let mut source = pin!(source);
        let mut open = again.clone();
        let mut running: Vec<Running<T, Fut>> = Vec::new();
        let mut report =
            Report { done: 0, skipped: 0, failures: Vec::new(), stopped: None, checkpoint: Checkpoint::default() };
        let (mut read, mut ended) = (0u64, false);
        poll_fn(|context| {
            loop {
                if report.stopped.is_none() && !ended && stop.is_asked(context.waker()) {
                    report.stopped = Some(Stopped::Asked);
                }
                let mut moved = false;
                let mut index = 0;
                while index < running.len() {
                    let Poll::Ready(result) = running[index].future.as_mut().poll(context) else {
                        index += 1;
                        continue;
                    };
                    moved = true;
                    let Running { index: number, item, .. } = running.swap_remove(index);
                    match result {
                        Ok(()) => {
                            report.done += 1;
                            open.remove(&number);
                        }
                        Err(error) => {
                            if report.stopped.is_none() && fatal.is_fatal(&error) {
                                report.stopped = Some(Stopped::Fatal(error.clone()));
                            }
                            report.failures.push(Failure { index: number, item, error });
                        }
                    }
                    if let Some(progress) = &mut progress {
                        progress.told(&Progress {
                            done: report.done,
                            failed: report.failures.len() as u64,
                            skipped: report.skipped,
                            running: running.len(),
                            next: read.max(begun),
                            open: &open,
                        });
                    }
                }
                while report.stopped.is_none() && !ended && running.len() < concurrency {
                    match source.as_mut().poll_next(context) {
                        Poll::Pending => break,
                        Poll::Ready(None) => ended = true,
                        Poll::Ready(Some(Err(error))) => report.stopped = Some(Stopped::Source(error)),
                        Poll::Ready(Some(Ok(item))) => {
                            let number = read;
                            read += 1;
                            if number < begun && !again.contains(&number) {
                                report.skipped += 1;
                                continue;
                            }
                            open.insert(number);
                            let future = Box::pin(work(item.clone()));
                            running.push(Running { index: number, item, future });
                            moved = true;
                        }
                    }
                }
                if running.is_empty() && (ended || report.stopped.is_some()) {
                    return Poll::Ready(());
                }
                if !moved {
                    return Poll::Pending;
                }
            }
        })
        .await;
        report.checkpoint = Checkpoint { next: read.max(begun), open };
        report
    }
}

struct Running<T, F> {
    index: u64,
    item: T,
    future: Pin<Box<F>>,
}

/// With these every other item would fail too.
fn is_fatal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Auth | ErrorKind::Config)
        || error.status() == Some(401)
        || error.missing_scope().is_some()
        || error.retry_after().is_some_and(|wait| wait > LONGEST)
}

impl<S> fmt::Debug for Bulk<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}
