//! Proof of possession (RFC 9449), at the token endpoint and at userinfo.

use super::error::OAuthError;
use super::jwt::{self, PublicKey, sha256};
use super::visit::Visit;
use crate::message::Answer;
use serde_json::Value;

/// How far the time of a proof may be away, in seconds.
const TOLERANCE_S: i64 = 300;

/// How long a nonce is good for, in seconds.
const NONCE_S: i64 = 300;

impl Visit<'_> {
    /// The thumbprint of the key that the request proves to have; `None` without a proof. Public clients have to put in a
    /// nonce of the server (RFC 9449, section 8), as at Auth0.
    pub(crate) fn proven_key(
        &mut self,
        path: &str,
        token: Option<&str>,
        nonce_wanted: bool,
    ) -> Result<Option<String>, OAuthError> {
        let Some(proof) = self.request.header("dpop").map(str::to_owned) else { return Ok(None) };
        let wrong = |text: &str| OAuthError::new(400, "invalid_dpop_proof", text);
        let proof = jwt::decode(&proof).ok_or_else(|| wrong("The DPoP header is not a JWT"))?;
        if proof.header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
            return Err(wrong("typ is not dpop+jwt"));
        }
        let jwk = proof.header.get("jwk").ok_or_else(|| wrong("no jwk in the header"))?;
        if jwk.get("d").is_some() {
            return Err(wrong("jwk holds a private key"));
        }
        let key = PublicKey::of_jwk(jwk).ok_or_else(|| wrong("jwk is not a key that is known here"))?;
        let thumbprint = jwt::thumbprint(jwk).ok_or_else(|| wrong("jwk is not a key that is known here"))?;
        if !matches!(proof.algorithm(), "ES256" | "ES384" | "RS256" | "PS256" | "EdDSA") || !proof.verify(&key) {
            return Err(wrong("the signature is wrong"));
        }
        if proof.claim("htm") != Some(&self.request.method) {
            return Err(wrong("htm is not the method"));
        }
        let url = proof.claim("htu").unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
        if !self.is_own(url, &[path]) {
            return Err(wrong("htu is not the URL"));
        }
        let issued = proof.seconds("iat").ok_or_else(|| wrong("no iat"))?;
        if (issued - self.now_s).abs() > TOLERANCE_S {
            return Err(wrong("iat is too far away"));
        }
        if let Some(token) = token
            && proof.claim("ath") != Some(&sha256(token.as_bytes()))
        {
            return Err(wrong("ath is not the hash of the token"));
        }
        match proof.claim("nonce") {
            None if nonce_wanted => return Err(nonce_error("Authorization server requires nonce in DPoP proof")),
            Some(nonce) if !self.flows.nonces.contains_key(nonce) => {
                return Err(nonce_error("The nonce of the DPoP proof is unknown or has expired"));
            }
            _ => {}
        }
        let jti = proof.claim("jti").ok_or_else(|| wrong("no jti"))?;
        if !self.flows.first_use(format!("proof {thumbprint} {jti}"), issued + 2 * TOLERANCE_S) {
            return Err(wrong("jti was used before"));
        }
        Ok(Some(thumbprint))
    }

    /// Puts the nonce for the next proof into the answer to a request that has one.
    pub(crate) fn offer_nonce(&mut self, answer: &mut Answer) {
        if self.request.header("dpop").is_none() {
            return;
        }
        // The newest serves while half of its time is left.
        let newest = self.flows.nonces.iter().max_by_key(|(_, until)| **until);
        let nonce = match newest.filter(|(_, until)| **until > self.now_s + NONCE_S / 2) {
            Some((nonce, _)) => Ok(nonce.clone()),
            None => self.secret(32),
        };
        if let Ok(nonce) = nonce {
            self.flows.nonces.entry(nonce.clone()).or_insert(self.now_s + NONCE_S);
            answer.set("dpop-nonce", nonce);
        }
    }
}

fn nonce_error(text: &str) -> OAuthError {
    OAuthError::new(400, "use_dpop_nonce", text)
}
