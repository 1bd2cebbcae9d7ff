//! The parameters of a request: a form, a JSON object or a query.

use super::error::OAuthError;
use crate::message::{Request, form_pairs};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Named texts. What is empty counts as absent (RFC 6749, section 3.1); JSON that is no text is kept as its JSON text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(crate) fn of_body(request: &Request) -> Result<Self, OAuthError> {
        let body =
            std::str::from_utf8(&request.body).map_err(|_| OAuthError::invalid_request("The body is not UTF-8"))?;
        match request.media_type().as_deref() {
            Some("application/json") => {
                let map: Map<String, Value> = serde_json::from_str(body)
                    .map_err(|_| OAuthError::invalid_request("The body is not a JSON object"))?;
                Ok(Self::of_json(map))
            }
            Some("application/x-www-form-urlencoded") => Self::of_pairs(form_pairs(body)),
            other => Err(OAuthError::invalid_request(format!(
                "The content type {} is neither application/json nor application/x-www-form-urlencoded",
                other.unwrap_or("(none)")
            ))),
        }
    }

    pub(crate) fn of_query(request: &Request) -> Result<Self, OAuthError> {
        Self::of_pairs(request.query_pairs())
    }

    pub(crate) fn of_json(map: Map<String, Value>) -> Self {
        let text = |value: Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        Self(map.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
    }

    /// RFC 6749, section 3.1: a parameter must not be given more than once.
    fn of_pairs(pairs: Vec<(String, String)>) -> Result<Self, OAuthError> {
        let mut map = BTreeMap::new();
        for (name, value) in pairs {
            if let Some((name, _)) = map.get_key_value(&name) {
                return Err(OAuthError::invalid_request(format!("{name} is given twice")));
            }
            map.insert(name, value);
        }
        Ok(Self(map))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::missing(name))
    }

    /// A parameter that is JSON.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, OAuthError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let value = serde_json::from_str(text);
        value.map(Some).map_err(|_| OAuthError::invalid_request(format!("{name} is not JSON")))
    }

    /// A list separated by spaces.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        self.get(name).map_or_else(Vec::new, |text| text.split_whitespace().map(str::to_owned).collect())
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

/// RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined.
pub(crate) fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |text: &str| crate::message::decode(&text.replace('+', " "));
    Some((decode(id), decode(secret)))
}

/// Texts of a JSON array.
pub(crate) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A text member of a JSON object.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}
