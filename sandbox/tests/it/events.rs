//! `GET /events` as a stream, and what the log and the outbox say of the same changes.

use crate::client::Client;
use crate::login::{CONNECTION, USER};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A stream, read message by message.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client, query: &str, last: Option<&str>) -> Self {
        let request = client.request(Method::GET, &format!("/events{query}"));
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("x-sandbox-sampled"));
        let mut stream = Self { response, text: String::new() };
        assert_eq!(stream.block().await, ":connected");
        assert!(stream.block().await.starts_with("retry: "));
        stream
    }

    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return block;
            }
            let chunk = self.response.chunk().await.unwrap().expect("more of the stream");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The type, the id and the data of the next message.
    async fn next(&mut self) -> (String, String, Value) {
        let block = self.block().await;
        let part =
            |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{block}"));
        let data: Value = serde_json::from_str(part("data: ")).unwrap();
        assert_eq!((&data["type"], &data["offset"]), (&json!(part("event: ")), &json!(part("id: "))));
        (part("event: ").to_owned(), part("id: ").to_owned(), data)
    }

    async fn types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        for _ in 0..count {
            types.push(self.next().await.0);
        }
        types
    }
}

async fn create(client: &Client, email: &str) -> Value {
    let body = json!({"connection": CONNECTION, "email": email, "password": "Secret-12"});
    client.post("/users", body).await.expect(201)
}

#[tokio::test]
async fn changes_come_as_they_happen_and_a_stream_goes_on_where_it_broke_off() {
    let client = Client::new(1).await;
    let mut stream = Stream::open(&client, "", None).await;
    let (kind, start, _) = stream.next().await;
    assert_eq!(kind, "offset-only", "a seed is no news");
    let user = create(&client, "new@example.com").await;
    let id = user["user_id"].as_str().unwrap();
    let (kind, first, data) = stream.next().await;
    assert_eq!((kind.as_str(), &data["event"]["data"]["object"]["email"]), ("user.created", &json!("new@example.com")));
    assert_eq!(data["event"]["specversion"], json!("1.0"));
    let path = format!("/users/{id}").replace('|', "%7C");
    client.patch(&path, json!({"name": "New"})).await.expect(200);
    let organization = client.post("/organizations", json!({"name": "fresh"})).await.expect(201);
    let members = format!("/organizations/{}/members", organization["id"].as_str().unwrap());
    client.post(&members, json!({"members": [id]})).await.expect(204);
    client.delete(&path).await.expect(204);
    let all = [
        "user.updated",
        "organization.created",
        "organization.member.added",
        "organization.member.deleted",
        "user.deleted",
    ];
    assert_eq!(stream.types(5).await, all);
    drop(stream);

    let mut again = Stream::open(&client, "", Some(&first)).await;
    assert_eq!(again.types(6).await, [&all[..], &["offset-only"]].concat());
    let mut again =
        Stream::open(&client, &format!("?from={start}&event_type=user.created&event_type=user.deleted"), None).await;
    assert_eq!(again.types(3).await, ["user.created", "user.deleted", "offset-only"]);
    let mut again = Stream::open(&client, "?from_timestamp=2026-01-01T00:00:00Z", None).await;
    assert_eq!(again.types(7).await.len(), 7);
    for (query, status, code) in [
        ("?from=evt-1", 400, "invalid_cursor"),
        ("?from_timestamp=soon", 400, "invalid_query_string"),
        ("?event_type=x", 400, "invalid_query_string"),
    ] {
        let answer = client.get(&format!("/events{query}")).await;
        assert_eq!((answer.status, answer.body["errorCode"].as_str()), (status, Some(code)), "{query}");
    }
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_says_so_and_ends_with_the_sandbox() {
    let client = Client::new(1).await;
    let mut stream = Stream::open(&client, "", None).await;
    let (_, before, _) = stream.next().await;
    // A login changes no profile, and a moved clock brings the next sign of life.
    client.password(USER, "Sandbox-1", "openid").await.expect(200);
    client.control(Method::POST, "/clock", Some(json!({"advance_ms": 20_000}))).await.expect(204);
    let (kind, after, _) = stream.next().await;
    assert_eq!((kind.as_str(), after), ("offset-only", before));
    // What is told after a reset is the news of another tenant.
    create(&client, "one@example.com").await;
    assert_eq!(stream.next().await.0, "user.created");
    client.sandbox.reset();
    client.post("/organizations", json!({"name": "fresh"})).await.expect(201);
    assert_eq!(stream.next().await.0, "organization.created");
    client.sandbox.shutdown().await;
    assert!(stream.response.chunk().await.unwrap().is_none(), "the stream ends, and is not cut");
}

#[tokio::test]
async fn event_streams_deliver_into_the_outbox() {
    let client = Client::new(0).await;
    let body = json!({"name": "hook", "subscriptions": [{"event_type": "user.created"}], "status": "enabled",
                      "destination": {"type": "webhook", "configuration": {"webhook_endpoint": "https://hooks.example.com/a",
                      "webhook_authorization": {"method": "bearer", "token": "secret"}}}});
    let stream = client.post("/event-streams", body).await.expect(201);
    create(&client, "one@example.com").await;
    let sent: Vec<_> = client.sandbox.outbox().into_iter().filter(|message| message.kind == "webhook").collect();
    assert_eq!((sent.len(), sent[0].to.as_str()), (1, "https://hooks.example.com/a"));
    assert_eq!(sent[0].data["data"]["object"]["email"], json!("one@example.com"));

    let path = format!("/event-streams/{}", stream["id"].as_str().unwrap());
    let failed = client.post(&format!("{path}/test"), json!({"event_type": "user.deleted"})).await.expect(202);
    let deliveries = client.get(&format!("{path}/deliveries")).await.expect(200);
    assert_eq!(deliveries[0]["id"], failed["id"]);
    let one = format!("{path}/redeliver/{}", failed["id"].as_str().unwrap());
    client.request(Method::POST, &one).send().await.unwrap().error_for_status().unwrap();
    client.post(&format!("{path}/redeliver"), json!({"event_types": ["user.created"]})).await.expect(202);
    let history = client.get(&format!("{path}/deliveries/{}", failed["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(history["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_log_tells_operations_that_worked_and_that_failed_without_their_secrets() {
    let client = Client::new(0).await;
    create(&client, "logged@example.com").await;
    let twice = json!({"connection": CONNECTION, "email": "logged@example.com", "password": "Secret-12"});
    client.post("/users", twice).await.expect(409);
    client.post("/users", json!({"connection": 1})).await.expect(400);
    client.get("/users").await.expect(200);
    let limited = client.token_answer(client.sandbox.limited_client().0, client.sandbox.limited_client().1).await;
    let token = limited.expect(200)["access_token"].as_str().unwrap().to_owned();
    let url = format!("{}/roles", client.sandbox.base_url());
    let refused = client.http.post(url).bearer_auth(token).json(&json!({"name": "no"})).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let all = client.get("/logs?per_page=100&sort=date:1&page=1").await.expect(200);
    let own: Vec<&Value> =
        all.as_array().unwrap().iter().filter(|one| one["log_id"].as_str().unwrap().starts_with("9002027")).collect();
    let of = |kind: &str| {
        own.iter()
            .filter(|one| one["type"] == kind)
            .map(|one| one["details"]["response"]["statusCode"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!((of("sapi"), of("fapi")), (vec![json!(201)], vec![json!(409), json!(400), json!(403)]));
    let made = own.iter().find(|one| one["type"] == "sapi").unwrap();
    assert_eq!(
        (&made["description"], &made["client_id"]),
        (&json!("Create users"), &json!(client.sandbox.client_id()))
    );
    assert_eq!(made["details"]["request"]["body"]["password"], json!("*****"));
    assert!(!all.to_string().contains("Secret-12"));
}
