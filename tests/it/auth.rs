//! The Authentication API over a scripted transport: what is sent, what is repeated, what is read, and what is refused.

use crate::support::{DOMAIN, START, all, pairs_of, query_of, seconds, shown};
use auth0_sdk::auth::{OAuthCode, Send, Transaction};
use auth0_sdk::testing::{ManualTimer, Recorded, Reply, ScriptedTransport, block_on, host, poll_until_stuck};
use auth0_sdk::{
    AuthenticationBuilder, AuthenticationClient, Crypto, Error, ErrorKind, Host, ManagementClient, Secret,
    TransportError,
};
use serde_json::json;
use std::future::IntoFuture;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TOKENS: &str = r#"{"access_token":"the-access-token","token_type":"Bearer","expires_in":60}"#;

fn builder(transport: &ScriptedTransport, timer: &ManualTimer) -> AuthenticationBuilder {
    AuthenticationClient::builder(DOMAIN).client_id("the-client").host(host(transport.clone(), timer.clone()))
}

fn client(replies: impl IntoIterator<Item = Reply>) -> (AuthenticationClient, ScriptedTransport, ManualTimer) {
    let (transport, timer) = (ScriptedTransport::new(replies), ManualTimer::skipping());
    let client = builder(&transport, &timer).client_secret("the-client-secret").build().expect("a client");
    (client, transport, timer)
}

/// The members of a body, form or JSON.
fn members(request: &Recorded) -> Vec<(String, String)> {
    let text = request.text();
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        Ok(members) => members
            .into_iter()
            .map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect(),
        Err(_) => pairs_of(&text),
    }
}

fn member(request: &Recorded, name: &str) -> Option<String> {
    members(request).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

#[test]
fn a_client_is_checked_when_it_is_built() {
    let config = |builder: AuthenticationBuilder, why: &str| {
        let error = builder.build().expect_err(why);
        assert_eq!(error.kind(), ErrorKind::Config, "{why}");
        assert!(error.message().contains(why), "{error}");
        assert!(!shown(&error).contains("the-secret"), "{error}");
    };
    let start = || builder(&ScriptedTransport::default(), &ManualTimer::skipping());
    config(start().client_secret("the-secret").client_assertion("a.b.c"), "two ways");
    config(start().client_secret("the-secret").mtls(), "two ways");
    config(start().client_secret("the-secret").client_secret_basic("the-secret"), "two ways");
    config(start().client_secret(""), "secret is empty");
    config(start().client_id(""), "client id is empty");
    config(start().mtls_domain("mtls.example.com"), "does not use mTLS");
    config(start().header("a b", "the-secret"), "not a header name");
    let bare = || AuthenticationClient::builder(DOMAIN).host(host(ScriptedTransport::default(), ManualTimer::new()));
    config(bare().client_secret("the-secret"), "no client id");
    assert!(bare().build().is_ok());
    let debug = format!("{:?} {:?}", start().client_secret("the-secret"), start().client_secret("the-secret").build());
    assert!(!debug.contains("the-secret"), "{debug}");
}

#[test]
fn what_needs_a_client_id_says_so() {
    let transport = ScriptedTransport::new([Reply::json(200, r#"{"sub":"auth0|1"}"#)]);
    let bare = AuthenticationClient::builder(DOMAIN).host(host(transport.clone(), ManualTimer::skipping()));
    let auth0 = bare.build().expect("a client");
    let error = block_on(auth0.oauth().client_credentials("api").into_future()).expect_err("no id");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Config, Some("oauth.clientCredentialsGrant")));
    assert_eq!(auth0.saml().login_url(None, None).expect_err("no id").kind(), ErrorKind::Config);
    assert_eq!(transport.requests().len(), 0);
    assert_eq!(block_on(auth0.users().user_info("t").into_future()).expect("a user").sub, "auth0|1");
}

#[test]
fn each_way_to_authenticate() {
    type Way = fn(AuthenticationBuilder) -> AuthenticationBuilder;
    type Pairs = &'static [(&'static str, &'static str)];
    let ways: [(&str, Way, Pairs); 5] = [
        ("none", |builder| builder, &[]),
        ("post", |builder| builder.client_secret("s e"), &[("client_secret", "s e")]),
        ("basic", |builder| builder.client_secret_basic("s e"), &[]),
        (
            "assertion",
            |builder| builder.client_assertion("a.b.c"),
            &[
                ("client_assertion", "a.b.c"),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ],
        ),
        ("mtls", |builder| builder.mtls(), &[]),
    ];
    for (name, way, wanted) in ways {
        let transport = ScriptedTransport::new([Reply::json(200, TOKENS), Reply::json(200, "{}")]);
        let auth0 = way(builder(&transport, &ManualTimer::skipping())).build().expect(name);
        block_on(auth0.oauth().client_credentials("api").into_future()).expect(name);
        block_on(auth0.passwordless().send_email("jo@example.com", Send::Code).into_future()).expect(name);
        let requests = transport.requests();
        let secrets: Vec<_> = members(&requests[0])
            .into_iter()
            .filter(|(name, _)| name.starts_with("client_secret") || name.starts_with("client_assertion"))
            .collect();
        assert_eq!(
            secrets,
            wanted.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>(),
            "{name}"
        );
        let basic = requests[0].headers.get("authorization");
        assert_eq!(basic.as_deref(), (name == "basic").then_some("Basic dGhlLWNsaWVudDpzJTIwZQ=="), "{name}");
        assert_eq!(member(&requests[0], "client_id").is_some(), name != "basic");
        let host = if name == "mtls" { "https://mtls.tenant.us.auth0.com/" } else { "https://tenant.us.auth0.com/" };
        assert!(requests.iter().all(|request| request.url.starts_with(host)), "{name}");
        // Auth0's own endpoints with JSON take the secret in the body only.
        let secret = member(&requests[1], "client_secret");
        assert_eq!(secret.as_deref(), matches!(name, "post" | "basic").then_some("s e"), "{name}");
        assert_eq!(member(&requests[1], "client_id").as_deref(), Some("the-client"));
    }
}

#[test]
fn each_try_has_its_own_assertion() {
    let count = Arc::new(AtomicU32::new(0));
    let next = count.clone();
    let transport = ScriptedTransport::new([
        Reply::status(503),
        Reply::fail(TransportError::not_sent("refused")),
        Reply::json(200, TOKENS),
    ]);
    let timer = ManualTimer::skipping();
    let provider = move || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Error>(format!("assertion-{number}")) }
    };
    let auth0 = builder(&transport, &timer).client_assertion_provider(provider).build().expect("a client");
    let answer = block_on(auth0.oauth().client_credentials("api").raw()).expect("tokens");
    assert_eq!(answer.attempts, 3);
    let sent: Vec<_> = transport.requests().iter().filter_map(|one| member(one, "client_assertion")).collect();
    // What the server may have seen is not sent again; what was not sent may be.
    assert_eq!(sent, ["assertion-0", "assertion-1", "assertion-1"]);
    assert_eq!(timer.slept(), [seconds(1), seconds(2)]);

    // The retries count as ever.
    let transport = ScriptedTransport::new((0..9).map(|_| Reply::status(503)));
    let auth0 = builder(&transport, &timer).client_assertion_provider(|| async { Ok::<_, Error>("a".to_owned()) });
    let error = block_on(auth0.build().expect("a client").oauth().client_credentials("api").into_future());
    assert_eq!(error.expect_err("503").status(), Some(503));
    assert_eq!(transport.requests().len(), 3);

    let failing = builder(&transport, &timer)
        .client_assertion_provider(|| async { Err::<String, _>(Error::new(ErrorKind::Auth, "no key")) });
    let error = block_on(failing.build().expect("a client").oauth().client_credentials("api").into_future());
    assert_eq!(error.expect_err("no key").message(), "no key");
}

#[test]
fn what_may_be_used_up_is_sent_once() {
    type Make = fn(&AuthenticationClient) -> Result<(), Error>;
    let calls: [(&str, Make); 9] = [
        ("code", |auth0| block_on(auth0.oauth().authorization_code("c").into_future()).map(drop)),
        ("refresh", |auth0| block_on(auth0.oauth().refresh_token("r").into_future()).map(drop)),
        ("exchange", |auth0| block_on(auth0.oauth().exchange_token("s", "urn:t").into_future()).map(drop)),
        ("device", |auth0| block_on(auth0.device().token("d").into_future()).map(drop)),
        ("ciba", |auth0| block_on(auth0.backchannel().token("d").into_future()).map(drop)),
        ("email", |auth0| block_on(auth0.passwordless().send_email("a@b.c", Send::Link).into_future()).map(drop)),
        ("otp", |auth0| block_on(auth0.passwordless().login_with_email("a@b.c", "123456").into_future()).map(drop)),
        ("mfa", |auth0| block_on(auth0.mfa("m").verify_otp("123456").into_future()).map(drop)),
        ("signup", |auth0| block_on(auth0.database().sign_up("a@b.c", "p", "db").into_future()).map(drop)),
    ];
    for (name, call) in calls {
        type MakeReply = fn() -> Reply;
        let replies: [(&str, MakeReply, usize); 7] = [
            ("503", || Reply::status(503), 1),
            ("500", || Reply::status(500), 1),
            ("408", || Reply::status(408), 1),
            ("broken", || Reply::fail(TransportError::maybe_sent("reset")), 1),
            ("time out", Reply::hang, 1),
            ("429", || Reply::status(429), 3),
            ("not sent", || Reply::fail(TransportError::not_sent("refused")), 3),
        ];
        for (what, reply, wanted) in replies {
            let (auth0, transport, _) = client([reply(), reply(), reply(), reply()]);
            let error = call(&auth0).expect_err(what);
            assert_eq!(transport.requests().len(), wanted, "{name}, {what}: {error}");
            assert_eq!(error.may_have_been_sent(), what != "not sent", "{name}, {what}");
        }
    }
}

#[test]
fn what_does_no_harm_is_repeated() {
    let (auth0, transport, timer) = client([
        Reply::status(503),
        Reply::fail(TransportError::maybe_sent("reset")),
        Reply::json(200, TOKENS),
        Reply::status(500),
        Reply::json(200, r#"{"sub":"1"}"#),
        Reply::status(500),
        Reply::status(200),
    ]);
    let answer = block_on(auth0.oauth().client_credentials("api").raw()).expect("tokens");
    assert_eq!((answer.attempts, timer.slept()), (3, vec![seconds(1), seconds(2)]));
    assert_eq!(answer.data.expires_at, Some(START + seconds(60)));
    block_on(auth0.users().user_info("t").into_future()).expect("a user");
    block_on(auth0.oauth().revoke("r").into_future()).expect("revoked");
    assert_eq!(transport.requests().len(), 7);
}

#[test]
fn concurrent_refreshes_of_one_token_are_one_request() {
    let rotated = r#"{"access_token":"a2","token_type":"Bearer","refresh_token":"r2","expires_in":60}"#;
    let transport = ScriptedTransport::new([Reply::status(429), Reply::json(200, rotated)]);
    let timer = ManualTimer::new();
    let auth0 = builder(&transport, &timer).build().expect("a client");
    let refresh = |token: &str| auth0.clone().oauth().refresh_token(token).into_future();
    let mut together = Box::pin(all((0..5).map(|_| refresh("r1"))));
    assert!(poll_until_stuck(together.as_mut()).is_pending());
    timer.advance(seconds(1));
    let Poll::Ready(tokens) = poll_until_stuck(together.as_mut()) else { panic!("all have their tokens") };
    // The first was refused, unused.
    assert_eq!(transport.requests().len(), 2);
    for tokens in tokens {
        assert_eq!(tokens.expect("tokens").refresh_token, Some(Secret::new("r2")));
    }
    // Others are not held up, and nothing is kept.
    transport.push(Reply::json(200, rotated));
    transport.push(Reply::json(200, rotated));
    block_on(all(["r2", "r3"].map(refresh)));
    assert_eq!(transport.requests().len(), 4);
}

#[test]
fn a_refresh_goes_on_while_anybody_waits() {
    let transport = ScriptedTransport::new([Reply::hang(), Reply::json(200, TOKENS)]);
    let timer = ManualTimer::new();
    let auth0 = builder(&transport, &timer).build().expect("a client");
    let mut second = pin!(auth0.oauth().refresh_token("r1").into_future());
    {
        let mut first = Box::pin(auth0.oauth().refresh_token("r1").into_future());
        assert!(poll_until_stuck(first.as_mut()).is_pending());
        assert!(poll_until_stuck(second.as_mut()).is_pending());
        assert_eq!(transport.open(), 1);
    }
    assert!(poll_until_stuck(second.as_mut()).is_pending());
    assert_eq!((transport.open(), transport.requests().len()), (1, 1));
    timer.advance(seconds(10));
    let Poll::Ready(Err(error)) = poll_until_stuck(second.as_mut()) else { panic!("the time is over") };
    assert_eq!((error.kind(), error.may_have_been_sent()), (ErrorKind::Timeout, true));
    // A failure is not kept.
    block_on(auth0.oauth().refresh_token("r1").into_future()).expect("tokens");

    // When nobody waits any more, the request ends.
    let transport = ScriptedTransport::new([Reply::hang()]);
    let auth0 = builder(&transport, &timer).build().expect("a client");
    let mut only = Box::pin(auth0.oauth().refresh_token("r1").into_future());
    assert!(poll_until_stuck(only.as_mut()).is_pending());
    assert_eq!(transport.open(), 1);
    drop(only);
    assert_eq!(transport.open(), 0);
}

const METADATA: &str = r#"{"issuer":"https://tenant.us.auth0.com/","jwks_uri":"https://tenant.us.auth0.com/jwks"}"#;

#[test]
fn what_a_tenant_says_of_itself_is_kept_for_ten_minutes() {
    let (auth0, transport, timer) = client([
        Reply::status(404),
        Reply::json(200, METADATA),
        Reply::json(200, r#"{"keys":[]}"#),
        Reply::json(200, METADATA),
        Reply::json(200, METADATA),
        Reply::json(200, METADATA),
    ]);
    let attempts = || block_on(auth0.metadata().raw()).expect("metadata").attempts;
    // A failure is not kept.
    assert_eq!(block_on(auth0.metadata().into_future()).expect_err("404").status(), Some(404));
    assert_eq!((attempts(), attempts()), (1, 0));
    for _ in 0..3 {
        block_on(auth0.jwks().into_future()).expect("keys");
    }
    timer.advance(seconds(599));
    assert_eq!((attempts(), transport.requests().len()), (0, 3));
    timer.advance(seconds(1));
    assert_eq!((attempts(), attempts()), (1, 0));
    assert_eq!(block_on(auth0.metadata().fresh().raw()).expect("metadata").attempts, 1);
    // What is asked for in another way has another answer.
    assert_eq!(block_on(auth0.metadata().header("x-own", "1").raw()).expect("metadata").attempts, 1);
    assert_eq!((attempts(), transport.requests().len()), (0, 6));
}

#[test]
fn what_a_tenant_says_of_itself_is_asked_once_by_all() {
    let transport = ScriptedTransport::new([Reply::status(503), Reply::json(200, METADATA)]);
    let timer = ManualTimer::new();
    let auth0 = builder(&transport, &timer).build().expect("a client");
    let mut together = Box::pin(all((0..5).map(|_| auth0.metadata().into_future())));
    assert!(poll_until_stuck(together.as_mut()).is_pending());
    assert_eq!(transport.requests().len(), 1);
    timer.advance(seconds(1));
    let Poll::Ready(answers) = poll_until_stuck(together.as_mut()) else { panic!("all have their answer") };
    assert!(answers.iter().all(Result::is_ok) && transport.requests().len() == 2);
}

#[test]
fn an_answer_with_a_member_twice_is_refused() {
    let twice = r#"{"issuer":"https://tenant.us.auth0.com/","jwks_uri":"a","x":{"y":1,"y":2}}"#;
    let (auth0, ..) = client([
        Reply::json(200, twice),
        Reply::json(200, r#"{"sub":"a","sub":"b"}"#),
        Reply::json(200, r#"[{"id":"1","id":"2","authenticator_type":"otp","active":true}]"#),
        Reply::json(200, DEVICE.replacen('{', r#"{"device_code":"other","#, 1)),
        Reply::json(200, TOKENS.replacen('{', r#"{"access_token":"other","#, 1)),
    ]);
    let refused = |what: &str, error: Option<Error>| {
        let error = error.unwrap_or_else(|| panic!("{what} is taken"));
        assert_eq!(error.kind(), ErrorKind::Decode, "{what}: {error}");
        assert!(error.message().contains("twice"), "{what}: {error}");
    };
    refused("metadata", block_on(auth0.metadata().into_future()).err());
    refused("userinfo", block_on(auth0.users().user_info("t").into_future()).err());
    refused("authenticators", block_on(auth0.mfa("m").list_authenticators().into_future()).err());
    refused("a device", block_on(auth0.device().authorize().into_future()).err());
    refused("tokens", block_on(auth0.oauth().refresh_token("r").into_future()).err());
}

fn oauth_error(status: u16, code: &str) -> Reply {
    Reply::json(status, json!({"error": code, "error_description": "it says so"}).to_string())
}

const DEVICE: &str = r#"{"device_code":"the-device-code","user_code":"ABCD","verification_uri":"https://t/activate",
    "expires_in":900,"interval":5}"#;

#[test]
fn a_device_asks_until_the_user_has_decided() {
    let (auth0, transport, timer) = client([
        Reply::json(200, DEVICE),
        oauth_error(403, "authorization_pending"),
        oauth_error(400, "authorization_pending"),
        oauth_error(429, "slow_down"),
        oauth_error(400, "authorization_pending"),
        Reply::fail(TransportError::maybe_sent("reset")),
        Reply::json(200, TOKENS),
    ]);
    let device = block_on(auth0.device().authorize().scope("openid").audience("api").into_future()).expect("codes");
    assert_eq!((device.user_code.as_str(), device.interval), ("ABCD", seconds(5)));
    assert_eq!(device.expires_at, START + seconds(900));
    let tokens = block_on(auth0.device().poll(&device).into_future()).expect("tokens");
    assert_eq!(tokens.access_token.expose(), "the-access-token");
    assert_eq!(timer.slept(), [5, 5, 5, 10, 10, 20].map(seconds));
    let last = transport.requests().pop().expect("a request");
    assert_eq!(member(&last, "grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:device_code"));
    assert_eq!(member(&last, "device_code").as_deref(), Some("the-device-code"));
}

#[test]
fn asking_ends_with_a_refusal_and_with_the_time() {
    let (auth0, transport, _) = client([
        Reply::json(200, DEVICE),
        oauth_error(403, "authorization_pending"),
        oauth_error(403, "access_denied"),
    ]);
    let device = block_on(auth0.device().authorize().into_future()).expect("codes");
    let error = block_on(auth0.device().poll(&device).into_future()).expect_err("denied");
    assert_eq!(error.oauth_code(), Some(OAuthCode::AccessDenied));
    assert_eq!(transport.requests().len(), 3);

    let pending = (0..200).map(|_| oauth_error(403, "authorization_pending"));
    let (auth0, transport, timer) = client([Reply::json(200, DEVICE)].into_iter().chain(pending));
    let device = block_on(auth0.device().authorize().into_future()).expect("codes");
    let error = block_on(auth0.device().poll(&device).into_future()).expect_err("expired");
    assert_eq!(error.oauth_code(), Some(OAuthCode::ExpiredToken));
    // 900 s by fives; at the end of the time nothing is asked any more.
    assert_eq!((timer.slept().len(), transport.requests().len()), (180, 180));

    // Later there is nothing to ask.
    let error = block_on(auth0.device().poll(&device).into_future()).expect_err("expired");
    assert_eq!(error.oauth_code(), Some(OAuthCode::ExpiredToken));
    assert_eq!(transport.requests().len(), 180);
}

#[test]
fn asking_ends_when_it_is_dropped() {
    let transport = ScriptedTransport::new([Reply::json(200, DEVICE), Reply::hang()]);
    let timer = ManualTimer::new();
    let auth0 = builder(&transport, &timer).build().expect("a client");
    let device = block_on(auth0.device().authorize().into_future()).expect("codes");
    let mut polling = Box::pin(auth0.device().poll(&device).into_future());
    assert!(poll_until_stuck(polling.as_mut()).is_pending());
    timer.advance(seconds(5));
    assert!(poll_until_stuck(polling.as_mut()).is_pending());
    assert_eq!(transport.open(), 1);
    drop(polling);
    assert_eq!((transport.open(), transport.requests().len()), (0, 2));
}

#[test]
fn a_backchannel_login() {
    let started = r#"{"auth_req_id":"the-request","expires_in":300}"#;
    let (auth0, transport, timer) =
        client([Reply::json(200, started), oauth_error(400, "authorization_pending"), Reply::json(200, TOKENS)]);
    let login = auth0
        .backchannel()
        .authorize("auth0|1", "Order 4-2")
        .requested_expiry(seconds(300))
        .authorization_details(json!([{"type": "payment"}]));
    let login = block_on(login.into_future()).expect("a login");
    block_on(auth0.backchannel().poll(&login).into_future()).expect("tokens");
    assert_eq!(timer.slept(), [5, 5].map(seconds));
    let first = &transport.requests()[0];
    let hint = member(first, "login_hint").expect("a hint");
    let hint: serde_json::Value = serde_json::from_str(&hint).expect("JSON");
    assert_eq!(hint, json!({"format": "iss_sub", "iss": "https://tenant.us.auth0.com/", "sub": "auth0|1"}));
    assert_eq!(member(first, "authorization_details").as_deref(), Some(r#"[{"type":"payment"}]"#));
    assert_eq!(member(first, "requested_expiry").as_deref(), Some("300"));
    assert_eq!(member(first, "scope").as_deref(), Some("openid"));
    let error = block_on(auth0.backchannel().authorize("auth0|1", "line\nbreak").into_future()).expect_err("unfit");
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(transport.requests().len(), 3);
}

#[test]
fn a_second_factor_is_asked_for_and_shown() {
    let refusal = json!({"error": "mfa_required", "error_description": "Multifactor authentication required",
        "mfa_token": "the-mfa-token"});
    let (auth0, transport, _) = client([
        Reply::json(403, refusal.to_string()),
        Reply::json(200, r#"[{"id":"totp|1","authenticator_type":"otp","active":true}]"#),
        Reply::json(200, r#"{"challenge_type":"oob","oob_code":"the-oob-code","binding_method":"prompt"}"#),
        Reply::json(200, TOKENS),
        Reply::json(200, r#"{"access_token":"a","token_type":"Bearer","recovery_code":"NEXT"}"#),
        Reply::json(
            200,
            r#"{"authenticator_type":"otp","secret":"S","barcode_uri":"otpauth://x","recovery_codes":["R"]}"#,
        ),
        Reply::status(204),
    ]);
    let error = block_on(auth0.oauth().password("jo", "pw").into_future()).expect_err("a second factor");
    assert_eq!((error.status(), error.oauth_code()), (Some(403), Some(OAuthCode::MfaRequired)));
    assert!(!shown(&error).contains("the-mfa-token"));
    let mfa = auth0.mfa_of(&error).expect("a token");
    let authenticators = block_on(mfa.list_authenticators().into_future()).expect("authenticators");
    assert_eq!(authenticators[0].id, "totp|1");
    let challenge = block_on(mfa.challenge("oob").authenticator_id("sms|1").into_future()).expect("a challenge");
    let oob_code = challenge.oob_code.expect("a code");
    block_on(mfa.verify_oob(oob_code).binding_code("123456").into_future()).expect("tokens");
    let tokens = block_on(mfa.verify_recovery_code("LAST").into_future()).expect("tokens");
    assert_eq!(tokens.recovery_code, Some(Secret::new("NEXT")));
    let added = block_on(mfa.associate_otp().into_future()).expect("an authenticator");
    assert_eq!(added.recovery_codes, Some(vec![Secret::new("R")]));
    block_on(mfa.delete_authenticator("totp|1/..").into_future()).expect("deleted");

    let requests = transport.requests();
    assert_eq!(requests[1].headers.get("authorization").as_deref(), Some("Bearer the-mfa-token"));
    assert_eq!(member(&requests[2], "mfa_token").as_deref(), Some("the-mfa-token"));
    assert_eq!(member(&requests[3], "binding_code").as_deref(), Some("123456"));
    assert_eq!(member(&requests[5], "authenticator_types").as_deref(), Some(r#"["otp"]"#));
    assert!(requests[6].url.ends_with("/mfa/authenticators/totp%7C1%2F.."), "{}", requests[6].url);
    let plain = Error::new(ErrorKind::Api, "no");
    assert!(auth0.mfa_of(&plain).is_none());
}

#[test]
fn grants_send_what_they_are_given() {
    let (auth0, transport, _) = client((0..9).map(|_| Reply::json(200, TOKENS)));
    let oauth = auth0.oauth();
    block_on(oauth.password("jo", "pw").realm("db").scope("openid").forwarded_for("1.2.3.4").into_future()).expect("1");
    block_on(oauth.password("jo", "pw").audience("api").into_future()).expect("2");
    block_on(oauth.token_for_connection("r", "google-oauth2").login_hint("g|1").into_future()).expect("3");
    block_on(oauth.exchange_token("s", "urn:x").param("own", json!({"a": 1})).into_future()).expect("4");
    block_on(auth0.passwordless().login_with_sms("+1555", "123456").into_future()).expect("5");
    block_on(auth0.passkey().login("session", json!({"id": "x"})).realm("db").into_future()).expect("6");
    block_on(oauth.client_credentials("api").organization("org_1").into_future()).expect("7");
    let requests = transport.requests();
    let grant = |index: usize| member(&requests[index], "grant_type").expect("a grant");
    assert_eq!(grant(0), "http://auth0.com/oauth/grant-type/password-realm");
    assert_eq!(member(&requests[0], "realm").as_deref(), Some("db"));
    assert_eq!(requests[0].headers.get("auth0-forwarded-for").as_deref(), Some("1.2.3.4"));
    assert_eq!(grant(1), "password");
    assert_eq!(grant(2), "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token");
    assert_eq!(
        member(&requests[2], "requested_token_type").as_deref(),
        Some("http://auth0.com/oauth/token-type/federated-connection-access-token")
    );
    assert_eq!(grant(3), "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(member(&requests[3], "own").as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(member(&requests[4], "realm").as_deref(), Some("sms"));
    assert_eq!(grant(5), "urn:okta:params:oauth:grant-type:webauthn");
    assert_eq!(member(&requests[5], "authn_response").as_deref(), Some(r#"{"id":"x"}"#));
    assert_eq!(member(&requests[6], "organization").as_deref(), Some("org_1"));
    for request in &requests {
        assert!(!request.text().contains("None") && !request.text().contains("undefined"), "{}", request.text());
        assert!(request.headers.get("auth0-client").is_some());
    }
}

#[test]
fn errors_of_every_shape_have_a_code_and_a_message() {
    for (status, body, code, message) in [
        (401, r#"{"error":"invalid_client","error_description":"no"}"#, "invalid_client", "no"),
        (
            400,
            r#"{"name":"BadRequestError","code":"invalid_signup","description":"Invalid sign up","statusCode":400}"#,
            "invalid_signup",
            "Invalid sign up",
        ),
        (
            400,
            r#"{"name":"PasswordStrengthError","message":"Password is too weak","code":"invalid_password","description":{"rules":[]},"statusCode":400}"#,
            "invalid_password",
            "Password is too weak",
        ),
        (
            429,
            r#"{"statusCode":429,"error":"Too Many Requests","message":"Global limit","errorCode":"too_many_requests"}"#,
            "too_many_requests",
            "Global limit",
        ),
        (400, r#"{"error":"something"}"#, "something", "something"),
    ] {
        let (auth0, ..) =
            client([Reply::json(status, body).header("auth0-client-quota-limit", "b=per_hour;q=10;r=5;t=300")]);
        let call = auth0.database().sign_up("a@b.c", "p", "db").max_retries(0);
        let error = block_on(call.into_future()).expect_err(body);
        assert_eq!((error.status(), error.code(), error.message()), (Some(status), Some(code), message));
        let quota = error.headers().and_then(auth0_sdk::auth::Quota::of_client).expect("a quota");
        assert_eq!(quota.per_hour.map(|bucket| bucket.remaining), Some(5));
    }
    for body in ["[]", "null", "5", "\"text\"", "<html>", ""] {
        let (auth0, ..) = client([Reply::json(400, body)]);
        let error = block_on(auth0.oauth().authorization_code("c").into_future()).expect_err(body);
        assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(400)), "{body}");
    }
}

#[test]
fn answers_carry_their_limits() {
    let reply = Reply::json(200, TOKENS)
        .header("x-ratelimit-limit", "100")
        .header("x-ratelimit-remaining", "99")
        .header("x-ratelimit-reset", "1767225700")
        .header("auth0-organization-quota-limit", "b=per_day;q=10;r=1;t=60");
    let (auth0, ..) = client([reply]);
    let answer = block_on(auth0.oauth().client_credentials("api").raw()).expect("tokens");
    assert_eq!(answer.rate_limit().map(|limit| limit.remaining), Some(99));
    assert_eq!(answer.organization_quota().and_then(|quota| quota.per_day).map(|day| day.quota), Some(10));
    assert_eq!(answer.client_quota(), None);
}

#[test]
fn secrets_of_a_request_are_in_no_error() {
    // Long enough that no one takes them for words, and with characters that every encoding changes.
    const MARKERS: [&str; 12] = [
        "m1 secret+/ of ours",
        "m2 code\"é of ours",
        "m3-verifier-é of ours",
        "m4 refresh/+ of ours",
        "m5 password\"\\ of ours",
        "m6-otp-é of ours",
        "m7 device+ of ours",
        "m8 mfa token/ of ours",
        "m9 subject+ of ours",
        "m10 bearer~ of ours",
        "m11 assertion of ours",
        "m12 session+ of ours",
    ];
    type Make = fn(&AuthenticationClient) -> Result<(), Error>;
    let calls: [Make; 12] = [
        |auth0| {
            block_on(auth0.oauth().authorization_code(MARKERS[1]).code_verifier(MARKERS[2]).into_future()).map(drop)
        },
        |auth0| block_on(auth0.oauth().refresh_token(MARKERS[3]).into_future()).map(drop),
        |auth0| block_on(auth0.oauth().password("jo", MARKERS[4]).into_future()).map(drop),
        |auth0| block_on(auth0.database().sign_up("a@b.c", MARKERS[4], "db").into_future()).map(drop),
        |auth0| block_on(auth0.passwordless().login_with_email("a@b.c", MARKERS[5]).into_future()).map(drop),
        |auth0| block_on(auth0.device().token(MARKERS[6]).into_future()).map(drop),
        |auth0| block_on(auth0.mfa(MARKERS[7]).challenge("otp").into_future()).map(drop),
        |auth0| block_on(auth0.oauth().exchange_token(MARKERS[8], "urn:x").into_future()).map(drop),
        |auth0| block_on(auth0.users().user_info(MARKERS[9]).into_future()).map(drop),
        |auth0| block_on(auth0.oauth().revoke(MARKERS[3]).into_future()).map(drop),
        |auth0| block_on(auth0.passkey().login(MARKERS[11], json!({"id": MARKERS[5]})).into_future()).map(drop),
        |auth0| block_on(auth0.legacy().token_info(MARKERS[3]).into_future()).map(drop),
    ];
    let mut seen = 0;
    for authentication in 0..3 {
        for call in calls {
            for shape in 0..5 {
                let transport = ScriptedTransport::default();
                let timer = ManualTimer::skipping();
                let auth0 = match authentication {
                    0 => builder(&transport, &timer).client_secret(MARKERS[0]),
                    1 => builder(&transport, &timer).client_secret_basic(MARKERS[0]),
                    _ => builder(&transport, &timer).client_assertion(MARKERS[10]),
                };
                let auth0 = auth0.max_retries(0).build().expect("a client");
                // The peer repeats everything it was sent, as it was sent and decoded.
                let echo = |request: &Recorded| {
                    let header = request.headers.get("authorization").unwrap_or_default();
                    let values: Vec<_> = members(request).into_iter().map(|(_, value)| value).collect();
                    format!("{} {} {header}", request.text(), values.join(" "))
                };
                let _ = call(&auth0);
                let sent = echo(&transport.requests()[0]);
                transport.push(match shape {
                    0 => Reply::json(400, json!({"error": "e", "error_description": sent}).to_string()),
                    1 => Reply::json(400, json!({"error": sent, "message": "m"}).to_string()),
                    2 => Reply::status(500).body(sent.clone()),
                    3 => Reply::fail(TransportError::maybe_sent(sent.clone())),
                    _ => Reply::json(200, sent.clone()),
                });
                let Err(error) = call(&auth0) else { continue };
                seen += 1;
                let text = shown(&error);
                for marker in MARKERS {
                    assert!(!text.contains(marker), "{shape}: {text}");
                }
                for encoded in ["m1%20secret", "m2%20code", "m5%20password", "m2 code\\\"", "m5 password\\\"", "bTE"] {
                    assert!(!text.contains(encoded), "{shape} {encoded}: {text}");
                }
            }
        }
    }
    assert!(seen > 150, "{seen}");
}

/// Randomness that counts, and a digest that is none: what a test of URLs needs.
struct Counting(AtomicU32);

impl Crypto for Counting {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        out.fill(self.0.fetch_add(1, Ordering::Relaxed) as u8);
        Ok(())
    }

    fn digest<'a>(&'a self, _: auth0_sdk::Hash, data: &'a [u8]) -> auth0_sdk::BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { Ok(vec![data.len() as u8; 32]) })
    }
}

fn browser(replies: impl IntoIterator<Item = Reply>) -> (AuthenticationClient, ScriptedTransport, ManualTimer) {
    let (transport, timer) = (ScriptedTransport::new(replies), ManualTimer::new());
    let host = Host::new(transport.clone(), timer.clone(), Counting(AtomicU32::new(1)));
    let auth0 = AuthenticationClient::builder(DOMAIN).client_id("the-client").host(host).build().expect("a client");
    (auth0, transport, timer)
}

fn parameter(url: &str, name: &str) -> Option<String> {
    query_of(url).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

#[test]
fn a_login_has_a_url_and_a_transaction() {
    let (auth0, transport, _) = browser([Reply::json(200, TOKENS)]);
    let login = auth0
        .authorize()
        .redirect_uri("https://app.example/cb?own=1")
        .scope("offline_access")
        .audience("https://api/")
        .organization("org_1")
        .connection("google-oauth2")
        .prompt("login")
        .max_age(seconds(0))
        .authorization_details(json!([{"type": "payment"}]))
        .claims(json!({"id_token": {"email": null}}))
        .param("ext-own", "ä b");
    let login = block_on(login.into_future()).expect("a URL");
    assert!(login.url.starts_with("https://tenant.us.auth0.com/authorize?client_id=the-client&response_type=code&"));
    let get = |name: &str| parameter(&login.url, name);
    for (name, wanted) in [
        ("redirect_uri", "https://app.example/cb?own=1"),
        ("scope", "offline_access"),
        ("audience", "https://api/"),
        ("organization", "org_1"),
        ("connection", "google-oauth2"),
        ("prompt", "login"),
        ("max_age", "0"),
        ("authorization_details", r#"[{"type":"payment"}]"#),
        ("claims", r#"{"id_token":{"email":null}}"#),
        ("ext-own", "ä b"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(get(name).as_deref(), Some(wanted), "{name}");
    }
    // Without openid there is no ID token for a nonce.
    assert_eq!(get("nonce"), None);
    let state = get("state").expect("a state");
    assert_eq!(state.len(), 43);
    assert_eq!(login.transaction.state(), state);
    assert_eq!(login.transaction.expires_at(), START + seconds(3600));

    // It survives a session, and ends the login.
    let kept = serde_json::to_string(&login.transaction).expect("JSON");
    let transaction: Transaction = serde_json::from_str(&kept).expect("a transaction");
    let answer = format!("https://app.example/cb?own=1&code=the-code&state={state}");
    block_on(auth0.finish_login(&transaction, &answer).into_future()).expect("tokens");
    let request = &transport.requests()[0];
    assert_eq!(member(request, "code").as_deref(), Some("the-code"));
    assert_eq!(member(request, "redirect_uri").as_deref(), Some("https://app.example/cb?own=1"));
    assert_eq!(member(request, "code_verifier").map(|verifier| verifier.len()), Some(43));
}

#[test]
fn a_login_that_is_not_ours_sends_nothing() {
    let (auth0, transport, timer) = browser([]);
    let login = block_on(auth0.authorize().into_future()).expect("a URL");
    let state = login.transaction.state();
    assert!(parameter(&login.url, "nonce").is_some());
    for (answer, code) in [
        ("code=c&state=other".to_owned(), "state_mismatch"),
        (format!("code=a&code=b&state={state}"), "invalid_callback"),
        (format!("error=login_required&state={state}"), "login_required"),
        (format!("code=c&state={state}&iss=https%3A%2F%2Fevil%2F"), "issuer_mismatch"),
        (format!("access_token=c&state={state}"), "invalid_callback"),
    ] {
        let error = block_on(auth0.finish_login(&login.transaction, &answer).into_future()).expect_err(code);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some(code)));
        assert!(!shown(&error).contains(state));
    }
    timer.advance(Duration::from_secs(3601));
    let answer = format!("code=c&state={state}");
    let error = block_on(auth0.finish_login(&login.transaction, &answer).into_future()).expect_err("late");
    assert_eq!(error.code(), Some("transaction_expired"));
    assert_eq!(transport.requests().len(), 0);
}

#[test]
fn a_pushed_request_leaves_its_name_in_the_url() {
    let (auth0, transport, _) = browser([Reply::json(201, r#"{"request_uri":"urn:x:1","expires_in":60}"#)]);
    let login = block_on(auth0.authorize().redirect_uri("https://app/cb").pushed().into_future()).expect("a URL");
    assert_eq!(login.url, "https://tenant.us.auth0.com/authorize?client_id=the-client&request_uri=urn%3Ax%3A1");
    let request = &transport.requests()[0];
    assert!(request.url.ends_with("/oauth/par"));
    let names: Vec<_> = members(request).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "client_id",
        "response_type",
        "scope",
        "redirect_uri",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn urls_to_leave_by() {
    let (auth0, ..) = browser([]);
    let url = auth0.logout().return_to("https://app/?a=b").federated().url();
    assert_eq!(
        url,
        "https://tenant.us.auth0.com/v2/logout?client_id=the-client&returnTo=https%3A%2F%2Fapp%2F%3Fa%3Db&federated="
    );
    let logout = auth0.oidc_logout().id_token_hint("a.b.c").return_to("https://app/").state("s");
    assert!(!format!("{logout:?}").contains("a.b.c"));
    assert_eq!(
        logout.url(),
        "https://tenant.us.auth0.com/oidc/logout?client_id=the-client&id_token_hint=a.b.c\
         &post_logout_redirect_uri=https%3A%2F%2Fapp%2F&state=s"
    );
    let saml = auth0.saml().login_url(Some("saml-1"), Some("org_1")).expect("a URL");
    assert_eq!(saml, "https://tenant.us.auth0.com/samlp/the-client?connection=saml-1&organization=org_1");
    let wsfed = auth0.wsfed().login_url(&[("wtrealm", "urn:x"), ("whr", "")]).expect("a URL");
    assert_eq!(wsfed, "https://tenant.us.auth0.com/wsfed/the-client?wtrealm=urn%3Ax");
}

#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
#[test]
fn the_same_without_async() {
    let pending = oauth_error(403, "authorization_pending");
    let (auth0, transport, _) =
        client([Reply::json(200, TOKENS), Reply::json(200, DEVICE), pending, Reply::json(200, TOKENS)]);
    assert_eq!(auth0.oauth().client_credentials("api").call_raw().expect("tokens").status, 200);
    let device = auth0.device().authorize().call().expect("codes");
    auth0.device().poll(&device).call().expect("tokens");
    let login = auth0.authorize().call().expect_err("the test host has no digests");
    assert_eq!(login.kind(), ErrorKind::Config);
    assert_eq!(transport.requests().len(), 4);
}

#[test]
fn the_management_client_gets_its_token_through_another_client() {
    let transport = ScriptedTransport::new([
        Reply::json(200, TOKENS),
        Reply::json(200, "[]"),
        Reply::status(401),
        Reply::json(200, r#"{"access_token":"another","token_type":"Bearer","expires_in":60}"#),
        Reply::json(200, "[]"),
    ]);
    let timer = ManualTimer::skipping();
    let auth0 = builder(&transport, &timer).client_assertion("a.b.c").build().expect("a client");
    let management = ManagementClient::builder(DOMAIN).host(host(transport.clone(), timer.clone()));
    let management = management.authentication(&auth0).organization("org_1").build().expect("a client");
    block_on(management.operation("users.list").into_future()).expect("users");
    // Revoked: replaced once.
    block_on(management.operation("users.list").into_future()).expect("users");
    let requests = transport.requests();
    let form = members(&requests[0]);
    let names: Vec<_> = form.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = ["client_id", "audience", "organization", "client_assertion", "client_assertion_type", "grant_type"];
    assert_eq!(names, wanted);
    assert_eq!(member(&requests[0], "audience").as_deref(), Some("https://tenant.us.auth0.com/api/v2/"));
    assert_eq!(requests[1].headers.get("authorization").as_deref(), Some("Bearer the-access-token"));
    assert_eq!(requests[4].headers.get("authorization").as_deref(), Some("Bearer another"));

    let start = || ManagementClient::builder(DOMAIN).host(host(transport.clone(), timer.clone()));
    let public = builder(&transport, &timer).build().expect("a client");
    for wrong in [
        start().authentication(&public),
        start().authentication(&auth0).token("t"),
        start().authentication(&auth0).client_credentials("id", "secret"),
    ] {
        assert_eq!(wrong.build().expect_err("wrong").kind(), ErrorKind::Config);
    }
}
