//! The Management API: checks a request against the description and does what its operation means.

use crate::clock::iso8601;
use crate::error::ApiError;
use crate::ids;
use crate::list::{self, Fields};
use crate::message::{Answer, Request, form_pairs};
use crate::model::{Action, Own, Route, concrete, mirror};
use crate::store::{Store, USERS};
use crate::tenant::Tenant;
use crate::users;
use auth0_api_description::{BodyKind, Kind, Type};
use serde_json::{Map, Value, json};
use std::sync::PoisonError;

/// Below this path is the Management API.
pub(crate) const BASE: &str = "/api/v2";

/// Members whose value no two records of a collection may share.
const UNIQUE: &[(&str, &str)] = &[
    ("/actions/actions", "name"),
    ("/actions/modules", "name"),
    ("/connections", "name"),
    ("/custom-domains", "domain"),
    ("/organizations", "name"),
    ("/organizations/{}/discovery-domains", "domain"),
    ("/resource-servers", "identifier"),
    ("/roles", "name"),
    ("/rules", "name"),
    ("/token-exchange-profiles", "subject_token_type"),
];

/// Members that a PATCH merges one level deep, in every record that has them. Other objects are replaced.
const MERGED: &[&str] = &["user_metadata", "app_metadata", "client_metadata"];

/// What one item of a body's array names: an id, and what else the item says.
type Named = (String, Map<String, Value>);

/// A checked request.
struct Call<'a> {
    tenant: &'a Tenant,
    route: &'a Route,
    arguments: Vec<String>,
    query: Map<String, Value>,
    body: Option<Value>,
    /// The concrete path of the collection or value that the operation works on.
    path: String,
    now: String,
}

/// Answers a request whose path begins with [`BASE`].
pub(crate) fn handle(tenant: &Tenant, request: &Request) -> Answer {
    let verdict = tenant.limiter.count(tenant.clock.now_ms());
    let mut answer = if verdict.allowed {
        perform(tenant, request).unwrap_or_else(|error| error.answer())
    } else {
        ApiError::new(429, "Global limit has been reached", "too_many_requests").answer()
    };
    verdict.put_headers(&mut answer);
    answer
}

fn perform(tenant: &Tenant, request: &Request) -> Result<Answer, ApiError> {
    let below = request.path.strip_prefix(BASE).unwrap_or_default();
    let (route, arguments) = tenant.model.find(&request.method, below).ok_or_else(ApiError::not_found)?;
    let grant = tenant.authority.authenticate(request, &tenant.clock)?;
    let scopes = &route.operation.scopes;
    if !scopes.is_empty() && !scopes.iter().any(|scope| grant.scopes.contains(scope)) {
        let message = format!("Insufficient scope, expected any of: {}", scopes.join(","));
        return Err(ApiError::new(403, message, "insufficient_scope"));
    }
    let schema = &tenant.model.schema;
    for (name, argument) in route.operation.path_parameters().iter().zip(&arguments) {
        let ty = route.operation.path_type(name);
        schema
            .check(&ty, &schema.coerce(&ty, argument))
            .map_err(|problem| ApiError::invalid_path(format!("{problem} on property {name}")))?;
    }
    let query = schema.read_query(&route.operation.query, &request.query_pairs()).map_err(ApiError::invalid_query)?;
    let body = read_body(tenant, route, request)?;
    let path = concrete(&route.target, &arguments);
    let now = iso8601(tenant.clock.now_ms());
    Call { tenant, route, arguments, query, body, path, now }.perform(request)
}

fn read_body(tenant: &Tenant, route: &Route, request: &Request) -> Result<Option<Value>, ApiError> {
    let schema = &tenant.model.schema;
    let Some(body) = &route.operation.body else {
        return match request.body.is_empty() {
            true => Ok(None),
            false => Err(ApiError::invalid_body(format!("{} takes no body", route.operation.id))),
        };
    };
    if request.body.is_empty() {
        return match body.required {
            true => Err(ApiError::invalid_body("Expected type object but found no body")),
            false => Ok(None),
        };
    }
    let media_type = request.media_type().unwrap_or_default();
    let value = match (body.kind, media_type.as_str()) {
        (BodyKind::Json, "application/json") => serde_json::from_slice(&request.body).map_err(|error| {
            ApiError::new(400, format!("Invalid request payload JSON format: {error}"), "invalid_body")
        })?,
        (BodyKind::Json, "application/x-www-form-urlencoded") => {
            let text = String::from_utf8_lossy(&request.body);
            let typed = |(name, text): (String, String)| {
                let ty = schema.property(&body.ty, &name).map_or_else(Type::string, |property| property.ty);
                let value = schema.coerce(&ty, &text);
                (name, value)
            };
            Value::Object(form_pairs(&text).into_iter().map(typed).collect())
        }
        (BodyKind::Multipart, "multipart/form-data") => {
            let parts = multipart(request).ok_or_else(|| ApiError::invalid_body("the multipart body is malformed"))?;
            let typed = |(name, text): (String, String)| {
                let ty = schema.property(&body.ty, &name).map_or_else(Type::string, |property| property.ty);
                let value = schema.coerce(&ty, &text);
                (name, value)
            };
            Value::Object(parts.into_iter().map(typed).collect())
        }
        (kind, _) => {
            let wanted = if kind == BodyKind::Json { "application/json" } else { "multipart/form-data" };
            let message = format!("The content type is {media_type:?}, and should be {wanted}");
            return Err(ApiError::plain(415, message));
        }
    };
    schema.check(&body.ty, &value).map_err(ApiError::invalid_body)?;
    Ok(Some(value))
}

/// The parts of a multipart body (RFC 7578), as name and text.
fn multipart(request: &Request) -> Option<Vec<(String, String)>> {
    let (_, boundary) = request.header("content-type")?.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut closed = false;
    for part in text.split(&delimiter).skip(1) {
        if part.starts_with("--") {
            closed = true;
            break;
        }
        let (head, content) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        parts.push((name.to_owned(), content.strip_suffix("\r\n").unwrap_or(content).to_owned()));
    }
    closed.then_some(parts)
}

impl Call<'_> {
    fn perform(mut self, request: &Request) -> Result<Answer, ApiError> {
        let action = self.route.action.clone();
        let result = match action {
            Action::List => self.list(),
            Action::Read => self.read(),
            Action::ReadValue => self.read_value(),
            Action::Own(own) => self.own(own, request),
            Action::Sample => self.read_store(|call, store| call.parents(store)).map(|()| self.sampled()),
            _ => {
                let tenant = self.tenant;
                let mut store = tenant.store.write().unwrap_or_else(PoisonError::into_inner);
                self.parents(&store).and_then(|()| self.write(&mut store, &action))
            }
        };
        match result {
            // The request was valid: only the state stands against it.
            Err(error) if error.status < 500 && self.tenant.sample_refused => Ok(self.sampled()),
            other => other,
        }
    }

    fn write(&mut self, store: &mut Store, action: &Action) -> Result<Answer, ApiError> {
        match action {
            Action::Create => self.create(store),
            Action::Update => self.update(store),
            Action::Replace(upsert) => self.replace(store, *upsert),
            Action::Delete => self.delete(store),
            Action::Link(member) => self.link(store, member),
            Action::Unlink(member) => self.unlink(store, member),
            Action::ReplaceAll(member) => self.replace_all(store, member.as_deref()),
            Action::Clear => self.clear(store),
            Action::CreateValue => self.create_value(store),
            Action::MergeValue => self.merge_value(store),
            Action::PutValue => self.put_value(store),
            Action::DeleteValue => {
                store.remove_value(&self.path);
                Ok(self.done(None))
            }
            Action::List | Action::Read | Action::ReadValue | Action::Own(_) | Action::Sample => {
                Err(ApiError::internal("a reading operation was taken for a writing one"))
            }
        }
    }

    fn read_store<T>(&self, read: impl FnOnce(&Self, &Store) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let store = self.tenant.store.read().unwrap_or_else(PoisonError::into_inner);
        read(self, &store)
    }

    /// Every record on the way must exist: no roles of a user who is not there.
    fn parents(&self, store: &Store) -> Result<(), ApiError> {
        for template in &self.route.parents {
            let depth = template.matches("{}").count();
            let id = self.arguments.get(depth).map_or("", String::as_str);
            let path = concrete(template, &self.arguments);
            if !store.collection(&path).is_some_and(|collection| collection.contains(id)) {
                return Err(missing(template));
            }
        }
        Ok(())
    }

    /// The id of the record that the operation is about.
    fn id(&self) -> &str {
        self.arguments.last().map_or("", String::as_str)
    }

    fn types(&self) -> &[Type] {
        self.tenant.model.record_types.get(&self.route.target).map_or(&[], Vec::as_slice)
    }

    /// Whether a record may have a member: what no answer shows is not kept.
    fn knows(&self, name: &str) -> bool {
        let types = self.types();
        let schema = &self.tenant.model.schema;
        types.is_empty() || types.iter().any(|ty| self.is_open(ty) || schema.property(ty, name).is_some())
    }

    /// Whether a type is a map, with no properties of its own.
    fn is_open(&self, ty: &Type) -> bool {
        let (ty, _) = self.tenant.model.schema.resolve(ty);
        match &ty.kind {
            Kind::Any => true,
            Kind::Object { properties, extends, .. } => properties.is_empty() && extends.is_empty(),
            _ => false,
        }
    }

    fn body_map(&self) -> Map<String, Value> {
        self.body.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The success answer, with a body where the operation has one.
    fn done(&self, value: Option<&Value>) -> Answer {
        let operation = &self.route.operation;
        let statuses = &operation.statuses;
        match (value, &operation.response) {
            (Some(value), Some(response)) => {
                let status = statuses.iter().find(|status| **status != 204).copied().unwrap_or(200);
                let mut value = value.clone();
                self.tenant.model.schema.shape(response, &mut value);
                // Of a list, `fields` names members of the items, not of the envelope.
                if operation.paging.is_none()
                    && let Some(fields) = Fields::of(&self.query)
                {
                    fields.apply(&mut value);
                }
                Answer::json(status, &value)
            }
            (None, Some(response)) if !statuses.contains(&204) => {
                let sample = self.tenant.model.schema.sample(response);
                Answer::json(statuses.first().copied().unwrap_or(200), &sample).with("x-sandbox-sampled", "true")
            }
            _ => Answer::empty(
                statuses.iter().find(|status| **status == 204).or(statuses.first()).copied().unwrap_or(204),
            ),
        }
    }

    /// An answer made from the response type alone.
    fn sampled(&self) -> Answer {
        let answer = match &self.route.operation.response {
            Some(_) if self.route.operation.event_stream => self.events(None),
            Some(response) => {
                let mut sample = self.tenant.model.schema.sample(response);
                // The least envelope lacks even the items; a page that has none says so.
                if let (Some(paging), Value::Object(envelope)) = (&self.route.operation.paging, &mut sample) {
                    envelope.entry(paging.items.as_str()).or_insert_with(|| Value::Array(Vec::new()));
                }
                self.done(Some(&sample))
            }
            None => self.done(None),
        };
        answer.with("x-sandbox-sampled", "true")
    }

    fn list(&self) -> Result<Answer, ApiError> {
        self.read_store(|call, store| {
            call.parents(store)?;
            list::list(&call.tenant.model, store, call.route, &call.path, &call.query)
        })
    }

    fn read(&self) -> Result<Answer, ApiError> {
        let record = self.read_store(|call, store| {
            call.parents(store)?;
            let record = store.get(&call.path, call.id()).ok_or_else(|| missing(&call.route.target))?;
            Ok(match &call.route.join {
                Some(target) => list::joined(&call.tenant.model, call.types(), record, store.get(target, call.id())),
                None => record,
            })
        })?;
        Ok(self.done(Some(&record)))
    }

    fn create(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let body = self.body_map();
        let (id, record) = if self.route.target == USERS {
            users::create(store, &body, &self.now)?
        } else {
            self.new_record(store, body)?
        };
        store.put(&self.path, &id, &record);
        Ok(self.done(Some(&record)))
    }

    fn new_record(&self, store: &Store, body: Map<String, Value>) -> Result<(String, Value), ApiError> {
        let template = self.route.target.as_str();
        let given = body.get(&self.route.id_field).or_else(|| body.get("grant_id")).and_then(Value::as_str);
        let id = match given {
            Some(id) => id.to_owned(),
            None => ids::new_id(template)?,
        };
        if given.is_some() && store.collection(&self.path).is_some_and(|collection| collection.contains(&id)) {
            return Err(already_exists());
        }
        self.refuse_duplicate(store, &body, None)?;
        let mut record = Map::new();
        record.insert(self.route.id_field.clone(), json!(id));
        if let Some(Value::Object(grant)) = body.get("grant_id").and_then(|_| store.get("/client-grants", &id)) {
            record.extend(grant);
        }
        if let Some(Value::Object(connection)) = body.get("connection_id").and_then(|_| store.get("/connections", &id))
        {
            let shown = connection.into_iter().filter(|(name, _)| name == "name" || name == "strategy").collect();
            if self.knows("connection") {
                record.insert("connection".to_owned(), Value::Object(shown));
            }
        }
        record.extend(body.into_iter().filter(|(name, value)| !value.is_null() && self.knows(name)));
        if template == "/clients" {
            record.insert("client_secret".to_owned(), json!(ids::letters(64)?));
        }
        self.stamp(&mut record, &["created_at", "updated_at", "createdAt", "updatedAt"]);
        let mut record = Value::Object(record);
        self.tenant.model.complete(&self.route.target, &mut record);
        Ok((id, record))
    }

    /// Sets the times that the record's types know of.
    fn stamp(&self, record: &mut Map<String, Value>, names: &[&str]) {
        let schema = &self.tenant.model.schema;
        for name in names {
            let ty = self.types().iter().find_map(|ty| schema.property(ty, name)).map(|property| property.ty);
            if ty.is_some_and(|ty| schema.check(&ty, &json!(self.now)).is_ok()) {
                record.insert((*name).to_owned(), json!(self.now));
            }
        }
    }

    fn refuse_duplicate(&self, store: &Store, body: &Map<String, Value>, own: Option<&str>) -> Result<(), ApiError> {
        let fields = UNIQUE.iter().filter(|(template, _)| *template == self.route.target);
        for (_, field) in fields {
            let Some(wanted) = body.get(*field).filter(|value| !value.is_null()) else { continue };
            let same = |record: &Value| {
                record.get(*field) == Some(wanted) && record.get(&self.route.id_field).and_then(Value::as_str) != own
            };
            if store.all(&self.path).iter().any(same) {
                return Err(already_exists());
            }
        }
        Ok(())
    }

    fn update(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let id = self.id().to_owned();
        let body = self.body_map();
        let Some(Value::Object(mut record)) = store.get(&self.path, &id) else {
            return Err(missing(&self.route.target));
        };
        if self.route.target == USERS {
            users::update(store, &id, &mut record, &body)?;
        } else {
            self.refuse_duplicate(store, &body, Some(&id))?;
            self.merge(&mut record, &body);
        }
        self.stamp(&mut record, &["updated_at", "updatedAt"]);
        let mut record = Value::Object(record);
        self.tenant.model.complete(&self.route.target, &mut record);
        store.put(&self.path, &id, &record);
        Ok(self.done(Some(&record)))
    }

    /// Merges a PATCH: a null removes the member, some objects are merged, everything else is replaced.
    fn merge(&self, record: &mut Map<String, Value>, body: &Map<String, Value>) {
        for (name, value) in body {
            if *name == self.route.id_field && record.contains_key(name) || !self.knows(name) {
                continue;
            }
            if MERGED.contains(&name.as_str()) {
                users::merge_one_level(record, name, value);
            } else if value.is_null() {
                record.shift_remove(name);
            } else {
                record.insert(name.clone(), value.clone());
            }
        }
    }

    fn replace(&mut self, store: &mut Store, upsert: bool) -> Result<Answer, ApiError> {
        let id = self.id().to_owned();
        let old = store.get(&self.path, &id);
        if old.is_none() && !upsert {
            return Err(missing(&self.route.target));
        }
        let mut record = Map::new();
        record.insert(self.route.id_field.clone(), json!(id));
        record.extend(self.body_map().into_iter().filter(|(name, value)| !value.is_null() && self.knows(name)));
        record.insert(self.route.id_field.clone(), json!(id));
        if let Some(created) = old.as_ref().and_then(|old| old.get("created_at")) {
            record.insert("created_at".to_owned(), created.clone());
        } else {
            self.stamp(&mut record, &["created_at"]);
        }
        self.stamp(&mut record, &["updated_at"]);
        let mut record = Value::Object(record);
        self.tenant.model.complete(&self.route.target, &mut record);
        store.put(&self.path, &id, &record);
        Ok(self.done(Some(&record)))
    }

    fn delete(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let id = self.id().to_owned();
        self.unmirror(store, &id);
        match store.remove(&self.path, &id) {
            Some(record) => {
                store.unlink(&self.route.target, &id);
                Ok(if self.route.operation.response.is_some() { self.done(Some(&record)) } else { self.done(None) })
            }
            // Auth0 answers 204 for a user who is not there.
            None if self.route.target == USERS => Ok(self.done(None)),
            None => Err(missing(&self.route.target)),
        }
    }

    /// What the body's array names, each with its id.
    fn named(&self, member: Option<&str>) -> Result<Vec<Named>, ApiError> {
        let list = match (member, &self.body) {
            (Some(member), Some(body)) => body.get(member).and_then(Value::as_array),
            (None, Some(body)) => body.as_array(),
            (_, None) => None,
        };
        list.into_iter()
            .flatten()
            .map(|item| match item {
                Value::Object(map) => {
                    let map: Map<String, Value> = map.iter().filter(|(name, _)| self.knows(name)).map(own).collect();
                    let id = match map.get(&self.route.id_field).and_then(Value::as_str) {
                        Some(id) => id.to_owned(),
                        // Permissions have no id: what they say tells them apart.
                        None if self.types_have_id() => ids::new_id(&self.route.target)?,
                        None => map.values().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
                    };
                    Ok((id, map))
                }
                other => Ok((other.as_str().map_or_else(|| other.to_string(), str::to_owned), Map::new())),
            })
            .collect()
    }

    fn types_have_id(&self) -> bool {
        self.types().iter().any(|ty| self.tenant.model.schema.property(ty, &self.route.id_field).is_some())
    }

    fn put_link(&self, store: &mut Store, id: &str, members: Map<String, Value>) {
        let mut record = Map::new();
        if self.types().is_empty() || self.types_have_id() {
            record.insert(self.route.id_field.clone(), json!(id));
        }
        record.extend(members);
        let mut record = Value::Object(record);
        if self.route.join.is_none() {
            self.tenant.model.complete(&self.route.target, &mut record);
        }
        store.put(&self.path, id, &record);
        if let (Some(other), Some(own)) = (mirror(&self.route.target), self.arguments.first()) {
            let key_name = self.tenant.model.id_field(other);
            store.put(&concrete(other, &[id.to_owned()]), own, &json!({ key_name: own }));
        }
    }

    fn link(&mut self, store: &mut Store, member: &str) -> Result<Answer, ApiError> {
        let named = self.named(Some(member))?;
        if let Some(target) = &self.route.join {
            let known = |id: &str| store.collection(target).is_some_and(|collection| collection.contains(id));
            if named.iter().any(|(id, _)| !known(id)) && !self.tenant.sample_refused {
                return Err(missing(target));
            }
        }
        for (id, members) in named.clone() {
            self.put_link(store, &id, members);
        }
        let shown = named.iter().filter_map(|(id, _)| {
            let link = store.get(&self.path, id)?;
            let target = self.route.join.as_ref().and_then(|target| store.get(target, id));
            Some(list::joined(&self.tenant.model, self.types(), link, target))
        });
        let shown = Value::Array(shown.collect());
        let lists =
            self.route.operation.response.as_ref().is_some_and(|ty| self.tenant.model.schema.items(ty).is_some());
        Ok(self.done(lists.then_some(&shown)))
    }

    fn unlink(&mut self, store: &mut Store, member: &str) -> Result<Answer, ApiError> {
        for (id, _) in self.named(Some(member))? {
            store.remove(&self.path, &id);
            if let (Some(other), Some(own)) = (mirror(&self.route.target), self.arguments.first()) {
                store.remove(&concrete(other, std::slice::from_ref(&id)), own);
            }
        }
        Ok(self.done(None))
    }

    /// Takes a record that goes out of the other ends of its links.
    fn unmirror(&self, store: &mut Store, id: &str) {
        for (template, _) in self.tenant.model.record_types.iter() {
            let own = template.strip_prefix(&self.route.target).is_some_and(|rest| rest.starts_with("/{}/"));
            let Some(other) = mirror(template).filter(|_| own) else { continue };
            let path = concrete(template, &[id.to_owned()]);
            let linked: Vec<String> = store
                .collection(&path)
                .map_or_else(Vec::new, |collection| collection.after(None).map(|(_, id, _)| id.to_string()).collect());
            for other_id in linked {
                store.remove(&concrete(other, &[other_id]), id);
            }
        }
    }

    fn replace_all(&mut self, store: &mut Store, member: Option<&str>) -> Result<Answer, ApiError> {
        let named = self.named(member)?;
        store.clear(&self.path);
        for (id, members) in named {
            self.put_link(store, &id, members);
        }
        let all = store.all(&self.path);
        let schema = &self.tenant.model.schema;
        let Some(response) = &self.route.operation.response else { return Ok(self.done(None)) };
        if schema.items(response).is_some() {
            return Ok(self.done(Some(&Value::Array(all))));
        }
        let mut envelope = schema.sample(response);
        let items = schema.properties(response).iter().find(|property| schema.items(&property.ty).is_some()).cloned();
        if let (Some(items), Some(map)) = (items, envelope.as_object_mut()) {
            map.insert(items.name, Value::Array(all));
        }
        Ok(self.done(Some(&envelope)))
    }

    /// Removes the records whose members equal the query's.
    fn clear(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let matches = |record: &Value| self.query.iter().all(|(name, wanted)| record.get(name) == Some(wanted));
        let ids: Vec<String> = match store.collection(&self.path) {
            Some(collection) => collection
                .after(None)
                .filter(|(_, _, record)| crate::store::parse(record).is_some_and(|record| matches(&record)))
                .map(|(_, id, _)| id.to_string())
                .collect(),
            None => Vec::new(),
        };
        ids.iter().for_each(|id| drop(store.remove(&self.path, id)));
        Ok(self.done(None))
    }

    fn read_value(&self) -> Result<Answer, ApiError> {
        let stored = self.read_store(|call, store| {
            call.parents(store)?;
            Ok(store.value(&call.path))
        })?;
        match stored {
            Some(value) => Ok(self.done(Some(&value))),
            None if self.tenant.model.creatable.contains(&self.route.target) => Err(ApiError::not_found()),
            None => Ok(self.sampled()),
        }
    }

    fn create_value(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        match store.value(&self.path) {
            Some(_) if self.tenant.model.creatable.contains(&self.route.target) => Err(already_exists()),
            _ => self.merge_into(store, &["created_at", "updated_at", "created_on", "updated_on"]),
        }
    }

    fn merge_value(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        if store.value(&self.path).is_none() && self.tenant.model.creatable.contains(&self.route.target) {
            return Err(ApiError::not_found());
        }
        self.merge_into(store, &["updated_at", "updated_on"])
    }

    fn merge_into(&mut self, store: &mut Store, times: &[&str]) -> Result<Answer, ApiError> {
        let value = match self.body.clone() {
            Some(Value::Object(body)) => {
                let mut stored = match store.value(&self.path) {
                    Some(Value::Object(map)) => map,
                    _ => Map::new(),
                };
                self.merge(&mut stored, &body);
                self.stamp(&mut stored, times);
                Value::Object(stored)
            }
            Some(other) => other,
            None => json!({}),
        };
        self.keep_value(store, value)
    }

    fn put_value(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let value = match self.body.clone() {
            Some(Value::Object(body)) => {
                let known = body.into_iter().filter(|(name, value)| !value.is_null() && self.knows(name));
                Value::Object(known.collect())
            }
            Some(other) => other,
            None => json!({}),
        };
        self.keep_value(store, value)
    }

    fn keep_value(&self, store: &mut Store, mut value: Value) -> Result<Answer, ApiError> {
        self.tenant.model.complete(&self.route.target, &mut value);
        store.set_value(&self.path, &value);
        let shown = self.route.operation.response.is_some().then_some(&value);
        Ok(self.done(shown))
    }

    fn own(&mut self, own: Own, request: &Request) -> Result<Answer, ApiError> {
        match own {
            Own::UsersByEmail => {
                let email = self.query.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
                let users = self.read_store(|_, store| {
                    Ok(store.users_by_email(&email).iter().filter_map(|id| store.get(USERS, id)).collect::<Vec<_>>())
                })?;
                let fields = Fields::of(&self.query);
                let shown = users.into_iter().map(|mut user| {
                    fields.iter().for_each(|fields| fields.apply(&mut user));
                    user
                });
                Ok(Answer::json(200, &Value::Array(shown.collect())))
            }
            Own::FindBy(field) => {
                let wanted = self.id().to_owned();
                let all = self.read_store(|call, store| call.parents(store).map(|()| store.all(&call.path)))?;
                let found = all.into_iter().find(|one| one.get(field).and_then(Value::as_str) == Some(&wanted));
                found.map(|record| self.done(Some(&record))).ok_or_else(|| missing(&self.route.target))
            }
            Own::First => {
                let all = self.read_store(|call, store| Ok(store.all(&call.path)))?;
                all.first().map(|record| self.done(Some(record))).ok_or_else(|| missing(&self.route.target))
            }
            Own::Events => {
                let last = request.header("last-event-id").map(str::to_owned);
                let from = self.query.get("from").and_then(Value::as_str).map(str::to_owned);
                Ok(self.events(last.or(from).as_deref()).with("x-sandbox-sampled", "true"))
            }
            Own::Nothing => {
                self.read_store(|call, store| call.parents(store))?;
                Ok(self.done(None))
            }
            writing => {
                let tenant = self.tenant;
                let mut store = tenant.store.write().unwrap_or_else(PoisonError::into_inner);
                self.parents(&store)?;
                self.own_write(&mut store, writing)
            }
        }
    }

    fn own_write(&mut self, store: &mut Store, own: Own) -> Result<Answer, ApiError> {
        match own {
            Own::ConnectionClients => {
                for (id, members) in self.named_clients() {
                    if members {
                        store.put(&self.path, &id, &json!({ "client_id": id }));
                    } else {
                        store.remove(&self.path, &id);
                    }
                }
                Ok(self.done(None))
            }
            Own::ConnectionUser => {
                let email = self.query.get("email").and_then(Value::as_str).unwrap_or_default();
                let connection = store.get("/connections", self.id()).unwrap_or_default();
                let name = connection.get("name").and_then(Value::as_str).unwrap_or_default();
                let of_it = |id: &&std::sync::Arc<str>| {
                    store.get(USERS, id).is_some_and(|user| users::in_connection(&user, name))
                };
                let found: Vec<String> =
                    store.users_by_email(email).iter().filter(of_it).map(|id| id.to_string()).collect();
                for id in found {
                    store.remove(USERS, &id);
                    store.unlink(USERS, &id);
                }
                Ok(self.done(None))
            }
            Own::RemoveNames => {
                if let Some(Value::Object(mut map)) = store.value(&self.path) {
                    let names = self.body.as_ref().and_then(Value::as_array);
                    names.into_iter().flatten().filter_map(Value::as_str).for_each(|name| drop(map.shift_remove(name)));
                    store.set_value(&self.path, &Value::Object(map));
                }
                Ok(self.done(None))
            }
            Own::RotateSecret => {
                let id = self.id().to_owned();
                let mut client = store.get(&self.path, &id).ok_or_else(|| missing(&self.route.target))?;
                if let Some(map) = client.as_object_mut() {
                    map.insert("client_secret".to_owned(), json!(ids::letters(64)?));
                }
                store.put(&self.path, &id, &client);
                Ok(self.done(Some(&client)))
            }
            Own::Job => {
                let body: Map<String, Value> =
                    self.body_map().into_iter().filter(|(name, _)| name != "users").collect();
                let (id, mut job) = self.new_record(store, body)?;
                let kind = self.route.operation.path.rsplit('/').next().unwrap_or_default().replace('-', "_");
                if let Some(map) = job.as_object_mut() {
                    map.insert("status".to_owned(), json!("pending"));
                    map.insert(
                        "type".to_owned(),
                        json!(kind.replace("users_exports", "users_export").replace("users_imports", "users_import")),
                    );
                    map.insert("created_at".to_owned(), json!(self.now));
                }
                store.put(&self.path, &id, &job);
                Ok(self.done(Some(&job)).with("x-sandbox-sampled", "true"))
            }
            Own::UsersByEmail | Own::FindBy(_) | Own::First | Own::Events | Own::Nothing => {
                Err(ApiError::internal("a reading operation was taken for a writing one"))
            }
        }
    }

    /// The clients that `PATCH /connections/{id}/clients` names, and whether each is switched on.
    fn named_clients(&self) -> Vec<(String, bool)> {
        let list = self.body.as_ref().and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|item| {
                let on = item.get("status").and_then(Value::as_bool).unwrap_or(true);
                Some((item.get("client_id")?.as_str()?.to_owned(), on))
            })
            .collect()
    }

    /// Two server-sent events with ids; those behind the one that was received last.
    fn events(&self, last: Option<&str>) -> Answer {
        let sample = self.route.operation.response.as_ref().map(|ty| self.tenant.model.schema.sample(ty));
        let name = sample.as_ref().and_then(|event| event.get("type")).and_then(Value::as_str).unwrap_or("message");
        let data = sample.clone().unwrap_or_default().to_string();
        let all = ["evt-1", "evt-2"];
        let start = last.and_then(|last| all.iter().position(|id| *id == last)).map_or(0, |index| index + 1);
        let text: String = all[start..].iter().map(|id| format!("id: {id}\nevent: {name}\ndata: {data}\n\n")).collect();
        Answer::of(200, "text/event-stream", text).with("cache-control", "no-cache")
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn missing(template: &str) -> ApiError {
    match template {
        USERS => ApiError::new(404, "The user does not exist.", "inexistent_user"),
        "/clients" => ApiError::new(404, "The client does not exist", "inexistent_client"),
        "/connections" => ApiError::new(404, "The connection does not exist", "inexistent_connection"),
        "/organizations" => ApiError::new(404, "No organization found by that id or name", "inexistent_organization"),
        _ => ApiError::not_found(),
    }
}

fn already_exists() -> ApiError {
    ApiError::new(409, "A record with this name or id exists already.", "conflict")
}
