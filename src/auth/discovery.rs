//! What the tenant says of itself.

use super::AuthenticationClient;
use super::call::{AuthCall, json};
use crate::Json;
use serde::Deserialize;
use serde_json::Map;

/// The metadata of the tenant (OpenID Connect Discovery 1.0, section 3; RFC 8414).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The issuer of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// The authorization endpoint.
    #[serde(default)]
    pub authorization_endpoint: Option<String>,
    /// The token endpoint.
    #[serde(default)]
    pub token_endpoint: Option<String>,
    /// The userinfo endpoint.
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    /// Whether an answer of the authorization endpoint names its issuer (RFC 9207, section 3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// The tenant's metadata (`GET /.well-known/openid-configuration`).
    pub fn metadata(&self) -> AuthCall<Metadata> {
        AuthCall::new(&self.core, "discovery.configuration", json)
    }

    /// The tenant's public keys as a JWK set (`GET /.well-known/jwks.json`, RFC 7517, section 5). To verify tokens there is no
    /// need to ask for them.
    pub fn jwks(&self) -> AuthCall<Json> {
        AuthCall::new(&self.core, "discovery.jwks", json)
    }
}
