//! `JsClient`: what the npm package's `client.users.get()` comes down to.

use crate::support::{CREATE, DOMAIN, Fake, LIST, both, eval, failed, for_a_while, function, get, milliseconds, pause};
use auth0_sdk::js::{self, JsClient, JsOptions};
use auth0_sdk::{Error, ErrorKind, RetryPolicy};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn options() -> JsOptions {
    JsOptions::default()
}

/// Options with a signal, which is `globalThis.signalOfTest` and is raised by `controllerOfTest.abort()`.
fn with_signal() -> JsOptions {
    let signal = eval(
        "(() => {
            const controller = globalThis.controllerOfTest = new AbortController();
            const listeners = globalThis.listenersOfTest = new Set();
            const { signal } = controller;
            const [add, remove] = [signal.addEventListener, signal.removeEventListener];
            signal.addEventListener = function (type, listener) { listeners.add(listener); add.call(signal, type, listener); };
            signal.removeEventListener = function (type, listener) { listeners.delete(listener); remove.call(signal, type, listener); };
            return signal;
        })()",
    );
    JsOptions { signal: Some(signal), ..options() }
}

fn abort() {
    eval("controllerOfTest.abort(globalThis.reasonOfTest = new Error('enough'))");
}

#[track_caller]
fn assert_aborted(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Aborted, "{error}");
    assert_eq!(error.operation(), Some("users.get"));
    assert!(error.js_cause() == Some(&eval("reasonOfTest")), "the cause is the signal's reason");
    assert_eq!(eval("listenersOfTest.size").as_f64(), Some(0.0), "listeners are left");
}

#[wasm_bindgen_test]
async fn data_never_leaves_javascript() {
    let fake = Fake::new(
        "(globalThis.answerOfTest = new Response('\\ufeff{\"n\":9007199254740993,\"__proto__\":1}'), Promise.resolve(answerOfTest))",
    );
    let outcome = get(&fake.js(), options()).await.expect("an answer");
    assert!(outcome.response == eval("answerOfTest"), "it is the Response itself");
    assert_eq!(js_sys::JSON::stringify(&outcome.data).expect("a text"), r#"{"n":9007199254740992,"__proto__":1}"#);
    fake.assert("init.signal.aborted === false");
}

#[wasm_bindgen_test]
async fn every_json_value_is_data() {
    for text in ["{}", "[]", "null", "7", "\"a\"", "true", " [1] "] {
        let fake = Fake::new(&format!("Promise.resolve(new Response('{text}'))"));
        let outcome = get(&fake.js(), options()).await.expect(text);
        assert_eq!(js_sys::JSON::stringify(&outcome.data).expect("a text"), text.trim());
    }
    for answer in ["new Response(null, { status: 204 })", "new Response('')"] {
        let fake = Fake::new(&format!("Promise.resolve({answer})"));
        assert!(get(&fake.js(), options()).await.expect(answer).data.is_undefined());
    }
}

#[wasm_bindgen_test]
async fn a_success_that_is_not_json_is_not_lost() {
    let fake = Fake::new("Promise.resolve(new Response('<html>', { status: 201, headers: { 'x-test': 'yes' } }))");
    let error = failed(get(&fake.js(), options()).await);
    assert_eq!((error.kind(), error.status(), error.operation()), (ErrorKind::Decode, Some(201), Some("users.get")));
    assert_eq!(error.body().map(|body| body.text()).as_deref(), Some("<html>"));
    assert_eq!(error.headers().and_then(|headers| headers.get("x-test")).as_deref(), Some("yes"));
    assert!(error.js_response().is_some());
}

#[wasm_bindgen_test]
async fn a_body_and_headers_are_sent() {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    let client = fake.builder().token("t").header("x-client", "1").header("x-gone", "1").build().expect("a client");
    let headers = vec![("x-call".to_owned(), Some("2".to_owned())), ("x-gone".to_owned(), None)];
    let options = JsOptions { body: Some("{\"a\":null}".into()), headers, ..options() };
    let sent = JsClient::new(client).call(CREATE, "users.create", &[], &JsValue::UNDEFINED, options).await;
    assert!(sent.is_ok());
    fake.assert("init.method === 'POST' && init.body === '{\"a\":null}'");
    fake.assert("[...new Headers(init.headers)].map(([name]) => name).join() === 'accept,authorization,content-type,x-call,x-client'");
}

#[wasm_bindgen_test]
async fn a_body_where_none_belongs_is_refused() {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    let error = failed(get(&fake.js(), JsOptions { body: Some("{}".into()), ..options() }).await);
    assert_eq!(error.kind(), ErrorKind::Request);
    let error = failed(fake.js().call(CREATE, "users.create", &[], &JsValue::UNDEFINED, options()).await);
    assert!(error.to_string().contains("the body is missing"), "{error}");
    assert_eq!(fake.calls(), 0.0);
}

#[wasm_bindgen_test]
async fn a_stream_is_handed_over_unread() {
    let fake = Fake::new("Promise.resolve(new Response('data: 1\\n\\n'))");
    let outcome = fake.js().call("G/events qe", "events.subscribe", &[], &JsValue::UNDEFINED, options()).await;
    let outcome = outcome.expect("a stream");
    assert!(outcome.data.is_undefined());
    assert!(js_sys::Reflect::get(&outcome.response, &"bodyUsed".into()).expect("a member") == JsValue::FALSE);
    fake.assert("init.signal.aborted === false && new Headers(init.headers).get('accept') === 'text/event-stream'");
}

#[wasm_bindgen_test]
async fn a_signal_that_was_raised_before() {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    let options = with_signal();
    abort();
    assert_aborted(&failed(get(&fake.js(), options).await));
    assert_eq!(fake.calls(), 0.0);
}

#[wasm_bindgen_test]
async fn a_signal_while_the_request_is_under_way() {
    // Before the headers, and in the middle of the body.
    for answer in [
        "new Promise(() => {})",
        "Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => {}) })))",
    ] {
        let fake = Fake::new(answer);
        let client = fake.js();
        let (result, ()) = both(get(&client, with_signal()), async {
            pause(5).await;
            fake.assert("!init.signal.aborted");
            abort();
        })
        .await;
        assert_aborted(&failed(result));
        fake.assert("calls.length === 1 && init.signal.aborted");
    }
}

#[wasm_bindgen_test]
async fn a_signal_in_a_wait_between_attempts() {
    let fake = Fake::new("Promise.resolve(new Response(null, { status: 503 }))");
    let client = JsClient::new(fake.builder().token("t").build().expect("a client"));
    let before = js_sys::Date::now();
    let (result, ()) = both(get(&client, with_signal()), async {
        pause(20).await;
        fake.assert("calls.length === 1");
        abort();
    })
    .await;
    assert_aborted(&failed(result));
    // The wait would have been a second.
    assert!(js_sys::Date::now() - before < 700.0);
    assert_eq!(fake.calls(), 1.0);
}

#[wasm_bindgen_test]
async fn a_signal_that_is_raised_afterwards_changes_nothing() {
    let fake = Fake::new("Promise.resolve(Response.json({ a: 1 }))");
    let outcome = get(&fake.js(), with_signal()).await;
    assert!(outcome.is_ok());
    assert_eq!(eval("listenersOfTest.size").as_f64(), Some(0.0), "listeners are left");
    abort();
    pause(1).await;
    fake.assert("!init.signal.aborted");
}

#[wasm_bindgen_test]
async fn what_is_no_signal_is_refused() {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    for signal in ["{}", "new AbortController()", "7", "'signal'", "() => 1"] {
        let options = JsOptions { signal: Some(eval(signal)), ..options() };
        let client = fake.js();
        let result = for_a_while(500, get(&client, options)).await;
        let error = failed(result.unwrap_or_else(|| panic!("{signal}: the call never ends")));
        assert_eq!(error.kind(), ErrorKind::Request, "{signal}: {error}");
        assert_eq!(fake.calls(), 0.0, "{signal}");
    }
}

#[wasm_bindgen_test]
async fn the_timeout_covers_head_and_body() {
    for (answer, says) in [
        ("new Promise(() => {})", "no answer came within 20 ms"),
        (
            "Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => {}) })))",
            "the answer's body did not end within 20 ms",
        ),
    ] {
        let fake = Fake::new(answer);
        let error = failed(get(&fake.js(), JsOptions { timeout: Some(milliseconds(20)), ..options() }).await);
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.may_have_been_sent());
        fake.assert("init.signal.aborted");
    }
}

#[wasm_bindgen_test]
async fn a_failed_attempt_is_repeated() {
    let fake = Fake::new(
        "number === 0 ? Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }))
         : number === 1 ? Promise.resolve(new Response(null, { status: 503 }))
         : Promise.resolve(Response.json({ a: 1 }))",
    );
    let policy = RetryPolicy::default().base(milliseconds(2));
    let client = JsClient::new(fake.builder().token("t").retry_policy(policy).build().expect("a client"));
    assert!(get(&client, options()).await.is_ok());
    assert_eq!(fake.calls(), 3.0);
    let error = failed(get(&Fake::new("Promise.reject(new TypeError('no'))").js(), options()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
    assert!(error.js_cause().is_some_and(|cause| cause.is_object()));
}

#[wasm_bindgen_test]
async fn the_error_of_the_api() {
    let fake = Fake::new(
        "Promise.resolve(Response.json({ statusCode: 403, error: 'Forbidden', errorCode: 'insufficient_scope',
            message: 'Insufficient scope, expected any of: read:users' },
            { status: 403, headers: { 'x-auth0-requestid': 'r1' } }))",
    );
    let error = failed(get(&fake.js(), options()).await);
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Api, Some(403), Some("insufficient_scope")));
    assert_eq!(error.missing_scope(), Some("read:users"));
    assert_eq!(error.request_id().as_deref(), Some("r1"));
    assert!(error.js_response().is_some());
}

#[wasm_bindgen_test]
async fn of_ten_megabytes_of_garbage_64_kib_are_kept() {
    let fake = Fake::new(
        "(fake.pulled = 0, Promise.resolve(new Response(new ReadableStream({ pull(c) {
            if (fake.pulled++ === 640) c.close(); else c.enqueue(new Uint8Array(16384).fill(0x61));
        } }, { highWaterMark: 0 }), { status: 500 })))",
    );
    let error = failed(get(&fake.js(), options()).await);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(500)));
    let body = error.body().expect("a body");
    assert_eq!((body.text().len(), body.is_truncated()), (65_536, true));
    assert!(body.js_text().as_string().is_some_and(|text| text.len() == 65_536));
    let pulled = fake.eval("pulled").as_f64().expect("a number");
    assert!(pulled <= 6.0, "{pulled} pieces of 16 KiB were read");
    // The rest is not waited for.
    fake.assert("init.signal.aborted");
    assert!(error.to_string().len() < 700, "the message is short");
}

#[wasm_bindgen_test]
async fn an_error_whose_body_breaks_off_keeps_its_status() {
    let fake = Fake::new(
        "Promise.resolve(new Response(new ReadableStream({ pull(c) { c.error(new TypeError('terminated')); } }), { status: 404 }))",
    );
    let error = failed(get(&fake.js(), options()).await);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(404)));
}

#[wasm_bindgen_test]
async fn a_token_callback() {
    for (callback, token) in [
        ("() => 'now'", "now"),
        ("async () => 'later'", "later"),
        ("() => new Promise((resolve) => setTimeout(resolve, 2, 'much later'))", "much later"),
        ("() => ({ then: (resolve) => resolve('thenable') })", "thenable"),
    ] {
        let fake = Fake::new("Promise.resolve(Response.json({}))");
        let provider = js::token_provider(function(callback));
        let client = JsClient::new(fake.builder().token_provider(provider).build().expect("a client"));
        assert!(get(&client, options()).await.is_ok(), "{callback}");
        assert_eq!(fake.text("new Headers(init.headers).get('authorization')"), format!("Bearer {token}"));
    }
}

#[wasm_bindgen_test]
async fn a_token_callback_that_fails() {
    for (callback, says) in [
        ("() => { throw new Error('mine') }", "the token callback failed"),
        ("async () => { throw new Error('mine') }", "the token callback failed"),
        ("() => Promise.reject(undefined)", "the token callback failed"),
        ("() => ({ then() { throw 1 } })", "the token callback failed"),
        ("() => ''", "empty token"),
        ("() => undefined", "gave no text"),
        ("() => null", "gave no text"),
        ("() => 7", "gave no text"),
        ("() => ({ token: 'x' })", "gave no text"),
        ("async () => Symbol('x')", "gave no text"),
        ("() => 'a\\nb'", "line break"),
    ] {
        let fake = Fake::new("Promise.resolve(Response.json({}))");
        let provider = js::token_provider(function(callback));
        let client = JsClient::new(fake.builder().token_provider(provider).build().expect("a client"));
        let error = failed(get(&client, options()).await);
        assert_eq!(error.kind(), ErrorKind::Auth, "{callback}: {error}");
        assert!(error.to_string().contains(says), "{callback}: {error}");
        assert!(!error.may_have_been_sent());
        assert_eq!(fake.calls(), 0.0, "{callback}");
        assert_eq!(error.js_cause().is_some(), says == "the token callback failed", "{callback}");
    }
}

#[wasm_bindgen_test]
async fn a_token_callback_that_never_answers_times_out() {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    let provider = js::token_provider(function("() => new Promise(() => {})"));
    let client = fake.builder().token_provider(provider).max_retries(0).timeout(milliseconds(20)).build();
    let error = failed(get(&JsClient::new(client.expect("a client")), options()).await);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("no token came"), "{error}");
    assert!(!error.may_have_been_sent());
}

#[wasm_bindgen_test]
async fn ten_calls_buy_one_token() {
    let fake = Fake::new(
        "url.endsWith('/oauth/token')
            ? new Promise((resolve) => setTimeout(resolve, 5, Response.json({ access_token: 'bought', expires_in: 86400, token_type: 'Bearer' })))
            : Promise.resolve(Response.json({}))",
    );
    let client = JsClient::new(fake.builder().client_credentials("id", "secret").build().expect("a client"));
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            wasm_bindgen_futures::future_to_promise(async move {
                let line = LIST;
                let result = client.call(line, "users.list", &[], &JsValue::UNDEFINED, options()).await;
                result.map(|_| JsValue::TRUE).map_err(|error| error.to_string().into())
            })
        })
        .collect();
    for call in calls {
        assert!(wasm_bindgen_futures::JsFuture::from(call).await.is_ok());
    }
    fake.assert("calls.filter(({ url }) => url.endsWith('/oauth/token')).length === 1");
    fake.assert("calls.filter(({ url }) => url.includes('/users')).every(({ init }) => new Headers(init.headers).get('authorization') === 'Bearer bought')");
    assert_eq!(fake.calls(), 11.0);
}

#[wasm_bindgen_test]
fn a_wrong_client_is_refused() {
    let refused = |domain: &str| {
        let built = js::builder(domain.to_owned(), None, None).expect("a builder").token("t").build();
        built.map(drop).expect_err(domain).kind()
    };
    for domain in ["", "http://tenant.us.auth0.com", "a b", "tenant.us.auth0.com/x"] {
        assert_eq!(refused(domain), ErrorKind::Config, "{domain:?}");
    }
    assert!(js::builder(DOMAIN.to_owned(), None, None).expect("a builder").build().is_err());
}

#[wasm_bindgen_test]
async fn a_response_that_somebody_wrote_by_hand() {
    // As unit tests of programs make them: `text` may answer at once, and may be missing.
    for (answer, data) in [
        ("({ status: 200, headers: new Map(), text: () => '{\"a\":1}' })", Some("{\"a\":1}")),
        ("({ status: 200, headers: new Map(), text: async () => '{\"a\":1}' })", Some("{\"a\":1}")),
        ("({ status: 200, headers: new Map(), text: async () => '' })", None),
    ] {
        let fake = Fake::new(&format!("Promise.resolve({answer})"));
        let client = fake.js();
        let outcome = for_a_while(500, get(&client, options())).await.unwrap_or_else(|| panic!("{answer}: never ends"));
        let data_made = outcome.unwrap_or_else(|error| panic!("{answer}: {error}")).data;
        let text = js_sys::JSON::stringify(&data_made).ok().and_then(|text| text.as_string());
        assert_eq!(text.as_deref(), data, "{answer}");
    }
    for answer in [
        "({ status: 200, headers: new Map() })",
        "({ status: 200, headers: new Map(), text: () => { throw new Error('mine') } })",
        "({ status: 200, headers: new Map(), text: async () => 7 })",
        "({ status: 200, headers: new Map(), text: async () => undefined })",
        "({ status: 500, headers: new Map(), body: {} })",
        "({ status: 500, headers: new Map(), body: { getReader: () => ({ read: () => undefined }) } })",
        "({ status: 500, headers: new Map(), body: { getReader: () => ({ read: async () => undefined }) } })",
        "({ status: 500, headers: new Map(), body: { getReader: () => ({ read: async () => ({ done: false, value: 'text' }) }) } })",
    ] {
        let fake = Fake::new(&format!("Promise.resolve({answer})"));
        let client = fake.js();
        let outcome = for_a_while(500, get(&client, options())).await.unwrap_or_else(|| panic!("{answer}: never ends"));
        failed(outcome);
    }
}
