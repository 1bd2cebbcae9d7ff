//! Operations that do something of their own: they end sessions, lift blocks, rotate keys, send mails.

mod access;
mod actions;
mod connections;
mod experiments;
mod jobs;
mod keys;
pub(super) mod modules;
mod pages;
mod phones;
mod sessions;
mod statistics;
mod streams;
mod tenant;
mod tickets;
mod users;

pub(super) use tickets::TICKET_S;

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
    ("jobs.get", |deed| deed.job()),
    ("jobs.errors.get", |deed| deed.job_errors()),
    ("jobs.usersExports.create", |deed| deed.export()),
    ("jobs.usersImports.create", |deed| deed.import()),
    ("actions.deploy", |deed| deed.deploy_action()),
    ("actions.versions.deploy", |deed| deed.deploy_version()),
    ("actions.triggers.bindings.updateMany", |deed| deed.bind_actions()),
    ("users.permissions.create", |deed| deed.add_permissions()),
    ("users.permissions.delete", |deed| deed.remove_permissions()),
    ("roles.permissions.add", |deed| deed.add_permissions()),
    ("roles.permissions.delete", |deed| deed.remove_permissions()),
    ("users.effectiveRoles.list", |deed| deed.effective_roles()),
    ("users.effectivePermissions.list", |deed| deed.effective_permissions()),
    ("customDomains.verify", |deed| deed.verify_domain()),
    ("customDomains.test", |deed| deed.test_domain()),
    ("organizations.invitations.create", |deed| deed.invite()),
    ("guardian.enrollments.delete", |deed| deed.remove_enrolment()),
    ("users.enrollments.get", |deed| deed.enrolments()),
    ("guardian.enrollments.createTicket", |deed| deed.enrollment_ticket()),
    ("connections.checkStatus", |deed| deed.connection_status()),
    ("users.authenticators.deleteAll", |deed| deed.remove_factors()),
    ("users.multifactor.deleteProvider", |deed| deed.remove_factors_of_provider()),
    ("users.multifactor.invalidateRememberBrowser", |deed| deed.nothing_to_forget()),
    ("users.riskAssessments.clear", |deed| deed.nothing_to_forget()),
    ("users.federatedConnectionsTokensets.delete", |deed| deed.remove_token_set()),
    ("users.effectiveRoles.sources.groups.list", |deed| deed.groups_of_effective_role()),
    ("users.effectivePermissions.sources.roles.list", |deed| deed.roles_of_effective_permission()),
    ("organizations.members.effectiveRoles.list", |deed| deed.effective_roles_of_member()),
    ("organizations.members.effectiveRoles.sources.groups.list", |deed| deed.groups_of_effective_role()),
    ("organizations.groups.list", |deed| deed.groups_of_organization(None)),
    ("organizations.roles.groups.list", |deed| deed.groups_of_organization(Some(1))),
    ("organizations.roles.members.list", |deed| deed.members_with_role()),
    ("anomaly.blocks.checkIp", |deed| deed.check_address()),
    ("anomaly.blocks.unblockIp", |deed| deed.unblock_address()),
    ("actions.test", |deed| deed.test_action()),
    ("actions.modules.versions.create", |deed| deed.publish_module()),
    ("actions.modules.rollback", |deed| deed.roll_back_module()),
    ("actions.modules.listActions", |deed| deed.actions_of_module()),
    ("branding.phone.providers.test", |deed| deed.try_phone_provider()),
    ("branding.phone.templates.test", |deed| deed.try_phone_template()),
    ("branding.phone.templates.reset", |deed| deed.reset_phone_template()),
    ("branding.templates.updateUniversalLogin", |deed| deed.set_page_template()),
    ("clients.previewCimdMetadata", |deed| deed.preview_client()),
    ("clients.registerCimdClient", |deed| deed.register_client()),
    ("connections.keys.create", |deed| deed.create_connection_keys()),
    ("connections.keys.rotate", |deed| deed.rotate_connection_key()),
    ("connections.directoryProvisioning.synchronizations.create", |deed| deed.synchronize_directory()),
    ("customDomains.setDefault", |deed| deed.set_default_domain()),
    ("eventStreams.test", |deed| deed.test_stream()),
    ("eventStreams.redeliveries.create", |deed| deed.redeliver_many()),
    ("eventStreams.redeliveries.createById", |deed| deed.redeliver_one()),
    ("experimentation.experiments.updateStatus", |deed| deed.experiment_status()),
    ("experimentation.experiments.validate", |deed| deed.validate_experiment()),
    ("experimentation.experiments.advanceRamp", |deed| deed.advance_ramp()),
    ("experimentation.featureFlags.updateStatus", |deed| deed.flag_status()),
    ("hooks.secrets.create", |deed| deed.keep_hook_secrets()),
    ("hooks.secrets.update", |deed| deed.keep_hook_secrets()),
    ("hooks.secrets.delete", |deed| deed.remove_hook_secrets()),
    ("keys.encryption.rekey", |deed| deed.rekey()),
    ("keys.encryption.import", |deed| deed.import_encryption_key()),
    ("keys.encryption.createPublicWrappingKey", |deed| deed.wrapping_key()),
    ("prompts.rendering.update", |deed| deed.render_screen()),
    ("prompts.rendering.bulkUpdate", |deed| deed.render_screens()),
    ("selfServiceProfiles.ssoTicket.create", |deed| deed.sso_ticket()),
    ("selfServiceProfiles.ssoTicket.revoke", |deed| deed.revoke_sso_ticket()),
    ("stats.getActiveUsersCount", |deed| deed.active_users()),
    ("stats.getDaily", |deed| deed.daily()),
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

    /// Where the links of this request lead.
    fn links(&self) -> Result<String, ApiError> {
        crate::domains::links(self.call.tenant, self.store, self.call.request)
    }

    /// The record of a collection, or the error of one that is not there.
    fn record(&self, path: &str, id: &str) -> Result<serde_json::Value, ApiError> {
        self.store.get(path, id).ok_or_else(|| missing(path))
    }
}
