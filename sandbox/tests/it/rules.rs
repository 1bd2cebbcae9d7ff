//! What the operations of the Management API do beside keeping records.

use crate::client::{Answer, Client};
use crate::login::{Browser, CONNECTION, USER, error};
use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Read;

async fn finished(client: &Client, job: &Value) -> Value {
    let path = format!("/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(job["status"], json!("pending"));
    assert_eq!(client.get(&path).await.expect(200)["status"], json!("processing"));
    client.get(&path).await.expect(200)
}

async fn connection(client: &Client) -> String {
    client.get("/connections?strategy=auth0").await.expect(200)[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn exports_finish_and_can_be_downloaded() {
    let client = Client::new(5).await;
    let fields = json!([{"name": "email"}, {"name": "user_metadata.locale", "export_as": "language"}]);
    let body = json!({"connection_id": connection(&client).await, "format": "json", "limit": 3, "fields": fields});
    let done = finished(&client, &client.post("/jobs/users-exports", body).await.expect(200)).await;
    assert_eq!((&done["status"], &done["percentage_done"]), (&json!("completed"), &json!(100)));
    let download = async |job: &Value| {
        let bytes = client.http.get(job["location"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
        let mut text = String::new();
        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        text
    };
    let text = download(&done).await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["email"]), (3, &json!(USER)));
    assert!(lines[0]["language"].is_string());
    let csv = client
        .post("/jobs/users-exports", json!({"format": "csv", "fields": [{"name": "email"}, {"name": "name"}]}))
        .await;
    let csv = download(&finished(&client, &csv.expect(200)).await).await;
    assert_eq!((csv.lines().next(), csv.lines().count()), (Some("email,name"), 6));
    let unknown = json!({"connection_id": "con_0000000000000000"});
    client.post("/jobs/users-exports", unknown).await.expect(404);
}

#[tokio::test]
async fn imports_make_users_and_tell_what_failed() {
    let client = Client::new(1).await;
    let id = connection(&client).await;
    let send = async |users: String, upsert: &'static str| {
        let part = reqwest::multipart::Part::text(users).file_name("users.json").mime_str("application/json").unwrap();
        let form = reqwest::multipart::Form::new()
            .part("users", part)
            .text("connection_id", id.clone())
            .text("upsert", upsert);
        Answer::of(client.request(Method::POST, "/jobs/users-imports").multipart(form).send().await.unwrap()).await
    };
    let users = json!([
        {"email": "in@example.com", "password": "Secret-12", "user_id": "auth0|mine", "app_metadata": {"a": 1}},
        {"email": USER, "name": "Changed"},
        {"name": "no address"},
    ]);
    let job = send(users.to_string(), "false").await.expect(202);
    let done = finished(&client, &job).await;
    assert_eq!(done["summary"], json!({"failed": 2, "updated": 0, "inserted": 1, "total": 3}));
    let errors = client.get(&format!("/jobs/{}/errors", job["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((errors.as_array().unwrap().len(), &errors[0]["user"]["email"]), (2, &json!(USER)));
    assert_eq!(client.get("/users/auth0%7Cmine").await.expect(200)["app_metadata"], json!({"a": 1}));
    client.password("in@example.com", "Secret-12", "openid").await.expect(200);
    let done =
        finished(&client, &send(json!([{"email": USER, "name": "Changed"}]).to_string(), "true").await.expect(202))
            .await;
    assert_eq!(done["summary"]["updated"], json!(1));
    assert_eq!(
        client.get(&format!("/users/{}", client.user_id(USER).await)).await.expect(200)["name"],
        json!("Changed")
    );
    let failed = finished(&client, &send("not json".to_owned(), "false").await.expect(202)).await;
    assert_eq!(failed["status"], json!("failed"));
    assert_eq!(send("x".repeat(600_000), "false").await.status, 413);
}

#[tokio::test]
async fn actions_are_deployed_before_they_are_bound() {
    let client = Client::new(0).await;
    let action = json!({"name": "hello", "supported_triggers": [{"id": "post-login", "version": "v3"}], "code": "one"});
    let made = client.post("/actions/actions", action).await.expect(201);
    let path = format!("/actions/actions/{}", made["id"].as_str().unwrap());
    let bindings = json!({"bindings": [{"ref": {"type": "action_name", "value": "hello"}, "display_name": "Hello"}]});
    let early = client.patch("/actions/triggers/post-login/bindings", bindings.clone()).await.expect(400);
    assert_eq!(early["errorCode"], json!("action_not_deployed"));
    let first = client.send(Method::POST, &format!("{path}/deploy"), json!({})).await;
    assert_eq!(first.status, 400, "it takes no body");
    let deploy =
        async |path: String| Answer::of(client.request(Method::POST, &path).send().await.unwrap()).await.expect(202);
    let first = deploy(format!("{path}/deploy")).await;
    assert_eq!((&first["number"], &first["deployed"], &first["code"]), (&json!(1), &json!(true), &json!("one")));
    client.patch(&path, json!({"code": "two"})).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["all_changes_deployed"], json!(false));
    let second = deploy(format!("{path}/deploy")).await;
    assert_eq!((&second["number"], &second["code"]), (&json!(2), &json!("two")));
    let third =
        client.post(&format!("{path}/versions/{}/deploy", first["id"].as_str().unwrap()), json!({})).await.expect(202);
    assert_eq!((&third["number"], &third["code"]), (&json!(3), &json!("one")));
    let versions = client.get(&format!("{path}/versions")).await.expect(200);
    let deployed: Vec<&Value> =
        versions["versions"].as_array().unwrap().iter().filter(|one| one["deployed"] == json!(true)).collect();
    assert_eq!((deployed.len(), &deployed[0]["id"]), (1, &third["id"]));
    let bound = client.patch("/actions/triggers/post-login/bindings", bindings).await.expect(200);
    assert_eq!(bound["bindings"][0]["action"]["id"], made["id"]);
    let listed = client.get("/actions/triggers/post-login/bindings").await.expect(200);
    assert_eq!(listed["bindings"][0]["display_name"], json!("Hello"));
}

#[tokio::test]
async fn permissions_exist_and_add_up() {
    let client = Client::new(1).await;
    let user = format!("/users/{}", client.user_id(USER).await);
    let one = |name: &str| json!({"permissions": [{"resource_server_identifier": "https://api.example.com/", "permission_name": name}]});
    client.post(&format!("{user}/permissions"), one("fly:high")).await.expect(404);
    client.post(&format!("{user}/permissions"), one("read:things")).await.expect(201);
    let role = client.get(&format!("{user}/roles")).await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    client.post(&format!("/roles/{role}/permissions"), one("write:things")).await.expect(201);
    client.post(&format!("/roles/{role}/permissions"), one("read:things")).await.expect(201);
    let listed = client.get(&format!("{user}/permissions")).await.expect(200);
    assert_eq!(listed[0]["description"], json!("Read things"));
    let all = client
        .get(&format!("{user}/effective-permissions?resource_server_identifier=https%3A%2F%2Fapi.example.com%2F"))
        .await
        .expect(200);
    let sources: Vec<_> = all["permissions"].as_array().unwrap().iter().map(|one| one["sources"].clone()).collect();
    assert_eq!(sources, [json!(["direct", "roles"]), json!(["roles"])]);
    let roles = client.get(&format!("{user}/effective-roles")).await.expect(200);
    assert_eq!(roles["roles"][0]["sources"], json!(["direct"]));
    client.send(Method::DELETE, &format!("{user}/permissions"), one("read:things")).await.expect(204);
    assert_eq!(client.get(&format!("{user}/permissions")).await.expect(200), json!([]));
}

#[tokio::test]
async fn blocks_tickets_identities_and_keys_are_real() {
    let client = Client::new(3).await;
    for _ in 0..10 {
        client.password(USER, "wrong", "openid").await.expect(403);
    }
    let user = client.user_id(USER).await;
    let blocks = client.get(&format!("/user-blocks/{user}")).await.expect(200);
    assert_eq!(
        (&blocks["blocked_for"][0]["identifier"], &blocks["blocked_for"][0]["connection"]),
        (&json!(USER), &json!(CONNECTION))
    );
    client.delete(&format!("/user-blocks/{user}")).await.expect(204);
    assert_eq!(client.get(&format!("/user-blocks?identifier={USER}")).await.expect(200)["blocked_for"], json!([]));
    client.password(USER, "Sandbox-1", "openid").await.expect(200);

    let ticket = client
        .post("/tickets/password-change", json!({"user_id": user, "result_url": "https://app.example.com/done"}))
        .await
        .expect(201);
    let mut browser = Browser::new(&client.sandbox);
    let answer = browser.post(ticket["ticket"].as_str().unwrap(), &[("password", "Changed-12")]).await;
    assert!(answer.location().starts_with("https://app.example.com/done?success=true"));
    client.password(USER, "Changed-12", "openid").await.expect(200);
    client.post("/tickets/email-verification", json!({"user_id": "auth0|nobody"})).await.expect(404);
    client.post("/jobs/verification-email", json!({"user_id": user})).await.expect(201);
    assert_eq!(client.last_message().template, "verify_email");

    let second = client.user_id("user-000002@example.com").await;
    let link = json!({"provider": "auth0", "user_id": second});
    let identities = client.post(&format!("/users/{user}/identities"), link).await.expect(201);
    assert_eq!(identities.as_array().unwrap().len(), 2);
    assert_eq!(identities[1]["profileData"]["email"], json!("user-000002@example.com"));
    client.get(&format!("/users/{second}")).await.expect(404);
    let own = identities[1]["user_id"].as_str().unwrap();
    let left = client.delete(&format!("/users/{user}/identities/auth0/{own}")).await.expect(200);
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(client.get(&format!("/users/{second}")).await.expect(200)["email"], json!("user-000002@example.com"));

    let keys = client.get("/keys/signing").await.expect(200);
    let rotated =
        Answer::of(client.request(Method::POST, "/keys/signing/rotate").send().await.unwrap()).await.expect(201);
    assert_ne!(rotated["kid"], keys[0]["kid"]);
    let now = client.get("/keys/signing").await.expect(200);
    assert_eq!((&now[0]["current"], &now[1]["kid"]), (&json!(true), &keys[0]["kid"]));
    let revoke = async |key: &Value| {
        client
            .request(Method::PUT, &format!("/keys/signing/{}/revoke", key["kid"].as_str().unwrap()))
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!((revoke(&now[0]).await, revoke(&now[1]).await), (409, 200));
    let jwks = client.http.get(client.origin("/.well-known/jwks.json")).send().await.unwrap();
    assert_eq!(Answer::of(jwks).await.expect(200)["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_deleted_takes_with_it_what_hangs_on_it() {
    let client = Client::new(1).await;
    let refresh =
        client.password(USER, "Sandbox-1", "openid offline_access").await.expect(200)["refresh_token"].clone();
    let user = client.user_id(USER).await;
    client.delete(&format!("/users/{user}")).await.expect(204);
    let again = client.web(&[("grant_type", "refresh_token"), ("refresh_token", refresh.as_str().unwrap())]).await;
    assert_eq!(error(&again), (403, "invalid_grant"));
    assert_eq!(client.get(&format!("/refresh-tokens?user_id={user}")).await.expect(200)["refresh_tokens"], json!([]));
    let organization = client.get("/organizations/name/acme").await.expect(200)["id"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/organizations/{organization}/members")).await.expect(200), json!([]));
    // A client takes its grants along, an API those that name it.
    let web = client.sandbox.web_client().0.to_owned();
    assert_eq!(client.get(&format!("/client-grants?client_id={web}")).await.expect(200).as_array().unwrap().len(), 1);
    client.delete(&format!("/clients/{web}")).await.expect(204);
    assert_eq!(client.get(&format!("/client-grants?client_id={web}")).await.expect(200), json!([]));
}
