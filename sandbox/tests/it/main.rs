//! The sandbox over real HTTP on a loopback address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod bad_input;
mod client;
mod codes;
mod command;
mod data;
mod domains;
mod enrolment;
mod events;
mod exports;
mod factors;
mod faults;
mod flows;
mod keys;
mod lists;
mod login;
mod passkeys;
mod records;
mod rules;
mod searches;
mod seeds;
mod special;
mod tokens;
