//! Faults on demand: what a test orders to go wrong.

use crate::error::ApiError;
use crate::message::{Answer, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Something that goes wrong with the next requests that it matches. Without a status, the request is done as usual and
/// the rest of the fault is laid over its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests: all of them when nothing is said.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// How many requests, 1 by default.
    #[serde(default = "once")]
    pub times: u32,
    /// Answer with this status instead of doing the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers of the answer; they replace those of the same name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a text is sent as it is, everything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Wait before answering, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// Send the headers at once and the body piece by piece over this time, in milliseconds.
    #[serde(default)]
    pub body_delay_ms: u64,
    /// Close the connection without an answer, after `delay_ms`; the request is not done.
    #[serde(default)]
    pub reset: bool,
    /// Announce the whole body, send this many bytes of it, and close the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<u64>,
}

/// Which requests a fault is for: all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// `GET`, `POST` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path as it is sent, or its beginning up to a `/`: `/api/v2/users` matches `/api/v2/users/1`, not `/api/v2/users-by-email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// An operation id of the API description, as `users.list`; `oauth.token` for the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
}

fn once() -> u32 {
    1
}

impl Fault {
    fn new() -> Self {
        Self {
            matching: Match::default(),
            times: 1,
            status: None,
            headers: BTreeMap::new(),
            body: None,
            delay_ms: 0,
            body_delay_ms: 0,
            reset: false,
            truncate: None,
        }
    }

    /// An answer with this status, whose body is Auth0's error shape unless [`Fault::body`] says otherwise.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::new() }
    }

    /// No answer: the connection is reset.
    pub fn reset() -> Self {
        Self { reset: true, ..Self::new() }
    }

    /// The usual answer after this many milliseconds.
    pub fn delay_ms(ms: u64) -> Self {
        Self { delay_ms: ms, ..Self::new() }
    }

    /// The usual answer, whose headers come at once and whose body takes this many milliseconds.
    pub fn body_delay_ms(ms: u64) -> Self {
        Self { body_delay_ms: ms, ..Self::new() }
    }

    /// The usual answer, of whose body only the first bytes come before the connection is closed.
    pub fn truncate(bytes: u64) -> Self {
        Self { truncate: Some(bytes), ..Self::new() }
    }

    /// For requests whose path is this or goes on with `/`.
    #[must_use]
    pub fn on_path(mut self, path: &str) -> Self {
        self.matching.path = Some(path.to_owned());
        self
    }

    /// For this operation.
    #[must_use]
    pub fn on_operation(mut self, id: &str) -> Self {
        self.matching.operation = Some(id.to_owned());
        self
    }

    /// For this method.
    #[must_use]
    pub fn on_method(mut self, method: &str) -> Self {
        self.matching.method = Some(method.to_owned());
        self
    }

    /// For this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Sets a header of the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the body: a text is sent as it is, everything else as JSON.
    #[must_use]
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Refuses a fault that cannot happen.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.status {
            Some(status) if !(200..=599).contains(&status) => return Err(format!("status {status} is not 200 to 599")),
            _ => {}
        }
        if self.times == 0 {
            return Err("times is 0".to_owned());
        }
        for (name, value) in &self.headers {
            let token = |c: char| c.is_ascii_alphanumeric() || "-_!#$%&'*+.^`|~".contains(c);
            if name.is_empty() || !name.chars().all(token) || value.chars().any(|c| c.is_control() || !c.is_ascii()) {
                return Err(format!("{name:?} with the value {value:?} is not a header"));
            }
        }
        Ok(())
    }

    /// The fault's own answer, when it stands in for the request.
    pub(crate) fn instead(&self) -> Option<Answer> {
        let status = self.status?;
        Some(match status {
            204 | 304 => Answer::empty(status),
            _ => ApiError::plain(status, "A fault that was ordered from the sandbox").answer(),
        })
    }

    /// Lays headers and body over an answer.
    pub(crate) fn lay_over(&self, answer: &mut Answer) {
        match &self.body {
            Some(Value::String(text)) => {
                answer.body = text.clone().into_bytes();
                answer.set("content-type", "text/plain; charset=utf-8");
            }
            Some(other) => {
                answer.body = other.to_string().into_bytes();
                answer.set("content-type", "application/json; charset=utf-8");
            }
            None => {}
        }
        for (name, value) in &self.headers {
            answer.set(name, value.clone());
        }
    }
}

impl Match {
    pub(crate) fn fits(&self, method: &str, path: &str, operation: Option<&str>) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.operation.as_deref().is_none_or(|wanted| operation == Some(wanted))
            && self.path.as_ref().is_none_or(|wanted| {
                let rest = path.strip_prefix(wanted.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || wanted.ends_with('/'))
            })
    }
}

/// The faults that are still to happen, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn all(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// The first fault for this request, counted down.
    pub(crate) fn take(&self, request: &Request, operation: Option<&str>) -> Option<Fault> {
        let mut faults = self.lock();
        let index = faults.iter().position(|fault| fault.matching.fits(&request.method, &request.path, operation))?;
        if faults[index].times > 1 {
            faults[index].times -= 1;
            return Some(faults[index].clone());
        }
        Some(faults.remove(index))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_by_whole_segments() {
        let on = |path: &str| Match { path: Some(path.to_owned()), ..Match::default() };
        assert!(on("/api/v2/users").fits("GET", "/api/v2/users", None));
        assert!(on("/api/v2/users").fits("GET", "/api/v2/users/1", None));
        assert!(!on("/api/v2/users").fits("GET", "/api/v2/users-by-email", None));
        assert!(on("/").fits("GET", "/oauth/token", None));
    }

    #[test]
    fn faults_happen_in_order_and_as_often_as_ordered() {
        let faults = Faults::default();
        faults.add(Fault::status(503).times(2).on_operation("a"));
        faults.add(Fault::status(500));
        let request = Request { method: "GET".into(), path: "/x".into(), ..Request::default() };
        let take = |operation| faults.take(&request, operation).and_then(|fault| fault.status);
        assert_eq!(take(None), Some(500));
        assert_eq!(take(Some("a")), Some(503));
        assert_eq!(take(Some("b")), None);
        assert_eq!(take(Some("a")), Some(503));
        assert_eq!(take(Some("a")), None);
    }

    #[test]
    fn impossible_faults_are_refused() {
        assert!(Fault::status(99).check().is_err());
        assert!(Fault::status(500).times(0).check().is_err());
        assert!(Fault::status(500).header("a b", "c").check().is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"statsu": 1}"#).is_err());
    }
}
