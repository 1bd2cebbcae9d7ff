//! A request from its arrival to its answer, without a socket: faults, the journal, and the headers that all answers have.
//! Whoever has the socket waits, cuts and drips as it is told here.

use crate::control;
#[cfg(not(target_arch = "wasm32"))]
use crate::error::ApiError;
use crate::faults::Fault;
use crate::ids;
use crate::journal::Entry;
use crate::message::{Answer, Request};
use crate::tenant::Tenant;

/// Headers that a page of another origin may read.
const EXPOSED: &str = "x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, retry-after, retry-after-ms, x-auth0-requestid, x-sandbox-sampled, dpop-nonce, www-authenticate";

/// A request that has come in.
#[derive(Debug)]
pub(crate) struct Begun {
    request: Request,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Preflight,
    Control,
    Call { entry: Box<Entry>, fault: Option<Box<Fault>> },
}

/// What comes of a request.
#[derive(Debug)]
pub(crate) enum Done {
    /// An answer, and the fault that its body suffers.
    Answer(Answer, Option<Box<Fault>>),
    /// The connection is to be reset.
    Cut,
}

impl Begun {
    /// How long to wait before it is completed, in milliseconds.
    pub(crate) fn delay_ms(&self) -> u64 {
        match &self.kind {
            Kind::Call { fault: Some(fault), .. } => fault.delay_ms,
            _ => 0,
        }
    }

    /// Whether completing it may take a while, as seeding does.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn is_control(&self) -> bool {
        matches!(self.kind, Kind::Control)
    }
}

impl Tenant {
    /// Notes a request and looks which fault is for it.
    pub(crate) fn begin(&self, request: Request) -> Begun {
        let kind = if request.method == "OPTIONS" {
            Kind::Preflight
        } else if request.path.starts_with(control::BASE) {
            Kind::Control
        } else {
            let operation = self.operation(&request);
            let mut entry = Entry::new(&request, operation.clone(), self.clock.now_ms());
            let fault = self.faults.take(&request, operation.as_deref()).map(Box::new);
            entry.fault = fault.is_some();
            Kind::Call { entry: Box::new(entry), fault }
        };
        Begun { request, kind }
    }

    /// Does what was asked, or what the fault says instead.
    pub(crate) fn complete(&self, begun: Begun) -> Done {
        let Begun { request, kind } = begun;
        let (mut answer, fault) = match kind {
            Kind::Preflight => (preflight(), None),
            Kind::Control => (control::handle(self, &request), None),
            Kind::Call { mut entry, fault } => {
                if fault.as_ref().is_some_and(|fault| fault.reset) {
                    self.journal.add(*entry);
                    return Done::Cut;
                }
                let instead = fault.as_ref().and_then(|fault| fault.instead());
                let mut answer = instead.unwrap_or_else(|| self.handle(&request));
                fault.iter().for_each(|fault| fault.lay_over(&mut answer));
                entry.status = Some(answer.status);
                self.journal.add(*entry);
                (answer, fault)
            }
        };
        finish(&mut answer, request.header("access-control-request-headers"));
        Done::Answer(answer, fault)
    }
}

fn preflight() -> Answer {
    Answer::empty(204)
        .with("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE")
        .with("access-control-max-age", "600")
}

/// An answer to what could not be read as a request.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn refused(error: &ApiError) -> Answer {
    let mut answer = error.answer();
    finish(&mut answer, None);
    answer
}

/// The headers of every answer.
fn finish(answer: &mut Answer, asked_headers: Option<&str>) {
    answer.set("access-control-allow-origin", "*");
    answer.set("access-control-expose-headers", EXPOSED);
    if let Some(asked) = asked_headers {
        answer.set("access-control-allow-headers", asked);
    }
    if let Ok(id) = ids::hex(20) {
        answer.set("x-auth0-requestid", id);
    }
}
