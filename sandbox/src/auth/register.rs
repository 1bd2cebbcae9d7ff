//! Discovery, keys, and dynamic client registration.

use super::error::OAuthError;
use super::parameters::{text, texts};
use super::visit::Visit;
use crate::ids;
use crate::message::Answer;
use serde_json::{Map, Value, json};

impl Visit<'_> {
    /// OpenID Connect Discovery, section 3; RFC 8414.
    pub(crate) fn discovery(&mut self) -> Result<Answer, OAuthError> {
        let at = |path: &str| self.at(path);
        Ok(Answer::json(
            200,
            &json!({
                "issuer": self.issuer(),
                "authorization_endpoint": at("authorize"),
                "token_endpoint": at("oauth/token"),
                "device_authorization_endpoint": at("oauth/device/code"),
                "userinfo_endpoint": at("userinfo"),
                "mfa_challenge_endpoint": at("mfa/challenge"),
                "jwks_uri": at(".well-known/jwks.json"),
                "registration_endpoint": at("oidc/register"),
                "revocation_endpoint": at("oauth/revoke"),
                "pushed_authorization_request_endpoint": at("oauth/par"),
                "backchannel_authentication_endpoint": at("bc-authorize"),
                "end_session_endpoint": at("oidc/logout"),
                "global_token_revocation_endpoint": at("oauth/global-token-revocation/connection/{connectionName}"),
                "global_token_revocation_endpoint_auth_methods_supported": ["global-token-revocation+jwt"],
                "backchannel_token_delivery_modes_supported": ["poll"],
                "scopes_supported": ["openid", "profile", "offline_access", "name", "given_name", "family_name",
                    "nickname", "email", "email_verified", "picture", "created_at", "identities", "phone", "address"],
                "response_types_supported": ["code", "token", "id_token", "code token", "code id_token",
                    "token id_token", "code token id_token"],
                "response_modes_supported": ["query", "fragment", "form_post", "web_message"],
                "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token", "password",
                    "http://auth0.com/oauth/grant-type/password-realm",
                    "http://auth0.com/oauth/grant-type/passwordless/otp",
                    "http://auth0.com/oauth/grant-type/mfa-otp", "http://auth0.com/oauth/grant-type/mfa-oob",
                    "http://auth0.com/oauth/grant-type/mfa-recovery-code",
                    "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
                    "urn:ietf:params:oauth:grant-type:token-exchange", super::exchange::FEDERATED,
                    super::ceremony::GRANT, "implicit"],
                "code_challenge_methods_supported": ["S256", "plain"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["HS256", "RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post",
                    "private_key_jwt", "none"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256", "ES256"],
                "request_parameter_supported": true,
                "request_uri_parameter_supported": false,
                "request_object_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
                "authorization_response_iss_parameter_supported": true,
                "dpop_signing_alg_values_supported": ["ES256", "ES384", "RS256", "PS256", "EdDSA"],
                "claims_supported": ["aud", "auth_time", "created_at", "email", "email_verified", "exp",
                    "family_name", "given_name", "iat", "identities", "iss", "name", "nickname", "phone_number",
                    "picture", "sub"],
                "claims_parameter_supported": false,
            }),
        ))
    }

    pub(crate) fn jwks(&mut self) -> Result<Answer, OAuthError> {
        Ok(Answer::json(200, &self.tenant.authority.keys.jwks()).with("cache-control", "public, max-age=15"))
    }

    /// `POST /oidc/register` (RFC 7591). The tenant's flag `enable_dynamic_client_registration` can forbid it.
    pub(crate) fn register(&mut self) -> Result<Answer, OAuthError> {
        let settings = self.setting("/tenants/settings");
        let flag = settings.pointer("/flags/enable_dynamic_client_registration").and_then(Value::as_bool);
        if flag == Some(false) {
            return Err(OAuthError::new(404, "not_found", "Dynamic client registration is disabled"));
        }
        let bad = |text: &str| OAuthError::new(400, "invalid_client_metadata", text);
        let body: Map<String, Value> =
            serde_json::from_slice(&self.request.body).map_err(|_| bad("The body is not a JSON object"))?;
        let redirects = body.get("redirect_uris").and_then(Value::as_array).filter(|list| !list.is_empty()).cloned();
        let redirects = redirects.ok_or_else(|| bad("redirect_uris is required"))?;
        let uri = |value: &Value| value.as_str().is_some_and(|uri| uri.contains(':') && !uri.contains('#'));
        if !redirects.iter().all(uri) {
            return Err(OAuthError::new(400, "invalid_redirect_uri", "redirect_uris must be absolute URIs"));
        }
        let body = Value::Object(body);
        let method = text(&body, "token_endpoint_auth_method").unwrap_or("client_secret_post");
        if !matches!(method, "none" | "client_secret_post" | "client_secret_basic") {
            return Err(bad("token_endpoint_auth_method must be none, client_secret_post or client_secret_basic"));
        }
        let grants: Vec<&str> = match body.get("grant_types") {
            Some(list) => texts(Some(list)).collect(),
            None => vec!["authorization_code", "refresh_token"],
        };
        let (id, name) = (ids::letters(32)?, text(&body, "client_name").unwrap_or("My App").to_owned());
        let secret = ids::letters(64)?;
        let mut record = json!({
            "client_id": id, "name": name, "client_secret": secret, "callbacks": redirects, "grant_types": grants,
            "token_endpoint_auth_method": method, "is_first_party": false, "oidc_conformant": true, "global": false,
            "app_type": if method == "none" { "native" } else { "regular_web" }, "tenant": "sandbox",
        });
        self.tenant.model.complete("/clients", &mut record);
        self.store.put("/clients", &id, &record);
        let mut shown = json!({
            "client_name": name, "client_id": id, "redirect_uris": redirects, "grant_types": grants,
            "token_endpoint_auth_method": method, "client_id_issued_at": self.now_s,
        });
        if method != "none" {
            shown["client_secret"] = json!(secret);
            shown["client_secret_expires_at"] = json!(0);
        }
        Ok(Answer::json(201, &shown))
    }
}
