//! The example, served over loopback and called by real clients.
#![allow(clippy::expect_used, reason = "clippy knows test functions, and not the helpers of tests")]

use auth0_sdk::verify::TokenVerifier;
use auth0_sdk::{
    Algorithm, Dpop, Headers, Host, HttpRequest, Key, Method, Read, RequestBody, ReqwestTransport, Timer, TokioTimer,
    Transport,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ISSUER: &str = "https://tenant.example.com/";
const API: &str = "https://api.example.com/";

struct Served {
    host: Host,
    key: Key,
    origin: String,
}

struct Answer {
    status: u16,
    headers: Headers,
    body: String,
}

impl Answer {
    fn challenges(&self) -> Vec<String> {
        self.headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
            .map(|(_, value)| value)
            .collect()
    }
}

impl Served {
    async fn start() -> Self {
        let host = Host::of_target().expect("a host");
        let key = host.generate_key(Algorithm::ES256).await.expect("a key");
        let mut jwk: Value = serde_json::from_str(&key.public().expect("a key pair").public_json()).expect("JSON");
        jwk["kid"] = "the-key".into();
        let verifier = TokenVerifier::builder("tenant.example.com")
            .audience(API)
            .algorithms([Algorithm::ES256])
            .jwks(json!({ "keys": [jwk] }).to_string())
            .build()
            .expect("a verifier");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let app = auth0_sdk_example_axum::app(verifier, &origin);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { host, key, origin }
    }

    async fn token(&self, scope: &str, more: Value) -> String {
        let now = TokioTimer.now().as_secs();
        let mut claims = json!({
            "iss": ISSUER, "aud": API, "sub": "auth0|1", "iat": now, "exp": now + 600, "scope": scope,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": "the-key" })), part(&claims));
        let made = self.host.crypto().sign(&self.key, signed.as_bytes()).await.expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(made))
    }

    async fn send(&self, over: &dyn Transport, method: Method, path: &str, authorization: &[&str]) -> Answer {
        let mut headers = Headers::new();
        authorization.iter().for_each(|value| headers.append("authorization", *value));
        let url = format!("{}{path}", self.origin);
        let request = HttpRequest { method, url, headers, body: RequestBody::Empty, read: Read::Bytes };
        let mut response = over.send(request).await.expect("an answer");
        let mut body = Vec::new();
        while let Some(piece) = response.body.next().await.expect("a body") {
            body.extend(piece);
        }
        let body = String::from_utf8(body).expect("UTF-8");
        Answer { status: response.status, headers: response.headers, body }
    }
}

#[tokio::test]
async fn a_good_token_is_let_in_and_the_handler_gets_its_claims() {
    let served = Served::start().await;
    let plain = ReqwestTransport::new().expect("a transport");
    assert_eq!(served.send(&plain, Method::Get, "/health", &[]).await.body, "well");
    let bearer = format!("Bearer {}", served.token("read:things", Value::Null).await);
    let answer = served.send(&plain, Method::Get, "/things?page=1", &[&bearer]).await;
    assert_eq!((answer.status, answer.challenges().len()), (200, 0));
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(body, json!({ "caller": "auth0|1", "scopes": ["read:things"] }));
}

#[tokio::test]
async fn what_is_not_good_is_answered_as_rfc_6750_says() {
    let served = Served::start().await;
    let plain = ReqwestTransport::new().expect("a transport");
    let good = format!("Bearer {}", served.token("read:things", Value::Null).await);
    let expired = format!("Bearer {}", served.token("read:things", json!({ "exp": 1000 })).await);
    for (method, headers, status, word) in [
        (Method::Get, vec![], 401, "Bearer"),
        (Method::Get, vec!["Basic abc"], 401, "Bearer"),
        (Method::Get, vec!["Bearer abc"], 401, "error=\"invalid_token\""),
        (Method::Get, vec![expired.as_str()], 401, "error=\"invalid_token\""),
        (Method::Get, vec!["Bearer"], 400, "error=\"invalid_request\""),
        (Method::Get, vec![good.as_str(), good.as_str()], 400, "error=\"invalid_request\""),
        (Method::Post, vec![good.as_str()], 403, "scope=\"write:things\""),
    ] {
        let answer = served.send(&plain, method, "/things", &headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert!(answer.challenges()[0].contains(word), "{:?}", answer.challenges());
        assert!(answer.body.is_empty() && !answer.challenges().concat().contains("eyJ"));
    }
    // A token in the query is none (RFC 6750, section 5.3).
    let path = format!("/things?access_token={}", served.token("read:things", Value::Null).await);
    assert_eq!(served.send(&plain, Method::Get, &path, &[]).await.status, 401);
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_needs_its_proof() {
    let served = Served::start().await;
    let plain = ReqwestTransport::new().expect("a transport");
    let dpop = async || {
        Dpop::new(&served.host, served.host.generate_key(Algorithm::ES256).await.expect("a key")).expect("a key pair")
    };
    let (mine, other) = (dpop().await, dpop().await);
    let jkt = mine.thumbprint().await.expect("a digest");
    let token = served.token("read:things", json!({ "cnf": { "jkt": jkt } })).await;
    let bearer = format!("Bearer {token}");
    let over = |dpop: &Dpop| dpop.transport(ReqwestTransport::new().expect("a transport"));
    // In a nested router, too.
    for path in ["/things?page=1", "/admin/users"] {
        assert_eq!(served.send(&over(&mine), Method::Get, path, &[&bearer]).await.status, 200, "{path}");
        for transport in [&over(&other) as &dyn Transport, &plain] {
            let answer = served.send(transport, Method::Get, path, &[&bearer]).await;
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.challenges().iter().any(|value| value.starts_with("DPoP ")), "{:?}", answer.challenges());
        }
    }
    // A proof for one route opens no other, and none a second time.
    let proof = mine.proof("GET", &format!("{}/things", served.origin), Some(&token)).await.expect("a proof");
    let replay = async |path: &str| {
        let mut headers = Headers::new();
        headers.append("authorization", format!("DPoP {token}"));
        headers.append("dpop", proof.as_str());
        let url = format!("{}{path}", served.origin);
        let request = HttpRequest { method: Method::Get, url, headers, body: RequestBody::Empty, read: Read::Bytes };
        plain.send(request).await.expect("an answer").status
    };
    assert_eq!((replay("/admin/users").await, replay("/things").await, replay("/things").await), (401, 200, 401));
    // A token that is bound to nothing does not open what wants DPoP.
    let free = format!("Bearer {}", served.token("read:things", Value::Null).await);
    assert_eq!(served.send(&plain, Method::Get, "/admin/users", &[&free]).await.status, 401);
}
