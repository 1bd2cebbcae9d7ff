//! The second factor at the token endpoint: who needs one, challenges, and the grants that answer them.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Asked, Login, OutOfBand, Second};
use super::mfa_factors::Factor;
use super::parameters::{Parameters, texts};
use super::tokens::{Renewal, answer};
use super::visit::Visit;
use crate::message::Answer;
use crate::outbox::Message;
use serde_json::{Map, Value, json};

/// How long an `mfa_token` is good for, in seconds.
const TOKEN_S: i64 = 600;

/// How long a code that was sent is good for, in seconds.
const CODE_S: i64 = 300;

/// So many wrong codes end a login.
const MOST_WRONG: u32 = 10;

impl Visit<'_> {
    /// Whether the tenant's policy asks for a second factor that this login has not had.
    pub(crate) fn second_factor_wanted(&self, login: &Login) -> bool {
        let policies = self.setting("/guardian/policies");
        let all = texts(Some(&policies)).any(|policy| policy == "all-applications");
        all && !login.methods.iter().any(|method| matches!(method.as_str(), "mfa" | "passkey"))
    }

    /// The error that leads to the second factor.
    pub(crate) fn ask_second_factor(
        &mut self,
        client: &Client,
        asked: &Asked,
        login: Login,
        grant: &str,
    ) -> Result<OAuthError, OAuthError> {
        let enrolled = !self.factors(&login.user_id).is_empty();
        let token = self.secret(64)?;
        let second = Second {
            client_id: client.id.clone(),
            asked: asked.clone(),
            login,
            grant: grant.to_owned(),
            expires_s: self.now_s + TOKEN_S,
            wrong: 0,
        };
        self.flows.second.insert(token.clone(), second);
        let requirements = match enrolled {
            true => json!({ "challenge": [{ "type": "otp" }, { "type": "phone" }, { "type": "push-notification" }] }),
            false => json!({ "enroll": [{ "type": "otp" }, { "type": "phone" }, { "type": "push-notification" }] }),
        };
        Ok(OAuthError::new(403, "mfa_required", "Multifactor authentication required")
            .with("mfa_token", token)
            .with("mfa_requirements", requirements))
    }

    /// The login that an `mfa_token` stands for.
    pub(crate) fn second(&self, token: &str) -> Result<Second, OAuthError> {
        let second = self.flows.second.get(token).cloned();
        let second = second.ok_or_else(|| OAuthError::invalid_grant("Malformed mfa_token"))?;
        if second.expires_s <= self.now_s {
            return Err(OAuthError::new(401, "expired_token", "mfa_token is expired"));
        }
        Ok(second)
    }

    /// `POST /mfa/challenge`.
    pub(crate) fn mfa_challenge(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let client = self.authenticated_client(&parameters)?;
        let token = parameters.need("mfa_token")?.to_owned();
        let second = self.second(&token)?;
        if second.client_id != client.id {
            return Err(OAuthError::invalid_grant("The mfa_token is not for this client"));
        }
        let wanted = parameters.words("challenge_type");
        let allows = |kind: &str| wanted.is_empty() || wanted.iter().any(|one| one == kind);
        let factors: Vec<Factor> = self.factors(&second.login.user_id);
        let chosen = match parameters.get("authenticator_id") {
            Some(id) => factors.into_iter().find(|factor| factor.id == id),
            None => {
                let channel = parameters.get("oob_channel");
                let fits = |factor: &Factor| {
                    allows(factor.challenge()) && channel.is_none_or(|wanted| factor.channel.as_deref() == Some(wanted))
                };
                factors.into_iter().find(fits)
            }
        };
        let Some(factor) = chosen.filter(|factor| allows(factor.challenge()) && factor.challenge() != "recovery")
        else {
            let empty = self.factors(&second.login.user_id).is_empty();
            return Err(match empty {
                true => {
                    OAuthError::denied("The user has no authenticators enrolled").with("code", "association_required")
                }
                false => OAuthError::new(
                    400,
                    "unsupported_challenge_type",
                    "User does not have an authenticator that fits the challenge type",
                ),
            });
        };
        if factor.challenge() == "otp" {
            return Ok(Answer::json(200, &json!({ "challenge_type": "otp" })));
        }
        let (code, prompt) = self.send_out_of_band(&token, &second.login.user_id, &factor)?;
        let mut body = json!({ "challenge_type": "oob", "oob_code": code });
        if prompt {
            body["binding_method"] = json!("prompt");
        }
        Ok(Answer::json(200, &body))
    }

    /// Sends a code or a push, and says what the client calls it and whether the user has to type something.
    pub(crate) fn send_out_of_band(
        &mut self,
        mfa_token: &str,
        user_id: &str,
        factor: &Factor,
    ) -> Result<(String, bool), OAuthError> {
        let prompt = factor.channel.as_deref() != Some("auth0");
        let code = match prompt {
            true => Some(self.digits(6)?),
            false => None,
        };
        let oob = self.secret(64)?;
        let challenge = OutOfBand {
            mfa_token: mfa_token.to_owned(),
            authenticator: factor.id.clone(),
            code: code.clone(),
            decision: None,
            expires_s: self.now_s + CODE_S,
        };
        self.flows.out_of_band.insert(oob.clone(), challenge);
        let kind = match factor.channel.as_deref() {
            Some("auth0") => "push",
            Some("voice") => "voice",
            Some("email") => "email",
            _ => "sms",
        };
        self.tenant.outbox.add(Message {
            at: self.now(),
            kind: kind.into(),
            to: factor.address.clone().unwrap_or_else(|| user_id.to_owned()),
            template: "mfa".into(),
            code,
            link: None,
            data: json!({ "oob_code": oob, "user_id": user_id }),
        });
        Ok((oob, prompt))
    }

    /// The three grants that bring a second factor.
    pub(crate) fn mfa_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
        grant: &str,
    ) -> Result<Answer, OAuthError> {
        client.require(grant)?;
        let token = parameters.need("mfa_token")?.to_owned();
        let second = self.second(&token)?;
        if second.client_id != client.id {
            return Err(OAuthError::invalid_grant("The mfa_token is not for this client"));
        }
        let user = second.login.user_id.clone();
        let mut extra = Map::new();
        let result = match grant.rsplit('/').next() {
            Some("mfa-otp") => {
                let otp = parameters.need("otp")?;
                let right = self.check_totp(&user, otp)?;
                right.then_some(()).ok_or_else(|| OAuthError::invalid_grant("Invalid otp_code."))
            }
            Some("mfa-oob") => self.check_out_of_band(&token, parameters),
            _ => {
                let code = parameters.need("recovery_code")?;
                match self.use_recovery_code(&user, code)? {
                    Some(next) => {
                        extra.insert("recovery_code".to_owned(), json!(next));
                        Ok(())
                    }
                    None => Err(OAuthError::invalid_grant("MFA Authorization rejected.")),
                }
            }
        };
        if let Err(error) = result {
            if !matches!(error.error, "authorization_pending" | "slow_down") {
                self.wrong_factor(&token, client, &user);
            }
            return Err(error);
        }
        self.flows.second.remove(&token);
        let mut login = second.login;
        login.methods.push("mfa".to_owned());
        let asked = Asked { jkt: jkt.or(second.asked.jkt), ..second.asked };
        let mut body = self.issue(client, &asked, &login, &second.grant, Renewal::New)?;
        body.extend(extra);
        self.logged_in(client, &login, "gd_auth_succeed", "Second factor succeeded");
        Ok(answer(body))
    }

    fn wrong_factor(&mut self, token: &str, client: &Client, user: &str) {
        self.log("gd_auth_failed", "Second factor failed", Some(client), user, "");
        if let Some(second) = self.flows.second.get_mut(token) {
            second.wrong += 1;
            if second.wrong >= MOST_WRONG {
                self.flows.second.remove(token);
            }
        }
    }

    fn check_out_of_band(&mut self, mfa_token: &str, parameters: &Parameters) -> Result<(), OAuthError> {
        let id = parameters.need("oob_code")?;
        let rejected = || OAuthError::invalid_grant("MFA Authorization rejected.");
        let challenge = self.flows.out_of_band.get(id).cloned().filter(|one| one.mfa_token == mfa_token);
        let challenge = challenge.ok_or_else(|| OAuthError::invalid_grant("Invalid oob_code"))?;
        match (&challenge.code, challenge.decision) {
            (Some(code), _) if parameters.need("binding_code")? == code => {}
            (Some(_), _) => return Err(OAuthError::invalid_grant("Invalid binding_code.")),
            (None, None) => {
                return Err(OAuthError::new(
                    400,
                    "authorization_pending",
                    "Authorization pending: please repeat the request in a few seconds.",
                ));
            }
            (None, Some(true)) => {}
            (None, Some(false)) => return Err(rejected()),
        }
        self.flows.out_of_band.remove(id);
        let user = self.second(mfa_token)?.login.user_id;
        self.confirm(&user, &challenge.authenticator);
        Ok(())
    }

    /// Random decimal digits.
    pub(crate) fn digits(&self, count: usize) -> Result<String, OAuthError> {
        let letters = self.secret(count * 2)?;
        Ok(letters.bytes().map(|byte| char::from(b'0' + byte % 10)).take(count).collect())
    }
}

/// The error of an endpoint that wants an `mfa_token` or an access token.
pub(crate) fn bad_token() -> OAuthError {
    OAuthError::new(401, "invalid_token", "Missing or invalid token")
}

/// Whether a JSON value is true.
pub(crate) fn is_true(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or(false)
}
