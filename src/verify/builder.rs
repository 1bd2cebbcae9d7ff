//! The settings of a [`TokenVerifier`].

use super::claims::Policy;
use super::keys::{KeySet, KeyTimes, check_url};
use super::verifier::{Inner, Source, TokenVerifier};
use crate::domain::Domain;
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::jose::{Algorithm, JwkSet};
use crate::secret::Secret;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
            header: Mutex::default(),
            good: Default::default(),
            seen: Default::default(),
            stored: self.stored,
        })))
    }
}
