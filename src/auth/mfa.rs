//! Second factors (Auth0 docs, "MFA API").

use super::AuthenticationClient;
use super::call::{AuthCall, json, nothing, optional};
use super::tokens::{TokenResponse, tokens};
use crate::Json;
use crate::error::Error;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;

/// Second factors, with the token of a login that asks for one or that may manage them: see [`AuthenticationClient::mfa`].
#[derive(Clone, Debug)]
pub struct Mfa {
    client: AuthenticationClient,
    token: Secret,
}

/// Parameters of [`Mfa::challenge`].
#[derive(Debug)]
pub enum Challenge {}
/// Parameters of [`Mfa::associate_oob`].
#[derive(Debug)]
pub enum Associate {}
/// Parameters of [`Mfa::verify_oob`].
#[derive(Debug)]
pub enum VerifyOob {}

/// What the user is asked for.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct MfaChallenge {
    /// `otp` or `oob`.
    pub challenge_type: String,
    /// What [`Mfa::verify_oob`] needs.
    #[serde(default)]
    pub oob_code: Option<Secret>,
    /// `prompt` when the user is sent a code to type, and nothing when it is enough that the user agrees.
    #[serde(default)]
    pub binding_method: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// An authenticator that has been added, and is active once it has been used.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct MfaEnrollment {
    /// `otp` or `oob`.
    pub authenticator_type: String,
    /// The key of a one-time password generator, base32.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// The same as a URI for a QR code.
    #[serde(default)]
    pub barcode_uri: Option<Secret>,
    /// Recovery codes, with the first authenticator. They are shown once.
    #[serde(default)]
    pub recovery_codes: Option<Vec<Secret>>,
    /// What [`Mfa::verify_oob`] needs.
    #[serde(default)]
    pub oob_code: Option<Secret>,
    /// Where the code is sent: `sms`, `voice`, `auth0`, `email`.
    #[serde(default)]
    pub oob_channel: Option<String>,
    /// `prompt` when the user is sent a code to type.
    #[serde(default)]
    pub binding_method: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// An authenticator of the user.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Authenticator {
    /// The id: `totp|dev_…`.
    pub id: String,
    /// `otp`, `oob` or `recovery-code`.
    pub authenticator_type: String,
    /// Whether it has been confirmed.
    #[serde(default)]
    pub active: Option<bool>,
    /// `sms`, `voice`, `auth0` (push) or `email`.
    #[serde(default)]
    pub oob_channel: Option<String>,
    /// What people see of it: a number with most of its digits hidden.
    #[serde(default)]
    pub name: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// Second factors, with the `mfa_token` of a login that asks for one. To manage authenticators, an access token of the
    /// audience `https://{domain}/mfa/` will do as well.
    pub fn mfa(&self, token: impl Into<Secret>) -> Mfa {
        Mfa { client: self.clone(), token: token.into() }
    }

    /// Second factors, for the error of a login that asks for one (code `mfa_required`); `None` for any other error.
    pub fn mfa_of(&self, error: &Error) -> Option<Mfa> {
        error.mfa_token().map(|token| self.mfa(token.clone()))
    }
}

impl Mfa {
    fn grant<P>(&self, id: &'static str) -> AuthCall<TokenResponse, P> {
        AuthCall::new(&self.client.core, id, tokens).text("mfa_token", self.token.expose())
    }

    /// The authenticators of the user.
    pub fn list_authenticators(&self) -> AuthCall<Vec<Authenticator>> {
        AuthCall::new(&self.client.core, "mfa.listAuthenticators", json).bearer(self.token.clone())
    }

    /// Removes an authenticator. It takes an access token with the scope `remove:authenticators`.
    pub fn delete_authenticator(&self, id: impl Into<String>) -> AuthCall<()> {
        AuthCall::new(&self.client.core, "mfa.deleteAuthenticator", nothing).bearer(self.token.clone()).segment(id)
    }

    /// Asks for a challenge: `otp`, `oob`, or both separated by a space, of which the user's default is taken.
    pub fn challenge(&self, challenge_type: impl Into<String>) -> AuthCall<MfaChallenge, Challenge> {
        AuthCall::new(&self.client.core, "mfa.challenge", json)
            .text("mfa_token", self.token.expose())
            .text("challenge_type", challenge_type)
    }

    /// Adds a generator of one-time passwords. It is active once [`Mfa::verify_otp`] has succeeded.
    pub fn associate_otp(&self) -> AuthCall<MfaEnrollment> {
        self.associate("otp")
    }

    /// Adds an authenticator that is reached another way: `sms`, `voice`, `auth0` (push) or `email`.
    pub fn associate_oob(&self, channel: impl Into<String>) -> AuthCall<MfaEnrollment, Associate> {
        self.associate("oob").json("oob_channels", Json::from(vec![channel.into()]))
    }

    fn associate<P>(&self, kind: &str) -> AuthCall<MfaEnrollment, P> {
        AuthCall::new(&self.client.core, "mfa.associate", json)
            .bearer(self.token.clone())
            .json("authenticator_types", Json::from(vec![kind]))
    }

    /// Tokens for a one-time password.
    pub fn verify_otp(&self, otp: impl Into<Secret>) -> AuthCall<TokenResponse> {
        self.grant("mfa.verifyOtp").text("otp", otp.into().expose())
    }

    /// Tokens for an out-of-band challenge. Until the user agrees to a push message the error's code is
    /// `authorization_pending`.
    pub fn verify_oob(&self, oob_code: impl Into<Secret>) -> AuthCall<TokenResponse, VerifyOob> {
        self.grant("mfa.verifyOob").text("oob_code", oob_code.into().expose())
    }

    /// Tokens for a recovery code; the next one is [`TokenResponse::recovery_code`].
    pub fn verify_recovery_code(&self, recovery_code: impl Into<Secret>) -> AuthCall<TokenResponse> {
        self.grant("mfa.verifyRecoveryCode").text("recovery_code", recovery_code.into().expose())
    }
}

optional!(
    MfaChallenge,
    Challenge {
        /// The authenticator, in the place of the user's default.
        authenticator_id: text = "authenticator_id",
        /// The channel, of several: `sms`, `voice`, `auth0`.
        oob_channel: text = "oob_channel",
    }
);

optional!(
    MfaEnrollment,
    Associate {
        /// The number, for `sms` and `voice`: `+15555550100`.
        phone_number: text = "phone_number",
        /// The address, for `email`.
        email: text = "email",
    }
);

optional!(
    TokenResponse,
    VerifyOob {
        /// The code that the user was sent, when the challenge's `binding_method` is `prompt`.
        binding_code: secret = "binding_code",
    }
);
