//! [`TokenVerifier`]: keys are fetched, signatures verified, claims checked.

use super::claims::{Claims, Expect, Kind, Policy, check, check_hash, check_type};
use super::keys::{Found, KeySet, KeyTimes, MAX_DOCUMENT, check_url, discovered};
use crate::domain::Domain;
use crate::error::{Error, ErrorKind};
use crate::host::{Host, Key, KeyMaterial, KeyUsage, StoredToken, Transport};
use crate::http::{Headers, HttpRequest, Method, Read, RequestBody, within};
use crate::jose::{Algorithm, Fault, JwkSet, Token};
use crate::secret::Secret;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Verifies the tokens of one issuer. Cheap to clone; clones share the keys.
///
/// ```no_run
/// # async fn example(token: &str) -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::verify::{Expect, TokenVerifier};
///
/// let verifier = TokenVerifier::builder("tenant.us.auth0.com").audience("https://api.example.com").build()?;
/// let claims = verifier.access_token(token, &Expect::new().scopes(["read:things"])).await?;
/// println!("{} {:?}", claims.subject(), claims.permissions());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenVerifier(Arc<Inner>);

struct Inner {
    host: Host,
    policy: Policy,
    source: Source,
    timeout: Duration,
    keys: Mutex<KeySet>,
    /// Keys that the platform has taken in, by number and algorithm.
    imported: Mutex<Vec<(u32, Algorithm, Key)>>,
    seen: super::proof::Seen,
    /// The keys are kept in the host's token store too.
    stored: bool,
}

enum Source {
    Discovery,
    Url(String),
    Given,
    /// HMAC: never together with public keys.
    Secret(Secret),
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

/// Settings of a [`TokenVerifier`].
pub struct TokenVerifierBuilder {
    domain: String,
    issuer: Option<String>,
    audiences: Vec<String>,
    client_id: Option<String>,
    algorithms: Option<Vec<Algorithm>>,
    leeway: Duration,
    sources: Vec<Source>,
    given: Option<String>,
    times: KeyTimes,
    timeout: Duration,
    host: Option<Host>,
    stored: bool,
}

impl fmt::Debug for TokenVerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifierBuilder").field("domain", &self.domain).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics while it holds a lock, and what it holds is whole at every line.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TokenVerifierBuilder {
    /// The issuer, where it is not `https://{domain}/`: compared exactly, with or without the slash at its end.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// An API's identifier: access tokens must be for it. Given more than once, any of them will do.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The client: ID tokens and logout tokens must be for it.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The algorithms that are allowed, RS256 unless said (with a secret: HS256). A token never chooses.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How far the clocks may differ: 60 s unless said. Whole seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Where the key set is, in the place of what the issuer's discovery document says. https, but for loopback hosts.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.sources.push(Source::Url(url.into()));
        self
    }

    /// The key set itself, as JSON: nothing is fetched.
    pub fn jwks(mut self, json: impl Into<String>) -> Self {
        self.given = Some(json.into());
        self.sources.push(Source::Given);
        self
    }

    /// The secret of an API or a client that signs with HMAC (HS256). No public key is then looked at, whatever a token says.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.sources.push(Source::Secret(secret.into()));
        self
    }

    /// How long keys are good: 10 min unless said.
    pub fn keys_ttl(mut self, ttl: Duration) -> Self {
        self.times.ttl = ttl;
        self
    }

    /// How long after that they are used when no new ones can be had: 1 h unless said.
    pub fn keys_stale(mut self, stale: Duration) -> Self {
        self.times.stale = stale;
        self
    }

    /// The time between two fetches because of keys that are not known: 30 s unless said.
    pub fn keys_cooldown(mut self, cooldown: Duration) -> Self {
        self.times.cooldown = cooldown;
        self
    }

    /// How long a fetch of keys may take: 5 s unless said.
    pub fn keys_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps the key set in the host's [`TokenStore`](crate::TokenStore) too, so that a new process starts with it. Whoever can write
    /// there decides whom is trusted.
    pub fn keys_in_store(mut self) -> Self {
        self.stored = true;
        self
    }

    /// The host, in the place of the target's.
    pub fn host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// Checks everything and makes the verifier. Nothing is fetched.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a wrong domain or URL, no audience and no client id, more than one source of keys, no or
    /// unfit algorithms, and a target without a host; [`ErrorKind::Verification`] for a given key set that is none.
    pub fn build(mut self) -> Result<TokenVerifier, Error> {
        let config = |why: &'static str| Err(Error::new(ErrorKind::Config, why));
        let domain = Domain::parse(&self.domain)?;
        let issuer = self.issuer.unwrap_or_else(|| [domain.origin(), "/"].concat());
        if self.audiences.is_empty() && self.client_id.is_none() {
            return config("a verifier needs an audience (for access tokens) or a client id (for ID tokens)");
        }
        if self.audiences.iter().chain(&self.client_id).any(String::is_empty) || issuer.is_empty() {
            return config("an audience, a client id or the issuer is empty");
        }
        if self.sources.len() > 1 {
            return config("a verifier has one source of keys: a URL, a set, or a secret");
        }
        let mut source = self.sources.pop().unwrap_or(Source::Discovery);
        if let Source::Url(url) = &mut source {
            *url = check_url(url).map_err(|fault| fault.into_error().with_kind(ErrorKind::Config))?;
        }
        let symmetric = matches!(source, Source::Secret(_));
        let usual = if symmetric { Algorithm::HS256 } else { Algorithm::RS256 };
        let algorithms = self.algorithms.unwrap_or_else(|| vec![usual]);
        // RFC 8725, section 3.1: which keys there are decides which algorithms there can be.
        if algorithms.is_empty() || algorithms.iter().any(|algorithm| algorithm.is_symmetric() != symmetric) {
            return config("the algorithms do not fit the keys: HS ones go with a secret, and only they");
        }
        let keys = match &self.given {
            Some(json) => KeySet::fixed(JwkSet::parse(json.as_bytes())?),
            None => KeySet::new(self.times),
        };
        let host = match self.host {
            Some(host) => host,
            None => Host::of_target()?,
        };
        let policy = Policy {
            issuer,
            audiences: self.audiences,
            client_id: self.client_id,
            algorithms,
            leeway: self.leeway.as_secs(),
        };
        Ok(TokenVerifier(Arc::new(Inner {
            host,
            policy,
            source,
            timeout: self.timeout,
            keys: Mutex::new(keys),
            imported: Mutex::default(),
            seen: Default::default(),
            stored: self.stored,
        })))
    }
}

impl TokenVerifier {
    /// Settings for a tenant: `tenant.us.auth0.com`, or a custom domain. Give an audience, a client id, or both.
    pub fn builder(domain: impl Into<String>) -> TokenVerifierBuilder {
        TokenVerifierBuilder {
            domain: domain.into(),
            issuer: None,
            audiences: Vec::new(),
            client_id: None,
            algorithms: None,
            leeway: Duration::from_secs(60),
            sources: Vec::new(),
            given: None,
            times: KeyTimes::default(),
            timeout: Duration::from_secs(5),
            host: None,
            stored: false,
        }
    }

    /// Verifies an access token: RFC 9068, section 4, and Auth0's own profile. A token that is bound to a key or a
    /// certificate (`cnf`) is only as good as the proof that comes with it: see [`Guard`](super::Guard).
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], with a code for each check.
    pub async fn access_token(&self, token: &str, expect: &Expect) -> Result<Claims, Error> {
        self.verify(Kind::Access, token, expect).await
    }

    /// Verifies an ID token: OpenID Connect Core, section 3.1.3.7.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], with a code for each check.
    pub async fn id_token(&self, token: &str, expect: &Expect) -> Result<Claims, Error> {
        self.verify(Kind::Id, token, expect).await
    }

    /// Verifies a logout token: OpenID Connect Back-Channel Logout 1.0, section 2.6. One that came before is refused: its
    /// id is kept in the host's [`TokenStore`](crate::TokenStore) until it ends.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], with a code for each check; when the store fails.
    pub async fn logout_token(&self, token: &str) -> Result<Claims, Error> {
        let claims = self.verify(Kind::Logout, token, &Expect::new()).await?;
        let id = claims.token_id().unwrap_or_default();
        let ends_at = claims.expires_at().unwrap_or_default().saturating_add(self.leeway());
        let key = ["logout:", claims.issuer(), ":", id].concat();
        self.first_time(&key, ends_at, true, Fault::new("token_replayed", "the logout token came before")).await?;
        Ok(claims)
    }

    /// Gives the key set a source that is asked for nothing until the first token comes: this asks at once.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], `keys_unavailable`.
    pub async fn warm_up(&self) -> Result<(), Error> {
        if matches!(self.0.source, Source::Discovery | Source::Url(_)) && lock(&self.0.keys).fetched_at().is_none() {
            self.refresh(self.0.policy.algorithms.first().copied(), None).await;
            if let Found::Fail(fault) = lock(&self.0.keys).find(Algorithm::RS256, Some(""), self.now())
                && fault.code == "keys_unavailable"
            {
                return Err(fault.into());
            }
        }
        Ok(())
    }

    pub(super) fn leeway(&self) -> Duration {
        Duration::from_secs(self.0.policy.leeway)
    }

    pub(super) fn host(&self) -> &Host {
        &self.0.host
    }

    pub(super) fn now(&self) -> Duration {
        self.0.host.timer.now()
    }

    /// Refuses what was there before. In this process nothing passes twice; across processes the store must be quick enough.
    pub(super) async fn first_time(
        &self,
        key: &str,
        ends_at: Duration,
        in_store: bool,
        fault: Fault,
    ) -> Result<(), Error> {
        if !self.0.seen.first(key, ends_at, self.now()) {
            return Err(fault.into());
        }
        if in_store {
            let store = &self.0.host.store;
            if store.get(key).await?.is_some_and(|known| known.expires_at > self.now()) {
                return Err(fault.into());
            }
            store.put(key, StoredToken { token: Secret::new("seen"), expires_at: ends_at }).await?;
        }
        Ok(())
    }

    async fn verify(&self, kind: Kind, token: &str, expect: &Expect) -> Result<Claims, Error> {
        let policy = &self.0.policy;
        let configured = match kind {
            Kind::Access => !policy.audiences.is_empty(),
            Kind::Id | Kind::Logout => policy.client_id.is_some(),
        };
        if !configured {
            let why = "the verifier has no audience (for access tokens), or no client id (for ID and logout tokens)";
            return Err(Error::new(ErrorKind::Config, why));
        }
        let Token { header, claims, signed, signature } = Token::parse(token, &policy.algorithms)?;
        check_type(kind, &header)?;
        let key = self.key(header.algorithm, header.kid.as_deref()).await?;
        let crypto = &*self.0.host.crypto;
        if !crypto.verify(&key, signed.as_bytes(), &signature).await? {
            return Err(Fault::new("signature_invalid", "the token's signature is not that of the issuer's key").into());
        }
        let claims = Claims::new(claims);
        check(kind, &header, &claims, policy, expect, self.now().as_secs())?;
        if kind == Kind::Id {
            for (name, of) in [("at_hash", &expect.access_token), ("c_hash", &expect.code)] {
                if let Some(of) = of {
                    let digest = crypto.digest(header.algorithm.hash(), of.expose().as_bytes()).await?;
                    check_hash(&claims, name, &digest)?;
                }
            }
        }
        Ok(claims)
    }

    async fn key(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<Key, Error> {
        let crypto = &*self.0.host.crypto;
        if let Source::Secret(secret) = &self.0.source {
            let known = lock(&self.0.imported).iter().find(|(_, of, _)| *of == algorithm).map(|(.., key)| key.clone());
            if let Some(key) = known {
                return Ok(key);
            }
            let key = crypto.import_key(KeyMaterial::Secret(secret), algorithm, KeyUsage::Verify).await?;
            lock(&self.0.imported).push((0, algorithm, key.clone()));
            return Ok(key);
        }
        let mut found = lock(&self.0.keys).find(algorithm, kid, self.now());
        if found == Found::Fetch {
            self.refresh(Some(algorithm), kid).await;
            found = lock(&self.0.keys).find(algorithm, kid, self.now());
        }
        let id = match found {
            Found::Key(id) => id,
            Found::Fail(fault) => return Err(fault.into()),
            Found::Fetch => return Err(Fault::new("keys_unavailable", "the issuer's keys cannot be had").into()),
        };
        let known = |(number, of, _): &&(u32, Algorithm, Key)| *number == id && *of == algorithm;
        if let Some((.., key)) = lock(&self.0.imported).iter().find(known) {
            return Ok(key.clone());
        }
        let jwk = lock(&self.0.keys).jwk(id).cloned();
        let jwk = jwk.ok_or_else(|| Fault::new("key_unknown", "the issuer has just taken its key back"))?;
        let key = crypto.import_key(KeyMaterial::Jwk(&jwk), algorithm, KeyUsage::Verify).await?;
        let keys = lock(&self.0.keys);
        let mut imported = lock(&self.0.imported);
        imported.retain(|(number, of, _)| keys.jwk(*number).is_some() && !(*number == id && *of == algorithm));
        imported.push((id, algorithm, key.clone()));
        Ok(key)
    }

    /// Fetches the set, or waits for the call that does.
    async fn refresh(&self, algorithm: Option<Algorithm>, kid: Option<&str>) {
        let Inner { host, policy, source, .. } = &*self.0;
        let url = if let Source::Url(url) = source { url } else { &policy.issuer };
        let name = ["jwks:", url].concat();
        let landed = host.flights.join(&name, &*host.timer, self.fetch(&name, algorithm, kid)).await;
        let now = self.now();
        let mut keys = lock(&self.0.keys);
        match landed {
            // An empty text: the set that is there will do.
            Ok(stored) if stored.token.expose().is_empty() => {}
            Ok(stored) => {
                let fetched_at = keys.began_at(stored.expires_at);
                if keys.fetched_at() != Some(fetched_at) {
                    match JwkSet::parse(stored.token.expose().as_bytes()) {
                        Ok(set) => keys.loaded(set, fetched_at),
                        Err(fault) => keys.failed(fault, now),
                    }
                }
            }
            Err(error) => keys.failed(Fault::new("keys_unavailable", error.message().to_owned()), now),
        }
    }

    async fn fetch(&self, name: &str, algorithm: Option<Algorithm>, kid: Option<&str>) -> Result<StoredToken, Error> {
        let nothing = StoredToken { token: Secret::new(""), expires_at: Duration::ZERO };
        let (store, now) = (&self.0.host.store, self.now());
        // Another call may have fetched it after this one looked, and before its turn came.
        let wanted = |algorithm| lock(&self.0.keys).find(algorithm, kid, now) == Found::Fetch;
        if !algorithm.is_none_or(wanted) {
            return Ok(nothing);
        }
        if self.0.stored
            && lock(&self.0.keys).fetched_at().is_none()
            && let Some(stored) = store.get(name).await?
        {
            let mut kept = KeySet::new(KeyTimes::default());
            let fetched_at = lock(&self.0.keys).began_at(stored.expires_at);
            // Only if it helps: what a store holds may be old, or not a set.
            if let Ok(set) = JwkSet::parse(stored.token.expose().as_bytes()) {
                kept.loaded(set, fetched_at);
                let helps = algorithm.is_some_and(|algorithm| matches!(kept.find(algorithm, kid, now), Found::Key(_)));
                if helps && stored.expires_at > now {
                    return Ok(stored);
                }
            }
        }
        let text = match within(&*self.0.host.timer, self.0.timeout, self.download()).await {
            Some(text) => text?,
            None => return Err(Error::new(ErrorKind::Timeout, "no key set came in time")),
        };
        let expires_at = lock(&self.0.keys).ends_at(self.now());
        let stored = StoredToken { token: Secret::new(text), expires_at };
        if self.0.stored {
            store.put(name, stored.clone()).await?;
        }
        Ok(stored)
    }

    async fn download(&self) -> Result<String, Error> {
        let issuer = &self.0.policy.issuer;
        let url = match &self.0.source {
            Source::Url(url) => url.clone(),
            _ => {
                let base = check_url(issuer)?;
                let place = [base.trim_end_matches('/'), "/.well-known/openid-configuration"].concat();
                discovered(&get(&*self.0.host.transport, place).await?, issuer)?
            }
        };
        let bytes = get(&*self.0.host.transport, url).await?;
        // Judged before it is kept anywhere.
        JwkSet::parse(&bytes)?;
        String::from_utf8(bytes).map_err(|_| Fault::new("keys_malformed", "the key set is no UTF-8").into())
    }
}

/// Gets a document, and not more of it than a document of its kind has.
async fn get(transport: &dyn Transport, url: String) -> Result<Vec<u8>, Error> {
    let refuse = |why: &str| Error::from(Fault::new("keys_unavailable", [&url, ": ", why].concat()));
    let mut headers = Headers::new();
    headers.append("accept", "application/json");
    let request =
        HttpRequest { method: Method::Get, url: url.clone(), headers, body: RequestBody::Empty, read: Read::Bytes };
    let mut response = transport.send(request).await.map_err(|error| refuse(&error.to_string()))?;
    if response.status != 200 {
        return Err(refuse(&["the status is ", &response.status.to_string()].concat()));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.body.next().await.map_err(|error| refuse(&error.to_string()))? {
        if bytes.len() + piece.len() > MAX_DOCUMENT {
            return Err(refuse("the document is longer than 256 KiB"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
