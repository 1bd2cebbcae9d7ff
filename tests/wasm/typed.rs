//! The Rust face on wasm: a body is bytes there, and not a value of JavaScript.

use crate::support::Fake;
use auth0_sdk::{ErrorKind, ManagementClient};
use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn a_call_is_awaited() {
    let fake = Fake::new(
        "Promise.resolve(new Response(new ReadableStream({ start(c) {
            const bytes = new TextEncoder().encode('\\ufeff{\"name\":\"J\u{f6} 😀\",\"n\":12345678901234567890}');
            for (let at = 0; at < bytes.length; at += 3) c.enqueue(bytes.slice(at, at + 3));
            c.close();
        } }), { headers: { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9', 'x-ratelimit-reset': '1' } }))",
    );
    let auth0 = fake.client();
    let response = auth0.operation("users.get").path("auth0|1").query("fields", "name").raw().await.expect("a user");
    // More digits than a JavaScript number has.
    assert_eq!(response.data, json!({"name": "Jö 😀", "n": 12_345_678_901_234_567_890_u64}));
    assert_eq!((response.status, response.attempts), (200, 1));
    assert!(response.rate_limit().is_some());
    fake.assert("calls[0].url === 'https://tenant.us.auth0.com/api/v2/users/auth0%7C1?fields=name'");
    fake.assert("new Headers(init.headers).get('authorization') === 'Bearer the-token'");
    fake.assert("!init.signal.aborted");
}

#[wasm_bindgen_test]
async fn no_body_is_null_and_a_body_is_sent() {
    let fake = Fake::new("Promise.resolve(new Response(null, { status: 204 }))");
    let auth0 = fake.client();
    let call = auth0.operation("users.update").path("auth0|1").body(&json!({"nickname": "Jo", "picture": null}));
    assert_eq!(call.await.expect("nothing"), json!(null));
    fake.assert("new TextDecoder().decode(init.body) === '{\"nickname\":\"Jo\",\"picture\":null}'");
    fake.assert("new Headers(init.headers).get('content-type') === 'application/json'");
}

#[wasm_bindgen_test]
async fn a_list_is_walked() {
    let fake = Fake::new(
        "Promise.resolve(Response.json({ start: number * 2, limit: 2, total: 3, users: number ? [{ id: 3 }] : [{ id: 1 }, { id: 2 }] }))",
    );
    let (mut items, mut all) = (fake.client().operation("users.list").query("per_page", 2).items(), Vec::new());
    while let Some(item) = items.next().await {
        all.push(item.expect("a user")["id"].clone());
    }
    assert_eq!(json!(all), json!([1, 2, 3]));
    assert_eq!(fake.calls(), 2.0);
}

#[wasm_bindgen_test]
async fn html_keeps_its_text() {
    let fake = Fake::new("Promise.resolve(new Response('<html>ä</html>'))");
    let error = fake.client().operation("users.get").path("a").await.expect_err("not JSON");
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.status(), Some(200));
    assert_eq!(error.body().map(|body| body.text()).as_deref(), Some("<html>ä</html>"));
    assert!(error.to_string().contains("HTML"), "{error}");
}

#[wasm_bindgen_test]
async fn dropping_a_call_aborts_it() {
    let fake = Fake::new("new Promise(() => {})");
    let call = fake.client().operation("users.get").path("a");
    assert!(crate::support::for_a_while(5, async move { call.await }).await.is_none());
    fake.assert("init.signal.aborted");
}

#[wasm_bindgen_test]
async fn the_host_of_the_target_is_complete() {
    let fake = Fake::new("Promise.resolve(Response.json({ a: 1 }))");
    let _replaced = crate::support::Replaced::new("fetch", &fake.fetch());
    let auth0 = ManagementClient::builder("t.auth0.com").token("t").build().expect("a client");
    assert_eq!(auth0.operation("users.get").path("a").await.expect("a user"), json!({"a": 1}));
    // This build writes its own telemetry header.
    fake.assert("JSON.parse(atob(new Headers(init.headers).get('auth0-client'))).name === 'auth0-sdk'");
}
