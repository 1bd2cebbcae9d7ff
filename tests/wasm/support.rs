//! JavaScript on the other side of a test: made from source text, since that runs alike in Node and in a page.

use auth0_sdk::{FetchTransport, JsTimer, ManagementBuilder, ManagementClient, Timer};
use js_sys::{Function, Reflect};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};

pub(crate) const DOMAIN: &str = "tenant.us.auth0.com";

/// The value of a JavaScript expression.
pub(crate) fn eval(expression: &str) -> JsValue {
    let function = Function::new_with_args("", &format!("return ({expression});"));
    function.call0(&JsValue::UNDEFINED).unwrap_or_else(|error| panic!("{expression}: {error:?}"))
}

/// A function of JavaScript.
pub(crate) fn function(expression: &str) -> Function {
    eval(expression).unchecked_into()
}

/// A `fetch` that remembers its calls as `calls[i].url`, `.init` and `.self`.
pub(crate) struct Fake(JsValue);

impl Fake {
    /// One that answers every call with what an expression gives, which sees `url`, `init` and the call's `number` from 0.
    pub(crate) fn new(answer: &str) -> Self {
        Self(eval(&format!(
            "(() => {{
                const fake = {{ calls: [], seen: 0 }};
                fake.fetch = function (url, init) {{
                    'use strict';
                    const number = fake.calls.push({{ url, init, self: this, arguments: arguments.length }}) - 1;
                    return ({answer});
                }};
                return fake;
            }})()"
        )))
    }

    pub(crate) fn fetch(&self) -> Function {
        Reflect::get(&self.0, &"fetch".into()).expect("a member").unchecked_into()
    }

    /// The value of an expression that sees `calls`, `seen` and `init`, which is of the last call.
    pub(crate) fn eval(&self, expression: &str) -> JsValue {
        let code = format!("const init = fake.calls.at(-1)?.init; with (fake) {{ return ({expression}); }}");
        let function = Function::new_with_args("fake", &code);
        function.call1(&JsValue::UNDEFINED, &self.0).unwrap_or_else(|error| panic!("{expression}: {error:?}"))
    }

    pub(crate) fn text(&self, expression: &str) -> String {
        self.eval(expression).as_string().unwrap_or_else(|| panic!("{expression} is not a text"))
    }

    #[track_caller]
    pub(crate) fn assert(&self, expression: &str) {
        let value = self.eval(expression);
        assert!(value == JsValue::TRUE, "{expression} is {value:?}");
    }

    pub(crate) fn calls(&self) -> f64 {
        self.eval("calls.length").as_f64().expect("a number")
    }

    /// A builder over this `fetch`, without credentials.
    pub(crate) fn builder(&self) -> ManagementBuilder {
        ManagementClient::builder(DOMAIN).transport(FetchTransport::injected(self.fetch())).telemetry(false)
    }

    pub(crate) fn client(&self) -> ManagementClient {
        self.builder().token("the-token").max_retries(0).build().expect("a client")
    }
}

pub(crate) fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Lets the event loop turn.
pub(crate) async fn pause(time: u64) {
    JsTimer.sleep(milliseconds(time)).await;
}

/// Polls a future for a time, and drops it then.
pub(crate) async fn for_a_while<T>(time: u64, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut sleep) = (pin!(future), JsTimer.sleep(milliseconds(time)));
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Completes when both have.
pub(crate) async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(value) = a.as_mut().poll(context)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = b.as_mut().poll(context)
        {
            second = Some(value);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// A member of the global object, replaced until this is dropped.
pub(crate) struct Replaced {
    name: &'static str,
    original: JsValue,
}

impl Replaced {
    pub(crate) fn new(name: &'static str, value: &JsValue) -> Self {
        let original = Reflect::get(&js_sys::global(), &name.into()).expect("a member");
        Reflect::set(&js_sys::global(), &name.into(), value).expect("a member that can be set");
        Self { name, original }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        let _ = Reflect::set(&js_sys::global(), &self.name.into(), &self.original);
    }
}

/// True in Node, false in a page.
pub(crate) fn in_node() -> bool {
    eval("typeof process === 'object' && typeof process.versions?.node === 'string'") == JsValue::TRUE
}
