//! Every operation of the published document of the Authentication API, called over loopback and judged by Prism.

use crate::prism::{operations_of, prepare, start};
use auth0_sdk::auth::Send;
use auth0_sdk::{AuthenticationClient, HttpRequest, Method, Read, RequestBody, ReqwestTransport, Transport};
use serde_json::json;
use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The operations of the document.
const OPERATIONS: usize = 31;

/// What was sent, and what Prism said to it.
type Log = Arc<Mutex<Vec<(String, String, u16, String)>>>;

/// The operation that a request is of: the one with the path that has the fewest parameters.
fn operation_of(known: &BTreeSet<(String, String)>, method: &str, path: &str) -> Option<(String, String)> {
    let fits = |template: &str| {
        let (parts, wanted) = (path.split('/'), template.split('/'));
        parts.clone().count() == wanted.clone().count()
            && parts.zip(wanted).all(|(part, wanted)| wanted == "{}" || wanted == part)
    };
    let mut fitting: Vec<_> = known.iter().filter(|(verb, template)| verb == method && fits(template)).collect();
    fitting.sort_by_key(|(_, template)| template.matches("{}").count());
    fitting.first().map(|found| (*found).clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_valid() {
    let document = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prism-authentication.json");
    prepare(&document, "authentication.json", &["--security", "none"]);
    let known = operations_of(&document);
    assert_eq!(known.len(), OPERATIONS);
    let (_prism, origin) = start(&document);
    let log = Log::default();
    let (inner, seen, base) = (ReqwestTransport::new().expect("a transport"), log.clone(), origin.clone());
    let transport = move |request: HttpRequest| {
        let (inner, seen, base) = (inner.clone(), seen.clone(), base.clone());
        async move {
            let path =
                request.url.strip_prefix(&base).and_then(|rest| rest.split('?').next()).unwrap_or_default().to_owned();
            let method = request.method.as_str().to_owned();
            let sent = match &request.body {
                RequestBody::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                _ => String::new(),
            };
            let mut answer = inner.send(request).await?;
            let mut text = Vec::new();
            while let Some(piece) = answer.body.next().await? {
                text.extend(piece);
            }
            let said = format!("{sent}\n{}", String::from_utf8_lossy(&text));
            seen.lock().expect("a log").push((method, path, answer.status, said));
            Ok(auth0_sdk::HttpResponse::new(answer.status, answer.headers, text))
        }
    };
    let builder =
        || AuthenticationClient::builder(origin.as_str()).client_id("the-client").transport(transport.clone());
    let auth0 = builder().client_secret("the-secret").max_retries(0).build().expect("a client");
    let (oauth, legacy) = (auth0.oauth(), auth0.legacy());
    let mfa = auth0.mfa("the-mfa-token");
    let url = |url: String| async {
        drop(
            transport
                .send(HttpRequest {
                    method: Method::Get,
                    url,
                    headers: auth0_sdk::Headers::new(),
                    body: RequestBody::Empty,
                    read: Read::Bytes,
                })
                .await,
        )
    };

    // What comes is Prism's example, which is no token: only what it says to the request counts.
    let request = auth0.authorize().redirect_uri("https://app.example/cb").audience("https://api/").connection("db");
    url(request
        .clone()
        .organization("org_1")
        .prompt("login")
        .max_age(crate::support::seconds(0))
        .await
        .expect("a URL")
        .url)
    .await;
    let _ = request.pushed().await;
    url(auth0.logout().return_to("https://app.example/").federated().url()).await;
    url(auth0.oidc_logout().return_to("https://app.example/").id_token_hint("a.b.c").state("s").url()).await;
    url(auth0.saml().login_url(Some("db"), Some("org_1")).expect("a URL")).await;
    url(auth0
        .wsfed()
        .login_url(&[("wtrealm", "urn:x"), ("whr", "db"), ("wctx", "s"), ("wreply", "https://x/")])
        .expect("a URL"))
    .await;
    let code = oauth.authorization_code("code").redirect_uri("https://app.example/cb");
    let _ = code.clone().await;
    let _ = code.code_verifier("v".repeat(43)).await;
    let _ = oauth.refresh_token("token").scope("openid").await;
    let _ = oauth.client_credentials("https://api/").organization("org_1").await;
    let _ = oauth.password("jo", "pw").scope("openid").audience("https://api/").await;
    let _ = oauth.exchange_token("token", "http://auth0.com/oauth/token-type/apple-authz-code").scope("openid").await;
    let _ = auth0.device().token("code").await;
    let _ = auth0.passwordless().login_with_email("jo@example.com", "123456").scope("openid").await;
    let _ = auth0.passwordless().login_with_sms("+15555550100", "123456").await;
    let _ = mfa.verify_otp("123456").await;
    let _ = mfa.verify_oob("code").binding_code("123456").await;
    let _ = mfa.verify_recovery_code("code").await;
    let _ = mfa.challenge("oob").authenticator_id("sms|1").oob_channel("sms").await;
    let _ = mfa.associate_otp().await;
    let _ = mfa.associate_oob("sms").phone_number("+15555550100").await;
    let _ = mfa.list_authenticators().await;
    let _ = mfa.delete_authenticator("totp|1").await;
    let _ = auth0.passwordless().send_email("jo@example.com", Send::Link).auth_params(json!({"scope": "openid"})).await;
    let _ = auth0.passwordless().send_sms("+15555550100").await;
    let _ = auth0.device().authorize().scope("openid").audience("https://api/").await;
    let _ = oauth.revoke("token").await;
    let _ = auth0.users().user_info("token").await;
    let signup =
        auth0.database().sign_up("jo@example.com", "pw", "db").username("jo").name("Jo").picture("https://x/y.png");
    let _ = signup.user_metadata(json!({"plan": "free"})).await;
    let _ = auth0.database().change_password("jo@example.com", "db").organization("org_1").await;
    let _ = legacy.social_access_token("token", "google-oauth2").scope("openid").await;
    let _ = legacy.resource_owner("jo", "pw", "db").scope("openid").device("phone").await;
    let _ = legacy.token_info("a.b.c").await;
    let _ = legacy.delegation().id_token("a.b.c").target("other").api_type("auth0").scope("openid").await;
    let _ = legacy.impersonate("auth0|1", "auth0|2", "oauth2").response_type("code").state("s").access_token("t").await;
    let _ = legacy.passwordless_verify("email", "jo@example.com", "123456", "https://app.example/cb").await;
    let _ = legacy.unlink("token", "auth0|2").await;
    let details = json!([{"type": "payment"}]);
    let ciba = auth0.backchannel().authorize("auth0|1", "Order 4-2").audience("https://api/");
    let _ = ciba.requested_expiry(crate::support::seconds(60)).authorization_details(details).await;
    let register = auth0.register_client(["https://app.example/cb"]).client_name("Ours");
    let _ = register.token_endpoint_auth_method("client_secret_post").await;
    let _ = auth0.saml().metadata().await;
    let _ = auth0.saml().logout("<samlp:LogoutRequest/>").await;
    let _ = auth0.saml().identity_provider_initiated("saml-1", "PHNhbWw+").await;
    let _ = auth0.wsfed().metadata().await;
    let _ = oauth.global_token_revocation("okta", "a.b.c", "https://idp/", "user").await;
    // A public client, and one with an assertion.
    let public = builder().max_retries(0).build().expect("a client");
    let _ = public.oauth().refresh_token("token").await;
    let _ = public.database().sign_up("jo@example.com", "pw", "db").await;
    let signed = builder().client_assertion("a.b.c").max_retries(0).build().expect("a client");
    let _ = signed.oauth().authorization_code("code").redirect_uri("https://app.example/cb").await;
    let _ = signed.oauth().revoke("token").await;
    let _ = signed.authorize().redirect_uri("https://app.example/cb").pushed().await;

    let log = std::mem::take(&mut *log.lock().expect("a log"));
    // Where the document is wrong: it knows no body of `unlink`, and Auth0's page about it wants one; and a code with a
    // verifier is both of two alternatives of which it wants exactly one.
    let differs = |path: &str, status: u16, said: &str| {
        (path == "/login/unlink" && status == 415)
            || (status == 422 && said.contains("code_verifier=") && said.contains("oneOf"))
    };
    let wrong =
        log.iter().filter(|(_, path, status, said)| !(200..400).contains(status) && !differs(path, *status, said));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{} requests are refused:\n{wrong:#?}", wrong.len());
    let called: BTreeSet<_> = log.iter().filter_map(|(method, path, ..)| operation_of(&known, method, path)).collect();
    let missing: Vec<_> = known.difference(&called).collect();
    assert!(missing.is_empty(), "never called: {missing:?}");

    // A judge that lets everything pass is none.
    let refused = public.oauth().client_credentials("api").into_future().await;
    assert_eq!(refused.expect_err("a secret is required").status(), Some(422));
}
