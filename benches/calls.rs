//! What a call costs over bare reqwest: `users.list`, a page of 50 users (52 KB), over loopback.
//!
//! `cargo xtask bench` runs it. Both contenders run in one process and in turn, each with a client and connections of its
//! own; the server is this program again, in a process of its own (`--serve`), and answers every request with the same
//! bytes. The baseline asks for the same URL with the same headers and parses into the same type. Nothing is asserted.

#[cfg(not(target_arch = "wasm32"))]
#[path = "shared/page.rs"]
mod page;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match std::env::args().any(|argument| argument == "--serve") {
        true => runtime.block_on(native::serve()),
        false => runtime.block_on(native::measure()),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::page::page;
    use auth0_sdk::ManagementClient;
    use serde_json::{Value, json};
    use std::future::Future;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    type Failure = Box<dyn std::error::Error>;

    const ROUNDS: usize = 31;
    const CALLS: usize = 400;
    const IN_FLIGHT: usize = 50;

    /// Answers every request with the page, and says on standard output where.
    pub(crate) async fn serve() -> Result<(), Failure> {
        let body = page();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\
             x-ratelimit-limit: 50\r\nx-ratelimit-remaining: 49\r\nx-ratelimit-reset: 1767225600\r\n\
             x-auth0-requestid: 0123456789abcdef\r\ncache-control: no-store\r\n\r\n",
            body.len()
        );
        let answer: &'static [u8] = Box::leak([head.as_bytes(), body.as_bytes()].concat().into_boxed_slice());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        // It ends with the program that started it, which holds the other end of standard input.
        std::thread::spawn(|| {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            std::process::exit(0);
        });
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(answer_all(stream, answer));
        }
    }

    async fn answer_all(mut stream: TcpStream, answer: &'static [u8]) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            filled += read;
            if read == 0 || filled == buffer.len() {
                return Ok(());
            }
            if buffer[..filled].ends_with(b"\r\n\r\n") {
                filled = 0;
                stream.write_all(answer).await?;
            }
        }
    }

    /// Seconds that the calls take, `in_flight` of them at a time.
    async fn timed<F>(in_flight: usize, call: impl Fn() -> F + Clone + Send + 'static) -> Result<f64, Failure>
    where
        F: Future<Output = Result<Value, String>> + Send,
    {
        #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let begun = Instant::now();
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let call = call.clone();
                tokio::spawn(async move {
                    for _ in 0..CALLS / in_flight {
                        let page = call().await?;
                        if page["users"].as_array().map(Vec::len) != Some(50) {
                            return Err("this is not a page of 50 users".to_owned());
                        }
                    }
                    Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(begun.elapsed().as_secs_f64())
    }

    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    pub(crate) async fn measure() -> Result<(), Failure> {
        let mut server = Command::new(std::env::current_exe()?);
        let mut server = server.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut origin = String::new();
        BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut origin)?;
        let origin = origin.trim();

        // Bare reqwest takes the TLS provider of the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let auth0 = ManagementClient::builder(origin).token("the-token-of-the-benchmark").build()?;
        let telemetry = "eyJuYW1lIjoiYXV0aDAtc2RrIiwidmVyc2lvbiI6IjAuMS4wIiwiZW52Ijp7Im9zIjoibGludXgifX0=";
        let url = format!("{origin}/api/v2/users?page=0&per_page=50&include_totals=true");
        let bare = move || {
            let request = http.get(&url).header("accept", "application/json").header("auth0-client", telemetry);
            async move {
                let answer = request.bearer_auth("the-token-of-the-benchmark").send().await;
                let answer = answer.and_then(reqwest::Response::error_for_status).map_err(|error| error.to_string())?;
                let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
                serde_json::from_slice(&bytes).map_err(|error| error.to_string())
            }
        };
        let ours = move || {
            let call = auth0.operation("users.list");
            async move { call.await.map_err(|error| error.to_string()) }
        };

        let mut results = Vec::new();
        for in_flight in [1, IN_FLIGHT] {
            timed(in_flight, bare.clone()).await?;
            timed(in_flight, ours.clone()).await?;
            let (mut theirs, mut own, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..ROUNDS {
                // Who begins changes, so that neither always runs after the other.
                let (a, b) = if round.is_multiple_of(2) {
                    (timed(in_flight, bare.clone()).await?, timed(in_flight, ours.clone()).await?)
                } else {
                    let b = timed(in_flight, ours.clone()).await?;
                    (timed(in_flight, bare.clone()).await?, b)
                };
                theirs.push(a);
                own.push(b);
                ratios.push(b / a);
            }
            let microseconds = |seconds: Vec<f64>| (median(seconds) / CALLS as f64 * 1e7).round() / 10.0;
            results.push(json!({
                "in_flight": in_flight, "rounds": ROUNDS, "calls_per_round": CALLS,
                "reqwest_us": microseconds(theirs), "auth0_sdk_us": microseconds(own),
                "ratio": (median(ratios) * 1000.0).round() / 1000.0,
            }));
        }
        drop(server.stdin.take());
        server.wait()?;
        println!("{}", json!({"page_bytes": page().len(), "results": results}));
        Ok(())
    }
}
