//! The PEM parser: no panic, and no key in an error.
#![no_main]

use auth0_sdk::Pem;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Pem::parse(text) {
        Ok(pem) => {
            let _ = pem.is_private();
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
});
