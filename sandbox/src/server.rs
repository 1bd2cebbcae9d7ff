//! The socket: reads requests, waits, cuts and drips as faults say, writes answers.

use crate::clock::wait;
use crate::error::ApiError;
use crate::events::{Cursor, HEARTBEAT_MS};
use crate::exchange::{Done, refused};
use crate::faults::Fault;
use crate::message::{Answer, Request};
use crate::tenant::Tenant;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::serve::{IncomingStream, Listener};
use bytes::Bytes;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Longer request bodies are refused, in bytes.
const LONGEST_REQUEST: usize = 64 << 20;

/// A slow body comes in at most this many pieces.
const PIECES: usize = 8;

/// How long a truncated answer waits before it closes, so that what was sent leaves the machine: in milliseconds.
const BEFORE_CLOSING_MS: u64 = 30;

/// Serves until `stop` is done; answers that are on their way are finished.
pub(crate) async fn serve(
    listener: TcpListener,
    tenant: Arc<Tenant>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router: Router = Router::new().fallback(exchange).with_state(Arc::clone(&tenant));
    let stop = async move {
        stop.await;
        // Streams have no end of their own.
        tenant.bell.close();
    };
    let service = router.into_make_service_with_connect_info::<Line>();
    axum::serve(Doors(listener), service).with_graceful_shutdown(stop).await
}

async fn exchange(
    State(tenant): State<Arc<Tenant>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: axum::extract::Request,
) -> Response<Body> {
    let request = match read(request).await {
        Ok(request) => request,
        Err(error) => return plain(refused(&error)),
    };
    let begun = tenant.begin(request);
    wait(begun.delay_ms()).await;
    let streaming = Arc::clone(&tenant);
    let done = if begun.is_control() {
        // Seeding takes a while: it must not hold up the thread that other connections are served on.
        let done = tokio::task::spawn_blocking(move || tenant.complete(begun)).await;
        done.unwrap_or_else(|error| Done::Answer(refused(&ApiError::internal(error)), None))
    } else {
        tenant.complete(begun)
    };
    match done {
        Done::Answer(mut answer, None) => match answer.follow.take() {
            Some(cursor) => followed(answer, streaming, *cursor),
            None => plain(answer),
        },
        Done::Answer(answer, Some(fault)) => faulty(answer, &fault),
        Done::Cut => {
            line.cut();
            plain(Answer::empty(500))
        }
    }
}

async fn read(request: axum::extract::Request) -> Result<Request, ApiError> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LONGEST_REQUEST)
        .await
        .map_err(|error| ApiError::plain(413, format!("The body could not be read: {error}")))?;
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    })
}

fn plain(mut answer: Answer) -> Response<Body> {
    let body = Body::from(std::mem::take(&mut answer.body));
    response(answer, body)
}

fn response(answer: Answer, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// An answer whose body comes slowly or not to its end.
fn faulty(mut answer: Answer, fault: &Fault) -> Response<Body> {
    let body = Bytes::from(std::mem::take(&mut answer.body));
    if fault.truncate.is_none() && fault.body_delay_ms == 0 {
        return response(answer, Body::from(body));
    }
    answer.set("content-length", body.len().to_string());
    let end = fault.truncate.map_or(body.len(), |bytes| usize::try_from(bytes).unwrap_or(usize::MAX).min(body.len()));
    let (truncated, delay_ms) = (end < body.len(), fault.body_delay_ms);
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let pieces = if delay_ms > 0 { PIECES.min(end.max(1)) } else { 1 };
        for number in 0..pieces {
            wait(delay_ms / pieces as u64).await;
            let piece = body.slice(end * number / pieces..end * (number + 1) / pieces);
            if !piece.is_empty() && sender.send(Ok(piece)).await.is_err() {
                return;
            }
        }
        if truncated {
            wait(BEFORE_CLOSING_MS).await;
            // Nobody to tell is as good as told.
            sender.send(Err(io::Error::other("a fault closes the connection here"))).await.ok();
        }
    });
    response(answer, Body::from_stream(Pieces(receiver)))
}

/// A stream of events: what there is, then what happens, until the client goes or the sandbox stops.
fn followed(mut answer: Answer, tenant: Arc<Tenant>, mut cursor: Cursor) -> Response<Body> {
    let (sender, receiver) = mpsc::channel(1);
    let first = Bytes::from(std::mem::take(&mut answer.body));
    let mut bell = tenant.bell.listen();
    tokio::spawn(async move {
        let (mut next, mut told_ms) = (first, tenant.clock.now_ms());
        loop {
            if !next.is_empty() && sender.send(Ok(next)).await.is_err() || *bell.borrow_and_update() {
                return;
            }
            // Whatever it is that ends the waiting: there is something to tell, or there is not.
            tokio::select! {
                rung = bell.changed() => if rung.is_err() { return },
                () = wait(HEARTBEAT_MS.unsigned_abs()) => {}
                () = sender.closed() => return,
            }
            let (mut text, now_ms) = (tenant.events(&mut cursor), tenant.clock.now_ms());
            if text.is_empty() && now_ms - told_ms >= HEARTBEAT_MS {
                text = cursor.heartbeat();
            }
            if !text.is_empty() {
                told_ms = now_ms;
            }
            next = Bytes::from(text);
        }
    });
    response(answer, Body::from_stream(Pieces(receiver)))
}

struct Pieces(mpsc::Receiver<io::Result<Bytes>>);

impl futures_core::Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// A connection, as a handler sees it.
#[derive(Clone, Debug)]
struct Line(Arc<AtomicBool>);

impl Line {
    /// Lets the next write fail and reset the connection.
    fn cut(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Doors>> for Line {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        Self(Arc::clone(&stream.io().cut))
    }
}

/// The listener, whose connections can be cut.
struct Doors(TcpListener);

impl Listener for Doors {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for an acknowledgement.
        stream.set_nodelay(true).ok();
        (Wire { stream, cut: Arc::default() }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A connection that can be cut before it is written to.
struct Wire {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if !self.cut.load(Ordering::Relaxed) {
            return Ok(());
        }
        // With no lingering, closing sends a reset.
        self.stream.set_zero_linger()?;
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
