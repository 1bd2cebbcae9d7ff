//! Sessions and refresh tokens are ended, blocks are lifted.

use super::Deed;
use crate::auth::{self, Blocks};
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::USERS;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, ApiError>;

impl Deed<'_, '_> {
    /// Ends a session; an unknown one is as good as ended.
    pub(super) fn end_session(&mut self, tokens_too: bool) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        let known = auth::remove_session(self.store, &id, tokens_too);
        // What a test put there by hand has no login behind it.
        self.store.remove("/sessions", &id);
        if tokens_too && !known {
            return Err(ApiError::not_found());
        }
        Ok(self.call.done(None))
    }

    pub(super) fn end_sessions_of_user(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        auth::end_sessions(self.store, &user);
        Ok(self.call.done(None))
    }

    pub(super) fn revoke_refresh_token(&mut self) -> Result<Answer> {
        let id = self.argument(0).to_owned();
        auth::remove_refresh_token(self.store, &id);
        Ok(self.call.done(None))
    }

    /// Revokes those that the body lists, or all of a user, a client, an audience.
    pub(super) fn revoke_refresh_tokens(&mut self) -> Result<Answer> {
        let ids = self.call.body.as_ref().and_then(|body| body.get("ids")).and_then(Value::as_array).cloned();
        let (user, client, audience) = (self.text("user_id"), self.text("client_id"), self.text("audience"));
        if let Some(ids) = ids {
            for id in ids.iter().filter_map(Value::as_str) {
                auth::remove_refresh_token(self.store, id);
            }
        } else if user.is_none() && client.is_none() {
            return Err(ApiError::invalid_body("ids, user_id or client_id is needed"));
        } else {
            auth::revoke_of_client(self.store, client.as_deref(), user.as_deref(), audience.as_deref());
        }
        Ok(self.call.done(None))
    }

    pub(super) fn revoke_refresh_tokens_of_user(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        auth::revoke_of_client(self.store, None, Some(&user), None);
        Ok(self.call.done(None))
    }

    pub(super) fn revoke_access(&mut self) -> Result<Answer> {
        let user = self.argument(0).to_owned();
        self.record(USERS, &user)?;
        let keep = self.call.body.as_ref().and_then(|body| body.get("preserve_refresh_tokens")) == Some(&json!(true));
        match self.text("session_id") {
            Some(session) => drop(auth::remove_session(self.store, &session, !keep)),
            None if keep => auth::end_sessions(self.store, &user),
            None => auth::revoke_user(self.store, &user),
        }
        Ok(self.call.done(None))
    }

    pub(super) fn blocks_of_user(&mut self) -> Result<Answer> {
        let user = self.record(USERS, self.argument(0))?;
        Ok(self.blocks(&Blocks::identifiers(&user)))
    }

    pub(super) fn blocks_of_identifier(&mut self) -> Result<Answer> {
        let identifier = self.identifier();
        Ok(self.blocks(&[identifier]))
    }

    fn identifier(&self) -> String {
        self.call.query.get("identifier").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn blocks(&self, identifiers: &[String]) -> Answer {
        let blocks: Vec<Value> = identifiers
            .iter()
            .filter_map(|identifier| {
                let (connection, ip) = Blocks::find(self.store, identifier)?;
                Some(json!({ "identifier": identifier, "ip": ip, "connection": connection }))
            })
            .collect();
        self.call.done(Some(&json!({ "blocked_for": blocks })))
    }

    pub(super) fn unblock_user(&mut self) -> Result<Answer> {
        let user = self.record(USERS, self.argument(0))?;
        for identifier in Blocks::identifiers(&user) {
            Blocks::lift(self.store, &identifier);
        }
        Ok(self.call.done(None))
    }

    pub(super) fn unblock_identifier(&mut self) -> Result<Answer> {
        let identifier = self.identifier();
        Blocks::lift(self.store, &identifier);
        Ok(self.call.done(None))
    }

    /// 200 for an IP address that somebody is blocked at, 404 for one where nobody is.
    pub(super) fn check_address(&mut self) -> Result<Answer> {
        match Blocks::at_address(self.store, self.argument(0)).is_empty() {
            true => Err(ApiError::not_found()),
            false => Ok(Answer::empty(200)),
        }
    }

    pub(super) fn unblock_address(&mut self) -> Result<Answer> {
        for identifier in Blocks::at_address(self.store, self.argument(0)) {
            Blocks::lift(self.store, &identifier);
        }
        Ok(self.call.done(None))
    }
}
