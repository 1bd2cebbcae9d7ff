//! What an endpoint of the Authentication API is: one line of a table, and one way to make a request of it.
//!
//! Nearly all of them are "a form or a JSON body of named parameters, plus the client's authentication". So they are data,
//! and what differs is in the line: `P/oauth/token fct grant_type=refresh_token refresh_token`. The fields, with `-` for
//! none, are
//!
//! 1. the method's letter (`G`, `P`, `D`) and the path, with its parameters in braces;
//! 2. flags: the body `f` (form) or `j` (JSON), neither for a query; `c` the client authenticates, `i` only its id is sent;
//!    `b` a bearer token is required, `B` one may be given; the answer `t` tokens, `x` text, `v` nothing of interest, and
//!    JSON otherwise; `r` repeating the request does no harm;
//! 3. members that are always sent, `name=value`, separated by commas;
//! 4. the parameters that are required, separated by commas.

use super::params::{Body, Params};
use crate::error::{Error, ErrorKind};
use crate::http::path;
use crate::http::{Headers, Method};
use crate::jose::json::push_text;
use crate::secret::Secret;
use crate::text::quoted;

/// The type of a client assertion that is a JWT (RFC 7523, section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An endpoint, read from its line.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    flags: &'a str,
    fixed: &'a str,
    required: &'a str,
}

impl<'a> Endpoint<'a> {
    /// Reads a line of the table.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when it is not one.
    pub(crate) fn parse(id: &'a str, line: &'a str) -> Result<Self, Error> {
        let mut fields = line.split(' ').map(|field| if field == "-" { "" } else { field });
        let target = fields.next().unwrap_or_default();
        let method = match target.as_bytes().first() {
            Some(b'G') => Some(Method::Get),
            Some(b'P') => Some(Method::Post),
            Some(b'D') => Some(Method::Delete),
            _ => None,
        };
        match (method, target.get(1..)) {
            (Some(method), Some(path)) if path.starts_with('/') => Ok(Self {
                id,
                method,
                path,
                flags: fields.next().unwrap_or_default(),
                fixed: fields.next().unwrap_or_default(),
                required: fields.next().unwrap_or_default(),
            }),
            _ => {
                let message = ["the table's line of ", id, " is broken: ", &quoted(line)].concat();
                Err(Error::new(ErrorKind::Internal, message))
            }
        }
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// The client authenticates, where it can.
    pub(crate) fn authenticates(&self) -> bool {
        self.has('c')
    }

    /// A bearer token is sent: true for required, false for one that may be given, `None` for no such thing.
    pub(crate) fn bearer(&self) -> Option<bool> {
        if self.has('b') { Some(true) } else { self.has('B').then_some(false) }
    }

    /// Repeating the request does no harm.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.has('r') || self.method != Method::Post
    }

    fn fixed(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fixed.split(',').filter_map(|pair| pair.split_once('='))
    }

    fn required(&self) -> impl Iterator<Item = &'a str> {
        self.required.split(',').filter(|name| !name.is_empty())
    }
}

/// How the client proves who it is, ready for one request.
#[derive(Clone)]
pub(crate) enum Credential {
    /// Not at all: a public client.
    None,
    /// The secret in the body (RFC 6749, section 2.3.1).
    Post(Secret),
    /// The secret in the `Authorization` header (RFC 6749, section 2.3.1).
    Basic(Secret),
    /// A signed assertion (RFC 7523, section 2.2).
    Assertion(Secret),
    /// The certificate of the connection (RFC 8705).
    Certificate,
}

/// What a request needs to know of the client.
pub(crate) struct Sender<'a> {
    /// Where the endpoint is: scheme, host and port.
    pub(crate) origin: &'a str,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) credential: &'a Credential,
    /// Headers of every request.
    pub(crate) headers: &'a Headers,
    pub(crate) bearer: Option<&'a Secret>,
}

/// A request that is ready to be sent.
pub(crate) struct Prepared {
    pub(crate) url: String,
    pub(crate) headers: Headers,
    /// A form or JSON; empty for none.
    pub(crate) body: String,
    /// What it carries and no error may show.
    pub(crate) secrets: Vec<Secret>,
}

/// Makes the request of an endpoint. Pure.
///
/// A body begins with `client_id`, then come the parameters as they were given, the secret or the assertion, and what is
/// always sent: the order of the `auth0` package, on which recorded tests depend. What the caller sets itself is not set
/// again.
///
/// # Errors
/// [`ErrorKind::Request`] for a required parameter that is missing or empty, and for a bad path argument;
/// [`ErrorKind::Config`] when the endpoint needs a client id and the client has none.
pub(crate) fn prepare(
    endpoint: &Endpoint<'_>,
    sender: &Sender<'_>,
    path_arguments: &[String],
    given: &Params,
) -> Result<Prepared, Error> {
    let refuse = |what: &str, name: &str, why: &str| Err(Error::new(ErrorKind::Request, [what, name, why].concat()));
    for name in endpoint.required() {
        match given.get(name) {
            None => return refuse("the parameter `", name, "` is missing"),
            Some("") => return refuse("the parameter `", name, "` is empty"),
            Some(_) => {}
        }
    }
    let mut url = [sender.origin, &path::fill(endpoint.path, path_arguments)?].concat();
    let mut headers = sender.headers.clone();
    let text = endpoint.has('x') || endpoint.has('v');
    headers.set("accept", if text { "*/*" } else { "application/json" });
    let mut secrets = Vec::new();
    for (name, value) in given.iter() {
        if is_secret(name) {
            keep(&mut secrets, value.as_str());
        }
    }

    let mut body = Body { json: endpoint.has('j'), ..Body::default() };
    let mut authorization = None;
    // In a JSON body the secret always stands in the body: those endpoints are Auth0's own, and know no other way.
    let basic = match sender.credential {
        Credential::Basic(secret) if endpoint.authenticates() && !body.json => Some(secret),
        _ => None,
    };
    if (endpoint.authenticates() || endpoint.has('i')) && given.get("client_id").is_none() {
        match sender.client_id {
            None => return Err(Error::new(ErrorKind::Config, "this needs a client id, and the client has none")),
            Some(client_id) if basic.is_none() => body.text("client_id", client_id),
            Some(_) => {}
        }
    }
    given.iter().for_each(|(name, value)| body.push(name, value));
    let authenticated = given.get("client_secret").or(given.get("client_assertion")).is_some();
    match sender.credential {
        _ if authenticated || !endpoint.authenticates() => {}
        Credential::None | Credential::Certificate => {}
        Credential::Post(secret) | Credential::Basic(secret) => {
            keep(&mut secrets, secret.expose());
            if basic.is_some() {
                // Both parts are encoded as in a form before they are joined.
                let mut pair = String::new();
                path::encode_into(&mut pair, sender.client_id.unwrap_or_default());
                pair.push(':');
                path::encode_into(&mut pair, secret.expose());
                authorization = Some(("Basic ", base64(pair.as_bytes())));
            } else {
                body.text("client_secret", secret.expose());
            }
        }
        Credential::Assertion(assertion) => {
            keep(&mut secrets, assertion.expose());
            body.text("client_assertion", assertion.expose());
            body.text("client_assertion_type", JWT_BEARER);
        }
    }
    for (name, value) in endpoint.fixed() {
        if given.get(name).is_none() {
            body.text(name, value);
        }
    }
    match (endpoint.bearer(), sender.bearer) {
        (Some(_), Some(token)) if !token.expose().is_empty() => {
            authorization = Some(("Bearer ", token.expose().to_owned()));
        }
        (Some(true), _) => return refuse("the token is missing", "", ""),
        _ => {}
    }
    if let Some((scheme, value)) = authorization {
        headers.set("authorization", [scheme, &value].concat());
        keep(&mut secrets, &value);
    }
    let mut body = body.text;
    if endpoint.has('f') {
        headers.set("content-type", "application/x-www-form-urlencoded");
    } else if endpoint.has('j') {
        headers.set("content-type", "application/json");
        body = ["{", &body, "}"].concat();
    } else if !body.is_empty() {
        url = [&url, "?", &body].concat();
        body = String::new();
    }
    Ok(Prepared { url, headers, body, secrets })
}

/// Remembers a secret in every form in which a server may repeat it: as it is, as in a form, as in JSON.
#[inline(never)]
fn keep(secrets: &mut Vec<Secret>, secret: &str) {
    let mut encoded = String::new();
    path::encode_into(&mut encoded, secret);
    let mut quoted = String::new();
    push_text(&mut quoted, secret);
    let quoted = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    secrets.push(Secret::new(secret));
    secrets.extend([encoded.as_str(), quoted].iter().filter(|sent| **sent != secret).map(|sent| Secret::new(*sent)));
}

/// Base64 with padding (RFC 4648, section 4). The crate for it is 1 KB of wasm, and here are twenty lines.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            out.push(if index > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

/// Whether the value of a parameter is a secret, by its name; extra parameters have names that no table knows.
fn is_secret(name: &str) -> bool {
    const PARTS: [&str; 7] = ["token", "secret", "password", "code", "otp", "assertion", "verifier"];
    const PUBLIC: [&str; 5] = ["_type", "_types", "_challenge", "_challenge_method", "response_type"];
    const ALSO: [&str; 5] = ["auth_req_id", "auth_session", "authn_response", "request", "SAMLResponse"];
    let has = |part: &str| name.as_bytes().windows(part.len()).any(|window| window == part.as_bytes());
    ALSO.contains(&name) || (PARTS.iter().any(|part| has(part)) && !PUBLIC.iter().any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::params::Value;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn sender<'a>(credential: &'a Credential, headers: &'a Headers) -> Sender<'a> {
        Sender { origin: "https://t.example", client_id: Some("the client"), credential, headers, bearer: None }
    }

    fn body(prepared: &Prepared) -> String {
        prepared.body.clone()
    }

    const REFRESH: &str = "P/oauth/token fct grant_type=refresh_token refresh_token";

    fn refresh(credential: &Credential, change: impl FnOnce(&mut Params)) -> Result<Prepared, Error> {
        let mut params = Params::default();
        params.text("refresh_token", "r+1");
        params.text("scope", "a b");
        change(&mut params);
        let headers = Headers::new();
        prepare(&Endpoint::parse("x", REFRESH)?, &sender(credential, &headers), &[], &params)
    }

    #[test]
    fn a_form_is_in_the_order_of_the_peer() {
        let post = refresh(&Credential::Post(Secret::new("s&t")), |_| {}).unwrap();
        assert_eq!(
            body(&post),
            "client_id=the%20client&refresh_token=r%2B1&scope=a%20b&client_secret=s%26t&grant_type=refresh_token"
        );
        assert_eq!(post.headers.get("content-type").as_deref(), Some("application/x-www-form-urlencoded"));
        assert_eq!(post.url, "https://t.example/oauth/token");
        let assertion = refresh(&Credential::Assertion(Secret::new("a.b.c")), |_| {}).unwrap();
        assert!(body(&assertion).ends_with(
            "&client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &grant_type=refresh_token"
        ));
        let public = refresh(&Credential::None, |_| {}).unwrap();
        assert_eq!(body(&public), "client_id=the%20client&refresh_token=r%2B1&scope=a%20b&grant_type=refresh_token");
    }

    #[test]
    fn basic_leaves_the_body_without_id_and_secret() {
        let basic = refresh(&Credential::Basic(Secret::new("s:t")), |_| {}).unwrap();
        assert_eq!(body(&basic), "refresh_token=r%2B1&scope=a%20b&grant_type=refresh_token");
        let header = basic.headers.get("authorization").unwrap();
        let pair = STANDARD.decode(header.strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(pair, b"the%20client:s%3At");
        assert!(basic.secrets.iter().any(|secret| header.ends_with(secret.expose())));
    }

    #[test]
    fn what_the_caller_sets_is_not_set_again() {
        let own = refresh(&Credential::Post(Secret::new("ours")), |params| {
            params.text("client_id", "other");
            params.text("client_secret", "theirs");
            params.text("grant_type", "own");
        });
        assert_eq!(
            body(&own.unwrap()),
            "refresh_token=r%2B1&scope=a%20b&client_id=other&client_secret=theirs&grant_type=own"
        );
    }

    #[test]
    fn json_is_written_as_json() {
        let line = "P/mfa/associate jb - authenticator_types";
        let mut params = Params::default();
        params.set("authenticator_types", Value::Json("[\"otp\"]".to_owned()));
        params.text("note", "a\"b\\c\n\u{1}ä");
        let (headers, credential, token) = (Headers::new(), Credential::None, Secret::new("the-token"));
        let mut from = sender(&credential, &headers);
        let endpoint = Endpoint::parse("x", line).unwrap();
        assert!(prepare(&endpoint, &from, &[], &params).is_err_and(|error| error.message().contains("token")));
        from.bearer = Some(&token);
        let prepared = prepare(&endpoint, &from, &[], &params).unwrap();
        let read: serde_json::Value = serde_json::from_str(&body(&prepared)).unwrap();
        assert_eq!(read, serde_json::json!({"authenticator_types": ["otp"], "note": "a\"b\\c\n\u{1}ä"}));
        assert_eq!(prepared.headers.get("authorization").as_deref(), Some("Bearer the-token"));
    }

    #[test]
    fn required_parameters_are_required() {
        for change in [(|params: &mut Params| drop(params.remove("refresh_token"))) as fn(&mut Params), |params| {
            params.text("refresh_token", "");
        }] {
            let error = refresh(&Credential::None, change).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Request);
            assert!(error.message().contains("refresh_token"));
        }
    }

    #[test]
    fn base64_is_base64() {
        for text in ["", "a", "ab", "abc", "abcd", "ÿþ~?>"] {
            assert_eq!(base64(text.as_bytes()), STANDARD.encode(text));
        }
    }

    #[test]
    fn secrets_are_known_by_name() {
        for name in
            ["refresh_token", "id_token", "code", "code_verifier", "otp", "client_secret", "mfa_token", "auth_req_id"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["scope", "subject_token_type", "code_challenge", "client_id", "requested_token_type", "grant_type"]
        {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn broken_lines_are_reported() {
        for line in ["", "X/a", "Poauth", "P"] {
            assert_eq!(Endpoint::parse("x", line).err().map(|error| error.kind()), Some(ErrorKind::Internal), "{line}");
        }
    }
}
