//! Hashes and signatures, in pure Rust: the sandbox runs on wasm32 too, where nothing else would.

use ed25519_dalek::Verifier;
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// RSA keys with fewer bits sign nothing that is accepted.
const LEAST_RSA_BITS: u32 = 2048;

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::<Hmac<Sha256>>(key, message)
}

pub(crate) fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::<Hmac<Sha1>>(key, message)
}

fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A MAC takes keys of every length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// PBKDF2 with HMAC-SHA-256 (RFC 8018, section 5.2).
pub(crate) fn stretch(password: &str, salt: &str, rounds: u32) -> [u8; 32] {
    pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), salt.as_bytes(), rounds.max(1))
}

/// An RSA key by its numbers, big-endian.
pub(crate) fn rsa_of(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
    let number = BoxedUint::from_be_slice_vartime;
    strong(PublicKey::new(number(modulus), number(exponent)).ok()?)
}

/// An RSA key as PKCS#1 has it.
pub(crate) fn rsa_of_der(der: &[u8]) -> Option<PublicKey> {
    strong(PublicKey::from_pkcs1_der(der).ok()?)
}

fn strong(key: PublicKey) -> Option<PublicKey> {
    (key.n().bit_width_vartime() >= LEAST_RSA_BITS).then_some(key)
}

/// A JWS signature of an RSA key (RFC 7518, sections 3.3 and 3.5).
pub(crate) fn verify_rsa(key: &PublicKey, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    let result = match algorithm {
        "RS256" => key.pkcs1v15_verify::<Sha256>(message, signature),
        "RS384" => key.pkcs1v15_verify::<Sha384>(message, signature),
        "RS512" => key.pkcs1v15_verify::<Sha512>(message, signature),
        "PS256" => key.pss_verify::<Sha256>(message, signature),
        "PS384" => key.pss_verify::<Sha384>(message, signature),
        "PS512" => key.pss_verify::<Sha512>(message, signature),
        _ => return false,
    };
    result.is_ok()
}

/// An ECDSA signature over P-256, as JWS has it (two numbers) or in ASN.1, as WebAuthn has it.
pub(crate) fn verify_p256(point: &[u8], message: &[u8], signature: &[u8], asn1: bool) -> bool {
    use p256::ecdsa::{Signature, VerifyingKey};
    let signature = if asn1 { Signature::from_der(signature) } else { Signature::from_slice(signature) };
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_sec1_bytes(point), signature) else { return false };
    key.verify(message, &signature).is_ok()
}

/// An ECDSA signature over P-384, as JWS has it.
pub(crate) fn verify_p384(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    use p384::ecdsa::{Signature, VerifyingKey};
    let key = VerifyingKey::from_sec1_bytes(point);
    let (Ok(key), Ok(signature)) = (key, Signature::from_slice(signature)) else { return false };
    key.verify(message, &signature).is_ok()
}

pub(crate) fn verify_ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = <[u8; 32]>::try_from(key) else { return false };
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key);
    let (Ok(key), Ok(signature)) = (key, ed25519_dalek::Signature::from_slice(signature)) else { return false };
    key.verify(message, &signature).is_ok()
}
