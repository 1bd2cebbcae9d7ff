//! The tenant's signing keys.

use super::Deed;
use crate::clock::iso8601;
use crate::error::ApiError;
use crate::message::Answer;
use serde_json::{Value, json};

const ENCRYPTION: &str = "/keys/encryption";

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

    /// A key of the customer's whose material has not come yet.
    fn awaited_key(&self) -> Result<(String, Value)> {
        let id = self.argument(0).to_owned();
        let key = self.record(ENCRYPTION, &id)?;
        if key.get("state") != Some(&json!("pre-activation")) {
            return Err(ApiError::new(409, "The key is not one that waits for its material", "conflict"));
        }
        Ok((id, key))
    }

    /// The key that the customer's key is to be wrapped with: nobody unwraps it here.
    pub(super) fn wrapping_key(&mut self) -> Result<Answer> {
        self.awaited_key()?;
        let public = self.call.tenant.authority.keys.all().first().map(|(key, _)| key.pem.clone());
        let shown = json!({ "public_key": public.unwrap_or_default(), "algorithm": "CKM_RSA_AES_KEY_WRAP" });
        Ok(self.call.done(Some(&shown)))
    }

    /// Takes the customer's key into use; the material itself is not kept.
    pub(super) fn import_encryption_key(&mut self) -> Result<Answer> {
        let (id, mut key) = self.awaited_key()?;
        key["state"] = json!("active");
        key["updated_at"] = json!(self.call.now);
        self.store.put(ENCRYPTION, &id, &key);
        Ok(self.call.done(Some(&key)))
    }

    /// A new master key in the place of the one before.
    pub(super) fn rekey(&mut self) -> Result<Answer> {
        let now = self.call.now.clone();
        for mut key in self.store.all(ENCRYPTION) {
            let id = key.get("kid").and_then(Value::as_str).unwrap_or_default().to_owned();
            if key.get("type") == Some(&json!("tenant-master-key")) && key.get("state") == Some(&json!("active")) {
                key["state"] = json!("deactivated");
                key["updated_at"] = json!(now);
                self.store.put(ENCRYPTION, &id, &key);
            }
        }
        let id = crate::ids::new_id(ENCRYPTION)?;
        let key =
            json!({ "kid": id, "type": "tenant-master-key", "state": "active", "created_at": now, "updated_at": now });
        self.store.put(ENCRYPTION, &id, &key);
        Ok(self.call.done(None))
    }
}
