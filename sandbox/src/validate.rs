//! Checks values against the types of the API description, in the words that Auth0 uses.

use auth0_api_description::{Description, Extra, Kind, Property, Type};
use regex_lite::Regex;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The description with what is needed to check values quickly.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) description: Description,
    /// The patterns met so far. `None`: the pattern uses what the regex crate does not have, and is not checked.
    patterns: RwLock<HashMap<String, Option<Arc<Regex>>>>,
}

impl Schema {
    pub(crate) fn new(description: Description) -> Self {
        Self { description, patterns: RwLock::default() }
    }

    /// The type behind references. A dangling reference reads as `any`; a test sees to it that there is none.
    pub(crate) fn resolve<'a>(&'a self, ty: &'a Type) -> (&'a Type, bool) {
        static ANY: Type = Type {
            kind: Kind::Any,
            nullable: true,
            stage: None,
            deprecated: false,
            read_only: false,
            write_only: false,
            default: None,
        };
        self.description.resolve(ty).unwrap_or((&ANY, true))
    }

    /// The properties of an object type, inherited ones too; empty for every other type.
    pub(crate) fn properties<'a>(&'a self, ty: &'a Type) -> Cow<'a, [Property]> {
        match &self.resolve(ty).0.kind {
            Kind::Object { extends, properties, .. } if extends.is_empty() => Cow::Borrowed(properties),
            Kind::Object { .. } => Cow::Owned(self.description.properties(ty).unwrap_or_default()),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// The variants of a union, unions inside it opened too; the type itself when it is none.
    pub(crate) fn variants<'a>(&'a self, ty: &'a Type) -> Vec<&'a Type> {
        match &self.resolve(ty).0.kind {
            Kind::Union { variants, .. } => variants.iter().flat_map(|variant| self.variants(variant)).collect(),
            _ => vec![self.resolve(ty).0],
        }
    }

    /// A property by name, in any variant of the type.
    pub(crate) fn property(&self, ty: &Type, name: &str) -> Option<Property> {
        let variants = self.variants(ty);
        variants.iter().find_map(|variant| self.properties(variant).iter().find(|p| p.name == name).cloned())
    }

    pub(crate) fn pattern(&self, pattern: &str) -> Option<Arc<Regex>> {
        if let Some(known) = self.patterns.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
            return known.clone();
        }
        let compiled = Regex::new(pattern).ok().map(Arc::new);
        let mut patterns = self.patterns.write().unwrap_or_else(PoisonError::into_inner);
        patterns.entry(pattern.to_owned()).or_insert(compiled).clone()
    }

    /// Checks a value.
    ///
    /// # Errors
    /// What is wrong and where, as `Missing required property: name`.
    pub(crate) fn check(&self, ty: &Type, value: &Value) -> Result<(), String> {
        self.check_at(ty, value, "")
    }

    fn check_at(&self, ty: &Type, value: &Value, at: &str) -> Result<(), String> {
        let (ty, nullable) = self.resolve(ty);
        if value.is_null() && nullable {
            return Ok(());
        }
        let wrong_type =
            |wanted: &str| Err(on(format!("Expected type {wanted} but found type {}", name_of(value)), at));
        match &ty.kind {
            Kind::Any => Ok(()),
            Kind::Boolean if value.is_boolean() => Ok(()),
            Kind::Boolean => wrong_type("boolean"),
            Kind::Integer { min, max } => match value.as_f64() {
                Some(number) if number.fract() == 0.0 => check_number(number, *min, *max, at),
                _ => wrong_type("integer"),
            },
            Kind::Number { min, max } => match value.as_f64() {
                Some(number) => check_number(number, *min, *max, at),
                None => wrong_type("number"),
            },
            Kind::String { format, pattern, min, max } => match value.as_str() {
                Some(text) => self.check_string(text, format.as_deref(), pattern.as_deref(), (*min, *max), at),
                None => wrong_type("string"),
            },
            Kind::Enum(allowed) => match value.as_str() {
                Some(text) if allowed.iter().any(|one| one == text) => Ok(()),
                Some(text) => Err(on(format!("No enum match for: {text}"), at)),
                None => wrong_type("string"),
            },
            Kind::Const(wanted) if wanted == value => Ok(()),
            Kind::Const(wanted) => Err(on(format!("Expected {wanted}"), at)),
            Kind::Array { items, min, max, unique } => match value.as_array() {
                Some(list) => self.check_array(items, list, (*min, *max, *unique), at),
                None => wrong_type("array"),
            },
            Kind::Object { extra, min, max, .. } => match value.as_object() {
                Some(map) => self.check_object(ty, extra, map, (*min, *max), at),
                None => wrong_type("object"),
            },
            Kind::Union { variants, exactly_one, .. } => {
                let mut problems = Vec::new();
                for variant in variants {
                    match self.check_at(variant, value, at) {
                        Ok(()) => return Ok(()),
                        Err(problem) => problems.push(problem),
                    }
                }
                // "Exactly one" is not insisted on: variants that overlap are common in the description.
                let word = if *exactly_one { "oneOf" } else { "anyOf" };
                match problems.as_slice() {
                    [only] => Err(only.clone()),
                    _ => Err(on(format!("Data does not match any schemas from '{word}'"), at)),
                }
            }
            Kind::Reference(name) => Err(format!("no type is named {name}")),
        }
    }

    fn check_string(
        &self,
        text: &str,
        format: Option<&str>,
        pattern: Option<&str>,
        (min, max): (Option<u64>, Option<u64>),
        at: &str,
    ) -> Result<(), String> {
        let length = text.chars().count() as u64;
        if let Some(min) = min.filter(|min| length < *min) {
            return Err(on(format!("String is too short ({length} chars), minimum {min}"), at));
        }
        if let Some(max) = max.filter(|max| length > *max) {
            return Err(on(format!("String is too long ({length} chars), maximum {max}"), at));
        }
        if let Some(format) = format.filter(|format| !has_format(text, format)) {
            return Err(on(format!("Object didn't pass validation for format {format}: {text}"), at));
        }
        match pattern.and_then(|pattern| self.pattern(pattern)) {
            Some(regex) if !regex.is_match(text) => {
                Err(on(format!("String does not match pattern {}: {text}", regex.as_str()), at))
            }
            _ => Ok(()),
        }
    }

    fn check_array(
        &self,
        items: &Type,
        list: &[Value],
        (min, max, unique): (Option<u64>, Option<u64>, bool),
        at: &str,
    ) -> Result<(), String> {
        let length = list.len() as u64;
        if let Some(min) = min.filter(|min| length < *min) {
            return Err(on(format!("Array is too short ({length}), minimum {min}"), at));
        }
        if let Some(max) = max.filter(|max| length > *max) {
            return Err(on(format!("Array is too long ({length}), maximum {max}"), at));
        }
        if unique && list.iter().enumerate().any(|(index, item)| list[..index].contains(item)) {
            return Err(on("Array items are not unique".to_owned(), at));
        }
        list.iter().enumerate().try_for_each(|(index, item)| self.check_at(items, item, &join(at, &index.to_string())))
    }

    fn check_object(
        &self,
        ty: &Type,
        extra: &Extra,
        map: &Map<String, Value>,
        (min, max): (Option<u64>, Option<u64>),
        at: &str,
    ) -> Result<(), String> {
        let properties = self.properties(ty);
        for property in properties.iter() {
            match map.get(&property.name) {
                Some(value) => self.check_at(&property.ty, value, &join(at, &property.name))?,
                None if property.required => {
                    return Err(format!("Missing required property: {}", join(at, &property.name)));
                }
                None => {}
            }
        }
        let count = map.len() as u64;
        if let Some(min) = min.filter(|min| count < *min) {
            return Err(on(format!("Too few properties defined ({count}), minimum {min}"), at));
        }
        if let Some(max) = max.filter(|max| count > *max) {
            return Err(on(format!("Too many properties defined ({count}), maximum {max}"), at));
        }
        let others = map.iter().filter(|(name, _)| !properties.iter().any(|property| property.name == **name));
        match extra {
            Extra::Unsaid => Ok(()),
            Extra::Forbidden => match others.map(|(name, _)| join(at, name)).next() {
                Some(name) => Err(format!("Additional properties not allowed: {name}")),
                None => Ok(()),
            },
            Extra::Allowed(ty) => {
                others.into_iter().try_for_each(|(name, value)| self.check_at(ty, value, &join(at, name)))
            }
        }
    }

    /// Reads query parameters, given as decoded pairs, into one object of typed values.
    ///
    /// # Errors
    /// An unknown name, a missing one, a value that is not of its type.
    pub(crate) fn read_query(
        &self,
        parameters: &[Property],
        pairs: &[(String, String)],
    ) -> Result<Map<String, Value>, String> {
        let mut read = Map::new();
        for (name, text) in pairs {
            let (base, member) = match name.split_once('[') {
                Some((base, member)) => (base, member.strip_suffix(']')),
                None => (name.as_str(), None),
            };
            let parameter = parameters
                .iter()
                .find(|parameter| parameter.name == *name)
                .or_else(|| parameters.iter().find(|parameter| member.is_some() && parameter.name == base))
                .ok_or_else(|| format!("Additional properties not allowed: {name}"))?;
            if let (Some(member), true) = (member, parameter.name != *name) {
                let ty = self.property(&parameter.ty, member).map_or_else(Type::string, |property| property.ty);
                let slot = read.entry(base).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = slot {
                    map.insert(member.to_owned(), self.coerce(&ty, text));
                }
            } else if let Some(items) = self.items(&parameter.ty) {
                let slot = read.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = slot {
                    list.push(self.coerce(items, text));
                }
            } else if read.insert(name.clone(), self.coerce(&parameter.ty, text)).is_some() {
                return Err(format!("Expected one value but found several on property {name}"));
            }
        }
        for parameter in parameters {
            match read.get(&parameter.name) {
                Some(value) => self.check_at(&parameter.ty, value, &parameter.name)?,
                None if parameter.required => return Err(format!("Missing required property: {}", parameter.name)),
                None => {}
            }
        }
        Ok(read)
    }

    /// The type of the items, when a type is an array (or a union that has one).
    pub(crate) fn items<'a>(&'a self, ty: &'a Type) -> Option<&'a Type> {
        self.variants(ty).into_iter().find_map(|variant| match &variant.kind {
            Kind::Array { items, .. } => Some(&**items),
            _ => None,
        })
    }

    /// A text of a query, a form or a path as a value of the type it stands for; the text itself where that fails.
    pub(crate) fn coerce(&self, ty: &Type, text: &str) -> Value {
        for variant in self.variants(ty) {
            let value = match &variant.kind {
                Kind::Boolean => text.parse::<bool>().ok().map(Value::Bool),
                Kind::Integer { .. } => text.parse::<i64>().ok().map(Value::from),
                Kind::Number { .. } => text.parse::<f64>().ok().map(Value::from),
                Kind::Const(value) => serde_json::from_str(text).ok().filter(|read: &Value| read == value),
                Kind::String { .. } | Kind::Enum(_) => return Value::from(text),
                _ => None,
            };
            if let Some(value) = value {
                return value;
            }
        }
        Value::from(text)
    }
}

fn check_number(number: f64, min: Option<f64>, max: Option<f64>, at: &str) -> Result<(), String> {
    if let Some(min) = min.filter(|min| number < *min) {
        return Err(on(format!("Value {number} is less than minimum {min}"), at));
    }
    match max.filter(|max| number > *max) {
        Some(max) => Err(on(format!("Value {number} is greater than maximum {max}"), at)),
        None => Ok(()),
    }
}

fn on(problem: String, at: &str) -> String {
    if at.is_empty() { problem } else { format!("{problem} on property {at}") }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The formats that are cheap to check. Others pass.
fn has_format(text: &str, format: &str) -> bool {
    match format {
        "email" => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
        }),
        "uri" | "url" | "absolute-uri" | "absolute-https-uri-or-empty" | "absolute-uri-or-empty" => {
            (text.is_empty() && format.ends_with("empty"))
                || text.split_once(':').is_some_and(|(scheme, _)| {
                    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                })
        }
        "uuid" => {
            text.len() == 36
                && text.char_indices().all(|(index, c)| match index {
                    8 | 13 | 18 | 23 => c == '-',
                    _ => c.is_ascii_hexdigit(),
                })
        }
        "date-time" => text.len() >= 20 && text.as_bytes()[10].eq_ignore_ascii_case(&b'T') && is_date(&text[..10]),
        "date" => is_date(text),
        _ => true,
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.char_indices().all(|(index, c)| if matches!(index, 4 | 7) { c == '-' } else { c.is_ascii_digit() })
}
