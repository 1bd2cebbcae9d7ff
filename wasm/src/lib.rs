//! The wasm-bindgen skin: what the npm package's JavaScript calls. It converts values and decides nothing.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]
#![allow(missing_debug_implementations, reason = "only JavaScript sees these")]

use auth0_sdk::js::{JsClient, JsExchange};
use wasm_bindgen::prelude::*;

/// A third of the size of the standard allocator (2.2 KB less after brotli), in constant time for each call.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// One client.
#[wasm_bindgen]
pub struct Client(JsClient);

#[wasm_bindgen]
impl Client {
    /// Checks the settings.
    #[wasm_bindgen(constructor)]
    pub fn new(settings: &str) -> Client {
        Client(JsClient::new(settings))
    }

    /// The error of the settings.
    pub fn problem(&self) -> String {
        self.0.problem()
    }

    /// The first request of a call.
    pub fn first(&self, input: &str, now: f64) -> String {
        self.0.first(input, now)
    }

    /// Starts a call of an operation. Throws the error as a text.
    pub fn call(&self, input: &str) -> Result<Exchange, String> {
        self.0.call(input).map(Exchange)
    }

    /// What follows a page.
    pub fn page(
        line: &str,
        id: &str,
        query: &str,
        bare: bool,
        count: i32,
        facts: &str,
        guard: &str,
    ) -> Result<String, String> {
        JsClient::page(line, id, query, bare, count, facts, guard)
    }
}

/// One call, step by step: see `JsExchange`.
#[wasm_bindgen]
pub struct Exchange(JsExchange);

#[wasm_bindgen]
impl Exchange {
    /// A call of the Authentication API. Throws the error as a text.
    pub fn auth(line: &str, id: &str, path: &str, params: &str, options: &str) -> Result<Exchange, String> {
        JsExchange::auth(line, id, path, params, options).map(Exchange)
    }
    /// The request for the token that this call needs.
    #[wasm_bindgen(js_name = tokenRequest)]
    pub fn token_request(&self, now: f64) -> Option<Exchange> {
        self.0.token_request(now).map(Exchange)
    }
    /// Begins an attempt.
    pub fn begin(&mut self, now: f64) -> u8 {
        self.0.begin(now)
    }
    /// Goes on after the first request.
    pub fn resume(&mut self, authorization: &str, now: f64) {
        self.0.resume(authorization, now);
    }
    /// Looks for the token that another call has got.
    #[wasm_bindgen(js_name = takeToken)]
    pub fn take_token(&mut self, now: f64) -> bool {
        self.0.take_token(now)
    }
    /// What a shared store needs to know.
    pub fn store(&self) -> String {
        self.0.store()
    }
    /// A token of a shared store.
    pub fn keep(&mut self, token: &str, expires_at: f64, now: f64) -> bool {
        self.0.keep(token, expires_at, now)
    }
    /// The token.
    pub fn token(&mut self, token: String, now: f64) -> u8 {
        self.0.token(token, now)
    }
    /// The request.
    pub fn request(&self) -> String {
        self.0.request()
    }
    /// Its body, where the core knows it.
    pub fn body(&self) -> String {
        self.0.body()
    }
    /// The time of the attempt.
    pub fn limit(&self) -> f64 {
        self.0.limit()
    }
    /// The time to wait.
    pub fn wait(&self) -> f64 {
        self.0.wait()
    }
    /// Status and headers.
    pub fn answered(&mut self, status: u16, headers: &str, now: f64, random: f64) -> u8 {
        self.0.answered(status, headers, now, random)
    }
    /// An error's body.
    pub fn refused(
        &mut self,
        text: &str,
        is_json: bool,
        members: &str,
        broken: Option<String>,
        now: f64,
        random: f64,
    ) -> u8 {
        self.0.refused(text, is_json, members, broken, now, random)
    }
    /// No answer.
    pub fn broke(&mut self, message: &str, code: &str, now: f64, random: f64) -> u8 {
        self.0.broke(message, code, now, random)
    }
    /// Out of time.
    #[wasm_bindgen(js_name = timedOut)]
    pub fn timed_out(&mut self, now: f64, random: f64) -> u8 {
        self.0.timed_out(now, random)
    }
    /// An error that JavaScript found.
    pub fn fail(&mut self, kind: &str, message: &str) {
        self.0.fail(kind, message);
    }
    /// The token endpoint's answer.
    pub fn bought(&mut self, is_json: bool, members: &str) -> String {
        self.0.bought(is_json, members)
    }
    /// The error.
    pub fn error(&mut self) -> String {
        self.0.error()
    }
    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.0.attempts()
    }
}
