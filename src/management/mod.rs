//! The Management API: 491 operations, which are data, and one way to call them.

mod api;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
mod blocking;
mod call;
#[cfg(feature = "models")]
pub(crate) mod model;
mod op;
mod pages;
#[cfg(feature = "events")]
mod subscription;
#[cfg(feature = "jobs")]
mod user_jobs;

#[cfg(feature = "models")]
#[allow(unused_imports, reason = "each group is behind its feature")]
pub use api::*;
#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub use blocking::Blocking;
#[cfg(feature = "jobs")]
pub use call::Work;
pub use call::{Call, Response};
#[cfg(feature = "models")]
pub use model::{Count, Extra, TextOrNumber};
#[doc(hidden)]
pub use pages::PageFacts;
pub use pages::{Items, Page, PageOf, Pages};
#[cfg(feature = "events")]
pub use subscription::{Received, Subscription};
#[cfg(feature = "export")]
pub use user_jobs::Lines;
#[cfg(feature = "jobs")]
pub use user_jobs::Waiting;

#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
pub(crate) use blocking::Runtime;
pub(crate) use call::{RequestOptions, decode};
pub(crate) use op::Operation;

use crate::client::ManagementBuilder;
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::http::path::{self, Query};
use crate::http::{Answer, Headers, Limits, Plan, Read, RequestBody, check_header, run};
use crate::pace::Priority;
use crate::token::TokenSource;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A client of the Management API. Cheap to clone; clones share connections, settings and tokens.
///
/// ```no_run
/// # async fn run() -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::ManagementClient;
///
/// let auth0 = ManagementClient::builder("tenant.us.auth0.com").client_credentials("id", "secret").build()?;
/// let user = auth0.operation("users.get").path("auth0|1").query("fields", "email,name").await?;
/// println!("{}", user["email"]);
///
/// let mut users = auth0.operation("users.list").query("q", "email:*@example.com").items();
/// while let Some(user) = users.next().await {
///     println!("{}", user?["user_id"]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ManagementClient {
    pub(crate) core: Arc<Core>,
    pub(crate) priority: Priority,
}

/// What all calls of a client share.
pub(crate) struct Core {
    pub(crate) host: Host,
    pub(crate) settings: Settings,
    pub(crate) token: TokenSource,
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) runtime: blocking::Runtime,
}

/// What a client was told, checked. Apart from the host, which the npm package has none of.
pub(crate) struct Settings {
    /// Without a slash at the end: `https://tenant.us.auth0.com/api/v2`.
    pub(crate) base_url: String,
    pub(crate) headers: Headers,
    pub(crate) custom_domain: Option<String>,
    pub(crate) limits: Limits,
}

impl ManagementClient {
    /// Starts a client for a tenant's domain: `tenant.us.auth0.com`, or a custom domain.
    pub fn builder(domain: impl Into<String>) -> ManagementBuilder {
        ManagementBuilder::new(domain.into())
    }

    /// A call of an operation by its id, untyped: `users.list`, `users.authenticationMethods.list`, with the names of the
    /// `auth0` npm package. An id that does not exist is reported when the call is made.
    pub fn operation(&self, id: &str) -> Call {
        Call::new(self.core.clone(), Operation::find(id)).priority(self.priority)
    }

    /// The same client, for calls of another priority: the nightly job's part of a program that has a limiter.
    pub fn with_priority(&self, priority: Priority) -> Self {
        Self { core: self.core.clone(), priority }
    }

    /// A call with a typed answer, for the generated methods.
    #[cfg(feature = "models")]
    #[allow(dead_code, reason = "the groups use it, and `models` alone has none")]
    pub(crate) fn typed<T, P>(&self, id: &str) -> Call<T, P> {
        Call::new(self.core.clone(), Operation::find(id)).priority(self.priority)
    }

    /// Buys the next token when the one that is kept ends within this time, so that no call has to wait for it. For what runs
    /// behind a call: a Worker's `waitUntil`, a task on a timer. It asks for nothing but the store until that time has come; one
    /// machine buys for all that share a store. Where no token is kept, or none that a call would still take, there is nothing to do:
    /// the next call buys one. Without client credentials neither.
    ///
    /// Of a token's life the half at most is taken: one that lives for an hour is bought anew after half an hour at the earliest.
    ///
    /// # Errors
    /// As those of a call that needs a token. The token that is kept is not touched.
    pub async fn refresh_token_ahead(&self, ahead: Duration) -> Result<(), Error> {
        let Core { host, settings, token, .. } = &*self.core;
        token.refresh_ahead(host, &settings.limits, ahead).await
    }

    /// The ids of all operations, sorted.
    pub fn operations() -> impl Iterator<Item = &'static str> {
        api::OPERATIONS.iter().map(|(id, _)| *id)
    }
}

impl fmt::Debug for ManagementClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagementClient").field("base_url", &self.core.settings.base_url).finish_non_exhaustive()
    }
}

/// What a call brings along, with everything in the form in which it is sent.
pub(crate) struct Input<'a> {
    pub(crate) path: &'a [String],
    pub(crate) query: Query,
    pub(crate) body: Option<RequestBody>,
    pub(crate) read: Read,
    pub(crate) options: &'a RequestOptions,
}

impl Core {
    /// Calls an operation. The query gets the paging parameters that the caller left out.
    pub(crate) async fn send(&self, operation: &Operation<'_>, input: Input<'_>) -> Result<Answer, Error> {
        let query = input.query.clone();
        let result = match self.settings.plan(operation, input) {
            Ok(plan) => run(&self.host, Plan { token: Some(&self.token), ..plan }).await,
            Err(error) => Err(error),
        };
        result.map_err(|error| operation.explain(&query, error))
    }
}

impl Settings {
    /// What a call sends, but for its token.
    pub(crate) fn plan<'a>(&'a self, operation: &Operation<'a>, input: Input<'_>) -> Result<Plan<'a>, Error> {
        let Input { path, mut query, body, mut read, options } = input;
        let path = path::fill(operation.path, path)?;
        if let Some(paging) = &operation.paging {
            paging.prepare(&mut query)?;
        }
        if body.is_some() && !operation.takes_body() {
            return Err(Error::new(ErrorKind::Request, "a body was given, and this operation takes none"));
        }
        if body.is_none() && operation.needs_body() {
            return Err(Error::new(ErrorKind::Request, "the body is missing"));
        }
        options.query.iter().for_each(|(key, _)| query.remove(key));
        options.query.iter().for_each(|(key, value)| query.push(key.as_str(), value.as_str()));
        let mut headers = self.headers.clone();
        if operation.is_event_stream() {
            headers.set("accept", "text/event-stream");
            read = Read::Unread;
        }
        if body.is_some() && !operation.is_multipart() {
            headers.set("content-type", "application/json");
        }
        if let Some(domain) = &self.custom_domain {
            headers.set("auth0-custom-domain", domain.as_str());
        }
        options.apply(&mut headers)?;
        if !operation.takes_custom_domain() {
            headers.remove("auth0-custom-domain");
        }
        Ok(Plan {
            operation: operation.id,
            method: operation.method,
            template: operation.path,
            url: query.url(&self.base_url, &path),
            headers,
            body: body.unwrap_or_default(),
            idempotent: operation.method.is_idempotent(),
            read,
            token: None,
            secrets: Vec::new(),
            limits: options.limits(&self.limits),
            priority: options.priority,
        })
    }
}

impl RequestOptions {
    /// The client's limits, with what this call says instead.
    pub(crate) fn limits(&self, limits: &Limits) -> Limits {
        Limits {
            timeout: self.timeout.unwrap_or(limits.timeout),
            deadline: self.deadline.or(limits.deadline),
            max_retries: self.max_retries.unwrap_or(limits.max_retries),
            retry: limits.retry.clone(),
            attempt_ends_at: limits.attempt_ends_at,
        }
    }

    /// Puts this call's headers in the place of the client's; one without a value removes.
    pub(crate) fn apply(&self, headers: &mut Headers) -> Result<(), Error> {
        for (name, value) in &self.headers {
            match value {
                Some(value) => {
                    check_header(name, value.expose(), ErrorKind::Request)?;
                    headers.set(name.clone(), value.expose());
                }
                None => headers.remove(name),
            }
        }
        Ok(())
    }
}
