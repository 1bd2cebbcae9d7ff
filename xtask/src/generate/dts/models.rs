//! The models: one declaration a type.

use super::{GENERATED, Names, enums, key, literal, words};
use auth0_api_description::{Description, Extra, Kind, Property, Stage, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A line of declarations gets broken beyond this many characters.
const WIDTH: usize = 120;

/// What the declarations need of the hand-written ones.
const IMPORT: &str = "import type { Uploadable } from \"../core.cjs\";\n";

/// The values of enums by the name of the type, dotted where it stands in a namespace.
pub(super) type Enums = BTreeMap<String, Vec<String>>;

#[derive(Debug)]
pub(super) struct Models<'a> {
    description: &'a Description,
    names: &'a Names,
    /// The types of the description by their TypeScript name.
    types: BTreeMap<String, &'a Type>,
    /// Declarations by name.
    declared: BTreeMap<String, String>,
    /// The enums that stand in the namespace of a type: its name, their names, their declarations.
    nested: BTreeMap<String, BTreeMap<String, String>>,
    enums: Enums,
    /// What operations take as their body.
    bodies: BTreeSet<String>,
    /// The inline names that were used, so that one that nobody needs is noticed.
    used: BTreeSet<String>,
}

/// Where a type stands that has no name: the type that has it, and the way to it.
#[derive(Clone, Copy, Debug)]
struct Place<'p> {
    owner: &'p str,
    path: &'p str,
}

impl<'a> Models<'a> {
    pub(super) fn new(description: &'a Description, names: &'a Names) -> Result<Self, String> {
        let mut types: BTreeMap<String, &Type> = BTreeMap::new();
        for (name, ty) in &description.types {
            let typescript = words::pascal(name);
            // Some types stand twice, with acronyms written in two ways; the one that is not written as here is the source's own.
            if *name != typescript || !types.contains_key(&typescript) {
                types.insert(typescript, ty);
            }
        }
        let mut models = Self {
            description,
            names,
            types: types.clone(),
            declared: BTreeMap::new(),
            nested: BTreeMap::new(),
            enums: Enums::new(),
            bodies: BTreeSet::new(),
            used: BTreeSet::new(),
        };
        for body in description.operations().filter_map(|operation| operation.body.as_ref()) {
            if let Kind::Reference(name) = &body.ty.kind {
                models.bodies.insert(words::pascal(name));
            }
        }
        let scopes: BTreeSet<&String> = description.operations().flat_map(|operation| &operation.scopes).collect();
        models.declare("OauthScope", &Type::new(Kind::Enum(scopes.into_iter().cloned().collect())))?;
        for (name, text) in &names.aliases {
            models.put(name.clone(), format!("export type {name} = {text};\n"))?;
        }
        for (name, ty) in types {
            models.declare(&name, ty)?;
        }
        Ok(models)
    }

    /// The type where it is used, `owner` and `path` naming what has no name.
    pub(super) fn reference(&mut self, ty: &Type, owner: &str, path: &str) -> Result<String, String> {
        self.text(ty, Place { owner, path })
    }

    /// The type where it is used; if it is an object, an enum or a union without a name it gets this one.
    pub(super) fn named(&mut self, ty: &Type, name: &str) -> Result<String, String> {
        match &ty.kind {
            Kind::Object { .. } | Kind::Enum(_) | Kind::Union { .. } => {
                let name = words::pascal(name);
                // The package gives some of these the name of a type that there is.
                if !self.types.contains_key(&name) {
                    self.declare(&name, ty)?;
                }
                Ok(name)
            }
            _ => self.text(ty, Place { owner: name, path: "" }),
        }
    }

    /// The type of a body.
    pub(super) fn body(&mut self, ty: &Type, name: &str) -> Result<String, String> {
        self.bodies.insert(words::pascal(name));
        self.named(ty, name)
    }

    /// For an answer that is a list or an envelope around it: the type of the bare list.
    pub(super) fn bare(&mut self, response: &Type) -> Result<Option<String>, String> {
        let (resolved, _) = self.description.resolve(response)?;
        let Kind::Union { variants, .. } = &resolved.kind else { return Ok(None) };
        match variants.iter().find(|variant| matches!(variant.kind, Kind::Array { .. })) {
            Some(list) => Ok(Some(self.text(list, Place { owner: "", path: "" })?)),
            None => Ok(None),
        }
    }

    /// The type of the query parameters.
    pub(super) fn parameters(&mut self, name: &str, query: &[Property]) -> Result<String, String> {
        let name = words::pascal(name);
        let mut text = format!("export interface {name} {{\n");
        for property in query {
            let ty = self.parameter(&property.ty, Place { owner: &name, path: &property.name }, property.required)?;
            text += &facts(&property.ty);
            text += &if property.required {
                format!("  {}: {ty};\n", key(&property.name))
            } else {
                format!("  {}?: {ty} | null | undefined;\n", key(&property.name))
            };
        }
        self.put(name, text + "}\n")
    }

    /// The type of one query parameter. Null says nothing, also in a list; one value is sent as a list of one is.
    fn parameter(&mut self, ty: &Type, place: Place<'_>, required: bool) -> Result<String, String> {
        let (resolved, _) = self.description.resolve(ty)?;
        let variants = match &resolved.kind {
            Kind::Array { .. } => vec![ty.clone()],
            Kind::Union { variants, .. } => variants.clone(),
            _ => return Ok(self.text(ty, place)?.trim_end_matches(" | null").to_owned()),
        };
        let mut parts: Vec<String> = Vec::new();
        for variant in &variants {
            let (resolved, _) = self.description.resolve(variant)?;
            let more = match &resolved.kind {
                Kind::Array { items, .. } => {
                    let item = self.text(items, Place { path: &format!("{}[]", place.path), ..place })?;
                    let null = if required { "" } else { " | null" };
                    let list = if required && !item.contains(" | ") {
                        format!("{item}[]")
                    } else {
                        format!("({item}{null})[]")
                    };
                    vec![list, item]
                }
                _ => vec![self.text(variant, place)?],
            };
            more.into_iter().for_each(|part| {
                if !parts.contains(&part) {
                    parts.push(part);
                }
            });
        }
        Ok(parts.join(" | "))
    }

    /// False when `{}` will do.
    pub(super) fn needed(&self, ty: &Type) -> Result<bool, String> {
        let (resolved, _) = self.description.resolve(ty)?;
        Ok(match resolved.kind {
            Kind::Any => false,
            Kind::Object { .. } => {
                let properties = self.description.properties(ty)?;
                properties.is_empty() || properties.iter().any(|property| property.required)
            }
            _ => true,
        })
    }

    /// The types of an item and of the answer around it.
    pub(super) fn page(
        &mut self,
        response: &Type,
        name: &str,
        items: &str,
        by_page: bool,
    ) -> Result<Option<(String, String)>, String> {
        let (resolved, _) = self.description.resolve(response)?;
        let variants = match &resolved.kind {
            Kind::Union { variants, .. } => variants.clone(),
            _ => vec![response.clone()],
        };
        let mut found: Vec<(bool, Type, Type)> = Vec::new();
        let mut bare = None;
        for variant in variants {
            let (resolved, _) = self.description.resolve(&variant)?;
            match &resolved.kind {
                Kind::Array { items, .. } => bare = Some((items.as_ref().clone(), variant)),
                Kind::Object { .. } => {
                    let properties = self.description.properties(&variant)?;
                    let cursor = properties.iter().any(|property| property.name == "next");
                    let list = properties.into_iter().find(|property| property.name == items);
                    if let Some(Property { ty: Type { kind: Kind::Array { items, .. }, .. }, .. }) = list {
                        found.push((cursor, *items, variant));
                    }
                }
                _ => {}
            }
        }
        // The one that the package names; else that of the style that the list pages in; else of any style; else a bare array.
        let wanted = |(_, _, variant): &(bool, Type, Type)| matches!(&variant.kind, Kind::Reference(of) if words::pascal(of) == name);
        let at = found.iter().position(wanted);
        let at = at.or_else(|| found.iter().position(|(cursor, _, _)| *cursor != by_page)).unwrap_or(0);
        let (item, envelope) = match (found.into_iter().nth(at), bare) {
            (Some((_, item, envelope)), _) | (None, Some((item, envelope))) => (item, envelope),
            (None, None) => return Ok(None),
        };
        let envelope_name = self.named(&envelope, name)?;
        let place = format!("{items}[]");
        Ok(Some((self.text(&item, Place { owner: &envelope_name, path: &place })?, envelope_name)))
    }

    pub(super) fn enums(&self) -> Result<Enums, String> {
        let mut members = BTreeSet::new();
        for (name, values) in &self.enums {
            members.clear();
            if let Some(twice) =
                values.iter().map(|value| words::member(value)).find(|member| !members.insert(member.clone()))
            {
                return Err(format!("{name}: two values are named {twice}"));
            }
        }
        Ok(self.enums.clone())
    }

    pub(super) fn declared(&self) -> BTreeSet<String> {
        self.declared.keys().cloned().collect()
    }

    /// The file.
    pub(super) fn finish(self) -> Result<String, String> {
        let mut places = self
            .names
            .inline
            .keys()
            .chain(&self.names.nullable)
            .chain(&self.names.not_null)
            .chain(&self.names.required);
        if let Some(unused) = places.find(|place| !self.used.contains(*place)) {
            return Err(format!(
                "xtask/typescript.json: {unused} says nothing: there is no such place, or it has a name"
            ));
        }
        let values = enums::declarations(&self.enums);
        let mut text = format!("{GENERATED}\n{IMPORT}\n");
        for (name, declaration) in &self.declared {
            text += declaration;
            text += values.get(name.as_str()).map_or("", String::as_str);
            if let Some(nested) = self.nested.get(name) {
                text += &format!("export declare namespace {name} {{\n");
                nested.values().for_each(|declaration| text += declaration);
                text += "}\n";
            }
        }
        match self.nested.keys().find(|owner| !self.declared.contains_key(*owner)) {
            Some(owner) => Err(format!("{owner}: a namespace without its type")),
            None => Ok(text),
        }
    }

    fn put(&mut self, name: String, declaration: String) -> Result<String, String> {
        match self.declared.insert(name.clone(), declaration.clone()) {
            Some(other) if other != declaration => {
                Err(format!("two types are named {name}:\n{other}{declaration}name one in xtask/typescript.json"))
            }
            _ => Ok(name),
        }
    }

    fn declare(&mut self, name: &str, ty: &Type) -> Result<(), String> {
        let doc = facts(ty).replace("\n  ", "\n");
        let doc = doc.trim_start();
        let declaration = match &ty.kind {
            Kind::Object { extends, properties, extra, .. }
                if !ty.nullable
                    && (!properties.is_empty() || !extends.is_empty() || !matches!(extra, Extra::Allowed(_))) =>
            {
                let (heads, body) = self.object(ty, name)?;
                let extends = if heads.is_empty() { String::new() } else { format!("extends {} ", heads.join(", ")) };
                format!("{doc}export interface {name} {extends}{body}\n")
            }
            Kind::Object { properties, .. } if !properties.is_empty() => {
                let (heads, body) = self.object(ty, name)?;
                let parts: Vec<String> = heads.into_iter().chain([body]).collect();
                format!("{doc}export type {name} = ({}) | null;\n", parts.join(" & "))
            }
            Kind::Enum(values) => {
                self.enums.insert(name.to_owned(), values.clone());
                format!("{doc}export type {name} ={};\n", broken(&open(values, ty.nullable)))
            }
            _ => {
                let text = self.text(ty, Place { owner: name, path: "" })?;
                let text = broken(&text.split(" | ").map(str::to_owned).collect::<Vec<_>>());
                format!("{doc}export type {name} ={text};\n")
            }
        };
        self.put(name.to_owned(), declaration).map(drop)
    }

    /// What an object extends, and its own members in braces.
    fn object(&mut self, ty: &Type, owner: &str) -> Result<(Vec<String>, String), String> {
        let Kind::Object { extends, properties, extra, .. } = &ty.kind else {
            return Err(format!("{owner}: not an object"));
        };
        let mut heads = Vec::new();
        let mut inherited = Vec::new();
        for base in extends {
            let (resolved, nullable) = self.description.resolve(self.named_type(base)?)?;
            if nullable || !matches!(resolved.kind, Kind::Object { .. }) {
                return Err(format!("{owner}: extends {base}, which is not an object"));
            }
            let of_base = self.description.properties(&Type::reference(base))?;
            let base = words::pascal(base);
            let again: Vec<String> = properties
                .iter()
                .filter(|own| of_base.iter().any(|known| known.name == own.name && known.ty != own.ty))
                .map(|own| literal(&own.name))
                .collect();
            heads.push(if again.is_empty() { base } else { format!("Omit<{base}, {}>", again.join(" | ")) });
            inherited.extend(of_base);
        }
        let mut body = "{\n".to_owned();
        for property in properties {
            let text = self.text(&property.ty, Place { owner, path: &property.name })?;
            body += &facts(&property.ty);
            let place = format!("{owner}.{}", property.name);
            let always = self.names.required.contains(&place);
            if always {
                self.used.insert(place);
            }
            body += &if property.required || always {
                format!("  {}: {text};\n", key(&property.name))
            } else {
                format!("  {}?: {text} | undefined;\n", key(&property.name))
            };
        }
        // A body may have more than is known too, but there a misspelt member shall be noticed, as the package does.
        if let Extra::Allowed(value) = extra
            && (properties.is_empty() || !self.bodies.contains(owner))
        {
            // Every member has to fit the signature, also the known ones.
            let alone = properties.is_empty() && inherited.is_empty();
            let value = if alone { self.text(value, Place { owner, path: "{}" })? } else { "any".to_owned() };
            body += &format!("  [key: string]: {value};\n");
        }
        Ok((heads, body + "}"))
    }

    fn named_type(&self, name: &str) -> Result<&'a Type, String> {
        self.description.types.get(name).ok_or_else(|| format!("no type is named {name}"))
    }

    fn text(&mut self, ty: &Type, place: Place<'_>) -> Result<String, String> {
        let here = format!("{}.{}", place.owner, place.path);
        let mut nullable = ty.nullable;
        for (places, sets) in [(&self.names.nullable, true), (&self.names.not_null, false)] {
            if places.contains(&here) {
                nullable = sets;
                self.used.insert(here.clone());
            }
        }
        let text = match &ty.kind {
            // All of JSON; null needs no mention.
            Kind::Any => return Ok("unknown".to_owned()),
            Kind::Boolean => "boolean".to_owned(),
            Kind::Integer { .. } | Kind::Number { .. } => "number".to_owned(),
            Kind::String { format: Some(format), .. } if format == "binary" => "Uploadable".to_owned(),
            Kind::String { .. } => "string".to_owned(),
            // As wide as the package has it: a program passes a variable.
            Kind::Const(Value::Bool(_)) => "boolean".to_owned(),
            Kind::Const(Value::Number(_)) => "number".to_owned(),
            // Closed: it tells the variants of a union apart.
            Kind::Const(Value::String(value)) if !derived(place.path).is_empty() => {
                self.inline_enum(std::slice::from_ref(value), vec![literal(value)], place)?
            }
            Kind::Const(value) => value.to_string(),
            Kind::Reference(name) => words::pascal(name),
            Kind::Enum(values) => self.inline_enum(values, open(values, false), place)?,
            Kind::Array { items, .. } => {
                let text = self.text(items, Place { path: &format!("{}[]", place.path), ..place })?;
                if text.contains(" | ") { format!("({text})[]") } else { format!("{text}[]") }
            }
            Kind::Object { properties, extra, extends, .. } if properties.is_empty() && extends.is_empty() => {
                let value = match extra {
                    Extra::Allowed(value) => {
                        self.text(value, Place { path: &format!("{}{{}}", place.path), ..place })?
                    }
                    Extra::Unsaid | Extra::Forbidden => "unknown".to_owned(),
                };
                format!("Record<string, {value}>")
            }
            Kind::Object { .. } => {
                let name = self.inline_name(place, "")?;
                if !self.types.contains_key(&name) {
                    self.declare(&name, &Type { nullable: false, ..ty.clone() })?;
                }
                name
            }
            Kind::Union { variants, .. } => {
                let mut texts: Vec<String> = Vec::new();
                for (at, variant) in variants.iter().enumerate() {
                    let text = self.text(variant, Place { path: &format!("{}|{at}", place.path), ..place })?;
                    for part in [text] {
                        if !texts.contains(&part) {
                            texts.push(part);
                        }
                    }
                }
                texts.join(" | ")
            }
        };
        Ok(if nullable && !text.ends_with(" | null") { text + " | null" } else { text })
    }

    /// An enum without a name stands in the namespace of its owner, if it has no name of its own.
    fn inline_enum(&mut self, values: &[String], parts: Vec<String>, place: Place<'_>) -> Result<String, String> {
        let Place { owner, path } = place;
        if self.names.inline.contains_key(&format!("{owner}.{path}")) {
            let name = self.inline_name(place, "")?;
            if !self.types.contains_key(&name) {
                self.enums.insert(name.clone(), values.to_vec());
                self.put(name.clone(), format!("export type {name} ={};\n", broken(&parts)))?;
            }
            return Ok(name);
        }
        let own = derived(path);
        if own.is_empty() {
            return Err(format!("{owner}: an enum without a name"));
        }
        // `Error` would hide the class of that name.
        let own = if own == "Error" { "Error_".to_owned() } else { own };
        let name = format!("{owner}.{own}");
        let declaration = format!("  type {own} ={};\n", broken(&parts));
        let known = self.nested.entry(owner.to_owned()).or_default().insert(own, declaration.clone());
        if known.is_some_and(|known| known != declaration) {
            return Err(format!("two enums are named {name}"));
        }
        self.enums.insert(name.clone(), values.to_vec());
        Ok(name)
    }

    fn inline_name(&mut self, Place { owner, path }: Place<'_>, suffix: &str) -> Result<String, String> {
        let place = format!("{owner}.{path}");
        if let Some(name) = self.names.inline.get(&place) {
            self.used.insert(place);
            return Ok(name.clone());
        }
        let name = format!("{owner}{}{suffix}", derived(path));
        if self.types.contains_key(&name) || name == owner {
            return Err(format!("{place} is without a name, and {name} is taken: name it in xtask/typescript.json"));
        }
        Ok(name)
    }
}

/// `LoginItem` of `login[]`, `LoginOne` of `login|1`.
fn derived(path: &str) -> String {
    let path = path.replace("[]", " item ").replace("{}", " value ");
    let mut name = String::new();
    for (at, part) in path.split('|').enumerate() {
        let (number, rest) = part.split_at(part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()));
        if at == 0 {
            name += &words::pascal(part);
        } else {
            name += match number {
                "0" => "Zero",
                "1" => "One",
                "2" => "Two",
                "3" => "Three",
                "4" => "Four",
                "5" => "Five",
                other => other,
            };
            name += &words::pascal(rest);
        }
    }
    name
}

/// The values that are known, and any other.
fn open(values: &[String], nullable: bool) -> Vec<String> {
    let mut parts: Vec<String> = values.iter().map(|value| literal(value)).collect();
    parts.push("(string & {})".to_owned());
    if nullable {
        parts.push("null".to_owned());
    }
    parts
}

/// The parts of a union on one line, or on a line each.
fn broken(parts: &[String]) -> String {
    let line = parts.join(" | ");
    if line.len() <= WIDTH || parts.len() == 1 {
        return format!(" {line}");
    }
    parts.iter().map(|part| format!("\n  | {part}")).collect()
}

/// The comment of a member: what the type itself does not say.
fn facts(ty: &Type) -> String {
    let mut facts: Vec<String> = Vec::new();
    let range = |min: Option<String>, max: Option<String>, unit: &str| match (min, max) {
        (Some(min), Some(max)) if min == max => Some(format!("{min}{unit}")),
        (Some(min), Some(max)) => Some(format!("{min} to {max}{unit}")),
        (Some(min), None) => Some(format!("At least {min}{unit}")),
        (None, Some(max)) => Some(format!("At most {max}{unit}")),
        (None, None) => None,
    };
    let count = |value: &Option<u64>| value.filter(|value| *value > 0).map(|value| value.to_string());
    let number = |value: &Option<f64>| value.map(|value| value.to_string());
    match &ty.kind {
        Kind::String { format, min, max, .. } => {
            if let Some(format) = format.as_ref().filter(|format| *format != "binary") {
                facts.push(format!("Format {format}"));
            }
            facts.extend(range(count(min), count(max), " characters"));
        }
        Kind::Integer { min, max } | Kind::Number { min, max } => facts.extend(range(number(min), number(max), "")),
        Kind::Array { min, max, .. } => facts.extend(range(count(min), count(max), " items")),
        _ => {}
    }
    facts.extend(ty.default.as_ref().map(|default| format!("Default {default}")));
    match ty.stage {
        Some(Stage::EarlyAccess) => facts.push("Early access".to_owned()),
        Some(Stage::Beta) => facts.push("Beta".to_owned()),
        _ => {}
    }
    if ty.read_only {
        facts.push("Only in answers".to_owned());
    }
    if ty.write_only {
        facts.push("Only in requests".to_owned());
    }
    let mut text = facts.join(". ");
    if !text.is_empty() {
        text.push('.');
    }
    if ty.deprecated || ty.stage == Some(Stage::Deprecated) {
        text += if text.is_empty() { "@deprecated" } else { " @deprecated" };
    }
    if text.is_empty() { text } else { format!("  /** {} */\n", text.replace("*/", "*\\/")) }
}
