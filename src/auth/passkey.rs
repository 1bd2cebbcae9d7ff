//! Passkeys: signing up and logging in with WebAuthn (Auth0 docs, "Native Passkeys API").

use super::AuthenticationClient;
use super::call::{AuthCall, json, optional};
use super::tokens::{TokenResponse, tokens};
use crate::Json;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;

/// Passkeys: see [`AuthenticationClient::passkey`].
#[derive(Clone, Debug)]
pub struct Passkey(pub(super) AuthenticationClient);

/// Parameters of [`Passkey::register`] and [`Passkey::challenge`].
#[derive(Debug)]
pub enum Begin {}
/// Parameters of [`Passkey::login`].
#[derive(Debug)]
pub enum Finish {}

/// What the authenticator is asked.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct PasskeyChallenge {
    /// What `navigator.credentials.create` or `get` takes as `publicKey` (its binary members are base64url texts).
    pub authn_params_public_key: Json,
    /// Ties the answer to the challenge.
    pub auth_session: Secret,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// Passkeys.
    pub fn passkey(&self) -> Passkey {
        Passkey(self.clone())
    }
}

impl Passkey {
    /// Begins to sign a new user up (`POST /passkey/register`). `user_profile` is an object with `email`, `phone_number` or
    /// `username`, and perhaps `name`.
    pub fn register(&self, user_profile: impl Into<Json>) -> AuthCall<PasskeyChallenge, Begin> {
        AuthCall::new(&self.0.core, "passkey.register", json).json("user_profile", user_profile)
    }

    /// Begins to log a user in (`POST /passkey/challenge`).
    pub fn challenge(&self) -> AuthCall<PasskeyChallenge, Begin> {
        AuthCall::new(&self.0.core, "passkey.challenge", json)
    }

    /// Tokens for what the authenticator answered: the credential as JSON (`PublicKeyCredential.toJSON()`).
    pub fn login(
        &self,
        auth_session: impl Into<Secret>,
        authn_response: impl Into<Json>,
    ) -> AuthCall<TokenResponse, Finish> {
        AuthCall::new(&self.0.core, "passkey.webauthnGrant", tokens)
            .text("auth_session", auth_session.into().expose())
            .json("authn_response", authn_response)
    }
}

optional!(
    PasskeyChallenge,
    Begin {
        /// The database connection, in the place of the tenant's default.
        realm: text = "realm",
        /// The organization.
        organization: text = "organization",
    }
);

optional!(
    TokenResponse,
    Finish {
        /// The database connection, in the place of the tenant's default.
        realm: text = "realm",
        /// The API.
        audience: text = "audience",
        /// Scopes, separated by spaces.
        scope: text = "scope",
        /// The organization.
        organization: text = "organization",
    }
);
