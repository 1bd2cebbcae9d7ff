//! Keys and tokens: see `auth0_sdk::verify::js`.

use auth0_sdk::verify::js::{self, JsJudge};
use wasm_bindgen::prelude::*;

/// The verifier of one issuer.
#[wasm_bindgen]
pub struct Judge(JsJudge);

#[wasm_bindgen]
impl Judge {
    /// Checks the settings. Throws a refusal.
    pub fn make(settings: &str) -> Result<Judge, String> {
        JsJudge::new(settings).map(Judge)
    }
    /// Where the discovery document is.
    pub fn discovery(&self) -> Result<String, String> {
        self.0.discovery()
    }
    /// Where the keys are.
    pub fn discovered(&self, document: &str) -> Result<String, String> {
        self.0.discovered(document)
    }
    /// The keys.
    pub fn loaded(&mut self, set: &str, at: f64) -> Result<(), String> {
        self.0.loaded(set, at)
    }
    /// No keys.
    pub fn failed(&mut self, why: String, now: f64) {
        self.0.failed(why, now);
    }
    /// A key.
    pub fn key(&self, id: u32) -> String {
        self.0.key(id)
    }
    /// A token.
    pub fn check(&self, kind: u8, token: &str, expect: &str, now: f64) -> Result<String, String> {
        self.0.check(kind, token, expect, now)
    }
    /// Whether something comes for the first time.
    pub fn first(&self, key: &str, ends_at: f64, now: f64) -> bool {
        self.0.first(key, ends_at, now)
    }
    /// A proof.
    pub fn prove(
        &self,
        proof: &str,
        method: &str,
        url: &str,
        ath: &str,
        nonce: Option<String>,
        now: f64,
    ) -> Result<String, String> {
        self.0.prove(proof, method, url, ath, nonce, now)
    }
    /// Headers.
    pub fn credentials(authorization: Option<String>, proof: Option<String>, dpop: u8) -> Result<String, String> {
        js::credentials(authorization, proof, dpop)
    }
    /// What a token is bound to.
    pub fn confirm(
        proof: bool,
        jkt: Option<String>,
        certificate: Option<String>,
        bound: bool,
        shown: Option<String>,
    ) -> Result<(), String> {
        js::confirm(proof, jkt, certificate, bound, shown)
    }
    /// The key of a proof.
    pub fn proof(text: &str) -> Result<String, String> {
        js::proof(text)
    }
    /// A refusal.
    pub fn refusal(
        problem: &str,
        verification: bool,
        scopes: &str,
        realm: Option<String>,
        dpop: u8,
        dpop_scheme: bool,
    ) -> String {
        js::refusal(problem, verification, scopes, realm, dpop, dpop_scheme)
    }
    /// An assertion.
    pub fn assertion(
        algorithm: &str,
        key_id: Option<String>,
        client_id: &str,
        audience: &str,
        id: &str,
        now: f64,
        lifetime: f64,
    ) -> Result<String, String> {
        js::assertion(algorithm, key_id, client_id, audience, id, now, lifetime)
    }
    /// A proof to be signed.
    #[allow(clippy::too_many_arguments, reason = "texts and numbers are all that cross the boundary")]
    pub fn dpop(
        algorithm: &str,
        key: &str,
        id: &str,
        method: &str,
        url: &str,
        now: f64,
        ath: Option<String>,
        nonce: Option<String>,
    ) -> Result<String, String> {
        js::dpop(algorithm, key, id, method, url, now, ath, nonce)
    }
    /// A public key.
    pub fn public(jwk: &str, algorithm: &str) -> Result<String, String> {
        js::public(jwk, algorithm)
    }
    /// A private key.
    pub fn pkcs8(pem: &str) -> Result<String, String> {
        js::pkcs8(pem)
    }
    /// A code verifier.
    #[wasm_bindgen(js_name = codeVerifier)]
    pub fn code_verifier(verifier: &str) -> Result<(), String> {
        js::code_verifier(verifier)
    }
}
