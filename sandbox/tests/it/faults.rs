use crate::client::{Answer, Client};
use auth0_sandbox::Fault;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "these tests measure real delays")]
    Instant::now()
}

async fn order(client: &Client, fault: Value) {
    client.control(Method::POST, "/faults", Some(fault)).await.expect(204);
}

/// What comes over the wire, to its end or its failure.
async fn raw(client: &Client, path: &str) -> (String, std::io::Result<usize>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        client.sandbox.domain(),
        client.token
    );
    let domain = client.sandbox.domain().to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(domain).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes);
        (String::from_utf8(bytes).unwrap(), end)
    });
    reading.await.unwrap()
}

#[tokio::test]
async fn a_status_comes_as_often_as_ordered_with_headers_and_body() {
    let client = Client::new(1).await;
    let fault = json!({"match": {"operation": "users.list"}, "times": 2, "status": 503,
                       "headers": {"Retry-After": "7"}, "body": {"statusCode": 503, "message": "later"}});
    order(&client, fault).await;
    assert_eq!(client.get("/roles").await.status, 200);
    for _ in 0..2 {
        let answer = client.get("/users").await;
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert_eq!(answer.expect(503)["message"], json!("later"));
    }
    assert_eq!(client.get("/users").await.status, 200);
    let faulty: Vec<bool> = client.sandbox.requests().iter().map(|entry| entry.fault).collect();
    assert_eq!(faulty, [false, false, true, true, false]);
}

#[tokio::test]
async fn faults_match_method_and_path_queue_and_can_be_forgotten() {
    let client = Client::new(1).await;
    order(&client, json!({"match": {"method": "POST", "path": "/oauth/token"}, "status": 500})).await;
    order(&client, json!({"match": {"path": "/api/v2/roles"}, "status": 502, "body": "<html>bad gateway</html>"}))
        .await;
    order(&client, json!({"match": {"path": "/api/v2/roles"}, "status": 500})).await;
    let token = client.token_answer(client.sandbox.client_id(), client.sandbox.client_secret());
    assert_eq!(token.await.expect(500)["statusCode"], json!(500));
    assert_eq!(client.get("/roles").await.expect(502), json!("<html>bad gateway</html>"));
    let left = client.control(Method::GET, "/faults", None).await.expect(200);
    assert_eq!((left.as_array().unwrap().len(), &left[0]["status"]), (1, &json!(500)));
    client.control(Method::DELETE, "/faults", None).await.expect(204);
    assert_eq!(client.get("/roles").await.status, 200);
    for wrong in [
        json!({"statsu": 1}),
        json!({"status": 99}),
        json!({"times": 0}),
        json!({"status": 500, "headers": {"a b": "c"}}),
    ] {
        client.control(Method::POST, "/faults", Some(wrong)).await.expect(400);
    }
}

#[tokio::test]
async fn a_reset_closes_the_connection_without_an_answer_and_without_the_deed() {
    let client = Client::new(0).await;
    client.sandbox.fault(Fault::reset().on_operation("roles.create")).unwrap();
    let sent = client.request(Method::POST, "/roles").json(&json!({"name": "x"})).send().await;
    assert!(sent.is_err());
    assert_eq!(client.get("/roles").await.expect(200).as_array().unwrap().len(), 3);
    client.sandbox.fault(Fault::reset()).unwrap();
    let (text, end) = raw(&client, "/api/v2/roles").await;
    assert_eq!((text.as_str(), end.map_err(|error| error.kind())), ("", Err(std::io::ErrorKind::ConnectionReset)));
    assert_eq!(client.sandbox.requests().last().unwrap().status, None);
}

#[tokio::test]
async fn a_truncated_body_announces_more_than_it_brings() {
    let client = Client::new(0).await;
    client.sandbox.fault(Fault::truncate(10).on_path("/api/v2/roles")).unwrap();
    let (text, _) = raw(&client, "/api/v2/roles").await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"));
    let announced: usize =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    assert_eq!(body.len(), 10);
    assert!(announced > 100, "{announced}");
    client.sandbox.fault(Fault::truncate(0)).unwrap();
    let response = client.request(Method::GET, "/roles").send().await.unwrap();
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn delays_hold_back_the_answer_or_its_body() {
    let client = Client::new(0).await;
    client.sandbox.fault(Fault::delay_ms(300)).unwrap();
    let start = now();
    assert_eq!(client.get("/roles").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    client.sandbox.fault(Fault::body_delay_ms(400)).unwrap();
    let start = now();
    let response = client.request(Method::GET, "/roles").send().await.unwrap();
    let headers = start.elapsed();
    let body = Answer::of(response).await;
    assert!(headers < Duration::from_millis(200), "{headers:?}");
    assert!(start.elapsed() >= Duration::from_millis(390));
    assert_eq!(body.expect(200).as_array().unwrap().len(), 3);
}
