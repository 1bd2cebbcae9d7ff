//! The verifier: no token from outside is good, none makes it panic, and none is repeated in an error.
#![no_main]

use auth0_sdk::testing::{ManualTimer, ScriptedTransport, block_on, host};
use auth0_sdk::verify::{Expect, TokenVerifier};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

// The public key of RFC 7515, appendix A.2. Who finds a token that it verifies has broken RSA.
const KEYS: &str = r#"{"keys":[{"kty":"RSA","kid":"a","alg":"RS256","use":"sig","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}]}"#;

fn verifier() -> &'static TokenVerifier {
    static VERIFIER: OnceLock<TokenVerifier> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        let host = host(ScriptedTransport::new([]), ManualTimer::skipping());
        TokenVerifier::builder("tenant.example.com").audience("api").client_id("client").jwks(KEYS).host(host).build().unwrap()
    })
}

fuzz_target!(|token: &str| {
    let expect = Expect::new();
    for result in [
        block_on(verifier().access_token(token, &expect)),
        block_on(verifier().id_token(token, &expect)),
    ] {
        let error = result.expect_err("a token that nobody signed");
        // What the error says of its own accord, a fuzzer sends after a while: whitespace is in no token.
        let shown = format!("{error} {error:?}");
        assert!(token.len() < 24 || token.contains(char::is_whitespace) || !shown.contains(token), "{shown}");
    }
});
