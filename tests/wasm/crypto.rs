//! `WebCrypto`.

use auth0_sdk::{Crypto, ErrorKind, WebCrypto};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn random_bytes_are_random() {
    let draw = || {
        let mut bytes = [0; 32];
        WebCrypto.random(&mut bytes).expect("random bytes");
        bytes
    };
    let (first, second) = (draw(), draw());
    assert_ne!(first, second);
    for bytes in [first, second] {
        assert!(bytes.iter().filter(|byte| **byte != 0).count() > 16, "{bytes:?}");
    }
    WebCrypto.random(&mut []).expect("no bytes");
    // More than WebCrypto gives in one call is an error and not a half-filled buffer.
    let refused = WebCrypto.random(&mut [0; 65_537]).expect_err("too many");
    assert_eq!(refused.kind(), ErrorKind::Config);
}

/// The examples of FIPS 180-4 (NIST, "SHA-256" example values).
#[wasm_bindgen_test]
async fn sha256_of_known_texts() {
    let million = "a".repeat(1_000_000);
    for (text, digest) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (&*million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ] {
        let made = WebCrypto.sha256(text.as_bytes()).await.expect("a digest");
        let made: String = made.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(made, digest, "{} bytes", text.len());
    }
}
