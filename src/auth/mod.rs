//! The Authentication API: getting, using and ending tokens and sessions. [`AuthenticationClient`] is the way in.
//!
//! Every flow is `prepare` (what is sent) and `parse` (what came), without IO between them.

mod authorize;
mod backchannel;
mod call;
mod client;
pub(crate) mod client_credentials;
mod code;
pub(crate) mod core;
mod database;
mod device;
mod discovery;
pub(crate) mod endpoint;
mod enterprise;
mod id_token;
mod legacy;
mod logout;
mod mfa;
mod oauth;
pub(crate) mod params;
mod passkey;
mod passwordless;
mod polling;
mod registration;
mod share;
mod table;
mod tokens;
mod transaction;
mod users;

pub use authorize::{Authorization, AuthorizationRequest, Callback};
pub use backchannel::{Backchannel, BackchannelAuthorization, BackchannelAuthorize};
pub use call::AuthCall;
pub use client::{AuthenticationBuilder, AuthenticationClient};
pub use code::{OAuthCode, Quota, QuotaBucket};
pub use database::{ChangePassword, Database, SignUp, SignedUp};
pub use device::{Device, DeviceAuthorization, DeviceAuthorize};
pub use discovery::{Discovery, Metadata};
pub use enterprise::{Saml, WsFed};
pub use legacy::{Delegation, Impersonate, Legacy, ResourceOwner, SocialAccessToken};
pub use logout::LogoutUrl;
pub use mfa::{Associate, Authenticator, Challenge, Mfa, MfaChallenge, MfaEnrollment, VerifyOob};
pub use oauth::{
    AuthorizationCode, ClientCredentialsGrant, OAuth, Password, RefreshToken, Revoke, TokenExchange, TokenForConnection,
};
pub use passkey::{Begin, Finish, Passkey, PasskeyChallenge};
pub use passwordless::{Login, Passwordless, Send, Start, Started};
pub use polling::Polling;
pub use registration::{RegisterClient, RegisteredClient};
pub use tokens::TokenResponse;
pub use transaction::Transaction;
pub use users::{UserInfo, Users};
