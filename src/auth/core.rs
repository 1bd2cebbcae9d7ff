//! What all calls of an [`AuthenticationClient`](super::AuthenticationClient) share, and how one is made.

use super::call::Parts;
use super::discovery::Kept;
use super::endpoint::{Credential, Endpoint, Sender, prepare};
use super::share::{Reply, Shares};
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::http::{Answer, Headers, Limits, Plan, Read, RequestBody, run};
use crate::pace::Priority;
use crate::retry::{Attempt, Decision, Outcome, Retry};
use crate::secret::Secret;
use crate::token::TokenProvider;
use crate::verify::TokenVerifier;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How the client proves who it is.
#[derive(Clone)]
pub(crate) enum Authentication {
    None,
    Post(Secret),
    Basic(Secret),
    /// A new assertion for each request.
    Assertion(Arc<dyn TokenProvider>),
    Certificate,
}

pub(crate) struct Core {
    pub(crate) host: Host,
    /// Scheme, host and port, without a slash at the end.
    pub(crate) origin: String,
    /// Where the client's certificate is asked for.
    pub(crate) mtls_origin: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) authentication: Authentication,
    /// Requests carry proofs of possession.
    pub(crate) proves: bool,
    pub(crate) headers: Headers,
    pub(crate) limits: Limits,
    pub(crate) shares: Shares,
    /// What the tenant says of itself.
    pub(crate) kept: Kept,
    /// Of ID tokens; `None` without a client id.
    pub(crate) verifier: Option<TokenVerifier>,
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) runtime: crate::management::Runtime,
}

impl Core {
    /// The issuer of this tenant's tokens: the origin with a slash.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/", self.origin)
    }

    /// The client id.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the client has none.
    pub(crate) fn client_id(&self) -> Result<&str, Error> {
        self.client_id
            .as_deref()
            .ok_or_else(|| Error::new(ErrorKind::Config, "this needs a client id, and the client has none"))
    }

    /// Sends a call, or joins one that sends the same.
    pub(crate) async fn exchange(self: Arc<Self>, parts: Parts) -> Result<Answer, Error> {
        if parts.kept {
            return self.kept_or_asked(parts).await;
        }
        if !parts.shared {
            return self.send(&parts, &self.limits).await;
        }
        let key = parts.params.form();
        let core = self.clone();
        let request = move || Box::pin(async move { core.send(&parts, &core.limits).await.map(Reply::from) }) as _;
        Ok(self.shares.join(&key, request).await?.into())
    }

    /// Sends a call, with these limits where it has none of its own.
    pub(crate) async fn send(&self, parts: &Parts, limits: &Limits) -> Result<Answer, Error> {
        let endpoint = parts.endpoint.as_ref().map_err(Clone::clone)?;
        let mut limits = parts.options.limits(limits);
        if !endpoint.is_repeatable() {
            limits.retry = Arc::new(Once(limits.retry));
        }
        let signs = endpoint.authenticates() && matches!(self.authentication, Authentication::Assertion(_));
        if !signs {
            let credential = self.credential(endpoint).await?;
            return run(&self.host, self.plan(endpoint, &credential, parts, limits)?).await;
        }
        // An assertion is good for one use (RFC 7523, section 3, `jti`): what the server has seen is not sent again.
        let ends_at = limits.deadline.map(|deadline| self.host.timer.now().saturating_add(deadline));
        let mut tries = 0;
        // A request for a nonce is an answer too, and no failure that counts.
        let mut challenge: Option<(Error, Credential)> = None;
        loop {
            let turn = Arc::new(Turn { inner: limits.retry.clone(), earlier: tries, asked: Mutex::new(None) });
            let left = ends_at.map(|end| end.saturating_sub(self.host.timer.now()));
            let max_retries = limits.max_retries.saturating_sub(tries);
            let once = Limits { retry: turn.clone(), deadline: left, max_retries, ..limits.clone() };
            let credential = self.credential(endpoint).await?;
            if let Some((error, Credential::Assertion(seen))) = &challenge
                && matches!(&credential, Credential::Assertion(next) if next == seen)
            {
                let hint =
                    "the server wants a nonce in the proof, and has seen the assertion: give a provider of assertions";
                return Err(error.clone().with_hint(hint));
            }
            let error = match run(&self.host, self.plan(endpoint, &credential, parts, once)?).await {
                Ok(answer) => {
                    let before = tries + u32::from(challenge.is_some());
                    return Ok(Answer { attempts: answer.attempts + before, ..answer });
                }
                Err(error) => error,
            };
            // The transport has learned the nonce (RFC 9449, section 8), and leaves the assertion to its maker.
            if self.proves && challenge.is_none() && error.code() == Some("use_dpop_nonce") {
                challenge = Some((error, credential));
                continue;
            }
            let asked = turn.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
            tries += error.attempts();
            let Some(wait) = asked.filter(|_| tries <= limits.max_retries) else { return Err(error) };
            let next_at = self.host.timer.now().saturating_add(wait);
            if ends_at.is_some_and(|end| next_at >= end) {
                return Err(error.with_hint("the next try would be after the deadline"));
            }
            self.host.timer.sleep(wait).await;
        }
    }

    async fn credential(&self, endpoint: &Endpoint<'_>) -> Result<Credential, Error> {
        Ok(match &self.authentication {
            Authentication::Post(secret) => Credential::Post(secret.clone()),
            Authentication::Basic(secret) => Credential::Basic(secret.clone()),
            Authentication::Assertion(provider) if endpoint.authenticates() => {
                let assertion = provider.token().await?;
                if assertion.expose().is_empty() {
                    return Err(Error::new(ErrorKind::Auth, "the client assertion is empty"));
                }
                Credential::Assertion(assertion)
            }
            Authentication::Certificate => Credential::Certificate,
            _ => Credential::None,
        })
    }

    fn plan<'a>(
        &'a self,
        endpoint: &Endpoint<'a>,
        credential: &Credential,
        parts: &Parts,
        limits: Limits,
    ) -> Result<Plan<'a>, Error> {
        let certified = endpoint.authenticates() || endpoint.bearer().is_some();
        let sender = Sender {
            origin: self.mtls_origin.as_ref().filter(|_| certified).unwrap_or(&self.origin),
            client_id: self.client_id.as_deref(),
            credential,
            headers: &self.headers,
            bearer: parts.bearer.as_ref(),
        };
        let mut prepared = prepare(endpoint, &sender, &parts.path, &parts.params)?;
        let mut body = match prepared.body {
            text if text.is_empty() => RequestBody::Empty,
            text => RequestBody::Bytes(text.into_bytes().into()),
        };
        if let Some((content_type, raw)) = &parts.raw_body {
            prepared.headers.set("content-type", *content_type);
            body = raw.clone();
        }
        parts.options.apply(&mut prepared.headers)?;
        Ok(Plan {
            operation: endpoint.id,
            method: endpoint.method,
            template: endpoint.path,
            url: prepared.url,
            headers: prepared.headers,
            body,
            idempotent: endpoint.is_repeatable(),
            // Not Json, which on wasm32 would stay in JavaScript.
            read: Read::Bytes,
            token: None,
            secrets: prepared.secrets,
            limits,
            priority: Priority::default(),
        })
    }

    /// Waits, on the host's clock.
    pub(crate) async fn sleep(&self, wait: Duration) {
        self.host.timer.sleep(wait).await;
    }
}

/// Repeats only what was surely not processed: a request that was not sent, or that was refused with 429.
pub(crate) struct Once(pub(crate) Arc<dyn Retry>);

impl Retry for Once {
    fn decide(&self, attempt: &Attempt<'_>) -> Decision {
        match attempt.outcome {
            Outcome::Status { status: 429, .. } | Outcome::NoAnswer { may_have_been_sent: false } => {
                self.0.decide(attempt)
            }
            _ => Decision::Stop,
        }
    }
}

/// Stops each time the server may have seen the assertion, and remembers after which wait another one may be sent.
struct Turn {
    inner: Arc<dyn Retry>,
    earlier: u32,
    asked: Mutex<Option<Duration>>,
}

impl Retry for Turn {
    fn decide(&self, attempt: &Attempt<'_>) -> Decision {
        let decision = self.inner.decide(&Attempt { number: attempt.number + self.earlier, ..*attempt });
        match (decision, attempt.outcome) {
            (Decision::Wait(_), Outcome::NoAnswer { may_have_been_sent: false }) => decision,
            (Decision::Wait(wait), _) => {
                *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(wait);
                Decision::Stop
            }
            _ => decision,
        }
    }
}
