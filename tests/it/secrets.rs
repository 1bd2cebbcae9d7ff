//! Secrets show nowhere: every text that this crate makes is searched for markers, over many failures.

use crate::support::{DOMAIN, builder, shown};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::{Error, Headers, ManagementClient, MemoryStore, Secret, StoredToken, TokenStore, TransportError};
use serde_json::json;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Each stands for one secret. With characters that are encoded differently in a form, in JSON and in a URL.
const MARKERS: &[&str] =
    &["m1 client/secret+", "m2.token.marker", "m3-bought-token", "m4 password\"", "m5-own-header", "m6-mfa"];

/// What a marker looks like in the places where it may stand.
fn forms(marker: &str) -> Vec<String> {
    let encoded: String = marker
        .bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    let json = json!(marker).to_string();
    vec![marker.to_owned(), encoded, json.trim_matches('"').to_owned()]
}

fn check(what: &str, text: &str) {
    for marker in MARKERS {
        for form in forms(marker) {
            assert!(!text.contains(&form), "{what} shows {form:?}: {text}");
        }
    }
}

/// Answers that repeat the secret that was sent, and failures of every kind.
fn failures(sent: &str) -> Vec<(&'static str, Vec<Reply>)> {
    let echo = forms(sent).join(" ");
    let quoted = json!(echo).to_string();
    let api = |status| {
        let body = format!(r#"{{"statusCode":{status},"message":{quoted},"errorCode":{quoted},"mfa_token":"m6-mfa"}}"#);
        Reply::json(status, body)
    };
    let oauth = |status| {
        Reply::json(status, format!(r#"{{"error":{quoted},"error_description":{quoted},"mfa_token":"m6-mfa"}}"#))
    };
    let broken = || TransportError::maybe_sent(format!("the peer said {echo}"));
    vec![
        ("400", vec![api(400)]),
        ("401", vec![oauth(401)]),
        ("403", vec![api(403).header("www-authenticate", format!("Bearer scope=\"{echo}\""))]),
        (
            "403 with a scope",
            vec![Reply::json(403, json!({"message": format!("expected any of: {echo}")}).to_string())],
        ),
        ("404 text", vec![Reply::status(404).body(echo.clone())]),
        ("404 long text", vec![Reply::status(404).body(format!("{}{echo}", "x".repeat(495)))]),
        ("429", vec![api(429).header("retry-after", "86400")]),
        ("500 twice", vec![api(500), api(500)]),
        ("500 that breaks", vec![Reply::status(500).body(echo.clone()).then_breaks(), Reply::status(400)]),
        ("redirect", vec![Reply::status(302).header("location", format!("https://evil.example/?token={sent}"))]),
        ("a page", vec![Reply::status(200).body(format!("<p>{echo}"))]),
        ("200 that breaks", vec![Reply::json(201, format!("{{{quoted}")).then_breaks(), Reply::status(400)]),
        ("a token with a line break", vec![Reply::json(200, r#"{"access_token":"m3-bought-token\n","expires_in":9"#)]),
        (
            "another token type",
            vec![Reply::json(200, r#"{"access_token":"m3-bought-token","token_type":"m3-bought-token"#)],
        ),
        ("headers, then hangs", vec![Reply::status(200).header("set-cookie", sent).then_hangs(), Reply::hang()]),
        ("reset", vec![Reply::fail(broken()), Reply::fail(broken())]),
        (
            "refused",
            vec![Reply::fail(TransportError::not_sent(echo.clone())), Reply::fail(TransportError::not_sent(echo))],
        ),
        ("nothing", vec![]),
    ]
}

#[test]
fn no_failure_shows_a_secret() {
    let bought = || Reply::json(200, r#"{"access_token":"m3-bought-token","expires_in":9}"#);
    let mut seen = 0;
    for (with, sent) in
        [("token", MARKERS[1]), ("callback", MARKERS[1]), ("credentials", MARKERS[0]), ("bought", MARKERS[2])]
    {
        for (name, replies) in failures(sent) {
            let what = format!("{name} with {with}");
            let transport = ScriptedTransport::default();
            let base = builder(&transport, &ManualTimer::skipping()).max_retries(1).header("x-own", "m5-own-header");
            let auth0 = match with {
                "token" => base.token(sent),
                "callback" => base.token_provider(|| async { Ok(MARKERS[1]) }),
                _ => base.client_credentials("the-client", MARKERS[0]),
            };
            let auth0 = auth0.build().expect("a client");
            if with == "bought" {
                transport.push(bought());
            }
            replies.into_iter().for_each(|reply| transport.push(reply));
            let call = auth0
                .operation("users.create")
                .body(&json!({"password": MARKERS[3]}))
                .header("x-call", "m5-own-header");
            check(&what, &format!("{auth0:?} {call:?} {:?}", call.clone().pages()));
            let error = block_on(call.raw()).expect_err(&what);
            check(&what, &shown(&error));
            check(&what, &format!("{:?} {:?}", error.headers(), error.body()));
            let requests = transport.requests();
            requests.iter().for_each(|request| check(&what, &format!("{:?}", request.headers)));
            seen += 1;
        }
    }
    assert!(seen >= 70, "only {seen} failures");
}

#[test]
fn nothing_that_is_shown_before_a_call_has_a_secret() {
    let transport = ScriptedTransport::default();
    let timer = ManualTimer::skipping();
    let builder = ManagementClient::builder("https://me:m4 password\"@tenant.us.auth0.com")
        .client_credentials("c", "m1 client/secret+")
        .token("m2.token.marker")
        .header("x-api-key", "m5-own-header");
    check("the builder", &format!("{builder:?}"));
    check("the refusal", &shown(&builder.build().expect_err("refused")));
    let auth0 = crate::support::builder(&transport, &timer).client_credentials("c", "m1 client/secret+").build();
    check("a client", &format!("{auth0:?} {auth0:#?}"));
    check("a host", &format!("{:?}", host(transport.clone(), timer)));
    let store = MemoryStore::default();
    let token = StoredToken { token: Secret::new("m3-bought-token"), expires_at: std::time::Duration::ZERO };
    check("a stored token", &format!("{token:?}"));
    block_on(store.put("key", token)).expect("kept");
    check("a store", &format!("{store:?}"));
}

#[test]
fn headers_show_only_what_is_known_to_be_harmless() {
    let mut headers = Headers::new();
    for name in [
        "Authorization",
        "authorization",
        "Cookie",
        "Set-Cookie",
        "DPoP",
        "Proxy-Authorization",
        "X-Api-Key",
        "auth0-forwarded-for",
        "X-Anything",
    ] {
        headers.append(name, "m2.token.marker");
    }
    headers.append("content-type", "application/json");
    headers.append("X-RateLimit-Remaining", "9");
    let text = format!("{headers:?}");
    check("headers", &text);
    assert!(text.contains("X-Api-Key") && text.contains("application/json") && text.contains("\"9\""), "{text}");
}

#[test]
fn a_request_shows_neither_its_token_nor_its_body() {
    let transport = |request: auth0_sdk::HttpRequest| async move {
        Err::<auth0_sdk::HttpResponse, _>(TransportError::not_sent(format!("cannot send {request:?}")))
    };
    let host = auth0_sdk::Host::new(transport, ManualTimer::skipping(), auth0_sdk::testing::FixedRandom(0));
    let auth0 =
        ManagementClient::builder(DOMAIN).host(host).token("m2.token.marker").max_retries(0).build().expect("a client");
    let call = auth0.operation("users.create").body(&json!({"password": "m4 password\""}));
    let error: Error = block_on(call.raw()).expect_err("not sent");
    assert!(error.to_string().contains("users.create") && error.to_string().contains("Bytes("), "{error}");
    check("an error of a transport that shows the request", &shown(&error));
}

#[test]
fn the_body_of_an_error_is_there_for_code_and_not_for_logs() {
    let transport = ScriptedTransport::new([Reply::json(403, r#"{"error":"mfa_required","mfa_token":"m6-mfa"}"#)]);
    let auth0 = builder(&transport, &ManualTimer::skipping()).token("t").build().expect("a client");
    let error = block_on(auth0.operation("users.get").path("a").raw()).expect_err("mfa");
    assert_eq!(error.mfa_token().expect("a token").expose(), "m6-mfa");
    assert!(error.body().expect("a body").text().contains("m6-mfa"));
    check("the error", &shown(&error));
    check("its body", &format!("{:?}", error.body()));
    check("its headers", &format!("{:?}", error.headers()));
}
