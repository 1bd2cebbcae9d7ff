//! What the typed API costs.
//!
//! Without arguments: a page of 50 users (52 KB) decoded into the generated models, and into structs that somebody wrote by
//! hand with serde's derive for just what is in this page. `--members`: walks the members of the sandbox's organization.
//! `--export N`: reads an export of N users from a server of this program in a process of its own. Both walks say how much
//! memory was resident on the way. `cargo xtask bench` and `cargo xtask soak` run it; nothing is asserted here.

#[cfg(not(target_arch = "wasm32"))]
#[path = "shared/memory.rs"]
mod memory;
#[cfg(not(target_arch = "wasm32"))]
#[path = "shared/page.rs"]
mod page;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => native::decode(),
        ["--members"] => runtime.block_on(native::members()),
        ["--export", count] => runtime.block_on(native::export(count.parse()?)),
        ["--serve", count] => runtime.block_on(native::serve(count.parse()?)),
        other => Err(format!("unknown arguments {other:?}").into()),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::memory::resident;
    use super::page::page;
    use auth0_sdk::ManagementClient;
    use auth0_sdk::management::jobs::CreateExportUsers;
    use auth0_sdk::management::users::{ListUsersResponse, User};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};
    use std::hint::black_box;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    type Failure = Box<dyn std::error::Error>;

    const ROUNDS: usize = 801;
    /// Few, so that a round is shorter than what a busy machine leaves undisturbed.
    const PAGES: usize = 4;

    /// The page as somebody would write it who needs just this.
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct ByHand {
        start: i64,
        limit: i64,
        total: i64,
        users: Vec<UserByHand>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct UserByHand {
        user_id: String,
        email: Option<String>,
        email_verified: Option<bool>,
        name: Option<String>,
        nickname: Option<String>,
        picture: Option<String>,
        given_name: Option<String>,
        family_name: Option<String>,
        locale: Option<String>,
        created_at: Option<String>,
        updated_at: Option<String>,
        last_login: Option<String>,
        last_ip: Option<String>,
        logins_count: Option<i64>,
        blocked: Option<bool>,
        identities: Option<Vec<IdentityByHand>>,
        user_metadata: Option<Value>,
        app_metadata: Option<Value>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, non_snake_case)]
    struct IdentityByHand {
        connection: String,
        provider: String,
        user_id: String,
        isSocial: bool,
    }

    fn timed<T: DeserializeOwned>(text: &str) -> Result<f64, Failure> {
        #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let begun = Instant::now();
        for _ in 0..PAGES {
            let read: T = serde_json::from_slice(black_box(text.as_bytes()))?;
            black_box(read);
        }
        Ok(begun.elapsed().as_secs_f64())
    }

    /// The quickest round: what else the machine does only adds to one.
    fn least(values: &[f64]) -> f64 {
        values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The page, and the same without the one member that the description does not have: the models keep such members,
    /// which a struct by hand that does not name them skips.
    pub(crate) fn decode() -> Result<(), Failure> {
        let text = page();
        let known = text.replace("\"locale\":\"en\",", "");
        if known.len() == text.len() {
            return Err("the page has no unknown member".into());
        }
        println!("{}", json!({"known": compare(&known)?, "unknown": compare(&text)?}));
        Ok(())
    }

    fn compare(text: &str) -> Result<Value, Failure> {
        let (mut hand, mut own, mut untyped) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Who begins changes, so that neither always runs after the other.
            let (a, b) = if round.is_multiple_of(2) {
                let a = timed::<ByHand>(text)?;
                (a, timed::<ListUsersResponse>(text)?)
            } else {
                let b = timed::<ListUsersResponse>(text)?;
                (timed::<ByHand>(text)?, b)
            };
            untyped.push(timed::<Value>(text)?);
            hand.push(a);
            own.push(b);
        }
        let microseconds = |seconds: &[f64]| (least(seconds) / PAGES as f64 * 1e7).round() / 10.0;
        Ok(json!({
            "page_bytes": text.len(), "by_hand_us": microseconds(&hand), "typed_us": microseconds(&own),
            "untyped_us": microseconds(&untyped), "ratio": (least(&own) / least(&hand) * 1000.0).round() / 1000.0,
        }))
    }

    /// Counts what comes, and looks at the memory on the way.
    #[derive(Default)]
    struct Counter {
        items: u64,
        /// After the first 10,000 items, when everything has been made that is made once.
        early: u64,
    }

    impl Counter {
        fn count(&mut self) {
            self.items += 1;
            if self.items == 10_000 {
                self.early = resident().0;
            }
        }

        fn print(&self, begun: Instant) {
            let (now, peak) = resident();
            let figures = json!({
                "items": self.items, "seconds": (begun.elapsed().as_secs_f64() * 10.0).round() / 10.0,
                "rss_kb_after_10000": self.early, "rss_kb_at_end": now, "rss_kb_peak": peak,
            });
            println!("{figures}");
        }
    }

    pub(crate) async fn members() -> Result<(), Failure> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
        let auth0 = ManagementClient::builder(variable("SANDBOX_URL")?)
            .client_credentials(variable("SANDBOX_CLIENT_ID")?, variable("SANDBOX_CLIENT_SECRET")?)
            .audience(variable("SANDBOX_AUDIENCE")?)
            .build()?;
        let first = auth0.organizations().list().take(1).items().next().await.ok_or("no organization")??;
        let id = first.id.ok_or("an organization without an id")?;
        let mut members = auth0.organizations().members().list(id).take(100).items();
        let mut counter = Counter::default();
        #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let begun = Instant::now();
        while let Some(member) = members.next().await {
            if member?.user_id.is_none() {
                return Err("a member without an id".into());
            }
            counter.count();
        }
        counter.print(begun);
        Ok(())
    }

    pub(crate) async fn export(count: u64) -> Result<(), Failure> {
        let mut server = Command::new(std::env::current_exe()?);
        let server = server.args(["--serve", &count.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = server.spawn()?;
        let mut origin = String::new();
        BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut origin)?;
        let auth0 = ManagementClient::builder(origin.trim()).token("the-token-of-the-benchmark").build()?;
        let jobs = auth0.jobs();
        let job = jobs.users_exports().create(CreateExportUsers::new()).await?;
        let job = jobs.wait(job.id.ok_or("no id")?).first_look_after(Duration::from_millis(10)).await?;
        let mut users = jobs.download::<User>(&job).await?;
        let mut counter = Counter::default();
        #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let begun = Instant::now();
        while let Some(user) = users.next().await {
            if user?.identities.is_none_or(|identities| identities.len() != 1) {
                return Err("a user without an identity".into());
            }
            counter.count();
        }
        counter.print(begun);
        drop(server.stdin.take());
        server.wait()?;
        Ok(())
    }

    /// A tenant that can do one thing: export so many users.
    pub(crate) async fn serve(count: u64) -> Result<(), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        println!("{origin}");
        // It ends with the program that started it, which holds the other end of standard input.
        std::thread::spawn(|| {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            std::process::exit(0);
        });
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(answer(stream, origin.clone(), count));
        }
    }

    async fn answer(mut stream: TcpStream, origin: String, count: u64) -> std::io::Result<()> {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        // A body is short and comes with its head, or is not waited for.
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                read => request.extend_from_slice(&buffer[..read]),
            }
        }
        if !request.starts_with(b"GET /file") {
            let job = json!({"id": "job_1", "type": "users_export", "status": "completed",
                             "location": format!("{origin}/file")});
            let job = job.to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
            stream.write_all(format!("{head}{}\r\n\r\n{job}", job.len()).as_bytes()).await?;
            return stream.shutdown().await;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/gzip\r\nconnection: close\r\n\r\n").await?;
        let page: Value = serde_json::from_str(&page())?;
        let users: Vec<String> =
            page["users"].as_array().into_iter().flatten().map(|user| format!("{user}\n")).collect();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        for line in users.iter().cycle().take(usize::try_from(count).unwrap_or(usize::MAX)) {
            gzip.write_all(line.as_bytes())?;
            if gzip.get_ref().len() > 64 * 1024 {
                stream.write_all(gzip.get_ref()).await?;
                gzip.get_mut().clear();
            }
        }
        stream.write_all(&gzip.finish()?).await?;
        stream.shutdown().await
    }
}
