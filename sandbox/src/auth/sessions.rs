//! Sessions: what a login at the pages leaves, seen through the Management API.

use super::flows::Login;
use super::parameters::text;
use super::refresh::remove_refresh_token;
use super::visit::Visit;
use crate::clock::iso8601;
use crate::error::ApiError;
use crate::store::{Store, USERS, key};
use serde_json::{Value, json};

/// The cookie that holds the session's id.
pub(crate) const COOKIE: &str = "auth0";

pub(crate) const SESSIONS: &str = "/sessions";

/// Where what no answer shows of a session is kept.
const INNER: &str = "/__sessions";

impl Visit<'_> {
    /// A session of a login. Its id is also what the cookie holds.
    pub(crate) fn new_session(&mut self, login: &mut Login, client_id: &str) -> Result<String, ApiError> {
        let id = self.secret(32)?;
        login.session = Some(id.clone());
        let settings = self.setting("/tenants/settings");
        let hours = |name: &str, default: f64| settings.get(name).and_then(Value::as_f64).unwrap_or(default);
        let after = |hours: f64| iso8601(self.now_s * 1000 + (hours * 3_600_000.0) as i64);
        let (now, until) = (self.now(), after(hours("session_lifetime", 168.0)));
        let agent = self.request.header("user-agent").unwrap_or_default();
        let methods: Vec<Value> = login.methods.iter().map(|name| json!({ "name": name, "timestamp": now })).collect();
        let record = json!({
            "id": id, "user_id": login.user_id, "created_at": now, "updated_at": now, "authenticated_at": now,
            "last_interacted_at": now, "idle_expires_at": after(hours("idle_session_lifetime", 72.0)),
            "expires_at": until,
            "device": { "initial_user_agent": agent, "initial_ip": "127.0.0.1", "last_user_agent": agent,
                        "last_ip": "127.0.0.1" },
            "clients": [{ "client_id": client_id }], "authentication": { "methods": methods },
        });
        self.put_session(&id, &record);
        let inner = json!({ "connection": login.connection, "at_s": login.at_s, "methods": login.methods,
                            "organization": login.organization });
        self.store.put(INNER, &id, &inner);
        Ok(id)
    }

    fn put_session(&mut self, id: &str, record: &Value) {
        let user = text(record, "user_id").unwrap_or_default();
        let path = format!("{USERS}/{}/sessions", key(user));
        self.store.put(SESSIONS, id, record);
        self.store.put(&path, id, record);
    }

    /// Notes that a client uses the session.
    pub(crate) fn touch_session(&mut self, id: &str, client_id: &str) {
        let Some(mut record) = self.store.get(SESSIONS, id) else { return };
        let now = self.now();
        record["last_interacted_at"] = json!(now);
        record["updated_at"] = json!(now);
        if let Some(clients) = record.get_mut("clients").and_then(Value::as_array_mut)
            && !clients.iter().any(|client| text(client, "client_id") == Some(client_id))
        {
            clients.push(json!({ "client_id": client_id }));
        }
        self.put_session(id, &record);
    }

    /// The session of the request's cookie, while it lasts.
    pub(crate) fn session(&self) -> Option<Login> {
        let cookies = self.request.header("cookie")?;
        let id = cookies.split(';').find_map(|pair| pair.trim().strip_prefix("auth0="))?;
        let record = self.store.get(SESSIONS, id)?;
        // Times in one format compare as texts.
        let now = self.now();
        if ["expires_at", "idle_expires_at"].iter().any(|name| text(&record, name).is_some_and(|at| at <= now.as_str()))
        {
            return None;
        }
        let inner = self.store.get(INNER, id)?;
        let user_id = text(&record, "user_id")?.to_owned();
        self.usable_user(&user_id).ok()?;
        Some(Login {
            user_id,
            connection: text(&inner, "connection").unwrap_or_default().to_owned(),
            session: Some(id.to_owned()),
            at_s: inner.get("at_s").and_then(Value::as_i64).unwrap_or_default(),
            methods: super::parameters::texts(inner.get("methods")).map(str::to_owned).collect(),
            organization: text(&inner, "organization").map(str::to_owned),
        })
    }
}

/// Ends a session; with it, where that is asked for, the refresh tokens that hang on it.
pub(crate) fn remove_session(store: &mut Store, id: &str, tokens_too: bool) -> bool {
    let Some(record) = store.remove(SESSIONS, id) else { return false };
    store.remove(INNER, id);
    if let Some(user) = text(&record, "user_id") {
        store.remove(&format!("{USERS}/{}/sessions", key(user)), id);
        if tokens_too {
            for token in tokens_of(store, user, |record| text(record, "session_id") == Some(id)) {
                remove_refresh_token(store, &token);
            }
        }
    }
    true
}

/// The ids of a user's refresh tokens that pass a test.
pub(crate) fn tokens_of(store: &Store, user: &str, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let all = store.all(&format!("{USERS}/{}/refresh-tokens", key(user)));
    all.iter().filter(|one| wanted(one)).filter_map(|one| text(one, "id").map(str::to_owned)).collect()
}

/// Ends all sessions of a user.
pub(crate) fn end_sessions(store: &mut Store, user: &str) {
    let path = format!("{USERS}/{}/sessions", key(user));
    let sessions: Vec<String> =
        store.collection(&path).map_or_else(Vec::new, |all| all.after(None).map(|(_, id, _)| id.to_string()).collect());
    for id in &sessions {
        remove_session(store, id, false);
    }
}

/// Ends all sessions and refresh tokens of a user.
pub(crate) fn revoke_user(store: &mut Store, user: &str) {
    end_sessions(store, user);
    for id in tokens_of(store, user, |_| true) {
        remove_refresh_token(store, &id);
    }
}
