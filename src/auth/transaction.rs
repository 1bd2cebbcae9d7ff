//! What is kept of a login until the browser comes back, and the check of what it brings.

use super::AuthenticationClient;
use super::authorize::Callback;
use super::call::AuthCall;
use super::oauth::AuthorizationCode;
use super::tokens::{Expected, TokenResponse};
use crate::error::{Error, ErrorKind};
use crate::jose::same;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A login that is under way. Keep it where only this browser's session finds it (a sealed cookie, a server's session), and
/// forget it when the browser has come back: it is good for one answer. It serialises with serde; `Debug` shows nothing of
/// it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Transaction {
    pub(super) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_verifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) organization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_age_s: Option<u64>,
    #[serde(default)]
    pub(super) id_token: bool,
    #[serde(default)]
    pub(super) issuer_required: bool,
    pub(super) created_at_s: u64,
    pub(super) expires_at_s: u64,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("expires_at_s", &self.expires_at_s).finish_non_exhaustive()
    }
}

impl Transaction {
    /// The state: the name of this login, by which a server finds the transaction again.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// When the login must be over, as the time since the Unix epoch.
    pub fn expires_at(&self) -> Duration {
        Duration::from_secs(self.expires_at_s)
    }

    pub(super) fn expected(&self) -> Expected {
        Expected {
            nonce: self.nonce.clone(),
            max_age: self.max_age_s.map(Duration::from_secs),
            organization: self.organization.clone(),
            required: self.id_token,
        }
    }

    /// Checks what a browser brought: once each, this login's state, this issuer, in time, and no error. Pure.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`], with the server's code for a refusal, and `invalid_callback`, `state_mismatch`,
    /// `issuer_mismatch` or `transaction_expired` for what is wrong here.
    fn check(&self, answer: &str, issuer: &str, now: Duration) -> Result<Callback, Error> {
        let fail = |code: &str, message: String| {
            Err(Error::new(ErrorKind::Auth, message).with_code(Some(code.to_owned())).with_operation("finish_login"))
        };
        let all = parameters(answer);
        // RFC 6749, section 3.1: none may come twice.
        const ONCE: [&str; 8] =
            ["code", "state", "error", "error_description", "iss", "id_token", "access_token", "response"];
        for name in ONCE {
            if all.iter().filter(|(known, _)| known == name).count() > 1 {
                return fail("invalid_callback", format!("the answer has `{name}` twice"));
            }
        }
        let get = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(state) = get("state") else {
            return fail("state_mismatch", "the answer has no `state`, so it belongs to no login".to_owned());
        };
        if !same(state, &self.state) {
            return fail("state_mismatch", "the answer's `state` is not that of this login".to_owned());
        }
        match get("iss") {
            Some(iss) if iss != issuer => {
                let message = format!("the answer comes from another issuer than {issuer}");
                return fail("issuer_mismatch", message);
            }
            None if self.issuer_required => {
                return fail("issuer_mismatch", "the answer does not name its issuer".to_owned());
            }
            _ => {}
        }
        if now.as_secs() > self.expires_at_s {
            return fail("transaction_expired", "the login took too long: begin it again".to_owned());
        }
        if let Some(code) = get("error") {
            let said = get("error_description").filter(|said| !said.is_empty()).unwrap_or("the login was refused");
            return fail(code, said.to_owned()).map_err(Error::cut);
        }
        let secret = |name: &str| get(name).filter(|value| !value.is_empty()).map(Secret::new);
        let (code, id_token, access_token) = (secret("code"), secret("id_token"), secret("access_token"));
        if code.is_none() && id_token.is_none() && access_token.is_none() {
            return fail("invalid_callback", "the answer has neither a code nor a token nor an error".to_owned());
        }
        Ok(Callback { code, id_token, access_token, all })
    }
}

/// The parameters of a callback URL (its query and its fragment), of a query alone, or of a form.
fn parameters(answer: &str) -> Vec<(String, String)> {
    let is_url = answer.starts_with(['/', '?', '#'])
        || answer.split(['?', '#', '&', '=']).next().is_some_and(|start| start.contains(':'));
    let (rest, fragment) = answer.split_once('#').unwrap_or((answer, ""));
    let query = match rest.split_once('?') {
        Some((_, query)) => query,
        None if is_url => "",
        None => rest,
    };
    let pairs = query.split('&').chain(fragment.split('&')).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes the encoding of application/x-www-form-urlencoded. What is no UTF-8 becomes U+FFFD, which no check takes for
/// anything else.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let hex = |byte: &u8| char::from(*byte).to_digit(16);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [high, low, more @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                let value = hex(high).zip(hex(low)).map_or(0, |(high, low)| high * 16 + low);
                bytes.push(value as u8);
                rest = more;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl AuthenticationClient {
    /// Checks what a browser brought back, without asking for tokens: the callback's URL, its query alone, or the body of a
    /// form post.
    ///
    /// # Errors
    /// [`ErrorKind::Auth`], with the server's code for a refusal (`access_denied`, `login_required`), and `invalid_callback`,
    /// `state_mismatch`, `issuer_mismatch` or `transaction_expired` for what is wrong here.
    pub fn check_callback(&self, transaction: &Transaction, answer: &str) -> Result<Callback, Error> {
        transaction.check(answer, &self.issuer(), self.core.host.timer.now())
    }

    /// Ends a login: checks what the browser brought back, exchanges the code for tokens, and verifies the ID token against
    /// this login (nonce, age, organization). `answer` is the callback's URL, its query alone, or the body of a form post.
    ///
    /// # Errors
    /// When awaited: those of [`AuthenticationClient::check_callback`] before anything is sent, and any other [`Error`].
    pub fn finish_login(&self, transaction: &Transaction, answer: &str) -> AuthCall<TokenResponse, AuthorizationCode> {
        let code = self.check_callback(transaction, answer).and_then(|callback| {
            callback.code.ok_or_else(|| {
                let message = "the answer has no code: its tokens are those of the front channel";
                Error::new(ErrorKind::Auth, message).with_code(Some("invalid_callback".to_owned()))
            })
        });
        let (code, failed) = match code {
            Ok(code) => (code, None),
            Err(error) => (Secret::new(""), Some(error)),
        };
        let mut call = self.oauth().authorization_code(code);
        if let Some(error) = failed {
            call.parts.endpoint = Err(error);
        }
        if let Some(uri) = &transaction.redirect_uri {
            call = call.redirect_uri(uri.as_str());
        }
        if let Some(verifier) = &transaction.code_verifier {
            call = call.code_verifier(verifier.as_str());
        }
        call.parts.expected = transaction.expected();
        call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://t.example/";

    fn transaction() -> Transaction {
        Transaction {
            state: "the-state".to_owned(),
            nonce: Some("n".to_owned()),
            code_verifier: Some("the-verifier".to_owned()),
            redirect_uri: None,
            organization: None,
            max_age_s: Some(0),
            id_token: true,
            issuer_required: false,
            created_at_s: 1000,
            expires_at_s: 2000,
        }
    }

    fn check(answer: &str) -> Result<Callback, Error> {
        transaction().check(answer, ISSUER, Duration::from_secs(1500))
    }

    #[test]
    fn takes_every_form_of_answer() {
        for answer in [
            "https://app.example/cb?code=c+%C3%A4&state=the-state",
            "https://app.example/cb?own=1#code=c+%C3%A4&state=the-state",
            "/cb?code=c+%C3%A4&state=the-state&iss=https%3A%2F%2Ft.example%2F",
            "?code=c+%C3%A4&state=the-state",
            "code=c+%C3%A4&state=the-state",
            "state=the-state&code=c+%C3%A4#",
            "com.example.app:/cb?state=the-state&code=c+%C3%A4",
        ] {
            assert_eq!(check(answer).expect(answer).code.unwrap().expose(), "c ä", "{answer}");
        }
    }

    #[test]
    fn refuses_what_is_not_this_login() {
        for (answer, code) in [
            ("code=a&code=b&state=the-state", "invalid_callback"),
            ("https://a/?code=a&state=the-state#code=b", "invalid_callback"),
            ("code=a&state=the-state&state=the-state", "invalid_callback"),
            ("code=a", "state_mismatch"),
            ("code=a&state=the-stat", "state_mismatch"),
            ("code=a&state=The-state", "state_mismatch"),
            ("error=access_denied", "state_mismatch"),
            ("code=a&state=the-state&iss=https%3A%2F%2Ft.example", "issuer_mismatch"),
            ("code=a&state=the-state&iss=https%3A%2F%2Fevil.example%2F", "issuer_mismatch"),
            ("state=the-state", "invalid_callback"),
            ("code=&state=the-state", "invalid_callback"),
            ("", "state_mismatch"),
            ("https://app.example/cb", "state_mismatch"),
        ] {
            let error = check(answer).expect_err(answer);
            assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some(code)), "{answer}: {error}");
        }
        let late = transaction().check("code=a&state=the-state", ISSUER, Duration::from_secs(2001)).unwrap_err();
        assert_eq!(late.code(), Some("transaction_expired"));
        let strict = Transaction { issuer_required: true, ..transaction() };
        let error = strict.check("code=a&state=the-state", ISSUER, Duration::ZERO).unwrap_err();
        assert_eq!(error.code(), Some("issuer_mismatch"));
    }

    #[test]
    fn a_refusal_is_the_servers() {
        let error = check("error=access_denied&error_description=User+said%20no&state=the-state").unwrap_err();
        assert_eq!((error.code(), error.message()), (Some("access_denied"), "User said no"));
        assert_eq!(error.oauth_code(), Some(crate::auth::OAuthCode::AccessDenied));
    }

    #[test]
    fn goes_through_json_and_shows_nothing() {
        let text = serde_json::to_string(&transaction()).unwrap();
        let back: Transaction = serde_json::from_str(&text).unwrap();
        assert_eq!(back.code_verifier.as_deref(), Some("the-verifier"));
        let shown = format!("{back:?}");
        assert!(!shown.contains("the-verifier") && !shown.contains("the-state"));
    }
}
