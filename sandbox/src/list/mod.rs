//! Lists: which records, which page of them, which of their members, in which envelope.

mod fields;
mod select;

pub(crate) use fields::Fields;

use crate::error::ApiError;
use crate::message::Answer;
use crate::model::{ListShape, Model, Route};
use crate::search::Sort;
use crate::store::{Collection, Record, Store, parse};
use auth0_api_description::Type;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Offset paging ends here.
const LAST_RECORD: u64 = 1000;

const CAPPED: &str = "You can only page through the first 1000 records. See \
                      https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation";

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

/// A page of a list: its records, and what the envelope says.
struct Page {
    records: Vec<(Arc<str>, Record)>,
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

    /// A page without looking at the records before it, but for the first 1,000.
    fn unfiltered(&self, paging: &Paging) -> Result<Page, ApiError> {
        let Some(collection) = self.collection else {
            if let Paging::Checkpoint { from: Some(from), .. } = paging {
                self.place(from)?;
            }
            return Ok(Page { records: Vec::new(), total: 0, next: None });
        };
        let total = collection.len() as u64;
        let keep = |(_, id, record): (u64, &Arc<str>, &Record)| (Arc::clone(id), Arc::clone(record));
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

    /// The envelope that the page comes in, if it comes in one.
    fn envelope(&self, paging: &Paging) -> Option<&Type> {
        let totals = self.query.get("include_totals") == Some(&Value::Bool(true));
        let wanted = match paging {
            Paging::Checkpoint { .. } => "next",
            _ if totals => "total",
            _ => "",
        };
        let has = |ty: &&Type| self.model.schema.property(ty, wanted).is_some();
        let offset_bare = !matches!(paging, Paging::Checkpoint { .. }) && !totals;
        let bare = self.shape.bare && (offset_bare || self.shape.envelopes.is_empty() || self.bare_cursor(paging));
        let envelope = self.shape.envelopes.iter().find(has).or(self.shape.envelopes.first());
        envelope.filter(|_| !bare)
    }

    /// Whether the answer says how many records there are.
    fn counts(&self, paging: &Paging) -> bool {
        let total = self.envelope(paging).and_then(|envelope| self.model.schema.property(envelope, "total"));
        total.is_some_and(|total| total.required || !matches!(paging, Paging::Checkpoint { .. }))
    }

    fn wrap(&self, paging: &Paging, page: &Page, items: &[String]) -> String {
        let array = format!("[{}]", items.join(","));
        let schema = &self.model.schema;
        let Some(envelope) = self.envelope(paging) else { return array };
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
pub(crate) fn joined(model: &Model, types: &[Type], link: Value, target: Option<Value>) -> Value {
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
    fn cursors_are_told_apart() {
        assert_eq!(read_cursor('p', &cursor('p', 7)), Some(7));
        assert_eq!(read_cursor('o', &cursor('p', 7)), None);
        assert_eq!(read_cursor('p', "%%"), None);
    }
}
