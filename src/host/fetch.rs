//! `fetch`, the global one or one that the user brings.

use super::{Transport, TransportError};
use crate::http::{AbortGuard, Headers, HttpBody, HttpRequest, HttpResponse, JsBody, Read, RequestBody, settled};
use crate::maybe_send::BoxFuture;
use js_sys::{Function, Object, Reflect};
use std::fmt;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // Looked up at each call, so that a `fetch` which a test or a tracer puts in place later is honoured.
    #[wasm_bindgen(catch, js_name = fetch)]
    fn global_fetch(url: &str, init: &Object) -> Result<JsValue, JsValue>;
}

/// A transport over `fetch`. An injected function is called as `(url, init) => fetch(url, init)`, without a receiver.
#[derive(Clone)]
pub struct FetchTransport(Option<Function>);

impl FetchTransport {
    /// The `fetch` that is global at the time of each call.
    pub fn global() -> Self {
        Self(None)
    }

    /// A function with the signature of `fetch`.
    pub fn injected(fetch: Function) -> Self {
        Self(Some(fetch))
    }
}

impl fmt::Debug for FetchTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "FetchTransport(injected)" } else { "FetchTransport(global)" })
    }
}

impl Transport for FetchTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let broken = |cause: JsValue| {
                let message = format!("the connection failed: {}", describe(&cause));
                let error = if never_sent(&cause) {
                    TransportError::not_sent(message)
                } else {
                    TransportError::maybe_sent(message)
                };
                error.with_js_cause(cause)
            };
            let unusable =
                |cause: JsValue| TransportError::not_sent("the request cannot be made here").with_js_cause(cause);
            let controller = web_sys::AbortController::new().map_err(unusable)?;
            let headers = gloo_net::http::Headers::new();
            for (name, value) in request.headers.own() {
                headers.append(name, value);
            }
            let init = Object::new();
            let set = |key: &str, value: &JsValue| Reflect::set(&init, &key.into(), value).map(drop).map_err(unusable);
            set("method", &request.method.as_str().into())?;
            set("headers", headers.into_raw().as_ref())?;
            // The executor decides about redirects; a browser then shows an opaque answer, which is an error.
            set("redirect", &"manual".into())?;
            set("signal", &controller.signal())?;
            match &request.body {
                RequestBody::Empty => {}
                RequestBody::Bytes(bytes) => set("body", &js_sys::Uint8Array::from(&bytes[..]))?,
                RequestBody::Js(body) => set("body", body)?,
            }
            let guard = AbortGuard::new(controller);
            let promise = match &self.0 {
                None => global_fetch(&request.url, &init),
                Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &request.url.as_str().into(), &init),
            };
            let response = settled(&promise.map_err(broken)?).await.map_err(broken)?;
            if !Reflect::get(&response, &"headers".into()).is_ok_and(|headers| headers.is_object()) {
                return Err(TransportError::maybe_sent("fetch answered with something that is not a Response"));
            }
            let response = response.unchecked_into::<web_sys::Response>();
            let status = response.status();
            if status == 0 {
                return Err(TransportError::maybe_sent(
                    "the server redirects, which this runtime hides: check the domain",
                ));
            }
            let text = match request.read {
                // Asked for in the same turn: one trip less to the event loop.
                Read::Json if (200..300).contains(&status) => response.text().ok().map(JsValue::from),
                _ => None,
            };
            let headers = Headers::from_js(response.headers());
            Ok(HttpResponse { status, headers, body: HttpBody::from_js(JsBody { response, guard, text }) })
        })
    }
}

/// What a thrown value says of itself. Node hides the reason in `cause`.
fn describe(thrown: &JsValue) -> String {
    let text = |value: &JsValue, key: &str| Reflect::get(value, &key.into()).ok().and_then(|found| found.as_string());
    let message = text(thrown, "message")
        .or_else(|| thrown.as_string())
        .unwrap_or_else(|| "fetch threw something that is not an Error".to_owned());
    let cause = Reflect::get(thrown, &"cause".into()).unwrap_or(JsValue::UNDEFINED);
    match text(&cause, "code").or_else(|| text(&cause, "message")) {
        Some(reason) => format!("{message} ({reason})"),
        None => message,
    }
}

/// True when the runtime says that no connection came about. Browsers do not say it; they are taken to have sent.
fn never_sent(thrown: &JsValue) -> bool {
    let code = |value: &JsValue| Reflect::get(value, &"code".into()).ok().and_then(|code| code.as_string());
    let cause = Reflect::get(thrown, &"cause".into()).unwrap_or(JsValue::UNDEFINED);
    matches!(
        code(&cause).or_else(|| code(thrown)).as_deref(),
        Some(
            "ECONNREFUSED"
                | "ENOTFOUND"
                | "EAI_AGAIN"
                | "EHOSTUNREACH"
                | "ENETUNREACH"
                | "UND_ERR_CONNECT_TIMEOUT"
                | "ConnectionRefused"
        )
    )
}
