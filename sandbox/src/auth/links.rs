//! The pages that somebody comes to without an application: with the code of a device, or with a link from a message.

use super::error::OAuthError;
use super::flows::Transaction;
use super::pages::{alert, field, page};
use super::parameters::Parameters;
use super::passwords::{keep_password, weakness};
use super::visit::Visit;
use crate::message::Answer;
use crate::store::USERS;
use serde_json::{Value, json};

type Page = Result<Answer, OAuthError>;

impl Visit<'_> {
    pub(crate) fn activate_page(&mut self) -> Page {
        let query = Parameters::of_query(self.request)?;
        Ok(self.activate_form(query.get("user_code").unwrap_or_default(), None))
    }

    fn activate_form(&self, code: &str, problem: Option<&str>) -> Answer {
        let code = field("user_code", "Code", "text", code, "autocomplete=\"off\" required autofocus");
        let content = format!(
            "<p>Enter the code displayed on your device.</p>{}<form method=\"post\">{code}\
             <button type=\"submit\">Confirm</button></form>",
            alert(problem)
        );
        page(if problem.is_some() { 400 } else { 200 }, "Device Activation", &content)
    }

    pub(crate) fn activate_posted(&mut self) -> Page {
        let form = self.body()?;
        let typed = form.get("user_code").unwrap_or_default();
        let Some(device) = self.device_of(typed) else {
            return Ok(self.activate_form(typed, Some("The code is not correct, or has expired or been used.")));
        };
        let waiting = self.flows.devices.get(&device).cloned().ok_or_else(OAuthError::unauthorized)?;
        let mut parameters = Parameters::default();
        parameters.set("scope", waiting.asked.scope.join(" "));
        parameters.set("audience", waiting.asked.audience.unwrap_or_default());
        self.proceed(Transaction {
            client_id: waiting.client_id,
            parameters,
            device: Some(device),
            expires_s: waiting.expires_s,
            ..Transaction::default()
        })
    }

    pub(crate) fn ticket_page(&mut self) -> Page {
        let query = Parameters::of_query(self.request)?;
        let id = query.get("ticket").unwrap_or_default();
        let Some(ticket) = self.flows.tickets.get(id).cloned() else {
            return Ok(self.error_page(400, "access_expired", "This link has been used or has expired."));
        };
        if ticket.kind == "change-password" {
            return Ok(self.password_form(None));
        }
        self.flows.tickets.remove(id);
        if let Some(mut user) = self.store.get(USERS, &ticket.user_id) {
            user["email_verified"] = json!(true);
            user["updated_at"] = json!(self.now());
            self.store.put(USERS, &ticket.user_id, &user);
            self.log("sv", "Your email was verified", None, &ticket.user_id, "");
        }
        Ok(self.after_ticket(ticket.result_url, "Email Verified", "Your email address was successfully verified."))
    }

    fn after_ticket(&self, url: Option<String>, title: &str, text: &str) -> Answer {
        match url.filter(|url| !url.is_empty()) {
            Some(url) => {
                let message = [("success", "true"), ("message", text)];
                Answer::empty(302).with("location", super::proceed::with_query(&url, &message))
            }
            None => self.message_page(title, text),
        }
    }

    fn password_form(&self, problem: Option<&str>) -> Answer {
        let password =
            field("password", "New password", "password", "", "autocomplete=\"new-password\" required autofocus");
        let content = format!(
            "{}<form method=\"post\">{password}<button type=\"submit\">Reset password</button></form>",
            alert(problem)
        );
        page(if problem.is_some() { 400 } else { 200 }, "Change Your Password", &content)
    }

    pub(crate) fn ticket_posted(&mut self) -> Page {
        let query = Parameters::of_query(self.request)?;
        let form = self.body()?;
        let id = query.get("ticket").unwrap_or_default().to_owned();
        let ticket = self.flows.tickets.get(&id).cloned().filter(|ticket| ticket.kind == "change-password");
        let Some(ticket) = ticket else {
            return Ok(self.error_page(400, "access_expired", "This link has been used or has expired."));
        };
        let password = form.get("password").unwrap_or_default();
        let user = self.usable_user(&ticket.user_id)?;
        let name = user.pointer("/identities/0/connection").and_then(Value::as_str).unwrap_or_default();
        let connection = self.connection(name).unwrap_or_default();
        if let Some(problem) = weakness(&connection, password) {
            return Ok(self.password_form(Some(&problem)));
        }
        self.flows.tickets.remove(&id);
        keep_password(self.store, &ticket.user_id, password)?;
        // Whoever knew the old password is out.
        super::sessions::revoke_user(self.store, &ticket.user_id);
        self.log("scp", "Successfully changed password", None, &ticket.user_id, name);
        Ok(self.after_ticket(ticket.result_url, "Password Changed!", "Your password has been changed successfully."))
    }
}
