//! The authorization code, its pages, and the refresh tokens that follow.

use crate::client::{Answer, Client};
use crate::login::{Browser, CALLBACK, USER, VERIFIER, challenge, claims, error};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_login_at_the_pages_gives_a_code_and_the_code_tokens() {
    let client = Client::new(2).await;
    let mut browser = Browser::new(&client.sandbox);
    let first = browser.get(&client.authorize(&[("nonce", "n1"), ("login_hint", USER)])).await;
    let login = first.location();
    assert!(login.starts_with("/u/login?state="), "{login}");
    let page = browser.get(&login).await.expect(200);
    assert!(page.as_str().unwrap().contains(&format!("value=\"{USER}\"")), "{page}");
    let wrong = browser.post(&login, &[("username", USER), ("password", "wrong")]).await;
    assert!(wrong.expect(400).as_str().unwrap().contains("Wrong email or password"));
    let right = browser.post(&login, &[("username", USER), ("password", client.sandbox.user_password())]).await;
    let answer = right.parameters();
    assert!(right.location().starts_with(CALLBACK));
    assert_eq!((&answer["state"], &answer["iss"]), (&json!("st&te"), &json!(client.origin("/"))));

    let tokens = client.spend(answer["code"].as_str().unwrap()).await.expect(200);
    let id_token = claims(&tokens["id_token"]);
    assert_eq!((&id_token["nonce"], &id_token["aud"]), (&json!("n1"), &json!(client.sandbox.web_client().0)));
    assert_eq!((&id_token["email"], &id_token["iss"]), (&json!(USER), &json!(client.origin("/"))));
    assert!(id_token["auth_time"].is_i64() && id_token["sid"].is_string() && id_token["at_hash"].is_string());
    assert_eq!((&tokens["token_type"], tokens.get("refresh_token")), (&json!("Bearer"), None));
    let userinfo = client.http.get(client.origin("/userinfo")).bearer_auth(tokens["access_token"].as_str().unwrap());
    let userinfo = Answer::of(userinfo.send().await.unwrap()).await.expect(200);
    assert_eq!((&userinfo["sub"], &userinfo["email"]), (&id_token["sub"], &json!(USER)));

    // The session of the cookie: no page the second time, unless one is asked for.
    assert!(browser.get(&client.authorize(&[("prompt", "none")])).await.location().starts_with(CALLBACK));
    assert!(browser.get(&client.authorize(&[("prompt", "login")])).await.location().starts_with("/u/login"));
    client.sandbox.advance_clock(100_000);
    assert!(browser.get(&client.authorize(&[("max_age", "60")])).await.location().starts_with("/u/login"));
    let user = client.user_id(USER).await;
    let sessions = client.get(&format!("/users/{user}/sessions")).await.expect(200);
    assert_eq!(sessions["sessions"][0]["id"], id_token["sid"]);
    let logs = client.get(&format!("/users/{user}/logs")).await.expect(200).to_string();
    for kind in ["\"fp\"", "\"s\"", "\"seacft\""] {
        assert!(logs.contains(kind), "{kind} {logs}");
    }
    // Logged out.
    let out = browser.get("/v2/logout?returnTo=http%3A%2F%2Flocalhost%3A3000&client_id=").await;
    assert_eq!(out.status, 400);
    let path = format!("/v2/logout?returnTo=http%3A%2F%2Flocalhost%3A3000&client_id={}", client.sandbox.web_client().0);
    assert_eq!(browser.get(&path).await.location(), "http://localhost:3000");
    let none = browser.get(&client.authorize(&[("prompt", "none")])).await;
    assert_eq!(none.parameters()["error"], json!("login_required"));
    assert_eq!(client.get(&format!("/users/{user}/sessions")).await.expect(200)["sessions"], json!([]));
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_its_uri_and_its_verifier() {
    let client = Client::new(1).await;
    let code = client.code(&[]).await;
    let grant = ("grant_type", "authorization_code");
    let uri = ("redirect_uri", CALLBACK);
    for form in [
        vec![grant, ("code", &code), uri, ("code_verifier", "another-verifier-that-is-long-enough-0123456789")],
        vec![grant, ("code", &code), ("redirect_uri", "https://other"), ("code_verifier", VERIFIER)],
        vec![grant, ("code", "other"), uri, ("code_verifier", VERIFIER)],
    ] {
        assert_eq!(error(&client.web(&form).await), (403, "invalid_grant"), "{form:?}");
    }
    assert_eq!(error(&client.web(&[grant, ("code", &code), uri]).await), (400, "invalid_request"));
    let native = client.sandbox.native_client_id();
    let stolen = [grant, ("code", &code), uri, ("code_verifier", VERIFIER), ("client_id", &native)];
    assert_eq!(error(&client.token_of(&stolen).await), (403, "invalid_grant"));
    client.spend(&code).await.expect(200);
    assert_eq!(error(&client.spend(&code).await), (403, "invalid_grant"));

    let late = client.code(&[]).await;
    client.sandbox.advance_clock(61_000);
    assert_eq!(error(&client.spend(&late).await), (403, "invalid_grant"));
    // A second use ends what the first one gave.
    let code = client.code(&[("scope", "openid offline_access")]).await;
    let refresh = client.spend(&code).await.expect(200)["refresh_token"].as_str().unwrap().to_owned();
    client.spend(&code).await.expect(403);
    let again = client.web(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    assert_eq!(error(&again), (403, "invalid_grant"));
}

#[tokio::test]
async fn requests_that_are_wrong_are_told_to_the_client_or_shown() {
    let client = Client::new(1).await;
    let mut browser = Browser::new(&client.sandbox);
    let shown = [
        client.authorize_as("nobody", &[]),
        client.authorize(&[("redirect_uri", "https://evil.example.com/callback")]),
        "/authorize".to_owned(),
    ];
    for path in shown {
        let answer = browser.get(&path).await;
        assert!(matches!(answer.status, 400 | 403) && answer.header("location").is_none(), "{path}");
    }
    for (more, code) in [
        (vec![("response_type", "nothing")], "unsupported_response_type"),
        (vec![("audience", "https://unknown")], "access_denied"),
        (vec![("organization", "nope")], "invalid_request"),
        (vec![("response_mode", "pigeon")], "invalid_request"),
        (vec![("code_challenge_method", "S512")], "invalid_request"),
        (vec![("prompt", "none")], "login_required"),
        (vec![("ext-sandbox-error", "access_denied")], "access_denied"),
        (vec![("ext-sandbox-login", "nobody")], "access_denied"),
    ] {
        let answer = browser.get(&client.authorize(&more)).await;
        if answer.status == 302 {
            assert_eq!(
                (&answer.parameters()["error"], &answer.parameters()["state"]),
                (&json!(code), &json!("st&te")),
                "{more:?}"
            );
        } else {
            assert_eq!(error(&answer), (403, code), "{more:?}");
        }
    }
    // The other ways to answer.
    let login = ("ext-sandbox-login", USER);
    let form = browser.get(&client.authorize(&[login, ("response_mode", "form_post")])).await.expect(200);
    assert!(form.as_str().unwrap().contains("name=\"code\"") && form.as_str().unwrap().contains("st&amp;te"), "{form}");
    let message = browser.get(&client.authorize(&[login, ("response_mode", "web_message")])).await.expect(200);
    assert!(message.as_str().unwrap().contains("\"https://app.example.com\""), "{message}");
    let implicit = browser.get(&client.authorize(&[login, ("response_type", "id_token token"), ("nonce", "n")])).await;
    assert!(implicit.location().starts_with(&format!("{CALLBACK}#")));
    assert_eq!(claims(&implicit.parameters()["id_token"])["nonce"], json!("n"));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_their_reuse_ends_them() {
    let client = Client::new(1).await;
    let single = client.sandbox.single_page_client_id();
    let mut browser = Browser::new(&client.sandbox);
    let path = client.authorize_as(
        &single,
        &[
            ("scope", "openid offline_access read:things"),
            ("audience", client.sandbox.sample_api()),
            ("ext-sandbox-login", USER),
        ],
    );
    let code = browser.get(&path).await.parameters()["code"].as_str().unwrap().to_owned();
    let without =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK), ("client_id", &single)];
    client.token_of(&without).await.expect(400);
    let form = [&without[..], &[("code_verifier", VERIFIER)]].concat();
    let tokens = client.token_of(&form).await.expect(200);
    assert_eq!(claims(&tokens["access_token"])["scope"], json!("openid offline_access read:things"));
    let refresh = async |token: &Value| {
        let form =
            [("grant_type", "refresh_token"), ("client_id", &*single), ("refresh_token", token.as_str().unwrap())];
        client.token_of(&form).await
    };
    let second = refresh(&tokens["refresh_token"]).await.expect(200);
    let third = refresh(&second["refresh_token"]).await.expect(200);
    assert_ne!(second["refresh_token"], third["refresh_token"]);
    client.sandbox.advance_clock(1_000);
    assert_eq!(error(&refresh(&tokens["refresh_token"]).await), (403, "invalid_grant"));
    assert_eq!(error(&refresh(&third["refresh_token"]).await), (403, "invalid_grant"), "the whole family is gone");
    let user = client.user_id(USER).await;
    assert_eq!(client.get(&format!("/users/{user}/refresh-tokens")).await.expect(200)["tokens"], json!([]));
    assert!(client.get("/logs?take=5&per_page=5").await.status >= 200);
    let logs = client.get(&format!("/users/{user}/logs")).await.expect(200).to_string();
    assert!(logs.contains("ferrt"), "{logs}");
}

#[tokio::test]
async fn refresh_tokens_expire_narrow_and_are_revoked() {
    let client = Client::new(1).await;
    let scope = "openid offline_access read:things";
    let tokens = client.password(USER, "Sandbox-1", scope).await.expect(200);
    let token = tokens["refresh_token"].as_str().unwrap();
    let grant = ("grant_type", "refresh_token");
    let narrow =
        client.web(&[grant, ("refresh_token", token), ("scope", "read:things write:things")]).await.expect(200);
    assert_eq!((&narrow["scope"], narrow.get("refresh_token")), (&json!("read:things"), None));
    let other = client.web(&[grant, ("refresh_token", token), ("audience", "https://other")]).await;
    assert_eq!(error(&other), (403, "access_denied"));
    let (web, secret) = client.sandbox.web_client();
    let revoke = [("client_id", web), ("client_secret", secret), ("token", token)];
    let answer = client.http.post(client.origin("/oauth/revoke")).form(&revoke).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(error(&client.web(&[grant, ("refresh_token", token)]).await), (403, "invalid_grant"));

    let settings = json!({"refresh_token": {"rotation_type": "non-rotating", "expiration_type": "expiring", "token_lifetime": 100, "idle_token_lifetime": 50}});
    client.patch(&format!("/clients/{web}"), settings).await.expect(200);
    let tokens = client.password(USER, "Sandbox-1", scope).await.expect(200);
    let token = tokens["refresh_token"].as_str().unwrap();
    for seconds in [40, 40] {
        client.sandbox.advance_clock(seconds * 1000);
        client.web(&[grant, ("refresh_token", token)]).await.expect(200);
    }
    client.sandbox.advance_clock(40_000);
    assert_eq!(error(&client.web(&[grant, ("refresh_token", token)]).await), (403, "invalid_grant"));
    // The Management API ends it too.
    let tokens = client.password(USER, "Sandbox-1", scope).await.expect(200);
    let user = client.user_id(USER).await;
    let id = client.get(&format!("/users/{user}/refresh-tokens")).await.expect(200)["tokens"][0]["id"].clone();
    client.delete(&format!("/refresh-tokens/{}", id.as_str().unwrap())).await.expect(202);
    let again = client.web(&[grant, ("refresh_token", tokens["refresh_token"].as_str().unwrap())]).await;
    assert_eq!(error(&again), (403, "invalid_grant"));
}

#[tokio::test]
async fn pushed_requests_are_used_once_and_are_required_where_the_client_says_so() {
    let client = Client::new(1).await;
    let (web, secret) = client.sandbox.web_client();
    let challenge = challenge(VERIFIER);
    let form = [
        ("client_id", web),
        ("client_secret", secret),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "x"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("ext-sandbox-login", USER),
    ];
    let push = async |form: &[(&str, &str)]| {
        Answer::of(client.http.post(client.origin("/oauth/par")).form(form).send().await.unwrap()).await
    };
    let pushed = push(&form).await.expect(201);
    let uri = pushed["request_uri"].as_str().unwrap();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:") && pushed["expires_in"].is_i64());
    let mut browser = Browser::new(&client.sandbox);
    let path = format!("/authorize?client_id={web}&request_uri={uri}");
    let answer = browser.get(&path).await.parameters();
    assert_eq!(answer["state"], json!("x"));
    client.spend(answer["code"].as_str().unwrap()).await.expect(200);
    assert_eq!(browser.get(&path).await.status, 400, "used twice");
    let mut wrong = form;
    wrong[3] = ("redirect_uri", "https://evil.example.com");
    assert_eq!(push(&wrong).await.status, 400);
    wrong[1] = ("client_secret", "wrong");
    assert_eq!(error(&push(&wrong).await), (401, "access_denied"));
    client.patch(&format!("/clients/{web}"), json!({"require_pushed_authorization_requests": true})).await.expect(200);
    assert_eq!(browser.get(&client.authorize(&[("ext-sandbox-login", USER)])).await.status, 400);
}

#[tokio::test]
async fn organizations_consent_and_permissions_shape_tokens() {
    let client = Client::new(2).await;
    let mut browser = Browser::new(&client.sandbox);
    let organization = client.get("/organizations/name/acme").await.expect(200)["id"].clone();
    let login = ("ext-sandbox-login", USER);
    let answer = browser.get(&client.authorize(&[login, ("organization", "acme")])).await.parameters();
    let tokens = client.spend(answer["code"].as_str().unwrap()).await.expect(200);
    assert_eq!(claims(&tokens["id_token"])["org_id"], organization);
    let denied = browser.get(&client.authorize(&[login, ("organization", "globex")])).await.parameters();
    assert_eq!(denied["error"], json!("access_denied"));
    let web = client.sandbox.web_client().0.to_owned();
    let require = json!({"organization_usage": "require", "organization_require_behavior": "post_login_prompt"});
    client.patch(&format!("/clients/{web}"), require).await.expect(200);
    let picker = browser.get(&client.authorize(&[login])).await.location();
    assert!(picker.starts_with("/u/organization"), "{picker}");
    assert!(browser.get(&picker).await.expect(200).as_str().unwrap().contains("Acme"));
    let picked = browser.post(&picker, &[("organization", organization.as_str().unwrap())]).await;
    assert!(picked.location().starts_with(CALLBACK), "{}", picked.location());
    client
        .patch(&format!("/clients/{web}"), json!({"organization_usage": "allow", "is_first_party": false}))
        .await
        .expect(200);

    let mut fresh = Browser::new(&client.sandbox);
    let login_page = fresh.get(&client.authorize(&[])).await.location();
    let consent = fresh.post(&login_page, &[("username", USER), ("password", "Sandbox-1")]).await.location();
    assert!(consent.starts_with("/u/consent"), "{consent}");
    assert!(fresh.get(&consent).await.expect(200).as_str().unwrap().contains("<li>profile</li>"));
    assert_eq!(
        fresh.get(&client.authorize(&[("prompt", "none")])).await.parameters()["error"],
        json!("consent_required")
    );
    assert!(fresh.post(&consent, &[("action", "accept")]).await.location().starts_with(CALLBACK));
    assert!(fresh.get(&client.authorize(&[])).await.location().starts_with(CALLBACK), "once is enough");
    let user = client.user_id(USER).await;
    let grants = client.get(&format!("/grants?user_id={}", user.replace('|', "%7C"))).await.expect(200);
    assert_eq!(grants[0]["clientID"], json!(web));
    let more = fresh.get(&client.authorize(&[("scope", "openid phone")])).await.location();
    let declined = fresh.post(&more, &[("action", "deny")]).await.parameters();
    assert_eq!(declined["error"], json!("access_denied"));

    // Permissions, where the API asks for them.
    client.patch(&format!("/clients/{web}"), json!({"is_first_party": true})).await.expect(200);
    let apis = client.get("/resource-servers").await.expect(200);
    let api = apis.as_array().unwrap().iter().find(|api| api["identifier"] == client.sandbox.sample_api()).unwrap();
    let rbac = json!({"enforce_policies": true, "token_dialect": "access_token_authz"});
    client.patch(&format!("/resource-servers/{}", api["id"].as_str().unwrap()), rbac).await.expect(201);
    let scope = "openid read:things write:things";
    let none = client.password("user-000002@example.com", "Sandbox-1", scope).await.expect(200);
    assert_eq!(none["scope"], json!("openid"));
    let permission = json!({"permissions": [{"resource_server_identifier": client.sandbox.sample_api(), "permission_name": "read:things"}]});
    let other = client.user_id("user-000002@example.com").await;
    client.post(&format!("/users/{other}/permissions"), permission).await.expect(201);
    let some = client.password("user-000002@example.com", "Sandbox-1", scope).await.expect(200);
    assert_eq!(some["scope"], json!("openid read:things"));
    assert_eq!(claims(&some["access_token"])["permissions"], json!(["read:things"]));
}

#[tokio::test]
async fn an_order_of_a_test_logs_in_without_pages() {
    let client = Client::new(1).await;
    let mut browser = Browser::new(&client.sandbox);
    client.control(Method::POST, "/login", Some(json!({"login": USER, "times": 1}))).await.expect(204);
    assert!(browser.get(&client.authorize(&[])).await.location().starts_with(CALLBACK));
    let mut other = Browser::new(&client.sandbox);
    assert!(other.get(&client.authorize(&[])).await.location().starts_with("/u/login"));
}

#[tokio::test]
async fn the_oidc_logout_ends_the_session_of_its_hint() {
    let client = Client::new(1).await;
    let mut browser = Browser::new(&client.sandbox);
    let code = browser.get(&client.authorize(&[("ext-sandbox-login", USER)])).await.parameters()["code"].clone();
    let tokens = client.spend(code.as_str().unwrap()).await.expect(200);
    let hint = tokens["id_token"].as_str().unwrap();
    let target = "http%3A%2F%2Flocalhost%3A3000";
    let path = format!("/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={target}&state=s");
    assert_eq!(browser.get(&format!("{path}&client_id=other")).await.status, 400);
    assert_eq!(browser.get(&format!("/oidc/logout?id_token_hint={hint}x")).await.status, 400);
    assert_eq!(browser.get(&path).await.location(), "http://localhost:3000?state=s");
    assert_eq!(
        browser.get(&client.authorize(&[("prompt", "none")])).await.parameters()["error"],
        json!("login_required")
    );
}
