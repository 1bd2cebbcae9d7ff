//! What the token endpoint answers (RFC 6749, section 5.1; OpenID Connect Core 1.0, section 3.1.3.3).

use super::call::Parts;
use super::core::Core;
use crate::Json;
use crate::error::Error;
use crate::http::{Answer, Payload};
use crate::maybe_send::BoxFuture;
use crate::secret::Secret;
use crate::verify::Claims;
use serde_json::Map;
use std::time::Duration;

/// What the ID token of an answer must say, besides what every one must.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) nonce: Option<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) organization: Option<String>,
    /// The ID token must be there.
    pub(crate) required: bool,
}

/// Tokens, as the token endpoint gives them. `Debug` shows none of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The access token.
    pub access_token: Secret,
    /// How it is used: `Bearer`, or `DPoP`.
    pub token_type: String,
    /// When the access token expires, as the time since the Unix epoch, counted from before it was asked for; `None` when
    /// the answer does not say.
    pub expires_at: Option<Duration>,
    /// How long it lives, as the answer says.
    pub expires_in: Option<Duration>,
    /// The refresh token to use from now on: with rotation a new one each time, and the old one is used up.
    pub refresh_token: Option<Secret>,
    /// The ID token. Its signature and claims have been verified.
    pub id_token: Option<Secret>,
    /// The verified claims of the ID token.
    pub claims: Option<Claims>,
    /// The scopes that were granted. Empty when the answer does not say, which means those that were asked for.
    pub scope: Vec<String>,
    /// What was granted of the authorization details that were asked for (RFC 9396, section 7).
    pub authorization_details: Option<Json>,
    /// The type of the token, of a token exchange (RFC 8693, section 2.2.1).
    pub issued_token_type: Option<String>,
    /// A new recovery code, in the place of the one that was used up.
    pub recovery_code: Option<Secret>,
    /// Everything else that the answer has.
    pub extra: Map<String, Json>,
}

/// Reads an answer with tokens. Pure; the ID token is not verified here.
///
/// # Errors
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode), which keeps the answer: what it has is used up, and must not be lost.
pub(crate) fn parse(answer: &Answer, asked_at: Duration) -> Result<TokenResponse, Error> {
    let bytes: &[u8] = match &answer.payload {
        Payload::Bytes(bytes) => bytes,
        _ => b"",
    };
    let fail = |why: String| answer.decode_error(format!("the answer with the tokens {why}"));
    super::call::unique(answer)?;
    let mut members: Map<String, Json> = serde_json::from_slice(bytes).map_err(|error| {
        let what = if bytes.is_empty() { "is empty".to_owned() } else { format!("cannot be read: {}", place(&error)) };
        fail(what)
    })?;
    let mut text = |name: &str| match members.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if text.is_empty() => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(fail(format!("has a `{name}` that is no text")).with_path(name.to_owned())),
    };
    let Some(access_token) = text("access_token")? else {
        return Err(fail("has no access_token".to_owned()).with_path("access_token".to_owned()));
    };
    // Required by the RFC; a server that leaves it out can only mean the one that needs no key.
    let token_type = text("token_type")?.unwrap_or_else(|| "Bearer".to_owned());
    let refresh_token = text("refresh_token")?.map(Secret::new);
    let id_token = text("id_token")?.map(Secret::new);
    let scope = text("scope")?;
    let issued_token_type = text("issued_token_type")?;
    let recovery_code = text("recovery_code")?.map(Secret::new);
    // A number; some servers and proxies write it as a text.
    let expires_in = match members.remove("expires_in") {
        None | Some(Json::Null) => None,
        Some(value) => {
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            let seconds = number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let wrong = || fail("has an `expires_in` that is no time".to_owned()).with_path("expires_in".to_owned());
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    Ok(TokenResponse {
        access_token: Secret::new(access_token),
        token_type,
        expires_at: expires_in.map(|life| asked_at.saturating_add(life)),
        expires_in,
        refresh_token,
        id_token,
        claims: None,
        scope: scope.iter().flat_map(|scope| scope.split_ascii_whitespace()).map(str::to_owned).collect(),
        authorization_details: members.remove("authorization_details"),
        issued_token_type,
        recovery_code,
        extra: members,
    })
}

/// Where JSON is broken, without the text around it, which may be a token.
fn place(error: &serde_json::Error) -> String {
    match error.classify() {
        // What serde says of a wrong type shows the value.
        serde_json::error::Category::Data => "it is no object".to_owned(),
        _ => format!("it is not JSON, at line {} column {}", error.line(), error.column()),
    }
}

/// Reads an answer with tokens, and verifies the ID token.
pub(crate) fn tokens<'a>(
    core: &'a Core,
    parts: &'a Parts,
    answer: &'a Answer,
    asked_at: Duration,
) -> BoxFuture<'a, Result<TokenResponse, Error>> {
    let parsed = parse(answer, asked_at);
    Box::pin(async move {
        let mut tokens = parsed?;
        tokens.claims = super::id_token::check(core, &tokens, &parts.expected).await?;
        Ok(tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::http::Headers;

    fn read(body: &str) -> Result<TokenResponse, Error> {
        let answer = Answer {
            status: 200,
            headers: Headers::new(),
            payload: Payload::Bytes(body.as_bytes().to_vec()),
            attempts: 1,
        };
        parse(&answer, Duration::from_secs(1000))
    }

    #[test]
    fn reads_what_is_there() {
        let tokens = read(
            r#"{"access_token":"at","token_type":"Bearer","expires_in":60,"scope":"a  b","refresh_token":"rt","id_token":null,
               "authorization_details":[{"type":"x"}],"own":1}"#,
        )
        .unwrap();
        assert_eq!(tokens.access_token.expose(), "at");
        assert_eq!(tokens.expires_at, Some(Duration::from_secs(1060)));
        assert_eq!(tokens.scope, ["a", "b"]);
        assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), "rt");
        assert!(tokens.id_token.is_none());
        assert_eq!(tokens.authorization_details, Some(serde_json::json!([{"type": "x"}])));
        assert_eq!(tokens.extra["own"], 1);
        let shown = format!("{tokens:?}");
        assert!(!shown.contains("\"at\"") && !shown.contains("\"rt\""), "{shown}");
    }

    #[test]
    fn a_lifetime_may_be_missing_or_a_text() {
        assert_eq!(read(r#"{"access_token":"at"}"#).unwrap().expires_at, None);
        let text = read(r#"{"access_token":"at","expires_in":"3600"}"#).unwrap();
        assert_eq!(text.expires_in, Some(Duration::from_secs(3600)));
        for wrong in ["\"soon\"", "-1", "[]", "1e300"] {
            let error = read(&format!(r#"{{"access_token":"at","expires_in":{wrong}}}"#)).unwrap_err();
            assert_eq!((error.kind(), error.path()), (ErrorKind::Decode, Some("expires_in")), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_kept_and_not_shown() {
        for body in [
            "",
            "secret-token",
            "\"secret-token\"",
            "[]",
            "{}",
            r#"{"access_token":5}"#,
            r#"{"access_token":"secret-token","access_token":"other"}"#,
            r#"{"access_token":"secret-token","refresh_token":{}}"#,
            r#"{"access_token":"secret-token""#,
        ] {
            let error = read(body).expect_err(body);
            assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
            assert_eq!(error.body().unwrap().text(), body);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("secret-token"), "{shown}");
        }
        for twice in [r#"{"access_token":"a","access_token":"b"}"#, r#"{"access_token":"a","x":[{"y":1,"y":1}]}"#] {
            assert!(read(twice).unwrap_err().message().contains("twice"), "{twice}");
        }
    }
}
