//! What the tenant holds: records in collections, and single values, both as JSON text under concrete paths.
//!
//! A record is kept as text: a third of the memory of a parsed value, a list answer is its records joined, and a later
//! database needs no other form. `/users/auth0|1/roles` is the roles collection of one user; a path segment that
//! contains `/` or `%` is escaped by [`key`].

use crate::auth::Authority;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

/// The text of one JSON value.
pub(crate) type Record = Arc<str>;

/// Records in the order in which they came, found by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collection {
    order: BTreeMap<u64, (Arc<str>, Record)>,
    ids: HashMap<Arc<str>, u64>,
    next: u64,
}

impl Collection {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// How many places were given away: it grows with each new record and never shrinks.
    pub(crate) fn places(&self) -> u64 {
        self.next
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Record> {
        self.order.get(self.ids.get(id)?).map(|(_, record)| record)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// Puts a record; one that has the id already is replaced and keeps its place.
    pub(crate) fn put(&mut self, id: &str, record: Record) {
        if let Some(known) = self.ids.get(id) {
            self.order.entry(*known).and_modify(|(_, old)| *old = record);
            return;
        }
        let id: Arc<str> = Arc::from(id);
        self.ids.insert(Arc::clone(&id), self.next);
        self.order.insert(self.next, (id, record));
        self.next += 1;
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Record> {
        self.order.remove(&self.ids.remove(id)?).map(|(_, record)| record)
    }

    /// The place of a record: a number that grows with each new record and never changes.
    pub(crate) fn place(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// The records behind a place (all without one): place, id and text.
    pub(crate) fn after(&self, place: Option<u64>) -> impl Iterator<Item = (u64, &Arc<str>, &Record)> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.order.range((from, Bound::Unbounded)).map(|(place, (id, record))| (*place, id, record))
    }
}

/// What a data file has to be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    /// The record of a collection, given by path and id, is another one or gone.
    Record(String, String),
    /// Any record of a collection.
    Collection(String),
    Value(String),
    /// All of it.
    Everything,
}

/// Everything a tenant holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    collections: BTreeMap<String, Collection>,
    values: BTreeMap<String, Record>,
    /// The ids of users by what they log in with, in lower case: email address, username, phone number.
    logins: HashMap<Box<str>, Vec<Arc<str>>>,
    /// What changed since it was last asked; `None` where nobody asks.
    changes: Option<HashSet<Change>>,
}

/// The path of the value that holds the signing keys.
pub(crate) const KEYS: &str = "/__keys";

/// The path of the collection that has an index of email addresses, usernames and phone numbers.
pub(crate) const USERS: &str = "/users";

impl Store {
    /// From now on changes are noted.
    pub(crate) fn follow(&mut self) {
        self.changes = Some(HashSet::from([Change::Everything]));
    }

    /// The same for a state that came from a data file: nothing has changed yet.
    pub(crate) fn follow_loaded(&mut self) {
        self.changes = Some(HashSet::new());
    }

    /// Keeps the signing keys, where there is a data file to keep them in.
    pub(crate) fn keep_keys(&mut self, authority: &Authority) {
        if self.changes.is_some() {
            self.set_value(KEYS, &authority.keys.export());
        }
    }

    fn note(&mut self, change: impl FnOnce() -> Change) {
        if let Some(changes) = &mut self.changes {
            changes.insert(change());
        }
    }

    pub(crate) fn collection(&self, path: &str) -> Option<&Collection> {
        self.collections.get(path)
    }

    pub(crate) fn get(&self, path: &str, id: &str) -> Option<Value> {
        parse(self.collections.get(path)?.get(id)?)
    }

    pub(crate) fn put(&mut self, path: &str, id: &str, record: &Value) {
        if path == USERS {
            let old = self.get(USERS, id).as_ref().map(logins_of).unwrap_or_default();
            let new = logins_of(record);
            if old != new {
                self.forget_logins(id, &old);
                let shared: Arc<str> = Arc::from(id);
                for name in new {
                    self.logins.entry(name.into()).or_default().push(Arc::clone(&shared));
                }
            }
        }
        self.note(|| Change::Record(path.to_owned(), id.to_owned()));
        let text = Arc::from(record.to_string());
        match self.collections.get_mut(path) {
            Some(collection) => collection.put(id, text),
            None => self.collections.entry(path.to_owned()).or_default().put(id, text),
        }
    }

    /// Removes a record and everything below its path.
    pub(crate) fn remove(&mut self, path: &str, id: &str) -> Option<Value> {
        if path == USERS {
            let old = self.get(USERS, id).as_ref().map(logins_of).unwrap_or_default();
            self.forget_logins(id, &old);
        }
        let removed = self.collections.get_mut(path)?.remove(id)?;
        self.note(|| Change::Record(path.to_owned(), id.to_owned()));
        let below = format!("{path}/{}/", key(id));
        // `0` follows `/`, so this range holds all that begins with the prefix.
        let end = format!("{path}/{}0", key(id));
        let collections: Vec<_> = self.collections.range(below.clone()..end.clone()).map(|(k, _)| k.clone()).collect();
        for path in collections {
            self.collections.remove(&path);
            self.note(|| Change::Collection(path));
        }
        let values: Vec<_> = self.values.range(below..end).map(|(k, _)| k.clone()).collect();
        for path in values {
            self.values.remove(&path);
            self.note(|| Change::Value(path));
        }
        parse(&removed)
    }

    /// Takes the id of a record that is gone out of the collections that hold links to such records.
    pub(crate) fn unlink(&mut self, target: &str, id: &str) {
        let names: &[&str] = match target {
            USERS => &["members", "users"],
            "/roles" => &["roles"],
            "/groups" => &["groups", "synchronized-groups"],
            "/clients" => &["clients"],
            "/connections" => &["connections", "enabled_connections"],
            "/client-grants" => &["client-grants"],
            "/organizations" => &["organizations"],
            _ => return,
        };
        let mut touched = Vec::new();
        for (path, collection) in &mut self.collections {
            // The collection itself has one segment; links hang deeper.
            let depth = path.matches('/').count();
            let links = depth > 2 && path.rsplit('/').next().is_some_and(|name| names.contains(&name));
            if links && collection.remove(id).is_some() {
                touched.push(Change::Record(path.clone(), id.to_owned()));
            }
        }
        touched.into_iter().for_each(|change| self.note(|| change));
    }

    /// Takes back the permissions of an API that is gone, or whose scopes are only `left` now.
    pub(crate) fn remove_permissions(&mut self, api: &str, left: Option<&[String]>) {
        let mut touched = Vec::new();
        for (path, collection) in self.collections.iter_mut().filter(|(path, _)| path.ends_with("/permissions")) {
            let gone = |id: &str| {
                let (of, name) = id.rsplit_once('|').unwrap_or((id, ""));
                of == api && left.is_none_or(|left| !left.iter().any(|scope| scope == name))
            };
            let ids: Vec<String> =
                collection.after(None).map(|(_, id, _)| id.to_string()).filter(|id| gone(id)).collect();
            for id in ids {
                collection.remove(&id);
                touched.push(Change::Record(path.clone(), id));
            }
        }
        touched.into_iter().for_each(|change| self.note(|| change));
    }

    pub(crate) fn clear(&mut self, path: &str) {
        if path == USERS {
            self.logins.clear();
        }
        if self.collections.remove(path).is_some() {
            self.note(|| Change::Collection(path.to_owned()));
        }
    }

    /// All records of a collection, parsed: only for small collections.
    pub(crate) fn all(&self, path: &str) -> Vec<Value> {
        self.collections.get(path).map_or_else(Vec::new, |collection| {
            collection.after(None).filter_map(|(_, _, record)| parse(record)).collect()
        })
    }

    pub(crate) fn value(&self, path: &str) -> Option<Value> {
        parse(self.values.get(path)?)
    }

    pub(crate) fn set_value(&mut self, path: &str, value: &Value) {
        self.note(|| Change::Value(path.to_owned()));
        self.values.insert(path.to_owned(), Arc::from(value.to_string()));
    }

    pub(crate) fn remove_value(&mut self, path: &str) -> Option<Value> {
        let removed = self.values.remove(path)?;
        self.note(|| Change::Value(path.to_owned()));
        parse(&removed)
    }

    /// The ids of the users with this email address, username or phone number, whatever its case.
    pub(crate) fn users_by_login(&self, name: &str) -> &[Arc<str>] {
        self.logins.get(name.to_lowercase().as_str()).map_or(&[], Vec::as_slice)
    }

    fn forget_logins(&mut self, id: &str, names: &[String]) {
        for name in names {
            if let Some(ids) = self.logins.get_mut(name.as_str()) {
                ids.retain(|known| **known != *id);
                if ids.is_empty() {
                    self.logins.remove(name.as_str());
                }
            }
        }
    }
}

/// For a data file.
#[cfg(not(target_arch = "wasm32"))]
impl Store {
    /// What changed since the last time.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let changes = self.changes.as_mut().map(std::mem::take).unwrap_or_default();
        if changes.contains(&Change::Everything) { vec![Change::Everything] } else { changes.into_iter().collect() }
    }

    /// Puts a record back where a data file says. `None`: its text is not JSON.
    pub(crate) fn restore(&mut self, path: &str, id: &str, place: u64, text: &str) -> Option<()> {
        let value = parse(text)?;
        if path == USERS {
            let shared: Arc<str> = Arc::from(id);
            for name in logins_of(&value) {
                self.logins.entry(name.into()).or_default().push(Arc::clone(&shared));
            }
        }
        let collection = self.collections.entry(path.to_owned()).or_default();
        collection.next = place;
        collection.put(id, Arc::from(text));
        Some(())
    }

    pub(crate) fn restore_value(&mut self, path: &str, text: &str) -> Option<()> {
        parse(text)?;
        self.values.insert(path.to_owned(), Arc::from(text));
        Some(())
    }

    pub(crate) fn collections(&self) -> impl Iterator<Item = (&str, &Collection)> {
        self.collections.iter().map(|(path, all)| (path.as_str(), all))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &Record)> {
        self.values.iter().map(|(path, text)| (path.as_str(), text))
    }

    pub(crate) fn value_text(&self, path: &str) -> Option<&Record> {
        self.values.get(path)
    }
}

/// A path segment as it stands in a concrete path.
pub(crate) fn key(segment: &str) -> String {
    segment.replace('%', "%25").replace('/', "%2F")
}

/// Reads a stored text. `None` would be a fault of the store, which writes nothing but JSON.
pub(crate) fn parse(record: &str) -> Option<Value> {
    serde_json::from_str(record).ok()
}

/// What a user logs in with, in lower case.
fn logins_of(user: &Value) -> Vec<String> {
    let names = ["email", "username", "phone_number"].iter();
    names.filter_map(|name| user.get(name).and_then(Value::as_str)).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn removing_a_record_removes_what_hangs_on_it_and_nothing_else() {
        let mut store = Store::default();
        store.put(USERS, "a", &json!({"email": "A@x.org"}));
        store.put(USERS, "a/b", &json!({"email": "a@x.org"}));
        store.put("/users/a/roles", "r", &json!({}));
        store.put(&format!("/users/{}/roles", key("a/b")), "r", &json!({}));
        store.put("/users/ab/roles", "r", &json!({}));
        store.set_value("/users/a/block", &json!(1));
        assert_eq!(store.users_by_login("a@X.org").len(), 2);
        store.remove(USERS, "a");
        assert_eq!(store.users_by_login("a@x.org").iter().map(|id| &**id).collect::<Vec<_>>(), ["a/b"]);
        assert!(store.collection("/users/a/roles").is_none() && store.value("/users/a/block").is_none());
        assert!(store.collection("/users/a%2Fb/roles").is_some() && store.collection("/users/ab/roles").is_some());
    }

    #[test]
    fn places_survive_removals() {
        let mut collection = Collection::default();
        for id in ["a", "b", "c"] {
            collection.put(id, Arc::from("1"));
        }
        let b = collection.place("b");
        collection.remove("b");
        collection.put("a", Arc::from("2"));
        assert_eq!(collection.after(b).map(|(_, id, _)| &**id).collect::<Vec<_>>(), ["c"]);
        assert_eq!(collection.after(None).map(|(_, id, _)| &**id).collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(collection.get("a").map(|text| &**text), Some("2"));
    }
}
