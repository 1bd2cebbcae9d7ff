//! The authentication side: tokens, keys and discovery.

use crate::clock::Clock;
use crate::error::{ApiError, SandboxError};
use crate::ids::mix;
use crate::message::{Answer, Request, form_pairs};
use crate::store::Store;
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// A token that was issued and not revoked.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// When it expires, in seconds since 1970.
    pub(crate) expires_s: i64,
    pub(crate) scopes: Arc<BTreeSet<String>>,
    /// Whether it is for the Management API.
    pub(crate) management: bool,
}

/// Keys and issued tokens.
#[derive(Debug)]
pub(crate) struct Authority {
    /// With a `/` at its end.
    issuer: String,
    /// What the Management API is called as an audience: the base URL, and the https one that clients make of the domain.
    audiences: Vec<String>,
    lifetime_s: i64,
    key: OnceLock<Result<Key, String>>,
    /// By the whole token. One that is not here was not issued here, or was revoked.
    issued: RwLock<HashMap<String, Grant>>,
}

#[derive(Debug)]
struct Key {
    id: String,
    signing: SigningKey<Sha256>,
    modulus: String,
    exponent: String,
}

/// An error of the token endpoint: RFC 6749, section 5.2.
struct OAuthError(u16, &'static str, String);

impl OAuthError {
    fn answer(&self) -> Answer {
        Answer::json(self.0, &json!({ "error": self.1, "error_description": self.2 }))
    }

    fn unauthorized() -> Self {
        Self(401, "access_denied", "Unauthorized".to_owned())
    }
}

impl From<ApiError> for OAuthError {
    fn from(error: ApiError) -> Self {
        Self(500, "server_error", error.message)
    }
}

impl Authority {
    pub(crate) fn new(issuer: String, audiences: Vec<String>, lifetime_s: i64) -> Self {
        Self { issuer, audiences, lifetime_s, key: OnceLock::new(), issued: RwLock::default() }
    }

    /// Makes the key if it is not there yet: 0.2 s, so a thread does it while the server starts.
    pub(crate) fn prepare(&self) -> Result<(), SandboxError> {
        self.key().map(|_| ()).map_err(|error| SandboxError::Key(error.message))
    }

    fn key(&self) -> Result<&Key, ApiError> {
        self.key.get_or_init(Key::new).as_ref().map_err(ApiError::internal)
    }

    pub(crate) fn audience(&self) -> &str {
        self.audiences.first().map_or("", String::as_str)
    }

    pub(crate) fn discovery(&self) -> Answer {
        let at = |path: &str| format!("{}{path}", self.issuer);
        Answer::json(
            200,
            &json!({
                "issuer": self.issuer,
                "authorization_endpoint": at("authorize"),
                "token_endpoint": at("oauth/token"),
                "jwks_uri": at(".well-known/jwks.json"),
                "userinfo_endpoint": at("userinfo"),
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }),
        )
    }

    pub(crate) fn jwks(&self) -> Answer {
        match self.key() {
            Ok(key) => Answer::json(
                200,
                &json!({ "keys": [{
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.id, "n": key.modulus, "e": key.exponent,
                }] }),
            ),
            Err(error) => error.answer(),
        }
    }

    /// `POST /oauth/token`.
    pub(crate) fn token(&self, request: &Request, store: &Store, clock: &Clock) -> Answer {
        self.grant(request, store, clock).unwrap_or_else(|error| error.answer())
    }

    fn grant(&self, request: &Request, store: &Store, clock: &Clock) -> Result<Answer, OAuthError> {
        let parameters = read_parameters(request)?;
        let get = |name: &str| parameters.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let missing = |name: &str| OAuthError(400, "invalid_request", format!("Missing required parameter: {name}"));
        match get("grant_type").ok_or_else(|| missing("grant_type"))? {
            "client_credentials" => {}
            other => return Err(OAuthError(403, "unsupported_grant_type", format!("Unsupported grant type: {other}"))),
        }
        let (id, secret) = match basic_credentials(request) {
            Some(pair) => pair,
            None => (
                get("client_id").ok_or_else(|| missing("client_id"))?.to_owned(),
                get("client_secret").ok_or_else(OAuthError::unauthorized)?.to_owned(),
            ),
        };
        let client = store.get("/clients", &id).ok_or_else(OAuthError::unauthorized)?;
        if client.get("client_secret").and_then(Value::as_str) != Some(secret.as_str()) {
            return Err(OAuthError::unauthorized());
        }
        let denied = |description: String| OAuthError(403, "access_denied", description);
        let audience = get("audience").ok_or_else(|| {
            denied("No audience parameter was provided, and no default audience has been configured".to_owned())
        })?;
        let management = self.audiences.iter().any(|known| known == audience);
        let known = management || has_member(&store.all("/resource-servers"), "identifier", audience);
        if !known {
            return Err(denied(format!("Service not enabled within domain: {audience}")));
        }
        let names_audience = |grant: &Value| {
            let named = grant.get("audience").and_then(Value::as_str).unwrap_or_default();
            named == audience || management && self.audiences.iter().any(|known| known == named)
        };
        let grants = store.all("/client-grants");
        let grant = grants
            .iter()
            .find(|grant| grant.get("client_id").and_then(Value::as_str) == Some(&id) && names_audience(grant))
            .ok_or_else(|| {
                denied(format!(
                    "Client is not authorized to access \"{audience}\". You need to create a \"client-grant\" \
                     associated to this API."
                ))
            })?;
        let granted: BTreeSet<String> = texts(grant.get("scope")).map(str::to_owned).collect();
        let scopes = match get("scope") {
            None => granted,
            Some(asked) => {
                let asked: BTreeSet<String> = asked.split_whitespace().map(str::to_owned).collect();
                if let Some(scope) = asked.difference(&granted).next() {
                    return Err(denied(format!("Client has not been granted scopes: {scope}")));
                }
                asked
            }
        };
        let organization = match get("organization") {
            None => None,
            Some(wanted) => Some(
                organization_id(store, wanted)
                    .ok_or_else(|| denied(format!("Client is not authorized to access organization {wanted}")))?,
            ),
        };
        let now_s = clock.now_s();
        let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let mut claims = json!({
            "iss": self.issuer, "sub": format!("{id}@clients"), "aud": audience, "iat": now_s,
            "exp": now_s + self.lifetime_s, "scope": scope, "gty": "client-credentials", "azp": id,
        });
        if let (Some(organization), Some(map)) = (organization, claims.as_object_mut()) {
            map.insert("org_id".to_owned(), json!(organization));
        }
        // Two tokens of one second are still two tokens: without this, revoking one would revoke the other.
        if let Some(map) = claims.as_object_mut() {
            map.insert("jti".to_owned(), json!(crate::ids::letters(22)?));
        }
        let token = self.key()?.sign(&claims)?;
        let grant = Grant { expires_s: now_s + self.lifetime_s, scopes: Arc::new(scopes), management };
        let mut issued = self.issued.write().unwrap_or_else(PoisonError::into_inner);
        // An expired token is told that it expired for another day; then it is forgotten.
        issued.retain(|_, grant| grant.expires_s + 86_400 > now_s);
        issued.insert(token.clone(), grant);
        let body = json!({
            "access_token": token, "scope": scope, "expires_in": self.lifetime_s, "token_type": "Bearer",
        });
        Ok(Answer::json(200, &body).with("cache-control", "no-store").with("pragma", "no-cache"))
    }

    /// The grant of a request's token, when it is good for the Management API.
    pub(crate) fn authenticate(&self, request: &Request, clock: &Clock) -> Result<Grant, ApiError> {
        let unauthorized = |message: &str| ApiError::plain(401, message);
        let header = request.header("authorization").ok_or_else(|| unauthorized("Missing authentication"))?;
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
            return Err(ApiError::new(400, "Bad HTTP authentication header format", "Bearer"));
        }
        let issued = self.issued.read().unwrap_or_else(PoisonError::into_inner);
        let grant = issued.get(token.trim()).ok_or_else(|| unauthorized("Invalid token"))?;
        if grant.expires_s <= clock.now_s() {
            return Err(unauthorized("Expired token received for JSON Web Token validation"));
        }
        if !grant.management {
            return Err(unauthorized(&format!("Bad audience: expected {}", self.audience())));
        }
        Ok(grant.clone())
    }

    /// Every token that was issued so far becomes invalid.
    pub(crate) fn revoke_all(&self) {
        self.issued.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Key {
    fn new() -> Result<Self, String> {
        let mut random = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
        let private = rsa::PrivateKey::new(&mut random, 2048).map_err(|error| error.to_string())?;
        let modulus = private.n_bytes();
        let exponent = private.e_bytes();
        let id = format!("sandbox-{:016x}", mix(modulus.iter().fold(0, |sum, byte| mix(sum ^ u64::from(*byte)))));
        Ok(Self {
            id,
            modulus: URL_SAFE_NO_PAD.encode(modulus),
            exponent: URL_SAFE_NO_PAD.encode(exponent),
            signing: SigningKey::new(private),
        })
    }

    fn sign(&self, claims: &Value) -> Result<String, ApiError> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.signing.try_sign(signed.as_bytes()).map_err(ApiError::internal)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }
}

fn read_parameters(request: &Request) -> Result<HashMap<String, String>, OAuthError> {
    let invalid = |text: &str| OAuthError(400, "invalid_request", text.to_owned());
    let body = std::str::from_utf8(&request.body).map_err(|_| invalid("The body is not UTF-8"))?;
    match request.media_type().as_deref() {
        Some("application/json") => {
            let map: Map<String, Value> =
                serde_json::from_str(body).map_err(|_| invalid("The body is not a JSON object"))?;
            let text = |value: Value| match value {
                Value::String(text) => Some(text),
                _ => None,
            };
            map.into_iter()
                .map(|(name, value)| {
                    let problem = format!("{name} is not a string");
                    text(value).map(|text| (name, text)).ok_or_else(|| invalid(&problem))
                })
                .collect()
        }
        Some("application/x-www-form-urlencoded") => {
            let mut map = HashMap::new();
            for (name, value) in form_pairs(body) {
                let problem = format!("{name} is given twice");
                // RFC 6749, section 3.2: parameters must not be given more than once.
                if map.insert(name, value).is_some() {
                    return Err(invalid(&problem));
                }
            }
            Ok(map)
        }
        other => Err(invalid(&format!(
            "The content type {} is neither application/json nor application/x-www-form-urlencoded",
            other.unwrap_or("(none)")
        ))),
    }
}

/// RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined.
fn basic_credentials(request: &Request) -> Option<(String, String)> {
    let (scheme, encoded) = request.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |text: &str| crate::message::decode(&text.replace('+', " "));
    Some((decode(id), decode(secret)))
}

fn organization_id(store: &Store, wanted: &str) -> Option<String> {
    if store.get("/organizations", wanted).is_some() {
        return Some(wanted.to_owned());
    }
    let all = store.all("/organizations");
    let found = all.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(wanted))?;
    found.get("id").and_then(Value::as_str).map(str::to_owned)
}

fn has_member(list: &[Value], name: &str, wanted: &str) -> bool {
    list.iter().any(|value| value.get(name).and_then(Value::as_str) == Some(wanted))
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
