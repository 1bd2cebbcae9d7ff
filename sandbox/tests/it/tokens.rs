use crate::client::{Answer, Client};
use auth0_sandbox::Sandbox;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use serde_json::{Value, json};
use sha2::Sha256;

fn part(token: &str, index: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_has_auth0s_claims_and_is_signed_by_the_published_key() {
    let client = Client::of(Sandbox::builder().token_lifetime(600)).await;
    let sandbox = &client.sandbox;
    let answer = client.token_answer(sandbox.client_id(), sandbox.client_secret()).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.expect(200);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&json!(600), &json!("Bearer")));
    let token = body["access_token"].as_str().unwrap();
    let claims: Value = serde_json::from_slice(&part(token, 1)).unwrap();
    assert_eq!(claims["iss"], json!(format!("{}/", sandbox.origin())));
    assert_eq!(claims["sub"], json!(format!("{}@clients", sandbox.client_id())));
    assert_eq!(claims["aud"], json!(sandbox.audience()));
    assert_eq!(claims["azp"], json!(sandbox.client_id()));
    assert_eq!(claims["gty"], json!("client-credentials"));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_eq!(claims["scope"], body["scope"]);
    assert!(claims["scope"].as_str().unwrap().split(' ').any(|scope| scope == "update:users"));

    let header: Value = serde_json::from_slice(&part(token, 0)).unwrap();
    let keys =
        Answer::of(client.http.get(client.origin("/.well-known/jwks.json")).send().await.unwrap()).await.expect(200);
    let key = &keys["keys"][0];
    assert_eq!((&header["alg"], &header["typ"], &header["kid"]), (&json!("RS256"), &json!("JWT"), &key["kid"]));
    let number = |name: &str| {
        rsa::BoxedUint::from_be_slice_vartime(&URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap())
    };
    let public = rsa::PublicKey::new(number("n"), number("e")).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let verifying = VerifyingKey::<Sha256>::new(public);
    let signature = Signature::try_from(part(token, 2).as_slice()).unwrap();
    verifying.verify(signed.as_bytes(), &signature).unwrap();
    assert!(verifying.verify(b"something else", &signature).is_err());

    let discovery = client.origin("/.well-known/openid-configuration");
    let discovery = Answer::of(client.http.get(discovery).send().await.unwrap()).await.expect(200);
    assert_eq!(discovery["issuer"], claims["iss"]);
    assert_eq!(discovery["token_endpoint"], json!(client.origin("/oauth/token")));
}

#[tokio::test]
async fn forms_basic_authentication_and_https_audiences_work_too() {
    let client = Client::new(0).await;
    let sandbox = &client.sandbox;
    let audience = sandbox.audience().replace("http://", "https://");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", sandbox.client_id()),
        ("client_secret", sandbox.client_secret()),
        ("audience", &audience),
    ];
    let send = |request: reqwest::RequestBuilder| async { Answer::of(request.send().await.unwrap()).await };
    let url = client.origin("/oauth/token");
    let body = send(client.http.post(&url).form(&form)).await.expect(200);
    let token = body["access_token"].as_str().unwrap();
    let users = client.http.get(format!("{}/users", sandbox.base_url())).bearer_auth(token);
    assert_eq!(send(users).await.status, 200);
    let basic = |secret: &str| client.http.post(&url).basic_auth(sandbox.client_id(), Some(secret));
    let form = [("grant_type", "client_credentials"), ("audience", &audience), ("scope", "read:users")];
    let body = send(basic(sandbox.client_secret()).form(&form)).await.expect(200);
    assert_eq!(body["scope"], json!("read:users"));
    assert_eq!(send(basic("wrong").form(&form)).await.status, 401);
}

#[tokio::test]
async fn token_errors_have_the_oauth_shape() {
    let client = Client::new(0).await;
    let (id, secret) = (client.sandbox.client_id(), client.sandbox.client_secret());
    let audience = client.sandbox.audience();
    let cases = [
        (json!({"client_id": id, "client_secret": secret, "audience": audience}), 400, "invalid_request", "grant_type"),
        (
            json!({"grant_type": "password", "client_id": id, "client_secret": secret}),
            403,
            "unauthorized_client",
            "password",
        ),
        (
            json!({"grant_type": "telepathy", "client_id": id, "client_secret": secret}),
            403,
            "unsupported_grant_type",
            "telepathy",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": "x", "audience": audience}),
            401,
            "access_denied",
            "Unauthorized",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": "x", "client_secret": secret, "audience": audience}),
            401,
            "access_denied",
            "Unauthorized",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "audience": "https://nowhere/"}),
            403,
            "access_denied",
            "https://nowhere/",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}),
            403,
            "access_denied",
            "audience",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "audience": "https://api.example.com/"}),
            403,
            "access_denied",
            "client-grant",
        ),
        (
            json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "audience": audience, "scope": "fly:high"}),
            403,
            "access_denied",
            "fly:high",
        ),
    ];
    for (body, status, error, description) in cases {
        let answer =
            Answer::of(client.http.post(client.origin("/oauth/token")).json(&body).send().await.unwrap()).await;
        assert_eq!((answer.status, answer.body["error"].as_str()), (status, Some(error)), "{body} {}", answer.body);
        assert!(answer.body["error_description"].as_str().unwrap().contains(description), "{}", answer.body);
    }
    let text = client.http.post(client.origin("/oauth/token")).header("content-type", "text/plain").body("x");
    assert_eq!(Answer::of(text.send().await.unwrap()).await.expect(400)["error"], json!("invalid_request"));
}

#[tokio::test]
async fn a_created_client_with_a_grant_gets_its_own_tokens() {
    let client = Client::new(1).await;
    let made = client.post("/clients", json!({"name": "mine", "app_type": "non_interactive"})).await.expect(201);
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert_eq!(client.token_answer(id, secret).await.status, 403);
    let grant = json!({"client_id": id, "audience": client.sandbox.audience(), "scope": ["read:roles"]});
    client.post("/client-grants", grant).await.expect(201);
    assert_eq!(client.token_answer(id, secret).await.expect(200)["scope"], json!("read:roles"));
    let rotated = client.request(reqwest::Method::POST, &format!("/clients/{id}/rotate-secret")).send().await.unwrap();
    let rotated = Answer::of(rotated).await.expect(200);
    assert_eq!(client.token_answer(id, secret).await.status, 401);
    assert_eq!(client.token_answer(id, rotated["client_secret"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn bad_expired_revoked_and_narrow_tokens_are_refused() {
    let mut client = Client::of(Sandbox::builder().users(1).token_lifetime(60)).await;
    let good = client.token.clone();
    let url = format!("{}/users", client.sandbox.base_url());
    let without = Answer::of(client.http.get(&url).send().await.unwrap()).await;
    let error = json!({"statusCode": 401, "error": "Unauthorized", "message": "Missing authentication"});
    assert_eq!(without.expect(401), error);
    client.token = format!("{good}x");
    assert_eq!(client.get("/users").await.expect(401)["message"], json!("Invalid token"));

    client.token = good.clone();
    client.get("/users").await.expect(200);
    client.sandbox.advance_clock(50_000);
    client.get("/users").await.expect(200);
    client.sandbox.advance_clock(11_000);
    let message = "Expired token received for JSON Web Token validation";
    assert_eq!(client.get("/users").await.expect(401)["message"], json!(message));

    client.sandbox.reset();
    client.get("/users").await.expect(200);
    client.control(reqwest::Method::POST, "/revoke-tokens", None).await.expect(204);
    assert_eq!(client.get("/users").await.expect(401)["message"], json!("Invalid token"));

    let (id, secret) = client.sandbox.limited_client();
    let limited = client.token_answer(id, secret).await.expect(200);
    assert_eq!(limited["scope"], json!("read:users"));
    client.token = limited["access_token"].as_str().unwrap().to_owned();
    client.get("/users").await.expect(200);
    let error = json!({"statusCode": 403, "error": "Forbidden", "message": "Insufficient scope, expected any of: create:users",
                       "errorCode": "insufficient_scope"});
    assert_eq!(client.post("/users", json!({"connection": "x"})).await.expect(403), error);
}
