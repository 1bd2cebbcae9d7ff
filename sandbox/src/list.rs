//! Lists: which records, which page of them, which of their members, in which envelope.

use crate::error::ApiError;
use crate::message::Answer;
use crate::model::{ListShape, Model, Route};
use crate::search::{Query, Sort, any_at};
use crate::store::{Collection, Record, Store, USERS, parse};
use crate::users;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// Offset paging ends here.
const LAST_RECORD: u64 = 1000;

const CAPPED: &str = "You can only page through the first 1000 records. See \
                      https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation";

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

/// A list request, taken apart.
struct Listing<'a> {
    model: &'a Model,
    store: &'a Store,
    route: &'a Route,
    shape: &'a ListShape,
    collection: Option<&'a Collection>,
    query: &'a Map<String, Value>,
}

enum Paging {
    All,
    Offset { page: u64, per_page: u64 },
    Checkpoint { from: Option<String>, take: u64 },
}

/// Which records are wanted; empty for all of them.
type Filters = Vec<Box<dyn Fn(&Value) -> bool>>;

/// A page of a list: its records, and what the envelope says.
struct Page {
    records: Vec<(String, Record)>,
    total: u64,
    /// The cursor of the next page.
    next: Option<String>,
}

/// Answers a list request on the collection at `path`.
pub(crate) fn list(
    model: &Model,
    store: &Store,
    route: &Route,
    path: &str,
    query: &Map<String, Value>,
) -> Result<Answer, ApiError> {
    let shape = route.list.as_ref().ok_or_else(|| ApiError::internal("a list without a shape"))?;
    Listing { model, store, route, shape, collection: store.collection(path), query }.answer()
}

impl Listing<'_> {
    fn answer(&self) -> Result<Answer, ApiError> {
        let paging = self.paging()?;
        let filters = self.filters()?;
        let sort = self.text("sort").map(Sort::parse).transpose()?;
        let page = match (&sort, &paging) {
            (None, _) if filters.is_empty() => self.unfiltered(&paging)?,
            _ => self.filtered(&paging, &filters, sort.as_ref())?,
        };
        let items = page.records.iter().map(|(id, record)| self.present(id, record)).collect::<Result<Vec<_>, _>>()?;
        Ok(Answer::json_text(200, self.wrap(&paging, &page, &items)))
    }

    fn has(&self, parameter: &str) -> bool {
        self.route.operation.query.iter().any(|property| property.name == parameter)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.query.get(name).and_then(Value::as_u64)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).and_then(Value::as_str)
    }

    fn cursor_field(&self) -> Option<&str> {
        self.route.operation.paging.as_ref()?.cursor.as_deref()
    }

    fn paging(&self) -> Result<Paging, ApiError> {
        let default = self.route.operation.paging.as_ref().map_or(50, |paging| u64::from(paging.size).min(50));
        let checkpoint = self.has("take") && self.has("from");
        let offset = self.has("page") && self.has("per_page");
        let asked = self.query.contains_key("take") || self.query.contains_key("from");
        if checkpoint && (asked || !offset && (!self.shape.bare || self.cursor_field().is_some())) {
            if self.query.contains_key("page") || self.query.contains_key("per_page") {
                return Err(ApiError::invalid_paging("Cannot mix page and per_page with from and take"));
            }
            let take = self.number("take").unwrap_or(default).clamp(1, 100);
            return Ok(Paging::Checkpoint { from: self.text("from").map(str::to_owned), take });
        }
        if !offset {
            return Ok(Paging::All);
        }
        let (page, per_page) = (self.number("page").unwrap_or(0), self.number("per_page").unwrap_or(default));
        let end = page.checked_add(1).and_then(|pages| pages.checked_mul(per_page));
        if end.is_none_or(|end| end > LAST_RECORD) {
            return Err(ApiError::invalid_paging(CAPPED));
        }
        Ok(Paging::Offset { page, per_page })
    }

    fn filters(&self) -> Result<Filters, ApiError> {
        let mut filters: Filters = Vec::new();
        if let Some(q) = self.text("q").filter(|q| !q.is_empty()) {
            let query = Query::parse(q)?;
            filters.push(Box::new(move |record| query.matches(record)));
        }
        for (name, wanted) in self.query.iter().filter(|(name, _)| !NOT_FILTERS.contains(&name.as_str())) {
            let wanted = wanted.clone();
            if self.route.target == USERS && name == "connection" {
                filters.push(Box::new(move |user| {
                    wanted.as_str().is_some_and(|connection| users::in_connection(user, connection))
                }));
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
                any_at(record, &path, &|value| match (&wanted, value) {
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

    /// A page without looking at the records before it, but for the first 1,000.
    fn unfiltered(&self, paging: &Paging) -> Result<Page, ApiError> {
        let Some(collection) = self.collection else {
            if let Paging::Checkpoint { from: Some(from), .. } = paging {
                self.place(from)?;
            }
            return Ok(Page { records: Vec::new(), total: 0, next: None });
        };
        let total = collection.len() as u64;
        let keep = |(_, id, record): (u64, &std::sync::Arc<str>, &Record)| (id.to_string(), record.clone());
        Ok(match paging {
            Paging::All => Page { records: collection.after(None).map(keep).collect(), total, next: None },
            Paging::Offset { page, per_page } => {
                let records = collection.after(None).skip((page * per_page) as usize).take(*per_page as usize);
                Page { records: records.map(keep).collect(), total, next: None }
            }
            Paging::Checkpoint { from, take } => {
                let place = from.as_deref().map(|from| self.place(from)).transpose()?;
                let mut rest = collection.after(place).peekable();
                let mut records = Vec::new();
                let mut last = None;
                while let Some(entry) = rest.next_if(|_| (records.len() as u64) < *take) {
                    last = Some(entry.0);
                    records.push(keep(entry));
                }
                let next = last.filter(|_| rest.peek().is_some()).map(|place| cursor('p', place));
                Page { records, total, next }
            }
        })
    }

    /// A page of the records that the filters leave, in the order asked for.
    fn filtered(&self, paging: &Paging, filters: &Filters, sort: Option<&Sort>) -> Result<Page, ApiError> {
        let mut all: Vec<(String, Record, Value)> = Vec::new();
        let mut keep = |id: &str, record: &Record| {
            if let Some(value) = parse(record).filter(|value| filters.iter().all(|filter| filter(value))) {
                all.push((id.to_owned(), record.clone(), value));
            }
        };
        let email = self.text("q").filter(|_| self.route.target == USERS).map(Query::parse).transpose()?;
        match (email.as_ref().and_then(Query::email), self.collection) {
            (Some(email), Some(collection)) => {
                for id in self.store.users_by_login(email) {
                    collection.get(id).into_iter().for_each(|record| keep(id, record));
                }
            }
            (None, Some(collection)) => collection.after(None).for_each(|(_, id, record)| keep(id, record)),
            (_, None) => {}
        }
        if let Some(sort) = sort {
            all.sort_by(|(.., a), (.., b)| sort.compare(a, b));
        }
        let total = all.len() as u64;
        let (start, count) = match paging {
            Paging::All => (0, total),
            Paging::Offset { page, per_page } => (page * per_page, *per_page),
            Paging::Checkpoint { from: None, take } => (0, *take),
            Paging::Checkpoint { from: Some(from), take } if self.cursor_field().is_some() => {
                let index = all.iter().position(|(id, ..)| id == from);
                (index.map(|index| index as u64 + 1).ok_or_else(bad_cursor)?, *take)
            }
            Paging::Checkpoint { from: Some(from), take } => (read_cursor('o', from).ok_or_else(bad_cursor)?, *take),
        };
        let records = all.into_iter().skip(start as usize).take(count as usize);
        let records: Vec<_> = records.map(|(id, record, _)| (id, record)).collect();
        let end = start + records.len() as u64;
        Ok(Page { records, total, next: (end < total).then(|| cursor('o', end)) })
    }

    /// The place that a cursor stands for.
    fn place(&self, from: &str) -> Result<u64, ApiError> {
        if self.cursor_field().is_some() {
            return self.collection.and_then(|collection| collection.place(from)).ok_or_else(bad_cursor);
        }
        read_cursor('p', from).ok_or_else(bad_cursor)
    }

    /// A record as the list shows it: the linked record where it is a link, and only the members asked for.
    fn present(&self, id: &str, record: &Record) -> Result<String, ApiError> {
        let fields = Fields::of(self.query);
        let linked = self.route.join.as_ref().map(|target| (target, self.model.record_types.get(&self.route.target)));
        if fields.is_none() && linked.is_none() && self.shape.narrow.is_none() {
            return Ok(record.to_string());
        }
        let mut value = parse(record).ok_or_else(|| ApiError::internal("a stored record is not JSON"))?;
        if let Some((target, types)) = linked {
            let types = types.map_or(&[][..], Vec::as_slice);
            value = joined(self.model, types, value, self.store.get(target, id));
        }
        self.shape.narrow.iter().for_each(|ty| self.model.schema.shape(ty, &mut value));
        if let Some(fields) = fields {
            fields.apply(&mut value);
        }
        Ok(value.to_string())
    }

    fn wrap(&self, paging: &Paging, page: &Page, items: &[String]) -> String {
        let array = format!("[{}]", items.join(","));
        let totals = self.query.get("include_totals") == Some(&Value::Bool(true));
        let wanted = match paging {
            Paging::Checkpoint { .. } => "next",
            _ if totals => "total",
            _ => "",
        };
        let schema = &self.model.schema;
        let has = |ty: &&auth0_api_description::Type| schema.property(ty, wanted).is_some();
        let offset_bare = !matches!(paging, Paging::Checkpoint { .. }) && !totals;
        let bare = self.shape.bare && (offset_bare || self.shape.envelopes.is_empty() || self.bare_cursor(paging));
        let envelope = self.shape.envelopes.iter().find(has).or(self.shape.envelopes.first());
        let Some(envelope) = envelope.filter(|_| !bare) else { return array };
        let (start, limit) = match paging {
            Paging::Offset { page, per_page } => (page * per_page, *per_page),
            Paging::Checkpoint { take, .. } => (0, *take),
            Paging::All => (0, page.total),
        };
        let mut members = Vec::new();
        for property in schema.properties(envelope).iter() {
            let name = property.name.as_str();
            let checkpoint = matches!(paging, Paging::Checkpoint { .. });
            let text = match name {
                _ if name == self.shape.items => array.clone(),
                "next" => match &page.next {
                    Some(next) => json!(next).to_string(),
                    None if property.required => json!(null).to_string(),
                    None => continue,
                },
                // A checkpoint page says nothing of offsets unless its type insists.
                "start" | "total" | "limit" | "length" | "page" if checkpoint && !property.required => continue,
                "start" => start.to_string(),
                "limit" | "per_page" => limit.to_string(),
                "length" => items.len().to_string(),
                "total" => page.total.to_string(),
                "page" => start.checked_div(limit).unwrap_or(0).to_string(),
                _ if property.required => schema.sample(&property.ty).to_string(),
                _ => continue,
            };
            members.push(format!("{}:{text}", json!(name)));
        }
        format!("{{{}}}", members.join(","))
    }

    fn bare_cursor(&self, paging: &Paging) -> bool {
        matches!(paging, Paging::Checkpoint { .. }) && self.cursor_field().is_some()
    }
}

/// A link with the record it leads to: the members that the types of the link know.
pub(crate) fn joined(
    model: &Model,
    types: &[auth0_api_description::Type],
    link: Value,
    target: Option<Value>,
) -> Value {
    let mut merged = Map::new();
    if let Some(Value::Object(target)) = target {
        let known = |name: &str| types.is_empty() || types.iter().any(|ty| model.schema.property(ty, name).is_some());
        merged.extend(target.into_iter().filter(|(name, _)| known(name)));
    }
    if let Value::Object(link) = link {
        merged.extend(link);
    }
    let mut value = Value::Object(merged);
    types.iter().for_each(|ty| model.schema.fill(ty, &mut value));
    value
}

/// `fields` and `include_fields`.
pub(crate) struct Fields {
    names: Vec<String>,
    include: bool,
}

impl Fields {
    pub(crate) fn of(query: &Map<String, Value>) -> Option<Self> {
        let names = query.get("fields").and_then(Value::as_str).filter(|text| !text.is_empty())?;
        let include = query.get("include_fields") != Some(&Value::Bool(false));
        Some(Self { names: names.split(',').map(|name| name.trim().to_owned()).collect(), include })
    }

    /// Keeps, or drops, the named members. `a.b` names a member of a member.
    pub(crate) fn apply(&self, value: &mut Value) {
        if let Some(map) = value.as_object_mut() {
            let paths: Vec<Vec<&str>> = self.names.iter().map(|name| name.split('.').collect()).collect();
            let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
            if self.include { keep(map, &paths) } else { drop_members(map, &paths) }
        }
    }
}

fn keep(map: &mut Map<String, Value>, paths: &[&[&str]]) {
    map.retain(|name, member| {
        let inside: Vec<&[&str]> =
            paths.iter().filter(|path| path.first() == Some(&&**name)).map(|path| &path[1..]).collect();
        if let (Some(inner), false) = (member.as_object_mut(), inside.iter().any(|rest| rest.is_empty())) {
            keep(inner, &inside);
        }
        !inside.is_empty()
    });
}

fn drop_members(map: &mut Map<String, Value>, paths: &[&[&str]]) {
    for path in paths {
        match path {
            [name] => drop(map.shift_remove(*name)),
            [name, rest @ ..] => {
                if let Some(inner) = map.get_mut(*name).and_then(Value::as_object_mut) {
                    drop_members(inner, &[rest]);
                }
            }
            [] => {}
        }
    }
}

fn bad_cursor() -> ApiError {
    ApiError::invalid_paging("The specified 'from' is not a checkpoint of this list")
}

/// `p` and a place, or `o` and an offset, made opaque.
fn cursor(kind: char, number: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}{number}"))
}

fn read_cursor(kind: char, text: &str) -> Option<u64> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    decoded.strip_prefix(kind)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_reach_into_members() {
        let record = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": 4});
        let apply = |names: &str, include: bool| {
            let mut value = record.clone();
            let query = json!({"fields": names, "include_fields": include});
            Fields::of(query.as_object().unwrap()).unwrap().apply(&mut value);
            value
        };
        assert_eq!(apply("a,b.c,x", true), json!({"a": 1, "b": {"c": 2}}));
        assert_eq!(apply("a, b.c", false), json!({"b": {"d": 3}, "e": 4}));
        assert_eq!(apply("b", true), json!({"b": {"c": 2, "d": 3}}));
    }

    #[test]
    fn cursors_are_told_apart() {
        assert_eq!(read_cursor('p', &cursor('p', 7)), Some(7));
        assert_eq!(read_cursor('o', &cursor('p', 7)), None);
        assert_eq!(read_cursor('p', "%%"), None);
    }
}
