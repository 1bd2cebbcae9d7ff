//! Devices without a browser of their own (RFC 8628).

use super::AuthenticationClient;
use super::call::{AuthCall, Parts, optional};
use super::core::Core;
use super::polling::Polling;
use super::tokens::{TokenResponse, tokens};
use crate::Json;
use crate::error::Error;
use crate::http::Answer;
use crate::maybe_send::BoxFuture;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;
use std::time::Duration;

/// The device flow: see [`AuthenticationClient::device`].
#[derive(Clone, Debug)]
pub struct Device(pub(super) AuthenticationClient);

/// Parameters of [`Device::authorize`].
#[derive(Debug)]
pub enum DeviceAuthorize {}

/// What to show the user, and what to ask with (RFC 8628, section 3.2).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeviceAuthorization {
    /// What the device asks with.
    pub device_code: Secret,
    /// What the user types.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// When the codes expire, as the time since the Unix epoch.
    pub expires_at: Duration,
    /// The least time between two questions; 5 s when the answer does not say.
    pub interval: Duration,
    /// Everything else.
    pub extra: Map<String, Json>,
}

#[derive(Deserialize)]
struct Wire {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
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
) -> BoxFuture<'a, Result<DeviceAuthorization, Error>> {
    let read = super::call::decode(answer).map(|wire: Wire| DeviceAuthorization {
        device_code: Secret::new(wire.device_code),
        user_code: wire.user_code,
        verification_uri: wire.verification_uri,
        verification_uri_complete: wire.verification_uri_complete,
        expires_at: asked_at.saturating_add(Duration::from_secs(wire.expires_in)),
        interval: Duration::from_secs(wire.interval.unwrap_or(5)),
        extra: wire.extra,
    });
    Box::pin(std::future::ready(read))
}

impl AuthenticationClient {
    /// The device flow.
    pub fn device(&self) -> Device {
        Device(self.clone())
    }
}

impl Device {
    /// Begins: gives the codes (RFC 8628, section 3.1).
    pub fn authorize(&self) -> AuthCall<DeviceAuthorization, DeviceAuthorize> {
        AuthCall::new(&self.0.core, "device.authorize", authorization)
    }

    /// Asks once whether the user has agreed (RFC 8628, section 3.4). Until then the error's code is
    /// `authorization_pending`, or `slow_down` when this was asked too soon.
    pub fn token(&self, device_code: impl Into<Secret>) -> AuthCall<TokenResponse> {
        AuthCall::new(&self.0.core, "device.deviceCodeGrant", tokens).text("device_code", device_code.into().expose())
    }

    /// Asks until the user has agreed or refused, or the codes have expired (RFC 8628, section 3.5).
    pub fn poll(&self, authorization: &DeviceAuthorization) -> Polling {
        let call = self.token(authorization.device_code.clone());
        Polling::new(call, authorization.interval, authorization.expires_at)
    }
}

optional!(
    DeviceAuthorization,
    DeviceAuthorize {
        /// Scopes, separated by spaces.
        scope: text = "scope",
        /// The API.
        audience: text = "audience",
        /// The organization.
        organization: text = "organization",
    }
);
