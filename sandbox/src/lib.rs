//! A local Auth0 tenant that keeps state: for tests, and for trying things out without an account.
//!
//! ```no_run
//! # async fn example() -> Result<(), auth0_sandbox::SandboxError> {
//! let sandbox = auth0_sandbox::Sandbox::builder().users(2500).start().await?;
//! println!("{} {} {}", sandbox.base_url(), sandbox.client_id(), sandbox.client_secret());
//! sandbox.fault(auth0_sandbox::Fault::status(503).on_operation("users.list"))?;
//! // ... use a client ...
//! assert_eq!(sandbox.requests().len(), 2);
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! It answers the Authentication API with its pages, and all operations of the Management API below `/api/v2`, which it
//! knows from the package `auth0-api-description`. Each has state behind it; where [`Builder::sample_refused`] asks for answers
//! to what the state refuses, those have the header `x-sandbox-sampled: true`. The controls for tests, which are methods of
//! [`Sandbox`] here, are below `/__sandbox/` for clients in other languages.
//!
//! State is in memory, or in a data file ([`Builder::data`]). Nothing here is a security boundary: it is a test double that listens on this machine.
#![forbid(unsafe_code)]

mod auth;
mod bell;
mod builder;
mod clock;
mod collection;
mod control;
mod crypto;
#[cfg(not(target_arch = "wasm32"))]
mod data;
mod domains;
mod embedded;
mod error;
mod events;
#[cfg(test)]
mod every_operation;
mod exchange;
mod faults;
mod ids;
mod journal;
mod limits;
mod list;
mod logs;
mod management;
mod message;
mod model;
mod outbox;
mod sample;
#[cfg(not(target_arch = "wasm32"))]
mod sandbox;
mod search;
mod seed;
mod seed_file;
#[cfg(not(target_arch = "wasm32"))]
mod server;
mod store;
mod tenant;
mod users;
mod validate;

pub use builder::Builder;
pub use embedded::{Embedded, Pending, Reply};
pub use error::SandboxError;
pub use faults::{Fault, Match};
pub use journal::Entry;
pub use limits::{RateLimit, Tier};
pub use outbox::Message;
#[cfg(not(target_arch = "wasm32"))]
pub use sandbox::Sandbox;
