//! Key sets that come, do not come, or are something else; requests that are let in or refused; proofs of possession.

use crate::support::{START, all, seconds};
use auth0_sdk::testing::{ManualTimer, Recorded, Reply, ScriptedTransport, block_on};
use auth0_sdk::verify::{Expect, Guard, GuardRequest, TokenVerifier};
use auth0_sdk::{
    Algorithm, BoxFuture, ClientAssertion, Crypto, Dpop, Error, ErrorKind, Hash, Headers, Host, HttpRequest,
    HttpResponse, Json, Key, KeyMaterial, KeyUsage, MemoryStore, Method, NativeCrypto, Read, RequestBody,
    ReqwestTransport, TokioTimer, Transport, TransportError,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ISSUER: &str = "https://tenant.us.auth0.com/";
const DISCOVERY: &str =
    r#"{"issuer":"https://tenant.us.auth0.com/","jwks_uri":"https://tenant.us.auth0.com/.well-known/jwks.json"}"#;

struct Issuer {
    host: Host,
    transport: ScriptedTransport,
    timer: ManualTimer,
    key: Key,
}

impl Issuer {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let (transport, timer) = (ScriptedTransport::new(replies), ManualTimer::skipping());
        let host = Host::new(transport.clone(), timer.clone(), NativeCrypto);
        let key = block_on(host.generate_key(Algorithm::ES256)).expect("a key");
        Self { host, transport, timer, key }
    }

    fn jwks(&self, kid: &str) -> String {
        let mut jwk: Json = serde_json::from_str(&self.key.public().expect("public").public_json()).expect("JSON");
        jwk["kid"] = kid.into();
        serde_json::json!({ "keys": [jwk] }).to_string()
    }

    fn token(&self, kid: &str, claims: &Json) -> String {
        let now = START.as_secs();
        let mut all = serde_json::json!({
            "iss": ISSUER, "aud": "api", "sub": "auth0|1", "iat": now, "exp": now + 1_000_000, "scope": "a b",
        });
        for (name, value) in claims.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        self.sign(&serde_json::json!({ "alg": "ES256", "kid": kid }), &all)
    }

    fn sign(&self, header: &Json, claims: &Json) -> String {
        let signed = self.unsigned(header, claims);
        let made = block_on(self.host.crypto().sign(&self.key, signed.as_bytes())).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(made))
    }

    fn unsigned(&self, header: &Json, claims: &Json) -> String {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    fn verifier(&self) -> TokenVerifier {
        TokenVerifier::builder("tenant.us.auth0.com")
            .audience("api")
            .algorithms([Algorithm::ES256])
            .host(self.host.clone())
            .build()
            .expect("a verifier")
    }

    fn check(&self, verifier: &TokenVerifier, kid: &str) -> Result<(), Error> {
        let token = self.token(kid, &Json::Null);
        block_on(verifier.access_token(&token, &Expect::new())).map(drop)
    }
}

fn code_or_good(result: Result<(), Error>) -> String {
    if result.is_ok() { "good".to_owned() } else { code(result) }
}

fn code(result: Result<(), Error>) -> String {
    result.expect_err("an error").code().unwrap_or_default().to_owned()
}

#[test]
fn keys_come_by_discovery_and_stay() {
    let issuer = Issuer::new([]);
    issuer.transport.push(Reply::json(200, DISCOVERY));
    issuer.transport.push(Reply::json(200, issuer.jwks("a")));
    let verifier = issuer.verifier();
    for _ in 0..20 {
        issuer.check(&verifier, "a").unwrap();
        assert_eq!(code(issuer.check(&verifier, "unknown")), "key_unknown");
    }
    let urls: Vec<_> = issuer.transport.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(
        urls,
        [ISSUER.to_owned() + ".well-known/openid-configuration", ISSUER.to_owned() + ".well-known/jwks.json"]
    );

    // The issuer takes a new key: one fetch, and only after the cooldown.
    issuer.timer.advance(seconds(30));
    issuer.transport.push(Reply::json(200, DISCOVERY));
    issuer.transport.push(Reply::json(200, issuer.jwks("b")));
    issuer.check(&verifier, "b").unwrap();
    assert_eq!(code(issuer.check(&verifier, "a")), "key_unknown");
    assert_eq!(issuer.transport.requests().len(), 4);

    // No new keys can be had: the old ones serve for an hour.
    issuer.timer.advance(seconds(700));
    issuer.check(&verifier, "b").unwrap();
    assert_eq!(code(issuer.check(&verifier, "c")), "keys_unavailable");
    issuer.timer.advance(seconds(4000));
    assert_eq!(code(issuer.check(&verifier, "b")), "keys_unavailable");
    issuer.timer.advance(seconds(30));
    issuer.transport.push(Reply::json(200, DISCOVERY));
    issuer.transport.push(Reply::json(200, issuer.jwks("b")));
    issuer.check(&verifier, "b").unwrap();
}

/// The platform's cryptography, which counts what it verifies.
struct Counted(Arc<AtomicU32>);

impl Crypto for Counted {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        NativeCrypto.random(out)
    }

    fn digest<'a>(&'a self, hash: Hash, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        NativeCrypto.digest(hash, data)
    }

    fn import_key<'a>(
        &'a self,
        material: KeyMaterial<'a>,
        algorithm: Algorithm,
        usage: KeyUsage,
    ) -> BoxFuture<'a, Result<Key, Error>> {
        NativeCrypto.import_key(material, algorithm, usage)
    }

    fn verify<'a>(&'a self, key: &'a Key, data: &'a [u8], made: &'a [u8]) -> BoxFuture<'a, Result<bool, Error>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        NativeCrypto.verify(key, data, made)
    }
}

#[test]
fn a_signature_that_was_good_is_not_verified_again_and_all_else_is() {
    let issuer = Issuer::new([]);
    let verified = Arc::new(AtomicU32::new(0));
    let count = || verified.swap(0, Ordering::Relaxed);
    let host = Host::new(issuer.transport.clone(), issuer.timer.clone(), Counted(verified.clone()));
    let verifier = TokenVerifier::builder("tenant.us.auth0.com")
        .audience("api")
        .client_id("app")
        .algorithms([Algorithm::ES256])
        .jwks_url("https://keys.example/")
        .host(host)
        .build()
        .expect("a verifier");
    issuer.transport.push(Reply::json(200, issuer.jwks("a")));
    let check = |token: &str, scope: &str| {
        code_or_good(block_on(verifier.access_token(token, &Expect::new().scopes([scope]))).map(drop))
    };
    let now = START.as_secs();
    let token = issuer.token("a", &serde_json::json!({ "exp": now + 1000 }));
    // The second time it is known to come again.
    assert_eq!([check(&token, "a"), check(&token, "a")], ["good", "good"]);
    assert_eq!(count(), 2);
    assert_eq!([check(&token, "a"), check(&token, "c"), check(&token, "b")], ["good", "insufficient_scope", "good"]);
    assert_eq!(count(), 0);
    // As another kind it is what it was.
    assert_eq!(code(block_on(verifier.id_token(&token, &Expect::new())).map(drop)), "audience_mismatch");
    count();

    // Another text with the same end: what is signed, or the signature, is another.
    let (signed, made) = token.rsplit_once('.').expect("a signature");
    let other = issuer.token("a", &serde_json::json!({ "exp": now + 2000 }));
    let (other_signed, _) = other.rsplit_once('.').expect("a signature");
    let flipped = if made.starts_with('A') { "B" } else { "A" };
    for spoiled in [format!("{other_signed}.{made}"), format!("{signed}.{flipped}{}", &made[1..])] {
        assert_eq!(check(&spoiled, "a"), "signature_invalid");
        assert_eq!(count(), 1);
        assert_eq!(check(&spoiled, "a"), "signature_invalid");
        assert_eq!(count(), 1);
    }

    // What is refused is not kept; nor are tokens that come once.
    let narrow = issuer.token("a", &serde_json::json!({ "scope": "b" }));
    for _ in 0..3 {
        assert_eq!(check(&narrow, "a"), "insufficient_scope");
        assert_eq!(count(), 1);
    }
    let identity = issuer.token("a", &serde_json::json!({ "aud": "app" }));
    for _ in 0..3 {
        block_on(verifier.id_token(&identity, &Expect::new())).expect("a good token");
        assert_eq!(count(), 1);
    }

    // A thousand are kept, then none.
    let mut one = String::new();
    for at in 0..999 {
        one = issuer.token("a", &serde_json::json!({ "exp": now + 5000, "jti": at.to_string() }));
        assert_eq!(check(&one, "a"), "good");
    }
    assert_eq!(count(), 999);
    // One of them that comes again takes no other's place.
    assert_eq!([check(&one, "a"), check(&token, "a")], ["good", "good"]);
    assert_eq!(count(), 1);
    assert_eq!([check(&narrow, "b"), check(&token, "a")], ["good", "good"]);
    assert_eq!(count(), 2);
    for _ in 0..4 {
        assert_eq!([check(&narrow, "b"), check(&token, "a")], ["good", "good"]);
    }
    assert_eq!(count(), 2);

    // The same key comes again and serves; another of the same name does not.
    issuer.timer.advance(seconds(700));
    issuer.transport.push(Reply::json(200, issuer.jwks("a")));
    assert_eq!(check(&token, "a"), "good");
    assert_eq!(count(), 0);
    issuer.timer.advance(seconds(290));
    assert_eq!(check(&token, "a"), "good");
    issuer.timer.advance(seconds(70));
    assert_eq!([check(&token, "a"), check(&narrow, "b")], ["expired", "good"]);
    issuer.timer.advance(seconds(400));
    issuer.transport.push(Reply::json(200, Issuer::new([]).jwks("a")));
    count();
    assert_eq!(check(&narrow, "b"), "signature_invalid");
    assert_eq!(count(), 1);
}

#[test]
fn what_is_no_key_set_is_told_and_kept_nowhere() {
    let many = || format!("{{\"keys\":[{}]}}", vec![r#"{"kty":"OKP"}"#; 10_000].join(","));
    for (reply, word) in [
        (Reply::json(200, "<html>Sorry</html>"), "HTML"),
        (Reply::json(200, ""), "no JSON"),
        (Reply::json(200, "{}"), "no array"),
        (Reply::json(200, r#"{"keys":[]}"#), "no key"),
        (Reply::json(200, many()), "more than 100"),
        (Reply::json(200, " ".repeat(300_000)), "256 KiB"),
        (Reply::json(404, "{}"), "404"),
        (Reply::status(302).header("location", "https://evil.example/"), "302"),
        (Reply::hang(), "in time"),
        (Reply::json(200, "{\"keys\":").then_hangs(), "in time"),
        (Reply::json(200, "{\"keys\":").then_breaks(), "connection"),
    ] {
        let issuer = Issuer::new([Reply::json(200, DISCOVERY), reply]);
        let verifier = issuer.verifier();
        let error = issuer.check(&verifier, "a").expect_err(word);
        assert_eq!(error.code(), Some("keys_unavailable"), "{word}");
        assert!(error.to_string().contains(word), "{word}: {error}");
        // The next token waits a little, and is then good.
        assert_eq!(code(issuer.check(&verifier, "a")), "keys_unavailable");
        issuer.timer.advance(seconds(3));
        issuer.transport.push(Reply::json(200, DISCOVERY));
        issuer.transport.push(Reply::json(200, issuer.jwks("a")));
        issuer.check(&verifier, "a").unwrap();
    }
    let issuer = Issuer::new([Reply::json(200, DISCOVERY.replace("tenant", "other"))]);
    let error = issuer.check(&issuer.verifier(), "a").unwrap_err();
    assert!(error.message().contains("another issuer"), "{error}");
}

#[test]
fn a_new_process_starts_with_the_keys_of_the_store() {
    let issuer = Issuer::new([Reply::json(200, DISCOVERY)]);
    issuer.transport.push(Reply::json(200, issuer.jwks("a")));
    let build = || {
        let builder = TokenVerifier::builder("tenant.us.auth0.com").audience("api").algorithms([Algorithm::ES256]);
        builder.host(issuer.host.clone()).keys_in_store().build().unwrap()
    };
    issuer.check(&build(), "a").unwrap();
    let second = build();
    issuer.check(&second, "a").unwrap();
    assert_eq!(issuer.transport.requests().len(), 2);
}

#[tokio::test]
async fn all_tokens_wait_for_one_fetch() {
    let issuer = tokio::task::spawn_blocking(|| Issuer::new([])).await.expect("an issuer");
    let jwks = issuer.jwks("a");
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let transport = move |request: HttpRequest| {
        count.fetch_add(1, Ordering::Relaxed);
        let text = if request.url.ends_with("openid-configuration") { DISCOVERY.to_owned() } else { jwks.clone() };
        async move {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            Ok::<_, TransportError>(HttpResponse::new(200, Headers::new(), text))
        }
    };
    let host = Host::new(transport, ManualTimer::new(), NativeCrypto);
    let builder = TokenVerifier::builder("tenant.us.auth0.com").audience("api").algorithms([Algorithm::ES256]);
    let verifier = builder.host(host).build().expect("a verifier");
    let now = START.as_secs();
    let claims = serde_json::json!({ "iss": ISSUER, "aud": "api", "sub": "1", "iat": now, "exp": now + 60 });
    let mut tokens = Vec::new();
    for kid in ["a", "unknown"].into_iter().cycle().take(60) {
        let signed = issuer.unsigned(&serde_json::json!({ "alg": "ES256", "kid": kid }), &claims);
        let made = issuer.host.crypto().sign(&issuer.key, signed.as_bytes()).await.expect("a signature");
        tokens.push(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(made)));
    }
    let expect = Expect::new();
    let judged = all(tokens.iter().map(|token| verifier.access_token(token, &expect))).await;
    for (index, judged) in judged.into_iter().enumerate() {
        assert_eq!(judged.is_ok(), index % 2 == 0, "{judged:?}");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn a_logout_token_is_good_once_in_all_processes() {
    let issuer = Issuer::new([]);
    let process = |store: Arc<MemoryStore>| {
        TokenVerifier::builder("tenant.us.auth0.com")
            .client_id("client")
            .algorithms([Algorithm::ES256])
            .jwks(issuer.jwks("a"))
            .host(issuer.host.clone().with_store(store))
            .build()
            .expect("a verifier")
    };
    let now = START.as_secs();
    let event = serde_json::json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let claims = serde_json::json!({ "aud": "client", "exp": now + 120, "jti": "1", "sid": "s", "events": event });
    let token = issuer.token("a", &claims);
    let other =
        issuer.token("a", &serde_json::json!({ "aud": "client", "exp": now + 120, "jti": "2", "events": event }));
    let store = Arc::new(MemoryStore::default());
    let (first, second) = (process(store.clone()), process(store));
    assert_eq!(block_on(first.logout_token(&token)).expect("a logout").session_id(), Some("s"));
    for verifier in [&first, &second] {
        assert_eq!(code(block_on(verifier.logout_token(&token)).map(drop)), "token_replayed");
    }
    block_on(second.logout_token(&other)).expect("another logout");
    // A process that shares nothing knows nothing.
    block_on(process(Arc::default()).logout_token(&token)).expect("a logout");
}

#[test]
fn settings_that_cannot_be_safe_are_refused() {
    let builder = || TokenVerifier::builder("tenant.us.auth0.com").audience("api").host(Issuer::new([]).host);
    for (builder, word) in [
        (builder().algorithms([]), "algorithms"),
        (builder().algorithms([Algorithm::HS256]), "algorithms"),
        (builder().algorithms([Algorithm::RS256]).secret("s".repeat(40)), "algorithms"),
        (builder().secret("s".repeat(40)).jwks("{}"), "one source"),
        (builder().jwks_url("http://tenant.us.auth0.com/jwks"), "https"),
        (builder().audience(""), "empty"),
        (TokenVerifier::builder("tenant.us.auth0.com"), "audience"),
    ] {
        let error = builder.build().expect_err(word);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(word), "{word}: {error}");
    }
    // A PEM for a secret, and a secret that is too short.
    for secret in ["-----BEGIN PUBLIC KEY-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "short"] {
        let verifier = builder().secret(secret).build().unwrap();
        let signed = format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
            URL_SAFE_NO_PAD.encode("{}"),
            "A".repeat(43)
        );
        let signed = signed.trim_end_matches('A').to_owned() + &"A".repeat(43);
        let error = block_on(verifier.access_token(&signed, &Expect::new())).unwrap_err();
        assert_eq!(error.code(), Some("key_unsuitable"), "{error}");
    }
    let issuer = Issuer::new([]);
    let error = block_on(issuer.verifier().id_token("a.b.c", &Expect::new())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(block_on(issuer.host.generate_key(Algorithm::ES512)).unwrap_err().code(), Some("algorithm_unsupported"));
    assert_eq!(block_on(issuer.host.generate_key(Algorithm::RS256)).unwrap_err().code(), Some("algorithm_unsupported"));
}

/// Answers every connection with these bytes, then with so many zeros.
async fn serve(head: &'static str, more: usize) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/jwks", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head.as_bytes()).await;
                let piece = vec![b' '; 65_536];
                for _ in 0..more / piece.len() {
                    if stream.write_all(&piece).await.is_err() {
                        return;
                    }
                }
                if more == 0 {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn fifty_megabytes_and_silence_over_loopback() {
    let issuer = tokio::task::spawn_blocking(|| Issuer::new([])).await.unwrap();
    let token = tokio::task::spawn_blocking(move || issuer.token("a", &Json::Null)).await.unwrap();
    for (head, more, word) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 52428800\r\n\r\n", 52_428_800, "256 KiB"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", 0, "in time"),
    ] {
        let host = Host::new(ReqwestTransport::new().unwrap(), TokioTimer, NativeCrypto);
        let verifier = TokenVerifier::builder("tenant.us.auth0.com")
            .audience("api")
            .algorithms([Algorithm::ES256])
            .jwks_url(serve(head, more).await)
            .keys_timeout(Duration::from_millis(if more == 0 { 200 } else { 60_000 }))
            .host(host)
            .build()
            .unwrap();
        let error = verifier.access_token(&token, &Expect::new()).await.unwrap_err();
        assert_eq!(error.code(), Some("keys_unavailable"));
        assert!(error.message().contains(word), "{word}: {error}");
    }
}

fn guarded(issuer: &Issuer, guard: &Guard, request: &GuardRequest<'_>) -> Result<String, (u16, Vec<String>, String)> {
    if issuer.transport.requests().is_empty() {
        issuer.transport.push(Reply::json(200, DISCOVERY));
        issuer.transport.push(Reply::json(200, issuer.jwks("a")));
    }
    block_on(guard.check(request)).map(|claims| claims.subject().to_owned()).map_err(|refused| {
        (refused.status, refused.www_authenticate, refused.error.code().unwrap_or_default().to_owned())
    })
}

#[test]
fn a_guard_answers_as_rfc_6750_says() {
    let issuer = Issuer::new([]);
    let guard = Guard::new(issuer.verifier()).without_dpop().realm("api").expect(Expect::new().scopes(["a"]));
    let (good, lacking) = (issuer.token("a", &Json::Null), issuer.token("a", &serde_json::json!({"scope": "b"})));
    let bearer = |token: &str| format!("Bearer {token}");
    let check = |headers: &[&str]| {
        let request =
            GuardRequest { method: "GET", url: "https://api.example/x", authorization: headers, ..Default::default() };
        guarded(&issuer, &guard, &request)
    };
    assert_eq!(check(&[&bearer(&good)]).as_deref(), Ok("auth0|1"));
    assert_eq!(check(&[&bearer(&good).replace("Bearer", "bEARER")]).as_deref(), Ok("auth0|1"));
    let (status, challenge, _) = check(&[]).unwrap_err();
    assert_eq!((status, challenge), (401, vec![r#"Bearer realm="api""#.to_owned()]));
    assert_eq!(check(&["Basic abc"]).unwrap_err().0, 401);
    let (status, challenge, _) = check(&[&bearer(&lacking)]).unwrap_err();
    assert_eq!(status, 403);
    assert_eq!(
        challenge,
        [
            r#"Bearer realm="api", error="insufficient_scope", error_description="the token lacks the scope a", scope="a""#
        ]
    );
    for headers in [&["Bearer"][..], &["Bearer "], &["Bearer a b"], &["Bearer a\"b"], &["Bearer a", "Bearer b"]] {
        let (status, challenge, code) = check(headers).unwrap_err();
        assert_eq!((status, code.as_str()), (400, "request_malformed"), "{headers:?}");
        assert!(challenge[0].contains("error=\"invalid_request\""), "{challenge:?}");
    }
    let (status, challenge, _) = check(&["Bearer abc"]).unwrap_err();
    assert_eq!(status, 401);
    assert!(challenge[0].contains("error=\"invalid_token\"") && challenge.len() == 1, "{challenge:?}");

    let down = Issuer::new([]);
    let guard = Guard::new(down.verifier());
    let token = bearer(&good);
    let headers = [token.as_str()];
    let request = GuardRequest { authorization: &headers, ..Default::default() };
    let refused = block_on(guard.check(&request)).unwrap_err();
    assert_eq!((refused.status, refused.www_authenticate.len()), (503, 0));
}

#[test]
fn a_bound_token_needs_its_proof() {
    let issuer = Issuer::new([]);
    let guard = Guard::new(issuer.verifier());
    let key = block_on(issuer.host.generate_key(Algorithm::EdDSA)).unwrap();
    let dpop = Dpop::new(&issuer.host, key).unwrap();
    let jkt = block_on(dpop.thumbprint()).unwrap();
    let bound = issuer.token("a", &serde_json::json!({"cnf": {"jkt": jkt}}));
    let free = issuer.token("a", &Json::Null);
    const URL: &str = "https://api.example/things";
    let check = |scheme: &str, token: &str, proofs: &[&str], nonce: Option<&str>| {
        let header = format!("{scheme} {token}");
        let (headers, url) = ([header.as_str()], format!("{URL}?page=1#x"));
        let request = GuardRequest {
            method: "GET",
            url: &url,
            authorization: &headers,
            dpop: proofs,
            dpop_nonce: nonce,
            certificate: None,
        };
        guarded(&issuer, &guard, &request)
    };
    let proof = |method: &str, url: &str, token: &str| block_on(dpop.proof(method, url, Some(token))).unwrap();
    let good = proof("GET", &format!("{URL}?other"), &bound);
    assert_eq!(check("DPoP", &bound, &[&good], None).as_deref(), Ok("auth0|1"));
    assert_eq!(check("Bearer", &free, &[], None).as_deref(), Ok("auth0|1"));
    let other = Dpop::new(&issuer.host, block_on(issuer.host.generate_key(Algorithm::ES384)).unwrap()).unwrap();
    let by_other = block_on(other.proof("GET", URL, Some(&bound))).unwrap();
    let without_ath = block_on(dpop.proof("GET", URL, None)).unwrap();
    let mut broken = proof("GET", URL, &bound);
    broken.replace_range(
        broken.len() - 10..broken.len() - 9,
        if broken.as_bytes()[broken.len() - 10] == b'A' { "B" } else { "A" },
    );
    for (scheme, token, proofs, wanted) in [
        ("Bearer", &bound, vec![], "dpop_required"),
        ("Bearer", &bound, vec![proof("GET", URL, &bound)], "dpop_required"),
        ("DPoP", &bound, vec![], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![proof("GET", URL, &bound), proof("GET", URL, &bound)], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![good.clone()], "dpop_replayed"),
        ("DPoP", &bound, vec![proof("POST", URL, &bound)], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![proof("get", URL, &bound)], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![proof("GET", "https://api.example/other", &bound)], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![proof("GET", "https://evil.example/things", &bound)], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![proof("GET", URL, &free)], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![without_ath], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![by_other], "dpop_binding_mismatch"),
        ("DPoP", &bound, vec![broken], "dpop_proof_invalid"),
        ("DPoP", &bound, vec![bound.clone()], "dpop_proof_invalid"),
        ("DPoP", &free, vec![proof("GET", URL, &free)], "dpop_binding_mismatch"),
    ] {
        let proofs: Vec<_> = proofs.iter().map(String::as_str).collect();
        let (status, challenge, code) = check(scheme, token, &proofs, None).expect_err(wanted);
        assert_eq!((status, code.as_str()), (401, wanted), "{challenge:?}");
        assert!(challenge.iter().any(|value| value.starts_with("DPoP ") && value.contains("ES256")), "{challenge:?}");
    }
    // Old, and from the future.
    let old = proof("GET", URL, &bound);
    issuer.timer.advance(seconds(120));
    assert_eq!(check("DPoP", &bound, &[&old], None).unwrap_err().2, "dpop_proof_invalid");
    // The server's nonce.
    let plain = proof("GET", URL, &bound);
    let (status, challenge, code) = check("DPoP", &bound, &[&plain], Some("n-1")).unwrap_err();
    assert_eq!((status, code.as_str()), (401, "use_dpop_nonce"));
    let mut headers = Headers::new();
    headers.append("www-authenticate", challenge[0].clone());
    headers.append("dpop-nonce", "n-1");
    assert!(dpop.learn(URL, status, &headers, None));
    assert_eq!(check("DPoP", &bound, &[&proof("GET", URL, &bound)], Some("n-1")).as_deref(), Ok("auth0|1"));
    assert_eq!(dpop.nonce("https://other.example/"), None);
    // Bound to a certificate, or in a way that nobody knows.
    for (cnf, wanted) in [
        (serde_json::json!({"x5t#S256": "abc"}), "certificate_mismatch"),
        (serde_json::json!({"kid": "1"}), "confirmation_unsupported"),
    ] {
        let token = issuer.token("a", &serde_json::json!({ "cnf": cnf }));
        assert_eq!(check("Bearer", &token, &[], None).unwrap_err().2, wanted);
    }
}

fn claims_of(token: &str) -> (Json, Json) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    let mut next = || serde_json::from_slice(&parts.next().expect("a part")).expect("JSON");
    (next(), next())
}

#[test]
fn a_transport_proves_and_learns_nonces() {
    let issuer = Issuer::new([
        Reply::json(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", "one"),
        Reply::json(200, "{}"),
        Reply::json(200, "{}").header("dpop-nonce", "two"),
        Reply::status(401).header("www-authenticate", "DPoP error=\"use_dpop_nonce\"").header("dpop-nonce", "three"),
        Reply::status(401).header("www-authenticate", "DPoP error=\"use_dpop_nonce\"").header("dpop-nonce", "four"),
        Reply::json(400, r#"{"error":"invalid_grant"}"#).header("dpop-nonce", "five"),
    ]);
    let dpop = Dpop::new(&issuer.host, issuer.key.clone()).unwrap();
    let transport = dpop.transport(issuer.transport.clone());
    let send = |authorization: Option<&str>| {
        let mut headers = Headers::new();
        if let Some(value) = authorization {
            headers.append("authorization", value);
        }
        let request = HttpRequest {
            method: Method::Post,
            url: "https://a.example/token?x=1".to_owned(),
            headers,
            body: RequestBody::Empty,
            read: Read::Bytes,
        };
        block_on(transport.send(request)).expect("an answer").status
    };
    let sent = |index: usize| -> (Recorded, Json) {
        let request = issuer.transport.requests().swap_remove(index);
        let (_, claims) = claims_of(&request.headers.get("dpop").expect("a proof"));
        (request, claims)
    };
    assert_eq!(send(None), 200);
    assert_eq!((sent(0).1["nonce"].as_str(), sent(1).1["nonce"].as_str()), (None, Some("one")));
    assert_ne!(sent(0).1["jti"], sent(1).1["jti"]);
    assert_eq!(sent(1).1["htu"], "https://a.example/token");
    assert_eq!(send(Some("Bearer Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")), 200);
    let (request, claims) = sent(2);
    assert_eq!(request.headers.get("authorization").unwrap(), "DPoP Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    // RFC 9449, section 7.
    assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    // Once, and not for ever.
    assert_eq!(send(None), 401);
    assert_eq!(issuer.transport.requests().len(), 5);
    assert_eq!((sent(3).1["nonce"].as_str(), sent(4).1["nonce"].as_str()), (Some("two"), Some("three")));
    // A refusal for another reason is not sent again, and its nonce is learned.
    assert_eq!(send(None), 400);
    assert_eq!(dpop.nonce("https://a.example:443/").as_deref(), Some("five"));
    assert!(Dpop::new(&issuer.host, issuer.key.clone()).is_ok_and(|fresh| fresh.nonce("https://a.example/").is_none()));
}

#[test]
fn an_assertion_is_new_each_time() {
    let issuer = Issuer::new([]);
    let assertion = ClientAssertion::new(&issuer.host, "client", ISSUER, issuer.key.clone()).unwrap().key_id("k");
    let made = block_on(assertion.make()).unwrap();
    let (header, claims) = claims_of(made.expose());
    assert_eq!(header, serde_json::json!({"alg": "ES256", "typ": "JWT", "kid": "k"}));
    let now = START.as_secs();
    assert_eq!(
        (claims["iss"].as_str(), claims["sub"].as_str(), claims["aud"].as_str()),
        (Some("client"), Some("client"), Some(ISSUER))
    );
    assert_eq!((claims["iat"].as_u64(), claims["exp"].as_u64()), (Some(now), Some(now + 60)));
    // Auth0 takes none that lives for more than five minutes.
    let long = assertion.clone().lifetime(seconds(3600));
    let (_, long) = claims_of(block_on(long.make()).unwrap().expose());
    assert_eq!(long["exp"].as_u64(), Some(now + 300));
    let again = block_on(assertion.make()).unwrap();
    assert_ne!(claims_of(again.expose()).1["jti"], claims["jti"]);
    assert!(!format!("{assertion:?}").contains(made.expose()));
    for (client, audience) in [("", ISSUER), ("client", "")] {
        assert!(ClientAssertion::new(&issuer.host, client, audience, issuer.key.clone()).is_err());
    }
}
