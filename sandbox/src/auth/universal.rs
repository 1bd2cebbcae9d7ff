//! The pages that a user meets: login, signup, organization, second factor, consent, device, tickets.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Decision, Login, Transaction};
use super::mfa_factors::Factor;
use super::pages::{alert, escape, field, page};
use super::parameters::{Parameters, text};
use super::sessions::COOKIE;
use super::visit::Visit;
use crate::message::Answer;
use serde_json::{Map, Value, json};

type Page = Result<Answer, OAuthError>;

/// Sets the session's cookie.
pub(crate) fn with_cookie(answer: Answer, session: &str) -> Answer {
    answer.with("set-cookie", format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax"))
}

impl Visit<'_> {
    /// Keeps the transaction and sends the browser to a page.
    pub(crate) fn send_to_page(&mut self, name: &str, transaction: Transaction) -> Page {
        let id = self.secret(32)?;
        self.flows.transactions.insert(id.clone(), transaction);
        Ok(Answer::empty(302).with("location", format!("/u/{name}?state={id}")).with("cache-control", "no-store"))
    }

    /// The transaction of a page, by the `state` in its query.
    fn transaction(&self) -> Result<(String, Transaction), Answer> {
        let query = Parameters::of_query(self.request).unwrap_or_default();
        let state = query.get("state").unwrap_or_default();
        let found = self.flows.transactions.get(state).cloned();
        let gone = || self.error_page(400, "invalid_request", "This page has expired. Please start again.");
        found.map(|transaction| (state.to_owned(), transaction)).ok_or_else(gone)
    }

    /// Reads a page's form and its transaction, and goes on.
    fn posted(&mut self, act: fn(&mut Self, String, Transaction, Parameters) -> Page) -> Page {
        let form = self.body()?;
        match self.transaction() {
            Ok((state, transaction)) => act(self, state, transaction, form),
            Err(answer) => Ok(answer),
        }
    }

    fn shown(&mut self, act: fn(&mut Self, &str, &Transaction, Option<&str>) -> Page) -> Page {
        match self.transaction() {
            Ok((state, transaction)) => act(self, &state, &transaction, None),
            Err(answer) => Ok(answer),
        }
    }

    /// The transaction is done with its page.
    fn advance(&mut self, state: &str, transaction: Transaction) -> Page {
        self.flows.transactions.remove(state);
        self.proceed(transaction)
    }

    fn client_of(&self, transaction: &Transaction) -> Result<Client, OAuthError> {
        Client::find(self.store, &transaction.client_id).ok_or_else(OAuthError::unauthorized)
    }

    pub(crate) fn login_page(&mut self) -> Page {
        self.shown(Self::login_form)
    }

    fn login_form(&mut self, state: &str, transaction: &Transaction, problem: Option<&str>) -> Page {
        let client = self.client_of(transaction)?;
        let hint = transaction.parameters.get("login_hint").unwrap_or_default();
        let all = self.store.all("/connections");
        let wanted = transaction.parameters.get("connection");
        let open = all.iter().filter_map(|one| Some((text(one, "name")?, text(one, "strategy")?))).filter(
            |(name, strategy)| {
                let social = !matches!(*strategy, "auth0" | "email" | "sms");
                social && wanted.is_none_or(|wanted| wanted == *name) && self.connection_for(name, &client).is_some()
            },
        );
        let others: String = open
            .map(|(name, _)| {
                format!(
                    "<form method=\"post\"><input type=\"hidden\" name=\"connection\" value=\"{0}\">\
                     <label for=\"as-{0}\">Email address at {0}</label>\
                     <input id=\"as-{0}\" name=\"social\" type=\"email\" required>\
                     <button class=\"second\" type=\"submit\">Continue with {0}</button></form>",
                    escape(name)
                )
            })
            .collect();
        let content = format!(
            "<p>Log in to continue to {}.</p>{}<form method=\"post\">{}{}\
             <button type=\"submit\" name=\"action\" value=\"default\">Continue</button></form>\
             <p>Don't have an account? <a href=\"/u/signup?state={state}\">Sign up</a></p>{others}",
            escape(client.name()),
            alert(problem),
            field(
                "username",
                "Email address or username",
                "text",
                hint,
                "autocomplete=\"username\" required autofocus"
            ),
            field("password", "Password", "password", "", "autocomplete=\"current-password\" required"),
        );
        Ok(page(if problem.is_some() { 400 } else { 200 }, "Welcome", &content))
    }

    pub(crate) fn login_posted(&mut self) -> Page {
        self.posted(|visit, state, mut transaction, form| {
            let client = visit.client_of(&transaction)?;
            let user = match form.get("social") {
                Some(email) => visit.social_user(form.get("connection").unwrap_or_default(), email, &client),
                None => visit.password_user(&client, &transaction, &form),
            };
            match user {
                Ok((user, connection)) => {
                    transaction.login = Some(visit.page_login(&user, &connection));
                    visit.advance(&state, transaction)
                }
                Err(error) => visit.login_form(&state, &transaction, Some(&error.description)),
            }
        })
    }

    fn page_login(&self, user: &Value, connection: &str) -> Login {
        Login {
            user_id: text(user, "user_id").unwrap_or_default().to_owned(),
            connection: connection.to_owned(),
            session: None,
            at_s: self.now_s,
            methods: vec!["pwd".to_owned()],
            organization: None,
        }
    }

    fn password_user(
        &mut self,
        client: &Client,
        transaction: &Transaction,
        form: &Parameters,
    ) -> Result<(Value, String), OAuthError> {
        let connection = self.page_database(client, transaction)?;
        let (name, password) = (form.need("username")?, form.need("password")?);
        let user = self.check_password(&connection, name, password, client)?;
        Ok((user, connection))
    }

    fn page_database(&self, client: &Client, transaction: &Transaction) -> Result<String, OAuthError> {
        let databases = self.databases(client);
        let wanted =
            transaction.parameters.get("connection").map(str::to_owned).filter(|name| databases.contains(name));
        let none = || OAuthError::invalid_request("No database connection is enabled for this application");
        wanted.or_else(|| databases.into_iter().next()).ok_or_else(none)
    }

    /// The user of an identity provider that is played here: whoever gives an address is that user.
    fn social_user(&mut self, connection: &str, email: &str, client: &Client) -> Result<(Value, String), OAuthError> {
        let known = self.connection_for(connection, client);
        let known = known.filter(|one| !matches!(text(one, "strategy"), Some("auth0" | "email" | "sms") | None));
        if known.is_none() || !email.contains('@') {
            return Err(OAuthError::invalid_request("The connection or the address is not usable"));
        }
        let user = match self.database_user(connection, email) {
            Some(user) => user,
            None => {
                let body = json!({ "connection": connection, "email": email, "email_verified": true });
                self.create_user(body.as_object().unwrap_or(&Map::new()))?
            }
        };
        Ok((user, connection.to_owned()))
    }

    pub(crate) fn signup_page(&mut self) -> Page {
        self.shown(Self::signup_form)
    }

    fn signup_form(&mut self, state: &str, transaction: &Transaction, problem: Option<&str>) -> Page {
        let client = self.client_of(transaction)?;
        let hint = transaction.parameters.get("login_hint").unwrap_or_default();
        let content = format!(
            "<p>Sign up to continue to {}.</p>{}<form method=\"post\">{}{}<button type=\"submit\">Continue</button></form>\
             <p>Already have an account? <a href=\"/u/login?state={state}\">Log in</a></p>",
            escape(client.name()),
            alert(problem),
            field("email", "Email address", "email", hint, "autocomplete=\"email\" required autofocus"),
            field("password", "Password", "password", "", "autocomplete=\"new-password\" required"),
        );
        Ok(page(if problem.is_some() { 400 } else { 200 }, "Sign up", &content))
    }

    pub(crate) fn signup_posted(&mut self) -> Page {
        self.posted(|visit, state, mut transaction, form| {
            let client = visit.client_of(&transaction)?;
            let connection = visit.page_database(&client, &transaction)?;
            let mut body = Map::new();
            for name in ["email", "password"] {
                form.get(name).into_iter().for_each(|value| drop(body.insert(name.to_owned(), json!(value))));
            }
            body.insert("connection".to_owned(), json!(connection));
            let parameters = Parameters::of_json(body.clone());
            match visit.sign_up(&client, &parameters, &body) {
                Ok(user) => {
                    transaction.login = Some(visit.page_login(&user, &connection));
                    visit.advance(&state, transaction)
                }
                Err(refused) => {
                    let body: Value = serde_json::from_slice(&refused.body).unwrap_or_default();
                    let problem =
                        text(&body, "policy").or(text(&body, "description")).unwrap_or("Something went wrong");
                    visit.signup_form(&state, &transaction, Some(problem))
                }
            }
        })
    }

    pub(crate) fn organization_page(&mut self) -> Page {
        self.shown(|visit, _, transaction, problem| {
            let user = transaction.login.as_ref().map(|login| login.user_id.clone()).unwrap_or_default();
            let all = visit.store.all("/organizations");
            let own = all.iter().filter(|one| visit.is_member(text(one, "id").unwrap_or_default(), &user));
            let buttons: String = own
                .map(|one| {
                    let (id, name) =
                        (text(one, "id").unwrap_or_default(), text(one, "display_name").or(text(one, "name")));
                    format!(
                        "<button class=\"second\" type=\"submit\" name=\"organization\" value=\"{}\">{}</button>",
                        escape(id),
                        escape(name.unwrap_or(id))
                    )
                })
                .collect();
            let none = if buttons.is_empty() {
                alert(Some("You are not a member of any organization."))
            } else {
                String::new()
            };
            Ok(page(
                200,
                "Select an organization",
                &format!("{}{none}<form method=\"post\">{buttons}</form>", alert(problem)),
            ))
        })
    }

    pub(crate) fn organization_posted(&mut self) -> Page {
        self.posted(|visit, state, mut transaction, form| {
            let id = visit.organization_id(form.need("organization")?);
            transaction.organization = Some(id.ok_or_else(|| OAuthError::invalid_request("unknown organization"))?);
            visit.advance(&state, transaction)
        })
    }

    pub(crate) fn mfa_page(&mut self) -> Page {
        self.shown(Self::mfa_form)
    }

    fn mfa_form(&mut self, state: &str, transaction: &Transaction, problem: Option<&str>) -> Page {
        let user = transaction.first_factor.as_ref().map(|login| login.user_id.clone()).unwrap_or_default();
        let factors: Vec<Factor> = self.factors(&user);
        let mut explanation = String::new();
        if factors.is_empty() {
            let secret = match &transaction.enrolling {
                Some(secret) => secret.clone(),
                None => {
                    let secret = self.totp_secret()?;
                    self.enroll(&user, "totp", json!({}), Some(&secret))?;
                    if let Some(kept) = self.flows.transactions.get_mut(state) {
                        kept.enrolling = Some(secret.clone());
                    }
                    secret
                }
            };
            let uri = self.otpauth(&user, &secret);
            explanation = format!(
                "<p>Add this secret to your authenticator app, then type the code that it shows.</p>\
                 <p><code id=\"secret\">{secret}</code></p><p><a href=\"{0}\"><code>{0}</code></a></p>",
                escape(&uri)
            );
        } else if let Some(factor) = factors.iter().find(|factor| factor.challenge() == "oob") {
            let sent = self.flows.out_of_band.values().any(|one| one.mfa_token == state);
            if !sent {
                self.send_out_of_band(state, &user, factor)?;
            }
            explanation =
                "<p>We sent a message to your other device. Type its code, or approve it there and go on.</p>"
                    .to_owned();
        }
        let code = field("code", "Code", "text", "", "inputmode=\"numeric\" autocomplete=\"one-time-code\" autofocus");
        let content = format!(
            "{explanation}{}<form method=\"post\">{code}<button type=\"submit\">Continue</button></form>\
             <p>A recovery code works here too.</p>",
            alert(problem)
        );
        Ok(page(if problem.is_some() { 400 } else { 200 }, "Verify your identity", &content))
    }

    pub(crate) fn mfa_posted(&mut self) -> Page {
        self.posted(|visit, state, mut transaction, form| {
            let Some(mut login) = transaction.first_factor.clone() else {
                return visit.advance(&state, transaction);
            };
            let user = login.user_id.clone();
            let code = form.get("code").unwrap_or_default().replace(' ', "");
            let by_message = visit.flows.out_of_band.values().any(|one| {
                one.mfa_token == state
                    && (one.decision == Some(true) || one.code.as_ref().is_some_and(|known| *known == code))
            });
            let right =
                by_message || visit.check_totp(&user, &code)? || visit.use_recovery_code(&user, &code)?.is_some();
            if !right {
                return visit.mfa_form(&state, &transaction, Some("The code is wrong or has expired."));
            }
            login.methods.push("mfa".to_owned());
            transaction.first_factor = None;
            transaction.login = Some(login);
            visit.advance(&state, transaction)
        })
    }

    pub(crate) fn consent_page(&mut self) -> Page {
        self.shown(|visit, _, transaction, problem| {
            let client = visit.client_of(transaction)?;
            let scopes: String = transaction
                .parameters
                .words("scope")
                .iter()
                .map(|scope| format!("<li>{}</li>", escape(scope)))
                .collect();
            let device = transaction.device.as_ref().and_then(|code| visit.flows.devices.get(code));
            let device = device.map_or_else(String::new, |device| {
                format!("<p>Does your device show the code <strong>{}</strong>?</p>", escape(&device.user_code))
            });
            let content = format!(
                "{}<p>{} asks for access to your account.</p>{device}<ul>{scopes}</ul><form method=\"post\">\
                 <button type=\"submit\" name=\"action\" value=\"accept\">Accept</button>\
                 <button class=\"second\" type=\"submit\" name=\"action\" value=\"deny\">Decline</button></form>",
                alert(problem),
                escape(client.name())
            );
            Ok(page(200, "Authorize App", &content))
        })
    }

    pub(crate) fn consent_posted(&mut self) -> Page {
        self.posted(|visit, state, mut transaction, form| {
            if form.get("action") == Some("accept") {
                transaction.consented = true;
                visit.keep_consent(&transaction);
                return visit.advance(&state, transaction);
            }
            visit.flows.transactions.remove(&state);
            if let Some(device) = transaction.device.as_ref().and_then(|code| visit.flows.devices.get_mut(code)) {
                device.decision = Decision::Denied;
                return Ok(visit.message_page("Request declined", "The device gets no access."));
            }
            Ok(visit.refused(&transaction, &OAuthError::denied("User did not authorize the request")))
        })
    }
}
