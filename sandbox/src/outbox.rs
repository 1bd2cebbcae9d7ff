//! What the tenant would have sent: mails, text messages, pushes. Tests read it and go on with the codes in it.

use serde::Serialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The oldest go when there are more.
const CAPACITY: usize = 1_000;

/// A message that was not sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// When, by the sandbox's clock, as ISO 8601.
    pub at: String,
    /// `email`, `sms`, `voice`, `push` or `webhook`.
    pub kind: String,
    /// The address, the phone number, or the user's id for a push.
    pub to: String,
    /// What it is about, as `passwordless`, `mfa`, `change_password`, `verify_email`, `invitation`, `ciba`.
    pub template: String,
    /// The code in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The link in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What else is known, as the id of a request that waits for an answer.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<VecDeque<Message>>);

impl Outbox {
    pub(crate) fn add(&self, message: Message) {
        let mut all = self.lock();
        if all.len() == CAPACITY {
            all.pop_front();
        }
        all.push_back(message);
    }

    pub(crate) fn all(&self) -> Vec<Message> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
