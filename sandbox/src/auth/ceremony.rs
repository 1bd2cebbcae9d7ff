//! Passkeys (WebAuthn): registration and login without pages.
//!
//! The challenge, the type, the relying party and the signature of a login are checked for real; the origin and the
//! attestation of an authenticator are not.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Ceremony, Login};
use super::jwt::{PublicKey, sha256};
use super::parameters::{Parameters, text};
use super::visit::Visit;
use crate::message::Answer;
use crate::store::{USERS, key};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// The grant that ends a ceremony.
pub(crate) const GRANT: &str = "urn:okta:params:oauth:grant-type:webauthn";

/// By credential id: the user and the public key.
const CREDENTIALS: &str = "/__passkeys";

/// How long a ceremony may take, in seconds.
const CEREMONY_S: i64 = 300;

impl Visit<'_> {
    /// The relying party: the host of the issuer.
    fn relying_party(&self) -> String {
        let host = self.issuer().split("//").nth(1).unwrap_or_default();
        host.split(['/', ':']).next().unwrap_or_default().to_owned()
    }

    fn ceremony(
        &mut self,
        parameters: &Parameters,
        profile: Option<Value>,
    ) -> Result<(String, String, Client), OAuthError> {
        let client = self.authenticated_client(parameters)?;
        client.require(GRANT)?;
        let connection = match parameters.get("realm").or(parameters.get("connection")) {
            Some(name) => name.to_owned(),
            None => self.databases(&client).into_iter().next().unwrap_or_default(),
        };
        let known = self.connection_for(&connection, &client);
        if known.is_none_or(|one| text(&one, "strategy") != Some("auth0")) {
            return Err(OAuthError::invalid_request(format!("Unknown or invalid connection: {connection}")));
        }
        let (session, random) = (self.secret(48)?, self.secret(32)?);
        let challenge = URL_SAFE_NO_PAD.encode(random);
        let ceremony = Ceremony {
            client_id: client.id.clone(),
            connection,
            challenge: challenge.clone(),
            profile,
            organization: parameters.owned("organization"),
            expires_s: self.now_s + CEREMONY_S,
        };
        self.flows.ceremonies.insert(session.clone(), ceremony);
        Ok((session, challenge, client))
    }

    /// `POST /passkey/register`.
    pub(crate) fn passkey_register(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let profile = parameters.json("user_profile")?.filter(Value::is_object);
        let profile = profile.ok_or_else(|| OAuthError::missing("user_profile"))?;
        let name = ["email", "username", "phone_number"].iter().find_map(|name| text(&profile, name));
        let name =
            name.ok_or_else(|| OAuthError::invalid_request("user_profile needs email, username or phone_number"))?;
        let name = name.to_owned();
        let (session, challenge, _) = self.ceremony(&parameters, Some(profile.clone()))?;
        let connection = self.flows.ceremonies.get(&session).map(|one| one.connection.clone()).unwrap_or_default();
        if self.database_user(&connection, &name).is_some() {
            self.flows.ceremonies.remove(&session);
            return Err(OAuthError::new(400, "invalid_request", "Invalid sign up"));
        }
        let host = self.relying_party();
        Ok(Answer::json(
            200,
            &json!({ "auth_session": session, "authn_params_public_key": {
                "challenge": challenge, "timeout": CEREMONY_S * 1000,
                "rp": { "id": host, "name": "auth0-sandbox" },
                "user": { "id": URL_SAFE_NO_PAD.encode(self.secret(24)?), "name": name,
                          "displayName": text(&profile, "name").unwrap_or(&name) },
                "pubKeyCredParams": [{ "type": "public-key", "alg": -8 }, { "type": "public-key", "alg": -7 },
                                     { "type": "public-key", "alg": -257 }],
                "authenticatorSelection": { "residentKey": "required", "userVerification": "preferred" } } }),
        ))
    }

    /// `POST /passkey/challenge`.
    pub(crate) fn passkey_challenge(&mut self) -> Result<Answer, OAuthError> {
        let parameters = self.body()?;
        let (session, challenge, _) = self.ceremony(&parameters, None)?;
        let host = self.relying_party();
        Ok(Answer::json(
            200,
            &json!({ "auth_session": session, "authn_params_public_key": {
                "challenge": challenge, "timeout": CEREMONY_S * 1000, "rpId": host, "userVerification": "preferred" } }),
        ))
    }

    pub(crate) fn passkey_grant(
        &mut self,
        client: &Client,
        parameters: &Parameters,
        jkt: Option<String>,
    ) -> Result<Answer, OAuthError> {
        client.require(GRANT)?;
        let session = parameters.need("auth_session")?;
        let own = self.flows.ceremonies.get(session).is_some_and(|one| one.client_id == client.id);
        let ceremony = own.then(|| self.flows.ceremonies.remove(session)).flatten();
        let ceremony = ceremony.ok_or_else(|| OAuthError::invalid_grant("Invalid or expired auth_session"))?;
        let response = parameters.json("authn_response")?.ok_or_else(|| OAuthError::missing("authn_response"))?;
        let user_id = match &ceremony.profile {
            Some(profile) => self.registered(&ceremony, profile, &response)?,
            None => self.recognized(&ceremony, &response)?,
        };
        let user = self.usable_user(&user_id)?;
        let organization = self.member_of(ceremony.organization.as_deref(), &user)?;
        let login = Login {
            user_id,
            connection: ceremony.connection,
            session: None,
            at_s: self.now_s,
            methods: vec!["passkey".to_owned()],
            organization,
        };
        let asked = self.asked(parameters, jkt);
        self.finish_login(client, &asked, login, "webauthn")
    }

    /// Registers a credential (WebAuthn, section 7.1) and makes its user.
    fn registered(&mut self, ceremony: &Ceremony, profile: &Value, response: &Value) -> Result<String, OAuthError> {
        client_data(response, "webauthn.create", &ceremony.challenge)?;
        let bad = |text: &str| OAuthError::invalid_grant(format!("authn_response: {text}"));
        let attestation = bytes(response, "attestationObject").ok_or_else(|| bad("no attestationObject"))?;
        let attestation = Cbor(&attestation).map().ok_or_else(|| bad("attestationObject is not CBOR"))?;
        let data = attestation.iter().find(|(name, _)| *name == Item::Text("authData")).map(|(_, item)| item);
        let Some(Item::Bytes(data)) = data else { return Err(bad("no authData")) };
        let data = AuthData::read(data, &self.relying_party()).ok_or_else(|| bad("authData"))?;
        let (id, key) = data.credential.ok_or_else(|| bad("authData without a credential"))?;
        let jwk = cose_jwk(key).ok_or_else(|| bad("a key that is not known here"))?;
        let id = URL_SAFE_NO_PAD.encode(id);
        let mut body = profile.as_object().cloned().unwrap_or_default();
        body.insert("connection".to_owned(), json!(ceremony.connection));
        let user = self.create_user(&body).map_err(|error| OAuthError::invalid_request(error.message))?;
        let user_id = text(&user, "user_id").unwrap_or_default().to_owned();
        self.store.put(CREDENTIALS, &id, &json!({ "user_id": user_id, "jwk": jwk }));
        let method = format!("passkey|dev_{}", self.secret(16)?);
        let record = json!({ "id": method, "type": "passkey", "key_id": id, "public_key": jwk.to_string(),
                             "confirmed": true, "created_at": self.now(), "credential_device_type": "multi_device",
                             "credential_backed_up": true, "user_handle": user_id });
        self.store.put(&format!("{USERS}/{}/authentication-methods", key_of(&user_id)), &method, &record);
        self.log("ss", "Successful signup with a passkey", None, &user_id, &ceremony.connection);
        Ok(user_id)
    }

    /// Checks an assertion (WebAuthn, section 7.2).
    fn recognized(&self, ceremony: &Ceremony, response: &Value) -> Result<String, OAuthError> {
        let client_data = client_data(response, "webauthn.get", &ceremony.challenge)?;
        let bad = |text: &str| OAuthError::invalid_grant(format!("authn_response: {text}"));
        let id = text(response, "id").unwrap_or_default().trim_end_matches('=').to_owned();
        let known = self.store.get(CREDENTIALS, &id).ok_or_else(|| bad("an unknown credential"))?;
        let data = bytes(response, "authenticatorData").ok_or_else(|| bad("no authenticatorData"))?;
        AuthData::read(&data, &self.relying_party()).ok_or_else(|| bad("authenticatorData"))?;
        let signature = bytes(response, "signature").ok_or_else(|| bad("no signature"))?;
        let key = known.get("jwk").and_then(PublicKey::of_jwk).ok_or_else(|| bad("an unknown credential"))?;
        let hash = URL_SAFE_NO_PAD.decode(sha256(&client_data)).unwrap_or_default();
        if !key.verify_webauthn(&[data, hash].concat(), &signature) {
            return Err(bad("the signature is wrong"));
        }
        Ok(text(&known, "user_id").unwrap_or_default().to_owned())
    }
}

fn key_of(user: &str) -> String {
    key(user)
}

fn bytes(response: &Value, name: &str) -> Option<Vec<u8>> {
    let text = response.pointer(&format!("/response/{name}"))?.as_str()?;
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// `clientDataJSON`, whose type and challenge have to be right.
fn client_data(response: &Value, kind: &str, challenge: &str) -> Result<Vec<u8>, OAuthError> {
    let bad = |text: &str| OAuthError::invalid_grant(format!("authn_response: {text}"));
    let raw = bytes(response, "clientDataJSON").ok_or_else(|| bad("no clientDataJSON"))?;
    let data: Map<String, Value> = serde_json::from_slice(&raw).map_err(|_| bad("clientDataJSON is not JSON"))?;
    let data = Value::Object(data);
    if text(&data, "type") != Some(kind) {
        return Err(bad("the type of clientDataJSON"));
    }
    if text(&data, "challenge").map(|text| text.trim_end_matches('=')) != Some(challenge) {
        return Err(bad("the challenge is another one"));
    }
    Ok(raw)
}

/// Authenticator data: WebAuthn, section 6.1.
struct AuthData<'a> {
    /// The id and the COSE key of a new credential.
    credential: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> AuthData<'a> {
    fn read(data: &'a [u8], relying_party: &str) -> Option<Self> {
        let (hash, rest) = data.split_at_checked(32)?;
        let flags = *rest.first()?;
        let present = flags & 1 == 1;
        if URL_SAFE_NO_PAD.encode(hash) != sha256(relying_party.as_bytes()) || !present {
            return None;
        }
        if flags & 0x40 == 0 {
            return (rest.len() >= 5).then_some(Self { credential: None });
        }
        let (length, rest) = rest.get(21..)?.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        Some(Self { credential: Some(rest.split_at_checked(length)?) })
    }
}

/// A COSE key (RFC 9053) as a JWK.
fn cose_jwk(key: &[u8]) -> Option<Value> {
    let map = Cbor(key).map()?;
    let get = |label: i64| map.iter().find(|(name, _)| *name == Item::Number(label)).map(|(_, item)| *item);
    let part = |label: i64| match get(label) {
        Some(Item::Bytes(bytes)) => Some(URL_SAFE_NO_PAD.encode(bytes)),
        _ => None,
    };
    match (get(1)?, get(3)?) {
        (Item::Number(2), Item::Number(-7)) => {
            Some(json!({ "kty": "EC", "crv": "P-256", "x": part(-2)?, "y": part(-3)? }))
        }
        (Item::Number(1), Item::Number(-8)) => Some(json!({ "kty": "OKP", "crv": "Ed25519", "x": part(-2)? })),
        (Item::Number(3), Item::Number(-257)) => Some(json!({ "kty": "RSA", "n": part(-1)?, "e": part(-2)? })),
        _ => None,
    }
}

/// The little of CBOR (RFC 8949) that WebAuthn writes: numbers, texts, bytes and maps of definite length.
struct Cbor<'a>(&'a [u8]);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Item<'a> {
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Map,
}

impl<'a> Cbor<'a> {
    fn head(&mut self) -> Option<(u8, u64)> {
        let (first, rest) = self.0.split_first()?;
        let (count, small) = match first & 31 {
            small @ 0..=23 => (0, u64::from(small)),
            size @ 24..=27 => (1 << (size - 24), 0),
            _ => return None,
        };
        let (number, rest) = rest.split_at_checked(count)?;
        self.0 = rest;
        Some((first >> 5, number.iter().fold(small, |sum, byte| sum << 8 | u64::from(*byte))))
    }

    fn item(&mut self, depth: usize) -> Option<Item<'a>> {
        let (kind, number) = self.head()?;
        let mut take = |count: u64| {
            let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
            self.0 = rest;
            Some(taken)
        };
        Some(match kind {
            0 => Item::Number(i64::try_from(number).ok()?),
            1 => Item::Number(-1 - i64::try_from(number).ok()?),
            2 => Item::Bytes(take(number)?),
            3 => Item::Text(std::str::from_utf8(take(number)?).ok()?),
            // What is inside does not matter; it is only passed over.
            4 | 5 if depth < 4 => {
                for _ in 0..number.checked_mul(u64::from(kind) - 3)? {
                    self.item(depth + 1)?;
                }
                Item::Map
            }
            _ => return None,
        })
    }

    fn map(mut self) -> Option<Vec<(Item<'a>, Item<'a>)>> {
        let (kind, count) = self.head()?;
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push((self.item(0)?, self.item(0)?));
        }
        (kind == 5).then_some(pairs)
    }
}
