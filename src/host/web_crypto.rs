//! WebCrypto.

use super::key::{check_material, rejected, unsupported};
use super::{Crypto, Key, KeyMaterial, KeyUsage};
use crate::error::{Error, ErrorKind};
use crate::jose::{Algorithm, Family, Hash, Jwk};
use crate::maybe_send::BoxFuture;
use js_sys::{Array, Object, Reflect, Uint8Array};
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(out: &Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = digest)]
    fn digest(algorithm: &str, data: &Uint8Array) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        data: &JsValue,
        algorithm: &JsValue,
        extractable: bool,
        usages: &Array,
    ) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = exportKey)]
    fn export_key(format: &str, key: &JsValue) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = generateKey)]
    fn generate_key(algorithm: &JsValue, extractable: bool, usages: &Array) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = encrypt)]
    fn encrypt(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = decrypt)]
    fn decrypt(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = sign)]
    fn sign(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = verify)]
    fn verify(
        algorithm: &JsValue,
        key: &JsValue,
        signature: &Uint8Array,
        data: &Uint8Array,
    ) -> Result<js_sys::Promise, JsValue>;
}

/// The `crypto` of browsers, workers, Node, Deno and Bun.
#[derive(Clone, Copy, Debug)]
pub struct WebCrypto;

const NO_SUBTLE: &str = "crypto.subtle is missing: browsers have it in secure contexts only (https or localhost)";

fn refused(what: &'static str) -> impl FnOnce(JsValue) -> Error {
    move |cause| Error::new(ErrorKind::Config, [what, ": ", &super::fetch::describe(&cause)].concat())
}

/// Waits for a promise, and says in the words of `failed` why it was rejected.
async fn settle(promise: Result<js_sys::Promise, JsValue>, failed: impl Fn(&str) -> Error) -> Result<JsValue, Error> {
    let promise = promise.map_err(refused(NO_SUBTLE))?;
    JsFuture::from(promise).await.map_err(|cause| failed(&super::fetch::describe(&cause)))
}

/// An object of texts, numbers and the like.
fn object(members: &[(&str, JsValue)]) -> JsValue {
    let made = Object::new();
    for (name, value) in members {
        // A plain object takes every member.
        let _ = Reflect::set(&made, &JsValue::from_str(name), value);
    }
    made.into()
}

/// What WebCrypto calls an algorithm, with all that importing, signing and verifying want to know of it.
fn parameters(algorithm: Algorithm) -> JsValue {
    let hash = algorithm.hash();
    let name = match algorithm.family() {
        Family::Rsa => "RSASSA-PKCS1-v1_5",
        Family::Pss => "RSA-PSS",
        Family::Ecdsa => "ECDSA",
        Family::Ed25519 => "Ed25519",
        Family::Hmac => "HMAC",
    };
    let curve = match algorithm {
        Algorithm::ES256 => "P-256",
        Algorithm::ES384 => "P-384",
        _ => "P-521",
    };
    object(&[
        ("name", name.into()),
        ("hash", hash.as_str().into()),
        ("namedCurve", curve.into()),
        ("saltLength", (hash.length() as u32).into()),
    ])
}

/// True for a rejection that says that the platform lacks the algorithm.
fn lacks(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["not supported", "unsupported", "unrecognized", "notsupported", "not implemented"]
        .iter()
        .any(|word| why.contains(word))
}

fn import_failed(algorithm: Algorithm) -> impl Fn(&str) -> Error {
    move |why| if lacks(why) { unsupported(algorithm, why) } else { rejected(algorithm, why) }
}

impl WebCrypto {
    /// Takes a `CryptoKey` that JavaScript has: one that may not be exported, or is kept in IndexedDB. `public` is the public
    /// key, which DPoP needs.
    ///
    /// # Errors
    /// [`ErrorKind::Verification`], `key_unsuitable`, when it is no `CryptoKey`, or not one for this algorithm and use.
    pub fn key(key: JsValue, algorithm: Algorithm, usage: KeyUsage, public: Option<Jwk>) -> Result<Key, Error> {
        let get = |value: &JsValue, name: &str| Reflect::get(value, &JsValue::from_str(name)).unwrap_or_default();
        let own = get(&key, "algorithm");
        let wanted = parameters(algorithm);
        let same = |name: &str| get(&own, name) == get(&wanted, name);
        let hash = get(&get(&own, "hash"), "name") == get(&wanted, "hash");
        let fits = same("name")
            && match algorithm.family() {
                Family::Ecdsa => same("namedCurve"),
                Family::Ed25519 => true,
                Family::Rsa | Family::Pss => hash && get(&own, "modulusLength").as_f64() >= Some(2048.0),
                Family::Hmac => hash,
            };
        let usages: Array = get(&key, "usages").dyn_into().unwrap_or_default();
        if !fits || !usages.includes(&usage.as_str().into(), 0) {
            return Err(rejected(algorithm, "the CryptoKey is for something else"));
        }
        Ok(Key::new(algorithm, usage, public, Arc::new(key)))
    }
}

fn handle(key: &Key) -> Result<&JsValue, Error> {
    key.handle()
        .downcast_ref::<JsValue>()
        .ok_or_else(|| Error::new(ErrorKind::Config, "the key was made by another provider of cryptography"))
}

/// AES-256-GCM, one way or the other.
async fn aes_256_gcm(
    usage: &str,
    key: &[u8; 32],
    nonce: &[u8; 12],
    data: &[u8],
    text: &[u8],
) -> Result<Vec<u8>, Error> {
    let failed = |why: &str| Error::new(ErrorKind::Decode, [usage, " failed: ", why].concat());
    let bytes = |bytes: &[u8]| Uint8Array::from(bytes);
    let usages = Array::of1(&usage.into());
    let key = settle(import_key("raw", &bytes(key), &"AES-GCM".into(), false, &usages), failed).await?;
    let algorithm =
        object(&[("name", "AES-GCM".into()), ("iv", bytes(nonce).into()), ("additionalData", bytes(data).into())]);
    let work = if usage == "encrypt" { encrypt } else { decrypt };
    let buffer = settle(work(&algorithm, &key, &bytes(text)), failed).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

impl Crypto for WebCrypto {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        let bytes = Uint8Array::new_with_length(out.len() as u32);
        get_random_values(&bytes).map_err(refused("there is no crypto.getRandomValues here"))?;
        bytes.copy_to(out);
        Ok(())
    }

    fn digest<'a>(&'a self, hash: Hash, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let made = digest(hash.as_str(), &Uint8Array::from(data));
            let made = settle(made, |why| Error::new(ErrorKind::Config, why.to_owned())).await?;
            Ok(Uint8Array::new(&made).to_vec())
        })
    }

    fn import_key<'a>(
        &'a self,
        material: KeyMaterial<'a>,
        algorithm: Algorithm,
        usage: KeyUsage,
    ) -> BoxFuture<'a, Result<Key, Error>> {
        Box::pin(async move {
            check_material(material, algorithm, usage)?;
            let parse = |json: &str| js_sys::JSON::parse(json).unwrap_or_default();
            let (format, data, public, kid) = match material {
                KeyMaterial::Jwk(jwk) => {
                    let private = usage == KeyUsage::Sign || algorithm.is_symmetric();
                    let public = jwk.public_json();
                    let data = match (algorithm.is_symmetric(), private) {
                        (true, _) => jwk.secret_json(),
                        (_, true) => jwk.private_json(),
                        _ => crate::Secret::new(public.as_str()),
                    };
                    let public =
                        (usage == KeyUsage::Sign && !public.is_empty()).then(|| Jwk::parse(&public)).transpose()?;
                    ("jwk", parse(data.expose()), public, jwk.key_id())
                }
                KeyMaterial::Pem(pem) => {
                    let format = if pem.is_private() { "pkcs8" } else { "spki" };
                    (format, Uint8Array::from(&pem.der[..]).into(), None, None)
                }
                KeyMaterial::Secret(secret) => ("raw", Uint8Array::from(secret.expose().as_bytes()).into(), None, None),
            };
            let usages = Array::of1(&usage.as_str().into());
            let promise = import_key(format, &data, &parameters(algorithm), false, &usages);
            let key = settle(promise, import_failed(algorithm)).await?;
            Ok(Self::key(key, algorithm, usage, public)?.with_key_id(kid))
        })
    }

    fn generate_key(&self, algorithm: Algorithm) -> BoxFuture<'_, Result<Key, Error>> {
        Box::pin(async move {
            if algorithm.is_symmetric() {
                return Err(unsupported(algorithm, "a secret is no key pair"));
            }
            let wanted = parameters(algorithm);
            for (name, value) in
                [("modulusLength", JsValue::from(2048)), ("publicExponent", Uint8Array::from(&[1, 0, 1][..]).into())]
            {
                let _ = Reflect::set(&wanted, &JsValue::from_str(name), &value);
            }
            let usages = Array::of2(&"sign".into(), &"verify".into());
            // Not to be exported: the private key stays in WebCrypto.
            let pair = settle(generate_key(&wanted, false, &usages), import_failed(algorithm)).await?;
            let part = |name: &str| Reflect::get(&pair, &JsValue::from_str(name)).unwrap_or_default();
            let exported = settle(export_key("jwk", &part("publicKey")), import_failed(algorithm)).await?;
            let json = js_sys::JSON::stringify(&exported).map(String::from).unwrap_or_default();
            let public = Jwk::public_of(Jwk::parse(&json)?.data);
            Self::key(part("privateKey"), algorithm, KeyUsage::Sign, Some(public))
        })
    }

    fn sign<'a>(&'a self, key: &'a Key, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let made = sign(&parameters(key.algorithm()), handle(key)?, &Uint8Array::from(data));
            let made = settle(made, |why| Error::new(ErrorKind::Internal, ["signing failed: ", why].concat())).await?;
            Ok(Uint8Array::new(&made).to_vec())
        })
    }

    fn verify<'a>(&'a self, key: &'a Key, data: &'a [u8], signature: &'a [u8]) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let signature = Uint8Array::from(signature);
            let promise = verify(&parameters(key.algorithm()), handle(key)?, &signature, &Uint8Array::from(data));
            let failed = |why: &str| Error::new(ErrorKind::Internal, ["verifying failed: ", why].concat());
            Ok(settle(promise, failed).await?.is_truthy())
        })
    }

    fn aes_256_gcm_seal<'a>(
        &'a self,
        key: &'a [u8; 32],
        nonce: &'a [u8; 12],
        data: &'a [u8],
        plain: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(aes_256_gcm("encrypt", key, nonce, data, plain))
    }

    fn aes_256_gcm_open<'a>(
        &'a self,
        key: &'a [u8; 32],
        nonce: &'a [u8; 12],
        data: &'a [u8],
        sealed: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(aes_256_gcm("decrypt", key, nonce, data, sealed))
    }
}
