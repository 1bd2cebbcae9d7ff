//! The tenant's signing keys.

use super::Deed;
use crate::clock::iso8601;
use crate::error::ApiError;
use crate::message::Answer;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

impl Deed<'_, '_> {
    fn keys(&self) -> Vec<Value> {
        let keys = self.call.tenant.authority.keys.all();
        keys.iter()
            .enumerate()
            .map(|(index, (key, revoked))| {
                json!({ "kid": key.id, "cert": key.pem, "current": index == 0, "next": false, "previous": index == 1,
                        "current_since": iso8601(key.made_ms), "fingerprint": key.id, "thumbprint": key.id,
                        "revoked": revoked })
            })
            .collect()
    }

    pub(super) fn signing_keys(&mut self) -> Result<Answer> {
        Ok(self.call.done(Some(&json!(self.keys()))))
    }

    pub(super) fn signing_key(&mut self) -> Result<Answer> {
        let wanted = json!(self.argument(0));
        let found = self.keys().into_iter().find(|key| key.get("kid") == Some(&wanted));
        found.map(|key| self.call.done(Some(&key))).ok_or_else(ApiError::not_found)
    }

    pub(super) fn rotate_signing_key(&mut self) -> Result<Answer> {
        self.call.tenant.authority.rotate(self.call.tenant.clock.now_ms())?;
        self.store.keep_keys(&self.call.tenant.authority);
        self.first_key(0)
    }

    fn first_key(&self, index: usize) -> Result<Answer> {
        let key = self.keys().into_iter().nth(index).ok_or_else(ApiError::not_found)?;
        Ok(self.call.done(Some(&json!({ "cert": key["cert"], "kid": key["kid"] }))))
    }

    pub(super) fn revoke_signing_key(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        match self.call.tenant.authority.keys.revoke(&id) {
            Some(true) => self.store.keep_keys(&self.call.tenant.authority),
            Some(false) => return Err(ApiError::plain(409, "The current key cannot be revoked: rotate first.")),
            None => return Err(ApiError::not_found()),
        }
        let index = self.keys().iter().position(|key| key["kid"] == json!(id)).unwrap_or_default();
        self.first_key(index)
    }
}
