//! Users of database connections: signing up, and changing a password.

use super::AuthenticationClient;
use super::call::{AuthCall, json, optional, text};
use crate::Json;
use crate::secret::Secret;
use serde::Deserialize;
use serde_json::Map;

/// The endpoints of database connections: see [`AuthenticationClient::database`].
#[derive(Clone, Debug)]
pub struct Database(pub(super) AuthenticationClient);

/// Parameters of [`Database::sign_up`].
#[derive(Debug)]
pub enum SignUp {}
/// Parameters of [`Database::change_password`].
#[derive(Debug)]
pub enum ChangePassword {}

/// A user who has signed up.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct SignedUp {
    /// The id without its `auth0|`. Auth0 calls it `_id`; a custom database may call it `id` or `user_id`.
    #[serde(default, alias = "_id", alias = "user_id")]
    pub id: Option<String>,
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether it has been verified.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl AuthenticationClient {
    /// Users of database connections.
    pub fn database(&self) -> Database {
        Database(self.clone())
    }
}

impl Database {
    /// Makes a user (`POST /dbconnections/signup`). The error's code says what is wrong with it: `invalid_signup` (the
    /// user may be there already), `invalid_password`, `password_dictionary_error`.
    pub fn sign_up(
        &self,
        email: impl Into<String>,
        password: impl Into<Secret>,
        connection: impl Into<String>,
    ) -> AuthCall<SignedUp, SignUp> {
        AuthCall::new(&self.0.core, "database.signUp", json)
            .text("email", email)
            .text("password", password.into().expose())
            .text("connection", connection)
    }

    /// Sends a mail with a link to change the password (`POST /dbconnections/change_password`). The answer is a text for
    /// people, the same whether there is such a user or not.
    pub fn change_password(
        &self,
        email: impl Into<String>,
        connection: impl Into<String>,
    ) -> AuthCall<String, ChangePassword> {
        AuthCall::new(&self.0.core, "database.changePassword", text).text("email", email).text("connection", connection)
    }
}

optional!(
    SignedUp,
    SignUp {
        /// The user name, for a connection that wants one.
        username: text = "username",
        /// The given name.
        given_name: text = "given_name",
        /// The family name.
        family_name: text = "family_name",
        /// The full name.
        name: text = "name",
        /// The nickname.
        nickname: text = "nickname",
        /// The URL of a picture.
        picture: text = "picture",
        /// Metadata of the user: an object of texts, at most ten of them.
        user_metadata: json = "user_metadata",
    }
);

optional!(
    String,
    ChangePassword {
        /// The organization that the mail is sent for.
        organization: text = "organization",
    }
);
