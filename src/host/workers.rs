//! Workers KV and Durable Objects of Cloudflare, by the JavaScript objects that a Worker finds in its environment. No crate of
//! Cloudflare's is needed for that, so that any version of the crate `worker` goes with this one.

use super::fetch::describe;
use super::shared::{Kept, KeyValue, Lease};
use super::{Crypto, WebCrypto};
use crate::error::{Error, ErrorKind};
use crate::http::{milliseconds, settled};
use crate::jose::base64url;
use crate::maybe_send::BoxFuture;
use js_sys::{Object, Reflect};
use serde_json::{Value, json};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Namespace;
    #[wasm_bindgen(method, catch, js_name = get)]
    fn get(this: &Namespace, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Namespace, key: &str, text: &str, options: &Object) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Namespace, key: &str) -> Result<JsValue, JsValue>;

    #[derive(Clone)]
    type Objects;
    #[wasm_bindgen(method, catch, js_name = idFromName)]
    fn id_from_name(this: &Objects, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = get)]
    fn stub(this: &Objects, id: &JsValue) -> Result<Stub, JsValue>;

    type Stub;
    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &Object) -> Result<JsValue, JsValue>;

    type Answer;
    #[wasm_bindgen(method, getter)]
    fn ok(this: &Answer) -> bool;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> u16;
    #[wasm_bindgen(method, catch)]
    fn text(this: &Answer) -> Result<JsValue, JsValue>;
}

/// A binding of a Worker's environment that has these methods.
fn binding(environment: &JsValue, name: &str, methods: &[&str]) -> Result<JsValue, Error> {
    let of = |value: &JsValue, key: &str| Reflect::get(value, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let found = of(environment, name);
    if methods.iter().all(|method| of(&found, method).is_function()) {
        return Ok(found);
    }
    let why = ["the Worker's environment has no binding ", name, " with ", &methods.join(", ")].concat();
    Err(Error::new(ErrorKind::Config, why))
}

fn failed(what: &'static str) -> impl Fn(JsValue) -> Error {
    move |thrown| Error::new(ErrorKind::Transport, [what, ": ", &describe(&thrown)].concat())
}

/// Workers KV, as what a [`SharedStore`](super::SharedStore) is built on.
///
/// KV has no lease: isolates that start cold at the same moment may each buy a token; all later ones find it. It keeps nothing
/// for less than a minute, and a change may take a minute until all places see it
/// ([Cloudflare: how KV works](https://developers.cloudflare.com/kv/concepts/how-kv-works/)).
///
/// ```ignore
/// let store = SharedStore::new(WorkersKv::of(&env, "TOKENS")?).encrypted(key); // `env` of the crate `worker` is a JsValue
/// ```
#[derive(Clone)]
pub struct WorkersKv(Namespace);

impl WorkersKv {
    /// The namespace that a Worker's environment has under a name.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when there is none.
    pub fn of(environment: &JsValue, name: &str) -> Result<Self, Error> {
        let found = binding(environment, name, &["get", "put", "delete"])?;
        Ok(Self(found.unchecked_into()))
    }
}

impl KeyValue for WorkersKv {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>> {
        Box::pin(async move {
            let failed = failed("Workers KV could not be read");
            let found = settled(&self.0.get(key).map_err(&failed)?).await.map_err(failed)?;
            Ok(found.as_string().map(Kept::new))
        })
    }

    fn put<'a>(&'a self, key: &'a str, text: &'a str, life: Duration) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let failed = failed("Workers KV could not be written");
            let options = Object::new();
            // Less than a minute KV refuses. The text says by itself when it ends.
            let seconds = u32::try_from(life.as_secs()).unwrap_or(u32::MAX).max(60);
            Reflect::set(&options, &"expirationTtl".into(), &seconds.into()).map_err(&failed)?;
            settled(&self.0.put(key, text, &options).map_err(&failed)?).await.map_err(failed)?;
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a str, _text: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let failed = failed("Workers KV could not forget");
            settled(&self.0.delete(key).map_err(&failed)?).await.map_err(failed)?;
            Ok(())
        })
    }
}

impl fmt::Debug for WorkersKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkersKv")
    }
}

/// A Durable Object, as what a [`SharedStore`](super::SharedStore) is built on: one for all the world, with a lease, so that all
/// isolates that start cold at once buy one token.
///
/// It may be the store of a [`Limiter`](crate::Limiter) too: all isolates then keep to one limit.
///
/// The object behind it is `TokenObject` of the npm package (`auth0-sdk/stores`), or the one of `examples/worker-rust`: both speak
/// the same, and both may be asked from Rust and from JavaScript.
#[derive(Clone)]
pub struct WorkersObject {
    objects: Objects,
    name: Rc<str>,
}

impl WorkersObject {
    /// The object of this name, in the namespace that a Worker's environment has under `binding_name`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when there is no such namespace.
    pub fn of(environment: &JsValue, binding_name: &str, name: &str) -> Result<Self, Error> {
        let found = binding(environment, binding_name, &["get", "idFromName"])?;
        Ok(Self { objects: found.unchecked_into(), name: name.into() })
    }

    async fn ask(&self, message: Value) -> Result<Value, Error> {
        let failed = failed("the Durable Object could not be asked");
        // A stub belongs to the request that made it: the next one needs its own.
        let stub = self.objects.id_from_name(&self.name).and_then(|id| self.objects.stub(&id)).map_err(&failed)?;
        let init = Object::new();
        Reflect::set(&init, &"method".into(), &"POST".into()).map_err(&failed)?;
        Reflect::set(&init, &"body".into(), &message.to_string().into()).map_err(&failed)?;
        let promise = stub.fetch("https://auth0-sdk.invalid/", &init).map_err(&failed)?;
        let answer = settled(&promise).await.map_err(&failed)?.unchecked_into::<Answer>();
        if !answer.ok() {
            let why = ["the Durable Object answered ", &answer.status().to_string()].concat();
            return Err(Error::new(ErrorKind::Transport, why));
        }
        let text = settled(&answer.text().map_err(&failed)?).await.map_err(&failed)?.as_string().unwrap_or_default();
        let mut answer: Value = serde_json::from_str(&text).map_err(|_| {
            Error::new(ErrorKind::Decode, "the Durable Object answered with something that is not JSON")
        })?;
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }
}

impl KeyValue for WorkersObject {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>> {
        Box::pin(async move {
            let found = self.ask(json!({"do": "get", "key": key})).await?;
            let Some(text) = found.get("text").and_then(Value::as_str) else { return Ok(None) };
            let left = found.get("left").and_then(Value::as_u64).map(Duration::from_millis);
            Ok(Some(Kept { text: text.to_owned(), left }))
        })
    }

    fn put<'a>(&'a self, key: &'a str, text: &'a str, life: Duration) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let seconds = life.as_secs().max(1);
            self.ask(json!({"do": "put", "key": key, "text": text, "seconds": seconds})).await.map(drop)
        })
    }

    fn remove<'a>(&'a self, key: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.ask(json!({"do": "remove", "key": key, "text": text})).await.map(drop) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<bool>, Error>> {
        Box::pin(async move {
            let seconds = life.as_secs().max(1);
            let done = self.ask(json!({"do": "swap", "key": key, "old": old, "text": new, "seconds": seconds})).await?;
            Ok(done.as_bool())
        })
    }

    fn lease<'a>(&'a self, key: &'a str, life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            let mut random = [0; 16];
            WebCrypto.random(&mut random)?;
            let holder = base64url::encode(&random);
            let asked = json!({"do": "lease", "key": key, "holder": holder, "milliseconds": milliseconds(life)});
            let granted = self.ask(asked).await? == Value::Bool(true);
            let give_back = || GiveBack { object: self.clone(), key: key.to_owned(), holder };
            Ok(granted.then(|| Lease::new(give_back())))
        })
    }
}

impl fmt::Debug for WorkersObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkersObject").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Gives the lease back when it is dropped; if that fails, the object forgets it after its time.
struct GiveBack {
    object: WorkersObject,
    key: String,
    holder: String,
}

impl Drop for GiveBack {
    fn drop(&mut self) {
        let object = self.object.clone();
        let message = json!({"do": "release", "key": self.key, "holder": self.holder});
        wasm_bindgen_futures::spawn_local(async move {
            let _: Result<Value, Error> = object.ask(message).await;
        });
    }
}
