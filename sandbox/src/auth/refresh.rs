//! Refresh tokens: rotation, reuse, expiry, revocation.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Asked, Login};
use super::jwt::sha256;
use super::parameters::{Parameters, text, texts};
use super::tokens::{Renewal, answer};
use super::visit::Visit;
use crate::clock::iso8601;
use crate::ids;
use crate::message::Answer;
use crate::store::{Store, USERS, key};
use serde_json::{Value, json};

const TOKENS: &str = "/refresh-tokens";

/// By the hash of a token: which refresh token of the Management API it is, and what it renews.
const INNER: &str = "/__refresh";

/// Auth0's defaults, in seconds.
const LIFETIME_S: i64 = 2_592_000;
const IDLE_S: i64 = 1_296_000;

/// What a client's record says of its refresh tokens.
struct Policy {
    rotating: bool,
    leeway_s: i64,
    lifetime_s: Option<i64>,
    idle_s: Option<i64>,
}

impl Policy {
    fn of(client: &Client) -> Self {
        let settings = client.record.get("refresh_token").cloned().unwrap_or_default();
        let seconds = |name: &str| settings.get(name).and_then(Value::as_i64);
        let infinite = |name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or(false);
        let rotating = match text(&settings, "rotation_type") {
            Some(kind) => kind == "rotating",
            None => client.is_public(),
        };
        let expiring = match text(&settings, "expiration_type") {
            Some(kind) => kind == "expiring",
            None => rotating,
        };
        let after = |name: &str, without: &str, default: i64| {
            (expiring && !infinite(without)).then(|| seconds(name).unwrap_or(default))
        };
        Self {
            rotating,
            leeway_s: seconds("leeway").unwrap_or(0),
            lifetime_s: after("token_lifetime", "infinite_token_lifetime", LIFETIME_S),
            idle_s: after("idle_token_lifetime", "infinite_idle_token_lifetime", IDLE_S),
        }
    }
}

impl Visit<'_> {
    pub(crate) fn new_refresh_token(
        &mut self,
        client: &Client,
        asked: &Asked,
        login: &Login,
        scope: &[String],
    ) -> Result<String, OAuthError> {
        let policy = Policy::of(client);
        let id = ids::new_id(TOKENS)?;
        let now = self.now();
        let at = |seconds: Option<i64>| seconds.map(|seconds| iso8601((self.now_s + seconds) * 1000));
        let audience = asked.audience.clone().unwrap_or_else(|| self.at("userinfo"));
        let mut record = json!({
            "id": id, "user_id": login.user_id, "client_id": client.id, "created_at": now,
            "session_id": login.session, "rotating": policy.rotating,
            "resource_servers": [{ "audience": audience, "scopes": scope.join(" ") }],
            "device": { "initial_ip": "127.0.0.1", "last_ip": "127.0.0.1",
                        "initial_user_agent": self.request.header("user-agent").unwrap_or_default() },
        });
        for (name, time) in [("expires_at", at(policy.lifetime_s)), ("idle_expires_at", at(policy.idle_s))] {
            time.into_iter().for_each(|time| record[name] = json!(time));
        }
        self.put_token_record(&id, &record);
        let inner = json!({
            "id": id, "client_id": client.id, "user_id": login.user_id, "connection": login.connection,
            "session": login.session, "at_s": login.at_s, "methods": login.methods,
            "organization": login.organization, "audience": asked.audience, "scope": scope,
            // A confidential client's token is bound to the client already.
            "jkt": asked.jkt.as_ref().filter(|_| client.is_public()), "details": asked.details,
        });
        self.put_token(&inner)
    }

    fn put_token_record(&mut self, id: &str, record: &Value) {
        let user = key(text(record, "user_id").unwrap_or_default());
        self.store.put(TOKENS, id, record);
        self.store.put(&format!("{USERS}/{user}/refresh-tokens"), id, record);
    }

    fn put_token(&mut self, inner: &Value) -> Result<String, OAuthError> {
        let token = format!("v1.{}", self.secret(48)?);
        self.store.put(INNER, &sha256(token.as_bytes()), inner);
        Ok(token)
    }

    /// RFC 6749, section 6, with rotation and reuse detection as in RFC 9700, section 4.14.2.
    pub(crate) fn refresh_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require("refresh_token")?;
        let token = parameters.need("refresh_token")?.to_owned();
        let unknown = || OAuthError::invalid_grant("Unknown or invalid refresh token.");
        let hash = sha256(token.as_bytes());
        let mut inner = self.store.get(INNER, &hash).ok_or_else(unknown)?;
        let id = text(&inner, "id").unwrap_or_default().to_owned();
        if text(&inner, "client_id") != Some(&client.id) {
            return Err(unknown());
        }
        let mut record = self.store.get(TOKENS, &id).ok_or_else(unknown)?;
        let policy = Policy::of(client);
        if let Some(spent) = inner.get("spent_s").and_then(Value::as_i64)
            && self.now_s > spent + policy.leeway_s
        {
            remove_refresh_token(self.store, &id);
            let user = text(&inner, "user_id").unwrap_or_default();
            self.log("ferrt", "Reused refresh token", Some(client), user, "");
            return Err(unknown());
        }
        let now = self.now();
        let expired = |name: &str| text(&record, name).is_some_and(|at| at <= now.as_str());
        if expired("expires_at") || expired("idle_expires_at") {
            remove_refresh_token(self.store, &id);
            return Err(unknown());
        }
        if inner.get("jkt").and_then(Value::as_str).is_some_and(|bound| jkt.as_deref() != Some(bound)) {
            return Err(OAuthError::new(400, "invalid_dpop_proof", "The refresh token is bound to another key"));
        }
        let login = Login {
            user_id: text(&inner, "user_id").unwrap_or_default().to_owned(),
            connection: text(&inner, "connection").unwrap_or_default().to_owned(),
            session: text(&inner, "session").map(str::to_owned),
            at_s: inner.get("at_s").and_then(Value::as_i64).unwrap_or_default(),
            methods: texts(inner.get("methods")).map(str::to_owned).collect(),
            organization: text(&inner, "organization").map(str::to_owned),
        };
        let asked = self.renewed(client, parameters, &inner, &login, jkt)?;
        let rotating = record.get("rotating").and_then(Value::as_bool).unwrap_or(policy.rotating);
        let given = if rotating {
            inner["spent_s"] = json!(self.now_s);
            let mut next = inner.clone();
            next.as_object_mut().into_iter().for_each(|map| drop(map.shift_remove("spent_s")));
            self.store.put(INNER, &hash, &inner);
            Renewal::Given(self.put_token(&next)?)
        } else {
            Renewal::No
        };
        record["last_exchanged_at"] = json!(now);
        if let Some(idle) = policy.idle_s {
            record["idle_expires_at"] = json!(iso8601((self.now_s + idle) * 1000));
        }
        self.put_token_record(&id, &record);
        let body = self.issue(client, &asked, &login, "refresh_token", given)?;
        self.log("sertft", "Successful Refresh Token exchange", Some(client), &login.user_id, &login.connection);
        Ok(answer(body))
    }

    /// What a renewal asks for: no more than the first time, unless the client has a policy for other APIs.
    fn renewed(
        &self,
        client: &Client,
        parameters: &Parameters,
        inner: &Value,
        login: &Login,
        jkt: Option<String>,
    ) -> Result<Asked, OAuthError> {
        let first: Vec<String> = texts(inner.get("scope")).map(str::to_owned).collect();
        let own = text(inner, "audience").map(str::to_owned);
        if let Some(wanted) = parameters.get("organization")
            && self.organization_id(wanted) != login.organization
        {
            return Err(OAuthError::invalid_grant("The refresh token is not of this organization."));
        }
        let asked_scope = parameters.words("scope");
        let (audience, allowed) = match parameters.get("audience").filter(|one| own.as_deref() != Some(*one)) {
            None => (own, first),
            Some(other) => {
                let policies = client.record.pointer("/refresh_token/policies").and_then(Value::as_array);
                let mut policies = policies.into_iter().flatten();
                let policy = policies.find(|policy| text(policy, "audience") == Some(other)).ok_or_else(|| {
                    OAuthError::denied(format!("The refresh token is not good for the audience {other}"))
                })?;
                let openid = first.into_iter().filter(|scope| !scope.contains(':'));
                let scope = texts(policy.get("scope")).map(str::to_owned).chain(openid).collect();
                (Some(other.to_owned()), scope)
            }
        };
        let scope = match asked_scope.is_empty() {
            true => allowed,
            false => asked_scope.into_iter().filter(|scope| allowed.contains(scope)).collect(),
        };
        let details = inner.get("details").filter(|details| !details.is_null()).cloned();
        Ok(Asked { audience, scope, nonce: None, jkt, details, auth_time: false })
    }

    /// `POST /oauth/revoke` (RFC 7009): a token that is unknown is as good as revoked.
    pub(crate) fn revoke(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let client = self.authenticated_client(&parameters)?;
        let token = parameters.need("token")?;
        let inner = self.store.get(INNER, &sha256(token.as_bytes()));
        if let Some(inner) = inner.filter(|inner| text(inner, "client_id") == Some(&client.id)) {
            let id = text(&inner, "id").unwrap_or_default().to_owned();
            remove_refresh_token(self.store, &id);
            let user = text(&inner, "user_id").unwrap_or_default();
            self.log("srrt", "Successfully revoked a refresh token", Some(&client), user, "");
        }
        Ok(Answer::empty(200))
    }

    /// The refresh token that a text is, when it is one that still works.
    pub(crate) fn refresh_token_owner(&self, token: &str) -> Option<(String, String)> {
        let inner = self.store.get(INNER, &sha256(token.as_bytes()))?;
        self.store.get(TOKENS, text(&inner, "id")?)?;
        Some((text(&inner, "client_id")?.to_owned(), text(&inner, "user_id")?.to_owned()))
    }

    /// The id of the refresh token in the Management API.
    pub(crate) fn refresh_token_id(&self, token: &str) -> Option<String> {
        text(&self.store.get(INNER, &sha256(token.as_bytes()))?, "id").map(str::to_owned)
    }
}

/// Revokes a refresh token, with all that it was rotated into.
pub(crate) fn remove_refresh_token(store: &mut Store, id: &str) -> bool {
    let Some(record) = store.remove(TOKENS, id) else { return false };
    let user = key(text(&record, "user_id").unwrap_or_default());
    store.remove(&format!("{USERS}/{user}/refresh-tokens"), id);
    true
}

/// Revokes the refresh tokens that a client has, of one user or of all.
pub(crate) fn revoke_of_client(store: &mut Store, client: Option<&str>, user: Option<&str>, audience: Option<&str>) {
    let fits = |record: &Value| {
        let audiences = record.get("resource_servers").and_then(Value::as_array);
        let mut audiences = audiences.into_iter().flatten().filter_map(|one| text(one, "audience"));
        client.is_none_or(|client| text(record, "client_id") == Some(client))
            && user.is_none_or(|user| text(record, "user_id") == Some(user))
            && audience.is_none_or(|audience| audiences.any(|one| one == audience))
    };
    let found: Vec<String> = store
        .all(TOKENS)
        .iter()
        .filter(|record| fits(record))
        .filter_map(|one| text(one, "id").map(str::to_owned))
        .collect();
    for id in &found {
        remove_refresh_token(store, id);
    }
}
