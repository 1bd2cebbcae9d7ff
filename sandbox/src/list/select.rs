//! Which records a list shows: all that its filters leave, in the order asked for.

use super::{Listing, Page, Paging, bad_cursor, cursor, read_cursor};
use crate::error::ApiError;
use crate::search::{Address, Key, Query, Sort, any_in};
use crate::store::{Collection, Record, USERS};
use serde_json::Value;
use std::sync::Arc;

/// Parameters that say how to answer, and not which records.
const NOT_FILTERS: &[&str] = &[
    "page",
    "per_page",
    "include_totals",
    "from",
    "take",
    "fields",
    "include_fields",
    "q",
    "sort",
    "search_engine",
    "primary_order",
    "search",
    "parser",
    "hydrate",
    "synchronous",
];

/// So many records are looked at at once, by as many threads as there are processors.
const AT_ONCE: usize = 65_536;

/// Fewer are not worth another thread.
const FOR_A_THREAD: usize = 8_192;

/// Which records are wanted, by their text; empty for all of them.
pub(super) type Filters = Vec<Box<dyn Fn(&str) -> bool + Sync>>;

type Entry<'a> = (u64, &'a Arc<str>, &'a Record);

impl<'a> Listing<'a> {
    pub(super) fn filters(&self) -> Result<Filters, ApiError> {
        let mut filters: Filters = Vec::new();
        if let Some(q) = self.text("q").filter(|q| !q.is_empty()) {
            let query = Query::parse(q)?;
            filters.push(Box::new(move |record| query.matches(record)));
        }
        if self.route.operation.path.ends_with("/enabled_connections") {
            let path = vec!["is_enabled".to_owned()];
            filters.push(Box::new(move |link| !any_in(link, &path, &|value| *value == Value::Bool(false))));
        }
        for (name, wanted) in self.query.iter().filter(|(name, _)| !NOT_FILTERS.contains(&name.as_str())) {
            let wanted = wanted.clone();
            if self.route.target == USERS && name == "connection" {
                let path = vec!["identities".to_owned(), "connection".to_owned()];
                filters.push(Box::new(move |user| any_in(user, &path, &|value| *value == wanted)));
                continue;
            }
            let (field, exactly) = match name.as_str() {
                "name_filter" => ("name", false),
                "identifiers" => ("identifier", true),
                "grant_ids" => ("id", true),
                "actionName" => ("name", true),
                other => (other, true),
            };
            let types = self.model.record_types.get(&self.route.target);
            if !types.into_iter().flatten().any(|ty| self.model.schema.property(ty, field).is_some()) {
                continue;
            }
            let path = vec![field.to_owned()];
            filters.push(Box::new(move |record| {
                any_in(record, &path, &|value| match (&wanted, value) {
                    (Value::Array(any), value) => any.contains(value),
                    (Value::String(part), Value::String(text)) if !exactly => {
                        text.to_lowercase().contains(&part.to_lowercase())
                    }
                    (wanted, value) => wanted == value,
                })
            }));
        }
        Ok(filters)
    }

    /// A page of the records that the filters leave, in the order asked for.
    pub(super) fn filtered(&self, paging: &Paging, filters: &Filters, sort: Option<&Sort>) -> Result<Page, ApiError> {
        let by_record = self.cursor_field().is_some();
        let (start, count) = match paging {
            Paging::All => (0, usize::MAX),
            Paging::Offset { page, per_page } => (number(page * per_page), number(*per_page)),
            Paging::Checkpoint { from: Some(from), take } if !by_record => {
                (number(read_cursor('o', from).ok_or_else(bad_cursor)?), number(*take))
            }
            Paging::Checkpoint { take, .. } => (0, number(*take)),
        };
        // Where nobody asks how many there are, and they come as they lie, a page and the next record are enough.
        let enough = match (sort, by_record || self.counts(paging)) {
            (None, false) => start.saturating_add(count).saturating_add(1),
            _ => usize::MAX,
        };
        let mut all = self.matching(filters, enough)?;
        if let Some(sort) = sort {
            // Where the page begins behind a record, it may begin anywhere.
            let wanted = if by_record { usize::MAX } else { start.saturating_add(count) };
            all = sorted(all, sort, wanted);
        }
        let start = match paging {
            Paging::Checkpoint { from: Some(from), .. } if by_record => {
                all.iter().position(|(_, id, _)| ***id == **from).ok_or_else(bad_cursor)? + 1
            }
            _ => start,
        };
        let total = all.len();
        let records: Vec<_> = all.into_iter().skip(start).take(count).collect();
        let end = start.saturating_add(records.len());
        let records = records.into_iter().map(|(_, id, record)| (Arc::clone(id), Arc::clone(record))).collect();
        Ok(Page { records, total: total as u64, next: (end < total).then(|| cursor('o', end as u64)) })
    }

    /// The records that all filters leave, and not many more than `enough` of them.
    fn matching(&self, filters: &Filters, enough: usize) -> Result<Vec<Entry<'a>>, ApiError> {
        let Some(collection) = self.collection else { return Ok(Vec::new()) };
        if let Some(candidates) = self.candidates(collection)? {
            return Ok(chosen(&candidates, filters));
        }
        let (mut all, mut rest) = (Vec::new(), collection.after(None));
        loop {
            let some: Vec<Entry<'a>> = rest.by_ref().take(AT_ONCE).collect();
            if some.is_empty() || all.len() >= enough {
                return Ok(all);
            }
            all.extend(chosen(&some, filters));
        }
    }

    /// The users among whom those must be that the query wants, where an index knows: in the order in which they lie.
    fn candidates(&self, collection: &'a Collection) -> Result<Option<Vec<Entry<'a>>>, ApiError> {
        let query = self.text("q").filter(|q| !q.is_empty() && self.route.target == USERS);
        let Some(query) = query.map(Query::parse).transpose()? else { return Ok(None) };
        if let Some(found) = query.user_id().and_then(|id| collection.entry(id)) {
            return Ok(Some(vec![found]));
        }
        let ids: Vec<&Arc<str>> = match query.email() {
            Some(Address::Whole(email)) => self.store.users_by_login(email).iter().collect(),
            Some(Address::Begin(begin)) => self.store.users_by_beginning(begin).collect(),
            None => return Ok(None),
        };
        let mut found: Vec<Entry<'a>> = ids.into_iter().filter_map(|id| collection.entry(id)).collect();
        found.sort_unstable_by_key(|(place, ..)| *place);
        // One user may have two names that begin so.
        found.dedup_by_key(|(place, ..)| *place);
        Ok(Some(found))
    }
}

fn number(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The entries that all filters leave.
fn chosen<'a>(entries: &[Entry<'a>], filters: &Filters) -> Vec<Entry<'a>> {
    let wanted = |entry: &&Entry<'a>| filters.iter().all(|filter| filter(entry.2));
    let threads = threads().min(entries.len() / FOR_A_THREAD);
    if threads < 2 {
        return entries.iter().filter(wanted).copied().collect();
    }
    let each = entries.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let parts: Vec<_> = entries
            .chunks(each)
            .map(|part| (part, scope.spawn(move || part.iter().filter(wanted).copied().collect::<Vec<_>>())))
            .collect();
        // A thread that was lost has its part done again here.
        let done = parts
            .into_iter()
            .flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| part.iter().filter(wanted).copied().collect()));
        done.collect()
    })
}

#[cfg(not(target_arch = "wasm32"))]
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(target_arch = "wasm32")]
fn threads() -> usize {
    1
}

/// The entries in order, as far as they are wanted: what is behind the first `wanted` is in no order.
fn sorted<'a>(entries: Vec<Entry<'a>>, sort: &Sort, wanted: usize) -> Vec<Entry<'a>> {
    let mut keyed: Vec<(Key, Entry<'a>)> = entries.into_iter().map(|entry| (sort.key(entry.2), entry)).collect();
    // Those that are equal stay as they lie.
    let compare = |(one, a): &(Key, Entry<'a>), (other, b): &(Key, Entry<'a>)| {
        sort.compare(one, other).then_with(|| a.0.cmp(&b.0))
    };
    if wanted < keyed.len() {
        keyed.select_nth_unstable_by(wanted, compare);
        keyed[..wanted].sort_unstable_by(compare);
    } else {
        keyed.sort_unstable_by(compare);
    }
    keyed.into_iter().map(|(_, entry)| entry).collect()
}
