//! The Rust that the playground shows, for every operation with the least that it needs and with everything: it compiles. The
//! step `www` of the tests holds `calls.rs` to what the page makes (`www/snippets.mjs`).

#[rustfmt::skip]
#[allow(dead_code, unused_variables, non_snake_case, clippy::all, reason = "what is shown to people is to be read, and not run")]
mod calls;

/// What says that the file is whole; that this compiles is the test.
#[test]
fn every_operation_is_called() {
    let text = include_str!("calls.rs");
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("async fn ")).collect();
    names.retain(|name| !name.contains("__odd_"));
    let mut operations: Vec<&str> = names.iter().filter_map(|name| name.rsplit_once("__").map(|(id, _)| id)).collect();
    operations.dedup();
    assert_eq!(operations.len(), 491);
}
