//! A job of many updates against a tenant with a rate limit. `cargo xtask bulk` runs it, and its peers in `benches/bulk/`, all with the same
//! environment: `SANDBOX_URL` and so on, `BULK_IDS` (a file with the ids of the users, a line each) and `BULK_WORKERS`.
//!
//! With `--ids N` it writes that file. Nothing is asserted: it prints what happened.

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ids = arguments.iter().position(|argument| argument == "--ids").and_then(|index| arguments.get(index + 1));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match ids {
        Some(count) => runtime.block_on(native::ids(count.parse()?)),
        None => runtime.block_on(native::update()),
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use auth0_sdk::{Bulk, Limiter, ManagementBuilder, ManagementClient, Priority};
    use serde_json::json;
    use std::env::var;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Instant;

    type Failure = Box<dyn std::error::Error>;

    fn client() -> Result<ManagementBuilder, Failure> {
        let builder = ManagementClient::builder(var("SANDBOX_URL")?).audience(var("SANDBOX_AUDIENCE")?);
        Ok(builder.client_credentials(var("SANDBOX_CLIENT_ID")?, var("SANDBOX_CLIENT_SECRET")?))
    }

    /// The ids of the sandbox's first users, in the order of their addresses.
    pub(crate) async fn ids(count: u64) -> Result<(), Failure> {
        let client = client()?.build()?;
        let found = Arc::new(Mutex::new(Vec::new()));
        let report = Bulk::of(1..=count)
            .run(|number| {
                let call =
                    client.operation("users.listUsersByEmail").query("email", format!("user-{number:06}@example.com"));
                let found = found.clone();
                async move {
                    let users = call.await?;
                    let id = users[0]["user_id"].as_str().unwrap_or_default().to_owned();
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((number, id));
                    Ok(())
                }
            })
            .await;
        if report.done != count {
            return Err(format!("{} of {count} users are there", report.done).into());
        }
        let mut found = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
        found.sort();
        let lines: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
        std::fs::write(var("BULK_IDS")?, lines.join("\n"))?;
        Ok(())
    }

    pub(crate) async fn update() -> Result<(), Failure> {
        let ids = std::fs::read_to_string(var("BULK_IDS")?)?;
        let (requests, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (all, no) = (requests.clone(), refused.clone());
        let client = client()?
            .limiter(Limiter::new())
            .priority(Priority::Bulk)
            .on_response(move |event| {
                all.fetch_add(1, Ordering::Relaxed);
                no.fetch_add(u64::from(event.status == 429), Ordering::Relaxed);
            })
            .build()?;
        #[allow(clippy::disallowed_methods, reason = "a benchmark takes the time")]
        let start = Instant::now();
        let report = Bulk::of(ids.lines())
            .concurrency(var("BULK_WORKERS")?.parse()?)
            .run(|id| {
                let call = client.operation("users.update").path(id).body(&json!({"user_metadata": {"seen": true}}));
                async move { call.await.map(drop) }
            })
            .await;
        let seconds = start.elapsed().as_secs_f64();
        let first = report.failures.first().map(|failure| failure.error.to_string());
        let (requests, refused) = (requests.load(Ordering::Relaxed), refused.load(Ordering::Relaxed));
        println!(
            "{}",
            json!({"done": report.done, "failed": report.failures.len(), "requests": requests, "refused": refused, "seconds": seconds, "firstError": first})
        );
        Ok(())
    }
}
