//! The way from an authorization request through the pages, and the answer at its end.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Asked, Code, Decision, Login, Transaction};
use super::jwt;
use super::parameters::{text, texts};
use super::tokens::Renewal;
use super::universal::with_cookie;
use super::visit::Visit;
use crate::message::{Answer, encode};
use crate::store::USERS;
use serde_json::{Value, json};

/// How long a code is good for, in seconds.
const CODE_S: i64 = 60;

impl Visit<'_> {
    /// The next page, or the answer to the client.
    pub(crate) fn proceed(&mut self, mut transaction: Transaction) -> Result<Answer, OAuthError> {
        let client = Client::find(self.store, &transaction.client_id).ok_or_else(OAuthError::unauthorized)?;
        if let Some(error) = transaction.parameters.get("ext-sandbox-error") {
            let error = OAuthError::new(400, known_error(error), "Ordered with ext-sandbox-error");
            return Ok(self.refused(&transaction, &error));
        }
        let prompts = transaction.parameters.words("prompt");
        let prompted = |wanted: &str| prompts.iter().any(|prompt| prompt == wanted);
        if transaction.login.is_none() && transaction.first_factor.is_none() {
            transaction.login = self.known_login(&transaction, prompted("login"))?;
            transaction.consented |= self.automatic(&transaction).is_some() && transaction.login.is_some();
        }
        self.automatic_used(&transaction);
        let leave = |visit: &mut Self, error: &'static str, page: &str, transaction: Transaction| {
            if prompted("none") {
                let error = OAuthError::new(400, error, "The user would have to see a page, and prompt is none");
                return Ok(visit.refused(&transaction, &error));
            }
            visit.send_to_page(page, transaction)
        };
        let Some(mut login) = transaction.login.clone() else {
            let signup = transaction.parameters.get("screen_hint") == Some("signup") || prompted("create");
            let page = match (&transaction.first_factor, signup) {
                (Some(_), _) => "mfa",
                (None, true) => "signup",
                (None, false) => "login",
            };
            return leave(self, "login_required", page, transaction);
        };
        if let Err(error) = self.usable_user(&login.user_id) {
            return Ok(self.refused(&transaction, &error));
        }
        // An organization: the one asked for, or, where the client insists on one, the one that the user picks.
        if let Some(id) = &transaction.organization {
            if !self.is_member(id, &login.user_id) && !self.joins_on_login(id, &login) {
                let message = format!("user {} is not part of the {id} organization", login.user_id);
                return Ok(self.refused(&transaction, &OAuthError::denied(message)));
            }
            self.join(id, &login.user_id);
        } else if text(&client.record, "organization_usage") == Some("require") {
            return leave(self, "interaction_required", "organization", transaction);
        }
        login.organization = transaction.organization.clone();
        if self.second_factor_wanted(&login) {
            transaction.login = None;
            transaction.first_factor = Some(login);
            return leave(self, "interaction_required", "mfa", transaction);
        }
        let fresh = login.session.is_none();
        match login.session.clone() {
            Some(session) => self.touch_session(&session, &client.id),
            None => drop(self.new_session(&mut login, &client.id)?),
        }
        let cookie = login.session.clone().filter(|_| fresh);
        transaction.login = Some(login.clone());
        let consent = !transaction.consented && self.consent_wanted(&client, &transaction, prompted("consent"))?;
        let answer = if consent {
            leave(self, "consent_required", "consent", transaction)?
        } else {
            if fresh {
                self.logged_in(&client, &login, "s", "Successful login");
            }
            self.finish(&client, &transaction, &login)?
        };
        Ok(match cookie {
            Some(cookie) => with_cookie(answer, &cookie),
            None => answer,
        })
    }

    /// Whom a test wants to be logged in without pages.
    fn automatic(&self, transaction: &Transaction) -> Option<String> {
        let ordered = self.flows.automatic.as_ref().map(|(login, _)| login.clone());
        transaction.parameters.owned("ext-sandbox-login").or(ordered)
    }

    fn automatic_used(&mut self, transaction: &Transaction) {
        if transaction.parameters.get("ext-sandbox-login").is_some() || transaction.login.is_none() {
            return;
        }
        if let Some((_, Some(times))) = &mut self.flows.automatic {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.flows.automatic = None;
            }
        }
    }

    /// The login of a test, or of the session, when it is young enough.
    fn known_login(&self, transaction: &Transaction, afresh: bool) -> Result<Option<Login>, OAuthError> {
        if let Some(name) = self.automatic(transaction) {
            return self.login_as(&name).map(Some);
        }
        let max_age = transaction.parameters.get("max_age").and_then(|text| text.parse::<i64>().ok());
        let session = self.session().filter(|_| !afresh);
        Ok(session.filter(|login| max_age.is_none_or(|age| self.now_s - login.at_s <= age)))
    }

    /// A login of a user, given by id, email address, username or phone number.
    pub(crate) fn login_as(&self, name: &str) -> Result<Login, OAuthError> {
        let by_login = || self.store.users_by_login(name).first().and_then(|id| self.store.get(USERS, id));
        let user = self.store.get(USERS, name).or_else(by_login);
        let user = user.ok_or_else(|| OAuthError::denied(format!("There is no user {name}")))?;
        Ok(Login {
            user_id: text(&user, "user_id").unwrap_or_default().to_owned(),
            connection: user.pointer("/identities/0/connection").and_then(Value::as_str).unwrap_or_default().to_owned(),
            session: None,
            at_s: self.now_s,
            methods: vec!["pwd".to_owned(), "mfa".to_owned()],
            organization: None,
        })
    }

    fn joins_on_login(&self, organization: &str, login: &Login) -> bool {
        let enabled = self.store.all(&format!("/organizations/{organization}/connections"));
        let connection = self.connection(&login.connection);
        let id = connection.as_ref().and_then(|one| text(one, "id")).unwrap_or_default();
        enabled.iter().any(|one| {
            text(one, "connection_id") == Some(id)
                && one.get("assign_membership_on_login").and_then(Value::as_bool) == Some(true)
        })
    }

    fn join(&mut self, organization: &str, user_id: &str) {
        if !self.is_member(organization, user_id) {
            let user = crate::store::key(user_id);
            self.store.put(&format!("/organizations/{organization}/members"), user_id, &json!({ "user_id": user_id }));
            self.store.put(&format!("{USERS}/{user}/organizations"), organization, &json!({ "id": organization }));
        }
    }

    /// Third parties ask for consent, once for each user, API and scope.
    fn consent_wanted(&self, client: &Client, transaction: &Transaction, asked: bool) -> Result<bool, OAuthError> {
        if transaction.device.is_some() || asked {
            return Ok(true);
        }
        if client.is_first_party() {
            return Ok(false);
        }
        let (id, _, _) = self.consent_key(transaction);
        let known = self.store.get("/grants", &id);
        let granted: Vec<&str> = known.as_ref().map(|grant| texts(grant.get("scope")).collect()).unwrap_or_default();
        let wanted = transaction.parameters.words("scope");
        Ok(known.is_none() || !wanted.iter().all(|scope| granted.contains(&scope.as_str())))
    }

    /// The id, the user and the audience of a consent.
    fn consent_key(&self, transaction: &Transaction) -> (String, String, String) {
        let user = transaction.login.as_ref().map(|login| login.user_id.clone()).unwrap_or_default();
        let audience = self.audience(transaction.parameters.get("audience"));
        let audience = audience.unwrap_or_else(|| self.at("userinfo"));
        let id: String = jwt::sha256(format!("{user} {} {audience}", transaction.client_id).as_bytes());
        let id = id.bytes().take(12).map(|byte| format!("{byte:02x}")).collect();
        (id, user, audience)
    }

    pub(crate) fn keep_consent(&mut self, transaction: &Transaction) {
        let (id, user, audience) = self.consent_key(transaction);
        let grant = json!({ "id": id, "clientID": transaction.client_id, "user_id": user, "audience": audience,
                            "scope": transaction.parameters.words("scope") });
        self.store.put("/grants", &id, &grant);
    }

    /// The answer to the client: RFC 6749, section 4.1.2, with `iss` (RFC 9207); or a device that is approved.
    fn finish(&mut self, client: &Client, transaction: &Transaction, login: &Login) -> Result<Answer, OAuthError> {
        if let Some(device) = &transaction.device {
            if let Some(waiting) = self.flows.devices.get_mut(device) {
                waiting.decision = Decision::Approved(Box::new(login.clone()));
            }
            return Ok(self.message_page("Congratulations, you're all set!", "Your device is now connected."));
        }
        let parameters = &transaction.parameters;
        let asked = Asked {
            audience: self.audience(parameters.get("audience")),
            scope: parameters.words("scope"),
            nonce: parameters.owned("nonce"),
            jkt: parameters.owned("dpop_jkt"),
            details: parameters.json("authorization_details")?,
            auth_time: parameters.get("max_age").is_some(),
        };
        let kinds = parameters.words("response_type");
        let has = |wanted: &str| kinds.iter().any(|kind| kind == wanted);
        let mut answer: Vec<(&str, String)> = Vec::new();
        if has("code") {
            let code = self.secret(43)?;
            let challenge = parameters
                .owned("code_challenge")
                .map(|challenge| (challenge, parameters.get("code_challenge_method").unwrap_or("plain").to_owned()));
            let kept = Code {
                client_id: client.id.clone(),
                redirect_uri: transaction.redirect_uri.clone(),
                challenge,
                asked: asked.clone(),
                login: login.clone(),
                expires_s: self.now_s + CODE_S,
                spent: None,
            };
            self.flows.codes.insert(code.clone(), kept);
            answer.push(("code", code));
        }
        let mut access_token = None;
        if has("token") {
            let body = self.issue(client, &asked, login, "", Renewal::No)?;
            for name in ["access_token", "scope", "token_type"] {
                let value = body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                answer.push((name, value));
            }
            answer.push(("expires_in", body.get("expires_in").map(Value::to_string).unwrap_or_default()));
            access_token = body.get("access_token").and_then(Value::as_str).map(str::to_owned);
        }
        if has("id_token") {
            let user = self.usable_user(&login.user_id)?;
            let code = answer.iter().find(|(name, _)| *name == "code").map(|(_, code)| code.clone());
            let token =
                self.id_token(client, &asked, login, (&user, &asked.scope), access_token.as_deref(), code.as_deref())?;
            answer.push(("id_token", token));
        }
        Ok(self.respond(transaction, answer))
    }

    /// Tells the client that it is not to be.
    pub(crate) fn refused(&mut self, transaction: &Transaction, error: &OAuthError) -> Answer {
        if transaction.device.is_some() {
            return self.error_page(400, error.error, &error.description);
        }
        let pairs = vec![("error", error.error.to_owned()), ("error_description", error.description.clone())];
        self.respond(transaction, pairs)
    }

    fn respond(&self, transaction: &Transaction, mut pairs: Vec<(&str, String)>) -> Answer {
        transaction.parameters.owned("state").into_iter().for_each(|state| pairs.push(("state", state)));
        pairs.push(("iss", self.issuer().to_owned()));
        let kinds = transaction.parameters.words("response_type");
        let default = if kinds.iter().any(|kind| kind != "code") { "fragment" } else { "query" };
        let uri = transaction.redirect_uri.as_str();
        let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match transaction.parameters.get("response_mode").unwrap_or(default) {
            "form_post" => super::pages::form_post(uri, &borrowed),
            "web_message" => super::pages::web_message(uri, &borrowed),
            "fragment" => {
                let text: Vec<String> =
                    borrowed.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
                Answer::empty(302).with("location", format!("{uri}#{}", text.join("&")))
            }
            _ => Answer::empty(302).with("location", with_query(uri, &borrowed)),
        }
        .with("cache-control", "no-store")
    }
}

/// Errors that a test may order; every other word is `access_denied`.
fn known_error(name: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "login_required",
        "consent_required",
        "interaction_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized",
        "invalid_request",
        "unauthorized_client",
    ];
    KNOWN.iter().find(|known| **known == name).copied().unwrap_or("access_denied")
}

/// A URL with more in its query.
pub(crate) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{}", pairs.join("&"))
}
