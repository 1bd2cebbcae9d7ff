//! The few members that the core itself reads of a JSON document: of an error, a token response, a page.
//!
//! On wasm32 `JSON.parse` reads a document and it stays a JavaScript value, which keeps `serde_json` out of a build that
//! does not use the typed API; elsewhere it is a `serde_json` value. [`Node`] reads both alike.

use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::{JsCast, JsValue};

/// A parsed document.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Document = Value;
/// A parsed document.
#[cfg(target_arch = "wasm32")]
pub(crate) type Document = JsValue;

/// Parses a text; `None` when it is not JSON.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn parse(text: &str) -> Option<Document> {
    serde_json::from_str(text).ok()
}

/// Parses a text; `None` when it is not JSON.
#[cfg(target_arch = "wasm32")]
pub(crate) fn parse(text: &str) -> Option<Document> {
    js_sys::JSON::parse(text).ok()
}

/// A JSON value, read member by member. What is not there, or is something else, is `None`.
pub(crate) trait Node: Sized {
    /// A member of an object.
    fn member(&self, key: &str) -> Option<Self>;
    /// The value as a text.
    fn string(&self) -> Option<String>;
    /// The value as a number.
    fn float(&self) -> Option<f64>;
    /// How many items an array has.
    fn array_len(&self) -> Option<usize>;
    /// The last item of an array.
    fn last(&self) -> Option<Self>;

    /// A member that is a text and not empty.
    fn text(&self, key: &str) -> Option<String> {
        self.member(key)?.string().filter(|text| !text.is_empty())
    }

    /// A member that is a count: whole, not negative, or a text that reads as one, as some proxies send it.
    fn count(&self, key: &str) -> Option<u64> {
        let value = self.member(key)?;
        match value.float() {
            Some(number) => (0.0..9e15).contains(&number).then_some(number as u64),
            None => value.string()?.trim().parse().ok(),
        }
    }
}

impl Node for &Value {
    fn member(&self, key: &str) -> Option<Self> {
        self.get(key)
    }

    fn string(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }

    fn float(&self) -> Option<f64> {
        self.as_f64()
    }

    fn array_len(&self) -> Option<usize> {
        self.as_array().map(Vec::len)
    }

    fn last(&self) -> Option<Self> {
        self.as_array()?.last()
    }
}

/// A key as a JavaScript string. It is kept: as a text it would have to cross into JavaScript at each call.
#[cfg(target_arch = "wasm32")]
fn interned(key: &str) -> JsValue {
    thread_local!(static KEYS: std::cell::RefCell<Vec<(String, JsValue)>> = const { std::cell::RefCell::new(Vec::new()) });
    KEYS.with_borrow_mut(|keys| match keys.iter().find(|(known, _)| known == key) {
        Some((_, value)) => value.clone(),
        None => {
            let value = JsValue::from_str(key);
            keys.push((key.to_owned(), value.clone()));
            value
        }
    })
}

#[cfg(target_arch = "wasm32")]
impl Node for JsValue {
    fn member(&self, key: &str) -> Option<Self> {
        if !self.is_object() {
            return None;
        }
        js_sys::Reflect::get(self, &interned(key)).ok().filter(|value| !value.is_undefined())
    }

    fn string(&self) -> Option<String> {
        self.as_string()
    }

    fn float(&self) -> Option<f64> {
        self.as_f64()
    }

    fn array_len(&self) -> Option<usize> {
        self.dyn_ref::<js_sys::Array>().map(|array| array.length() as usize)
    }

    fn last(&self) -> Option<Self> {
        let array = self.dyn_ref::<js_sys::Array>()?;
        array.length().checked_sub(1).map(|index| array.get(index))
    }
}
