//! Operations that do something of their own: they end sessions, lift blocks, rotate keys, send mails.

mod keys;
mod sessions;
mod tickets;
mod users;

use super::{Call, missing};
use crate::auth::Flows;
use crate::error::ApiError;
use crate::message::Answer;
use crate::store::Store;

/// A request to such an operation, with the state it may change.
pub(super) struct Deed<'a, 'b> {
    pub(super) call: &'a Call<'b>,
    pub(super) store: &'a mut Store,
    pub(super) flows: &'a mut Flows,
}

pub(super) type Act = fn(&mut Deed<'_, '_>) -> Result<Answer, ApiError>;

/// By operation.
const ACTS: &[(&str, Act)] = &[
    ("sessions.delete", |deed| deed.end_session(false)),
    ("sessions.revoke", |deed| deed.end_session(true)),
    ("users.sessions.delete", |deed| deed.end_sessions_of_user()),
    ("refreshTokens.delete", |deed| deed.revoke_refresh_token()),
    ("refreshTokens.revoke", |deed| deed.revoke_refresh_tokens()),
    ("users.refreshToken.delete", |deed| deed.revoke_refresh_tokens_of_user()),
    ("users.revokeAccess", |deed| deed.revoke_access()),
    ("userBlocks.list", |deed| deed.blocks_of_user()),
    ("userBlocks.listByIdentifier", |deed| deed.blocks_of_identifier()),
    ("userBlocks.delete", |deed| deed.unblock_user()),
    ("userBlocks.deleteByIdentifier", |deed| deed.unblock_identifier()),
    ("users.regenerateRecoveryCode", |deed| deed.recovery_code()),
    ("users.identities.link", |deed| deed.link_identity()),
    ("users.identities.delete", |deed| deed.unlink_identity()),
    ("keys.signing.list", |deed| deed.signing_keys()),
    ("keys.signing.get", |deed| deed.signing_key()),
    ("keys.signing.rotate", |deed| deed.rotate_signing_key()),
    ("keys.signing.revoke", |deed| deed.revoke_signing_key()),
    ("tickets.verifyEmail", |deed| deed.verification_ticket()),
    ("tickets.changePassword", |deed| deed.password_ticket()),
    ("jobs.verificationEmail.create", |deed| deed.verification_job()),
];

/// What an operation does of its own.
pub(super) fn find(operation: &str) -> Option<Act> {
    ACTS.iter().find(|(known, _)| *known == operation).map(|(_, act)| *act)
}

impl Deed<'_, '_> {
    /// The argument in the path; empty when there is none.
    fn argument(&self, index: usize) -> &str {
        self.call.arguments.get(index).map_or("", String::as_str)
    }

    /// A text member of the body.
    fn text(&self, name: &str) -> Option<String> {
        self.call.body.as_ref()?.get(name)?.as_str().map(str::to_owned)
    }

    /// The record of a collection, or the error of one that is not there.
    fn record(&self, path: &str, id: &str) -> Result<serde_json::Value, ApiError> {
        self.store.get(path, id).ok_or_else(|| missing(path))
    }
}
