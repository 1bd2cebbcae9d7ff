//! The Rust that people are shown compiles: that of the playground, for every operation with the least that it needs and with
//! everything, and that of the documents. The step `www` of the tests holds `calls.rs` to what the page makes
//! (`www/snippets.mjs`).

#[rustfmt::skip]
#[allow(dead_code, unused_variables, non_snake_case, clippy::all, reason = "what is shown to people is to be read, and not run")]
mod calls;
#[rustfmt::skip]
#[allow(dead_code, unused_variables, clippy::all, reason = "what is shown to people is to be read, and not run")]
mod documents;

/// What says that the file is whole; that it compiles is the test.
#[test]
fn every_operation_is_called() {
    let text = include_str!("calls.rs");
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("async fn ")).collect();
    names.retain(|name| !name.contains("__odd_"));
    let mut operations: Vec<&str> = names.iter().filter_map(|name| name.rsplit_once("__").map(|(id, _)| id)).collect();
    operations.dedup();
    assert_eq!(operations.len(), 491);
}

/// Blocks that are ignored as tests of the documentation are kept where a compiler reads them.
#[test]
fn what_the_documents_show_is_compiled() {
    let documents = [
        include_str!("../../README.md"),
        include_str!("../../docs/bulk-and-limits.md"),
        include_str!("../../docs/verification.md"),
    ];
    let compiled = [include_str!("documents.rs"), include_str!("../../examples/axum/tests/documents.rs")].concat();
    let mut found = 0;
    for block in documents.iter().flat_map(|text| text.split("```rust,ignore\n").skip(1)) {
        let code = block.split_once("```").expect("a block has an end").0;
        for line in code.lines().map(|line| line.trim_start_matches("// ")).filter(|line| !line.is_empty()) {
            assert!(compiled.contains(line), "no test compiles this: {line}");
            found += 1;
        }
    }
    assert!(found > 12, "{found}");
}
