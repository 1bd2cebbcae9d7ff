//! What a refusal of the Authentication API means, and what its answers say of quotas.

use crate::error::Error;
use crate::http::Headers;
use crate::management::Response;
use std::time::Duration;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The code of a refusal: those of OAuth (RFC 6749, sections 4.1.2.1 and 5.2; RFC 8628, section 3.5; RFC 9126; RFC
        /// 9449; OpenID Connect Core 1.0, section 3.1.2.6) and Auth0's own. [`Error::code`] is the text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OAuthCode {
            $($(#[$doc])* $name,)*
            /// One that is not known here.
            Other,
        }

        impl OAuthCode {
            fn of(code: &str) -> Self {
                match code {
                    $($code => Self::$name,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

codes! {
    /// The user, or the server on its behalf, has refused.
    AccessDenied = "access_denied",
    /// The user must choose an account.
    AccountSelectionRequired = "account_selection_required",
    /// The user has not decided yet.
    AuthorizationPending = "authorization_pending",
    /// The user must agree.
    ConsentRequired = "consent_required",
    /// The codes, or the request, have expired.
    ExpiredToken = "expired_token",
    /// The user must do something, and the request allows nothing to be shown.
    InteractionRequired = "interaction_required",
    /// The authorization details are unknown or wrong (RFC 9396).
    InvalidAuthorizationDetails = "invalid_authorization_details",
    /// The binding message is missing or unfit (CIBA).
    InvalidBindingMessage = "invalid_binding_message",
    /// The client's authentication failed.
    InvalidClient = "invalid_client",
    /// The DPoP proof is not valid (RFC 9449).
    InvalidDpopProof = "invalid_dpop_proof",
    /// The code, refresh token, password or one-time password is wrong, used up, expired or revoked.
    InvalidGrant = "invalid_grant",
    /// The one-time password is wrong.
    InvalidOtp = "invalid_otp",
    /// The new password does not satisfy the connection's rules.
    InvalidPassword = "invalid_password",
    /// A parameter is missing, unknown or wrong.
    InvalidRequest = "invalid_request",
    /// The request object is not valid (RFC 9101).
    InvalidRequestObject = "invalid_request_object",
    /// A scope is unknown or not allowed.
    InvalidScope = "invalid_scope",
    /// The new user cannot be made; perhaps it is there already.
    InvalidSignup = "invalid_signup",
    /// The audience is unknown or not allowed (RFC 8707).
    InvalidTarget = "invalid_target",
    /// The token is wrong, expired or revoked.
    InvalidToken = "invalid_token",
    /// Name or password is wrong.
    InvalidUserPassword = "invalid_user_password",
    /// The user must log in.
    LoginRequired = "login_required",
    /// The user must show a second factor: see [`AuthenticationClient::mfa_of`](super::AuthenticationClient::mfa_of).
    MfaRequired = "mfa_required",
    /// The password has been found in a breach.
    PasswordLeaked = "password_leaked",
    /// The user must verify the login first.
    RequiresVerification = "requires_verification",
    /// The server failed.
    ServerError = "server_error",
    /// It was asked too soon.
    SlowDown = "slow_down",
    /// The server is busy.
    TemporarilyUnavailable = "temporarily_unavailable",
    /// Too many attempts: the account or the address is blocked for now.
    TooManyAttempts = "too_many_attempts",
    /// The client or the user may not do this.
    Unauthorized = "unauthorized",
    /// The client may not use this grant.
    UnauthorizedClient = "unauthorized_client",
    /// There is no such user (CIBA).
    UnknownUserId = "unknown_user_id",
    /// The client or the tenant does not have this grant.
    UnsupportedGrantType = "unsupported_grant_type",
    /// The client or the tenant does not have this response type.
    UnsupportedResponseType = "unsupported_response_type",
    /// The proof must carry the nonce that the answer brings (RFC 9449).
    UseDpopNonce = "use_dpop_nonce",
    /// There is such a user already.
    UserExists = "user_exists",
}

impl Error {
    /// What the code of a refusal means; `None` where there is no code.
    pub fn oauth_code(&self) -> Option<OAuthCode> {
        self.code().map(OAuthCode::of)
    }
}

/// What is left of a quota in one hour or one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaBucket {
    /// How many tokens it holds.
    pub quota: u64,
    /// How many are left.
    pub remaining: u64,
    /// In how long it is full again.
    pub reset_after: Duration,
}

/// Token quotas, as the token endpoint reports them (Auth0 docs, "Token Quotas").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Of the hour.
    pub per_hour: Option<QuotaBucket>,
    /// Of the day.
    pub per_day: Option<QuotaBucket>,
}

impl Quota {
    /// The client's quota (`Auth0-Client-Quota-Limit`), of a success or of an error.
    pub fn of_client(headers: &Headers) -> Option<Self> {
        Self::parse(&headers.get("auth0-client-quota-limit")?)
    }

    /// The organization's quota (`Auth0-Organization-Quota-Limit`), of a success or of an error.
    pub fn of_organization(headers: &Headers) -> Option<Self> {
        Self::parse(&headers.get("auth0-organization-quota-limit")?)
    }

    /// `b=per_hour;q=10;r=5;t=300,b=per_day;q=…`
    fn parse(text: &str) -> Option<Self> {
        let mut quota = Self::default();
        for bucket in text.split(',') {
            let member = |name: &str| {
                let pairs = bucket.split(';').filter_map(|pair| pair.trim().split_once('='));
                pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
            };
            let number = |name: &str| member(name)?.parse::<u64>().ok();
            let read = || {
                let reset_after = Duration::from_secs(number("t")?);
                Some(QuotaBucket { quota: number("q")?, remaining: number("r")?, reset_after })
            };
            match member("b") {
                Some("per_hour") => quota.per_hour = read(),
                Some("per_day") => quota.per_day = read(),
                _ => {}
            }
        }
        (quota != Self::default()).then_some(quota)
    }
}

impl<T> Response<T> {
    /// What the answer says of the client's quota of tokens.
    pub fn client_quota(&self) -> Option<Quota> {
        Quota::of_client(&self.headers)
    }

    /// What the answer says of the organization's quota of tokens.
    pub fn organization_quota(&self) -> Option<Quota> {
        Quota::of_organization(&self.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quotas() {
        let bucket = |quota, remaining, t| Some(QuotaBucket { quota, remaining, reset_after: Duration::from_secs(t) });
        let both = Quota::parse("b=per_hour;q=10;r=5;t=300,b=per_day;q=100;r=50;t=3600").unwrap();
        assert_eq!((both.per_hour, both.per_day), (bucket(10, 5, 300), bucket(100, 50, 3600)));
        assert_eq!(Quota::parse("b=per_day;q=1;r=0;t=0").unwrap().per_day, bucket(1, 0, 0));
        for wrong in ["", "b=per_hour", "b=per_week;q=1;r=1;t=1", "b=per_hour;q=x;r=1;t=1"] {
            assert_eq!(Quota::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn knows_codes() {
        assert_eq!(OAuthCode::of("mfa_required"), OAuthCode::MfaRequired);
        assert_eq!(OAuthCode::of("something"), OAuthCode::Other);
    }
}
