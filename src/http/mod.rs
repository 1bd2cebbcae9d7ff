//! Requests and answers, in small types of our own.
//!
//! The `http` and `url` crates would double the size of the wasm build, and everything needed of them fits in this folder.

mod body;
pub(crate) mod exchange;
mod executor;
mod multipart;
pub(crate) mod path;

pub(crate) use body::Payload;
#[cfg(target_arch = "wasm32")]
pub(crate) use body::{AbortGuard, JsBody, settled};
pub use body::{ByteStream, ErrorBody, HttpBody, RequestBody};
pub(crate) use executor::{Answer, Limits, Plan, milliseconds, run, within};
pub use multipart::Multipart;

use crate::error::{Error, ErrorKind};
use crate::text::quoted;
use std::borrow::Cow;
use std::fmt;

/// The methods that the APIs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method as it is sent: `GET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// True when sending a request twice has the effect of sending it once (RFC 9110, section 9.2.2).
    pub fn is_idempotent(self) -> bool {
        matches!(self, Method::Get | Method::Put | Method::Delete)
    }
}

/// How the executor will read the body of a success. A transport may use it to read ahead; it need not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// As bytes.
    Bytes,
    /// As parsed JSON: a JavaScript value on wasm32, bytes elsewhere.
    Json,
    /// Not at all: the caller streams it.
    Unread,
}

/// A request, complete: what a [`Transport`](crate::Transport) sends as it is.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL, encoded.
    pub url: String,
    /// The headers, among them `Authorization`; `Content-Length` and `Host` are the transport's own.
    pub headers: Headers,
    /// The body.
    pub body: RequestBody,
    /// What will be read of a success.
    pub read: Read,
}

/// What a transport answers: status and headers, and a body that is still unread.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status, also of a redirect: a transport follows none.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body, not read yet.
    pub body: HttpBody,
}

impl HttpResponse {
    /// An answer with a body that is there already. For transports that users write, and for tests.
    pub fn new(status: u16, headers: Headers, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers, body: HttpBody::from_bytes(body.into()) }
    }
}

/// Headers in the order in which they were added. Names compare without regard to case.
#[derive(Clone, Default)]
pub struct Headers {
    list: Vec<(Cow<'static, str>, String)>,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first header of this name. Without regard to case.
    pub fn get(&self, name: &str) -> Option<String> {
        self.list.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    /// What Auth0's support asks for: the id of the request (`x-auth0-requestid`, or `cf-ray`).
    pub fn request_id(&self) -> Option<String> {
        ["x-auth0-requestid", "x-request-id", "cf-ray"].iter().find_map(|name| self.get(name))
    }

    /// Adds a header, and keeps those of the same name.
    pub fn append(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.list.push((name.into(), value.into()));
    }

    /// Sets a header in the place of all of the same name.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let name = name.into();
        self.remove(&name);
        self.append(name, value);
    }

    /// Removes all headers of a name.
    pub fn remove(&mut self, name: &str) {
        self.list.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// The headers of a JavaScript `Response`. Tolerant of what is no iterable of pairs: a `fetch` written by hand may answer
    /// with anything.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn of_javascript(headers: &wasm_bindgen::JsValue) -> Self {
        let text = |pair: &wasm_bindgen::JsValue, index| js_sys::Reflect::get_u32(pair, index).ok()?.as_string();
        let pairs = js_sys::try_iter(headers).ok().flatten().into_iter().flatten().map_while(Result::ok);
        Self { list: pairs.filter_map(|pair| Some((text(&pair, 0)?.into(), text(&pair, 1)?))).collect() }
    }

    /// All headers as (name, value).
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.list.iter().map(|(name, value)| (name.to_string(), value.clone()))
    }
}

#[cfg(target_arch = "wasm32")]
impl Headers {
    /// All headers, by reference.
    pub(crate) fn own(&self) -> &[(Cow<'static, str>, String)] {
        &self.list
    }
}

impl fmt::Debug for Headers {
    /// Shows the names, and the values of those that are known to hold no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: &[&str] = &["accept", "cf-ray", "date", "server", "x-auth0-requestid", "x-request-id"];
        let shown = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["content-", "retry-after", "x-ratelimit-"].iter().any(|start| name.starts_with(start))
                || SHOWN.contains(&name.as_str())
        };
        f.debug_map()
            .entries(self.iter().map(|(name, value)| {
                let value = if shown(&name) { value } else { "***".to_owned() };
                (name, value)
            }))
            .finish()
    }
}

/// Checks a header that a user gave (RFC 9110, section 5).
///
/// # Errors
/// Of the kind given, naming the header but not its value, which may be a secret.
pub(crate) fn check_header(name: &str, value: &str, kind: ErrorKind) -> Result<(), Error> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Error::new(kind, quoted(name) + " is not a header name"));
    }
    let why = if value.bytes().any(|b| (b < b' ' && b != b'\t') || b == 0x7f) {
        "a line break or another control character"
    } else if !value.is_ascii() {
        // `fetch` throws for most of them, and servers differ about the rest.
        "a character that is not ASCII"
    } else {
        return Ok(());
    };
    Err(Error::new(kind, ["the value of the header ", name, " has ", why].concat()))
}
