//! The key set of an issuer: what is kept of it, and when it is fetched. Pure: time and answers come in, what to do comes
//! out: `fetch.rs` does it. The npm package has the same rules in `pkg-template/src/key-set.js`.

use crate::domain;
use crate::jose::json::{Node, member, object};
use crate::jose::{Algorithm, Fault, Jwk, JwkSet};
use std::time::Duration;

/// The longest key set, or discovery document, in bytes.
pub(crate) const MAX_DOCUMENT: usize = 256 * 1024;

/// A fetch of keys that are wanted at once is repeated after this, when it failed.
const AFTER_FAILURE: Duration = Duration::from_secs(3);

/// A clock is set back by this much without anybody noticing.
const CLOCK_STEP: Duration = Duration::from_secs(60);

/// When keys are fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyTimes {
    pub(crate) ttl: Duration,
    /// How long after that they are used when no new ones can be had.
    pub(crate) stale: Duration,
    /// Between two fetches for keys that are not known.
    pub(crate) cooldown: Duration,
}

impl Default for KeyTimes {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(600), stale: Duration::from_secs(3600), cooldown: Duration::from_secs(30) }
    }
}

/// The keys, and how old they are.
#[derive(Debug)]
pub(crate) struct KeySet {
    times: KeyTimes,
    keys: Vec<(u32, Jwk)>,
    next_id: u32,
    fetched_at: Option<Duration>,
    /// When the last fetch ended, and how it failed.
    tried_at: Option<Duration>,
    failure: Option<Fault>,
    /// A set that was given, and never changes.
    fixed: bool,
}

/// What to do for a token.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// Use the key of this number.
    Key(u32),
    /// Fetch the set, and look again.
    Fetch,
    /// Refuse it.
    Fail(Fault),
}

/// The time since then; `None` when that lies in the future, which is to say that the clock jumped.
fn since(now: Duration, then: Option<Duration>) -> Option<Duration> {
    let then = then?;
    if now.saturating_add(CLOCK_STEP) < then { None } else { Some(now.saturating_sub(then)) }
}

impl KeySet {
    pub(crate) fn new(times: KeyTimes) -> Self {
        Self { times, keys: Vec::new(), next_id: 0, fetched_at: None, tried_at: None, failure: None, fixed: false }
    }

    /// Keys that are given.
    pub(crate) fn fixed(set: JwkSet) -> Self {
        let mut keys = Self::new(KeyTimes::default());
        keys.loaded(set, Duration::ZERO);
        keys.fixed = true;
        keys
    }

    /// The key for a token.
    pub(crate) fn find(&self, algorithm: Algorithm, kid: Option<&str>, now: Duration) -> Found {
        let found = self.look(algorithm, kid);
        if self.fixed {
            return found.map_or_else(Found::Fail, Found::Key);
        }
        let age = since(now, self.fetched_at);
        let wait = if self.fetched_at.is_some() { self.times.cooldown } else { AFTER_FAILURE };
        let rests = since(now, self.tried_at).is_some_and(|tried| tried < wait);
        let fresh = age.is_some_and(|age| age < self.times.ttl);
        let usable = age.is_some_and(|age| age < self.times.ttl.saturating_add(self.times.stale));
        match found {
            Ok(id) if fresh || (usable && rests) => Found::Key(id),
            // A key that is there and is not for this: no other set will have another one of its id.
            Err(fault) if fresh && fault.code != "key_unknown" => Found::Fail(fault),
            _ if !rests => Found::Fetch,
            // Failing to get a new set is why the key is not known.
            _ if self.failure.is_some() || !usable => Found::Fail(self.unavailable()),
            found => found.map_or_else(Found::Fail, Found::Key),
        }
    }

    fn look(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<u32, Fault> {
        let unsuitable = |jwk: &Jwk| jwk.unsuitable(algorithm, "verify");
        let Some(kid) = kid else {
            // RFC 7515, section 4.1.4: without an id there must be no choice.
            let mut fit = self.keys.iter().filter(|(_, jwk)| unsuitable(jwk).is_none());
            return match (fit.next(), fit.next()) {
                (Some((id, _)), None) => Ok(*id),
                (None, _) => Err(Fault::new("key_unknown", "the issuer has no key for the token's algorithm")),
                _ => Err(Fault::new("key_id_missing", "the token names no key (kid), and the issuer has several")),
            };
        };
        let mut why = None;
        for (id, jwk) in self.keys.iter().filter(|(_, jwk)| jwk.kid.as_deref() == Some(kid)) {
            match unsuitable(jwk) {
                None => return Ok(*id),
                fault => why = fault,
            }
        }
        Err(why.unwrap_or_else(|| Fault::found("key_unknown", "a key of the issuer was expected", kid)))
    }

    fn unavailable(&self) -> Fault {
        let why = self.failure.as_ref().map_or("nothing was fetched", |failure| &failure.message);
        Fault::new("keys_unavailable", ["the issuer's keys cannot be had: ", why].concat())
    }

    /// A set has come; it was fetched then. Keys that were there before keep their numbers, so that what was made of them
    /// stays good.
    pub(crate) fn loaded(&mut self, set: JwkSet, at: Duration) {
        let mut old = std::mem::take(&mut self.keys);
        for jwk in set.0 {
            let known = old.iter().position(|(_, known)| *known == jwk).map(|at| old.swap_remove(at).0);
            let id = known.unwrap_or_else(|| {
                self.next_id = self.next_id.wrapping_add(1);
                self.next_id
            });
            self.keys.push((id, jwk));
        }
        (self.fetched_at, self.tried_at, self.failure) = (Some(at), Some(at), None);
    }

    /// No set has come. What is there stays.
    pub(crate) fn failed(&mut self, fault: Fault, now: Duration) {
        (self.tried_at, self.failure) = (Some(now), Some(fault));
    }

    pub(crate) fn jwk(&self, id: u32) -> Option<&Jwk> {
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, jwk)| jwk)
    }

    /// When the set was fetched.
    pub(crate) fn fetched_at(&self) -> Option<Duration> {
        self.fetched_at
    }

    /// When it must not be used any more, if it was fetched then.
    pub(crate) fn ends_at(&self, fetched_at: Duration) -> Duration {
        fetched_at.saturating_add(self.times.ttl).saturating_add(self.times.stale)
    }

    /// The opposite of [`KeySet::ends_at`].
    pub(crate) fn began_at(&self, ends_at: Duration) -> Duration {
        ends_at.saturating_sub(self.times.ttl).saturating_sub(self.times.stale)
    }
}

/// Where the keys are, by the discovery document of the issuer (OpenID Connect Discovery 1.0, section 4.3).
pub(crate) fn discovered(bytes: &[u8], issuer: &str) -> Result<String, Fault> {
    let refuse = |why: &'static str| Fault::new("keys_malformed", why);
    let document = object(bytes).map_err(|_| refuse("the discovery document is no JSON object"))?;
    let text = |name: &str| member(&document, name).and_then(Node::text).unwrap_or_default();
    if text("issuer") != issuer {
        return Err(Fault::found("keys_malformed", "the discovery document is of another issuer", text("issuer")));
    }
    check_url(text("jwks_uri"))
}

/// https, or a loopback host.
pub(crate) fn check_url(url: &str) -> Result<String, Fault> {
    match url.split_once('?').map_or(url, |(place, _)| place) {
        place if domain::parse_base_url(place).is_ok() && !url.contains('#') => Ok(url.to_owned()),
        _ => Err(Fault::found("keys_malformed", "an https URL of a key set was expected", url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);
    const START: Duration = Duration::from_secs(1_000_000);
    const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}"#;

    fn set(keys: &str) -> Result<JwkSet, Fault> {
        JwkSet::parse(format!("{{\"keys\":[{keys}]}}").as_bytes())
    }

    fn find(keys: &KeySet, kid: &str, now: Duration) -> Result<Option<u32>, &'static str> {
        match keys.find(Algorithm::EdDSA, Some(kid), now) {
            Found::Key(id) => Ok(Some(id)),
            Found::Fetch => Ok(None),
            Found::Fail(fault) => Err(fault.code),
        }
    }

    #[test]
    fn fetched_when_needed_and_no_more() {
        let mut keys = KeySet::new(KeyTimes::default());
        assert_eq!(find(&keys, "a", START), Ok(None));
        keys.loaded(set(KEY).unwrap(), START);
        assert_eq!(find(&keys, "a", START), Ok(Some(1)));
        assert_eq!(find(&keys, "a", START + 599 * S), Ok(Some(1)));
        // An unknown key: once each cooldown, whatever the number of tokens.
        assert_eq!(find(&keys, "b", START + 29 * S), Err("key_unknown"));
        assert_eq!(find(&keys, "b", START + 30 * S), Ok(None));
        keys.loaded(set(KEY).unwrap(), START + 30 * S);
        assert_eq!(find(&keys, "b", START + 59 * S), Err("key_unknown"));
        assert_eq!(find(&keys, "c", START + 59 * S), Err("key_unknown"));
        assert_eq!(find(&keys, "b", START + 60 * S), Ok(None));
        // Too old.
        assert_eq!(find(&keys, "a", START + 630 * S), Ok(None));
    }

    #[test]
    fn old_keys_serve_while_no_new_ones_come() {
        let mut keys = KeySet::new(KeyTimes::default());
        keys.loaded(set(KEY).unwrap(), START);
        let late = START + 600 * S;
        keys.failed(Fault::new("keys_malformed", "HTML"), late);
        assert_eq!(find(&keys, "a", late), Ok(Some(1)));
        assert_eq!(find(&keys, "b", late), Err("keys_unavailable"));
        assert_eq!(find(&keys, "a", late + 29 * S), Ok(Some(1)));
        assert_eq!(find(&keys, "a", late + 30 * S), Ok(None));
        let end = START + 4200 * S;
        keys.failed(Fault::new("keys_malformed", "HTML"), end);
        assert_eq!(find(&keys, "a", end), Err("keys_unavailable"));
        keys.loaded(set(KEY).unwrap(), end);
        assert_eq!(find(&keys, "a", end), Ok(Some(1)));
    }

    #[test]
    fn nothing_yet() {
        let mut keys = KeySet::new(KeyTimes::default());
        keys.failed(Fault::new("keys_malformed", "HTML"), START);
        assert_eq!(find(&keys, "a", START + 2 * S), Err("keys_unavailable"));
        assert_eq!(find(&keys, "a", START + 3 * S), Ok(None));
    }

    #[test]
    fn a_clock_that_jumps() {
        let mut keys = KeySet::new(KeyTimes::default());
        keys.loaded(set(KEY).unwrap(), START);
        assert_eq!(find(&keys, "a", START - 30 * S), Ok(Some(1)));
        // Far back: nobody knows how old the keys are. They are fetched again, and are good again.
        let back = START - 5000 * S;
        assert_eq!(find(&keys, "a", back), Ok(None));
        keys.loaded(set(KEY).unwrap(), back);
        assert_eq!(find(&keys, "a", back), Ok(Some(1)));
        assert_eq!(find(&keys, "a", START + 1_000_000 * S), Ok(None));
        assert_eq!(find(&keys, "a", Duration::MAX), Ok(None));
    }

    #[test]
    fn sets_are_limited_and_unknown_keys_left_out() {
        let many = |count: usize| set(&vec![KEY; count].join(","));
        assert_eq!(many(100).unwrap().0.len(), 100);
        assert_eq!(many(101).unwrap_err().code, "keys_malformed");
        assert_eq!(set("").unwrap_err().code, "keys_malformed");
        let mixed =
            r#"{"kty":"ML-KEM","x":"1"},7,null,{"kty":"oct","k":"c2VjcmV0"},{"kty":"RSA","n":"AQAB","e":"AQAB"},"#;
        let taken = set(&format!("{mixed}{KEY}")).unwrap();
        assert_eq!(taken.0.len(), 1);
        assert!(set(mixed.trim_end_matches(',')).is_err());
        let html = JwkSet::parse(b"\n<html>").unwrap_err();
        assert!(html.message.contains("HTML"), "{}", html.message);
    }

    #[test]
    fn discovery() {
        let document = |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
        let found = |text: &str| discovered(text.as_bytes(), "https://t.example/");
        assert_eq!(found(&document("https://t.example/", "https://k.example/k?x")).unwrap(), "https://k.example/k?x");
        assert!(found(&document("https://t.example/", "http://127.0.0.1:1/k")).is_ok());
        for wrong in [
            document("https://t.example", "https://k.example/k"),
            document("https://t.example/", "http://k.example/k"),
            document("https://t.example/", "file:///k"),
            document("https://t.example/", ""),
            "[]".to_owned(),
        ] {
            assert_eq!(found(&wrong).unwrap_err().code, "keys_malformed", "{wrong}");
        }
    }
}
