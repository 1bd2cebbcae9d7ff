//! Where tokens are kept.

use super::shared::Lease;
use crate::error::Error;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::secret::Secret;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An access token and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: Secret,
    /// When it expires, as the time since the Unix epoch.
    pub expires_at: Duration,
}

/// Keeps access tokens under a key: in memory by default, or where many machines or isolates share them.
///
/// The key names tenant, client, audience and organization. A store may forget at any time.
pub trait TokenStore: MaybeSend + MaybeSync {
    /// What is kept under a key, expired or not.
    ///
    /// # Errors
    /// When the store cannot be asked; the call that wanted the token then fails with this error.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>>;

    /// As [`TokenStore::get`], for a token that must still live at `until` (since the Unix epoch). A store that keeps a copy
    /// nearby looks further when that copy will have ended by then: another machine may have put a newer one.
    ///
    /// # Errors
    /// As those of [`TokenStore::get`].
    fn get_lasting<'a>(&'a self, key: &'a str, until: Duration) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        let _ = until;
        self.get(key)
    }

    /// Keeps a token under a key, in the place of the one before it.
    ///
    /// # Errors
    /// When the store cannot take it.
    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>>;

    /// Forgets what is kept under a key: the API refused the token.
    ///
    /// # Errors
    /// When the store cannot be told.
    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>>;

    /// True when other processes or machines use this store too. The key then also names the client's secret, by a digest, so that
    /// a rotated secret gets a token of its own, and a token is bought under a [`TokenStore::lease`].
    fn is_shared(&self) -> bool {
        false
    }

    /// Asks for the right to buy the token of a key, for a time. `None` while another machine has it; the client then looks for
    /// the token of that one, and asks again. The default grants it to everyone.
    ///
    /// # Errors
    /// When the store cannot be asked; the call that wanted the token then fails with this error.
    fn lease<'a>(&'a self, key: &'a str, life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        let _ = (key, life);
        Box::pin(std::future::ready(Ok(Some(Lease::new(())))))
    }
}

/// So that several clients can be given one store.
impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        (**self).get(key)
    }

    fn get_lasting<'a>(&'a self, key: &'a str, until: Duration) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        (**self).get_lasting(key, until)
    }

    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
        (**self).put(key, token)
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        (**self).remove(key)
    }

    fn is_shared(&self) -> bool {
        (**self).is_shared()
    }

    fn lease<'a>(&'a self, key: &'a str, life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        (**self).lease(key, life)
    }
}

/// More are not kept: the first to end goes first. A client has one token, or one for each organization; used logout tokens
/// come one for each logout.
const MAX_KEPT: usize = 10_000;

/// Keeps tokens in memory, 10,000 of them at most.
///
/// A list, and no map: a client has one token, or a few, and a hash map is 6 KB of wasm.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Vec<(String, StoredToken)>>);

impl MemoryStore {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<(String, StoredToken)>) -> T) -> Result<T, Error> {
        // A panic elsewhere cannot leave a map of whole values half changed.
        Ok(work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl TokenStore for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        Box::pin(async move {
            self.with(|tokens| tokens.iter().find(|(known, _)| known == key).map(|(_, token)| token.clone()))
        })
    }

    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.with(|tokens| {
                tokens.retain(|(known, _)| known != key);
                tokens.push((key.to_owned(), token));
                // It has no clock, and needs none: what ends first is what has ended, if anything has.
                if tokens.len() > MAX_KEPT {
                    let ends = |(_, (_, token)): &(usize, &(String, StoredToken))| token.expires_at;
                    let first = tokens.iter().enumerate().min_by_key(ends).map(|(at, _)| at);
                    first.map(|at| tokens.swap_remove(at));
                }
            })
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.with(|tokens| tokens.retain(|(known, _)| known != key)) })
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::block_on;

    #[test]
    fn no_more_is_kept_than_fits() {
        let store = MemoryStore::default();
        let put = |index: u64| {
            let token = StoredToken { token: Secret::new("t"), expires_at: Duration::from_secs(1000 + index) };
            block_on(store.put(&index.to_string(), token)).unwrap();
        };
        let has = |index: u64| block_on(store.get(&index.to_string())).unwrap().is_some();
        // The first to end is in the middle.
        (500..MAX_KEPT as u64).chain(0..500).for_each(put);
        assert!(has(0) && has(500));
        put(20_000);
        put(20_000);
        assert!(!has(0) && has(1) && has(20_000) && has(500));
        put(20_001);
        assert!(!has(1) && has(2));
        assert_eq!(store.with(|tokens| tokens.len()).unwrap(), MAX_KEPT);
    }
}
