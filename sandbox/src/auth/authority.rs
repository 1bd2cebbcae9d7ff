//! Who signs, and what was issued.

use super::keys::{Key, Keys};
use crate::clock::Clock;
use crate::error::{ApiError, SandboxError};
use crate::message::Request;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// An access token that was issued and not revoked.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// When it expires, in seconds since 1970.
    pub(crate) expires_s: i64,
    pub(crate) scopes: Arc<BTreeSet<String>>,
    pub(crate) audience: String,
    /// Whether it is for the Management API.
    pub(crate) management: bool,
    /// The client that it was issued to.
    pub(crate) client_id: String,
    /// The user; `None` for a client's own token.
    pub(crate) user_id: Option<String>,
    pub(crate) session: Option<String>,
    /// The thumbprint of the key that it is bound to.
    pub(crate) jkt: Option<String>,
}

/// Keys and issued tokens.
#[derive(Debug)]
pub(crate) struct Authority {
    /// With a `/` at its end.
    issuer: String,
    /// What the Management API is called as an audience: the base URL, and the https one that clients make of the domain.
    audiences: Vec<String>,
    pub(crate) lifetime_s: i64,
    pub(crate) keys: Keys,
    /// By the whole token. One that is not here was not issued here, or was revoked.
    issued: RwLock<HashMap<String, Grant>>,
    /// Tokens from before are not good any more unless they are in the table.
    revoked_until_s: AtomicI64,
}

impl Authority {
    pub(crate) fn new(issuer: String, audiences: Vec<String>, lifetime_s: i64) -> Self {
        Self {
            issuer,
            audiences,
            lifetime_s,
            keys: Keys::default(),
            issued: RwLock::default(),
            revoked_until_s: AtomicI64::new(i64::MIN),
        }
    }

    /// Makes the key if it is not there yet.
    pub(crate) fn prepare(&self, now_ms: i64) -> Result<(), SandboxError> {
        self.keys.prepare(now_ms).map_err(SandboxError::Key)
    }

    /// A new key; the old one stays in the JWKS until it is revoked.
    pub(crate) fn rotate(&self, now_ms: i64) -> Result<(), ApiError> {
        self.keys.add(Key::new(now_ms).map_err(ApiError::internal)?);
        Ok(())
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    pub(crate) fn audience(&self) -> &str {
        self.audiences.first().map_or("", String::as_str)
    }

    pub(crate) fn is_management(&self, audience: &str) -> bool {
        self.audiences.iter().any(|known| known == audience)
    }

    /// Whether a URL is one of these paths of this tenant: by the issuer, or by an address that it listens on.
    pub(crate) fn is_own(&self, url: &str, paths: &[&str]) -> bool {
        let path = self.path_of(url);
        path.is_some_and(|path| paths.iter().any(|known| path.trim_start_matches('/') == *known))
    }

    /// The path of a URL of this tenant.
    pub(crate) fn path_of<'a>(&self, url: &'a str) -> Option<&'a str> {
        let base = crate::management::BASE;
        let origins = self.audiences.iter().filter_map(|audience| audience.strip_suffix(&format!("{base}/")));
        let mut origins = origins.chain([self.issuer.trim_end_matches('/')]);
        origins.find_map(|origin| url.strip_prefix(origin).filter(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    pub(crate) fn keep(&self, token: &str, grant: Grant, now_s: i64) {
        let mut issued = self.issued.write().unwrap_or_else(PoisonError::into_inner);
        // An expired token is told that it expired for another day; then it is forgotten. Looked at rarely: it is a walk.
        if issued.len().is_multiple_of(256) {
            issued.retain(|_, grant| grant.expires_s + 86_400 > now_s);
        }
        issued.insert(token.to_owned(), grant);
    }

    /// What a token is good for, expired or not.
    pub(crate) fn issued(&self, token: &str) -> Option<Grant> {
        let known = self.issued.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        known.or_else(|| self.remembered(token))
    }

    /// A token of a process before this one, whose keys came with the data file: it says itself what it is good for.
    fn remembered(&self, token: &str) -> Option<Grant> {
        let token = self.keys.verified(token)?;
        if token.seconds("iat")? <= self.revoked_until_s.load(Ordering::Relaxed) {
            return None;
        }
        let first = match token.claims.get("aud")? {
            serde_json::Value::Array(list) => list.first()?.as_str()?.to_owned(),
            one => one.as_str()?.to_owned(),
        };
        let scopes = token.claim("scope")?.split_whitespace().map(str::to_owned).collect();
        let subject = token.claim("sub")?;
        Some(Grant {
            expires_s: token.seconds("exp")?,
            scopes: Arc::new(scopes),
            management: self.is_management(&first),
            audience: first,
            client_id: token.claim("azp").unwrap_or_default().to_owned(),
            user_id: Some(subject.to_owned()).filter(|subject| !subject.ends_with("@clients")),
            session: None,
            jkt: token.claims.get("cnf").and_then(|cnf| cnf.get("jkt")?.as_str().map(str::to_owned)),
        })
    }

    /// The grant of a request's token, when it is good for the Management API.
    pub(crate) fn authenticate(&self, request: &Request, clock: &Clock) -> Result<Grant, ApiError> {
        let unauthorized = |message: &str| ApiError::plain(401, message);
        let header = request.header("authorization").ok_or_else(|| unauthorized("Missing authentication"))?;
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
            return Err(ApiError::new(400, "Bad HTTP authentication header format", "Bearer"));
        }
        let grant = self.issued(token.trim()).ok_or_else(|| unauthorized("Invalid token"))?;
        if grant.expires_s <= clock.now_s() {
            return Err(unauthorized("Expired token received for JSON Web Token validation"));
        }
        if !grant.management {
            return Err(unauthorized(&format!("Bad audience: expected {}", self.audience())));
        }
        Ok(grant)
    }

    /// Every token that was issued so far becomes invalid.
    pub(crate) fn revoke_all(&self, now_s: i64) {
        self.revoked_until_s.store(now_s, Ordering::Relaxed);
        self.issued.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
