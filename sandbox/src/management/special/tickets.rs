//! Tickets and mails: links that a user follows.

use super::Deed;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::USERS;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

/// Auth0's lifetime of a ticket, in seconds.
pub(in crate::management) const TICKET_S: i64 = 432_000;

impl Deed<'_, '_> {
    fn lifetime(&self) -> i64 {
        let asked = self.call.body.as_ref().and_then(|body| body.get("ttl_sec")).and_then(Value::as_i64);
        asked.filter(|seconds| *seconds > 0).unwrap_or(TICKET_S)
    }

    fn ticket(&mut self, kind: &'static str, user: &str) -> Result<Answer> {
        let ticket = crate::auth::Ticket {
            kind,
            user_id: user.to_owned(),
            result_url: self.text("result_url"),
            expires_s: self.call.tenant.clock.now_s() + self.lifetime(),
            ..crate::auth::Ticket::default()
        };
        let link = crate::auth::new_ticket(&self.links()?, self.flows, ticket)?;
        Ok(self.call.done(Some(&json!({ "ticket": link }))))
    }

    pub(super) fn verification_ticket(&mut self) -> Result<Answer> {
        let user = self.text("user_id").unwrap_or_default();
        self.record(USERS, &user)?;
        self.ticket("verify-email", &user)
    }

    pub(super) fn password_ticket(&mut self) -> Result<Answer> {
        let user = match (self.text("user_id"), self.text("email")) {
            (Some(user), _) => user,
            (None, Some(email)) => {
                let found = self.store.users_by_login(&email).first().map(|id| id.to_string());
                found.ok_or_else(|| super::missing(USERS))?
            }
            (None, None) => return Err(ApiError::invalid_body("user_id, or email and connection_id, is needed")),
        };
        self.record(USERS, &user)?;
        self.ticket("change-password", &user)
    }

    /// A mail with a link, and the job that sent it.
    pub(super) fn verification_job(&mut self) -> Result<Answer> {
        let user = self.text("user_id").unwrap_or_default();
        let record = self.record(USERS, &user)?;
        let to = record.get("email").and_then(Value::as_str).unwrap_or_default().to_owned();
        let ticket = crate::auth::Ticket {
            kind: "verify-email",
            user_id: user,
            expires_s: self.call.tenant.clock.now_s() + TICKET_S,
            ..crate::auth::Ticket::default()
        };
        let link = crate::auth::new_ticket(&self.links()?, self.flows, ticket)?;
        self.call.tenant.outbox.add(crate::outbox::Message {
            at: self.call.now.clone(),
            kind: "email".into(),
            to,
            template: "verify_email".into(),
            link: Some(link),
            ..crate::outbox::Message::default()
        });
        let id = crate::ids::new_id("/jobs")?;
        let job = json!({ "id": id, "type": "verification_email", "status": "completed", "created_at": self.call.now });
        self.store.put("/jobs", &id, &job);
        // The answer is of the moment in which the job begins.
        let mut shown = job;
        shown["status"] = json!("pending");
        Ok(self.call.done(Some(&shown)))
    }
}
