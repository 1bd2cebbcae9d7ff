//! The parts that only Rust on wasm32 has: `fetch`, `setTimeout`, WebCrypto. What the npm package calls is tested through the
//! package (tests/js).
//!
//! One binary for Node and for browsers: wasm-bindgen-test-runner takes Node unless `WASM_BINDGEN_USE_BROWSER` is set.
//! `cargo xtask wasm-tests` runs it, and `tests/it`, in both.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests, which clippy knows by #[test] only")]

mod crypto;
mod fetch;
mod support;
mod timer;
mod typed;
