//! A login whose ID token is really signed: what the transaction remembers is what the token must say.

use crate::support::{DOMAIN, START};
use auth0_sdk::auth::AuthorizationRequest;
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use auth0_sdk::{Algorithm, AuthenticationClient, Error, Host, Json, NativeCrypto};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::future::IntoFuture;
use std::time::Duration;

/// Logs in, with an ID token of these claims (nonce: that of the login where it says `true`), or with none.
fn log_in(
    request: impl FnOnce(AuthorizationRequest) -> AuthorizationRequest,
    claims: Option<Json>,
) -> Result<String, Error> {
    let transport = ScriptedTransport::new([]);
    let host = Host::new(transport.clone(), ManualTimer::skipping(), NativeCrypto);
    let key = block_on(host.generate_key(Algorithm::ES256)).expect("a key");
    let auth0 = AuthenticationClient::builder(DOMAIN)
        .client_id("the-client")
        .id_token_algorithms([Algorithm::ES256])
        .host(host.clone())
        .build()
        .expect("a client");
    let login = block_on(request(auth0.authorize().redirect_uri("https://app/cb")).into_future()).expect("a URL");
    let nonce =
        crate::support::query_of(&login.url).into_iter().find(|(name, _)| name == "nonce").map(|(_, value)| value);
    let mut answer = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60 });
    if let Some(more) = claims {
        let now = START.as_secs();
        let mut all = json!({
            "iss": auth0.issuer(), "aud": "the-client", "sub": "auth0|1", "iat": now, "exp": now + 60, "nonce": nonce,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        all.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": "a" })), part(&all));
        let made = block_on(host.crypto().sign(&key, signed.as_bytes())).expect("a signature");
        answer["id_token"] = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(made)).into();
    }
    transport.push(Reply::json(200, answer.to_string()));
    let mut jwk: Json = serde_json::from_str(&key.public().expect("a key pair").public_json()).expect("JSON");
    jwk["kid"] = "a".into();
    transport.push(Reply::json(200, json!({ "keys": [jwk] }).to_string()));
    // As a server keeps it between the two requests.
    let kept = serde_json::to_string(&login.transaction).expect("JSON");
    let transaction = serde_json::from_str(&kept).expect("a transaction");
    let back = format!("https://app/cb?code=c&state={}", login.transaction.state());
    let tokens = block_on(auth0.finish_login(&transaction, &back).into_future())?;
    Ok(tokens.claims.map(|claims| claims.subject().to_owned()).unwrap_or_default())
}

fn code(result: Result<String, Error>) -> String {
    let error = result.expect_err("refused");
    error.code().unwrap_or(error.message()).to_owned()
}

#[test]
fn the_id_token_is_that_of_this_login() {
    let plain = |request| request;
    assert_eq!(log_in(plain, Some(json!({}))).expect("a login"), "auth0|1");
    assert_eq!(code(log_in(plain, Some(json!({ "nonce": "another" })))), "nonce_mismatch");
    assert_eq!(code(log_in(plain, Some(json!({ "nonce": null })))), "claim_missing");
    assert!(code(log_in(plain, None)).contains("an ID token was asked for"));
}

#[test]
fn organization_and_age_are_those_that_were_asked_for() {
    let organization = |request: AuthorizationRequest| request.organization("org_1");
    assert_eq!(log_in(organization, Some(json!({ "org_id": "org_1" }))).expect("a login"), "auth0|1");
    assert_eq!(code(log_in(organization, Some(json!({ "org_id": "org_2" })))), "organization_mismatch");
    assert_eq!(code(log_in(organization, Some(json!({})))), "claim_missing");
    let now = START.as_secs();
    for max_age in [0, 300] {
        let aged = |request: AuthorizationRequest| request.max_age(Duration::from_secs(max_age));
        assert_eq!(log_in(aged, Some(json!({ "auth_time": now - max_age }))).expect("a login"), "auth0|1");
        assert_eq!(code(log_in(aged, Some(json!({ "auth_time": now - max_age - 61 })))), "auth_too_old");
        assert_eq!(code(log_in(aged, Some(json!({})))), "claim_missing");
    }
}

#[test]
fn where_no_id_token_was_asked_for_one_that_comes_is_verified_too() {
    let without = |request: AuthorizationRequest| request.scope("read:things");
    assert_eq!(log_in(without, None).expect("a login"), "");
    assert_eq!(log_in(without, Some(json!({}))).expect("a login"), "auth0|1");
    assert_eq!(code(log_in(without, Some(json!({ "aud": "another" })))), "audience_mismatch");
}
