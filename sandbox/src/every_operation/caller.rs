//! A tenant, and requests to it that are made from the description.

use crate::message::{Answer, Request};
use crate::model::{Action, DERIVED, Route, concrete, kept_under, template};
use crate::seed::{CONNECTION, Credentials, Seed};
use crate::store::{Store, USERS};
use crate::tenant::{Tenant, TenantSettings};
use auth0_api_description::BodyKind;
use serde_json::{Value, json};

const BOUNDARY: &str = "boundary";

pub(super) struct Caller {
    pub(super) tenant: Tenant,
    token: String,
    /// The state to come back to: quicker than making it anew 491 times.
    fresh: Store,
}

impl Caller {
    pub(super) fn new() -> Self {
        let credentials = Credentials::fixed(1);
        let seed =
            Seed { users: 3, demo: credentials.clone(), limited: Credentials::fixed(2), web: Credentials::fixed(3) };
        let settings = TenantSettings {
            issuer: "http://sandbox/".into(),
            audiences: vec!["http://sandbox/api/v2/".into()],
            token_lifetime_s: 60,
            rate_limit: None,
            sample_refused: false,
            data: None,
            seed_text: None,
            seed,
        };
        let tenant = Tenant::new(settings).unwrap();
        tenant.authority.prepare(0).unwrap();
        let fresh = tenant.store.read().unwrap().clone();
        let mut caller = Self { tenant, token: String::new(), fresh };
        caller.token = caller.token_of(&credentials);
        caller
    }

    pub(super) fn start_over(&self) {
        *self.tenant.store.write().unwrap() = self.fresh.clone();
    }

    pub(super) fn token_of(&self, credentials: &Credentials) -> String {
        let body = json!({ "grant_type": "client_credentials", "audience": "http://sandbox/api/v2/",
                           "client_id": credentials.client_id, "client_secret": credentials.client_secret });
        let request = Request {
            method: "POST".into(),
            path: "/oauth/token".into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        json_of(&self.tenant.handle(&request))["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) fn send(&self, route: &Route, arguments: &[String], full: bool) -> Answer {
        let request = self.request(route, arguments, full);
        self.tenant.handle(&request)
    }

    pub(super) fn request(&self, route: &Route, arguments: &[String], full: bool) -> Request {
        let schema = &self.tenant.model.schema;
        let mut request = Request {
            method: route.operation.method.as_str().into(),
            path: format!("/api/v2{}", concrete(&template(&route.operation.path), arguments)),
            headers: vec![("authorization".into(), format!("Bearer {}", self.token))],
            ..Request::default()
        };
        let query: Vec<String> = route
            .operation
            .query
            .iter()
            .filter(|property| property.required)
            .map(|property| {
                let value = schema.sample(&property.ty);
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{}={text}", property.name)
            })
            .collect();
        request.query = query.join("&");
        if let Some(body) = &route.operation.body {
            let mut value = if full { schema.sample_full(&body.ty) } else { schema.sample(&body.ty) };
            self.adjust(route, &mut value);
            let media_type = match body.kind {
                BodyKind::Json => "application/json".to_owned(),
                BodyKind::Multipart => format!("multipart/form-data; boundary={BOUNDARY}"),
            };
            request.headers.push(("content-type".into(), media_type));
            request.body = match body.kind {
                BodyKind::Json => value.to_string().into_bytes(),
                BodyKind::Multipart => multipart(&value).into_bytes(),
            };
        }
        request
    }

    /// What a type cannot say: that a name must be one of something that exists.
    fn adjust(&self, route: &Route, body: &mut Value) {
        if route.operation.id == "users.create" {
            body["connection"] = json!(CONNECTION);
            body["email"] = json!("new@example.com");
        }
        let about_a_user = ["tickets.verifyEmail", "tickets.changePassword", "jobs.verificationEmail.create"];
        if about_a_user.contains(&route.operation.id.as_str()) {
            *body = json!({ "user_id": self.existing(USERS, &[]) });
        }
        if route.operation.id == "experimentation.experiments.updateStatus" {
            *body = json!({ "status": "archived" });
        }
        if route.operation.id == "actions.modules.rollback" {
            let module = [self.existing("/actions/modules", &[])];
            *body = json!({ "module_version_id": self.existing("/actions/modules/{}/versions", &module) });
        }
        if route.operation.id == "customDomains.setDefault" {
            self.existing("/custom-domains", &[]);
            body["domain"] = self.tenant.store.read().unwrap().all("/custom-domains")[0]["domain"].clone();
        }
        if route.operation.id == "selfServiceProfiles.ssoTicket.create" {
            body.as_object_mut().unwrap().remove("connection_id");
        }
        if route.operation.id == "clients.registerCimdClient" || route.operation.id == "clients.previewCimdMetadata" {
            *body = json!({ "external_client_id": "https://client.example.com/metadata.json" });
        }
        if route.operation.id == "refreshTokens.revoke" {
            *body = json!({ "ids": ["rt_1"] });
        }
        if route.operation.id == "users.identities.link" {
            let store = self.tenant.store.read().unwrap();
            let second = store.collection(USERS).unwrap().after(None).nth(1).unwrap().1.to_string();
            *body = json!({ "provider": "auth0", "user_id": second });
        }
        if route.operation.id.ends_with("permissions.create") || route.operation.id == "roles.permissions.add" {
            *body = json!({ "permissions": [{ "resource_server_identifier": crate::seed::API, "permission_name": "read:things" }] });
        }
        if route.operation.id.starts_with("jobs.users") {
            body["connection_id"] = json!(self.existing("/connections", &[]));
        }
        if route.target == "/client-grants" && body.is_object() {
            let made = route.action == Action::Create;
            if made {
                body["audience"] = json!(crate::seed::API);
                body["client_id"] = json!(Credentials::fixed(2).client_id);
            }
            body.as_object_mut().unwrap().insert("scope".into(), json!([]));
        }
        if body.get("enabled_clients").is_some() {
            body["enabled_clients"] = json!([]);
        }
        if route.operation.id == "actions.triggers.bindings.updateMany" {
            *body = json!({ "bindings": [] });
        }
        if route.operation.id == "organizations.invitations.create" {
            body["client_id"] = json!(self.existing("/clients", &[]));
            body["roles"] = json!([self.existing("/roles", &[])]);
        }
        if route.operation.id == "guardian.enrollments.createTicket" {
            body["user_id"] = json!(self.existing(USERS, &[]));
        }
        if let (Action::Link(member), Some(target)) = (&route.action, &route.join) {
            let id = self.existing(target, &[]);
            let schema = &self.tenant.model.schema;
            let ty = schema.property(&route.operation.body.as_ref().unwrap().ty, member).unwrap().ty;
            let mut item = schema.sample(schema.items(&ty).unwrap());
            match &mut item {
                Value::Object(map) => drop(map.insert(route.id_field.clone(), json!(id))),
                other => *other = json!(id),
            }
            body[member] = json!([item]);
        }
    }

    /// The id of a record that a collection has, or is given now.
    fn existing(&self, collection: &str, arguments: &[String]) -> String {
        let path = concrete(collection, arguments);
        let first = || {
            let store = self.tenant.store.read().unwrap();
            store.collection(&path).and_then(|all| all.after(None).next().map(|(_, id, _)| id.to_string()))
        };
        if let Some(id) = first() {
            return id;
        }
        let model = &self.tenant.model;
        let creates =
            |route: &&Route| route.target == collection && matches!(route.action, Action::Create | Action::Link(_));
        if let Some(route) = model.routes.iter().find(creates) {
            let answer = self.send(route, arguments, false);
            assert!(answer.status < 300, "{} {}", route.operation.id, String::from_utf8_lossy(&answer.body));
            return first().unwrap();
        }
        self.put_sample(collection, arguments)
    }

    /// A record that only has what its types require.
    fn put_sample(&self, collection: &str, arguments: &[String]) -> String {
        let (model, path) = (&self.tenant.model, concrete(collection, arguments));
        let id = crate::ids::seeded_id(collection, 9);
        let mut record = json!({ model.id_field(collection): id });
        model.record_types.get(collection).into_iter().flatten().for_each(|ty| model.schema.fill(ty, &mut record));
        self.tenant.store.write().unwrap().put(&path, &id, &record);
        id
    }

    pub(super) fn arguments(&self, route: &Route) -> Vec<String> {
        let path = template(&route.operation.path);
        let mut arguments: Vec<String> = Vec::new();
        for (name, (index, _)) in route.operation.path_parameters().iter().zip(path.match_indices("/{}")) {
            let step = kept_under(&path[..index]);
            let step = DERIVED.iter().find(|(known, _)| *known == step).map_or(step, |(_, kept)| kept);
            let argument = if step == "/user-blocks" {
                self.existing(USERS, &[])
            } else if step == "/keys/signing" {
                // The current key cannot be revoked.
                self.tenant.authority.rotate(0).unwrap();
                self.tenant.authority.keys.all()[1].0.id.clone()
            } else if step == "/self-service-profiles/{}/sso-ticket" {
                self.put_sample("/self-service-profiles/{}/sso-ticket", &arguments)
            } else if step == "/event-streams/{}/redeliver" {
                self.put_sample("/event-streams/{}/deliveries", &arguments)
            } else if step == "/anomaly/blocks/ips" {
                let block = json!({ "blocked": true, "count": 10, "connection": CONNECTION, "ip": "127.0.0.1" });
                self.tenant.store.write().unwrap().put("/__blocks", "somebody", &block);
                "127.0.0.1".to_owned()
            } else if step == "/users/{}/identities" {
                "auth0".to_owned()
            } else if step == "/users/{}/identities/{}" {
                self.linked(&arguments[0])
            } else if self.tenant.model.collections.contains(step) && !matches!(route.action, Action::Replace(true)) {
                self.existing(step, &arguments)
            } else if step == "/organizations/name" {
                "acme".to_owned()
            } else if step.ends_with("/discovery-domains/name") {
                self.existing("/organizations/{}/discovery-domains", &arguments);
                let all =
                    self.tenant.store.read().unwrap().all(&concrete("/organizations/{}/discovery-domains", &arguments));
                all[0]["domain"].as_str().unwrap().to_owned()
            } else {
                self.tenant.model.schema.sample(&route.operation.path_type(name)).as_str().unwrap().to_owned()
            };
            arguments.push(argument);
        }
        // What has to be there before it can be read or changed.
        let value_exists = matches!(route.action, Action::ReadValue | Action::MergeValue | Action::DeleteValue);
        if value_exists && self.tenant.model.creatable.contains(&route.target) {
            let makes = |other: &&Route| {
                other.target == route.target && matches!(other.action, Action::CreateValue | Action::PutValue)
            };
            let other = self.tenant.model.routes.iter().find(makes).unwrap();
            let answer = self.send(other, &arguments, false);
            assert!(answer.status < 300, "{}", other.operation.id);
        }
        if route.operation.id == "connections.directoryProvisioning.synchronizations.create" {
            let path = concrete("/connections/{}/directory-provisioning", &arguments);
            self.tenant.store.write().unwrap().set_value(&path, &json!({}));
        }
        if route.operation.path == "/branding/themes/default" {
            self.existing("/branding/themes", &[]);
        }
        arguments
    }

    /// The own id of a second identity, which the user is given.
    fn linked(&self, user: &str) -> String {
        let mut store = self.tenant.store.write().unwrap();
        let mut record = store.get(USERS, user).unwrap();
        let second = json!({ "connection": CONNECTION, "provider": "auth0", "user_id": "second", "isSocial": false });
        record["identities"].as_array_mut().unwrap().push(second);
        store.put(USERS, user, &record);
        "second".to_owned()
    }

    pub(super) fn check(&self, route: &Route, answer: &Answer) -> Result<(), String> {
        let text = String::from_utf8_lossy(&answer.body);
        if !route.operation.statuses.contains(&answer.status) {
            return Err(format!("status {}: {text}", answer.status));
        }
        match &route.operation.response {
            _ if answer.status == 204 => answer.body.is_empty().then_some(()).ok_or_else(|| format!("a body: {text}")),
            Some(_) if route.operation.event_stream => Ok(()),
            Some(response) => {
                let value: Value = serde_json::from_slice(&answer.body).map_err(|error| format!("{error}: {text}"))?;
                self.tenant.model.schema.check(response, &value).map_err(|problem| format!("{problem}: {text}"))
            }
            None => Ok(()),
        }
    }
}

fn multipart(value: &Value) -> String {
    let parts = value.as_object().unwrap().iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    });
    parts.collect::<String>() + &format!("--{BOUNDARY}--\r\n")
}

pub(super) fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}
