//! Client assertions: `private_key_jwt` (RFC 7523, OpenID Connect Core section 9).

use super::jws::{Value, signing_input};
use super::{Algorithm, base64url, random_text};
use crate::error::{Error, ErrorKind};
use crate::host::{Crypto, Host, Key, Timer};
use crate::maybe_send::BoxFuture;
use crate::secret::Secret;
use crate::token::TokenProvider;
use std::sync::Arc;
use std::time::Duration;

/// Makes the assertions by which a client proves who it is, a new one each time: a [`TokenProvider`], to be given to
/// [`AuthenticationBuilder::client_assertion_provider`](crate::AuthenticationBuilder::client_assertion_provider).
///
/// ```no_run
/// # async fn example(host: auth0_sdk::Host, pem: &str) -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::{Algorithm, AuthenticationClient, ClientAssertion};
///
/// let key = host.signing_key_from_pem(pem, Algorithm::RS256).await?;
/// let assertion = ClientAssertion::new(&host, "client-id", "https://tenant.us.auth0.com/", key)?.key_id("my-key");
/// let auth0 = AuthenticationClient::builder("tenant.us.auth0.com")
///     .client_id("client-id")
///     .client_assertion_provider(assertion)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientAssertion {
    crypto: Arc<dyn Crypto>,
    timer: Arc<dyn Timer>,
    client_id: String,
    audience: String,
    key: Key,
    key_id: Option<String>,
    lifetime: Duration,
}

impl std::fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientAssertion").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl ClientAssertion {
    /// Assertions of a client for a tenant. `audience` is the tenant's issuer, with the slash at its end, as Auth0 wants it:
    /// `https://tenant.us.auth0.com/`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for an empty client id or audience, and for a key that Auth0 does not take for this: it takes
    /// RS256, RS384, PS256 and others that are not secrets.
    pub fn new(
        host: &Host,
        client_id: impl Into<String>,
        audience: impl Into<String>,
        key: Key,
    ) -> Result<Self, Error> {
        let (client_id, audience) = (client_id.into(), audience.into());
        if client_id.is_empty() || audience.is_empty() {
            return Err(Error::new(ErrorKind::Config, "an assertion needs a client id and an audience"));
        }
        if key.algorithm().is_symmetric() {
            return Err(Error::new(
                ErrorKind::Config,
                "an assertion is signed with a private key, and this is a secret",
            ));
        }
        let key_id = key.key_id().map(str::to_owned);
        let lifetime = Duration::from_secs(60);
        Ok(Self { crypto: host.crypto.clone(), timer: host.timer.clone(), client_id, audience, key, key_id, lifetime })
    }

    /// The id of the key (`kid`), by which the tenant finds the public one. Unless said, that of the JWK.
    pub fn key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// How long an assertion is good, 60 s unless said, and 300 s at most, which is Auth0's limit.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.min(Duration::from_secs(300));
        self
    }

    /// Makes an assertion.
    ///
    /// # Errors
    /// When the system has no randomness, or the platform cannot sign.
    pub async fn make(&self) -> Result<Secret, Error> {
        let id = random_text(&*self.crypto)?;
        let input = assertion_input(
            self.key.algorithm(),
            self.key_id.as_deref(),
            &self.client_id,
            &self.audience,
            &id,
            self.timer.now().as_secs(),
            self.lifetime.as_secs(),
        );
        sign(&*self.crypto, &self.key, input).await.map(Secret::new)
    }
}

impl TokenProvider for ClientAssertion {
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        Box::pin(self.make())
    }
}

/// What of an assertion is signed (RFC 7523, section 3).
fn assertion_input(
    algorithm: Algorithm,
    key_id: Option<&str>,
    client_id: &str,
    audience: &str,
    id: &str,
    now: u64,
    lifetime: u64,
) -> String {
    let mut header = vec![("alg", Value::Text(algorithm.as_str())), ("typ", Value::Text("JWT"))];
    header.extend(key_id.map(|kid| ("kid", Value::Text(kid))));
    let payload = [
        ("iss", Value::Text(client_id)),
        ("sub", Value::Text(client_id)),
        ("aud", Value::Text(audience)),
        ("jti", Value::Text(id)),
        ("iat", Value::Number(now)),
        ("exp", Value::Number(now.saturating_add(lifetime))),
    ];
    signing_input(&header, &payload)
}

/// Signs what [`signing_input`] wrote.
pub(crate) async fn sign(crypto: &dyn Crypto, key: &Key, mut input: String) -> Result<String, Error> {
    let signature = crypto.sign(key, input.as_bytes()).await?;
    input.push('.');
    input.push_str(&base64url::encode(&signature));
    Ok(input)
}
