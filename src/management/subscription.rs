//! `events.subscribe`: a stream of events that goes on where it broke off.

use super::call::Call;
use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::http::path::Query;
use crate::http::{HttpBody, Payload};
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::sse::{Event, Parser};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long to wait before the stream is opened again, unless the server says otherwise.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest such wait, whatever the server says.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often in a row the stream may be opened without bringing an event.
const EMPTY_STREAMS: u32 = 5;

/// An event, and where it stands in the stream.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received<T> {
    /// The event. One of a type that this version does not know is the union's `Unknown`.
    pub event: T,
    /// The stream's name for it; empty when it has none.
    pub name: String,
    /// Where to go on after it: what `from` takes.
    pub offset: Option<String>,
}

/// Events as they come: a [`Stream`], and [`Subscription::next`].
///
/// When the connection breaks, or the server closes it, the stream is opened again behind the last event. It ends with an
/// error when the API refuses, or when five streams in a row bring nothing. An event that cannot be read is an error too,
/// and the stream goes on after it.
#[must_use = "nothing is requested before an event is asked for"]
pub struct Subscription<T> {
    state: State<T>,
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    core: std::sync::Arc<super::Core>,
}

enum State<T> {
    Waiting(Box<Source<T>>),
    Asking(BoxFuture<'static, Step<T>>),
    Over,
}

type Step<T> = (Option<Box<Source<T>>>, Option<Result<Received<T>, Error>>);

struct Source<T> {
    call: Call<T>,
    query: Query,
    body: Option<HttpBody>,
    parser: Parser,
    ready: VecDeque<Event>,
    empty: u32,
    opened: bool,
}

impl<T, P> Call<T, P> {
    /// Opens a stream of events, for the operation that answers with one.
    pub fn events(self) -> Subscription<T> {
        let call: Call<T> = self.retyped();
        let query = call.query.clone();
        Subscription {
            #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
            core: call.core.clone(),
            state: State::Waiting(Box::new(Source {
                call,
                query,
                body: None,
                parser: Parser::default(),
                ready: VecDeque::new(),
                empty: 0,
                opened: false,
            })),
        }
    }
}

impl<T: DeserializeOwned> Source<T> {
    async fn step(mut self: Box<Self>) -> Step<T> {
        match self.receive().await {
            Ok(event) => {
                let received = self.read(event);
                (Some(self), Some(received))
            }
            Err(error) => (None, Some(Err(error))),
        }
    }

    /// The next event of this stream, or of one that is opened again.
    async fn receive(&mut self) -> Result<Event, Error> {
        let operation = *self.call.operation.as_ref().map_err(Clone::clone)?;
        if !operation.is_event_stream() {
            let message = "this operation does not answer with a stream of events";
            return Err(Error::new(ErrorKind::Request, message).with_operation(operation.id));
        }
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.empty = 0;
                return Ok(event);
            }
            let Some(body) = &mut self.body else {
                if std::mem::replace(&mut self.opened, true) {
                    let pause = self.parser.retry.map_or(PAUSE, Duration::from_millis).min(LONGEST_PAUSE);
                    self.call.core.host.timer.sleep(pause).await;
                }
                let answer = self.call.send(self.query.clone()).await?;
                let retry = self.parser.retry;
                self.parser = Parser::default();
                self.parser.retry = retry;
                self.body = match answer.payload {
                    Payload::Unread(body) => Some(body),
                    Payload::Bytes(bytes) => Some(HttpBody::from_bytes(bytes)),
                    _ => Some(HttpBody::from_bytes(Vec::new())),
                };
                continue;
            };
            match body.next().await {
                Ok(Some(piece)) => match self.parser.push(&piece) {
                    Some(events) => self.ready.extend(events),
                    None => {
                        let message = "an event of the stream does not end within 16 MiB";
                        return Err(Error::new(ErrorKind::Decode, message).with_operation(operation.id));
                    }
                },
                ended => {
                    self.body = None;
                    // What a connection that broke has left is half of an event; a server that closed has sent it all.
                    self.ready.extend(self.parser.finish().filter(|_| ended.is_ok()));
                    if !self.ready.is_empty() {
                        continue;
                    }
                    self.empty += 1;
                    if self.empty >= EMPTY_STREAMS {
                        let error = match ended {
                            Err(error) => error.into_error(),
                            Ok(_) => Error::new(ErrorKind::Transport, "the server closes the stream"),
                        };
                        return Err(error
                            .with_hint("five streams in a row brought nothing")
                            .with_operation(operation.id));
                    }
                }
            }
        }
    }

    fn read(&mut self, event: Event) -> Result<Received<T>, Error> {
        let parsed: Option<Json> = serde_json::from_str(&event.data).ok();
        let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_owned);
        let offset = parsed.as_ref().and_then(|value| {
            text(value.get("offset")).or_else(|| text(value.get("error").and_then(|error| error.get("offset"))))
        });
        let offset = offset.or_else(|| event.id.clone()).filter(|offset| !offset.is_empty());
        if let Some(offset) = &offset {
            self.query.remove("from_timestamp");
            self.query.set("from", offset.as_str());
        }
        let id = self.call.operation.as_ref().map_or("", |operation| operation.id);
        match serde_json::from_str(&event.data) {
            Ok(read) => Ok(Received { event: read, name: event.name, offset }),
            Err(error) => {
                let path = crate::json_path::at(event.data.as_bytes(), error.line(), error.column());
                let message = format!("an event is not the JSON expected: {error}");
                Err(Error::new(ErrorKind::Decode, message)
                    .with_path(path)
                    .with_body(Some(crate::http::ErrorBody::whole(event.data.as_bytes())))
                    .with_source(error)
                    .with_operation(id))
            }
        }
    }
}

impl<T: DeserializeOwned + MaybeSend + 'static> Subscription<T> {
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn core(&self) -> std::sync::Arc<super::Core> {
        self.core.clone()
    }

    /// The next event; `None` after the error that ended the stream.
    pub async fn next(&mut self) -> Option<Result<Received<T>, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Received<T>, Error>>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Over => return Poll::Ready(None),
                State::Waiting(source) => self.state = State::Asking(Box::pin(source.step())),
                State::Asking(mut future) => match future.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = State::Asking(future);
                        return Poll::Pending;
                    }
                    Poll::Ready((source, event)) => {
                        self.state = source.map_or(State::Over, State::Waiting);
                        return Poll::Ready(event);
                    }
                },
            }
        }
    }
}

// Nothing in it is pinned to its place: the one future is boxed.
impl<T> Unpin for Subscription<T> {}

impl<T: DeserializeOwned + MaybeSend + 'static> Stream for Subscription<T> {
    type Item = Result<Received<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}
