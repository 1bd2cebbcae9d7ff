//! What the wasm-bindgen skin calls. Not part of the crate's public face: it changes with the npm package.
//!
//! The skin converts values at the boundary and decides nothing; this file says in the core's terms what a JavaScript
//! call means.

#![allow(missing_debug_implementations, reason = "plain carriers, some with secrets, that nobody prints")]

use crate::client::ManagementBuilder;
use crate::error::{Error, ErrorKind};
use crate::host::FetchTransport;
use crate::http::path::Query;
use crate::http::{Payload, Read, RequestBody, settled};
use crate::management::{Input, ManagementClient, Operation, RequestOptions};
use crate::pagination::CycleGuard;
use crate::secret::Secret;
use js_sys::{Array, Function};
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;
use wasm_bindgen::prelude::*;

/// One client of the npm package.
#[derive(Clone, Debug)]
pub struct JsClient(ManagementClient);

/// What one call says instead of the client's settings.
#[derive(Default)]
pub struct JsOptions {
    /// Of one attempt.
    pub timeout: Option<Duration>,
    /// Of all attempts.
    pub deadline: Option<Duration>,
    /// How often a failed attempt is repeated.
    pub max_retries: Option<u32>,
    /// Headers; null removes.
    pub headers: Vec<(String, Option<String>)>,
    /// Query parameters in the place of those of the request.
    pub query: JsValue,
    /// An `AbortSignal`.
    pub signal: Option<JsValue>,
    /// What `fetch` takes as a body, made by the skin.
    pub body: Option<JsValue>,
}

/// A success: parsed JSON, which was never in wasm memory, and the `Response` it came in.
pub struct JsOutcome {
    /// The data; undefined where there was no body.
    pub data: JsValue,
    /// The `Response`.
    pub response: JsValue,
}

/// What follows a page.
pub struct JsPage {
    /// The array of items.
    pub items: JsValue,
    /// The parameter of the next request that changes, and its value; `None` at the end.
    pub next: Option<(&'static str, String)>,
    /// What the next call of [`JsClient::page`] must be told.
    pub guard: String,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = String)]
    fn to_text(value: &JsValue) -> String;
    // Getters and Proxies may throw. What is not caught leaves the call without an end.
    #[wasm_bindgen(catch, js_namespace = Object, js_name = entries)]
    fn entries_of(object: &JsValue) -> Result<Array, JsValue>;

    type AbortSignal;
    #[wasm_bindgen(method, getter)]
    fn aborted(this: &AbortSignal) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn reason(this: &AbortSignal) -> JsValue;
    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    fn add_event_listener(this: &AbortSignal, event: &str, listener: &Closure<dyn FnMut()>) -> Result<(), JsValue>;
    #[wasm_bindgen(method, js_name = removeEventListener)]
    fn remove_event_listener(this: &AbortSignal, event: &str, listener: &Closure<dyn FnMut()>);
}

/// A builder with what only JavaScript has: an injected `fetch` and a ready telemetry header.
pub fn builder(domain: String, fetch: Option<Function>, telemetry: Option<String>) -> Result<ManagementBuilder, Error> {
    let builder = ManagementBuilder::bare(domain).telemetry_header(telemetry);
    Ok(match fetch {
        Some(fetch) => builder.transport(FetchTransport::injected(fetch)),
        None => builder,
    })
}

/// A token callback of JavaScript: a function that returns a text or a promise of one.
pub fn token_provider(callback: Function) -> impl crate::TokenProvider + 'static {
    move || {
        let given = callback.call0(&JsValue::UNDEFINED);
        async move {
            let failed = |cause| Error::new(ErrorKind::Auth, "the token callback failed").with_js_cause(Some(cause));
            let token = settled(&given.map_err(failed)?).await.map_err(failed)?;
            token
                .as_string()
                .map(Secret::new)
                .ok_or_else(|| Error::new(ErrorKind::Auth, "the token callback gave no text"))
        }
    }
}

impl JsClient {
    /// Wraps a client.
    pub fn new(client: ManagementClient) -> Self {
        Self(client)
    }

    /// Calls an operation, given as its line of the table.
    pub async fn call(
        &self,
        line: &str,
        id: &str,
        path: &[String],
        request: &JsValue,
        options: JsOptions,
    ) -> Result<JsOutcome, Error> {
        let operation = Operation::parse(id, line)?;
        let query = query_of(&operation, request).map_err(|error| error.with_operation(id))?;
        let mut pairs = Query::default();
        push_members(&mut pairs, &options.query).map_err(|error| error.with_operation(id))?;
        let signal = options.signal.map(JsCast::unchecked_into::<AbortSignal>);
        let options_of_call = RequestOptions {
            timeout: options.timeout,
            deadline: options.deadline,
            max_retries: options.max_retries,
            headers: options.headers.into_iter().map(|(name, value)| (name, value.map(Secret::new))).collect(),
            query: pairs.into_pairs(),
        };
        let body = options.body.map(RequestBody::Js);
        let input = Input { path, query, body, read: Read::Json, options: &options_of_call };
        let sending = self.0.core.send(&operation, input);
        let answer = match &signal {
            None => sending.await?,
            Some(signal) => until_aborted(signal, sending).await.map_err(|error| error.with_operation(id))?,
        };
        let response = answer.js_response.clone().unwrap_or(JsValue::UNDEFINED);
        let data = match answer.payload {
            Payload::Empty => JsValue::UNDEFINED,
            Payload::Unread(body) => {
                body.hand_over();
                JsValue::UNDEFINED
            }
            Payload::Js(value) => value,
            Payload::NotJson(_) => {
                return Err(answer.decode_error("the answer is not JSON".to_owned()).with_operation(id));
            }
            Payload::Bytes(ref bytes) => {
                let text = std::str::from_utf8(bytes).unwrap_or_default();
                let parsed = js_sys::JSON::parse(text);
                parsed.map_err(|_| answer.decode_error("the answer is not JSON".to_owned()).with_operation(id))?
            }
        };
        Ok(JsOutcome { data, response })
    }

    /// The items of a page, and what the next request changes.
    pub fn page(line: &str, id: &str, request: &JsValue, data: &JsValue, guard: Option<&str>) -> Result<JsPage, Error> {
        let operation = Operation::parse(id, line)?;
        let page = || {
            let no_list = || Error::new(ErrorKind::Request, "this operation is not a list that has pages");
            let paging = operation.paging.ok_or_else(no_list)?;
            let mut query = query_of(&operation, request)?;
            paging.prepare(&mut query)?;
            let facts = paging.facts(data)?;
            let mut guard = guard.and_then(CycleGuard::from_text).unwrap_or_default();
            let next = paging.next(&query, &facts, &mut guard)?;
            let items = if Array::is_array(data) {
                data.clone()
            } else {
                let items = js_sys::Reflect::get(data, &paging.items.into()).unwrap_or(JsValue::UNDEFINED);
                if Array::is_array(&items) { items } else { Array::new().into() }
            };
            Ok(JsPage { items, next, guard: guard.to_text() })
        };
        page().map_err(|error: Error| error.with_operation(id))
    }
}

/// Query parameters of a request object: all of its members where the operation takes no body, and else those that the
/// table names.
fn query_of(operation: &Operation<'_>, request: &JsValue) -> Result<Query, Error> {
    let mut query = Query::default();
    if !operation.takes_body() {
        push_members(&mut query, request)?;
    } else {
        for name in operation.query_names() {
            if let Some(object) = given(request)? {
                let value = js_sys::Reflect::get(object, &name.into()).map_err(|cause| unreadable(name, cause))?;
                push(&mut query, name, &value, 0)?;
            }
        }
    }
    Ok(query)
}

fn push_members(query: &mut Query, object: &JsValue) -> Result<(), Error> {
    let Some(object) = given(object)? else { return Ok(()) };
    for (name, value) in entries("the request", object)? {
        push(query, &name, &value, 0)?;
    }
    Ok(())
}

/// An object of query parameters; `None` for none.
fn given(object: &JsValue) -> Result<Option<&JsValue>, Error> {
    if object.is_undefined() || object.is_null() {
        return Ok(None);
    }
    if !object.is_object() || Array::is_array(object) {
        return Err(Error::new(ErrorKind::Request, "the request must be an object of query parameters"));
    }
    Ok(Some(object))
}

fn entries(what: &str, object: &JsValue) -> Result<impl Iterator<Item = (String, JsValue)> + use<>, Error> {
    let entries = entries_of(object).map_err(|cause| unreadable(what, cause))?;
    Ok(entries.to_vec().into_iter().map(|entry| {
        let entry = entry.unchecked_into::<Array>();
        (to_text(&entry.get(0)), entry.get(1))
    }))
}

fn unreadable(what: &str, cause: JsValue) -> Error {
    Error::new(ErrorKind::Request, format!("{what} cannot be read: a getter or a Proxy throws"))
        .with_js_cause(Some(cause))
}

/// What a value says under a key: null and undefined nothing, an array repeats the key, an object is `key[member]`.
fn push(query: &mut Query, key: &str, value: &JsValue, depth: u32) -> Result<(), Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(());
    }
    if depth > 16 {
        return Err(Error::new(
            ErrorKind::Request,
            format!("the query parameter `{key}` is nested too deeply, or in a circle"),
        ));
    }
    if value.is_function() || value.is_symbol() {
        return Err(Error::new(ErrorKind::Request, format!("the query parameter `{key}` is a function or a symbol")));
    }
    if let Some(text) = value.as_string() {
        query.push(key, text);
    } else if let Some(array) = value.dyn_ref::<Array>() {
        for item in array.iter() {
            push(query, key, &item, depth + 1)?;
        }
    } else if let Some(date) = value.dyn_ref::<js_sys::Date>() {
        if date.get_time().is_nan() {
            return Err(Error::new(ErrorKind::Request, format!("the query parameter `{key}` is an invalid date")));
        }
        query.push(key, to_text(&date.to_iso_string()));
    } else if value.is_object() {
        for (name, member) in entries(key, value)? {
            push(query, &format!("{key}[{name}]"), &member, depth + 1)?;
        }
    } else {
        query.push(key, to_text(value));
    }
    Ok(())
}

#[derive(Default)]
struct Abort {
    heard: bool,
    waker: Option<Waker>,
}

/// Ends a future when a signal is aborted, at whatever it is waiting for: dropping it aborts the request.
async fn until_aborted<T>(signal: &AbortSignal, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let aborted =
        || Error::new(ErrorKind::Aborted, "the call was aborted by its signal").with_js_cause(Some(signal.reason()));
    if signal.aborted().is_truthy() {
        return Err(aborted());
    }
    let state = Rc::new(RefCell::new(Abort::default()));
    let shared = state.clone();
    let listener = Closure::<dyn FnMut()>::new(move || {
        let waker = {
            let mut state = shared.borrow_mut();
            state.heard = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    });
    signal.add_event_listener("abort", &listener).map_err(|cause| {
        Error::new(ErrorKind::Request, "the abort signal is not an AbortSignal").with_js_cause(Some(cause))
    })?;
    let mut future = pin!(future);
    let result = poll_fn(|context| {
        if state.borrow().heard {
            return Poll::Ready(Err(aborted()));
        }
        state.borrow_mut().waker = Some(context.waker().clone());
        future.as_mut().poll(context)
    })
    .await;
    signal.remove_event_listener("abort", &listener);
    result
}
