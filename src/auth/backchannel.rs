//! Logging a user in who is somewhere else: Client-Initiated Backchannel Authentication (OpenID Connect CIBA Core 1.0).

use super::AuthenticationClient;
use super::call::{AuthCall, Parts, optional};
use super::core::Core;
use super::polling::Polling;
use super::tokens::{TokenResponse, tokens};
use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::http::Answer;
use crate::maybe_send::BoxFuture;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;
use std::time::Duration;

/// Backchannel login: see [`AuthenticationClient::backchannel`].
#[derive(Clone, Debug)]
pub struct Backchannel(pub(super) AuthenticationClient);

/// Parameters of [`Backchannel::authorize`].
#[derive(Debug)]
pub enum BackchannelAuthorize {}

/// What to ask with (CIBA Core, section 7.3).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackchannelAuthorization {
    /// What the client asks with.
    pub auth_req_id: Secret,
    /// When it expires, as the time since the Unix epoch.
    pub expires_at: Duration,
    /// The least time between two questions; 5 s when the answer does not say.
    pub interval: Duration,
    /// Everything else.
    pub extra: Map<String, Json>,
}

#[derive(Deserialize)]
struct Wire {
    auth_req_id: String,
    expires_in: u64,
    interval: Option<u64>,
    #[serde(flatten)]
    extra: Map<String, Json>,
}

fn authorization<'a>(
    _: &'a Core,
    _: &'a Parts,
    answer: &'a Answer,
    asked_at: Duration,
) -> BoxFuture<'a, Result<BackchannelAuthorization, Error>> {
    let read = super::call::decode(answer).map(|wire: Wire| BackchannelAuthorization {
        auth_req_id: Secret::new(wire.auth_req_id),
        expires_at: asked_at.saturating_add(Duration::from_secs(wire.expires_in)),
        interval: Duration::from_secs(wire.interval.unwrap_or(5)),
        extra: wire.extra,
    });
    Box::pin(std::future::ready(read))
}

impl AuthenticationClient {
    /// Backchannel login.
    pub fn backchannel(&self) -> Backchannel {
        Backchannel(self.clone())
    }
}

impl Backchannel {
    /// Asks the user (`auth0|…`) on the device that it has enrolled. `binding_message` is shown there and here, so that the
    /// user can compare: up to 64 of letters, digits, spaces and `+-_.,:#`.
    pub fn authorize(
        &self,
        user_id: impl Into<String>,
        binding_message: impl Into<String>,
    ) -> AuthCall<BackchannelAuthorization, BackchannelAuthorize> {
        let hint = serde_json::json!({"format": "iss_sub", "iss": self.0.issuer(), "sub": user_id.into()});
        let message = binding_message.into();
        let mut call = AuthCall::new(&self.0.core, "backchannel.authorize", authorization)
            .text("login_hint", hint.to_string())
            .text("binding_message", message.as_str())
            .text("scope", "openid");
        if let Err(error) = check_binding_message(&message) {
            call.parts.endpoint = Err(error.with_operation("backchannel.authorize"));
        }
        call
    }

    /// Asks once whether the user has agreed. Until then the error's code is `authorization_pending`, or `slow_down` when
    /// this was asked too soon.
    pub fn token(&self, auth_req_id: impl Into<Secret>) -> AuthCall<TokenResponse> {
        AuthCall::new(&self.0.core, "backchannel.backchannelGrant", tokens)
            .text("auth_req_id", auth_req_id.into().expose())
    }

    /// Asks until the user has agreed or refused, or the request has expired (CIBA Core, section 10.1).
    pub fn poll(&self, authorization: &BackchannelAuthorization) -> Polling {
        let call = self.token(authorization.auth_req_id.clone());
        Polling::new(call, authorization.interval, authorization.expires_at)
    }
}

/// Auth0 docs, "Client-Initiated Backchannel Authentication Flow", `binding_message`.
fn check_binding_message(message: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-_.,:# ".contains(c);
    match message.chars().find(|c| !fits(*c)) {
        Some(_) => Err(Error::new(
            ErrorKind::Request,
            "`binding_message` has a character that is none of letters, digits, spaces and +-_.,:#",
        )),
        None if message.len() > 64 => {
            Err(Error::new(ErrorKind::Request, "`binding_message` is longer than 64 characters"))
        }
        None => Ok(()),
    }
}

optional!(
    BackchannelAuthorization,
    BackchannelAuthorize {
        /// Scopes, separated by spaces, in the place of `openid`, which must be among them.
        scope: text = "scope",
        /// The API.
        audience: text = "audience",
        /// How long the user has, in whole seconds: 5 minutes by default. A long time makes Auth0 send a mail in the place of a
        /// push message.
        requested_expiry: seconds = "requested_expiry",
        /// What the user is asked to allow (RFC 9396): an array of objects with a `type`.
        authorization_details: json = "authorization_details",
        /// Who the user is, in the place of the `iss_sub` hint made of its id.
        login_hint: text = "login_hint",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_messages() {
        assert!(check_binding_message("Pay 10.00, order #4-2: a_b+c").is_ok());
        for message in ["a\nb", "50 €", "a;b", "a/b", &"a".repeat(65)] {
            assert_eq!(check_binding_message(message).expect_err(message).kind(), ErrorKind::Request);
        }
    }
}
