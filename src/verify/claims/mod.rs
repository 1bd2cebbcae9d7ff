//! What a token says, what is expected of it, and whether it is that. Pure.

mod check;
mod expect;

pub(crate) use check::{check, check_hash, check_rights, check_type};
pub use expect::Expect;
pub(crate) use expect::{Kind, Policy};

use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::jose::json::{Members, Node, member};
use std::fmt;
use std::time::Duration;

/// The claims of a token that was verified.
#[derive(Clone, PartialEq)]
pub struct Claims {
    members: Members,
}

impl fmt::Debug for Claims {
    /// Shows the names: what they say of a person is nobody's log's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|(name, _)| name)).finish()
    }
}

impl Claims {
    pub(crate) fn new(members: Members) -> Self {
        Self { members }
    }

    pub(crate) fn node(&self, name: &str) -> Option<&Node> {
        member(&self.members, name)
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.node(name)?.text()
    }

    fn time(&self, name: &str) -> Option<Duration> {
        self.node(name)?.whole().map(Duration::from_secs)
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.node(name).and_then(Node::texts).unwrap_or_default()
    }

    /// Who issued it (`iss`).
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// Whom it is about (`sub`): `auth0|…`, or `client-id@clients` for a client that acts for itself. Empty when a logout
    /// token names a session only.
    pub fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// Whom it is for (`aud`).
    pub fn audience(&self) -> Vec<&str> {
        match self.node("aud") {
            Some(Node::Text(one)) => vec![one],
            _ => self.texts("aud"),
        }
    }

    /// When it ends (`exp`), since the Unix epoch.
    pub fn expires_at(&self) -> Option<Duration> {
        self.time("exp")
    }

    /// When it was issued (`iat`), since the Unix epoch.
    pub fn issued_at(&self) -> Option<Duration> {
        self.time("iat")
    }

    /// When the user signed in (`auth_time`), since the Unix epoch.
    pub fn auth_time(&self) -> Option<Duration> {
        self.time("auth_time")
    }

    /// The token's id (`jti`).
    pub fn token_id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// The session (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        self.text("sid")
    }

    /// The client it was issued to (`client_id`, RFC 9068; or `azp`, Auth0's profile).
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id").or(self.text("azp"))
    }

    /// The scopes (`scope`, RFC 8693, section 4.2).
    pub fn scopes(&self) -> Vec<&str> {
        self.text("scope").unwrap_or_default().split(' ').filter(|scope| !scope.is_empty()).collect()
    }

    /// Auth0's `permissions`, which an API with RBAC has.
    pub fn permissions(&self) -> Vec<&str> {
        self.texts("permissions")
    }

    /// The organization's id (`org_id`).
    pub fn organization_id(&self) -> Option<&str> {
        self.text("org_id")
    }

    /// The organization's name (`org_name`).
    pub fn organization_name(&self) -> Option<&str> {
        self.text("org_name")
    }

    /// How the user was authenticated (`amr`, RFC 8176).
    pub fn authentication_methods(&self) -> Vec<&str> {
        self.texts("amr")
    }

    /// A method of confirmation (`cnf`, RFC 7800): `jkt` for DPoP, `x5t#S256` for a certificate.
    pub fn confirmation(&self, method: &str) -> Option<&str> {
        member(self.node("cnf")?.object()?, method)?.text()
    }

    /// Any claim, one of your own too.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.node(name).map(Node::to_value)
    }

    /// All claims.
    pub fn to_json(&self) -> Json {
        Json::Object(self.members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect())
    }

    /// All claims in a type of yours, which names those that it wants.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when they do not fit.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(self.to_json())
            .map_err(|_| Error::new(ErrorKind::Decode, "the claims do not fit the type that they are wanted in"))
    }
}
