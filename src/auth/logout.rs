//! Where a browser goes to end its session.

use super::AuthenticationClient;
use crate::http::path::Query;
use crate::secret::Secret;
use std::fmt;

/// Builds the URL of a logout: see [`AuthenticationClient::logout`] and [`AuthenticationClient::oidc_logout`].
#[derive(Clone)]
#[must_use = "a browser has to be sent to the URL"]
pub struct LogoutUrl {
    origin: String,
    path: &'static str,
    return_name: &'static str,
    query: Query,
}

impl AuthenticationClient {
    /// Auth0's own logout (`GET /v2/logout`). With a client id, the URLs allowed are that client's; otherwise the tenant's.
    pub fn logout(&self) -> LogoutUrl {
        self.logout_at("/v2/logout", "returnTo")
    }

    /// The logout of OpenID Connect RP-Initiated Logout 1.0 (`GET /oidc/logout`).
    pub fn oidc_logout(&self) -> LogoutUrl {
        self.logout_at("/oidc/logout", "post_logout_redirect_uri")
    }

    fn logout_at(&self, path: &'static str, return_name: &'static str) -> LogoutUrl {
        let mut query = Query::default();
        if let Some(client_id) = &self.core.client_id {
            query.push("client_id", client_id.as_str());
        }
        LogoutUrl { origin: self.core.origin.clone(), path, return_name, query }
    }
}

impl LogoutUrl {
    /// Where the browser comes back. The URL must be among the allowed logout URLs.
    pub fn return_to(self, url: impl Into<String>) -> Self {
        let name = self.return_name;
        self.param(name, url)
    }

    /// Also ends the session at the identity provider that the user logged in with.
    pub fn federated(self) -> Self {
        self.param("federated", "")
    }

    /// The ID token, by which the session is found (`/oidc/logout`).
    pub fn id_token_hint(self, id_token: impl Into<Secret>) -> Self {
        self.param("id_token_hint", id_token.into().expose())
    }

    /// Given back to the URL that the browser comes back to (`/oidc/logout`).
    pub fn state(self, state: impl Into<String>) -> Self {
        self.param("state", state)
    }

    /// Any other parameter, in the place of one of the same name.
    pub fn param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.set(name, value);
        self
    }

    /// The URL.
    pub fn url(&self) -> String {
        self.query.url(&self.origin, self.path)
    }
}

impl fmt::Debug for LogoutUrl {
    /// Without the query, which may hold an ID token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutUrl").field("origin", &self.origin).field("path", &self.path).finish_non_exhaustive()
    }
}
