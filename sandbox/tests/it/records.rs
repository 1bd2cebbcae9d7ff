use crate::client::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

const CONNECTION: &str = "Username-Password-Authentication";

#[tokio::test]
async fn users_are_created_changed_and_deleted_as_at_auth0() {
    let client = Client::new(0).await;
    let body = json!({"connection": CONNECTION, "email": "Jo@example.com", "password": "Secret-1", "given_name": "Jo",
                      "user_metadata": {"a": 1, "b": 2}, "verify_email": false});
    let user = client.post("/users", body.clone()).await.expect(201);
    let id = user["user_id"].as_str().unwrap();
    assert!(id.starts_with("auth0|") && id.len() == 30, "{id}");
    assert_eq!(user["identities"][0]["connection"], json!(CONNECTION));
    assert_eq!(format!("auth0|{}", user["identities"][0]["user_id"].as_str().unwrap()), id);
    assert_eq!((&user["nickname"], &user["email_verified"]), (&json!("Jo"), &json!(false)));
    assert!(user["created_at"].as_str().unwrap().ends_with('Z'));
    for hidden in ["password", "connection", "verify_email"] {
        assert!(user.get(hidden).is_none(), "{hidden}");
    }
    let conflict = client.post("/users", json!({"connection": CONNECTION, "email": "jo@example.com"})).await;
    let error = json!({"statusCode": 409, "error": "Conflict", "message": "The user already exists.", "errorCode": "auth0_idp_error"});
    assert_eq!(conflict.expect(409), error);
    client.post("/users", json!({"connection": "email", "email": "jo@example.com"})).await.expect(201);
    let unknown = client.post("/users", json!({"connection": "nope", "email": "x@example.com"})).await;
    assert_eq!(unknown.expect(400)["errorCode"], json!("inexistent_connection"));

    let path = format!("/users/{}", id.replace('|', "%7C"));
    let changes = json!({"given_name": null, "nickname": "J", "user_metadata": {"a": null, "c": {"d": 3}}, "app_metadata": {"x": true}});
    let changed = client.patch(&path, changes).await.expect(200);
    assert!(changed.get("given_name").is_none());
    assert_eq!(changed["nickname"], json!("J"));
    assert_eq!(changed["user_metadata"], json!({"b": 2, "c": {"d": 3}}));
    assert_eq!(client.get(&path).await.expect(200), changed);
    assert_eq!(client.patch(&path, json!({"user_metadata": {}})).await.expect(200).get("user_metadata"), None);

    let by_email = client.get("/users-by-email?email=JO%40example.com&fields=user_id").await.expect(200);
    assert_eq!(by_email.as_array().unwrap().len(), 2);
    assert_eq!(by_email[0], json!({"user_id": id}));
    let deleted = client.delete(&path).await;
    assert_eq!((deleted.status, &deleted.body), (204, &json!("")));
    let error = json!({"statusCode": 404, "error": "Not Found", "message": "The user does not exist.", "errorCode": "inexistent_user"});
    assert_eq!(client.get(&path).await.expect(404), error);
    client.delete(&path).await.expect(204);
    client.post("/users", body).await.expect(201);
}

#[tokio::test]
async fn an_email_address_that_another_user_has_cannot_be_taken() {
    let client = Client::new(2).await;
    let users = client.get("/users").await.expect(200);
    let second = format!("/users/{}", users[1]["user_id"].as_str().unwrap());
    client.patch(&second, json!({"email": users[0]["email"]})).await.expect(409);
    client.patch(&second, json!({"email": users[1]["email"]})).await.expect(200);
    client.patch(&second, json!({"email": "free@example.com"})).await.expect(200);
    let found = client.get("/users?q=email:%22free@example.com%22").await.expect(200);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let old = client.get(&format!("/users-by-email?email={}", users[1]["email"].as_str().unwrap())).await.expect(200);
    assert_eq!(old, json!([]));
}

#[tokio::test]
async fn ids_with_special_characters_stay_one_segment() {
    let client = Client::new(0).await;
    for own in ["a/b", "a%2Fb", "a?b#c", "ü|x", "..."] {
        let body = json!({"connection": CONNECTION, "user_id": own, "email": format!("{}@example.com", own.len())});
        let user = client.post("/users", body).await.expect(201);
        assert_eq!(user["user_id"], json!(format!("auth0|{own}")));
        let encoded: String = format!("auth0|{own}").bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(client.get(&format!("/users/{encoded}")).await.expect(200), user);
        let roles = client.get(&format!("/users/{encoded}/roles")).await.expect(200);
        assert_eq!(roles, json!([]));
        client.delete(&format!("/users/{encoded}")).await.expect(204);
    }
}

#[tokio::test]
async fn roles_of_users_are_seen_from_both_ends_and_go_with_the_user() {
    let client = Client::new(5).await;
    let role = client.post("/roles", json!({"name": "pilot"})).await.expect(200);
    let role_id = role["id"].as_str().unwrap();
    assert!(role_id.starts_with("rol_"));
    client.post("/roles", json!({"name": "pilot"})).await.expect(409);
    let users = client.get("/users").await.expect(200);
    let user_id = users[4]["user_id"].as_str().unwrap();
    let roles = format!("/users/{user_id}/roles");
    client.post(&roles, json!({"roles": ["rol_missing"]})).await.expect(404);
    assert_eq!(client.post(&roles, json!({"roles": [role_id]})).await.expect(204), json!(""));
    assert_eq!(client.get(&roles).await.expect(200), json!([role]));
    let members = client.get(&format!("/roles/{role_id}/users")).await.expect(200);
    assert_eq!(members[0]["email"], users[4]["email"]);
    client.send(Method::DELETE, &roles, json!({"roles": [role_id]})).await.expect(204);
    assert_eq!(client.get(&format!("/roles/{role_id}/users")).await.expect(200), json!([]));

    client.post(&format!("/roles/{role_id}/users"), json!({"users": [user_id]})).await.expect(200);
    assert_eq!(client.get(&roles).await.expect(200)[0]["name"], json!("pilot"));
    client.delete(&format!("/users/{user_id}")).await.expect(204);
    assert_eq!(client.get(&format!("/roles/{role_id}/users")).await.expect(200), json!([]));
    client.get(&roles).await.expect(404);

    let permissions = format!("/roles/{role_id}/permissions");
    let one = json!({"resource_server_identifier": "https://api.example.com/", "permission_name": "read:things"});
    client.post(&permissions, json!({"permissions": [one]})).await.expect(201);
    assert_eq!(client.get(&permissions).await.expect(200)[0]["permission_name"], json!("read:things"));
    client.send(Method::DELETE, &permissions, json!({"permissions": [one]})).await;
    assert_eq!(client.get(&permissions).await.expect(200), json!([]));
}

#[tokio::test]
async fn single_values_are_those_of_a_new_tenant_until_they_are_written() {
    let client = Client::new(0).await;
    let before = client.get("/tenants/settings").await.expect(200);
    assert_eq!((&before["session_lifetime"], &before["enabled_locales"]), (&json!(168), &json!(["en"])));
    let protection = "/attack-protection/brute-force-protection";
    assert_eq!(client.get(protection).await.expect(200)["max_attempts"], json!(10));
    let changed = client.patch(protection, json!({"max_attempts": 3})).await.expect(200);
    assert_eq!((&changed["max_attempts"], &changed["enabled"]), (&json!(3), &json!(true)));
    client.get("/branding/templates/universal-login").await.expect(404);
    let template = "/branding/templates/universal-login";
    client.send(Method::PUT, template, json!({"template": "<html></html>"})).await.expect(201);
    client.send(Method::PUT, template, json!("<p></p>")).await.expect(204);
    assert_eq!(client.get(template).await.expect(200), json!({"body": "<p></p>"}));
    let fields = "/tenants/settings?fields=friendly_name,acr_values_supported";
    let changes = json!({"friendly_name": "Mine", "acr_values_supported": ["one"]});
    client.patch("/tenants/settings", changes.clone()).await.expect(200);
    let after = client.get(fields).await;
    assert_eq!(after.header("x-sandbox-sampled"), None);
    assert_eq!(after.expect(200), changes);
    client.patch("/tenants/settings", json!({"acr_values_supported": null})).await.expect(200);
    assert_eq!(client.get(fields).await.expect(200), json!({"friendly_name": "Mine"}));

    client.get("/emails/provider").await.expect(404);
    let provider = json!({"name": "sendgrid", "credentials": {"api_key": "secret"}});
    client.post("/emails/provider", provider.clone()).await.expect(201);
    client.post("/emails/provider", provider).await.expect(409);
    let stored = client.get("/emails/provider").await.expect(200);
    assert_eq!(stored["name"], json!("sendgrid"));
    assert!(!stored.to_string().contains("secret"), "{stored}");
    client.delete("/emails/provider").await.expect(204);
    client.get("/emails/provider").await.expect(404);

    let policies = client.send(Method::PUT, "/guardian/policies", json!(["all-applications"])).await.expect(200);
    assert_eq!(policies, json!(["all-applications"]));
    assert_eq!(client.get("/guardian/policies").await.expect(200), policies);
    let partials = json!({"login": {"form-content-start": "<p>"}});
    client.send(Method::PUT, "/prompts/login/partials", partials.clone()).await.expect(200);
    assert_eq!(client.get("/prompts/login/partials").await.expect(200)["login"], partials["login"]);
}

#[tokio::test]
async fn organizations_connections_and_jobs_hang_together() {
    let client = Client::new(3).await;
    let organization = client.get("/organizations/name/acme").await.expect(200);
    let base = format!("/organizations/{}", organization["id"].as_str().unwrap());
    assert_eq!(client.get(&format!("{base}/members")).await.expect(200).as_array().unwrap().len(), 3);
    let connection = client.get("/connections?strategy=auth0").await.expect(200)[0].clone();
    let enabled = json!({"connection_id": connection["id"], "assign_membership_on_login": true});
    let added = client.post(&format!("{base}/enabled_connections"), enabled.clone()).await.expect(201);
    assert_eq!(added["connection"]["name"], connection["name"]);
    client.post(&format!("{base}/enabled_connections"), enabled).await.expect(409);

    let clients = format!("/connections/{}/clients", connection["id"].as_str().unwrap());
    let on = json!([{"client_id": client.sandbox.client_id(), "status": true}]);
    client.patch(&clients, on).await.expect(204);
    assert_eq!(client.get(&clients).await.expect(200)["clients"][0]["client_id"], json!(client.sandbox.client_id()));
    let off = json!([{"client_id": client.sandbox.client_id(), "status": false}]);
    client.patch(&clients, off).await.expect(204);
    assert_eq!(client.get(&clients).await.expect(200)["clients"], json!([]));

    client.delete(&format!("/connections/{}", connection["id"].as_str().unwrap())).await;
    assert_eq!(client.get(&format!("{base}/enabled_connections")).await.expect(200), json!([]));

    let part = reqwest::multipart::Part::text("[]").file_name("users.json").mime_str("application/json").unwrap();
    let id = client.get("/connections?strategy=email").await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    let form =
        reqwest::multipart::Form::new().part("users", part).text("connection_id", id.clone()).text("upsert", "true");
    let import = client.request(Method::POST, "/jobs/users-imports").multipart(form);
    let job = Answer::of(import.send().await.unwrap()).await;
    let job = job.expect(202);
    assert_eq!(
        (&job["status"], &job["type"], &job["connection_id"]),
        (&json!("pending"), &json!("users_import"), &json!(id))
    );
    assert_eq!(client.get(&format!("/jobs/{}", job["id"].as_str().unwrap())).await.expect(200)["id"], job["id"]);
}

#[tokio::test]
async fn an_address_that_is_to_be_verified_gets_a_mail() {
    let client = Client::new(0).await;
    let user =
        json!({"connection": "Username-Password-Authentication", "email": "Ann@Example.com", "password": "Secret-12"});
    let mut asked = user.clone();
    asked["email"] = json!("bob@example.com");
    asked["verify_email"] = json!(true);
    assert_eq!(client.post("/users", user).await.expect(201)["email"], json!("ann@example.com"));
    let bob = client.post("/users", asked).await.expect(201);
    let sent = client.sandbox.outbox();
    assert_eq!((sent.len(), sent[0].to.as_str(), sent[0].template.as_str()), (1, "bob@example.com", "verify_email"));
    client.http.get(sent[0].link.as_ref().unwrap()).send().await.unwrap().error_for_status().unwrap();
    let path = format!("/users/{}", bob["user_id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.expect(200)["email_verified"], json!(true));
}

#[tokio::test]
async fn what_the_state_refuses_is_sampled_when_that_is_asked_for() {
    let client = Client::of(auth0_sandbox::Sandbox::builder().sample_refused(true)).await;
    for path in
        ["/users/none", "/roles/none", "/emails/provider", "/users/none/roles", "/logs?from=none", "/users?q=a%20b"]
    {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.header("x-sandbox-sampled")), (200, Some("true")), "{path}");
    }
    client.post("/users/none/roles", json!({"roles": ["none"]})).await.expect(204);
    client.post("/users", json!({"connection": "none"})).await.expect(201);
    client.post("/users", json!({"connection": 1})).await.expect(400);
    assert_eq!(client.get("/nothing/here").await.expect(404)["message"], Value::from("Not Found"));
}

#[tokio::test]
async fn the_clients_of_a_connection_are_those_that_were_enabled() {
    let client = Client::new(0).await;
    let clients = client.get("/clients?fields=client_id&is_global=false").await.expect(200);
    let [one, two] = [0, 1].map(|index| clients[index]["client_id"].as_str().unwrap().to_owned());
    let body = json!({"name": "chosen", "strategy": "auth0", "enabled_clients": [one]});
    let made = client.post("/connections", body).await.expect(201);
    let path = format!("/connections/{}", made["id"].as_str().unwrap());
    let enabled = async || client.get(&format!("{path}/clients")).await.expect(200)["clients"].clone();
    assert_eq!(enabled().await, json!([{"client_id": one}]));
    client.patch(&path, json!({"enabled_clients": [two]})).await.expect(200);
    assert_eq!(enabled().await, json!([{"client_id": two}]));
    client.patch(&path, json!({"options": {}})).await.expect(200);
    assert_eq!(enabled().await, json!([{"client_id": two}]));
    client.patch(&path, json!({"enabled_clients": [one, "nobody"]})).await.expect(400);
    assert_eq!(enabled().await, json!([{"client_id": two}]));
}
