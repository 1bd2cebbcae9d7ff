//! The endpoints of a user's authenticators: enrolment, list, removal.

use super::error::OAuthError;
use super::mfa::bad_token;
use super::mfa_factors::{Factor, forget_secrets, methods};
use super::parameters::{text, texts};
use super::visit::Visit;
use crate::message::Answer;
use serde_json::{Value, json};

impl Visit<'_> {
    /// The user of an `mfa_token`, or of an access token for `{issuer}mfa/` with the scope.
    fn mfa_user(&self, scope: &str) -> Result<(String, Option<String>), OAuthError> {
        let token = self.bearer().ok_or_else(bad_token)?;
        if self.flows.second.contains_key(token) {
            return Ok((self.second(token)?.login.user_id, Some(token.to_owned())));
        }
        let grant = self.tenant.authority.issued(token).ok_or_else(bad_token)?;
        let user = grant.user_id.clone().filter(|_| grant.audience == self.at("mfa/"));
        if grant.expires_s <= self.now_s || !grant.scopes.contains(scope) {
            return Err(OAuthError::new(403, "insufficient_scope", format!("The token lacks the scope {scope}")));
        }
        Ok((user.ok_or_else(bad_token)?, None))
    }

    /// `POST /mfa/associate`.
    pub(crate) fn mfa_associate(&mut self) -> Result<Answer, OAuthError> {
        let (user, mfa_token) = self.mfa_user("enroll")?;
        if mfa_token.is_some() && !self.factors(&user).is_empty() {
            return Err(OAuthError::denied("User is already enrolled."));
        }
        let parameters = self.body()?;
        let types = parameters.json("authenticator_types")?.unwrap_or_default();
        let channels = parameters.json("oob_channels")?.unwrap_or_default();
        let kind = texts(Some(&types)).next().ok_or_else(|| OAuthError::missing("authenticator_types"))?;
        let mut body = match kind {
            "otp" => {
                let secret = self.totp_secret()?;
                self.enroll(&user, "totp", json!({}), Some(&secret))?;
                json!({ "authenticator_type": "otp", "secret": secret, "barcode_uri": self.otpauth(&user, &secret) })
            }
            "oob" => {
                let channel = texts(Some(&channels)).next().ok_or_else(|| OAuthError::missing("oob_channels"))?;
                let (factor, mut body) = self.enroll_out_of_band(&user, channel, &parameters)?;
                let token = mfa_token.clone().unwrap_or_default();
                let (oob, prompt) = self.send_out_of_band(&token, &user, &factor)?;
                body["authenticator_type"] = json!("oob");
                body["oob_channel"] = json!(channel);
                body["oob_code"] = json!(oob);
                if prompt {
                    body["binding_method"] = json!("prompt");
                }
                body
            }
            other => return Err(OAuthError::invalid_request(format!("{other} is not a type of authenticator"))),
        };
        if let Some(code) = self.first_recovery_code(&user)? {
            body["recovery_codes"] = json!([code]);
        }
        Ok(Answer::json(200, &body))
    }

    pub(crate) fn enroll_out_of_band(
        &mut self,
        user: &str,
        channel: &str,
        parameters: &super::parameters::Parameters,
    ) -> Result<(Factor, Value), OAuthError> {
        match channel {
            "sms" | "voice" => {
                let phone = parameters.need("phone_number")?;
                let record = json!({ "phone_number": phone, "preferred_authentication_method": channel });
                Ok((self.enroll(user, "phone", record, None)?, json!({})))
            }
            "email" => {
                let record = self.usable_user(user)?;
                let email =
                    parameters.get("email").or(text(&record, "email")).ok_or_else(|| OAuthError::missing("email"))?;
                Ok((self.enroll(user, "email", json!({ "email": email }), None)?, json!({})))
            }
            "auth0" => {
                let secret = self.totp_secret()?;
                let factor = self.enroll(user, "push-notification", json!({ "name": "sandbox" }), Some(&secret))?;
                Ok((factor, json!({ "barcode_uri": self.otpauth(user, &secret) })))
            }
            other => Err(OAuthError::invalid_request(format!("{other} is not an oob channel"))),
        }
    }

    /// `GET /mfa/authenticators`.
    pub(crate) fn mfa_list(&mut self) -> Result<Answer, OAuthError> {
        let (user, _) = self.mfa_user("read:authenticators")?;
        let list: Vec<Value> = self
            .all_factors(&user)
            .iter()
            .map(|factor| {
                let kind = if factor.kind == "recovery-code" { "recovery-code" } else { factor.challenge() };
                let mut shown = json!({ "id": factor.id, "authenticator_type": kind, "active": factor.confirmed });
                if let Some(channel) = &factor.channel {
                    shown["oob_channel"] = json!(channel);
                }
                if let Some(name) = &factor.name {
                    shown["name"] = json!(name);
                }
                shown
            })
            .collect();
        Ok(Answer::json(200, &json!(list)))
    }

    /// `DELETE /mfa/authenticators/{id}`: an access token only, not an `mfa_token`.
    pub(crate) fn mfa_delete(&mut self) -> Result<Answer, OAuthError> {
        let (user, mfa_token) = self.mfa_user("remove:authenticators")?;
        if mfa_token.is_some() {
            return Err(OAuthError::denied("An mfa_token does not allow removing authenticators"));
        }
        let id = self.argument();
        let removed = self.store.remove(&methods(&user), &id);
        forget_secrets(self.store, &user, &id);
        removed
            .map(|_| Answer::empty(204))
            .ok_or_else(|| OAuthError::new(404, "not_found", "The authenticator does not exist"))
    }
}
