//! What comes of each fault of `tests/faults.json`, natively, against the sandbox. `tests/workers/faults.mjs` does the same in Node and
//! in workerd, and makes `docs/faults.md` of the file.

use crate::support::milliseconds;
use auth0_sandbox::{Fault, Match, Sandbox};
use auth0_sdk::{
    BoxFuture, Error, ErrorKind, Host, Json, Kept, KeyValue, ManagementClient, NativeCrypto, ReqwestTransport,
    SharedStore, Timer, TokioTimer,
};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FAULTS: &str = include_str!("../faults.json");

/// A clock that can jump.
#[derive(Clone, Default)]
struct Jumpy(Arc<AtomicI64>);

impl Timer for Jumpy {
    fn now(&self) -> Duration {
        let seconds = self.0.load(Ordering::Relaxed);
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { TokioTimer.now() - by } else { TokioTimer.now() + by }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        TokioTimer.sleep(duration)
    }
}

/// A store that throws, never answers, or holds a value.
struct Store {
    kind: String,
    values: Arc<Mutex<Vec<(String, String)>>>,
}

impl Store {
    async fn touch(&self) -> Result<(), Error> {
        match &*self.kind {
            "hangs" => std::future::pending().await,
            "fails" => Err(Error::new(ErrorKind::Transport, "the store is gone")),
            _ => Ok(()),
        }
    }
}

impl KeyValue for Store {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>> {
        Box::pin(async move {
            self.touch().await?;
            let values = self.values.lock().expect("a lock");
            let found = values.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str());
            Ok(Some(Kept::new(found.unwrap_or(&self.kind))))
        })
    }

    fn put<'a>(&'a self, key: &'a str, text: &'a str, _: Duration) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.touch().await?;
            self.values.lock().expect("a lock").push((key.to_owned(), text.to_owned()));
            Ok(())
        })
    }

    fn remove<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.touch())
    }
}

/// A value that another key encrypted.
async fn under_another_key() -> String {
    let values = Arc::default();
    let backend = Store { kind: String::new(), values: Arc::clone(&values) };
    let stored = auth0_sdk::StoredToken { token: "t".into(), expires_at: Duration::from_secs(9_000_000_000) };
    let store = SharedStore::new(backend).encrypted([2; 32]);
    auth0_sdk::TokenStore::put(&store, "x", stored).await.expect("kept");
    let values = values.lock().expect("a lock");
    values.first().expect("a value").1.clone()
}

fn word(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Transport => "network_error",
        ErrorKind::Timeout => "timeout",
        ErrorKind::RateLimited => "too_many_requests",
        // A token endpoint that refuses is the same to JavaScript's table, which goes by the status.
        ErrorKind::Api | ErrorKind::Auth if error.status().is_some() => "api_error",
        ErrorKind::Auth => "auth_error",
        ErrorKind::Decode => "invalid_response",
        _ => "another error",
    }
}

/// A call, and what it is about.
struct Target {
    operation: String,
    user: String,
    nickname: String,
    email: String,
}

async fn call(client: &ManagementClient, target: &Target) -> Result<Json, Error> {
    let Target { operation, user, nickname, email } = target;
    match &**operation {
        "get" => client.operation("users.get").path(user).await,
        "update" => client.operation("users.update").path(user).body(&json!({ "nickname": nickname })).await,
        _ => {
            let connection = "Username-Password-Authentication";
            let body =
                json!({"connection": connection, "email": email, "password": "Sandbox-12", "nickname": nickname});
            client.operation("users.create").body(&body).await
        }
    }
}

async fn perform(sandbox: &Sandbox, row: &Json, target: &Target) -> (String, bool) {
    let clock = Jumpy::default();
    let reported = Arc::new(AtomicBool::new(false));
    let host = Host::new(ReqwestTransport::new().expect("a transport"), clock.clone(), NativeCrypto);
    let wanted = |name: &str| row["client"].get(name).cloned();
    let domain =
        wanted("domain").and_then(|domain| domain.as_str().map(str::to_owned)).unwrap_or_else(|| sandbox.origin());
    let mut builder = ManagementClient::builder(domain)
        .client_credentials(sandbox.client_id(), sandbox.client_secret())
        .audience(sandbox.audience())
        .host(host.clone());
    if let Some(timeout) = wanted("timeout").and_then(|timeout| timeout.as_u64()) {
        builder = builder.timeout(milliseconds(timeout));
    }
    if let Some(retries) = wanted("max_retries").and_then(|retries| retries.as_u64()) {
        builder = builder.max_retries(u32::try_from(retries).expect("a few"));
    }
    if let Some(kind) = wanted("store").and_then(|kind| kind.as_str().map(str::to_owned)) {
        let kind = if kind == "other key" { under_another_key().await } else { kind };
        let told = Arc::clone(&reported);
        let store = SharedStore::with_host(Store { kind, values: Arc::default() }, &host).encrypted([1; 32]);
        builder = builder.token_store(store.on_problem(move |_| told.store(true, Ordering::Relaxed)));
    }
    let client = builder.build().expect("a client");
    let jump = wanted("clock").and_then(|jump| jump.as_i64());
    let revoked = wanted("revoked").is_some();
    if jump.is_some() || revoked {
        call(&client, target).await.expect("the first call");
    }
    clock.0.store(jump.unwrap_or(0), Ordering::Relaxed);
    if revoked {
        sandbox.revoke_tokens();
    }
    let result = call(&client, target).await.map_or_else(|error| word(&error).to_owned(), |_| "ok".to_owned());
    (result, reported.load(Ordering::Relaxed))
}

/// Orders the faults, makes the call, and looks at what the tenant saw and kept.
async fn outcome(sandbox: &Sandbox, row: &Json, target: &Target) -> Json {
    for order in row["orders"].as_array().expect("an array") {
        let mut order = order.clone();
        let on = order.as_object_mut().and_then(|order| order.remove("on"));
        let operation =
            if on == Some(json!("api")) { format!("users.{}", target.operation) } else { "oauth.token".to_owned() };
        order["match"] = json!({ "operation": operation });
        sandbox.fault(serde_json::from_value::<Fault>(order).expect("a fault")).expect("a fault");
    }
    sandbox.clear_requests();
    let (result, reported) = perform(sandbox, row, target).await;
    let asked = |operation: &str| {
        sandbox.requests_matching(&Match { operation: Some(operation.to_owned()), ..Match::default() }).len()
    };
    let mut found = json!({
        "result": result,
        "requests": asked(&format!("users.{}", target.operation)),
        "tokens": asked("oauth.token"),
    });
    if reported {
        found["reported"] = json!(true);
    }
    sandbox.clear_faults();
    let reader = ManagementClient::builder(sandbox.origin())
        .client_credentials(sandbox.client_id(), sandbox.client_secret())
        .audience(sandbox.audience())
        .build()
        .expect("a client");
    if target.operation == "update" {
        let user = reader.operation("users.get").path(&target.user).await.expect("a user");
        found["done"] = json!(u8::from(user["nickname"] == target.nickname));
    }
    if target.operation == "create" {
        let made =
            reader.operation("users.listUsersByEmail").query("email", target.email.as_str()).await.expect("a list");
        found["done"] = json!(made.as_array().map(Vec::len));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_comes_to_what_the_table_says() {
    let rows: Vec<Json> = serde_json::from_str(FAULTS).expect("JSON");
    assert!(rows.len() > 20);
    let mut wrong = Vec::new();
    // A tenant for each: the rows wait for retries, and not for each other. Where the time of an attempt matters they do.
    let (timed, others): (Vec<_>, Vec<_>) =
        rows.into_iter().enumerate().partition(|(_, row)| row["client"].get("timeout").is_some());
    for run in others.into_iter().map(|(number, row)| tokio::spawn(check(number, row))).collect::<Vec<_>>() {
        wrong.extend(run.await.expect("no panic"));
    }
    for (number, row) in timed {
        wrong.extend(check(number, row).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not as a row says.
async fn check(number: usize, row: Json) -> Vec<String> {
    let sandbox = Sandbox::builder().users(1).start().await.expect("a sandbox");
    let mut wrong = Vec::new();
    for operation in row["operations"].as_array().expect("an array").iter().filter_map(Json::as_str) {
        let target = Target {
            operation: operation.to_owned(),
            // By a token: the key is there before the time counts.
            user: first_user(&sandbox).await,
            nickname: format!("nickname-{number}-{operation}"),
            email: format!("fault-{number}@example.com"),
        };
        let found = outcome(&sandbox, &row, &target).await;
        let expected = row["native"].get(operation).unwrap_or(&row["expected"][operation]);
        if found != *expected {
            wrong.push(format!("{} {operation}: {found}, expected {expected}", row["what"]));
        }
    }
    wrong
}

async fn first_user(sandbox: &Sandbox) -> String {
    let reader = ManagementClient::builder(sandbox.origin())
        .client_credentials(sandbox.client_id(), sandbox.client_secret())
        .audience(sandbox.audience())
        .build()
        .expect("a client");
    let users = reader.operation("users.list").await.expect("users");
    users.get("users").unwrap_or(&users)[0]["user_id"].as_str().expect("an id").to_owned()
}
