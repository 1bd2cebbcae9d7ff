//! `cargo xtask bulk`: a job of many updates against Auth0's rate limits, in Rust and JavaScript, and beside it the npm package `auth0` and
//! auth0-python with their defaults. Each against a sandbox of its own, all at the same time: what they wait for is the limit.

use crate::process::{command, output, run as run_command};
use crate::sandbox::{self, Sandbox};
use crate::tools::Tools;
use crate::{bench, files, npm, tour};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tier: its name, how many requests at once, how many a second, and how many updates a small run makes.
const TIERS: [(&str, f64, f64, u32); 2] = [("free", 2.0, 2.0, 20), ("enterprise", 50.0, 16.0, 250)];

/// The peer, in the version that the table names.
const AUTH0_JS: &str = "auth0@7.1.0";

/// How many updates, unless it is a small run.
const ITEMS: u32 = 5_000;

/// So many at once.
const WORKERS: u32 = 10;

/// More time than the bucket needs, and answers with 429: what is aimed at.
const RATIO: f64 = 1.05;
const REFUSED: f64 = 0.005;

/// How a figure is come by.
struct Contender {
    name: &'static str,
    command: Command,
    ours: bool,
}

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let (items, check, tiers) = match arguments {
        [] => (Some(ITEMS), false, &TIERS[..]),
        ["--small"] => (None, true, &TIERS[..]),
        [tier] => {
            let index =
                TIERS.iter().position(|(name, ..)| name == tier).ok_or("bulk takes --small, free or enterprise")?;
            (Some(ITEMS), false, &TIERS[index..=index])
        }
        other => return Err(format!("bulk takes --small, or the name of a tier, not {other:?}")),
    };
    let tools = Tools::new(root);
    let program = bench::build_by(root, &tools, "test", "bulk", "native")?;
    let sandbox = sandbox::build(root)?;
    let modules = modules(root, check)?;
    let python = if check { PathBuf::new() } else { tools.python("tour/python", &[tour::AUTH0_PYTHON])? };
    let mut all = Vec::new();
    for (tier, size, speed, few) in tiers {
        let items = items.unwrap_or(*few);
        let ids = root.join(format!("target/bulk/{tier}.ids"));
        files::write(&ids, "")?;
        {
            let sandbox = sandbox::start_built(&sandbox, items, &[])?;
            let mut command = command(&program, root);
            sandbox.describe(command.args(["--ids", &items.to_string()]).env("BULK_IDS", &ids));
            output(&mut command)?;
        }
        let mut contenders = vec![
            Contender { name: "auth0-sdk, Rust", command: command(&program, root), ours: true },
            Contender { name: "auth0-sdk, Node", command: script(&tools, "node", "ours.mjs")?, ours: true },
        ];
        if !check {
            contenders.push(Contender {
                name: "auth0@7.1.0, Node",
                command: script(&tools, "node", "peer.mjs")?,
                ours: false,
            });
            contenders.push(Contender {
                name: "auth0-python 6.8.0",
                command: script(&tools, &python, "peer.py")?,
                ours: false,
            });
        }
        let mut running = Vec::new();
        for Contender { name, mut command, ours } in contenders {
            let sandbox = sandbox::start_built(&sandbox, items, &[])?;
            set_tier(root, &sandbox, tier)?;
            sandbox.describe(&mut command);
            command.env("BULK_IDS", &ids).env("BULK_WORKERS", WORKERS.to_string()).env("BULK_MODULES", &modules);
            let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
            let child = child.spawn().map_err(|error| format!("{name}: {error}"))?;
            running.push((name, ours, sandbox, child));
        }
        let ideal = (f64::from(items) - size) / speed;
        println!(
            "\n{tier} tier ({size} at once, {speed} a second), {items} updates, {WORKERS} at once; the bucket needs {ideal:.1} s\n"
        );
        println!(
            "| client | time | over the bucket's | requests | answered 429 | updates that failed |\n| --- | --- | --- | --- | --- | --- |"
        );
        for (name, ours, sandbox, child) in running {
            let printed = child.wait_with_output().map_err(|error| format!("{name}: {error}"))?;
            let figures: Value = serde_json::from_slice(&printed.stdout)
                .map_err(|error| format!("{name}: {error}: {}", String::from_utf8_lossy(&printed.stdout)))?;
            drop(sandbox);
            let number = |key: &str| figures.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
            let (seconds, requests, refused) = (number("seconds"), number("requests"), number("refused"));
            let share = refused / requests;
            println!(
                "| {name} | {seconds:.1} s | {:.3} | {requests} | {refused} ({:.2} %) | {} |",
                seconds / ideal,
                share * 100.0,
                number("failed")
            );
            if ours && check && (number("failed") != 0.0 || number("done") != f64::from(items) || refused > 2.0) {
                return Err(format!("{name}: {figures}: each update is to be made, and none to be refused"));
            }
            if ours && !check && (seconds / ideal > RATIO || share > REFUSED) {
                println!("  (aimed at: {RATIO} of the time, {} % refused)", REFUSED * 100.0);
            }
            all.push(json!({"tier": tier, "items": items, "client": name, "ideal": ideal, "figures": figures}));
        }
    }
    files::write(&root.join("target/bulk.json"), &json!(all).to_string())
}

/// A project of its own with the packed tarball, and unless it is only checked with the npm package `auth0`.
fn modules(root: &Path, check: bool) -> Result<PathBuf, String> {
    if !root.join("target/npm/auth0-sdk.tgz").exists() {
        npm::build(root)?;
    }
    let project = root.join("target/bulk/js");
    files::write(&project.join("package.json"), "{ \"private\": true }\n")?;
    let mut install = command("npm", &project);
    install.args(["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    install.args(["--prefer-offline", "../../npm/auth0-sdk.tgz"]);
    run_command(if check { &mut install } else { install.arg(AUTH0_JS) })?;
    Ok(project)
}

fn script(tools: &Tools<'_>, program: impl AsRef<std::ffi::OsStr>, script: &str) -> Result<Command, String> {
    let mut command = tools.command(program)?;
    command.arg(format!("benches/bulk/{script}"));
    Ok(command)
}

fn set_tier(root: &Path, sandbox: &Sandbox, tier: &str) -> Result<(), String> {
    let script = format!(
        "const r = await fetch('{}/__sandbox/rate-limit', {{ method: 'POST', body: JSON.stringify({{ tier: '{tier}' }}) }}); if (!r.ok) process.exit(1)",
        sandbox.origin
    );
    output(command("node", root).args(["--input-type=module", "--eval", &script])).map(drop)
}
