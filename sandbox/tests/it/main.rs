//! The sandbox over real HTTP on a loopback address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod client;
mod command;
mod faults;
mod lists;
mod records;
mod tokens;
