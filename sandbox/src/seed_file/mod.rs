//! A seed from a file: JSON or YAML, with the names of an Auth0 Deploy CLI export (`tenant.yaml`) and, beside them, `users`.
//!
//! Each entry is a request to the Management API, so that a seed is held to the same rules; what is refused is told with its
//! line. Where the API wants ids, names are taken too. Entries whose name is there already change what is there.

use crate::error::SandboxError;
use crate::management::apply;
use crate::store::USERS;
use crate::tenant::Tenant;
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Value, json};

/// The sections, in the order in which one can name the other: collection, and the member that tells entries apart.
const SECTIONS: &[(&[&str], &str, &str)] = &[
    (&["resourceServers", "resource_servers"], "/resource-servers", "identifier"),
    (&["roles"], "/roles", "name"),
    (&["clients"], "/clients", "name"),
    (&["databases", "connections"], "/connections", "name"),
    (&["clientGrants", "client_grants"], "/client-grants", ""),
    (&["actions"], "/actions/actions", "name"),
    (&["organizations"], "/organizations", "name"),
    (&["users"], USERS, ""),
];

/// An entry and the line that it begins at.
struct Entry {
    line: usize,
    body: Map<String, Value>,
}

/// A seed, and what it is called in messages.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn read(path: &std::path::Path) -> Result<Self, SandboxError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| SandboxError::Seed(format!("{name}: {error}")))?;
        Ok(Self { name, text })
    }
}

/// Puts what a seed says into a fresh tenant.
pub(crate) fn load(tenant: &Tenant, source: &Source) -> Result<(), SandboxError> {
    let Source { name, text } = source;
    sow(tenant, text).map_err(|(line, problem)| SandboxError::Seed(format!("{name}:{line}: {problem}")))
}

/// What is wrong, and where.
type Problem = (usize, String);

fn sow(tenant: &Tenant, text: &str) -> Result<(), Problem> {
    // Every JSON text is YAML.
    let documents =
        MarkedYaml::load_from_str(text).map_err(|error| (error.marker().line(), error.info().to_owned()))?;
    let root = documents.first().ok_or((1, "the file is empty".to_owned()))?;
    let YamlData::Mapping(sections) = &root.data else {
        return Err((root.span.start.line(), "the file is not an object of sections".to_owned()));
    };
    let mut known: Vec<(String, &MarkedYaml<'_>)> = Vec::new();
    for (name, value) in sections {
        let line = name.span.start.line();
        let name = name.data.as_str().ok_or((line, "the name of a section is not a text".to_owned()))?;
        let names = || SECTIONS.iter().flat_map(|(names, ..)| names.iter().copied()).chain(["tenant"]);
        if !names().any(|known| known == name) {
            let all: Vec<&str> = names().collect();
            return Err((line, format!("there is no section {name:?}; there are {}", all.join(", "))));
        }
        known.push((name.to_owned(), value));
    }
    for (_, value) in known.iter().filter(|(name, _)| name == "tenant") {
        let entry = Entry { line: value.span.start.line(), body: object(value)? };
        send(tenant, entry.line, "PATCH", "/tenants/settings", &entry.body.into())?;
    }
    for (names, collection, unique) in SECTIONS {
        for (name, value) in known.iter().filter(|(name, _)| names.contains(&name.as_str())) {
            let YamlData::Sequence(list) = &value.data else {
                return Err((value.span.start.line(), format!("{name} is not a list")));
            };
            for item in list {
                let mut entry = Entry { line: item.span.start.line(), body: object(item)? };
                if name == "databases" {
                    entry.body.entry("strategy").or_insert(json!("auth0"));
                }
                put(tenant, collection, unique, entry)?;
            }
        }
    }
    Ok(())
}

fn object(node: &MarkedYaml<'_>) -> Result<Map<String, Value>, Problem> {
    match value(node)? {
        Value::Object(map) => Ok(map),
        _ => Err((node.span.start.line(), "an object is expected here".to_owned())),
    }
}

fn value(node: &MarkedYaml<'_>) -> Result<Value, Problem> {
    let line = node.span.start.line();
    Ok(match &node.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(value)) => json!(value),
        YamlData::Value(Scalar::Integer(value)) => json!(value),
        YamlData::Value(Scalar::FloatingPoint(value)) => json!(value.0),
        YamlData::Value(Scalar::String(text)) => json!(text),
        YamlData::Sequence(list) => Value::Array(list.iter().map(value).collect::<Result<_, _>>()?),
        YamlData::Mapping(map) => {
            let mut object = Map::new();
            for (name, member) in map {
                let text = match value(name)? {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                object.insert(text, value(member)?);
            }
            Value::Object(object)
        }
        _ => return Err((line, "tags and aliases are not known here".to_owned())),
    })
}

/// A request to the Management API, whose refusal is a problem of the line.
fn send(tenant: &Tenant, line: usize, method: &str, path: &str, body: &Value) -> Result<Value, Problem> {
    let answer = apply(tenant, method, path, body);
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status < 300 {
        return Ok(said);
    }
    let message = said.get("message").and_then(Value::as_str).unwrap_or("it was refused");
    Err((line, format!("{method} {path}: {message}")))
}

/// The id of a record, by its id or by one of its members.
fn id_of(tenant: &Tenant, collection: &str, member: &str, wanted: &str) -> Option<String> {
    let store = tenant.store.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    if store.get(collection, wanted).is_some() {
        return Some(wanted.to_owned());
    }
    if collection == USERS {
        return store.users_by_login(wanted).first().map(|id| id.to_string());
    }
    let field = tenant.model.id_field(collection);
    let all = store.all(collection);
    let found = all.iter().find(|one| one.get(member).and_then(Value::as_str) == Some(wanted))?;
    found.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// The texts of a list that is taken out of an entry.
fn take_list(body: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match body.shift_remove(name) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn put(tenant: &Tenant, collection: &str, unique: &str, entry: Entry) -> Result<(), Problem> {
    let Entry { line, mut body } = entry;
    let unknown = |what: &str, name: &str| (line, format!("there is no {what} {name:?}"));
    let resolve = |collection: &str, member: &str, what: &str, wanted: &Value| {
        let name = wanted.as_str().or_else(|| wanted.get(member).and_then(Value::as_str)).unwrap_or_default();
        id_of(tenant, collection, member, name).ok_or_else(|| unknown(what, name))
    };
    let mut links: Vec<(String, Value)> = Vec::new();
    let fixed = (
        body.shift_remove("client_secret"),
        if collection == "/clients" { body.shift_remove("client_id") } else { None },
    );
    match collection {
        "/roles" => {
            let permissions = take_list(&mut body, "permissions");
            if !permissions.is_empty() {
                links.push(("permissions".to_owned(), json!({ "permissions": permissions })));
            }
        }
        "/connections" => {
            let clients = take_list(&mut body, "enabled_clients");
            let ids = clients.iter().map(|client| resolve("/clients", "name", "client", client));
            let ids = ids.collect::<Result<Vec<_>, _>>()?;
            if !ids.is_empty() {
                body.insert("enabled_clients".to_owned(), json!(ids));
            }
        }
        "/client-grants" => {
            let client = body.get("client_id").cloned().unwrap_or_default();
            body.insert("client_id".to_owned(), json!(resolve("/clients", "name", "client", &client)?));
        }
        "/organizations" => {
            let members = take_list(&mut body, "members");
            let ids =
                members.iter().map(|user| resolve(USERS, "email", "user", user)).collect::<Result<Vec<_>, _>>()?;
            if !ids.is_empty() {
                links.push(("members".to_owned(), json!({ "members": ids })));
            }
            for mut connection in take_list(&mut body, "connections") {
                let id = resolve("/connections", "name", "connection", &connection)?;
                if let Some(map) = connection.as_object_mut() {
                    map.shift_remove("name");
                    map.insert("connection_id".to_owned(), json!(id));
                }
                links.push(("enabled_connections".to_owned(), connection));
            }
        }
        USERS => {
            body.entry("connection").or_insert(json!(crate::seed::CONNECTION));
            let roles = take_list(&mut body, "roles");
            let ids =
                roles.iter().map(|role| resolve("/roles", "name", "role", role)).collect::<Result<Vec<_>, _>>()?;
            if !ids.is_empty() {
                links.push(("roles".to_owned(), json!({ "roles": ids })));
            }
            let permissions = take_list(&mut body, "permissions");
            if !permissions.is_empty() {
                links.push(("permissions".to_owned(), json!({ "permissions": permissions })));
            }
            for organization in take_list(&mut body, "organizations") {
                let id = resolve("/organizations", "name", "organization", &organization)?;
                links.push((format!("/organizations/{id}/members"), Value::Null));
            }
        }
        _ => {}
    }
    let name = body.get(unique).and_then(Value::as_str).map(str::to_owned);
    let known = name.as_ref().filter(|_| !unique.is_empty()).and_then(|name| id_of(tenant, collection, unique, name));
    let field = tenant.model.id_field(collection).to_owned();
    let mut id = match known {
        Some(id) => {
            // What a PATCH does not take: the name, and what never changes.
            for name in [unique, "strategy"] {
                body.shift_remove(name);
            }
            if !body.is_empty() {
                send(tenant, line, "PATCH", &format!("{collection}/{}", crate::message::encode(&id)), &body.into())?;
            }
            id
        }
        None => {
            let made = send(tenant, line, "POST", collection, &body.into())?;
            made.get(&field).and_then(Value::as_str).unwrap_or_default().to_owned()
        }
    };
    if let ("/clients", (secret, wanted)) = (collection, fixed) {
        id = rename(tenant, &id, secret, wanted);
    }
    for (path, body) in links {
        if path.starts_with('/') {
            send(tenant, line, "POST", &path, &json!({ "members": [id] }))?;
        } else {
            let path = format!("{collection}/{}/{path}", crate::message::encode(&id));
            send(tenant, line, "POST", &path, &body)?;
        }
    }
    Ok(())
}

/// Gives a client the id and the secret that the seed wants: a test's configuration can then be fixed.
fn rename(tenant: &Tenant, id: &str, secret: Option<Value>, wanted: Option<Value>) -> String {
    let mut store = tenant.change();
    let Some(mut record) = store.get("/clients", id) else { return id.to_owned() };
    secret.into_iter().for_each(|secret| record["client_secret"] = secret);
    let new = wanted.as_ref().and_then(Value::as_str).unwrap_or(id).to_owned();
    record["client_id"] = json!(new);
    if new != id {
        store.remove("/clients", id);
    }
    store.put("/clients", &new, &record);
    new
}
