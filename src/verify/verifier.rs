//! [`TokenVerifier`]: keys are fetched, signatures verified, claims checked.

use super::claims::{Claims, Expect, Kind, Policy, check, check_hash, check_type};
use super::good::GoodSignatures;
use super::keys::{Found, KeySet};
use crate::error::{Error, ErrorKind};
use crate::host::{Host, Key, StoredToken};
use crate::jose::{Algorithm, Fault, Header, Parts};
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
pub struct TokenVerifier(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) host: Host,
    pub(super) policy: Policy,
    pub(super) source: Source,
    pub(super) timeout: Duration,
    pub(super) keys: Mutex<KeySet>,
    /// Keys that the platform has taken in, by number and algorithm.
    pub(super) imported: Mutex<Vec<(u32, Algorithm, Arc<Key>)>>,
    /// The header of the last token that the issuer signed, and what it says.
    pub(super) header: Mutex<Option<(String, Arc<Header>)>>,
    pub(super) good: GoodSignatures,
    pub(super) seen: super::proof::Seen,
    /// The keys are kept in the host's token store too.
    pub(super) stored: bool,
}

pub(super) enum Source {
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

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here panics while it holds a lock, and what it holds is whole at every line.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TokenVerifier {
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
        let parts = Parts::of(token)?;
        // An issuer writes the same header again and again, and what comes of the same text is the same.
        let known = lock(&self.0.header).as_ref().filter(|(text, _)| text == parts.header).map(|(_, of)| of.clone());
        let is_new = known.is_none();
        let header = known.map_or_else(|| parts.header(&policy.algorithms).map(Arc::new), Ok)?;
        let (claims, signature) = parts.rest(header.algorithm)?;
        check_type(kind, &header)?;
        let key = self.key(header.algorithm, header.kid.as_deref()).await?;
        let crypto = &*self.0.host.crypto;
        let was_good = self.0.good.has(token, &key);
        if !was_good && !crypto.verify(&key, parts.signed.as_bytes(), &signature).await? {
            return Err(Fault::new("signature_invalid", "the token's signature is not that of the issuer's key").into());
        }
        if is_new {
            *lock(&self.0.header) = Some((parts.header.to_owned(), header.clone()));
        }
        let claims = Claims::new(claims);
        check(kind, &header, &claims, policy, expect, self.now().as_secs())?;
        // Tokens of other kinds come once.
        if kind == Kind::Access && !was_good {
            self.0.good.add(token, key);
        }
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
}
