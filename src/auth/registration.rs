//! Dynamic client registration (OpenID Connect Dynamic Client Registration 1.0; RFC 7591).

use super::AuthenticationClient;
use super::call::{AuthCall, json, optional};
use crate::Json;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;

/// Parameters of [`AuthenticationClient::register_client`].
#[derive(Debug)]
pub enum RegisterClient {}

/// A client that has been registered.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct RegisteredClient {
    /// The id.
    pub client_id: String,
    /// The secret; a public client has none.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// When the secret expires, in seconds since the Unix epoch; 0 for never.
    #[serde(default)]
    pub client_secret_expires_at: Option<u64>,
    /// The name.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Where codes may be sent.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// A token to read and change the registration (RFC 7592), where the server has that.
    #[serde(default)]
    pub registration_access_token: Option<Secret>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// Registers a client (`POST /oidc/register`). The tenant must allow it.
    pub fn register_client(
        &self,
        redirect_uris: impl IntoIterator<Item = impl Into<String>>,
    ) -> AuthCall<RegisteredClient, RegisterClient> {
        let uris: Vec<String> = redirect_uris.into_iter().map(Into::into).collect();
        AuthCall::new(&self.core, "registration.register", json).json("redirect_uris", uris)
    }
}

optional!(
    RegisteredClient,
    RegisterClient {
        /// The name.
        client_name: text = "client_name",
        /// How the client will authenticate: `none`, `client_secret_post`, `client_secret_basic`.
        token_endpoint_auth_method: text = "token_endpoint_auth_method",
        /// The grants that it will use: an array.
        grant_types: json = "grant_types",
        /// The response types that it will use: an array.
        response_types: json = "response_types",
    }
);

impl AuthCall<RegisteredClient, RegisterClient> {
    /// The initial access token, where the server wants one (RFC 7591, section 3).
    pub fn initial_access_token(self, token: impl Into<Secret>) -> Self {
        self.bearer(token)
    }
}
