//! An unofficial client for Auth0, for native Rust and for WebAssembly.
//!
//! [`ManagementClient`] calls every operation of the Management API, [`AuthenticationClient`] the Authentication API. Tokens, retries, timeouts, rate limits and paging are
//! taken care of; the place it runs in is behind four small traits ([`Transport`], [`Timer`], [`Crypto`],
//! [`TokenStore`]), which [`Host`] bundles.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    target_arch = "wasm32",
    allow(clippy::arc_with_non_send_sync, reason = "natively they are, and the code is one")
)]

pub mod auth;
mod bulk;
mod client;
#[cfg(feature = "models")]
mod date_time;
mod domain;
mod error;
#[cfg(feature = "models")]
mod field;
mod host;
mod http;
mod jose;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod js;
mod json;
mod json_path;
pub mod management;
mod maybe_send;
mod observe;
mod pace;
mod pagination;
mod poll;
mod rate_limit;
mod retry;
mod secret;
#[cfg(feature = "events")]
mod sse;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod token;
pub mod verify;

pub use auth::{AuthenticationBuilder, AuthenticationClient};
pub use bulk::{
    Bulk, Checkpoint as BulkCheckpoint, Failure as BulkFailure, Progress as BulkProgress, Report as BulkReport,
    Stop as BulkStop, Stopped as BulkStopped,
};
pub use client::ManagementBuilder;
#[cfg(feature = "models")]
pub use date_time::DateTime;
pub use domain::Domain;
pub use error::{Error, ErrorKind};
#[cfg(feature = "models")]
pub use field::{Field, IntoEntries, IntoField, IntoItems, Null};
#[cfg(all(feature = "redis", not(target_arch = "wasm32")))]
pub use host::Redis;
pub use host::{
    Budget, Crypto, Host, Kept, Key, KeyMaterial, KeyUsage, KeyValue, Lease, MemoryStore, SharedStore, StoredToken,
    Timer, TokenStore, Transport, TransportError,
};
#[cfg(target_arch = "wasm32")]
pub use host::{FetchTransport, JsTimer, WebCrypto};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use host::{Files, NativeCrypto, ReqwestTransport, Tls, TokioTimer};
#[cfg(all(feature = "workers", target_arch = "wasm32"))]
pub use host::{WorkersKv, WorkersObject};
pub use http::{
    ByteStream, ErrorBody, Headers, HttpBody, HttpRequest, HttpResponse, Method, Multipart, Read, RequestBody,
};
pub use jose::{Algorithm, ClientAssertion, CodeVerifier, Dpop, DpopTransport, Hash, Jwk, Pem, random_text};
pub use management::{Call, Items, ManagementClient, Page, Pages, Response};
pub use maybe_send::{BoxFuture, BoxStream, Handle, MaybeSend, MaybeSync};
pub use observe::{RequestEvent, ResponseEvent, RetryEvent};
pub use pace::{Limiter, LimiterBuilder, Priority};
pub use rate_limit::{QuotaBucket, RateLimit, TokenQuota};
pub use retry::{Attempt, Decision, Outcome, Retry, RetryPolicy};
pub use secret::Secret;
pub use token::TokenProvider;

/// A JSON value, for calls that are untyped.
pub type Json = serde_json::Value;

/// The README's examples compile.
#[cfg(all(doctest, feature = "management"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the page on bulk work compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/bulk-and-limits.md")]
struct BulkAndLimits;
