//! The client with its real transport, over loopback, against the sandbox.

use crate::conformance::{DESCRIPTION, call};
use auth0_api_description::sample::Size;
use auth0_sandbox::{Builder, Fault, Match, RateLimit, Sandbox};
use auth0_sdk::{Error, ErrorKind, Json, ManagementBuilder, ManagementClient, RetryPolicy};
use serde_json::json;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(5);

async fn sandbox(builder: Builder) -> Sandbox {
    builder.start().await.expect("a sandbox")
}

/// A client of the sandbox that does not wait long between its attempts.
fn builder(sandbox: &Sandbox) -> ManagementBuilder {
    ManagementClient::builder(sandbox.origin())
        .client_credentials(sandbox.client_id(), sandbox.client_secret())
        .audience(sandbox.audience())
        .retry_policy(RetryPolicy::default().base(SHORT))
}

fn client(sandbox: &Sandbox) -> ManagementClient {
    builder(sandbox).build().expect("a client")
}

fn sent_to(sandbox: &Sandbox, operation: &str) -> usize {
    sandbox.requests_matching(&Match { operation: Some(operation.to_owned()), ..Match::default() }).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_answered() {
    let sandbox = sandbox(Sandbox::builder().users(2).sample_refused(true)).await;
    let auth0 = client(&sandbox);
    let mut wrong = Vec::new();
    let mut called = 0;
    for operation in DESCRIPTION.operations() {
        for size in [Size::Least, Size::Full] {
            sandbox.clear_requests();
            let mut request = DESCRIPTION.sample_request(operation, size);
            if operation.id == "users.create"
                && let Some(body) = &mut request.body
            {
                // What no type says: the connection must be one that there is.
                body["connection"] = json!("Username-Password-Authentication");
                body["email"] = json!(format!("{size:?}@example.com"));
            }
            called += 1;
            match call(&auth0, operation, &request).raw().await {
                Ok(answer) if operation.statuses.contains(&answer.status) => {}
                Ok(answer) => wrong.push(format!("{} {size:?}: {}", operation.id, answer.status)),
                Err(error) => {
                    let body = error.body().map(|body| body.text()).unwrap_or_default();
                    wrong.push(format!("{} {size:?}: {error} {body}", operation.id));
                }
            }
            let routed = sandbox.requests().last().and_then(|entry| entry.operation.clone());
            if routed.as_deref() != Some(operation.id.as_str()) {
                wrong.push(format!("{}: was taken for {routed:?}", operation.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {called} calls are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(called, 2 * 491);
    sandbox.shutdown().await;
}

#[tokio::test]
async fn a_user_is_made_read_changed_and_deleted() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(1)).await;
    let auth0 = client(&sandbox);
    let body = json!({
        "connection": "Username-Password-Authentication", "email": "jo+ä@example.com", "password": "Correct-horse-1",
        "nickname": "Jo", "picture": "https://example.com/jo.png", "user_metadata": {"a": {"b": [1, null]}},
    });
    let made = auth0.operation("users.create").body(&body).raw().await?;
    assert_eq!((made.status, made.attempts), (201, 1));
    let id = made.data["user_id"].as_str().expect("an id").to_owned();
    assert!(id.contains('|'), "{id}");

    let changed = auth0.operation("users.update").path(&id).body(&json!({"picture": null, "nickname": "J"})).await?;
    assert_eq!((&changed["nickname"], changed.get("picture").unwrap_or(&Json::Null)), (&json!("J"), &Json::Null));
    let user = auth0.operation("users.get").path(&id).query("fields", "nickname,email,user_metadata").await?;
    assert_eq!(user, json!({"nickname": "J", "email": "jo+ä@example.com", "user_metadata": {"a": {"b": [1, null]}}}));

    let found = auth0.operation("users.listUsersByEmail").query("email", "jo+ä@example.com").await?;
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let conflict = auth0.operation("users.create").body(&body).await.expect_err("a conflict");
    assert_eq!((conflict.kind(), conflict.status()), (ErrorKind::Api, Some(409)));

    assert_eq!(auth0.operation("users.delete").path(&id).await?, Json::Null);
    let gone = auth0.operation("users.get").path(&id).await.expect_err("gone");
    assert_eq!((gone.status(), gone.code(), gone.attempts()), (Some(404), Some("inexistent_user"), 1));
    assert_eq!(sent_to(&sandbox, "oauth.token"), 1, "one token for all of it");
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn two_thousand_five_hundred_users() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(2500)).await;
    let auth0 = client(&sandbox);

    // By page, up to the cap that Auth0 has, and there an error that names the way out and loses nothing before it.
    let mut users = auth0.operation("users.list").query("per_page", 100).items();
    let (mut ids, mut end) = (std::collections::BTreeSet::new(), None);
    while let Some(user) = users.next().await {
        match user {
            Ok(user) => assert!(ids.insert(user["user_id"].to_string()), "a user came twice"),
            Err(error) => end = Some(error),
        }
    }
    assert_eq!(ids.len(), 1000);
    let error = end.expect("an error at the cap");
    assert!(error.to_string().contains("1,000 records") && error.to_string().contains("jobs.usersExports"), "{error}");
    assert_eq!(sent_to(&sandbox, "users.list"), 11);

    // By cursor, past every cap.
    for number in 0..1050 {
        auth0.operation("clients.create").body(&json!({"name": format!("client {number}")})).await?;
    }
    let mut clients = auth0.operation("clients.list").query("take", 100).items();
    let mut ids = std::collections::BTreeSet::new();
    while let Some(client) = clients.next().await {
        assert!(ids.insert(client?["client_id"].to_string()), "a client came twice");
    }
    assert!(ids.len() >= 1050, "{}", ids.len());
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_429_is_waited_out() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(1)).await;
    let auth0 = client(&sandbox);
    auth0.operation("users.list").await?;
    sandbox
        .fault(Fault::status(429).on_operation("users.list").header("retry-after-ms", "20").times(2))
        .expect("a fault");
    let answer = auth0.operation("users.list").raw().await?;
    assert_eq!((answer.status, answer.attempts), (200, 3));
    assert!(answer.rate_limit().is_some());

    // A real limit: what is beyond it is refused with the time at which it opens again.
    sandbox.set_rate_limit(Some(RateLimit { requests: 1, seconds: 60 }));
    auth0.operation("users.list").await?;
    let error = auth0.operation("users.list").max_retries(0).await.expect_err("limited");
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::RateLimited, Some(429), Some("too_many_requests"))
    );
    assert!(error.reset_at().is_some(), "{error:?}");
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(1)).await;
    let auth0 = client(&sandbox);
    auth0.operation("users.list").await?;
    sandbox.revoke_tokens();
    let answer = auth0.operation("users.list").max_retries(0).raw().await?;
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert_eq!(sent_to(&sandbox, "oauth.token"), 2);

    // A token that the program brought is its own to replace.
    let fixed = ManagementClient::builder(sandbox.origin()).token("not-a-token").build()?;
    let error = fixed.operation("users.list").await.expect_err("refused");
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Api, Some(401), 1));
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn an_expired_token_is_replaced_before_it_is_refused() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(1).token_lifetime(40)).await;
    let auth0 = client(&sandbox);
    auth0.operation("users.list").await?;
    auth0.operation("users.list").await?;
    assert_eq!(sent_to(&sandbox, "oauth.token"), 1);
    // The sandbox's clock runs ahead: what the client still takes for good is refused, and replaced.
    sandbox.advance_clock(60_000);
    auth0.operation("users.list").await?;
    assert_eq!(sent_to(&sandbox, "oauth.token"), 2);
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn wrong_credentials_and_missing_scopes() {
    let sandbox = sandbox(Sandbox::builder().users(1)).await;
    let wrong = ManagementClient::builder(sandbox.origin()).client_credentials(sandbox.client_id(), "wrong-secret");
    let wrong = wrong.audience(sandbox.audience()).build().expect("a client");
    let error = wrong.operation("users.list").await.expect_err("refused");
    assert_eq!((error.kind(), error.status(), error.operation()), (ErrorKind::Auth, Some(401), Some("oauth.token")));
    assert_eq!(error.code(), Some("access_denied"));

    let (id, secret) = sandbox.limited_client();
    let limited = ManagementClient::builder(sandbox.origin()).client_credentials(id, secret);
    let limited = limited.audience(sandbox.audience()).build().expect("a client");
    let error = limited.operation("users.delete").path("auth0|1").await.expect_err("refused");
    assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Api, Some(403), Some("insufficient_scope")));
    assert!(error.missing_scope().is_some_and(|scope| scope.contains("delete:users")), "{error:?}");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn resets_and_broken_bodies() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(3)).await;
    let auth0 = client(&sandbox);
    let fault = |fault: Fault| sandbox.fault(fault).expect("a fault");

    // The token request too is repeated after a reset.
    fault(Fault::reset().on_operation("oauth.token"));
    fault(Fault::reset().on_operation("users.list"));
    fault(Fault::truncate(10).on_operation("users.list"));
    let answer = auth0.operation("users.list").raw().await?;
    assert_eq!((answer.status, answer.attempts), (200, 3));
    assert_eq!(sent_to(&sandbox, "oauth.token"), 2);

    // What may have been done is not done again, and its status is not lost.
    let body = json!({"connection": "Username-Password-Authentication", "email": "a@example.com", "password": "Correct-horse-1"});
    fault(Fault::truncate(10).on_operation("users.create"));
    let error = auth0.operation("users.create").body(&body).await.expect_err("broken");
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Transport, Some(201), 1));
    assert!(error.may_have_been_sent());
    fault(Fault::reset().on_operation("users.create"));
    let error = auth0.operation("users.create").body(&body).await.expect_err("reset");
    assert_eq!((error.kind(), error.status(), error.attempts()), (ErrorKind::Transport, None, 1));
    assert_eq!(sent_to(&sandbox, "users.create"), 2);

    // An error that breaks off keeps its status.
    fault(Fault { truncate: Some(5), ..Fault::status(400).on_operation("users.get") });
    let error = auth0.operation("users.get").path("auth0|x").await.expect_err("broken");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(400)));
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn html_and_garbage() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(1)).await;
    let auth0 = client(&sandbox);
    let html = "<html><body>maintenance</body></html>";
    let fault = |fault: Fault| sandbox.fault(fault).expect("a fault");
    fault(Fault::status(200).body(html).header("content-type", "text/html").on_operation("users.get"));
    let error = auth0.operation("users.get").path("a").await.expect_err("a page");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, Some(200)));
    assert_eq!(error.body().map(|body| body.text()).as_deref(), Some(html));

    fault(Fault::status(500).body("garbage ".repeat(10 * 1024 * 128)).on_operation("users.get"));
    let error = auth0.operation("users.get").path("a").max_retries(0).await.expect_err("garbage");
    assert_eq!((error.status(), error.body().map(|body| body.text().len())), (Some(500), Some(64 * 1024)));

    fault(Fault::status(502).body(html).header("content-type", "text/html").on_operation("users.list"));
    let answer = auth0.operation("users.list").raw().await?;
    assert_eq!(answer.attempts, 2);
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn slow_answers_and_slow_bodies_time_out() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(20)).await;
    let auth0 = client(&sandbox);
    auth0.operation("users.list").await?;
    let limit = Duration::from_millis(100);
    for fault in [Fault::delay_ms(60_000), Fault::body_delay_ms(60_000)] {
        sandbox.fault(fault.on_operation("users.list")).expect("a fault");
        let error = auth0.operation("users.list").timeout(limit).max_retries(0).await.expect_err("slow");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("100 ms"), "{error}");
    }
    // The next attempt is quick.
    sandbox.fault(Fault::delay_ms(60_000).on_operation("users.list")).expect("a fault");
    let answer = auth0.operation("users.list").timeout(Duration::from_millis(500)).raw().await?;
    assert!(answer.attempts > 1);

    sandbox.fault(Fault::delay_ms(60_000).on_operation("oauth.token")).expect("a fault");
    let fresh = client(&sandbox);
    let error = fresh.operation("users.list").timeout(limit).max_retries(0).await.expect_err("slow");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_at_once_share_one_token() {
    let sandbox = sandbox(Sandbox::builder().users(5)).await;
    let auth0 = client(&sandbox);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let auth0 = auth0.clone();
            tokio::spawn(async move { auth0.operation("users.list").await })
        })
        .collect();
    for call in calls {
        let page = call.await.expect("no panic").expect("a page");
        assert_eq!(page["users"].as_array().map(Vec::len), Some(5));
    }
    assert_eq!((sent_to(&sandbox, "oauth.token"), sent_to(&sandbox, "users.list")), (1, 50));
    sandbox.shutdown().await;
}

#[tokio::test]
async fn ids_of_any_text_arrive_as_they_are() -> Result<(), Error> {
    let sandbox = sandbox(Sandbox::builder().users(1)).await;
    let auth0 = client(&sandbox);
    for id in ["auth0|1", "a/b", "a?b", "a#b", "%2e%2e", "..a", "a\\b", "ä b+c", "😀", "a;b=c", "a%00b"] {
        let error = auth0.operation("users.get").path(id).await.expect_err("no such user");
        assert_eq!((error.status(), error.operation()), (Some(404), Some("users.get")), "{id}");
        let entry = sandbox.requests().pop().expect("a request");
        assert_eq!(entry.operation.as_deref(), Some("users.get"), "{id} was sent as {}", entry.path);
        let segment = entry.path.trim_start_matches("/api/v2/users/");
        assert_eq!(crate::support::decode(segment), id);
    }
    sandbox.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let auth0 = ManagementClient::builder(format!("http://{address}"))
        .client_credentials("the-client", "the-client-secret")
        .retry_policy(RetryPolicy::default().base(SHORT))
        .build()
        .expect("a client");
    let error = auth0.operation("users.create").body(&json!({})).await.expect_err("nobody listens");
    assert_eq!((error.kind(), error.operation(), error.attempts()), (ErrorKind::Transport, Some("oauth.token"), 3));
    assert!(!error.may_have_been_sent());
    assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
    assert!(!crate::support::shown(&error).contains("the-client-secret"));
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let auth0 = ManagementClient::builder("http://127.0.0.1:1").token("a-fixed-token").build().expect("a client");
    let call = auth0.operation("users.list");
    let error = auth0_sdk::testing::block_on(async { call.await }).expect_err("no runtime");
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("tokio"), "{error}");
}
