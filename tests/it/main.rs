//! One binary for all tests of the crate from outside. What needs no runtime runs natively and as wasm.
#![allow(clippy::expect_used, clippy::panic, reason = "clippy knows test functions, and not the helpers of tests")]

mod auth;
mod bad_input;
mod bulk;
mod cases;
mod errors;
mod executor;
#[cfg(any(feature = "native", target_arch = "wasm32"))]
mod keys;
mod observe;
mod pacing;
mod paging;
mod retry;
mod secrets;
mod stores;
mod support;
mod timeouts;
mod tokens;

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod auth_sandbox;
#[cfg(not(target_arch = "wasm32"))]
mod conformance;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod differential;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod end_to_end;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod faults;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod interop;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod jwks;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod logins;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod nonces;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod oidc;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod prism;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod prism_auth;
#[cfg(all(feature = "tracing", not(target_arch = "wasm32")))]
mod traced;
#[cfg(all(feature = "management", not(target_arch = "wasm32")))]
mod typed;
#[cfg(all(feature = "management", not(target_arch = "wasm32")))]
mod typed_generated;
