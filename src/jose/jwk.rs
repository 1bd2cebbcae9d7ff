//! Keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037 section 2), and their thumbprints (RFC 7638).

use super::algorithm::Family;
use super::json::{Members, Node, Problem, member, object, push_text};
use super::{Algorithm, Fault, base64url};
use crate::secret::Secret;
use std::fmt;

/// More keys than any tenant has: what has more is not a key set of ours.
pub(crate) const MAX_KEYS: usize = 100;

/// A key. What is secret in it is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    pub(crate) data: KeyData,
    pub(crate) private: Option<Private>,
    pub(crate) kid: Option<String>,
    pub(crate) alg: Option<String>,
    use_: Option<String>,
    key_ops: Option<Vec<String>>,
}

/// The public part, as base64url texts; checked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum KeyData {
    Rsa {
        n: String,
        e: String,
    },
    Ec {
        curve: &'static str,
        x: String,
        y: String,
    },
    /// Ed25519.
    Okp {
        x: String,
    },
    /// A secret for HMAC: it is in [`Private`].
    Oct,
}

/// The private members, as base64url texts: `d` (RSA: then `p`, `q`, `dp`, `dq`, `qi`), or `k`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Private(pub(crate) Vec<(&'static str, Secret)>);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(***)")
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").field("kty", &self.key_type()).field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Elliptic curves with the length of a coordinate in bytes (RFC 7518, section 6.2.1.2) and their algorithm.
const CURVES: [(&str, usize, Algorithm); 3] =
    [("P-256", 32, Algorithm::ES256), ("P-384", 48, Algorithm::ES384), ("P-521", 66, Algorithm::ES512)];

/// Private members by key type.
const RSA_PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

impl Jwk {
    /// Reads a key from JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`](crate::ErrorKind::Verification): `key_malformed`, `key_type_unknown` for what this crate
    /// has no use for, and `key_weak` for RSA below 2048 bits (RFC 7518, section 3.3) or above 16384.
    pub fn parse(json: &str) -> Result<Self, crate::Error> {
        Ok(Self::of(&members(json)?)?)
    }

    pub(crate) fn of(key: &Members) -> Result<Self, Fault> {
        let malformed = |what: &str| Fault::new("key_malformed", ["the key is malformed: ", what].concat());
        let text = |name: &str| -> Result<Option<&str>, Fault> {
            match member(key, name) {
                None => Ok(None),
                Some(Node::Text(text)) => Ok(Some(text)),
                Some(_) => Err(malformed(&[name, " is no text"].concat())),
            }
        };
        // A member of base64url, of this length if one is given.
        let bytes = |name: &str, length: Option<usize>| -> Result<(String, Vec<u8>), Fault> {
            let value = text(name)?.unwrap_or_default();
            match base64url::decode(value) {
                Some(bytes) if !bytes.is_empty() && length.is_none_or(|length| bytes.len() == length) => {
                    Ok((value.to_owned(), bytes))
                }
                _ => Err(malformed(&[name, " is missing, or no base64url of the right length"].concat())),
            }
        };
        let kty = text("kty")?.ok_or_else(|| malformed("it has no kty"))?;
        let unknown =
            |what: &str| Fault::found("key_type_unknown", "a key of a type that is known here was expected", what);
        let mut private = Vec::new();
        let mut keep = |name: &'static str, length| -> Result<(), Fault> {
            if member(key, name).is_some() {
                private.push((name, Secret::new(bytes(name, length)?.0)));
            }
            Ok(())
        };
        let data = match kty {
            "RSA" => {
                let ((n, modulus), (e, exponent)) = (bytes("n", None)?, bytes("e", None)?);
                let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
                let top = modulus.get(zeros).map_or(0, |byte| 8 - byte.leading_zeros() as usize);
                let bits = (modulus.len() - zeros).saturating_sub(1) * 8 + top;
                if !(2048..=16384).contains(&bits) {
                    return Err(Fault::new("key_weak", "an RSA key of 2048 to 16384 bits was expected"));
                }
                // Even, or 1: no exponent.
                if exponent.len() > 8
                    || exponent.last().is_none_or(|last| last & 1 == 0)
                    || exponent.ends_with(&[1]) && exponent.iter().rev().skip(1).all(|byte| *byte == 0)
                {
                    return Err(malformed("e is no public exponent"));
                }
                for name in RSA_PRIVATE {
                    keep(name, None)?;
                }
                KeyData::Rsa { n, e }
            }
            "EC" => {
                let name = text("crv")?.unwrap_or_default();
                let (curve, length, _) =
                    CURVES.into_iter().find(|(known, ..)| *known == name).ok_or_else(|| unknown(name))?;
                let data = KeyData::Ec { curve, x: bytes("x", Some(length))?.0, y: bytes("y", Some(length))?.0 };
                keep("d", Some(length))?;
                data
            }
            "OKP" => {
                let name = text("crv")?.unwrap_or_default();
                if name != "Ed25519" {
                    return Err(unknown(name));
                }
                let data = KeyData::Okp { x: bytes("x", Some(32))?.0 };
                keep("d", Some(32))?;
                data
            }
            "oct" => {
                bytes("k", None)?;
                keep("k", None)?;
                KeyData::Oct
            }
            _ => return Err(unknown(kty)),
        };
        let key_ops = match member(key, "key_ops") {
            None => None,
            Some(ops) => {
                let ops = ops.texts().ok_or_else(|| malformed("key_ops is no array of texts"))?;
                Some(ops.into_iter().map(str::to_owned).collect())
            }
        };
        let own = |name: &str| Ok::<_, Fault>(text(name)?.map(str::to_owned));
        let private = (!private.is_empty()).then_some(Private(private));
        Ok(Self { data, private, kid: own("kid")?, alg: own("alg")?, use_: own("use")?, key_ops })
    }

    /// A public key of its members.
    #[cfg_attr(
        not(any(feature = "native", target_arch = "wasm32")),
        allow(dead_code, reason = "only the hosts use it")
    )]
    pub(crate) fn public_of(data: KeyData) -> Self {
        Self { data, private: None, kid: None, alg: None, use_: None, key_ops: None }
    }

    /// The key's id (`kid`).
    pub fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The type of the key (`kty`): `RSA`, `EC`, `OKP`, `oct`.
    pub fn key_type(&self) -> &'static str {
        match self.data {
            KeyData::Rsa { .. } => "RSA",
            KeyData::Ec { .. } => "EC",
            KeyData::Okp { .. } => "OKP",
            KeyData::Oct => "oct",
        }
    }

    /// True when it has private members, or is a secret.
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// Why it is no key for this algorithm and this use (`verify` or `sign`); `None` when it is one. `use`, `key_ops` and
    /// `alg` of the key are respected (RFC 7517, sections 4.2 to 4.4).
    pub(crate) fn unsuitable(&self, algorithm: Algorithm, operation: &str) -> Option<Fault> {
        let fits = match (&self.data, algorithm.family()) {
            (KeyData::Rsa { .. }, Family::Rsa | Family::Pss) | (KeyData::Okp { .. }, Family::Ed25519) => true,
            (KeyData::Oct, Family::Hmac) => true,
            (KeyData::Ec { curve, .. }, Family::Ecdsa) => {
                CURVES.iter().any(|(known, _, used_by)| known == curve && *used_by == algorithm)
            }
            _ => false,
        };
        let expected = ["a key for ", algorithm.as_str(), " was expected"].concat();
        let no = |found: &str| Some(Fault::found("key_unsuitable", &expected, found));
        if !fits {
            return no(self.key_type());
        }
        if let Some(alg) = self.alg.as_deref().filter(|alg| Algorithm::parse(alg) != Some(algorithm)) {
            return no(alg);
        }
        if let Some(use_) = self.use_.as_deref().filter(|use_| *use_ != "sig") {
            return no(use_);
        }
        match &self.key_ops {
            Some(ops) if !ops.iter().any(|op| op == operation) => no(&ops.join(" ")),
            _ => None,
        }
    }

    /// The required public members in lexicographic order, without white space (RFC 7638, section 3.2): what the thumbprint
    /// is the SHA-256 of, and a JWK that any library reads. Empty for a secret, which has no public part.
    pub fn public_json(&self) -> String {
        let members: &[(&str, &str)] = match &self.data {
            KeyData::Rsa { n, e } => &[("e", e), ("kty", "RSA"), ("n", n)],
            KeyData::Ec { curve, x, y } => &[("crv", curve), ("kty", "EC"), ("x", x), ("y", y)],
            KeyData::Okp { x } => &[("crv", "Ed25519"), ("kty", "OKP"), ("x", x)],
            KeyData::Oct => return String::new(),
        };
        write(members.iter().copied())
    }

    /// The whole key, private members too, as JSON.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn private_json(&self) -> Secret {
        let mut json = self.public_json();
        if let Some(Private(private)) = &self.private {
            json.pop();
            for (name, value) in private {
                json.push(',');
                push_text(&mut json, name);
                json.push(':');
                push_text(&mut json, value.expose());
            }
            json.push('}');
        }
        Secret::new(json)
    }

    /// A secret as JSON.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn secret_json(&self) -> Secret {
        let Private(private) = self.private.as_ref().map_or(&Private(Vec::new()), |private| private).clone();
        let members = private.iter().map(|(name, value)| (*name, value.expose()));
        Secret::new(write([("kty", "oct")].into_iter().chain(members)))
    }

    /// The thumbprint (RFC 7638) with SHA-256, in base64url.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a secret, of which a digest must not be shown, and where the
    /// platform has no digests.
    pub async fn thumbprint(&self, crypto: &dyn crate::Crypto) -> Result<String, crate::Error> {
        let text = self.public_json();
        if text.is_empty() {
            return Err(crate::Error::new(crate::ErrorKind::Config, "a secret has no thumbprint that may be shown"));
        }
        Ok(base64url::encode(&crypto.sha256(text.as_bytes()).await?))
    }
}

fn write<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::with_capacity(512);
    for (name, value) in members {
        out.push(if out.is_empty() { '{' } else { ',' });
        push_text(&mut out, name);
        out.push(':');
        push_text(&mut out, value);
    }
    out.push('}');
    out
}

fn members(json: &str) -> Result<Members, Fault> {
    object(json.as_bytes()).map_err(|problem| match problem {
        Problem::Syntax => Fault::new("key_malformed", "the key is no JSON object"),
        Problem::Duplicate => Fault::new("key_malformed", "the key has a member twice"),
    })
}

/// The keys of a set that can be used here.
#[derive(Clone, Debug, Default)]
pub(crate) struct JwkSet(pub(crate) Vec<Jwk>);

impl JwkSet {
    /// Reads a set (RFC 7517, section 5). Keys that are not understood are left out, as the section says; so are secrets,
    /// which nobody publishes.
    ///
    /// # Errors
    /// `keys_malformed` for what is no set, has too many keys, or none of use.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let refuse = |why: &'static str| Fault::new("keys_malformed", why);
        let set = object(bytes).map_err(|_| {
            let html = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
            refuse(if html { "the key set is an HTML page" } else { "the key set is no JSON object" })
        })?;
        let Some(Node::Array(keys)) = member(&set, "keys") else {
            return Err(refuse("the key set has no array `keys`"));
        };
        if keys.len() > MAX_KEYS {
            return Err(refuse("the key set has more than 100 keys"));
        }
        // What is private in a key is not looked at, and a secret is then no key.
        let public = |key: &Members| -> Members {
            key.iter().filter(|(name, _)| name != "k" && !RSA_PRIVATE.contains(&name.as_str())).cloned().collect()
        };
        let keys = keys.iter().filter_map(|key| Jwk::of(&public(key.object()?)).ok());
        let set: Vec<Jwk> = keys.collect();
        if set.is_empty() { Err(refuse("the key set has no key that can be used here")) } else { Ok(Self(set)) }
    }
}
