//! The ID token that comes with an answer.

use super::AuthenticationClient;
use super::core::Core;
use super::tokens::{Expected, TokenResponse};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::verify::{Claims, Expect};

impl Expected {
    fn expect(&self) -> Expect {
        let mut expect = Expect::new();
        if let Some(nonce) = &self.nonce {
            expect = expect.nonce(nonce.as_str());
        }
        if let Some(max_age) = self.max_age {
            expect = expect.max_age(max_age);
        }
        if let Some(organization) = &self.organization {
            expect = expect.organization(organization.as_str());
        }
        expect
    }
}

/// Verifies the ID token of an answer and gives its claims; `None` when there is none and none was expected.
pub(crate) async fn check(core: &Core, tokens: &TokenResponse, expected: &Expected) -> Result<Option<Claims>, Error> {
    match &tokens.id_token {
        None if expected.required => {
            Err(Error::new(ErrorKind::Auth, "an ID token was asked for, and the answer has none"))
        }
        None => Ok(None),
        Some(token) => {
            // Binds the two together, where the ID token has `at_hash`.
            let expect = expected.expect().access_token(tokens.access_token.clone());
            verify(core, token, &expect).await.map(Some)
        }
    }
}

async fn verify(core: &Core, token: &Secret, expect: &Expect) -> Result<Claims, Error> {
    let Some(verifier) = &core.verifier else {
        return Err(Error::new(ErrorKind::Config, "an ID token is verified for a client id, and the client has none"));
    };
    verifier.id_token(token.expose(), expect).await
}

impl AuthenticationClient {
    /// Verifies an ID token of this client (OpenID Connect Core 1.0, section 3.1.3.7): one of the front channel, or one that
    /// was kept. Those of answers have been verified already.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], with a code for each check; others when the tenant's keys cannot be had.
    pub async fn verify_id_token(&self, token: impl Into<Secret>, expect: &Expect) -> Result<Claims, Error> {
        verify(&self.core, &token.into(), expect).await
    }
}
