//! What lives for minutes: codes, pages on their way, pending devices, challenges. It is in memory only.

use super::parameters::Parameters;
use crate::error::ApiError;
use serde_json::Value;
use std::collections::HashMap;

/// How a user was logged in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub(crate) user_id: String,
    pub(crate) connection: String,
    pub(crate) session: Option<String>,
    /// When, in seconds since 1970.
    pub(crate) at_s: i64,
    pub(crate) methods: Vec<String>,
    /// The id of the organization.
    pub(crate) organization: Option<String>,
}

/// What a client asks tokens for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) audience: Option<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// The thumbprint of the key that the tokens are bound to.
    pub(crate) jkt: Option<String>,
    pub(crate) details: Option<Value>,
    /// Whether `auth_time` is wanted in the ID token.
    pub(crate) auth_time: bool,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<(String, String)>,
    pub(crate) asked: Asked,
    pub(crate) login: Login,
    pub(crate) expires_s: i64,
    /// The refresh token that it was spent for: a second use revokes it.
    pub(crate) spent: Option<Option<String>>,
}

/// A pushed authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) client_id: String,
    pub(crate) parameters: Parameters,
    pub(crate) expires_s: i64,
}

/// A user on the way through the pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) client_id: String,
    pub(crate) parameters: Parameters,
    pub(crate) redirect_uri: String,
    pub(crate) login: Option<Login>,
    /// The user whose password was right and whose second factor is to come.
    pub(crate) first_factor: Option<Login>,
    pub(crate) organization: Option<String>,
    pub(crate) consented: bool,
    pub(crate) expires_s: i64,
    /// The device code, when this is the activation of a device.
    pub(crate) device: Option<String>,
    /// The TOTP secret that is being enrolled.
    pub(crate) enrolling: Option<String>,
}

/// How a decision that comes from elsewhere stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum Decision {
    #[default]
    Pending,
    Denied,
    Approved(Box<Login>),
}

/// A device, or a back-channel request, that waits for its user.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) client_id: String,
    /// What the user types; empty for a back-channel request.
    pub(crate) user_code: String,
    /// The user who is asked; empty for a device.
    pub(crate) user_id: String,
    pub(crate) asked: Asked,
    pub(crate) decision: Decision,
    pub(crate) expires_s: i64,
    pub(crate) interval_s: i64,
    pub(crate) polled_ms: i64,
}

/// A login that waits for its second factor.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    pub(crate) client_id: String,
    pub(crate) asked: Asked,
    pub(crate) login: Login,
    pub(crate) grant: String,
    pub(crate) expires_s: i64,
    pub(crate) wrong: u32,
}

/// An out-of-band challenge.
#[derive(Clone, Debug)]
pub(crate) struct OutOfBand {
    pub(crate) mfa_token: String,
    pub(crate) authenticator: String,
    /// What the user reads; `None` where a tap on the phone is enough.
    pub(crate) code: Option<String>,
    pub(crate) decision: Option<bool>,
    pub(crate) expires_s: i64,
}

/// A code that was sent to an address.
#[derive(Clone, Debug)]
pub(crate) struct OneTime {
    pub(crate) code: String,
    pub(crate) client_id: String,
    pub(crate) parameters: Parameters,
    pub(crate) expires_s: i64,
    pub(crate) wrong: u32,
}

/// A passkey ceremony.
#[derive(Clone, Debug)]
pub(crate) struct Ceremony {
    pub(crate) client_id: String,
    pub(crate) connection: String,
    pub(crate) challenge: String,
    /// The profile of the user who signs up; `None` at login.
    pub(crate) profile: Option<Value>,
    pub(crate) organization: Option<String>,
    pub(crate) expires_s: i64,
}

/// The kind of a ticket that leads to the enrolment of a second factor.
pub(crate) const ENROLL: &str = "enroll";

/// A ticket: a link in a mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ticket {
    /// `verify-email`, `change-password` or [`ENROLL`].
    pub(crate) kind: &'static str,
    pub(crate) user_id: String,
    pub(crate) result_url: Option<String>,
    pub(crate) expires_s: i64,
    /// For an enrolment: the factor that it is for, where not any will do, and whether there may be one already.
    pub(crate) factor: Option<String>,
    pub(crate) again: bool,
    /// What is being enrolled at its page: the authenticator and its secret, or the code that was sent.
    pub(crate) enrolling: Option<(String, String)>,
}

/// Keeps a ticket, and says where it leads: `base` has a `/` at its end.
pub(crate) fn new_ticket(base: &str, flows: &mut Flows, ticket: Ticket) -> Result<String, ApiError> {
    let id = crate::ids::letters(32)?;
    let page = if ticket.kind == ENROLL { "enroll" } else { "ticket" };
    flows.tickets.insert(id.clone(), ticket);
    Ok(format!("{base}u/{page}?ticket={id}"))
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) pushed: HashMap<String, Pushed>,
    pub(crate) transactions: HashMap<String, Transaction>,
    pub(crate) devices: HashMap<String, Waiting>,
    pub(crate) backchannel: HashMap<String, Waiting>,
    pub(crate) second: HashMap<String, Second>,
    pub(crate) out_of_band: HashMap<String, OutOfBand>,
    /// By connection and address.
    pub(crate) one_time: HashMap<(String, String), OneTime>,
    pub(crate) ceremonies: HashMap<String, Ceremony>,
    pub(crate) tickets: HashMap<String, Ticket>,
    /// The ids of assertions and proofs that were seen, and until when they matter.
    pub(crate) seen: HashMap<String, i64>,
    /// Nonces for proofs, and until when they are good.
    pub(crate) nonces: HashMap<String, i64>,
    /// Who is logged in without pages, and how often (`None`: always).
    pub(crate) automatic: Option<(String, Option<u32>)>,
}

impl Flows {
    /// Forgets what nobody can use any more. Codes that were spent stay a while, so that their reuse is noticed.
    pub(crate) fn sweep(&mut self, now_s: i64) {
        self.codes.retain(|_, one| one.expires_s + 3600 > now_s);
        self.pushed.retain(|_, one| one.expires_s > now_s);
        self.transactions.retain(|_, one| one.expires_s > now_s);
        // Those who poll are told that it expired, and not that it never was.
        self.devices.retain(|_, one| one.expires_s + 3600 > now_s);
        self.backchannel.retain(|_, one| one.expires_s + 3600 > now_s);
        self.second.retain(|_, one| one.expires_s + 3600 > now_s);
        self.out_of_band.retain(|_, one| one.expires_s > now_s);
        self.one_time.retain(|_, one| one.expires_s > now_s);
        self.ceremonies.retain(|_, one| one.expires_s > now_s);
        self.tickets.retain(|_, one| one.expires_s > now_s);
        self.seen.retain(|_, until| *until > now_s);
        self.nonces.retain(|_, until| *until > now_s);
    }

    /// Notes an id that may be used once. `false`: it was used before.
    pub(crate) fn first_use(&mut self, id: String, until_s: i64) -> bool {
        self.seen.insert(id, until_s).is_none()
    }
}
