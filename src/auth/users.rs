//! The user behind an access token.

use super::AuthenticationClient;
use super::call::{AuthCall, json};
use crate::Json;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;

/// Users, by their access tokens: see [`AuthenticationClient::users`].
#[derive(Clone, Debug)]
pub struct Users(pub(super) AuthenticationClient);

/// Claims about the user (OpenID Connect Core 1.0, section 5.1).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's id: `auth0|…`.
    pub sub: String,
    /// The full name.
    #[serde(default)]
    pub name: Option<String>,
    /// The given name.
    #[serde(default)]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(default)]
    pub family_name: Option<String>,
    /// The nickname.
    #[serde(default)]
    pub nickname: Option<String>,
    /// The URL of a picture.
    #[serde(default)]
    pub picture: Option<String>,
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether it has been verified.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// The phone number.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// Whether it has been verified.
    #[serde(default)]
    pub phone_number_verified: Option<bool>,
    /// When the profile was last changed: a date, or seconds since the Unix epoch.
    #[serde(default)]
    pub updated_at: Option<Json>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// Users, by their access tokens.
    pub fn users(&self) -> Users {
        Users(self.clone())
    }
}

impl Users {
    /// The claims about the user of an access token that has the scope `openid` (`GET /userinfo`, OpenID Connect Core 1.0,
    /// section 5.3).
    pub fn user_info(&self, access_token: impl Into<Secret>) -> AuthCall<UserInfo> {
        AuthCall::new(&self.0.core, "users.userInfo", json).bearer(access_token)
    }
}
