//! The tenant's log: what happened, as `GET /api/v2/logs` shows it.

use crate::clock::iso8601;
use crate::store::{Store, key};
use serde_json::{Map, Value, json};

/// The collection of all events.
pub(crate) const LOGS: &str = "/logs";

/// The oldest go when there are more.
const CAPACITY: usize = 5_000;

/// One event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event<'a> {
    /// Auth0's code for what happened, as `s` for a login.
    pub(crate) kind: &'a str,
    pub(crate) description: String,
    pub(crate) client_id: &'a str,
    pub(crate) client_name: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) user_name: &'a str,
    pub(crate) connection: &'a str,
    pub(crate) details: Option<Value>,
}

/// Writes an event down, in the tenant's log and in the user's.
pub(crate) fn add(store: &mut Store, now_ms: i64, event: &Event<'_>) {
    let number = store.collection(LOGS).map_or(0, crate::store::Collection::places);
    let id = format!("9002027{number:022}");
    let mut record = Map::new();
    for (name, text) in [
        ("_id", id.as_str()),
        ("log_id", id.as_str()),
        ("date", iso8601(now_ms).as_str()),
        ("type", event.kind),
        ("description", event.description.as_str()),
        ("client_id", event.client_id),
        ("client_name", event.client_name),
        ("user_id", event.user_id),
        ("user_name", event.user_name),
        ("connection", event.connection),
        ("ip", "127.0.0.1"),
        ("user_agent", "auth0-sandbox"),
    ] {
        if !text.is_empty() {
            record.insert(name.to_owned(), json!(text));
        }
    }
    event.details.iter().for_each(|details| drop(record.insert("details".to_owned(), details.clone())));
    let record = Value::Object(record);
    store.put(LOGS, &id, &record);
    let excess = store.collection(LOGS).map_or(0, |all| all.len().saturating_sub(CAPACITY));
    if excess > 0 {
        let old: Vec<String> = store
            .collection(LOGS)
            .into_iter()
            .flat_map(|all| all.after(None).take(excess))
            .map(|(_, id, _)| id.to_string())
            .collect();
        old.iter().for_each(|id| drop(store.remove(LOGS, id)));
    }
    if !event.user_id.is_empty() && store.collection(crate::store::USERS).is_some_and(|all| all.contains(event.user_id))
    {
        store.put(&format!("/users/{}/logs", key(event.user_id)), &id, &record);
    }
}
