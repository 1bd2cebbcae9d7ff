//! Bodies, both ways.

use crate::host::TransportError;
use crate::maybe_send::{BoxFuture, MaybeSend};
use std::fmt;
use std::sync::Arc;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen::{JsCast, JsValue};

/// What of an error's body is kept, in bytes: enough for every error Auth0 sends, and no more than a proxy's page deserves.
pub(crate) const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// The body of a request. It is shared and not consumed, so that every attempt sends the whole of it.
#[derive(Clone, Default)]
pub enum RequestBody {
    /// No body.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Arc<[u8]>),
}

impl fmt::Debug for RequestBody {
    /// Shows the length only: a body may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestBody::Empty => f.write_str("Empty"),
            RequestBody::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
        }
    }
}

/// A body that comes in pieces.
pub trait ByteStream: MaybeSend {
    /// The next piece; `None` at the end.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, TransportError>>;
}

/// The body of an answer, not read yet. Dropping it ends the exchange.
pub struct HttpBody(Source);

enum Source {
    Bytes(Vec<u8>),
    Stream(Box<dyn ByteStream>),
    #[cfg(target_arch = "wasm32")]
    Js(JsBody),
}

impl HttpBody {
    /// A body that is there already.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(Source::Bytes(bytes))
    }

    /// A body that comes in pieces.
    pub fn from_stream(stream: impl ByteStream + 'static) -> Self {
        Self(Source::Stream(Box::new(stream)))
    }

    /// The body of a JavaScript `Response`.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn from_js(body: JsBody) -> Self {
        Self(Source::Js(body))
    }

    /// Appends all bytes, or the first `limit` of them; true when there were more.
    async fn bytes(self, limit: usize, bytes: &mut Vec<u8>) -> Result<bool, TransportError> {
        let mut stream = match self.0 {
            Source::Bytes(all) => {
                *bytes = all;
                let more = bytes.len() > limit;
                bytes.truncate(limit);
                return Ok(more);
            }
            Source::Stream(stream) => stream,
            #[cfg(target_arch = "wasm32")]
            Source::Js(body) => Box::new(body.into_stream()?),
        };
        while let Some(piece) = stream.next().await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > limit {
                bytes.truncate(limit);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks before the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        #[cfg(target_arch = "wasm32")]
        if matches!(self.0, Source::Js(_))
            && let Source::Js(body) = std::mem::replace(&mut self.0, Source::Bytes(Vec::new()))
        {
            self.0 = Source::Stream(Box::new(body.into_stream()?));
        }
        match &mut self.0 {
            Source::Bytes(bytes) if bytes.is_empty() => Ok(None),
            Source::Bytes(bytes) => Ok(Some(std::mem::take(bytes))),
            Source::Stream(stream) => stream.next().await,
            #[cfg(target_arch = "wasm32")]
            Source::Js(_) => Ok(None),
        }
    }

    /// Reads an error's body, as much of it as is kept; with what broke it off, where something did.
    pub(crate) async fn read_error(self) -> (ErrorBody, Option<TransportError>) {
        let mut bytes = Vec::new();
        let (truncated, broken) = match self.bytes(ERROR_BODY_LIMIT, &mut bytes).await {
            Ok(truncated) => (truncated, None),
            Err(broken) => (true, Some(broken)),
        };
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        (ErrorBody { text, truncated }, broken)
    }

    /// Reads a success.
    pub(crate) async fn read(self, read: super::Read) -> Result<Payload, TransportError> {
        match (read, self) {
            (super::Read::Unread, body) => Ok(Payload::Unread(body)),
            (_, body) => {
                let mut bytes = Vec::new();
                body.bytes(usize::MAX, &mut bytes).await?;
                Ok(if bytes.is_empty() { Payload::Empty } else { Payload::Bytes(bytes) })
            }
        }
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpBody(unread)")
    }
}

/// The body of a success, as the caller asked for it.
#[derive(Debug)]
pub(crate) enum Payload {
    /// There was none.
    Empty,
    /// The bytes.
    Bytes(Vec<u8>),
    /// Not read: the caller streams it.
    #[allow(dead_code, reason = "only some resource groups stream")]
    Unread(HttpBody),
}

/// A body that an error keeps, as text.
#[derive(Clone)]
pub struct ErrorBody {
    text: String,
    truncated: bool,
}

impl ErrorBody {
    /// A success that did not decode keeps all of its text.
    pub(crate) fn whole(bytes: &[u8]) -> Self {
        Self { text: String::from_utf8_lossy(bytes).into_owned(), truncated: false }
    }

    /// The text. Bytes that are not UTF-8 are replaced by U+FFFD.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// True when the body was longer than what is kept of it.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl fmt::Debug for ErrorBody {
    /// Shows the length only: a body may echo a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorBody({} bytes)", self.text.len())
    }
}

/// Aborts a `fetch` when it is dropped before the body has been read.
#[cfg(target_arch = "wasm32")]
pub(crate) struct AbortGuard(Option<web_sys::AbortController>);

#[cfg(target_arch = "wasm32")]
impl AbortGuard {
    pub(crate) fn new(controller: web_sys::AbortController) -> Self {
        Self(Some(controller))
    }

    /// The exchange is over: nothing is left to abort.
    pub(crate) fn finish(&mut self) {
        self.0 = None;
    }
}

#[cfg(target_arch = "wasm32")]
impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// What a value of JavaScript settles to: a promise, or what a `fetch` written by hand gives in its place. A value without
/// `then` would make [`JsFuture`](wasm_bindgen_futures::JsFuture) throw, and leave the call without an end.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn settled(value: &JsValue) -> Result<JsValue, JsValue> {
    wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(value)).await
}

/// The unread body of a JavaScript `Response`.
#[cfg(target_arch = "wasm32")]
pub(crate) struct JsBody {
    pub(crate) response: web_sys::Response,
    pub(crate) guard: AbortGuard,
}

#[cfg(target_arch = "wasm32")]
impl JsBody {
    fn broken(error: JsValue) -> TransportError {
        let why = crate::host::describe(&error);
        TransportError::maybe_sent(["the connection broke while the body was read: ", &why].concat())
    }

    fn into_stream(self) -> Result<JsStream, TransportError> {
        let body = js_sys::Reflect::get(&self.response, &"body".into()).unwrap_or(JsValue::NULL);
        if body.is_null() || body.is_undefined() {
            return Ok(JsStream { reader: None, guard: self.guard });
        }
        let reader = body.unchecked_into::<ReadableStream>().get_reader().map_err(Self::broken)?;
        Ok(JsStream { reader: Some(reader), guard: self.guard })
    }
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    type ReadableStream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &ReadableStream) -> Result<Reader, JsValue>;

    type Reader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<JsValue, JsValue>;

    type Piece;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Piece) -> JsValue;
}

/// A `ReadableStream`, read piece by piece.
#[cfg(target_arch = "wasm32")]
struct JsStream {
    reader: Option<Reader>,
    guard: AbortGuard,
}

#[cfg(target_arch = "wasm32")]
impl ByteStream for JsStream {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            let Some(reader) = &self.reader else { return Ok(None) };
            let piece = reader.read().map_err(JsBody::broken)?;
            let piece = settled(&piece).await.map_err(JsBody::broken)?;
            if !piece.is_object() {
                return Err(JsBody::broken(piece));
            }
            let piece = piece.unchecked_into::<Piece>();
            if piece.done() {
                self.reader = None;
                self.guard.finish();
                return Ok(None);
            }
            let bytes = piece.value();
            if !bytes.is_object() {
                return Err(JsBody::broken(bytes));
            }
            Ok(Some(js_sys::Uint8Array::new(&bytes).to_vec()))
        })
    }
}
