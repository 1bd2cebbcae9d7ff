//! What is expected of a token.

use crate::jose::Algorithm;
use crate::secret::Secret;
use std::time::Duration;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Id,
    Logout,
}

/// What a verifier wants of every token.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// In seconds.
    pub(crate) leeway: u64,
}

/// What the caller expects of one token, beyond what its verifier checks anyway.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    pub(crate) nonce: Option<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) organization: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) acr: Vec<String>,
    pub(crate) amr: Vec<String>,
    pub(crate) access_token: Option<Secret>,
    pub(crate) code: Option<Secret>,
}

impl Expect {
    /// Nothing more.
    pub fn new() -> Self {
        Self::default()
    }

    /// ID token: the nonce of the authorization request. Without one here, a token may have any.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// ID token: the user signed in at most this long ago (`auth_time`). Zero means: just now, within the leeway.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age.as_secs());
        self
    }

    /// The organization: its id (`org_…`), which is compared with `org_id` exactly, or its name, which is compared with
    /// `org_name` without regard to ASCII case, as Auth0 does.
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// Access token: the client it was issued to (`azp`, or `client_id`).
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The user: for an ID token that comes with a refreshed session, or after userinfo.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Access token: it has these scopes, all of them.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Access token: it has these permissions, all of them.
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.permissions = permissions.into_iter().map(Into::into).collect();
        self
    }

    /// `acr` is one of these.
    pub fn acr(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.acr = values.into_iter().map(Into::into).collect();
        self
    }

    /// `amr` has these, all of them: `mfa`.
    pub fn amr(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.amr = values.into_iter().map(Into::into).collect();
        self
    }

    /// ID token: the access token that came with it, against `at_hash`, if there is one.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// ID token of the front channel: the code that came with it, against `c_hash`, which it then must have.
    pub fn code(mut self, code: impl Into<Secret>) -> Self {
        self.code = Some(code.into());
        self
    }
}
