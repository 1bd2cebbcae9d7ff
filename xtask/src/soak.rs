//! `cargo xtask soak`: a million users, and with `--faults` a million calls that meet faults, in memory that does not grow.

use crate::process::{command, output, run as run_command};
use crate::tools::Tools;
use crate::{bench, files, npm, sandbox};
use serde_json::{Value, json};
use std::path::Path;

/// The same over a million calls: an engine keeps more of what its collector has freed. What is in use is judged more strictly.
const RESIDENT_KB: u64 = 64 * 1024;

/// How many, unless said otherwise.
const USERS: u32 = 1_000_000;

/// How many calls, unless said otherwise.
const CALLS: u32 = 1_000_000;

/// What may be resident at the end over what was after the first 10,000, in KB: allocators keep some of what was freed.
const GROWTH_KB: u64 = 8 * 1024;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    if let ["--faults", rest @ ..] = arguments {
        let calls = match rest {
            [] => CALLS,
            [count] => {
                count.parse().ok().filter(|count| *count >= 15_000).ok_or("--faults takes a number from 15000 on")?
            }
            other => return Err(format!("--faults takes a number of calls and nothing else, not {other:?}")),
        };
        return faults(root, calls);
    }
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
    judge("members of an organization, by cursor", &output(&mut walk)?, users, GROWTH_KB)?;
    drop(sandbox);
    let export = output(command(&program, root).args(["--export", &users.to_string()]))?;
    judge("users of an export, gzip", &export, users, GROWTH_KB)
}

/// Calls against a server that fails on purpose, natively and in Node.
pub(crate) fn faults(root: &Path, calls: u32) -> Result<(), String> {
    let tools = Tools::new(root);
    // A short run waits more than it works: the profile of the tests has most of it built already.
    let task = if calls < CALLS { "test" } else { "bench" };
    let program = bench::build_by(root, &tools, task, "soak", "native")?;
    let server = bench::Server::start(&program, root)?;
    let native = output(command(&program, root).args(["--calls", &calls.to_string(), &server.origin]))?;
    judge_calls("natively", &native, calls)?;
    if !root.join("target/npm/auth0-sdk.tgz").exists() {
        npm::build(root)?;
    }
    let project = root.join("target/bench/soak");
    files::write(&project.join("package.json"), r#"{ "private": true }"#)?;
    let mut install = command("npm", &project);
    install.args(["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    run_command(install.args(["--prefer-offline", "../../npm/auth0-sdk.tgz"]))?;
    let arguments = json!({"origin": server.origin, "project": project, "calls": calls});
    let mut node = tools.command("node")?;
    node.args(["--expose-gc", "benches/js/soak.mjs", &arguments.to_string()]);
    judge_calls("in Node", &output(&mut node)?, calls)
}

fn judge_calls(what: &str, printed: &str, wanted: u32) -> Result<(), String> {
    judge(what, printed, wanted, RESIDENT_KB)?;
    let figures: Value = serde_json::from_str(printed).map_err(|error| format!("{what}: {error}: {printed}"))?;
    let count = |path: &str| figures.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    println!(
        "  {} retries; heap {} KB after 10,000, {} KB at the end; {}",
        count("/retries"),
        count("/heap_kb_after_10000"),
        count("/heap_kb_at_end"),
        figures.get("outcomes").unwrap_or(&Value::Null)
    );
    // Most faults are got over, and of each kind that is not some were there.
    let kinds = figures.get("outcomes").and_then(Value::as_object).map_or(0, serde_json::Map::len);
    if count("/outcomes/ok") < u64::from(wanted) * 97 / 100 || count("/retries") < u64::from(wanted) / 25 || kinds < 3 {
        return Err(format!("{what}: the faults were not met as they should: {printed}"));
    }
    if count("/heap_kb_at_end") > count("/heap_kb_after_10000") + GROWTH_KB {
        return Err(format!("{what}: the heap grew: {printed}"));
    }
    Ok(())
}

fn judge(what: &str, printed: &str, wanted: u32, growth: u64) -> Result<(), String> {
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
    if end > early + growth {
        return Err(format!("{what}: the memory grew from {early} to {end} KB"));
    }
    Ok(())
}
