//! The authentication side: logins, tokens, keys and what leads to them.
//!
//! Each endpoint is a method of [`visit::Visit`], in the file of its flow. What lasts (sessions, refresh tokens, grants,
//! users, logs) is in the store, where the Management API shows it; what lives for minutes is in [`flows::Flows`].

mod authenticators;
mod authority;
mod authorize;
mod ceremony;
mod client;
mod controls;
mod database;
mod dpop;
mod enrolment;
mod error;
mod exchange;
mod flows;
mod grants;
mod jwt;
mod keys;
mod legacy;
mod links;
mod logout;
mod mfa;
mod mfa_factors;
mod pages;
mod parameters;
mod passwordless;
mod passwords;
mod proceed;
mod refresh;
mod register;
mod sessions;
mod tokens;
mod universal;
mod visit;
mod waiting;

pub(crate) use authority::{Authority, Grant};
pub(crate) use client::{default_grants, forget_key, forget_keys, keep_key};
pub(crate) use controls::handle as control;
pub(crate) use flows::{ENROLL, Flows, Ticket, new_ticket};
pub(crate) use mfa_factors::{enrolments, forget_factor, keep_totp_secret, new_recovery_code};
pub(crate) use passwords::{Blocks, forget_user, keep_password};
pub(crate) use refresh::{remove_refresh_token, revoke_of_client};
pub(crate) use sessions::{end_sessions, remove_session, revoke_user};
pub(crate) use visit::{handle, name};
