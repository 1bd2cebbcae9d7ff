//! A client that signs assertions and proofs of possession, and a server that wants a nonce: what was good for one use is made
//! anew, and not sent again.

use crate::support::{DOMAIN, shown};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use auth0_sdk::{Algorithm, AuthenticationBuilder, AuthenticationClient, Dpop, Host, ManagementClient, NativeCrypto};
use std::future::IntoFuture;

const TOKENS: &str = r#"{"access_token":"the-access-token","token_type":"DPoP","expires_in":60}"#;

fn wants_nonce(nonce: &str) -> Reply {
    Reply::json(400, r#"{"error":"use_dpop_nonce","error_description":"a nonce"}"#).header("dpop-nonce", nonce)
}

fn start(replies: impl IntoIterator<Item = Reply>) -> (AuthenticationBuilder, Host, ScriptedTransport) {
    let transport = ScriptedTransport::new(replies);
    let host = Host::new(transport.clone(), ManualTimer::skipping(), NativeCrypto);
    let dpop = Dpop::new(&host, block_on(host.generate_key(Algorithm::ES256)).expect("a key")).expect("a key pair");
    let builder = AuthenticationClient::builder(DOMAIN).client_id("the-client").host(host.clone()).dpop(&dpop);
    (builder, host, transport)
}

fn signing(replies: impl IntoIterator<Item = Reply>) -> (AuthenticationClient, ScriptedTransport) {
    let (builder, host, transport) = start(replies);
    let key = block_on(host.generate_key(Algorithm::ES256)).expect("a key");
    (builder.private_key_jwt(key).build().expect("a client"), transport)
}

/// The assertion and the nonce of each request.
fn sent(transport: &ScriptedTransport) -> Vec<(String, Option<String>)> {
    let requests = transport.requests();
    requests
        .iter()
        .map(|request| {
            let pairs = crate::support::pairs_of(&request.text());
            let assertion = pairs.into_iter().find(|(name, _)| name == "client_assertion").expect("an assertion").1;
            let proof = crate::oidc::claims(&request.headers.get("dpop").expect("a proof"));
            (assertion, proof["nonce"].as_str().map(str::to_owned))
        })
        .collect()
}

#[test]
fn another_assertion_for_the_nonce() {
    let (auth0, transport) = signing([
        wants_nonce("one"),
        Reply::json(200, TOKENS),
        Reply::json(200, TOKENS),
        wants_nonce("two"),
        Reply::status(503),
        Reply::json(200, TOKENS),
    ]);
    let ask = || block_on(auth0.oauth().client_credentials("api").raw());
    assert_eq!(ask().expect("tokens").attempts, 2);
    assert_eq!(ask().expect("tokens").attempts, 1);
    // A retry after it is one, too; it does not count the request for a nonce.
    assert_eq!(ask().expect("tokens").attempts, 3);
    let sent = sent(&transport);
    let nonces: Vec<_> = sent.iter().map(|(_, nonce)| nonce.as_deref()).collect();
    assert_eq!(nonces, [None, Some("one"), Some("one"), Some("one"), Some("two"), Some("two")]);
    let mut assertions: Vec<_> = sent.into_iter().map(|(assertion, _)| assertion).collect();
    assertions.sort();
    assertions.dedup();
    assert_eq!(assertions.len(), 6);
}

#[test]
fn a_server_that_always_wants_another_nonce_is_asked_twice() {
    let (auth0, transport) = signing(["one", "two", "three", "four"].map(wants_nonce));
    let error = block_on(auth0.oauth().client_credentials("api").into_future()).expect_err("no end");
    assert_eq!((error.code(), error.status()), (Some("use_dpop_nonce"), Some(400)));
    assert_eq!(transport.requests().len(), 2);
    // A code is used up by none of them.
    let (auth0, transport) = signing([wants_nonce("one"), Reply::json(200, TOKENS)]);
    block_on(auth0.oauth().authorization_code("c").into_future()).expect("tokens");
    assert_eq!(transport.requests().len(), 2);
}

#[test]
fn an_assertion_from_elsewhere_is_not_sent_again() {
    let (builder, _, transport) = start([wants_nonce("one"), Reply::json(200, TOKENS)]);
    let auth0 = builder.client_assertion("the.only.assertion").build().expect("a client");
    let error = block_on(auth0.oauth().client_credentials("api").into_future()).expect_err("used up");
    assert_eq!(error.code(), Some("use_dpop_nonce"));
    assert!(error.to_string().contains("provider of assertions"), "{error}");
    assert!(!shown(&error).contains("the.only.assertion"));
    assert_eq!(transport.requests().len(), 1);
}

#[test]
fn a_secret_goes_along_with_the_second_proof() {
    let (builder, _, transport) = start([wants_nonce("one"), Reply::json(200, TOKENS)]);
    let auth0 = builder.client_secret("the-client-secret").build().expect("a client");
    block_on(auth0.oauth().client_credentials("api").into_future()).expect("tokens");
    assert_eq!(transport.requests().len(), 2);
}

#[test]
fn a_revoked_token_of_a_client_with_a_key_is_replaced_once() {
    let tokens = |token: &str| {
        Reply::json(200, format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":600}}"#))
    };
    let transport = ScriptedTransport::new([
        tokens("one"),
        Reply::json(200, "{}"),
        Reply::status(401),
        tokens("two"),
        Reply::json(200, "{}"),
        Reply::status(401),
        tokens("three"),
        Reply::status(401),
    ]);
    let host = Host::new(transport.clone(), ManualTimer::skipping(), NativeCrypto);
    let key = block_on(host.generate_key(Algorithm::ES256)).expect("a key");
    let auth0 = AuthenticationClient::builder(DOMAIN).client_id("the-client").private_key_jwt(key).host(host.clone());
    let auth0 = auth0.build().expect("a client");
    let management = ManagementClient::builder(DOMAIN).authentication(&auth0).host(host).build().expect("a client");
    let ask = || block_on(management.operation("users.get").path("auth0|1").into_future());
    ask().expect("a user");
    ask().expect("a user, by another token");
    assert_eq!(ask().expect_err("refused twice").status(), Some(401));
    let requests = transport.requests();
    let bearers: Vec<_> = requests.iter().filter_map(|request| request.headers.get("authorization")).collect();
    assert_eq!(bearers, ["one", "one", "two", "two", "three"].map(|token| format!("Bearer {token}")));
    let bought: Vec<_> = requests.iter().filter(|request| request.url.ends_with("/oauth/token")).collect();
    let assertion = |request: &&auth0_sdk::testing::Recorded| {
        crate::support::pairs_of(&request.text())
            .into_iter()
            .find(|(name, _)| name == "client_assertion")
            .expect("one")
            .1
    };
    let mut assertions: Vec<_> = bought.iter().map(assertion).collect();
    assertions.dedup();
    assert_eq!((bought.len(), assertions.len()), (3, 3));
}
