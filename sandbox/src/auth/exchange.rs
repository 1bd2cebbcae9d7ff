//! Token exchange (RFC 8693): custom profiles, on behalf of a user, and tokens of identity providers.

use super::client::Client;
use super::error::OAuthError;
use super::flows::Login;
use super::jwt;
use super::parameters::{Parameters, text};
use super::tokens::answer;
use super::visit::Visit;
use crate::message::Answer;
use crate::store::USERS;
use serde_json::{Map, Value, json};

/// The grant that gives an identity provider's access token.
pub(crate) const FEDERATED: &str = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token";

const FEDERATED_TYPE: &str = "http://auth0.com/oauth/token-type/federated-connection-access-token";
const ACCESS_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";
const REFRESH_TYPE: &str = "urn:ietf:params:oauth:token-type:refresh_token";

impl Visit<'_> {
    /// A custom profile maps its subject token to a user by an action, and the sandbox does not execute actions. Instead
    /// the subject token names the user: as a JWT with `sub` (or `email`), whose signature is not looked at, or plainly
    /// as a user id or an email address.
    pub(crate) fn exchange_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        let kind = parameters.need("subject_token_type")?.to_owned();
        let token = parameters.need("subject_token")?.to_owned();
        let login = if kind == ACCESS_TYPE {
            client.require("urn:ietf:params:oauth:grant-type:token-exchange")?;
            self.on_behalf_of(&token)?
        } else {
            let profiles = self.store.all("/token-exchange-profiles");
            if !profiles.iter().any(|profile| text(profile, "subject_token_type") == Some(&kind)) {
                let message = format!("There is no token exchange profile for the subject_token_type {kind}");
                return Err(OAuthError::invalid_request(message));
            }
            let allowed = client.record.pointer("/token_exchange/allow_any_profile_of_type");
            let listed = super::parameters::texts(allowed).any(|one| one == "custom_authentication");
            if !listed && !client.allows("urn:ietf:params:oauth:grant-type:token-exchange") {
                let message = "The client is not allowed to use token exchange profiles";
                return Err(OAuthError::new(403, "unauthorized_client", message));
            }
            self.subject(&token)?
        };
        let user = self.usable_user(&login.user_id)?;
        let organization = self.member_of(parameters.get("organization"), &user)?;
        let login = Login { organization, ..login };
        let asked = self.asked(parameters, jkt);
        if self.second_factor_wanted(&login) && kind != ACCESS_TYPE {
            return Err(self.ask_second_factor(client, &asked, login, "token-exchange")?);
        }
        let mut body = self.issue(client, &asked, &login, "token-exchange", super::tokens::Renewal::New)?;
        body.insert("issued_token_type".to_owned(), json!(ACCESS_TYPE));
        self.log("secte", "Successful token exchange", Some(client), &login.user_id, &login.connection);
        Ok(answer(body))
    }

    fn on_behalf_of(&self, token: &str) -> Result<Login, OAuthError> {
        let invalid = || OAuthError::invalid_grant("The subject_token is unknown, expired or not a user's");
        let grant = self.tenant.authority.issued(token).filter(|grant| grant.expires_s > self.now_s);
        let grant = grant.ok_or_else(invalid)?;
        let user_id = grant.user_id.ok_or_else(invalid)?;
        Ok(Login { user_id, session: grant.session, at_s: self.now_s, ..Login::default() })
    }

    fn subject(&mut self, token: &str) -> Result<Login, OAuthError> {
        let decoded = jwt::decode(token);
        let claim = |name: &str| decoded.as_ref().and_then(|token| token.claim(name)).map(str::to_owned);
        if decoded.as_ref().and_then(|token| token.seconds("exp")).is_some_and(|at| at <= self.now_s) {
            return Err(OAuthError::invalid_grant("The subject_token has expired"));
        }
        let names: Vec<String> = match &decoded {
            Some(_) => [claim("sub"), claim("email")].into_iter().flatten().collect(),
            None => vec![token.to_owned()],
        };
        let user = names.iter().find_map(|name| {
            let by_login = || self.store.users_by_login(name).first().and_then(|id| self.store.get(USERS, id));
            self.store.get(USERS, name).or_else(by_login)
        });
        let user = user.ok_or_else(|| OAuthError::invalid_grant("The subject_token names no user of this tenant"))?;
        let identity = user.pointer("/identities/0/connection").and_then(Value::as_str).unwrap_or_default();
        Ok(Login {
            user_id: text(&user, "user_id").unwrap_or_default().to_owned(),
            connection: identity.to_owned(),
            at_s: self.now_s,
            ..Login::default()
        })
    }

    /// The token that an identity provider gave at a user's login there; here it is made up, once per identity.
    pub(crate) fn federated_grant(&mut self, client: &Client, parameters: &Parameters) -> Result<Answer, OAuthError> {
        client.require(FEDERATED)?;
        let wanted = parameters.need("requested_token_type")?;
        if wanted != FEDERATED_TYPE {
            return Err(OAuthError::invalid_request(format!("requested_token_type must be {FEDERATED_TYPE}")));
        }
        let connection = parameters.need("connection")?;
        let subject = parameters.need("subject_token")?;
        let user_id = match parameters.need("subject_token_type")? {
            REFRESH_TYPE => {
                self.refresh_token_owner(subject).filter(|(owner, _)| *owner == client.id).map(|(_, user)| user)
            }
            ACCESS_TYPE => {
                let grant = self.tenant.authority.issued(subject).filter(|grant| grant.expires_s > self.now_s);
                grant.and_then(|grant| grant.user_id)
            }
            other => return Err(OAuthError::invalid_request(format!("subject_token_type {other} is not known here"))),
        };
        let user_id = user_id.ok_or_else(|| OAuthError::invalid_grant("The subject_token is unknown or expired"))?;
        let user = self.usable_user(&user_id)?;
        let identities = user.get("identities").and_then(Value::as_array);
        let mut identities = identities.into_iter().flatten();
        let hint = parameters.get("login_hint");
        let identity = identities.find(|one| {
            text(one, "connection") == Some(connection) && hint.is_none_or(|hint| text(one, "user_id") == Some(hint))
        });
        let identity = identity.ok_or_else(|| {
            OAuthError::new(
                401,
                "federated_connection_refresh_token_not_found",
                format!("The user has no tokens of the connection {connection}"),
            )
        })?;
        let made_up = || Ok::<_, OAuthError>(format!("{connection}-{}", self.secret(32)?));
        let token = match text(identity, "access_token") {
            Some(token) => token.to_owned(),
            None => made_up()?,
        };
        let mut body = Map::new();
        body.insert("access_token".to_owned(), json!(token));
        body.insert("scope".to_owned(), json!(parameters.get("scope").unwrap_or("openid profile")));
        body.insert("expires_in".to_owned(), json!(3600));
        body.insert("issued_token_type".to_owned(), json!(FEDERATED_TYPE));
        body.insert("token_type".to_owned(), json!("Bearer"));
        Ok(answer(body))
    }

    /// `POST /oauth/global-token-revocation/connection/{name}`: an identity provider says that a user's sessions end.
    /// The provider's JWT is not checked: the sandbox knows no provider.
    pub(crate) fn global_revocation(&mut self) -> Result<Answer, OAuthError> {
        if self.bearer().and_then(jwt::decode).is_none() {
            return Err(OAuthError::new(401, "invalid_token", "A JWT of the identity provider is needed"));
        }
        let name = self.argument();
        let body: Value = serde_json::from_slice(&self.request.body)
            .map_err(|_| OAuthError::invalid_request("The body is not JSON"))?;
        let subject = body.get("subject").ok_or_else(|| OAuthError::missing("subject"))?;
        if text(subject, "format") != Some("iss_sub") || text(subject, "iss").is_none() {
            return Err(OAuthError::invalid_request("subject must have the format iss_sub, with iss and sub"));
        }
        let sub = text(subject, "sub").ok_or_else(|| OAuthError::missing("subject.sub"))?.to_owned();
        let connection = self.connection(&name);
        let connection =
            connection.ok_or_else(|| OAuthError::new(404, "not_found", format!("No connection {name}")))?;
        let strategy = text(&connection, "strategy").unwrap_or_default();
        for id in [format!("{strategy}|{sub}"), format!("{strategy}|{name}|{sub}")] {
            if self.store.get(USERS, &id).is_some() {
                super::sessions::revoke_user(self.store, &id);
                self.log("srrt", "Global token revocation", None, &id, &name);
            }
        }
        Ok(Answer::empty(204))
    }
}
