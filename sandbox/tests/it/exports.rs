//! Seeds from the folders of an Auth0 Deploy CLI export.

use crate::client::Client;
use auth0_sandbox::Sandbox;
use serde_json::json;
use std::path::{Path, PathBuf};

fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::remove_dir_all(&root).ok();
    for (file, text) in files {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

async fn check(root: &Path) {
    let client = Client::of(Sandbox::builder().seed_file(root)).await;
    let get = async |path: &str| client.get(path).await.expect(200);
    assert_eq!(get("/tenants/settings?fields=friendly_name").await, json!({"friendly_name": "Exported"}));
    assert_eq!(get("/attack-protection/brute-force-protection").await["max_attempts"], json!(3));
    assert_eq!(get("/guardian/policies").await, json!(["all-applications"]));
    assert_eq!(get("/prompts").await["identifier_first"], json!(true));
    let factors = get("/guardian/factors").await;
    let otp = factors.as_array().unwrap().iter().find(|factor| factor["name"] == "otp").unwrap().clone();
    assert_eq!(otp["enabled"], json!(true));
    let clients = get("/clients?fields=name,client_id,callbacks&per_page=50").await;
    let shop = clients.as_array().unwrap().iter().find(|one| one["name"] == "Shop").unwrap().clone();
    assert_eq!(shop["callbacks"], json!(["https://##NOT_SET##.example.com/cb"]));
    let connections = get("/connections?name=staff").await;
    let enabled = get(&format!("/connections/{}/clients", connections[0]["id"].as_str().unwrap())).await;
    assert_eq!(enabled["clients"][0]["client_id"], shop["client_id"], "{enabled} {connections}");
    let grants = get(&format!("/client-grants?client_id={}", shop["client_id"].as_str().unwrap())).await;
    assert_eq!(grants[0]["scope"], json!(["buy"]));
    let action = get("/actions/actions?actionName=greet").await["actions"][0].clone();
    assert_eq!(action["code"], json!("exports.onExecutePostLogin = () => {};\n"));
    let bound = get("/actions/triggers/post-login/bindings").await;
    assert_eq!(bound["bindings"][0]["action"]["id"], action["id"]);
    assert_eq!(get("/organizations/name/acme-export").await["display_name"], json!("Acme"));
    assert_eq!(get("/custom-domains").await[0]["domain"], json!("login.example.com"));
    let notices = client.sandbox.notices();
    assert!(notices.len() == 1 && notices[0].contains("rules"), "{notices:?}");
}

const CODE: &str = "exports.onExecutePostLogin = () => {};\n";

#[tokio::test]
async fn a_yaml_export_is_a_seed() {
    let tenant = r#"
tenant: { friendly_name: Exported }
attackProtection:
  bruteForceProtection: { enabled: true, max_attempts: 3, shields: [block], allowlist: [], mode: count_per_identifier }
prompts: { identifier_first: true, customText: {}, partials: {} }
guardianPolicies: { policies: [all-applications] }
guardianFactors: [{ name: otp, enabled: true }, { name: sms, enabled: false }]
emailProvider: {}
rulesConfigs: []
rules: [{ name: old, script: ./rules/old.js, order: 1, stage: login_success, enabled: true }]
resourceServers: [{ name: Shop API, identifier: "https://shop/", scopes: [{ value: buy }] }]
clients: [{ name: Shop, app_type: regular_web, callbacks: ["https://##NOT_SET##.example.com/cb"] }]
databases: [{ name: staff, strategy: auth0, enabled_clients: [Shop], options: { passwordPolicy: low } }]
clientGrants: [{ client_id: Shop, audience: "https://shop/", scope: [buy] }]
actions:
  - name: greet
    code: ./actions/greet/code.js
    supported_triggers: [{ id: post-login, version: v3 }]
    runtime: node22
    status: built
    deployed: true
    secrets: []
    dependencies: []
triggers: { post-login: [{ action_name: greet, display_name: Greet }], pre-user-registration: [] }
organizations: [{ name: acme-export, display_name: Acme, connections: [{ name: staff }] }]
customDomains: [{ domain: login.example.com, type: auth0_managed_certs }]
"#;
    check(&folder("yaml-export", &[("tenant.yaml", tenant), ("actions/greet/code.js", CODE)])).await;
}

const DIRECTORY: [(&str, &str); 17] = [
    ("tenant.json", r#"{ "friendly_name": "Exported" }"#),
    (
        "attack-protection/brute-force-protection.json",
        r#"{ "enabled": true, "max_attempts": 3, "shields": ["block"], "allowlist": [], "mode": "count_per_identifier" }"#,
    ),
    ("prompts/prompts.json", r#"{ "identifier_first": true }"#),
    ("guardian/policies.json", r#"{ "policies": ["all-applications"] }"#),
    ("guardian/factors/otp.json", r#"{ "name": "otp", "enabled": true }"#),
    ("rules/old.json", r#"{ "name": "old" }"#),
    (
        "resource-servers/Shop API.json",
        r#"{ "name": "Shop API", "identifier": "https://shop/", "scopes": [{ "value": "buy" }] }"#,
    ),
    (
        "clients/Shop.json",
        r#"{ "name": "Shop", "app_type": "regular_web", "callbacks": ["https://##NOT_SET##.example.com/cb"] }"#,
    ),
    (
        "database-connections/staff/database.json",
        r#"{ "name": "staff", "strategy": "auth0", "enabled_clients": ["Shop"] }"#,
    ),
    ("database-connections/staff/login.js", "function login() {}"),
    ("grants/shop.json", r#"{ "client_id": "Shop", "audience": "https://shop/", "scope": ["buy"] }"#),
    ("actions/greet/code.js", CODE),
    (
        "actions/greet.json",
        r#"{ "name": "greet", "code": "directory/actions/greet/code.js", "status": "built", "runtime": "node22", "secrets": [],
             "dependencies": [], "supported_triggers": [{ "id": "post-login", "version": "v3" }] }"#,
    ),
    ("triggers/triggers.json", r#"{ "post-login": [{ "action_name": "greet", "display_name": "Greet" }] }"#),
    ("organizations/acme.json", r#"{ "name": "acme-export", "display_name": "Acme" }"#),
    ("custom-domains/custom-domains.json", r#"[{ "domain": "login.example.com", "type": "auth0_managed_certs" }]"#),
    (".git/config", ""),
];

#[tokio::test]
async fn a_directory_export_is_a_seed() {
    check(&folder("directory-export", &DIRECTORY)).await;
}

#[tokio::test]
async fn bad_exports_are_told_with_file_line_and_reason() {
    for (file, text, place, reason) in [
        ("clients/Shop.json", "{\n  \"name\": \"Shop\",\n  \"app_type\": 1\n}", "Shop.json:1: ", "string"),
        ("clients/Shop.json", "{\n  \"name\": \"Shop\",\n", "Shop.json:3: ", ""),
        ("grants/shop.json", "{ \"client_id\": \"Nobody\" }", "shop.json:1: ", "Nobody"),
        ("attack-protection/moat.json", "{}", "moat.json:1: ", "moat"),
        (
            "triggers/triggers.json",
            "{ \"post-login\": [{ \"action_name\": \"none\" }] }",
            "triggers.json:1: ",
            "Not Found",
        ),
    ] {
        let mut files: Vec<_> = DIRECTORY.iter().copied().filter(|(name, _)| *name != file).collect();
        files.push((file, text));
        let root = folder("bad-export", &files);
        let error = Sandbox::builder().seed_file(&root).start().await.unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(reason), "{file}: {error}");
    }
    let empty = folder("no-export", &[("notes.txt", "")]);
    let error = Sandbox::builder().seed_file(&empty).start().await.unwrap_err().to_string();
    assert!(error.contains("tenant.yaml"), "{error}");
}
