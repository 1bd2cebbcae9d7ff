//! `FetchTransport`: what `fetch` is given, what becomes of what it answers or throws, and when it is aborted.

use crate::support::{Fake, Replaced, eval, for_a_while, function, in_node, pause};
use auth0_sdk::{
    FetchTransport, Headers, HttpRequest, HttpResponse, Method, Read, RequestBody, Transport, TransportError,
};
use wasm_bindgen_test::wasm_bindgen_test;

fn request(method: Method, url: &str, body: RequestBody) -> HttpRequest {
    let mut headers = Headers::new();
    headers.append("accept", "application/json");
    headers.append("x-twice", "a");
    headers.append("x-twice", "b");
    HttpRequest { method, url: url.to_owned(), headers, body, read: Read::Bytes }
}

async fn send(fetch: &FetchTransport) -> Result<HttpResponse, TransportError> {
    fetch.send(request(Method::Get, "https://tenant.us.auth0.com/x", RequestBody::Empty)).await
}

async fn read(response: HttpResponse) -> Result<String, TransportError> {
    let (mut body, mut bytes) = (response.body, Vec::new());
    while let Some(piece) = body.next().await? {
        bytes.extend(piece);
    }
    Ok(String::from_utf8(bytes).expect("UTF-8"))
}

/// The error of a `fetch` made from an expression.
async fn error_of(answer: &str) -> TransportError {
    let fake = Fake::new(answer);
    match send(&FetchTransport::injected(fake.fetch())).await {
        Ok(response) => panic!("{answer} gave a response: {response:?}"),
        Err(error) => error,
    }
}

#[wasm_bindgen_test]
async fn the_global_fetch_is_the_one_at_the_time_of_the_call() {
    let transport = FetchTransport::global();
    for text in ["first", "second"] {
        let fake = Fake::new(&format!("Promise.resolve(new Response('{text}'))"));
        let _replaced = Replaced::new("fetch", &fake.fetch());
        let response = send(&transport).await.expect("a response");
        assert_eq!(read(response).await.expect("a body"), text);
        assert_eq!(fake.calls(), 1.0);
    }
}

#[wasm_bindgen_test]
async fn an_injected_fetch_gets_url_and_init_and_no_receiver() {
    let fake = Fake::new("Promise.resolve(new Response('ä', { status: 201, headers: { 'X-Test': 'yes' } }))");
    let transport = FetchTransport::injected(fake.fetch());
    let body = RequestBody::Bytes(b"{\"a\":1}"[..].into());
    let answer = transport.send(request(Method::Patch, "https://a.example/b?c=%20", body)).await.expect("a response");
    fake.assert("calls.length === 1 && calls[0].arguments === 2 && calls[0].self === undefined");
    fake.assert("calls[0].url === 'https://a.example/b?c=%20'");
    fake.assert("Object.keys(init).sort().join() === 'body,headers,method,redirect,signal'");
    fake.assert("init.method === 'PATCH' && init.redirect === 'manual'");
    fake.assert("init.signal instanceof AbortSignal && !init.signal.aborted");
    fake.assert("new Headers(init.headers).get('accept') === 'application/json'");
    fake.assert("new Headers(init.headers).get('x-twice') === 'a, b'");
    fake.assert("new TextDecoder().decode(init.body) === '{\"a\":1}'");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers.get("x-TEST").as_deref(), Some("yes"));
    assert_eq!(answer.headers.get("absent"), None);
    assert!(answer.headers.iter().any(|pair| pair == ("x-test".to_owned(), "yes".to_owned())));
    assert_eq!(read(answer).await.expect("a body"), "ä");
    fake.assert("!init.signal.aborted");
}

#[wasm_bindgen_test]
async fn headers_are_of_this_request_alone() {
    // A tracer may add to them, and that must not come again with the next request.
    let fake = Fake::new("(init.headers['x-trace'] = 'added', Promise.resolve(new Response()))");
    let transport = FetchTransport::injected(fake.fetch());
    let names = "Object.keys(init.headers).sort().join()";
    for (name, expected) in [
        ("x-a", "accept,x-a,x-trace,x-twice"),
        ("x-a", "accept,x-a,x-trace,x-twice"),
        ("x-b", "accept,x-b,x-trace,x-twice"),
        ("x-a", "accept,x-a,x-trace,x-twice"),
    ] {
        let mut request = request(Method::Get, "https://a.example/", RequestBody::Empty);
        request.headers.append(name, "1");
        assert!(transport.send(request).await.is_ok());
        assert_eq!(fake.text(names), expected);
    }
    // The same names with another value.
    for value in ["1", "2"] {
        let mut request = request(Method::Get, "https://a.example/", RequestBody::Empty);
        request.headers.append("authorization", value);
        assert!(transport.send(request).await.is_ok());
        assert_eq!(fake.text("init.headers.authorization"), value);
    }
}

#[wasm_bindgen_test]
async fn a_header_that_fetch_refuses_is_an_error() {
    let fake = Fake::new("Promise.resolve(new Response())");
    let transport = FetchTransport::injected(fake.fetch());
    let send = async |value: &str| {
        let mut request = request(Method::Get, "https://a.example/", RequestBody::Empty);
        request.headers.append("x-a", value);
        transport.send(request).await
    };
    assert!(!send("a\nb").await.expect_err("a line break").may_have_been_sent());
    assert!(send("a😀").await.is_err());
    assert!(send("fine").await.is_ok());
    assert_eq!(fake.calls(), 1.0);
}

#[wasm_bindgen_test]
async fn no_body_is_no_body() {
    let fake = Fake::new("Promise.resolve(new Response(null, { status: 204 }))");
    let response = send(&FetchTransport::injected(fake.fetch())).await.expect("a response");
    fake.assert("!('body' in init)");
    assert_eq!(read(response).await.expect("no body"), "");
}

#[wasm_bindgen_test]
async fn a_fetch_may_answer_at_once() {
    for answer in ["new Response('now')", "({ then: (resolve) => resolve(new Response('now')) })"] {
        let fake = Fake::new(answer);
        let response = send(&FetchTransport::injected(fake.fetch())).await.expect("a response");
        assert_eq!(read(response).await.expect("a body"), "now");
        let _replaced = Replaced::new("fetch", &fake.fetch());
        let response = send(&FetchTransport::global()).await.expect("a response");
        assert_eq!(read(response).await.expect("a body"), "now");
    }
}

#[wasm_bindgen_test]
async fn dropping_the_future_aborts() {
    let fake = Fake::new("new Promise(() => {})");
    let transport = FetchTransport::injected(fake.fetch());
    assert!(for_a_while(5, send(&transport)).await.is_none());
    fake.assert("calls.length === 1 && init.signal.aborted");
}

#[wasm_bindgen_test]
async fn dropping_an_unread_body_aborts() {
    let fake = Fake::new("Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => {}) })))");
    let transport = FetchTransport::injected(fake.fetch());
    let response = send(&transport).await.expect("a response");
    fake.assert("!init.signal.aborted");
    drop(response);
    fake.assert("init.signal.aborted");
    // Half read.
    let response = send(&transport).await.expect("a response");
    assert!(for_a_while(5, read(response)).await.is_none());
    fake.assert("init.signal.aborted");
}

#[wasm_bindgen_test]
async fn a_body_comes_in_pieces() {
    let fake = Fake::new(
        "Promise.resolve(new Response(new ReadableStream({ start(c) {
            for (const bytes of [[0x61], [0xf0, 0x9f], [0x98, 0x80], []]) c.enqueue(new Uint8Array(bytes));
            c.close();
        } })))",
    );
    let response = send(&FetchTransport::injected(fake.fetch())).await.expect("a response");
    assert_eq!(read(response).await.expect("a body"), "a😀");
    fake.assert("!init.signal.aborted");
}

#[wasm_bindgen_test]
async fn a_body_that_breaks_is_an_error() {
    let fake = Fake::new(
        "Promise.resolve(new Response(new ReadableStream({ start(c) {
            c.enqueue(new Uint8Array([0x7b]));
            setTimeout(() => c.error(new TypeError('terminated')), 1);
        } })))",
    );
    let response = send(&FetchTransport::injected(fake.fetch())).await.expect("a response");
    let error = read(response).await.expect_err("a broken body");
    assert!(error.may_have_been_sent());
    assert!(error.to_string().contains("broke"), "{error}");
}

#[wasm_bindgen_test]
async fn what_was_never_sent_is_known_by_the_code() {
    let refused = [
        "ECONNREFUSED",
        "ENOTFOUND",
        "EAI_AGAIN",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "UND_ERR_CONNECT_TIMEOUT",
        "ConnectionRefused",
    ];
    for code in refused {
        // Node hides the code in `cause`, Bun shows it.
        for thrown in [
            format!("Promise.reject(Object.assign(new TypeError('fetch failed'), {{ cause: {{ code: '{code}' }} }}))"),
            format!("Promise.reject(Object.assign(new Error('fetch failed'), {{ code: '{code}' }}))"),
        ] {
            let error = error_of(&thrown).await;
            assert!(!error.may_have_been_sent(), "{thrown}");
            assert!(error.to_string().contains("fetch failed"), "{error}");
        }
    }
    let error =
        error_of("Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }))");
    assert_eq!(error.await.to_string(), "the connection failed: fetch failed (ECONNREFUSED)");
    for thrown in [
        "Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }))",
        "Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'UND_ERR_SOCKET' } }))",
        "Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 1 } }))",
        "Promise.reject(new TypeError('Failed to fetch'))",
    ] {
        assert!(error_of(thrown).await.may_have_been_sent(), "{thrown}");
    }
}

#[wasm_bindgen_test]
async fn whatever_is_thrown_becomes_an_error() {
    for (thrown, says) in [
        ("new TypeError('no luck')", "no luck"),
        ("'a text'", "a text"),
        ("undefined", "not an Error"),
        ("null", "not an Error"),
        ("7", "not an Error"),
        ("Symbol('s')", "not an Error"),
        ("{ message: 7 }", "not an Error"),
        ("Object.create(null)", "not an Error"),
        ("() => 1", "not an Error"),
        ("{ get message() { throw 1 } }", "not an Error"),
        ("{ message: 'm', get cause() { throw 1 } }", "m"),
        ("Object.assign(new Error('m'), { cause: 'c' })", "m"),
        ("Object.assign(new Error('m'), { cause: new Error('why') })", "m (why)"),
    ] {
        for answer in [format!("Promise.reject({thrown})"), format!("(() => {{ throw {thrown}; }})()")] {
            let error = error_of(&answer).await;
            assert!(error.to_string().contains(says), "{answer}: {error}");
            assert!(error.may_have_been_sent(), "{answer}");
            let fake = Fake::new(&answer);
            let _replaced = Replaced::new("fetch", &fake.fetch());
            let error = send(&FetchTransport::global()).await.expect_err("an error");
            assert!(error.to_string().contains(says), "{answer}: {error}");
        }
    }
}

#[wasm_bindgen_test]
async fn what_is_no_response_is_an_error() {
    for answer in
        ["undefined", "null", "{}", "'text'", "7", "[]", "() => 1", "{ status: 200 }", "{ headers: null, status: 200 }"]
    {
        let error = error_of(&format!("Promise.resolve({answer})")).await;
        assert!(error.to_string().contains("not a Response"), "{answer}: {error}");
        assert!(error.may_have_been_sent());
    }
}

#[wasm_bindgen_test]
async fn a_hidden_redirect_is_named() {
    let error = Fake::new("Promise.resolve(Response.error())")
        .client()
        .operation("users.get")
        .path("a")
        .await
        .expect_err("a redirect");
    assert!(error.to_string().contains("redirect"), "{error}");
}

#[wasm_bindgen_test]
async fn a_response_that_somebody_wrote_by_hand() {
    // What unit tests of programs bring along: only the members that are used.
    let fake = Fake::new("({ status: 200, headers: new Map([['x-test', 'yes']]), body: null, text: async () => '' })");
    let response = send(&FetchTransport::injected(fake.fetch())).await.expect("a response");
    assert_eq!(response.headers.get("x-test").as_deref(), Some("yes"));
    assert_eq!(read(response).await.expect("no body"), "");
    // Headers without `get` answer nothing, and do not break.
    let fake = Fake::new("({ status: 200, headers: {}, body: null })");
    let response = send(&FetchTransport::injected(fake.fetch())).await.expect("a response");
    assert_eq!(response.headers.get("x-test"), None);
}

/// A real connection: to the page's own server, or in Node to a port where nobody listens.
#[wasm_bindgen_test]
async fn the_real_fetch() {
    let transport = FetchTransport::global();
    if in_node() {
        let port = function(
            "() => new Promise((resolve) => {
                const server = process.getBuiltinModule('node:net').createServer();
                server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
            })",
        );
        let port = port.call0(&eval("undefined")).expect("a promise");
        let port = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&port)).await.expect("a port");
        let port = port.as_f64().expect("a number");
        let url = format!("http://127.0.0.1:{port}/");
        let error = transport.send(request(Method::Get, &url, RequestBody::Empty)).await.expect_err("refused");
        assert!(!error.may_have_been_sent(), "{error}");
        assert!(error.to_string().contains("ECONNREFUSED"), "{error}");
    } else {
        let url = eval("location.origin + '/no-such-file'").as_string().expect("a URL");
        let response = transport.send(request(Method::Get, &url, RequestBody::Empty)).await.expect("a response");
        assert_eq!(response.status, 404);
        read(response).await.expect("a body");
    }
    pause(1).await;
}
