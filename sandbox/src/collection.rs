//! Records in the order in which they came.

use std::collections::{BTreeMap, HashMap};
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

    /// Puts a record at its place, which is behind all others.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn put_at(&mut self, place: u64, id: &str, record: Record) {
        self.next = place;
        self.put(id, record);
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Record> {
        self.order.remove(&self.ids.remove(id)?).map(|(_, record)| record)
    }

    /// The place of a record: a number that grows with each new record and never changes.
    pub(crate) fn place(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// Place, id and text of a record.
    pub(crate) fn entry(&self, id: &str) -> Option<(u64, &Arc<str>, &Record)> {
        let place = *self.ids.get(id)?;
        self.order.get(&place).map(|(id, record)| (place, id, record))
    }

    /// The records behind a place (all without one): place, id and text.
    pub(crate) fn after(&self, place: Option<u64>) -> impl Iterator<Item = (u64, &Arc<str>, &Record)> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.order.range((from, Bound::Unbounded)).map(|(place, (id, record))| (*place, id, record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
