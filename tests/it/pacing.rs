//! A client with a limiter: what waits before it is sent, who goes first, and what hears of it.

use crate::support::{all, builder, milliseconds, seconds};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, poll_until_stuck};
use auth0_sdk::{ErrorKind, Limiter, ManagementClient, Priority, TransportError};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// An answer that says so many are left of so many.
fn left(limit: u32, remaining: u32) -> Reply {
    Reply::json(200, "{}")
        .header("x-ratelimit-limit", limit.to_string())
        .header("x-ratelimit-remaining", remaining.to_string())
}

fn limited(transport: &ScriptedTransport, timer: &ManualTimer, limiter: &Limiter) -> ManagementClient {
    builder(transport, timer).token("t").limiter(limiter.clone()).build().expect("a client")
}

async fn get(client: &ManagementClient) -> Result<auth0_sdk::Json, auth0_sdk::Error> {
    client.operation("users.get").path("u").await
}

#[test]
fn a_request_that_would_be_refused_waits_until_the_reset() {
    let transport = ScriptedTransport::new([left(2, 0).header("x-ratelimit-reset", "1767225603"), left(2, 1)]);
    let timer = ManualTimer::skipping();
    let client = limited(&transport, &timer, &Limiter::new());
    block_on(async {
        get(&client).await.expect("the first");
        assert!(timer.slept().is_empty());
        get(&client).await.expect("the second");
    });
    let waited: std::time::Duration = timer.slept().iter().sum();
    assert!(waited >= seconds(3) && waited < milliseconds(3001), "{waited:?}");
}

#[test]
fn without_a_limiter_the_same_headers_do_nothing() {
    let transport = ScriptedTransport::new([left(2, 0).header("x-ratelimit-reset", "1767225660"), left(2, 0)]);
    let timer = ManualTimer::skipping();
    let client = builder(&transport, &timer).token("t").build().expect("a client");
    block_on(async {
        get(&client).await.expect("the first");
        get(&client).await.expect("the second");
    });
    assert!(timer.slept().is_empty());
}

#[test]
fn a_retry_is_paced_too_and_a_429_holds_others_back() {
    let refused = || Reply::json(429, "{}").header("retry-after", "5");
    let transport = ScriptedTransport::new([refused(), left(10, 9), left(10, 8)]);
    let timer = ManualTimer::new();
    let client = limited(&transport, &timer, &Limiter::new());
    let mut first = pin!(get(&client));
    assert!(poll_until_stuck(first.as_mut()).is_pending());
    let mut second = pin!(get(&client));
    assert!(poll_until_stuck(second.as_mut()).is_pending());
    assert_eq!(transport.requests().len(), 1, "the second waits for what the first was told");
    timer.advance(seconds(6));
    assert!(poll_until_stuck(second.as_mut()).is_ready());
    assert!(poll_until_stuck(first.as_mut()).is_ready());
    assert_eq!(transport.requests().len(), 3);
}

#[test]
fn a_wait_that_is_too_long_is_an_error_at_once() {
    let transport = ScriptedTransport::new([Reply::json(429, "{}").header("retry-after", "7200")]);
    let timer = ManualTimer::new();
    let client = limited(&transport, &timer, &Limiter::new());
    let error = block_on(get(&client)).expect_err("refused");
    assert_eq!((error.kind(), error.status()), (ErrorKind::RateLimited, Some(429)));
    timer.advance(seconds(100));
    let error = block_on(get(&client)).expect_err("held back");
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::RateLimited, None, 0));
    assert_eq!(error.operation(), Some("users.get"));
    let after = error.retry_after().expect("a time");
    assert!(after >= seconds(7100) && after < seconds(7101), "{after:?}");
    assert!(!error.may_have_been_sent() && error.to_string().contains("rate limit"), "{error}");
    assert_eq!(transport.requests().len(), 1);
}

#[test]
fn a_deadline_ends_the_wait_and_dropping_leaves_the_line() {
    let transport =
        ScriptedTransport::new([left(2, 0).header("x-ratelimit-reset", "1767225620"), left(2, 1), left(2, 1)]);
    let timer = ManualTimer::new();
    let client = limited(&transport, &timer, &Limiter::new());
    block_on(get(&client)).expect("the first");
    let late = client.operation("users.get").path("u").deadline(seconds(3));
    let error = block_on(async { late.await }).expect_err("late");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
    assert!(error.to_string().contains("deadline"), "{error}");
    // One that is first in the line, and goes away.
    let mut dropped = Box::pin(get(&client));
    assert!(poll_until_stuck(dropped.as_mut()).is_pending());
    let mut next = pin!(get(&client));
    assert!(poll_until_stuck(next.as_mut()).is_pending());
    drop(dropped);
    timer.advance(seconds(20));
    assert!(poll_until_stuck(next.as_mut()).is_ready());
    assert_eq!(transport.requests().len(), 2);
}

#[test]
fn one_behind_another_hears_its_deadline() {
    let transport = ScriptedTransport::new([left(2, 0).header("x-ratelimit-reset", "1767225620")]);
    let timer = ManualTimer::new();
    let client = limited(&transport, &timer, &Limiter::new());
    block_on(get(&client)).expect("the first");
    let mut first = pin!(get(&client));
    assert!(poll_until_stuck(first.as_mut()).is_pending());
    let call = client.operation("users.get").path("u").deadline(seconds(3));
    let mut second = pin!(async { call.await });
    assert!(poll_until_stuck(second.as_mut()).is_pending());
    timer.advance(seconds(3));
    let Poll::Ready(Err(error)) = poll_until_stuck(second.as_mut()) else { panic!("it waits on") };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(poll_until_stuck(first.as_mut()).is_pending());
}

#[test]
fn clients_share_a_limiter_and_another_tenant_has_its_own_limit() {
    let transport =
        ScriptedTransport::new([left(2, 0).header("x-ratelimit-reset", "1767225630"), left(2, 1), left(2, 1)]);
    let timer = ManualTimer::new();
    let limiter = Limiter::new();
    let (one, two) = (limited(&transport, &timer, &limiter), limited(&transport, &timer, &limiter));
    block_on(get(&one)).expect("the first");
    assert!(poll_until_stuck(pin!(get(&two))).is_pending(), "the same tenant");
    let host = auth0_sdk::testing::host(transport.clone(), timer.clone()).with_limiter(limiter);
    let other = ManagementClient::builder("other.eu.auth0.com").token("t").host(host).build().expect("a client");
    block_on(get(&other)).expect("another tenant");
    assert_eq!(transport.requests().len(), 2);
}

#[test]
fn limits_are_told_apart_by_their_number() {
    let transport =
        ScriptedTransport::new([left(50, 49), left(10, 0).header("x-ratelimit-reset", "1767225630"), left(50, 48)]);
    let timer = ManualTimer::new();
    let client = limited(&transport, &timer, &Limiter::new());
    let list = || async { client.operation("roles.list").await };
    block_on(get(&client)).expect("a limit of 50");
    block_on(list()).expect("a limit of 10");
    assert!(poll_until_stuck(pin!(list())).is_pending(), "used up");
    block_on(get(&client)).expect("has its own");
}

#[test]
fn interactive_calls_go_first_and_bulk_work_goes_on() {
    // Ten a second come back, and so many interactive calls wait that there is never a reserve.
    let transport = ScriptedTransport::new([left(20, 1), left(20, 1)]);
    (0..200).for_each(|_| transport.push(left(20, 0)));
    let timer = ManualTimer::new();
    let client = limited(&transport, &timer, &Limiter::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let call = |priority: Priority| {
        let (call, order) = (client.operation("users.get").path("u").priority(priority), order.clone());
        async move {
            call.await.expect("an answer");
            order.lock().expect("a lock").push(priority);
        }
    };
    let mut job = pin!(async {
        get(&client).await.expect("to learn");
        let bulk = (0..5).map(|_| call(Priority::Bulk));
        let interactive = (0..60).map(|_| call(Priority::Interactive));
        let futures: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> =
            bulk.map(|f| Box::pin(f) as _).chain(interactive.map(|f| Box::pin(f) as _)).collect();
        all(futures).await;
    });
    let steps = (0..10_000).take_while(|_| {
        timer.advance(milliseconds(50));
        poll_until_stuck(job.as_mut()).is_pending()
    });
    assert!(steps.count() < 9_999, "it does not end");
    let order = order.lock().expect("a lock").clone();
    let bulk_at: Vec<_> = (0..order.len()).filter(|&index| order[index] == Priority::Bulk).collect();
    assert_eq!((order.len(), bulk_at.len()), (65, 5));
    for (number, index) in bulk_at.iter().enumerate() {
        assert!(*index >= number * 9 && *index <= (number + 1) * 10, "one in ten: {bulk_at:?}");
    }
}

#[test]
fn nothing_that_fails_uses_a_place_up() {
    let transport = ScriptedTransport::new([left(10, 9)]);
    (0..30).for_each(|_| transport.push(Reply::fail(TransportError::not_sent("no"))));
    let timer = ManualTimer::skipping();
    let limiter = Limiter::new();
    let client = builder(&transport, &timer).token("t").max_retries(0).limiter(limiter).build().expect("a client");
    block_on(async {
        get(&client).await.expect("to learn");
        for _ in 0..30 {
            let bulk = client.with_priority(Priority::Bulk);
            assert_eq!(get(&bulk).await.expect_err("broken").kind(), ErrorKind::Transport);
        }
    });
    assert_eq!(transport.requests().len(), 31);
}

#[test]
fn a_token_request_has_a_limit_of_its_own() {
    let token = Reply::json(200, r#"{"access_token":"a","expires_in":86400}"#)
        .header("x-ratelimit-limit", "5")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "1767225640");
    let transport = ScriptedTransport::new([token, left(50, 49), left(50, 48)]);
    let timer = ManualTimer::new();
    let client =
        builder(&transport, &timer).client_credentials("c", "s").limiter(Limiter::new()).build().expect("a client");
    block_on(get(&client)).expect("the first");
    block_on(get(&client)).expect("the second");
    assert_eq!(transport.requests().len(), 3);
}
