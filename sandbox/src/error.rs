//! The errors of the program, and those that the API answers with.

use crate::message::Answer;
use serde_json::{Map, json};
use std::fmt;

/// Why a sandbox could not be started or told what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is not one of this machine alone, and `allow_remote` was not given.
    NotLoopback(String),
    /// The address could not be opened: taken, not allowed, or not an address.
    Listen {
        /// Host and port.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The compiled-in API description is not usable: a fault of the build.
    Description(String),
    /// A setting that makes no sense; the text names it.
    Config(String),
    /// A data file that cannot be used; it is left as it is.
    Data {
        /// The file.
        path: std::path::PathBuf,
        /// Why: it is damaged, of another kind, or open elsewhere.
        reason: String,
    },
    /// A seed that cannot be used: the text names the file, the line and what is wrong.
    Seed(String),
    /// The signing key could not be made.
    Key(String),
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(host) => write!(
                f,
                "{host} is not a loopback address: the sandbox has no access control of its own, so it listens on \
                 other addresses only with --allow-remote"
            ),
            Self::Listen { address, source } => {
                write!(f, "cannot listen on {address}: {source}")?;
                if source.kind() == std::io::ErrorKind::AddrInUse {
                    f.write_str(": another program has the port; port 0 takes a free one")?;
                }
                Ok(())
            }
            Self::Description(text) => write!(f, "the compiled-in API description is not usable: {text}"),
            Self::Config(text) | Self::Seed(text) => f.write_str(text),
            Self::Data { path, reason } => {
                write!(f, "the data file {} is left as it is: {reason}", path.display())
            }
            Self::Key(text) => write!(f, "cannot make a signing key: {text}"),
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// An error answer of the Management API: `{"statusCode", "error", "message", "errorCode"}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(status: u16, message: impl Into<String>, code: &'static str) -> Self {
        Self { status, message: message.into(), code: Some(code) }
    }

    pub(crate) fn plain(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None }
    }

    pub(crate) fn not_found() -> Self {
        Self::plain(404, "Not Found")
    }

    pub(crate) fn invalid_body(problem: impl fmt::Display) -> Self {
        Self::new(400, format!("Payload validation error: '{problem}'."), "invalid_body")
    }

    pub(crate) fn invalid_query(problem: impl fmt::Display) -> Self {
        Self::new(400, format!("Query validation error: '{problem}'."), "invalid_query_string")
    }

    pub(crate) fn invalid_path(problem: impl fmt::Display) -> Self {
        Self::new(400, format!("Path validation error: '{problem}'."), "invalid_uri")
    }

    pub(crate) fn invalid_paging(message: impl Into<String>) -> Self {
        Self::new(400, message, "invalid_paging")
    }

    /// A fault of the sandbox itself, never of the request.
    pub(crate) fn internal(problem: impl fmt::Display) -> Self {
        Self::new(500, format!("The sandbox failed: {problem}"), "internal_error")
    }

    pub(crate) fn answer(&self) -> Answer {
        let mut body = Map::new();
        body.insert("statusCode".to_owned(), json!(self.status));
        body.insert("error".to_owned(), json!(reason(self.status)));
        body.insert("message".to_owned(), json!(self.message));
        if let Some(code) = self.code {
            body.insert("errorCode".to_owned(), json!(code));
        }
        Answer::json(self.status, &body.into())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        _ => "Internal Server Error",
    }
}
