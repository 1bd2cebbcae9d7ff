//! Hooks: what they hear, and that they break nothing.

use crate::support::{builder, milliseconds};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use auth0_sdk::{ErrorKind, Limiter, TransportError};
use std::sync::{Arc, Mutex};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn each_attempt_is_told_and_nothing_secret() {
    let token = Reply::json(200, r#"{"access_token":"the-token","expires_in":86400}"#)
        .header("auth0-client-quota-limit", "b=per_hour;q=10;r=7;t=3540");
    let good = Reply::json(200, r#"{"user_id":"the-id"}"#)
        .header("x-ratelimit-limit", "50")
        .header("x-ratelimit-remaining", "49")
        .header("x-ratelimit-reset", "1767225601")
        .header("x-auth0-requestid", "request-7");
    let busy = Reply::json(503, r#"{"message":"the-token"}"#);
    let transport = ScriptedTransport::new([token, busy, Reply::fail(TransportError::not_sent("no")), good]);
    let said = Arc::new(Mutex::new(Vec::new()));
    let (one, two, three) = (said.clone(), said.clone(), said.clone());
    let client = builder(&transport, &ManualTimer::skipping())
        .client_credentials("the-client", "the-secret")
        .limiter(Limiter::new())
        .on_request(move |event| one.lock().expect("a lock").push(format!("{event:?}")))
        .on_response(move |event| {
            let quota = event.client_quota.and_then(|quota| quota.per_hour).map(|hour| hour.remaining);
            let left = event.rate_limit.map(|limit| limit.remaining);
            let line = format!("{} {} {} {left:?} {quota:?} {event:?}", event.operation, event.attempt, event.status);
            two.lock().expect("a lock").push(line);
        })
        .on_retry(move |event| {
            let line = format!(
                "retry {} {} {:?} {:?} {:?}",
                event.operation, event.attempt, event.wait, event.status, event.kind
            );
            three.lock().expect("a lock").push(line);
        })
        .build()
        .expect("a client");
    block_on(async { client.operation("users.get").path("the-id").query("fields", "the-query").await })
        .expect("a user");
    let said = said.lock().expect("a lock").clone();
    let starts = [
        r#"RequestEvent { operation: "oauth.token", attempt: 1, method: Post, template: "/oauth/token", "#,
        "oauth.token 1 200 None Some(7)",
        r#"RequestEvent { operation: "users.get", attempt: 1, method: Get, template: "/users/{id}", waited: 0ns"#,
        "users.get 1 503 None None",
        "retry users.get 1 1s Some(503) Api",
        r#"RequestEvent { operation: "users.get", attempt: 2"#,
        "retry users.get 2 2s None Transport",
        r#"RequestEvent { operation: "users.get", attempt: 3"#,
        "users.get 3 200 Some(49) None",
    ];
    assert_eq!(said.len(), starts.len(), "{said:#?}");
    said.iter().zip(starts).for_each(|(line, start)| assert!(line.starts_with(start), "{line}\n{start}"));
    assert!(said[8].contains("request-7"), "{}", said[8]);
    for secret in ["the-token", "the-secret", "the-id", "the-query"] {
        assert!(said.iter().all(|line| !line.contains(secret)), "{secret}: {said:#?}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_hook_that_panics_breaks_nothing() {
    let transport = ScriptedTransport::new([Reply::status(503), Reply::json(200, "{}")]);
    let heard = Arc::new(Mutex::new(0));
    let count = heard.clone();
    let client = builder(&transport, &ManualTimer::skipping())
        .token("t")
        .on_request(|_| panic!("in a hook"))
        .on_response(|_| panic!("in a hook"))
        .on_response(move |_| *count.lock().expect("a lock") += 1)
        .on_retry(|_| panic!("in a hook"))
        .build()
        .expect("a client");
    block_on(async { client.operation("users.get").path("u").await }).expect("an answer");
    assert_eq!(*heard.lock().expect("a lock"), 2, "the next hook hears it");
}

#[test]
fn what_a_limiter_made_it_wait_is_told() {
    let used_up = Reply::json(200, "{}")
        .header("x-ratelimit-limit", "2")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "1767225602");
    let transport = ScriptedTransport::new([used_up, Reply::json(404, "{}")]);
    let waited = Arc::new(Mutex::new(Vec::new()));
    let told = waited.clone();
    let client = builder(&transport, &ManualTimer::skipping())
        .token("t")
        .limiter(Limiter::new())
        .on_request(move |event| told.lock().expect("a lock").push(event.waited))
        .build()
        .expect("a client");
    let get = || async { client.operation("users.get").path("u").await };
    block_on(get()).expect("the first");
    assert_eq!(block_on(get()).expect_err("not found").kind(), ErrorKind::Api);
    let waited = waited.lock().expect("a lock");
    assert!(waited[0].is_zero() && waited[1] >= milliseconds(2000) && waited[1] < milliseconds(2001), "{waited:?}");
}
