//! The parameters of a request, and the body that they make: a form, or JSON.

use crate::http::path;
use crate::jose::json::push_text;

/// The value of a parameter.
#[derive(Clone)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// Anything else, as JSON text: `true`, `5`, `["otp"]`. A form and a query carry this text.
    Json(String),
}

impl Value {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Value::Text(text) | Value::Json(text) => text,
        }
    }
}

/// Parameters in the order in which they are sent. A name comes once.
#[derive(Clone, Default)]
pub(crate) struct Params(Vec<(String, Value)>);

impl Params {
    /// Sets a parameter, in the place of what it was.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    pub(crate) fn text(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.set(name, Value::Text(value.into()));
    }

    #[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "in JavaScript URLs are made there"))]
    pub(crate) fn remove(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(index).1)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// As `name=value&…`, percent-encoded: a form (WHATWG URL, application/x-www-form-urlencoded), or a query.
    #[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "in JavaScript calls are shared there"))]
    pub(crate) fn form(&self) -> String {
        let mut body = Body::default();
        self.iter().for_each(|(name, value)| body.push(name, value));
        body.text
    }
}

/// A body that is being written: a form, or the inside of a JSON object. One function for both, and no inlining, for size.
#[derive(Default)]
pub(super) struct Body {
    pub(super) json: bool,
    pub(super) text: String,
}

impl Body {
    #[inline(never)]
    pub(super) fn push(&mut self, name: &str, value: &Value) {
        if !self.json {
            return path::push_pair(&mut self.text, name, value.as_str());
        }
        if !self.text.is_empty() {
            self.text.push(',');
        }
        push_text(&mut self.text, name);
        self.text.push(':');
        match value {
            Value::Text(text) => push_text(&mut self.text, text),
            Value::Json(text) => self.text.push_str(text),
        }
    }

    #[inline(never)]
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.push(name, &Value::Text(value.to_owned()));
    }
}
