//! A million calls against a server that fails on purpose, and what stays in memory.
//!
//! `--serve` is the server, which prints where it is and ends with its standard input; `--calls N ORIGIN` makes the calls and prints what came of them
//! and how much was resident on the way. `cargo xtask soak --faults` runs both, and the same in Node (`benches/js/soak.mjs`).

#![allow(clippy::disallowed_methods, reason = "a benchmark tells how long it took, and a server takes its time")]

#[cfg(not(target_arch = "wasm32"))]
#[path = "shared/memory.rs"]
mod memory;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--serve"] => runtime.block_on(server::serve()),
        ["--calls", count, origin] => runtime.block_on(calls::run(count.parse()?, origin)),
        other => Err(format!("unknown arguments {other:?}").into()),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod server {
    use std::io::Read as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    type Failure = Box<dyn std::error::Error>;

    pub(crate) async fn serve() -> Result<(), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        let asked = Arc::new(AtomicU64::new(0));
        // Who has started it is gone: a thread waits for that, since nothing else here reads.
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        loop {
            let (stream, _) = listener.accept().await?;
            let asked = asked.clone();
            tokio::spawn(async move {
                let _: std::io::Result<()> = connection(stream, &asked).await;
            });
        }
    }

    /// Answers until a fault ends it.
    async fn connection(stream: TcpStream, asked: &AtomicU64) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        let user = format!(r#"{{"user_id":"auth0|1","name":"{}"}}"#, "n".repeat(900));
        loop {
            let (mut first, mut length) = (String::new(), 0);
            if reader.read_line(&mut first).await? == 0 {
                return Ok(());
            }
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).await? == 0 {
                    return Ok(());
                }
                let line = line.trim_end().to_ascii_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            reader.read_exact(&mut vec![0; length]).await?;
            if first.contains("/oauth/token") {
                let token = r#"{"access_token":"t","token_type":"Bearer","expires_in":86400}"#;
                writer.write_all(answer("200 OK", "application/json", token).as_bytes()).await?;
                continue;
            }
            // Which fault comes is told by the number of the request, of a thousand.
            let text = match asked.fetch_add(1, Ordering::Relaxed) % 1000 {
                0 => {
                    // Reset, before anything is answered.
                    socket_reset(&writer);
                    return Ok(());
                }
                1 => {
                    // Broken off in the middle of the body.
                    let whole = answer("200 OK", "application/json", &user);
                    let half = whole.len() - user.len() / 2;
                    writer.write_all(whole.as_bytes().get(..half).unwrap_or_default()).await?;
                    return Ok(());
                }
                2 => {
                    // Later than the attempt may take.
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    answer("200 OK", "application/json", &user)
                }
                100..120 => answer("503 Service Unavailable", "application/json", r#"{"message":"busy"}"#),
                200..220 => answer(
                    "429 Too Many Requests",
                    "application/json",
                    r#"{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}"#,
                ),
                300..310 => answer("502 Bad Gateway", "text/html", "<html><h1>Bad Gateway</h1></html>"),
                400..405 => answer("200 OK", "application/json", r#"{"user_id":"#),
                500..505 => answer(
                    "401 Unauthorized",
                    "application/json",
                    r#"{"statusCode":401,"error":"Unauthorized","message":"Expired token received for JSON Web Token validation"}"#,
                ),
                600..610 => answer(
                    "404 Not Found",
                    "application/json",
                    r#"{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}"#,
                ),
                _ => answer("200 OK", "application/json", &user),
            };
            writer.write_all(text.as_bytes()).await?;
        }
    }

    fn socket_reset(writer: &tokio::net::tcp::OwnedWriteHalf) {
        let socket: &TcpStream = writer.as_ref();
        let _ = socket.set_zero_linger();
    }

    /// A wait of a millisecond goes with what is no success, so that a million calls do not take a day.
    fn answer(status: &str, kind: &str, body: &str) -> String {
        let wait = if status.starts_with('2') { "" } else { "retry-after-ms: 1\r\n" };
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{wait}\r\n{body}")
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod calls {
    use super::memory::resident;
    use auth0_sdk::{Bulk, ManagementClient};
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::{Duration, Instant};

    type Failure = Box<dyn std::error::Error>;

    #[derive(Default)]
    struct Seen {
        items: u64,
        early: u64,
        outcomes: BTreeMap<String, u64>,
    }

    pub(crate) async fn run(count: u64, origin: &str) -> Result<(), Failure> {
        let retries = Arc::new(Mutex::new(0u64));
        let counted = retries.clone();
        let client = ManagementClient::builder(origin)
            .client_credentials("the-client", "the-secret")
            .timeout(Duration::from_millis(200))
            .on_retry(move |_| *counted.lock().unwrap_or_else(PoisonError::into_inner) += 1)
            .build()?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let begun = Instant::now();
        let report = Bulk::of(0..count)
            .concurrency(64)
            .run(|_| {
                let (call, seen) = (client.operation("users.get").path("auth0|1"), seen.clone());
                async move {
                    let outcome = match call.await {
                        Ok(_) => "ok".to_owned(),
                        Err(error) => match error.status() {
                            Some(status) => format!("{:?} {status}", error.kind()),
                            None => format!("{:?}", error.kind()),
                        },
                    };
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.items += 1;
                    *seen.outcomes.entry(outcome).or_default() += 1;
                    if seen.items == 10_000 {
                        seen.early = resident().0;
                    }
                    Ok(())
                }
            })
            .await;
        let (now, peak) = resident();
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let retries = *retries.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = json!({
            "items": report.done, "seconds": (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0, "outcomes": seen.outcomes,
            "retries": retries, "rss_kb_after_10000": seen.early, "rss_kb_at_end": now, "rss_kb_peak": peak,
        });
        println!("{figures}");
        Ok(())
    }
}
