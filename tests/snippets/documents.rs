// What README.md and docs/ show as Rust and is no test of the documentation, to the letter; the rest is in examples/axum.

async fn fleets(domain: &str, id: &str, secret: &str, key: [u8; 32]) -> Result<(), Box<dyn std::error::Error>> {
use auth0_sdk::{ManagementClient, Redis, SharedStore};
let store = SharedStore::new(Redis::new("redis://tokens.internal")?) // feature `redis`; or Files::new("/var/cache/mine")
    .encrypted(key) // 32 bytes, AES-256-GCM; optional
    .on_problem(|problem| eprintln!("{problem}"));
let auth0 = ManagementClient::builder(domain).client_credentials(id, secret).token_store(store).build()?;
Ok(())
}

async fn bulk(domain: &str, id: &str, secret: &str, ids: Vec<String>, change: auth0_sdk::management::users::UpdateUser) -> Result<(), Box<dyn std::error::Error>> {
use auth0_sdk::{Bulk, Limiter, ManagementClient, Priority};
let auth0 = ManagementClient::builder(domain).client_credentials(id, secret).limiter(Limiter::new()).priority(Priority::Bulk).build()?;
let report = Bulk::of(ids).run(|id| { let call = auth0.users().update(id, change.clone()); async move { call.await.map(drop) } }).await;
Ok(())
}

async fn many_machines() -> Result<(), Box<dyn std::error::Error>> {
use auth0_sdk::{Limiter, Redis};
let limiter = Limiter::builder().store(Redis::new("redis://limits.internal")?).on_problem(|problem| eprintln!("{problem}")).build();
Ok(())
}

async fn proofs(domain: &str, id: &str, key: auth0_sdk::Key, host: auth0_sdk::Host, token: &str) -> Result<(), Box<dyn std::error::Error>> {
use auth0_sdk::{Algorithm, AuthenticationClient, Dpop};
let dpop = Dpop::new(&host, host.generate_key(Algorithm::ES256).await?)?;
let auth0 = AuthenticationClient::builder(domain).client_id(id).private_key_jwt(key).dpop(&dpop).build()?;
let proof = dpop.proof("GET", "https://api.example.com/things", Some(token)).await?; // or dpop.transport(..), which adds one to each request
Ok(())
}
