//! What verifying a token costs when the keys are there, over `ring`'s bare verification of the same signature: RS256, ES256 and
//! EdDSA, with tokens as Auth0 issues them: such that nobody has seen, and one that comes again and again, as that of a user does
//! with each request. `cargo xtask bench` runs it; nothing is asserted here.

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(native::run())
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use auth0_sdk::verify::{Expect, TokenVerifier};
    use auth0_sdk::{Algorithm, Host, Timer, TokioTimer};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    };
    use serde_json::{Value, json};
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    type Failure = Box<dyn std::error::Error>;

    const VECTORS: &str = include_str!("../tests/cases/keys/vectors.json");
    const ROUNDS: usize = 401;
    /// Few, so that a round is shorter than what a busy machine leaves undisturbed.
    const TOKENS: usize = 8;
    /// More than a verifier remembers, so that none of them comes again before it is forgotten.
    const DIFFERENT: usize = 1_504;

    /// ring's part alone.
    type Bare = Box<dyn Fn(&[u8], &[u8]) -> bool>;

    pub(crate) async fn run() -> Result<(), Failure> {
        let vectors: Value = serde_json::from_str(VECTORS)?;
        let mut results = Vec::new();
        for (algorithm, name) in [(Algorithm::RS256, "rsa"), (Algorithm::ES256, "ec"), (Algorithm::EdDSA, "ed")] {
            results.push(measure(algorithm, &vectors["keys"][name]).await?);
        }
        println!("{}", json!({ "results": results }));
        Ok(())
    }

    fn bytes(jwk: &Value, name: &str) -> Result<Vec<u8>, Failure> {
        Ok(URL_SAFE_NO_PAD.decode(jwk[name].as_str().ok_or("no such member")?)?)
    }

    fn bare(algorithm: Algorithm, jwk: &Value) -> Result<Bare, Failure> {
        Ok(match algorithm {
            Algorithm::RS256 => {
                let key = RsaPublicKeyComponents { n: bytes(jwk, "n")?, e: bytes(jwk, "e")? };
                Box::new(move |data, made| key.verify(&RSA_PKCS1_2048_8192_SHA256, data, made).is_ok())
            }
            Algorithm::ES256 => {
                let point = [vec![4], bytes(jwk, "x")?, bytes(jwk, "y")?].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                Box::new(move |data, made| key.verify(data, made).is_ok())
            }
            _ => {
                let key = UnparsedPublicKey::new(&ED25519, bytes(jwk, "x")?);
                Box::new(move |data, made| key.verify(data, made).is_ok())
            }
        })
    }

    async fn measure(algorithm: Algorithm, jwk: &Value) -> Result<Value, Failure> {
        let host = Host::of_target()?;
        let key = host.signing_key_from_jwk(&jwk.to_string(), algorithm).await?;
        let now = TokioTimer.now().as_secs();
        let mut claims = json!({
            "iss": "https://tenant.us.auth0.com/", "sub": "auth0|65a0c3e2b1d4f7a8c9e0f1a2",
            "aud": ["https://api.example.com/", "https://tenant.us.auth0.com/userinfo"],
            "iat": now, "exp": now + 86_400, "azp": "h0c2KqvYkmRkWbQCzYbWqV8QmC8dKzXG", "org_id": "org_9ybsU1dN2dKfDkBi",
            "scope": "openid profile email read:things write:things offline_access",
            "permissions": ["read:things", "write:things"],
        });
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = json!({ "alg": algorithm.as_str(), "typ": "JWT", "kid": "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4" });
        let mut tokens = Vec::new();
        for number in 0..DIFFERENT {
            claims["jti"] = format!("{number:04}").into();
            let signed = format!("{}.{}", part(&header), part(&claims));
            let made = host.crypto().sign(&key, signed.as_bytes()).await?;
            tokens.push((format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&made)), signed, made));
        }
        let mut public: Value = serde_json::from_str(&key.public().ok_or("no public key")?.public_json())?;
        public["kid"] = header["kid"].clone();
        let verifier = TokenVerifier::builder("tenant.us.auth0.com")
            .audience("https://api.example.com/")
            .algorithms([algorithm])
            .jwks(json!({ "keys": [public] }).to_string())
            .build()?;
        let expect = Expect::new().scopes(["read:things"]);
        let bare = bare(algorithm, jwk)?;
        let [(first, signed, made), ..] = &tokens[..] else { return Err("no tokens".into()) };
        if !bare(signed.as_bytes(), made) {
            return Err("the two do not verify the same".into());
        }
        verifier.access_token(first, &expect).await?;

        let (mut bare_times, mut our_times, mut again_times, mut ratios) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for some in tokens.chunks(TOKENS).cycle().take(ROUNDS) {
            let begun = start();
            for (_, signed, made) in some {
                black_box(bare(black_box(signed.as_bytes()), black_box(made)));
            }
            let bare_time = begun.elapsed();
            let begun = start();
            for (token, ..) in some {
                black_box(verifier.access_token(black_box(token), &expect).await?);
            }
            let our_time = begun.elapsed();
            let begun = start();
            for _ in some {
                black_box(verifier.access_token(black_box(first), &expect).await?);
            }
            again_times.push(begun.elapsed());
            ratios.push(our_time.as_secs_f64() / bare_time.as_secs_f64());
            bare_times.push(bare_time);
            our_times.push(our_time);
        }
        ratios.sort_by(f64::total_cmp);
        let micros = |mut times: Vec<Duration>| {
            times.sort();
            times[ROUNDS / 2].as_secs_f64() * 1e6 / TOKENS as f64
        };
        Ok(json!({
            "algorithm": algorithm.as_str(), "token_bytes": first.len(), "ring_us": micros(bare_times),
            "auth0_sdk_us": micros(our_times), "again_us": micros(again_times), "ratio": ratios[ROUNDS / 2],
        }))
    }

    #[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn start() -> Instant {
        Instant::now()
    }
}
