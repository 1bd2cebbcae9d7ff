//! Keys and tokens: the examples of the RFCs, and tokens with one flaw each, from `tests/cases/keys/`.

use auth0_sdk::testing::{ManualTimer, ScriptedTransport};
use auth0_sdk::verify::{Expect, TokenVerifier};
use auth0_sdk::{Algorithm, Error, ErrorKind, Host, Json, Jwk, KeyMaterial, KeyUsage};
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
use auth0_sdk::NativeCrypto as TargetCrypto;
#[cfg(target_arch = "wasm32")]
use auth0_sdk::WebCrypto as TargetCrypto;

const VECTORS: &str = include_str!("../cases/keys/vectors.json");
const HOSTILE: &str = include_str!("../cases/keys/hostile.json");

/// The manual clock starts at the time of the cases.
fn host() -> Host {
    Host::new(ScriptedTransport::default(), ManualTimer::skipping(), TargetCrypto)
}

fn algorithm(name: &Json) -> Algorithm {
    Algorithm::parse(name.as_str().expect("an algorithm")).expect("a known algorithm")
}

fn bytes(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn texts(value: &Json) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().expect("a text").to_owned()).collect()
}

async fn signatures() {
    let host = host();
    let crypto = host.crypto();
    let vectors: Json = serde_json::from_str(VECTORS).expect("JSON");
    let mut checked = 0;
    for case in vectors["signatures"].as_array().expect("a list") {
        let name = &case["name"];
        let algorithm = algorithm(&case["alg"]);
        let jwk = Jwk::parse(&vectors["keys"][case["key"].as_str().expect("a key")].to_string()).expect("a key");
        let (signed, signature) = case["jws"].as_str().expect("a token").rsplit_once('.').expect("dots");
        let signature = bytes(signature);
        let verify = crypto.import_key(KeyMaterial::Jwk(&jwk), algorithm, KeyUsage::Verify).await;
        let verify = match verify {
            Err(error) if algorithm == Algorithm::ES512 && cfg!(not(target_arch = "wasm32")) => {
                assert_eq!(error.code(), Some("algorithm_unsupported"));
                continue;
            }
            verify => verify.expect("a key to verify with"),
        };
        assert!(crypto.verify(&verify, signed.as_bytes(), &signature).await.expect("an answer"), "{name}");
        let mut broken = signature.clone();
        broken[7] ^= 1;
        assert!(!crypto.verify(&verify, signed.as_bytes(), &broken).await.expect("an answer"), "{name}");
        assert!(!crypto.verify(&verify, &signed.as_bytes()[1..], &signature).await.expect("an answer"), "{name}");
        let sign = crypto.import_key(KeyMaterial::Jwk(&jwk), algorithm, KeyUsage::Sign).await.expect("a key to sign");
        let made = crypto.sign(&sign, signed.as_bytes()).await.expect("a signature");
        assert!(crypto.verify(&verify, signed.as_bytes(), &made).await.expect("an answer"), "{name}");
        if case["deterministic"] == true {
            assert_eq!(made, signature, "{name}");
        }
        // One key, one use.
        assert!(crypto.sign(&verify, b"x").await.is_err() || algorithm.is_symmetric());
        checked += 1;
    }
    assert!(checked >= 7);
}

async fn thumbprints() {
    let host = host();
    let vectors: Json = serde_json::from_str(VECTORS).expect("JSON");
    for case in vectors["thumbprints"].as_array().expect("a list") {
        let jwk = Jwk::parse(&case["jwk"].to_string()).expect("a key");
        let made = jwk.thumbprint(host.crypto()).await.expect("a digest");
        assert_eq!(case["thumbprint"], made.as_str(), "{}", case["name"]);
    }
    let secret = Jwk::parse(&vectors["keys"]["hmac"].to_string()).expect("a key");
    assert_eq!(secret.thumbprint(host.crypto()).await.expect_err("refused").kind(), ErrorKind::Config);
    assert!(!format!("{secret:?}").contains("AyM1"));
    let pkce = &vectors["pkce"];
    let verifier = auth0_sdk::CodeVerifier::new(pkce["verifier"].as_str().expect("a text")).expect("a verifier");
    assert_eq!(pkce["challenge"], verifier.challenge(host.crypto()).await.expect("a digest").as_str());
    for wrong in ["", "short", &"a".repeat(42), &"a".repeat(129), &format!("{}+", "a".repeat(50))] {
        assert_eq!(auth0_sdk::CodeVerifier::new(wrong).expect_err("refused").kind(), ErrorKind::Request);
    }
}

fn verifier(file: &Json, case: &Json) -> TokenVerifier {
    let mut builder = TokenVerifier::builder("tenant.example.com")
        .issuer(file["issuer"].as_str().expect("an issuer"))
        .audience(file["audience"].as_str().expect("an audience"))
        .client_id(file["clientId"].as_str().expect("a client"))
        .host(host());
    builder = match case["secret"].as_str() {
        Some(secret) => builder.secret(secret),
        None => builder.jwks(file["jwks"].to_string()),
    };
    if let Some(names) = case["algorithms"].as_array() {
        builder = builder.algorithms(names.iter().map(algorithm));
    }
    builder.build().expect("a verifier")
}

fn expectation(case: &Json) -> Expect {
    let given = &case["expect"];
    let mut expect = Expect::new().scopes(texts(&given["scopes"])).permissions(texts(&given["permissions"]));
    expect = expect.acr(texts(&given["acr"])).amr(texts(&given["amr"]));
    for (name, value) in given.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        expect = match name.as_str() {
            "nonce" => expect.nonce(text),
            "organization" => expect.organization(text),
            "clientId" => expect.client_id(text),
            "subject" => expect.subject(text),
            "accessToken" => expect.access_token(text),
            "code" => expect.code(text),
            "maxAge" => expect.max_age(Duration::from_secs(value.as_u64().expect("seconds"))),
            "scopes" | "permissions" | "acr" | "amr" => expect,
            unknown => panic!("{unknown}"),
        };
    }
    expect
}

async fn judge(verifier: &TokenVerifier, kind: &Json, token: &str, expect: &Expect) -> Result<(), Error> {
    match kind.as_str() {
        Some("access") => verifier.access_token(token, expect).await,
        Some("id") => verifier.id_token(token, expect).await,
        _ => verifier.logout_token(token).await,
    }
    .map(drop)
}

async fn hostile() {
    let file: Json = serde_json::from_str(HOSTILE).expect("JSON");
    let cases = file["cases"].as_array().expect("a list");
    assert_eq!(file["now"], crate::support::START.as_secs());
    assert!(cases.len() >= 120, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let (name, token) = (case["name"].as_str().expect("a name"), case["token"].as_str().expect("a token"));
        let (verifier, expect) = (verifier(&file, case), expectation(case));
        if case["again"] == true {
            judge(&verifier, &case["kind"], token, &expect).await.expect("the first time");
        }
        match judge(&verifier, &case["kind"], token, &expect).await {
            Ok(()) => wrong.push(format!("{name}: passes")),
            Err(error) => {
                if case["code"] != error.code().unwrap_or_default() {
                    wrong.push(format!("{name}: wanted {}, got {error}", case["code"]));
                }
                assert_eq!(error.kind(), ErrorKind::Verification);
                let shown = format!("{error} {error:?}");
                let parts: Vec<_> = token.split('.').filter(|part| part.len() > 20).collect();
                assert!(!parts.iter().any(|part| shown.contains(part)), "{name}: {shown}");
            }
        }
        if let Err(error) = judge(&verifier, &case["kind"], case["mended"].as_str().expect("a token"), &expect).await {
            wrong.push(format!("{name}, mended: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} of {}", wrong.join("\n"), wrong.len(), cases.len());
}

macro_rules! on_every_target {
    ($($name:ident),*) => {$(
        mod $name {
            #[cfg(target_arch = "wasm32")]
            #[wasm_bindgen_test::wasm_bindgen_test]
            async fn run() {
                super::$name().await;
            }

            #[cfg(not(target_arch = "wasm32"))]
            #[test]
            fn run() {
                auth0_sdk::testing::block_on(super::$name());
            }
        }
    )*};
}

on_every_target!(signatures, thumbprints, hostile);
