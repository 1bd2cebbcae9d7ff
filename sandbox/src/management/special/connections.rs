//! What hangs on connections: keys, synchronizations of directories; and applications that describe themselves.

use super::Deed;
use crate::error::ApiError;
use crate::message::Answer;
use crate::outbox::Message;
use crate::store::key;
use serde_json::{Map, Value, json};

type Result<T> = std::result::Result<T, ApiError>;

impl Deed<'_, '_> {
    /// A key in the form in which answers show it. All have the certificate of the tenant: nobody signs with them.
    fn connection_key(&self, place: &str, algorithm: &Value) -> Result<Value> {
        let cert = self.call.tenant.authority.keys.all().first().map(|(key, _)| key.pem.clone()).unwrap_or_default();
        let (kid, print) = (crate::ids::letters(21)?, crate::ids::hex(40)?);
        Ok(json!({
            "kid": kid, "cert": cert, "fingerprint": print, "thumbprint": print, "algorithm": algorithm,
            "key_use": "signing", "subject_dn": "/CN=sandbox", "current_since": self.call.now,
            "current": place == "current", "next": place == "next", "previous": place == "previous",
        }))
    }

    fn algorithm(&self) -> Value {
        json!(self.text("signing_alg").unwrap_or_else(|| "RS256".to_owned()))
    }

    /// The two keys that a connection begins with. A connection has them once.
    pub(super) fn create_connection_keys(&mut self) -> Result<Answer> {
        let path = self.call.path.clone();
        if self.store.collection(&path).is_some_and(|all| all.len() > 0) {
            return Err(ApiError::new(409, "The connection has keys already: rotate them", "conflict"));
        }
        let keys =
            [self.connection_key("current", &self.algorithm())?, self.connection_key("next", &self.algorithm())?];
        for one in &keys {
            self.store.put(&path, one.get("kid").and_then(Value::as_str).unwrap_or_default(), one);
        }
        Ok(self.call.done(Some(&json!(keys))))
    }

    /// The next key becomes the current one, and a new one is next; the answer shows the new one.
    pub(super) fn rotate_connection_key(&mut self) -> Result<Answer> {
        let connection = self.argument(0).to_owned();
        let path = format!("/connections/{}/keys", key(&connection));
        let is = |one: &Value, place: &str| one.get(place) == Some(&json!(true));
        for mut one in self.store.all(&path) {
            let id = one.get("kid").and_then(Value::as_str).unwrap_or_default().to_owned();
            if is(&one, "previous") {
                self.store.remove(&path, &id);
                continue;
            }
            let place = if is(&one, "next") { "current" } else { "previous" };
            for name in ["current", "next", "previous"] {
                one[name] = json!(name == place);
            }
            self.store.put(&path, &id, &one);
        }
        let new = self.connection_key("next", &self.algorithm())?;
        self.store.put(&path, new.get("kid").and_then(Value::as_str).unwrap_or_default(), &new);
        Ok(self.call.done(Some(&new)))
    }

    /// A synchronization that has nobody to ask: it is noted in the outbox, and done.
    pub(super) fn synchronize_directory(&mut self) -> Result<Answer> {
        let connection = self.argument(0).to_owned();
        let path = format!("/connections/{}/directory-provisioning", key(&connection));
        let mut settings = self.store.value(&path).ok_or_else(ApiError::not_found)?;
        settings["last_synchronization_at"] = json!(self.call.now);
        settings["last_synchronization_status"] = json!("completed");
        self.store.set_value(&path, &settings);
        let id = format!("sync_{}", crate::ids::letters(16)?);
        let shown = json!({ "connection_id": connection, "synchronization_id": id, "status": "completed" });
        self.call.tenant.outbox.add(Message {
            at: self.call.now.clone(),
            kind: "webhook".into(),
            to: connection,
            template: "directory_synchronization".into(),
            data: shown.clone(),
            ..Message::default()
        });
        Ok(self.call.done(Some(&shown)))
    }

    /// What an application says of itself at its URL, which is not fetched here: its name is that of its host.
    fn described_client(&self) -> Result<(String, Value)> {
        let url = self.text("external_client_id").unwrap_or_default();
        let host = url.split("//").nth(1).and_then(|rest| rest.split(['/', ':', '?']).next()).unwrap_or_default();
        if host.is_empty() {
            return Err(ApiError::invalid_body("external_client_id has to be an https URL"));
        }
        let fields = json!({ "external_client_id": url, "name": host, "app_type": "regular_web", "callbacks": [],
                             "grant_types": ["authorization_code", "refresh_token"],
                             "token_endpoint_auth_method": "none" });
        Ok((url, fields))
    }

    fn registered_client(&self, url: &str) -> Option<String> {
        let same = |one: &Value| one.get("external_client_id") == Some(&json!(url));
        let found = self.store.all("/clients").into_iter().find(same)?;
        found.get("client_id").and_then(Value::as_str).map(str::to_owned)
    }

    fn described(&self, fields: &Value, url: &str) -> Map<String, Value> {
        let warning = "The sandbox fetches nothing: the metadata is made of the URL alone";
        let validation = json!({ "valid": true, "violations": [], "warnings": [warning] });
        let mut shown = Map::new();
        self.registered_client(url).into_iter().for_each(|id| drop(shown.insert("client_id".to_owned(), json!(id))));
        shown.insert("mapped_fields".to_owned(), fields.clone());
        shown.insert("validation".to_owned(), validation);
        shown
    }

    pub(super) fn preview_client(&mut self) -> Result<Answer> {
        let (url, fields) = self.described_client()?;
        Ok(self.call.done(Some(&Value::Object(self.described(&fields, &url)))))
    }

    /// Registers such an application: 201, or 200 when it is known.
    pub(super) fn register_client(&mut self) -> Result<Answer> {
        let (url, fields) = self.described_client()?;
        let known = self.registered_client(&url).is_some();
        if !known {
            let id = crate::ids::new_id("/clients")?;
            let mut record = fields.as_object().cloned().unwrap_or_default();
            record.insert("client_id".to_owned(), json!(id));
            record.insert("external_metadata_type".to_owned(), json!("cimd"));
            record.insert("is_first_party".to_owned(), json!(false));
            super::super::rules::defaults("/clients", &mut record);
            let mut record = Value::Object(record);
            self.call.tenant.model.complete("/clients", &mut record);
            self.store.put("/clients", &id, &record);
        }
        let mut answer = self.call.done(Some(&Value::Object(self.described(&fields, &url))));
        answer.status = if known { 200 } else { 201 };
        Ok(answer)
    }
}
