//! The flows of the token endpoint that need no browser, or only somebody who decides.

use crate::client::{Answer, Client};
use crate::login::{Browser, CALLBACK, CONNECTION, REALM, USER, claims, error};
use reqwest::Method;
use serde_json::{Value, json};

const GRANT: &str = "grant_type";
const PASSWORDLESS: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CIBA: &str = "urn:openid:params:grant-type:ciba";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

#[tokio::test]
async fn passwords_open_and_too_many_wrong_ones_lock() {
    let client = Client::new(2).await;
    let tokens = client.password(USER, "Sandbox-1", "openid email read:things").await.expect(200);
    assert_eq!(claims(&tokens["access_token"])["gty"], json!("password"));
    assert_eq!(claims(&tokens["id_token"])["email"], json!(USER));
    let plain = client.web(&[(GRANT, "password"), ("username", USER), ("password", "Sandbox-1")]).await;
    assert_eq!(plain.status, 200, "{}", plain.body);
    let unknown = client.web(&[(GRANT, REALM), ("realm", "nope"), ("username", USER), ("password", "x")]).await;
    assert_eq!(error(&unknown), (403, "access_denied"));
    for _ in 0..10 {
        assert_eq!(error(&client.password(USER, "wrong", "openid").await), (403, "invalid_grant"));
    }
    assert_eq!(error(&client.password(USER, "Sandbox-1", "openid").await), (429, "too_many_attempts"));
    assert_eq!(client.last_message().template, "blocked_account");
    client.password("user-000002@example.com", "Sandbox-1", "openid").await.expect(200);
    let second = client.user_id("user-000002@example.com").await;
    client.patch(&format!("/users/{second}"), json!({"blocked": true})).await.expect(200);
    assert_eq!(error(&client.password("user-000002@example.com", "Sandbox-1", "openid").await), (401, "unauthorized"));
}

#[tokio::test]
async fn signup_and_a_forgotten_password() {
    let client = Client::new(0).await;
    let body = json!({"connection": CONNECTION, "email": "New@example.com", "password": "Secret-12", "user_metadata": {"a": "b"}});
    let made = client.web_json("/dbconnections/signup", body.clone()).await.expect(200);
    assert_eq!((&made["email_verified"], &made["user_metadata"]), (&json!(false), &json!({"a": "b"})));
    assert!(made["_id"].is_string());
    let again = client.web_json("/dbconnections/signup", body.clone()).await.expect(400);
    assert_eq!(again["code"], json!("invalid_signup"));
    let mut weak = body;
    weak["password"] = json!("short");
    weak["email"] = json!("other@example.com");
    let weak = client.web_json("/dbconnections/signup", weak).await.expect(400);
    assert_eq!((&weak["code"], &weak["name"]), (&json!("invalid_password"), &json!("PasswordStrengthError")));
    let verify = client.last_message();
    assert_eq!((verify.template.as_str(), verify.to.as_str()), ("verify_email", "New@example.com"));
    let mut browser = Browser::new(&client.sandbox);
    browser.get(&verify.link.unwrap()).await.expect(200);
    let user = client.user_id("new@example.com").await;
    assert_eq!(client.get(&format!("/users/{user}")).await.expect(200)["email_verified"], json!(true));

    let tokens = client.password("new@example.com", "Secret-12", "openid offline_access").await.expect(200);
    let forgot = json!({"connection": CONNECTION, "email": "new@example.com"});
    let text = client.web_json("/dbconnections/change_password", forgot).await.expect(200);
    assert!(text.as_str().unwrap().contains("email"));
    client
        .web_json("/dbconnections/change_password", json!({"connection": CONNECTION, "email": "nobody@example.com"}))
        .await
        .expect(200);
    let link = client.last_message().link.unwrap();
    browser.get(&link).await.expect(200);
    browser.post(&link, &[("password", "short")]).await.expect(400);
    browser.post(&link, &[("password", "Another-12")]).await.expect(200);
    browser.post(&link, &[("password", "Third-12")]).await.expect(400);
    client.password("new@example.com", "Secret-12", "openid").await.expect(403);
    client.password("new@example.com", "Another-12", "openid").await.expect(200);
    let refresh =
        client.web(&[(GRANT, "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())]).await;
    assert_eq!(error(&refresh), (403, "invalid_grant"));
}

#[tokio::test]
async fn devices_wait_for_their_user() {
    let client = Client::new(1).await;
    let native = client.sandbox.native_client_id();
    let start = async || {
        let form = [("client_id", &*native), ("scope", "openid offline_access")];
        Answer::of(client.http.post(client.origin("/oauth/device/code")).form(&form).send().await.unwrap())
            .await
            .expect(200)
    };
    let poll = async |device: &Value| {
        client
            .token_of(&[
                (GRANT, DEVICE),
                ("client_id", &*native),
                ("device_code", device["device_code"].as_str().unwrap()),
            ])
            .await
    };
    let device = start().await;
    assert_eq!((&device["interval"], &device["expires_in"]), (&json!(5), &json!(900)));
    assert_eq!(error(&poll(&device).await), (403, "authorization_pending"));
    let fast = poll(&device).await;
    assert_eq!(error(&fast), (429, "slow_down"));
    assert_eq!(fast.header("retry-after"), Some("10"));
    client.sandbox.advance_clock(10_000);
    assert_eq!(error(&poll(&device).await), (403, "authorization_pending"));

    let mut browser = Browser::new(&client.sandbox);
    let complete = device["verification_uri_complete"].as_str().unwrap();
    let code = device["user_code"].as_str().unwrap();
    assert!(browser.get(complete).await.expect(200).as_str().unwrap().contains(code));
    browser.post("/activate", &[("user_code", "XXXX-XXXX")]).await.expect(400);
    let login = browser.post("/activate", &[("user_code", &code.to_lowercase())]).await.location();
    let confirm = browser.post(&login, &[("username", USER), ("password", "Sandbox-1")]).await.location();
    assert!(confirm.starts_with("/u/consent"), "{confirm}");
    browser.post(&confirm, &[("action", "accept")]).await.expect(200);
    let tokens = poll(&device).await.expect(200);
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(error(&poll(&device).await), (403, "invalid_grant"));

    let denied = start().await;
    client
        .control(Method::POST, "/decide", Some(json!({"user_code": denied["user_code"], "approve": false})))
        .await
        .expect(204);
    assert_eq!(error(&poll(&denied).await), (403, "access_denied"));
    let late = start().await;
    client.sandbox.advance_clock(901_000);
    assert_eq!(error(&poll(&late).await), (403, "expired_token"));
    client.sandbox.set_poll_interval(0);
    let quick = start().await;
    poll(&quick).await.expect(403);
    assert_eq!(error(&poll(&quick).await), (403, "authorization_pending"));
    client
        .control(Method::POST, "/decide", Some(json!({"user_code": quick["user_code"], "login": USER})))
        .await
        .expect(204);
    poll(&quick).await.expect(200);
}

#[tokio::test]
async fn back_channel_requests_wait_for_their_user() {
    let client = Client::new(1).await;
    let (web, secret) = client.sandbox.web_client();
    let hint = json!({"format": "iss_sub", "iss": client.origin("/"), "sub": client.user_id(USER).await}).to_string();
    let details = json!([{"type": "payment", "amount": 5}]).to_string();
    let good = vec![
        ("client_id", web),
        ("client_secret", secret),
        ("scope", "openid"),
        ("binding_message", "Pay 5"),
        ("login_hint", &*hint),
        ("requested_expiry", "100"),
        ("authorization_details", &*details),
    ];
    let start = async |form: &[(&str, &str)]| {
        Answer::of(client.http.post(client.origin("/bc-authorize")).form(form).send().await.unwrap()).await
    };
    let poll = async |id: &Value| client.web(&[(GRANT, CIBA), ("auth_req_id", id.as_str().unwrap())]).await;
    let begun = start(&good).await.expect(200);
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(100), &json!(5)));
    let push = client.last_message();
    assert_eq!((push.template.as_str(), &push.data["binding_message"]), ("ciba", &json!("Pay 5")));
    assert_eq!(error(&poll(&begun["auth_req_id"]).await), (400, "authorization_pending"));
    assert_eq!(error(&poll(&begun["auth_req_id"]).await), (429, "slow_down"));
    client.control(Method::POST, "/decide", Some(json!({"auth_req_id": begun["auth_req_id"]}))).await.expect(204);
    let tokens = poll(&begun["auth_req_id"]).await.expect(200);
    assert_eq!(tokens["authorization_details"][0]["amount"], json!(5));
    let other = start(&good).await.expect(200);
    client
        .control(Method::POST, "/decide", Some(json!({"auth_req_id": other["auth_req_id"], "approve": false})))
        .await
        .expect(204);
    assert_eq!(error(&poll(&other["auth_req_id"]).await), (400, "access_denied"));
    let late = start(&good).await.expect(200);
    client.sandbox.advance_clock(101_000);
    assert_eq!(error(&poll(&late["auth_req_id"]).await), (400, "expired_token"));
    for (name, value, code) in [
        ("binding_message", "né!", "invalid_binding_message"),
        ("scope", "email", "invalid_request"),
        ("login_hint", "x", "invalid_request"),
        ("requested_expiry", "0", "invalid_request"),
        ("authorization_details", "[{}]", "invalid_authorization_details"),
        ("login_hint", "{\"format\":\"iss_sub\"}", "invalid_request"),
    ] {
        let mut form = good.clone();
        form.iter_mut().filter(|(known, _)| *known == name).for_each(|pair| pair.1 = value);
        assert_eq!(error(&start(&form).await), (400, code), "{name}");
    }
}

#[tokio::test]
async fn codes_and_links_come_by_message() {
    let client = Client::new(0).await;
    let verify = async |address: &str, otp: &str, realm: &str| {
        client
            .web(&[
                (GRANT, PASSWORDLESS),
                ("username", address),
                ("otp", otp),
                ("realm", realm),
                ("scope", "openid email"),
            ])
            .await
    };
    let body = json!({"connection": "email", "email": "Jo@example.com", "send": "code"});
    client.web_json("/passwordless/start", body.clone()).await.expect(200);
    let code = client.last_message().code.unwrap();
    assert_eq!(code.len(), 6);
    assert_eq!(error(&verify("jo@example.com", "000000x", "email").await), (403, "invalid_grant"));
    let tokens = verify("jo@example.com", &code, "email").await.expect(200);
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["email"], &id["email_verified"]), (&json!("jo@example.com"), &json!(true)));
    assert!(id["sub"].as_str().unwrap().starts_with("email|"));
    assert_eq!(error(&verify("jo@example.com", &code, "email").await), (403, "invalid_grant"), "once");
    client.web_json("/passwordless/start", body.clone()).await.expect(200);
    let code = client.last_message().code.unwrap();
    for _ in 0..3 {
        verify("jo@example.com", "x", "email").await.expect(403);
    }
    let spent = verify("jo@example.com", &code, "email").await.expect(403);
    assert!(spent["error_description"].as_str().unwrap().contains("maximum"), "{spent}");
    client.web_json("/passwordless/start", body).await.expect(200);
    let code = client.last_message().code.unwrap();
    client.sandbox.advance_clock(181_000);
    verify("jo@example.com", &code, "email").await.expect(403);

    client
        .web_json("/passwordless/start", json!({"connection": "sms", "phone_number": "+15550100", "send": "code"}))
        .await
        .expect(200);
    let text = client.last_message();
    assert_eq!((text.kind.as_str(), text.to.as_str()), ("sms", "+15550100"));
    let legacy = json!({"grant_type": "x", "connection": "sms", "username": "+15550100", "password": text.code, "scope": "openid", "redirect_uri": CALLBACK});
    client.web_json("/passwordless/verify", legacy).await.expect(200);
    for (body, code) in [
        (json!({"connection": "nope", "email": "a@b.c"}), "bad.connection"),
        (json!({"connection": "email", "email": "x"}), "bad.email"),
        (json!({"connection": "sms", "phone_number": "12"}), "bad.phone_number"),
    ] {
        assert_eq!(client.web_json("/passwordless/start", body).await.expect(400)["error"], json!(code));
    }
    let link = json!({"connection": "email", "email": "jo@example.com", "send": "link", "authParams": {"redirect_uri": CALLBACK, "state": "s", "scope": "openid"}});
    client.web_json("/passwordless/start", link).await.expect(200);
    let mut browser = Browser::new(&client.sandbox);
    let message = client.last_message();
    assert_eq!(message.code, None);
    let answer = browser.get(&message.link.clone().unwrap()).await.parameters();
    assert_eq!(answer["state"], json!("s"));
    let spent = client
        .web(&[(GRANT, "authorization_code"), ("code", answer["code"].as_str().unwrap()), ("redirect_uri", CALLBACK)])
        .await;
    spent.expect(200);
    assert_eq!(browser.get(&message.link.unwrap()).await.status, 403);
}

#[tokio::test]
async fn tokens_are_exchanged_where_a_profile_says_so() {
    let client = Client::new(1).await;
    let user = client.user_id(USER).await;
    let exchange = async |kind: &str, token: &str| {
        client
            .web(&[
                (GRANT, EXCHANGE),
                ("subject_token_type", kind),
                ("subject_token", token),
                ("audience", client.sandbox.sample_api()),
                ("scope", "openid read:things"),
            ])
            .await
    };
    assert_eq!(error(&exchange("urn:acme:legacy", &user).await), (400, "invalid_request"));
    let profile = json!({"name": "legacy", "subject_token_type": "urn:acme:legacy", "action_id": "a", "type": "custom_authentication"});
    client.post("/token-exchange-profiles", profile).await.expect(201);
    let tokens = exchange("urn:acme:legacy", &user).await.expect(200);
    assert_eq!(claims(&tokens["access_token"])["sub"], json!(user));
    assert_eq!(tokens["issued_token_type"], json!("urn:ietf:params:oauth:token-type:access_token"));
    assert_eq!(error(&exchange("urn:acme:legacy", "nobody").await), (403, "invalid_grant"));
    let own = exchange("urn:ietf:params:oauth:token-type:access_token", tokens["access_token"].as_str().unwrap())
        .await
        .expect(200);
    assert_eq!(claims(&own["access_token"])["sub"], json!(user));

    let federated = async |token: &str, connection: &str| {
        client
            .web(&[
                (GRANT, "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"),
                ("connection", connection),
                ("subject_token", token),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
                ("requested_token_type", "http://auth0.com/oauth/token-type/federated-connection-access-token"),
            ])
            .await
    };
    let refresh = client.password(USER, "Sandbox-1", "openid offline_access").await.expect(200)["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let missing = federated(&refresh, "google-oauth2").await;
    assert_eq!(error(&missing), (401, "federated_connection_refresh_token_not_found"));
    assert!(federated(&refresh, CONNECTION).await.expect(200)["access_token"].is_string());
    assert_eq!(error(&federated("x", CONNECTION).await), (403, "invalid_grant"));
}

#[tokio::test]
async fn clients_register_themselves_and_legacy_endpoints_answer() {
    let client = Client::new(1).await;
    let register = async |body: Value| {
        Answer::of(client.http.post(client.origin("/oidc/register")).json(&body).send().await.unwrap()).await
    };
    let made = register(
        json!({"client_name": "Mine", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"}),
    )
    .await
    .expect(201);
    assert!(made["client_secret"].is_string());
    let kept = client.get(&format!("/clients/{}", made["client_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&kept["name"], &kept["is_first_party"]), (&json!("Mine"), &json!(false)));
    assert_eq!(error(&register(json!({"client_name": "x"})).await), (400, "invalid_client_metadata"));
    client
        .patch("/tenants/settings", json!({"flags": {"enable_dynamic_client_registration": false}}))
        .await
        .expect(200);
    assert_eq!(register(json!({"redirect_uris": [CALLBACK]})).await.status, 404);

    let get = async |path: String| Answer::of(client.http.get(client.origin(&path)).send().await.unwrap()).await;
    let saml = get(format!("/samlp/metadata/{}", client.sandbox.web_client().0)).await.expect(200);
    assert!(saml.as_str().unwrap().contains("IDPSSODescriptor"));
    assert!(
        get("/wsfed/FederationMetadata/2007-06/FederationMetadata.xml".into())
            .await
            .expect(200)
            .as_str()
            .unwrap()
            .contains("PassiveRequestor")
    );
    let discovery = get("/.well-known/openid-configuration".into()).await.expect(200);
    assert_eq!(discovery["token_endpoint"], json!(client.origin("/oauth/token")));
    let tokens = client.password(USER, "Sandbox-1", "openid").await.expect(200);
    assert_eq!(
        client.web_json("/tokeninfo", json!({"id_token": tokens["id_token"]})).await.expect(200)["email"],
        json!(USER)
    );
    assert_eq!(client.web_json("/delegation", json!({})).await.expect(403)["error"], json!("unauthorized_client"));

    let user = client.user_id(USER).await;
    let revoke = client.http.post(client.origin(&format!("/oauth/global-token-revocation/connection/{CONNECTION}")));
    let subject =
        json!({"subject": {"format": "iss_sub", "iss": "https://idp", "sub": user.split_once('|').unwrap().1}});
    let refresh = client.password(USER, "Sandbox-1", "openid offline_access").await.expect(200)["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = revoke.bearer_auth(tokens["id_token"].as_str().unwrap()).json(&subject).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
    assert_eq!(
        error(&client.web(&[(GRANT, "refresh_token"), ("refresh_token", &refresh)]).await),
        (403, "invalid_grant")
    );
}
