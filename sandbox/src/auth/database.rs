//! Database connections: signup, and mails to change a password.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Ticket, new_ticket};
use super::parameters::{Parameters, text};
use super::passwords::{keep_password, weakness};
use super::visit::Visit;
use crate::error::ApiError;
use crate::logs;
use crate::message::Answer;
use crate::outbox::Message;
use crate::store::{USERS, key};
use crate::users;
use serde_json::{Map, Value, json};

/// An error of the database endpoints has `code` and `description`, and not the names of OAuth.
fn refused(status: u16, code: &str, description: impl Into<String>) -> Answer {
    let description = description.into();
    let name = match code {
        "invalid_password" => "PasswordStrengthError",
        "invalid_signup" | "user_exists" => "BadRequestError",
        _ => "BadRequestError",
    };
    Answer::json(status, &json!({ "name": name, "code": code, "description": description, "statusCode": status }))
}

impl Visit<'_> {
    /// A connection by its name.
    pub(crate) fn connection(&self, name: &str) -> Option<Value> {
        self.store.all("/connections").into_iter().find(|one| text(one, "name") == Some(name))
    }

    /// A connection that this client may use. One whose clients were never chosen is open to all.
    pub(crate) fn connection_for(&self, name: &str, client: &Client) -> Option<Value> {
        let connection = self.connection(name)?;
        let id = text(&connection, "id").unwrap_or_default();
        let chosen = self.store.collection(&format!("/connections/{}/clients", key(id)));
        let listed: Vec<&str> = super::parameters::texts(connection.get("enabled_clients")).collect();
        let open = listed.is_empty() && chosen.is_none();
        let allowed =
            open || listed.contains(&client.id.as_str()) || chosen.is_some_and(|all| all.contains(&client.id));
        allowed.then_some(connection)
    }

    /// The database connections that a client may use.
    pub(crate) fn databases(&self, client: &Client) -> Vec<String> {
        let all = self.store.all("/connections");
        let names = all.iter().filter(|one| text(one, "strategy") == Some("auth0")).filter_map(|one| text(one, "name"));
        names.filter(|name| self.connection_for(name, client).is_some()).map(str::to_owned).collect()
    }

    /// Makes a user as `POST /api/v2/users` does.
    pub(crate) fn create_user(&mut self, body: &Map<String, Value>) -> Result<Value, ApiError> {
        let now = self.now();
        let (id, user) = users::create(self.store, body, &now)?;
        self.store.put(USERS, &id, &user);
        if let Some(password) = body.get("password").and_then(Value::as_str) {
            keep_password(self.store, &id, password)?;
        }
        Ok(user)
    }

    /// `POST /dbconnections/signup`.
    pub(crate) fn signup(&mut self) -> Result<Answer, OAuthError> {
        let body: Map<String, Value> = serde_json::from_slice(&self.request.body)
            .map_err(|_| OAuthError::invalid_request("The body is not a JSON object"))?;
        let parameters = Parameters::of_json(body.clone());
        let client = match Client::find(self.store, parameters.get("client_id").unwrap_or_default()) {
            Some(client) => client,
            None => return Ok(refused(400, "invalid_request", "client_id: unknown client")),
        };
        Ok(match self.sign_up(&client, &parameters, &body) {
            Ok(user) => {
                let id = text(&user, "user_id").and_then(|id| id.split_once('|')).map_or("", |(_, id)| id);
                let mut shown = Map::new();
                shown.insert("_id".to_owned(), json!(id));
                for name in [
                    "email_verified",
                    "email",
                    "username",
                    "given_name",
                    "family_name",
                    "name",
                    "nickname",
                    "picture",
                    "user_metadata",
                    "phone_number",
                ] {
                    user.get(name).into_iter().for_each(|value| drop(shown.insert(name.to_owned(), value.clone())));
                }
                Answer::json(200, &shown.into())
            }
            Err(answer) => answer,
        })
    }

    /// Makes a user of a database connection, or says why not.
    pub(crate) fn sign_up(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        body: &Map<String, Value>,
    ) -> Result<Value, Answer> {
        let missing = |name: &str| refused(400, "invalid_request", format!("{name} is required"));
        let name = parameters.get("connection").ok_or_else(|| missing("connection"))?;
        let connection = self
            .connection_for(name, client)
            .filter(|one| text(one, "strategy") == Some("auth0"))
            .ok_or_else(|| refused(400, "invalid_connection", "The connection does not exist or is not enabled"))?;
        if connection.pointer("/options/disable_signup").and_then(Value::as_bool) == Some(true) {
            return Err(refused(400, "public_signup_disabled", "Public signup is disabled"));
        }
        let email = parameters.get("email").or(parameters.get("username")).or(parameters.get("phone_number"));
        let email = email.ok_or_else(|| missing("email"))?;
        if parameters.get("email").is_some_and(|email| !email.contains('@')) {
            return Err(refused(400, "invalid_request", "email is not an email address"));
        }
        let password = parameters.get("password").ok_or_else(|| missing("password"))?;
        if let Some(problem) = weakness(&connection, password) {
            self.log("fs", "Password is too weak", Some(client), "", name);
            let answer = json!({ "name": "PasswordStrengthError", "message": "Password is too weak",
                                 "code": "invalid_password", "description": { "rules": [{ "message": problem }] },
                                 "policy": problem, "statusCode": 400 });
            return Err(Answer::json(400, &answer));
        }
        let mut wanted = body.clone();
        wanted.retain(|name, _| {
            [
                "connection",
                "email",
                "username",
                "phone_number",
                "password",
                "given_name",
                "family_name",
                "name",
                "nickname",
                "picture",
                "user_metadata",
            ]
            .contains(&name.as_str())
        });
        match self.create_user(&wanted) {
            Ok(user) => {
                let id = text(&user, "user_id").unwrap_or_default().to_owned();
                self.log("ss", "Successful signup", Some(client), &id, name);
                if parameters.get("email").is_some() {
                    self.send_ticket("verify-email", &id, email, None).map_err(|error| error.answer())?;
                }
                Ok(user)
            }
            Err(error) if error.status == 409 => {
                self.log("fs", "The user already exists.", Some(client), "", name);
                // Auth0 does not tell a stranger who has an account.
                Err(refused(400, "invalid_signup", "Invalid sign up"))
            }
            Err(error) => Err(refused(400, "invalid_request", error.message)),
        }
    }

    /// `POST /dbconnections/change_password`: a mail, and the same answer whether there is such a user or not.
    pub(crate) fn change_password(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let client = match Client::find(self.store, parameters.get("client_id").unwrap_or_default()) {
            Some(client) => client,
            None => return Ok(refused(400, "invalid_request", "client_id: unknown client")),
        };
        let (Some(name), Some(email)) =
            (parameters.owned("connection"), parameters.owned("email").or_else(|| parameters.owned("username")))
        else {
            return Ok(refused(400, "invalid_request", "email and connection are required"));
        };
        if self.connection_for(&name, &client).is_none() {
            return Ok(refused(400, "invalid_connection", "The connection does not exist or is not enabled"));
        }
        if let Some(user) = self.database_user(&name, &email) {
            let id = text(&user, "user_id").unwrap_or_default().to_owned();
            self.send_ticket("change-password", &id, &email, None)?;
            self.log("scpr", "Change password request", Some(&client), &id, &name);
        }
        Ok(Answer::of(200, "text/html; charset=utf-8", "We've just sent you an email to reset your password.".into()))
    }

    /// Makes a ticket and puts its mail into the outbox.
    pub(crate) fn send_ticket(
        &mut self,
        kind: &'static str,
        user_id: &str,
        to: &str,
        result_url: Option<String>,
    ) -> Result<String, ApiError> {
        let expires_s = self.now_s + 432_000;
        let ticket = Ticket { kind, user_id: user_id.to_owned(), result_url, expires_s, ..Ticket::default() };
        let link = new_ticket(&self.links(), self.flows, ticket)?;
        self.tenant.outbox.add(Message {
            at: self.now(),
            kind: "email".into(),
            to: to.to_owned(),
            template: kind.replace('-', "_"),
            link: Some(link.clone()),
            ..Message::default()
        });
        Ok(link)
    }

    /// Writes into the tenant's log.
    pub(crate) fn log(&mut self, kind: &str, description: &str, client: Option<&Client>, user: &str, connection: &str) {
        let name = self.store.get(USERS, user);
        let name = name.as_ref().and_then(|user| text(user, "email").or(text(user, "name"))).unwrap_or_default();
        let event = logs::Event {
            kind,
            description: description.to_owned(),
            client_id: client.map_or("", |client| &client.id),
            client_name: client.map_or("", Client::name),
            user_id: user,
            user_name: name,
            connection,
            details: None,
        };
        logs::add(self.store, self.tenant.clock.now_ms(), &event);
    }
}
