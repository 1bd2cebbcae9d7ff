//! The main job, natively: a token, a user created, changed and deleted, lists walked to their end, a rate limit waited
//! out, errors that say what is wrong.
//!
//! `cargo xtask demo` starts a local tenant and runs this against it. By hand:
//!
//! - `cargo run --example demo` only reads, from the tenant that `AUTH0_DOMAIN`, `AUTH0_CLIENT_ID` and
//!   `AUTH0_CLIENT_SECRET` name (and `AUTH0_AUDIENCE`, where the domain is a custom one);
//! - `cargo run --example demo -- http://127.0.0.1:4400 2500` does everything, against an `auth0-sandbox` with 2,500
//!   users whose client id and secret are in the environment.

use auth0_sdk::{
    Call, Error, Headers, HttpRequest, ManagementClient, Method, Read, RequestBody, ReqwestTransport, Transport,
};
use serde_json::json;
use std::collections::HashSet;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What a run without a sandbox reads of each list, at most.
const FEW: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("  the demo stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (id, secret) = (variable("AUTH0_CLIENT_ID")?, variable("AUTH0_CLIENT_SECRET")?);
    match arguments.as_slice() {
        [] => {
            let mut builder = ManagementClient::builder(variable("AUTH0_DOMAIN")?).client_credentials(id, secret);
            if let Ok(audience) = variable("AUTH0_AUDIENCE") {
                builder = builder.audience(audience);
            }
            look(&builder.build()?).await
        }
        [origin, users] => {
            let auth0 = ManagementClient::builder(origin).client_credentials(id, secret).build()?;
            everything(&auth0, origin, users.parse()?).await
        }
        _ => Err("usage: demo [SANDBOX_ORIGIN USERS]".into()),
    }
}

/// What only reads, and not much of it: for a tenant that somebody works with.
async fn look(auth0: &ManagementClient) -> Result {
    first_calls(auth0).await?;
    for (operation, noun) in [("users.list", "users"), ("connections.list", "connections")] {
        let start = now();
        let (mut items, mut count) = (auth0.operation(operation).items(), 0);
        while count < FEW
            && let Some(item) = items.next().await
        {
            item?;
            count += 1;
        }
        let more = if count == FEW { "the first " } else { "all " };
        done("list", start, format!("{operation}: {more}{count} {noun}"));
    }
    raw(auth0.operation("users.list").query("per_page", 1)).await?;
    wrong_id(auth0).await?;
    missing(auth0, "auth0|000000000000000000000000").await
}

async fn everything(auth0: &ManagementClient, sandbox: &str, users: u64) -> Result {
    let total = first_calls(auth0).await?;
    check(total == users, format!("the sandbox says that it has {total} users, and not {users}"))?;

    let start = now();
    let new = json!({
        "connection": "Username-Password-Authentication",
        "email": format!("demo-{}@example.com", std::process::id()),
        "password": "Only-4-the-demo!",
        "nickname": "Johanna",
        "given_name": "Johanna",
    });
    let user = auth0.operation("users.create").body(&new).await?;
    let id = user["user_id"].as_str().ok_or("the new user has no user_id")?.to_owned();
    done("create", start, format!("{id}, given name {}", user["given_name"]));

    // Three things that a change can say: a value sets, null removes, and what is absent stays.
    let start = now();
    let change = json!({ "nickname": "Jo", "given_name": null });
    auth0.operation("users.update").path(&id).body(&change).await?;
    let user = auth0.operation("users.get").path(&id).await?;
    let as_told = user["nickname"] == "Jo" && user.get("given_name").is_none() && user["email"] == new["email"];
    check(as_told, format!("the update did something else: {user}"))?;
    done("update", start, "nickname \"Jo\", given_name null: the nickname is new, the given name is gone");

    users_by_offset(auth0).await?;
    members_by_cursor(auth0, users).await?;
    raw(auth0.operation("users.get").path(&id)).await?;
    wait_out(auth0.operation("users.get").path(&id), sandbox).await?;
    wrong_id(auth0).await?;

    let start = now();
    auth0.operation("users.delete").path(&id).await?;
    done("delete", start, &id);
    missing(auth0, &id).await
}

/// The first call gets the token, the others use it. Says how many users there are.
async fn first_calls(auth0: &ManagementClient) -> Result<u64> {
    let call = auth0.operation("users.list").query("per_page", 1).query("include_totals", true);
    let start = now();
    let answer = call.clone().await?;
    let first = start.elapsed();
    let start = now();
    call.await?;
    let total = answer["total"].as_u64().ok_or("users.list gave no total")?;
    let second = shown(start.elapsed());
    println!("  {:<10}got by the first call ({}), kept for the next ({second})", "token", shown(first));
    println!("  {:<10}the tenant has {} users", "", thousands(total));
    Ok(total)
}

/// Auth0 gives the first 1,000 records of a list by offset, whatever the total. What was read until then is not lost,
/// and the error says what to do instead.
async fn users_by_offset(auth0: &ManagementClient) -> Result {
    let start = now();
    let mut count = 0;
    let mut users = auth0.operation("users.list").query("per_page", 100).items();
    let error = loop {
        match users.next().await {
            Some(Ok(_)) => count += 1,
            Some(Err(error)) => break error,
            None => return Err(format!("users.list ended after {count} users and said nothing").into()),
        }
    };
    let names_the_end = count == 1000 && error.message().contains("offset paging ends at 1,000 records");
    check(names_the_end, format!("after {count} users: {error}"))?;
    done("by offset", start, format!("users.list: {} users, then Auth0's cap:", thousands(count)));
    quote(&error);
    Ok(())
}

/// By cursor there is no such end. Every user of the sandbox is a member of the organization "acme".
async fn members_by_cursor(auth0: &ManagementClient, users: u64) -> Result {
    let start = now();
    let organization = auth0.operation("organizations.getByName").path("acme").await?;
    let id = organization["id"].as_str().ok_or("the organization has no id")?;
    let mut pages = auth0.operation("organizations.members.list").path(id).query("take", 100).pages();
    let (mut bar, mut requests, mut count, mut ids) = (Progress::new(users), 0, 0, HashSet::new());
    while let Some(page) = pages.next().await {
        let page = page?;
        requests += 1;
        for member in page.items {
            count += 1;
            ids.insert(member["user_id"].as_str().ok_or("a member has no user_id")?.to_owned());
        }
        bar.show(count);
    }
    bar.clear();
    let distinct = ids.len() as u64;
    check(
        count == users && distinct == users,
        format!("{users} members were expected, {count} came, {distinct} of them different"),
    )?;
    let what = format!("organizations.members.list: {} users, each seen once, {requests} pages", thousands(count));
    done("by cursor", start, what);
    Ok(())
}

/// Status and headers, for those who want them.
async fn raw(call: Call) -> Result {
    let start = now();
    let answer = call.raw().await?;
    let limit = match answer.rate_limit() {
        Some(limit) => format!("{} of {} requests left", thousands(limit.remaining), thousands(limit.limit)),
        None => "no rate-limit headers".to_owned(),
    };
    let header = |name| answer.headers.get(name);
    let id = header("x-auth0-requestid").or_else(|| header("cf-ray")).unwrap_or_else(|| "not given".to_owned());
    done("raw", start, format!("status {}, {limit}, request id {id}", answer.status));
    Ok(())
}

/// Has the sandbox answer 429 once. The client waits as long as it is told to, and tries again.
async fn wait_out(call: Call, sandbox: &str) -> Result {
    let fault = json!({
        "match": { "operation": "users.get" }, "times": 1, "status": 429, "headers": { "retry-after": "1" },
    });
    let mut headers = Headers::new();
    headers.append("content-type", "application/json");
    let url = format!("{}/__sandbox/faults", sandbox.trim_end_matches('/'));
    let body = RequestBody::Bytes(fault.to_string().into_bytes().into());
    let order = HttpRequest { method: Method::Post, url, headers, body, read: Read::Unread };
    let ordered = ReqwestTransport::new()?.send(order).await?;
    check(ordered.status == 204, format!("the sandbox took no fault: status {}", ordered.status))?;

    let start = now();
    let answer = call.raw().await?;
    let waited = answer.attempts == 2 && start.elapsed() >= Duration::from_secs(1);
    check(waited, format!("the 429 was not waited out: {} attempts", answer.attempts))?;
    done("429", start, format!("\"Retry-After: 1\", waited out, then status {}", answer.status));
    Ok(())
}

/// An id that would change the path is refused; nothing is sent.
async fn wrong_id(auth0: &ManagementClient) -> Result {
    match auth0.operation("users.get").path("..").await {
        Err(error) if error.attempts() == 0 => {
            println!("  {:<10}users.get(\"..\"):", "bad id");
            quote(&error);
            Ok(())
        }
        other => Err(format!("users.get(\"..\") was not refused: {other:?}").into()),
    }
}

async fn missing(auth0: &ManagementClient, id: &str) -> Result {
    match auth0.operation("users.get").path(id).await {
        Err(error) if error.status() == Some(404) => {
            println!("  {:<10}users.get({id:?}):", "no user");
            quote(&error);
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(format!("there is a user {id}").into()),
    }
}

fn quote(error: &Error) {
    println!("  {:<10}> {error}", "");
}

fn done(label: &str, start: Instant, what: impl Display) {
    println!("  {label:<10}{what} ({})", shown(start.elapsed()));
}

fn check(holds: bool, otherwise: String) -> Result {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| format!("{name} is not set").into())
}

#[allow(clippy::disallowed_methods, reason = "the demo tells how long things took")]
fn now() -> Instant {
    Instant::now()
}

fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

/// 2,500.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// A bar on a terminal; elsewhere a line per 500 items.
struct Progress {
    total: u64,
    terminal: bool,
    told: u64,
}

impl Progress {
    fn new(total: u64) -> Self {
        Self { total, terminal: std::io::stdout().is_terminal(), told: 0 }
    }

    fn show(&mut self, count: u64) {
        let text = format!("{} of {}", thousands(count), thousands(self.total));
        if self.terminal {
            let full = usize::try_from(30 * count.min(self.total) / self.total.max(1)).unwrap_or_default();
            print!("\r  {:<10}[{}{}] {text} ", "", "#".repeat(full), ".".repeat(30 - full));
            // A bar that cannot be drawn is no reason to stop.
            let _ = std::io::stdout().flush();
        } else if count / 500 > self.told {
            self.told = count / 500;
            println!("  {:<10}{text}", "");
        }
    }

    fn clear(&self) {
        if self.terminal {
            print!("\r\x1b[2K");
        }
    }
}
