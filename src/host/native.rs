//! The native host: reqwest with rustls, tokio's timer, the system's randomness.

use super::{Timer, Tls, Transport, TransportError};
use crate::error::{Error, ErrorKind};
use crate::http::{ByteStream, Headers, HttpBody, HttpRequest, HttpResponse, RequestBody};
use crate::maybe_send::BoxFuture;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A transport over [`reqwest`], HTTP/1.1 and HTTP/2, rustls with the certificates of the system.
#[derive(Clone, Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// A client of our own. Its connections are pooled; clones share them.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when TLS cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::with_tls(Tls::new())
    }

    /// A client of our own that shows a certificate, or trusts more than the system does.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when TLS cannot be set up: a certificate or a key that is none.
    pub fn with_tls(tls: Tls) -> Result<Self, Error> {
        let tls = tls.config()?;
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map(Self)
            .map_err(|error| Error::new(ErrorKind::Config, "the HTTP client cannot be built").with_source(error))
    }

    /// A client that the user made: proxies, client certificates, resolvers. It should follow no redirects
    /// ([`reqwest::redirect::Policy::none`]), since it would carry a body with a secret along.
    pub fn with_client(client: reqwest::Client) -> Self {
        Self(client)
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(TransportError::not_sent(
                    "no tokio runtime is running here: await the call inside of one, or give the client another host",
                ));
            }
            let method = match request.method {
                crate::http::Method::Get => reqwest::Method::GET,
                crate::http::Method::Post => reqwest::Method::POST,
                crate::http::Method::Put => reqwest::Method::PUT,
                crate::http::Method::Patch => reqwest::Method::PATCH,
                crate::http::Method::Delete => reqwest::Method::DELETE,
            };
            let mut builder = self.0.request(method, &request.url);
            for (name, value) in request.headers.iter() {
                builder = builder.header(name, value);
            }
            if let RequestBody::Bytes(bytes) = request.body {
                builder = builder.body(bytes.to_vec());
            }
            let response = builder.send().await.map_err(|error| {
                // A builder error is a request that could not even be made; a connect error never carried it.
                let not_sent = error.is_connect() || error.is_builder();
                let what = match (error.is_builder(), error.is_connect()) {
                    (true, _) => "the request cannot be built",
                    (_, true) => "the connection failed",
                    _ => "the connection broke before an answer came",
                };
                let error = error.without_url();
                let message = format!("{what}: {}", root_cause(&error));
                let made =
                    if not_sent { TransportError::not_sent(message) } else { TransportError::maybe_sent(message) };
                made.with_source(error)
            })?;
            let status = response.status().as_u16();
            let mut headers = Headers::new();
            for (name, value) in response.headers() {
                headers.append(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()));
            }
            Ok(HttpResponse { status, headers, body: HttpBody::from_stream(Pieces(response)) })
        })
    }
}

/// The innermost error, which is the one that says what happened: "Connection refused".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

struct Pieces(reqwest::Response);

impl ByteStream for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, TransportError>> {
        Box::pin(async move {
            match self.0.chunk().await {
                Ok(piece) => Ok(piece.map(|bytes| bytes.to_vec())),
                Err(error) => {
                    let error = error.without_url();
                    let message = format!("the connection broke while the body was read: {}", root_cause(&error));
                    Err(TransportError::maybe_sent(message).with_source(error))
                }
            }
        })
    }
}

/// tokio's timer. Futures must run inside a tokio runtime with time enabled.
#[derive(Clone, Copy, Debug)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    fn now(&self) -> Duration {
        // A clock before 1970 is a clock that is not set.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => Box::pin(tokio::time::sleep(duration)),
            // tokio would panic. No wait is needed here: without a runtime the transport refuses at once.
            Err(_) => Box::pin(std::future::ready(())),
        }
    }
}
