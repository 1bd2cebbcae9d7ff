//! What the core needs of the place it runs in: four small traits, and [`Host`], which bundles them.
//!
//! A backend moves bytes, tells the time, draws random bytes or keeps a token, and decides nothing: timeouts, retries,
//! redirects and errors are the exchange's.

mod budget;
#[cfg(target_arch = "wasm32")]
mod fetch;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod files;
#[cfg(target_arch = "wasm32")]
mod js_timer;
pub(crate) mod key;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native_crypto;
#[cfg(all(feature = "redis", not(target_arch = "wasm32")))]
mod redis;
mod shared;
mod store;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod tls;
#[cfg(target_arch = "wasm32")]
mod web_crypto;
#[cfg(all(feature = "workers", target_arch = "wasm32"))]
mod workers;

pub use budget::Budget;
#[cfg(target_arch = "wasm32")]
pub use fetch::FetchTransport;
#[cfg(target_arch = "wasm32")]
pub(crate) use fetch::describe;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use files::Files;
#[cfg(target_arch = "wasm32")]
pub use js_timer::JsTimer;
pub use key::{Key, KeyMaterial, KeyUsage};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use native::{ReqwestTransport, TokioTimer};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use native_crypto::NativeCrypto;
#[cfg(all(feature = "redis", not(target_arch = "wasm32")))]
pub use redis::Redis;
pub use shared::{Kept, KeyValue, Lease, SharedStore};
pub use store::{MemoryStore, StoredToken, TokenStore};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use tls::Tls;
#[cfg(target_arch = "wasm32")]
pub use web_crypto::WebCrypto;
#[cfg(all(feature = "workers", target_arch = "wasm32"))]
pub use workers::{WorkersKv, WorkersObject};

use crate::error::{Error, ErrorKind};
use crate::http::{HttpRequest, HttpResponse};
use crate::jose::{Algorithm, Hash};
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::observe::Hooks;
use crate::pace::Limiter;
use crate::token::Flights;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Makes one exchange: sends a request as it is, answers with status, headers and a body that is still unread.
///
/// No policy: no timeout, no retry, and above all **no redirect**, since the exchange decides what may go to another
/// place. Dropping the future, or the body, ends the exchange.
///
/// A closure is a transport:
///
/// ```
/// use auth0_sdk::{Headers, HttpRequest, HttpResponse, Transport};
///
/// let transport = |request: HttpRequest| async move {
///     assert!(request.url.starts_with("https://"));
///     Ok(HttpResponse::new(200, Headers::new(), "{}"))
/// };
/// fn takes(_: impl Transport) {}
/// takes(transport);
/// ```
pub trait Transport: MaybeSend + MaybeSync {
    /// Sends the request.
    ///
    /// # Errors
    /// When there is no answer; the error says whether the server may have seen the request.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>>;
}

impl<F, Fut> Transport for F
where
    F: Fn(HttpRequest) -> Fut + MaybeSend + MaybeSync,
    Fut: Future<Output = Result<HttpResponse, TransportError>> + MaybeSend + 'static,
{
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(self(request))
    }
}

/// Why an exchange failed.
#[derive(Clone)]
pub struct TransportError {
    message: String,
    sent: bool,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    fn new(message: String, sent: bool) -> Self {
        Self { message, sent, source: None }
    }

    /// The request did not reach the server: the name did not resolve, the connection was refused. Always retried.
    pub fn not_sent(message: impl Into<String>) -> Self {
        Self::new(message.into(), false)
    }

    /// The server may have seen the request. Retried only when repeating it does no harm.
    pub fn maybe_sent(message: impl Into<String>) -> Self {
        Self::new(message.into(), true)
    }

    /// Adds what caused the failure.
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// True when the server may have seen the request.
    pub fn may_have_been_sent(&self) -> bool {
        self.sent
    }

    /// From what a runtime of JavaScript says: the message of what was thrown, and the code that Node, Deno and Bun give it.
    /// Browsers give none; they are taken to have sent.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn of_javascript(message: &str, code: &str) -> Self {
        let never_sent = matches!(
            code,
            "ECONNREFUSED"
                | "ENOTFOUND"
                | "EAI_AGAIN"
                | "EHOSTUNREACH"
                | "ENETUNREACH"
                | "UND_ERR_CONNECT_TIMEOUT"
                | "ConnectionRefused"
        );
        Self::new(message.to_owned(), !never_sent)
    }

    pub(crate) fn into_error(self) -> Error {
        Error::new(ErrorKind::Transport, self.message).sent(self.sent).with_shared_source(self.source)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("message", &self.message)
            .field("sent", &self.sent)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// The clock, and waiting.
pub trait Timer: MaybeSend + MaybeSync {
    /// The time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Completes after a time. Dropping the future cancels the wait.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// Randomness, digests, signatures. Asynchronous, because WebCrypto is.
///
/// There is no algorithm here that the core wants and does not name: a provider does what it is asked, with the one
/// algorithm that a key was taken in for, and decides nothing. One that has no keys (a test's, say) writes `random` and
/// `digest` alone.
pub trait Crypto: MaybeSend + MaybeSync {
    /// Fills a buffer with bytes from the system's cryptographic random source.
    ///
    /// # Errors
    /// When the system has none.
    fn random(&self, out: &mut [u8]) -> Result<(), Error>;

    /// A digest (FIPS 180-4).
    ///
    /// # Errors
    /// When the platform refuses, as a browser does outside a secure context.
    fn digest<'a>(&'a self, hash: Hash, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>>;

    /// The SHA-256 digest.
    ///
    /// # Errors
    /// As for [`Crypto::digest`].
    fn sha256<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<[u8; 32], Error>> {
        Box::pin(async move {
            let made = self.digest(Hash::Sha256, data).await?;
            made.try_into().map_err(|_| Error::new(ErrorKind::Internal, "a SHA-256 digest has another length"))
        })
    }

    /// Takes a key in, for one algorithm and one use.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`]: `key_unsuitable` for a key that is not one for the algorithm,
    /// `algorithm_unsupported` where the platform lacks it.
    fn import_key<'a>(
        &'a self,
        material: KeyMaterial<'a>,
        algorithm: Algorithm,
        usage: KeyUsage,
    ) -> BoxFuture<'a, Result<Key, Error>> {
        let _ = (material, usage);
        Box::pin(async move { Err(key::unsupported(algorithm, "this host has no keys")) })
    }

    /// Makes a key pair, to sign with.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], `algorithm_unsupported`, where the platform lacks it.
    fn generate_key(&self, algorithm: Algorithm) -> BoxFuture<'_, Result<Key, Error>> {
        Box::pin(async move { Err(key::unsupported(algorithm, "this host has no keys")) })
    }

    /// Signs, with the key's algorithm, in the form that JWS wants (ECDSA: r and s, RFC 7518, section 3.4).
    ///
    /// # Errors
    /// When the key is not one to sign with, or of another provider.
    fn sign<'a>(&'a self, key: &'a Key, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let _ = data;
        Box::pin(async move { Err(key::unsupported(key.algorithm(), "this host has no keys")) })
    }

    /// True when the signature is right, by the key's algorithm.
    ///
    /// # Errors
    /// When the key is not one to verify with, or of another provider.
    fn verify<'a>(&'a self, key: &'a Key, data: &'a [u8], signature: &'a [u8]) -> BoxFuture<'a, Result<bool, Error>> {
        let _ = (data, signature);
        Box::pin(async move { Err(key::unsupported(key.algorithm(), "this host has no keys")) })
    }

    /// Encrypts with AES-256-GCM (NIST SP 800-38D): the ciphertext, then the tag of 16 bytes. A nonce must never come twice with
    /// one key. `data` is authenticated and not encrypted.
    ///
    /// # Errors
    /// When the platform refuses; by default [`ErrorKind::Config`], for a host that does not need it.
    fn aes_256_gcm_seal<'a>(
        &'a self,
        key: &'a [u8; 32],
        nonce: &'a [u8; 12],
        data: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let _ = (key, nonce, data, plain);
        Box::pin(std::future::ready(Err(Error::new(ErrorKind::Config, "this host cannot encrypt"))))
    }

    /// Decrypts what [`Crypto::aes_256_gcm_seal`] gave.
    ///
    /// # Errors
    /// When key, nonce, data or ciphertext are not those it was encrypted with.
    fn aes_256_gcm_open<'a>(
        &'a self,
        key: &'a [u8; 32],
        nonce: &'a [u8; 12],
        data: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let _ = (key, nonce, data, sealed);
        Box::pin(std::future::ready(Err(Error::new(ErrorKind::Config, "this host cannot decrypt"))))
    }
}

/// The four together. Cheap to clone; clients that share a host share its tokens too, so that a program with several
/// clients buys one token and not several.
#[derive(Clone)]
pub struct Host {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) crypto: Arc<dyn Crypto>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) flights: Arc<Flights>,
    pub(crate) limiter: Option<Limiter>,
    pub(crate) hooks: Hooks,
}

impl Host {
    /// Bundles four parts. Tokens are kept in memory until [`Host::with_store`] says otherwise.
    pub fn new(
        transport: impl Transport + 'static,
        timer: impl Timer + 'static,
        crypto: impl Crypto + 'static,
    ) -> Self {
        Self {
            transport: Arc::new(transport),
            timer: Arc::new(timer),
            crypto: Arc::new(crypto),
            store: Arc::new(MemoryStore::default()),
            flights: Arc::default(),
            limiter: None,
            hooks: Hooks::default(),
        }
    }

    /// The host of the target: reqwest and tokio natively, `fetch`, WebCrypto and `setTimeout` on wasm32.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the target has none: a native build without the feature `native`.
    pub fn of_target() -> Result<Self, Error> {
        #[cfg(target_arch = "wasm32")]
        return Ok(Self::new(FetchTransport::global(), JsTimer, WebCrypto));
        #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
        return Ok(Self::new(ReqwestTransport::new()?, TokioTimer, NativeCrypto));
        #[cfg(all(not(feature = "native"), not(target_arch = "wasm32")))]
        Err(Error::new(
            ErrorKind::Config,
            "there is no transport: enable the feature `native` of auth0-sdk, or give a Host to the builder",
        ))
    }

    /// The same host with another transport.
    pub fn with_transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Arc::new(transport);
        self
    }

    /// The same host with another clock.
    pub fn with_timer(mut self, timer: impl Timer + 'static) -> Self {
        self.timer = Arc::new(timer);
        self
    }

    /// The same host with another place for tokens. Token requests are shared with nobody else any more.
    pub fn with_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Arc::new(store);
        self.flights = Arc::default();
        self
    }

    /// The same host with a limiter, which all clients that are given the host share.
    pub fn with_limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Takes what a builder was given.
    pub(crate) fn watched(&mut self, limiter: Option<Limiter>, hooks: Hooks) {
        if limiter.is_some() {
            self.limiter = limiter;
        }
        self.hooks = hooks;
    }

    /// A number in 0..1 for jitter.
    pub(crate) fn jitter(&self) -> f64 {
        let mut bytes = [0u8; 4];
        match self.crypto.random(&mut bytes) {
            Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
            // Jitter only spreads retries: without randomness they stay right, just not spread.
            Err(_) => 0.5,
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}
