//! The tenant: its state and its answers, without a socket.

use crate::auth::{self, Authority, Flows};
use crate::bell::Bell;
use crate::clock::Clock;
use crate::error::{ApiError, SandboxError};
use crate::events;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::limits::{Limiter, RateLimit};
use crate::management;
use crate::message::{Answer, Request};
use crate::model::Model;
use crate::outbox::Outbox;
use crate::seed::{self, Seed};
use crate::seed_file::{self, Sources};
use crate::store::{Collection, Store};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockWriteGuard};

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
    pub(crate) bell: Bell,
    /// How often the state was replaced, and at which event the last one began.
    replaced: Mutex<(u64, u64)>,
    /// Answer a sample to a valid request that the state refuses.
    pub(crate) sample_refused: bool,
    data: Option<Box<dyn Keeper>>,
    /// The state that the seed file gave, to come back to.
    seeded: Mutex<Option<Store>>,
    /// States that a test keeps, by name.
    snapshots: Mutex<BTreeMap<String, Store>>,
    /// Why the data file could not be written; from then on nothing is answered but this.
    broken: OnceLock<String>,
    seed: Mutex<Seed>,
    rate_limit: Option<RateLimit>,
    /// What of the seed was passed over.
    pub(crate) notices: Vec<String>,
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
    /// Where the state is kept, and the state that was there already; in memory without it.
    pub(crate) data: Option<(Box<dyn Keeper>, Option<Store>)>,
    /// What a fresh state is completed with.
    pub(crate) seed_text: Option<Sources>,
}

/// Where a state outlives the process.
pub(crate) trait Keeper: fmt::Debug + Send + Sync {
    /// Writes what changed in the store since the last time.
    fn write(&self, store: &mut Store) -> Result<(), String>;
}

/// The store while it is changed. What changed is in the data file before the next one may look.
pub(crate) struct Changing<'a> {
    tenant: &'a Tenant,
    store: RwLockWriteGuard<'a, Store>,
}

impl Deref for Changing<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl DerefMut for Changing<'_> {
    fn deref_mut(&mut self) -> &mut Store {
        &mut self.store
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        let told = events::record(&mut self.store, self.tenant.clock.now_ms());
        if told > 0 {
            self.tenant.bell.ring();
            let deliveries = events::deliveries(&self.tenant.model, &self.store, told);
            deliveries.into_iter().for_each(|message| self.tenant.outbox.add(message));
        }
        let Some(file) = &self.tenant.data else { return };
        if let Err(error) = file.write(&mut self.store) {
            // The first reason is the one that is told.
            self.tenant.broken.set(error).ok();
        }
    }
}

impl Tenant {
    pub(crate) fn new(settings: TenantSettings) -> Result<Self, SandboxError> {
        let (data, kept) = settings.data.map_or((None, None), |(keeper, kept)| (Some(keeper), kept));
        let mut tenant = Self {
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
            bell: Bell::default(),
            replaced: Mutex::default(),
            sample_refused: settings.sample_refused,
            data,
            seeded: Mutex::default(),
            snapshots: Mutex::default(),
            broken: OnceLock::new(),
            seed: Mutex::new(settings.seed),
            rate_limit: settings.rate_limit,
            notices: Vec::new(),
        };
        match kept {
            Some(store) => tenant.take_over(store)?,
            None => {
                tenant.reset();
                if let Some(sources) = &settings.seed_text {
                    tenant.notices = seed_file::load(&tenant, sources)?;
                    // What a tenant begins with is no news.
                    tenant.change().clear(events::EVENTS);
                    let seeded = tenant.store.read().unwrap_or_else(PoisonError::into_inner).clone();
                    *tenant.seeded.lock().unwrap_or_else(PoisonError::into_inner) = Some(seeded);
                }
            }
        }
        Ok(tenant)
    }

    /// Makes the signing key, where the data file brought none.
    pub(crate) fn prepare(&self) -> Result<(), SandboxError> {
        self.authority.prepare(self.clock.now_ms())?;
        self.change().keep_keys(&self.authority);
        Ok(())
    }

    /// Goes on with the state of a data file. The address may be another one now, and with it the name of the API.
    fn take_over(&self, mut store: Store) -> Result<(), SandboxError> {
        if let Some(keys) = store.value(crate::store::KEYS) {
            self.authority.keys.import(&keys).map_err(SandboxError::Key)?;
        }
        store.follow_loaded();
        let audience = self.authority.audience();
        let is_old = |api: &serde_json::Value| api.get("is_system").and_then(serde_json::Value::as_bool) == Some(true);
        for mut api in store.all("/resource-servers").into_iter().filter(is_old) {
            let (Some(id), Some(old)) = (text_of(&api, "id"), text_of(&api, "identifier")) else { continue };
            if old == audience {
                continue;
            }
            api["identifier"] = json!(audience);
            store.put("/resource-servers", &id, &api);
            for mut grant in store.all("/client-grants") {
                if let (true, Some(id)) = (text_of(&grant, "audience").as_ref() == Some(&old), text_of(&grant, "id")) {
                    grant["audience"] = json!(audience);
                    store.put("/client-grants", &id, &grant);
                }
            }
        }
        self.limiter.set(self.rate_limit);
        store.watch();
        *self.change() = store;
        self.check()
    }

    /// The store, to change it.
    pub(crate) fn change(&self) -> Changing<'_> {
        Changing { tenant: self, store: self.store.write().unwrap_or_else(PoisonError::into_inner) }
    }

    fn check(&self) -> Result<(), SandboxError> {
        let reason = self.broken.get().cloned();
        let path = |error: String| SandboxError::Config(format!("the data file cannot be written: {error}"));
        reason.map_or(Ok(()), |reason| Err(path(reason)))
    }

    /// Puts another state in the place of this one.
    fn replace(&self, mut store: Store) {
        if self.data.is_some() {
            store.follow();
            store.keep_keys(&self.authority);
        }
        store.watch();
        let beginning = store.collection(events::EVENTS).map_or(0, Collection::places);
        let mut changing = self.change();
        *changing = store;
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        *replaced = (replaced.0 + 1, beginning);
    }

    /// Back to the seed: state, faults, journal, clock and rate limit. Tokens stay valid.
    pub(crate) fn reset(&self) {
        let seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let seeded = self.seeded.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let store = seeded.unwrap_or_else(|| seed::store(&self.model, &seed, self.authority.audience()));
        self.replace(store);
        self.faults.clear();
        self.journal.clear();
        *self.flows.lock().unwrap_or_else(PoisonError::into_inner) = Flows::default();
        self.outbox.clear();
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.set_poll_interval(POLL_INTERVAL_S);
        self.clock.reset();
        self.limiter.set(self.rate_limit);
    }

    /// Keeps the state under a name.
    pub(crate) fn snapshot(&self, name: &str) {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), store);
    }

    /// Comes back to a state that was kept. `false`: there is none of this name.
    pub(crate) fn restore(&self, name: &str) -> bool {
        let kept = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let found = kept.is_some();
        kept.into_iter().for_each(|store| self.replace(store));
        found
    }

    /// A new seed with this many users, and the state of it. Faults, journal and so on stay.
    pub(crate) fn reseed(&self, users: u64) {
        let seed = {
            let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
            seed.users = users;
            seed.clone()
        };
        let store = seed::store(&self.model, &seed, self.authority.audience());
        self.replace(store);
    }

    pub(crate) fn poll_interval_s(&self) -> i64 {
        self.poll_interval_s.load(Ordering::Relaxed)
    }

    pub(crate) fn set_poll_interval(&self, seconds: i64) {
        self.poll_interval_s.store(seconds, Ordering::Relaxed);
    }

    /// How often the state was replaced, and at which event the last one began.
    pub(crate) fn replaced(&self) -> (u64, u64) {
        *self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened since a cursor was read the last time.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn events(&self, cursor: &mut events::Cursor) -> String {
        let route = self.model.routes.iter().find(|route| route.operation.event_stream);
        let Some(response) = route.and_then(|route| route.operation.response.as_ref()) else { return String::new() };
        cursor.follow(self.replaced());
        cursor.read(&self.model, response, &self.store.read().unwrap_or_else(PoisonError::into_inner))
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
        let answer = self.perform(request);
        match self.broken.get() {
            None => answer,
            Some(error) => ApiError::internal(format!("the data file cannot be written: {error}")).answer(),
        }
    }

    fn perform(&self, request: &Request) -> Answer {
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

fn text_of(value: &serde_json::Value, name: &str) -> Option<String> {
    value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned)
}
