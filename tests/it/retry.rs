//! Retries, where data says it badly: policies of the program's own, jitter, calls that are dropped.

use crate::support::{builder, milliseconds, seconds, with_token};
use auth0_sdk::testing::{FixedRandom, ManualTimer, Recorded, Reply, ScriptedTransport, block_on, poll_until_stuck};
use auth0_sdk::{Attempt, Decision, Host, ManagementClient, Multipart, Outcome, Retry, RetryPolicy, TransportError};
use serde_json::json;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn only_idempotent_requests_when_that_is_asked_for() {
    let client = |transport: &ScriptedTransport, timer: &ManualTimer| {
        let policy = RetryPolicy::default().only_idempotent();
        builder(transport, timer).token("t").retry_policy(policy).build().expect("a client")
    };
    for (operation, status, requests) in
        [("users.create", 503, 1), ("users.create", 429, 2), ("clients.rotateSecret", 500, 1), ("users.get", 503, 2)]
    {
        let transport = ScriptedTransport::new([Reply::status(status), Reply::json(200, "1")]);
        let timer = ManualTimer::skipping();
        let mut call = client(&transport, &timer).operation(operation);
        if operation == "users.create" {
            call = call.body(&json!({}));
        } else {
            call = call.path("a");
        }
        let result = block_on(async { call.await });
        assert_eq!((transport.requests().len(), result.is_ok()), (requests, requests == 2), "{operation} {status}");
    }
}

#[test]
fn jitter_shortens_a_backoff_and_lengthens_a_wait_that_the_server_asks_for() {
    let transport = ScriptedTransport::new([
        Reply::status(503),
        Reply::status(429).header("retry-after", "10"),
        Reply::json(200, "1"),
    ]);
    let timer = ManualTimer::skipping();
    let host = Host::new(transport, timer.clone(), FixedRandom(255));
    let auth0 = ManagementClient::builder("tenant.us.auth0.com").host(host).token("t").build().expect("a client");
    block_on(async { auth0.operation("users.get").path("a").await }).expect("a user");
    let waits: Vec<_> = timer.slept().iter().map(|wait| wait.as_millis()).collect();
    assert!((750..=751).contains(&waits[0]) && (10_999..=11_000).contains(&waits[1]), "{waits:?}");
}

/// What a policy is told.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Retry for Notes {
    fn decide(&self, attempt: &Attempt<'_>) -> Decision {
        let outcome = match attempt.outcome {
            Outcome::Status { status, headers } => format!("{status} {:?}", headers.get("x-hint")),
            Outcome::NoAnswer { may_have_been_sent } => format!("sent {may_have_been_sent}"),
            _ => "something new".to_owned(),
        };
        let note = format!("{} {} {outcome}", attempt.number, attempt.idempotent);
        self.0.lock().expect("unlocked").push(note);
        Decision::Wait(milliseconds(1))
    }
}

#[test]
fn a_policy_of_the_programs_own_decides_about_everything_but_the_number() {
    let transport = ScriptedTransport::new([
        Reply::status(404).header("x-hint", "now"),
        Reply::fail(TransportError::not_sent("refused")),
        Reply::fail(TransportError::maybe_sent("reset")),
        Reply::hang(),
        Reply::status(409),
    ]);
    let timer = ManualTimer::skipping();
    let notes = Notes::default();
    let auth0 =
        builder(&transport, &timer).token("t").retry_policy(notes.clone()).max_retries(4).build().expect("a client");
    let error = block_on(async { auth0.operation("users.create").body(&json!({})).await }).expect_err("409");
    assert_eq!((error.status(), error.attempts()), (Some(409), 5));
    assert_eq!(
        *notes.0.lock().expect("unlocked"),
        [
            "1 false 404 Some(\"now\")",
            "2 false sent false",
            "3 false sent true",
            "4 false sent true",
            "5 false 409 None"
        ]
    );
}

#[test]
fn a_longer_wait_can_be_allowed() {
    let transport = ScriptedTransport::new([Reply::status(429).header("retry-after", "3600"), Reply::json(200, "1")]);
    let timer = ManualTimer::skipping();
    let policy = RetryPolicy::default().longest_wait(seconds(3600));
    let auth0 = builder(&transport, &timer).token("t").retry_policy(policy).build().expect("a client");
    block_on(async { auth0.operation("users.get").path("a").await }).expect("a user");
    assert_eq!(timer.slept(), [seconds(3600)]);
}

#[test]
fn no_wait_is_too_long_for_arithmetic() {
    let forever = std::time::Duration::MAX;
    let policy = RetryPolicy::default().longest_wait(forever).longest_backoff(forever);
    let transport =
        ScriptedTransport::new([Reply::status(429).header("retry-after", u64::MAX.to_string()), Reply::json(200, "1")]);
    let timer = ManualTimer::skipping();
    let auth0 = builder(&transport, &timer).token("t").retry_policy(policy).build().expect("a client");
    block_on(async { auth0.operation("users.get").path("a").await }).expect("a user");
}

#[test]
fn a_call_that_is_dropped_while_it_waits_is_over() {
    let transport = ScriptedTransport::new([Reply::status(503), Reply::json(200, "1")]);
    let timer = ManualTimer::new();
    let auth0 = with_token(&transport, &timer);
    {
        let mut call = pin!(auth0.operation("users.get").path("a").raw());
        assert!(poll_until_stuck(call.as_mut()).is_pending());
        timer.advance(milliseconds(999));
        assert!(poll_until_stuck(call.as_mut()).is_pending());
        assert_eq!(transport.requests().len(), 1);
    }
    timer.advance(seconds(60));
    assert_eq!((transport.requests().len(), transport.open()), (1, 0));
}

#[test]
fn a_retry_comes_when_its_time_has_come() {
    let transport = ScriptedTransport::new([Reply::status(503), Reply::json(200, "1")]);
    let timer = ManualTimer::new();
    let auth0 = with_token(&transport, &timer);
    let mut call = pin!(auth0.operation("users.get").path("a").raw());
    assert!(poll_until_stuck(call.as_mut()).is_pending());
    timer.advance(seconds(1));
    let Poll::Ready(answer) = poll_until_stuck(call.as_mut()) else { panic!("still waiting") };
    assert_eq!(answer.expect("an answer").attempts, 2);
}

#[test]
fn a_large_body_is_sent_whole_each_time() {
    let transport = ScriptedTransport::new([
        Reply::status(500),
        Reply::status(307).header("location", "/elsewhere"),
        Reply::fail(TransportError::not_sent("refused")),
        Reply::json(201, "1"),
    ]);
    let timer = ManualTimer::skipping();
    let body = json!({"user_metadata": "ä".repeat(500_000)});
    let auth0 = with_token(&transport, &timer);
    block_on(async { auth0.operation("users.create").body(&body).await }).expect("a user");
    let sent = transport.requests();
    assert_eq!(sent.len(), 4);
    assert!(
        sent.iter().all(|request| serde_json::from_str::<serde_json::Value>(&request.text()).expect("JSON") == body)
    );
}

#[test]
fn a_form_is_sent_whole_each_time() {
    let transport = ScriptedTransport::new([Reply::status(500), Reply::status(429), Reply::json(202, "1")]);
    let form = Multipart::new().text("connection_id", "con_0123456789abcdef").file(
        "users",
        "users.json",
        "application/json",
        vec![b'['; 100_000],
    );
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    block_on(async { auth0.operation("jobs.usersImports.create").multipart(&form).await }).expect("a job");
    let sent = transport.requests();
    let whole = |request: &Recorded| {
        let kind = request.headers.get("content-type").unwrap_or_default();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("a boundary").to_owned();
        request.text().ends_with(&format!("[\r\n--{boundary}--\r\n")) && request.text().len() > 100_000
    };
    assert_eq!((sent.len(), sent.iter().all(whole)), (3, true));
}
