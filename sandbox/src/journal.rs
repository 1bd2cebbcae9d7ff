//! What was asked and what was answered, for tests to look at. A local test double keeps headers as they came.

use crate::clock::iso8601;
use crate::faults::Match;
use crate::message::Request;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The oldest entries go when there are more.
const CAPACITY: usize = 10_000;

/// Bodies are kept up to this length, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// One request and its answer's status.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// When it came, by the sandbox's clock, as ISO 8601.
    pub at: String,
    /// The method.
    pub method: String,
    /// The path, encoded as it came.
    pub path: String,
    /// The query without `?`, encoded as it came.
    pub query: String,
    /// Names in lower case; values of one name are joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// JSON where the body is JSON, else its text; `null` without one. What is not UTF-8 comes as `{"base64": "…"}`,
    /// what is longer than 1 MB as `{"bytes": length}`.
    pub body: Value,
    /// The status of the answer; `None` when the connection was reset instead.
    pub status: Option<u16>,
    /// The operation's id, `oauth.token` for the token endpoint.
    pub operation: Option<String>,
    /// True when a fault was at work.
    pub fault: bool,
}

impl Entry {
    pub(crate) fn new(request: &Request, operation: Option<String>, now_ms: i64) -> Self {
        let mut headers = BTreeMap::new();
        for (name, value) in &request.headers {
            let slot: &mut String = headers.entry(name.clone()).or_default();
            if !slot.is_empty() {
                slot.push_str(", ");
            }
            slot.push_str(value);
        }
        Self {
            at: iso8601(now_ms),
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers,
            body: body_value(&request.body),
            status: None,
            operation,
            fault: false,
        }
    }
}

fn body_value(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if body.len() > LONGEST_BODY {
        return serde_json::json!({ "bytes": body.len() });
    }
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        Err(_) => serde_json::json!({ "base64": STANDARD.encode(body) }),
    }
}

#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<VecDeque<Entry>>);

impl Journal {
    pub(crate) fn add(&self, entry: Entry) {
        let mut entries = self.lock();
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The entries that match, oldest first.
    pub(crate) fn matching(&self, wanted: &Match) -> Vec<Entry> {
        let fits = |entry: &&Entry| wanted.fits(&entry.method, &entry.path, entry.operation.as_deref());
        self.lock().iter().filter(fits).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
