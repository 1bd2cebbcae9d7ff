//! The token endpoint.

use super::authority::Grant;
use super::client::Client;
use super::error::OAuthError;
use super::flows::{Asked, Login};
use super::jwt::sha256;
use super::parameters::{Parameters, text};
use super::refresh::remove_refresh_token;
use super::tokens::{Renewal, answer, scope_of};
use super::visit::Visit;
use crate::message::Answer;
use serde_json::{Map, json};
use std::sync::Arc;

impl Visit<'_> {
    /// `POST /oauth/token`.
    pub(crate) fn token(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let grant = parameters.need("grant_type")?.to_owned();
        let known: &[&str] = &[
            "authorization_code",
            "client_credentials",
            "refresh_token",
            "password",
            "http://auth0.com/oauth/grant-type/password-realm",
            "http://auth0.com/oauth/grant-type/passwordless/otp",
            "http://auth0.com/oauth/grant-type/mfa-otp",
            "http://auth0.com/oauth/grant-type/mfa-oob",
            "http://auth0.com/oauth/grant-type/mfa-recovery-code",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:openid:params:grant-type:ciba",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            super::exchange::FEDERATED,
            super::ceremony::GRANT,
        ];
        if !known.contains(&grant.as_str()) {
            return Err(OAuthError::new(403, "unsupported_grant_type", format!("Unsupported grant type: {grant}")));
        }
        let client = self.authenticated_client(&parameters)?;
        let jkt = self.proven_key("oauth/token", None, client.is_public())?;
        match grant.as_str() {
            "client_credentials" => self.client_credentials(&client, &parameters, jkt),
            "authorization_code" => self.code_grant(&client, &parameters, jkt),
            "refresh_token" => self.refresh_grant(&client, &parameters, jkt),
            "password" | "http://auth0.com/oauth/grant-type/password-realm" => {
                self.password_grant(&client, &parameters, jkt, &grant)
            }
            "http://auth0.com/oauth/grant-type/passwordless/otp" => self.passwordless_grant(&client, &parameters, jkt),
            "urn:ietf:params:oauth:grant-type:device_code" => self.device_grant(&client, &parameters, jkt),
            "urn:openid:params:grant-type:ciba" => self.backchannel_grant(&client, &parameters, jkt),
            "urn:ietf:params:oauth:grant-type:token-exchange" => self.exchange_grant(&client, &parameters, jkt),
            super::exchange::FEDERATED => self.federated_grant(&client, &parameters),
            super::ceremony::GRANT => self.passkey_grant(&client, &parameters, jkt),
            _ => self.mfa_grant(&client, &parameters, jkt, &grant),
        }
    }

    fn client_credentials(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require("client_credentials")?;
        if client.is_public() {
            return Err(OAuthError::unauthorized());
        }
        let audience = self.audience(parameters.get("audience")).ok_or_else(|| {
            OAuthError::denied("No audience parameter was provided, and no default audience has been configured")
        })?;
        let api = self.api(&audience)?;
        let names_api = |named: &str| named == audience || api.management && self.tenant.authority.is_management(named);
        let grants = self.store.all("/client-grants");
        let grant = grants.iter().find(|grant| {
            text(grant, "client_id") == Some(&client.id)
                && text(grant, "audience").is_some_and(names_api)
                && text(grant, "subject_type") != Some("user")
        });
        let grant = grant.ok_or_else(|| {
            OAuthError::denied(format!(
                "Client is not authorized to access \"{audience}\". You need to create a \"client-grant\" associated \
                 to this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
            ))
        })?;
        let granted = if grant.get("allow_all_scopes") == Some(&json!(true)) { api.scopes() } else { scope_of(grant) };
        let asked = parameters.words("scope");
        if let Some(scope) = asked.iter().find(|scope| !granted.contains(*scope)) {
            return Err(OAuthError::denied(format!("Client has not been granted scopes: {scope}")));
        }
        let scopes = if asked.is_empty() { granted } else { asked.into_iter().collect() };
        let organization = match (parameters.get("organization"), text(grant, "organization_usage")) {
            (None, Some("require")) => {
                return Err(OAuthError::invalid_request("The organization parameter is required for this client"));
            }
            (None, _) => None,
            (Some(wanted), usage) => {
                let refused =
                    || OAuthError::denied(format!("Client is not authorized to access organization {wanted}"));
                let id = self.organization_id(wanted).ok_or_else(refused)?;
                let any = grant.get("allow_any_organization").and_then(|any| any.as_bool()) == Some(true);
                let grant_id = text(grant, "id").unwrap_or_default();
                let linked = self.store.collection(&format!("/organizations/{id}/client-grants"));
                // A grant that says nothing of organizations is not held to them.
                let open = usage.is_none() || any || linked.is_some_and(|all| all.contains(grant_id));
                if !open || usage == Some("deny") {
                    return Err(refused());
                }
                Some(id)
            }
        };
        let lifetime = self.lifetime(Some(&api));
        let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let subject = format!("{}@clients", client.id);
        let mut claims = self.claims(&subject, json!(audience), client, lifetime)?;
        claims.insert("scope".to_owned(), json!(scope));
        claims.insert("gty".to_owned(), json!("client-credentials"));
        organization.iter().for_each(|id| self.put_organization(&mut claims, id));
        if api.flag("enforce_policies") && text(&api.record, "token_dialect").is_some_and(|one| one.ends_with("authz"))
        {
            claims.insert("permissions".to_owned(), json!(scopes));
        }
        let token = self.signed(claims, jkt.as_deref())?;
        let kind = if jkt.is_some() { "DPoP" } else { "Bearer" };
        let kept = Grant {
            expires_s: self.now_s + lifetime,
            scopes: Arc::new(scopes),
            audience: api.identifier.clone(),
            management: api.management,
            client_id: client.id.clone(),
            user_id: None,
            session: None,
            jkt,
        };
        self.tenant.authority.keep(&token, kept, self.now_s);
        self.log("seccft", "Client Credentials for Access Token", Some(client), "", "");
        let mut body = Map::new();
        body.insert("access_token".to_owned(), json!(token));
        body.insert("scope".to_owned(), json!(scope));
        body.insert("expires_in".to_owned(), json!(lifetime));
        body.insert("token_type".to_owned(), json!(kind));
        Ok(answer(body))
    }

    /// RFC 6749, section 4.1.3, and RFC 7636, section 4.6.
    fn code_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require("authorization_code")?;
        let given = parameters.need("code")?.to_owned();
        let invalid = || OAuthError::invalid_grant("Invalid authorization code");
        let code = self.flows.codes.get(&given).cloned().ok_or_else(invalid)?;
        if code.client_id != client.id {
            return Err(invalid());
        }
        if let Some(refresh) = &code.spent {
            // RFC 6749, section 4.1.2: what the first use gave is revoked.
            if let Some(id) = refresh {
                remove_refresh_token(self.store, id);
            }
            self.log("feacft", "Authorization code used twice", Some(client), &code.login.user_id, "");
            return Err(invalid());
        }
        if code.expires_s <= self.now_s {
            return Err(OAuthError::invalid_grant("The authorization code has expired"));
        }
        if parameters.get("redirect_uri").is_some_and(|uri| uri != code.redirect_uri)
            || parameters.get("redirect_uri").is_none() && code.challenge.is_none()
        {
            return Err(OAuthError::unauthorized_redirect());
        }
        match (&code.challenge, parameters.get("code_verifier")) {
            (None, None) if client.is_public() => return Err(OAuthError::unauthorized()),
            (None, None) => {}
            (None, Some(_)) => return Err(OAuthError::invalid_grant("No code_challenge was sent to /authorize")),
            (Some(_), None) => return Err(OAuthError::missing("code_verifier")),
            (Some((challenge, method)), Some(verifier)) => {
                let made = if method == "S256" { sha256(verifier.as_bytes()) } else { verifier.to_owned() };
                if made != *challenge {
                    self.log("feacft", "Failed to verify code verifier", Some(client), &code.login.user_id, "");
                    return Err(OAuthError::invalid_grant("Failed to verify code verifier"));
                }
            }
        }
        let mut asked = code.asked.clone();
        if let (Some(bound), proven) = (&asked.jkt, &jkt)
            && proven.as_deref() != Some(bound)
        {
            return Err(OAuthError::new(400, "invalid_dpop_proof", "The code is bound to another key"));
        }
        asked.jkt = jkt;
        let body = self.issue(client, &asked, &code.login, "", Renewal::New)?;
        let refresh = body.get("refresh_token").and_then(|token| token.as_str()).map(str::to_owned);
        let refresh = refresh.and_then(|token| self.refresh_token_id(&token));
        if let Some(code) = self.flows.codes.get_mut(&given) {
            code.spent = Some(refresh);
        }
        self.log(
            "seacft",
            "Authorization Code for Access Token",
            Some(client),
            &code.login.user_id,
            &code.login.connection,
        );
        Ok(answer(body))
    }

    fn password_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
        grant: &str,
    ) -> Result<Answer, OAuthError> {
        client.require(grant)?;
        let username = parameters.need("username")?;
        let password = parameters.need("password")?;
        let connection = match parameters.get("realm").filter(|_| grant != "password") {
            Some(realm) => realm.to_owned(),
            None if grant != "password" => return Err(OAuthError::missing("realm")),
            None => self.default_directory(client)?,
        };
        let known = self.connection_for(&connection, client);
        if known.is_none_or(|one| text(&one, "strategy") != Some("auth0")) {
            return Err(OAuthError::denied(format!("Unknown or invalid connection: {connection}")));
        }
        let user = self.check_password(&connection, username, password, client)?;
        let organization = self.member_of(parameters.get("organization"), &user)?;
        let login = Login {
            user_id: text(&user, "user_id").unwrap_or_default().to_owned(),
            connection,
            session: None,
            at_s: self.now_s,
            methods: vec!["pwd".to_owned()],
            organization,
        };
        let asked = self.asked(parameters, jkt);
        self.finish_login(client, &asked, login, "password")
    }

    /// What the parameters of the token endpoint ask for.
    pub(crate) fn asked(&self, parameters: &Parameters, jkt: Option<String>) -> Asked {
        Asked {
            audience: self.audience(parameters.get("audience")),
            scope: parameters.words("scope"),
            nonce: parameters.owned("nonce"),
            jkt,
            details: None,
            auth_time: false,
        }
    }

    /// Tokens for a login at the token endpoint; first the second factor, where the tenant wants one.
    pub(crate) fn finish_login(
        &mut self,
        client: &Client,
        asked: &Asked,
        login: Login,
        grant: &str,
    ) -> Result<Answer, OAuthError> {
        if self.second_factor_wanted(&login) {
            return Err(self.ask_second_factor(client, asked, login, grant)?);
        }
        let body = self.issue(client, asked, &login, grant, Renewal::New)?;
        self.logged_in(client, &login, "sepft", "Successful login at the token endpoint");
        Ok(answer(body))
    }

    fn default_directory(&self, client: &Client) -> Result<String, OAuthError> {
        let settings = self.setting("/tenants/settings");
        if let Some(name) = text(&settings, "default_directory").filter(|name| !name.is_empty()) {
            return Ok(name.to_owned());
        }
        let mut databases = self.databases(client);
        let only = databases.pop().filter(|_| databases.is_empty());
        only.ok_or_else(|| {
            let message = "Authorization server not configured with default connection.";
            OAuthError::new(500, "server_error", message)
        })
    }

    /// The id of an organization, by its id or its name.
    pub(crate) fn organization_id(&self, wanted: &str) -> Option<String> {
        if self.store.get("/organizations", wanted).is_some() {
            return Some(wanted.to_owned());
        }
        let all = self.store.all("/organizations");
        let found = all.iter().find(|one| text(one, "name") == Some(wanted.to_lowercase().as_str()))?;
        text(found, "id").map(str::to_owned)
    }

    /// The id of the organization asked for, of which the user has to be a member.
    pub(crate) fn member_of(
        &self,
        wanted: Option<&str>,
        user: &serde_json::Value,
    ) -> Result<Option<String>, OAuthError> {
        let Some(wanted) = wanted else { return Ok(None) };
        let unknown = || OAuthError::invalid_request(format!("parameter organization is invalid: {wanted}"));
        let id = self.organization_id(wanted).ok_or_else(unknown)?;
        let user_id = text(user, "user_id").unwrap_or_default();
        if !self.is_member(&id, user_id) {
            return Err(OAuthError::denied(format!("user {user_id} is not part of the {id} organization")));
        }
        Ok(Some(id))
    }

    pub(crate) fn is_member(&self, organization: &str, user_id: &str) -> bool {
        let members = self.store.collection(&format!("/organizations/{organization}/members"));
        members.is_some_and(|members| members.contains(user_id))
    }

    /// What a login leaves with the user and in the log.
    pub(crate) fn logged_in(&mut self, client: &Client, login: &Login, kind: &str, description: &str) {
        let now = self.now();
        if let Some(mut user) = self.store.get(crate::store::USERS, &login.user_id) {
            let count = user.get("logins_count").and_then(serde_json::Value::as_u64).unwrap_or(0);
            user["logins_count"] = json!(count + 1);
            user["last_login"] = json!(now);
            user["last_ip"] = json!("127.0.0.1");
            self.store.put(crate::store::USERS, &login.user_id, &user);
        }
        self.log(kind, description, Some(client), &login.user_id, &login.connection);
    }
}

impl OAuthError {
    fn unauthorized_redirect() -> Self {
        Self::invalid_grant("The redirect URI is wrong. You sent another one to /authorize.")
    }
}
