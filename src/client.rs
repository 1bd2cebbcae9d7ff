//! Builders: domain, credentials, host and policies.

use crate::auth::AuthenticationClient;
use crate::auth::client_credentials::ClientCredentials;
use crate::domain::{self, Domain};
use crate::error::{Error, ErrorKind};
use crate::host::{Host, TokenStore, Transport};
use crate::http::{Headers, Limits, check_header};
use crate::management::{Core, ManagementClient, Settings};
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::observe::{Hooks, RequestEvent, ResponseEvent, RetryEvent};
use crate::pace::{Limiter, Priority};
use crate::retry::{Retry, RetryPolicy};
use crate::secret::Secret;
use crate::telemetry;
use crate::token::{TokenProvider, TokenSource};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long one attempt may take, unless the client or the call says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often a failed attempt is repeated, unless the client or the call says otherwise.
const MAX_RETRIES: u32 = 2;

/// Sets a [`ManagementClient`] up. Everything is checked by [`ManagementBuilder::build`].
#[must_use = "nothing happens before build()"]
pub struct ManagementBuilder {
    wanted: Wanted,
    host: Option<Host>,
    transport: Option<Arc<dyn Transport>>,
    store: Option<Arc<dyn TokenStore>>,
    through: Option<AuthenticationClient>,
    limiter: Option<Limiter>,
    hooks: Hooks,
    priority: Priority,
}

/// What a client is wanted to be, not checked yet. Without the host, which the npm package has none of.
pub(crate) struct Wanted {
    pub(crate) domain: String,
    pub(crate) base_url: Option<String>,
    pub(crate) token: Option<TokenSource>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) audience: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) custom_domain: Option<String>,
    /// The value of `Auth0-Client`; `None` for no telemetry.
    pub(crate) telemetry: Option<String>,
    pub(crate) limits: Limits,
}

impl Limits {
    /// Those of a client that is told nothing else.
    pub(crate) fn standard() -> Self {
        Self {
            timeout: TIMEOUT,
            deadline: None,
            max_retries: MAX_RETRIES,
            retry: Arc::new(RetryPolicy::default()),
            attempt_ends_at: None,
        }
    }
}

impl ManagementBuilder {
    pub(crate) fn new(domain: String) -> Self {
        let wanted = Wanted {
            domain,
            base_url: None,
            token: None,
            client_id: None,
            client_secret: None,
            audience: None,
            organization: None,
            headers: Vec::new(),
            custom_domain: None,
            telemetry: Some(telemetry::of_this_crate()),
            limits: Limits::standard(),
        };
        Self {
            wanted,
            host: None,
            transport: None,
            store: None,
            through: None,
            limiter: None,
            hooks: Hooks::default(),
            priority: Priority::default(),
        }
    }

    /// Calls are made with this token, which the program has got elsewhere. It is not renewed.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.wanted.token = Some(TokenSource::Fixed(token.into()));
        self
    }

    /// Calls are made with the token that this gives for each attempt. A closure that returns a future is a provider.
    pub fn token_provider(mut self, provider: impl TokenProvider + 'static) -> Self {
        self.wanted.token = Some(TokenSource::Provider(Arc::new(provider)));
        self
    }

    /// Calls are made with a token that the client gets by the client credentials grant, keeps until 30 s before it
    /// expires, and renews. Many calls at once make one token request. A kept token that the API answers with 401 is
    /// replaced once.
    pub fn client_credentials(mut self, client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        self.wanted.client_id = Some(client_id.into());
        self.wanted.client_secret = Some(client_secret.into());
        self
    }

    /// As [`ManagementBuilder::client_credentials`], with a client that proves who it is in its own way: by an assertion
    /// (`private_key_jwt`), a certificate, a secret in the header. The token requests are its own, with its transport.
    pub fn authentication(mut self, client: &AuthenticationClient) -> Self {
        self.through = Some(client.clone());
        self
    }

    /// The audience of the token that client credentials get. `https://{domain}/api/v2/` by default; it must be named
    /// when the domain is a custom one, since the audience keeps the tenant's own.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.wanted.audience = Some(audience.into());
        self
    }

    /// The organization (id or name) that the token of the client credentials is for.
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.wanted.organization = Some(organization.into());
        self
    }

    /// Where the Management API is, in the place of `https://{domain}/api/v2`: a proxy. https, or loopback.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.wanted.base_url = Some(base_url.into());
        self
    }

    /// A header of every call.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wanted.headers.push((name.into(), Secret::new(value)));
        self
    }

    /// The custom domain that links in mails and tickets use: sent as `Auth0-Custom-Domain` with the operations that
    /// take it, and with no other.
    pub fn custom_domain(mut self, domain: impl Into<String>) -> Self {
        self.wanted.custom_domain = Some(domain.into());
        self
    }

    /// False leaves the `Auth0-Client` header out, which tells Auth0 the name and version of this crate.
    pub fn telemetry(mut self, on: bool) -> Self {
        self.wanted.telemetry = on.then(telemetry::of_this_crate);
        self
    }

    /// The name and version of the program, in the place of this crate's in the `Auth0-Client` header.
    pub fn client_info(mut self, name: &str, version: &str) -> Self {
        self.wanted.telemetry = Some(telemetry::header(name, version));
        self
    }

    /// The time that each attempt may take, from its token to the last byte of its body. 60 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.wanted.limits.timeout = timeout;
        self
    }

    /// The time that all attempts of a call and the waits between them may take. None by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.wanted.limits.deadline = Some(deadline);
        self
    }

    /// How often a failed attempt is repeated. 2 by default; 0 for never.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.wanted.limits.max_retries = max_retries;
        self
    }

    /// What decides whether a failed attempt is repeated, in the place of [`RetryPolicy::default`].
    pub fn retry_policy(mut self, policy: impl Retry + 'static) -> Self {
        self.wanted.limits.retry = Arc::new(policy);
        self
    }

    /// The host, in the place of the target's. Clients that share one share their tokens.
    pub fn host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// The transport, in the place of the host's. A closure is one.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Where tokens are kept, in the place of the host's memory.
    pub fn token_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Paces the calls, so that they stay just under the rate limit; the clients that are given clones of one limiter share it. None by
    /// default. The wait before an attempt is not a part of its timeout, but of the deadline.
    pub fn limiter(mut self, limiter: Limiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// How urgent the client's calls are, unless one says otherwise ([`Call::priority`](crate::Call::priority)). Interactive by default.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
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
    /// [`ErrorKind::Config`] for a wrong domain or base URL, missing credentials, a token beside credentials, a header
    /// that is not one, and a target without a transport.
    pub fn build(self) -> Result<ManagementClient, Error> {
        let Self { mut wanted, host, transport, store, through, limiter, hooks, priority } = self;
        if let Some(client) = &through {
            let config = |message| Err(Error::new(ErrorKind::Config, message));
            if wanted.client_id.is_some() || wanted.token.is_some() {
                return config(
                    "an authentication client is given beside a token or client credentials: give one of them",
                );
            }
            match (&client.core.client_id, client.can_authenticate()) {
                (Some(id), true) => wanted.client_id = Some(id.clone()),
                _ => return config("the authentication client cannot prove who it is: give it a secret or a key"),
            }
            // Never sent: the other client makes the request.
            wanted.client_secret = Some(Secret::new("-"));
        }
        let (settings, mut token) = wanted.settle()?;
        if let (Some(client), TokenSource::ClientCredentials(credentials)) = (through, &mut token) {
            credentials.through = Some(Arc::new(client));
        }
        let mut host = match host {
            Some(host) => host,
            None => Host::of_target()?,
        };
        if let Some(transport) = transport {
            host.transport = transport;
        }
        if let Some(store) = store {
            host.store = store;
            host.flights = Arc::default();
        }
        host.watched(limiter, hooks);
        let core = Core {
            host,
            settings,
            token,
            #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
            runtime: Default::default(),
        };
        Ok(ManagementClient { core: Arc::new(core), priority })
    }
}

impl Wanted {
    /// Checks everything.
    ///
    /// # Errors
    /// As those of [`ManagementBuilder::build`].
    pub(crate) fn settle(self) -> Result<(Settings, TokenSource), Error> {
        let domain = Domain::parse(&self.domain)?;
        let base_url = match &self.base_url {
            Some(base_url) => domain::parse_base_url(base_url)?,
            None => [domain.origin(), "/api/v2"].concat(),
        };
        let mut headers = Headers::new();
        headers.append("accept", "application/json");
        if let Some(telemetry) = self.telemetry {
            headers.append("auth0-client", telemetry);
        }
        let config = |message| Err(Error::new(ErrorKind::Config, message));
        let token = match (self.token, self.client_id, self.client_secret) {
            (Some(_), Some(_), _) => {
                return config("both a token and client credentials are given: give one of them");
            }
            (Some(TokenSource::Fixed(token)), ..) if token.expose().is_empty() => return config("the token is empty"),
            (Some(source), ..) => source,
            (None, Some(id), Some(secret)) if !id.is_empty() && !secret.expose().is_empty() => {
                let audience = self.audience.unwrap_or_else(|| [domain.origin(), "/api/v2/"].concat());
                let organization = self.organization.as_deref();
                let headers = headers.clone();
                let credentials = ClientCredentials::new(&domain, &id, secret, &audience, organization, headers);
                TokenSource::ClientCredentials(Box::new(credentials))
            }
            (None, Some(_), _) => return config("the client id or the client secret is empty"),
            (None, None, _) => {
                return config("there are no credentials: give a token, or a client id and a client secret");
            }
        };
        for (name, value) in self.headers {
            check_header(&name, value.expose(), ErrorKind::Config)?;
            headers.set(name, value.expose());
        }
        let custom_domain = match &self.custom_domain {
            Some(domain) => Some(Domain::parse(domain)?.as_str().to_owned()),
            None => None,
        };
        Ok((Settings { base_url, headers, custom_domain, limits: self.limits }, token))
    }
}

impl fmt::Debug for ManagementBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not checked yet: it may be a URL with a password in it.
        let domain = Domain::parse(&self.wanted.domain);
        let domain = domain.as_ref().map_or("not a domain", Domain::as_str);
        f.debug_struct("ManagementBuilder").field("domain", &domain).finish_non_exhaustive()
    }
}
