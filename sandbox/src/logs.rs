//! The tenant's log: what happened, as `GET /api/v2/logs` shows it.

use crate::auth::Grant;
use crate::clock::iso8601;
use crate::message::Request;
use crate::model::Route;
use crate::store::{Store, key};
use serde_json::{Map, Value, json};

/// The collection of all events.
pub(crate) const LOGS: &str = "/logs";

/// The oldest go when there are more.
const CAPACITY: usize = 5_000;

/// A body that is longer as text, in bytes, is not kept with the log of its operation.
const LONGEST_BODY: usize = 4_096;

/// Members whose values no log shows, wherever they stand.
const SECRETS: [&str; 12] = [
    "password",
    "client_secret",
    "secret",
    "secrets",
    "credentials",
    "pem",
    "wrapped_key",
    "auth_token",
    "skey",
    "access_token",
    "refresh_token",
    "link_with",
];

/// Operations whose whole body is a secret.
const SECRET_BODIES: [&str; 2] = ["rulesConfigs.", "hooks.secrets."];

/// A writing operation of the Management API, to be written down as Auth0's `sapi` or `fapi`.
pub(crate) struct Operated<'a> {
    pub(crate) request: &'a Request,
    pub(crate) route: &'a Route,
    pub(crate) grant: &'a Grant,
    pub(crate) body: Option<&'a Value>,
}

impl Operated<'_> {
    /// Writes it down, with the status of its answer and what was wrong with it.
    pub(crate) fn log(&self, store: &mut Store, now_ms: i64, status: u16, problem: Option<&str>) {
        let client = store.get("/clients", &self.grant.client_id).unwrap_or_default();
        let mut request = json!({ "method": self.request.method.to_lowercase(), "path": self.request.path,
                                  "query": self.request.query, "channel": "api",
                                  "auth": { "strategy": "jwt", "credentials": { "scopes": self.route.operation.scopes } } });
        let secret = SECRET_BODIES.iter().any(|begin| self.route.operation.id.starts_with(begin));
        if let Some(body) = self.body.filter(|_| !secret && self.request.body.len() <= LONGEST_BODY) {
            request["body"] = redacted(body);
        }
        let mut details = json!({ "request": request, "response": { "statusCode": status } });
        if let Some(problem) = problem {
            details["response"]["body"] = json!({ "message": problem });
        }
        let event = Event {
            kind: if problem.is_none() { "sapi" } else { "fapi" },
            description: problem.map_or_else(|| spoken(&self.route.operation.id), str::to_owned),
            client_id: &self.grant.client_id,
            client_name: client.get("name").and_then(Value::as_str).unwrap_or_default(),
            user_id: self.grant.user_id.as_deref().unwrap_or_default(),
            details: Some(details),
            ..Event::default()
        };
        add(store, now_ms, &event);
    }
}

/// `users.authenticationMethods.create` as `Create users authentication methods`.
fn spoken(operation: &str) -> String {
    let (before, verb) = operation.rsplit_once('.').unwrap_or(("", operation));
    let mut text = String::new();
    for (index, c) in format!("{verb} {}", before.replace('.', " ")).trim_end().chars().enumerate() {
        match c {
            c if index == 0 => text.extend(c.to_uppercase()),
            c if c.is_uppercase() => text.extend([' '].into_iter().chain(c.to_lowercase())),
            c => text.push(c),
        }
    }
    text
}

/// A body without its secrets.
fn redacted(body: &Value) -> Value {
    match body {
        Value::Object(map) => {
            let shown = map.iter().map(|(name, value)| match SECRETS.contains(&name.as_str()) && !value.is_null() {
                true => (name.clone(), json!("*****")),
                false => (name.clone(), redacted(value)),
            });
            Value::Object(shown.collect())
        }
        Value::Array(list) => list.iter().map(redacted).collect(),
        other => other.clone(),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_in_words_and_secrets_are_not() {
        assert_eq!(spoken("users.authenticationMethods.create"), "Create users authentication methods");
        assert_eq!(spoken("users.update"), "Update users");
        let body = json!({"name": "a", "password": "p", "options": [{"client_secret": "s", "secret": null}]});
        let shown = json!({"name": "a", "password": "*****", "options": [{"client_secret": "*****", "secret": null}]});
        assert_eq!(redacted(&body), shown);
    }
}
