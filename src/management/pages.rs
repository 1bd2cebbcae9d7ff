//! Lists, walked.

use super::call::{Call, Response, decode};
use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::http::Answer;
use crate::http::path::Query;
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::pagination::{CycleGuard, Facts, Paging};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// An answer that is a page of a list. Every model of such an answer is one, and so is [`Json`].
pub trait PageOf: Sized {
    /// What the list is of.
    type Item;

    /// Takes the items out.
    #[doc(hidden)]
    fn take_items(&mut self, key: &str) -> Option<Vec<Self::Item>>;

    /// What the page says of itself.
    #[doc(hidden)]
    fn facts(&self) -> PageFacts<'_>;

    /// The page, when it is untyped.
    #[doc(hidden)]
    fn as_json(&self) -> Option<&Json> {
        None
    }
}

/// What a typed page says of itself.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct PageFacts<'a> {
    pub count: Option<usize>,
    pub start: Option<i64>,
    pub limit: Option<i64>,
    pub total: Option<i64>,
    pub page: Option<i64>,
    pub per_page: Option<i64>,
    pub next: Option<&'a str>,
    pub cursor: Option<&'a str>,
}

impl PageFacts<'_> {
    /// As the walk needs them; `None` when the page has no items and does not say why.
    fn checked(&self) -> Option<Facts> {
        let count = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (next, total) = (text(self.next), count(self.total));
        let limit = count(self.limit.or(self.per_page));
        match self.count {
            Some(items) => {
                let start = count(self.start).or_else(|| Some(count(self.page)?.saturating_mul(limit?)));
                Some(Facts { count: items as u64, next: next.or_else(|| text(self.cursor)), total, start, limit })
            }
            None if total == Some(0) || next.is_some() => Some(Facts { count: 0, next, total, ..Facts::default() }),
            None => None,
        }
    }
}

impl PageOf for Json {
    type Item = Json;

    fn take_items(&mut self, key: &str) -> Option<Vec<Json>> {
        let items = match self {
            Json::Array(_) => self.take(),
            envelope => envelope.as_object_mut()?.remove(key)?,
        };
        match items {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    fn facts(&self) -> PageFacts<'_> {
        PageFacts::default()
    }

    fn as_json(&self) -> Option<&Json> {
        Some(self)
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T: PageOf = Json> {
    /// The items.
    pub items: Vec<T::Item>,
    /// Status, headers and what else the envelope says (`total`, `start`, `limit`, `next`); null for a bare array.
    pub response: Response<T>,
    /// True when the walk goes on after this page. Where it cannot, although the list has not ended (a cursor that comes
    /// again), what comes next is the error that says so.
    pub has_next: bool,
}

/// The pages of a list: a [`Stream`], and [`Pages::next`] for those who have no stream combinators at hand.
///
/// It starts at the page that the call asks for. After an error it is over.
#[must_use = "pages are requested when they are asked for"]
pub struct Pages<T: PageOf = Json> {
    state: State<T>,
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    core: std::sync::Arc<super::Core>,
}

enum State<T: PageOf> {
    Waiting(Box<Walk<T>>),
    Asking(BoxFuture<'static, Step<T>>),
    Over,
}

/// What is left of the walk, and the page.
type Step<T> = (Option<Box<Walk<T>>>, Result<Page<T>, Error>);

struct Walk<T> {
    call: Call<T>,
    query: Query,
    guard: CycleGuard,
    /// Why there is no page after the last one although the list has not ended.
    barred: Option<Error>,
}

/// What comes after a page: the parameter that changes, the end, or the reason why neither is known.
type Next = Result<Option<(&'static str, String)>, Error>;

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Pages<T> {
    pub(crate) fn new(call: Call<T>) -> Self {
        let query = call.query.clone();
        Self {
            #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
            core: call.core.clone(),
            state: State::Waiting(Box::new(Walk { call, query, guard: CycleGuard::default(), barred: None })),
        }
    }

    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn core(&self) -> std::sync::Arc<super::Core> {
        self.core.clone()
    }

    /// The next page; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Page<T>, Error>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Waiting(walk) => self.state = State::Asking(Box::pin(walk.step())),
                State::Asking(mut future) => match future.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = State::Asking(future);
                        return Poll::Pending;
                    }
                    Poll::Ready((walk, page)) => {
                        self.state = walk.map_or(State::Over, State::Waiting);
                        return Poll::Ready(Some(page));
                    }
                },
            }
        }
    }
}

impl<T: PageOf + DeserializeOwned> Walk<T> {
    async fn step(mut self: Box<Self>) -> Step<T> {
        let error = match self.barred.take() {
            Some(error) => error,
            None => match self.ask().await {
                Ok((page, Ok(None))) => return (None, Ok(page)),
                Ok((page, Ok(Some((key, value))))) => {
                    self.query.set(key, value);
                    return (Some(self), Ok(page));
                }
                Ok((page, Err(error))) => {
                    self.barred = Some(error);
                    return (Some(self), Ok(page));
                }
                Err(error) => error,
            },
        };
        let error = match &self.call.operation {
            Ok(operation) => error.with_operation(operation.id),
            Err(_) => error,
        };
        (None, Err(error))
    }

    async fn ask(&mut self) -> Result<(Page<T>, Next), Error> {
        let operation = *self.call.operation.as_ref().map_err(Clone::clone)?;
        let Some(paging) = operation.paging else {
            return Err(Error::new(ErrorKind::Request, "this operation is not a list that has pages"));
        };
        paging.prepare(&mut self.query)?;
        let answer = self.call.send(self.query.clone()).await?;
        let mut data: T = decode(&answer, false)?;
        let facts = facts(&paging, &data, &answer)?;
        let next = paging.next(&self.query, &facts, &mut self.guard);
        let items = data.take_items(paging.items).unwrap_or_default();
        let response = Response { status: answer.status, headers: answer.headers, data, attempts: answer.attempts };
        let has_next = !matches!(next, Ok(None));
        Ok((Page { items, response, has_next }, next))
    }
}

fn facts<T: PageOf>(paging: &Paging<'_>, page: &T, answer: &Answer) -> Result<Facts, Error> {
    let untyped = |page: &Json| {
        paging.facts(page).map_err(|error| {
            answer.decode_error(error.message().to_owned()).with_path(error.path().unwrap_or_default().to_owned())
        })
    };
    match page.as_json() {
        Some(page) => untyped(page),
        None => match page.facts().checked() {
            Some(facts) => Ok(facts),
            // An envelope without items: only its text tells `next: null` from garbage.
            None => untyped(&decode(answer, false)?),
        },
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<T: PageOf> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

/// The items of a list, over all its pages: a [`Stream`], and [`Items::next`]. A page is requested when the one before it
/// is used up.
#[must_use = "items are requested when they are asked for"]
pub struct Items<T: PageOf = Json> {
    pages: Pages<T>,
    items: VecDeque<T::Item>,
}

// Nothing in it is pinned to its place: the one future is boxed.
impl<T: PageOf> Unpin for Pages<T> {}
impl<T: PageOf> Unpin for Items<T> {}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Items<T> {
    pub(crate) fn new(pages: Pages<T>) -> Self {
        Self { pages, items: VecDeque::new() }
    }

    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn core(&self) -> std::sync::Arc<super::Core> {
        self.pages.core()
    }

    /// The next item; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T::Item, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T::Item, Error>>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.pages.poll(context)) {
                Some(Ok(page)) => self.items = page.items.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Stream for Items<T> {
    type Item = Result<T::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<T: PageOf> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("at_hand", &self.items.len()).finish_non_exhaustive()
    }
}
