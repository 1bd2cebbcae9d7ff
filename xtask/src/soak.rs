//! `cargo xtask soak`: a million users, in memory that does not grow.

use crate::process::{command, output};
use crate::tools::Tools;
use crate::{bench, sandbox};
use serde_json::Value;
use std::path::Path;

/// How many, unless said otherwise.
const USERS: u32 = 1_000_000;

/// What may be resident at the end over what was after the first 10,000, in KB: allocators keep some of what was freed.
const GROWTH_KB: u64 = 8 * 1024;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let users: u32 = match arguments {
        [] => USERS,
        [count] => count.parse().ok().filter(|count| *count >= 20_000).ok_or("soak takes a number from 20000 on")?,
        other => return Err(format!("soak takes a number of users and nothing else, not {other:?}")),
    };
    let tools = Tools::new(root);
    let program = bench::build(root, &tools, "typed", "export,organizations,users")?;
    let sandbox = sandbox::start_built(&sandbox::build_release(root)?, users, &[])?;
    let mut walk = command(&program, root);
    sandbox.describe(walk.arg("--members"));
    judge("members of an organization, by cursor", &output(&mut walk)?, users)?;
    drop(sandbox);
    let export = output(command(&program, root).args(["--export", &users.to_string()]))?;
    judge("users of an export, gzip", &export, users)
}

fn judge(what: &str, printed: &str, wanted: u32) -> Result<(), String> {
    let figures: Value = serde_json::from_str(printed).map_err(|error| format!("{what}: {error}: {printed}"))?;
    let number = |name: &str| figures.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (items, early, end) = (number("items"), number("rss_kb_after_10000"), number("rss_kb_at_end"));
    println!(
        "{what}: {items} in {} s, resident {early} KB after 10,000, {end} KB at the end, {} KB at most",
        figures.get("seconds").unwrap_or(&Value::Null),
        number("rss_kb_peak")
    );
    if items != u64::from(wanted) {
        return Err(format!("{what}: {items} of {wanted} came"));
    }
    if end > early + GROWTH_KB {
        return Err(format!("{what}: the memory grew from {early} to {end} KB"));
    }
    Ok(())
}
