//! `fetch`, the global one or one that the user brings.

use super::{Transport, TransportError};
use crate::http::{AbortGuard, Headers, HttpBody, HttpRequest, HttpResponse, JsBody, RequestBody, settled};
use crate::maybe_send::BoxFuture;
use js_sys::{Function, JsString, Object, Reflect};
use std::cell::RefCell;
use std::fmt;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // Looked up at each call, so that a `fetch` which a test or a tracer puts in place later is honoured.
    #[wasm_bindgen(catch, js_name = fetch)]
    fn global_fetch(url: &JsString, init: &Init) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = Object)]
    fn assign(target: &Object, source: &Object) -> Object;

    // Setters, and no keys: a key is a text that crosses into JavaScript each time.
    #[wasm_bindgen(extends = Object)]
    type Init;
    #[wasm_bindgen(method, setter)]
    fn set_method(this: &Init, method: &str);
    #[wasm_bindgen(method, setter)]
    fn set_headers(this: &Init, headers: &Object);
    #[wasm_bindgen(method, setter)]
    fn set_redirect(this: &Init, redirect: &str);
    #[wasm_bindgen(method, setter)]
    fn set_signal(this: &Init, signal: &web_sys::AbortSignal);
    #[wasm_bindgen(method, setter)]
    fn set_body(this: &Init, body: &JsValue);

    type Answer;
    #[wasm_bindgen(method, getter, catch)]
    fn headers(this: &Answer) -> Result<JsValue, JsValue>;
}

/// A transport over `fetch`. An injected function is called as `(url, init) => fetch(url, init)`, without a receiver.
#[derive(Clone)]
pub struct FetchTransport {
    fetch: Option<Function>,
    /// The headers of the last request and the object made of them: a client sends the same ones again and again, and
    /// eight texts would have to cross into JavaScript each time.
    sent: RefCell<(Headers, Object)>,
}

impl FetchTransport {
    /// The `fetch` that is global at the time of each call.
    pub fn global() -> Self {
        Self::new(None)
    }

    /// A function with the signature of `fetch`.
    pub fn injected(fetch: Function) -> Self {
        Self::new(Some(fetch))
    }

    fn new(fetch: Option<Function>) -> Self {
        Self { fetch, sent: RefCell::new((Headers::new(), Object::new())) }
    }

    /// The headers as a plain object, a new one each time: what is given to `fetch` may be changed by those in between.
    fn record(&self, headers: &Headers) -> Result<Object, JsValue> {
        if self.sent.borrow().0.own() != headers.own() {
            let all = gloo_net::http::Headers::new().into_raw();
            headers.own().iter().try_for_each(|(name, value)| all.append(name, value))?;
            let record = Object::from_entries(&all)?;
            *self.sent.borrow_mut() = (headers.clone(), record);
        }
        Ok(assign(&Object::new(), &self.sent.borrow().1))
    }
}

impl fmt::Debug for FetchTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.fetch.is_some() { "FetchTransport(injected)" } else { "FetchTransport(global)" })
    }
}

impl Transport for FetchTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let broken = |cause: JsValue| {
                TransportError::of_javascript(&["the connection failed: ", &describe(&cause)].concat(), &code(&cause))
            };
            let unusable = |cause: JsValue| {
                TransportError::not_sent(["the request cannot be made here: ", &describe(&cause)].concat())
            };
            let controller = web_sys::AbortController::new().map_err(unusable)?;
            let init = Object::new().unchecked_into::<Init>();
            init.set_method(request.method.as_str());
            init.set_headers(&self.record(&request.headers).map_err(unusable)?);
            // The exchange decides about redirects; a browser then shows an opaque answer, which is an error.
            init.set_redirect("manual");
            init.set_signal(&controller.signal());
            match &request.body {
                RequestBody::Empty => {}
                RequestBody::Bytes(bytes) => init.set_body(&js_sys::Uint8Array::from(&bytes[..])),
            }
            let guard = AbortGuard::new(controller);
            let url = JsString::from(request.url.as_str());
            let promise = match &self.fetch {
                None => global_fetch(&url, &init),
                Some(fetch) => fetch.call2(&JsValue::UNDEFINED, &url, &init),
            };
            let response = settled(&promise.map_err(broken)?).await.map_err(broken)?;
            let headers = match response.is_object() {
                true => response.unchecked_ref::<Answer>().headers().ok().filter(JsValue::is_object),
                false => None,
            };
            let Some(headers) = headers else {
                return Err(TransportError::maybe_sent("fetch answered with something that is not a Response"));
            };
            let response = response.unchecked_into::<web_sys::Response>();
            let status = response.status();
            let headers = Headers::of_javascript(&headers);
            Ok(HttpResponse { status, headers, body: HttpBody::from_js(JsBody { response, guard }) })
        })
    }
}

/// What a thrown value says of itself. Node hides the reason in `cause`.
pub(crate) fn describe(thrown: &JsValue) -> String {
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

/// The code that Node, Deno and Bun give the cause of a failure; empty for none.
fn code(thrown: &JsValue) -> String {
    let code = |value: &JsValue| Reflect::get(value, &"code".into()).ok().and_then(|code| code.as_string());
    let cause = Reflect::get(thrown, &"cause".into()).unwrap_or(JsValue::UNDEFINED);
    code(&cause).or_else(|| code(thrown)).unwrap_or_default()
}
