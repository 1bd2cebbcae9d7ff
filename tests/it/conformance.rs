//! Every operation, called with arguments that are made from the description, and held against the description: not
//! against the table that the client reads.

use crate::support::{decode, query_of};
use auth0_api_description::sample::{Request, Size};
use auth0_api_description::{BodyKind, Description, Kind, Operation};
use auth0_sdk::testing::{ManualTimer, Recorded, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::{Call, ErrorKind, Json, ManagementClient, Multipart, TransportError};
use std::sync::LazyLock;

pub(crate) static DESCRIPTION: LazyLock<Description> =
    LazyLock::new(|| Description::embedded().expect("the description"));

/// The call of an operation with these arguments.
pub(crate) fn call(client: &ManagementClient, operation: &Operation, request: &Request) -> Call {
    let mut call = client.operation(&operation.id);
    for argument in &request.path {
        call = call.path(argument.as_str());
    }
    for (name, value) in &request.query {
        call = call.query(name, value.clone());
    }
    match (&request.body, &operation.body) {
        (Some(body), Some(kind)) if kind.kind == BodyKind::Multipart => call.multipart(&form(operation, body)),
        (Some(body), _) => call.body(body),
        (None, _) => call,
    }
}

/// The members of a body as the parts of a form; binary ones as files.
fn form(operation: &Operation, body: &Json) -> Multipart {
    let ty = &operation.body.as_ref().expect("a body").ty;
    let properties = DESCRIPTION.properties(ty).expect("an object");
    let is_file = |name: &str| {
        let property = properties.iter().find(|property| property.name == name).expect("a property");
        matches!(&property.ty.kind, Kind::String { format: Some(format), .. } if format == "binary")
    };
    body.as_object().expect("an object").iter().fold(Multipart::new(), |form, (name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match is_file(name) {
            true => form.file(name, "sample.json", "application/json", text),
            false => form.text(name, text),
        }
    })
}

pub(crate) fn differences(operation: &Operation, request: &Request, made: &Recorded) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, is: Json, wanted: Json| {
        if is != wanted {
            wrong.push(format!("{}: {what} is {is}, expected {wanted}", operation.id));
        }
    };
    let header = |name: &str| Json::from(made.headers.get(name));
    check("the method", made.method.into(), operation.method.as_str().into());
    let path = made.url.split('?').next().unwrap_or_default();
    let wanted = format!("https://tenant.us.auth0.com/api/v2{}", request.url_path(operation));
    check("the URL", path.into(), wanted.into());
    let mut query = query_of(&made.url);
    query.sort();
    check("the query", serde_json::json!(query), serde_json::json!(request.sent_query(operation)));
    check("authorization", header("authorization"), "Bearer test-token".into());
    let accept = if operation.event_stream { "text/event-stream" } else { "application/json" };
    check("accept", header("accept"), accept.into());
    let domain = if operation.custom_domain { Json::from("login.example.com") } else { Json::Null };
    check("auth0-custom-domain", header("auth0-custom-domain"), domain);
    check("auth0-client", header("auth0-client").is_string().into(), true.into());
    match (&request.body, operation.body.as_ref().map(|body| body.kind)) {
        (None, _) => {
            check("the body", Json::from(made.text()), "".into());
            check("content-type", header("content-type"), Json::Null);
        }
        (Some(body), Some(BodyKind::Multipart)) => {
            let kind = made.headers.get("content-type").unwrap_or_default();
            let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap_or("none");
            let text = made.text();
            let parts: Vec<_> = text.split(&format!("--{boundary}")).collect();
            let members = body.as_object().expect("an object");
            check("the number of parts", parts.len().into(), (members.len() + 2).into());
            for (name, value) in members {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let has = parts.iter().any(|part| part.contains(&format!("name=\"{name}\"")) && part.contains(&value));
                check(&format!("part {name}"), has.into(), true.into());
            }
        }
        (Some(body), _) => {
            check("the body", serde_json::from_str(&made.text()).unwrap_or_default(), body.clone());
            check("content-type", header("content-type"), "application/json".into());
        }
    }
    wrong
}

fn all_operations(arguments: impl Fn(&Operation) -> Request) {
    let (mut wrong, mut called) = (Vec::new(), 0);
    for operation in DESCRIPTION.operations() {
        let transport = ScriptedTransport::new([Reply::status(204)]);
        let client = ManagementClient::builder("tenant.us.auth0.com")
            .host(host(transport.clone(), ManualTimer::skipping()))
            .token("test-token")
            .custom_domain("login.example.com")
            .build()
            .expect("a client");
        let request = arguments(operation);
        match block_on(call(&client, operation, &request).raw()) {
            Ok(answer) => assert_eq!(answer.status, 204),
            Err(error) => wrong.push(error.to_string()),
        }
        for made in transport.requests() {
            wrong.extend(differences(operation, &request, &made));
            called += 1;
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(called, 491);
}

#[test]
fn the_client_knows_the_operations_of_the_description_and_no_others() {
    let mut described: Vec<_> = DESCRIPTION.operations().map(|operation| operation.id.as_str()).collect();
    described.sort_unstable();
    assert_eq!(ManagementClient::operations().collect::<Vec<_>>(), described);
    assert_eq!(described.len(), 491);
}

#[test]
fn with_the_least_arguments() {
    all_operations(|operation| DESCRIPTION.sample_request(operation, Size::Least));
}

#[test]
fn with_all_arguments() {
    all_operations(|operation| DESCRIPTION.sample_request(operation, Size::Full));
}

#[test]
fn with_ids_that_would_change_the_route() {
    const ID: &str = "oauth2|a/../b?c=d&e#f%2F\\ä+ ";
    all_operations(|operation| {
        let mut request = DESCRIPTION.sample_request(operation, Size::Least);
        request.path.iter_mut().for_each(|argument| *argument = ID.to_owned());
        for segment in request.url_path(operation).split('/').filter(|segment| segment.contains('%')) {
            assert_eq!(decode(segment), ID);
        }
        request
    });
}

#[test]
fn what_may_be_repeated_after_a_reset_is_what_the_description_says() {
    for operation in DESCRIPTION.operations() {
        let reset = || Reply::fail(TransportError::maybe_sent("reset"));
        let transport = ScriptedTransport::new([reset(), Reply::status(204)]);
        let client = crate::support::with_token(&transport, &ManualTimer::skipping());
        let request = DESCRIPTION.sample_request(operation, Size::Least);
        let result = block_on(call(&client, operation, &request).raw());
        let requests = if operation.idempotent { 2 } else { 1 };
        assert_eq!((transport.requests().len(), result.is_ok()), (requests, operation.idempotent), "{}", operation.id);
    }
}

#[test]
fn what_is_missing_or_too_much_is_refused_for_every_operation() {
    for operation in DESCRIPTION.operations() {
        let transport = ScriptedTransport::default();
        let client = crate::support::with_token(&transport, &ManualTimer::skipping());
        let request = DESCRIPTION.sample_request(operation, Size::Least);
        let refused = |request: &Request, call: Call, what: &str| {
            let error = block_on(call.raw()).expect_err(what);
            assert_eq!(
                (error.kind(), error.operation()),
                (ErrorKind::Request, Some(operation.id.as_str())),
                "{what}: {request:?}"
            );
        };
        for index in 0..request.path.len() {
            let mut less = request.clone();
            less.path.remove(index);
            refused(&less, call(&client, operation, &less), "a path argument is missing");
            for bad in ["", ".", ".."] {
                let mut dots = request.clone();
                dots.path[index] = bad.to_owned();
                refused(&dots, call(&client, operation, &dots), "a path argument changes the route");
            }
        }
        let mut more = request.clone();
        more.path.push("more".to_owned());
        refused(&more, call(&client, operation, &more), "a path argument too many");
        let without = Request { body: None, ..request.clone() };
        let json = serde_json::json!({});
        match &operation.body {
            None => refused(&without, call(&client, operation, &without).body(&json), "a body where none belongs"),
            Some(body) => {
                if body.required {
                    refused(&without, call(&client, operation, &without), "the body is missing");
                }
                let call = call(&client, operation, &without);
                let other = match body.kind {
                    BodyKind::Multipart => call.body(&json),
                    BodyKind::Json => call.multipart(&Multipart::new().text("a", "b")),
                };
                refused(&without, other, "a body of the other kind");
            }
        }
        assert!(transport.requests().is_empty(), "{}", operation.id);
    }
}
