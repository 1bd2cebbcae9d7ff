//! Calls every operation with generated arguments and holds the answer against the description.

mod caller;

use crate::model::{Action, concrete};
use crate::seed::Credentials;
use crate::store::{USERS, key};
use auth0_api_description::{BodyKind, Method, Type};
use caller::{Caller, json_of};
use serde_json::{Value, json};

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
