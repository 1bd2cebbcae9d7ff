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
    assert!(checked >= if cfg!(target_arch = "wasm32") { 9 } else { 7 });
}

/// The same examples as tokens: one that is refused for its claims has had its signature checked.
async fn examples_as_tokens() {
    let vectors: Json = serde_json::from_str(VECTORS).expect("JSON");
    let verifier = |case: &Json, jwk: &Json| {
        let algorithm = algorithm(&case["alg"]);
        let builder = TokenVerifier::builder("a.example").issuer("joe").audience("an-api").host(host());
        let builder = match jwk["k"].as_str() {
            // This secret is no text, so that no verifier can be given it.
            Some(_) => return None,
            None => builder.jwks(serde_json::json!({ "keys": [jwk] }).to_string()),
        };
        Some(builder.algorithms([algorithm]).build().expect("a verifier"))
    };
    for case in vectors["signatures"].as_array().expect("a list").iter().filter(|case| case["claims"] == true) {
        let Some(verifier) = verifier(case, &vectors["keys"][case["key"].as_str().expect("a key")]) else { continue };
        let token = case["jws"].as_str().expect("a token");
        let error = verifier.access_token(token, &Expect::new()).await.expect_err("it is for nobody");
        assert_eq!(error.code(), Some("claim_missing"), "{error}");
        assert!(error.message().contains("aud"), "{error}");
        let changed = token.replacen(".eyJpc3MiOiJqb2Ui", ".eyJpc3MiOiJqb2Yi", 1);
        assert_ne!(changed, token);
        let error = verifier.access_token(&changed, &Expect::new()).await.expect_err("changed");
        assert_eq!(error.code(), Some("signature_invalid"), "{error}");
    }
    for case in vectors["refused"].as_array().expect("a list") {
        let names = texts(&case["algorithms"]);
        let builder = TokenVerifier::builder("a.example").issuer("joe").audience("an-api").host(host());
        let builder = if names.is_empty() {
            builder.jwks(serde_json::json!({ "keys": [vectors["keys"]["rsa"]] }).to_string())
        } else {
            builder.secret("a-secret-that-is-not-even-looked-at").algorithms([Algorithm::HS256])
        };
        let token = case["jws"].as_str().expect("a token");
        let error =
            builder.build().expect("a verifier").access_token(token, &Expect::new()).await.expect_err("refused");
        assert_eq!(case["code"], error.code().unwrap_or_default(), "{}: {error}", case["name"]);
    }
    assert_eq!(vectors["unsecured"], vectors["refused"][0]["jws"]);
}

/// RFC 7517, appendix A: what a key says of its use is respected.
async fn example_keys() {
    let host = host();
    let crypto = host.crypto();
    let vectors: Json = serde_json::from_str(VECTORS).expect("JSON");
    let public: Vec<_> = vectors["jwks"]["keys"].as_array().expect("a list").iter().map(read_key).collect();
    let private: Vec<_> = vectors["privateKeys"]["keys"].as_array().expect("a list").iter().map(read_key).collect();
    assert_eq!(public.iter().map(Jwk::key_id).collect::<Vec<_>>(), [Some("1"), Some("2011-04-29")]);
    assert!(private.iter().all(Jwk::is_private) && !public.iter().any(Jwk::is_private));
    // The first is for encryption, the third wraps keys: neither signs.
    for (key, algorithm) in [(&private[0], Algorithm::ES256), (&private[2], Algorithm::HS256)] {
        for usage in [KeyUsage::Sign, KeyUsage::Verify] {
            let refused = crypto.import_key(KeyMaterial::Jwk(key), algorithm, usage).await.expect_err("refused");
            assert_eq!(refused.code(), Some("key_unsuitable"), "{refused}");
        }
    }
    for (private, public, algorithm) in
        [(&private[1], &public[1], Algorithm::RS256), (&private[3], &private[3], Algorithm::HS256)]
    {
        let sign = crypto.import_key(KeyMaterial::Jwk(private), algorithm, KeyUsage::Sign).await.expect("a key");
        let verify = crypto.import_key(KeyMaterial::Jwk(public), algorithm, KeyUsage::Verify).await.expect("a key");
        let made = crypto.sign(&sign, b"data").await.expect("a signature");
        assert!(crypto.verify(&verify, b"data", &made).await.expect("an answer"));
    }
    // `alg` RS256 is no PS256, and no key for RSA signs with ECDSA.
    for algorithm in [Algorithm::PS256, Algorithm::RS384, Algorithm::ES256] {
        let refused = crypto.import_key(KeyMaterial::Jwk(&private[1]), algorithm, KeyUsage::Sign).await;
        assert_eq!(refused.expect_err("refused").code(), Some("key_unsuitable"));
    }
}

fn read_key(json: &Json) -> Jwk {
    Jwk::parse(&json.to_string()).expect("a key")
}

/// The proofs of RFC 9449.
async fn example_proofs() {
    let host = host();
    let crypto = host.crypto();
    let vectors: Json = serde_json::from_str(VECTORS).expect("JSON");
    let dpop = &vectors["dpop"];
    let jwk = read_key(&dpop["jwk"]);
    assert_eq!(dpop["thumbprint"], jwk.thumbprint(crypto).await.expect("a digest").as_str());
    let key = crypto.import_key(KeyMaterial::Jwk(&jwk), Algorithm::ES256, KeyUsage::Verify).await.expect("a key");
    let proofs = dpop["proofs"].as_array().expect("a list");
    assert_eq!(proofs.len(), 3);
    for case in proofs {
        let (signed, signature) = case["proof"].as_str().expect("a proof").rsplit_once('.').expect("dots");
        assert!(
            crypto.verify(&key, signed.as_bytes(), &bytes(signature)).await.expect("an answer"),
            "{}",
            case["name"]
        );
        let header: Json = serde_json::from_slice(&bytes(signed.split('.').next().expect("a header"))).expect("JSON");
        assert_eq!(header["jwk"], dpop["jwk"]);
    }
    let token = dpop["accessToken"].as_str().expect("a token");
    let digest = crypto.digest(auth0_sdk::Hash::Sha256, token.as_bytes()).await.expect("a digest");
    assert_eq!(bytes(dpop["ath"].as_str().expect("a digest")), digest);
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

/// What is expected of a token, as the cases and the counterpart in JavaScript write it.
pub(crate) fn expectation(given: &Json) -> Expect {
    let mut expect = Expect::new();
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
            "scopes" => expect.scopes(texts(value)),
            "permissions" => expect.permissions(texts(value)),
            "acr" => expect.acr(texts(value)),
            "amr" => expect.amr(texts(value)),
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
        let (verifier, expect) = (verifier(&file, case), expectation(&case["expect"]));
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

on_every_target!(signatures, examples_as_tokens, example_keys, example_proofs, thumbprints, hostile);
