//! The wasm-bindgen skin: what the npm package's JavaScript calls. It converts values and decides nothing.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]
#![allow(missing_debug_implementations, reason = "only JavaScript sees these")]

use auth0_sdk::js::{JsClient, JsExchange};
use wasm_bindgen::prelude::*;

/// A third of the size of the standard allocator (2.2 KB less after brotli), in constant time for each call.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

// Called from two places each, and in the module once.
#[inline(never)]
fn call(client: &JsClient, input: &str) -> Result<JsExchange, String> {
    client.call(input)
}
#[inline(never)]
fn auth(input: &str) -> Result<JsExchange, String> {
    let [line, id, path, params, options] = lines(input);
    JsExchange::auth(line, id, path, params, options)
}

/// The lines of a text; empty ones where it has fewer. Each text that crosses by itself costs more.
fn lines<const N: usize>(input: &str) -> [&str; N] {
    let mut lines = input.split('\n');
    std::array::from_fn(|_| lines.next().unwrap_or_default())
}

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

    /// The error of the settings, or else why a call is refused.
    pub fn problem(&self, input: &str) -> String {
        let problem = self.0.problem();
        if problem.is_empty() && !input.is_empty() { call(&self.0, input).err().unwrap_or_default() } else { problem }
    }

    /// The first request of a call.
    pub fn first(&self, input: &str, now: f64) -> String {
        self.0.first(input, now)
    }

    /// Starts a call of an operation; nothing where it is refused. A function that throws would cost half a kilobyte.
    pub fn call(&self, input: &str) -> Option<Exchange> {
        call(&self.0, input).ok().map(Exchange)
    }

    /// What follows a page, or an error behind an exclamation mark.
    pub fn page(input: &str, bare: bool, count: i32) -> String {
        let [line, id, query, facts, guard] = lines(input);
        JsClient::page(line, id, query, bare, count, facts, guard).unwrap_or_else(|error| ["!", &error].concat())
    }
}

/// One call, step by step: see `JsExchange`.
#[wasm_bindgen]
pub struct Exchange(JsExchange);

#[wasm_bindgen]
impl Exchange {
    /// A call of the Authentication API; nothing where it is refused.
    pub fn auth(input: &str) -> Option<Exchange> {
        auth(input).ok().map(Exchange)
    }
    /// Why.
    #[wasm_bindgen(js_name = authRefusal)]
    pub fn auth_refusal(input: &str) -> String {
        auth(input).err().unwrap_or_default()
    }
    /// The request for the token that this call needs.
    #[wasm_bindgen(js_name = tokenRequest)]
    pub fn token_request(&self, now: f64) -> Option<Exchange> {
        self.0.token_request(now).map(Exchange)
    }
    /// Request, body, error, and what a shared store needs to know, by number: load.js names them. A function each would be larger.
    pub fn text(&mut self, which: u8) -> String {
        match which {
            0 => self.0.request(),
            1 => self.0.body(),
            2 => self.0.error(),
            _ => self.0.store(),
        }
    }
    /// The time of the attempt, the time to wait, and how many attempts were made.
    pub fn number(&self, which: u8) -> f64 {
        match which {
            0 => self.0.limit(),
            1 => self.0.wait(),
            _ => self.0.attempts().into(),
        }
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
    /// A token of a shared store.
    pub fn keep(&mut self, token: &str, expires_at: f64, now: f64) -> bool {
        self.0.keep(token, expires_at, now)
    }
    /// The token.
    pub fn token(&mut self, token: String, now: f64) -> u8 {
        self.0.token(token, now)
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
}
