//! URLs: path templates, query strings, form bodies.

use crate::error::{Error, ErrorKind};
use crate::text::{digits, split_once};

/// Fills the parameters of a path template in, each percent-encoded as one segment.
///
/// # Errors
/// [`ErrorKind::Request`], naming the parameter, when one is missing or too many, or is empty, `.` or `..`: these three
/// would call another route, and no encoding saves them (a URL parser takes `%2e%2e` for `..`).
pub(crate) fn fill(template: &str, arguments: &[impl AsRef<str>]) -> Result<String, Error> {
    let refuse = |message: String| Err(Error::new(ErrorKind::Request, message));
    let mut path = String::with_capacity(template.len() + 32);
    let mut left = arguments.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        rest = after;
        match left.next().map(AsRef::as_ref) {
            None => return refuse(["the path parameter `", name, "` is missing"].concat()),
            Some("") => return refuse(["the path parameter `", name, "` is empty"].concat()),
            Some(dots @ ("." | "..")) => {
                return refuse(
                    ["the path parameter `", name, "` is \"", dots, "\", which would change the route"].concat(),
                );
            }
            Some(value) => encode_into(&mut path, value),
        }
    }
    path.push_str(rest);
    match left.len() {
        0 => Ok(path),
        more => refuse([&digits(more as u64), " more path parameters than ", template, " has"].concat()),
    }
}

/// Appends a text, percent-encoded: all but the unreserved characters of RFC 3986, section 2.3.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_escape(out, byte);
        }
    }
}

/// Appends a byte as an escape: `%2F`.
pub(crate) fn push_escape(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// A text of which [`encode_into`], or JavaScript's `encodeURIComponent`, made the argument. What is no escape stays as it is.
#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let ahead = &mut bytes.clone();
        let mut hex = || char::from(ahead.next()?).to_digit(16);
        match (byte, hex(), hex()) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes.nth(1);
            }
            _ => out.push(byte),
        }
    }
    // JavaScript escapes nothing but UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

/// Appends `key=value` to a query string or a form, with `&` before it where needed.
pub(crate) fn push_pair(out: &mut String, key: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    encode_into(out, key);
    out.push('=');
    encode_into(out, value);
}

/// Query parameters in order, not yet encoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn push(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }

    /// Puts a value in the place of all that the key has.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.remove(key);
        self.push(key, value);
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    #[cfg(test)]
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Parameters that JavaScript has written as texts.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Appends what a JSON value says under a key: null is nothing, an array repeats the key, an object is `key[member]`.
    pub(crate) fn push_json(&mut self, key: &str, value: &serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::Null => {}
            Value::Bool(flag) => self.push(key, if *flag { "true" } else { "false" }),
            Value::Number(number) => self.push(key, number.to_string()),
            Value::String(text) => self.push(key, text.as_str()),
            Value::Array(items) => items.iter().for_each(|item| self.push_json(key, item)),
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| self.push_json(&format!("{key}[{name}]"), member));
            }
        }
    }

    /// Base, path and query as one URL.
    pub(crate) fn url(&self, base: &str, path: &str) -> String {
        let mut url = String::with_capacity(base.len() + path.len() + 64);
        url.push_str(base);
        url.push_str(path);
        let mut text = String::new();
        self.0.iter().for_each(|(key, value)| push_pair(&mut text, key, value));
        if !text.is_empty() {
            // A base of the caller's may bring a query of its own (client.fetch).
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&text);
        }
        url
    }
}

/// Where a redirect leads, when that is the same origin; `None` for any other place.
pub(crate) fn same_origin_target(url: &str, location: &str) -> Option<String> {
    let (scheme, rest) = split_once(url, "://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let origin = &[scheme, "://", authority].concat();
    let rest = match location.strip_prefix('/') {
        // `//host/path` is another host.
        Some(rest) if !rest.starts_with(['/', '\\']) => location,
        Some(_) => return None,
        None => location.strip_prefix(origin.as_str()).filter(|rest| rest.starts_with(['/', '?']))?,
    };
    Some([origin.as_str(), rest.split('#').next().unwrap_or(rest)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_stay_one_segment() {
        for (id, wanted) in [
            ("auth0|1", "/users/auth0%7C1/roles"),
            ("oauth2|conn/123", "/users/oauth2%7Cconn%2F123/roles"),
            ("a?b=c#d", "/users/a%3Fb%3Dc%23d/roles"),
            ("%2e%2e", "/users/%252e%252e/roles"),
            ("...", "/users/.../roles"),
            ("ä b+c", "/users/%C3%A4%20b%2Bc/roles"),
            ("a\\b", "/users/a%5Cb/roles"),
        ] {
            assert_eq!(fill("/users/{id}/roles", &[id]).ok().as_deref(), Some(wanted));
        }
        for (arguments, why) in [
            (vec![], "`id` is missing"),
            (vec![""], "`id` is empty"),
            (vec!["."], "`id` is \".\""),
            (vec![".."], "`id` is \"..\""),
            (vec!["a", "b"], "1 more path parameters"),
        ] {
            let error = fill("/users/{id}", &arguments).expect_err(why);
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(error.kind(), ErrorKind::Request);
        }
    }

    #[test]
    fn decodes_what_it_encodes() {
        for text in ["", "a", "a b/%+&=?", "äöü€😀", "%41", "\0\n"] {
            let mut encoded = String::new();
            encode_into(&mut encoded, text);
            assert_eq!(decode(&encoded), text);
        }
        assert_eq!(decode("%"), "%");
        assert_eq!(decode("%4"), "%4");
        assert_eq!(decode("%zz%41"), "%zzA");
        assert_eq!(decode("!'()*"), "!'()*");
    }

    #[test]
    fn query_rules() {
        let mut query = Query::default();
        let members = json!({"q": "email:\"a b\"", "page": 0, "strategy": ["a", "b"], "f": false, "n": null, "o": {"a": {"b": 1}}});
        for (key, value) in members.as_object().expect("an object") {
            query.push_json(key, value);
        }
        let mut pairs: Vec<_> =
            query.url("https://x", "/y").split_once('?').expect("a query").1.split('&').map(str::to_owned).collect();
        pairs.sort();
        assert_eq!(
            pairs,
            ["f=false", "o%5Ba%5D%5Bb%5D=1", "page=0", "q=email%3A%22a%20b%22", "strategy=a", "strategy=b"]
        );
        assert_eq!(Query::default().url("https://x", "/y"), "https://x/y");
    }

    #[test]
    fn redirects_stay_at_home() {
        let target = |location| same_origin_target("https://a.example/api/v2/users?x=1", location);
        assert_eq!(target("/b?c#d").as_deref(), Some("https://a.example/b?c"));
        assert_eq!(target("https://a.example/b").as_deref(), Some("https://a.example/b"));
        for location in [
            "//evil.example/b",
            "/\\evil.example",
            "https://a.example.evil/b",
            "https://a.example:444/b",
            "http://a.example/b",
            "b",
            "",
        ] {
            assert_eq!(target(location), None, "{location}");
        }
    }
}
