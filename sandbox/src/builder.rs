//! The settings of a sandbox, with a socket or without.

use crate::embedded::Embedded;
use crate::error::SandboxError;
#[cfg(not(target_arch = "wasm32"))]
use crate::ids;
use crate::limits::RateLimit;
use crate::management;
use crate::seed::{Credentials, Seed};
use crate::seed_file::Sources;
use crate::tenant::{Tenant, TenantSettings};
use std::net::Ipv4Addr;

/// How long a token is good for unless the builder says otherwise, in seconds.
const TOKEN_LIFETIME_S: u32 = 86_400;

/// The settings of a sandbox that is to be started.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    pub(crate) host: String,
    pub(crate) port: u16,
    users: u64,
    rate_limit: Option<RateLimit>,
    token_lifetime_s: u32,
    issuer: Option<String>,
    pub(crate) allow_remote: bool,
    sample_refused: bool,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) data: Option<std::path::PathBuf>,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) seed_file: Option<std::path::PathBuf>,
    pub(crate) seed_text: Option<Sources>,
}

impl Builder {
    /// The address to listen on: an IP address or `localhost`; `127.0.0.1` by default.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The port to listen on; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How many users the tenant starts with; none by default.
    pub fn users(mut self, users: u64) -> Self {
        self.users = users;
        self
    }

    /// Answers 429 to what is more than `requests` in `seconds`; no limit by default.
    pub fn rate_limit(mut self, requests: u32, seconds: u32) -> Self {
        self.rate_limit = Some(RateLimit { requests, seconds });
        self
    }

    /// How long access tokens are good for, in seconds; a day by default.
    pub fn token_lifetime(mut self, seconds: u32) -> Self {
        self.token_lifetime_s = seconds;
        self
    }

    /// The issuer that tokens name, with a `/` at its end; `http://{domain}/` by default.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Allows an address that other machines reach. The demo client then gets a random secret.
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.allow_remote = allow;
        self
    }

    /// Answers a sample, marked as one, to a valid request that the state refuses (a record is missing, a name is taken,
    /// a cursor is unknown): for checks that call every operation with made-up ids.
    pub fn sample_refused(mut self, sample: bool) -> Self {
        self.sample_refused = sample;
        self
    }

    /// Keeps the state in this file, which survives the process however it ends; it is made when it is not there. A file
    /// that has a state is gone on with, and the seed is for new files only. Codes, tickets and other things that live for
    /// minutes are not in it.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn data(mut self, file: impl Into<std::path::PathBuf>) -> Self {
        self.data = Some(file.into());
        self
    }

    /// Completes the fresh state with what a JSON or YAML file says, or the folder of an Auth0 Deploy CLI export: `users` and
    /// the sections of an export (`tenant`, `clients`, `databases`, `connections`, `resourceServers`, `clientGrants`, `roles`,
    /// `actions`, `triggers`, `organizations`, `customDomains`, `attackProtection` and so on). What an export has beyond that
    /// is passed over: [`crate::Sandbox::notices`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn seed_file(mut self, file: impl Into<std::path::PathBuf>) -> Self {
        self.seed_file = Some(file.into());
        self
    }

    /// The same with a text: `name` stands for it in messages.
    pub fn seed_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.seed_text = Some(Sources::of_text(name.into(), text.into()));
        self
    }

    /// A tenant without a socket, whose address is only a name: host, port, remote access and data file say nothing here.
    ///
    /// `origin` is as `https://sandbox.test`. `pkcs8` is an RSA key of 2048 bits to sign with; without one it is made, which
    /// takes a second or more on wasm32.
    ///
    /// # Errors
    /// A setting that makes no sense, a seed that is not one, a key that is none.
    pub fn embed(self, origin: &str, pkcs8: Option<Vec<u8>>) -> Result<Embedded, SandboxError> {
        self.check()?;
        let domain = origin.split_once("://").map(|(_, domain)| domain.trim_end_matches('/'));
        let domain = domain.filter(|domain| !domain.is_empty() && !domain.contains(['/', '?', '#', ' ', '@']));
        let domain = domain.ok_or_else(|| SandboxError::Config(format!("{origin:?} is not an origin")))?;
        let credentials = ClientSet::fixed();
        let origin = origin.trim_end_matches('/').to_owned();
        // Clients make an https audience of the domain, whatever they connect with.
        let mut audiences =
            vec![format!("{origin}{}/", management::BASE), format!("https://{domain}{}/", management::BASE)];
        audiences.dedup();
        let seed_text = self.seed_text.clone();
        let tenant = Tenant::new(self.settings(format!("{origin}/"), audiences, &credentials, seed_text))?;
        if let Some(key) = pkcs8 {
            tenant.authority.keys.take(key, tenant.clock.now_ms()).map_err(SandboxError::Key)?;
        }
        tenant.prepare()?;
        Ok(Embedded::new(tenant, origin, domain.to_owned(), credentials))
    }

    pub(crate) fn new() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: 0,
            users: 0,
            rate_limit: None,
            token_lifetime_s: TOKEN_LIFETIME_S,
            issuer: None,
            allow_remote: false,
            sample_refused: false,
            #[cfg(not(target_arch = "wasm32"))]
            data: None,
            #[cfg(not(target_arch = "wasm32"))]
            seed_file: None,
            seed_text: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        if let Some(limit) = self.rate_limit.filter(|limit| limit.requests == 0 || limit.seconds == 0) {
            let RateLimit { requests, seconds } = limit;
            return Err(SandboxError::Config(format!(
                "a rate limit of {requests} in {seconds} s lets nothing through"
            )));
        }
        if self.token_lifetime_s == 0 {
            return Err(SandboxError::Config("a token lifetime of 0 s".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn settings(
        self,
        issuer: String,
        audiences: Vec<String>,
        clients: &ClientSet,
        seed_text: Option<Sources>,
    ) -> TenantSettings {
        let ClientSet { demo, limited, web } = clients.clone();
        TenantSettings {
            issuer: self.issuer.unwrap_or(issuer),
            audiences,
            token_lifetime_s: i64::from(self.token_lifetime_s),
            rate_limit: self.rate_limit,
            sample_refused: self.sample_refused,
            data: None,
            seed_text,
            seed: Seed { users: self.users, demo, limited, web },
        }
    }
}

/// The clients of a seed that have a secret.
#[derive(Clone, Debug)]
pub(crate) struct ClientSet {
    pub(crate) demo: Credentials,
    pub(crate) limited: Credentials,
    pub(crate) web: Credentials,
}

impl ClientSet {
    /// The same at each start.
    pub(crate) fn fixed() -> Self {
        let fixed = Credentials::fixed;
        Self { demo: fixed(301), limited: fixed(302), web: fixed(305) }
    }

    /// For a sandbox that other machines reach.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn random() -> Result<Self, SandboxError> {
        let letters = |count| ids::letters(count).map_err(|error| SandboxError::Key(error.message));
        let one = || Ok::<_, SandboxError>(Credentials { client_id: letters(32)?, client_secret: letters(64)? });
        Ok(Self { demo: one()?, limited: one()?, web: one()? })
    }
}
