//! Many processes and one store, cold at once: one token is bought. Real processes, a real Redis, real files.
//!
//! A program and no list of test functions, since it starts itself as the members of the fleet.
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "a test that starts real processes")]

#[path = "fleet_pace/mod.rs"]
mod pace;

use auth0_sandbox::{Match, Sandbox};
use auth0_sdk::{Error, Files, KeyValue, ManagementClient, Redis, SharedStore};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    // What nextest asks: the tests there are, and those that are ignored.
    if is("--list") {
        if !is("--ignored") {
            println!("fleet: test");
        }
        return;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    match (std::env::var("FLEET_MEMBER"), std::env::var("FLEET_PACED")) {
        (Ok(store), _) => runtime.block_on(member(&store)),
        (_, Ok(store)) => runtime.block_on(pace::member(&store)),
        _ => runtime.block_on(fleet()),
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// One of the fleet: waits for the start, makes a call, and says what went wrong with its store.
async fn member(store: &str) {
    let client = match store.strip_prefix("files:") {
        Some(folder) => client(SharedStore::new(Files::new(folder))),
        None => client(SharedStore::new(Redis::new(store).expect("a URL"))),
    };
    std::io::stdin().read_to_end(&mut Vec::new()).expect("standard input");
    client.operation("users.list").await.unwrap_or_else(|error| panic!("{error:?}"));
}

fn client<B: KeyValue + 'static>(store: SharedStore<B>) -> ManagementClient {
    let store = store.encrypted([7; 32]).on_problem(|problem| println!("{problem}"));
    ManagementClient::builder(variable("FLEET_ORIGIN"))
        .client_credentials(variable("FLEET_CLIENT_ID"), variable("FLEET_CLIENT_SECRET"))
        .audience(variable("FLEET_AUDIENCE"))
        .token_store(store)
        .build()
        .expect("a client")
}

/// Starts so many of this program with a variable that says what they are, lets them go at once, and gives what they said.
fn run(sandbox: &Sandbox, role: (&str, &str), count: usize) -> String {
    sandbox.clear_requests();
    let mut members: Vec<Child> = (0..count)
        .map(|_| {
            Command::new(std::env::current_exe().expect("this program"))
                .env(role.0, role.1)
                .env("FLEET_ORIGIN", sandbox.origin())
                .env("FLEET_AUDIENCE", sandbox.audience())
                .env("FLEET_CLIENT_ID", sandbox.client_id())
                .env("FLEET_CLIENT_SECRET", sandbox.client_secret())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("a member")
        })
        .collect();
    members.iter_mut().for_each(|member| drop(member.stdin.take()));
    let mut said = String::new();
    for member in members {
        let output = member.wait_with_output().expect("a member's output");
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success(), "a member of {role:?}: {}\n{said}", output.status);
    }
    said
}

/// Gives how many tokens so many members bought, and what their stores complained of.
fn start(sandbox: &Sandbox, store: &str, count: usize) -> (usize, String) {
    let said = run(sandbox, ("FLEET_MEMBER", store), count);
    let wanted = Match { path: Some("/oauth/token".to_owned()), ..Match::default() };
    let calls = Match { operation: Some("users.list".to_owned()), ..Match::default() };
    assert_eq!(sandbox.requests_matching(&calls).len(), count);
    (sandbox.requests_matching(&wanted).len(), said)
}

struct Server {
    child: Child,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(folder.join("redis"))
            .current_dir(folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server: on Debian `apt-get install redis-server`, or `cargo xtask test setup`");
        Self { child }
    }

    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }
}

async fn until_up(redis: &Redis) {
    for _ in 0..200 {
        if redis.get("up").await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the Redis does not start");
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn fleet() {
    let folder = Folder(std::env::temp_dir().join(format!("auth0-sdk-fleet-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let url = format!("redis+unix://{}", folder.0.join("redis").display());
    let on_threads = |store: &str, count| tokio::task::block_in_place(|| start(&sandbox, store, count));

    let server = Server::start(&folder.0);
    let redis = Redis::new(&url).expect("a URL");
    until_up(&redis).await;
    backend(&redis).await.expect("a Redis that works");
    assert_eq!(on_threads(&url, 50), (1, String::new()), "50 processes, one Redis");
    assert_eq!(on_threads(&url, 3), (0, String::new()), "and the next ones find the token");

    let files = format!("files:{}", folder.0.join("tokens").display());
    assert_eq!(on_threads(&files, 20), (1, String::new()), "20 processes, one folder");

    server.kill();
    let (bought, said) = on_threads(&url, 4);
    assert_eq!(bought, 4, "without the store each is on its own: {said}");
    assert!(said.contains("the Redis failed"), "{said}");

    // It has forgotten everything: a token is bought again, by one.
    let server = Server::start(&folder.0);
    until_up(&redis).await;
    assert_eq!(on_threads(&url, 4), (1, String::new()), "the store is back");

    let paced = |count| tokio::task::block_in_place(|| pace::start(&sandbox, &url, count));
    let (refused, said) = paced(4);
    assert!(refused <= 2 && said.is_empty(), "4 processes under one limit: {refused} refused; {said}");
    server.kill();
    let (_, said) = paced(2);
    assert!(said.contains("paces itself alone"), "without the store each is on its own: {said}");
    sandbox.shutdown().await;
    println!("fleet: ok");
}

/// What the backend itself does.
async fn backend(redis: &Redis) -> Result<(), Error> {
    let second = Duration::from_secs(60);
    assert!(redis.get("k").await?.is_none());
    redis.put("k", "new", second).await?;
    let kept = redis.get("k").await?.expect("kept");
    assert!(kept.text == "new" && kept.left.is_some_and(|left| left <= second && left > second / 2), "{kept:?}");
    redis.remove("k", "old").await?;
    assert!(redis.get("k").await?.is_some(), "another text stays");
    redis.remove("k", "new").await?;
    assert!(redis.get("k").await?.is_none());

    let lease = redis.lease("k", second).await?.expect("free");
    assert!(redis.lease("k", second).await?.is_none(), "one at a time");
    drop(lease);
    let mut again = None;
    for _ in 0..200 {
        again = redis.lease("k", Duration::from_millis(100)).await?;
        if again.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The holder dies: nothing is given back, and the server forgets it.
    std::mem::forget(again.expect("given back"));
    for _ in 0..200 {
        if redis.lease("k", second).await?.is_some() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a dead holder blocks");
}
