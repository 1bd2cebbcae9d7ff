//! Seeds from files, snapshots, and tenants of a million.

use crate::client::{Answer, Client};
use auth0_sandbox::{Sandbox, SandboxError};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

const SEED: &str = r#"
tenant:
  friendly_name: Seeded
resourceServers:
  - name: Shop
    identifier: https://shop/
    scopes: [{ value: "buy" }, { value: "sell" }]
roles:
  - name: buyer
    description: Buys
    permissions: [{ permission_name: buy, resource_server_identifier: "https://shop/" }]
clients:
  - name: Shop front
    app_type: spa
    client_id: shop-front-client-id
    callbacks: [http://localhost:5000/cb]
  - name: Shop robot
    app_type: non_interactive
    client_id: shop-robot-client-id
    client_secret: shop-robot-secret
databases:
  - name: Username-Password-Authentication
    options: { passwordPolicy: low }
  - name: staff
    enabled_clients: [Shop front]
clientGrants:
  - client_id: Shop robot
    audience: https://shop/
    scope: [buy]
organizations:
  - name: shop-org
    connections: [{ name: staff, assign_membership_on_login: true }]
users:
  - email: ann@shop.example
    password: secret
    roles: [buyer]
    organizations: [shop-org]
    app_metadata: { level: 3 }
"#;

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_file_says_what_a_tenant_holds() {
    let client = Client::of(Sandbox::builder().seed_file(file("seed.yaml", SEED))).await;
    let check = async || {
        let user = client.get("/users-by-email?email=ann%40shop.example").await.expect(200)[0].clone();
        let id = user["user_id"].as_str().unwrap();
        assert_eq!(user["app_metadata"], json!({"level": 3}));
        assert_eq!(client.get(&format!("/users/{id}/roles")).await.expect(200)[0]["name"], json!("buyer"));
        assert_eq!(client.get(&format!("/users/{id}/organizations")).await.expect(200)[0]["name"], json!("shop-org"));
    };
    check().await;
    assert_eq!(
        client.get("/tenants/settings?fields=friendly_name").await.expect(200),
        json!({"friendly_name": "Seeded"})
    );
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "shop-robot-client-id"),
        ("client_secret", "shop-robot-secret"),
        ("audience", "https://shop/"),
    ];
    assert_eq!(client.token_of(&form).await.expect(200)["scope"], json!("buy"));
    let front = client.get("/clients/shop-front-client-id").await.expect(200);
    assert_eq!((&front["name"], &front["token_endpoint_auth_method"]), (&json!("Shop front"), &json!("none")));
    client.password("ann@shop.example", "secret", "openid").await.expect(200);
    client.control(Method::POST, "/reset", None).await.expect(204);
    check().await;
    let same =
        Sandbox::builder().seed_file(file("seed.json", r#"{"users": [{"email": "j@example.com"}]}"#)).start().await;
    same.unwrap();
}

#[tokio::test]
async fn bad_seeds_are_told_with_line_and_reason() {
    for (text, line, reason) in [
        ("", 1, "empty"),
        ("- a\n", 1, "sections"),
        ("users:\n  - email: a@example.com\nuser: []\n", 3, "\"user\""),
        ("roles:\n  - name: a\n\n  - name: [1]\n", 4, "string"),
        ("users:\n  - email: a@example.com\n    roles: [nobody]\n", 2, "nobody"),
        ("clientGrants:\n  - client_id: Nope\n    audience: x\n", 2, "Nope"),
        ("users:\n  - email: a@example.com\n  - email: a@example.com\n", 3, "exists"),
        ("users: [\n", 2, ""),
        ("{\"users\": [\n {\"email\": 1}\n]}", 2, "string"),
        ("users:\n  text\n", 2, "list"),
    ] {
        let path = file("bad", text);
        let error = Sandbox::builder().seed_file(&path).start().await.unwrap_err();
        assert!(matches!(error, SandboxError::Seed(_)), "{text:?} {error}");
        let error = error.to_string();
        assert!(error.contains(&format!(":{line}: ")) && error.contains(reason), "{text:?}: {error}");
    }
    let missing = Sandbox::builder().seed_file("/no/such/file.yaml").start().await.unwrap_err().to_string();
    assert!(missing.contains("/no/such/file.yaml"), "{missing}");
}

#[tokio::test]
async fn a_state_is_kept_and_come_back_to() {
    let client = Client::new(2).await;
    let snapshot =
        async |path: &str, name: &str| client.control(Method::POST, path, Some(json!({"name": name}))).await.status;
    assert_eq!(snapshot("/snapshot", "one").await, 204);
    client.post("/roles", json!({"name": "later"})).await.expect(200);
    let names = async || {
        let roles: Value = Answer::expect(client.get("/roles").await, 200);
        roles.as_array().unwrap().len()
    };
    assert_eq!(names().await, 4);
    assert_eq!((snapshot("/restore", "one").await, names().await), (204, 3));
    assert_eq!(snapshot("/restore", "two").await, 404);
}

#[tokio::test]
async fn the_published_rate_limits_hold() {
    let client = Client::new(0).await;
    client.control(Method::POST, "/rate-limit", Some(json!({"tier": "free"}))).await.expect(204);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.get("/roles").await.status);
    }
    assert_eq!((statuses[0], statuses[1]), (200, 200));
    let refused = loop {
        let answer = client.get("/roles").await;
        if answer.status == 429 {
            break answer;
        }
    };
    assert_eq!((refused.header("x-ratelimit-limit"), refused.header("retry-after")), (Some("2"), Some("1")));
    client.sandbox.advance_clock(1_000);
    client.get("/roles").await.expect(200);
    client.control(Method::POST, "/rate-limit", Some(json!({"tier": "golden"}))).await.expect(400);
    client.sandbox.set_rate_limit_tier(auth0_sandbox::Tier::Enterprise);
    assert_eq!(client.get("/roles").await.header("x-ratelimit-limit"), Some("50"));
}
