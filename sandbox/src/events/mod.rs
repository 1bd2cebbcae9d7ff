//! The tenant's events: what happened to users, organizations and groups, as `GET /api/v2/events` tells it.
//!
//! Each is kept as it happened, and takes the form that the API describes when somebody reads it. They are records of the
//! store, so that they outlive the process with a data file.

mod tell;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use tell::HEARTBEAT_MS;
pub(crate) use tell::{Cursor, deliveries, delivery};

use crate::clock::iso8601;
use crate::store::{Collection, Record, Store, parse};
use serde_json::{Map, Value, json};

/// The collection of what happened.
pub(crate) const EVENTS: &str = "/__events";

/// The oldest go when there are more: whoever asks for those is told that the cursor expired.
const CAPACITY: u64 = 5_000;

/// Changes of these do not count as changes of a user: every login makes them.
const OF_A_LOGIN: [&str; 4] = ["last_login", "last_ip", "logins_count", "updated_at"];

/// A collection whose changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    User,
    Organization,
    Group,
    OrganizationMember,
    OrganizationMemberRole,
    OrganizationConnection,
    OrganizationGroupRole,
    GroupMember,
    GroupRole,
}

impl Watched {
    /// What the records of a collection are.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let mut steps = path.split('/').skip(1);
        let (first, _, second, _, third) = (steps.next()?, steps.next(), steps.next(), steps.next(), steps.next());
        Some(match (first, second, third) {
            ("users", None, _) => Self::User,
            ("organizations", None, _) => Self::Organization,
            ("groups", None, _) => Self::Group,
            ("organizations", Some("members"), None) => Self::OrganizationMember,
            ("organizations", Some("members"), Some("roles")) => Self::OrganizationMemberRole,
            ("organizations", Some("connections"), None) => Self::OrganizationConnection,
            ("organizations", Some("groups"), Some("roles")) => Self::OrganizationGroupRole,
            ("groups", Some("members"), None) => Self::GroupMember,
            ("groups", Some("roles"), None) => Self::GroupRole,
            _ => return None,
        })
    }

    /// The type of an event, by whether there was a record before and is one after.
    fn event(self, before: bool, after: bool) -> Option<&'static str> {
        let [made, changed, gone] = match self {
            Self::User => ["user.created", "user.updated", "user.deleted"],
            Self::Organization => ["organization.created", "organization.updated", "organization.deleted"],
            Self::Group => ["group.created", "group.updated", "group.deleted"],
            Self::OrganizationMember => ["organization.member.added", "", "organization.member.deleted"],
            Self::OrganizationMemberRole => {
                ["organization.member.role.assigned", "", "organization.member.role.deleted"]
            }
            Self::OrganizationConnection => {
                ["organization.connection.added", "organization.connection.updated", "organization.connection.removed"]
            }
            Self::OrganizationGroupRole => ["organization.group.role.assigned", "", "organization.group.role.deleted"],
            Self::GroupMember => ["group.member.added", "", "group.member.deleted"],
            Self::GroupRole => ["group.role.assigned", "", "group.role.deleted"],
        };
        let name = match (before, after) {
            (false, true) => made,
            (true, true) => changed,
            (true, false) => gone,
            (false, false) => "",
        };
        Some(name).filter(|name| !name.is_empty())
    }
}

/// A change of a watched collection.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    pub(crate) what: Watched,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) old: Option<Record>,
    pub(crate) new: Option<Record>,
}

impl Happening {
    /// The type of the event, and its object.
    fn told(&self, store: &Store, now: &str) -> Option<(&'static str, Value)> {
        let event = self.what.event(self.old.is_some(), self.new.is_some())?;
        let record = |text: &Option<Record>| text.as_deref().and_then(parse).unwrap_or_default();
        let (old, new) = (record(&self.old), record(&self.new));
        if self.old.is_some() && self.new.is_some() && lasting(&old) == lasting(&new) {
            return None;
        }
        let step = |index: usize| crate::message::decode(self.path.split('/').nth(index).unwrap_or_default());
        let organization = || {
            let mut shown = json!({ "id": step(2) });
            let name = store.get("/organizations", &step(2)).and_then(|one| one.get("name").cloned());
            name.into_iter().for_each(|name| shown["name"] = name);
            shown
        };
        let group = |id: &str| {
            let known = store.get("/groups", id).unwrap_or_default();
            let mut shown = json!({ "id": id });
            for name in ["type", "connection_id", "organization_id", "external_id"] {
                known.get(name).into_iter().for_each(|value| shown[name] = value.clone());
            }
            shown
        };
        let role = || {
            let known = store.get("/roles", &self.id).unwrap_or_default();
            json!({ "id": self.id, "name": known.get("name").cloned().unwrap_or_default() })
        };
        let object = match self.what {
            Watched::User | Watched::Organization | Watched::Group => {
                let mut object = if self.new.is_some() { new } else { old };
                if self.new.is_none()
                    && let Some(map) = object.as_object_mut()
                {
                    map.insert("deleted_at".to_owned(), json!(now));
                }
                object
            }
            Watched::OrganizationMember => {
                json!({ "organization": organization(), "user": { "user_id": self.id } })
            }
            Watched::OrganizationMemberRole => {
                json!({ "organization": { "id": step(2) }, "user": { "user_id": step(4) }, "role": role() })
            }
            Watched::OrganizationConnection => {
                let mut object = if self.new.is_some() { new } else { old };
                object["organization"] = organization();
                object["connection"] = json!({ "id": self.id });
                object
            }
            Watched::OrganizationGroupRole => json!({ "organization": { "id": step(2) }, "role": role(),
                                                      "group": group(&step(4)), "created_at": now }),
            Watched::GroupMember => json!({ "group": group(&step(2)),
                                            "member": { "member_type": "user", "id": self.id } }),
            Watched::GroupRole => json!({ "group": group(&step(2)), "role": role(), "created_at": now }),
        };
        Some((event, object))
    }
}

/// A record without what every login changes.
fn lasting(record: &Value) -> Map<String, Value> {
    let mut map = record.as_object().cloned().unwrap_or_default();
    map.retain(|name, _| !OF_A_LOGIN.contains(&name.as_str()));
    map
}

/// Writes down what happened, and says how much of it is to be told.
pub(crate) fn record(store: &mut Store, now_ms: i64) -> usize {
    let happened = store.take_happened();
    let now = iso8601(now_ms);
    let told: Vec<_> = happened.iter().filter_map(|one| one.told(store, &now)).collect();
    for (event, object) in &told {
        let number = store.collection(EVENTS).map_or(0, Collection::places);
        store.put(EVENTS, &number.to_string(), &json!({ "type": event, "time": now, "object": object }));
        if number >= CAPACITY {
            store.remove(EVENTS, &(number - CAPACITY).to_string());
        }
    }
    told.len()
}
