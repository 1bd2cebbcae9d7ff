//! What the tenant says of itself. It is asked for once in a while, and kept between.

use super::AuthenticationClient;
use super::call::{AuthCall, Parts, json};
use super::core::Core;
use super::share::Reply;
use crate::Json;
use crate::error::Error;
use crate::http::Answer;
use serde::Deserialize;
use serde_json::Map;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an answer is kept.
const LIFE: Duration = Duration::from_secs(600);

/// A call about the tenant itself. Its answer is kept for 10 minutes; calls that wait for one share it.
#[derive(Debug)]
pub enum Discovery {}

/// The metadata of the tenant (OpenID Connect Discovery 1.0, section 3; RFC 8414).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The issuer of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// The authorization endpoint.
    #[serde(default)]
    pub authorization_endpoint: Option<String>,
    /// The token endpoint.
    #[serde(default)]
    pub token_endpoint: Option<String>,
    /// The userinfo endpoint.
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    /// Whether an answer of the authorization endpoint names its issuer (RFC 9207, section 3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// The tenant's metadata (`GET /.well-known/openid-configuration`). It is kept for 10 minutes.
    pub fn metadata(&self) -> AuthCall<Metadata, Discovery> {
        AuthCall::new(&self.core, "discovery.configuration", json).kept()
    }

    /// The tenant's public keys as a JWK set (`GET /.well-known/jwks.json`, RFC 7517, section 5). It is kept for 10 minutes. To
    /// verify tokens there is no need to ask: a [`TokenVerifier`](crate::verify::TokenVerifier) does, and knows when to ask again.
    pub fn jwks(&self) -> AuthCall<Json, Discovery> {
        AuthCall::new(&self.core, "discovery.jwks", json).kept()
    }
}

impl<T> AuthCall<T, Discovery> {
    fn kept(mut self) -> Self {
        self.parts.kept = true;
        self
    }

    /// Asks the tenant in any case. The answer takes the place of the one that is kept.
    pub fn fresh(mut self) -> Self {
        self.parts.fresh = true;
        self
    }
}

/// Answers, and when each was asked for.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<(&'static str, Duration, Reply)>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Vec<(&'static str, Duration, Reply)>> {
        // What it holds is whole at every line.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &str, now: Duration) -> Option<Reply> {
        // A clock that was set back makes nothing last longer.
        let is_good = |asked_at: Duration| asked_at <= now && now < asked_at.saturating_add(LIFE);
        let kept = self.lock();
        kept.iter().find(|(known, asked_at, _)| *known == id && is_good(*asked_at)).map(|(.., reply)| reply.clone())
    }

    fn put(&self, id: &'static str, now: Duration, reply: Reply) {
        let mut kept = self.lock();
        kept.retain(|(known, ..)| *known != id);
        kept.push((id, now, reply));
    }
}

impl Core {
    /// The answer that is kept, or that of a request which all who wait share.
    pub(crate) async fn kept_or_asked(self: Arc<Self>, parts: Parts) -> Result<Answer, Error> {
        let id = parts.endpoint.as_ref().map_err(Clone::clone)?.id;
        // What is asked for in a way of its own has an answer of its own.
        let plain = parts.params.iter().next().is_none() && parts.options.headers.is_empty();
        if !plain {
            return self.send(&parts, &self.limits).await;
        }
        let now = self.host.timer.now();
        if let Some(reply) = self.kept.get(id, now).filter(|_| !parts.fresh) {
            return Ok(Answer { attempts: 0, ..reply.into() });
        }
        let core = self.clone();
        let request = move || {
            let request = async move {
                let reply = core.send(&parts, &core.limits).await.map(Reply::from)?;
                core.kept.put(id, now, reply.clone());
                Ok(reply)
            };
            Box::pin(request) as _
        };
        Ok(self.shares.join(id, request).await?.into())
    }
}
