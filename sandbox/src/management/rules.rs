//! What a type cannot say: defaults of new records, records that others name, and what goes when a record goes.

use super::*;
use crate::auth::default_grants;
use crate::store::key;

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Puts what Auth0 gives a new record where the request says nothing.
pub(super) fn defaults(template: &str, record: &mut Map<String, Value>) {
    let defaults = match template {
        "/clients" => {
            let kind = text(record, "app_type").unwrap_or_default().to_owned();
            let method = if matches!(kind.as_str(), "spa" | "native") { "none" } else { "client_secret_post" };
            let public = method == "none";
            let keyed = record.contains_key("client_authentication_methods");
            let mut defaults = json!({
                "tenant": "sandbox", "global": false, "is_first_party": true, "oidc_conformant": true, "sso_disabled": false,
                "cross_origin_authentication": false, "callbacks": [], "allowed_logout_urls": [], "allowed_clients": [],
                "grant_types": default_grants(&kind), "custom_login_page_on": true,
                "jwt_configuration": { "alg": "RS256", "lifetime_in_seconds": 36_000, "secret_encoded": false },
                "refresh_token": { "rotation_type": if public { "rotating" } else { "non-rotating" },
                                   "expiration_type": if public { "expiring" } else { "non-expiring" }, "leeway": 0,
                                   "token_lifetime": 2_592_000, "idle_token_lifetime": 1_296_000,
                                   "infinite_token_lifetime": !public, "infinite_idle_token_lifetime": !public },
            });
            if !keyed {
                defaults["token_endpoint_auth_method"] = json!(method);
            }
            defaults
        }
        "/resource-servers" => {
            json!({ "signing_alg": "RS256", "token_lifetime": 86_400, "token_lifetime_for_web": 7_200,
            "allow_offline_access": false, "skip_consent_for_verifiable_first_party_clients": true, "is_system": false,
            "scopes": [] })
        }
        "/connections" => {
            let name = record.get("name").cloned().unwrap_or_default();
            json!({ "options": {}, "enabled_clients": [], "is_domain_connection": false, "realms": [name] })
        }
        "/actions/actions" => {
            json!({ "status": "built", "all_changes_deployed": false, "dependencies": [], "secrets": [],
            "runtime": "node22", "deployed": false })
        }
        "/client-grants" => json!({ "scope": [] }),
        "/users/{}/authentication-methods" => json!({ "confirmed": true }),
        "/rules" => json!({ "enabled": true, "order": 1, "stage": "login_success" }),
        "/log-streams" => json!({ "status": "active" }),
        "/custom-domains" => {
            let domain = record.get("domain").cloned().unwrap_or_default();
            let method = json!({ "name": "cname", "record": "sandbox.edge.tenants.example.com", "domain": domain });
            json!({ "status": "pending_verification", "primary": true, "type": "auth0_managed_certs",
                    "is_default": false, "verification": { "methods": [method], "status": "pending" } })
        }
        "/organizations/{}/connections" => json!({ "assign_membership_on_login": false, "show_as_button": true,
                                                   "is_signup_enabled": false, "is_enabled": true }),
        "/keys/encryption" => {
            let awaited = text(record, "type") == Some("customer-provided-root-key");
            json!({ "state": if awaited { "pre-activation" } else { "active" } })
        }
        "/actions/modules" => json!({ "all_changes_published": false, "actions_using_module_total": 0,
                                      "latest_version_number": 0, "dependencies": [], "secrets": [] }),
        "/experimentation/experiments" => json!({ "status": "draft", "is_valid": false }),
        "/experimentation/feature-flags" => json!({ "status": "draft", "type": "self" }),
        _ => return,
    };
    let Value::Object(defaults) = defaults else { return };
    for (name, value) in defaults {
        record.entry(name).or_insert(value);
    }
}

impl Call<'_> {
    /// Refuses a body that names what is not there.
    pub(super) fn check_references(
        &self,
        store: &Store,
        body: &Map<String, Value>,
        creating: bool,
    ) -> Result<(), ApiError> {
        if self.tenant.sample_refused {
            return Ok(());
        }
        match self.route.target.as_str() {
            "/client-grants" => self.check_client_grant(store, body, creating),
            "/connections" => {
                let clients = body.get("enabled_clients").and_then(Value::as_array);
                let unknown = clients.into_iter().flatten().filter_map(Value::as_str);
                let mut unknown = unknown.filter(|id| store.get("/clients", id).is_none());
                unknown.next().map_or(Ok(()), |id| {
                    Err(ApiError::new(400, format!("The client {id} does not exist"), "inexistent_client"))
                })
            }
            _ => Ok(()),
        }
    }

    fn check_client_grant(&self, store: &Store, body: &Map<String, Value>, creating: bool) -> Result<(), ApiError> {
        let known =
            if creating { Value::Object(body.clone()) } else { store.get(&self.path, self.id()).unwrap_or_default() };
        let (client, audience) = (member(&known, "client_id"), member(&known, "audience").unwrap_or_default());
        if creating && client.is_some_and(|id| store.get("/clients", id).is_none()) {
            return Err(missing("/clients"));
        }
        let authority = &self.tenant.authority;
        let same = |one: &str| one == audience || authority.is_management(audience) && authority.is_management(one);
        let apis = store.all("/resource-servers");
        let api = apis.iter().find(|api| member(api, "identifier").is_some_and(same));
        let api = api.ok_or_else(|| {
            ApiError::new(404, format!("The resource server {audience} does not exist"), "inexistent_resource_server")
        })?;
        let scopes = api.get("scopes").and_then(Value::as_array);
        let offered: Vec<&str> = scopes.into_iter().flatten().filter_map(|scope| member(scope, "value")).collect();
        let asked = body.get("scope").and_then(Value::as_array);
        if let Some(scope) =
            asked.into_iter().flatten().filter_map(Value::as_str).find(|scope| !offered.contains(scope))
        {
            let message = format!("Scope '{scope}' is not defined in the resource server {audience}");
            return Err(ApiError::new(400, message, "invalid_scope"));
        }
        let grants = store.all(&self.path);
        let twice = grants.iter().any(|grant| {
            client.is_some()
                && member(grant, "client_id") == client
                && member(grant, "audience").is_some_and(same)
                && member(grant, "subject_type") == member(&known, "subject_type")
        });
        if creating && twice {
            let message = "A resource with the same client_id and audience exists already.";
            return Err(ApiError::new(409, message, "conflict"));
        }
        Ok(())
    }

    /// Turns the public keys that a client's body brings along into credentials, of which the record keeps the ids.
    pub(super) fn keep_inline_credentials(
        &self,
        store: &mut Store,
        client: &str,
        record: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        let path = format!("/clients/{}/credentials", key(client));
        for pointer in
            ["/client_authentication_methods/private_key_jwt/credentials", "/signed_request_object/credentials"]
        {
            let mut whole = Value::Object(std::mem::take(record));
            let list = whole.pointer_mut(pointer).and_then(Value::as_array_mut);
            for credential in list.into_iter().flatten() {
                let Some(body) = credential.as_object().filter(|body| body.contains_key("pem")).cloned() else {
                    continue;
                };
                let id = ids::new_id("/clients/{}/credentials")?;
                auth::keep_key(store, client, &id, &body);
                let mut kept = Value::Object(body);
                if let Some(map) = kept.as_object_mut() {
                    map.shift_remove("pem");
                    map.shift_remove("parse_expiry_from_cert");
                    map.insert("id".to_owned(), json!(id));
                    map.insert("created_at".to_owned(), json!(self.now));
                    map.insert("updated_at".to_owned(), json!(self.now));
                }
                store.put(&path, &id, &kept);
                *credential = json!({ "id": id });
            }
            if let Value::Object(map) = whole {
                *record = map;
            }
        }
        Ok(())
    }

    /// The connections that the body of a new organization enables.
    pub(super) fn enable_connections(&self, store: &mut Store, id: &str) {
        let body = self.body_map();
        let list = body.get("enabled_connections").and_then(Value::as_array);
        for one in list.into_iter().flatten() {
            let Some(connection) = member(one, "connection_id") else { continue };
            let Some(known) = store.get("/connections", connection) else { continue };
            let mut link = one.clone();
            link["connection"] = json!({ "name": known["name"], "strategy": known["strategy"] });
            store.put(&format!("/organizations/{id}/connections"), connection, &link);
        }
    }

    /// What goes with a record that is gone.
    pub(super) fn cascade(&self, store: &mut Store, record: &Value) {
        let remove_where = |store: &mut Store, path: &str, name: &str, value: &str, id_field: &str| {
            let found = store.all(path).into_iter().filter(|one| member(one, name) == Some(value));
            let ids: Vec<String> = found.filter_map(|one| member(&one, id_field).map(str::to_owned)).collect();
            for id in ids {
                store.remove(path, &id);
                store.unlink(path, &id);
            }
        };
        match self.route.target.as_str() {
            "/clients" => {
                let id = member(record, "client_id").unwrap_or_default();
                remove_where(store, "/client-grants", "client_id", id, "id");
                remove_where(store, "/device-credentials", "client_id", id, "id");
                remove_where(store, "/grants", "clientID", id, "id");
            }
            "/resource-servers" => {
                let identifier = member(record, "identifier").unwrap_or_default();
                remove_where(store, "/client-grants", "audience", identifier, "id");
                store.remove_permissions(identifier, None);
            }
            "/connections" => {
                let name = member(record, "name").unwrap_or_default();
                let users = store.all(USERS).into_iter().filter(|user| users::in_connection(user, name));
                let ids: Vec<String> = users.filter_map(|user| member(&user, "user_id").map(str::to_owned)).collect();
                ids.iter().for_each(|id| drop(self.remove_user(store, id)));
            }
            _ => {}
        }
    }

    /// What follows from a change of a record.
    pub(super) fn after_update(&self, store: &mut Store, record: &mut Value) {
        match self.route.target.as_str() {
            "/actions/actions" => record["all_changes_deployed"] = json!(false),
            "/actions/modules" => record["all_changes_published"] = json!(false),
            "/resource-servers" if self.body_map().contains_key("scopes") => {
                let scopes = record.get("scopes").and_then(Value::as_array);
                let left: Vec<String> = scopes
                    .into_iter()
                    .flatten()
                    .filter_map(|scope| member(scope, "value").map(str::to_owned))
                    .collect();
                let identifier = member(record, "identifier").unwrap_or_default();
                store.remove_permissions(identifier, Some(&left));
            }
            _ => {}
        }
    }
}
