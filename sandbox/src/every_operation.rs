//! Calls every operation with generated arguments and holds the answer against the description.

use crate::message::{Answer, Request};
use crate::model::{Action, DERIVED, Route, concrete, kept_under, template};
use crate::seed::{CONNECTION, Credentials, Seed};
use crate::store::{Store, USERS, key};
use crate::tenant::{Tenant, TenantSettings};
use auth0_api_description::{BodyKind, Method, Type};
use serde_json::{Value, json};

const BOUNDARY: &str = "boundary";

struct Caller {
    tenant: Tenant,
    token: String,
    /// The state to come back to: quicker than making it anew 491 times.
    fresh: Store,
}

impl Caller {
    fn new() -> Self {
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

    fn start_over(&self) {
        *self.tenant.store.write().unwrap() = self.fresh.clone();
    }

    fn token_of(&self, credentials: &Credentials) -> String {
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

    fn send(&self, route: &Route, arguments: &[String], full: bool) -> Answer {
        let request = self.request(route, arguments, full);
        self.tenant.handle(&request)
    }

    fn request(&self, route: &Route, arguments: &[String], full: bool) -> Request {
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

    fn arguments(&self, route: &Route) -> Vec<String> {
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

    fn check(&self, route: &Route, answer: &Answer) -> Result<(), String> {
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

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn every_operation(full: bool) {
    let caller = Caller::new();
    let mut problems = Vec::new();
    for route in &caller.tenant.model.routes {
        caller.start_over();
        let arguments = caller.arguments(route);
        let answer = caller.send(route, &arguments, full);
        if let Err(problem) = caller.check(route, &answer) {
            problems.push(format!("{} {}: {problem}", route.operation.id, route.operation.path));
        }
    }
    assert!(
        problems.is_empty(),
        "{} of {}:\n{}",
        problems.len(),
        caller.tenant.model.routes.len(),
        problems.join("\n")
    );
}

#[test]
fn every_operation_answers_as_documented_to_the_smallest_request() {
    every_operation(false);
}

#[test]
fn every_operation_answers_as_documented_to_a_full_request() {
    every_operation(true);
}

#[test]
fn every_operation_wants_a_token_and_one_of_its_scopes() {
    let caller = Caller::new();
    assert_eq!(caller.tenant.model.routes.len(), 491);
    let limited = caller.token_of(&Credentials::fixed(2));
    for route in &caller.tenant.model.routes {
        let operation = &route.operation;
        let arguments: Vec<String> = operation.path_parameters().iter().map(|name| (*name).to_owned()).collect();
        let mut request = caller.request(route, &arguments, false);
        request.headers[0].1 = format!("Bearer {limited}");
        let allowed = operation.scopes.is_empty() || operation.scopes.iter().any(|scope| scope == "read:users");
        assert_eq!(caller.tenant.handle(&request).status == 403, !allowed, "{}", operation.id);
        request.headers.remove(0);
        assert_eq!(caller.tenant.handle(&request).status, 401, "{}", operation.id);
        assert_eq!(caller.tenant.operation(&request).as_ref(), Some(&operation.id));
    }
}

/// The samples are what the other tests send and what the sandbox answers: they have to be valid themselves.
#[test]
fn samples_are_valid() {
    let caller = Caller::new();
    let schema = &caller.tenant.model.schema;
    let mut problems = Vec::new();
    for (name, ty) in &schema.description.types {
        let mut check = |kind: &str, value: &Value| {
            if let Err(problem) = schema.check(ty, value) {
                problems.push(format!("{name}, {kind}: {problem}"));
            }
        };
        check("smallest", &schema.sample(ty));
        check("full", &schema.sample_full(ty));
    }
    assert!(problems.is_empty(), "{}:\n{}", problems.len(), problems.join("\n"));
}

/// A sample with a member of a wrong type is refused wherever the type says what it wants.
#[test]
fn bodies_with_unknown_or_wrong_members_are_refused() {
    let caller = Caller::new();
    let (mut wrong, mut unknown) = (0, 0);
    for route in &caller.tenant.model.routes {
        let Some(body) = route.operation.body.as_ref().filter(|body| body.kind == BodyKind::Json) else { continue };
        caller.start_over();
        let schema = &caller.tenant.model.schema;
        let arguments = caller.arguments(route);
        let send = |value: &Value| {
            let mut request = caller.request(route, &arguments, false);
            request.body = value.to_string().into_bytes();
            caller.tenant.handle(&request)
        };
        let sample = schema.sample(&body.ty);
        let Some(first) = schema.properties(&body.ty).iter().find(|property| is_text(schema, &property.ty)).cloned()
        else {
            continue;
        };
        let mut value = sample.clone();
        value[&first.name] = json!(1);
        let answer = send(&value);
        assert_eq!(
            (answer.status, json_of(&answer)["errorCode"].as_str()),
            (400, Some("invalid_body")),
            "{}",
            route.operation.id
        );
        wrong += 1;
        let mut value = sample.clone();
        value["no_such_member"] = json!(1);
        if schema.check(&body.ty, &value).is_err() {
            assert_eq!(send(&value).status, 400, "{}", route.operation.id);
            unknown += 1;
        }
    }
    assert!(wrong > 80 && unknown > 60, "{wrong} {unknown}");
}

fn is_text(schema: &crate::validate::Schema, ty: &Type) -> bool {
    matches!(schema.resolve(ty).0.kind, auth0_api_description::Kind::String { .. })
}

/// Every list is read to its end in each style that it has, and shows each record once.
#[test]
fn every_list_is_read_to_its_end() {
    let caller = Caller::new();
    let mut walked = 0;
    for route in caller.tenant.model.routes.iter().filter(|route| route.action == Action::List) {
        // Made of others when it is asked for: `tests/it` looks at those.
        if crate::management::is_special(&route.operation.id) {
            continue;
        }
        caller.start_over();
        let arguments = caller.arguments(route);
        let path = concrete(&route.target, &arguments);
        {
            let mut store = caller.tenant.store.write().unwrap();
            store.clear(&path);
            for number in 0..7 {
                let id = format!("{}{number}", crate::ids::seeded_id(&route.target, 5));
                let mut record = json!({ &route.id_field: id });
                let types = caller.tenant.model.record_types.get(&route.target);
                types.into_iter().flatten().for_each(|ty| caller.tenant.model.schema.fill(ty, &mut record));
                record[&route.id_field] = json!(id);
                // What the list is asked for has to be what the record says.
                for (name, value) in caller.request(route, &arguments, false).query_pairs() {
                    record[name] = json!(value);
                }
                if let Some(target) = &route.join {
                    store.put(target, &id, &record);
                }
                store.put(&path, &id, &record);
            }
        }
        let has = |name: &str| route.operation.query.iter().any(|property| property.name == name);
        let get = |query: String| {
            let mut request = caller.request(route, &arguments, false);
            request.query = [request.query, query].join("&");
            let answer = caller.tenant.handle(&request);
            assert_eq!(answer.status, 200, "{} {}", route.operation.id, String::from_utf8_lossy(&answer.body));
            json_of(&answer)
        };
        let items = |page: &Value| -> usize {
            let key = &route.list.as_ref().unwrap().items;
            page.as_array()
                .or_else(|| page[key].as_array())
                .unwrap_or_else(|| panic!("{}: {page}", route.operation.id))
                .len()
        };
        if has("page") && has("per_page") {
            let sizes: Vec<usize> = (0..4).map(|page| items(&get(format!("page={page}&per_page=3")))).collect();
            assert_eq!(sizes, [3, 3, 1, 0], "{}", route.operation.id);
            if has("include_totals") {
                let page = get("page=1&per_page=3&include_totals=true".into());
                assert_eq!(
                    (items(&page), page["start"].as_u64(), page["limit"].as_u64()),
                    (3, Some(3), Some(3)),
                    "{}",
                    route.operation.id
                );
                assert!(page.get("total").is_none_or(|total| total == 7), "{}", route.operation.id);
            }
            walked += 1;
        }
        if has("take") && has("from") {
            let cursor = route.operation.paging.as_ref().and_then(|paging| paging.cursor.clone());
            let (mut query, mut sizes) = ("take=3".to_owned(), Vec::new());
            loop {
                let page = get(query);
                sizes.push(items(&page));
                let next = match &cursor {
                    Some(field) => page.as_array().unwrap().last().map(|item| item[field].as_str().unwrap().to_owned()),
                    None => page.get("next").and_then(Value::as_str).map(str::to_owned),
                };
                let Some(next) = next else { break };
                query = format!("take=3&from={}", key(&next));
            }
            let expected: &[usize] = if cursor.is_some() { &[3, 3, 1, 0] } else { &[3, 3, 1] };
            assert_eq!(sizes, expected, "{}", route.operation.id);
            walked += 1;
        }
    }
    assert!(walked >= 80, "{walked}");
}

/// Create, read, change, read, delete, read: in every collection that has these operations.
#[test]
fn records_are_kept_changed_and_removed_in_every_collection() {
    let caller = Caller::new();
    let model = &caller.tenant.model;
    let mut collections = 0;
    for create in model.routes.iter().filter(|route| route.action == Action::Create) {
        let find =
            |action: Action| model.routes.iter().find(|route| route.target == create.target && route.action == action);
        let Some(read) = find(Action::Read) else { continue };
        caller.start_over();
        let parents = caller.arguments(create);
        let created = caller.send(create, &parents, false);
        let record = json_of(&created);
        let id =
            record[&create.id_field].as_str().unwrap_or_else(|| panic!("{}: {record}", create.operation.id)).to_owned();
        let arguments: Vec<String> = parents.into_iter().chain([id.clone()]).collect();
        let found = caller.send(read, &arguments, false);
        assert_eq!(found.status, 200, "{}", read.operation.id);
        assert_eq!(json_of(&found)[&create.id_field], json!(id), "{}", read.operation.id);
        if let Some(list) = find(Action::List) {
            let text = String::from_utf8(caller.send(list, &arguments[..arguments.len() - 1], false).body).unwrap();
            assert!(text.contains(&id), "{} {text}", list.operation.id);
        }
        if let Some(update) = find(Action::Update).filter(|update| update.operation.method == Method::Patch) {
            let mut request = caller.request(update, &arguments, false);
            let body = &update.operation.body.as_ref().unwrap().ty;
            let schema = &model.schema;
            let member = ["description", "name", "display_name", "enabled"].into_iter().find(|name| {
                schema
                    .property(body, name)
                    .is_some_and(|property| schema.check(&property.ty, &json!("changed")).is_ok())
                    && schema.property(read.operation.response.as_ref().unwrap(), name).is_some()
            });
            let sample = schema.sample(body);
            if let (Some(member), Value::Object(mut map)) = (member, sample) {
                map.insert(member.to_owned(), json!("changed"));
                request.body = Value::Object(map).to_string().into_bytes();
                let answer = caller.tenant.handle(&request);
                assert!(answer.status < 300, "{} {}", update.operation.id, String::from_utf8_lossy(&answer.body));
                assert_eq!(
                    json_of(&caller.send(read, &arguments, false))[member],
                    json!("changed"),
                    "{}",
                    update.operation.id
                );
            }
        }
        if let Some(delete) = find(Action::Delete) {
            assert!(caller.send(delete, &arguments, false).status < 300, "{}", delete.operation.id);
            assert_eq!(caller.send(read, &arguments, false).status, 404, "{}", read.operation.id);
        }
        collections += 1;
    }
    assert!(collections > 35, "{collections}");
    assert!(model.collections.contains(USERS));
}

/// Nothing that is answered is made from a type alone: there is state behind it.
#[test]
fn no_answer_is_a_sample() {
    let caller = Caller::new();
    let mut sampled = Vec::new();
    for route in &caller.tenant.model.routes {
        caller.start_over();
        let arguments = caller.arguments(route);
        let answer = caller.send(route, &arguments, true);
        if answer.headers.iter().any(|(name, _)| name == "x-sandbox-sampled") {
            sampled.push(&route.operation.id);
        }
    }
    assert!(sampled.is_empty(), "{sampled:?}");
}
