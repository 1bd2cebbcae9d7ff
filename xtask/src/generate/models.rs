//! The types of the description as Rust types: names, directions, unions, and which of them are the same.

use super::names;
use auth0_api_description::{Description, Extra, Kind, Operation, Property, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A Rust type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Rt {
    Text,
    Secret,
    Int,
    Float,
    Bool,
    Json,
    Date,
    TextOrNumber,
    /// A number that is all of an answer.
    Count,
    /// A text or a flag that is always the same, as JSON.
    Const(String),
    Vec(Box<Rt>),
    Map(Box<Rt>),
    /// An item of an array or a map that may be null.
    Opt(Box<Rt>),
    Named(usize),
}

/// A type that gets a name in Rust.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// The name in the description, or one made of the path.
    pub(super) source: String,
    pub(super) anonymous: bool,
    /// The group in camelCase, or `shared`.
    pub(super) home: String,
    pub(super) rust: String,
    pub(super) form: Form,
    pub(super) request: bool,
    pub(super) response: bool,
    /// The body of a PATCH, or one of the objects that it may be: every member may be null.
    pub(super) patch: bool,
    /// Sources of types that are the same as this one.
    pub(super) aliases: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    Pending,
    Object { members: Vec<Member>, list: Option<List> },
    Enum(Vec<String>),
    Union(Vec<Rt>),
}

/// A list: the member with the items, and the member of the last item that is the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct List {
    pub(super) items: String,
    pub(super) cursor: Option<String>,
    pub(super) paged: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) rust: String,
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) rt: Rt,
    pub(super) facts: String,
}

/// What one operation takes and gives.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) operation: Operation,
    pub(super) body: Option<Rt>,
    pub(super) response: Option<Rt>,
    /// Required query parameters, then optional ones.
    pub(super) query: Vec<(Property, Rt)>,
}

pub(super) struct Models {
    pub(super) types: Vec<Named>,
    pub(super) operations: BTreeMap<String, Vec<Signature>>,
}

/// Members that hold a secret when they are texts.
const SECRETS: &[&str] = &[
    "access_token",
    "access_token_secret",
    "api_key",
    "auth_token",
    "awsSecretAccessKey",
    "aws_secret_access_key",
    "client_secret",
    "clientSecret",
    "connectionString",
    "datadogApiKey",
    "httpAuthorization",
    "id_token",
    "masterkey",
    "mixpanelServiceAccountPassword",
    "password",
    "privateKey",
    "private_key",
    "recovery_code",
    "refresh_token",
    "sasKey",
    "secret",
    "secretAccessKey",
    "secret_key",
    "segmentWriteKey",
    "server_credentials",
    "server_key",
    "servicePassword",
    "signing_secret",
    "skey",
    "splunkToken",
    "storageAccessKey",
    "token",
    "totp_secret",
];

struct Builder<'a> {
    description: &'a Description,
    homes: &'a BTreeMap<String, String>,
    types: Vec<Named>,
    known: BTreeMap<String, Rt>,
    /// Objects whose members have not been looked at yet: (index, the type, its properties, list).
    work: Vec<(usize, Vec<Property>, Option<List>)>,
}

/// Builds the models. `homes` says in which file each named type stands.
pub(super) fn build(description: &Description, homes: &BTreeMap<String, String>) -> Result<Models, String> {
    let mut builder = Builder { description, homes, types: Vec::new(), known: BTreeMap::new(), work: Vec::new() };
    let mut operations = BTreeMap::new();
    for group in &description.groups {
        let mut signatures = Vec::new();
        for operation in &group.operations {
            signatures.push(
                builder.signature(&group.group, operation).map_err(|error| format!("{}: {error}", operation.id))?,
            );
        }
        operations.insert(group.group.clone(), signatures);
    }
    builder.finish_work()?;
    let mut models = Models { types: builder.types, operations };
    models.directions();
    models.merge();
    models.name()?;
    Ok(models)
}

impl Builder<'_> {
    fn signature(&mut self, home: &str, operation: &Operation) -> Result<Signature, String> {
        let base = names::pascal(&operation.id);
        let body = match &operation.body {
            Some(body) => Some(self.rt(&body.ty, &format!("{base}RequestContent"), home)?),
            None => None,
        };
        let response = match &operation.response {
            None => None,
            Some(ty) => {
                let rt = self.rt(ty, &format!("{base}ResponseContent"), home)?;
                Some(match &operation.paging {
                    // An answer without a body must read as something.
                    None if matches!(rt, Rt::Int | Rt::Float) => Rt::Count,
                    None => rt,
                    Some(paging) => self.paged(rt, &paging.items, paging.cursor.clone(), &base, home)?,
                })
            }
        };
        let mut query = Vec::new();
        for property in &operation.query {
            query.push((
                property.clone(),
                self.rt(&property.ty, &format!("{base}{}", names::pascal(&property.name)), home)?,
            ));
        }
        query.sort_by_key(|(property, _)| !property.required);
        Ok(Signature { operation: operation.clone(), body, response, query })
    }

    /// The answer of a list with pages: an object that knows where its items are.
    fn paged(&mut self, rt: Rt, items: &str, cursor: Option<String>, base: &str, home: &str) -> Result<Rt, String> {
        self.finish_work()?;
        let wanted = List { items: items.to_owned(), cursor, paged: true };
        match rt {
            Rt::Named(index) => match &mut self.types[index].form {
                Form::Object { members, list } => {
                    let ok = members.iter().any(|member| member.name == items && matches!(member.rt, Rt::Vec(_)));
                    if !ok {
                        return Err(format!("the envelope has no array {items}"));
                    }
                    *list = Some(wanted);
                    Ok(Rt::Named(index))
                }
                _ => Err("a list that is neither an object nor an array".to_owned()),
            },
            Rt::Vec(_) => {
                let member = Member {
                    name: items.to_owned(),
                    rust: names::snake(items),
                    required: false,
                    nullable: false,
                    rt,
                    facts: String::new(),
                };
                let form = Form::Object { members: vec![member], list: Some(wanted) };
                Ok(Rt::Named(self.add(&format!("{base}ResponseContent"), true, home, form)))
            }
            _ => Err("a list that is neither an object nor an array".to_owned()),
        }
    }

    fn add(&mut self, source: &str, anonymous: bool, home: &str, form: Form) -> usize {
        self.types.push(Named {
            source: source.to_owned(),
            anonymous,
            home: home.to_owned(),
            rust: String::new(),
            form,
            request: false,
            response: false,
            patch: false,
            aliases: Vec::new(),
        });
        self.types.len() - 1
    }

    fn finish_work(&mut self) -> Result<(), String> {
        while let Some((index, properties, list)) = self.work.pop() {
            let (source, home) = (self.types[index].source.clone(), self.types[index].home.clone());
            let mut members: Vec<Member> = Vec::new();
            for property in properties {
                let hint = format!("{source}{}", names::pascal(&property.name));
                let mut rt = self.rt(&property.ty, &hint, &home).map_err(|error| format!("{hint}: {error}"))?;
                let counts = ["start", "limit", "length", "total", "page", "per_page"];
                match rt {
                    Rt::Text if SECRETS.contains(&property.name.as_str()) => rt = Rt::Secret,
                    Rt::Float if counts.contains(&property.name.as_str()) || property.name.ends_with("_count") => {
                        rt = Rt::Int
                    }
                    _ => {}
                }
                let mut rust = names::snake(&property.name);
                if ["clone", "default", "extra", "into", "new", "read", "write"].contains(&rust.as_str()) {
                    rust.push('_');
                }
                let rust = names::unique(rust, |name| members.iter().any(|member| member.rust == name));
                let (_, nullable) = self.description.resolve(&property.ty)?;
                let nullable = nullable || self.nullable_variant(&property.ty)?;
                let facts = facts(&property, &rust, &rt);
                members.push(Member { name: property.name, rust, required: property.required, nullable, rt, facts });
            }
            self.types[index].form = Form::Object { members, list };
        }
        Ok(())
    }

    fn nullable_variant(&self, ty: &Type) -> Result<bool, String> {
        let (ty, _) = self.description.resolve(ty)?;
        match &ty.kind {
            Kind::Union { variants, .. } => {
                for variant in variants {
                    if self.description.resolve(variant)?.1 {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// The Rust type of a type; `hint` names it when it has no name of its own.
    fn rt(&mut self, ty: &Type, hint: &str, home: &str) -> Result<Rt, String> {
        Ok(match &ty.kind {
            Kind::Any => Rt::Json,
            Kind::Boolean => Rt::Bool,
            Kind::Integer { .. } => Rt::Int,
            Kind::Number { .. } => Rt::Float,
            Kind::String { format: Some(format), .. } if format == "date-time" => Rt::Date,
            Kind::String { .. } => Rt::Text,
            Kind::Enum(values) => match values.as_slice() {
                [only] => Rt::Const(Value::from(only.as_str()).to_string()),
                _ => Rt::Named(self.add(hint, true, home, Form::Enum(values.clone()))),
            },
            Kind::Const(value) => match value {
                Value::String(_) | Value::Bool(_) => Rt::Const(value.to_string()),
                other => return Err(format!("a constant {other}")),
            },
            Kind::Array { items, .. } => Rt::Vec(Box::new(self.item(items, &format!("{hint}Item"), home)?)),
            Kind::Object { extra, .. } => {
                let properties = self.description.properties(ty)?;
                if !properties.is_empty() {
                    let index = self.add(hint, true, home, Form::Pending);
                    self.work.push((index, properties, None));
                    return Ok(Rt::Named(index));
                }
                match extra {
                    Extra::Allowed(ty) => match self.item(ty, &format!("{hint}Value"), home)? {
                        Rt::Json => Rt::Json,
                        rt => Rt::Map(Box::new(rt)),
                    },
                    _ => Rt::Json,
                }
            }
            Kind::Union { variants, .. } => self.union(variants, hint, home)?,
            Kind::Reference(name) => {
                if let Some(rt) = self.known.get(name) {
                    return Ok(rt.clone());
                }
                let target = self.description.types.get(name).ok_or_else(|| format!("no type {name}"))?;
                let home = self.homes.get(name).ok_or_else(|| format!("{name} has no home"))?.clone();
                // An object may lead back to itself: its name comes first, its members later.
                let rt = self.rt(target, name, &home)?;
                if let Rt::Named(index) = rt
                    && self.types[index].source == *name
                {
                    self.types[index].anonymous = false;
                }
                self.known.insert(name.clone(), rt.clone());
                rt
            }
        })
    }

    fn item(&mut self, ty: &Type, hint: &str, home: &str) -> Result<Rt, String> {
        let rt = self.rt(ty, hint, home)?;
        let (_, nullable) = self.description.resolve(ty)?;
        Ok(if nullable && rt != Rt::Json { Rt::Opt(Box::new(rt)) } else { rt })
    }

    fn union(&mut self, variants: &[Type], hint: &str, home: &str) -> Result<Rt, String> {
        if let Some(rt) = self.list_union(variants, hint, home)? {
            return Ok(rt);
        }
        let mut rts: Vec<Rt> = Vec::new();
        for (index, variant) in variants.iter().enumerate() {
            let rt = self.rt(variant, &format!("{hint}{}", variant_hint(variant, index)), home)?;
            if !rts.contains(&rt) {
                rts.push(rt);
            }
        }
        let is_enum = |rt: &Rt| matches!(rt, Rt::Named(index) if matches!(self.types[*index].form, Form::Enum(_)));
        let text = |rt: &Rt| matches!(rt, Rt::Text | Rt::Date | Rt::Const(_)) || is_enum(rt);
        let number = |rt: &Rt| matches!(rt, Rt::Int | Rt::Float);
        if let [only] = rts.as_slice() {
            return Ok(only.clone());
        }
        if rts.iter().all(text) {
            return Ok(Rt::Text);
        }
        if rts.iter().all(number) {
            return Ok(Rt::Float);
        }
        if rts.iter().all(|rt| text(rt) || number(rt)) {
            return Ok(Rt::TextOrNumber);
        }
        // Several kinds of texts, or of numbers, are one variant.
        let mut kept: Vec<Rt> = Vec::new();
        for rt in rts.clone() {
            let rt = match rt {
                rt if text(&rt) && rts.iter().filter(|other| text(other)).count() > 1 => Rt::Text,
                rt if number(&rt) && rts.iter().filter(|other| number(other)).count() > 1 => Rt::Float,
                Rt::Const(_) => Rt::Text,
                rt => rt,
            };
            if !kept.contains(&rt) {
                kept.push(rt);
            }
        }
        Ok(Rt::Named(self.add(hint, true, home, Form::Union(kept))))
    }

    /// `[T]`, or one of several envelopes with `[T]` in it: one object with the members of all. `T` is an object or a union:
    /// a list of texts beside an object is something else.
    fn list_union(&mut self, variants: &[Type], hint: &str, home: &str) -> Result<Option<Rt>, String> {
        let mut array = None;
        let mut envelopes: Vec<Vec<Property>> = Vec::new();
        for variant in variants {
            let (variant, _) = self.description.resolve(variant)?;
            match &variant.kind {
                Kind::Array { items, .. } if array.is_none() => array = Some(items),
                Kind::Object { .. } => envelopes.push(self.description.properties(variant)?),
                _ => return Ok(None),
            }
        }
        let (Some(array), Some(first)) = (array, envelopes.first()) else { return Ok(None) };
        if !matches!(self.description.resolve(array)?.0.kind, Kind::Object { .. } | Kind::Union { .. }) {
            return Ok(None);
        }
        let holds = |property: &Property| {
            let ty = self.description.resolve(&property.ty).map(|(ty, _)| &ty.kind);
            matches!(ty, Ok(Kind::Array { items, .. }) if items == array)
        };
        let in_all = |name: &str| {
            envelopes.iter().all(|members| members.iter().any(|member| member.name == name && holds(member)))
        };
        let Some(items) = first.iter().map(|property| &property.name).find(|name| in_all(name)).cloned() else {
            return Ok(None);
        };
        let mut properties: Vec<Property> = Vec::new();
        for property in envelopes.into_iter().flatten() {
            if !properties.iter().any(|known| known.name == property.name) {
                properties.push(Property { required: false, ..property });
            }
        }
        let index = self.add(hint, true, home, Form::Pending);
        self.work.push((index, properties, Some(List { items, cursor: None, paged: false })));
        Ok(Some(Rt::Named(index)))
    }
}

fn variant_hint(ty: &Type, index: usize) -> String {
    match &ty.kind {
        Kind::Array { .. } => "Array".to_owned(),
        Kind::Enum(_) | Kind::String { .. } => "Text".to_owned(),
        // Named after the value of a member that is constant.
        Kind::Object { properties, .. } => {
            let fixed = properties.iter().find_map(|property| match &property.ty.kind {
                Kind::Enum(values) if values.len() == 1 => values.first().cloned(),
                _ => None,
            });
            let required = properties.iter().find(|property| property.required).or(properties.first());
            fixed
                .map(|value| names::pascal(&value))
                .or_else(|| required.map(|property| names::pascal(&property.name)))
                .unwrap_or_else(|| format!("Object{index}"))
        }
        _ => format!("Variant{index}"),
    }
}

/// What the description says of a member, for its doc comment.
fn facts(property: &Property, rust: &str, rt: &Rt) -> String {
    let mut facts = Vec::new();
    if rust.trim_start_matches("r#") != property.name {
        facts.push(format!("`{}`.", property.name));
    }
    if let Rt::Const(value) = rt {
        facts.push(format!("Always `{value}`."));
    }
    if let Some(default) = &property.ty.default {
        facts.push(format!("`{default}` when it is left out of a request."));
    }
    if property.ty.read_only {
        facts.push("Only in answers.".to_owned());
    }
    if property.ty.write_only {
        facts.push("Only in requests.".to_owned());
    }
    if property.ty.deprecated {
        facts.push("Deprecated by Auth0.".to_owned());
    }
    facts.join(" ")
}

impl Models {
    /// Marks what is reached by requests and what by answers.
    fn directions(&mut self) {
        let (mut roots, mut patched) = (Vec::new(), Vec::new());
        for signature in self.operations.values().flatten() {
            if let Some(Rt::Named(index)) = signature.body
                && signature.operation.method == auth0_api_description::Method::Patch
            {
                patched.push(index);
            }
            roots.extend(
                signature.body.iter().chain(signature.query.iter().map(|(_, rt)| rt)).map(|rt| (rt.clone(), true)),
            );
            roots.extend(signature.response.iter().map(|rt| (rt.clone(), false)));
        }
        patched.into_iter().for_each(|index| self.patch(index));
        while let Some((rt, request)) = roots.pop() {
            for index in rt.named() {
                let named = &mut self.types[index];
                let flag = if request { &mut named.request } else { &mut named.response };
                if !std::mem::replace(flag, true) {
                    roots.extend(named.form.parts().into_iter().map(|rt| (rt, request)));
                }
            }
        }
    }

    /// Marks the body of a PATCH; of one that is one of several objects, each of them.
    fn patch(&mut self, index: usize) {
        if !std::mem::replace(&mut self.types[index].patch, true)
            && let Form::Union(variants) = self.types[index].form.clone()
        {
            variants.iter().filter(|rt| matches!(rt, Rt::Named(_))).flat_map(Rt::named).for_each(|of| self.patch(of));
        }
    }

    /// Gives types of one home that are the same in everything that Rust sees one name.
    fn merge(&mut self) {
        let mut class: Vec<usize> = vec![0; self.types.len()];
        let mut classes = 1;
        loop {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            let next: Vec<usize> = self
                .types
                .iter()
                .enumerate()
                .map(|(index, named)| {
                    let used = (named.request, named.response, named.patch);
                    let key = format!("{} {used:?} {} {}", named.home, class[index], named.form.key(&class));
                    let count = seen.len();
                    *seen.entry(key).or_insert(count)
                })
                .collect();
            class = next;
            if seen.len() == classes {
                break;
            }
            classes = seen.len();
        }
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, class) in class.iter().enumerate() {
            members.entry(*class).or_default().push(index);
        }
        let mut target: Vec<usize> = (0..self.types.len()).collect();
        for same in members.values() {
            let rank = |index: &usize| {
                let named = &self.types[*index];
                (named.anonymous, short(&named.source, 0).len(), named.source.clone())
            };
            let Some(first) = same.iter().copied().min_by_key(rank) else { continue };
            for index in same.iter().copied().filter(|index| *index != first) {
                target[index] = first;
                if !self.types[index].anonymous {
                    let source = self.types[index].source.clone();
                    self.types[first].aliases.push((source, String::new()));
                }
            }
        }
        let mut new = vec![usize::MAX; self.types.len()];
        let mut kept = Vec::new();
        for (index, named) in self.types.iter().enumerate() {
            if target[index] == index && (named.request || named.response) {
                new[index] = kept.len();
                kept.push(named.clone());
            }
        }
        let change = |index: usize| new[target[index]];
        for named in &mut kept {
            named.form.change(&change);
        }
        for signature in self.operations.values_mut().flatten() {
            let rts = signature.body.iter_mut().chain(signature.response.iter_mut());
            rts.chain(signature.query.iter_mut().map(|(_, rt)| rt)).for_each(|rt| rt.change(&change));
        }
        self.types = kept;
    }

    /// Gives every type its name in Rust, without repetition in one home.
    fn name(&mut self) -> Result<(), String> {
        let homes: BTreeSet<String> = self.types.iter().map(|named| named.home.clone()).collect();
        for home in homes {
            let mut taken: BTreeSet<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
            let mut order: Vec<(usize, Option<usize>)> = Vec::new();
            for (index, named) in self.types.iter().enumerate().filter(|(_, named)| named.home == home) {
                order.push((index, None));
                order.extend((0..named.aliases.len()).map(|alias| (index, Some(alias))));
            }
            let source = |models: &Self, (index, alias): (usize, Option<usize>)| match alias {
                None => models.types[index].source.clone(),
                Some(alias) => models.types[index].aliases[alias].0.clone(),
            };
            // A name that needs no change keeps it; one that loses the least comes next; made-up ones come last.
            order.sort_by_key(|&at| {
                let source = source(self, at);
                let short = short(&source, 0);
                (
                    at.1.is_none() && self.types[at.0].anonymous,
                    at.1.is_some(),
                    source.len() - short.len().min(source.len()),
                    source,
                )
            });
            for at in order {
                let source = source(self, at);
                let candidates = (0..3).map(|level| short(&source, level));
                let name = candidates
                    .chain([names::unique(short(&source, 0), |name| taken.contains(name))])
                    .find(|name| !taken.contains(name));
                let name = name.ok_or_else(|| format!("{source} has no name"))?;
                taken.insert(name.clone());
                match at.1 {
                    None => self.types[at.0].rust = name,
                    Some(alias) => self.types[at.0].aliases[alias].1 = name,
                }
            }
        }
        Ok(())
    }

    pub(super) fn at(&self, index: usize) -> &Named {
        &self.types[index]
    }
}

/// Names that models must not take: those of the standard prelude, of the crate's face and of the runtime.
const RESERVED: &[&str] = &[
    "BTreeMap",
    "Box",
    "Call",
    "Count",
    "Cow",
    "DateTime",
    "Default",
    "Envelope",
    "Err",
    "Error",
    "Extra",
    "Field",
    "From",
    "Into",
    "IntoEntries",
    "IntoField",
    "IntoIterator",
    "IntoItems",
    "Items",
    "Iterator",
    "Json",
    "List",
    "MapAccess",
    "Model",
    "None",
    "Null",
    "Ok",
    "Option",
    "Page",
    "Pages",
    "Result",
    "Secret",
    "Self",
    "SerializeMap",
    "Slot",
    "Some",
    "String",
    "TextOrNumber",
    "ToString",
    "Union",
    "Vec",
    "ManagementClient",
    "Shape",
];

/// A name in its short form: `UpdateUserRequestContent` is `UpdateUser`, `GetUserResponseContent` is `GetUserResponse`.
/// Higher levels keep more, for names that are taken.
fn short(source: &str, level: usize) -> String {
    let name = names::pascal(source);
    if level == 2 {
        return name;
    }
    let name =
        name.replace("RequestContent", "").replace("ResponseContent", "Response").replace("RequestParameters", "");
    if level == 1 {
        return name;
    }
    let mut name = name.as_str();
    for suffix in ["Enum", "ResponseSchema", "Schema", "ResponsePayload"] {
        if let Some(rest) = name.strip_suffix(suffix).filter(|rest| rest.len() > 2) {
            name = rest;
        }
    }
    name.to_owned()
}

impl Rt {
    pub(super) fn named(&self) -> Vec<usize> {
        match self {
            Rt::Named(index) => vec![*index],
            Rt::Vec(inner) | Rt::Map(inner) | Rt::Opt(inner) => inner.named(),
            _ => Vec::new(),
        }
    }

    fn change(&mut self, to: &dyn Fn(usize) -> usize) {
        match self {
            Rt::Named(index) => *index = to(*index),
            Rt::Vec(inner) | Rt::Map(inner) | Rt::Opt(inner) => inner.change(to),
            _ => {}
        }
    }
}

impl Form {
    pub(super) fn parts(&self) -> Vec<Rt> {
        match self {
            Form::Object { members, .. } => members.iter().map(|member| member.rt.clone()).collect(),
            Form::Union(variants) => variants.clone(),
            _ => Vec::new(),
        }
    }

    fn change(&mut self, to: &dyn Fn(usize) -> usize) {
        match self {
            Form::Object { members, .. } => members.iter_mut().for_each(|member| member.rt.change(to)),
            Form::Union(variants) => variants.iter_mut().for_each(|rt| rt.change(to)),
            _ => {}
        }
    }

    /// Everything that Rust sees of a form, with classes in the place of names.
    fn key(&self, class: &[usize]) -> String {
        let mut form = self.clone();
        form.change(&|index| class[index]);
        if let Form::Object { members, .. } = &mut form {
            members.iter_mut().for_each(|member| member.facts.clear());
            members.sort();
        }
        format!("{form:?}")
    }
}
