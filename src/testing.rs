//! For tests of programs that use this crate: a transport that answers from a script, and a clock that is moved by hand.
//!
//! ```
//! use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport};
//! use auth0_sdk::{Host, ManagementClient};
//!
//! # fn main() -> Result<(), auth0_sdk::Error> {
//! let transport = ScriptedTransport::new([Reply::status(503), Reply::json(200, r#"{"name":"Jo"}"#)]);
//! let timer = ManualTimer::skipping();
//! let host = auth0_sdk::testing::host(transport.clone(), timer.clone());
//! let auth0 = ManagementClient::builder("tenant.us.auth0.com").token("t").host(host).build()?;
//! let call = auth0.operation("users.get").path("auth0|1");
//! let user = auth0_sdk::testing::block_on(async move { call.await })?;
//! assert_eq!(user["name"], "Jo");
//! assert_eq!(transport.requests().len(), 2);
//! # Ok(())
//! # }
//! ```

use crate::error::Error;
use crate::host::{Crypto, Host, Timer, Transport, TransportError};
use crate::http::{ByteStream, Headers, HttpBody, HttpRequest, HttpResponse};
use crate::maybe_send::BoxFuture;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a [`ScriptedTransport`] does with one request.
#[derive(Debug)]
pub struct Reply(Kind);

#[derive(Debug)]
enum Kind {
    Answer { status: u16, headers: Headers, pieces: Vec<Vec<u8>>, end: End },
    Fail(TransportError),
    Hang,
}

#[derive(Debug)]
enum End {
    Complete,
    Break,
    Hang,
}

impl Reply {
    /// An answer with a status and no body.
    pub fn status(status: u16) -> Self {
        Self(Kind::Answer { status, headers: Headers::new(), pieces: Vec::new(), end: End::Complete })
    }

    /// An answer with a JSON body.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::status(status).header("content-type", "application/json").body(body.into())
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Kind::Answer { headers, .. } = &mut self.0 {
            headers.append(name, value);
        }
        self
    }

    /// Adds a piece to the body.
    pub fn body(mut self, piece: impl Into<Vec<u8>>) -> Self {
        if let Kind::Answer { pieces, .. } = &mut self.0 {
            pieces.push(piece.into());
        }
        self
    }

    /// The connection breaks after the body that was added so far.
    pub fn then_breaks(mut self) -> Self {
        if let Kind::Answer { end, .. } = &mut self.0 {
            *end = End::Break;
        }
        self
    }

    /// Nothing more comes after the body that was added so far, and the connection stays open.
    pub fn then_hangs(mut self) -> Self {
        if let Kind::Answer { end, .. } = &mut self.0 {
            *end = End::Hang;
        }
        self
    }

    /// No answer: the exchange fails.
    pub fn fail(error: TransportError) -> Self {
        Self(Kind::Fail(error))
    }

    /// No answer, and no end.
    pub fn hang() -> Self {
        Self(Kind::Hang)
    }
}

/// What a [`ScriptedTransport`] was asked to send.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// The method: `GET`.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The headers.
    pub headers: Headers,
    /// The body; `None` for none.
    pub body: Option<Vec<u8>>,
}

impl Recorded {
    /// The body as text; empty for none.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).into_owned()
    }
}

/// Answers requests from a list, in order, and remembers them. A request beyond the list fails without being sent.
#[derive(Clone, Debug, Default)]
pub struct ScriptedTransport(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Reply>,
    requests: Vec<Recorded>,
    open: usize,
}

impl ScriptedTransport {
    /// A transport with these replies.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let transport = Self::default();
        lock(&transport.0).replies.extend(replies);
        transport
    }

    /// Adds a reply at the end.
    pub fn push(&self, reply: Reply) {
        lock(&self.0).replies.push_back(reply);
    }

    /// What was sent so far.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.0).requests.clone()
    }

    /// How many exchanges are under way: neither answered to the end nor dropped.
    pub fn open(&self) -> usize {
        lock(&self.0).open
    }

    fn begin(&self) -> Open {
        lock(&self.0).open += 1;
        Open(self.clone())
    }
}

/// An exchange that is under way.
struct Open(ScriptedTransport);

impl Drop for Open {
    fn drop(&mut self) {
        lock(&self.0.0).open -= 1;
    }
}

impl Transport for ScriptedTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let open = self.begin();
            let reply = {
                let mut script = lock(&self.0);
                script.requests.push(Recorded {
                    method: request.method.as_str(),
                    url: request.url,
                    headers: request.headers,
                    body: match request.body {
                        crate::http::RequestBody::Bytes(bytes) => Some(bytes.to_vec()),
                        _ => None,
                    },
                });
                script.replies.pop_front()
            };
            match reply.map(|reply| reply.0) {
                Some(Kind::Answer { status, headers, pieces, end }) => {
                    let body = HttpBody::from_stream(Pieces { pieces: pieces.into(), end, _open: open });
                    Ok(HttpResponse { status, headers, body })
                }
                Some(Kind::Fail(error)) => Err(error),
                Some(Kind::Hang) => std::future::pending().await,
                None => Err(TransportError::not_sent("the script has no reply for this request")),
            }
        })
    }
}

struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    end: End,
    _open: Open,
}

impl ByteStream for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            match (self.pieces.pop_front(), &self.end) {
                (Some(piece), _) => Ok(Some(piece)),
                (None, End::Complete) => Ok(None),
                (None, End::Break) => Err(TransportError::maybe_sent("the connection broke while the body was read")),
                (None, End::Hang) => std::future::pending().await,
            }
        })
    }
}

/// A clock that no time passes on by itself.
#[derive(Clone, Debug)]
pub struct ManualTimer(Arc<Mutex<Clock>>);

#[derive(Debug)]
struct Clock {
    now: Duration,
    skips: bool,
    slept: Vec<Duration>,
    sleepers: Vec<Waker>,
}

impl ManualTimer {
    fn with(skips: bool) -> Self {
        // 2026-01-01T00:00:00Z
        let clock = Clock { now: Duration::from_secs(1_767_225_600), skips, slept: Vec::new(), sleepers: Vec::new() };
        Self(Arc::new(Mutex::new(clock)))
    }

    /// A clock that only [`ManualTimer::advance`] moves.
    pub fn new() -> Self {
        Self::with(false)
    }

    /// A clock that jumps to the end of a wait as soon as something waits for it: what hangs times out at once, and a
    /// retry comes without delay.
    pub fn skipping() -> Self {
        Self::with(true)
    }

    /// Moves the clock and wakes those whose time has come.
    pub fn advance(&self, duration: Duration) {
        let sleepers = {
            let mut clock = lock(&self.0);
            clock.now = clock.now.saturating_add(duration);
            std::mem::take(&mut clock.sleepers)
        };
        sleepers.into_iter().for_each(Waker::wake);
    }

    /// The waits that ended, in order; those that were dropped before are not among them.
    pub fn slept(&self) -> Vec<Duration> {
        lock(&self.0).slept.clone()
    }
}

impl Default for ManualTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer for ManualTimer {
    fn now(&self) -> Duration {
        lock(&self.0).now
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let until = self.now().saturating_add(duration);
        Box::pin(poll_fn(move |context| {
            let mut clock = lock(&self.0);
            if clock.skips {
                clock.now = clock.now.max(until);
            }
            if clock.now >= until {
                clock.slept.push(duration);
                return Poll::Ready(());
            }
            clock.sleepers.push(context.waker().clone());
            Poll::Pending
        }))
    }
}

/// Randomness that is always the same byte, and no digests: what retries need to be predictable.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedRandom(pub u8);

impl Crypto for FixedRandom {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        out.fill(self.0);
        Ok(())
    }

    fn digest<'a>(&'a self, _: crate::Hash, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async { Err(Error::new(crate::ErrorKind::Config, "the test host has no digests")) })
    }
}

/// A host for tests, without jitter.
pub fn host(transport: impl Transport + 'static, timer: ManualTimer) -> Host {
    Host::new(transport, timer, FixedRandom(0))
}

/// Runs a future that needs no runtime: one over a scripted transport and a manual timer. It polls again whenever it is
/// woken.
///
/// # Panics
/// When the future waits for something that nothing will wake.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match poll_until_stuck(future.as_mut()) {
        Poll::Ready(value) => value,
        #[allow(clippy::panic, reason = "a test that hangs is worse than one that fails")]
        Poll::Pending => panic!("the future waits for something that nothing will wake"),
    }
}

/// Polls a future as long as it is woken, and says whether it is done.
pub fn poll_until_stuck<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    struct Flag(Mutex<bool>);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            *lock(&self.0) = true;
        }
    }
    let flag = Arc::new(Flag(Mutex::new(true)));
    let waker = Waker::from(flag.clone());
    while std::mem::take(&mut *lock(&flag.0)) {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Poll::Ready(value);
        }
    }
    Poll::Pending
}
