//! The Durable Object behind `auth0_sdk::WorkersObject`: one place in all the world that keeps the token, and lends the right to
//! buy it. It speaks as `TokenObject` of the npm package does. A module to copy: it is the one part that needs the crate `worker`,
//! whose attribute makes the class that the runtime looks for.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::cell::RefCell;
use std::collections::HashMap;
use worker::{Date, DurableObject, Env, Request, Response, Result, State, durable_object};

/// What is asked. Times are by the object's own clock.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Message {
    Get { key: String },
    Put { key: String, text: String, seconds: u64 },
    Remove { key: String, text: String },
    Lease { key: String, holder: String, milliseconds: u64 },
    Release { key: String, holder: String },
    Swap { key: String, old: Option<String>, text: String, seconds: u64 },
}

/// A token, or the holder of a lease, and until when (milliseconds since the Unix epoch).
#[derive(Serialize, Deserialize)]
struct Entry {
    text: String,
    until: u64,
}

#[durable_object]
pub struct TokenObject {
    state: State,
    /// The limits that are shared: of no use to anybody after a minute, and so not worth the storage.
    limits: RefCell<HashMap<String, Entry>>,
}

/// So many limits are remembered.
const MOST_LIMITS: usize = 256;

impl DurableObject for TokenObject {
    fn new(state: State, _env: Env) -> Self {
        Self { state, limits: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let Ok(message) = request.json::<Message>().await else { return Response::error("no such message", 400) };
        let result = self.answer(message).await?;
        Response::from_json(&serde_json::json!({ "result": result }))
    }
}

impl TokenObject {
    // While the storage is waited for, the runtime lets no other request in: a read and the write after it are one turn.
    async fn answer(&self, message: Message) -> Result<serde_json::Value> {
        let storage = self.state.storage();
        let now = Date::now().as_millis();
        let token = |key: &str| format!("token {key}");
        let lease = |key: &str| format!("lease {key}");
        match message {
            Message::Get { key } => {
                if let Some(kept) = self.limits.borrow().get(&key) {
                    return Ok(serde_json::json!({ "text": kept.text, "left": kept.until.saturating_sub(now) }));
                }
                let kept = self.read::<Entry>(&token(&key)).await?.filter(|kept| kept.until > now);
                Ok(kept.map_or(
                    serde_json::Value::Null,
                    |kept| serde_json::json!({ "text": kept.text, "left": kept.until - now }),
                ))
            }
            Message::Put { key, text, seconds } => {
                let until = now.saturating_add(seconds.saturating_mul(1000));
                storage.put(&token(&key), Entry { text, until }).await?;
                Ok(serde_json::Value::Null)
            }
            Message::Remove { key, text } => {
                if self.read::<Entry>(&token(&key)).await?.is_some_and(|kept| kept.text == text) {
                    storage.delete(&token(&key)).await?;
                }
                Ok(serde_json::Value::Null)
            }
            Message::Lease { key, holder, milliseconds } => {
                if self.read::<Entry>(&lease(&key)).await?.is_some_and(|held| held.until > now) {
                    return Ok(false.into());
                }
                let until = now.saturating_add(milliseconds);
                storage.put(&lease(&key), Entry { text: holder, until }).await?;
                Ok(true.into())
            }
            Message::Release { key, holder } => {
                if self.read::<Entry>(&lease(&key)).await?.is_some_and(|held| held.text == holder) {
                    storage.delete(&lease(&key)).await?;
                }
                Ok(serde_json::Value::Null)
            }
            // In the place of `old`, or of none, if that is what is there.
            Message::Swap { key, old, text, seconds } => {
                let mut limits = self.limits.borrow_mut();
                if limits.get(&key).map(|kept| &kept.text) != old.as_ref() {
                    return Ok(false.into());
                }
                if limits.len() >= MOST_LIMITS && old.is_none() {
                    // They are learned anew.
                    limits.clear();
                }
                limits.insert(key, Entry { text, until: now.saturating_add(seconds.saturating_mul(1000)) });
                Ok(true.into())
            }
        }
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.state.storage().get(key).await
    }
}
