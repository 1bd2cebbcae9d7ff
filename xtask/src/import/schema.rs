//! JSON Schema to the types of the description.

use super::merge::{ADDITION, Document, known, name_of, object};
use auth0_api_description::{Extra, Kind, Property, Stage, Type};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A path with its parameters' names left out: two documents name them differently.
pub(crate) fn shape(path: &str) -> String {
    let mut shape = String::new();
    for (at, part) in path.split('{').enumerate() {
        shape += if at == 0 { part } else { part.split_once('}').map_or(part, |(_, rest)| rest) };
        shape.push('{');
    }
    shape
}

/// Which named schemas a caller sends, and which an answer has.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// From bodies and query parameters.
    requests: BTreeSet<String>,
    /// From answers.
    answers: BTreeSet<String>,
}

impl Reach {
    pub(crate) fn of(document: &Document) -> Result<Self, String> {
        let mut reach = Self::default();
        for (_, _, operation, _) in &document.operations {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query: Vec<&Value> = parameters.filter(|parameter| parameter["in"] == "query").collect();
            query
                .into_iter()
                .chain([&operation["requestBody"]])
                .try_for_each(|part| follow(document, part, &mut reach.requests))?;
            follow(document, &operation["responses"], &mut reach.answers)?;
        }
        Ok(reach)
    }
}

fn follow(document: &Document, value: &Value, names: &mut BTreeSet<String>) -> Result<(), String> {
    match value {
        Value::Object(map) => {
            if let Some(name) = name_of(value)
                && names.insert(name.clone())
            {
                follow(document, document.named(&name)?, names)?;
            }
            map.values().try_for_each(|value| follow(document, value, names))
        }
        Value::Array(items) => items.iter().try_for_each(|value| follow(document, value, names)),
        _ => Ok(()),
    }
}

impl Document {
    fn named(&self, name: &str) -> Result<&Value, String> {
        self.schemas.get(name).ok_or_else(|| format!("no schema is named {name}"))
    }
}

/// Where a schema stands, which decides how it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) document: &'a Document,
    /// It comes from the additions: an enum there is an `anyOf` with `{}`, and defaults are not defaults.
    pub(crate) addition: bool,
    /// It is sent only: `null` in the additions says no more than that the member is optional.
    pub(crate) only_sent: bool,
    /// It may be sent, so that a default is one.
    pub(crate) sent: bool,
    /// The `type` that stands beside the union of which this is a variant.
    pub(crate) hint: Option<&'a str>,
}

/// All named types.
pub(crate) fn types(document: &Document, reach: &Reach) -> Result<BTreeMap<String, Type>, String> {
    let mut types = BTreeMap::new();
    for (name, schema) in &document.schemas {
        let sent = reach.requests.contains(name);
        let only_sent = sent && !reach.answers.contains(name);
        let context = Context { document, addition: false, only_sent, sent, hint: None };
        types.insert(name.clone(), context.read(schema, &format!("/components/schemas/{name}"))?);
    }
    Ok(types)
}

pub(crate) fn stage(value: &Value, place: &str) -> Result<Stage, String> {
    Ok(match value.as_str() {
        Some("GA") => Stage::GeneralAvailability,
        Some("EA") => Stage::EarlyAccess,
        Some("beta") => Stage::Beta,
        Some("deprecated") => Stage::Deprecated,
        _ => return Err(format!("{place}: the stage {value} is not understood")),
    })
}

/// The members of a schema; remembers which were read, so that one that nobody reads is noticed.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    place: String,
    used: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn of(schema: &'a Value, place: &str) -> Result<Self, String> {
        Ok(Self { map: object(schema, place)?, place: place.to_owned(), used: Vec::new() })
    }

    fn take(&mut self, key: &'static str) -> Option<&'a Value> {
        self.used.push(key);
        self.map.get(key)
    }

    fn read<T>(&mut self, key: &'static str, convert: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, String> {
        let failed = format!("{}/{key}: {:?} is not understood", self.place, self.map.get(key));
        self.take(key).map(|value| convert(value).ok_or(failed)).transpose()
    }

    fn text(&mut self, key: &'static str) -> Result<Option<String>, String> {
        self.read(key, |value| value.as_str().map(str::to_owned))
    }

    fn count(&mut self, key: &'static str) -> Result<Option<u64>, String> {
        self.read(key, Value::as_u64)
    }

    fn number(&mut self, key: &'static str) -> Result<Option<f64>, String> {
        self.read(key, Value::as_f64)
    }

    fn flag(&mut self, key: &'static str) -> Result<bool, String> {
        Ok(self.read(key, Value::as_bool)?.unwrap_or(false))
    }

    /// The one type, and whether null is among the types.
    fn types(&mut self) -> Result<(Option<&'a str>, bool), String> {
        let types: Vec<&str> = match self.take("type") {
            None => return Ok((None, false)),
            Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
            Some(ty) => ty.as_str().into_iter().collect(),
        };
        let other: Vec<&str> = types.iter().copied().filter(|ty| *ty != "null").collect();
        match other.as_slice() {
            [one] => Ok((Some(one), types.len() > 1)),
            _ => Err(format!("{}/type: {types:?} is not understood", self.place)),
        }
    }

    fn list(&mut self, key: &'static str) -> Result<Option<&'a Vec<Value>>, String> {
        self.read(key, Value::as_array)
    }

    fn done(self) -> Result<(), String> {
        match self.map.keys().find(|key| !self.used.contains(&key.as_str())) {
            Some(key) => Err(format!("{}/{key}: not understood here", self.place)),
            None => Ok(()),
        }
    }
}

/// The parts of an object type while they are gathered.
#[derive(Default)]
struct Parts {
    extends: Vec<String>,
    properties: Vec<Property>,
    required: Vec<String>,
    extra: Option<Extra>,
    min: Option<u64>,
    max: Option<u64>,
}

impl<'a> Context<'a> {
    /// Reads a schema.
    pub(crate) fn read(self, schema: &'a Value, place: &str) -> Result<Type, String> {
        if let Some(inner) = schema.get(ADDITION) {
            known(schema, place, &[ADDITION])?;
            return Self { addition: true, ..self }.read(inner, place);
        }
        let mut fields = Fields::of(schema, place)?;
        let stage = fields.take("x-release-lifecycle").map(|value| stage(value, place)).transpose()?;
        let deprecated = fields.flag("deprecated")?;
        let read_only = fields.flag("readOnly")?;
        let write_only = fields.flag("writeOnly")?;
        // Which of two schemas wins when the publisher merges them: over when we read them.
        fields.take("x-merge-priority");
        let default = fields.take("default");
        let (ty, nullable) = fields.types()?;
        let reader = Self { hint: ty.or(self.hint), ..self };
        let mut read = if fields.map.contains_key("$ref") {
            fields.take("$ref");
            let name = name_of(schema).ok_or_else(|| format!("{place}/$ref: not understood"))?;
            self.document.named(&name).map_err(|error| format!("{place}: {error}"))?;
            if ty.is_some() {
                Err(format!("{place}/type: not understood beside $ref"))?
            }
            Type::reference(&name)
        } else if let Some(value) = fields.take("const") {
            Type::new(Kind::Const(value.clone()))
        } else if let Some(values) = fields.list("enum")? {
            // Limits say nothing where the values are listed.
            for key in ["minLength", "maxLength"] {
                fields.take(key);
            }
            enumeration(values, ty, place)?
        } else if let Some(parts) = fields.list("allOf")? {
            reader.all_of(&mut fields, parts, place)?
        } else if let Some(variants) = fields.list("oneOf")? {
            reader.union(&mut fields, variants, true, place)?
        } else if let Some(variants) = fields.list("anyOf")? {
            reader.union(&mut fields, variants, false, place)?
        } else {
            reader.plain(&mut fields, place)?
        };
        fields.done()?;
        read.nullable |= nullable && !(self.addition && self.only_sent);
        read.stage = stage.or(read.stage);
        read.deprecated |= deprecated;
        read.read_only |= read_only;
        read.write_only |= write_only;
        if let Some(default) = default
            && self.sent
            && !self.addition
            && self.is_default(&read, default)?
        {
            read.default = Some(default.clone());
        }
        Ok(read)
    }

    /// A default is one only where it is a flag, a number or one of listed values: a text is a sample.
    fn is_default(self, ty: &Type, value: &Value) -> Result<bool, String> {
        Ok(match &ty.kind {
            Kind::Boolean => value.is_boolean(),
            Kind::Integer { .. } | Kind::Number { .. } => value.is_number(),
            Kind::Enum(values) => value.as_str().is_some_and(|value| values.iter().any(|known| known == value)),
            Kind::Const(known) => known == value,
            Kind::Union { variants, .. } => {
                variants.iter().any(|variant| matches!(&variant.kind, Kind::Const(known) if known == value))
            }
            Kind::Reference(name) => self.is_default(&self.follow(name)?, value)?,
            _ => false,
        })
    }

    /// The type with this name, which is not a reference itself.
    fn follow(self, name: &str) -> Result<Type, String> {
        let schema = self.document.named(name)?;
        let ty = Self { addition: false, hint: None, ..self }.read(schema, &format!("/components/schemas/{name}"))?;
        match &ty.kind {
            Kind::Reference(next) => {
                let next = self.follow(next)?;
                Ok(Type { nullable: next.nullable || ty.nullable, ..next })
            }
            _ => Ok(ty),
        }
    }

    fn plain(self, fields: &mut Fields<'a>, place: &str) -> Result<Type, String> {
        let untyped_object = fields.map.contains_key("properties");
        let kind = match self.hint {
            None if untyped_object => return Ok(self.object(fields, place)?.finish()),
            None if fields.map.is_empty() => Kind::Any,
            None => return Err(format!("{place}: a schema without a type")),
            Some("boolean") => Kind::Boolean,
            Some("integer") => Kind::Integer { min: fields.number("minimum")?, max: fields.number("maximum")? },
            Some("number") => Kind::Number { min: fields.number("minimum")?, max: fields.number("maximum")? },
            Some("string") => string(fields)?,
            Some("array") => {
                let items = fields.take("items").ok_or_else(|| format!("{place}: an array without items"))?;
                Kind::Array {
                    items: Box::new(Self { hint: None, ..self }.read(items, &format!("{place}/items"))?),
                    min: fields.count("minItems")?,
                    max: fields.count("maxItems")?,
                    unique: fields.flag("uniqueItems")?,
                }
            }
            Some("object") => {
                let mut parts = self.object(fields, place)?;
                self.require(&mut parts, place)?;
                return Ok(parts.finish());
            }
            Some(other) => return Err(format!("{place}/type: {other} is not understood")),
        };
        Ok(Type::new(kind))
    }

    /// The object members of a schema. `required` is kept aside: a part of an `allOf` may require what another part has.
    fn object(self, fields: &mut Fields<'a>, place: &str) -> Result<Parts, String> {
        let inner = Self { hint: None, ..self };
        let mut parts = Parts::default();
        if let Some(properties) = fields.take("properties") {
            let place = format!("{place}/properties");
            for (name, schema) in object(properties, &place)? {
                let ty = inner.read(schema, &format!("{place}/{name}"))?;
                parts.properties.push(Property { name: name.clone(), required: false, ty });
            }
        }
        let names = fields.list("required")?.into_iter().flatten();
        parts.required = names.filter_map(Value::as_str).map(str::to_owned).collect();
        parts.extra = match fields.take("additionalProperties") {
            None => None,
            Some(Value::Bool(false)) => Some(Extra::Forbidden),
            Some(Value::Bool(true)) => Some(Extra::Allowed(Box::new(Type::new(Kind::Any)))),
            Some(schema) => {
                Some(Extra::Allowed(Box::new(inner.read(schema, &format!("{place}/additionalProperties"))?)))
            }
        };
        parts.min = fields.count("minProperties")?;
        parts.max = fields.count("maxProperties")?;
        for name in &parts.required {
            if let Some(property) = parts.properties.iter_mut().find(|property| property.name == *name) {
                property.required = true;
            }
        }
        Ok(parts)
    }

    /// What is required and stands in a base only is repeated as required.
    fn require(self, parts: &mut Parts, place: &str) -> Result<(), String> {
        for name in std::mem::take(&mut parts.required) {
            if let Some(property) = parts.properties.iter_mut().find(|property| property.name == name) {
                property.required = true;
                continue;
            }
            let mut found = None;
            for base in &parts.extends {
                found = self.inherited(base, &name)?.or(found);
            }
            let property = found.ok_or_else(|| format!("{place}/required: there is no property {name}"))?;
            if !property.required {
                parts.properties.push(Property { required: true, ..property });
            }
        }
        Ok(())
    }

    /// A property of a named object or of what it extends.
    fn inherited(self, base: &str, name: &str) -> Result<Option<Property>, String> {
        let Kind::Object { properties, extends, .. } = self.follow(base)?.kind else { return Ok(None) };
        if let Some(property) = properties.into_iter().find(|property| property.name == name) {
            return Ok(Some(property));
        }
        for base in extends {
            if let Some(property) = self.inherited(&base, name)? {
                return Ok(Some(property));
            }
        }
        Ok(None)
    }

    fn all_of(self, fields: &mut Fields<'a>, parts: &'a [Value], place: &str) -> Result<Type, String> {
        let parts: Vec<&Value> =
            parts.iter().filter(|part| part.as_object().is_none_or(|map| !map.is_empty())).collect();
        if let ([only], Some(name)) = (parts.as_slice(), parts.first().and_then(|part| name_of(part))) {
            known(only, place, &["$ref"])?;
            return Ok(Type::reference(&name));
        }
        if let Some(first) = parts.iter().find_map(|part| name_of(part))
            && matches!(self.follow(&first)?.kind, Kind::String { .. })
        {
            return self.all_strings(fields, &parts, place);
        }
        // An object: what it extends, and its own part.
        let mut whole = self.object(fields, place)?;
        let mut allowed = None;
        for (at, part) in parts.iter().enumerate() {
            let place = format!("{place}/allOf/{at}");
            if let Some(name) = name_of(part) {
                known(part, &place, &["$ref"])?;
                if !matches!(self.follow(&name)?.kind, Kind::Object { .. }) {
                    return Err(format!("{place}: {name} is not an object"));
                }
                whole.extends.push(name);
                continue;
            }
            let mut fields = Fields::of(part, &place)?;
            if let Some(other) = fields.types()?.0.filter(|ty| *ty != "object") {
                return Err(format!("{place}/type: {other} is not understood in allOf"));
            }
            let part = self.object(&mut fields, &place)?;
            fields.done()?;
            for property in part.properties {
                match whole.properties.iter().find(|known| known.name == property.name) {
                    Some(known) if known.ty != property.ty => {
                        return Err(format!(
                            "{place}/properties/{}: stands in another part differently",
                            property.name
                        ));
                    }
                    Some(_) => {}
                    None => whole.properties.push(property),
                }
            }
            whole.required.extend(part.required);
            // One part cannot forbid what the other parts have: `false` is kept only when the whole says it.
            if let Some(Extra::Allowed(ty)) = part.extra {
                allowed = Some(Extra::Allowed(ty));
            }
            whole.min = whole.min.max(part.min);
            whole.max = [whole.max, part.max].into_iter().flatten().min();
        }
        whole.extra = whole.extra.or(allowed);
        self.require(&mut whole, place)?;
        Ok(whole.finish())
    }

    /// A string with the limits of all parts.
    fn all_strings(self, fields: &mut Fields<'a>, parts: &[&'a Value], place: &str) -> Result<Type, String> {
        let mut whole = Type::new(string(fields)?);
        for (at, part) in parts.iter().enumerate() {
            let place = format!("{place}/allOf/{at}");
            let part = match name_of(part) {
                Some(name) => {
                    known(part, &place, &["$ref"])?;
                    self.follow(&name)?
                }
                None => Self { hint: Some("string"), ..self }.read(part, &place)?,
            };
            whole.nullable |= part.nullable;
            let Kind::String { format, pattern, min, max } = &mut whole.kind else { continue };
            let Kind::String { format: other_format, pattern: other_pattern, min: other_min, max: other_max } =
                part.kind
            else {
                return Err(format!("{place}: not a string, as the other parts are"));
            };
            for (known, other) in [(format, other_format), (pattern, other_pattern)] {
                if known.is_some() && other.is_some() && *known != other {
                    return Err(format!("{place}: {other:?} beside {known:?}"));
                }
                *known = other.or_else(|| known.take());
            }
            *min = (*min).max(other_min);
            *max = [*max, other_max].into_iter().flatten().min();
        }
        Ok(whole)
    }

    fn union(
        self,
        fields: &mut Fields<'a>,
        variants: &'a [Value],
        exactly_one: bool,
        place: &str,
    ) -> Result<Type, String> {
        let discriminator = match fields.take("discriminator") {
            None => None,
            Some(value) => {
                let place = format!("{place}/discriminator");
                known(value, &place, &["propertyName", "mapping", "x-discriminator-context"])?;
                Some(value["propertyName"].as_str().ok_or_else(|| format!("{place}: no propertyName"))?.to_owned())
            }
        };
        let keyword = if exactly_one { "oneOf" } else { "anyOf" };
        let (mut read, mut nullable, mut open) = (Vec::new(), false, false);
        for (at, variant) in variants.iter().enumerate() {
            let place = format!("{place}/{keyword}/{at}");
            match variant.as_object() {
                Some(map) if map.len() == 1 && map.get("type").is_some_and(|ty| ty == "null") => nullable = true,
                Some(map) if map.is_empty() && self.addition => open = true,
                _ => read.push(self.read(variant, &place)?),
            }
        }
        let listed: Option<Vec<Vec<String>>> = read.iter().map(texts).collect();
        let mut ty = match (listed, read.as_slice()) {
            (Some(lists), [_, ..]) if open || read.len() > 1 => {
                let mut values: Vec<String> = Vec::new();
                for value in lists.into_iter().flatten() {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                Type::new(Kind::Enum(values))
            }
            _ if open => return Err(format!("{place}: {{}} beside something else than texts")),
            (_, []) => return Err(format!("{place}: a union without variants")),
            (_, [only]) => only.clone(),
            _ => Type::new(Kind::Union { variants: read, exactly_one, discriminator }),
        };
        ty.nullable |= nullable && !(self.addition && self.only_sent);
        Ok(ty)
    }
}

/// The texts that a variant lists, when it does nothing else.
fn texts(variant: &Type) -> Option<Vec<String>> {
    if *variant != Type::new(variant.kind.clone()) {
        return None;
    }
    match &variant.kind {
        Kind::Enum(values) => Some(values.clone()),
        Kind::Const(Value::String(value)) => Some(vec![value.clone()]),
        _ => None,
    }
}

impl Parts {
    fn finish(self) -> Type {
        let Self { extends, properties, extra, min, max, .. } = self;
        Type::new(Kind::Object { extends, properties, extra: extra.unwrap_or(Extra::Unsaid), min, max })
    }
}

fn string(fields: &mut Fields<'_>) -> Result<Kind, String> {
    let mut format = fields.text("format")?;
    if let Some(media) = fields.text("contentMediaType")? {
        if media != "application/octet-stream" || format.is_some() {
            return Err(format!("{}/contentMediaType: {media} is not understood", fields.place));
        }
        format = Some("binary".to_owned());
    }
    Ok(Kind::String {
        format,
        pattern: fields.text("pattern")?,
        min: fields.count("minLength")?,
        max: fields.count("maxLength")?,
    })
}

fn enumeration(values: &[Value], ty: Option<&str>, place: &str) -> Result<Type, String> {
    let mut texts = Vec::new();
    let mut others = Vec::new();
    let mut nullable = false;
    for value in values {
        match value {
            Value::Null => nullable = true,
            Value::String(text) => texts.push(text.clone()),
            Value::Bool(_) | Value::Number(_) => others.push(Type::new(Kind::Const(value.clone()))),
            _ => return Err(format!("{place}/enum: {value} is not understood")),
        }
    }
    let fits = match ty {
        None => others.is_empty(),
        Some("string") => others.is_empty(),
        Some("boolean" | "integer") => texts.is_empty(),
        Some(_) => false,
    };
    if !fits || (texts.is_empty() && others.is_empty()) {
        return Err(format!("{place}/enum: the values are not of the type"));
    }
    let kind = match others.as_slice() {
        [] => Kind::Enum(texts),
        [only] => only.kind.clone(),
        _ => Kind::Union { variants: others, exactly_one: true, discriminator: None },
    };
    Ok(Type { nullable, ..Type::new(kind) })
}
