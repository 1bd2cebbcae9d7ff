//! The JWK parser: no panic, and what it takes it can show without its private parts.
#![no_main]

use auth0_sdk::Jwk;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(jwk) = Jwk::parse(text) {
        // The public form of a key is a key, and has nothing private.
        let shown = Jwk::parse(&jwk.public_json());
        assert!(jwk.key_type() == "oct" || shown.is_ok_and(|public| !public.is_private()));
    }
});
