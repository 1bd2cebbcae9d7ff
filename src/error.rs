//! The one error of this crate.

use crate::http::{ErrorBody, Headers};
use crate::secret::Secret;
use crate::text::{self, digits};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What went wrong, as one of a few things that a caller may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was set up in a way that cannot work. Nothing was sent. Mend the program or its configuration.
    Config,
    /// The call's arguments cannot be sent: an unknown operation, a missing id, a body where none belongs. Nothing was sent.
    Request,
    /// The connection failed, or the other side broke the protocol. See [`Error::may_have_been_sent`].
    Transport,
    /// The time ran out. See [`Error::may_have_been_sent`].
    Timeout,
    /// The caller aborted the call.
    Aborted,
    /// The API answered with an error. See [`Error::status`], [`Error::code`], [`Error::missing_scope`].
    Api,
    /// The API answered 429 and the retries are used up, or the wait it asked for is too long. See [`Error::retry_after`].
    RateLimited,
    /// A success that cannot be read: the answer is not what was expected. The body is kept. See [`Error::path`].
    Decode,
    /// No token could be had: the token endpoint, or the program's own token callback, refused. See [`Error::code`].
    Auth,
    /// A token, a key or a proof is refused. See [`Error::code`], which is one word for each check.
    Verification,
    /// A list cannot be walked to its end: a cursor came twice, or the server stopped short.
    Paging,
    /// A job of the API failed, or did not end in the time it was given.
    #[cfg(feature = "jobs")]
    Job,
    /// Something that cannot happen did. Please report it.
    Internal,
}

impl ErrorKind {
    /// The kind as a stable word, for logs and for other languages: `rate_limited`.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Config => "config",
            ErrorKind::Request => "request",
            ErrorKind::Transport => "transport",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Aborted => "aborted",
            ErrorKind::Api => "api",
            ErrorKind::RateLimited => "rate_limited",
            ErrorKind::Decode => "decode",
            ErrorKind::Auth => "auth",
            ErrorKind::Verification => "verification",
            ErrorKind::Paging => "paging",
            #[cfg(feature = "jobs")]
            ErrorKind::Job => "job",
            ErrorKind::Internal => "internal",
        }
    }
}

/// Why a call failed, and everything known about it.
///
/// `Display` is one line that says what to do about it; `Debug` is several, without the body. Neither shows a secret.
/// A clone is whole: one failed token request is the error of every call that waited for it.
#[derive(Clone)]
pub struct Error(Box<Inner>);

type Source = Arc<dyn std::error::Error + Send + Sync + 'static>;

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<String>,
    attempts: u32,
    may_have_been_sent: bool,
    status: Option<u16>,
    code: Option<String>,
    missing_scope: Option<String>,
    mfa_token: Option<Secret>,
    retry_after: Option<Duration>,
    reset_at: Option<Duration>,
    path: Option<String>,
    headers: Option<Headers>,
    body: Option<ErrorBody>,
    source: Option<Source>,
}

impl Error {
    /// An error of a kind with a message. For transports, token callbacks and stores that users write.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            attempts: 0,
            may_have_been_sent: false,
            status: None,
            code: None,
            missing_scope: None,
            mfa_token: None,
            retry_after: None,
            reset_at: None,
            path: None,
            headers: None,
            body: None,
            source: None,
        }))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What went wrong, in words, without the operation and the status that `Display` puts around it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that was called: `users.get`. `oauth.token` for a token request.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// How many times the request was tried. 0 when it was never made.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// True when the server may have seen the request, so that repeating it may repeat its effect.
    pub fn may_have_been_sent(&self) -> bool {
        self.0.may_have_been_sent
    }

    /// The HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Auth0's error code (`errorCode` of the Management API, `error` of the Authentication API): `insufficient_scope`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The scope that the token lacks, when the API says so. Several are separated by a space; any one of them will do.
    pub fn missing_scope(&self) -> Option<&str> {
        self.0.missing_scope.as_deref()
    }

    /// The token to go on with when the error's code is `mfa_required`.
    pub fn mfa_token(&self) -> Option<&Secret> {
        self.0.mfa_token.as_ref()
    }

    /// How long the server wants the caller to wait, counted from its answer.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// When the rate limit opens again, as the time since the Unix epoch (`X-RateLimit-Reset`).
    pub fn reset_at(&self) -> Option<Duration> {
        self.0.reset_at
    }

    /// Where in the answer the decoding failed: `users[3].created_at`.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The headers of the answer, when there was one.
    pub fn headers(&self) -> Option<&Headers> {
        self.0.headers.as_ref()
    }

    /// What Auth0's support asks for: the id of the request (`x-auth0-requestid`, or `cf-ray`).
    pub fn request_id(&self) -> Option<String> {
        self.headers()?.request_id()
    }

    /// The body of the answer as text; at most the first 64 KiB of an error, all of a success that did not decode.
    /// It may hold what the server echoed of the request, so `Debug` and `Display` leave it out.
    pub fn body(&self) -> Option<&ErrorBody> {
        self.0.body.as_ref()
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn with_operation(self, operation: &str) -> Self {
        // The innermost operation is the one that failed: a token request inside users.get stays a token request.
        if self.0.operation.is_some() { self } else { self.edit(|inner| inner.operation = Some(operation.to_owned())) }
    }

    pub(crate) fn with_attempts(self, attempts: u32) -> Self {
        if self.0.attempts > 0 { self } else { self.edit(|inner| inner.attempts = attempts) }
    }

    pub(crate) fn sent(self, may_have_been_sent: bool) -> Self {
        self.edit(|inner| inner.may_have_been_sent = may_have_been_sent)
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    pub(crate) fn with_code(self, code: Option<String>) -> Self {
        self.edit(|inner| inner.code = code)
    }

    pub(crate) fn with_missing_scope(self, scope: Option<String>) -> Self {
        self.edit(|inner| inner.missing_scope = scope)
    }

    pub(crate) fn with_mfa_token(self, token: Option<Secret>) -> Self {
        self.edit(|inner| inner.mfa_token = token)
    }

    pub(crate) fn with_waits(self, retry_after: Option<Duration>, reset_at: Option<Duration>) -> Self {
        self.edit(|inner| (inner.retry_after, inner.reset_at) = (retry_after, reset_at))
    }

    pub(crate) fn with_path(self, path: String) -> Self {
        self.edit(|inner| inner.path = Some(path))
    }

    pub(crate) fn with_headers(self, headers: Headers) -> Self {
        self.edit(|inner| inner.headers = Some(headers))
    }

    pub(crate) fn with_body(self, body: Option<ErrorBody>) -> Self {
        self.edit(|inner| inner.body = body)
    }

    /// Takes secrets out of every text that is shown: some servers and proxies repeat what they were sent.
    pub(crate) fn without(self, secrets: &[Secret]) -> Self {
        // What is shorter is a word by chance, and nobody's secret: replacing it would only spoil the message.
        secrets.iter().filter(|secret| secret.expose().len() >= 6).fold(self, |error, secret| {
            let clean = |text: &str| text::replace(text, secret.expose(), "***");
            let message = clean(error.message());
            // A short secret, as in tests, may well be a part of a code that programs compare.
            let long = secret.expose().len() >= 12;
            let code = error.code().filter(|_| long).and_then(clean);
            let scope = error.missing_scope().filter(|_| long).and_then(clean);
            if message.is_none() && code.is_none() && scope.is_none() {
                return error;
            }
            error.edit(|inner| {
                inner.message = message.map_or_else(|| inner.message.clone(), Cow::Owned);
                inner.code = code.or_else(|| inner.code.take());
                inner.missing_scope = scope.or_else(|| inner.missing_scope.take());
            })
        })
    }

    /// Cuts a message that no one would read to its end.
    pub(crate) fn cut(self) -> Self {
        match self.message().char_indices().nth(500) {
            Some((end, _)) => {
                let message = [self.message().get(..end).unwrap_or_default(), "…"].concat();
                self.edit(|inner| inner.message = Cow::Owned(message))
            }
            None => self,
        }
    }

    pub(crate) fn with_kind(self, kind: ErrorKind) -> Self {
        self.edit(|inner| inner.kind = kind)
    }

    pub(crate) fn with_hint(self, hint: &str) -> Self {
        self.edit(|inner| inner.message = Cow::Owned([&inner.message, "; ", hint].concat()))
    }

    /// Adds what caused the error.
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    pub(crate) fn with_shared_source(self, source: Option<Source>) -> Self {
        self.edit(|inner| inner.source = source)
    }
}

impl Error {
    /// What `Display` shows.
    pub(crate) fn line(&self) -> String {
        let inner = &*self.0;
        let mut line = String::new();
        if let Some(operation) = &inner.operation {
            line += operation;
            line += ": ";
        }
        if let Some(status) = inner.status {
            line += &digits(status.into());
            line += " ";
        }
        if let Some(code) = &inner.code {
            line += code;
            line += ": ";
        }
        // One line, whatever a server said.
        line.extend(inner.message.chars().map(|character| if character.is_control() { ' ' } else { character }));
        let mut opening = " (";
        let mut note = |before: &str, said: Option<&str>, after: &str| {
            if let Some(said) = said {
                for part in [opening, before, said, after] {
                    line += part;
                }
                opening = "; ";
            }
        };
        note("at ", inner.path.as_deref(), "");
        note("missing scope: ", inner.missing_scope.as_deref(), "");
        // Rounded up: who comes back too early is refused again.
        let wait = inner.retry_after.map(|wait| wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)));
        note("try again in ", wait.map(digits).as_deref(), " s");
        note(
            "",
            Some(inner.attempts).filter(|attempts| *attempts > 1).map(|n| digits(n.into())).as_deref(),
            " attempts",
        );
        note("request id: ", self.request_id().as_deref(), "");
        if opening == "; " {
            line += ")";
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind).field("message", &inner.message);
        out.field("operation", &inner.operation).field("attempts", &inner.attempts);
        out.field("may_have_been_sent", &inner.may_have_been_sent);
        out.field("status", &inner.status).field("code", &inner.code);
        out.field("missing_scope", &inner.missing_scope).field("retry_after", &inner.retry_after);
        out.field("path", &inner.path).field("request_id", &self.request_id());
        out.field("source", &inner.source).finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
