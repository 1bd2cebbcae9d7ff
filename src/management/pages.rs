//! Lists, walked.

use super::call::{Call, Response, decode};
use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::http::path::Query;
use crate::maybe_send::BoxFuture;
use crate::pagination::CycleGuard;
use futures_core::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The items.
    pub items: Vec<Json>,
    /// Status, headers and what else the envelope says (`total`, `start`, `limit`, `next`); null for a bare array.
    pub response: Response<Json>,
    /// True when the walk goes on after this page.
    pub has_next: bool,
}

/// The pages of a list: a [`Stream`], and [`Pages::next`] for those who have no stream combinators at hand.
///
/// It starts at the page that the call asks for. After an error it is over.
#[must_use = "pages are requested when they are asked for"]
pub struct Pages(State);

enum State {
    Waiting(Box<Walk>),
    Asking(BoxFuture<'static, (Option<Box<Walk>>, Result<Page, Error>)>),
    Over,
}

struct Walk {
    call: Call,
    query: Query,
    guard: CycleGuard,
}

impl Pages {
    pub(crate) fn new(call: Call) -> Self {
        let query = call.query.clone();
        Self(State::Waiting(Box::new(Walk { call, query, guard: CycleGuard::default() })))
    }

    /// The next page; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Page, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Walk {
    async fn step(mut self: Box<Self>) -> (Option<Box<Self>>, Result<Page, Error>) {
        match self.ask().await {
            Ok((page, Some((key, value)))) => {
                self.query.set(key, value);
                (Some(self), Ok(page))
            }
            Ok((page, None)) => (None, Ok(page)),
            Err(error) => {
                let error = match &self.call.operation {
                    Ok(operation) => error.with_operation(operation.id),
                    Err(_) => error,
                };
                (None, Err(error))
            }
        }
    }

    async fn ask(&mut self) -> Result<(Page, Option<(&'static str, String)>), Error> {
        let operation = *self.call.operation.as_ref().map_err(Clone::clone)?;
        let Some(paging) = operation.paging else {
            return Err(Error::new(ErrorKind::Request, "this operation is not a list that has pages"));
        };
        paging.prepare(&mut self.query)?;
        let answer = self.call.send(self.query.clone()).await?;
        let mut data: Json = decode(&answer)?;
        let facts = paging.facts(&&data).map_err(|error| {
            answer.decode_error(error.message().to_owned()).with_path(error.path().unwrap_or_default().to_owned())
        })?;
        let next = paging.next(&self.query, &facts, &mut self.guard)?;
        let items = match &mut data {
            Json::Array(_) => data.take(),
            envelope => envelope.as_object_mut().and_then(|members| members.remove(paging.items)).unwrap_or_default(),
        };
        let items = match items {
            Json::Array(items) => items,
            _ => Vec::new(),
        };
        let response = Response { status: answer.status, headers: answer.headers, data, attempts: answer.attempts };
        Ok((Page { items, response, has_next: next.is_some() }, next))
    }
}

impl Stream for Pages {
    type Item = Result<Page, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.0, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Waiting(walk) => self.0 = State::Asking(Box::pin(walk.step())),
                State::Asking(mut future) => match future.as_mut().poll(context) {
                    Poll::Pending => {
                        self.0 = State::Asking(future);
                        return Poll::Pending;
                    }
                    Poll::Ready((walk, page)) => {
                        self.0 = walk.map_or(State::Over, State::Waiting);
                        return Poll::Ready(Some(page));
                    }
                },
            }
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pages")
    }
}

/// The items of a list, over all its pages: a [`Stream`], and [`Items::next`]. A page is requested when the one before it
/// is used up.
#[derive(Debug)]
#[must_use = "items are requested when they are asked for"]
pub struct Items {
    pages: Pages,
    items: VecDeque<Json>,
}

impl Items {
    pub(crate) fn new(pages: Pages) -> Self {
        Self { pages, items: VecDeque::new() }
    }

    /// The next item; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Json, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Items {
    type Item = Result<Json, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                Some(Ok(page)) => self.items = page.items.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
