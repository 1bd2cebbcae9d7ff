//! The sandbox over real HTTP on a loopback address.

mod answers;
mod client;
mod command;
mod faults;
mod lists;
mod records;
mod tokens;
