//! Records: create, read, change, replace, remove.

use super::special::modules;
use super::*;
use crate::outbox::Message;

impl Call<'_> {
    pub(super) fn create(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let body = self.body_map();
        let (id, record) = if self.route.target == USERS {
            users::create(store, &body, &self.now)?
        } else {
            let mut body = body.clone();
            if self.route.target == "/clients" {
                // The id is needed before there is a record.
                let id = ids::new_id("/clients")?;
                self.keep_inline_credentials(store, &id, &mut body)?;
                body.entry("client_id").or_insert_with(|| json!(id));
            }
            self.new_record(store, body)?
        };
        if self.route.target == "/organizations" {
            self.enable_connections(store, &id);
        }
        store.put(&self.path, &id, &record);
        self.keep_secrets(store, &id)?;
        if self.route.target == modules::MODULES && body.get("publish") == Some(&json!(true)) {
            modules::publish(store, &id, &self.now)?;
            return Ok(self.done(store.get(modules::MODULES, &id).as_ref()));
        }
        Ok(self.done(Some(&record)))
    }

    /// Keeps what the answer does not show: the password of a user, the clients of a connection, the public key of a credential.
    pub(super) fn keep_secrets(&self, store: &mut Store, id: &str) -> Result<(), ApiError> {
        let body = self.body_map();
        match self.route.target.as_str() {
            USERS => {
                if let Some(password) = body.get("password").and_then(Value::as_str) {
                    auth::keep_password(store, id, password)?;
                }
                match body.get("verify_email") == Some(&json!(true)) {
                    true => self.send_verification(store, id),
                    false => Ok(()),
                }
            }
            "/connections" => {
                if let Some(clients) = body.get("enabled_clients").and_then(Value::as_array) {
                    enable_clients(store, id, clients);
                }
                Ok(())
            }
            "/users/{}/authentication-methods" => {
                let user = self.arguments.first().map_or("", String::as_str);
                if let Some(secret) = body.get("totp_secret").and_then(Value::as_str) {
                    auth::keep_totp_secret(store, user, id, secret);
                }
                Ok(())
            }
            "/clients/{}/credentials" => {
                let client = self.arguments.first().map_or("", String::as_str);
                auth::keep_key(store, client, id, &body);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The mail with the link that confirms a user's address.
    fn send_verification(&self, store: &Store, id: &str) -> Result<(), ApiError> {
        let user = store.get(USERS, id).unwrap_or_default();
        let Some(email) = user.get("email").and_then(Value::as_str) else { return Ok(()) };
        let links = crate::domains::links(self.tenant, store, self.request)?;
        let mut flows = self.tenant.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let expires_s = self.tenant.clock.now_s() + special::TICKET_S;
        let ticket =
            auth::Ticket { kind: "verify-email", user_id: id.to_owned(), expires_s, ..auth::Ticket::default() };
        self.tenant.outbox.add(Message {
            at: self.now.clone(),
            kind: "email".into(),
            to: email.to_owned(),
            template: "verify_email".into(),
            link: Some(auth::new_ticket(&links, &mut flows, ticket)?),
            ..Message::default()
        });
        Ok(())
    }

    pub(super) fn new_record(&self, store: &Store, body: Map<String, Value>) -> Result<(String, Value), ApiError> {
        let template = self.route.target.as_str();
        let given = body.get(&self.route.id_field).or_else(|| body.get("grant_id")).and_then(Value::as_str);
        let id = match given {
            Some(id) => id.to_owned(),
            None => self.made_id(&body)?,
        };
        if given.is_some() && store.collection(&self.path).is_some_and(|collection| collection.contains(&id)) {
            return Err(already_exists());
        }
        self.refuse_duplicate(store, &body, None)?;
        self.check_references(store, &body, true)?;
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
        rules::defaults(template, &mut record);
        self.stamp(&mut record, &["created_at", "updated_at", "createdAt", "updatedAt"]);
        let mut record = Value::Object(record);
        self.tenant.model.complete(&self.route.target, &mut record);
        Ok((id, record))
    }

    /// A new id; those of authenticators begin with their kind.
    fn made_id(&self, body: &Map<String, Value>) -> Result<String, ApiError> {
        let id = ids::new_id(&self.route.target)?;
        match (body.get("type").and_then(Value::as_str), id.strip_prefix("email|")) {
            (Some(kind), Some(own)) => Ok(format!("{kind}|{own}")),
            _ => Ok(id),
        }
    }

    /// Sets the times that the record's types know of.
    pub(super) fn stamp(&self, record: &mut Map<String, Value>, names: &[&str]) {
        let schema = &self.tenant.model.schema;
        for name in names {
            let ty = self.types().iter().find_map(|ty| schema.property(ty, name)).map(|property| property.ty);
            if ty.is_some_and(|ty| schema.check(&ty, &json!(self.now)).is_ok()) {
                record.insert((*name).to_owned(), json!(self.now));
            }
        }
    }

    pub(super) fn refuse_duplicate(
        &self,
        store: &Store,
        body: &Map<String, Value>,
        own: Option<&str>,
    ) -> Result<(), ApiError> {
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

    pub(super) fn update(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let id = self.id().to_owned();
        let body = self.body_map();
        let Some(Value::Object(mut record)) = store.get(&self.path, &id) else {
            return Err(missing(&self.route.target));
        };
        if self.route.target == USERS {
            users::update(store, &id, &mut record, &body)?;
        } else {
            self.refuse_duplicate(store, &body, Some(&id))?;
            self.check_references(store, &body, false)?;
            self.merge(&mut record, &body);
            if self.route.target == "/clients" {
                self.keep_inline_credentials(store, &id, &mut record)?;
            }
        }
        self.stamp(&mut record, &["updated_at", "updatedAt"]);
        let mut record = Value::Object(record);
        self.after_update(store, &mut record);
        self.tenant.model.complete(&self.route.target, &mut record);
        store.put(&self.path, &id, &record);
        self.keep_secrets(store, &id)?;
        Ok(self.done(Some(&record)))
    }

    /// Merges a PATCH: a null removes the member, some objects are merged, everything else is replaced.
    pub(super) fn merge(&self, record: &mut Map<String, Value>, body: &Map<String, Value>) {
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

    pub(super) fn replace(&mut self, store: &mut Store, upsert: bool) -> Result<Answer, ApiError> {
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

    /// Removes a user with all that hangs on it: links, sessions, refresh tokens, grants, secrets.
    pub(super) fn remove_user(&self, store: &mut Store, id: &str) -> Option<Value> {
        auth::revoke_user(store, id);
        for path in ["/grants", "/device-credentials"] {
            let own = |record: &Value| record.get("user_id").and_then(Value::as_str) == Some(id);
            let found = store.all(path).into_iter().filter(own);
            let ids: Vec<String> = found.filter_map(|one| one.get("id")?.as_str().map(str::to_owned)).collect();
            ids.iter().for_each(|id| drop(store.remove(path, id)));
        }
        self.unmirror(store, USERS, id);
        let removed = store.remove(USERS, id);
        store.unlink(USERS, id);
        auth::forget_user(store, id);
        removed
    }

    pub(super) fn delete(&mut self, store: &mut Store) -> Result<Answer, ApiError> {
        let id = self.id().to_owned();
        if self.route.target == USERS {
            self.remove_user(store, &id);
            // Auth0 answers 204 for a user who is not there, too.
            return Ok(self.done(None));
        }
        self.unmirror(store, &self.route.target, &id);
        if self.route.target == "/clients" {
            auth::forget_keys(store, &id);
            auth::revoke_of_client(store, Some(&id), None, None);
        }
        if self.route.target == "/clients/{}/credentials" {
            auth::forget_key(store, &id);
        }
        match store.remove(&self.path, &id) {
            Some(record) => {
                store.unlink(&self.route.target, &id);
                self.cascade(store, &record);
                Ok(if self.route.operation.response.is_some() { self.done(Some(&record)) } else { self.done(None) })
            }
            None => Err(missing(&self.route.target)),
        }
    }
}

/// The clients that may use a connection are these, and no others.
fn enable_clients(store: &mut Store, connection: &str, clients: &[Value]) {
    let path = format!("/connections/{}/clients", crate::store::key(connection));
    let wanted: Vec<&str> = clients.iter().filter_map(Value::as_str).collect();
    let known = store.all(&path);
    let known = known.iter().filter_map(|one| one.get("client_id").and_then(Value::as_str));
    for gone in known.filter(|id| !wanted.contains(id)) {
        store.remove(&path, gone);
    }
    for id in wanted {
        store.put(&path, id, &json!({ "client_id": id }));
    }
}
