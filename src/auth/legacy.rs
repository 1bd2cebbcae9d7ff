//! Endpoints that Auth0 has retired for new tenants and keeps for old ones.

use super::AuthenticationClient;
use super::call::{AuthCall, json, nothing, optional, text};
use super::tokens::{TokenResponse, tokens};
use crate::Json;
use crate::secret::Secret;

/// Retired endpoints: see [`AuthenticationClient::legacy`].
#[derive(Clone, Debug)]
pub struct Legacy(pub(super) AuthenticationClient);

/// Parameters of [`Legacy::delegation`].
#[derive(Debug)]
pub enum Delegation {}
/// Parameters of [`Legacy::impersonate`].
#[derive(Debug)]
pub enum Impersonate {}
/// Parameters of [`Legacy::resource_owner`].
#[derive(Debug)]
pub enum ResourceOwner {}
/// Parameters of [`Legacy::social_access_token`].
#[derive(Debug)]
pub enum SocialAccessToken {}

impl AuthenticationClient {
    /// Retired endpoints. They work on tenants that still have them; each says what takes its place.
    pub fn legacy(&self) -> Legacy {
        Legacy(self.clone())
    }
}

impl Legacy {
    /// Deprecated by Auth0: `POST /oauth/access_token`, tokens for the access token of a social provider. In its place:
    /// [`OAuth::exchange_token`](super::OAuth::exchange_token).
    pub fn social_access_token(
        &self,
        access_token: impl Into<Secret>,
        connection: impl Into<String>,
    ) -> AuthCall<TokenResponse, SocialAccessToken> {
        AuthCall::new(&self.0.core, "legacy.socialAccessToken", tokens)
            .text("access_token", access_token.into().expose())
            .text("connection", connection)
    }

    /// Deprecated by Auth0: `POST /oauth/ro`, tokens for a password. In its place:
    /// [`OAuth::password`](super::OAuth::password).
    pub fn resource_owner(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
        connection: impl Into<String>,
    ) -> AuthCall<TokenResponse, ResourceOwner> {
        AuthCall::new(&self.0.core, "legacy.resourceOwner", tokens)
            .text("username", username)
            .text("password", password.into().expose())
            .text("connection", connection)
    }

    /// Deprecated by Auth0: `POST /tokeninfo`, the user of an ID token. In its place: the claims of a verified ID token, or
    /// [`Users::user_info`](super::Users::user_info).
    pub fn token_info(&self, id_token: impl Into<Secret>) -> AuthCall<Json> {
        AuthCall::new(&self.0.core, "legacy.tokenInfo", json).text("id_token", id_token.into().expose())
    }

    /// Deprecated by Auth0: `POST /delegation`, a token for another client. Give one of
    /// [`id_token`](AuthCall::id_token) and [`refresh_token`](AuthCall::refresh_token).
    pub fn delegation(&self) -> AuthCall<Json, Delegation> {
        AuthCall::new(&self.0.core, "legacy.delegation", json)
    }

    /// Deprecated by Auth0: `POST /users/{user_id}/impersonate`, a link to log in as another user.
    pub fn impersonate(
        &self,
        user_id: impl Into<String>,
        impersonator_id: impl Into<String>,
        protocol: impl Into<String>,
    ) -> AuthCall<String, Impersonate> {
        AuthCall::new(&self.0.core, "legacy.impersonate", text)
            .segment(user_id)
            .text("protocol", protocol)
            .text("impersonator_id", impersonator_id)
    }

    /// Deprecated by Auth0: `POST /login/unlink`, with the access token of the primary user. In its place: the Management
    /// API's `users.identities.delete`.
    pub fn unlink(&self, access_token: impl Into<Secret>, user_id: impl Into<String>) -> AuthCall<()> {
        let access_token = access_token.into();
        AuthCall::new(&self.0.core, "legacy.unlink", nothing)
            .text("access_token", access_token.expose())
            .text("user_id", user_id)
            .bearer(access_token)
    }

    /// Deprecated by Auth0: `POST /passwordless/verify`. In its place:
    /// [`Passwordless::login_with_email`](super::Passwordless::login_with_email). `connection` is `email` or `sms`,
    /// `username` the address or the number.
    pub fn passwordless_verify(
        &self,
        connection: impl Into<String>,
        username: impl Into<String>,
        code: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> AuthCall<Json> {
        AuthCall::new(&self.0.core, "legacy.passwordlessVerify", json)
            .text("grant_type", "password")
            .text("connection", connection)
            .text("username", username)
            .text("password", code.into().expose())
            .text("redirect_uri", redirect_uri)
    }
}

optional!(
    TokenResponse,
    SocialAccessToken {
        /// Scopes, separated by spaces.
        scope: text = "scope",
    }
);

optional!(
    TokenResponse,
    ResourceOwner {
        /// Scopes, separated by spaces.
        scope: text = "scope",
        /// The name of the device, when a refresh token is asked for.
        device: text = "device",
    }
);

optional!(
    Json,
    Delegation {
        /// The ID token to exchange.
        id_token: secret = "id_token",
        /// The refresh token to exchange.
        refresh_token: secret = "refresh_token",
        /// The client id of the target.
        target: text = "target",
        /// The kind of the target: `auth0`, `firebase`, `aws`.
        api_type: text = "api_type",
        /// Scopes, separated by spaces.
        scope: text = "scope",
    }
);

optional!(
    String,
    Impersonate {
        /// What the login answers with: `code`.
        response_type: text = "response_type",
        /// The state of the login.
        state: text = "state",
        /// More of the login: an object.
        additional_parameters: json = "additionalParameters",
    }
);

impl AuthCall<String, Impersonate> {
    /// An access token that allows it.
    pub fn access_token(self, token: impl Into<Secret>) -> Self {
        self.bearer(token)
    }
}
