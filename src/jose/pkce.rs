//! PKCE (RFC 7636), and texts that nobody guesses, for `state` and `nonce`.

use super::base64url;
use crate::error::{Error, ErrorKind};
use crate::host::Crypto;
use crate::secret::Secret;

/// A code verifier of PKCE (RFC 7636, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// Draws a new one: 43 characters, from 32 random bytes.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random(crypto: &dyn Crypto) -> Result<Self, Error> {
        Ok(Self(Secret::new(random_text(crypto)?)))
    }

    /// Takes one that was made elsewhere.
    ///
    /// # Errors
    /// [`ErrorKind::Request`] when it has not 43 to 128 characters, or others than letters, digits, `-`, `.`, `_` and `~`.
    pub fn new(verifier: impl Into<Secret>) -> Result<Self, Error> {
        let verifier = verifier.into();
        match check(verifier.expose()) {
            Some(why) => Err(Error::new(ErrorKind::Request, why)),
            None => Ok(Self(verifier)),
        }
    }

    /// The verifier, to be sent with the code.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// The code challenge with the method `S256` (RFC 7636, section 4.2): to be sent with the authorization request.
    ///
    /// # Errors
    /// When the platform has no digests.
    pub async fn challenge(&self, crypto: &dyn Crypto) -> Result<String, Error> {
        Ok(base64url::encode(&crypto.sha256(self.0.expose().as_bytes()).await?))
    }
}

/// What is wrong with a verifier.
fn check(verifier: &str) -> Option<&'static str> {
    if !(43..=128).contains(&verifier.len()) {
        Some("a code verifier has 43 to 128 characters")
    } else if !verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        Some("a code verifier has letters, digits, `-`, `.`, `_` and `~` only")
    } else {
        None
    }
}

/// 256 random bits as a text of 43 characters: for `state`, `nonce`, `jti`.
///
/// # Errors
/// When the system has no randomness.
pub fn random_text(crypto: &dyn Crypto) -> Result<String, Error> {
    let mut bytes = [0; 32];
    crypto.random(&mut bytes)?;
    Ok(base64url::encode(&bytes))
}
