//! Domains, invitations, enrolments, and other things that are begun here and end elsewhere.

use super::Deed;
use super::tickets::TICKET_S;
use crate::auth::{self, ENROLL, Ticket, new_ticket};
use crate::clock::iso8601;
use crate::error::ApiError;
use crate::message::Answer;
use crate::outbox::Message;
use crate::store::USERS;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

const DOMAINS: &str = "/custom-domains";

impl Deed<'_, '_> {
    /// There is no DNS here: whoever asks has set the record.
    pub(super) fn verify_domain(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let mut domain = self.record(DOMAINS, &id)?;
        domain["status"] = json!("ready");
        if let Some(verification) = domain.get_mut("verification").and_then(Value::as_object_mut) {
            verification.insert("status".to_owned(), json!("verified"));
            verification.insert("last_verified_at".to_owned(), json!(self.call.now));
        }
        self.store.put(DOMAINS, &id, &domain);
        Ok(self.call.done(Some(&domain)))
    }

    pub(super) fn test_domain(&mut self) -> Result<Answer> {
        let domain = self.record(DOMAINS, self.argument(0))?;
        let ready = domain.get("status") == Some(&json!("ready"));
        Ok(self.call.done(Some(&json!({ "success": ready }))))
    }

    /// An invitation, and its mail.
    pub(super) fn invite(&mut self) -> Result<Answer> {
        let organization = self.argument(0).to_owned();
        let record = self.record("/organizations", &organization)?;
        let client = self.text("client_id").unwrap_or_default();
        self.record("/clients", &client)?;
        let body = self.call.body_map();
        let roles = body.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
        for role in roles.iter().filter_map(Value::as_str) {
            self.record("/roles", role)?;
        }
        let seconds = body.get("ttl_sec").and_then(Value::as_i64).filter(|seconds| *seconds > 0).unwrap_or(604_800);
        let (id, ticket) = (crate::ids::new_id("/organizations/{}/invitations")?, crate::ids::letters(32)?);
        let name = record.get("name").and_then(Value::as_str).unwrap_or_default();
        let url = format!(
            "https://app.example.com/login?invitation={ticket}&organization={organization}&organization_name={name}"
        );
        let mut invitation = json!({
            "id": id, "organization_id": organization, "invitation_url": url, "ticket_id": ticket,
            "created_at": self.call.now, "expires_at": iso8601(self.call.tenant.clock.now_ms() + seconds * 1000),
        });
        for name in ["inviter", "invitee", "client_id", "connection_id", "app_metadata", "user_metadata", "roles"] {
            body.get(name).into_iter().for_each(|value| invitation[name] = value.clone());
        }
        let path = self.call.path.clone();
        self.store.put(&path, &id, &invitation);
        if body.get("send_invitation_email") != Some(&json!(false)) {
            self.call.tenant.outbox.add(Message {
                at: self.call.now.clone(),
                kind: "email".into(),
                to: invitation.pointer("/invitee/email").and_then(Value::as_str).unwrap_or_default().to_owned(),
                template: "invitation".into(),
                link: Some(url),
                ..Message::default()
            });
        }
        Ok(self.call.done(Some(&invitation)))
    }

    /// A link to the page where the user enrols a second factor.
    pub(super) fn enrollment_ticket(&mut self) -> Result<Answer> {
        let user = self.text("user_id").unwrap_or_default();
        let record = self.record(USERS, &user)?;
        let body = self.call.body_map();
        let again = body.get("allow_multiple_enrollments") == Some(&json!(true));
        let ticket = Ticket {
            kind: ENROLL,
            user_id: user,
            expires_s: self.call.tenant.clock.now_s() + TICKET_S,
            factor: self.text("factor"),
            again,
            ..Ticket::default()
        };
        let url = new_ticket(&self.links()?, self.flows, ticket)?;
        let id = url.rsplit('=').next().unwrap_or_default().to_owned();
        if body.get("send_mail") == Some(&json!(true)) {
            let own = record.get("email").and_then(Value::as_str).map(str::to_owned);
            self.call.tenant.outbox.add(Message {
                at: self.call.now.clone(),
                kind: "email".into(),
                to: self.text("email").or(own).unwrap_or_default(),
                template: "enrollment".into(),
                link: Some(url.clone()),
                ..Message::default()
            });
        }
        Ok(self.call.done(Some(&json!({ "ticket_id": id, "ticket_url": url }))))
    }

    /// A connection that is there is up.
    pub(super) fn connection_status(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        self.record("/connections", &id)?;
        Ok(Answer::empty(200))
    }

    /// Removes all authenticators of a user, or those of one provider.
    pub(super) fn remove_factors(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        let path = format!("{USERS}/{}/authentication-methods", crate::store::key(&user));
        self.store.clear(&path);
        Ok(self.call.done(None))
    }

    /// Removes what a provider of second factors knows of a user.
    pub(super) fn remove_factors_of_provider(&mut self) -> Result<Answer> {
        let (user, provider) = (self.argument(0).to_owned(), self.argument(1).to_owned());
        self.record(USERS, &user)?;
        let kinds: &[&str] = match provider.as_str() {
            "google-authenticator" => &["totp"],
            _ => &[],
        };
        let path = format!("{USERS}/{}/authentication-methods", crate::store::key(&user));
        for method in self.store.all(&path) {
            let text = |name: &str| method.get(name).and_then(Value::as_str).unwrap_or_default();
            if kinds.contains(&text("type")) || text("type") == provider {
                self.store.remove(&path, text("id"));
            }
        }
        Ok(self.call.done(None))
    }

    /// Browsers and devices are remembered by nobody here, so that all of them are forgotten already.
    pub(super) fn nothing_to_forget(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        Ok(self.call.done(None))
    }

    /// Removes tokens of an identity provider; unknown ones are as good as removed.
    pub(super) fn remove_token_set(&mut self) -> Result<Answer> {
        let (user, set) = (self.argument(0).to_owned(), self.argument(1).to_owned());
        self.record(USERS, &user)?;
        self.store.remove(&format!("{USERS}/{}/federated-connections-tokensets", crate::store::key(&user)), &set);
        Ok(self.call.done(None))
    }

    pub(super) fn enrolments(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        Ok(self.call.done(Some(&json!(auth::enrolments(self.store, &user)))))
    }

    /// The authenticator goes with its enrolment.
    pub(super) fn remove_enrolment(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        match auth::forget_factor(self.store, &id) {
            true => Ok(self.call.done(None)),
            false => Err(ApiError::not_found()),
        }
    }
}
