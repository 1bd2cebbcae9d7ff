//! The client of the Authentication API, and its builder.

use super::client_credentials::Through;
use super::core::{Authentication, Core};
use crate::domain::Domain;
use crate::error::{Error, ErrorKind};
use crate::host::{Host, Key, Transport, TransportError};
use crate::http::{Answer, Headers, HttpRequest, HttpResponse, Limits, check_header};
use crate::jose::{Algorithm, ClientAssertion, Dpop};
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::observe::{Hooks, RequestEvent, ResponseEvent, RetryEvent};
use crate::pace::Limiter;
use crate::retry::{Retry, RetryPolicy};
use crate::secret::Secret;
use crate::telemetry;
use crate::token::TokenProvider;
use crate::verify::TokenVerifier;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long one attempt may take, unless the client or the call says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client of the Authentication API. Cheap to clone; clones share connections and settings.
///
/// ```no_run
/// # async fn run(code: &str) -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::AuthenticationClient;
///
/// let auth0 = AuthenticationClient::builder("tenant.us.auth0.com").client_id("id").client_secret("secret").build()?;
/// let tokens = auth0.oauth().client_credentials("https://api.example.com/").await?;
/// let user = auth0.users().user_info(tokens.access_token).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthenticationClient {
    pub(crate) core: Arc<Core>,
}

impl AuthenticationClient {
    /// Starts a client for a tenant's domain: `tenant.us.auth0.com`, or a custom domain.
    pub fn builder(domain: impl Into<String>) -> AuthenticationBuilder {
        AuthenticationBuilder {
            domain: domain.into(),
            client_id: None,
            authentication: Vec::new(),
            signing_key: None,
            dpop: None,
            id_token_algorithms: vec![Algorithm::RS256],
            leeway: Duration::from_secs(60),
            mtls_domain: None,
            #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
            tls: None,
            headers: Vec::new(),
            telemetry: Some(telemetry::of_this_crate()),
            timeout: TIMEOUT,
            deadline: None,
            max_retries: 2,
            retry: Arc::new(RetryPolicy::default()),
            host: None,
            transport: None,
            limiter: None,
            hooks: Hooks::default(),
        }
    }

    /// The issuer of this tenant's tokens: `https://tenant.us.auth0.com/`.
    pub fn issuer(&self) -> String {
        self.core.issuer()
    }
}

impl AuthenticationClient {
    /// It can prove who it is.
    pub(crate) fn can_authenticate(&self) -> bool {
        !matches!(self.core.authentication, Authentication::None)
    }
}

impl Through for AuthenticationClient {
    fn request<'a>(
        &'a self,
        audience: &'a str,
        organization: Option<&'a str>,
        limits: Limits,
    ) -> BoxFuture<'a, Result<Answer, Error>> {
        let mut call = self.oauth().client_credentials(audience);
        if let Some(organization) = organization {
            call = call.organization(organization);
        }
        Box::pin(async move { self.core.send(&call.parts, &limits).await })
    }
}

impl fmt::Debug for AuthenticationClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = &self.core;
        f.debug_struct("AuthenticationClient")
            .field("origin", &core.origin)
            .field("client_id", &core.client_id)
            .finish_non_exhaustive()
    }
}

/// Sets an [`AuthenticationClient`] up. Everything is checked by [`AuthenticationBuilder::build`].
///
/// A client authenticates in one way: a secret, an assertion, a certificate, or not at all, as a public client does.
#[must_use = "nothing happens before build()"]
pub struct AuthenticationBuilder {
    domain: String,
    client_id: Option<String>,
    authentication: Vec<Authentication>,
    signing_key: Option<Key>,
    dpop: Option<Dpop>,
    id_token_algorithms: Vec<Algorithm>,
    leeway: Duration,
    mtls_domain: Option<String>,
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    tls: Option<crate::host::Tls>,
    headers: Vec<(String, Secret)>,
    telemetry: Option<String>,
    timeout: Duration,
    deadline: Option<Duration>,
    max_retries: u32,
    retry: Arc<dyn Retry>,
    host: Option<Host>,
    transport: Option<Arc<dyn Transport>>,
    limiter: Option<Limiter>,
    hooks: Hooks,
}

impl AuthenticationBuilder {
    /// The client's id. Only calls that need none can be made without: userinfo, discovery, keys.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The client authenticates with its secret in the body (`client_secret_post`, RFC 6749, section 2.3.1).
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.authentication.push(Authentication::Post(secret.into()));
        self
    }

    /// The client authenticates with its secret in the `Authorization` header (`client_secret_basic`, RFC 6749, section
    /// 2.3.1). Auth0's own endpoints with a JSON body take it in the body only, and get it there.
    pub fn client_secret_basic(mut self, secret: impl Into<Secret>) -> Self {
        self.authentication.push(Authentication::Basic(secret.into()));
        self
    }

    /// The client authenticates with an assertion that it signs with its key, a new one for each try of a request
    /// (`private_key_jwt`, RFC 7523, section 2.2). A key comes from [`Host::signing_key_from_pem`] or
    /// [`Host::signing_key_from_jwk`]; for other settings there is [`ClientAssertion`] as a provider.
    pub fn private_key_jwt(mut self, key: Key) -> Self {
        self.signing_key = Some(key);
        self
    }

    /// The client authenticates with an assertion that was made elsewhere (RFC 7523, section 2.2). It is sent with every
    /// request that takes one; a server that counts `jti` takes it once.
    pub fn client_assertion(mut self, assertion: impl Into<Secret>) -> Self {
        self.authentication.push(Authentication::Assertion(Arc::new(Fixed(assertion.into()))));
        self
    }

    /// The client authenticates with the assertion that this gives, asked anew for each try of a request. A closure that
    /// returns a future is a provider.
    pub fn client_assertion_provider(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.authentication.push(Authentication::Assertion(Arc::new(provider)));
        self
    }

    /// The client authenticates with the certificate of its connections (RFC 8705), which the transport brings
    /// (`ReqwestTransport::with_tls`, or the `fetch` of a Worker's mTLS binding). Requests that the client
    /// authenticates or that carry a token go to the alias `mtls.{domain}`.
    pub fn mtls(mut self) -> Self {
        self.authentication.push(Authentication::Certificate);
        self
    }

    /// The client authenticates with this certificate (RFC 8705): the chain and its private key, PEM. The same as
    /// [`AuthenticationBuilder::mtls`] over a transport that shows it.
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<Secret>) -> Self {
        self.tls = Some(crate::host::Tls::new().client_certificate(chain_pem, key_pem));
        self.mtls()
    }

    /// The host that asks for the client's certificate, in the place of `mtls.{domain}`.
    pub fn mtls_domain(mut self, domain: impl Into<String>) -> Self {
        self.mtls_domain = Some(domain.into());
        self
    }

    /// Tokens are bound to this key (RFC 9449): each request has a proof, with the server's nonce where it wants one, and
    /// access tokens go out as `DPoP` tokens. Whoever uses the tokens elsewhere proves it too: [`Dpop::transport`].
    pub fn dpop(mut self, dpop: &Dpop) -> Self {
        self.dpop = Some(dpop.clone());
        self
    }

    /// How the client's ID tokens are signed: RS256 unless said. With HS256, HS384 or HS512 the key is the client secret.
    pub fn id_token_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.id_token_algorithms = algorithms.into_iter().collect();
        self
    }

    /// How far the clocks may differ when an ID token is verified: 60 s unless said.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// A header of every request.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), Secret::new(value)));
        self
    }

    /// False leaves the `Auth0-Client` header out, which tells Auth0 the name and version of this crate.
    pub fn telemetry(mut self, on: bool) -> Self {
        self.telemetry = on.then(telemetry::of_this_crate);
        self
    }

    /// The name and version of the program, in the place of this crate's in the `Auth0-Client` header.
    pub fn client_info(mut self, name: &str, version: &str) -> Self {
        self.telemetry = Some(telemetry::header(name, version));
        self
    }

    /// The time that each attempt may take. 10 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The time that all attempts of a call and the waits between them may take. None by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How often a failed attempt is repeated. 2 by default; 0 for never.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = max_retries;
        self
    }

    /// What decides whether a failed attempt is repeated, in the place of [`RetryPolicy::default`]. What may use up a code
    /// or a refresh token is never repeated, whatever it says, unless it was not sent or was refused with 429.
    pub fn retry_policy(mut self, policy: impl Retry + 'static) -> Self {
        self.retry = Arc::new(policy);
        self
    }

    /// The host, in the place of the target's.
    pub fn host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// The transport, in the place of the host's. A closure is one.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Paces the calls, so that they stay just under the rate limit; the clients that are given clones of one limiter share it. None by
    /// default. The wait before an attempt is not a part of its timeout, but of the deadline.
    pub fn limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Called before each request is sent, token requests included. A hook is called where the call runs, and should be quick; one that
    /// panics breaks no call.
    pub fn on_request(mut self, hook: impl Fn(&RequestEvent<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.hooks.on_request(hook);
        self
    }

    /// Called when the status and the headers of an answer are there, whatever it says.
    pub fn on_response(mut self, hook: impl Fn(&ResponseEvent<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.hooks.on_response(hook);
        self
    }

    /// Called when an attempt has failed and another one follows.
    pub fn on_retry(mut self, hook: impl Fn(&RetryEvent<'_>) + MaybeSend + MaybeSync + 'static) -> Self {
        self.hooks.on_retry(hook);
        self
    }

    /// Checks everything and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a wrong domain, an empty client id, secret or assertion, two ways to authenticate, a way to
    /// authenticate without a client id, a header that is not one, and a target without a transport.
    pub fn build(mut self) -> Result<AuthenticationClient, Error> {
        let config = |message| Err(Error::new(ErrorKind::Config, message));
        let domain = Domain::parse(&self.domain)?;
        if self.authentication.len() + usize::from(self.signing_key.is_some()) > 1 {
            return config(
                "the client is given two ways to authenticate: give a secret, an assertion or a certificate",
            );
        }
        let mut authentication = self.authentication.pop().unwrap_or(Authentication::None);
        match (&self.client_id, &authentication) {
            (Some(id), _) if id.is_empty() => return config("the client id is empty"),
            (None, Authentication::None) if self.signing_key.is_none() => {}
            (None, _) => return config("there is a way to authenticate, and no client id"),
            _ => {}
        }
        if let Authentication::Post(secret) | Authentication::Basic(secret) = &authentication
            && secret.expose().is_empty()
        {
            return config("the client secret is empty");
        }
        let mtls_origin = match (&authentication, &self.mtls_domain) {
            (Authentication::Certificate, Some(domain)) => Some(Domain::parse(domain)?.origin().to_owned()),
            (Authentication::Certificate, None) => {
                Some(Domain::parse(&format!("mtls.{}", domain.as_str()))?.origin().to_owned())
            }
            (_, Some(_)) => return config("there is an mTLS domain, and the client does not use mTLS"),
            (_, None) => None,
        };
        let mut host = match self.host {
            Some(host) => host,
            None => Host::of_target()?,
        };
        if let Some(transport) = self.transport {
            host.transport = transport;
        }
        #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
        if let Some(tls) = self.tls {
            host.transport = Arc::new(crate::host::ReqwestTransport::with_tls(tls)?);
        }
        let issuer = [domain.origin(), "/"].concat();
        if let (Some(key), Some(id)) = (self.signing_key, &self.client_id) {
            let assertion = ClientAssertion::new(&host, id.as_str(), issuer, key)?;
            authentication = Authentication::Assertion(Arc::new(assertion));
        }
        let verifier = match &self.client_id {
            None => None,
            Some(client_id) => {
                let builder = TokenVerifier::builder(domain.origin()).client_id(client_id.as_str()).host(host.clone());
                let builder = builder.algorithms(self.id_token_algorithms.iter().copied()).leeway(self.leeway);
                let symmetric = self.id_token_algorithms.iter().any(|algorithm| algorithm.is_symmetric());
                let builder = match &authentication {
                    Authentication::Post(secret) | Authentication::Basic(secret) if symmetric => {
                        builder.secret(secret.clone())
                    }
                    _ if symmetric => return config("ID tokens with an HS algorithm need a client secret"),
                    // Auth0 has them there: no need to ask.
                    _ => builder.jwks_url([domain.origin(), "/.well-known/jwks.json"].concat()),
                };
                Some(builder.build()?)
            }
        };
        host.watched(self.limiter, self.hooks);
        let proves = self.dpop.is_some();
        if let Some(dpop) = self.dpop {
            host.transport = Arc::new(dpop.transport(SharedTransport(host.transport)));
        }
        let mut headers = Headers::new();
        if let Some(telemetry) = self.telemetry {
            headers.append("auth0-client", telemetry);
        }
        for (name, value) in self.headers {
            check_header(&name, value.expose(), ErrorKind::Config)?;
            headers.set(name, value.expose());
        }
        let limits = Limits {
            timeout: self.timeout,
            deadline: self.deadline,
            max_retries: self.max_retries,
            retry: self.retry,
            attempt_ends_at: None,
        };
        let core = Core {
            host,
            origin: domain.origin().to_owned(),
            mtls_origin,
            client_id: self.client_id,
            authentication,
            proves,
            headers,
            limits,
            shares: Default::default(),
            kept: Default::default(),
            verifier,
            #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
            runtime: Default::default(),
        };
        Ok(AuthenticationClient { core: Arc::new(core) })
    }
}

impl fmt::Debug for AuthenticationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not checked yet: it may be a URL with a password in it.
        let domain = Domain::parse(&self.domain);
        let domain = domain.as_ref().map_or("not a domain", Domain::as_str);
        f.debug_struct("AuthenticationBuilder").field("domain", &domain).finish_non_exhaustive()
    }
}

struct SharedTransport(Arc<dyn Transport>);

impl Transport for SharedTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        self.0.send(request)
    }
}

struct Fixed(Secret);

impl TokenProvider for Fixed {
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

const fn _shared<T: MaybeSend + MaybeSync>() {}
const _: () = _shared::<AuthenticationClient>();
