//! Applications: which there are, what they may do, how they prove who they are.

use super::error::OAuthError;
use super::jwt::{self, Decoded, PublicKey};
use super::parameters::{Parameters, basic_credentials, text, texts};
use super::visit::Visit;
use crate::store::{Store, key};
use serde_json::{Map, Value, json};

/// RFC 7523, section 2.2.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where the public keys of clients' credentials are kept: no answer shows them.
const KEYS: &str = "/__credentials";

/// An assertion may be good for this long at most, in seconds.
const LONGEST_ASSERTION_S: i64 = 3600;

/// A client's record.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) record: Value,
}

impl Client {
    pub(crate) fn find(store: &Store, id: &str) -> Option<Self> {
        store.get("/clients", id).map(|record| Self { id: id.to_owned(), record })
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.record, "name").unwrap_or(&self.id)
    }

    pub(crate) fn secret(&self) -> &str {
        text(&self.record, "client_secret").unwrap_or_default()
    }

    pub(crate) fn is_first_party(&self) -> bool {
        self.record.get("is_first_party").and_then(Value::as_bool).unwrap_or(true)
    }

    fn app_type(&self) -> &str {
        text(&self.record, "app_type").unwrap_or_default()
    }

    /// The grant types: those of the record, else those that Auth0 gives to its type.
    pub(crate) fn allows(&self, grant: &str) -> bool {
        match self.record.get("grant_types").filter(|list| list.is_array()) {
            Some(list) => texts(Some(list)).any(|one| one == grant),
            None => default_grants(self.app_type()).contains(&grant),
        }
    }

    pub(crate) fn require(&self, grant: &str) -> Result<(), OAuthError> {
        if self.allows(grant) {
            return Ok(());
        }
        let message = format!("Grant type '{grant}' not allowed for the client.");
        Err(OAuthError::new(403, "unauthorized_client", message))
    }

    /// Whether it has no secret to prove itself with.
    pub(crate) fn is_public(&self) -> bool {
        let default = if matches!(self.app_type(), "spa" | "native") { "none" } else { "client_secret_post" };
        text(&self.record, "token_endpoint_auth_method").unwrap_or(default) == "none" && !self.uses_keys()
    }

    fn uses_keys(&self) -> bool {
        self.record.pointer("/client_authentication_methods/private_key_jwt").is_some()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.record.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        texts(self.record.get(name)).map(str::to_owned).collect()
    }

    /// The public keys that requests or assertions of the client may be signed with.
    fn keys(&self, store: &Store) -> Vec<PublicKey> {
        let all = store.collection(KEYS);
        all.into_iter()
            .flat_map(|all| all.after(None))
            .filter_map(|(_, _, record)| crate::store::parse(record))
            .filter(|record| text(record, "client") == Some(&self.id))
            .filter_map(|record| match record.get("jwk") {
                Some(jwk) => PublicKey::of_jwk(jwk),
                None => PublicKey::of_pem(text(&record, "pem")?),
            })
            .collect()
    }

    /// Whether something is signed with one of the client's keys.
    pub(crate) fn signed(&self, store: &Store, token: &Decoded) -> bool {
        self.keys(store).iter().any(|key| token.verify(key))
    }
}

pub(crate) fn default_grants(app_type: &str) -> &'static [&'static str] {
    match app_type {
        "non_interactive" => &["client_credentials"],
        "spa" => &["authorization_code", "implicit", "refresh_token"],
        "native" => {
            &["authorization_code", "implicit", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
        }
        _ => &["authorization_code", "implicit", "refresh_token", "client_credentials"],
    }
}

/// Keeps the public key of a new credential, which is a member `pem` (or `jwk`) of a request.
pub(crate) fn keep_key(store: &mut Store, client: &str, credential: &str, body: &Map<String, Value>) {
    let mut kept = Map::new();
    kept.insert("client".to_owned(), json!(client));
    for name in ["pem", "jwk"] {
        body.get(name).into_iter().for_each(|value| drop(kept.insert(name.to_owned(), value.clone())));
    }
    store.put(KEYS, credential, &Value::Object(kept));
}

/// Forgets the key of a credential.
pub(crate) fn forget_key(store: &mut Store, credential: &str) {
    store.remove(KEYS, credential);
}

/// Forgets the keys of a client that is gone.
pub(crate) fn forget_keys(store: &mut Store, client: &str) {
    let path = format!("/clients/{}/credentials", key(client));
    let ids: Vec<String> =
        store.collection(&path).map_or_else(Vec::new, |all| all.after(None).map(|(_, id, _)| id.to_string()).collect());
    ids.iter().for_each(|id| drop(store.remove(KEYS, id)));
}

impl Visit<'_> {
    /// The client of a request, after it proved who it is, in the way that its record asks for.
    pub(crate) fn authenticated_client(&mut self, parameters: &Parameters) -> Result<Client, OAuthError> {
        if let Some(assertion) = parameters.get("client_assertion") {
            return self.client_of_assertion(parameters, assertion);
        }
        let (id, secret) = match basic_credentials(self.request) {
            Some((id, secret)) => (id, Some(secret)),
            None => (parameters.need("client_id")?.to_owned(), parameters.owned("client_secret")),
        };
        let client = Client::find(self.store, &id).ok_or_else(OAuthError::unauthorized)?;
        if client.uses_keys() {
            return Err(OAuthError::invalid_client("This client authenticates with a client_assertion"));
        }
        match secret {
            _ if client.is_public() => Ok(client),
            Some(secret) if !secret.is_empty() && same(&secret, client.secret()) => Ok(client),
            _ => Err(OAuthError::unauthorized()),
        }
    }

    /// RFC 7523, section 3, and Auth0's private key JWT.
    fn client_of_assertion(&mut self, parameters: &Parameters, assertion: &str) -> Result<Client, OAuthError> {
        if parameters.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(OAuthError::invalid_request(format!("client_assertion_type must be {ASSERTION_TYPE}")));
        }
        let wrong = |text: &str| OAuthError::invalid_client(format!("client_assertion: {text}"));
        let token = jwt::decode(assertion).ok_or_else(|| wrong("not a JWT"))?;
        let id = token.claim("sub").or(token.claim("iss")).ok_or_else(|| wrong("no sub"))?.to_owned();
        if parameters.get("client_id").is_some_and(|given| given != id) || token.claim("iss") != Some(&id) {
            return Err(wrong("iss, sub and client_id must be the same"));
        }
        let client = Client::find(self.store, &id).ok_or_else(|| wrong("unknown client"))?;
        if !client.signed(self.store, &token) {
            return Err(wrong("the signature does not fit a credential of the client"));
        }
        if !token.is_for(|audience| self.is_own(audience, &["", "oauth/token", "oauth/par"])) {
            return Err(wrong("aud is not this tenant"));
        }
        let expires = token.seconds("exp").ok_or_else(|| wrong("no exp"))?;
        if expires <= self.now_s {
            return Err(wrong("it has expired"));
        }
        if expires > self.now_s + LONGEST_ASSERTION_S {
            return Err(wrong("exp is too far ahead"));
        }
        if token.seconds("nbf").or(token.seconds("iat")).is_some_and(|from| from > self.now_s + 60) {
            return Err(wrong("it is not good yet"));
        }
        let jti = token.claim("jti").ok_or_else(|| wrong("no jti"))?;
        if !self.flows.first_use(format!("assertion {id} {jti}"), expires) {
            return Err(wrong("jti was used before"));
        }
        Ok(client)
    }
}

/// Compares without saying by its duration where the texts differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
