//! The wasm-bindgen skin: what the npm package's JavaScript calls. It converts values and decides nothing.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]

use auth0_sdk::js::{self, JsClient, JsOptions, JsOutcome};
use auth0_sdk::{Error, ErrorKind};
use js_sys::{Function, Object, Promise, Reflect};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// A third of the size of the standard allocator (2.2 KB less after brotli), in constant time for each call.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Reads the members of an object that the JavaScript skin made. One import for all of them: a typed getter each is three
/// kilobytes of glue, and deserialising 25 of wasm.
struct Members(JsValue);

impl Members {
    fn get(&self, name: &str) -> Option<JsValue> {
        // Reading a member of a plain object cannot fail; of anything else it is as good as absent.
        given(Reflect::get(&self.0, &name.into()).unwrap_or(JsValue::UNDEFINED))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_string()
    }

    /// A time, in milliseconds.
    fn milliseconds(&self, name: &str, kind: ErrorKind) -> Result<Option<Duration>, Error> {
        match self.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN)) {
            None => Ok(None),
            Some(value) if value > 0.0 && value < 1e15 => Ok(Some(Duration::from_micros((value * 1000.0) as u64))),
            Some(_) => Err(Error::new(kind, format!("{name} must be a positive number"))),
        }
    }

    fn max_retries(&self, kind: ErrorKind) -> Result<Option<u32>, Error> {
        match self.get("maxRetries").map(|value| value.as_f64().unwrap_or(f64::NAN)) {
            None => Ok(None),
            Some(value) if value >= 0.0 && value.fract() == 0.0 && value < 1e6 => Ok(Some(value as u32)),
            Some(_) => Err(Error::new(kind, "maxRetries must be a whole number from 0")),
        }
    }

    /// The members of an object of headers. A value that is null removes the header.
    fn headers(&self, kind: ErrorKind) -> Result<Vec<(String, Option<String>)>, Error> {
        let Some(headers) = self.get("headers") else { return Ok(Vec::new()) };
        let mut list = Vec::new();
        for entry in Object::entries(headers.unchecked_ref::<Object>()).iter() {
            let entry = entry.unchecked_into::<js_sys::Array>();
            let name = entry.get(0).as_string().unwrap_or_default();
            match given(entry.get(1)) {
                None => list.push((name, None)),
                Some(value) => match value.as_string() {
                    Some(value) => list.push((name, Some(value))),
                    None => return Err(Error::new(kind, format!("the value of the header {name} is not a text"))),
                },
            }
        }
        Ok(list)
    }
}

fn given(value: JsValue) -> Option<JsValue> {
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

#[wasm_bindgen]
extern "C" {
    // Setters, and no keys: a key is a text that crosses into JavaScript each time.
    type Outcome;
    #[wasm_bindgen(method, setter)]
    fn set_data(this: &Outcome, data: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_response(this: &Outcome, response: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_items(this: &Outcome, items: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_next(this: &Outcome, next: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_guard(this: &Outcome, guard: &str);
}

/// The client's core.
#[wasm_bindgen]
#[allow(missing_debug_implementations, reason = "only JavaScript sees it")]
pub struct Core(JsClient);

#[wasm_bindgen]
impl Core {
    /// Checks the settings and makes a client. Nothing is sent.
    #[wasm_bindgen(constructor)]
    pub fn new(config: JsValue) -> Result<Core, JsValue> {
        build(config).map(Core).map_err(|error| to_js(&error))
    }

    /// Calls an operation: its line of the table, its id, path arguments, the request object and options.
    /// Resolves to `{ data, response }`.
    pub fn call(&self, line: String, id: String, path: Vec<String>, request: JsValue, options: JsValue) -> Promise {
        let client = self.0.clone();
        future_to_promise(async move {
            let outcome = match read_options(options) {
                Ok(options) => client.call(&line, &id, &path, &request, options).await,
                Err(error) => Err(error),
            };
            let JsOutcome { data, response } = outcome.map_err(|error| to_js(&error))?;
            let outcome = Object::new().unchecked_into::<Outcome>();
            outcome.set_data(&data);
            outcome.set_response(&response);
            Ok(outcome.into())
        })
    }

    /// What follows a page: `{ items, next: { name, value } | undefined, guard }`.
    pub fn page(
        line: &str,
        id: &str,
        request: &JsValue,
        data: &JsValue,
        guard: Option<String>,
    ) -> Result<JsValue, JsValue> {
        let page = JsClient::page(line, id, request, data, guard.as_deref()).map_err(|error| to_js(&error))?;
        let outcome = Object::new().unchecked_into::<Outcome>();
        outcome.set_items(&page.items);
        if let Some((name, value)) = page.next {
            outcome.set_next(&object(&[("name", name.into()), ("value", value.into())]));
            outcome.set_guard(&page.guard);
        }
        Ok(outcome.into())
    }
}

fn build(config: JsValue) -> Result<JsClient, Error> {
    const KIND: ErrorKind = ErrorKind::Config;
    let config = Members(config);
    let fetch = match config.get("fetch") {
        None => None,
        Some(fetch) => Some(fetch.dyn_into::<Function>().map_err(|_| Error::new(KIND, "fetch is not a function"))?),
    };
    let mut builder = js::builder(config.text("domain").unwrap_or_default(), fetch, config.text("telemetry"))?;
    if let Some(base_url) = config.text("baseUrl") {
        builder = builder.base_url(base_url);
    }
    if let Some(token) = config.get("token") {
        builder = match token.dyn_into::<Function>() {
            Ok(callback) => builder.token_provider(js::token_provider(callback)),
            Err(token) => match token.as_string() {
                Some(token) => builder.token(token),
                None => return Err(Error::new(KIND, "token is neither a text nor a function")),
            },
        };
    }
    match (config.text("clientId"), config.text("clientSecret")) {
        (Some(id), secret) => builder = builder.client_credentials(id, secret.unwrap_or_default()),
        (None, Some(_)) => return Err(Error::new(KIND, "there is a clientSecret without a clientId")),
        (None, None) => {}
    }
    if let Some(audience) = config.text("audience") {
        builder = builder.audience(audience);
    }
    if let Some(organization) = config.text("organization") {
        builder = builder.organization(organization);
    }
    if let Some(domain) = config.text("customDomain") {
        builder = builder.custom_domain(domain);
    }
    for (name, value) in config.headers(KIND)? {
        if let Some(value) = value {
            builder = builder.header(name, value);
        }
    }
    if let Some(timeout) = config.milliseconds("timeoutMs", KIND)? {
        builder = builder.timeout(timeout);
    }
    if let Some(deadline) = config.milliseconds("deadlineMs", KIND)? {
        builder = builder.deadline(deadline);
    }
    if let Some(max_retries) = config.max_retries(KIND)? {
        builder = builder.max_retries(max_retries);
    }
    builder.build().map(JsClient::new)
}

fn read_options(options: JsValue) -> Result<JsOptions, Error> {
    const KIND: ErrorKind = ErrorKind::Request;
    let Some(options) = given(options).map(Members) else { return Ok(JsOptions::default()) };
    Ok(JsOptions {
        timeout: options.milliseconds("timeoutMs", KIND)?,
        deadline: options.milliseconds("deadlineMs", KIND)?,
        max_retries: options.max_retries(KIND)?,
        headers: options.headers(KIND)?,
        query: options.get("queryParams").unwrap_or(JsValue::UNDEFINED),
        signal: options.get("signal"),
        body: options.get("body"),
    })
}

/// What the JavaScript skin makes an Error of.
fn to_js(error: &Error) -> JsValue {
    let milliseconds = |duration: Duration| JsValue::from(duration.as_secs_f64() * 1000.0);
    let text = |text: Option<&str>| text.map_or(JsValue::UNDEFINED, JsValue::from_str);
    let given = |value: Option<&JsValue>| value.cloned().unwrap_or(JsValue::UNDEFINED);
    object(&[
        ("kind", text(Some(error.kind().as_str()))),
        ("message", text(Some(&error.to_string()))),
        ("detail", text(Some(error.message()))),
        ("operation", text(error.operation())),
        ("status", error.status().map_or(JsValue::UNDEFINED, JsValue::from)),
        ("code", text(error.code())),
        ("attempts", error.attempts().into()),
        ("mayHaveBeenSent", error.may_have_been_sent().into()),
        ("requestId", text(error.request_id().as_deref())),
        ("retryAfterMs", error.retry_after().map_or(JsValue::UNDEFINED, milliseconds)),
        ("resetAtMs", error.reset_at().map_or(JsValue::UNDEFINED, milliseconds)),
        ("missingScope", text(error.missing_scope())),
        ("mfaToken", text(error.mfa_token().map(|token| token.expose()))),
        ("path", text(error.path())),
        ("truncated", error.body().is_some_and(|body| body.is_truncated()).into()),
        ("body", error.body().map_or(JsValue::UNDEFINED, |body| body.js_text())),
        ("cause", given(error.js_cause())),
        ("response", given(error.js_response())),
    ])
}

fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        // Setting a member of a new, plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}
