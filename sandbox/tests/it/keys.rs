//! Keys: client assertions, signed requests, proofs of possession, rotation.

use crate::client::{Answer, Client};
use crate::login::{Browser, CALLBACK, USER, VERIFIER, challenge, claims, error, now};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// A P-256 key of a client.
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..])})
    }

    /// SPKI: the fixed head of a P-256 key, and the point.
    fn pem(&self) -> String {
        let head = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap();
        let der = [&head[..head.len() - 1], self.0.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    fn sign(&self, header: Value, claims: Value) -> String {
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn proof(&self, client: &Client, path: &str, more: Value) -> String {
        let mut claims = json!({"htm": "POST", "htu": client.origin(path), "iat": now(), "jti": unique()});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.sign(json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": self.jwk()}), claims)
    }
}

fn unique() -> String {
    let mut bytes = [0; 12];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A client with a key instead of a secret.
async fn keyed_client(client: &Client, key: &Key) -> String {
    let web = client.sandbox.web_client().0.to_owned();
    let credential = json!({"credential_type": "public_key", "name": "k", "pem": key.pem(), "alg": "RS256"});
    let made = client.post(&format!("/clients/{web}/credentials"), credential).await.expect(201);
    assert!(made.get("pem").is_none(), "{made}");
    let methods = json!({"client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": made["id"]}]}},
                         "token_endpoint_auth_method": null});
    client.patch(&format!("/clients/{web}"), methods).await.expect(200);
    web
}

#[tokio::test]
async fn assertions_are_checked_and_good_once() {
    let client = Client::new(1).await;
    let key = Key::new();
    let web = keyed_client(&client, &key).await;
    let good =
        || json!({"iss": web, "sub": web, "aud": client.origin("/"), "iat": now(), "exp": now() + 60, "jti": unique()});
    let header = json!({"alg": "ES256", "typ": "JWT"});
    let send = async |assertion: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("audience", client.sandbox.sample_api()),
            ("client_id", &*web),
            ("client_assertion", assertion),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ];
        client.token_of(&form).await
    };
    let assertion = key.sign(header.clone(), good());
    send(&assertion).await.expect(200);
    assert_eq!(error(&send(&assertion).await), (401, "invalid_client"), "replayed");
    for (name, value) in [
        ("exp", json!(now() - 1)),
        ("exp", json!(now() + 100_000)),
        ("aud", json!("https://other/")),
        ("iss", json!("other")),
        ("jti", Value::Null),
        ("iat", json!(now() + 1_000)),
    ] {
        let mut claims = good();
        claims[name] = value;
        assert_eq!(error(&send(&key.sign(header.clone(), claims)).await), (401, "invalid_client"), "{name}");
    }
    assert_eq!(error(&send(&Key::new().sign(header.clone(), good())).await), (401, "invalid_client"), "another key");
    assert_eq!(error(&send("x.y.z").await), (401, "invalid_client"));
    let secret = client.web(&[("grant_type", "client_credentials"), ("audience", client.sandbox.sample_api())]).await;
    assert_eq!(error(&secret), (401, "invalid_client"), "the secret is not a way any more");
}

#[tokio::test]
async fn signed_requests_say_all_that_counts() {
    let client = Client::new(1).await;
    let key = Key::new();
    let web = client.sandbox.web_client().0.to_owned();
    let credential = json!({"credential_type": "public_key", "name": "k", "pem": key.pem()});
    client.post(&format!("/clients/{web}/credentials"), credential).await.expect(201);
    let mut browser = Browser::new(&client.sandbox);
    let claims = json!({"iss": web, "aud": client.origin("/"), "exp": now() + 60, "client_id": web, "response_type": "code",
                        "redirect_uri": CALLBACK, "scope": "openid", "state": "inside", "code_challenge": challenge(VERIFIER),
                        "code_challenge_method": "S256", "ext-sandbox-login": USER});
    let header = json!({"alg": "ES256", "typ": "oauth-authz-req+jwt"});
    let path = |request: &str| format!("/authorize?client_id={web}&state=outside&request={request}");
    let answer = browser.get(&path(&key.sign(header.clone(), claims.clone()))).await.parameters();
    assert_eq!(answer["state"], json!("inside"));
    client.spend(answer["code"].as_str().unwrap()).await.expect(200);
    for (name, value) in
        [("iss", json!("other")), ("aud", json!("other")), ("exp", json!(now() - 1)), ("client_id", json!("other"))]
    {
        let mut claims = claims.clone();
        claims[name] = value;
        assert_eq!(browser.get(&path(&key.sign(header.clone(), claims))).await.status, 400, "{name}");
    }
    assert_eq!(browser.get(&path(&Key::new().sign(header, claims))).await.status, 400);
}

#[tokio::test]
async fn proofs_bind_tokens_and_nonces_are_asked_for() {
    let client = Client::new(1).await;
    let (key, single) = (Key::new(), client.sandbox.single_page_client_id());
    let path = client.authorize_as(&single, &[("scope", "openid offline_access"), ("ext-sandbox-login", USER)]);
    let code = Browser::new(&client.sandbox).get(&path).await.parameters()["code"].as_str().unwrap().to_owned();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("client_id", &*single),
        ("code_verifier", VERIFIER),
    ];
    let send = async |form: &[(&str, &str)], proof: String| {
        Answer::of(
            client.http.post(client.origin("/oauth/token")).header("dpop", proof).form(form).send().await.unwrap(),
        )
        .await
    };
    let first = send(&form, key.proof(&client, "/oauth/token", json!({}))).await;
    assert_eq!(error(&first), (400, "use_dpop_nonce"));
    let nonce = first.header("dpop-nonce").unwrap().to_owned();
    for wrong in [
        json!({"nonce": "made-up"}),
        json!({"nonce": nonce, "htm": "GET"}),
        json!({"nonce": nonce, "htu": "https://other/oauth/token"}),
        json!({"nonce": nonce, "iat": now() - 1_000}),
    ] {
        let answer = send(&form, key.proof(&client, "/oauth/token", wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let proof = key.proof(&client, "/oauth/token", json!({"nonce": nonce}));
    let tokens = send(&form, proof.clone()).await.expect(200);
    assert_eq!(tokens["token_type"], json!("DPoP"));
    assert_eq!(error(&send(&form, proof).await), (400, "invalid_dpop_proof"), "a proof is good once");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_id", &*single),
    ];
    assert_eq!(error(&client.token_of(&refresh).await), (400, "invalid_dpop_proof"));
    let other = Key::new().proof(&client, "/oauth/token", json!({"nonce": nonce}));
    assert_eq!(error(&send(&refresh, other).await), (400, "invalid_dpop_proof"));
    send(&refresh, key.proof(&client, "/oauth/token", json!({"nonce": nonce}))).await.expect(200);

    let token = tokens["access_token"].as_str().unwrap();
    let userinfo = async |scheme: &str, proof: Option<String>| {
        let request = client.http.get(client.origin("/userinfo")).header("authorization", format!("{scheme} {token}"));
        let request = proof.into_iter().fold(request, |request, proof| request.header("dpop", proof));
        Answer::of(request.send().await.unwrap()).await
    };
    let get = |more: Value| {
        let mut all = json!({"htm": "GET", "ath": challenge(token)});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(key.proof(&client, "/userinfo", all))
    };
    assert_eq!(userinfo("DPoP", get(json!({}))).await.expect(200)["sub"], json!(client.user_id(USER).await));
    for (scheme, proof) in [("Bearer", None), ("DPoP", None), ("DPoP", get(json!({"ath": "x"})))] {
        let refused = userinfo(scheme, proof).await;
        assert_eq!(refused.status, 401);
        assert!(refused.header("www-authenticate").unwrap().starts_with("DPoP"), "{scheme}");
    }
    client.control(Method::POST, "/dpop-nonces/expire", None).await.expect(204);
    let old = send(&refresh, key.proof(&client, "/oauth/token", json!({"nonce": nonce}))).await;
    assert_eq!(error(&old), (400, "use_dpop_nonce"));
}

#[tokio::test]
async fn keys_rotate_and_old_ones_stay_until_they_are_revoked() {
    let client = Client::new(1).await;
    let kids = async || {
        let jwks = Answer::of(client.http.get(client.origin("/.well-known/jwks.json")).send().await.unwrap())
            .await
            .expect(200);
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let before = kids().await;
    assert_eq!(before.len(), 1);
    client.control(Method::POST, "/keys/rotate", None).await.expect(204);
    let after = kids().await;
    assert_eq!((after.len(), &after[1]), (2, &before[0]));
    let tokens = client.password(USER, "Sandbox-1", "openid").await.expect(200);
    let header: Value = serde_json::from_slice(
        &URL_SAFE_NO_PAD.decode(tokens["id_token"].as_str().unwrap().split('.').next().unwrap()).unwrap(),
    )
    .unwrap();
    assert_eq!(header["kid"], after[0]);
    assert_eq!(claims(&tokens["id_token"])["email"], Value::Null);
}
