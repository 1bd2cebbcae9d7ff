//! `ring`.
//!
//! Why this one: rustls has it in the tree already, so that it costs no build time; its RSA, ECDSA and Ed25519 are those that
//! TLS in Rust rests on, in constant time, and it refuses weak keys (RSA below 2048 bits). What it lacks is said as an error:
//! P-521 (ES512), and making RSA keys. The `rsa` crate, which could, has an open timing side channel (RUSTSEC-2023-0071).

use super::key::{check_material, rejected, unsupported};
use super::{Crypto, Key, KeyMaterial, KeyUsage};
use crate::error::{Error, ErrorKind};
use crate::jose::{Algorithm, Der, Family, Hash, Jwk, KeyData, Private, base64url};
use crate::maybe_send::{BoxFuture, Handle};
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaParameters, UnparsedPublicKey,
    VerificationAlgorithm,
};
use ring::{aead, digest, hmac};
use std::sync::Arc;

/// The system's randomness, and the cryptography of `ring`.
///
/// RS, PS, HS (256, 384, 512), ES256, ES384 and EdDSA; not ES512. It makes keys for ES256, ES384 and EdDSA.
#[derive(Clone, Copy, Debug)]
pub struct NativeCrypto;

/// What is kept of a key.
enum Material {
    RsaPublic(PublicKeyComponents<Vec<u8>>),
    /// From SPKI; also points, and Ed25519.
    Public(Vec<u8>),
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(hmac::Key),
}

fn random() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &sig::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &sig::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &sig::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &sig::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &sig::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &sig::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::ES256 => &sig::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &sig::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &sig::ED25519,
        _ => rsa_parameters(algorithm)?,
    })
}

fn ecdsa(algorithm: Algorithm) -> Result<&'static sig::EcdsaSigningAlgorithm, Error> {
    match algorithm {
        Algorithm::ES256 => Ok(&sig::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::ES384 => Ok(&sig::ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => Err(unsupported(algorithm, "ring has no P-521")),
    }
}

fn hmac_algorithm(algorithm: Algorithm) -> hmac::Algorithm {
    match algorithm.hash() {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

/// The public key of a key pair, from what ring says of it.
fn public_jwk(algorithm: Algorithm, bytes: &[u8]) -> Option<Jwk> {
    let data = match algorithm.family() {
        Family::Ed25519 => KeyData::Okp { x: base64url::encode(bytes) },
        Family::Ecdsa => {
            let point = bytes.get(1..)?;
            let (x, y) = point.split_at_checked(point.len() / 2)?;
            let curve = if algorithm == Algorithm::ES256 { "P-256" } else { "P-384" };
            KeyData::Ec { curve, x: base64url::encode(x), y: base64url::encode(y) }
        }
        // PKCS#1: SEQUENCE { INTEGER n, INTEGER e }
        Family::Rsa | Family::Pss => {
            let (_, content, _) = Der(bytes).next()?;
            let (_, n, rest) = Der(content).next()?;
            let (_, e, _) = Der(rest).next()?;
            let strip = |number: &[u8]| base64url::encode(number.strip_prefix(&[0]).unwrap_or(number));
            KeyData::Rsa { n: strip(n), e: strip(e) }
        }
        Family::Hmac => return None,
    };
    Some(Jwk::public_of(data))
}

fn bytes(text: &str) -> Vec<u8> {
    // Checked when the key was read.
    base64url::decode(text).unwrap_or_default()
}

fn unzeroed(text: &str) -> Vec<u8> {
    let bytes = bytes(text);
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default().to_vec()
}

fn point(x: &str, y: &str) -> Vec<u8> {
    [vec![4], bytes(x), bytes(y)].concat()
}

fn from_jwk(jwk: &Jwk, algorithm: Algorithm, usage: KeyUsage) -> Result<Material, Error> {
    let secret = |name: &str| {
        let Private(members) = jwk.private.as_ref()?;
        members.iter().find(|(known, _)| *known == name).map(|(_, value)| value.expose())
    };
    let refused = |error: ring::error::KeyRejected| rejected(algorithm, &error.to_string());
    let missing = || rejected(algorithm, "a private member is missing");
    if algorithm.family() == Family::Hmac {
        let secret = bytes(secret("k").ok_or_else(missing)?);
        if secret.len() < algorithm.hash().length() {
            return Err(rejected(algorithm, "it is shorter than the digest"));
        }
        return Ok(Material::Hmac(hmac::Key::new(hmac_algorithm(algorithm), &secret)));
    }
    Ok(match (&jwk.data, usage) {
        (KeyData::Rsa { n, e }, KeyUsage::Verify) => {
            Material::RsaPublic(PublicKeyComponents { n: unzeroed(n), e: unzeroed(e) })
        }
        (KeyData::Ec { x, y, .. }, KeyUsage::Verify) => Material::Public(point(x, y)),
        (KeyData::Okp { x }, KeyUsage::Verify) => Material::Public(bytes(x)),
        (KeyData::Rsa { n, e }, KeyUsage::Sign) => {
            let member = |name| secret(name).map(unzeroed).ok_or_else(missing);
            let components = KeyPairComponents {
                public_key: PublicKeyComponents { n: unzeroed(n), e: unzeroed(e) },
                d: member("d")?,
                p: member("p")?,
                q: member("q")?,
                dP: member("dp")?,
                dQ: member("dq")?,
                qInv: member("qi")?,
            };
            Material::Rsa(RsaKeyPair::from_components(&components).map_err(refused)?)
        }
        (KeyData::Ec { x, y, .. }, KeyUsage::Sign) => {
            let d = bytes(secret("d").ok_or_else(missing)?);
            let kind = ecdsa(algorithm)?;
            let pair = EcdsaKeyPair::from_private_key_and_public_key(kind, &d, &point(x, y), &random());
            Material::Ecdsa(pair.map_err(refused)?)
        }
        (KeyData::Okp { x }, KeyUsage::Sign) => {
            let d = bytes(secret("d").ok_or_else(missing)?);
            Material::Ed25519(Ed25519KeyPair::from_seed_and_public_key(&d, &bytes(x)).map_err(refused)?)
        }
        (KeyData::Oct, _) => return Err(missing()),
    })
}

fn from_private_der(der: &[u8], algorithm: Algorithm) -> Result<Material, Error> {
    let refused = |error: ring::error::KeyRejected| rejected(algorithm, &error.to_string());
    Ok(match algorithm.family() {
        Family::Rsa | Family::Pss => Material::Rsa(RsaKeyPair::from_pkcs8(der).map_err(refused)?),
        Family::Ecdsa => Material::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa(algorithm)?, der, &random()).map_err(refused)?),
        Family::Ed25519 => Material::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(refused)?),
        Family::Hmac => return Err(rejected(algorithm, "a PEM is no secret")),
    })
}

fn from_public_der(der: &[u8], algorithm: Algorithm) -> Result<Material, Error> {
    let (kind, key) =
        Der(der).spki().ok_or_else(|| rejected(algorithm, "it is no SPKI of a type that is known here"))?;
    let fits = match algorithm {
        Algorithm::ES256 => kind == "P-256",
        Algorithm::ES384 => kind == "P-384",
        Algorithm::EdDSA => kind == "Ed25519",
        _ => kind == "RSA",
    };
    if fits { Ok(Material::Public(key.to_vec())) } else { Err(rejected(algorithm, &["it is one of ", kind].concat())) }
}

fn import(material: KeyMaterial<'_>, algorithm: Algorithm, usage: KeyUsage) -> Result<Key, Error> {
    check_material(material, algorithm, usage)?;
    if algorithm == Algorithm::ES512 {
        ecdsa(algorithm)?;
    }
    let (made, kid) = match material {
        KeyMaterial::Jwk(jwk) => (from_jwk(jwk, algorithm, usage)?, jwk.key_id()),
        KeyMaterial::Pem(pem) if pem.is_private() => (from_private_der(&pem.der, algorithm)?, None),
        KeyMaterial::Pem(pem) => (from_public_der(&pem.der, algorithm)?, None),
        KeyMaterial::Secret(secret) => {
            (Material::Hmac(hmac::Key::new(hmac_algorithm(algorithm), secret.expose().as_bytes())), None)
        }
    };
    let public = match &made {
        Material::Rsa(pair) => public_jwk(algorithm, pair.public_key().as_ref()),
        Material::Ecdsa(pair) => public_jwk(algorithm, pair.public_key().as_ref()),
        Material::Ed25519(pair) => public_jwk(algorithm, pair.public_key().as_ref()),
        Material::RsaPublic(_) | Material::Public(_) | Material::Hmac(_) => None,
    };
    Ok(Key::new(algorithm, usage, public, Arc::new(made)).with_key_id(kid))
}

fn material(key: &Key) -> Result<&Material, Error> {
    let handle: &Handle = key.handle();
    handle
        .downcast_ref::<Material>()
        .ok_or_else(|| Error::new(ErrorKind::Config, "the key was made by another provider of cryptography"))
}

fn sign(key: &Key, data: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |_| Error::new(ErrorKind::Internal, "signing failed");
    match material(key)? {
        Material::Hmac(secret) => Ok(hmac::sign(secret, data).as_ref().to_vec()),
        Material::Ed25519(pair) => Ok(pair.sign(data).as_ref().to_vec()),
        Material::Ecdsa(pair) => pair.sign(&random(), data).map(|made| made.as_ref().to_vec()).map_err(failed),
        Material::Rsa(pair) => {
            let padding: &'static dyn sig::RsaEncoding = match key.algorithm() {
                Algorithm::RS256 => &sig::RSA_PKCS1_SHA256,
                Algorithm::RS384 => &sig::RSA_PKCS1_SHA384,
                Algorithm::RS512 => &sig::RSA_PKCS1_SHA512,
                Algorithm::PS256 => &sig::RSA_PSS_SHA256,
                Algorithm::PS384 => &sig::RSA_PSS_SHA384,
                _ => &sig::RSA_PSS_SHA512,
            };
            let mut made = vec![0; pair.public().modulus_len()];
            pair.sign(padding, &random(), data, &mut made).map_err(failed)?;
            Ok(made)
        }
        Material::RsaPublic(_) | Material::Public(_) => {
            Err(Error::new(ErrorKind::Config, "the key is public: nothing can be signed with it"))
        }
    }
}

fn verify(key: &Key, data: &[u8], signature: &[u8]) -> Result<bool, Error> {
    let other = || Error::new(ErrorKind::Config, "the key is private: nothing is verified with it");
    Ok(match material(key)? {
        Material::Hmac(secret) => hmac::verify(secret, data, signature).is_ok(),
        Material::RsaPublic(public) => {
            rsa_parameters(key.algorithm()).is_some_and(|with| public.verify(with, data, signature).is_ok())
        }
        Material::Public(public) => verification(key.algorithm())
            .is_some_and(|with| UnparsedPublicKey::new(with, public).verify(data, signature).is_ok()),
        _ => return Err(other()),
    })
}

impl Crypto for NativeCrypto {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(out)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("the system has no random source: {error}")))
    }

    fn digest<'a>(&'a self, hash: Hash, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let algorithm = match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        Box::pin(async move { Ok(digest::digest(algorithm, data).as_ref().to_vec()) })
    }

    fn import_key<'a>(
        &'a self,
        material: KeyMaterial<'a>,
        algorithm: Algorithm,
        usage: KeyUsage,
    ) -> BoxFuture<'a, Result<Key, Error>> {
        Box::pin(async move { import(material, algorithm, usage) })
    }

    fn generate_key(&self, algorithm: Algorithm) -> BoxFuture<'_, Result<Key, Error>> {
        Box::pin(async move {
            let failed = |_| Error::new(ErrorKind::Internal, "the system has no random source");
            let pkcs8 = match algorithm.family() {
                Family::Ecdsa => EcdsaKeyPair::generate_pkcs8(ecdsa(algorithm)?, &random()).map_err(failed)?,
                Family::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random()).map_err(failed)?,
                _ => return Err(unsupported(algorithm, "ring makes keys for ES256, ES384 and EdDSA only")),
            };
            let made = from_private_der(pkcs8.as_ref(), algorithm)?;
            let public = match &made {
                Material::Ecdsa(pair) => public_jwk(algorithm, pair.public_key().as_ref()),
                Material::Ed25519(pair) => public_jwk(algorithm, pair.public_key().as_ref()),
                _ => None,
            };
            Ok(Key::new(algorithm, KeyUsage::Sign, public, Arc::new(made)))
        })
    }

    fn sign<'a>(&'a self, key: &'a Key, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { sign(key, data) })
    }

    fn verify<'a>(&'a self, key: &'a Key, data: &'a [u8], signature: &'a [u8]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move { verify(key, data, signature) })
    }

    fn aes_256_gcm_seal<'a>(
        &'a self,
        key: &'a [u8; 32],
        nonce: &'a [u8; 12],
        data: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let refused = |_| Error::new(ErrorKind::Internal, "the text cannot be encrypted");
            let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map(aead::LessSafeKey::new).map_err(refused)?;
            let mut sealed = plain.to_vec();
            let nonce = aead::Nonce::assume_unique_for_key(*nonce);
            key.seal_in_place_append_tag(nonce, aead::Aad::from(data), &mut sealed).map_err(refused)?;
            Ok(sealed)
        })
    }

    fn aes_256_gcm_open<'a>(
        &'a self,
        key: &'a [u8; 32],
        nonce: &'a [u8; 12],
        data: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let refused = |_| Error::new(ErrorKind::Decode, "the text cannot be decrypted");
            let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map(aead::LessSafeKey::new).map_err(refused)?;
            let mut plain = sealed.to_vec();
            let nonce = aead::Nonce::assume_unique_for_key(*nonce);
            let length = key.open_in_place(nonce, aead::Aad::from(data), &mut plain).map_err(refused)?.len();
            plain.truncate(length);
            Ok(plain)
        })
    }
}
