//! The few members that the core itself reads of a JSON document: of an error, a token response, a page.
//!
//! Natively, and for Rust on wasm32, a document is a `serde_json` value. For the npm package JavaScript parses it, and hands
//! over its plain members as a [`Form`]: that keeps `serde_json` and every handle of a JavaScript value out of that build.

#[cfg(any(test, target_arch = "wasm32"))]
use crate::http::path;
use serde_json::Value;

/// A parsed document.
pub(crate) type Document = Value;

/// Parses a text; `None` when it is not JSON.
pub(crate) fn parse(text: &str) -> Option<Document> {
    serde_json::from_str(text).ok()
}

/// A JSON object, read member by member. What is not there, or is something else, is `None`.
pub(crate) trait Node {
    /// True when there is such a member, whatever it is.
    fn has(&self, key: &str) -> bool;

    /// A member that is a text and not empty.
    fn text(&self, key: &str) -> Option<String>;

    /// A member that is a count: whole, not negative, or a text that reads as one, as some proxies send it.
    fn count(&self, key: &str) -> Option<u64>;

    /// A member that says where a list goes on: a text or a number; `Ok(None)` for null and for an empty text.
    ///
    /// # Errors
    /// It is something else.
    fn cursor(&self, key: &str) -> Result<Option<String>, ()>;
}

impl Node for Value {
    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn count(&self, key: &str) -> Option<u64> {
        let value = self.get(key)?;
        match value.as_f64() {
            Some(number) => (0.0..9e15).contains(&number).then_some(number as u64),
            None => value.as_str()?.trim().parse().ok(),
        }
    }

    fn cursor(&self, key: &str) -> Result<Option<String>, ()> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(()),
        }
    }
}

/// Pairs of texts: what an HTML form is sent as (`a=b&c=d`, percent-encoded), and how JavaScript and the core hand each
/// other records.
#[cfg(any(test, target_arch = "wasm32"))]
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

#[cfg(any(test, target_arch = "wasm32"))]
impl Form {
    /// Reads the pairs of a text that JavaScript wrote.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (path::decode(key), path::decode(value))
        });
        Self(pairs.collect())
    }

    /// The value of a key, which may be empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(any(test, target_arch = "wasm32"))]
impl Node for Form {
    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn count(&self, key: &str) -> Option<u64> {
        // A fraction is cut, as it is for a number.
        self.get(key)?.trim().split('.').next()?.parse().ok()
    }

    fn cursor(&self, key: &str) -> Result<Option<String>, ()> {
        // JavaScript hands over what is plain, a number as its text, and for anything else says that it is none.
        match self.text(key) {
            Some(text) if text == "\0" => Err(()),
            text => Ok(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_of_both_kinds_of_document() {
        let value = json!({"a": "x", "e": "", "n": 7, "f": 7.9, "t": " 8 ", "z": null, "o": {}, "m": -1});
        let form = Form::parse("a=x&e=&n=7&f=7.9&t=%208%20&z=&m=-1&%C3%A4=%26%3D");
        for node in [&value as &dyn Node, &form] {
            assert_eq!(node.text("a").as_deref(), Some("x"));
            assert_eq!((node.text("e"), node.text("missing")), (None, None));
            assert_eq!((node.count("n"), node.count("f"), node.count("t")), (Some(7), Some(7), Some(8)));
            assert_eq!((node.count("a"), node.count("m"), node.count("missing")), (None, None, None));
            assert!(node.has("z") && node.has("e") && !node.has("missing"));
            assert_eq!((node.cursor("a"), node.cursor("n")), (Ok(Some("x".into())), Ok(Some("7".into()))));
            assert_eq!((node.cursor("e"), node.cursor("z"), node.cursor("missing")), (Ok(None), Ok(None), Ok(None)));
        }
        assert_eq!(value.cursor("o"), Err(()));
        assert_eq!(form.get("ä"), Some("&="));
    }
}
