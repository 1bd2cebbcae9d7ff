//! The Management API: checks a request against the description and does what its operation means.

mod body;
mod links;
mod own;
mod records;
mod rules;
mod singletons;
mod special;
mod values;

use crate::auth;
use crate::auth::Grant;
use crate::clock::iso8601;
use crate::error::ApiError;
use crate::ids;
use crate::list::{self, Fields};
use crate::logs::Operated;
use crate::message::{Answer, Request, form_pairs};
use crate::model::{Action, DERIVED, Own, Route, concrete, mirror};
use crate::store::{Store, USERS};
use crate::tenant::Tenant;
use crate::users;
use auth0_api_description::{BodyKind, Kind, Method, Type};
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
    request: &'a Request,
    /// Whose token it came with; `None` for what the sandbox does itself.
    grant: Option<&'a Grant>,
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
    let call = if scopes.is_empty() || scopes.iter().any(|scope| grant.scopes.contains(scope)) {
        checked(tenant, route, arguments, request, Some(&grant))
    } else {
        let message = format!("Insufficient scope, expected any of: {}", scopes.join(","));
        Err(ApiError::new(403, message, "insufficient_scope"))
    };
    match call {
        Ok(call) => call.perform(),
        Err(error) => {
            // What is refused before the state is looked at is in the log, too.
            if route.operation.method != Method::Get {
                let operation = Operated { request, route, grant: &grant, body: None };
                operation.log(&mut tenant.change(), tenant.clock.now_ms(), error.status, Some(&error.message));
            }
            Err(error)
        }
    }
}

/// Does what a request of the sandbox itself says.
pub(crate) fn apply(tenant: &Tenant, method: &str, path: &str, body: &Value) -> Answer {
    let request = Request {
        method: method.to_owned(),
        path: format!("{BASE}{path}"),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        ..Request::default()
    };
    let found = tenant.model.find(method, path).ok_or_else(ApiError::not_found);
    let call = found.and_then(|(route, arguments)| checked(tenant, route, arguments, &request, None));
    let result = call.and_then(Call::perform);
    result.unwrap_or_else(|error| error.answer())
}

/// Holds a request against the description.
fn checked<'a>(
    tenant: &'a Tenant,
    route: &'a Route,
    arguments: Vec<String>,
    request: &'a Request,
    grant: Option<&'a Grant>,
) -> Result<Call<'a>, ApiError> {
    let schema = &tenant.model.schema;
    for (name, argument) in route.operation.path_parameters().iter().zip(&arguments) {
        let ty = route.operation.path_type(name);
        schema
            .check(&ty, &schema.coerce(&ty, argument))
            .map_err(|problem| ApiError::invalid_path(format!("{problem} on property {name}")))?;
    }
    let query = schema.read_query(&route.operation.query, &request.query_pairs()).map_err(ApiError::invalid_query)?;
    let body = body::read_body(tenant, route, request)?;
    let path = concrete(&route.target, &arguments);
    let now = iso8601(tenant.clock.now_ms());
    Ok(Call { tenant, route, arguments, query, body, path, now, request, grant })
}

impl Call<'_> {
    fn perform(mut self) -> Result<Answer, ApiError> {
        let result = match (special::find(&self.route.operation.id), self.route.action.clone()) {
            (Some(act), _) => self.special(act),
            (None, Action::List) => self.list(),
            (None, Action::Read) => self.read(),
            (None, Action::ReadValue) => self.read_value(),
            (None, Action::Own(own)) => self.own(own),
            (None, Action::Sample) => self.read_store(|call, store| call.parents(store)).map(|()| self.sampled()),
            (None, action) => self.change(|call, store| call.write(store, &action)),
        };
        match result {
            // The request was valid: only the state stands against it.
            Err(error) if error.status < 500 && self.tenant.sample_refused => Ok(self.sampled()),
            other => other,
        }
    }

    /// Changes the state, and writes into the tenant's log what came of it.
    fn change(
        &mut self,
        act: impl FnOnce(&mut Self, &mut Store) -> Result<Answer, ApiError>,
    ) -> Result<Answer, ApiError> {
        let tenant = self.tenant;
        let mut store = tenant.change();
        let result = self.parents(&store).and_then(|()| act(self, &mut store));
        if let Some(grant) = self.grant
            && self.route.operation.method != Method::Get
        {
            let (status, problem) = match &result {
                Ok(answer) => (answer.status, None),
                Err(error) => (error.status, Some(error.message.as_str())),
            };
            let operation = Operated { request: self.request, route: self.route, grant, body: self.body.as_ref() };
            operation.log(&mut store, tenant.clock.now_ms(), status, problem);
        }
        result
    }

    fn special(&mut self, act: special::Act) -> Result<Answer, ApiError> {
        let tenant = self.tenant;
        self.change(|call, store| {
            let mut flows = tenant.flows.lock().unwrap_or_else(PoisonError::into_inner);
            act(&mut special::Deed { call, store, flows: &mut flows })
        })
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
            // Their records are the keys themselves.
            if template == "/keys/signing" {
                continue;
            }
            let depth = template.matches("{}").count();
            let id = self.arguments.get(depth).map_or("", String::as_str);
            let derived = DERIVED.iter().find(|(known, _)| known == template);
            let path = derived.map_or_else(|| concrete(template, &self.arguments), |(_, kept)| (*kept).to_owned());
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
            Some(response) if self.route.operation.event_stream => {
                let sample = self.tenant.model.schema.sample(response);
                Answer::of(200, "text/event-stream", format!("data: {sample}\n\n"))
            }
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
}

/// Whether an operation does something of its own.
#[cfg(test)]
pub(crate) fn is_special(operation: &str) -> bool {
    special::find(operation).is_some()
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
