//! Operations that do something of their own: what they change is there afterwards.

use crate::client::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

async fn act(client: &Client, method: Method, path: &str) -> Answer {
    Answer::of(client.request(method, path).send().await.unwrap()).await
}

fn id(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

#[tokio::test]
async fn experiments_run_when_they_are_sound_and_only_forward() {
    let client = Client::new(0).await;
    let base = "/experimentation";
    let parameters = json!({"color": {"type": "string", "value": "blue"}});
    let body = json!({"name": "look", "parameters": parameters});
    let flag = client.post(&format!("{base}/feature-flags"), body).await.expect(201);
    let flag_id = id(&flag, "id");
    let variation = client
        .post(&format!("{base}/feature-flags/{flag_id}/variations"), json!({"name": "red", "overrides": {}}))
        .await
        .expect(201);
    let body = |weight: u32| {
        json!({"name": format!("try {weight}"), "feature_flag_id": flag_id, "authentication_flow": "login", "allocation_strategy": "percentage",
               "assignment_config": {"subject": "device"}, "levels": [10, 50],
               "allocations": [{"variation_id": variation["id"], "weight": weight, "is_control": true}]})
    };
    let bad = id(&client.post(&format!("{base}/experiments"), body(40)).await.expect(201), "id");
    let report = act(&client, Method::POST, &format!("{base}/experiments/{bad}/validate")).await.expect(200);
    assert_eq!((&report["is_valid"], &report["errors"][0]["code"]), (&json!(false), &json!("weights")));
    client.post(&format!("{base}/experiments/{bad}/status"), json!({"status": "active"})).await.expect(400);
    let good = id(&client.post(&format!("{base}/experiments"), body(100)).await.expect(201), "id");
    let path = format!("{base}/experiments/{good}");
    assert_eq!(act(&client, Method::POST, &format!("{path}/validate")).await.expect(200)["is_valid"], json!(true));
    client.post(&format!("{path}/status"), json!({"status": "completed"})).await.expect(409);
    let running = client.post(&format!("{path}/status"), json!({"status": "active"})).await.expect(200);
    assert!(running["started_at"].is_string(), "{running}");
    let ramp = client.post(&format!("{path}/advance-ramp"), json!({"target_level": 50})).await.expect(200);
    assert_eq!((&ramp["from_level"], &ramp["to_level"]), (&json!(0), &json!(50)));
    client.post(&format!("{path}/advance-ramp"), json!({"target_level": 10})).await.expect(400);
    client.post(&format!("{path}/status"), json!({"status": "completed"})).await.expect(200);
    let kept = client.get(&path).await.expect(200);
    assert_eq!((&kept["status"], &kept["current_level"]), (&json!("completed"), &json!(50)));
    let path = format!("{base}/feature-flags/{flag_id}");
    client.post(&format!("{path}/status"), json!({"status": "archived"})).await.expect(200);
    client.post(&format!("{path}/status"), json!({"status": "active"})).await.expect(409);
    assert_eq!(client.get(&path).await.expect(200)["status"], json!("archived"));
}

#[tokio::test]
async fn modules_are_published_and_rolled_back() {
    let client = Client::new(0).await;
    let made =
        client.post("/actions/modules", json!({"name": "helpers", "code": "one", "publish": true})).await.expect(201);
    assert_eq!((&made["latest_version_number"], &made["all_changes_published"]), (&json!(1), &json!(true)));
    let path = format!("/actions/modules/{}", id(&made, "id"));
    let draft = client.patch(&path, json!({"code": "two"})).await.expect(200);
    assert_eq!(draft["all_changes_published"], json!(false));
    let second = act(&client, Method::POST, &format!("{path}/versions")).await.body;
    assert_eq!((&second["version_number"], &second["code"]), (&json!(2), &json!("two")));
    let versions = client.get(&format!("{path}/versions")).await.expect(200);
    assert_eq!(versions["total"], json!(2));
    let first = json!({"module_version_id": versions["versions"][0]["id"]});
    let back = client.post(&format!("{path}/rollback"), first).await.expect(200);
    assert_eq!((&back["code"], &back["latest_version_number"]), (&json!("one"), &json!(2)));
    assert_eq!(client.get(&path).await.expect(200)["code"], json!("one"));
    client.post(&format!("{path}/rollback"), json!({"module_version_id": "none"})).await.expect(404);
}

#[tokio::test]
async fn keys_of_connections_and_of_encryption_change_places() {
    let client = Client::new(0).await;
    let connection = client.post("/connections", json!({"name": "idp", "strategy": "okta"})).await.expect(201);
    let path = format!("/connections/{}/keys", id(&connection, "id"));
    let made = client.post(&path, json!({"signing_alg": "RS512"})).await.expect(201);
    assert_eq!(
        (&made[0]["current"], &made[1]["next"], &made[0]["algorithm"]),
        (&json!(true), &json!(true), &json!("RS512"))
    );
    client.post(&path, json!({})).await.expect(409);
    let new = client.post(&format!("{path}/rotate"), json!({})).await.expect(201);
    let all = client.get(&path).await.expect(200);
    let place =
        |name: &str| all.as_array().unwrap().iter().find(|one| one[name] == json!(true)).unwrap()["kid"].clone();
    assert_eq!(
        (place("previous"), place("current"), place("next")),
        (made[0]["kid"].clone(), made[1]["kid"].clone(), new["kid"].clone())
    );

    let own = client.post("/keys/encryption", json!({"type": "customer-provided-root-key"})).await.expect(201);
    assert_eq!(own["state"], json!("pre-activation"));
    let path = format!("/keys/encryption/{}", id(&own, "kid"));
    assert!(act(&client, Method::POST, &format!("{path}/wrapping-key")).await.expect(201)["public_key"].is_string());
    assert_eq!(client.post(&path, json!({"wrapped_key": "AAAA"})).await.expect(201)["state"], json!("active"));
    client.post(&path, json!({"wrapped_key": "AAAA"})).await.expect(409);
    for _ in 0..2 {
        act(&client, Method::POST, "/keys/encryption/rekey").await.expect(204);
    }
    let all = client.get("/keys/encryption").await.expect(200);
    let masters = |state: &str| {
        all.as_array().unwrap().iter().filter(|key| key["type"] == "tenant-master-key" && key["state"] == state).count()
    };
    assert_eq!((masters("active"), masters("deactivated")), (1, 1));
}

#[tokio::test]
async fn screens_secrets_and_tickets_are_kept() {
    let client = Client::new(0).await;
    let rendering = "/prompts/login-id/screen/login-id/rendering";
    assert_eq!(client.get(rendering).await.expect(200)["rendering_mode"], json!("standard"));
    let configs = json!({"configs": [{"prompt": "login-id", "screen": "login-id", "rendering_mode": "advanced"},
                                     {"prompt": "signup", "screen": "signup", "use_page_template": true}]});
    client.patch("/prompts/rendering", configs).await.expect(200);
    assert_eq!(client.get(rendering).await.expect(200)["rendering_mode"], json!("advanced"));
    client.patch(rendering, json!({"default_head_tags_disabled": true})).await.expect(200);
    let list = client.get("/prompts/rendering").await.expect(200);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[0]["rendering_mode"], &list[0]["default_head_tags_disabled"]),
        (&json!("advanced"), &json!(true))
    );

    let hook = client
        .post("/hooks", json!({"name": "h", "script": "x", "triggerId": "credentials-exchange"}))
        .await
        .expect(201);
    let secrets = format!("/hooks/{}/secrets", id(&hook, "id"));
    client.get(&secrets).await.expect(404);
    client.post(&secrets, json!({"KEY": "hidden", "OTHER": "x"})).await.expect(201);
    client.post(&secrets, json!({"KEY": "again"})).await.expect(409);
    client.patch(&secrets, json!({"NONE": "again"})).await.expect(404);
    assert_eq!(
        client.get(&secrets).await.expect(200),
        json!({"KEY": "_VALUE_NOT_SHOWN_", "OTHER": "_VALUE_NOT_SHOWN_"})
    );
    client.send(Method::DELETE, &secrets, json!(["KEY"])).await.expect(204);
    assert_eq!(client.get(&secrets).await.expect(200), json!({"OTHER": "_VALUE_NOT_SHOWN_"}));
    assert!(!client.get("/logs?per_page=100").await.expect(200).to_string().contains("hidden"));

    let profile = client.post("/self-service-profiles", json!({"name": "p"})).await.expect(201);
    let tickets = format!("/self-service-profiles/{}/sso-ticket", id(&profile, "id"));
    let link = id(&client.post(&tickets, json!({"connection_config": {"name": "new"}})).await.expect(201), "ticket");
    let ticket = link.rsplit('=').next().unwrap().to_owned();
    act(&client, Method::POST, &format!("{tickets}/{ticket}/revoke")).await.expect(202);
    act(&client, Method::POST, &format!("{tickets}/{ticket}/revoke")).await.expect(404);
}

#[tokio::test]
async fn what_leaves_the_tenant_is_in_the_outbox() {
    let client = Client::new(0).await;
    let template = client
        .post("/branding/phone/templates", json!({"type": "otp_enroll", "content": {"body": {"text": "mine"}}}))
        .await
        .expect(201);
    let path = format!("/branding/phone/templates/{}", id(&template, "id"));
    client.post(&format!("{path}/try"), json!({"to": "+15550100", "delivery_method": "voice"})).await.expect(202);
    let sent = client.sandbox.outbox();
    assert_eq!(
        (sent[0].kind.as_str(), sent[0].template.as_str(), sent[0].to.as_str()),
        ("voice", "otp_enroll", "+15550100")
    );
    let reset = client.patch(&format!("{path}/reset"), json!({})).await.expect(200);
    assert!(id(&reset["content"]["body"], "text").contains("enroll"), "{reset}");
    let url = json!({"external_client_id": "https://app.example.com/client.json"});
    assert!(client.post("/clients/cimd/preview", url.clone()).await.expect(200).get("client_id").is_none());
    let made = client.post("/clients/cimd/register", url.clone()).await.expect(201);
    assert_eq!(client.post("/clients/cimd/register", url).await.expect(200)["client_id"], made["client_id"]);
    assert_eq!(
        client.get(&format!("/clients/{}", id(&made, "client_id"))).await.expect(200)["name"],
        json!("app.example.com")
    );
}

#[tokio::test]
async fn roles_come_to_members_through_groups_too() {
    let client = Client::new(3).await;
    let group = client.get("/groups").await.expect(200)[0].clone();
    let group = id(&group, "id");
    let user = client.get("/users").await.expect(200)[0]["user_id"].as_str().unwrap().replace('|', "%7C");
    let members = client.get(&format!("/groups/{group}/members")).await.expect(200);
    assert_eq!(members["members"].as_array().unwrap().len(), 3);
    assert_eq!(client.get(&format!("/users/{user}/groups")).await.expect(200)[0]["id"], json!(group));
    let roles = client.get("/roles").await.expect(200);
    let [own, by_group] = [&roles[0], &roles[1]].map(|role| id(role, "id"));
    let organization = id(&client.get("/organizations/name/acme").await.expect(200), "id");
    let base = format!("/organizations/{organization}");
    client.post(&format!("{base}/members/{user}/roles"), json!({"roles": [own]})).await.expect(204);
    let granted = client.post(&format!("{base}/groups/{group}/roles"), json!({"roles": [by_group]})).await;
    assert!(granted.status < 300, "{}", granted.body);
    let effective = client.get(&format!("{base}/members/{user}/effective-roles")).await.expect(200);
    let sources: Vec<&Value> = effective["roles"].as_array().unwrap().iter().map(|role| &role["sources"][0]).collect();
    assert_eq!(sources.len(), 2);
    assert!(sources.contains(&&json!("direct")) && sources.contains(&&json!("groups")), "{effective}");
    let from = client
        .get(&format!("{base}/members/{user}/effective-roles/sources/groups?role_id={by_group}"))
        .await
        .expect(200);
    assert_eq!(from["groups"][0]["id"], json!(group));
    assert_eq!(client.get(&format!("{base}/groups")).await.expect(200)["groups"][0]["id"], json!(group));
    assert_eq!(
        client.get(&format!("{base}/roles/{by_group}/groups")).await.expect(200)["groups"][0]["id"],
        json!(group)
    );
    assert_eq!(
        client.get(&format!("{base}/roles/{own}/members")).await.expect(200)["members"].as_array().unwrap().len(),
        1
    );
    // Both names of an organization's connections show the same.
    let connection = client.get("/connections").await.expect(200)[0]["id"].clone();
    client.post(&format!("{base}/enabled_connections"), json!({"connection_id": connection})).await.expect(201);
    let shown = client.get(&format!("{base}/connections")).await.expect(200);
    assert_eq!((&shown[0]["connection_id"], &shown[0]["is_enabled"]), (&connection, &json!(true)));
    let one = format!("{base}/connections/{}", connection.as_str().unwrap());
    client.patch(&one, json!({"is_enabled": false})).await.expect(200);
    assert_eq!(client.get(&format!("{base}/enabled_connections")).await.expect(200), json!([]));
}

#[tokio::test]
async fn statistics_count_what_happened() {
    let client = Client::new(3).await;
    assert_eq!(client.get("/stats/active-users").await.expect(200), json!(0));
    client.password(crate::login::USER, "Sandbox-1", "openid").await.expect(200);
    assert_eq!(client.get("/stats/active-users").await.expect(200), json!(1));
    let days = client.get("/stats/daily").await.expect(200);
    assert_eq!(days.as_array().unwrap().last().unwrap()["logins"], json!(1));
    assert_eq!(client.get("/stats/daily?from=20990101").await.expect(200), json!([]));
}
