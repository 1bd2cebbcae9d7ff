//! What neither oidc-provider nor Prism has, against the sandbox in this process: passwords and their lockout, signup, codes by
//! message, second factors, passkeys, token exchange, rotation, quotas of attempts.

use crate::support::seconds;
use auth0_sandbox::Sandbox;
use auth0_sdk::auth::{OAuthCode, Send};
use auth0_sdk::{AuthenticationClient, Crypto, Error, ErrorKind, Json, ManagementClient, NativeCrypto, RetryPolicy};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::time::Duration;

const USER: &str = "user-000001@example.com";
const REALM: &str = "Username-Password-Authentication";
const CALLBACK: &str = "https://app.example.com/callback";

struct Tenant {
    sandbox: Sandbox,
    auth0: AuthenticationClient,
    management: ManagementClient,
}

impl Tenant {
    async fn new(users: u64) -> Self {
        let sandbox = Sandbox::builder().users(users).start().await.expect("a sandbox");
        let (id, secret) = sandbox.web_client();
        let auth0 = AuthenticationClient::builder(sandbox.origin()).client_id(id).client_secret(secret);
        let auth0 =
            auth0.retry_policy(RetryPolicy::default().base(Duration::from_millis(1))).build().expect("a client");
        let management = ManagementClient::builder(sandbox.origin())
            .client_credentials(sandbox.client_id(), sandbox.client_secret())
            .audience(sandbox.audience())
            .build()
            .expect("a client");
        Self { sandbox, auth0, management }
    }

    async fn user_id(&self) -> String {
        let users = self.management.operation("users.listUsersByEmail").query("email", USER).await.expect("users");
        users[0]["user_id"].as_str().expect("an id").to_owned()
    }

    fn last_code(&self) -> String {
        self.sandbox.outbox().pop().expect("a message").code.expect("a code")
    }

    async fn want_second_factor(&self) {
        let call = self.management.operation("guardian.policies.set").body(&json!(["all-applications"]));
        call.await.expect("a policy");
        for factor in ["otp", "sms", "push-notification", "recovery-code"] {
            let call = self.management.operation("guardian.factors.set").path(factor);
            call.body(&json!({"enabled": true})).await.expect("a factor");
        }
    }

    /// Logs in with the password; the error asks for a second factor.
    async fn half_way(&self) -> Error {
        let error = self.auth0.oauth().password(USER, "Sandbox-1").realm(REALM).scope("openid").await;
        let error = error.expect_err("a second factor is wanted");
        assert_eq!((error.status(), error.oauth_code()), (Some(403), Some(OAuthCode::MfaRequired)), "{error}");
        error
    }
}

fn refused<T>(result: Result<T, Error>, status: u16, code: &str) {
    match result {
        Ok(_) => panic!("succeeds, where {code} was wanted"),
        Err(error) => assert_eq!((error.status(), error.code()), (Some(status), Some(code)), "{error}"),
    }
}

#[tokio::test]
async fn passwords_open_and_too_many_wrong_ones_lock() {
    let tenant = Tenant::new(2).await;
    let oauth = tenant.auth0.oauth();
    let tokens =
        oauth.password(USER, "Sandbox-1").realm(REALM).scope("openid email offline_access").await.expect("tokens");
    assert!(tokens.id_token.is_some() && tokens.refresh_token.is_some());
    let user = tenant.auth0.users().user_info(tokens.access_token).await.expect("a user");
    assert_eq!(user.email.as_deref(), Some(USER));
    oauth.password(USER, "Sandbox-1").await.expect("tokens, without a realm");
    refused(oauth.password(USER, "Sandbox-1").realm("nope").await, 403, "access_denied");
    for _ in 0..10 {
        refused(oauth.password(USER, "wrong-password-of-ours").realm(REALM).await, 403, "invalid_grant");
    }
    let locked = oauth.password(USER, "Sandbox-1").realm(REALM).max_retries(0).await.expect_err("locked");
    assert_eq!((locked.kind(), locked.oauth_code()), (ErrorKind::RateLimited, Some(OAuthCode::TooManyAttempts)));
}

#[tokio::test]
async fn signup_and_a_forgotten_password() {
    let tenant = Tenant::new(0).await;
    let database = tenant.auth0.database();
    let made = database.sign_up("new@example.com", "A-good-Passw0rd!", REALM).given_name("Jo").await.expect("a user");
    assert!(made.id.is_some());
    assert_eq!(made.email.as_deref(), Some("new@example.com"));
    let again = database.sign_up("new@example.com", "A-good-Passw0rd!", REALM).await.expect_err("it is there");
    assert_eq!((again.kind(), again.status()), (ErrorKind::Api, Some(400)));
    assert!(again.code().is_some() && !again.message().is_empty());
    let weak = database.sign_up("weak@example.com", "a", REALM).await.expect_err("weak");
    assert_eq!(weak.oauth_code(), Some(OAuthCode::InvalidPassword), "{weak}");
    tenant.auth0.oauth().password("new@example.com", "A-good-Passw0rd!").realm(REALM).await.expect("tokens");
    let said = database.change_password("new@example.com", REALM).await.expect("a text");
    assert!(!said.is_empty());
    let mail = tenant.sandbox.outbox().pop().expect("a mail");
    assert_eq!((mail.to.as_str(), mail.link.is_some()), ("new@example.com", true));
    // Whether there is such a user, nobody is told.
    assert_eq!(database.change_password("nobody@example.com", REALM).await.expect("a text"), said);
}

#[tokio::test]
async fn codes_come_by_mail_and_sms() {
    let tenant = Tenant::new(0).await;
    let passwordless = tenant.auth0.passwordless();
    passwordless.send_email("jo@example.com", Send::Code).await.expect("sent");
    let code = tenant.last_code();
    refused(passwordless.login_with_email("jo@example.com", "000000x").await, 403, "invalid_grant");
    let call = passwordless.login_with_email("jo@example.com", code.as_str()).scope("openid email");
    let tokens = call.await.expect("tokens");
    assert!(tokens.id_token.is_some());
    refused(passwordless.login_with_email("jo@example.com", code).await, 403, "invalid_grant");
    passwordless.send_sms("+15555550100").await.expect("sent");
    let code = tenant.last_code();
    passwordless.login_with_sms("+15555550100", code).scope("openid").await.expect("tokens");
    let link = passwordless.send_email("jo@example.com", Send::Link).auth_params(json!({"scope": "openid"}));
    link.await.expect("sent");
    assert!(tenant.sandbox.outbox().pop().expect("a mail").link.is_some());
}

#[tokio::test]
async fn second_factors_from_enrolment_to_recovery() {
    let tenant = Tenant::new(1).await;
    tenant.want_second_factor().await;
    let mfa = tenant.auth0.mfa_of(&tenant.half_way().await).expect("a token");
    let unknown = mfa.challenge("otp").await.expect_err("nothing is enrolled");
    assert!(unknown.body().is_some_and(|body| body.text().contains("association_required")), "{unknown}");
    let enrolled = mfa.associate_oob("sms").phone_number("+15555550100").await.expect("an authenticator");
    assert_eq!(enrolled.binding_method.as_deref(), Some("prompt"));
    let recovery = enrolled.recovery_codes.expect("recovery codes").remove(0);
    let oob_code = enrolled.oob_code.expect("a code");
    refused(mfa.verify_oob(oob_code.clone()).binding_code("x").await, 403, "invalid_grant");
    let code = tenant.last_code();
    mfa.verify_oob(oob_code).binding_code(code).await.expect("tokens");

    // The next time it is asked for.
    let mfa = tenant.auth0.mfa_of(&tenant.half_way().await).expect("a token");
    let listed = mfa.list_authenticators().await.expect("authenticators");
    let sms = listed.iter().find(|one| one.oob_channel.as_deref() == Some("sms")).expect("the one that was added");
    assert_eq!(sms.active, Some(true));
    let challenge = mfa.challenge("oob").authenticator_id(sms.id.as_str()).await.expect("a challenge");
    let code = tenant.last_code();
    let oob_code = challenge.oob_code.expect("a code");
    mfa.verify_oob(oob_code).binding_code(code).await.expect("tokens");

    // A recovery code is good once, and brings the next one.
    let mfa = tenant.auth0.mfa_of(&tenant.half_way().await).expect("a token");
    let tokens = mfa.verify_recovery_code(recovery.clone()).await.expect("tokens");
    assert!(tokens.recovery_code.is_some_and(|next| next != recovery));
    let mfa = tenant.auth0.mfa_of(&tenant.half_way().await).expect("a token");
    assert!(mfa.verify_recovery_code(recovery).await.is_err());
    refused(tenant.auth0.mfa("made-up-by-nobody").verify_otp("123456").await, 403, "invalid_grant");
}

#[tokio::test]
async fn a_push_is_pending_until_the_user_decides() {
    let tenant = Tenant::new(1).await;
    tenant.want_second_factor().await;
    let mfa = tenant.auth0.mfa_of(&tenant.half_way().await).expect("a token");
    let enrolled = mfa.associate_oob("auth0").await.expect("an authenticator");
    let pending = mfa.verify_oob(enrolled.oob_code.expect("a code")).await.expect_err("pending");
    assert_eq!(pending.oauth_code(), Some(OAuthCode::AuthorizationPending));
}

/// A device that makes passkeys: P-256, attestation `none` (WebAuthn, sections 6.1 and 6.5).
struct Passkey(rcgen::KeyPair);

impl Passkey {
    const ID: &[u8] = b"a-credential-id";

    fn b64(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    async fn data(flags: u8) -> Vec<u8> {
        let party = NativeCrypto.sha256(b"127.0.0.1").await.expect("a digest");
        [&party[..], &[flags, 0, 0, 0, 1]].concat()
    }

    fn client_data(kind: &str, options: &Json) -> Vec<u8> {
        json!({"type": kind, "challenge": options["challenge"], "origin": "http://127.0.0.1"}).to_string().into_bytes()
    }

    async fn create(&self, options: &Json) -> Json {
        let point = rcgen::PublicKeyData::der_bytes(&self.0);
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], &point[1..33], &[0x22, 0x58, 32], &point[33..]];
        let id = [&[0; 16][..], &[0, Self::ID.len() as u8], Self::ID].concat();
        let data = [&Self::data(0x45).await[..], &id, &key.concat()].concat();
        let head = [&[0xa3][..], b"\x63fmt\x64none", b"\x67attStmt\xa0", b"\x68authData\x58", &[data.len() as u8]];
        let object = [&head.concat()[..], &data].concat();
        let client_data = Self::client_data("webauthn.create", options);
        json!({"id": Self::b64(Self::ID), "rawId": Self::b64(Self::ID), "type": "public-key",
            "response": {"clientDataJSON": Self::b64(&client_data), "attestationObject": Self::b64(&object)}})
    }

    async fn get(&self, options: &Json) -> Json {
        let (data, client_data) = (Self::data(0x05).await, Self::client_data("webauthn.get", options));
        let digest = NativeCrypto.sha256(&client_data).await.expect("a digest");
        let signature = rcgen::SigningKey::sign(&self.0, &[&data[..], &digest].concat()).expect("a signature");
        json!({"id": Self::b64(Self::ID), "rawId": Self::b64(Self::ID), "type": "public-key", "response": {
            "clientDataJSON": Self::b64(&client_data), "authenticatorData": Self::b64(&data), "signature": Self::b64(&signature)}})
    }
}

#[tokio::test]
async fn a_passkey_signs_up_and_logs_in() {
    let tenant = Tenant::new(0).await;
    let passkey = tenant.auth0.passkey();
    let device = Passkey(rcgen::KeyPair::generate().expect("a key"));
    let begun = passkey.register(json!({"email": "pk@example.com"})).realm(REALM).await.expect("a challenge");
    let made = device.create(&begun.authn_params_public_key).await;
    let tokens = passkey.login(begun.auth_session.clone(), made.clone()).scope("openid email").await.expect("tokens");
    assert!(tokens.id_token.is_some());
    refused(passkey.login(begun.auth_session, made).await, 403, "invalid_grant");

    let begun = passkey.challenge().realm(REALM).await.expect("a challenge");
    let got = device.get(&begun.authn_params_public_key).await;
    passkey.login(begun.auth_session, got).scope("openid").await.expect("tokens");
    let begun = passkey.challenge().realm(REALM).await.expect("a challenge");
    let other = Passkey(rcgen::KeyPair::generate().expect("a key")).get(&begun.authn_params_public_key).await;
    refused(passkey.login(begun.auth_session, other).await, 403, "invalid_grant");
}

#[tokio::test]
async fn tokens_are_exchanged() {
    let tenant = Tenant::new(1).await;
    let user = tenant.user_id().await;
    let oauth = tenant.auth0.oauth();
    let exchange = |token: &str| {
        let call = oauth.exchange_token(token, "urn:acme:legacy").audience(tenant.sandbox.sample_api());
        call.scope("openid read:things")
    };
    refused(exchange(&user).await, 400, "invalid_request");
    let profile = json!({"name": "legacy", "subject_token_type": "urn:acme:legacy", "action_id": "a",
        "type": "custom_authentication"});
    tenant.management.operation("tokenExchangeProfiles.create").body(&profile).await.expect("a profile");
    let tokens = exchange(&user).await.expect("tokens");
    assert_eq!(tokens.issued_token_type.as_deref(), Some("urn:ietf:params:oauth:token-type:access_token"));
    refused(exchange("nobody").await, 403, "invalid_grant");

    let tokens = oauth.password(USER, "Sandbox-1").realm(REALM).scope("openid offline_access").await.expect("tokens");
    let refresh = tokens.refresh_token.expect("a refresh token");
    oauth.token_for_connection(refresh.clone(), REALM).await.expect("a token");
    let missing = oauth.token_for_connection(refresh, "google-oauth2").await;
    refused(missing, 401, "federated_connection_refresh_token_not_found");
}

#[tokio::test]
async fn devices_and_backchannel_logins() {
    let tenant = Tenant::new(1).await;
    tenant.sandbox.set_poll_interval(0);
    let user = tenant.user_id().await;
    let quick = Duration::from_millis(10);
    let decide = async |body: Json| {
        use auth0_sdk::{Headers, HttpRequest, Method, Read, RequestBody, ReqwestTransport, Transport};
        let mut headers = Headers::new();
        headers.set("content-type", "application/json");
        let url = format!("{}/__sandbox/decide", tenant.sandbox.origin());
        let body = RequestBody::Bytes(body.to_string().into_bytes().into());
        let request = HttpRequest { method: Method::Post, url, headers, body, read: Read::Bytes };
        let answer = ReqwestTransport::new().expect("a transport").send(request).await.expect("an answer");
        assert_eq!(answer.status, 204);
    };
    let device = tenant.auth0.device().authorize().scope("openid").await.expect("codes");
    decide(json!({"user_code": device.user_code, "login": USER})).await;
    tenant.auth0.device().poll(&device).interval(quick).await.expect("tokens");
    let device = tenant.auth0.device().authorize().scope("openid").await.expect("codes");
    decide(json!({"user_code": device.user_code, "login": USER, "approve": false})).await;
    let denied = tenant.auth0.device().poll(&device).interval(quick).await.expect_err("denied");
    assert_eq!(denied.oauth_code(), Some(OAuthCode::AccessDenied));

    let call = tenant.auth0.backchannel().authorize(user, "Pay 5").requested_expiry(seconds(100));
    let login = call.authorization_details(json!([{"type": "payment", "amount": 5}])).await.expect("a login");
    decide(json!({"auth_req_id": login.auth_req_id.expose()})).await;
    let tokens = tenant.auth0.backchannel().poll(&login).interval(quick).await.expect("tokens");
    assert_eq!(tokens.authorization_details.expect("details")[0]["amount"], 5);

    let device = tenant.auth0.device().authorize().scope("openid").await.expect("codes");
    tenant.sandbox.advance_clock(910_000);
    let late = tenant.auth0.device().poll(&device).interval(quick).await.expect_err("late");
    assert_eq!(late.oauth_code(), Some(OAuthCode::ExpiredToken));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_their_reuse_ends_them() {
    let tenant = Tenant::new(1).await;
    let single = tenant.sandbox.single_page_client_id();
    let auth0 = AuthenticationClient::builder(tenant.sandbox.origin()).client_id(single).build().expect("a client");
    let request = auth0.authorize().redirect_uri(CALLBACK).scope("openid offline_access");
    let login = request.param("ext-sandbox-login", USER).await.expect("a URL");
    let back = {
        use auth0_sdk::{Headers, HttpRequest, Method, Read, RequestBody, ReqwestTransport, Transport};
        let (method, read, body) = (Method::Get, Read::Bytes, RequestBody::Empty);
        let request = HttpRequest { method, url: login.url, headers: Headers::new(), body, read };
        let answer = ReqwestTransport::new().expect("a transport").send(request).await.expect("an answer");
        answer.headers.get("location").expect("a redirect")
    };
    let tokens = auth0.finish_login(&login.transaction, &back).await.expect("tokens");
    let first = tokens.refresh_token.expect("a refresh token");
    let second = auth0.oauth().refresh_token(first.clone()).await.expect("tokens").refresh_token.expect("another one");
    assert_ne!(first, second);
    tenant.sandbox.advance_clock(100_000);
    refused(auth0.oauth().refresh_token(first).await, 403, "invalid_grant");
    refused(auth0.oauth().refresh_token(second).await, 403, "invalid_grant");
}

#[tokio::test]
async fn a_token_from_here_opens_the_management_api() {
    let tenant = Tenant::new(1).await;
    let machine = AuthenticationClient::builder(tenant.sandbox.origin())
        .client_id(tenant.sandbox.client_id())
        .client_secret(tenant.sandbox.client_secret())
        .build()
        .expect("a client");
    let tokens = machine.oauth().client_credentials(tenant.sandbox.audience()).await.expect("a token");
    assert!(tokens.scope.iter().any(|scope| scope == "read:users"));
    let management = ManagementClient::builder(tenant.sandbox.origin()).token(tokens.access_token).build();
    let users = management.expect("a client").operation("users.list").await.expect("users");
    assert_eq!(users.as_array().or(users["users"].as_array()).map(Vec::len), Some(1));
}
