//! One token for many machines: a [`TokenStore`] over anything that keeps texts under keys.
//!
//! What is kept is the same for Rust and for JavaScript (`auth0-sdk/stores` of the npm package), so that both may share one store:
//!
//! | version | value |
//! | --- | --- |
//! | 1, plain | `v1.plain.` and JSON: `{"token":"…","expiresAt":1767225600000}`, the time in milliseconds since the Unix epoch |
//! | 1, encrypted | `v1.gcm.` and, as base64url without padding, 12 random bytes, then the JSON encrypted with AES-256-GCM under them, then the tag of 16 bytes; the key under which the value is kept, in UTF-8, is the additional data, so that a value moved to another key is refused |
//!
//! The key is `auth0-sdk token`, the tenant's origin, client id, audience and organization, percent-encoded and separated by
//! spaces, and the first 12 hexadecimal digits of the SHA-256 of `auth0-sdk secret`, origin, client id and secret (separated by
//! spaces): a rotated secret is another key.

use super::{Crypto, Host, MemoryStore, StoredToken, Timer, TokenStore};
use crate::error::{Error, ErrorKind};
use crate::http::{milliseconds, within};
use crate::json::{self, Node};
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long the store is waited for, before the client goes on without it.
const PATIENCE: Duration = Duration::from_secs(2);

const PLAIN: &str = "v1.plain.";
const ENCRYPTED: &str = "v1.gcm.";

/// The right to buy the token of a key, among all who share a store. Dropping it gives it back, at once where that needs no
/// waiting, and otherwise as soon as possible; whoever dies with it loses it after its time.
#[must_use = "a lease that is dropped is given back"]
pub struct Lease {
    _held: Box<dyn Held>,
}

trait Held: MaybeSend {}
impl<T: MaybeSend> Held for T {}

impl Lease {
    /// A lease that ends when the value is dropped.
    pub fn new(held: impl MaybeSend + 'static) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// A text that is kept under a key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// The text.
    pub text: String,
    /// How long it will still be kept, where the backend tells. It is believed before the time that the text names, which is by
    /// the clock of the machine that wrote it.
    pub left: Option<Duration>,
}

impl Kept {
    /// A text whose remaining life is unknown.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), left: None }
    }

    /// The time for which the text will still be kept.
    pub fn left(mut self, left: Duration) -> Self {
        self.left = Some(left);
        self
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may be a token.
        f.debug_struct("Kept").field("left", &self.left).finish_non_exhaustive()
    }
}

/// What a [`SharedStore`] is built on: texts under keys, each with a life. A backend moves texts and decides nothing.
///
/// Any error is the same to a [`SharedStore`]: the client goes on without the backend.
pub trait KeyValue: MaybeSend + MaybeSync {
    /// The text under a key.
    ///
    /// # Errors
    /// When the backend cannot be asked.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>>;

    /// Keeps a text under a key, in the place of the one before it. It may be forgotten after `life`, and also before.
    ///
    /// # Errors
    /// When the backend cannot take it.
    fn put<'a>(&'a self, key: &'a str, text: &'a str, life: Duration) -> BoxFuture<'a, Result<(), Error>>;

    /// Forgets the text under a key, if it is still this one: another machine may have put a better one.
    ///
    /// # Errors
    /// When the backend cannot be told.
    fn remove<'a>(&'a self, key: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Error>>;

    /// Puts a text in the place of `old`, or of none, if that is what is still there; says whether it was. For what many machines
    /// write at once: the state of a [`Limiter`](crate::Limiter). The default says `None`: a backend without an atomic operation cannot.
    ///
    /// # Errors
    /// When the backend cannot be asked.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<bool>, Error>> {
        let _ = (key, old, new, life);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Asks for the right to buy the token of a key, for a time. `None` while another machine has it.
    ///
    /// The default grants it to everyone: a backend without an atomic operation cannot tell who was first.
    ///
    /// # Errors
    /// When the backend cannot be asked.
    fn lease<'a>(&'a self, key: &'a str, life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        let _ = (key, life);
        Box::pin(std::future::ready(Ok(Some(Lease::new(())))))
    }
}

/// A closure behind an `Arc`, `Send` where threads are.
trait Reporter: MaybeSend + MaybeSync {
    fn report(&self, problem: &Error);
}

impl<F: Fn(&Error) + MaybeSend + MaybeSync> Reporter for F {
    fn report(&self, problem: &Error) {
        self(problem);
    }
}

/// A [`TokenStore`] that many machines or processes share, over a [`KeyValue`].
///
/// - A token stays in memory too, so that the backend is asked once per token and not once per call.
/// - N machines that start cold at once buy one token, where the backend has leases.
/// - Nothing that the backend does fails a call: an outage, a hang, a value that is garbage, from a newer version, or under another
///   key is reported ([`SharedStore::on_problem`]), and this machine buys its own token.
/// - With a key ([`SharedStore::encrypted`]) what is kept is encrypted with AES-256-GCM.
///
/// ```no_run
/// # #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
/// # fn main() -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::{Files, ManagementClient, SharedStore};
///
/// let store = SharedStore::new(Files::new("/var/cache/my-program")).on_problem(|problem| eprintln!("token store: {problem}"));
/// let auth0 = ManagementClient::builder("tenant.us.auth0.com").client_credentials("id", "secret").token_store(store).build()?;
/// # Ok(())
/// # }
/// # #[cfg(any(not(feature = "native"), target_arch = "wasm32"))]
/// # fn main() {}
/// ```
pub struct SharedStore<B> {
    backend: B,
    memory: MemoryStore,
    timer: Arc<dyn Timer>,
    crypto: Arc<dyn Crypto>,
    /// The first encrypts, each decrypts.
    keys: Vec<[u8; 32]>,
    report: Option<Box<dyn Reporter>>,
}

impl<B: KeyValue> SharedStore<B> {
    /// A store over a backend, with the clock and the cryptography of the target.
    #[cfg(any(feature = "native", target_arch = "wasm32"))]
    pub fn new(backend: B) -> Self {
        #[cfg(target_arch = "wasm32")]
        let (timer, crypto) = (super::JsTimer, super::WebCrypto);
        #[cfg(not(target_arch = "wasm32"))]
        let (timer, crypto) = (super::TokioTimer, super::NativeCrypto);
        Self::over(backend, Arc::new(timer), Arc::new(crypto))
    }

    /// A store over a backend, with the clock and the cryptography of a host.
    pub fn with_host(backend: B, host: &Host) -> Self {
        Self::over(backend, host.timer.clone(), host.crypto.clone())
    }

    fn over(backend: B, timer: Arc<dyn Timer>, crypto: Arc<dyn Crypto>) -> Self {
        Self { backend, memory: MemoryStore::default(), timer, crypto, keys: Vec::new(), report: None }
    }

    /// Encrypts what is kept with this key: 32 bytes from a random source, and no password. Given again with another key, that one
    /// only decrypts: to rotate, put the new key first and the old one behind it until the old tokens have expired.
    ///
    /// A store with a key takes no value that is not encrypted.
    pub fn encrypted(mut self, key: [u8; 32]) -> Self {
        self.keys.push(key);
        self
    }

    /// Called with each problem of the backend, of which no call hears: it could not be asked or written, or what it keeps is not
    /// of use. No token is in the error.
    pub fn on_problem(mut self, report: impl Fn(&Error) + MaybeSend + MaybeSync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    fn report(&self, problem: &Error) {
        if let Some(report) = &self.report {
            report.report(problem);
        }
    }

    /// What the backend does, unless it fails or takes too long.
    async fn try_to<T>(&self, what: &'static str, work: BoxFuture<'_, Result<T, Error>>) -> Option<T> {
        let problem = match within(&*self.timer, PATIENCE, work).await {
            Some(Ok(value)) => return Some(value),
            Some(Err(problem)) => problem.with_hint(what),
            None => Error::new(ErrorKind::Timeout, "the token store did not answer within 2 s").with_hint(what),
        };
        self.report(&problem);
        None
    }

    async fn write(&self, key: &str, token: &StoredToken) -> Result<String, Error> {
        let json =
            serde_json::json!({"token": token.token.expose(), "expiresAt": milliseconds(token.expires_at)}).to_string();
        let Some(secret) = self.keys.first() else { return Ok([PLAIN, &json].concat()) };
        let mut nonce = [0; 12];
        self.crypto.random(&mut nonce)?;
        let sealed = self.crypto.aes_256_gcm_seal(secret, &nonce, key.as_bytes(), json.as_bytes()).await?;
        Ok([ENCRYPTED, &URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())].concat())
    }

    async fn read(&self, key: &str, kept: &Kept) -> Result<StoredToken, &'static str> {
        let text = &*kept.text;
        let json = if let Some(json) = text.strip_prefix(PLAIN) {
            if !self.keys.is_empty() {
                return Err("the value in the token store is not encrypted, and the store has a key");
            }
            json.to_owned()
        } else if let Some(sealed) = text.strip_prefix(ENCRYPTED) {
            if self.keys.is_empty() {
                return Err("the value in the token store is encrypted, and the store has no key");
            }
            self.open(key, sealed).await?
        } else if is_of_another_version(text) {
            return Err("the value in the token store is of another version of auth0-sdk");
        } else {
            return Err("the value in the token store is not one of auth0-sdk");
        };
        const BROKEN: &str = "the value in the token store is broken";
        let document = json::parse(&json).ok_or(BROKEN)?;
        let token = document.text("token").filter(|token| !token.is_empty()).ok_or(BROKEN)?;
        let written = document.count("expiresAt").map(Duration::from_millis).ok_or(BROKEN)?;
        let expires_at = kept.left.map_or(written, |left| self.timer.now().saturating_add(left));
        Ok(StoredToken { token: Secret::new(token), expires_at })
    }

    async fn open(&self, key: &str, sealed: &str) -> Result<String, &'static str> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| "the encrypted value in the token store is broken")?;
        let (nonce, sealed) =
            bytes.split_first_chunk::<12>().ok_or("the encrypted value in the token store is broken")?;
        for secret in &self.keys {
            if let Ok(json) = self.crypto.aes_256_gcm_open(secret, nonce, key.as_bytes(), sealed).await {
                return String::from_utf8(json).map_err(|_| "the encrypted value in the token store is broken");
            }
        }
        Err("the value in the token store cannot be decrypted: it was changed, or encrypted with another key")
    }

    /// What the backend keeps under a key: its text and the token in it.
    async fn load(&self, key: &str) -> Option<(String, StoredToken)> {
        let kept = self.try_to("while a token was looked for", self.backend.get(key)).await??;
        match self.read(key, &kept).await {
            Ok(token) => Some((kept.text, token)),
            Err(problem) => {
                self.report(&Error::new(ErrorKind::Decode, problem));
                None
            }
        }
    }
}

/// `v2.…`: what this crate will write one day.
fn is_of_another_version(text: &str) -> bool {
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(version, _)| version.parse::<u32>().is_ok())
}

impl<B: KeyValue> TokenStore for SharedStore<B> {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        self.get_lasting(key, self.timer.now().saturating_add(crate::token::MARGIN))
    }

    fn get_lasting<'a>(&'a self, key: &'a str, until: Duration) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        Box::pin(async move {
            if let Some(token) = self.memory.get(key).await?
                && until < token.expires_at
            {
                return Ok(Some(token));
            }
            let Some((_, token)) = self.load(key).await else { return Ok(None) };
            self.memory.put(key, token.clone()).await?;
            Ok(Some(token))
        })
    }

    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let life = token.expires_at.saturating_sub(self.timer.now());
            self.memory.put(key, token.clone()).await?;
            match self.write(key, &token).await {
                Ok(text) => {
                    self.try_to("while a token was kept", self.backend.put(key, &text, life)).await;
                }
                Err(problem) => self.report(&problem),
            }
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mine = self.memory.get(key).await?;
            self.memory.remove(key).await?;
            // Another machine may have put a better one by now: that stays.
            if let Some((text, theirs)) = self.load(key).await
                && mine.is_none_or(|mine| mine.token == theirs.token)
            {
                self.try_to("while a token was forgotten", self.backend.remove(key, &text)).await;
            }
            Ok(())
        })
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn lease<'a>(&'a self, key: &'a str, life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            let asked = self.try_to("while a lease was asked for", self.backend.lease(key, life)).await;
            // Without an answer each machine is on its own.
            Ok(asked.unwrap_or_else(|| Some(Lease::new(()))))
        })
    }
}

impl<B> fmt::Debug for SharedStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("encrypted", &!self.keys.is_empty()).finish_non_exhaustive()
    }
}
