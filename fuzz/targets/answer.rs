//! What a server answers with: any status, any body. No panic, one line of error, and a success is never lost.
#![no_main]

use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::{ErrorKind, ManagementClient};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Vec<u8>)| {
    let (status, body) = input;
    let status = 200 + status % 400;
    let host = host(ScriptedTransport::new([Reply::status(status).body(body.clone())]), ManualTimer::skipping());
    let auth0 = ManagementClient::builder("tenant.example.com").token("the-token").max_retries(0).host(host).build().unwrap();
    match block_on(async { auth0.operation("users.get").path("auth0|1").await }) {
        Ok(_) => assert!(status < 300),
        Err(error) => {
            let line = error.to_string();
            assert!(!line.contains(['\n', '\r']) && !line.contains("the-token"), "{line}");
            assert_eq!(error.status(), Some(status));
            if error.kind() == ErrorKind::Decode {
                assert_eq!(error.body().map(|kept| kept.text()), Some(String::from_utf8_lossy(&body).into_owned()));
            }
        }
    }
});
