//! OpenAPI operations to the operations of the description.

use super::{
    Corrections,
    merge::{Document, known, object},
    schema::{Context, stage},
};
use auth0_api_description::{Body, BodyKind, Kind, Method, Operation, Paging, PagingStyle, Property, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The page size that is sent when the caller names none, where the API allows as many.
const PAGE_SIZE: u32 = 50;

pub(crate) fn operations(
    document: &Document,
    types: &BTreeMap<String, Type>,
    corrections: &Corrections,
) -> Result<Vec<Operation>, String> {
    let mut unused: BTreeSet<&String> = corrections.not_paged.keys().collect();
    unused.extend(corrections.cursors.keys());
    unused.extend(corrections.optional_bodies.keys());
    let mut list = Vec::new();
    for (path, method, value, addition) in &document.operations {
        let place = format!("/paths/{}/{method}", path.replace('~', "~0").replace('/', "~1"));
        let operation = Reader { document, types, corrections, place: &place, addition: *addition };
        let operation = operation.read(path, method, value)?;
        unused.remove(&operation.id);
        list.push(operation);
    }
    match unused.first() {
        Some(id) => Err(format!("corrections.json names {id}, which is not an operation")),
        None => Ok(list),
    }
}

struct Reader<'a> {
    document: &'a Document,
    types: &'a BTreeMap<String, Type>,
    corrections: &'a Corrections,
    place: &'a str,
    addition: bool,
}

impl<'a> Reader<'a> {
    fn read(&self, path: &str, method: &str, value: &'a Value) -> Result<Operation, String> {
        let place = self.place;
        let common = ["parameters", "responses", "requestBody", "x-operation-group", "x-operation-name"];
        let own: &[&str] = if self.addition {
            &["x-pagination", "x-items"]
        } else {
            // Tags and operationId name things for the publisher's own tools; the ids that we use are the clients'.
            &["tags", "operationId", "x-release-lifecycle", "x-operation-request-parameters-name", "security"]
        };
        known(value, place, &common.into_iter().chain(own.iter().copied()).collect::<Vec<_>>())?;
        let id = self.id(value)?;
        let method = match method {
            "get" => Method::Get,
            "post" => Method::Post,
            "put" => Method::Put,
            "patch" => Method::Patch,
            "delete" => Method::Delete,
            _ => return Err(format!("{place}: the method is not understood")),
        };
        let mut operation = Operation {
            id,
            method,
            path: path.to_owned(),
            path_types: BTreeMap::new(),
            query: Vec::new(),
            parameters_name: value
                .get("x-operation-request-parameters-name")
                .map(|name| name.as_str().map(str::to_owned).ok_or_else(|| format!("{place}: parameters name")))
                .transpose()?,
            body: None,
            response: None,
            event_stream: false,
            statuses: Vec::new(),
            errors: Vec::new(),
            paging: None,
            scopes: self.scopes(value)?,
            stage: value.get("x-release-lifecycle").map(|value| stage(value, place)).transpose()?,
            custom_domain: false,
            idempotent: matches!(method, Method::Get | Method::Put | Method::Delete),
        };
        self.parameters(value, &mut operation)?;
        if let Some(body) = value.get("requestBody") {
            operation.body = Some(self.body(body, &operation.id)?);
        } else if self.corrections.optional_bodies.contains_key(&operation.id) {
            return Err(format!("corrections.json: {} takes no body", operation.id));
        }
        self.responses(value, &mut operation)?;
        operation.paging = self.paging(&operation)?;
        if self.addition {
            self.check_paging(value, &operation)?;
        }
        Ok(operation)
    }

    fn id(&self, value: &Value) -> Result<String, String> {
        let name = &value["x-operation-name"];
        let parts: Vec<&Value> = match &value["x-operation-group"] {
            Value::Array(parts) => parts.iter().chain([name]).collect(),
            part => vec![part, name],
        };
        let mut words = Vec::new();
        for part in parts {
            let text = part.as_str().unwrap_or_default();
            let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || (self.addition && c == '_'));
            if !plain || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Err(format!("{}/x-operation-group: {part} is not a name", self.place));
            }
            words.push(camel(text));
        }
        Ok(words.join("."))
    }

    fn scopes(&self, value: &Value) -> Result<Vec<String>, String> {
        let place = format!("{}/security", self.place);
        let Some(security) = value.get("security") else {
            return if self.addition { Ok(Vec::new()) } else { Err(format!("{place}: is missing")) };
        };
        let failed = || format!("{place}: not understood");
        let [bearer, client] = security.as_array().map(Vec::as_slice).unwrap_or_default() else { return Err(failed()) };
        known(bearer, &place, &["bearerAuth"])?;
        known(client, &place, &["oAuth2ClientCredentials"])?;
        let scopes = client["oAuth2ClientCredentials"].as_array().ok_or_else(failed)?;
        scopes.iter().map(|scope| scope.as_str().map(str::to_owned).ok_or_else(failed)).collect()
    }

    /// The type of something that is sent, or of an answer.
    fn ty(&self, schema: &'a Value, place: &str, sent: bool) -> Result<Type, String> {
        let context = Context { document: self.document, addition: self.addition, only_sent: sent, sent, hint: None };
        context.read(schema, place)
    }

    fn parameters(&self, value: &'a Value, operation: &mut Operation) -> Result<(), String> {
        let names: Vec<String> = operation.path_parameters().into_iter().map(str::to_owned).collect();
        let mut found = BTreeSet::new();
        let list = match value.get("parameters") {
            None => &[],
            Some(list) => list.as_array().map(Vec::as_slice).ok_or_else(|| format!("{}/parameters", self.place))?,
        };
        for (at, parameter) in list.iter().enumerate() {
            let place = format!("{}/parameters/{at}", self.place);
            let failed = |why: &str| format!("{place}: {why}");
            let mut keys =
                vec!["name", "in", "schema", "required", "style", "explode", "x-sdk-ignore", "x-release-lifecycle"];
            if self.addition {
                // Not a default of the API, says the source.
                keys.push("default");
            }
            known(parameter, &place, &keys)?;
            let name = parameter["name"].as_str().ok_or_else(|| failed("no name"))?;
            let required = match parameter.get("required") {
                None => false,
                Some(value) => value.as_bool().ok_or_else(|| failed("required is not a flag"))?,
            };
            // The only way in which lists are sent: the key repeated.
            if parameter.get("style").is_some_and(|style| style != "form") {
                return Err(failed("the style is not understood"));
            }
            if parameter.get("explode").is_some_and(|explode| *explode != true) {
                return Err(failed("the array style is not understood"));
            }
            let mut ty = self.ty(&parameter["schema"], &format!("{place}/schema"), true)?;
            if let Some(value) = parameter.get("x-release-lifecycle") {
                ty.stage = ty.stage.or(Some(stage(value, &place)?));
            }
            match parameter["in"].as_str() {
                Some("path") => {
                    if !required || !names.iter().any(|known| known == name) || !found.insert(name.to_owned()) {
                        return Err(failed("does not fit the path"));
                    }
                    if ty != Type::string() {
                        operation.path_types.insert(name.to_owned(), ty);
                    }
                }
                Some("query") => {
                    if operation.query.iter().any(|known| known.name == name) {
                        return Err(failed("stands twice"));
                    }
                    operation.query.push(Property { name: name.to_owned(), required, ty });
                }
                Some("header") if name == "auth0-custom-domain" && !required => operation.custom_domain = true,
                _ => return Err(failed("not understood")),
            }
        }
        if found.len() != names.len() {
            return Err(format!("{}: a parameter of the path is not described", self.place));
        }
        Ok(())
    }

    fn body(&self, body: &'a Value, id: &str) -> Result<Body, String> {
        let place = format!("{}/requestBody", self.place);
        // The stage of a body is the operation's.
        known(body, &place, &["content", "x-release-lifecycle"])?;
        let content = object(&body["content"], &format!("{place}/content"))?;
        let schema = |media: &str| {
            let place = format!("{place}/content/{}", media.replace('/', "~1"));
            known(&content[media], &place, &["schema"])?;
            Ok::<_, String>((&content[media]["schema"], place + "/schema"))
        };
        let kinds: Vec<&str> = content.keys().map(String::as_str).collect();
        let (kind, media) = match kinds.as_slice() {
            ["multipart/form-data"] => (BodyKind::Multipart, "multipart/form-data"),
            ["application/json"] => (BodyKind::Json, "application/json"),
            // The same as a form, which says less than JSON can: not used.
            ["application/json", twin @ "application/x-www-form-urlencoded"] => {
                if schema(twin)?.0 != schema("application/json")?.0 {
                    return Err(format!("{place}: the form differs from the JSON"));
                }
                (BodyKind::Json, "application/json")
            }
            _ => return Err(format!("{place}/content: {kinds:?} is not understood")),
        };
        let (schema, place) = schema(media)?;
        Ok(Body {
            kind,
            required: !self.corrections.optional_bodies.contains_key(id),
            ty: self.ty(schema, &place, true)?,
        })
    }

    fn responses(&self, value: &'a Value, operation: &mut Operation) -> Result<(), String> {
        let place = format!("{}/responses", self.place);
        for (status, response) in object(&value["responses"], &place)? {
            let place = format!("{place}/{status}");
            let number: u16 = status.parse().map_err(|_| format!("{place}: not a status"))?;
            match number {
                400..=599 => {
                    known(response, &place, &["description", "$ref"])?;
                    operation.errors.push(number);
                    continue;
                }
                200..=299 => operation.statuses.push(number),
                _ => return Err(format!("{place}: not understood")),
            }
            known(response, &place, &["description", "content"])?;
            let Some(content) = response.get("content") else { continue };
            let content = object(content, &place)?;
            let media: Vec<&str> = content.keys().map(String::as_str).collect();
            operation.event_stream = match media.as_slice() {
                ["application/json"] => false,
                ["text/event-stream"] => true,
                _ => return Err(format!("{place}/content: {media:?} is not understood")),
            };
            let media = media[0];
            let place = format!("{place}/content/{}", media.replace('/', "~1"));
            // The stage of an answer is the operation's.
            known(&content[media], &place, &["schema", "x-release-lifecycle"])?;
            let ty = self.ty(&content[media]["schema"], &format!("{place}/schema"), false)?;
            if operation.response.as_ref().is_some_and(|known| *known != ty) {
                return Err(format!("{place}: another success status answers something else"));
            }
            operation.response = Some(ty);
        }
        operation.statuses.sort_unstable();
        operation.errors.sort_unstable();
        if operation.statuses.is_empty() {
            return Err(format!("{place}: no success status"));
        }
        Ok(())
    }

    fn paging(&self, operation: &Operation) -> Result<Option<Paging>, String> {
        let has = |name: &str| operation.query.iter().find(|property| property.name == name);
        let pair = |first: &str, second: &str| match (has(first), has(second)) {
            (Some(_), Some(size)) => Ok(Some(size)),
            (None, None) => Ok(None),
            _ => Err(format!("{}: only one of {first} and {second}", self.place)),
        };
        let not_paged = self.corrections.not_paged.contains_key(&operation.id);
        let cursor = self.corrections.cursors.get(&operation.id).map(|named| named.member.clone());
        let checkpoint = if not_paged { has("take") } else { pair("from", "take")? };
        let (style, size) = match (pair("page", "per_page")?, checkpoint) {
            (None, None) if not_paged && has("from").is_none() => {
                return Err(format!("corrections.json: {} has nothing to page by", operation.id));
            }
            (None, None) => return Ok(None),
            _ if not_paged => return Ok(None),
            (Some(size), None) => (PagingStyle::Offset, size),
            (None, Some(size)) => (PagingStyle::Checkpoint, size),
            (Some(_), Some(size)) => (PagingStyle::Both, size),
        };
        if operation.method != Method::Get || operation.event_stream || operation.body.is_some() {
            return Err(format!("{}: pages of something that is not a list", self.place));
        }
        let mut keys = BTreeSet::new();
        let bare = match &operation.response {
            Some(ty) => self.item_keys(ty, &mut keys)?,
            None => false,
        };
        let items = match (keys.len(), bare) {
            (1, _) => keys.pop_first(),
            // The last word of the path that is not a parameter.
            (0, true) => {
                operation.path.rsplit('/').find(|word| !word.starts_with('{')).map(|word| word.replace('-', "_"))
            }
            _ => return Err(format!("{}: the items are under one of {keys:?}", self.place)),
        };
        if cursor.is_some() && style == PagingStyle::Offset {
            return Err(format!("corrections.json: {} takes no cursor", operation.id));
        }
        let largest = match &size.ty.kind {
            Kind::Integer { max, .. } | Kind::Number { max, .. } => *max,
            _ => return Err(format!("{}: the page size is not a number", self.place)),
        };
        let size = largest.map_or(PAGE_SIZE, |largest| PAGE_SIZE.min(largest as u32));
        let items = items.ok_or_else(|| format!("{}: no name for the items", self.place))?;
        Ok(Some(Paging { style, items, size, totals: has("include_totals").is_some(), cursor }))
    }

    /// Adds the members of the answer that are arrays; true when the answer may be an array itself.
    fn item_keys(&self, ty: &Type, keys: &mut BTreeSet<String>) -> Result<bool, String> {
        match &ty.kind {
            Kind::Reference(name) => match self.types.get(name) {
                Some(ty) => self.item_keys(ty, keys),
                None => Err(format!("{}: no type is named {name}", self.place)),
            },
            Kind::Array { .. } => Ok(true),
            Kind::Object { extends, properties, .. } => {
                for base in extends {
                    self.item_keys(&Type::reference(base), keys)?;
                }
                for property in properties {
                    if self.item_keys_of_member(&property.ty) {
                        keys.insert(property.name.clone());
                    }
                }
                Ok(false)
            }
            Kind::Union { variants, .. } => {
                let mut bare = false;
                for variant in variants {
                    bare |= self.item_keys(variant, keys)?;
                }
                Ok(bare)
            }
            _ => Err(format!("{}: pages of something that is not a list", self.place)),
        }
    }

    fn item_keys_of_member(&self, ty: &Type) -> bool {
        match &ty.kind {
            Kind::Array { .. } => true,
            Kind::Reference(name) => self.types.get(name).is_some_and(|ty| self.item_keys_of_member(ty)),
            _ => false,
        }
    }

    /// The additions say themselves how a list is paged.
    fn check_paging(&self, value: &Value, operation: &Operation) -> Result<(), String> {
        let style = operation.paging.as_ref().map(|paging| match paging.style {
            PagingStyle::Offset => "offset",
            PagingStyle::Checkpoint => "checkpoint",
            PagingStyle::Both => "both",
        });
        let items = operation.paging.as_ref().map(|paging| paging.items.as_str());
        if value["x-pagination"].as_str() != style || value["x-items"].as_str() != items {
            return Err(format!("{}/x-pagination: the parameters say {style:?}, {items:?}", self.place));
        }
        Ok(())
    }
}

/// `captcha_policies` as `captchaPolicies`.
fn camel(text: &str) -> String {
    let mut words = text.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |whole, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        whole + &head.to_ascii_uppercase() + tail
    })
}
