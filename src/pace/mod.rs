//! Pacing: what keeps a job just under the limit of the server, in the place of bouncing off it.

mod booking;
mod bucket;
mod fleet;
#[cfg(test)]
mod fleet_simulation;
mod limiter;
mod queue;
mod seen;
#[cfg(test)]
mod simulation;
mod state;
mod text;

pub(crate) use limiter::Permit;
pub use limiter::{Limiter, LimiterBuilder, Priority};
pub(crate) use state::Route;
