//! The tenant's signing keys.

use super::jwt::{Decoded, PublicKey, decode};
use crate::crypto::{hmac_sha256, sha256};
use crate::error::ApiError;
use crate::ids::mix;
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError, RwLock};

/// An RSA key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    signer: rsa::PrivateKey,
    /// PKCS#8, for the data file.
    private: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// SPKI in PEM. Auth0 shows a certificate here; the sandbox makes none.
    pub(crate) pem: String,
    pub(crate) made_ms: i64,
}

/// The keys, the current one first; what was rotated away stays until it is revoked.
#[derive(Debug, Default)]
pub(crate) struct Keys(RwLock<Vec<(Arc<Key>, bool)>>);

impl Key {
    pub(crate) fn new(now_ms: i64) -> Result<Self, String> {
        let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
        let private = rsa::PrivateKey::new(&mut random, 2048).map_err(|error| error.to_string())?;
        let der = private.to_pkcs8_der().map_err(|error| error.to_string())?;
        Self::of_pkcs8(der.as_bytes().to_vec(), now_ms)
    }

    pub(crate) fn of_pkcs8(private: Vec<u8>, made_ms: i64) -> Result<Self, String> {
        let signer = rsa::PrivateKey::from_pkcs8_der(&private).map_err(|error| error.to_string())?;
        let public = signer.to_public_key();
        let der = public.to_public_key_der().map_err(|error| error.to_string())?;
        let modulus = public.n_bytes().to_vec();
        let id = format!("sandbox-{:016x}", mix(modulus.iter().fold(0, |sum, byte| mix(sum ^ u64::from(*byte)))));
        let exponent = public.e_bytes().to_vec();
        let lines: Vec<String> = STANDARD
            .encode(der.as_bytes())
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        Ok(Self { id, signer, private, modulus, exponent, pem, made_ms })
    }

    fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id,
                "n": URL_SAFE_NO_PAD.encode(&self.modulus), "e": URL_SAFE_NO_PAD.encode(&self.exponent) })
    }

    fn sign(&self, typ: &str, claims: &Value) -> Result<String, ApiError> {
        let signed = joined(&json!({ "alg": "RS256", "typ": typ, "kid": self.id }), claims);
        // Without blinding: it guards against those who measure, and this is a test double.
        let padding = rsa::Pkcs1v15Sign::new::<sha2::Sha256>();
        let signature = self.signer.sign(padding, &sha256(signed.as_bytes())).map_err(ApiError::internal)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Keys {
    /// Makes a key if there is none yet: 0.2 s.
    pub(crate) fn prepare(&self, now_ms: i64) -> Result<(), String> {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.add(Key::new(now_ms)?);
        }
        Ok(())
    }

    /// Signs with this key from now on.
    pub(crate) fn take(&self, pkcs8: Vec<u8>, now_ms: i64) -> Result<(), String> {
        self.add(Key::of_pkcs8(pkcs8, now_ms)?);
        Ok(())
    }

    /// What a data file keeps.
    pub(crate) fn export(&self) -> Value {
        let all = self.all();
        let keys = all.iter().map(|(key, revoked)| {
            json!({ "pkcs8": STANDARD.encode(&key.private), "made_ms": key.made_ms, "revoked": revoked })
        });
        Value::Array(keys.collect())
    }

    /// Takes over what a data file kept.
    pub(crate) fn import(&self, kept: &Value) -> Result<(), String> {
        let mut keys = Vec::new();
        for one in kept.as_array().into_iter().flatten() {
            let text = one.get("pkcs8").and_then(Value::as_str).ok_or("a key without pkcs8")?;
            let der = STANDARD.decode(text).map_err(|error| error.to_string())?;
            let made_ms = one.get("made_ms").and_then(Value::as_i64).unwrap_or_default();
            let revoked = one.get("revoked").and_then(Value::as_bool).unwrap_or(false);
            keys.push((Arc::new(Key::of_pkcs8(der, made_ms)?), revoked));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    pub(crate) fn add(&self, key: Key) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(0, (Arc::new(key), false));
    }

    /// The keys, the current one first, each with whether it was revoked.
    pub(crate) fn all(&self) -> Vec<(Arc<Key>, bool)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Revokes a key that is not the current one. `None`: there is no such key. `Some(false)`: it is the current one.
    pub(crate) fn revoke(&self, id: &str) -> Option<bool> {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let index = keys.iter().position(|(key, _)| key.id == id)?;
        if index == 0 {
            return Some(false);
        }
        keys[index].1 = true;
        Some(true)
    }

    pub(crate) fn sign(&self, claims: &Value) -> Result<String, ApiError> {
        self.sign_as("JWT", claims)
    }

    pub(crate) fn sign_as(&self, typ: &str, claims: &Value) -> Result<String, ApiError> {
        let keys = self.all();
        let (key, _) = keys.first().ok_or_else(|| ApiError::internal("there is no signing key yet"))?;
        key.sign(typ, claims)
    }

    /// A token that this tenant signed, whatever it says. HS256 ones are not looked at.
    pub(crate) fn verified(&self, token: &str) -> Option<Decoded> {
        let decoded = decode(token)?;
        let known = self.all();
        let (key, _) = known.iter().find(|(key, revoked)| {
            !revoked && decoded.header.get("kid").and_then(Value::as_str) == Some(key.id.as_str())
        })?;
        let public = PublicKey::Rsa { modulus: key.modulus.clone(), exponent: key.exponent.clone() };
        (decoded.algorithm() == "RS256" && decoded.verify(&public)).then_some(decoded)
    }

    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.all().iter().filter(|(_, revoked)| !revoked).map(|(key, _)| key.jwk()).collect();
        json!({ "keys": keys })
    }
}

/// A token signed with a client's secret.
pub(crate) fn sign_hs256(secret: &str, claims: &Value) -> String {
    let signed = joined(&json!({ "alg": "HS256", "typ": "JWT" }), claims);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac_sha256(secret.as_bytes(), signed.as_bytes())))
}

fn joined(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}
