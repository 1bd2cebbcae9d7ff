//! JOSE without IO and without cryptography: base64url, JSON, compact JWS, JWK, PEM, and the table of algorithms.
//!
//! Everything here is pure and small, and the same on every target. The npm package has its own (`pkg-template/src/jose.js`), over what
//! JavaScript engines bring; `tests/cases/keys` holds both to the same.

mod algorithm;
mod assertion;
pub(crate) mod base64url;
mod dpop;
pub(crate) mod json;
mod jwk;
mod jws;
mod pem;
mod pkce;

#[cfg(any(feature = "native", target_arch = "wasm32"))]
pub(crate) use algorithm::Family;
pub use algorithm::{Algorithm, Hash};
pub use assertion::ClientAssertion;
pub(crate) use assertion::sign;
pub(crate) use dpop::target_of;
pub use dpop::{Dpop, DpopTransport};
pub use jwk::Jwk;
pub(crate) use jwk::JwkSet;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub(crate) use jwk::KeyData;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub(crate) use jwk::Private;
pub(crate) use jws::{Header, Parts, Token, Value, signing_input};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub(crate) use pem::Der;
pub use pem::Pem;
pub use pkce::{CodeVerifier, random_text};

use crate::error::{Error, ErrorKind};
use crate::text::quoted;
use std::borrow::Cow;

/// Why a key or a token is refused: a stable code, and words for people, which never hold the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
}

impl Fault {
    #[inline(never)]
    pub(crate) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// What was expected, and what was found.
    #[inline(never)]
    pub(crate) fn found(code: &'static str, expected: &str, found: &str) -> Self {
        Self::new(code, [expected, ", found ", &quoted(found)].concat())
    }

    pub(crate) fn into_error(self) -> Error {
        Error::new(ErrorKind::Verification, self.message).with_code(Some(self.code.to_owned()))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        fault.into_error()
    }
}

/// Compares without telling by the time how much is the same. The length is no secret.
pub(crate) fn same(a: &str, b: &str) -> bool {
    let difference = a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
    // Kept from the optimiser, which could leave the loop early.
    a.len() == b.len() && std::hint::black_box(difference) == 0
}
