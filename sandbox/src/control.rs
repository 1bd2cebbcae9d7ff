//! The test controls: everything below `/__sandbox/`.

use crate::error::ApiError;
use crate::faults::{Fault, Match};
use crate::limits::{RateLimit, Tier};
use crate::message::{Answer, Request};
use crate::tenant::Tenant;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Below this path are the test controls.
pub(crate) const BASE: &str = "/__sandbox";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedRequest {
    users: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    advance_ms: i64,
}

/// The rate limit of a subscription.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTier {
    tier: Tier,
}

/// The name of a snapshot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollInterval {
    seconds: i64,
}

pub(crate) fn handle(tenant: &Tenant, request: &Request) -> Answer {
    perform(tenant, request).unwrap_or_else(|error| error.answer())
}

fn perform(tenant: &Tenant, request: &Request) -> Result<Answer, ApiError> {
    let path = request.path.strip_prefix(BASE).unwrap_or_default();
    if let Some(result) = crate::auth::control(tenant, request, path) {
        return result;
    }
    if let Some(name) = path.strip_prefix("/files/").filter(|_| request.method == "GET") {
        let files = tenant.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let body = files.get(name).cloned().ok_or_else(ApiError::not_found)?;
        return Ok(Answer { status: 200, body, ..Answer::default() }.with("content-type", "application/gzip"));
    }
    match (request.method.as_str(), path) {
        ("GET", "/faults") => return Ok(Answer::json(200, &json!(tenant.faults.all()))),
        ("POST", "/faults") => {
            let fault: Fault = read(request)?;
            fault.check().map_err(ApiError::invalid_body)?;
            tenant.faults.add(fault);
        }
        ("DELETE", "/faults") => tenant.faults.clear(),
        ("GET", "/requests") => {
            return Ok(Answer::json(200, &json!(tenant.journal.matching(&wanted_entries(request)?))));
        }
        ("DELETE", "/requests") => tenant.journal.clear(),
        ("POST", "/reset") => tenant.reset(),
        ("POST", "/snapshot") => tenant.snapshot(&read::<Named>(request)?.name),
        ("POST", "/restore") if !tenant.restore(&read::<Named>(request)?.name) => return Err(ApiError::not_found()),
        ("POST", "/restore") => {}
        ("POST", "/seed") => tenant.reseed(read::<SeedRequest>(request)?.users),
        ("POST", "/revoke-tokens") => tenant.authority.revoke_all(tenant.clock.now_s()),
        ("POST", "/rate-limit") => {
            if let Ok(OfTier { tier }) = serde_json::from_slice(&request.body) {
                tenant.limiter.set_tier(tier, tenant.clock.now_ms());
                return Ok(Answer::empty(204));
            }
            let limit: Option<RateLimit> = read(request)?;
            if limit.is_some_and(|limit| limit.requests == 0 || limit.seconds == 0) {
                return Err(ApiError::invalid_body("requests and seconds are at least 1"));
            }
            tenant.limiter.set(limit);
        }
        ("POST", "/poll-interval") => {
            let seconds = read::<PollInterval>(request)?.seconds;
            if seconds < 0 {
                return Err(ApiError::invalid_body("seconds is at least 0"));
            }
            tenant.set_poll_interval(seconds);
        }
        ("POST", "/clock") => {
            tenant.clock.advance(read::<ClockRequest>(request)?.advance_ms);
            tenant.bell.ring();
        }
        _ => return Err(ApiError::not_found()),
    }
    Ok(Answer::empty(204))
}

fn wanted_entries(request: &Request) -> Result<Match, ApiError> {
    let mut wanted = Match::default();
    for (name, value) in request.query_pairs() {
        match name.as_str() {
            "method" => wanted.method = Some(value),
            "path" => wanted.path = Some(value),
            "operation" => wanted.operation = Some(value),
            other => return Err(ApiError::invalid_query(format!("Additional properties not allowed: {other}"))),
        }
    }
    Ok(wanted)
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body).map_err(ApiError::invalid_body)
}
