//! One entry of a seed: the names in it become ids, and it becomes requests to the Management API.

use super::{Entry, Outcome, Sources, send};
use crate::store::USERS;
use crate::tenant::Tenant;
use serde_json::{Map, Value, json};

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

/// What an export says of an action beyond what it is made with.
const OF_ACTIONS: [&str; 5] =
    ["status", "current_version", "deployed", "all_changes_deployed", "installed_integration_id"];

pub(super) fn put(tenant: &Tenant, sources: &Sources, collection: &str, unique: &str, entry: Entry) -> Outcome<()> {
    let Entry { at, mut body } = entry;
    let unknown = |what: &str, name: &str| (at, format!("there is no {what} {name:?}"));
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
        "/actions/actions" => {
            let built = body.get("status").and_then(Value::as_str) == Some("built");
            let deployed = body.get("deployed").and_then(Value::as_bool);
            if deployed.unwrap_or(built || body.contains_key("current_version")) {
                links.push(("deploy".to_owned(), Value::Null));
            }
            for name in OF_ACTIONS {
                body.shift_remove(name);
            }
            let code = body.get("code").and_then(Value::as_str).and_then(|path| sources.code(path)).map(str::to_owned);
            code.into_iter().for_each(|code| drop(body.insert("code".to_owned(), json!(code))));
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
                send(tenant, at, "PATCH", &format!("{collection}/{}", crate::message::encode(&id)), &body.into())?;
            }
            id
        }
        None => {
            let made = send(tenant, at, "POST", collection, &body.into())?;
            made.get(&field).and_then(Value::as_str).unwrap_or_default().to_owned()
        }
    };
    if let ("/clients", (secret, wanted)) = (collection, fixed) {
        id = rename(tenant, &id, secret, wanted);
    }
    for (path, body) in links {
        if path == "deploy" {
            send(tenant, at, "POST", &format!("{collection}/{}/deploy", crate::message::encode(&id)), &Value::Null)?;
        } else if path.starts_with('/') {
            send(tenant, at, "POST", &path, &json!({ "members": [id] }))?;
        } else {
            let path = format!("{collection}/{}/{path}", crate::message::encode(&id));
            send(tenant, at, "POST", &path, &body)?;
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
