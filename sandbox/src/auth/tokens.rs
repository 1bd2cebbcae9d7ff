//! Which scopes are granted, and the tokens that say so.

use super::authority::Grant;
use super::client::Client;
use super::error::OAuthError;
use super::flows::{Asked, Login};
use super::keys::sign_hs256;
use super::parameters::{text, texts};
use super::visit::Visit;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::{USERS, key};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Scopes that are about the user and not about an API: OpenID Connect Core, section 5.4.
const OPENID: &[&str] = &["openid", "profile", "email", "address", "phone", "offline_access"];

/// How long an ID token is good for unless its client says otherwise, in seconds.
const ID_TOKEN_S: i64 = 36_000;

/// An API that tokens are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) record: Value,
    pub(crate) identifier: String,
    pub(crate) management: bool,
}

impl Api {
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.record.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn scopes(&self) -> BTreeSet<String> {
        let list = self.record.get("scopes").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|scope| text(scope, "value")).map(str::to_owned).collect()
    }

    fn lifetime(&self) -> Option<i64> {
        self.record.get("token_lifetime").and_then(Value::as_i64)
    }

    /// Whether its tokens name permissions: the dialects ending in `_authz`.
    fn names_permissions(&self) -> bool {
        text(&self.record, "token_dialect").is_some_and(|dialect| dialect.ends_with("authz"))
    }
}

/// What a refresh token is wanted for.
#[derive(Clone, Debug)]
pub(crate) enum Renewal {
    No,
    /// A new one, where the scope asks for it.
    New,
    /// This one goes into the answer.
    Given(String),
}

impl Visit<'_> {
    pub(crate) fn api(&self, audience: &str) -> Result<Api, OAuthError> {
        let management = self.tenant.authority.is_management(audience);
        // The two identifiers that belong to the tenant itself.
        if audience == self.at("mfa/") {
            let scopes = ["enroll", "read:authenticators", "remove:authenticators"];
            let scopes: Vec<Value> = scopes.iter().map(|scope| json!({ "value": scope })).collect();
            let record = json!({ "scopes": scopes });
            return Ok(Api { record, identifier: audience.to_owned(), management: false });
        }
        let all = self.store.all("/resource-servers");
        let found = all.into_iter().find(|api| {
            text(api, "identifier")
                .is_some_and(|known| known == audience || management && self.tenant.authority.is_management(known))
        });
        let record =
            found.ok_or_else(|| OAuthError::denied(format!("Service not enabled within domain: {audience}")))?;
        Ok(Api { record, identifier: audience.to_owned(), management })
    }

    /// The audience asked for, else the tenant's default.
    pub(crate) fn audience(&self, given: Option<&str>) -> Option<String> {
        let settings = self.setting("/tenants/settings");
        given.or_else(|| text(&settings, "default_audience").filter(|text| !text.is_empty())).map(str::to_owned)
    }

    /// The permissions that a user has for an API: own ones, and those of roles, in an organization those of its roles too.
    pub(crate) fn permissions(&self, user_id: &str, organization: Option<&str>, api: &str) -> BTreeSet<String> {
        let user = key(user_id);
        let mut sources = vec![format!("{USERS}/{user}/permissions")];
        let mut roles = vec![format!("{USERS}/{user}/roles")];
        roles.extend(organization.map(|organization| format!("/organizations/{organization}/members/{user}/roles")));
        for path in roles {
            let links = self.store.collection(&path);
            sources.extend(
                links.into_iter().flat_map(|all| all.after(None)).map(|(_, id, _)| format!("/roles/{id}/permissions")),
            );
        }
        let all = sources.iter().flat_map(|path| self.store.all(path));
        let of_api = all.filter(|one| text(one, "resource_server_identifier") == Some(api));
        of_api.filter_map(|one| text(&one, "permission_name").map(str::to_owned)).collect()
    }

    /// What a user's token may say of the scopes asked for.
    pub(crate) fn granted(&self, asked: &Asked, login: &Login) -> Result<(Vec<String>, Option<Api>), OAuthError> {
        let own = self.at("userinfo");
        let api = match asked.audience.as_deref().filter(|audience| *audience != own) {
            Some(audience) => Some(self.api(audience)?),
            None => None,
        };
        let mut allowed = api.as_ref().map(Api::scopes).unwrap_or_default();
        if let Some(api) = &api {
            let identifier = text(&api.record, "identifier").unwrap_or(&api.identifier);
            if api.management {
                // A user's token for this API is about the user alone.
                allowed.retain(|scope| scope.contains("current_user"));
            } else if api.flag("enforce_policies") {
                let permissions = self.permissions(&login.user_id, login.organization.as_deref(), identifier);
                allowed.retain(|scope| permissions.contains(scope));
            }
        }
        let mut granted = Vec::new();
        for scope in &asked.scope {
            let offline = scope == "offline_access";
            let known = OPENID.contains(&scope.as_str()) || allowed.contains(scope);
            let refused = offline && api.as_ref().is_some_and(|api| !api.flag("allow_offline_access"));
            if known && !refused && !granted.contains(scope) {
                granted.push(scope.clone());
            }
        }
        Ok((granted, api))
    }

    /// The answer of the token endpoint for a user who is logged in.
    pub(crate) fn issue(
        &mut self,
        client: &Client,
        asked: &Asked,
        login: &Login,
        gty: &str,
        renewal: Renewal,
    ) -> Result<Map<String, Value>, OAuthError> {
        let user = self.usable_user(&login.user_id)?;
        let (scope, api) = self.granted(asked, login)?;
        let (access_token, lifetime) = self.access_token(client, asked, login, gty, (&scope, api.as_ref()))?;
        let mut body = Map::new();
        let has = |wanted: &str| scope.iter().any(|one| one == wanted);
        let refresh = match renewal {
            Renewal::Given(token) => Some(token),
            Renewal::New if has("offline_access") && client.allows("refresh_token") => {
                Some(self.new_refresh_token(client, asked, login, &scope)?)
            }
            _ => None,
        };
        if has("openid") {
            let id_token = self.id_token(client, asked, login, (&user, &scope), Some(&access_token), None)?;
            body.insert("id_token".to_owned(), json!(id_token));
        }
        body.insert("access_token".to_owned(), json!(access_token));
        refresh.into_iter().for_each(|token| drop(body.insert("refresh_token".to_owned(), json!(token))));
        body.insert("scope".to_owned(), json!(scope.join(" ")));
        body.insert("expires_in".to_owned(), json!(lifetime));
        let kind = if asked.jkt.is_some() { "DPoP" } else { "Bearer" };
        body.insert("token_type".to_owned(), json!(kind));
        asked.details.iter().for_each(|details| drop(body.insert("authorization_details".to_owned(), details.clone())));
        Ok(body)
    }

    /// A user who exists and is not blocked.
    pub(crate) fn usable_user(&self, user_id: &str) -> Result<Value, OAuthError> {
        let user = self
            .store
            .get(USERS, user_id)
            .ok_or_else(|| OAuthError::invalid_grant("The user does not exist any more."))?;
        if user.get("blocked").and_then(Value::as_bool) == Some(true) {
            return Err(OAuthError::new(401, "unauthorized", "user is blocked"));
        }
        Ok(user)
    }

    /// An access token for a user and how long it is good for: opaque without an API, else a JWT.
    pub(crate) fn access_token(
        &mut self,
        client: &Client,
        asked: &Asked,
        login: &Login,
        gty: &str,
        (scope, api): (&[String], Option<&Api>),
    ) -> Result<(String, i64), OAuthError> {
        let own = self.at("userinfo");
        let lifetime = self.lifetime(api);
        let token = match api {
            None => self.secret(64)?,
            Some(api) => {
                let openid = scope.iter().any(|one| one == "openid");
                let audience = if openid { json!([api.identifier, own]) } else { json!(api.identifier) };
                let mut claims = self.claims(&login.user_id, audience, client, lifetime)?;
                claims.insert("scope".to_owned(), json!(scope.join(" ")));
                if !gty.is_empty() {
                    claims.insert("gty".to_owned(), json!(gty));
                }
                if let Some(organization) = &login.organization {
                    self.put_organization(&mut claims, organization);
                }
                if api.flag("enforce_policies") && api.names_permissions() {
                    let identifier = text(&api.record, "identifier").unwrap_or(&api.identifier);
                    let organization = login.organization.as_deref();
                    let permissions = self.permissions(&login.user_id, organization, identifier);
                    claims.insert("permissions".to_owned(), json!(permissions));
                }
                asked.details.iter().for_each(|details| {
                    claims.insert("authorization_details".to_owned(), details.clone());
                });
                self.signed(claims, asked.jkt.as_deref())?
            }
        };
        let grant = Grant {
            expires_s: self.now_s + lifetime,
            scopes: Arc::new(scope.iter().cloned().collect()),
            audience: api.map_or(own, |api| api.identifier.clone()),
            management: api.is_some_and(|api| api.management),
            client_id: client.id.clone(),
            user_id: Some(login.user_id.clone()),
            session: login.session.clone(),
            jkt: asked.jkt.clone(),
        };
        self.tenant.authority.keep(&token, grant, self.now_s);
        Ok((token, lifetime))
    }

    /// The claims that every access token has (RFC 9068, section 2.2).
    pub(crate) fn claims(
        &self,
        subject: &str,
        audience: Value,
        client: &Client,
        lifetime: i64,
    ) -> Result<Map<String, Value>, ApiError> {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        put("iss", json!(self.issuer()));
        put("sub", json!(subject));
        put("aud", audience);
        put("iat", json!(self.now_s));
        put("exp", json!(self.now_s + lifetime));
        put("azp", json!(client.id));
        // Two tokens of one second are still two tokens: without this, revoking one would revoke the other.
        put("jti", json!(self.secret(22)?));
        Ok(claims)
    }

    pub(crate) fn signed(&self, mut claims: Map<String, Value>, jkt: Option<&str>) -> Result<String, ApiError> {
        jkt.iter().for_each(|jkt| drop(claims.insert("cnf".to_owned(), json!({ "jkt": jkt }))));
        self.tenant.authority.keys.sign(&claims.into())
    }

    pub(crate) fn lifetime(&self, api: Option<&Api>) -> i64 {
        // What the sandbox was started with wins where the API does not differ from a fresh one.
        let own = api.and_then(Api::lifetime).filter(|seconds| *seconds != 86_400 && *seconds > 0);
        own.unwrap_or(self.tenant.authority.lifetime_s)
    }

    /// `org_id`, and `org_name` where the tenant says so.
    pub(crate) fn put_organization(&self, claims: &mut Map<String, Value>, id: &str) {
        claims.insert("org_id".to_owned(), json!(id));
        let settings = self.setting("/tenants/settings");
        let named = settings.get("allow_organization_name_in_authentication_api").and_then(Value::as_bool);
        let name = self.store.get("/organizations", id).and_then(|one| text(&one, "name").map(str::to_owned));
        if let Some(name) = name.filter(|_| named == Some(true)) {
            claims.insert("org_name".to_owned(), json!(name));
        }
    }

    /// OpenID Connect Core, section 2.
    pub(crate) fn id_token(
        &self,
        client: &Client,
        asked: &Asked,
        login: &Login,
        (user, scope): (&Value, &[String]),
        access_token: Option<&str>,
        code: Option<&str>,
    ) -> Result<String, OAuthError> {
        let settings = client.record.get("jwt_configuration").cloned().unwrap_or_default();
        let lifetime = settings.get("lifetime_in_seconds").and_then(Value::as_i64).filter(|seconds| *seconds > 0);
        let mut claims = profile(user, scope);
        let mut put = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        put("iss", json!(self.issuer()));
        put("sub", json!(login.user_id));
        put("aud", json!(client.id));
        put("iat", json!(self.now_s));
        put("exp", json!(self.now_s + lifetime.unwrap_or(ID_TOKEN_S)));
        asked.nonce.iter().for_each(|nonce| put("nonce", json!(nonce)));
        login.session.iter().for_each(|session| put("sid", json!(session)));
        if asked.auth_time || login.session.is_some() {
            put("auth_time", json!(login.at_s));
        }
        if login.methods.iter().any(|method| method == "mfa") {
            put("amr", json!(["mfa"]));
            put("acr", json!("http://schemas.openid.net/pape/policies/2007/06/multi-factor"));
        }
        access_token.iter().for_each(|token| put("at_hash", json!(half_hash(token))));
        code.iter().for_each(|code| put("c_hash", json!(half_hash(code))));
        login.organization.iter().for_each(|organization| self.put_organization(&mut claims, organization));
        let claims = Value::Object(claims);
        if text(&settings, "alg") == Some("HS256") {
            return Ok(sign_hs256(client.secret(), &claims));
        }
        Ok(self.tenant.authority.keys.sign(&claims)?)
    }
}

/// What the scopes show of a user: OpenID Connect Core, section 5.4, under Auth0's names.
pub(crate) fn profile(user: &Value, scope: &[String]) -> Map<String, Value> {
    let names: &[(&str, &[(&str, &str)])] = &[
        (
            "profile",
            &[
                ("name", "name"),
                ("nickname", "nickname"),
                ("given_name", "given_name"),
                ("family_name", "family_name"),
                ("picture", "picture"),
                ("username", "preferred_username"),
                ("updated_at", "updated_at"),
            ],
        ),
        ("email", &[("email", "email"), ("email_verified", "email_verified")]),
        ("phone", &[("phone_number", "phone_number"), ("phone_verified", "phone_number_verified")]),
    ];
    let wanted = names.iter().filter(|(name, _)| scope.iter().any(|one| one == name));
    wanted
        .flat_map(|(_, members)| members.iter())
        .filter_map(|(member, claim)| Some(((*claim).to_owned(), user.get(member)?.clone())))
        .collect()
}

/// OpenID Connect Core, section 3.1.3.6: the left half of the hash.
fn half_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&crate::crypto::sha256(text.as_bytes())[..16])
}

/// An answer that holds tokens.
pub(crate) fn answer(body: Map<String, Value>) -> Answer {
    Answer::json(200, &body.into()).with("cache-control", "no-store").with("pragma", "no-cache")
}

/// The scope of a client grant.
pub(crate) fn scope_of(grant: &Value) -> BTreeSet<String> {
    texts(grant.get("scope")).map(str::to_owned).collect()
}
