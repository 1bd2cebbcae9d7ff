//! The tenant: its state and its answers, without a socket.

use crate::auth::{self, Authority, Flows};
use crate::clock::Clock;
use crate::error::SandboxError;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::limits::{Limiter, RateLimit};
use crate::management;
use crate::message::{Answer, Request};
use crate::model::Model;
use crate::outbox::Outbox;
use crate::seed::{self, Seed};
use crate::store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How often a device or a back-channel client may ask, in seconds.
const POLL_INTERVAL_S: i64 = 5;

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) model: Arc<Model>,
    pub(crate) store: RwLock<Store>,
    pub(crate) authority: Authority,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) flows: Mutex<Flows>,
    pub(crate) outbox: Outbox,
    /// Files of exports, by name.
    pub(crate) files: Mutex<BTreeMap<String, Vec<u8>>>,
    poll_interval_s: AtomicI64,
    pub(crate) clock: Clock,
    /// Answer a sample to a valid request that the state refuses.
    pub(crate) sample_refused: bool,
    seed: Mutex<Seed>,
    rate_limit: Option<RateLimit>,
}

/// What a tenant is made from.
#[derive(Debug)]
pub(crate) struct TenantSettings {
    /// With a `/` at its end.
    pub(crate) issuer: String,
    /// What the Management API may be called as an audience; the first is the one that is shown.
    pub(crate) audiences: Vec<String>,
    pub(crate) token_lifetime_s: i64,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) sample_refused: bool,
    pub(crate) seed: Seed,
}

impl Tenant {
    pub(crate) fn new(settings: TenantSettings) -> Result<Self, SandboxError> {
        let tenant = Self {
            model: Model::embedded()?,
            store: RwLock::default(),
            authority: Authority::new(settings.issuer, settings.audiences, settings.token_lifetime_s),
            limiter: Limiter::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            flows: Mutex::default(),
            outbox: Outbox::default(),
            files: Mutex::default(),
            poll_interval_s: AtomicI64::new(POLL_INTERVAL_S),
            clock: Clock::default(),
            sample_refused: settings.sample_refused,
            seed: Mutex::new(settings.seed),
            rate_limit: settings.rate_limit,
        };
        tenant.reset();
        Ok(tenant)
    }

    /// Back to the seed: state, faults, journal, clock and rate limit. Tokens stay valid.
    pub(crate) fn reset(&self) {
        let seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let store = seed::store(&self.model, &seed, self.authority.audience());
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
        self.faults.clear();
        self.journal.clear();
        *self.flows.lock().unwrap_or_else(PoisonError::into_inner) = Flows::default();
        self.outbox.clear();
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.set_poll_interval(POLL_INTERVAL_S);
        self.clock.reset();
        self.limiter.set(self.rate_limit);
    }

    /// A new seed with this many users, and the state of it. Faults, journal and so on stay.
    pub(crate) fn reseed(&self, users: u64) {
        let seed = {
            let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
            seed.users = users;
            seed.clone()
        };
        let store = seed::store(&self.model, &seed, self.authority.audience());
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    pub(crate) fn poll_interval_s(&self) -> i64 {
        self.poll_interval_s.load(Ordering::Relaxed)
    }

    pub(crate) fn set_poll_interval(&self, seconds: i64) {
        self.poll_interval_s.store(seconds, Ordering::Relaxed);
    }

    /// The name of the operation that a request is for, if it is for one.
    pub(crate) fn operation(&self, request: &Request) -> Option<String> {
        let Some(below) = request.path.strip_prefix(management::BASE) else {
            return auth::name(request).map(str::to_owned);
        };
        self.model.find(&request.method, below).map(|(route, _)| route.operation.id.clone())
    }

    /// Answers a request to the tenant (not to the test controls).
    pub(crate) fn handle(&self, request: &Request) -> Answer {
        let path = request.path.as_str();
        if path == management::BASE || path.starts_with(&format!("{}/", management::BASE)) {
            return management::handle(self, request);
        }
        if let Some(answer) = auth::handle(self, request) {
            return answer;
        }
        match (request.method.as_str(), path) {
            ("GET", "/") => Answer::json(200, &json!({ "name": "auth0-sandbox", "api": management::BASE })),
            _ => crate::error::ApiError::not_found().answer(),
        }
    }
}
