//! The parts that only the wasm build has: `fetch`, `setTimeout`, WebCrypto, and what the npm package calls.
//!
//! One binary for Node and for browsers: wasm-bindgen-test-runner takes Node unless `WASM_BINDGEN_USE_BROWSER` is set.
//! `cargo xtask wasm-tests` runs it, and `tests/it`, in both.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests, which clippy knows by #[test] only")]

mod calls;
mod crypto;
mod fetch;
mod paging;
mod query;
mod support;
mod timer;
mod typed;
