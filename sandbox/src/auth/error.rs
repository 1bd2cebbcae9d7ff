//! The errors of the authentication side, in the shapes that Auth0 gives them.

use crate::error::ApiError;
use crate::message::Answer;
use serde_json::{Map, Value, json};

/// An error of an OAuth endpoint: RFC 6749, section 5.2, and what Auth0 adds to it.
#[derive(Clone, Debug)]
pub(crate) struct OAuthError {
    pub(crate) status: u16,
    pub(crate) error: &'static str,
    pub(crate) description: String,
    /// Rare, and large: kept apart so that results stay small.
    more: Option<Box<More>>,
}

/// What few errors have.
#[derive(Clone, Debug, Default)]
struct More {
    members: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
}

impl OAuthError {
    pub(crate) fn new(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into(), more: None }
    }

    /// Wrong or missing client credentials.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "access_denied", "Unauthorized")
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", description)
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::invalid_request(format!("Missing required parameter: {name}"))
    }

    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new(403, "invalid_grant", description)
    }

    pub(crate) fn denied(description: impl Into<String>) -> Self {
        Self::new(403, "access_denied", description)
    }

    pub(crate) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new(401, "invalid_client", description)
    }

    /// The same as a 400.
    pub(crate) fn bad_request(self) -> Self {
        Self { status: 400, ..self }
    }

    /// Adds a member beside `error` and `error_description`.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.get_or_insert_default().members.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.more.get_or_insert_default().headers.push((name, value.into()));
        self
    }

    pub(crate) fn answer(&self) -> Answer {
        let mut body = Map::new();
        body.insert("error".to_owned(), json!(self.error));
        body.insert("error_description".to_owned(), json!(self.description));
        let more = self.more.as_deref().cloned().unwrap_or_default();
        body.extend(more.members);
        more.headers
            .into_iter()
            .fold(Answer::json(self.status, &body.into()), |answer, (name, value)| answer.with(name, value))
    }
}

impl From<ApiError> for OAuthError {
    fn from(error: ApiError) -> Self {
        Self::new(500, "server_error", error.message)
    }
}
