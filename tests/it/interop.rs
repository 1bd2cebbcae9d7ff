//! Tokens that others sign are verified here, and tokens that are signed here are verified by others: the npm package `jose`
//! and Python's PyJWT, over `tests/counterparts/interop`, in each algorithm that both sides have; and the tokens of oidc-provider.

use crate::oidc::Provider;
use crate::support::START;
use auth0_sdk::testing::{ManualTimer, ScriptedTransport, block_on};
use auth0_sdk::verify::{Expect, Guard, GuardRequest, TokenVerifier};
use auth0_sdk::{
    Algorithm, ClientAssertion, Dpop, Hash, Host, Json, Jwk, Key, KeyMaterial, KeyUsage, NativeCrypto,
    ReqwestTransport, Secret,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const VECTORS: &str = include_str!("../cases/keys/vectors.json");
const ISSUER: &str = "https://tenant.example.com/";
const API: &str = "https://api.example.com/";
const SECRET: &str = "a-secret-that-is-long-enough-for-every-digest-that-there-is-in-hmac-0123456789";
const URL: &str = "https://api.example.com/things";

/// All that `ring` has.
const ALGORITHMS: [Algorithm; 12] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
];

/// A program of another language.
struct Other {
    name: &'static str,
    command: fn(&Path) -> Command,
    /// It turns keys into PEM, too.
    pems: bool,
}

const OTHERS: [Other; 2] = [
    Other {
        name: "jose",
        pems: true,
        command: |root| {
            let mut command = Command::new("node");
            command.arg(root.join("tests/counterparts/interop/jose.mjs"));
            command
        },
    },
    Other {
        name: "PyJWT",
        pems: false,
        command: |root| {
            let bin = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
            let python = root.join("target/interop/python").join(bin);
            assert!(python.is_file(), "{} is missing: run `cargo xtask test setup`", python.display());
            let mut command = Command::new(python);
            command.arg(root.join("tests/counterparts/interop/pyjwt.py"));
            command
        },
    },
];

impl Other {
    fn run(&self, task: &Json) -> Json {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut command = (self.command)(&root);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program cannot be started");
        child.stdin.take().expect("a pipe").write_all(task.to_string().as_bytes()).expect("it reads its task");
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{} failed: {}", self.name, output.status);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn host() -> Host {
    Host::new(ScriptedTransport::default(), ManualTimer::skipping(), NativeCrypto)
}

/// The private key of an algorithm as a JWK; a secret is a text.
fn private(algorithm: Algorithm) -> Json {
    let vectors: Json = serde_json::from_str(VECTORS).expect("JSON");
    match algorithm.as_str() {
        "ES256" => vectors["keys"]["ec"].clone(),
        "ES384" => vectors["keys"]["ec384"].clone(),
        "EdDSA" => vectors["keys"]["ed"].clone(),
        name if name.starts_with("HS") => SECRET.into(),
        _ => vectors["keys"]["rsa"].clone(),
    }
}

fn public(algorithm: Algorithm) -> Json {
    let mut key = private(algorithm);
    if let Some(members) = key.as_object_mut() {
        members.retain(|name, _| ["kty", "crv", "n", "e", "x", "y"].contains(&name.as_str()));
    }
    key
}

fn signing_key(host: &Host, algorithm: Algorithm) -> Key {
    let key = private(algorithm);
    let secret = Secret::new(SECRET);
    let jwk = (!key.is_string()).then(|| Jwk::parse(&key.to_string()).expect("a key"));
    let material = jwk.as_ref().map_or(KeyMaterial::Secret(&secret), KeyMaterial::Jwk);
    block_on(host.crypto().import_key(material, algorithm, KeyUsage::Sign)).expect("a key")
}

fn claims(more: Json) -> Json {
    let now = START.as_secs();
    let mut claims = json!({
        "iss": ISSUER, "aud": [API, "other"], "sub": "auth0|ä", "iat": now, "exp": now + 60, "jti": "an-id", "scope": "a b",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    claims
}

fn sign(host: &Host, key: &Key, header: &Json, claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let made = block_on(host.crypto().sign(key, signed.as_bytes())).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(made))
}

fn verifier(algorithm: Algorithm) -> TokenVerifier {
    let builder = TokenVerifier::builder("tenant.example.com").audience(API).algorithms([algorithm]).host(host());
    let builder = match public(algorithm).as_str() {
        Some(secret) => builder.secret(secret),
        None => {
            let mut jwk = public(algorithm);
            jwk["kid"] = "the-key".into();
            builder.jwks(json!({ "keys": [jwk] }).to_string())
        }
    };
    builder.build().expect("a verifier")
}

/// Another payload under the same signature.
fn changed(token: &str) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[1] = URL_SAFE_NO_PAD.encode(claims(json!({"sub": "auth0|admin"})).to_string());
    parts.join(".")
}

#[test]
fn what_others_sign_is_verified_here() {
    for other in &OTHERS {
        let header = json!({ "typ": "JWT", "kid": "the-key" });
        let mut wanted: Vec<_> = ALGORITHMS.iter().map(|algorithm| (*algorithm, algorithm.as_str())).collect();
        if other.name == "jose" {
            // The newer name of the same (RFC 9864).
            wanted.push((Algorithm::EdDSA, "Ed25519"));
        }
        let tasks: Vec<_> = wanted
            .iter()
            .map(|(algorithm, name)| {
                json!({ "alg": name, "key": private(*algorithm), "header": header, "claims": claims(Json::Null) })
            })
            .collect();
        let answer = other.run(&json!({ "sign": tasks, "verify": [], "pems": [] }));
        let signed = answer["signed"].as_array().expect("a list");
        assert_eq!(signed.len(), wanted.len());
        for ((algorithm, name), token) in wanted.iter().zip(signed) {
            let token = token.as_str().expect("a token");
            let verifier = verifier(*algorithm);
            let judge = |token: &str| block_on(verifier.access_token(token, &Expect::new().scopes(["b"])));
            let verified = judge(token).unwrap_or_else(|error| panic!("{} {name}: {error}", other.name));
            assert_eq!(verified.to_json(), claims(Json::Null), "{} {name}", other.name);
            let error = judge(&changed(token)).expect_err("changed");
            assert_eq!(error.code(), Some("signature_invalid"), "{} {name}", other.name);
        }
    }
}

#[test]
fn what_is_signed_here_is_verified_by_others() {
    let host = host();
    let now = START.as_secs();
    for other in &OTHERS {
        let mut tasks = Vec::new();
        let mut task = |name: String, algorithm: Algorithm, token: &str, audience: &str, issuer: &str, proof: bool| {
            tasks.push(json!({
                "name": name, "alg": algorithm.as_str(), "key": public(algorithm), "token": token,
                "audience": (!proof).then_some(audience), "issuer": (!proof).then_some(issuer), "now": now, "proof": proof,
            }));
        };
        let mut wanted = Vec::new();
        for algorithm in ALGORITHMS {
            let key = signing_key(&host, algorithm);
            let header = json!({ "alg": algorithm.as_str(), "typ": "JWT", "kid": "the-key" });
            let token = sign(&host, &key, &header, &claims(Json::Null));
            task(format!("{algorithm}"), algorithm, &token, API, ISSUER, false);
            wanted.push(Some(claims(Json::Null)));
            task(format!("{algorithm}, changed"), algorithm, &changed(&token), API, ISSUER, false);
            wanted.push(None);
            if algorithm.is_symmetric() {
                continue;
            }
            let assertion = ClientAssertion::new(&host, "client", ISSUER, key.clone()).expect("an assertion");
            let assertion = block_on(assertion.key_id("the-key").make()).expect("an assertion");
            task(format!("{algorithm}, assertion"), algorithm, assertion.expose(), ISSUER, "client", false);
            wanted.push(Some(crate::oidc::claims(assertion.expose())));
            let proof =
                block_on(Dpop::new(&host, key).expect("a key").proof("POST", URL, Some(&token))).expect("a proof");
            task(format!("{algorithm}, proof"), algorithm, &proof, "", "", true);
            wanted.push(Some(crate::oidc::claims(&proof)));
        }
        let answer = other.run(&json!({ "sign": [], "verify": tasks, "pems": [] }));
        let verified = answer["verified"].as_array().expect("a list");
        assert_eq!(verified.len(), 12 * 2 + 9 * 2);
        for ((task, wanted), verified) in tasks.iter().zip(&wanted).zip(verified) {
            let name = &task["name"];
            match wanted {
                None => assert!(verified["error"].is_string(), "{} takes {name}", other.name),
                Some(claims) => assert_eq!(&verified["claims"], claims, "{}: {verified}", other.name),
            }
            if let Some(thumbprint) = verified["thumbprint"].as_str() {
                let algorithm = Algorithm::parse(task["alg"].as_str().expect("a name")).expect("an algorithm");
                let ours = block_on(Dpop::new(&host, signing_key(&host, algorithm)).expect("a key").thumbprint());
                assert_eq!(ours.expect("a digest"), thumbprint, "{name}");
            }
        }
    }
}

#[test]
fn a_key_in_pem_is_the_same_key() {
    let host = host();
    let algorithms: Vec<_> = ALGORITHMS.into_iter().filter(|algorithm| !algorithm.is_symmetric()).collect();
    let keys: Vec<_> = algorithms.iter().map(|algorithm| private(*algorithm)).collect();
    let other = OTHERS.iter().find(|other| other.pems).expect("one that writes PEM");
    let answer = other.run(&json!({ "sign": [], "verify": [], "pems": keys }));
    for (algorithm, pem) in algorithms.iter().zip(answer["pems"].as_array().expect("a list")) {
        let pem = pem.as_str().expect("a text");
        let key = block_on(host.signing_key_from_pem(pem, *algorithm)).expect("a key");
        let header = json!({ "alg": algorithm.as_str(), "kid": "the-key" });
        let token = sign(&host, &key, &header, &claims(Json::Null));
        block_on(verifier(*algorithm).access_token(&token, &Expect::new())).expect("the same key");
    }
}

#[test]
fn a_proof_by_jose_opens_a_guard() {
    let (host, now) = (host(), START.as_secs());
    let algorithms: Vec<_> = ALGORITHMS.into_iter().filter(|algorithm| !algorithm.is_symmetric()).collect();
    let mut tokens = Vec::new();
    let mut tasks = Vec::new();
    for algorithm in &algorithms {
        let key = public(*algorithm);
        let thumbprint = block_on(Jwk::parse(&key.to_string()).expect("a key").thumbprint(host.crypto()));
        let bound = claims(json!({ "cnf": { "jkt": thumbprint.expect("a digest") } }));
        let header = json!({ "alg": algorithm.as_str(), "kid": "the-key" });
        let token = sign(&host, &signing_key(&host, *algorithm), &header, &bound);
        let digest = block_on(host.crypto().digest(Hash::Sha256, token.as_bytes())).expect("a digest");
        let ath = URL_SAFE_NO_PAD.encode(digest);
        tasks.push(json!({
            "alg": algorithm.as_str(), "key": private(*algorithm), "header": { "typ": "dpop+jwt", "jwk": key },
            "claims": { "jti": "1", "htm": "GET", "htu": URL, "iat": now, "ath": ath },
        }));
        tokens.push(token);
    }
    let answer = OTHERS[0].run(&json!({ "sign": tasks, "verify": [], "pems": [] }));
    let proofs = answer["signed"].as_array().expect("a list");
    assert_eq!(proofs.len(), algorithms.len());
    for ((algorithm, token), proof) in algorithms.iter().zip(&tokens).zip(proofs) {
        let guard = Guard::new(verifier(*algorithm)).require_dpop();
        let authorization = format!("DPoP {token}");
        let check = |method| {
            let (authorization, dpop) = ([authorization.as_str()], [proof.as_str().expect("a proof")]);
            let request =
                GuardRequest { method, url: URL, authorization: &authorization, dpop: &dpop, ..Default::default() };
            block_on(guard.check(&request)).map_err(|refused| refused.error.code().map(str::to_owned))
        };
        assert_eq!(check("POST").expect_err("refused").as_deref(), Some("dpop_proof_invalid"), "{algorithm}");
        assert_eq!(check("GET").unwrap_or_else(|code| panic!("{algorithm}: {code:?}")).subject(), "auth0|ä");
        assert_eq!(check("GET").expect_err("a replay").as_deref(), Some("dpop_replayed"), "{algorithm}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_of_a_provider_are_verified_here() {
    let provider = Provider::start(&[], ReqwestTransport::new().expect("a transport")).await;
    let verifier = |audience: &str, algorithms: &[Algorithm]| {
        TokenVerifier::builder(provider.origin.as_str())
            .audience(audience)
            .algorithms(algorithms.iter().copied())
            .host(Host::of_target().expect("a host"))
    };
    let token = async |audience: &str| {
        let call = provider.client("m2m-post").oauth().client_credentials(audience).scope("read:things");
        call.await.expect("a token").access_token.expose().to_owned()
    };
    // By discovery, over loopback.
    for (audience, algorithm) in
        [(API_OF_PROVIDER, Algorithm::RS256), ("https://ps256.example.test/", Algorithm::PS256)]
    {
        let token = token(audience).await;
        let both = verifier(audience, &[Algorithm::RS256, Algorithm::PS256]).build().expect("a verifier");
        let expect = Expect::new().scopes(["read:things"]).client_id("m2m-post");
        let claims = both.access_token(&token, &expect).await.expect("a good token");
        assert_eq!((claims.client_id(), claims.audience()), (Some("m2m-post"), vec![audience]));
        let lacking = both.access_token(&token, &Expect::new().scopes(["write:things"])).await.expect_err("refused");
        assert_eq!(lacking.code(), Some("insufficient_scope"));
        let others = [Algorithm::RS256, Algorithm::PS256].into_iter().filter(|other| *other != algorithm);
        let other = verifier(audience, &others.collect::<Vec<_>>()).build().expect("a verifier");
        let error = other.access_token(&token, &Expect::new()).await.expect_err("refused");
        assert_eq!(error.code(), Some("algorithm_not_allowed"));
        let other = verifier("https://other.example/", &[algorithm]).build().expect("a verifier");
        let error = other.access_token(&token, &Expect::new()).await.expect_err("refused");
        assert_eq!(error.code(), Some("audience_mismatch"));
    }
    let token_of_hs = token("https://hs256.example.test/").await;
    // The provider's key is 32 random bytes and no text, so no verifier can be given it; the platform can.
    let secret = provider.facts["hs256_key_b64"].as_str().expect("a key").replace('+', "-").replace('/', "_");
    let jwk = Jwk::parse(&json!({ "kty": "oct", "k": secret.trim_end_matches('=') }).to_string()).expect("a key");
    let host = Host::of_target().expect("a host");
    let key = host.crypto().import_key(KeyMaterial::Jwk(&jwk), Algorithm::HS256, KeyUsage::Verify).await;
    let (signed, signature) = token_of_hs.rsplit_once('.').expect("dots");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    assert!(host.crypto().verify(&key.expect("a key"), signed.as_bytes(), &signature).await.expect("an answer"));
}

const API_OF_PROVIDER: &str = "https://api.example.test/";

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_of_a_provider_opens_a_guard() {
    let provider = Provider::start(&[], ReqwestTransport::new().expect("a transport")).await;
    let host = Host::of_target().expect("a host");
    let dpop = Dpop::new(&host, host.generate_key(Algorithm::ES256).await.expect("a key")).expect("a key pair");
    let client = provider.builder("web-dpop").client_secret(provider.secret("web-dpop")).dpop(&dpop);
    let client = client.build().expect("a client");
    let tokens = client.oauth().client_credentials(API_OF_PROVIDER).await.expect("a token");
    let token = tokens.access_token.expose();
    let verifier = TokenVerifier::builder(provider.origin.as_str()).audience(API_OF_PROVIDER).build();
    let guard = Guard::new(verifier.expect("a verifier"));
    let check = async |scheme: &str, dpop: &[&str]| {
        let authorization = format!("{scheme} {token}");
        let authorization = [authorization.as_str()];
        let request =
            GuardRequest { method: "GET", url: URL, authorization: &authorization, dpop, ..Default::default() };
        guard.check(&request).await.map_err(|refused| refused.error.code().map(str::to_owned))
    };
    let proof = dpop.proof("GET", URL, Some(token)).await.expect("a proof");
    check("DPoP", &[&proof]).await.expect("let in");
    assert_eq!(check("Bearer", &[]).await.expect_err("refused").as_deref(), Some("dpop_required"));
    assert_eq!(check("DPoP", &[]).await.expect_err("refused").as_deref(), Some("dpop_proof_invalid"));
}
