//! The algorithms of RFC 7518, section 3.1, RFC 8037 and RFC 9864.

use std::fmt;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are those of RFC 7518, section 3.1")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    /// ECDSA with P-521: WebCrypto only, and not in Deno. `ring`, the native provider, does not have the curve.
    ES512,
    /// Ed25519 (RFC 8037); also under its newer name `Ed25519` (RFC 9864).
    EdDSA,
    /// HMAC: the one who verifies can sign, too.
    HS256,
    HS384,
    HS512,
}

/// A digest of FIPS 180-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// What the algorithms have in common that need the same kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// RSASSA-PKCS1-v1_5.
    Rsa,
    /// RSASSA-PSS.
    Pss,
    Ecdsa,
    Ed25519,
    Hmac,
}

use Algorithm::{ES256, ES384, ES512, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};

/// In the order of [`Algorithm`].
const NAMES: &str = "RS256RS384RS512PS256PS384PS512ES256ES384ES512EdDSAHS256HS384HS512";

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 13] =
        [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, HS256, HS384, HS512];

    /// The name in a token's header: `RS256`.
    pub fn as_str(self) -> &'static str {
        let at = self as usize * 5;
        NAMES.get(at..at + 5).unwrap_or_default()
    }

    /// The algorithm of a name, which is compared exactly.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            // RFC 9864, section 2.2.
            "Ed25519" => Some(EdDSA),
            _ => Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name),
        }
    }

    /// True for HMAC, where one secret both signs and verifies.
    pub fn is_symmetric(self) -> bool {
        self.family() == Family::Hmac
    }

    /// The digest: that of the signature, and of `at_hash` and `c_hash` (OpenID Connect Core, section 3.1.3.6; for Ed25519,
    /// whose own is SHA-512, that one).
    pub fn hash(self) -> Hash {
        match self {
            RS256 | PS256 | ES256 | HS256 => Hash::Sha256,
            RS384 | PS384 | ES384 | HS384 => Hash::Sha384,
            RS512 | PS512 | ES512 | EdDSA | HS512 => Hash::Sha512,
        }
    }

    pub(crate) fn family(self) -> Family {
        match self {
            RS256 | RS384 | RS512 => Family::Rsa,
            PS256 | PS384 | PS512 => Family::Pss,
            ES256 | ES384 | ES512 => Family::Ecdsa,
            EdDSA => Family::Ed25519,
            HS256 | HS384 | HS512 => Family::Hmac,
        }
    }

    /// The length of a signature in bytes, where the algorithm says it (RFC 7518, section 3.4; RFC 8032, section 5.1.6).
    /// Anything else, such as the DER form of ECDSA, is no signature.
    pub(crate) fn signature_length(self) -> Option<usize> {
        match self {
            ES256 | EdDSA => Some(64),
            ES384 => Some(96),
            ES512 => Some(132),
            HS256 | HS384 | HS512 => Some(self.hash().length()),
            _ => None,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Hash {
    /// The length of a digest in bytes.
    pub fn length(self) -> usize {
        match self {
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    /// The name in WebCrypto: `SHA-256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
            assert_eq!(format!("{algorithm:?}"), algorithm.as_str());
        }
        assert_eq!(Algorithm::parse("Ed25519"), Some(EdDSA));
        for name in ["none", "None", "nOnE", "rs256", "RS256 ", "RS25", "", "HS1", "Ed448", "ES256K", "RS256RS384"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }
}
