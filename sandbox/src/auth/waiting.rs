//! Devices (RFC 8628) and back-channel requests (CIBA): someone else decides, and the client asks again and again.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Asked, Decision, Login, Waiting};
use super::parameters::{Parameters, text};
use super::tokens::{Renewal, answer};
use super::visit::Visit;
use crate::message::Answer;
use crate::outbox::Message;
use serde_json::{Value, json};

const DEVICE_S: i64 = 900;
const BACKCHANNEL_S: i64 = 300;

/// Characters of a user code: no vowels, nothing that looks like something else.
const USER_CODE: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

impl Visit<'_> {
    /// `POST /oauth/device/code`.
    pub(crate) fn device_code(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let id = parameters.need("client_id")?;
        let unknown = || OAuthError::new(401, "unauthorized_client", "Unknown client");
        let client = Client::find(self.store, id).ok_or_else(unknown)?;
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        client.require(grant)?;
        let asked = self.asked(&parameters, None);
        if let Some(audience) = &asked.audience {
            self.api(audience)?;
        }
        let letters = self.secret(8)?;
        let letters: String =
            letters.bytes().map(|byte| char::from(USER_CODE[usize::from(byte) % USER_CODE.len()])).collect();
        let (first, last) = letters.split_at(4);
        let (user_code, device_code) = (format!("{first}-{last}"), self.secret(24)?);
        let interval_s = self.tenant.poll_interval_s();
        let waiting = Waiting {
            client_id: client.id.clone(),
            user_code: user_code.clone(),
            user_id: String::new(),
            asked,
            decision: Decision::Pending,
            expires_s: self.now_s + DEVICE_S,
            interval_s,
            polled_ms: i64::MIN,
        };
        self.flows.devices.insert(device_code.clone(), waiting);
        let uri = self.at("activate");
        let complete = format!("{uri}?user_code={user_code}");
        Ok(Answer::json(
            200,
            &json!({ "device_code": device_code, "user_code": user_code, "verification_uri": uri,
                     "expires_in": DEVICE_S, "interval": interval_s, "verification_uri_complete": complete }),
        ))
    }

    /// The device that shows a user code, however it is typed.
    pub(crate) fn device_of(&self, user_code: &str) -> Option<String> {
        let plain = |text: &str| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase()
        };
        let wanted = plain(user_code);
        let pending = |one: &Waiting| matches!(one.decision, Decision::Pending) && one.expires_s > self.now_s;
        let mut devices = self.flows.devices.iter();
        devices.find(|(_, one)| pending(one) && plain(&one.user_code) == wanted).map(|(code, _)| code.clone())
    }

    pub(crate) fn device_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require("urn:ietf:params:oauth:grant-type:device_code")?;
        let code = parameters.need("device_code")?.to_owned();
        let own = self.flows.devices.get(&code).is_some_and(|one| one.client_id == client.id);
        let mut waiting = own.then(|| self.flows.devices.remove(&code)).flatten();
        let result = self.poll(waiting.as_mut(), "device_code", 403);
        self.after_poll(client, jkt, (code, waiting), result, false)
    }

    /// `POST /bc-authorize`.
    pub(crate) fn backchannel(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let client = self.authenticated_client(&parameters)?;
        client.require("urn:openid:params:grant-type:ciba")?;
        let parameters = self.with_request_object(&client, parameters)?;
        let hint = parameters.need("login_hint")?.to_owned();
        let user_id = self.hinted_user(&hint)?;
        let message = parameters.need("binding_message")?.to_owned();
        let allowed = |c: char| c.is_ascii_alphanumeric() || " +-_.,:#".contains(c);
        if message.chars().count() > 64 || !message.chars().all(allowed) {
            return Err(OAuthError::new(
                400,
                "invalid_binding_message",
                "binding_message has at most 64 characters of A-Z a-z 0-9 + - _ . , : # and space",
            ));
        }
        if !parameters.words("scope").iter().any(|scope| scope == "openid") {
            return Err(OAuthError::invalid_request("scope must contain openid"));
        }
        let expires_in = match parameters.get("requested_expiry").map(str::parse::<i64>) {
            None => BACKCHANNEL_S,
            Some(Ok(seconds)) if (1..=259_200).contains(&seconds) => seconds,
            Some(_) => return Err(OAuthError::invalid_request("requested_expiry must be 1 to 259200")),
        };
        let mut asked = self.asked(&parameters, None);
        asked.details = self.authorization_details(&parameters, asked.audience.as_deref())?;
        if let Some(audience) = &asked.audience {
            self.api(audience)?;
        }
        let (id, interval_s) = (self.secret(48)?, self.tenant.poll_interval_s());
        self.tenant.outbox.add(Message {
            at: self.now(),
            kind: "push".into(),
            to: user_id.clone(),
            template: "ciba".into(),
            data: json!({ "auth_req_id": id, "binding_message": message }),
            ..Message::default()
        });
        let waiting = Waiting {
            client_id: client.id.clone(),
            user_code: String::new(),
            user_id,
            asked,
            decision: Decision::Pending,
            expires_s: self.now_s + expires_in,
            interval_s,
            polled_ms: i64::MIN,
        };
        self.flows.backchannel.insert(id.clone(), waiting);
        Ok(Answer::json(200, &json!({ "auth_req_id": id, "expires_in": expires_in, "interval": interval_s })))
    }

    /// `{"format":"iss_sub","iss":…,"sub":…}`.
    fn hinted_user(&self, hint: &str) -> Result<String, OAuthError> {
        let invalid = |text: &str| OAuthError::invalid_request(format!("login_hint: {text}"));
        let hint: Value = serde_json::from_str(hint).map_err(|_| invalid("it is not JSON"))?;
        if text(&hint, "format") != Some("iss_sub") {
            return Err(invalid("format must be iss_sub"));
        }
        if !text(&hint, "iss").is_some_and(|issuer| self.is_own(issuer, &[""])) {
            return Err(invalid("iss is not this tenant"));
        }
        let user = text(&hint, "sub").ok_or_else(|| invalid("no sub"))?;
        let known = self.usable_user(user);
        known.map(|_| user.to_owned()).map_err(|_| OAuthError::new(400, "unknown_user_id", "The user is unknown"))
    }

    pub(crate) fn backchannel_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require("urn:openid:params:grant-type:ciba")?;
        let id = parameters.need("auth_req_id")?.to_owned();
        let own = self.flows.backchannel.get(&id).is_some_and(|one| one.client_id == client.id);
        let mut waiting = own.then(|| self.flows.backchannel.remove(&id)).flatten();
        let result = self.poll(waiting.as_mut(), "auth_req_id", 400);
        self.after_poll(client, jkt, (id, waiting), result, true)
    }

    /// Whether it is decided: RFC 8628, section 3.5; CIBA Core, section 11.
    fn poll(&self, waiting: Option<&mut Waiting>, name: &str, status: u16) -> Result<Login, OAuthError> {
        let waiting = waiting.ok_or_else(|| OAuthError::invalid_grant(format!("Invalid or expired {name}")))?;
        let now_ms = self.tenant.clock.now_ms();
        if waiting.expires_s <= self.now_s {
            return Err(OAuthError::new(status, "expired_token", format!("The {name} has expired")));
        }
        match std::mem::take(&mut waiting.decision) {
            Decision::Approved(login) => return Ok(*login),
            Decision::Denied => {
                waiting.decision = Decision::Denied;
                return Err(OAuthError::new(status, "access_denied", "User did not confirm the request"));
            }
            Decision::Pending => {}
        }
        let early = now_ms.saturating_sub(waiting.polled_ms) < waiting.interval_s * 1000;
        waiting.polled_ms = now_ms;
        if early {
            // RFC 8628, section 3.5: from now on the interval is 5 s longer.
            waiting.interval_s += 5;
            let interval = waiting.interval_s;
            let text = format!("You are polling faster than the specified interval of {interval} seconds.");
            return Err(OAuthError::new(429, "slow_down", text).header("retry-after", interval.to_string()));
        }
        Err(OAuthError::new(status, "authorization_pending", "User has yet to authorize the request"))
    }

    /// Tokens, or the request goes back to those that wait.
    fn after_poll(
        &mut self,
        client: &Client,
        jkt: Option<String>,
        (id, waiting): (String, Option<Waiting>),
        result: Result<Login, OAuthError>,
        backchannel: bool,
    ) -> Result<Answer, OAuthError> {
        match (result, waiting) {
            (Ok(login), Some(waiting)) => {
                let asked = Asked { jkt, ..waiting.asked };
                let gty = if backchannel { "ciba" } else { "device_code" };
                let body = self.issue(client, &asked, &login, gty, Renewal::New)?;
                let kind = if backchannel { "s" } else { "sede" };
                self.logged_in(client, &login, kind, "Request confirmed by the user");
                Ok(answer(body))
            }
            (Err(error), Some(waiting)) => {
                let all = if backchannel { &mut self.flows.backchannel } else { &mut self.flows.devices };
                if error.error != "access_denied" {
                    all.insert(id, waiting);
                }
                Err(error)
            }
            (Ok(_), None) => Err(OAuthError::new(500, "server_error", "a decision about nothing")),
            (Err(error), None) => Err(error),
        }
    }

    /// RFC 9396: a list of objects with a `type`, which the API has to know where it lists its types.
    pub(crate) fn authorization_details(
        &self,
        parameters: &Parameters,
        audience: Option<&str>,
    ) -> Result<Option<Value>, OAuthError> {
        let invalid = |text: &str| OAuthError::new(400, "invalid_authorization_details", text);
        let Some(details) = parameters.json("authorization_details")? else { return Ok(None) };
        let list = details.as_array().ok_or_else(|| invalid("authorization_details is not a list"))?;
        let api = audience.and_then(|audience| self.api(audience).ok());
        let known = api.as_ref().and_then(|api| api.record.get("authorization_details")).and_then(Value::as_array);
        for one in list {
            let kind = text(one, "type").ok_or_else(|| invalid("authorization_details: an object without a type"))?;
            if known.is_some_and(|known| !known.iter().any(|type_| text(type_, "type") == Some(kind))) {
                return Err(invalid("authorization_details: a type that the API does not know"));
            }
        }
        Ok(Some(details))
    }
}
