//! A call of the Authentication API: a value that is awaited, or sent raw.

use super::core::Core;
use super::endpoint::Endpoint;
use super::params::{Params, Value};
use super::table::ENDPOINTS;
use super::tokens::Expected;
use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::http::{Answer, Payload, RequestBody};
use crate::jose::json::has_duplicate;
use crate::management::{RequestOptions, Response};
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::secret::Secret;
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Everything that one call sends, and what is expected of its answer.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) endpoint: Result<Endpoint<'static>, Error>,
    pub(crate) path: Vec<String>,
    pub(crate) params: Params,
    pub(crate) bearer: Option<Secret>,
    /// A body that is none of parameters, with its content type.
    pub(crate) raw_body: Option<(&'static str, RequestBody)>,
    pub(crate) options: RequestOptions,
    /// Concurrent calls that send the same share one request.
    pub(crate) shared: bool,
    /// The answer is kept for a while.
    pub(crate) kept: bool,
    /// No answer that is kept will do.
    pub(crate) fresh: bool,
    pub(crate) expected: Expected,
}

/// What reads the answer. Pure but for tokens, whose ID token may need the tenant's keys.
pub(crate) type Reader<T> = for<'a> fn(&'a Core, &'a Parts, &'a Answer, Duration) -> BoxFuture<'a, Result<T, Error>>;

/// A call that has not been made yet. `.await` makes it; [`AuthCall::raw`] gives status and headers too. Dropping the
/// future aborts the request.
///
/// A request that may use something up (a code, a refresh token, a one-time password) or that has an effect outside (a mail,
/// a push message) is repeated only when it was surely not sent, or refused with 429. All others are repeated as the
/// client's retry policy says.
#[must_use = "a call is made when it is awaited"]
pub struct AuthCall<T, P = ()> {
    pub(crate) core: Arc<Core>,
    pub(crate) parts: Parts,
    reader: Reader<T>,
    kind: PhantomData<fn() -> P>,
}

impl<T, P> Clone for AuthCall<T, P> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), parts: self.parts.clone(), reader: self.reader, kind: PhantomData }
    }
}

impl<T, P> AuthCall<T, P> {
    pub(crate) fn new(core: &Arc<Core>, id: &'static str, reader: Reader<T>) -> Self {
        let endpoint = match ENDPOINTS.iter().find(|(known, _)| *known == id) {
            Some((id, line)) => Endpoint::parse(id, line),
            None => Err(Error::new(ErrorKind::Internal, "there is no such endpoint").with_operation(id)),
        };
        let parts = Parts {
            endpoint,
            path: Vec::new(),
            params: Params::default(),
            bearer: None,
            raw_body: None,
            options: RequestOptions::default(),
            shared: false,
            kept: false,
            fresh: false,
            expected: Expected::default(),
        };
        Self { core: core.clone(), parts, reader, kind: PhantomData }
    }

    pub(crate) fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parts.params.text(name, value);
        self
    }

    pub(crate) fn json(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.parts.params.set(name, value_of(value.into()));
        self
    }

    pub(crate) fn segment(mut self, value: impl Into<String>) -> Self {
        self.parts.path.push(value.into());
        self
    }

    pub(crate) fn bearer(mut self, token: impl Into<Secret>) -> Self {
        self.parts.bearer = Some(token.into());
        self
    }

    /// Any other parameter of the request, in the place of one of the same name. What is no text is sent as JSON.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.parts.params.set(name, value_of(value.into()));
        self
    }

    /// A header for this call, in the place of the client's of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.options.headers.push((name.into(), Some(Secret::new(value))));
        self
    }

    /// The time that each attempt may take. 10 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.parts.options.timeout = Some(timeout);
        self
    }

    /// The time that all attempts and the waits between them may take. None by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.parts.options.deadline = Some(deadline);
        self
    }

    /// How often a failed attempt is repeated. 2 by default; 0 for never.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.parts.options.max_retries = Some(max_retries);
        self
    }

    /// Makes the call and gives the answer with its status and headers.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::oauth_code`](crate::Error::oauth_code) is the code of a refusal.
    pub async fn raw(self) -> Result<Response<T>, Error> {
        let asked_at = self.core.host.timer.now();
        let operation = self.parts.endpoint.as_ref().map_or("", |endpoint| endpoint.id);
        let result = async {
            let answer = self.core.clone().exchange(self.parts.clone()).await?;
            let data = (self.reader)(&self.core, &self.parts, &answer, asked_at).await?;
            Ok(Response { status: answer.status, headers: answer.headers.clone(), data, attempts: answer.attempts })
        };
        result.await.map_err(|error: Error| error.with_operation(operation))
    }

    /// Makes the call and waits for it.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`] when an async runtime is running on this thread.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub fn call(self) -> Result<T, Error> {
        Ok(self.call_raw()?.data)
    }

    /// Makes the call and waits for the answer with its status and headers.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`] when an async runtime is running on this thread.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub fn call_raw(self) -> Result<Response<T>, Error> {
        let core = self.core.clone();
        core.runtime.run(self.raw())
    }
}

impl<T: MaybeSend + 'static, P: 'static> IntoFuture for AuthCall<T, P> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Result<T, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.raw().await?.data) })
    }
}

impl<T, P> fmt::Debug for AuthCall<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.parts.endpoint.as_ref().map_or("unknown", |endpoint| endpoint.id);
        f.debug_struct("AuthCall").field("operation", &operation).finish_non_exhaustive()
    }
}

pub(crate) fn value_of(value: Json) -> Value {
    match value {
        Json::String(text) => Value::Text(text),
        other => Value::Json(other.to_string()),
    }
}

/// Reads an answer that is JSON.
pub(crate) fn json<'a, T: DeserializeOwned + MaybeSend + 'static>(
    _: &'a Core,
    _: &'a Parts,
    answer: &'a Answer,
    _: Duration,
) -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(std::future::ready(decode(answer)))
}

/// The answer in its type.
///
/// # Errors
/// [`ErrorKind::Decode`], which keeps the answer.
pub(crate) fn decode<T: DeserializeOwned>(answer: &Answer) -> Result<T, Error> {
    unique(answer)?;
    crate::management::decode(answer, false)
}

/// Refuses an answer with a member that comes twice, at any depth: two readers would see two answers (RFC 8259, section 4).
///
/// # Errors
/// [`ErrorKind::Decode`], which keeps the answer.
pub(crate) fn unique(answer: &Answer) -> Result<(), Error> {
    match &answer.payload {
        Payload::Bytes(bytes) if has_duplicate(bytes) => {
            Err(answer.decode_error("the answer has a member that comes twice".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Reads an answer that is text.
pub(crate) fn text<'a>(
    _: &'a Core,
    _: &'a Parts,
    answer: &'a Answer,
    _: Duration,
) -> BoxFuture<'a, Result<String, Error>> {
    let text = match &answer.payload {
        Payload::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    Box::pin(std::future::ready(Ok(text)))
}

/// Takes any success for one.
pub(crate) fn nothing<'a>(_: &'a Core, _: &'a Parts, _: &'a Answer, _: Duration) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(std::future::ready(Ok(())))
}

/// Setters of the optional parameters of a call.
macro_rules! optional {
    ($answer:ty, $kind:ident { $($(#[$doc:meta])* $method:ident: $form:ident = $name:literal,)* }) => {
        impl AuthCall<$answer, $kind> {
            $(optional!(@ $form [$(#[$doc])*] $method $name);)*
        }
    };
    (@ text [$(#[$doc:meta])*] $method:ident $name:literal) => {
        $(#[$doc])*
        pub fn $method(self, value: impl Into<String>) -> Self {
            self.text($name, value)
        }
    };
    (@ secret [$(#[$doc:meta])*] $method:ident $name:literal) => {
        $(#[$doc])*
        pub fn $method(self, value: impl Into<crate::Secret>) -> Self {
            self.text($name, value.into().expose())
        }
    };
    (@ json [$(#[$doc:meta])*] $method:ident $name:literal) => {
        $(#[$doc])*
        pub fn $method(self, value: impl Into<crate::Json>) -> Self {
            self.json($name, value)
        }
    };
    (@ seconds [$(#[$doc:meta])*] $method:ident $name:literal) => {
        $(#[$doc])*
        pub fn $method(self, value: std::time::Duration) -> Self {
            self.json($name, value.as_secs())
        }
    };
}
pub(crate) use optional;
