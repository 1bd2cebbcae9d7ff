//! Valid values made from the description: arguments for tests that call every operation.
//!
//! The values are the same each time. They come in two sizes: the least that is valid, and everything that may be sent.

use crate::{BodyKind, Description, Extra, Kind, Operation, PagingStyle, Property, Type};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

/// Types refer to each other in circles; a sample ends here.
const DEEPEST: usize = 10;

/// How much a sample has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Only what is required.
    Least,
    /// Every property that a request may have, and one item in every array.
    Full,
}

/// The arguments of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Path arguments in the order of the path, not encoded.
    pub path: Vec<String>,
    /// Query parameters in the order of the description.
    pub query: Map<String, Value>,
    /// `None` where the operation takes no body, or need not have one.
    pub body: Option<Value>,
}

impl Request {
    /// The path below `/api/v2` as it must be sent: each argument percent-encoded as one segment (RFC 3986, section 2.3).
    pub fn url_path(&self, operation: &Operation) -> String {
        let mut arguments = self.path.iter();
        let mut path = String::new();
        for (index, part) in operation.path.split(['{', '}']).enumerate() {
            match index % 2 {
                0 => path.push_str(part),
                _ => arguments.next().into_iter().flat_map(|argument| argument.bytes()).for_each(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
                    _ => path.push_str(&format!("%{byte:02X}")),
                }),
            }
        }
        path
    }

    /// The query parameters as they must arrive, decoded: flags and numbers as text, an array as its key repeated, an
    /// object as `key[member]`.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        self.query.iter().for_each(|(key, value)| push_pairs(&mut pairs, key, value));
        pairs
    }
}

impl Request {
    /// All query parameters of the request that a client must send, sorted: what was given, and for a list what its walk
    /// counts with.
    pub fn sent_query(&self, operation: &Operation) -> Vec<(String, String)> {
        let mut pairs = self.query_pairs();
        if let Some(paging) = &operation.paging {
            let given = |name: &str| self.query.contains_key(name);
            let by_cursor = match paging.style {
                PagingStyle::Checkpoint => true,
                PagingStyle::Offset => false,
                PagingStyle::Both if given("from") || given("take") => true,
                PagingStyle::Both => paging.cursor.is_none(),
            };
            let size = paging.size.to_string();
            let mut defaults = match by_cursor {
                true => vec![("take", size.as_str())],
                false => vec![("page", "0"), ("per_page", size.as_str())],
            };
            if !by_cursor && paging.totals {
                defaults.push(("include_totals", "true"));
            }
            for (name, value) in defaults.into_iter().filter(|(name, _)| !given(name)) {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        }
        pairs.sort();
        pairs
    }
}

fn push_pairs(pairs: &mut Vec<(String, String)>, key: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => pairs.push((key.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| push_pairs(pairs, key, item)),
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| push_pairs(pairs, &format!("{key}[{name}]"), member));
        }
        other => pairs.push((key.to_owned(), other.to_string())),
    }
}

impl Description {
    /// Arguments that the operation takes.
    ///
    /// A list that pages both ways gets the parameters of one way only.
    pub fn sample_request(&self, operation: &Operation, size: Size) -> Request {
        let path = operation
            .path_parameters()
            .iter()
            .map(|name| match self.sample(&operation.path_type(name), size) {
                Value::String(text) => text,
                other => other.to_string(),
            })
            .collect();
        let by_cursor = operation.query.iter().any(|property| property.name == "take");
        let wanted = |property: &&Property| {
            property.required
                || size == Size::Full
                    && !(by_cursor && ["page", "per_page", "include_totals"].contains(&property.name.as_str()))
        };
        let query = operation
            .query
            .iter()
            .filter(wanted)
            .map(|property| (property.name.clone(), self.sample(&property.ty, size)))
            .collect();
        let body = operation.body.as_ref().filter(|body| body.required || size == Size::Full);
        Request { path, query, body: body.map(|body| self.sample(&body.ty, size)) }
    }

    /// A valid value of a type. Properties that only answers have are left out.
    pub fn sample(&self, ty: &Type, size: Size) -> Value {
        self.sample_at(ty, size, 0)
    }

    fn sample_at(&self, ty: &Type, size: Size, depth: usize) -> Value {
        let Ok((ty, nullable)) = self.resolve(ty) else { return Value::Null };
        // Deep inside, only what must be there: circles lead through optional members.
        let size = if depth > 5 { Size::Least } else { size };
        if depth > DEEPEST {
            return if nullable { Value::Null } else { json!({}) };
        }
        match &ty.kind {
            Kind::Any => json!({}),
            Kind::Boolean => json!(true),
            Kind::Integer { min, max } | Kind::Number { min, max } => {
                let number = min.unwrap_or(1.0).max(1.0).min(max.unwrap_or(f64::MAX));
                if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
            }
            Kind::String { format, pattern, min, max } => {
                json!(text(format.as_deref(), pattern.as_deref(), min.unwrap_or(0), max.unwrap_or(u64::MAX)))
            }
            Kind::Enum(values) => json!(values.first()),
            Kind::Const(value) => value.clone(),
            Kind::Array { items, min, max, .. } => {
                let least = min.unwrap_or(0).max(u64::from(size == Size::Full)).min(max.unwrap_or(u64::MAX));
                (0..least).map(|index| self.item(items, size, depth, index)).collect()
            }
            Kind::Object { extra, min, max, .. } => {
                self.object(ty, extra, (min.unwrap_or(0), max.unwrap_or(u64::MAX)), size, depth)
            }
            Kind::Union { variants, .. } => {
                let other = if size == Size::Full { Size::Least } else { Size::Full };
                let samples = [size, other]
                    .into_iter()
                    .flat_map(|size| variants.iter().map(move |variant| self.sample_at(variant, size, depth + 1)));
                let mut first = None;
                for sample in samples {
                    if self.accepts(ty, &sample) {
                        return sample;
                    }
                    first.get_or_insert(sample);
                }
                first.unwrap_or(Value::Null)
            }
            Kind::Reference(_) => Value::Null,
        }
    }

    /// Items of one array differ, as far as their type lets them.
    fn item(&self, ty: &Type, size: Size, depth: usize, index: u64) -> Value {
        if let Ok((Type { kind: Kind::Enum(values), .. }, _)) = self.resolve(ty) {
            return json!(usize::try_from(index).ok().and_then(|index| values.get(index)).or(values.first()));
        }
        match self.sample_at(ty, size, depth + 1) {
            Value::String(text) if index > 0 => Value::String(format!("{text}{index}")),
            sample => sample,
        }
    }

    fn object(&self, ty: &Type, extra: &Extra, (min, max): (u64, u64), size: Size, depth: usize) -> Value {
        let properties = self.properties(ty).unwrap_or_default();
        let mut map = Map::new();
        for property in &properties {
            // A required member that is only in answers is not for requests to give.
            let wanted = property.required || size == Size::Full && (map.len() as u64) < max;
            let current = property.required || !property.ty.deprecated;
            if wanted && current && !property.ty.read_only {
                let value = self.sample_at(&property.ty, size, depth + 1);
                // What a circle leads to cannot be completed; it is left out where it may be.
                if property.required || self.accepts(&property.ty, &value) {
                    map.insert(property.name.clone(), value);
                }
            }
        }
        for property in properties.iter().filter(|property| !property.ty.read_only) {
            if map.len() as u64 >= min {
                break;
            }
            if !map.contains_key(&property.name) {
                map.insert(property.name.clone(), self.sample_at(&property.ty, size, depth + 1));
            }
        }
        if let Extra::Allowed(extra) = extra {
            let least = min.max(u64::from(size == Size::Full && properties.is_empty()));
            while (map.len() as u64) < least {
                map.insert(format!("sample{}", map.len()), self.sample_at(extra, size, depth + 1));
            }
        }
        Value::Object(map)
    }

    /// True when a value is one of the type, as JSON Schema says it.
    pub fn accepts(&self, ty: &Type, value: &Value) -> bool {
        let Ok((ty, nullable)) = self.resolve(ty) else { return false };
        if value.is_null() && nullable {
            return true;
        }
        let within = |length: u64, min: Option<u64>, max: Option<u64>| {
            min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max)
        };
        match (&ty.kind, value) {
            (Kind::Any, _) => true,
            (Kind::Boolean, Value::Bool(_)) => true,
            (Kind::Integer { min, max } | Kind::Number { min, max }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                (matches!(ty.kind, Kind::Number { .. }) || number.fract() == 0.0)
                    && min.is_none_or(|min| number >= min)
                    && max.is_none_or(|max| number <= max)
            }
            (Kind::String { format, pattern, min, max }, Value::String(text)) => {
                within(text.chars().count() as u64, *min, *max)
                    && match format.as_deref() {
                        // What tells the variants of a union apart; no other format is judged.
                        Some("ipv4") => text.parse::<std::net::Ipv4Addr>().is_ok(),
                        Some("ipv6") => text.parse::<std::net::Ipv6Addr>().is_ok(),
                        _ => true,
                    }
                    && pattern.as_deref().and_then(compile).is_none_or(|pattern| pattern.is_match(text))
            }
            (Kind::Enum(values), Value::String(text)) => values.contains(text),
            (Kind::Const(wanted), value) => wanted == value,
            (Kind::Array { items, min, max, unique }, Value::Array(list)) => {
                within(list.len() as u64, *min, *max)
                    && list.iter().all(|item| self.accepts(items, item))
                    && !(*unique && list.iter().enumerate().any(|(index, item)| list[..index].contains(item)))
            }
            (Kind::Object { extra, min, max, .. }, Value::Object(map)) => {
                let properties = self.properties(ty).unwrap_or_default();
                let known = |name: &str| properties.iter().find(|property| property.name == name);
                within(map.len() as u64, *min, *max)
                    && properties
                        .iter()
                        .all(|property| !property.required || property.ty.read_only || map.contains_key(&property.name))
                    && map.iter().all(|(name, member)| match (known(name), extra) {
                        (Some(property), _) => self.accepts(&property.ty, member),
                        (None, Extra::Unsaid) => true,
                        (None, Extra::Forbidden) => false,
                        (None, Extra::Allowed(ty)) => self.accepts(ty, member),
                    })
            }
            (Kind::Union { variants, exactly_one, .. }, value) => {
                let fitting = variants.iter().filter(|variant| self.accepts(variant, value)).count();
                if *exactly_one { fitting == 1 } else { fitting > 0 }
            }
            _ => false,
        }
    }
}

impl Operation {
    /// True when the operation takes a JSON body, needed or not.
    pub fn takes_json(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.kind == BodyKind::Json)
    }
}

/// A pattern, without the look-ahead that the regex crate does not have. `None` for one that it cannot read.
fn compile(pattern: &str) -> Option<Regex> {
    let mut plain = String::new();
    let mut rest = pattern;
    while let Some(start) = rest.find("(?=").into_iter().chain(rest.find("(?!")).min() {
        plain.push_str(&rest[..start]);
        let mut depth = 0;
        let end = rest[start..].char_indices().find_map(|(index, character)| {
            depth += i32::from(character == '(') - i32::from(character == ')');
            (depth == 0).then_some(start + index + 1)
        })?;
        rest = &rest[end..];
    }
    plain.push_str(rest);
    // JavaScript takes a bare hyphen after a class (`[\w-\.]`) for itself, and `{` that counts nothing.
    Regex::new(&plain.replace(r"[\w-\.", r"[\w\-\.").replace("{org_", r"\{org_")).ok()
}

/// Tried in this order where a pattern or a length has to be met.
const TEXTS: &[&str] = &[
    "sample",
    "sample-text",
    "01234567890123456789012345",
    "https://example.com",
    "https://example.com/sample",
    "user@example.com",
    "example.com",
    "con_0123456789abcdef",
    "org_0123456789abcdef",
    "est_0123456789abcdef",
    "evt_0123456789abcdef",
    "rol_0123456789abcdef",
    "ten_0123456789abcdef",
    "grp_123456789abcdefg",
    "exp_123456789abcdef",
    "flg_123456789abcdef",
    "seg_123456789abcdef",
    "var_123456789abcdef",
    "client.metadata.sample",
    "organization.metadata.sample",
    "transaction.custom_domain.domain_metadata.sample",
    "untrusted_data.authorization_params.ext-sample",
    "user.app_metadata.sample",
    "user.user_metadata.sample",
    "00000000-0000-4000-a000-000000000000",
    "0123456789abcdef0123456789abcdef",
    "0123456789abcdef01234567",
    "us-east-1",
    "#0059d6",
    "+15550100",
    "+1{8, 20}",
    "aamva",
    "simplified/1.0",
    "012345678901",
    "01234567",
    "10",
    "1",
    "US",
    "ABC",
    "a",
    "",
];

fn text(format: Option<&str>, pattern: Option<&str>, min: u64, max: u64) -> String {
    let regex = pattern.and_then(compile);
    let fits = |text: &str| {
        (min..=max).contains(&(text.chars().count() as u64)) && regex.as_ref().is_none_or(|regex| regex.is_match(text))
    };
    let by_format = match format.unwrap_or_default() {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "uuid" => "00000000-0000-4000-a000-000000000000",
        "email" | "email-or-empty" => "user@example.com",
        "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "cidr" => "10.0.0.0/8",
        "ipv6_cidr" => "fd00::/8",
        "hostname" | "hostname-rfc2181" => "example.com",
        "html-color" | "html-color-or-null" | "forms-hex-color" => "#0059d6",
        "forms-file-extension" => ".txt",
        format if format.contains("uri") || format.contains("url") => "https://example.com/sample",
        _ => "sample",
    };
    // A pattern that only JavaScript reads, and is a slip there.
    if pattern.is_some_and(|pattern| pattern.contains("{8, 20}")) {
        return "+1{8, 20}".to_owned();
    }
    if let Some(text) = std::iter::once(&by_format).chain(TEXTS).find(|text| fits(text)) {
        return (*text).to_owned();
    }
    // 86 characters and `==`: a key in base64.
    let key = "A".repeat(86) + "==";
    if fits(&key) {
        return key;
    }
    let length = usize::try_from(min).unwrap_or(0);
    "a".repeat(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_valid_arguments_of_both_sizes() {
        let description = Description::embedded().expect("the description");
        let mut wrong = Vec::new();
        for operation in description.operations() {
            for size in [Size::Least, Size::Full] {
                let request = description.sample_request(operation, size);
                let path = operation.path_parameters();
                assert_eq!(request.path.len(), path.len());
                for (name, argument) in path.iter().zip(&request.path) {
                    let valid = description.accepts(&operation.path_type(name), &json!(argument));
                    if !valid || argument.is_empty() {
                        wrong.push(format!("{} {size:?} path {name}: {argument:?}", operation.id));
                    }
                }
                for property in &operation.query {
                    let value = request.query.get(&property.name);
                    if value.is_some_and(|value| !description.accepts(&property.ty, value)) {
                        wrong.push(format!("{} {size:?} query {}: {value:?}", operation.id, property.name));
                    }
                }
                if let (Some(body), Some(value)) = (&operation.body, &request.body)
                    && !description.accepts(&body.ty, value)
                {
                    wrong.push(format!("{} {size:?} body: {value}", operation.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{} are not valid:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn paths_and_queries_are_written_as_the_rules_say() {
        let description = Description::embedded().expect("the description");
        let operation = description.operations().find(|operation| operation.id == "users.get").expect("users.get");
        let query = json!({"a": [1, true], "b": null, "c": {"d": {"e": "ä"}}});
        let query = query.as_object().expect("an object").clone();
        let request = Request { path: vec!["a|/ä..".to_owned()], query, body: None };
        assert_eq!(request.url_path(operation), "/users/a%7C%2F%C3%A4..");
        let pairs = request.query_pairs();
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("a", "true"), ("c[d][e]", "ä")]);
    }

    #[test]
    fn what_is_not_valid_is_not_accepted() {
        let description = Description::embedded().expect("the description");
        let ty = |text: &str| serde_json::from_str::<Type>(text).expect("a type");
        for (kind, value, accepted) in [
            (r#"{"type":"string","pattern":"^con_[A-Za-z0-9]{16}$"}"#, json!("con_1"), false),
            (r#"{"type":"string","min":2,"max":3}"#, json!("ä"), false),
            (r#"{"type":"array","items":"string","min":1}"#, json!([]), false),
            (r#"{"type":"array","items":"string","unique":true}"#, json!(["a", "a"]), false),
            (r#"{"type":"object","properties":{"a":"string"},"extra":false}"#, json!({"a": "x", "b": 1}), false),
            (r#"{"type":"object","properties":{"a":"string"},"extra":false}"#, json!({}), false),
            (r#"{"type":"object","properties":{"a?":"string?"},"extra":false}"#, json!({"a": null}), true),
            (r#"{"oneOf":["string","any"]}"#, json!("x"), false),
            (r#"{"anyOf":["string","any"]}"#, json!("x"), true),
            (r#"{"type":"integer","max":5}"#, json!(6), false),
            (r#"{"type":"integer"}"#, json!(1.5), false),
            (r#"{"enum":["a"]}"#, json!("b"), false),
        ] {
            assert_eq!(description.accepts(&ty(kind), &value), accepted, "{kind} {value}");
        }
    }
}
