//! A tenant without a socket: for programs that bring their own, and for wasm32, where there is none.

use crate::builder::{Builder, ClientSet};
use crate::exchange::{Begun, Done};
use crate::management;
use crate::message::Request;
use crate::seed::{self, Credentials};
use crate::tenant::Tenant;
use serde_json::{Value, json};
use std::fmt;

/// A tenant that is asked by calling it; made by [`crate::Builder::embed`].
pub struct Embedded {
    tenant: Tenant,
    origin: String,
    domain: String,
    clients: ClientSet,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// A request that has come in and is still to be completed, after [`Self::delay_ms`].
#[derive(Debug)]
#[must_use]
pub struct Pending(Begun);

impl Pending {
    /// How long to wait before [`Embedded::complete`], in milliseconds: not 0 where a fault says so.
    pub fn delay_ms(&self) -> u64 {
        self.0.delay_ms()
    }
}

/// What comes of a request.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// The status; 0 when the connection is to be reset instead of answered.
    pub status: u16,
    /// Names in lower case. A name may come more than once (`set-cookie`).
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Over how many milliseconds the body is to be spread.
    pub body_delay_ms: u64,
    /// After how many bytes of the body the connection is to be closed.
    pub truncate: Option<u64>,
}

impl Embedded {
    /// Settings to start from: no users, no rate limit.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(tenant: Tenant, origin: String, domain: String, clients: ClientSet) -> Self {
        Self { tenant, origin, domain, clients }
    }

    /// What a client is configured with.
    pub fn configuration(&self) -> Value {
        configuration(&self.domain, &self.origin, &self.clients)
    }

    /// Takes a request. `target` is path and query as they stand in a request line; names of headers are in lower case.
    pub fn begin(&self, method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Pending {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Pending(self.tenant.begin(Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
        }))
    }

    /// Does what was asked.
    pub fn complete(&self, pending: Pending) -> Reply {
        match self.tenant.complete(pending.0) {
            Done::Cut => Reply::default(),
            Done::Answer(answer, fault) => Reply {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
                body_delay_ms: fault.as_ref().map_or(0, |fault| fault.body_delay_ms),
                truncate: fault.as_ref().and_then(|fault| fault.truncate),
            },
        }
    }

    /// Takes and completes a request at once; delays are the caller's to keep, or not.
    pub fn answer(&self, method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Reply {
        let pending = self.begin(method, target, headers, body);
        self.complete(pending)
    }
}

/// What programs are told about a sandbox.
pub(crate) fn configuration(domain: &str, origin: &str, clients: &ClientSet) -> Value {
    let id = |number| Credentials::fixed(number).client_id;
    json!({
        "domain": domain, "origin": origin,
        "base_url": format!("{origin}{}", management::BASE), "audience": format!("{origin}{}/", management::BASE),
        "client_id": clients.demo.client_id, "client_secret": clients.demo.client_secret,
        "limited_client_id": clients.limited.client_id, "limited_client_secret": clients.limited.client_secret,
        "web_client_id": clients.web.client_id, "web_client_secret": clients.web.client_secret,
        "single_page_client_id": id(seed::SINGLE_PAGE), "native_client_id": id(seed::NATIVE),
        "sample_api": seed::API, "user_password": seed::PASSWORD,
    })
}
