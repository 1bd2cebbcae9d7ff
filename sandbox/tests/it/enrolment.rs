//! The page of an enrolment ticket.

use crate::client::Client;
use crate::factors::app_code;
use crate::login::{Browser, USER};
use reqwest::Method;
use serde_json::{Value, json};

async fn ticket(client: &Client, more: Value) -> String {
    let user = client.get("/users").await.expect(200)[0]["user_id"].clone();
    let mut body = json!({"user_id": user});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = client.post("/guardian/enrollments/ticket", body).await.expect(200);
    let url = made["ticket_url"].as_str().unwrap().to_owned();
    assert!(url.ends_with(made["ticket_id"].as_str().unwrap()), "{url}");
    url
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap_or_else(|| panic!("{text}")).0
}

#[tokio::test]
async fn an_app_is_enrolled_and_asked_for_at_the_next_login() {
    let client = Client::new(1).await;
    let mut browser = Browser::new(&client.sandbox);
    let link = ticket(&client, json!({"send_mail": true})).await;
    assert_eq!(client.sandbox.outbox()[0].link.as_deref(), Some(&*link));
    let choice = browser.get(&link).await.expect(200);
    for name in ["otp", "phone", "email", "push-notification"] {
        assert!(choice.as_str().unwrap().contains(&format!("value=\"{name}\"")), "{choice}");
    }
    let page = browser.post(&link, &[("factor", "otp")]).await.expect(200);
    let secret = between(page.as_str().unwrap(), "id=\"secret\">", "<").to_owned();
    let wrong = browser.post(&link, &[("code", "000000")]).await;
    assert!(wrong.status == 400 && wrong.body.as_str().unwrap().contains("role=\"alert\""), "{}", wrong.body);
    let code = app_code(&secret, 0);
    let done = browser.post(&link, &[("code", &code)]).await.expect(200);
    assert!(done.as_str().unwrap().contains("id=\"recovery\""), "{done}");
    browser.get(&link).await.expect(400);

    let user = client.get("/users").await.expect(200)[0]["user_id"].as_str().unwrap().replace('|', "%7C");
    let enrolments = client.get(&format!("/users/{user}/enrollments")).await.expect(200);
    assert_eq!(
        (&enrolments[0]["status"], &enrolments[0]["auth_method"]),
        (&json!("confirmed"), &json!("authenticator"))
    );
    let path = format!("/guardian/enrollments/{}", enrolments[0]["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.expect(200)["status"], json!("confirmed"));
    client.send(Method::PUT, "/guardian/policies", json!(["all-applications"])).await.expect(200);
    assert_eq!(client.password(USER, "Sandbox-1", "openid").await.expect(403)["error"], json!("mfa_required"));
    let again = ticket(&client, json!({})).await;
    assert!(browser.get(&again).await.expect(200).as_str().unwrap().contains("already"));
    let again = ticket(&client, json!({"allow_multiple_enrollments": true, "factor": "phone"})).await;
    let page = browser.get(&again).await.expect(200);
    assert!(page.as_str().unwrap().contains("phone_number") && !page.as_str().unwrap().contains("value=\"otp\""));
    client.delete(&path).await.expect(204);
    client.get(&path).await.expect(404);
    assert!(
        !client.get(&format!("/users/{user}/authentication-methods")).await.expect(200).to_string().contains("totp")
    );
}

#[tokio::test]
async fn a_phone_is_enrolled_with_the_code_of_its_message() {
    let client = Client::new(1).await;
    let mut browser = Browser::new(&client.sandbox);
    let link = ticket(&client, json!({"factor": "phone"})).await;
    assert_eq!(browser.post(&link, &[("factor", "otp")]).await.status, 400);
    assert_eq!(browser.post(&link, &[("factor", "phone")]).await.status, 400);
    browser.post(&link, &[("factor", "phone"), ("phone_number", "+15550100")]).await.expect(200);
    let message = client.sandbox.outbox().into_iter().find(|one| one.kind == "sms").unwrap();
    assert_eq!(message.to, "+15550100");
    browser.post(&link, &[("code", &message.code.unwrap())]).await.expect(200);
    let user = client.get("/users").await.expect(200)[0]["user_id"].as_str().unwrap().replace('|', "%7C");
    let enrolments = client.get(&format!("/users/{user}/enrollments")).await.expect(200);
    assert_eq!((&enrolments[0]["auth_method"], &enrolments[0]["phone_number"]), (&json!("sms"), &json!("+15550100")));
}
