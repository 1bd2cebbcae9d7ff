//! Timeouts, deadlines and aborts, on a clock that is moved by hand.

use crate::support::{builder, milliseconds, seconds, with_credentials, with_token};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, poll_until_stuck};
use auth0_sdk::{
    BoxFuture, ByteStream, Error, ErrorKind, Headers, Host, HttpBody, HttpRequest, HttpResponse, ManagementClient,
    Secret, Timer, TransportError,
};
use serde_json::json;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn finished<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> T {
    match poll_until_stuck(future) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the call is not over"),
    }
}

#[test]
fn sixty_seconds_by_default_and_not_one_less() {
    for reply in [Reply::hang(), Reply::status(201).then_hangs(), Reply::json(201, "{\"a\":").then_hangs()] {
        let transport = ScriptedTransport::new([reply]);
        let timer = ManualTimer::new();
        let auth0 = with_token(&transport, &timer);
        let mut call = pin!(auth0.operation("users.create").body(&json!({})).raw());
        assert!(poll_until_stuck(call.as_mut()).is_pending());
        timer.advance(milliseconds(59_999));
        assert!(poll_until_stuck(call.as_mut()).is_pending());
        assert_eq!(transport.open(), 1);
        timer.advance(milliseconds(1));
        let error = finished(call.as_mut()).expect_err("a timeout");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
        assert!(error.may_have_been_sent());
        assert_eq!(transport.open(), 0, "what timed out is aborted");
    }
}

/// A body that gives one byte a second, for ever: each byte is in time, the whole never is.
struct Drip(ManualTimer);

impl ByteStream for Drip {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async {
            self.0.sleep(seconds(1)).await;
            Ok(Some(vec![b' ']))
        })
    }
}

#[test]
fn a_dripping_body_does_not_outlive_the_timeout() {
    for status in [200, 400, 500] {
        let timer = ManualTimer::new();
        let drip = timer.clone();
        let transport = move |_: HttpRequest| {
            let body = HttpBody::from_stream(Drip(drip.clone()));
            async move { Ok(HttpResponse { status, headers: Headers::new(), body }) }
        };
        let host = Host::new(transport, timer.clone(), auth0_sdk::testing::FixedRandom(0));
        let auth0 = ManagementClient::builder("tenant.us.auth0.com").host(host).token("t").build().expect("a client");
        let mut call = pin!(auth0.operation("users.create").body(&json!({})).timeout(seconds(10)).raw());
        for second in 0..10 {
            assert!(poll_until_stuck(call.as_mut()).is_pending(), "{status}: over after {second} s");
            timer.advance(seconds(1));
        }
        let error = finished(call.as_mut()).expect_err("a timeout");
        assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, Some(status)));
        assert!(error.to_string().contains("10 s"), "{error}");
    }
}

#[test]
fn the_timeout_covers_the_token_request() {
    for reply in [Reply::hang(), Reply::json(200, "{").then_hangs(), Reply::status(400).then_hangs()] {
        let transport = ScriptedTransport::new([reply]);
        let timer = ManualTimer::new();
        let auth0 = with_credentials(&transport, &timer);
        let mut call = pin!(auth0.operation("users.create").body(&json!({})).timeout(seconds(5)).max_retries(0).raw());
        assert!(poll_until_stuck(call.as_mut()).is_pending());
        timer.advance(seconds(5));
        let error = finished(call.as_mut()).expect_err("a timeout");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!((transport.requests().len(), transport.open()), (1, 0));
    }
}

#[test]
fn a_token_request_that_hangs_is_repeated_also_for_a_post() {
    // The POST itself was never sent.
    let transport = ScriptedTransport::new([
        Reply::hang(),
        Reply::json(200, r#"{"access_token":"t1","expires_in":86400}"#),
        Reply::json(201, "1"),
    ]);
    let auth0 = with_credentials(&transport, &ManualTimer::skipping());
    block_on(async { auth0.operation("users.create").body(&json!({})).await }).expect("a user");
    assert_eq!(transport.requests().len(), 3);
}

#[test]
fn the_timeout_covers_the_programs_token_callback() {
    let transport = ScriptedTransport::default();
    let provider = || async { std::future::pending::<Result<Secret, Error>>().await };
    let auth0 = builder(&transport, &ManualTimer::skipping()).token_provider(provider).build().expect("a client");
    let error = block_on(async { auth0.operation("users.get").path("a").await }).expect_err("a timeout");
    assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Timeout, false));
    assert!(error.to_string().contains("no token"), "{error}");
    assert!(transport.requests().is_empty());
}

#[test]
fn each_attempt_has_the_whole_timeout_and_the_deadline_is_over_all() {
    let replies = || [Reply::hang(), Reply::hang(), Reply::hang()];
    let transport = ScriptedTransport::new(replies());
    let timer = ManualTimer::skipping();
    let auth0 = with_token(&transport, &timer);
    let call = auth0.operation("users.get").path("a").timeout(seconds(10));
    let error = block_on(call.clone().raw()).expect_err("a timeout");
    assert_eq!((error.attempts(), timer.slept()), (3, [10, 1, 10, 2, 10].map(seconds).to_vec()));

    // The second attempt has what the deadline leaves of its time.
    let transport = ScriptedTransport::new(replies());
    let timer = ManualTimer::skipping();
    let auth0 = builder(&transport, &timer).token("t").deadline(seconds(15)).build().expect("a client");
    let error = block_on(auth0.operation("users.get").path("a").timeout(seconds(10)).raw()).expect_err("a timeout");
    assert_eq!(
        (error.kind(), error.attempts(), timer.slept()),
        (ErrorKind::Timeout, 2, [10, 1, 4].map(seconds).to_vec())
    );
    assert!(error.to_string().contains("deadline"), "{error}");
    assert_eq!(transport.open(), 0);
}

#[test]
fn the_deadline_covers_the_token_request_and_its_waits() {
    let transport = ScriptedTransport::new([Reply::status(503), Reply::hang()]);
    let timer = ManualTimer::new();
    let auth0 = with_credentials(&transport, &timer);
    let mut call = pin!(auth0.operation("users.get").path("a").deadline(seconds(4)).raw());
    for _ in 0..4 {
        assert!(poll_until_stuck(call.as_mut()).is_pending());
        timer.advance(seconds(1));
    }
    let error = finished(call.as_mut()).expect_err("a timeout");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(transport.open(), 0);
}

#[test]
fn a_deadline_of_nothing_is_over_at_once() {
    let transport = ScriptedTransport::new([Reply::hang()]);
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    let error = block_on(auth0.operation("users.get").path("a").deadline(seconds(0)).raw()).expect_err("a timeout");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
}

#[test]
fn dropping_a_call_aborts_the_exchange_wherever_it_is() {
    for (replies, requests) in [
        (vec![Reply::hang()], 1),
        (vec![Reply::status(200).then_hangs()], 1),
        (vec![Reply::json(200, "{\"a\":").then_hangs()], 1),
        (vec![Reply::status(500).body("x").then_hangs()], 1),
        (vec![Reply::json(200, r#"{"access_token":"t","expires_in":9999}"#), Reply::hang()], 2),
    ] {
        let transport = ScriptedTransport::new(replies);
        let timer = ManualTimer::new();
        let auth0 = match requests {
            1 => with_token(&transport, &timer),
            _ => with_credentials(&transport, &timer),
        };
        {
            let mut call = pin!(auth0.operation("users.get").path("a").raw());
            assert!(poll_until_stuck(call.as_mut()).is_pending());
            assert_eq!((transport.requests().len(), transport.open()), (requests, 1));
        }
        assert_eq!(transport.open(), 0);
    }
}

#[test]
fn dropping_a_walk_aborts_the_page_under_way() {
    let transport =
        ScriptedTransport::new([Reply::json(200, r#"{"users":[1],"start":0,"limit":1,"total":2}"#), Reply::hang()]);
    let timer = ManualTimer::new();
    let mut items = with_token(&transport, &timer).operation("users.list").query("per_page", 1).items();
    assert!(matches!(poll_until_stuck(pin!(items.next())), Poll::Ready(Some(Ok(_)))));
    assert_eq!(transport.requests().len(), 1, "a page is asked for when the one before it is used up");
    // A future of one item that is dropped loses nothing: the walk goes on where it was.
    assert!(poll_until_stuck(pin!(items.next())).is_pending());
    assert!(poll_until_stuck(pin!(items.next())).is_pending());
    assert_eq!((transport.requests().len(), transport.open()), (2, 1));
    drop(items);
    assert_eq!(transport.open(), 0);
}
