//! Events as they are told: to those who read the stream, and to event streams.

use super::EVENTS;
use crate::error::ApiError;
use crate::ids::seeded_letters;
use crate::model::Model;
use crate::outbox::Message;
use crate::store::{Collection, Record, Store, parse};
use auth0_api_description::{Kind, Type};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A stream on which nothing happens says so this often, in milliseconds.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) const HEARTBEAT_MS: i64 = 15_000;

/// How long a client is asked to wait before it connects again, in milliseconds.
const RETRY_MS: u64 = 1_000;

/// The deliveries of what was told last to the event streams that want it: `count` events.
pub(crate) fn deliveries(model: &Model, store: &Store, count: usize) -> Vec<Message> {
    let streams: Vec<Value> =
        store.all("/event-streams").into_iter().filter(|one| one["status"] != "disabled").collect();
    let Some(all) = store.collection(EVENTS).filter(|_| !streams.is_empty()) else { return Vec::new() };
    let response = model.routes.iter().find(|route| route.operation.event_stream);
    let Some(response) = response.and_then(|route| route.operation.response.as_ref()) else { return Vec::new() };
    let from = all.places().saturating_sub(count as u64);
    let mut messages = Vec::new();
    for (place, _, record) in all.after(from.checked_sub(1)) {
        let Some(kept) = parse(record) else { continue };
        let name = kept.get("type").and_then(Value::as_str).unwrap_or_default();
        for stream in &streams {
            let subscriptions = stream.get("subscriptions").and_then(Value::as_array);
            if subscriptions.into_iter().flatten().any(|one| one["event_type"] == name) {
                let mut told = message(model, response, &kept, place, "");
                let time = kept.get("time").and_then(Value::as_str).unwrap_or_default();
                messages.push(delivery(stream, name, time, told["event"].take()));
            }
        }
    }
    messages
}

/// An event on its way to where an event stream leads: into the outbox.
pub(crate) fn delivery(stream: &Value, event_type: &str, at: &str, event: Value) -> Message {
    let settings = stream.pointer("/destination/configuration").cloned().unwrap_or_default();
    let to = ["webhook_endpoint", "action_id", "aws_account_id"].iter().find_map(|name| settings.get(name)?.as_str());
    Message {
        at: at.to_owned(),
        kind: "webhook".into(),
        to: to.unwrap_or_default().to_owned(),
        template: event_type.to_owned(),
        data: event,
        ..Message::default()
    }
}

/// Where a reader stands, and what it wants.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    /// The place of the next event.
    next: u64,
    /// The types wanted; all of them when it is empty.
    types: Vec<String>,
    /// Of how many states that replaced each other this is the past.
    #[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "without a socket nothing is followed"))]
    states: u64,
}

impl Cursor {
    /// Where a request begins: behind an offset, at a time, or at what happens from now on.
    pub(crate) fn of(
        states: u64,
        store: &Store,
        offset: Option<&str>,
        since: Option<&str>,
        types: Vec<String>,
    ) -> Result<Self, ApiError> {
        let all = store.collection(EVENTS);
        let end = all.map_or(0, Collection::places);
        let first = all.and_then(|all| all.after(None).next()).map_or(end, |(place, ..)| place);
        let next = match (offset, since) {
            (Some(offset), _) => {
                let next = read_offset(offset).filter(|next| *next <= end).ok_or_else(|| {
                    ApiError::new(400, "The cursor is not one of this tenant's events", "invalid_cursor")
                })?;
                if next < first {
                    return Err(ApiError::new(
                        410,
                        "The events behind this cursor are not kept any more",
                        "cursor_expired",
                    ));
                }
                next
            }
            (None, Some(since)) => {
                let since = point_in_time(since).ok_or_else(|| {
                    ApiError::invalid_query(format!("from_timestamp is not a time as in 2026-01-01T00:00:00Z: {since}"))
                })?;
                let later = |record: &Record| parse(record).is_some_and(|event| event["time"].as_str() >= Some(since));
                let found = all.and_then(|all| all.after(None).find(|(.., record)| later(record)));
                found.map_or(end, |(place, ..)| place)
            }
            (None, None) => end,
        };
        Ok(Self { next, types, states })
    }

    /// Goes on where a state began that took the place of another one: it has another past.
    #[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "without a socket nothing is followed"))]
    pub(crate) fn follow(&mut self, (states, beginning): (u64, u64)) {
        if self.states != states {
            self.next = beginning;
            self.states = states;
        }
    }

    /// The messages from here to the end, as server-sent events; the cursor stands behind them then.
    pub(crate) fn read(&mut self, model: &Model, response: &Type, store: &Store) -> String {
        let mut text = String::new();
        let Some(all) = store.collection(EVENTS) else { return text };
        for (place, _, record) in all.after(self.next.checked_sub(1)) {
            self.next = place + 1;
            let Some(kept) = parse(record) else { continue };
            let name = kept.get("type").and_then(Value::as_str).unwrap_or_default();
            if self.types.is_empty() || self.types.iter().any(|wanted| wanted == name) {
                let offset = self.offset();
                write_message(&mut text, &offset, name, &message(model, response, &kept, place, &offset));
            }
        }
        text
    }

    /// What opens a stream.
    pub(crate) fn opening() -> String {
        format!(":connected\n\nretry: {RETRY_MS}\n\n")
    }

    /// A message that tells nothing but where the stream stands.
    pub(crate) fn heartbeat(&self) -> String {
        let (mut text, offset) = (String::new(), self.offset());
        write_message(&mut text, &offset, "offset-only", &json!({ "type": "offset-only", "offset": offset }));
        text
    }

    fn offset(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("e{}", self.next))
    }
}

fn write_message(text: &mut String, offset: &str, name: &str, data: &Value) {
    // Writing to a text does not fail.
    write!(text, "id: {offset}\nevent: {name}\ndata: {data}\n\n").ok();
}

fn read_offset(offset: &str) -> Option<u64> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(offset).ok()?).ok()?;
    decoded.strip_prefix('e')?.parse().ok()
}

/// A time, or the beginning of one, to be compared with ISO 8601 times as a text.
fn point_in_time(text: &str) -> Option<&str> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let shape = "0000-00-00T00:00:00.000";
    let fits = |(c, wanted): (char, char)| if wanted == '0' { c.is_ascii_digit() } else { c == wanted };
    let known = text.len() >= 10 && text.len() <= shape.len() && text.chars().zip(shape.chars()).all(fits);
    known.then_some(text)
}

/// What is told of an event: CloudEvents 1.0 in Auth0's envelope, completed and cut as its type says.
pub(crate) fn message(model: &Model, response: &Type, kept: &Value, place: u64, offset: &str) -> Value {
    let name = kept.get("type").and_then(Value::as_str).unwrap_or_default();
    let source = name.split('.').next().unwrap_or_default();
    let mut message = json!({
        "type": name, "offset": offset,
        "event": {
            "specversion": "1.0", "type": name, "source": format!("urn:auth0:sandbox.{source}s"),
            "id": format!("evt_{}", seeded_letters(place, 16)), "time": kept["time"],
            "data": { "object": kept["object"], "context": { "tenant": { "tenant_id": "ten_0000000000000000" } } },
            "a0tenant": "sandbox", "a0stream": "est_0000000000000000",
        },
    });
    let schema = &model.schema;
    let is_it = |variant: &&Type| {
        let kind = schema.property(variant, "type").map(|property| property.ty);
        kind.is_some_and(
            |ty| matches!(&schema.resolve(&ty).0.kind, Kind::Enum(values) if values.iter().any(|one| one == name)),
        )
    };
    if let Some(variant) = schema.variants(response).into_iter().find(is_it) {
        schema.shape(variant, &mut message);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::super::{CAPACITY, record};
    use super::*;
    use crate::store::USERS;

    fn store() -> Store {
        let mut store = Store::default();
        store.watch();
        store
    }

    fn read(store: &Store, offset: Option<&str>, since: Option<&str>) -> Vec<String> {
        let model = Model::embedded().unwrap();
        let route = model.routes.iter().find(|route| route.operation.event_stream).unwrap();
        let response = route.operation.response.as_ref().unwrap();
        let mut cursor = Cursor::of(0, store, offset, since, Vec::new()).unwrap();
        let text = cursor.read(&model, response, store);
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| {
            let data: Value = serde_json::from_str(data).unwrap();
            model.schema.check(response, &data).unwrap();
            data["type"].as_str().unwrap().to_owned()
        })
        .collect()
    }

    #[test]
    fn changes_become_events_and_logins_do_not() {
        let mut store = store();
        let mut user = json!({"user_id": "auth0|1", "email": "a@x.org", "logins_count": 1});
        store.put(USERS, "auth0|1", &user);
        user["logins_count"] = json!(2);
        store.put(USERS, "auth0|1", &user);
        user["name"] = json!("Ann");
        store.put(USERS, "auth0|1", &user);
        assert_eq!(record(&mut store, 0), 2);
        store.put("/organizations", "org_0000000000000001", &json!({"id": "org_0000000000000001", "name": "acme"}));
        store.put("/organizations/org_0000000000000001/members", "auth0|1", &json!({"user_id": "auth0|1"}));
        store.put("/roles", "rol_0000000000000001", &json!({"name": "admin"}));
        let roles = "/organizations/org_0000000000000001/members/auth0|1/roles";
        store.put(roles, "rol_0000000000000001", &json!({}));
        store.remove(roles, "rol_0000000000000001");
        store.remove(USERS, "auth0|1");
        assert_eq!((record(&mut store, 86_400_000), record(&mut store, 0)), (5, 0));
        let all = [
            "user.created",
            "user.updated",
            "organization.created",
            "organization.member.added",
            "organization.member.role.assigned",
            "organization.member.role.deleted",
            "user.deleted",
        ];
        let begin = URL_SAFE_NO_PAD.encode("e0");
        assert_eq!(read(&store, Some(&begin), None), all);
        assert_eq!(read(&store, Some(&URL_SAFE_NO_PAD.encode("e6")), None), all[6..]);
        assert_eq!(read(&store, None, Some("1970-01-02")), all[2..]);
        assert_eq!(read(&store, None, None), [""; 0]);
    }

    #[test]
    fn a_cursor_expires_and_one_of_elsewhere_is_refused() {
        let mut store = store();
        for number in 0..=CAPACITY {
            store.put("/groups", &number.to_string(), &json!({}));
        }
        record(&mut store, 0);
        let refused = |offset: &str| {
            let error = Cursor::of(0, &store, Some(offset), None, Vec::new()).unwrap_err();
            (error.status, error.code)
        };
        assert_eq!(refused(&URL_SAFE_NO_PAD.encode("e0")), (410, Some("cursor_expired")));
        assert_eq!(refused(&URL_SAFE_NO_PAD.encode("e9000")), (400, Some("invalid_cursor")));
        assert_eq!(refused("evt-1"), (400, Some("invalid_cursor")));
        assert!(Cursor::of(0, &store, Some(&URL_SAFE_NO_PAD.encode("e1")), None, Vec::new()).is_ok());
        for since in ["2026", "yesterday", "2026-01-01 00:00", ""] {
            assert_eq!(Cursor::of(0, &store, None, Some(since), Vec::new()).unwrap_err().status, 400, "{since}");
        }
    }
}
