//! What nobody should send, and files that nobody should have: each is refused with its reason, and nothing is lost.

use crate::client::{Answer, Client};
use auth0_sandbox::{Sandbox, SandboxError};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["errorCode"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn queries_that_make_no_sense_are_refused_with_the_parameter() {
    let client = Client::new(3).await;
    for (query, word) in [
        ("per_page=many", "per_page"),
        ("per_page=101", "per_page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("include_totals=maybe", "include_totals"),
        ("no_such=1", "no_such"),
        ("sort=email", "sort"),
        ("sort=email:up", "sort"),
        ("q=email:", "value"),
        ("q=a%20b", "field"),
        ("q=(email:a", "parenthesis"),
        ("q=logins_count:%5B1%20TO", "range"),
        ("search_engine=v9", "search_engine"),
        ("take=10&page=1", "take"),
        ("per_page=%zz", "per_page"),
        ("page=99999999999999999999", "page"),
        ("per_page=100&page=10", "1000"),
    ] {
        let answer = client.get(&format!("/users?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        assert_eq!(answer.body["statusCode"], json!(400));
        assert!(answer.body["message"].as_str().unwrap().contains(word), "{query}: {}", answer.body);
    }
    // Escapes that are none stay what they are: here, somebody's odd name.
    assert_eq!(client.get("/users?q=name:%zz").await.expect(200), json!([]));
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused_and_the_state_stays() {
    let client = Client::new(0).await;
    let send = async |media_type: &'static str, body: Vec<u8>| {
        let request = client.request(Method::POST, "/roles").header("content-type", media_type).body(body);
        Answer::of(request.send().await.unwrap()).await
    };
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    for body in [
        &b"{"[..],
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{\"name\":1}",
        b"{\"name\":\"a\",\"name2\":1}",
        b"{}",
        b"",
        &deep,
    ] {
        let answer = send("application/json", body.to_vec()).await;
        assert_eq!(
            code(&answer),
            (400, "invalid_body"),
            "{}: {}",
            String::from_utf8_lossy(&body[..body.len().min(20)]),
            answer.body
        );
    }
    assert_eq!(send("text/plain", b"{\"name\":\"a\"}".to_vec()).await.status, 415);
    assert_eq!(send("multipart/form-data; boundary=x", b"--x".to_vec()).await.status, 415);
    let large = |bytes: usize| json!({"name": "large", "description": "d".repeat(bytes)}).to_string().into_bytes();
    for bytes in [1 << 20, 4 << 20, 70 << 20] {
        let answer = send("application/json", large(bytes)).await;
        assert_eq!((answer.status, &answer.body["statusCode"]), (413, &json!(413)), "{bytes}");
    }
    assert_eq!(client.get("/roles").await.expect(200).as_array().unwrap().len(), 3);
    let metadata = json!({"connection": crate::login::CONNECTION, "email": "l@example.com", "password": "Secret-12",
                          "user_metadata": {"text": "m".repeat(900_000)}});
    let user = client.post("/users", metadata).await.expect(201);
    assert_eq!(user["user_metadata"]["text"].as_str().unwrap().len(), 900_000);
    let entry = client
        .sandbox
        .requests()
        .into_iter()
        .rev()
        .find(|entry| entry.path == "/api/v2/roles" && entry.status == Some(413))
        .unwrap();
    assert!(entry.body["bytes"].as_u64().unwrap() > 1 << 20);
}

#[tokio::test]
async fn tokens_that_do_not_allow_it_are_told_what_would() {
    let client = Client::new(1).await;
    let (id, secret) = client.sandbox.limited_client();
    let token = client.token_answer(id, secret).await.expect(200)["access_token"].as_str().unwrap().to_owned();
    let ask = async |method: Method, path: &str, header: Option<String>| {
        let request = client.http.request(method, format!("{}{path}", client.sandbox.base_url()));
        Answer::of(
            header
                .iter()
                .fold(request, |request, header| request.header("authorization", header))
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    let bearer = Some(format!("Bearer {token}"));
    ask(Method::GET, "/users", bearer.clone()).await.expect(200);
    let refused = ask(Method::GET, "/roles", bearer.clone()).await;
    assert_eq!(code(&refused), (403, "insufficient_scope"));
    assert!(refused.body["message"].as_str().unwrap().contains("read:roles"), "{}", refused.body);
    assert_eq!(ask(Method::DELETE, "/users/a", bearer.clone()).await.status, 403);
    assert_eq!(ask(Method::GET, "/users", None).await.status, 401);
    assert_eq!(ask(Method::GET, "/users", Some("Bearer x.y.z".into())).await.status, 401);
    assert_eq!(ask(Method::GET, "/users", Some("Basic x".into())).await.status, 400);
    assert_eq!(ask(Method::GET, "/no/such/thing", bearer.clone()).await.status, 404);
    assert_eq!(ask(Method::PUT, "/users", bearer.clone()).await.status, 404);
    for path in ["/users/..%2Froles", "/users/%2e%2e", "/users/%00", "/users/%ff"] {
        assert_eq!(ask(Method::GET, path, bearer.clone()).await.status, 404, "{path}");
    }
}

/// A path that is empty after the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn a_data_file_that_was_damaged_anywhere_is_refused_and_kept_or_still_whole() {
    let place = Place::new("damaged.redb");
    let first = Sandbox::builder().users(20).data(place.0.to_str().unwrap()).start().await.unwrap();
    first.shutdown().await;
    let whole = std::fs::read(&place.0).unwrap();
    let open = async || Sandbox::builder().data(place.0.to_str().unwrap()).start().await;
    let mut refused = 0;
    let mut damaged: Vec<Vec<u8>> =
        [0, 1, 512, whole.len() / 2, whole.len() - 4096].map(|end| whole[..end].to_vec()).to_vec();
    // Where the data are, and not where the file is empty.
    let written: Vec<usize> = (0..whole.len()).filter(|index| whole[*index] != 0).collect();
    for step in 0..40 {
        let mut copy = whole.clone();
        let at = written[written.len() * step / 40];
        copy.iter_mut().skip(at).take(64).for_each(|byte| *byte = !*byte);
        damaged.push(copy);
    }
    for content in damaged.iter().skip(1) {
        std::fs::write(&place.0, content).unwrap();
        match open().await {
            Ok(sandbox) => sandbox.shutdown().await,
            Err(error) => {
                assert!(matches!(error, SandboxError::Data { .. }), "{error}");
                assert!(error.to_string().contains("left as it is"), "{error}");
                assert!(std::fs::read(&place.0).unwrap() == *content, "it was changed");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
    std::fs::write(&place.0, &whole).unwrap();
    open().await.unwrap().shutdown().await;
    let folder = Sandbox::builder().data(env!("CARGO_TARGET_TMPDIR")).start().await.unwrap_err();
    assert!(matches!(folder, SandboxError::Data { .. }), "{folder}");
    let nowhere = Place::new("no/such/folder.redb");
    assert!(matches!(
        Sandbox::builder().data(nowhere.0.to_str().unwrap()).start().await.unwrap_err(),
        SandboxError::Data { .. }
    ));
}

#[tokio::test]
async fn bad_seeds_are_told_with_line_and_reason() {
    for (text, line, word) in [
        ("users:\n  - { email: nonsense }\n", "2", "email"),
        ("roles:\n  - { name: a }\n  - { nam: b }\n", "3", "nam"),
        ("clients:\n  - { name: a, app_type: spaceship }\n", "2", "app_type"),
        ("users:\n  - { email: a@example.com, roles: [nobody] }\n", "2", "nobody"),
        ("roles: 3\nusers: []\n", "1", "roles"),
        ("roles: []\nnonsense: [1]\n", "2", "nonsense"),
        ("roles:\n  - { name: [\n", "", "seed"),
        ("{\"roles\": [{\"name\": 1}]}", "1", "name"),
        ("- a list\n", "1", "seed"),
        ("", "", "seed"),
    ] {
        let place = Place::new("bad.yaml");
        std::fs::write(&place.0, text).unwrap();
        let error = Sandbox::builder().seed_file(&place.0).start().await.map(|_| text).unwrap_err();
        assert!(matches!(error, SandboxError::Seed(_)), "{text:?}: {error:?}");
        let told = error.to_string();
        assert!(told.contains("bad.yaml") && told.contains(line), "{text:?}: {told}");
        assert!(word == "seed" || told.contains(word), "{text:?}: {told}");
    }
    let error = Sandbox::builder().seed_file("/no/such/seed.yaml").start().await.unwrap_err();
    assert!(error.to_string().contains("/no/such/seed.yaml"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let first = Sandbox::start().await.unwrap();
    let error = Sandbox::builder().port(first.port()).start().await.unwrap_err();
    assert!(matches!(error, SandboxError::Listen { .. }), "{error:?}");
    assert!(error.to_string().contains(&first.port().to_string()) && error.to_string().contains("port 0"), "{error}");
    let answer: Value = crate::client::http().get(first.origin()).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["name"], json!("auth0-sandbox"));
}
