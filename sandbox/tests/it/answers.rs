//! What all answers have in common: validation, limits, headers, cross-origin access, the journal.

use crate::client::{Answer, Client};
use auth0_sandbox::{Match, RateLimit, Sandbox, SandboxError};
use reqwest::Method;
use serde_json::{Value, json};

fn code(answer: &Answer) -> (u16, Option<&str>) {
    (answer.status, answer.body["errorCode"].as_str())
}

#[tokio::test]
async fn requests_that_the_description_does_not_allow_are_refused() {
    let client = Client::new(1).await;
    let missing = client.post("/roles", json!({})).await;
    assert_eq!(
        missing.expect(400),
        json!({"statusCode": 400, "error": "Bad Request",
               "message": "Payload validation error: 'Missing required property: name'.", "errorCode": "invalid_body"})
    );
    let create = |body: Value| client.post("/users", body);
    for body in [
        json!({"connection": 1}),
        json!({"connection": "x", "email": "nobody"}),
        json!({"connection": "x", "no_such_member": 1}),
        json!({"connection": "x", "given_name": ""}),
        json!({"connection": "x", "phone_number": "12"}),
        json!(["connection"]),
    ] {
        assert_eq!(code(&create(body.clone()).await), (400, Some("invalid_body")), "{body}");
    }
    for query in ["no_such=1", "page=-1", "page=one", "include_totals=yes", "per_page=1&per_page=2", "search_engine=v9"]
    {
        let answer = client.get(&format!("/users?{query}")).await;
        assert_eq!(code(&answer), (400, Some("invalid_query_string")), "{query}");
    }
    let email = client.get("/users-by-email").await.expect(400);
    assert_eq!(email["message"], json!("Query validation error: 'Missing required property: email'."));
    let path = client.get("/event-streams/short").await;
    assert_eq!(code(&path), (400, Some("invalid_uri")));

    let broken = client.request(Method::POST, "/roles").header("content-type", "application/json").body("{").send();
    assert_eq!(code(&Answer::of(broken.await.unwrap()).await), (400, Some("invalid_body")));
    let text = client.request(Method::POST, "/roles").header("content-type", "text/plain").body("{}").send();
    assert_eq!(Answer::of(text.await.unwrap()).await.status, 415);
    let form = client.request(Method::POST, "/roles").form(&[("name", "by-form")]).send();
    assert_eq!(Answer::of(form.await.unwrap()).await.expect(200)["name"], json!("by-form"));
    let nothing = client.request(Method::POST, "/roles").send();
    assert_eq!(code(&Answer::of(nothing.await.unwrap()).await), (400, Some("invalid_body")));
    assert_eq!(code(&client.send(Method::GET, "/roles", json!({"a": 1})).await), (400, Some("invalid_body")));

    let unknown = json!({"statusCode": 404, "error": "Not Found", "message": "Not Found"});
    assert_eq!(client.get("/nothing/here").await.expect(404), unknown);
    assert_eq!(client.send(Method::PUT, "/users", json!({})).await.expect(404), unknown);
}

#[tokio::test]
async fn the_rate_limit_is_counted_told_and_lifted() {
    let client = Client::of(Sandbox::builder().rate_limit(3, 60)).await;
    for remaining in ["2", "1", "0"] {
        let answer = client.get("/roles").await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, Some(remaining)));
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("retry-after")), (Some("3"), None));
    }
    let refused = client.get("/roles").await;
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    let reset: i64 = refused.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert!((58..=60).contains(&wait), "{wait}");
    let error = json!({"statusCode": 429, "error": "Too Many Requests", "message": "Global limit has been reached",
                       "errorCode": "too_many_requests"});
    assert_eq!(refused.expect(429), error);
    client.sandbox.advance_clock(wait * 1000);
    let allowed = client.get("/roles").await;
    assert_eq!(allowed.status, 200);
    assert!(allowed.header("x-ratelimit-reset").unwrap().parse::<i64>().unwrap() > reset);

    client.control(Method::POST, "/rate-limit", Some(json!({"requests": 1, "seconds": 60}))).await.expect(204);
    assert_eq!((client.get("/roles").await.status, client.get("/roles").await.status), (200, 429));
    client.control(Method::POST, "/rate-limit", Some(Value::Null)).await.expect(204);
    assert_eq!(client.get("/roles").await.status, 200);
    client.control(Method::POST, "/rate-limit", Some(json!({"requests": 0, "seconds": 60}))).await.expect(400);
    client.sandbox.set_rate_limit(Some(RateLimit { requests: 1, seconds: 1 }));
}

#[tokio::test]
async fn pages_of_other_origins_may_call() {
    let client = Client::new(0).await;
    let preflight = client
        .http
        .request(Method::OPTIONS, client.origin("/api/v2/users"))
        .header("origin", "http://example.com")
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "authorization,auth0-client,content-type");
    let preflight = Answer::of(preflight.send().await.unwrap()).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization,auth0-client,content-type"));
    assert!(preflight.header("access-control-allow-methods").unwrap().contains("PATCH"));
    for answer in [client.get("/users").await, client.get("/nothing").await, client.token_answer("x", "y").await] {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(answer.header("access-control-expose-headers").unwrap().contains("x-ratelimit-remaining"));
        assert_eq!(answer.header("x-auth0-requestid").map(str::len), Some(20));
    }
}

#[tokio::test]
async fn the_journal_tells_what_was_asked() {
    let client = Client::new(0).await;
    client.sandbox.clear_requests();
    client.post("/roles?", json!({"name": "one"})).await.expect(200);
    client.get("/users?q=email%3Aa*").await.expect(200);
    client.get("/nothing").await.expect(404);
    let entries = client.control(Method::GET, "/requests", None).await.expect(200);
    assert_eq!(entries.as_array().unwrap().len(), 3);
    let first = &entries[0];
    assert_eq!(
        (&first["method"], &first["path"], &first["status"]),
        (&json!("POST"), &json!("/api/v2/roles"), &json!(200))
    );
    assert_eq!((&first["operation"], &first["body"]), (&json!("roles.create"), &json!({"name": "one"})));
    assert_eq!(first["headers"]["authorization"], json!(format!("Bearer {}", client.token)));
    assert_eq!((&entries[1]["query"], &entries[1]["body"]), (&json!("q=email%3Aa*"), &Value::Null));
    assert_eq!((&entries[2]["operation"], &entries[2]["fault"]), (&Value::Null, &json!(false)));
    let found = client.control(Method::GET, "/requests?operation=users.list", None).await.expect(200);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let posts = Match { method: Some("POST".into()), ..Match::default() };
    assert_eq!(client.sandbox.requests_matching(&posts).len(), 1);
    client.control(Method::DELETE, "/requests", None).await.expect(204);
    assert!(client.sandbox.requests().is_empty());
    client.control(Method::GET, "/requests?oops=1", None).await.expect(400);
}

#[tokio::test]
async fn reset_and_seed_start_over() {
    let client = Client::new(2).await;
    let before = client.get("/users").await.expect(200);
    client.delete(&format!("/users/{}", before[0]["user_id"].as_str().unwrap())).await.expect(204);
    client.post("/roles", json!({"name": "extra"})).await.expect(200);
    client.control(Method::POST, "/reset", None).await.expect(204);
    assert_eq!(client.get("/users").await.expect(200), before);
    assert_eq!(client.get("/roles").await.expect(200).as_array().unwrap().len(), 3);
    client.control(Method::POST, "/seed", Some(json!({"users": 7}))).await.expect(204);
    assert_eq!(client.get("/users").await.expect(200).as_array().unwrap().len(), 7);
    client.control(Method::POST, "/seed", Some(json!({"user": 7}))).await.expect(400);
    client.control(Method::POST, "/nothing", None).await.expect(404);
    client.control(Method::POST, "/clock", Some(json!({"advance_ms": 3_600_000}))).await.expect(204);
    let made = client.post("/roles", json!({"name": "later"})).await;
    assert_eq!(made.status, 200);
}

#[tokio::test]
async fn sandboxes_are_separate_and_stop() {
    let (one, two) = (Client::new(1).await, Client::new(2).await);
    assert_ne!(one.sandbox.port(), two.sandbox.port());
    assert_eq!(two.get("/users").await.expect(200).as_array().unwrap().len(), 2);
    let stolen =
        two.http.get(format!("{}/users", two.sandbox.base_url())).bearer_auth(&one.token).send().await.unwrap();
    assert_eq!(stolen.status().as_u16(), 401);
    let url = one.origin("/");
    let taken = Sandbox::builder().port(one.sandbox.port()).start().await;
    assert!(matches!(taken, Err(SandboxError::Listen { .. })));
    one.sandbox.shutdown().await;
    assert!(two.http.get(url).send().await.unwrap_err().is_connect());
    let url = two.origin("/");
    let http = two.http.clone();
    drop(two);
    for _ in 0..200 {
        if http.get(&url).send().await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("a dropped sandbox went on answering");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    for (builder, text) in [
        (Sandbox::builder().host("0.0.0.0"), "--allow-remote"),
        (Sandbox::builder().host("example.com"), "not an IP address"),
        (Sandbox::builder().rate_limit(0, 1), "rate limit"),
        (Sandbox::builder().token_lifetime(0), "lifetime"),
    ] {
        let error = builder.start().await.unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
}
