//! What a call sends and gives, where data says it badly: telemetry, raw answers, redirects, clones, closures.

use crate::support::{DOMAIN, builder, paths, with_token};
use auth0_sdk::testing::{FixedRandom, ManualTimer, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::{ErrorKind, Headers, Host, HttpRequest, HttpResponse, Json, ManagementClient, MemoryStore, Read};
use base64::Engine;
use serde_json::json;
use std::sync::{Arc, Mutex};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn telemetry(header: &str) -> Json {
    let bytes = base64::engine::general_purpose::STANDARD.decode(header).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn telemetry_is_this_crates_or_the_programs() {
    let transport = ScriptedTransport::new([Reply::json(200, "{}"), Reply::json(200, "{}")]);
    let timer = ManualTimer::skipping();
    let auth0 = with_token(&transport, &timer);
    block_on(async { auth0.operation("users.get").path("a").await }).expect("a user");
    let auth0 = builder(&transport, &timer).token("t").client_info("my \"app\"", "1.2.3").build().expect("a client");
    block_on(async { auth0.operation("users.get").path("a").await }).expect("a user");
    let sent: Vec<_> =
        transport.requests().iter().map(|r| telemetry(&r.headers.get("Auth0-Client").expect("sent"))).collect();
    assert_eq!(sent[0]["name"], "auth0-sdk");
    assert_eq!(sent[0]["version"], env!("CARGO_PKG_VERSION"));
    assert!(sent[0]["env"].is_object());
    assert_eq!((&sent[1]["name"], &sent[1]["version"]), (&json!("my \"app\""), &json!("1.2.3")));
}

#[test]
fn raw_gives_status_headers_attempts_and_the_rate_limit() {
    let transport = ScriptedTransport::new([
        Reply::status(503),
        Reply::json(201, r#"{"user_id":"auth0|1"}"#)
            .header("X-RateLimit-Limit", "10")
            .header("X-RateLimit-Remaining", "9")
            .header("X-RateLimit-Reset", "1767225601"),
    ]);
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    let answer = block_on(auth0.operation("users.create").body(&json!({})).raw()).expect("an answer");
    assert_eq!((answer.status, answer.attempts), (201, 2));
    assert_eq!(answer.data["user_id"], "auth0|1");
    assert_eq!(answer.headers.get("content-type").as_deref(), Some("application/json"));
    let limit = answer.rate_limit().expect("a limit");
    assert_eq!((limit.limit, limit.remaining, limit.reset_at.as_secs()), (10, 9, 1_767_225_601));
}

#[test]
fn a_call_is_a_value_and_can_be_made_twice() {
    let transport = ScriptedTransport::new([Reply::json(200, "1"), Reply::json(200, "2")]);
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    let call = auth0.operation("users.update").path("a/b").body(&json!({"x": null}));
    assert!(transport.requests().is_empty(), "nothing is sent before it is awaited");
    let again = call.clone();
    assert_eq!(block_on(async { call.await }).expect("1"), 1);
    assert_eq!(block_on(async { again.await }).expect("2"), 2);
    let sent = transport.requests();
    assert_eq!((sent[0].url.as_str(), sent[0].text()), (sent[1].url.as_str(), sent[1].text()));
}

#[test]
fn a_body_that_json_cannot_say_is_refused_before_anything_is_sent() {
    let transport = ScriptedTransport::default();
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    // A map whose keys are no texts.
    let body = std::collections::BTreeMap::from([((1, 2), "x")]);
    let error = block_on(async { auth0.operation("users.create").body(&body).await }).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.to_string().contains("JSON"), "{error}");
    assert!(transport.requests().is_empty());
}

#[test]
fn a_closure_is_a_transport_and_sees_the_whole_request() {
    let seen: Arc<Mutex<Option<HttpRequest>>> = Arc::default();
    let keep = seen.clone();
    let transport = move |request: HttpRequest| {
        *keep.lock().expect("unlocked") = Some(request);
        async { Ok(HttpResponse::new(200, Headers::new(), "[]")) }
    };
    let auth0 = ManagementClient::builder(DOMAIN)
        .host(Host::new(transport, ManualTimer::skipping(), FixedRandom(0)))
        .token_provider(|| async { Ok("from the callback") })
        .build()
        .expect("a client");
    let answer = block_on(async { auth0.operation("users.listUsersByEmail").query("email", "a@b.c").await });
    assert_eq!(answer.expect("a list"), json!([]));
    let request = seen.lock().expect("unlocked").take().expect("a request");
    assert_eq!(request.url, "https://tenant.us.auth0.com/api/v2/users-by-email?email=a%40b.c");
    assert_eq!(request.headers.get("AUTHORIZATION").as_deref(), Some("Bearer from the callback"));
    assert_eq!(request.read, Read::Bytes);
}

#[test]
fn a_redirect_elsewhere_gets_neither_the_token_nor_the_body() {
    for (status, location) in [
        (301, "https://evil.example/"),
        (302, "https://tenant.us.auth0.com.evil.example/api/v2/users/a"),
        (303, "https://tenant.us.auth0.com@evil.example/"),
        (307, "//evil.example/x"),
        (308, "/\\evil.example/x"),
        (302, "https://tenant.us.auth0.com:444/x"),
        (302, "http://tenant.us.auth0.com/x"),
        (302, "javascript:alert(1)"),
        (302, ""),
    ] {
        for operation in ["users.get", "users.update", "users.delete"] {
            let transport = ScriptedTransport::new([Reply::status(status).header("location", location)]);
            let auth0 = with_token(&transport, &ManualTimer::skipping());
            let mut call = auth0.operation(operation).path("a");
            if operation == "users.update" {
                call = call.body(&json!({"password": "p"}));
            }
            let error = block_on(async { call.await }).expect_err(location);
            assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(status)), "{location}");
            assert_eq!(transport.requests().len(), 1, "{location} was followed");
        }
    }
}

#[test]
fn a_redirect_at_home_is_followed_and_is_no_retry() {
    let transport = ScriptedTransport::new([
        Reply::status(503),
        Reply::status(308).header("location", "https://tenant.us.auth0.com/moved?a=b#c"),
        Reply::json(200, "1"),
    ]);
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    let answer = block_on(auth0.operation("users.get").path("a").max_retries(1).raw()).expect("an answer");
    assert_eq!(answer.attempts, 2);
    let sent = transport.requests();
    assert_eq!(sent[2].url, "https://tenant.us.auth0.com/moved?a=b");
    assert!(sent.iter().all(|request| request.headers.get("authorization").as_deref() == Some("Bearer fixed-token")));
    assert_eq!(transport.open(), 0);
}

#[test]
fn every_operation_is_known_by_its_id() {
    let ids: Vec<_> = ManagementClient::operations().collect();
    assert_eq!(ids.len(), 491);
    assert!(ids.is_sorted());
    assert!(ids.contains(&"guardian.factors.pushNotification.setFcmv1Provider"));
}

#[test]
fn clones_and_parts_of_a_host_are_shared() {
    let transport = ScriptedTransport::new([
        Reply::json(200, r#"{"access_token":"t1","expires_in":86400}"#),
        Reply::json(200, "1"),
        Reply::json(200, "2"),
        Reply::json(200, r#"{"access_token":"t2","expires_in":86400}"#),
        Reply::json(200, "3"),
    ]);
    let host = host(transport.clone(), ManualTimer::skipping());
    let client = |host: &Host| {
        ManagementClient::builder(DOMAIN)
            .host(host.clone())
            .client_credentials("c", "the-secret")
            .build()
            .expect("a client")
    };
    let get = |auth0: &ManagementClient| {
        let call = auth0.operation("users.get").path("a");
        block_on(async { call.await }).expect("a user")
    };
    // Two clients that share a host share one token; one with a store of its own does not.
    assert_eq!(get(&client(&host)), 1);
    assert_eq!(get(&client(&host)), 2);
    assert_eq!(get(&client(&host.with_store(MemoryStore::default()))), 3);
    let token = "/oauth/token";
    let user = "/api/v2/users/a";
    assert_eq!(paths(&transport.requests()), [token, user, user, token, user]);
}
