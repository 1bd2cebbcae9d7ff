//! One binary for all tests of the crate from outside. What needs no runtime runs natively and as wasm.

mod cases;
mod support;
