//! Passwords: how they are kept, checked, and what too many wrong ones do.

use super::error::OAuthError;
use super::parameters::text;
use super::visit::Visit;
use crate::crypto::stretch;
use crate::error::ApiError;
use crate::outbox::Message;
use crate::seed;
use crate::store::{Store, USERS};
use crate::users::in_connection;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// By user: a hash. No answer shows it.
const PASSWORDS: &str = "/__passwords";

/// By identifier: how many wrong passwords came in a row.
const BLOCKS: &str = "/__blocks";

/// Few rounds: the passwords are those of tests, and a thousand logins should not take a minute.
const ROUNDS: u32 = 500;

/// Keeps the hash of a user's password.
pub(crate) fn keep_password(store: &mut Store, user_id: &str, password: &str) -> Result<(), ApiError> {
    let salt = crate::ids::letters(16)?;
    let hash = stretch(password, &salt, ROUNDS);
    store.put(PASSWORDS, user_id, &json!({ "rounds": ROUNDS, "salt": salt, "hash": STANDARD.encode(hash) }));
    Ok(())
}

/// Forgets what is kept of a user apart from the record.
pub(crate) fn forget_user(store: &mut Store, user_id: &str) {
    store.remove(PASSWORDS, user_id);
}

fn fits(store: &Store, user_id: &str, password: &str) -> bool {
    let Some(kept) = store.get(PASSWORDS, user_id) else {
        // The users of the seed share a password, so that a million of them need no million hashes.
        let user = store.get(USERS, user_id).unwrap_or_default();
        return seed::is_seeded(&user) && password == seed::PASSWORD;
    };
    let number = kept.get("rounds").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let (salt, hash) = (text(&kept, "salt").unwrap_or_default(), text(&kept, "hash").unwrap_or_default());
    let Ok(hash) = STANDARD.decode(hash) else { return false };
    stretch(password, salt, number.unwrap_or(ROUNDS)) == *hash
}

/// Blocks of brute-force protection, as the Management API sees them.
#[derive(Debug)]
pub(crate) struct Blocks;

impl Blocks {
    /// Every name that a user may be blocked under.
    pub(crate) fn identifiers(user: &Value) -> Vec<String> {
        ["email", "username", "phone_number"]
            .iter()
            .filter_map(|name| text(user, name))
            .map(str::to_lowercase)
            .collect()
    }

    /// The connection and address of a block, when there is one.
    pub(crate) fn find(store: &Store, identifier: &str) -> Option<(String, String)> {
        let block = store.get(BLOCKS, &identifier.to_lowercase())?;
        let blocked = block.get("blocked").and_then(Value::as_bool) == Some(true);
        let part = |name: &str| text(&block, name).unwrap_or_default().to_owned();
        blocked.then(|| (part("connection"), part("ip")))
    }

    /// Who is blocked at an IP address.
    pub(crate) fn at_address(store: &Store, ip: &str) -> Vec<String> {
        let all = store.collection(BLOCKS).into_iter().flat_map(|all| all.after(None));
        let here = all.filter(|(_, identifier, _)| Self::find(store, identifier).is_some_and(|(_, at)| at == ip));
        here.map(|(_, identifier, _)| identifier.to_string()).collect()
    }

    pub(crate) fn lift(store: &mut Store, identifier: &str) -> bool {
        store.remove(BLOCKS, &identifier.to_lowercase()).is_some()
    }

    fn count(store: &mut Store, identifier: &str, connection: &str, ip: &str, most: u64) -> bool {
        let id = identifier.to_lowercase();
        let known = store.get(BLOCKS, &id).and_then(|block| block.get("count").and_then(Value::as_u64));
        let count = known.unwrap_or(0) + 1;
        let blocked = count >= most;
        store.put(BLOCKS, &id, &json!({ "count": count, "blocked": blocked, "connection": connection, "ip": ip }));
        blocked
    }
}

impl Visit<'_> {
    /// The user of a database connection with this email address, username or phone number.
    pub(crate) fn database_user(&self, connection: &str, identifier: &str) -> Option<Value> {
        let ids = self.store.users_by_login(identifier);
        let mut users = ids.iter().filter_map(|id| self.store.get(USERS, id));
        users.find(|user| in_connection(user, connection))
    }

    /// Checks a password, counts wrong ones, and refuses those who are blocked.
    pub(crate) fn check_password(
        &mut self,
        connection: &str,
        identifier: &str,
        password: &str,
        client: &super::client::Client,
    ) -> Result<Value, OAuthError> {
        let settings = self.setting("/attack-protection/brute-force-protection");
        let enabled = settings.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        let most = settings.get("max_attempts").and_then(Value::as_u64).filter(|most| *most > 0).unwrap_or(10);
        if enabled && Blocks::find(self.store, identifier).is_some() {
            return Err(too_many());
        }
        let user = self.database_user(connection, identifier);
        let user_id = user.as_ref().and_then(|user| text(user, "user_id")).unwrap_or_default().to_owned();
        if let Some(user) = user.filter(|_| fits(self.store, &user_id, password)) {
            Blocks::lift(self.store, identifier);
            if user.get("blocked").and_then(Value::as_bool) == Some(true) {
                self.log("f", "user is blocked", Some(client), &user_id, connection);
                return Err(OAuthError::new(401, "unauthorized", "user is blocked"));
            }
            return Ok(user);
        }
        let kind = if user_id.is_empty() { "fu" } else { "fp" };
        self.log(kind, "Wrong email or password.", Some(client), &user_id, connection);
        let ip = self.request.header("auth0-forwarded-for").unwrap_or("127.0.0.1").to_owned();
        if enabled && Blocks::count(self.store, identifier, connection, &ip, most) {
            self.log("limit_wc", "Too many wrong passwords: blocked", Some(client), &user_id, connection);
            self.tenant.outbox.add(Message {
                at: self.now(),
                kind: "email".into(),
                to: identifier.to_owned(),
                template: "blocked_account".into(),
                ..Message::default()
            });
        }
        Err(OAuthError::invalid_grant("Wrong email or password."))
    }
}

fn too_many() -> OAuthError {
    OAuthError::new(
        429,
        "too_many_attempts",
        "Your account has been blocked after multiple consecutive login attempts. We've sent you an email with \
         instructions on how to unblock it.",
    )
}

/// What is wrong with a new password, by the policy of its connection: `none`, `low`, `fair`, `good` or `excellent`.
pub(crate) fn weakness(connection: &Value, password: &str) -> Option<String> {
    let options = connection.get("options").cloned().unwrap_or_default();
    let policy = text(&options, "passwordPolicy").unwrap_or("good");
    let (least, classes) = match policy {
        "none" => (1, 0),
        "low" => (6, 0),
        "fair" => (8, 3),
        "excellent" => (10, 3),
        _ => (8, 3),
    };
    let least = options.pointer("/password_complexity_options/min_length").and_then(Value::as_u64).unwrap_or(least);
    if (password.chars().count() as u64) < least {
        return Some(format!("At least {least} characters in length"));
    }
    let kinds: [fn(char) -> bool; 4] =
        [|c| c.is_lowercase(), |c| c.is_uppercase(), |c| c.is_numeric(), |c| !c.is_alphanumeric()];
    let met = kinds.iter().filter(|kind| password.chars().any(**kind)).count();
    if met < classes {
        return Some(format!(
            "Contain at least {classes} of the following 4 types of characters: lower case letters (a-z), upper case \
             letters (A-Z), numbers (i.e. 0-9), special characters (e.g. !@#$%^&*)"
        ));
    }
    let repeated = password.chars().zip(password.chars().skip(1)).zip(password.chars().skip(2));
    if policy == "excellent" && repeated.into_iter().any(|((a, b), c)| a == b && b == c) {
        return Some("No more than 2 identical characters in a row".to_owned());
    }
    None
}
