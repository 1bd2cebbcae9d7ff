//! Types, and their short forms in the files.

use crate::Stage;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value, json};

/// A type of the description.
///
/// In the files a type is a text where that says it all, and an object where it has facets:
///
/// | written | means |
/// | --- | --- |
/// | `"string"`, `"integer"`, `"number"`, `"boolean"`, `"any"` | that type; `any` is any JSON, null included |
/// | `"UserIdentity"` | the named type |
/// | `"[T]"`, `"{T}"` | an array of T, an object whose values are all T, T being one of the short forms |
/// | `"T?"` | T or null |
/// | `{"type": "string", "format": "date-time", "min": 1, "max": 200, "pattern": "…"}` | a string; lengths in characters |
/// | `{"type": "integer", "min": 0}` | a number with limits (`number` alike) |
/// | `{"type": "array", "items": T, "min": 1, "max": 5, "unique": true}` | an array with limits |
/// | `{"type": "object", "extends": ["Base"], "properties": {"a": T, "b?": T}, "extra": T}` | an object; `extra` is the type of other members, `false` when there may be none, absent when the source does not say |
/// | `{"enum": ["a", "b"]}` | one of these strings, as far as this version knows |
/// | `{"const": 1}` | just this value |
/// | `{"oneOf": [T, …]}`, `{"anyOf": [T, …]}` | a union; `discriminator` names the member that tells the variants apart |
///
/// Each object may have `nullable`, `stage`, `deprecated`, `readOnly`, `writeOnly` and, for requests, `default`.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub kind: Kind,
    /// Null is allowed.
    pub nullable: bool,
    pub stage: Option<Stage>,
    pub deprecated: bool,
    /// Only in answers.
    pub read_only: bool,
    /// Only in requests.
    pub write_only: bool,
    /// What the server takes when a request leaves the member out. Only flags, numbers and enum values; sample values
    /// of the source are not defaults.
    pub default: Option<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Any,
    Boolean,
    Integer { min: Option<f64>, max: Option<f64> },
    Number { min: Option<f64>, max: Option<f64> },
    String { format: Option<String>, pattern: Option<String>, min: Option<u64>, max: Option<u64> },
    Enum(Vec<String>),
    Const(Value),
    Array { items: Box<Type>, min: Option<u64>, max: Option<u64>, unique: bool },
    Object { extends: Vec<String>, properties: Vec<Property>, extra: Extra, min: Option<u64>, max: Option<u64> },
    Union { variants: Vec<Type>, exactly_one: bool, discriminator: Option<String> },
    Reference(String),
}

/// What else than its properties an object may have.
#[derive(Clone, Debug, PartialEq)]
pub enum Extra {
    /// The source does not say.
    Unsaid,
    Forbidden,
    Allowed(Box<Type>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    pub name: String,
    pub required: bool,
    pub ty: Type,
}

impl Type {
    /// A type without facets.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            nullable: false,
            stage: None,
            deprecated: false,
            read_only: false,
            write_only: false,
            default: None,
        }
    }

    pub fn string() -> Self {
        Self::new(Kind::String { format: None, pattern: None, min: None, max: None })
    }

    pub fn reference(name: &str) -> Self {
        Self::new(Kind::Reference(name.to_owned()))
    }

    /// The short form, where there is one.
    fn short(&self) -> Option<String> {
        if self.stage.is_some() || self.deprecated || self.read_only || self.write_only || self.default.is_some() {
            return None;
        }
        let text = match &self.kind {
            Kind::Any => "any".to_owned(),
            Kind::Boolean => "boolean".to_owned(),
            Kind::Integer { min: None, max: None } => "integer".to_owned(),
            Kind::Number { min: None, max: None } => "number".to_owned(),
            Kind::String { format: None, pattern: None, min: None, max: None } => "string".to_owned(),
            Kind::Reference(name) => name.clone(),
            Kind::Array { items, min: None, max: None, unique: false } => format!("[{}]", items.short()?),
            Kind::Object { extends, properties, extra: Extra::Allowed(extra), min: None, max: None }
                if extends.is_empty() && properties.is_empty() =>
            {
                format!("{{{}}}", extra.short()?)
            }
            _ => return None,
        };
        Some(if self.nullable { text + "?" } else { text })
    }

    fn from_short(text: &str) -> Result<Self, String> {
        if let Some(inner) = text.strip_suffix('?') {
            return Ok(Self { nullable: true, ..Self::from_short(inner)? });
        }
        let inside = |open: char, close: char| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inside('[', ']') {
            let items = Box::new(Self::from_short(inner)?);
            return Ok(Self::new(Kind::Array { items, min: None, max: None, unique: false }));
        }
        if let Some(inner) = inside('{', '}') {
            let extra = Extra::Allowed(Box::new(Self::from_short(inner)?));
            let kind = Kind::Object { extends: Vec::new(), properties: Vec::new(), extra, min: None, max: None };
            return Ok(Self::new(kind));
        }
        Ok(match text {
            "any" => Self::new(Kind::Any),
            "boolean" => Self::new(Kind::Boolean),
            "integer" => Self::new(Kind::Integer { min: None, max: None }),
            "number" => Self::new(Kind::Number { min: None, max: None }),
            "string" => Self::string(),
            name if name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
            {
                Self::reference(name)
            }
            other => return Err(format!("{other:?} is not a type")),
        })
    }

    fn to_value(&self) -> Value {
        if let Some(text) = self.short() {
            return Value::String(text);
        }
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        match &self.kind {
            Kind::Any => put("type", json!("any")),
            Kind::Boolean => put("type", json!("boolean")),
            Kind::Integer { min, max } | Kind::Number { min, max } => {
                put("type", json!(if matches!(self.kind, Kind::Integer { .. }) { "integer" } else { "number" }));
                for (key, limit) in [("min", min), ("max", max)] {
                    if let Some(limit) = limit {
                        // A whole limit is written as one: 100, and not 100.0.
                        put(key, if limit.fract() == 0.0 { json!(*limit as i64) } else { json!(limit) });
                    }
                }
            }
            Kind::String { format, pattern, min, max } => {
                put("type", json!("string"));
                format.iter().for_each(|format| put("format", json!(format)));
                pattern.iter().for_each(|pattern| put("pattern", json!(pattern)));
                min.iter().for_each(|min| put("min", json!(min)));
                max.iter().for_each(|max| put("max", json!(max)));
            }
            Kind::Enum(values) => put("enum", json!(values)),
            Kind::Const(value) => put("const", value.clone()),
            Kind::Array { items, min, max, unique } => {
                put("type", json!("array"));
                put("items", items.to_value());
                min.iter().for_each(|min| put("min", json!(min)));
                max.iter().for_each(|max| put("max", json!(max)));
                if *unique {
                    put("unique", json!(true));
                }
            }
            Kind::Object { extends, properties, extra, min, max } => {
                put("type", json!("object"));
                if !extends.is_empty() {
                    put("extends", json!(extends));
                }
                if !properties.is_empty() {
                    put("properties", properties_to_value(properties));
                }
                match extra {
                    Extra::Unsaid => {}
                    Extra::Forbidden => put("extra", json!(false)),
                    Extra::Allowed(ty) => put("extra", ty.to_value()),
                }
                min.iter().for_each(|min| put("min", json!(min)));
                max.iter().for_each(|max| put("max", json!(max)));
            }
            Kind::Union { variants, exactly_one, discriminator } => {
                let variants = variants.iter().map(Type::to_value).collect();
                put(if *exactly_one { "oneOf" } else { "anyOf" }, Value::Array(variants));
                discriminator.iter().for_each(|name| put("discriminator", json!(name)));
            }
            Kind::Reference(name) => put("type", json!(name)),
        }
        if self.nullable {
            put("nullable", json!(true));
        }
        self.stage.iter().for_each(|stage| put("stage", json!(stage)));
        for (key, flag) in
            [("deprecated", self.deprecated), ("readOnly", self.read_only), ("writeOnly", self.write_only)]
        {
            if flag {
                put(key, json!(true));
            }
        }
        self.default.iter().for_each(|default| put("default", default.clone()));
        Value::Object(map)
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        let map = match value {
            Value::String(text) => return Self::from_short(text),
            Value::Object(map) => map,
            other => return Err(format!("{other} is not a type")),
        };
        let mut fields = Fields { map, used: Vec::new() };
        let kind = if let Some(values) = fields.take("enum") {
            Kind::Enum(serde_json::from_value(values.clone()).map_err(|error| format!("enum: {error}"))?)
        } else if let Some(value) = fields.take("const") {
            Kind::Const(value.clone())
        } else if let Some((variants, exactly_one)) = fields
            .take("oneOf")
            .map(|variants| (variants, true))
            .or_else(|| fields.take("anyOf").map(|variants| (variants, false)))
        {
            let variants = variants.as_array().ok_or("a union is an array")?;
            Kind::Union {
                variants: variants.iter().map(Type::from_value).collect::<Result<_, _>>()?,
                exactly_one,
                discriminator: fields.text("discriminator")?,
            }
        } else {
            match fields.text("type")?.ok_or("no type, enum, const, oneOf or anyOf")?.as_str() {
                "string" => Kind::String {
                    format: fields.text("format")?,
                    pattern: fields.text("pattern")?,
                    min: fields.count("min")?,
                    max: fields.count("max")?,
                },
                "integer" => Kind::Integer { min: fields.number("min")?, max: fields.number("max")? },
                "number" => Kind::Number { min: fields.number("min")?, max: fields.number("max")? },
                "array" => Kind::Array {
                    items: Box::new(Type::from_value(fields.take("items").ok_or("an array without items")?)?),
                    min: fields.count("min")?,
                    max: fields.count("max")?,
                    unique: fields.flag("unique")?,
                },
                "object" => Kind::Object {
                    extends: match fields.take("extends") {
                        Some(names) => serde_json::from_value(names.clone()).map_err(|error| error.to_string())?,
                        None => Vec::new(),
                    },
                    properties: fields.take("properties").map_or(Ok(Vec::new()), properties_from_value)?,
                    extra: match fields.take("extra") {
                        None => Extra::Unsaid,
                        Some(Value::Bool(false)) => Extra::Forbidden,
                        Some(ty) => Extra::Allowed(Box::new(Type::from_value(ty)?)),
                    },
                    min: fields.count("min")?,
                    max: fields.count("max")?,
                },
                short => Type::from_short(short)?.kind,
            }
        };
        let ty = Self {
            kind,
            nullable: fields.flag("nullable")?,
            stage: match fields.take("stage") {
                Some(stage) => Some(serde_json::from_value(stage.clone()).map_err(|error| error.to_string())?),
                None => None,
            },
            deprecated: fields.flag("deprecated")?,
            read_only: fields.flag("readOnly")?,
            write_only: fields.flag("writeOnly")?,
            default: fields.take("default").cloned(),
        };
        match map.keys().find(|key| !fields.used.contains(&key.as_str())) {
            Some(unknown) => Err(format!("a type has no {unknown:?}")),
            None => Ok(ty),
        }
    }
}

/// Reads members of an object and remembers which, so that one that nobody reads is noticed.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    used: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, key: &'a str) -> Option<&'a Value> {
        self.used.push(key);
        self.map.get(key)
    }

    fn text(&mut self, key: &'a str) -> Result<Option<String>, String> {
        self.read(key, |value| value.as_str().map(str::to_owned), "a text")
    }

    fn number(&mut self, key: &'a str) -> Result<Option<f64>, String> {
        self.read(key, Value::as_f64, "a number")
    }

    fn count(&mut self, key: &'a str) -> Result<Option<u64>, String> {
        self.read(key, Value::as_u64, "a count")
    }

    fn flag(&mut self, key: &'a str) -> Result<bool, String> {
        Ok(self.read(key, Value::as_bool, "a flag")?.unwrap_or(false))
    }

    fn read<T>(
        &mut self,
        key: &'a str,
        convert: impl Fn(&Value) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<T>, String> {
        self.take(key).map(|value| convert(value).ok_or_else(|| format!("{key} is not {wanted}"))).transpose()
    }
}

fn properties_to_value(properties: &[Property]) -> Value {
    let key = |property: &Property| property.name.clone() + if property.required { "" } else { "?" };
    Value::Object(properties.iter().map(|property| (key(property), property.ty.to_value())).collect())
}

fn properties_from_value(value: &Value) -> Result<Vec<Property>, String> {
    let map = value.as_object().ok_or("properties are an object")?;
    map.iter()
        .map(|(key, ty)| {
            let ty = Type::from_value(ty).map_err(|error| format!("{key}: {error}"))?;
            let name = key.strip_suffix('?').unwrap_or(key);
            Ok(Property { name: name.to_owned(), required: name.len() == key.len(), ty })
        })
        .collect()
}

impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Type::from_value(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Serde for a list of properties that is an object in the files.
pub(crate) mod property_map {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(properties: &[Property], serializer: S) -> Result<S::Ok, S::Error> {
        properties_to_value(properties).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Property>, D::Error> {
        properties_from_value(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
