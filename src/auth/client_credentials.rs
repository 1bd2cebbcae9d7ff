//! The client credentials grant (RFC 6749, section 4.4), as Auth0 has it: with an audience and perhaps an organization.

use crate::domain::Domain;
use crate::error::{Error, ErrorKind};
use crate::host::{Crypto, Host};
use crate::http::{Answer, Headers, Limits, Method, Plan, Read, RequestBody, path, run};
use crate::json::Node;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::pace::Priority;
use crate::secret::Secret;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A client's id and secret, and what it asks a token for.
pub(crate) struct ClientCredentials {
    token_url: String,
    form: Secret,
    /// The client secret, plain and as it stands in the form.
    secrets: Vec<Secret>,
    headers: Headers,
    cache_key: String,
    /// What the digest is made of that tells one secret from another.
    identity: Secret,
    shared_key: OnceLock<String>,
    /// In seconds, of the last token that was bought; 0 before the first.
    life: AtomicU32,
    audience: String,
    organization: Option<String>,
    /// Who makes the request, where the client proves who it is in another way than by a secret. Behind a trait, so that the
    /// npm package links nothing of it.
    pub(crate) through: Option<Arc<dyn Through>>,
}

/// Gets a token by client credentials.
pub(crate) trait Through: MaybeSend + MaybeSync {
    /// Makes the request, with an answer of the token endpoint.
    fn request<'a>(
        &'a self,
        audience: &'a str,
        organization: Option<&'a str>,
        limits: Limits,
    ) -> BoxFuture<'a, Result<Answer, Error>>;
}

pub(crate) struct TokenResponse {
    pub(crate) access_token: Secret,
    pub(crate) expires_in: Duration,
}

impl ClientCredentials {
    pub(crate) fn new(
        domain: &Domain,
        client_id: &str,
        secret: Secret,
        audience: &str,
        organization: Option<&str>,
        headers: Headers,
    ) -> Self {
        let mut form = String::new();
        path::push_pair(&mut form, "grant_type", "client_credentials");
        path::push_pair(&mut form, "client_id", client_id);
        path::push_pair(&mut form, "client_secret", secret.expose());
        path::push_pair(&mut form, "audience", audience);
        if let Some(organization) = organization {
            path::push_pair(&mut form, "organization", organization);
        }
        let mut encoded = String::new();
        path::encode_into(&mut encoded, secret.expose());
        let identity =
            Secret::new(["auth0-sdk secret ", domain.origin(), " ", client_id, " ", secret.expose()].concat());
        let secrets = vec![secret, Secret::new(encoded)];
        let mut cache_key = "auth0-sdk token ".to_owned() + domain.origin();
        for part in [client_id, audience, organization.unwrap_or_default()] {
            // Encoded, so that no two sets of parts make the same key.
            cache_key.push(' ');
            path::encode_into(&mut cache_key, part);
        }
        let mut headers = headers;
        headers.set("content-type", "application/x-www-form-urlencoded");
        headers.set("accept", "application/json");
        Self {
            token_url: domain.origin().to_owned() + "/oauth/token",
            form: Secret::new(form),
            secrets,
            headers,
            cache_key,
            identity,
            shared_key: OnceLock::new(),
            life: AtomicU32::new(0),
            audience: audience.to_owned(),
            organization: organization.map(str::to_owned),
            through: None,
        }
    }

    pub(crate) fn cache_key(&self) -> &str {
        &self.cache_key
    }

    /// Remembers how long tokens live here.
    pub(crate) fn bought(&self, life: Duration) {
        self.life.store(u32::try_from(life.as_secs()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// How long the last token that was bought lived, from the start.
    pub(crate) fn life(&self) -> Option<Duration> {
        match self.life.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        }
    }

    /// The key in a store that is shared: it tells secrets apart, so that nobody takes the token of one that was rotated.
    ///
    /// # Errors
    /// When the platform has no SHA-256.
    pub(crate) async fn shared_key(&self, crypto: &dyn Crypto) -> Result<&str, Error> {
        if let Some(key) = self.shared_key.get() {
            return Ok(key);
        }
        let digest = crypto.sha256(self.identity.expose().as_bytes()).await?;
        let mut key = [&self.cache_key, " "].concat();
        for byte in &digest[..6] {
            for digit in [byte >> 4, byte & 15] {
                key.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        Ok(self.shared_key.get_or_init(|| key))
    }

    /// What the digest in a shared store's key is made of.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn identity(&self) -> &str {
        self.identity.expose()
    }

    /// The body of the request.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn form(&self) -> &str {
        self.form.expose()
    }

    /// Asks the token endpoint.
    pub(crate) async fn request(&self, host: &Host, limits: Limits) -> Result<Answer, Error> {
        let answer = match &self.through {
            None => run(host, self.prepare(limits)).await,
            Some(through) => through.request(&self.audience, self.organization.as_deref(), limits).await,
        };
        answer.map_err(Self::explain)
    }

    pub(crate) fn prepare(&self, limits: Limits) -> Plan<'_> {
        Plan {
            operation: "oauth.token",
            method: Method::Post,
            template: "/oauth/token",
            url: self.token_url.clone(),
            headers: self.headers.clone(),
            body: RequestBody::Bytes(self.form.expose().as_bytes().into()),
            idempotent: true,
            read: Read::Json,
            token: None,
            secrets: self.secrets.clone(),
            limits,
            priority: Priority::default(),
        }
    }

    /// What the token endpoint's refusal means for the call that needed the token.
    pub(crate) fn explain(error: Error) -> Error {
        match error.kind() {
            ErrorKind::Api if error.status() == Some(401) => {
                error.with_kind(ErrorKind::Auth).with_hint("check the client id and the client secret")
            }
            ErrorKind::Api => error.with_kind(ErrorKind::Auth),
            _ => error,
        }
    }

    /// The token of an answer.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`] when there is none in it.
    pub(crate) fn parse(&self, answer: &Answer) -> Result<TokenResponse, Error> {
        let document = answer.document();
        read(document.as_ref().map(|document| document as &dyn Node)).map_err(|message| {
            // Not answer.decode_error: that keeps the body, and this body may hold a token.
            let error = Error::new(ErrorKind::Auth, message);
            error.with_operation("oauth.token").with_status(answer.status).with_attempts(answer.attempts)
        })
    }
}

/// RFC 6749, section 5.1. A lifetime that is missing is none: the token is used once and not kept.
pub(crate) fn read(document: Option<&dyn Node>) -> Result<TokenResponse, &'static str> {
    let Some(document) = document else { return Err("the token endpoint's answer is not JSON") };
    let Some(access_token) = document.text("access_token") else {
        return Err("the token endpoint's answer has no access_token");
    };
    if document.text("token_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err("the token endpoint's answer is not a bearer token");
    }
    let expires_in = Duration::from_secs(document.count("expires_in").unwrap_or(0));
    Ok(TokenResponse { access_token: Secret::new(access_token), expires_in })
}
