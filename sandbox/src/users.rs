//! What users do that other records do not: identities, metadata, one email address per connection.

use crate::error::ApiError;
use crate::ids;
use crate::store::{Store, USERS};
use serde_json::{Map, Value, json};

/// Members of a request that are about the request and not about the user.
const NOT_STORED: &[&str] =
    &["connection", "password", "verify_email", "verify_phone_number", "client_id", "verify_password"];

/// A new user from the body of a request.
pub(crate) fn create(store: &Store, body: &Map<String, Value>, now: &str) -> Result<(String, Value), ApiError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let connection = text("connection").unwrap_or_default();
    let strategy = strategy_of(store, connection)
        .ok_or_else(|| ApiError::new(400, "The connection does not exist.", "inexistent_connection"))?;
    for name in ["email", "username", "phone_number"].iter().filter_map(|name| text(name)) {
        refuse_taken_login(store, name, connection, None)?;
    }
    if text("email").is_none() && text("username").is_none() && text("phone_number").is_none() && strategy == "auth0" {
        return Err(ApiError::invalid_body("Missing required property: email"));
    }
    let own_id = match text("user_id").filter(|id| !id.is_empty()) {
        Some(id) => id.to_owned(),
        None => ids::hex(24)?,
    };
    let user_id = format!("{strategy}|{own_id}");
    if store.collection(USERS).is_some_and(|users| users.contains(&user_id)) {
        return Err(already_exists());
    }
    let mut user = Map::new();
    let mut put = |name: &str, value: Value| {
        user.insert(name.to_owned(), value);
    };
    put("user_id", json!(user_id));
    let name = text("email").or(text("username")).or(text("phone_number")).unwrap_or_default();
    let local = name.split('@').next().unwrap_or(name);
    put("created_at", json!(now));
    put("updated_at", json!(now));
    put("name", json!(name));
    put("nickname", json!(local));
    put("picture", json!(picture(local)));
    if text("email").is_some() {
        put("email_verified", json!(false));
    }
    if text("phone_number").is_some() {
        put("phone_verified", json!(false));
    }
    let identity = json!({ "connection": connection, "user_id": own_id, "provider": strategy, "isSocial": false });
    put("identities", json!([identity]));
    let stored = body.iter().filter(|(name, value)| !NOT_STORED.contains(&name.as_str()) && !value.is_null());
    stored.filter(|(name, _)| *name != "user_id").for_each(|(name, value)| put(name, value.clone()));
    lower_email(&mut user);
    Ok((user_id, Value::Object(user)))
}

/// Merges the body of a PATCH into a user.
pub(crate) fn update(
    store: &Store,
    user_id: &str,
    user: &mut Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    for name in ["email", "username", "phone_number"].iter().filter_map(|name| body.get(*name)?.as_str()) {
        let connection = connection_of(user).unwrap_or_default().to_owned();
        refuse_taken_login(store, name, &connection, Some(user_id))?;
    }
    let members = body.iter().filter(|(name, _)| !NOT_STORED.contains(&name.as_str()));
    for (name, value) in members {
        if name.ends_with("_metadata") {
            merge_one_level(user, name, value);
        } else if value.is_null() {
            user.shift_remove(name);
        } else {
            user.insert(name.clone(), value.clone());
        }
    }
    lower_email(user);
    Ok(())
}

/// Auth0 keeps email addresses in lower case.
fn lower_email(user: &mut Map<String, Value>) {
    if let Some(Value::String(email)) = user.get_mut("email") {
        *email = email.to_lowercase();
    }
}

/// Merges an object into a member: a null in it removes that key; a null or an empty object instead removes the member.
pub(crate) fn merge_one_level(record: &mut Map<String, Value>, name: &str, value: &Value) {
    let changes = match value {
        Value::Object(changes) if !changes.is_empty() => changes,
        Value::Null | Value::Object(_) => {
            record.shift_remove(name);
            return;
        }
        other => {
            record.insert(name.to_owned(), other.clone());
            return;
        }
    };
    let member = record.entry(name).or_insert_with(|| json!({}));
    if !member.is_object() {
        *member = json!({});
    }
    let Some(map) = member.as_object_mut() else { return };
    for (key, value) in changes {
        if value.is_null() {
            map.shift_remove(key);
        } else {
            map.insert(key.clone(), value.clone());
        }
    }
}

/// Whether one of the user's identities is of this connection.
pub(crate) fn in_connection(user: &Value, connection: &str) -> bool {
    let identities = user.get("identities").and_then(Value::as_array);
    identities.into_iter().flatten().any(|one| one.get("connection").and_then(Value::as_str) == Some(connection))
}

pub(crate) fn picture(name: &str) -> String {
    let initials: String = name.chars().filter(char::is_ascii_alphanumeric).take(2).collect();
    format!("https://cdn.auth0.com/avatars/{}.png", initials.to_ascii_lowercase())
}

fn connection_of(user: &Map<String, Value>) -> Option<&str> {
    user.get("identities")?.get(0)?.get("connection")?.as_str()
}

fn strategy_of(store: &Store, connection: &str) -> Option<String> {
    let connections = store.all("/connections");
    let found = connections.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(connection))?;
    found.get("strategy").and_then(Value::as_str).map(str::to_owned)
}

fn refuse_taken_login(store: &Store, email: &str, connection: &str, own: Option<&str>) -> Result<(), ApiError> {
    let others = store.users_by_login(email).iter().filter(|id| Some(&***id) != own);
    let mut taken = others.filter_map(|id| store.get(USERS, id)).filter(|user| in_connection(user, connection));
    taken.next().map_or(Ok(()), |_| Err(already_exists()))
}

fn already_exists() -> ApiError {
    ApiError::new(409, "The user already exists.", "auth0_idp_error")
}
