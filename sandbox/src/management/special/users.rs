//! What belongs to one user: recovery codes, linked identities.

use super::Deed;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::USERS;
use serde_json::{Map, Value, json};

type Result<T> = std::result::Result<T, ApiError>;

impl Deed<'_, '_> {
    pub(super) fn recovery_code(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        let code = crate::auth::new_recovery_code(self.store, &user, &self.call.now)?;
        Ok(self.call.done(Some(&json!({ "recovery_code": code }))))
    }

    /// Moves the identities of another user to this one; the other user is gone then.
    pub(super) fn link_identity(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        let mut primary = self.record(USERS, &user)?;
        let second = match (self.text("link_with"), self.text("provider"), self.call.body.as_ref()) {
            (Some(token), ..) => self.call.tenant.authority.keys.verified(&token).and_then(|token| {
                let expired = token.seconds("exp").is_none_or(|at| at <= self.call.tenant.clock.now_s());
                token.claim("sub").filter(|_| !expired).map(str::to_owned)
            }),
            (None, Some(provider), Some(body)) => {
                let own = body.get("user_id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
                let own = own.ok_or_else(|| ApiError::invalid_body("Missing required property: user_id"))?;
                // Either the whole id or the part behind the provider.
                Some(if own.contains('|') { own } else { format!("{provider}|{own}") })
            }
            _ => return Err(ApiError::invalid_body("provider and user_id, or link_with, is needed")),
        };
        let second = second.ok_or_else(|| ApiError::new(401, "Invalid token in link_with", "invalid_token"))?;
        if second == user {
            return Err(ApiError::invalid_body("Main account and specified identity are the same"));
        }
        let other = self.record(USERS, &second)?;
        let mut added = other.get("identities").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(first) = added.first_mut().and_then(Value::as_object_mut) {
            first.insert("profileData".to_owned(), profile_data(&other));
        }
        let mut identities = primary.get("identities").and_then(Value::as_array).cloned().unwrap_or_default();
        identities.extend(added);
        primary["identities"] = json!(identities);
        primary["updated_at"] = json!(self.call.now);
        self.call.remove_user(self.store, &second);
        self.store.put(USERS, &user, &primary);
        Ok(self.call.done(Some(&primary["identities"])))
    }

    /// Makes an identity a user of its own again.
    pub(super) fn unlink_identity(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        let (provider, own) = (self.argument(1).to_owned(), self.argument(2).to_owned());
        let mut primary = self.record(USERS, &user)?;
        let mut identities = primary.get("identities").and_then(Value::as_array).cloned().unwrap_or_default();
        let is = |one: &Value| one.get("provider") == Some(&json!(provider)) && one.get("user_id") == Some(&json!(own));
        let index = identities.iter().position(is).ok_or_else(ApiError::not_found)?;
        if index == 0 {
            return Err(ApiError::new(400, "The main identity cannot be unlinked", "invalid_operation"));
        }
        let mut identity = identities.remove(index);
        let data = identity.as_object_mut().and_then(|map| map.shift_remove("profileData"));
        let id = format!("{provider}|{own}");
        let mut record = data.and_then(|data| data.as_object().cloned()).unwrap_or_default();
        record.insert("user_id".to_owned(), json!(id));
        record.insert("identities".to_owned(), json!([identity]));
        record.insert("created_at".to_owned(), json!(self.call.now));
        record.insert("updated_at".to_owned(), json!(self.call.now));
        self.store.put(USERS, &id, &Value::Object(record));
        primary["identities"] = json!(identities);
        self.store.put(USERS, &user, &primary);
        Ok(self.call.done(Some(&primary["identities"])))
    }
}

/// What a linked identity keeps of the user that it was.
fn profile_data(user: &Value) -> Value {
    const KEPT: [&str; 9] = [
        "email",
        "email_verified",
        "name",
        "username",
        "given_name",
        "family_name",
        "picture",
        "phone_number",
        "phone_verified",
    ];
    let kept: Map<String, Value> =
        KEPT.iter().filter_map(|name| Some(((*name).to_owned(), user.get(name)?.clone()))).collect();
    Value::Object(kept)
}
