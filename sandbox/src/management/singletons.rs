//! What the single values of a fresh tenant are: its settings, its protection, its factors.
//!
//! They are Auth0's for a new tenant, with one exception that is said where it stands.

use super::*;
use crate::domains;

impl Call<'_> {
    /// The value as it is: what was kept, else what a fresh tenant has. `None`: there is none before it is made.
    pub(super) fn current(&self, store: &Store) -> Option<Value> {
        let template = self.route.target.as_str();
        let kept = store.value(&self.path);
        if template == domains::DEFAULT {
            return Some(self.default_domain(store, kept.as_ref()));
        }
        if kept.is_some() || self.tenant.model.creatable.contains(template) {
            return kept;
        }
        match (template, self.arguments.as_slice()) {
            ("/prompts/{}/screen/{}/rendering", [prompt, screen]) => Some(Value::Object(rendering(prompt, screen))),
            _ => Some(initial(template)),
        }
    }

    /// The custom domain that links lead to, or the tenant's own name.
    fn default_domain(&self, store: &Store, kept: Option<&Value>) -> Value {
        let own = self.tenant.authority.issuer().split("//").nth(1).unwrap_or_default().trim_end_matches('/');
        let name = kept.and_then(|value| value.get("domain")).and_then(Value::as_str).unwrap_or(own);
        let known = store.all(domains::DOMAINS).into_iter().find(|one| one.get("domain") == Some(&json!(name)));
        known.map_or_else(
            || json!({ "domain": name }),
            |mut domain| {
                domain["is_default"] = json!(true);
                domain
            },
        )
    }
}

/// How a screen is rendered that nobody configured.
pub(super) fn rendering(prompt: &str, screen: &str) -> Map<String, Value> {
    let rendering = json!({
        "tenant": "sandbox", "prompt": prompt, "screen": screen, "rendering_mode": "standard",
        "context_configuration": [], "default_head_tags_disabled": false, "use_page_template": false, "head_tags": [],
    });
    rendering.as_object().cloned().unwrap_or_default()
}

/// What a fresh tenant has.
fn initial(template: &str) -> Value {
    match template {
        "/tenants/settings" => json!({
            "friendly_name": "sandbox", "picture_url": "", "support_email": "", "support_url": "",
            "default_audience": "", "default_directory": "", "allowed_logout_urls": [], "enabled_locales": ["en"],
            "session_lifetime": 168, "idle_session_lifetime": 72, "session_cookie": { "mode": "persistent" },
            "sessions": { "oidc_logout_prompt_enabled": true },
            "oidc_logout": { "rp_logout_end_session_endpoint_discovery": true },
            "sandbox_version": "22", "sandbox_versions_available": ["22", "18"],
            "change_password": { "enabled": false, "html": "" }, "guardian_mfa_page": { "enabled": false, "html": "" },
            "error_page": { "html": "", "show_log_link": false, "url": "" },
            "device_flow": { "charset": "base20", "mask": "****-****" },
            "customize_mfa_in_postlogin_action": false, "pushed_authorization_requests_supported": true,
            "authorization_response_iss_parameter_supported": true,
            "flags": {
                "enable_sso": true, "allow_changing_enable_sso": false, "disable_impersonation": true,
                "enable_client_connections": false, "enable_pipeline2": false, "enable_apis_section": false,
                "revoke_refresh_token_grant": false, "disable_clickjack_protection_headers": false,
                "enable_public_signup_user_exists_error": true, "mfa_show_factor_list_on_enrollment": false,
                // Auth0 begins with false. Here a client can register itself until somebody says no.
                "enable_dynamic_client_registration": true,
            },
        }),
        "/attack-protection/brute-force-protection" => json!({
            "enabled": true, "shields": ["block", "user_notification"], "allowlist": [],
            "mode": "count_per_identifier_and_ip", "max_attempts": 10,
        }),
        "/attack-protection/suspicious-ip-throttling" => json!({
            "enabled": true, "shields": ["admin_notification", "block"], "allowlist": [],
            "stage": { "pre-login": { "max_attempts": 100, "rate": 864_000 },
                       "pre-user-registration": { "max_attempts": 50, "rate": 1_728_000 } },
        }),
        "/attack-protection/breached-password-detection" => json!({
            "enabled": false, "shields": [], "admin_notification_frequency": [], "method": "standard",
            "stage": { "pre-user-registration": { "shields": [] }, "pre-change-password": { "shields": [] } },
        }),
        "/attack-protection/bot-detection" => json!({
            "bot_detection_level": "medium", "challenge_password_policy": "never",
            "challenge_passwordless_policy": "never", "challenge_password_reset_policy": "never",
            "allowlist": [], "monitoring_mode_enabled": false,
        }),
        "/attack-protection/captcha" => json!({
            "active_provider_id": "auth_challenge", "auth_challenge": { "fail_open": false }, "simple_captcha": {},
        }),
        "/attack-protection/phone-provider-protection" => json!({ "type": "default" }),
        "/branding" => json!({ "colors": { "primary": "#0059d6", "page_background": "#000000" } }),
        "/prompts" => json!({
            "universal_login_experience": "new", "identifier_first": false, "webauthn_platform_first_factor": false,
        }),
        "/guardian/policies" => json!([]),
        "/guardian/settings" => json!({
            "display_remember_me_checkbox": true, "remember_me_default_value": false,
            "mfa_session_inactivity_timeout": 4_320, "mfa_session_overall_timeout": 43_200,
        }),
        "/guardian/factors/phone/message-types" => json!({ "message_types": ["sms"] }),
        "/guardian/factors/phone/selected-provider" | "/guardian/factors/sms/selected-provider" => {
            json!({ "provider": "auth0" })
        }
        "/guardian/factors/push-notification/selected-provider" => json!({ "provider": "guardian" }),
        "/guardian/factors/push-notification/providers/apns" => json!({ "sandbox": false, "enabled": false }),
        "/guardian/factors/phone/templates" | "/guardian/factors/sms/templates" => json!({
            "enrollment_message":
                "{{code}} is your verification code for {{tenant.friendly_name}}. Please enter this code to verify your enrollment.",
            "verification_message": "{{code}} is your verification code for {{tenant.friendly_name}}",
        }),
        "/guardian/factors/email/settings" | "/guardian/factors/phone/settings" => {
            json!({ "otp_length": 6, "otp_expiration_time": 300 })
        }
        "/risk-assessments/settings" => json!({ "enabled": false }),
        "/risk-assessments/settings/new-device" => json!({ "remember_for": 30 }),
        "/supplemental-signals" => json!({ "akamai_enabled": false }),
        "/connections/{}/scim-configuration/default-mapping" => json!({ "mapping": [
            { "auth0": "preferred_username", "scim": "userName" },
            { "auth0": "email", "scim": "emails[primary eq true].value" },
            { "auth0": "external_id", "scim": "externalId" }, { "auth0": "blocked", "scim": "active" },
            { "auth0": "name", "scim": "displayName" }, { "auth0": "given_name", "scim": "name.givenName" },
            { "auth0": "family_name", "scim": "name.familyName" },
            { "auth0": "phone_number", "scim": "phoneNumbers[primary eq true].value" },
        ] }),
        "/connections/{}/directory-provisioning/default-mapping" => json!({ "mapping": [
            { "auth0": "external_id", "idp": "id" }, { "auth0": "email", "idp": "primaryEmail" },
            { "auth0": "given_name", "idp": "name.givenName" }, { "auth0": "family_name", "idp": "name.familyName" },
            { "auth0": "name", "idp": "name.fullName" }, { "auth0": "blocked", "idp": "suspended" },
        ] }),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    /// What a fresh tenant has is what the API describes, and is not cut when it is shown.
    #[test]
    fn fresh_values_are_valid_and_complete() {
        let model = Model::embedded().unwrap();
        let mut known = 0;
        for route in model.routes.iter().filter(|route| route.action == Action::ReadValue) {
            let value = initial(&route.target);
            let ty = route.operation.response.as_ref();
            if value == json!({}) {
                continue;
            }
            let mut shown = value.clone();
            ty.into_iter().for_each(|ty| model.schema.shape(ty, &mut shown));
            assert_eq!(shown, value, "{}", route.target);
            ty.into_iter().for_each(|ty| model.schema.check(ty, &value).unwrap());
            known += 1;
        }
        assert!(known >= 25, "{known}");
    }
}
