//! Many processes under one limit: they share it through the Redis, and are hardly ever refused; without it they end all the same.

use super::variable;
use auth0_sandbox::{Match, Sandbox, Tier};
use auth0_sdk::{Bulk, Limiter, ManagementClient, Priority, Redis};
use std::io::Read;

/// How many updates each process makes.
const EACH: usize = 8;

/// One of the fleet: waits for the start, and makes its updates.
pub(crate) async fn member(store: &str) {
    let redis = Redis::new(store).expect("a URL");
    let limiter = Limiter::builder().store(redis).on_problem(|problem| println!("{problem}")).build();
    let client = ManagementClient::builder(variable("FLEET_ORIGIN"))
        .client_credentials(variable("FLEET_CLIENT_ID"), variable("FLEET_CLIENT_SECRET"))
        .audience(variable("FLEET_AUDIENCE"))
        .limiter(limiter)
        .priority(Priority::Bulk)
        .max_retries(8)
        .build()
        .expect("a client");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("standard input");
    let report = Bulk::of(0..EACH)
        .concurrency(4)
        .run(|_| {
            let call = client.operation("users.list").query("per_page", 1);
            async move { call.await.map(drop) }
        })
        .await;
    for failure in &report.failures {
        println!("failed: {}", failure.error);
    }
    assert_eq!((report.done as usize, report.stopped.is_none()), (EACH, true));
}

/// Starts so many under the limit of the free tier, and gives how many answers were 429, and what they said.
pub(crate) fn start(sandbox: &Sandbox, store: &str, count: usize) -> (usize, String) {
    sandbox.set_rate_limit_tier(Tier::Free);
    let said = super::run(sandbox, ("FLEET_PACED", store), count);
    let calls = Match { operation: Some("users.list".to_owned()), ..Match::default() };
    let calls = sandbox.requests_matching(&calls);
    let refused = calls.iter().filter(|call| call.status == Some(429)).count();
    assert_eq!(calls.len() - refused, count * EACH);
    (refused, said)
}
