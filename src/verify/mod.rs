//! Verifying tokens: access tokens, ID tokens, logout tokens, and the requests that carry them.
//!
//! [`TokenVerifier`] checks a token, [`Guard`] a request. What is checked, and why, stands in `docs/verification.md`; each
//! check has a stable code ([`Error::code`](crate::Error::code)), and an error says what was expected and what was found,
//! and never the token.
//!
//! The decisions are pure: [`claims`](self) and header are judged by functions of the text and the time, the key set is a
//! state machine. Fetching keys and the one call of the platform's `verify` stand around them.

mod builder;
mod claims;
mod fetch;
mod good;
mod guard;
mod keys;
#[cfg(all(feature = "tower", not(target_arch = "wasm32")))]
mod layer;
mod proof;
mod verifier;

pub use builder::TokenVerifierBuilder;
pub use claims::{Claims, Expect};
pub use guard::{Challenge, Guard, GuardRequest};
#[cfg(all(feature = "tower", not(target_arch = "wasm32")))]
pub use layer::{GuardLayer, GuardService};
pub use verifier::TokenVerifier;
