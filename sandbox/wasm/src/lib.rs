//! The wasm-bindgen skin: what the npm package `auth0-sandbox` calls. It converts values and decides nothing.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]
#![allow(missing_debug_implementations, reason = "only JavaScript sees these")]

use auth0_sandbox::{Embedded, Pending, Reply};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

/// The settings, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    origin: String,
    #[serde(default)]
    users: u64,
    #[serde(default)]
    seed: Option<String>,
    #[serde(default)]
    seed_name: Option<String>,
    #[serde(default)]
    rate_limit: Option<RateLimit>,
    #[serde(default)]
    token_lifetime: Option<u32>,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    sample_refused: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    requests: u32,
    seconds: u32,
}

/// A tenant.
#[wasm_bindgen]
pub struct Tenant(Embedded);

#[wasm_bindgen]
impl Tenant {
    /// Makes a tenant from JSON; `pkcs8` is the key that signs. Throws a text.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str, pkcs8: Option<Vec<u8>>) -> Result<Tenant, String> {
        let settings: Settings = serde_json::from_str(settings).map_err(|error| format!("the options: {error}"))?;
        let mut builder = Embedded::builder().users(settings.users).sample_refused(settings.sample_refused);
        if let Some(text) = settings.seed {
            builder = builder.seed_text(settings.seed_name.unwrap_or_else(|| "seed".to_owned()), text);
        }
        if let Some(RateLimit { requests, seconds }) = settings.rate_limit {
            builder = builder.rate_limit(requests, seconds);
        }
        if let Some(seconds) = settings.token_lifetime {
            builder = builder.token_lifetime(seconds);
        }
        if let Some(issuer) = settings.issuer {
            builder = builder.issuer(issuer);
        }
        builder.embed(&settings.origin, pkcs8).map(Tenant).map_err(|error| error.to_string())
    }

    /// What a client is configured with, as JSON.
    pub fn configuration(&self) -> String {
        self.0.configuration().to_string()
    }

    /// Takes a request; `headers` is a JSON list of pairs. Throws a text.
    pub fn begin(&self, method: &str, target: &str, headers: &str, body: Vec<u8>) -> Result<Begun, String> {
        let headers = serde_json::from_str(headers).map_err(|error| format!("the headers: {error}"))?;
        Ok(Begun(self.0.begin(method, target, headers, body)))
    }

    /// Does what was asked.
    pub fn complete(&self, begun: Begun) -> Answer {
        Answer(self.0.complete(begun.0))
    }
}

/// A request that waits to be completed.
#[wasm_bindgen]
pub struct Begun(Pending);

#[wasm_bindgen]
impl Begun {
    /// How long it has to wait, in milliseconds.
    #[wasm_bindgen(getter)]
    pub fn delay(&self) -> f64 {
        self.0.delay_ms() as f64
    }
}

/// An answer.
#[wasm_bindgen]
pub struct Answer(Reply);

#[wasm_bindgen]
impl Answer {
    /// 0: the connection is to be reset.
    #[wasm_bindgen(getter)]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// A JSON list of pairs.
    pub fn headers(&self) -> String {
        serde_json::to_string(&self.0.headers).unwrap_or_default()
    }

    /// The body; it can be taken once.
    pub fn body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0.body)
    }

    /// Over how many milliseconds the body is to be spread.
    #[wasm_bindgen(getter, js_name = bodyDelay)]
    pub fn body_delay(&self) -> f64 {
        self.0.body_delay_ms as f64
    }

    /// After how many bytes the connection is to be closed.
    #[wasm_bindgen(getter)]
    pub fn truncate(&self) -> Option<f64> {
        self.0.truncate.map(|bytes| bytes as f64)
    }
}
