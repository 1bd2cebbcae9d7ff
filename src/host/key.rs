//! Keys, as a [`Crypto`](super::Crypto) holds them.

use super::Host;
use crate::error::{Error, ErrorKind};
use crate::jose::{Algorithm, Jwk, Pem};
use crate::maybe_send::Handle;
use crate::secret::Secret;
use std::fmt;

/// A key that a [`Crypto`](super::Crypto) has taken in: for one algorithm and one use. Cheap to clone. What is secret in it
/// stays with the provider.
#[derive(Clone)]
pub struct Key {
    algorithm: Algorithm,
    usage: KeyUsage,
    public: Option<Jwk>,
    key_id: Option<String>,
    handle: Handle,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    /// To sign with: a private key, or a secret.
    Sign,
    /// To verify with: a public key, or a secret.
    Verify,
}

impl KeyUsage {
    /// The operation in a JWK's `key_ops` and in WebCrypto.
    #[cfg_attr(
        not(any(feature = "native", target_arch = "wasm32")),
        allow(dead_code, reason = "only the hosts use it")
    )]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            KeyUsage::Sign => "sign",
            KeyUsage::Verify => "verify",
        }
    }
}

/// A key to be taken in.
#[derive(Clone, Copy, Debug)]
pub enum KeyMaterial<'a> {
    /// A JWK, private to sign with.
    Jwk(&'a Jwk),
    /// A PEM: PKCS#8 to sign with, SPKI to verify with.
    Pem(&'a Pem),
    /// The bytes of a secret, for HMAC.
    Secret(&'a Secret),
}

impl Key {
    /// A key as a provider holds it. For those who write one: `handle` is whatever it needs, and `public` the public key
    /// where it is known.
    pub fn new(algorithm: Algorithm, usage: KeyUsage, public: Option<Jwk>, handle: Handle) -> Self {
        Self { algorithm, usage, public, key_id: None, handle }
    }

    /// The same key with an id (`kid`).
    pub fn with_key_id(mut self, key_id: Option<&str>) -> Self {
        self.key_id = key_id.map(str::to_owned);
        self
    }

    /// The one algorithm that it is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The one use that it is for.
    pub fn usage(&self) -> KeyUsage {
        self.usage
    }

    /// The id, when it came from a JWK that has one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The public key, where it is known: it is not for secrets, nor for a PEM that does not hold it.
    pub fn public(&self) -> Option<&Jwk> {
        self.public.as_ref()
    }

    /// What the provider keeps of it, to be downcast by the provider that made it.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("algorithm", &self.algorithm)
            .field("usage", &self.usage)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Why a key cannot be what it is asked to be, before the provider looks at it.
#[cfg_attr(not(any(feature = "native", target_arch = "wasm32")), allow(dead_code, reason = "only the hosts use it"))]
pub(crate) fn check_material(material: KeyMaterial<'_>, algorithm: Algorithm, usage: KeyUsage) -> Result<(), Error> {
    let refuse =
        |why: &'static str| Err(Error::new(ErrorKind::Verification, why).with_code(Some("key_unsuitable".to_owned())));
    match material {
        KeyMaterial::Jwk(jwk) => {
            if let Some(fault) = jwk.unsuitable(algorithm, usage.as_str()) {
                return Err(fault.into());
            }
            if usage == KeyUsage::Sign && !jwk.is_private() {
                return refuse("a private key was expected, and this one is public");
            }
            Ok(())
        }
        KeyMaterial::Pem(pem) if pem.is_private() != (usage == KeyUsage::Sign) => refuse(if pem.is_private() {
            "a public key was expected, and the PEM is a private one"
        } else {
            "a private key was expected, and the PEM is a public one"
        }),
        // RFC 8725, section 3.1: a public key must never be taken for a secret, nor a secret for a public key.
        KeyMaterial::Pem(_) if algorithm.is_symmetric() => refuse("a PEM is no secret for HMAC"),
        KeyMaterial::Secret(_) if !algorithm.is_symmetric() => refuse("a secret is a key for HMAC only"),
        // What looks like a public key is one, and was taken for a secret by mistake.
        KeyMaterial::Secret(secret) if secret.expose().trim_start().starts_with("-----BEGIN ") => {
            refuse("a PEM is no secret for HMAC")
        }
        // RFC 7518, section 3.2.
        KeyMaterial::Secret(secret) if secret.expose().len() < algorithm.hash().length() => {
            refuse("a secret for HMAC must be at least as long as the digest")
        }
        _ => Ok(()),
    }
}

/// The error for an algorithm that the platform does not have.
pub(crate) fn unsupported(algorithm: Algorithm, why: &str) -> Error {
    let message = [algorithm.as_str(), " is not supported here: ", why].concat();
    Error::new(ErrorKind::Verification, message).with_code(Some("algorithm_unsupported".to_owned()))
}

/// The error for a key that the provider refuses.
#[cfg_attr(not(any(feature = "native", target_arch = "wasm32")), allow(dead_code, reason = "only the hosts use it"))]
pub(crate) fn rejected(algorithm: Algorithm, why: &str) -> Error {
    let message = ["the key is no key for ", algorithm.as_str(), ": ", why].concat();
    Error::new(ErrorKind::Verification, message).with_code(Some("key_unsuitable".to_owned()))
}

impl Host {
    /// Takes a private key in, from a PEM (PKCS#8).
    ///
    /// # Errors
    /// [`ErrorKind::Verification`]: `key_malformed`, `key_unsuitable`, `algorithm_unsupported`.
    pub async fn signing_key_from_pem(&self, pem: &str, algorithm: Algorithm) -> Result<Key, Error> {
        let pem = Pem::parse(pem)?;
        self.crypto.import_key(KeyMaterial::Pem(&pem), algorithm, KeyUsage::Sign).await
    }

    /// Takes a private key in, from a JWK.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`]: `key_malformed`, `key_unsuitable`, `algorithm_unsupported`.
    pub async fn signing_key_from_jwk(&self, jwk: &str, algorithm: Algorithm) -> Result<Key, Error> {
        let jwk = Jwk::parse(jwk)?;
        self.crypto.import_key(KeyMaterial::Jwk(&jwk), algorithm, KeyUsage::Sign).await
    }

    /// Makes a new key pair, to sign with; the public key is [`Key::public`].
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], `algorithm_unsupported`.
    pub async fn generate_key(&self, algorithm: Algorithm) -> Result<Key, Error> {
        self.crypto.generate_key(algorithm).await
    }

    /// The cryptography of this host.
    pub fn crypto(&self) -> &dyn super::Crypto {
        &*self.crypto
    }
}
