//! Grants of the token endpoint, revocation, and tokens of other parties.

use super::AuthenticationClient;
use super::call::{AuthCall, nothing, optional};
use super::tokens::{TokenResponse, tokens};
use crate::secret::Secret;
use std::time::Duration;

/// The OAuth 2.0 endpoints: see [`AuthenticationClient::oauth`].
#[derive(Clone, Debug)]
pub struct OAuth(pub(super) AuthenticationClient);

/// Parameters of [`OAuth::authorization_code`].
#[derive(Debug)]
pub enum AuthorizationCode {}
/// Parameters of [`OAuth::client_credentials`].
#[derive(Debug)]
pub enum ClientCredentialsGrant {}
/// Parameters of [`OAuth::refresh_token`].
#[derive(Debug)]
pub enum RefreshToken {}
/// Parameters of [`OAuth::password`].
#[derive(Debug)]
pub enum Password {}
/// Parameters of [`OAuth::token_for_connection`].
#[derive(Debug)]
pub enum TokenForConnection {}
/// Parameters of [`OAuth::exchange_token`].
#[derive(Debug)]
pub enum TokenExchange {}
/// Parameters of [`OAuth::revoke`].
#[derive(Debug)]
pub enum Revoke {}

impl AuthenticationClient {
    /// Tokens: the grants of `/oauth/token`, and their revocation.
    pub fn oauth(&self) -> OAuth {
        OAuth(self.clone())
    }
}

impl OAuth {
    pub(crate) fn tokens<P>(&self, id: &'static str) -> AuthCall<TokenResponse, P> {
        AuthCall::new(&self.0.core, id, tokens)
    }

    /// Exchanges an authorization code for tokens (RFC 6749, section 4.1.3). For a login that
    /// [`AuthenticationClient::authorize`] began, [`AuthenticationClient::finish_login`] does this and checks everything.
    ///
    /// A code is used up by the first request that reaches the server, so this is repeated only when none did.
    pub fn authorization_code(&self, code: impl Into<Secret>) -> AuthCall<TokenResponse, AuthorizationCode> {
        self.tokens("oauth.authorizationCodeGrant").text("code", code.into().expose())
    }

    /// Tokens for the client itself (RFC 6749, section 4.4).
    pub fn client_credentials(&self, audience: impl Into<String>) -> AuthCall<TokenResponse, ClientCredentialsGrant> {
        self.tokens("oauth.clientCredentialsGrant").text("audience", audience)
    }

    /// New tokens for a refresh token (RFC 6749, section 6).
    ///
    /// With rotation the token is used up by the first request that reaches the server: keep
    /// [`TokenResponse::refresh_token`]. Calls of one client that refresh the same token at the same time, with the same
    /// parameters, make one request and get the same tokens.
    pub fn refresh_token(&self, refresh_token: impl Into<Secret>) -> AuthCall<TokenResponse, RefreshToken> {
        let mut call = self.tokens("oauth.refreshTokenGrant").text("refresh_token", refresh_token.into().expose());
        call.parts.shared = true;
        call
    }

    /// Tokens for a user's name and password (RFC 6749, section 4.3); with a realm, those of one connection.
    ///
    /// When the user must show a second factor, the error's code is `mfa_required`: see [`AuthenticationClient::mfa_of`].
    pub fn password(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> AuthCall<TokenResponse, Password> {
        self.tokens("oauth.passwordGrant").text("username", username).text("password", password.into().expose())
    }

    /// The token of the identity provider behind a connection, for a refresh token of Auth0's (Auth0 docs, "Token Vault").
    pub fn token_for_connection(
        &self,
        subject_token: impl Into<Secret>,
        connection: impl Into<String>,
    ) -> AuthCall<TokenResponse, TokenForConnection> {
        self.tokens("oauth.tokenForConnection")
            .text("subject_token", subject_token.into().expose())
            .text("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token")
            .text("connection", connection)
    }

    /// Exchanges a token of another party (RFC 8693, section 2.1; Auth0 docs, "Custom Token Exchange").
    pub fn exchange_token(
        &self,
        subject_token: impl Into<Secret>,
        subject_token_type: impl Into<String>,
    ) -> AuthCall<TokenResponse, TokenExchange> {
        self.tokens("tokenExchange.exchangeToken")
            .text("subject_token", subject_token.into().expose())
            .text("subject_token_type", subject_token_type)
    }

    /// Revokes a refresh token, and with it the grant (RFC 7009). An unknown token is a success.
    pub fn revoke(&self, token: impl Into<Secret>) -> AuthCall<(), Revoke> {
        AuthCall::new(&self.0.core, "oauth.revoke", nothing).text("token", token.into().expose())
    }

    /// Ends all sessions of a user and revokes all of its refresh tokens, on behalf of its identity provider (Auth0 docs,
    /// "Universal Logout"). `assertion` is a JWT that the provider of the connection signed; `issuer` and `subject` name
    /// the user there.
    pub fn global_token_revocation(
        &self,
        connection: impl Into<String>,
        assertion: impl Into<Secret>,
        issuer: impl Into<String>,
        subject: impl Into<String>,
    ) -> AuthCall<()> {
        let user = serde_json::json!({"format": "iss_sub", "iss": issuer.into(), "sub": subject.into()});
        AuthCall::new(&self.0.core, "oauth.globalTokenRevocation", nothing)
            .segment(connection)
            .bearer(assertion)
            .json("subject", user)
    }
}

optional!(
    TokenResponse,
    AuthorizationCode {
        /// The redirect URI that the code was sent to; required when `/authorize` was given one.
        redirect_uri: text = "redirect_uri",
        /// The verifier of the challenge that `/authorize` was given (RFC 7636, section 4.5).
        code_verifier: secret = "code_verifier",
        /// The audience, for a tenant that takes it here.
        audience: text = "audience",
    }
);

optional!(
    TokenResponse,
    ClientCredentialsGrant {
        /// The organization (id or name) that the token is for.
        organization: text = "organization",
        /// Scopes, separated by spaces, of those that the client is granted.
        scope: text = "scope",
    }
);

optional!(
    TokenResponse,
    RefreshToken {
        /// Scopes, separated by spaces: fewer than were granted.
        scope: text = "scope",
        /// Another API, for a refresh token that is good for several (Auth0 docs, "Multi-Resource Refresh Token").
        audience: text = "audience",
        /// The organization of the new tokens.
        organization: text = "organization",
    }
);

optional!(
    TokenResponse,
    Password {
        /// The API.
        audience: text = "audience",
        /// Scopes, separated by spaces.
        scope: text = "scope",
    }
);

impl AuthCall<TokenResponse, Password> {
    /// The connection whose users are meant: `Username-Password-Authentication`. The grant is then
    /// `http://auth0.com/oauth/grant-type/password-realm`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        let call = OAuth(AuthenticationClient { core: self.core.clone() }).tokens::<()>("oauth.passwordRealmGrant");
        self.parts.endpoint = call.parts.endpoint;
        self.text("realm", realm)
    }

    /// The user's IP address, for a server that calls on behalf of it: attack protection then counts the user's attempts
    /// and not the server's (`auth0-forwarded-for`; it must be allowed for the client).
    pub fn forwarded_for(self, address: impl Into<String>) -> Self {
        self.header("auth0-forwarded-for", address)
    }
}

optional!(
    TokenResponse,
    TokenForConnection {
        /// The type of the subject token, in the place of `urn:ietf:params:oauth:token-type:refresh_token`.
        subject_token_type: text = "subject_token_type",
        /// The user's id at the connection, where one user has several identities.
        login_hint: text = "login_hint",
    }
);

optional!(
    TokenResponse,
    TokenExchange {
        /// The API.
        audience: text = "audience",
        /// Scopes, separated by spaces.
        scope: text = "scope",
        /// The organization of the new tokens.
        organization: text = "organization",
        /// The type of token that is wanted (RFC 8693, section 3).
        requested_token_type: text = "requested_token_type",
        /// The token of the party that acts (RFC 8693, section 2.1).
        actor_token: secret = "actor_token",
        /// The type of that token.
        actor_token_type: text = "actor_token_type",
        /// The profile of the user, for a native social login with Apple.
        user_profile: text = "user_profile",
    }
);

optional!(
    (),
    Revoke {
        /// What kind of token it is, as a hint: `refresh_token` (RFC 7009, section 2.1).
        token_type_hint: text = "token_type_hint",
    }
);

impl<P> AuthCall<TokenResponse, P> {
    /// What the ID token's `nonce` must be: that of the authorization request.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.parts.expected.nonce = Some(nonce.into());
        self
    }

    /// How long ago the user may have logged in: `auth_time` of the ID token is checked, also for zero.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.parts.expected.max_age = Some(max_age);
        self
    }

    /// The organization (id or name) that the ID token must be for.
    pub fn expect_organization(mut self, organization: impl Into<String>) -> Self {
        self.parts.expected.organization = Some(organization.into());
        self
    }

    /// An answer without an ID token is an error.
    pub fn expect_id_token(mut self) -> Self {
        self.parts.expected.required = true;
        self
    }
}
