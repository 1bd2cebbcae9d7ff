//! The key for a token: from the set that is kept, or fetched.

use super::keys::{Found, KeySet, KeyTimes, MAX_DOCUMENT, check_url, discovered};
use super::verifier::{Inner, Source, TokenVerifier, lock};
use crate::error::{Error, ErrorKind};
use crate::host::{Key, KeyMaterial, KeyUsage, StoredToken, Transport};
use crate::http::{Headers, HttpRequest, Method, Read, RequestBody, within};
use crate::jose::{Algorithm, Fault, JwkSet};
use crate::secret::Secret;
use std::sync::Arc;
use std::time::Duration;

impl TokenVerifier {
    pub(super) async fn key(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<Arc<Key>, Error> {
        let crypto = &*self.0.host.crypto;
        if let Source::Secret(secret) = &self.0.source {
            let known = lock(&self.0.imported).iter().find(|(_, of, _)| *of == algorithm).map(|(.., key)| key.clone());
            if let Some(key) = known {
                return Ok(key);
            }
            let key = Arc::new(crypto.import_key(KeyMaterial::Secret(secret), algorithm, KeyUsage::Verify).await?);
            lock(&self.0.imported).push((0, algorithm, key.clone()));
            return Ok(key);
        }
        let mut found = lock(&self.0.keys).find(algorithm, kid, self.now());
        if found == Found::Fetch {
            self.refresh(Some(algorithm), kid).await;
            found = lock(&self.0.keys).find(algorithm, kid, self.now());
        }
        let id = match found {
            Found::Key(id) => id,
            Found::Fail(fault) => return Err(fault.into()),
            Found::Fetch => return Err(Fault::new("keys_unavailable", "the issuer's keys cannot be had").into()),
        };
        let known = |(number, of, _): &&(u32, Algorithm, Arc<Key>)| *number == id && *of == algorithm;
        if let Some((.., key)) = lock(&self.0.imported).iter().find(known) {
            return Ok(key.clone());
        }
        let jwk = lock(&self.0.keys).jwk(id).cloned();
        let jwk = jwk.ok_or_else(|| Fault::new("key_unknown", "the issuer has just taken its key back"))?;
        let key = Arc::new(crypto.import_key(KeyMaterial::Jwk(&jwk), algorithm, KeyUsage::Verify).await?);
        let keys = lock(&self.0.keys);
        let mut imported = lock(&self.0.imported);
        imported.retain(|(number, of, _)| keys.jwk(*number).is_some() && !(*number == id && *of == algorithm));
        imported.push((id, algorithm, key.clone()));
        Ok(key)
    }

    /// Fetches the set, or waits for the call that does.
    pub(super) async fn refresh(&self, algorithm: Option<Algorithm>, kid: Option<&str>) {
        let Inner { host, policy, source, .. } = &*self.0;
        let url = if let Source::Url(url) = source { url } else { &policy.issuer };
        let name = ["jwks:", url].concat();
        let landed = host.flights.join(&name, &*host.timer, self.fetch(&name, algorithm, kid)).await;
        let now = self.now();
        let mut keys = lock(&self.0.keys);
        match landed {
            // An empty text: the set that is there will do.
            Ok(stored) if stored.token.expose().is_empty() => {}
            Ok(stored) => {
                let fetched_at = keys.began_at(stored.expires_at);
                if keys.fetched_at() != Some(fetched_at) {
                    match JwkSet::parse(stored.token.expose().as_bytes()) {
                        Ok(set) => keys.loaded(set, fetched_at),
                        Err(fault) => keys.failed(fault, now),
                    }
                }
            }
            Err(error) => keys.failed(Fault::new("keys_unavailable", error.message().to_owned()), now),
        }
    }

    async fn fetch(&self, name: &str, algorithm: Option<Algorithm>, kid: Option<&str>) -> Result<StoredToken, Error> {
        let nothing = StoredToken { token: Secret::new(""), expires_at: Duration::ZERO };
        let (store, now) = (&self.0.host.store, self.now());
        // Another call may have fetched it after this one looked, and before its turn came.
        let wanted = |algorithm| lock(&self.0.keys).find(algorithm, kid, now) == Found::Fetch;
        if !algorithm.is_none_or(wanted) {
            return Ok(nothing);
        }
        if self.0.stored
            && lock(&self.0.keys).fetched_at().is_none()
            && let Some(stored) = store.get(name).await?
        {
            let mut kept = KeySet::new(KeyTimes::default());
            let fetched_at = lock(&self.0.keys).began_at(stored.expires_at);
            // Only if it helps: what a store holds may be old, or not a set.
            if let Ok(set) = JwkSet::parse(stored.token.expose().as_bytes()) {
                kept.loaded(set, fetched_at);
                let helps = algorithm.is_some_and(|algorithm| matches!(kept.find(algorithm, kid, now), Found::Key(_)));
                if helps && stored.expires_at > now {
                    return Ok(stored);
                }
            }
        }
        let text = match within(&*self.0.host.timer, self.0.timeout, self.download()).await {
            Some(text) => text?,
            None => return Err(Error::new(ErrorKind::Timeout, "no key set came in time")),
        };
        let expires_at = lock(&self.0.keys).ends_at(self.now());
        let stored = StoredToken { token: Secret::new(text), expires_at };
        if self.0.stored {
            store.put(name, stored.clone()).await?;
        }
        Ok(stored)
    }

    async fn download(&self) -> Result<String, Error> {
        let issuer = &self.0.policy.issuer;
        let url = match &self.0.source {
            Source::Url(url) => url.clone(),
            _ => {
                let base = check_url(issuer)?;
                let place = [base.trim_end_matches('/'), "/.well-known/openid-configuration"].concat();
                discovered(&get(&*self.0.host.transport, place).await?, issuer)?
            }
        };
        let bytes = get(&*self.0.host.transport, url).await?;
        // Judged before it is kept anywhere.
        JwkSet::parse(&bytes)?;
        String::from_utf8(bytes).map_err(|_| Fault::new("keys_malformed", "the key set is no UTF-8").into())
    }
}

/// Gets a document, and not more of it than a document of its kind has.
async fn get(transport: &dyn Transport, url: String) -> Result<Vec<u8>, Error> {
    let refuse = |why: &str| Error::from(Fault::new("keys_unavailable", [&url, ": ", why].concat()));
    let mut headers = Headers::new();
    headers.append("accept", "application/json");
    let request =
        HttpRequest { method: Method::Get, url: url.clone(), headers, body: RequestBody::Empty, read: Read::Bytes };
    let mut response = transport.send(request).await.map_err(|error| refuse(&error.to_string()))?;
    if response.status != 200 {
        return Err(refuse(&["the status is ", &response.status.to_string()].concat()));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.body.next().await.map_err(|error| refuse(&error.to_string()))? {
        if bytes.len() + piece.len() > MAX_DOCUMENT {
            return Err(refuse("the document is longer than 256 KiB"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
