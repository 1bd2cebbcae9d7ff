//! The page that a ticket for the enrolment of a second factor leads to.

use super::error::OAuthError;
use super::flows::{ENROLL, Ticket};
use super::mfa_factors::Factor;
use super::pages::{alert, escape, field, page};
use super::parameters::Parameters;
use super::visit::Visit;
use crate::message::Answer;
use serde_json::json;

type Page = Result<Answer, OAuthError>;

/// The factors that can be enrolled at the page, and what its buttons say.
const FACTORS: [(&str, &str); 4] = [
    ("otp", "Authenticator app"),
    ("phone", "Text message"),
    ("email", "Email"),
    ("push-notification", "Push notification"),
];

impl Visit<'_> {
    fn enrolment(&self) -> Result<(String, Ticket), Answer> {
        let query = Parameters::of_query(self.request).unwrap_or_default();
        let id = query.get("ticket").unwrap_or_default();
        let ticket = self.flows.tickets.get(id).filter(|ticket| ticket.kind == ENROLL).cloned();
        let gone = || self.error_page(400, "access_expired", "This link has been used or has expired.");
        let ticket = ticket.ok_or_else(gone)?;
        if !ticket.again && !self.factors(&ticket.user_id).is_empty() {
            return Err(self.message_page("You are enrolled", "You have a second factor already."));
        }
        Ok((id.to_owned(), ticket))
    }

    pub(crate) fn enroll_page(&mut self) -> Page {
        match self.enrolment() {
            Ok((id, ticket)) => self.enroll_form(&id, &ticket, None),
            Err(answer) => Ok(answer),
        }
    }

    /// What there is to do next: choose a factor, say where it is, or show that it works.
    fn enroll_form(&mut self, id: &str, ticket: &Ticket, problem: Option<&str>) -> Page {
        let status = if problem.is_some() { 400 } else { 200 };
        let problem = alert(problem);
        if let Some((factor, secret)) = &ticket.enrolling {
            let explanation = self.enrolling(&ticket.user_id, factor, secret);
            let code =
                field("code", "Code", "text", "", "inputmode=\"numeric\" autocomplete=\"one-time-code\" autofocus");
            let content = format!(
                "{problem}{explanation}<form method=\"post\">{code}<button type=\"submit\">Continue</button></form>"
            );
            return Ok(page(status, "Secure your account", &content));
        }
        let wanted = ticket.factor.as_deref();
        if let (Some("otp" | "email" | "push-notification"), 200) = (wanted, status) {
            return self.begin_enrolment(id, ticket.clone(), wanted.unwrap_or_default(), &Parameters::default());
        }
        let forms: String = FACTORS
            .iter()
            .filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name))
            .map(|(name, label)| {
                let more = match *name {
                    "phone" => field(
                        "phone_number",
                        "Phone number",
                        "tel",
                        "",
                        "autocomplete=\"tel\" placeholder=\"+15550100\" required",
                    ),
                    _ => String::new(),
                };
                format!(
                    "<form method=\"post\"><input type=\"hidden\" name=\"factor\" value=\"{name}\">{more}\
                     <button class=\"second\" type=\"submit\">{label}</button></form>"
                )
            })
            .collect();
        let none =
            alert(Some("This kind of second factor cannot be enrolled here.")).repeat(usize::from(forms.is_empty()));
        Ok(page(status, "Secure your account", &format!("{problem}{none}<p>Add a second factor.</p>{forms}")))
    }

    fn enrolling(&self, user: &str, factor: &str, secret: &str) -> String {
        match factor.split('|').next() {
            Some("totp") => format!(
                "<p>Add this secret to your authenticator app, then type the code that it shows.</p>\
                 <p><code id=\"secret\">{secret}</code></p><p><a href=\"{0}\"><code>{0}</code></a></p>",
                escape(&self.otpauth(user, secret))
            ),
            Some("push-notification") => "<p>Approve the message on your device, and go on.</p>".to_owned(),
            _ => "<p>We sent you a message. Type the code in it.</p>".to_owned(),
        }
    }

    /// Makes an authenticator that its first code will confirm.
    fn begin_enrolment(&mut self, id: &str, mut ticket: Ticket, kind: &str, form: &Parameters) -> Page {
        let user = ticket.user_id.clone();
        let factor: Factor = match kind {
            "otp" => {
                let secret = self.totp_secret()?;
                let factor = self.enroll(&user, "totp", json!({}), Some(&secret))?;
                ticket.enrolling = Some((factor.id, secret));
                self.flows.tickets.insert(id.to_owned(), ticket.clone());
                return self.enroll_form(id, &ticket, None);
            }
            "phone" => self.enroll_out_of_band(&user, "sms", form)?.0,
            "email" => self.enroll_out_of_band(&user, "email", form)?.0,
            "push-notification" => self.enroll_out_of_band(&user, "auth0", form)?.0,
            other => return Err(OAuthError::invalid_request(format!("{other} cannot be enrolled here"))),
        };
        self.send_out_of_band(id, &user, &factor)?;
        ticket.enrolling = Some((factor.id, String::new()));
        self.flows.tickets.insert(id.to_owned(), ticket.clone());
        self.enroll_form(id, &ticket, None)
    }

    pub(crate) fn enroll_posted(&mut self) -> Page {
        let form = self.body()?;
        let (id, ticket) = match self.enrolment() {
            Ok(found) => found,
            Err(answer) => return Ok(answer),
        };
        let Some((factor, _)) = ticket.enrolling.clone() else {
            let kind = form.get("factor").unwrap_or_default().to_owned();
            if ticket.factor.as_ref().is_some_and(|wanted| *wanted != kind) {
                return self.enroll_form(&id, &ticket, Some("The link is for another kind of second factor."));
            }
            return match self.begin_enrolment(&id, ticket.clone(), &kind, &form) {
                Err(error) if error.status < 500 => self.enroll_form(&id, &ticket, Some(&error.description)),
                other => other,
            };
        };
        let code = form.get("code").unwrap_or_default().replace(' ', "");
        let by_message = self.flows.out_of_band.values().any(|one| {
            let right = one.code.as_ref().is_some_and(|known| *known == code);
            one.mfa_token == id && (one.decision == Some(true) || right)
        });
        if !by_message && !self.check_totp(&ticket.user_id, &code)? {
            return self.enroll_form(&id, &ticket, Some("The code is wrong or has expired."));
        }
        self.confirm(&ticket.user_id, &factor);
        self.flows.tickets.remove(&id);
        self.log("gd_enrollment_complete", "Second factor enrolled", None, &ticket.user_id, "");
        let recovery = self.first_recovery_code(&ticket.user_id)?.map_or_else(String::new, |code| {
            format!("<p>Keep this recovery code: <code id=\"recovery\">{}</code></p>", escape(&code))
        });
        let done = "<p role=\"status\">Your second factor was added.</p>";
        Ok(page(200, "You are enrolled", &format!("{done}{recovery}")))
    }
}
