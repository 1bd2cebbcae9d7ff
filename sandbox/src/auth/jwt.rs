//! JSON Web Tokens of others: decoding, keys, signatures (RFC 7515, 7517, 7518, 7638).

use crate::crypto::{rsa_of, rsa_of_der, verify_ed25519, verify_p256, verify_p384, verify_rsa};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use serde_json::{Map, Value, json};

/// A token taken apart; nothing about it is checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

/// A public key.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// As PKCS#1 has it.
    RsaDer(Vec<u8>),
    /// An uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

pub(crate) fn decode(token: &str) -> Option<Decoded> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let object = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some(Decoded {
        header: object(header)?,
        claims: object(claims)?,
        signed: signed.to_owned(),
        signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
    })
}

impl Decoded {
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        self.claims.get(name).and_then(Value::as_f64).map(|number| number as i64)
    }

    pub(crate) fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the audience is, or contains, what the test accepts.
    pub(crate) fn is_for(&self, accepts: impl Fn(&str) -> bool) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => accepts(one),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).any(accepts),
            _ => false,
        }
    }

    pub(crate) fn verify(&self, key: &PublicKey) -> bool {
        key.verify(self.algorithm(), self.signed.as_bytes(), &self.signature)
    }
}

impl PublicKey {
    pub(crate) fn of_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let point = || Some([&[4][..], &bytes("x")?, &bytes("y")?].concat());
        match (text("kty")?, text("crv")) {
            ("RSA", _) => Some(Self::Rsa { modulus: bytes("n")?, exponent: bytes("e")? }),
            ("EC", Some("P-256")) => point().map(Self::P256),
            ("EC", Some("P-384")) => point().map(Self::P384),
            ("OKP", Some("Ed25519")) => bytes("x").map(Self::Ed25519),
            _ => None,
        }
    }

    /// A public key in PEM: `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1).
    pub(crate) fn of_pem(pem: &str) -> Option<Self> {
        let (_, rest) = pem.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once("-----END")?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body.replace("\\n", "")).ok()?;
        if label == "RSA PUBLIC KEY" {
            return Some(Self::RsaDer(der));
        }
        let info = SubjectPublicKeyInfoRef::from_der(&der).ok()?;
        let key = info.subject_public_key.raw_bytes().to_vec();
        match info.algorithm.oid.to_string().as_str() {
            "1.2.840.113549.1.1.1" => Some(Self::RsaDer(key)),
            "1.2.840.10045.2.1" if key.len() == 65 => Some(Self::P256(key)),
            "1.2.840.10045.2.1" if key.len() == 97 => Some(Self::P384(key)),
            "1.3.101.112" => Some(Self::Ed25519(key)),
            _ => None,
        }
    }

    /// Checks a JWS signature. An algorithm that does not fit the key does not verify.
    pub(crate) fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let rsa = |key: Option<rsa::PublicKey>| key.is_some_and(|key| verify_rsa(&key, algorithm, message, signature));
        match (self, algorithm) {
            (Self::Rsa { modulus, exponent }, _) => rsa(rsa_of(modulus, exponent)),
            (Self::RsaDer(der), _) => rsa(rsa_of_der(der)),
            (Self::P256(point), "ES256") => verify_p256(point, message, signature, false),
            (Self::P384(point), "ES384") => verify_p384(point, message, signature),
            (Self::Ed25519(key), "EdDSA" | "Ed25519") => verify_ed25519(key, message, signature),
            _ => false,
        }
    }

    /// Checks a WebAuthn signature, whose ECDSA form is ASN.1.
    pub(crate) fn verify_webauthn(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => verify_p256(point, message, signature, true),
            Self::Ed25519(_) => self.verify("EdDSA", message, signature),
            _ => self.verify("RS256", message, signature),
        }
    }
}

/// The thumbprint of a public key (RFC 7638), base64url.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    let members: &[&str] = match jwk.get("kty").and_then(Value::as_str)? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let pairs: Option<Vec<String>> =
        members.iter().map(|name| Some(format!("\"{name}\":{}", json!(jwk.get(name)?.as_str()?)))).collect();
    Some(sha256(format!("{{{}}}", pairs?.join(",")).as_bytes()))
}

/// The SHA-256 of something, base64url.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(crate::crypto::sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638, section 3.1.
    #[test]
    fn the_thumbprint_of_the_rfc() {
        let jwk = json!({"kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
        assert_eq!(thumbprint(&jwk).as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
    }

    /// RFC 8037, appendix A.4: and the same with one bit turned.
    #[test]
    fn a_signature_is_checked() {
        let key = PublicKey::of_jwk(
            &json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        )
        .unwrap();
        let signature = URL_SAFE_NO_PAD
            .decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
            .unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert!(key.verify("EdDSA", message, &signature));
        assert!(!key.verify("ES256", message, &signature));
        assert!(!key.verify("EdDSA", b"other", &signature));
    }
}
