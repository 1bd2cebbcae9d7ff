//! A call: a value that is awaited, paged, or sent raw.

use super::pages::{Items, PageOf, Pages};
use super::{Core, Input, Operation};
use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::http::path::Query;
use crate::http::{Answer, Headers, Multipart, Payload, Read, RequestBody};
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::pace::Priority;
use crate::rate_limit::RateLimit;
use crate::secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// What one call says instead of the client's settings.
#[derive(Clone, Default)]
pub(crate) struct RequestOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    /// `None` removes the client's header of the name.
    pub(crate) headers: Vec<(String, Option<Secret>)>,
    /// In the place of the parameters of the same name.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) priority: Priority,
}

/// A call that has not been made yet. `.await` makes it and gives the data; [`Call::raw`] gives status and headers too;
/// [`Call::items`] and [`Call::pages`] walk a list. Dropping the future aborts the request.
///
/// Nothing is sent before that, and what is wrong with the arguments is reported then.
#[must_use = "a call is made when it is awaited"]
pub struct Call<T = Json, P = ()> {
    pub(crate) core: Arc<Core>,
    pub(crate) operation: Result<Operation<'static>, Error>,
    pub(crate) path: Vec<String>,
    pub(crate) query: Query,
    pub(crate) body: Option<Body>,
    pub(crate) options: RequestOptions,
    answer: PhantomData<fn() -> (T, P)>,
}

impl<T, P> Clone for Call<T, P> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            operation: self.operation.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            body: self.body.clone(),
            options: self.options.clone(),
            answer: PhantomData,
        }
    }
}

/// A body, written.
#[derive(Clone)]
pub(crate) struct Body {
    bytes: Arc<[u8]>,
    /// The content type of a form, with its boundary; `None` for JSON.
    form: Option<String>,
}

/// An answer with everything about it.
#[derive(Clone, Debug)]
pub struct Response<T> {
    /// The status: 200, 201, 202 or 204.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The decoded body; JSON null where there was none.
    pub data: T,
    /// How many times the request was tried.
    pub attempts: u32,
}

impl<T> Response<T> {
    /// What Auth0's support asks for: the id of the request (`x-auth0-requestid`, or `cf-ray`).
    pub fn request_id(&self) -> Option<String> {
        self.headers.request_id()
    }

    /// What the answer says of the rate limit.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::from_headers(&self.headers)
    }
}

impl<T, P> Call<T, P> {
    pub(crate) fn new(core: Arc<Core>, operation: Result<Operation<'static>, Error>) -> Self {
        Self {
            core,
            operation,
            path: Vec::new(),
            query: Query::default(),
            body: None,
            options: RequestOptions::default(),
            answer: PhantomData,
        }
    }

    /// The next path parameter, unencoded: an id. It stays one segment, whatever it holds.
    pub fn path(mut self, id: impl Into<String>) -> Self {
        self.path.push(id.into());
        self
    }

    /// A query parameter. Null adds nothing, an array repeats the name, an object is sent as `name[member]`.
    pub fn query(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.query.push_json(name, &value.into());
        self
    }

    /// The body, as JSON: what is absent is not sent, null is, and `{}` is a body.
    pub fn body(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(Body { bytes: bytes.into(), form: None }),
            Err(error) => {
                let message = format!("the body cannot be written as JSON: {error}");
                self.operation = self.operation.and(Err(Error::new(ErrorKind::Request, message)));
            }
        }
        self
    }

    /// A body that may be left out.
    #[cfg(feature = "models")]
    #[allow(dead_code, reason = "some groups have none")]
    pub(crate) fn optional_body(self, body: Option<&impl Serialize>) -> Self {
        match body {
            Some(body) => self.body(body),
            None => self,
        }
    }

    /// A query parameter, in the place of what it was.
    #[cfg(feature = "models")]
    #[allow(dead_code, reason = "some groups have none")]
    pub(crate) fn set<V: Into<Json>>(mut self, name: &str, value: impl Into<V>) -> Self {
        self.query.remove(name);
        self.query(name, value.into())
    }

    /// A model as a form: its texts as they are, everything else as JSON; a member that the API takes as a file is one.
    #[cfg(feature = "models")]
    #[allow(dead_code, reason = "one group has it")]
    pub(crate) fn form(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_value(body) {
            Ok(Json::Object(members)) => {
                let form = members.into_iter().fold(Multipart::new(), |form, (name, value)| match value {
                    Json::String(users) if name == "users" => form.file(name, "users.json", "application/json", users),
                    Json::String(text) => form.text(name, text),
                    value => form.text(name, value.to_string()),
                });
                self.multipart(&form)
            }
            _ => {
                let error = Error::new(ErrorKind::Request, "the body cannot be written as a form");
                self.operation = self.operation.and(Err(error));
                self
            }
        }
    }

    /// The body of an upload, in the place of a JSON one.
    pub fn multipart(mut self, form: &Multipart) -> Self {
        let (content_type, bytes) = form.encode();
        self.body = Some(Body { bytes: bytes.into(), form: Some(content_type) });
        self
    }

    /// A header for this call, in the place of the client's of the same name.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), Some(Secret::new(value))));
        self
    }

    /// The time that each attempt may take, from its token to the last byte of its body. 60 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// The time that all attempts and the waits between them may take. None by default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// How often a failed attempt is repeated. 2 by default; 0 for never.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.options.max_retries = Some(max_retries);
        self
    }

    /// How urgent the call is, where a limiter lets some wait. The client's by default.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    pub(crate) async fn send(&self, query: Query) -> Result<Answer, Error> {
        let operation = self.operation.as_ref().map_err(Clone::clone)?;
        let mut options = Cow::Borrowed(&self.options);
        if let Some(body) = self.body.as_ref().filter(|_| operation.takes_body()) {
            let why = match (&body.form, operation.is_multipart()) {
                (None, true) => Some("this operation takes a form and no JSON: give it with `multipart`"),
                (Some(_), false) => Some("this operation takes JSON and no form: give it with `body`"),
                _ => None,
            };
            if let Some(why) = why {
                return Err(Error::new(ErrorKind::Request, why).with_operation(operation.id));
            }
            if let Some(content_type) = &body.form {
                options.to_mut().headers.push(("content-type".to_owned(), Some(Secret::new(content_type.as_str()))));
            }
        }
        let body = self.body.as_ref().map(|body| RequestBody::Bytes(body.bytes.clone()));
        let input = Input { path: &self.path, query, body, read: Read::Bytes, options: &options };
        self.core.send(operation, input).await
    }
}

impl<T: DeserializeOwned, P> Call<T, P> {
    /// Makes the call and gives the answer with its status and headers.
    ///
    /// # Errors
    /// Any [`Error`]; a success that does not decode is [`ErrorKind::Decode`] and keeps status, headers and body.
    pub async fn raw(self) -> Result<Response<T>, Error> {
        let answer = self.send(self.query.clone()).await?;
        let nothing = self.operation.as_ref().is_ok_and(Operation::answers_nothing);
        let data = decode(&answer, nothing).map_err(|error| match &self.operation {
            Ok(operation) => error.with_operation(operation.id),
            Err(_) => error,
        })?;
        Ok(Response { status: answer.status, headers: answer.headers, data, attempts: answer.attempts })
    }
}

impl<T, P> Call<T, P> {
    /// The same call with another type for its answer.
    pub(crate) fn retyped<U>(self) -> Call<U> {
        Call {
            core: self.core,
            operation: self.operation,
            path: self.path,
            query: self.query,
            body: self.body,
            options: self.options,
            answer: PhantomData,
        }
    }

    /// Makes the call and gives the answer as it is, untyped; null where there was no body.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn json(self) -> Result<Json, Error> {
        Ok(self.retyped::<Json>().raw().await?.data)
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static, P> Call<T, P> {
    /// Walks a list page by page. Each page brings its items, status and headers.
    pub fn pages(self) -> Pages<T> {
        Pages::new(self.retyped())
    }

    /// Walks a list item by item, over all its pages.
    pub fn items(self) -> Items<T> {
        Items::new(self.pages())
    }
}

impl<T: DeserializeOwned + MaybeSend + 'static, P: 'static> IntoFuture for Call<T, P> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Result<T, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.raw().await?.data) })
    }
}

/// Several requests that are one piece of work: await it. Nothing is sent before that; dropping it aborts what is under way.
#[cfg(feature = "jobs")]
#[must_use = "nothing is requested before this is awaited"]
pub struct Work<T> {
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) core: Arc<Core>,
    pub(crate) future: BoxFuture<'static, Result<T, Error>>,
}

#[cfg(feature = "jobs")]
impl<T> Work<T> {
    #[allow(unused_variables, reason = "the core is for the feature blocking")]
    pub(crate) fn new(core: &Arc<Core>, future: impl Future<Output = Result<T, Error>> + MaybeSend + 'static) -> Self {
        Self {
            #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
            core: core.clone(),
            future: Box::pin(future),
        }
    }
}

#[cfg(feature = "jobs")]
impl<T> IntoFuture for Work<T> {
    type Output = Result<T, Error>;
    type IntoFuture = BoxFuture<'static, Result<T, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        self.future
    }
}

#[cfg(feature = "jobs")]
impl<T> fmt::Debug for Work<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work")
    }
}

impl<T, P> fmt::Debug for Call<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_ref().map_or("unknown", |operation| operation.id);
        f.debug_struct("Call").field("operation", &operation).finish_non_exhaustive()
    }
}

/// Decodes a success. No body at all reads as null, or as an empty array where null is none; an operation that answers
/// nothing takes any body for nothing.
pub(crate) fn decode<T: DeserializeOwned>(answer: &Answer, answers_nothing: bool) -> Result<T, Error> {
    let bytes: &[u8] = match &answer.payload {
        Payload::Bytes(bytes) => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
        _ => b"",
    };
    if bytes.trim_ascii().is_empty() {
        let empty = [&b"null"[..], b"[]", b"{}"].iter().find_map(|text| serde_json::from_slice(text).ok());
        return empty.ok_or_else(|| answer.decode_error("the answer has no body, and one was expected".to_owned()));
    }
    serde_json::from_slice(bytes).or_else(|error| {
        if answers_nothing && let Ok(nothing) = serde_json::from_slice(b"null") {
            return Ok(nothing);
        }
        let html = bytes.trim_ascii_start().starts_with(b"<");
        let what = if html { "the answer is an HTML page and not JSON" } else { "the answer is not the JSON expected" };
        let place = match error.classify() {
            serde_json::error::Category::Data => crate::json_path::at(bytes, error.line(), error.column()),
            _ => format!("line {} column {}", error.line(), error.column()),
        };
        Err(answer.decode_error(format!("{what}: {error}")).with_path(place).with_source(error))
    })
}
