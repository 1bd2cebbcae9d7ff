//! Logging in with a code or a link that comes by mail or SMS.

use super::AuthenticationClient;
use super::call::{AuthCall, json, optional};
use super::tokens::{TokenResponse, tokens};
use crate::Json;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;

/// Passwordless connections: see [`AuthenticationClient::passwordless`].
#[derive(Clone, Debug)]
pub struct Passwordless(pub(super) AuthenticationClient);

/// Parameters of [`Passwordless::send_email`] and [`Passwordless::send_sms`].
#[derive(Debug)]
pub enum Start {}
/// Parameters of [`Passwordless::login_with_email`] and [`Passwordless::login_with_sms`].
#[derive(Debug)]
pub enum Login {}

/// Where the code or the link was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct Started {
    /// The id of the user at the connection.
    #[serde(default, rename = "_id")]
    pub id: Option<String>,
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// The number.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// What a mail carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    /// A code, which the user types.
    Code,
    /// A link, which the user follows.
    Link,
}

impl AuthenticationClient {
    /// Codes and links by mail and SMS.
    pub fn passwordless(&self) -> Passwordless {
        Passwordless(self.clone())
    }
}

impl Passwordless {
    /// Sends a mail with a code or a link (`POST /passwordless/start`).
    pub fn send_email(&self, email: impl Into<String>, send: Send) -> AuthCall<Started, Start> {
        AuthCall::new(&self.0.core, "passwordless.sendEmail", json).text("email", email).text(
            "send",
            match send {
                Send::Code => "code",
                Send::Link => "link",
            },
        )
    }

    /// Sends an SMS with a code (`POST /passwordless/start`).
    pub fn send_sms(&self, phone_number: impl Into<String>) -> AuthCall<Started, Start> {
        AuthCall::new(&self.0.core, "passwordless.sendSMS", json)
            .text("phone_number", phone_number)
            .text("send", "code")
    }

    /// Tokens for the code that was mailed.
    pub fn login_with_email(
        &self,
        email: impl Into<String>,
        code: impl Into<Secret>,
    ) -> AuthCall<TokenResponse, Login> {
        AuthCall::new(&self.0.core, "passwordless.loginWithEmail", tokens)
            .text("username", email)
            .text("otp", code.into().expose())
    }

    /// Tokens for the code that came by SMS.
    pub fn login_with_sms(
        &self,
        phone_number: impl Into<String>,
        code: impl Into<Secret>,
    ) -> AuthCall<TokenResponse, Login> {
        AuthCall::new(&self.0.core, "passwordless.loginWithSMS", tokens)
            .text("username", phone_number)
            .text("otp", code.into().expose())
    }
}

optional!(
    Started,
    Start {
        /// Parameters of the authorization request that the link makes: an object (`scope`, `state`, `redirect_uri` …).
        auth_params: json = "authParams",
    }
);

optional!(
    TokenResponse,
    Login {
        /// The API.
        audience: text = "audience",
        /// Scopes, separated by spaces.
        scope: text = "scope",
    }
);

impl<P> AuthCall<Started, P> {
    /// The user's IP address, for a server that calls on behalf of it (`auth0-forwarded-for`).
    pub fn forwarded_for(self, address: impl Into<String>) -> Self {
        self.header("auth0-forwarded-for", address)
    }
}

impl AuthCall<TokenResponse, Login> {
    /// The user's IP address, for a server that calls on behalf of it (`auth0-forwarded-for`).
    pub fn forwarded_for(self, address: impl Into<String>) -> Self {
        self.header("auth0-forwarded-for", address)
    }
}
