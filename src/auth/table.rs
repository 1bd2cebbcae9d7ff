//! The endpoints. The grammar of a line stands in `endpoint.rs`.
//!
//! The npm package has the same lines in `pkg-template/src/auth-table.js`; a test compares them.

/// Id and line of every endpoint.
pub(crate) const ENDPOINTS: &[(&str, &str)] = &[
    ("backchannel.authorize", "P/bc-authorize fc - login_hint,binding_message,scope"),
    ("backchannel.backchannelGrant", "P/oauth/token fct grant_type=urn:openid:params:grant-type:ciba auth_req_id"),
    ("database.changePassword", "P/dbconnections/change_password jix - email,connection"),
    ("database.signUp", "P/dbconnections/signup ji - email,password,connection"),
    ("device.authorize", "P/oauth/device/code fcr"),
    ("device.deviceCodeGrant", "P/oauth/token fct grant_type=urn:ietf:params:oauth:grant-type:device_code device_code"),
    ("discovery.configuration", "G/.well-known/openid-configuration r"),
    ("discovery.jwks", "G/.well-known/jwks.json r"),
    ("legacy.delegation", "P/delegation ji grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer"),
    ("legacy.impersonate", "P/users/{user_id}/impersonate jixB - protocol,impersonator_id"),
    ("legacy.passwordlessVerify", "P/passwordless/verify ji - grant_type,connection,username,password,redirect_uri"),
    ("legacy.resourceOwner", "P/oauth/ro jit grant_type=password username,password,connection"),
    ("legacy.socialAccessToken", "P/oauth/access_token jit - access_token,connection"),
    ("legacy.tokenInfo", "P/tokeninfo jr - id_token"),
    ("legacy.unlink", "P/login/unlink jbv - access_token,user_id"),
    ("mfa.associate", "P/mfa/associate jb - authenticator_types"),
    ("mfa.challenge", "P/mfa/challenge jc - mfa_token,challenge_type"),
    ("mfa.deleteAuthenticator", "D/mfa/authenticators/{id} bv"),
    ("mfa.listAuthenticators", "G/mfa/authenticators b"),
    ("mfa.verifyOob", "P/oauth/token fct grant_type=http://auth0.com/oauth/grant-type/mfa-oob mfa_token,oob_code"),
    ("mfa.verifyOtp", "P/oauth/token fct grant_type=http://auth0.com/oauth/grant-type/mfa-otp mfa_token,otp"),
    (
        "mfa.verifyRecoveryCode",
        "P/oauth/token fct grant_type=http://auth0.com/oauth/grant-type/mfa-recovery-code mfa_token,recovery_code",
    ),
    ("oauth.authorizationCodeGrant", "P/oauth/token fct grant_type=authorization_code code"),
    ("oauth.authorizationCodeGrantWithPKCE", "P/oauth/token fct grant_type=authorization_code code,code_verifier"),
    ("oauth.clientCredentialsGrant", "P/oauth/token fctr grant_type=client_credentials audience"),
    ("oauth.globalTokenRevocation", "P/oauth/global-token-revocation/connection/{connection_name} jbvr - subject"),
    ("oauth.passwordGrant", "P/oauth/token fctr grant_type=password username,password"),
    (
        "oauth.passwordRealmGrant",
        "P/oauth/token fctr grant_type=http://auth0.com/oauth/grant-type/password-realm username,password,realm",
    ),
    ("oauth.pushedAuthorization", "P/oauth/par fcr"),
    ("oauth.refreshTokenGrant", "P/oauth/token fct grant_type=refresh_token refresh_token"),
    ("oauth.revoke", "P/oauth/revoke fcrv - token"),
    // As the `auth0` package makes it, and the server takes it too.
    ("oauth.revokeRefreshToken", "P/oauth/revoke jcrv - token"),
    (
        "oauth.tokenForConnection",
        "P/oauth/token fct grant_type=urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token,\
         requested_token_type=http://auth0.com/oauth/token-type/federated-connection-access-token \
         subject_token,subject_token_type,connection",
    ),
    ("passkey.challenge", "P/passkey/challenge jc"),
    ("passkey.register", "P/passkey/register jc - user_profile"),
    (
        "passkey.webauthnGrant",
        "P/oauth/token jct grant_type=urn:okta:params:oauth:grant-type:webauthn auth_session,authn_response",
    ),
    (
        "passwordless.loginWithEmail",
        "P/oauth/token fct realm=email,grant_type=http://auth0.com/oauth/grant-type/passwordless/otp username,otp",
    ),
    (
        "passwordless.loginWithSMS",
        "P/oauth/token fct realm=sms,grant_type=http://auth0.com/oauth/grant-type/passwordless/otp username,otp",
    ),
    ("passwordless.sendEmail", "P/passwordless/start jc connection=email email"),
    ("passwordless.sendSMS", "P/passwordless/start jc connection=sms phone_number"),
    ("registration.register", "P/oidc/register jB - redirect_uris"),
    ("saml.identityProviderInitiated", "P/login/callback fx - connection,SAMLResponse"),
    ("saml.logout", "P/samlp/{client_id}/logout x"),
    ("saml.metadata", "G/samlp/metadata/{client_id} x"),
    (
        "tokenExchange.exchangeToken",
        "P/oauth/token fct grant_type=urn:ietf:params:oauth:grant-type:token-exchange subject_token,subject_token_type",
    ),
    ("users.userInfo", "G/userinfo b"),
    ("wsfed.metadata", "G/wsfed/FederationMetadata/2007-06/FederationMetadata.xml x"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::endpoint::Endpoint;

    #[test]
    fn the_npm_package_has_the_same_lines() {
        let text = include_str!("../../pkg-template/src/auth-table.js");
        let (_, rows) = text.split_once('`').expect("a text");
        let rows: Vec<_> = rows.trim_end().trim_end_matches("`;").lines().collect();
        assert!(rows.len() > 40);
        for row in rows {
            let (id, line) = row.split_once(' ').expect(row);
            assert!(ENDPOINTS.contains(&(id, line)), "{row}");
        }
    }

    #[test]
    fn every_line_can_be_read() {
        for (id, line) in ENDPOINTS {
            Endpoint::parse(id, line).expect(id);
            let flags = line.split(' ').nth(1).expect("flags");
            assert!(flags.chars().all(|flag| "fjcibBtxvr".contains(flag)), "{id}");
        }
        assert!(ENDPOINTS.is_sorted_by_key(|(id, _)| *id));
    }
}
