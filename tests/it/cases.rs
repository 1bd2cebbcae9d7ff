//! Runs `tests/cases/*.json`: what the folder's README describes. The JavaScript suite runs the same files.

use crate::support::{DOMAIN, START, pairs_of, query_of};
use auth0_sdk::testing::{ManualTimer, Recorded, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::{Call, Error, ErrorKind, Json, ManagementClient, TransportError};
use serde::Deserialize;
use serde_json::{Map, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// `rust` or `js`, for what the other cannot say.
    only: Option<String>,
    #[serde(default)]
    client: Client,
    /// Made one after the other; `calls` for several.
    call: Option<CallOf>,
    #[serde(default)]
    calls: Vec<CallOf>,
    #[serde(default)]
    replies: Vec<ReplyOf>,
    expect: Expect,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct Client {
    domain: Option<String>,
    base_url: Option<String>,
    /// Null for none.
    #[serde(deserialize_with = "said")]
    token: Option<Option<String>>,
    client_id: Option<String>,
    client_secret: Option<String>,
    audience: Option<String>,
    organization: Option<String>,
    headers: BTreeMap<String, String>,
    custom_domain: Option<String>,
    telemetry: Option<bool>,
    max_retries: Option<u32>,
    timeout_ms: Option<u64>,
    deadline_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CallOf {
    operation: String,
    #[serde(default)]
    path: Vec<String>,
    #[serde(default)]
    query: Map<String, Json>,
    /// Absent for none; null is a body.
    #[serde(default, deserialize_with = "said")]
    body: Option<Option<Json>>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    max_retries: Option<u32>,
    timeout_ms: Option<u64>,
    deadline_ms: Option<u64>,
    /// Moves the clock before the call.
    #[serde(default)]
    after_ms: u64,
    /// `items` or `pages`: walks the list.
    walk: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ReplyOf {
    /// `hangs`, `notSent` or `maybeSent`: no answer.
    none: Option<String>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "said")]
    json: Option<Option<Json>>,
    text: Option<String>,
    /// Bytes in hexadecimal.
    hex: Option<String>,
    /// How often the text or the bytes are repeated.
    repeat: Option<usize>,
    /// `breaks` or `hangs`, after the body.
    then: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    requests: Option<Vec<Map<String, Json>>>,
    /// In milliseconds.
    waits: Option<Vec<u64>>,
    #[serde(default, deserialize_with = "said")]
    result: Option<Option<Json>>,
    error: Option<Map<String, Json>>,
}

/// Tells a null from what is absent.
fn said<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn run(file: &str, least: usize) {
    let file: File = serde_json::from_str(file).unwrap_or_else(|error| panic!("the cases cannot be read: {error}"));
    let cases: Vec<_> = file.cases.iter().filter(|case| case.only.as_deref() != Some("js")).collect();
    assert!(cases.len() >= least, "only {} cases", cases.len());
    // Natively all cases run, so that one failure does not hide the next; wasm ends at the first.
    let failed = cases.iter().filter(|case| std::panic::catch_unwind(|| run_case(case)).is_err()).count();
    assert_eq!(failed, 0, "cases failed");
}

fn run_case(case: &Case) {
    let name = &case.name;
    let transport = ScriptedTransport::new(case.replies.iter().map(reply));
    let timer = ManualTimer::skipping();
    let mut outcome = client(&case.client, &transport, &timer).map(|client| (client, json!(null)));
    for call in case.call.iter().chain(&case.calls) {
        outcome = outcome.and_then(|(client, _)| {
            timer.advance(Duration::from_millis(call.after_ms));
            let result = make(&client, call)?;
            Ok((client, result))
        });
    }
    let outcome = outcome.map(|(_, result)| result);
    match (&case.expect.error, &outcome) {
        (Some(expected), Err(error)) => check_error(name, expected, error),
        (Some(_), Ok(result)) => panic!("{name}: an error is expected, and there is {result}"),
        (None, Err(error)) => panic!("{name}: {error}"),
        (None, Ok(result)) => {
            if let Some(expected) = &case.expect.result {
                assert_eq!(result, expected.as_ref().unwrap_or(&Json::Null), "{name}: the result");
            }
        }
    }
    if let Some(expected) = &case.expect.requests {
        let made = transport.requests();
        assert_eq!(made.len(), expected.len(), "{name}: the number of requests, which are {made:#?}");
        for (expected, made) in expected.iter().zip(&made) {
            check_request(name, expected, made);
        }
    }
    if let Some(expected) = &case.expect.waits {
        let waits: Vec<_> = timer.slept().iter().map(|wait| wait.as_millis() as u64).collect();
        assert_eq!(&waits, expected, "{name}: the waits");
    }
    assert_eq!(transport.open(), 0, "{name}: exchanges are left open");
}

fn client(of: &Client, transport: &ScriptedTransport, timer: &ManualTimer) -> Result<ManagementClient, Error> {
    let domain = of.domain.clone().unwrap_or_else(|| DOMAIN.to_owned());
    let mut builder = ManagementClient::builder(domain).host(host(transport.clone(), timer.clone()));
    let token = match &of.token {
        None if of.client_id.is_some() => None,
        None => Some("test-token".to_owned()),
        Some(token) => token.clone(),
    };
    if let Some(token) = token {
        builder = builder.token(token);
    }
    if let Some(id) = &of.client_id {
        builder = builder.client_credentials(id.as_str(), of.client_secret.as_deref().unwrap_or_default());
    }
    if let Some(audience) = &of.audience {
        builder = builder.audience(audience.as_str());
    }
    if let Some(organization) = &of.organization {
        builder = builder.organization(organization.as_str());
    }
    if let Some(base_url) = &of.base_url {
        builder = builder.base_url(base_url.as_str());
    }
    for (name, value) in &of.headers {
        builder = builder.header(name.as_str(), value.as_str());
    }
    if let Some(domain) = &of.custom_domain {
        builder = builder.custom_domain(domain.as_str());
    }
    if let Some(on) = of.telemetry {
        builder = builder.telemetry(on);
    }
    if let Some(max_retries) = of.max_retries {
        builder = builder.max_retries(max_retries);
    }
    if let Some(timeout) = of.timeout_ms {
        builder = builder.timeout(Duration::from_millis(timeout));
    }
    if let Some(deadline) = of.deadline_ms {
        builder = builder.deadline(Duration::from_millis(deadline));
    }
    builder.build()
}

fn make(client: &ManagementClient, of: &CallOf) -> Result<Json, Error> {
    let mut call = client.operation(&of.operation);
    for id in &of.path {
        call = call.path(id.as_str());
    }
    for (name, value) in &of.query {
        call = call.query(name, value.clone());
    }
    if let Some(body) = &of.body {
        call = call.body(body);
    }
    for (name, value) in &of.headers {
        call = call.header(name.as_str(), value.as_str());
    }
    if let Some(max_retries) = of.max_retries {
        call = call.max_retries(max_retries);
    }
    if let Some(timeout) = of.timeout_ms {
        call = call.timeout(Duration::from_millis(timeout));
    }
    if let Some(deadline) = of.deadline_ms {
        call = call.deadline(Duration::from_millis(deadline));
    }
    match of.walk.as_deref() {
        None => block_on(async move { call.await }),
        Some("items") => block_on(items(call)),
        Some("pages") => block_on(pages(call)),
        Some(other) => panic!("{other:?} is not a way to walk"),
    }
}

async fn items(call: Call) -> Result<Json, Error> {
    let (mut items, mut all) = (call.items(), Vec::new());
    while let Some(item) = items.next().await {
        all.push(item?);
    }
    assert!(items.next().await.is_none(), "a walk that is over stays over");
    Ok(Json::Array(all))
}

async fn pages(call: Call) -> Result<Json, Error> {
    let (mut pages, mut all) = (call.pages(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page?;
        all.push(json!({"items": page.items, "hasNext": page.has_next}));
    }
    Ok(Json::Array(all))
}

fn reply(of: &ReplyOf) -> Reply {
    match of.none.as_deref() {
        Some("hangs") => return Reply::hang(),
        Some("notSent") => return Reply::fail(TransportError::not_sent("the connection was refused")),
        Some("maybeSent") => return Reply::fail(TransportError::maybe_sent("the connection was reset")),
        Some(other) => panic!("{other:?} is not a way to answer nothing"),
        None => {}
    }
    let mut reply = Reply::status(of.status);
    if of.json.is_some() && !of.headers.contains_key("content-type") {
        reply = reply.header("content-type", "application/json; charset=utf-8");
    }
    for (name, value) in &of.headers {
        let value = match value.strip_prefix("now+") {
            Some(later) => (START.as_secs() + later.parse::<u64>().expect("seconds")).to_string(),
            None => value.clone(),
        };
        reply = reply.header(Box::leak(name.clone().into_boxed_str()), value);
    }
    let body = match (&of.json, &of.text, &of.hex) {
        (Some(json), None, None) => serde_json::to_vec(json).expect("JSON"),
        (None, Some(text), None) => text.clone().into_bytes(),
        (None, None, Some(hex)) => {
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
            (0..hex.len()).step_by(2).map(byte).collect()
        }
        (None, None, None) => Vec::new(),
        _ => panic!("a reply has one of json, text and hex"),
    };
    for _ in 0..of.repeat.unwrap_or(1) {
        reply = reply.body(body.clone());
    }
    match of.then.as_deref() {
        None => reply,
        Some("breaks") => reply.then_breaks(),
        Some("hangs") => reply.then_hangs(),
        Some(other) => panic!("{other:?} is not a way to end"),
    }
}

fn check_request(name: &str, expected: &Map<String, Json>, made: &Recorded) {
    let sorted = |mut pairs: Vec<(String, String)>| {
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        json!(pairs)
    };
    // A request that says nothing of its body has none.
    let silent = Json::Null;
    for key in ["body", "form"].into_iter().filter(|_| !["body", "form"].iter().any(|key| expected.contains_key(*key)))
    {
        assert_eq!((key, &made.body), (key, &None), "{name}: there is a body: {}", made.text());
    }
    for (key, wanted) in expected {
        match key.as_str() {
            "method" => assert_eq!(made.method, wanted, "{name}"),
            "url" => assert_eq!(made.url.split('?').next().expect("a URL"), wanted, "{name}"),
            "query" => {
                let wanted = serde_json::from_value(wanted.clone()).expect("pairs");
                assert_eq!(sorted(query_of(&made.url)), sorted(wanted), "{name}: the query of {}", made.url);
            }
            "headers" => {
                for (header, wanted) in wanted.as_object().expect("headers") {
                    let made = made.headers.get(header);
                    match wanted.as_str() {
                        Some("*") => {
                            assert!(made.is_some_and(|value| !value.is_empty()), "{name}: {header} is missing")
                        }
                        _ => assert_eq!(made.map_or(silent.clone(), Json::from), *wanted, "{name}: {header}"),
                    }
                }
            }
            "body" => {
                let made: Json = serde_json::from_slice(made.body.as_deref().expect("a body")).expect("JSON");
                assert_eq!(made, *wanted, "{name}: the body");
            }
            "form" => {
                let wanted = serde_json::from_value(wanted.clone()).expect("pairs");
                assert_eq!(sorted(pairs_of(&made.text())), sorted(wanted), "{name}: the form");
            }
            other => panic!("{name}: a request has no {other:?}"),
        }
    }
}

fn check_error(name: &str, expected: &Map<String, Json>, error: &Error) {
    let text = error.to_string();
    let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_millis() as f64 / 1000.0);
    let made = json!({
        "kind": error.kind().as_str(),
        "operation": error.operation(),
        "status": error.status(),
        "code": error.code(),
        "message": error.message(),
        "missingScope": error.missing_scope(),
        "retryAfter": seconds(error.retry_after()),
        "resetAfter": seconds(error.reset_at().and_then(|at| at.checked_sub(START))),
        "requestId": error.request_id(),
        "mfaToken": error.mfa_token().map(|token| token.expose()),
        "attempts": error.attempts(),
        "mayHaveBeenSent": error.may_have_been_sent(),
        "body": error.body().map(|body| body.text()),
        "bodyLength": error.body().map(|body| body.text().len()),
        "truncated": error.body().map(|body| body.is_truncated()),
    });
    for (key, wanted) in expected {
        let texts = || wanted.as_array().expect("texts").iter().map(|text| text.as_str().expect("a text"));
        match key.as_str() {
            "contains" => texts().for_each(|part| assert!(text.contains(part), "{name}: {part:?} is not in {text:?}")),
            "lacks" => {
                let all = crate::support::shown(error);
                texts().for_each(|part| assert!(!all.contains(part), "{name}: {part:?} is in {all}"));
            }
            key => {
                let made = made.get(key).unwrap_or_else(|| panic!("{name}: an error has no {key:?}"));
                let same = match (made.as_f64(), wanted.as_f64()) {
                    (Some(made), Some(wanted)) => made == wanted,
                    _ => made == wanted,
                };
                assert!(same, "{name}: {key} is {made}, expected {wanted}, of {error:?}");
            }
        }
    }
    let sent = matches!(error.kind(), ErrorKind::Config | ErrorKind::Request);
    assert!(!(sent && error.may_have_been_sent()), "{name}: nothing was sent");
}

#[test]
fn requests() {
    run(include_str!("../cases/requests.json"), 40);
}

#[test]
fn answers() {
    run(include_str!("../cases/answers.json"), 10);
}

#[test]
fn errors() {
    run(include_str!("../cases/errors.json"), 25);
}

#[test]
fn retries() {
    run(include_str!("../cases/retries.json"), 25);
}

#[test]
fn tokens() {
    run(include_str!("../cases/tokens.json"), 15);
}

#[test]
fn paging() {
    run(include_str!("../cases/paging.json"), 30);
}
