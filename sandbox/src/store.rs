//! What the tenant holds: records in collections, and single values, both as JSON text under concrete paths.
//!
//! A record is kept as text: a third of the memory of a parsed value, a list answer is its records joined, and a later
//! database needs no other form. `/users/auth0|1/roles` is the roles collection of one user; a path segment that
//! contains `/` or `%` is escaped by [`key`].

use crate::auth::Authority;
pub(crate) use crate::collection::{Collection, Record};
use crate::events::{Happening, Watched};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

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
    logins: BTreeMap<Box<str>, Vec<Arc<str>>>,
    /// What changed since it was last asked; `None` where nobody asks.
    changes: Option<HashSet<Change>>,
    /// What happened since it was last asked that events tell; `None` while a seed is made.
    happened: Option<Vec<Happening>>,
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

    /// From now on it is noted what events tell.
    pub(crate) fn watch(&mut self) {
        self.happened = Some(Vec::new());
    }

    /// What happened since the last time.
    pub(crate) fn take_happened(&mut self) -> Vec<Happening> {
        self.happened.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Notes a change that an event may tell.
    fn happen(&mut self, path: &str, id: &str, old: Option<Record>, new: Option<Record>) {
        if let (Some(happened), Some(what)) = (&mut self.happened, Watched::of(path)) {
            happened.push(Happening { what, path: path.to_owned(), id: id.to_owned(), old, new });
        }
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

    /// The collections whose path begins so, in order.
    pub(crate) fn below<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = (&'a str, &'a Collection)> {
        let from = self.collections.range(begin.to_owned()..);
        from.map(|(path, all)| (path.as_str(), all)).take_while(move |(path, _)| path.starts_with(begin))
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
        let text: Record = Arc::from(record.to_string());
        if self.happened.is_some() {
            let old = self.collection(path).and_then(|all| all.get(id)).cloned();
            self.happen(path, id, old, Some(Arc::clone(&text)));
        }
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
        self.happen(path, id, Some(Arc::clone(&removed)), None);
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
        // Nothing below a user links to users, and with a million of them most collections are there.
        let below_users = if target == USERS { ("/users/", "/users0") } else { ("\u{10ffff}", "\u{10ffff}") };
        let before = (Bound::Unbounded, Bound::Excluded(below_users.0));
        let behind = (Bound::Included(below_users.1), Bound::Unbounded);
        for range in [before, behind] {
            for (path, collection) in self.collections.range_mut::<str, _>(range) {
                // The collection itself has one segment; links hang deeper.
                let depth = path.matches('/').count();
                let links = depth > 2 && path.rsplit('/').next().is_some_and(|name| names.contains(&name));
                if links && collection.remove(id).is_some() {
                    touched.push(Change::Record(path.clone(), id.to_owned()));
                }
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
        if let Some(gone) = self.collections.remove(path) {
            self.note(|| Change::Collection(path.to_owned()));
            if self.happened.is_some() {
                gone.after(None).for_each(|(_, id, record)| self.happen(path, id, Some(Arc::clone(record)), None));
            }
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

    /// The ids of the users who log in with a name that begins so, in lower case.
    pub(crate) fn users_by_beginning<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = &'a Arc<str>> {
        let from = self.logins.range::<str, _>((Bound::Included(begin), Bound::Unbounded));
        from.take_while(move |(name, _)| name.starts_with(begin)).flat_map(|(_, ids)| ids)
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
        collection.put_at(place, id, Arc::from(text));
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
}
