//! Userinfo, and the ends of sessions.

use super::client::Client;
use super::error::OAuthError;
use super::jwt;
use super::parameters::{Parameters, text, texts};
use super::sessions::{COOKIE, remove_session};
use super::tokens::profile;
use super::visit::Visit;
use crate::message::Answer;
use serde_json::{Value, json};

impl Visit<'_> {
    /// `GET /userinfo` (OpenID Connect Core, section 5.3), with a bearer token or a bound one (RFC 9449, section 7).
    pub(crate) fn userinfo(&mut self) -> Result<Answer, OAuthError> {
        let challenge = |scheme: &str, error: &'static str, text: &str| {
            let value = format!("{scheme} realm=\"Users\", error=\"{error}\", error_description=\"{text}\"");
            OAuthError::new(401, error, text).header("www-authenticate", value)
        };
        let Some(token) = self.bearer().map(str::to_owned) else {
            return Err(challenge("Bearer", "invalid_token", "No access token was sent"));
        };
        let grant = self.tenant.authority.issued(&token).filter(|grant| grant.expires_s > self.now_s);
        let grant = grant.ok_or_else(|| challenge("Bearer", "invalid_token", "The access token is not valid"))?;
        if let Some(bound) = &grant.jkt {
            let scheme = self.request.header("authorization").unwrap_or_default();
            if !scheme.to_ascii_lowercase().starts_with("dpop ") {
                return Err(challenge("DPoP", "invalid_token", "The access token is bound to a key"));
            }
            let proven = self.proven_key("userinfo", Some(&token), false);
            let proven = proven.map_err(|error| challenge("DPoP", error.error, &error.description))?;
            if proven.as_ref() != Some(bound) {
                return Err(challenge("DPoP", "invalid_dpop_proof", "The proof is of another key"));
            }
        }
        let user_id = grant.user_id.clone().filter(|_| grant.scopes.contains("openid"));
        let user_id = user_id.ok_or_else(|| {
            let value = "Bearer realm=\"Users\", error=\"insufficient_scope\", scope=\"openid\"";
            OAuthError::new(403, "insufficient_scope", "The token lacks the scope openid")
                .header("www-authenticate", value)
        })?;
        let user = self.usable_user(&user_id)?;
        let scopes: Vec<String> = grant.scopes.iter().cloned().collect();
        let mut claims = profile(&user, &scopes);
        claims.insert("sub".to_owned(), json!(user_id));
        Ok(Answer::json(200, &claims.into()))
    }

    /// `GET /v2/logout`.
    pub(crate) fn logout(&mut self) -> Result<Answer, OAuthError> {
        let query = Parameters::of_query(self.request)?;
        let client = query.get("client_id").and_then(|id| Client::find(self.store, id));
        let settings = self.setting("/tenants/settings");
        let allowed: Vec<String> = match &client {
            Some(client) => client.list("allowed_logout_urls"),
            None => texts(settings.get("allowed_logout_urls")).map(str::to_owned).collect(),
        };
        let target = query.get("returnTo");
        if let Some(target) = target.filter(|target| !allowed.iter().any(|known| known == target)) {
            let message = format!(
                "The \"returnTo\" querystring parameter \"{target}\" is not defined as a valid URL in \"Allowed Logout URLs\"."
            );
            return Ok(self.error_page(400, "invalid_request", &message));
        }
        let target = target.map(str::to_owned).or_else(|| allowed.first().cloned());
        Ok(self.ended(target, None))
    }

    /// OpenID Connect RP-Initiated Logout 1.0.
    pub(crate) fn oidc_logout(&mut self) -> Result<Answer, OAuthError> {
        let query = match self.request.method.as_str() {
            "POST" => self.body()?,
            _ => Parameters::of_query(self.request)?,
        };
        let hint = match query.get("id_token_hint") {
            None => None,
            Some(token) => {
                // An expired ID token is a good hint; one that is not of this tenant is none.
                let hint = self.tenant.authority.keys.verified(token).or_else(|| self.own_hs256(token));
                let Some(hint) = hint else {
                    return Ok(self.error_page(
                        400,
                        "invalid_request",
                        "The id_token_hint is not a token of this tenant",
                    ));
                };
                Some(hint)
            }
        };
        let audience = hint.as_ref().and_then(|hint| hint.claim("aud")).map(str::to_owned);
        if let (Some(given), Some(audience)) = (query.get("client_id"), &audience)
            && given != audience
        {
            return Ok(self.error_page(400, "invalid_request", "client_id is not the audience of the id_token_hint"));
        }
        let client = query.owned("client_id").or(audience).and_then(|id| Client::find(self.store, &id));
        let target = query.owned("post_logout_redirect_uri");
        if let Some(target) = &target {
            let allowed = client.as_ref().map(|client| client.list("allowed_logout_urls")).unwrap_or_default();
            if !allowed.contains(target) {
                let message =
                    format!("post_logout_redirect_uri \"{target}\" is not one of the client's allowed_logout_urls");
                return Ok(self.error_page(400, "invalid_request", &message));
            }
        }
        let session = hint.as_ref().and_then(|hint| hint.claim("sid")).map(str::to_owned);
        let target = target.map(|target| match query.get("state") {
            Some(state) => super::proceed::with_query(&target, &[("state", state)]),
            None => target,
        });
        Ok(self.ended(target, session))
    }

    fn own_hs256(&self, token: &str) -> Option<jwt::Decoded> {
        let decoded = jwt::decode(token)?;
        let client = Client::find(self.store, decoded.claim("aud")?)?;
        let made = super::keys::sign_hs256(client.secret(), &Value::Object(decoded.claims.clone()));
        (decoded.algorithm() == "HS256" && made == token).then_some(decoded)
    }

    /// Ends the session of the cookie and the one named, and goes on.
    fn ended(&mut self, target: Option<String>, session: Option<String>) -> Answer {
        let of_cookie = self.session().and_then(|login| login.session.map(|id| (id, login.user_id)));
        let user = of_cookie.as_ref().map(|(_, user)| user.clone()).unwrap_or_default();
        for id in of_cookie.map(|(id, _)| id).into_iter().chain(session) {
            remove_session(self.store, &id, false);
        }
        self.log("slo", "User successfully logged out", None, &user, "");
        let answer = match target {
            Some(target) => Answer::empty(302).with("location", target),
            None => Answer::of(200, "text/html; charset=utf-8", "OK".to_owned()),
        };
        answer.with("set-cookie", format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"))
    }

    /// `POST /tokeninfo`: what an ID token of this tenant says.
    pub(crate) fn token_info(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let token = parameters.need("id_token")?;
        let decoded = self.tenant.authority.keys.verified(token);
        let decoded = decoded.filter(|token| token.seconds("exp").is_some_and(|at| at > self.now_s));
        let decoded = decoded.ok_or_else(|| OAuthError::new(401, "invalid_token", "Unauthorized"))?;
        let user = self.usable_user(decoded.claim("sub").unwrap_or_default())?;
        let mut shown = user.as_object().cloned().unwrap_or_default();
        shown.retain(|name, _| !matches!(name.as_str(), "app_metadata" | "last_ip" | "logins_count"));
        let id = text(&user, "user_id").unwrap_or_default();
        shown.insert("clientID".to_owned(), json!(decoded.claim("aud")));
        shown.insert("user_id".to_owned(), json!(id));
        Ok(Answer::json(200, &shown.into()))
    }
}
