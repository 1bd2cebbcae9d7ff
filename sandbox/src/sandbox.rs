//! A running sandbox, and how one is started.

use crate::builder::{Builder, ClientSet};
use crate::data::DataFile;
use crate::embedded::configuration;
use crate::error::SandboxError;
use crate::faults::{Fault, Match};
use crate::journal::Entry;
use crate::limits::{RateLimit, Tier};
use crate::management;
use crate::outbox::Message;
use crate::seed::{self, Credentials};
use crate::seed_file::Sources;
use crate::server;
use crate::tenant::Tenant;
use serde_json::Value;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

impl Builder {
    /// Starts the sandbox on the tokio runtime that this is called in.
    ///
    /// # Errors
    /// An address that is not a loopback address, or cannot be opened; a setting that makes no sense; a data file or a seed
    /// that cannot be used.
    pub async fn start(mut self) -> Result<Sandbox, SandboxError> {
        self.check()?;
        let host: IpAddr = match self.host.as_str() {
            "localhost" => Ipv4Addr::LOCALHOST.into(),
            text => text.parse().map_err(|_| SandboxError::Config(format!("{text:?} is not an IP address")))?,
        };
        if !host.is_loopback() && !self.allow_remote {
            return Err(SandboxError::NotLoopback(self.host));
        }
        let address = SocketAddr::new(host, self.port);
        let failed = |source| SandboxError::Listen { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shown = if host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { host };
        let domain = SocketAddr::new(shown, address.port()).to_string();
        let clients = if host.is_loopback() { ClientSet::fixed() } else { ClientSet::random()? };
        let (issuer, audiences) = (format!("http://{domain}/"), audiences(&domain, address.port()));
        let (data, seed_file) = (self.data.take(), self.seed_file.take());
        let set = clients.clone();
        let tenant = tokio::task::spawn_blocking(move || {
            let data = data.map(|path| DataFile::open(&path)).transpose()?;
            let seed_text = match (&data, seed_file) {
                // The seed is for new files only.
                (Some((_, Some(_))), _) => None,
                (_, Some(path)) => Some(Sources::read(&path)?),
                (_, None) => self.seed_text.take(),
            };
            let mut settings = self.settings(issuer, audiences, &set, seed_text);
            settings.data = data.map(|(file, kept)| (file.boxed(), kept));
            let tenant = Tenant::new(settings)?;
            tenant.prepare()?;
            Ok::<_, SandboxError>(Arc::new(tenant))
        });
        let tenant = tenant.await.map_err(|error| SandboxError::Config(format!("starting failed: {error}")))??;
        let (stop, stopped) = oneshot::channel::<()>();
        // A sender that is dropped stops the server as well as one that is used.
        let until = async { stopped.await.unwrap_or_default() };
        let server = tokio::spawn(server::serve(listener, Arc::clone(&tenant), until));
        Ok(Sandbox { tenant, domain, port: address.port(), clients, stop: Some(stop), server: Some(server) })
    }
}

fn audiences(domain: &str, port: u16) -> Vec<String> {
    let base = management::BASE;
    // Clients make an https audience of the domain, whatever they connect with.
    [
        format!("http://{domain}"),
        format!("https://{domain}"),
        format!("http://localhost:{port}"),
        format!("https://localhost:{port}"),
    ]
    .iter()
    .map(|origin| format!("{origin}{base}/"))
    .collect()
}

/// A running sandbox. It stops when it is dropped.
pub struct Sandbox {
    tenant: Arc<Tenant>,
    domain: String,
    port: u16,
    clients: ClientSet,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts a sandbox with nothing said: on a free port of this machine, without users and without a rate limit.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, SandboxError> {
        Self::builder().start().await
    }

    /// Settings to start from: loopback, a free port, no users, no rate limit.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Host and port, as `127.0.0.1:4400`: what a client takes for the tenant's domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The root of everything, as `http://127.0.0.1:4400`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.domain)
    }

    /// The base URL of the Management API, as `http://127.0.0.1:4400/api/v2`.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.origin(), management::BASE)
    }

    /// The audience of the Management API, as `http://127.0.0.1:4400/api/v2/`. `https` and `localhost` are known too.
    pub fn audience(&self) -> String {
        format!("{}/", self.base_url())
    }

    /// What a client is configured with, as JSON: what the methods here say, by their names.
    pub fn configuration(&self) -> Value {
        configuration(&self.domain, &self.origin(), &self.clients)
    }

    /// What of the seed was passed over.
    pub fn notices(&self) -> &[String] {
        &self.tenant.notices
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of the demo client, which may do everything.
    pub fn client_id(&self) -> &str {
        &self.clients.demo.client_id
    }

    /// The secret of the demo client.
    pub fn client_secret(&self) -> &str {
        &self.clients.demo.client_secret
    }

    /// Id and secret of a client that may only `read:users`.
    pub fn limited_client(&self) -> (&str, &str) {
        (&self.clients.limited.client_id, &self.clients.limited.client_secret)
    }

    /// Id and secret of the sample web application, which may use every grant. Its callbacks are
    /// `http://localhost:3000/callback`, `http://127.0.0.1:3000/callback` and `https://app.example.com/callback`.
    pub fn web_client(&self) -> (&str, &str) {
        (&self.clients.web.client_id, &self.clients.web.client_secret)
    }

    /// The id of the sample single-page application: it has no secret, and uses PKCE and rotating refresh tokens.
    pub fn single_page_client_id(&self) -> String {
        Credentials::fixed(seed::SINGLE_PAGE).client_id
    }

    /// The id of the sample native application: it has no secret, and may use every grant that needs none.
    pub fn native_client_id(&self) -> String {
        Credentials::fixed(seed::NATIVE).client_id
    }

    /// The identifier of the sample API, whose scopes are `read:things` and `write:things`.
    pub fn sample_api(&self) -> &'static str {
        seed::API
    }

    /// The password of every user of the seed; they are `user-000001@example.com` and so on.
    pub fn user_password(&self) -> &'static str {
        seed::PASSWORD
    }

    /// The mails, text messages and pushes that were not sent, the oldest first; the last 1,000 are kept.
    pub fn outbox(&self) -> Vec<Message> {
        self.tenant.outbox.all()
    }

    /// How often a device or a back-channel client may ask, in seconds; 5 by default. With 0 none asks too often.
    pub fn set_poll_interval(&self, seconds: u32) {
        self.tenant.set_poll_interval(i64::from(seconds));
    }

    /// Orders a fault; it happens after those that were ordered before and match too.
    ///
    /// # Errors
    /// A fault that cannot happen: a status out of range, no times, a malformed header.
    pub fn fault(&self, fault: Fault) -> Result<(), SandboxError> {
        fault.check().map_err(|problem| SandboxError::Config(format!("a fault that cannot happen: {problem}")))?;
        self.tenant.faults.add(fault);
        Ok(())
    }

    /// Forgets the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.tenant.faults.clear();
    }

    /// The requests so far, the oldest first, without those to the test controls; the last 10,000 are kept.
    pub fn requests(&self) -> Vec<Entry> {
        self.tenant.journal.matching(&Match::default())
    }

    /// The requests so far that match.
    pub fn requests_matching(&self, wanted: &Match) -> Vec<Entry> {
        self.tenant.journal.matching(wanted)
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.tenant.journal.clear();
    }

    /// Back to the seed: state, faults, requests, clock and rate limit. Tokens stay valid.
    pub fn reset(&self) {
        self.tenant.reset();
    }

    /// Starts over with a state of this many users; later resets come back to this number too.
    pub fn seed(&self, users: u64) {
        self.tenant.reseed(users);
    }

    /// Makes every token that was issued so far invalid.
    pub fn revoke_tokens(&self) {
        self.tenant.authority.revoke_all(self.tenant.clock.now_s());
    }

    /// Sets or lifts the rate limit, and starts a new window.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.tenant.limiter.set(limit);
    }

    /// Sets the rate limit that Auth0 publishes for a subscription, with a full bucket.
    pub fn set_rate_limit_tier(&self, tier: Tier) {
        self.tenant.limiter.set_tier(tier, self.tenant.clock.now_ms());
    }

    /// Keeps the state under a name, for [`Self::restore`].
    pub fn snapshot(&self, name: &str) {
        self.tenant.snapshot(name);
    }

    /// Comes back to a state that was kept; `false` when there is none of this name. Tokens stay valid.
    pub fn restore(&self, name: &str) -> bool {
        self.tenant.restore(name)
    }

    /// Moves the sandbox's clock: what it stamps on records and tokens, and what it checks expiries by.
    pub fn advance_clock(&self, milliseconds: i64) {
        self.tenant.clock.advance(milliseconds);
        self.tenant.bell.ring();
    }

    /// Stops: finishes the answers on their way, then closes.
    pub async fn shutdown(mut self) {
        self.stop.take();
        if let Some(server) = self.server.take() {
            // A server that failed has stopped as well.
            server.await.ok();
        }
    }

    /// Runs until the server ends by itself, which it does only on an error of the socket.
    pub async fn wait(&mut self) -> std::io::Result<()> {
        match self.server.as_mut() {
            Some(server) => server.await.map_err(std::io::Error::other)?,
            None => Ok(()),
        }
    }
}
