//! Signatures that were good. A user's token comes with each request, and what a key says of the same text does not change: only
//! claims, time and keys do, and those are looked at each time. The npm package has the same in `pkg-template/src/verify.js`.

use super::verifier::lock;
use crate::host::Key;
use crate::secret::Secret;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// More tokens than this are forgotten all at once.
const MAX: usize = 1000;
/// By so many of its last characters, 72 bits of the signature, a token is looked up.
const END: usize = 12;

/// A token, and the key that it was verified with.
type Verified = (Secret, Arc<Key>);

/// Of a token that came once nothing but its end is kept: many never come again.
#[derive(Default)]
pub(super) struct GoodSignatures(Mutex<HashMap<[u8; END], Option<Verified>>>);

impl GoodSignatures {
    /// True when this very text was verified with this very key.
    pub(super) fn has(&self, token: &str, key: &Arc<Key>) -> bool {
        let same = |(text, of): &Verified| text.expose() == token && Arc::ptr_eq(of, key);
        let known = lock(&self.0);
        token.as_bytes().last_chunk().and_then(|end| known.get(end)?.as_ref()).is_some_and(same)
    }

    /// Its signature is good.
    pub(super) fn add(&self, token: &str, key: Arc<Key>) {
        let Some(end) = token.as_bytes().last_chunk() else { return };
        let mut known = lock(&self.0);
        let again = known.contains_key(end);
        if !again && known.len() >= MAX {
            known.clear();
        }
        known.insert(*end, again.then(|| (Secret::new(token), key)));
    }
}
