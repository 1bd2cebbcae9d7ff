//! Custom domains: whose tokens are issued, and where links lead.

use crate::client::{Answer, Client};
use crate::login::{CONNECTION, USER};
use reqwest::Method;
use serde_json::{Value, json};

const DOMAIN: &str = "login.example.com";

async fn custom_domain(client: &Client) -> String {
    let made =
        client.post("/custom-domains", json!({"domain": DOMAIN, "type": "auth0_managed_certs"})).await.expect(201);
    assert_eq!(made["status"], json!("pending_verification"));
    made["custom_domain_id"].as_str().unwrap().to_owned()
}

async fn at(client: &Client, host: &str, path: &str) -> Value {
    let request = client.http.get(client.origin(path)).header("host", host);
    Answer::of(request.send().await.unwrap()).await.expect(200)
}

#[tokio::test]
async fn a_verified_domain_is_an_issuer_of_its_own() {
    let client = Client::new(1).await;
    let id = custom_domain(&client).await;
    let port = client.sandbox.domain().rsplit_once(':').unwrap().1.to_owned();
    let host = format!("{DOMAIN}:{port}");
    let own = client.origin("/");
    let discovery = "/.well-known/openid-configuration";
    assert_eq!(at(&client, &host, discovery).await["issuer"], json!(own), "not verified yet");
    let verify = client.request(Method::POST, &format!("/custom-domains/{id}/verify"));
    assert_eq!(Answer::of(verify.send().await.unwrap()).await.expect(200)["status"], json!("ready"));

    let issuer = format!("http://{host}/");
    let found = at(&client, &host, discovery).await;
    assert_eq!(found["issuer"], json!(issuer));
    assert_eq!(found["jwks_uri"], json!(format!("{issuer}.well-known/jwks.json")));
    assert_eq!(at(&client, client.sandbox.domain(), discovery).await["issuer"], json!(own));
    assert_eq!(at(&client, "other.example.com", discovery).await["issuer"], json!(own));
    assert_eq!(
        at(&client, &host, "/.well-known/jwks.json").await,
        at(&client, "localhost", "/.well-known/jwks.json").await
    );

    let (web, secret) = client.sandbox.web_client();
    let form = [
        ("grant_type", "http://auth0.com/oauth/grant-type/password-realm"),
        ("realm", CONNECTION),
        ("username", USER),
        ("password", "Sandbox-1"),
        ("scope", "openid profile"),
        ("client_id", web),
        ("client_secret", secret),
    ];
    let request = client.http.post(client.origin("/oauth/token")).header("host", &host).form(&form);
    let tokens = Answer::of(request.send().await.unwrap()).await.expect(200);
    assert_eq!(crate::login::claims(&tokens["id_token"])["iss"], json!(issuer));
    let request = client.http.get(client.origin("/userinfo")).header("host", &host);
    let request = request.bearer_auth(tokens["access_token"].as_str().unwrap());
    assert!(Answer::of(request.send().await.unwrap()).await.expect(200)["name"].is_string());
    // Behind a proxy that ends TLS, without a port.
    let request = client.http.get(client.origin(discovery)).header("host", DOMAIN).header("x-forwarded-proto", "https");
    assert_eq!(
        Answer::of(request.send().await.unwrap()).await.expect(200)["issuer"],
        json!(format!("https://{DOMAIN}/"))
    );
}

#[tokio::test]
async fn links_lead_to_the_domain_of_the_header_or_the_default_one() {
    let client = Client::new(1).await;
    let id = custom_domain(&client).await;
    let user = client.get("/users").await.expect(200)[0]["user_id"].clone();
    let ticket = async |domain: Option<&str>| {
        let request = client.request(Method::POST, "/tickets/email-verification").json(&json!({"user_id": user}));
        let request = domain.into_iter().fold(request, |request, domain| request.header("auth0-custom-domain", domain));
        Answer::of(request.send().await.unwrap()).await
    };
    let refused = ticket(Some(DOMAIN)).await;
    assert_eq!((refused.status, refused.body["errorCode"].as_str()), (400, Some("invalid_custom_domain")));
    let verify = client.request(Method::POST, &format!("/custom-domains/{id}/verify"));
    verify.send().await.unwrap().error_for_status().unwrap();
    let begins = |answer: Answer, begin: &str| {
        let link = answer.expect(201)["ticket"].as_str().unwrap().to_owned();
        assert!(link.starts_with(begin), "{link}");
    };
    let custom = format!("http://{DOMAIN}:");
    begins(ticket(Some(DOMAIN)).await, &custom);
    begins(ticket(None).await, &client.origin("/u/"));
    assert_eq!(client.get("/custom-domains/default").await.expect(200)["domain"], json!(client.sandbox.domain()));
    client.patch("/custom-domains/default", json!({"domain": "nobody.example.com"})).await.expect(404);
    let chosen = client.patch("/custom-domains/default", json!({"domain": DOMAIN})).await.expect(200);
    assert_eq!((&chosen["domain"], &chosen["is_default"]), (&json!(DOMAIN), &json!(true)));
    begins(ticket(None).await, &custom);
    begins(ticket(Some(client.sandbox.domain())).await, &client.origin("/u/"));
    let body = json!({"client_id": client.sandbox.web_client().0, "email": USER, "connection": CONNECTION});
    client.http.post(client.origin("/dbconnections/change_password")).json(&body).send().await.unwrap();
    assert!(client.sandbox.outbox()[0].link.as_ref().unwrap().starts_with(&custom));
}
