//! Second factors at the token endpoint.

use crate::client::{Answer, Client};
use crate::login::{Browser, CALLBACK, CONNECTION, REALM, USER, claims, error};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

const GRANT: &str = "grant_type";
const MFA_OTP: &str = "http://auth0.com/oauth/grant-type/mfa-otp";
const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
const RECOVERY: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";

/// What an authenticator app shows (RFC 6238), `steps` of 30 s from now.
pub(crate) fn app_code(secret: &str, steps: i64) -> String {
    let mut bits = String::new();
    for letter in secret.chars() {
        bits += &format!("{:05b}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap());
    }
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|bits| u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap())
        .collect();
    let step = crate::login::now() / 30 + steps;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let mac = mac.as_ref();
    let start = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[start..start + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

#[tokio::test]
async fn a_second_factor_is_enrolled_and_asked_for() {
    let client = Client::new(1).await;
    client.want_second_factor().await;
    let begin = async || {
        let refused = client.password(USER, "Sandbox-1", "openid").await;
        assert_eq!(error(&refused), (403, "mfa_required"));
        refused.body["mfa_token"].as_str().unwrap().to_owned()
    };
    let token = begin().await;
    let call = async |method: Method, path: &str, token: &str, body: Value| {
        Answer::of(
            client.http.request(method, client.origin(path)).bearer_auth(token).json(&body).send().await.unwrap(),
        )
        .await
    };
    let challenge = async |token: &str, kind: &str| {
        client.web_json("/mfa/challenge", json!({"mfa_token": token, "challenge_type": kind})).await
    };
    assert_eq!(challenge(&token, "otp").await.expect(403)["code"], json!("association_required"));
    let made = call(Method::POST, "/mfa/associate", &token, json!({"authenticator_types": ["otp"]})).await.expect(200);
    let secret = made["secret"].as_str().unwrap();
    let recovery = made["recovery_codes"][0].as_str().unwrap().to_owned();
    assert!(made["barcode_uri"].as_str().unwrap().starts_with("otpauth://totp/"));
    assert_eq!(
        error(&client.web(&[(GRANT, MFA_OTP), ("mfa_token", &token), ("otp", "000000")]).await),
        (403, "invalid_grant")
    );
    let code = app_code(secret, 0);
    let tokens = client.web(&[(GRANT, MFA_OTP), ("mfa_token", &token), ("otp", &code)]).await.expect(200);
    assert_eq!(claims(&tokens["id_token"])["amr"], json!(["mfa"]));
    assert_eq!(
        error(&client.web(&[(GRANT, MFA_OTP), ("mfa_token", &token), ("otp", &code)]).await),
        (403, "invalid_grant")
    );

    let token = begin().await;
    assert_eq!(challenge(&token, "otp").await.expect(200)["challenge_type"], json!("otp"));
    assert_eq!(challenge(&token, "oob").await.expect(400)["error"], json!("unsupported_challenge_type"));
    assert_eq!(call(Method::POST, "/mfa/associate", &token, json!({"authenticator_types": ["otp"]})).await.status, 403);
    let same = client.web(&[(GRANT, MFA_OTP), ("mfa_token", &token), ("otp", &code)]).await;
    assert_eq!(error(&same), (403, "invalid_grant"), "a code is good once");
    let list = call(Method::GET, "/mfa/authenticators", &token, json!({})).await.expect(200);
    let kinds: Vec<_> = list.as_array().unwrap().iter().map(|one| one["authenticator_type"].clone()).collect();
    assert_eq!(kinds, [json!("otp"), json!("recovery-code")]);
    let next = client.web(&[(GRANT, RECOVERY), ("mfa_token", &token), ("recovery_code", &recovery)]).await.expect(200);
    assert_ne!(next["recovery_code"], json!(recovery));
    let token = begin().await;
    assert_eq!(
        error(&client.web(&[(GRANT, RECOVERY), ("mfa_token", &token), ("recovery_code", &recovery)]).await),
        (403, "invalid_grant")
    );
    client.sandbox.advance_clock(601_000);
    assert_eq!(
        error(&client.web(&[(GRANT, MFA_OTP), ("mfa_token", &token), ("otp", "1")]).await),
        (401, "expired_token")
    );

    // An access token for the authenticators.
    let audience = client.origin("/mfa/");
    let refused = client
        .web(&[
            (GRANT, REALM),
            ("realm", CONNECTION),
            ("username", USER),
            ("password", "Sandbox-1"),
            ("audience", &audience),
            ("scope", "enroll read:authenticators remove:authenticators"),
        ])
        .await;
    let token = refused.body["mfa_token"].as_str().unwrap();
    let next = next["recovery_code"].as_str().unwrap();
    let tokens = client.web(&[(GRANT, RECOVERY), ("mfa_token", token), ("recovery_code", next)]).await.expect(200);
    let access = tokens["access_token"].as_str().unwrap();
    let sms = call(
        Method::POST,
        "/mfa/associate",
        access,
        json!({"authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+15550100"}),
    )
    .await
    .expect(200);
    assert_eq!(sms["binding_method"], json!("prompt"));
    let list = call(Method::GET, "/mfa/authenticators", access, json!({})).await.expect(200);
    let totp = list[0]["id"].as_str().unwrap().replace('|', "%7C");
    call(Method::DELETE, &format!("/mfa/authenticators/{totp}"), access, json!({})).await.expect(204);
    call(Method::DELETE, &format!("/mfa/authenticators/{totp}"), access, json!({})).await.expect(404);
    let user = client.user_id(USER).await;
    let methods = client.get(&format!("/users/{user}/authentication-methods")).await.expect(200).to_string();
    assert!(methods.contains("phone") && !methods.contains("totp|"), "{methods}");
}

#[tokio::test]
async fn messages_and_pushes_are_second_factors_too() {
    let client = Client::new(2).await;
    client.want_second_factor().await;
    for (user, channel) in [(USER, "sms"), ("user-000002@example.com", "auth0")] {
        let refused = client.password(user, "Sandbox-1", "openid").await;
        let token = refused.body["mfa_token"].as_str().unwrap();
        let body = json!({"authenticator_types": ["oob"], "oob_channels": [channel], "phone_number": "+15550100"});
        let made =
            client.http.post(client.origin("/mfa/associate")).bearer_auth(token).json(&body).send().await.unwrap();
        let made = Answer::of(made).await.expect(200);
        let oob = made["oob_code"].as_str().unwrap();
        let form = vec![(GRANT, MFA_OOB), ("mfa_token", token), ("oob_code", oob)];
        if channel == "sms" {
            let code = client.last_message().code.unwrap();
            let wrong = [&form[..], &[("binding_code", "x")]].concat();
            assert_eq!(error(&client.web(&wrong).await), (403, "invalid_grant"));
            client.web(&[&form[..], &[("binding_code", &code)]].concat()).await.expect(200);
        } else {
            assert_eq!(error(&client.web(&form).await), (400, "authorization_pending"));
            client.control(Method::POST, "/decide", Some(json!({"oob_code": oob, "approve": false}))).await.expect(204);
            assert_eq!(error(&client.web(&form).await), (403, "invalid_grant"));
            client.control(Method::POST, "/decide", Some(json!({"oob_code": oob}))).await.expect(204);
            client.web(&form).await.expect(200);
        }
    }
    // At the pages.
    let mut browser = Browser::new(&client.sandbox);
    let login = browser.get(&client.authorize(&[])).await.location();
    let page = browser.post(&login, &[("username", USER), ("password", "Sandbox-1")]).await.location();
    assert!(page.starts_with("/u/mfa"), "{page}");
    browser.get(&page).await.expect(200);
    browser.post(&page, &[("code", "x")]).await.expect(400);
    let code = client.last_message().code.unwrap();
    assert!(browser.post(&page, &[("code", &code)]).await.location().starts_with(CALLBACK));
}
