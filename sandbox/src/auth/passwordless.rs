//! Codes and links by mail and text message.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Login, OneTime};
use super::parameters::{Parameters, text};
use super::tokens::{Renewal, answer};
use super::visit::Visit;
use crate::message::Answer;
use crate::outbox::Message;
use serde_json::{Map, Value, json};

/// How long a code is good for, in seconds.
const CODE_S: i64 = 180;

/// So many wrong codes end it.
const MOST_WRONG: u32 = 3;

impl Visit<'_> {
    /// `POST /passwordless/start`.
    pub(crate) fn passwordless_start(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let bad = |description: &str| OAuthError::new(400, "bad.request", description);
        // A confidential client has to prove itself here too.
        let client = self.authenticated_client(&parameters)?;
        let connection = parameters.need("connection")?.to_owned();
        let known = self.connection_for(&connection, &client);
        let strategy = known.as_ref().and_then(|one| text(one, "strategy")).unwrap_or_default();
        if !matches!(strategy, "email" | "sms") {
            return Err(OAuthError::new(400, "bad.connection", format!("Connection does not exist: {connection}")));
        }
        let address = match strategy {
            "email" => parameters.get("email").ok_or_else(|| bad("email is required"))?.to_lowercase(),
            _ => parameters.get("phone_number").ok_or_else(|| bad("phone_number is required"))?.to_owned(),
        };
        if strategy == "email" && !address.contains('@') {
            return Err(OAuthError::new(400, "bad.email", "error in email - email format validation failed"));
        }
        if strategy == "sms" && !(address.starts_with('+') && address.len() > 7) {
            return Err(OAuthError::new(400, "bad.phone_number", "phone_number is not in the E.164 format"));
        }
        let disabled = known.as_ref().and_then(|one| one.pointer("/options/disable_signup")).and_then(Value::as_bool);
        if disabled == Some(true) && self.database_user(&connection, &address).is_none() {
            return Err(OAuthError::new(400, "bad.connection", "Public signup is disabled"));
        }
        let inner = match parameters.json("authParams")? {
            Some(Value::Object(map)) => Parameters::of_json(map),
            _ => Parameters::default(),
        };
        let code = self.digits(6)?;
        let as_link = strategy == "email" && parameters.get("send").unwrap_or("link") == "link";
        let link = as_link.then(|| {
            let query = [("connection", connection.as_str()), ("address", &address), ("code", &code)];
            let query: Vec<String> =
                query.iter().map(|(name, value)| format!("{name}={}", crate::message::encode(value))).collect();
            self.at(&format!("passwordless/verify_redirect?{}", query.join("&")))
        });
        let one = OneTime {
            code: code.clone(),
            client_id: client.id.clone(),
            parameters: inner,
            expires_s: self.now_s + CODE_S,
            wrong: 0,
        };
        self.flows.one_time.insert((connection.clone(), address.clone()), one);
        self.tenant.outbox.add(Message {
            at: self.now(),
            kind: strategy.to_owned(),
            to: address.clone(),
            template: "passwordless".into(),
            code: (!as_link).then_some(code),
            link,
            data: Value::Null,
        });
        self.log("cls", "Code/Link sent", Some(&client), "", &connection);
        let shown = if strategy == "email" {
            json!({ "_id": self.secret(24)?, "email": address, "email_verified": false })
        } else {
            json!({ "_id": self.secret(24)?, "phone_number": address, "phone_verified": false })
        };
        Ok(Answer::json(200, &shown))
    }

    /// Checks and spends a code, and gives the user, who is made at the first login.
    fn passwordless_user(
        &mut self,
        connection: &str,
        address: &str,
        code: &str,
        client: &Client,
    ) -> Result<Login, OAuthError> {
        let address = if address.contains('@') { address.to_lowercase() } else { address.to_owned() };
        let slot = (connection.to_owned(), address.clone());
        let what = if address.contains('@') { "email" } else { "phone number" };
        let wrong = || OAuthError::invalid_grant(format!("Wrong {what} or verification code."));
        let right = match self.flows.one_time.get_mut(&slot).filter(|one| one.client_id == client.id) {
            None => None,
            Some(one) if one.wrong >= MOST_WRONG => {
                self.flows.one_time.remove(&slot);
                let text = "You've reached the maximum number of attempts. Please try to login again.";
                return Err(OAuthError::invalid_grant(text));
            }
            Some(one) if one.code == code => Some(()),
            Some(one) => {
                one.wrong += 1;
                None
            }
        };
        if right.is_none() {
            self.log("fc", "Wrong verification code", Some(client), "", connection);
            return Err(wrong());
        }
        self.flows.one_time.remove(&slot);
        let user = match self.database_user(connection, &address) {
            Some(user) => user,
            None => {
                let mut body = Map::new();
                body.insert("connection".to_owned(), json!(connection));
                let (name, verified) = if address.contains('@') {
                    ("email", "email_verified")
                } else {
                    ("phone_number", "phone_verified")
                };
                body.insert(name.to_owned(), json!(address));
                body.insert(verified.to_owned(), json!(true));
                self.create_user(&body)?
            }
        };
        let user_id = text(&user, "user_id").unwrap_or_default().to_owned();
        self.usable_user(&user_id)?;
        Ok(Login {
            user_id,
            connection: connection.to_owned(),
            session: None,
            at_s: self.now_s,
            methods: vec!["otp".to_owned()],
            organization: None,
        })
    }

    pub(crate) fn passwordless_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require("http://auth0.com/oauth/grant-type/passwordless/otp")?;
        let (username, otp, realm) = (parameters.need("username")?, parameters.need("otp")?, parameters.need("realm")?);
        let login = self.passwordless_user(realm, username, otp, client)?;
        let asked = self.asked(parameters, jkt);
        self.finish_login(client, &asked, login, "passwordless")
    }

    /// `POST /passwordless/verify`: the older form, whose code is called a password.
    pub(crate) fn passwordless_verify(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let client = self.authenticated_client(&parameters)?;
        let connection = parameters.need("connection")?;
        let username = parameters.get("username").or(parameters.get("email")).or(parameters.get("phone_number"));
        let username = username.ok_or_else(|| OAuthError::missing("username"))?;
        let code = parameters.get("verification_code").or(parameters.get("password"));
        let code = code.ok_or_else(|| OAuthError::missing("password"))?;
        let login = self.passwordless_user(connection, username, code, &client)?;
        let asked = self.asked(&parameters, None);
        let body = self.issue(&client, &asked, &login, "passwordless", Renewal::New)?;
        self.logged_in(&client, &login, "s", "Successful login");
        Ok(answer(body))
    }

    /// The link in a mail: logs in, and goes on as the `authParams` say.
    pub(crate) fn passwordless_link(&mut self) -> Result<Answer, OAuthError> {
        let query = Parameters::of_query(self.request)?;
        let (connection, address) = (query.need("connection")?.to_owned(), query.need("address")?.to_owned());
        let one = self.flows.one_time.get(&(connection.clone(), address.clone())).cloned();
        let one = one.ok_or_else(|| OAuthError::invalid_grant("The link has been used or has expired."))?;
        let client = Client::find(self.store, &one.client_id).ok_or_else(OAuthError::unauthorized)?;
        let mut login = self.passwordless_user(&connection, &address, query.need("code")?, &client)?;
        let cookie = self.new_session(&mut login, &client.id)?;
        let mut parameters = one.parameters;
        parameters.set("client_id", client.id.clone());
        if parameters.get("response_type").is_none() {
            parameters.set("response_type", "code");
        }
        let answer = self.authorize_with(parameters, Some(login))?;
        Ok(super::universal::with_cookie(answer, &cookie))
    }
}
