//! Passkeys, with an authenticator in software.

use crate::client::Client;
use crate::login::{CONNECTION, claims, error};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const GRANT: &str = "urn:okta:params:oauth:grant-type:webauthn";
const ID: &[u8] = b"credential-one";

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Authenticator(EcdsaKeyPair);

impl Authenticator {
    fn new() -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.as_ref(), &random).unwrap())
    }

    fn client_data(kind: &str, begun: &Value) -> Vec<u8> {
        let challenge = &begun["authn_params_public_key"]["challenge"];
        json!({"type": kind, "challenge": challenge, "origin": "http://127.0.0.1"}).to_string().into_bytes()
    }

    /// WebAuthn, section 6.1: the relying party, flags, a counter.
    fn data(flags: u8) -> Vec<u8> {
        [digest(&SHA256, b"127.0.0.1").as_ref(), &[flags, 0, 0, 0, 1]].concat()
    }

    fn create(&self, begun: &Value) -> Value {
        let point = self.0.public_key().as_ref();
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], &point[1..33], &[0x22, 0x58, 32], &point[33..]]
            .concat();
        let length = u8::try_from(ID.len()).unwrap();
        let data = [&Self::data(0x45)[..], &[0; 16], &[0, length], ID, &key].concat();
        let size = u8::try_from(data.len()).unwrap();
        let object =
            [&[0xa3][..], b"\x63fmt\x64none", b"\x67attStmt\xa0", b"\x68authData\x58", &[size], &data].concat();
        let client_data = Self::client_data("webauthn.create", begun);
        json!({"id": b64(ID), "rawId": b64(ID), "type": "public-key",
               "response": {"clientDataJSON": b64(&client_data), "attestationObject": b64(&object)}})
    }

    fn get(&self, begun: &Value) -> Value {
        let (data, client_data) = (Self::data(0x05), Self::client_data("webauthn.get", begun));
        let signed = [&data, digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.0.sign(&SystemRandom::new(), &signed).unwrap();
        json!({"id": b64(ID), "rawId": b64(ID), "type": "public-key",
               "response": {"clientDataJSON": b64(&client_data), "authenticatorData": b64(&data), "signature": b64(signature.as_ref())}})
    }
}

#[tokio::test]
async fn a_passkey_signs_up_and_logs_in() {
    let client = Client::new(0).await;
    let finish = async |begun: &Value, response: Value| {
        let body = json!({"grant_type": GRANT, "auth_session": begun["auth_session"], "authn_response": response, "scope": "openid email"});
        client.web_json("/oauth/token", body).await
    };
    let device = Authenticator::new();
    let register = json!({"realm": CONNECTION, "user_profile": {"email": "pk@example.com", "name": "P K"}});
    let begun = client.web_json("/passkey/register", register.clone()).await.expect(200);
    assert_eq!(begun["authn_params_public_key"]["rp"]["id"], json!("127.0.0.1"));
    let tokens = finish(&begun, device.create(&begun)).await.expect(200);
    assert_eq!(claims(&tokens["id_token"])["email"], json!("pk@example.com"));
    assert_eq!(error(&finish(&begun, device.create(&begun)).await), (403, "invalid_grant"), "a ceremony is for once");
    assert_eq!(client.web_json("/passkey/register", register).await.status, 400);

    let challenge = async || client.web_json("/passkey/challenge", json!({"realm": CONNECTION})).await.expect(200);
    let begun = challenge().await;
    let tokens = finish(&begun, device.get(&begun)).await.expect(200);
    assert_eq!(claims(&tokens["id_token"])["email"], json!("pk@example.com"));
    let begun = challenge().await;
    assert_eq!(error(&finish(&begun, Authenticator::new().get(&begun)).await), (403, "invalid_grant"), "another key");
    let (old, new) = (challenge().await, challenge().await);
    assert_eq!(error(&finish(&new, device.get(&old)).await), (403, "invalid_grant"), "another challenge");
    let begun = challenge().await;
    assert_eq!(error(&finish(&begun, device.create(&begun)).await), (403, "invalid_grant"), "another kind");
    let user = client.user_id("pk@example.com").await;
    let methods = client.get(&format!("/users/{user}/authentication-methods")).await.expect(200);
    assert_eq!(methods[0]["type"], json!("passkey"));
}
