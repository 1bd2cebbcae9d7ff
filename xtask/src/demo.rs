//! `cargo xtask demo`: the main job, natively and through the npm package in Node, against a local tenant, or against one
//! that the environment names; with `--serve` or `--open` the playground after that.

use crate::process::{command, output};
use crate::sandbox::{self, Sandbox};
use crate::tools::Tools;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

/// More than offset paging reaches.
const USERS: u32 = 2_500;

const VARIABLES: [&str; 3] = ["AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"];

const PACKAGE: &str = "target/npm/auth0-sdk.tgz";

/// What the package is made of.
const SOURCES: [&str; 5] = ["src", "wasm", "pkg-template", "Cargo.toml", "Cargo.lock"];

/// Where the tenant of this run is.
enum Tenant {
    Named,
    Local(Sandbox),
}

/// Sets up what is missing, then does the main job twice.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let page = match arguments {
        [] => None,
        ["--serve"] => Some(&[][..]),
        ["--open"] => Some(&["--open"][..]),
        other => return Err(format!("demo takes --serve or --open, and was given {}", other.join(" "))),
    };
    let named = tenant_is_named()?;
    let tools = Tools::new(root);
    let started = now();

    println!("Setting up");
    if !root.join(PACKAGE).exists() {
        println!("  The first time, tools and all programs are built. That takes some minutes.");
    }
    tools.node()?;
    step("programs", || {
        // Two builds: in one, each would be built with the features that the other's dependencies need.
        output(tools.cargo()?.args(["build", "--quiet", "--package", "auth0-sdk", "--example", "demo"]))?;
        if !named {
            output(tools.cargo()?.args(["build", "--quiet", "--package", "auth0-sandbox", "--bins"]))?;
        }
        Ok("built".to_owned())
    })?;
    step("package", || package(&tools))?;
    let project = root.join("target/demo");
    step("project", || install(&tools, &project))?;
    let tenant = if named {
        Tenant::Named
    } else {
        let mut running = None;
        step("tenant", || {
            let sandbox = sandbox::start_built(&sandbox::binary(root), USERS, &[])?;
            let text = format!("a sandbox at {} with {USERS} users", sandbox.origin);
            running = Some(sandbox);
            Ok(text)
        })?;
        Tenant::Local(running.ok_or("the sandbox was not started")?)
    };
    let setup = started.elapsed();

    println!("\nNatively: examples/demo.rs");
    let mut native = tools.cargo()?;
    native.args(["run", "--quiet", "--package", "auth0-sdk", "--example", "demo", "--"]);
    let native = part(&tenant, &mut native)?;

    println!("\nThrough the npm package, in Node: examples/demo-node/demo.mjs");
    let mut node = command("node", &project);
    let node = part(&tenant, node.arg("demo.mjs"))?;

    println!("\nAll done: setup {}, natively {}, in Node {}.", shown(setup), shown(native), shown(node));
    if !named {
        println!("To see it read from a tenant of yours, set {} and run it again.", VARIABLES.join(", "));
    }
    match page {
        Some(arguments) => playground(&tools, &tenant, arguments),
        None => {
            println!("To have it all in a browser: cargo xtask demo --open");
            Ok(())
        }
    }
}

/// Builds the page and serves it until somebody ends it.
fn playground(tools: &Tools<'_>, tenant: &Tenant, arguments: &[&str]) -> Result<(), String> {
    println!("\nIn the browser: www/");
    step("page", || {
        tools.npm()?;
        output(tools.command("node")?.arg("www/build.mjs"))?;
        Ok("target/www built".to_owned())
    })?;
    let mut server = tools.command("node")?;
    if let Tenant::Local(sandbox) = tenant {
        sandbox.describe(&mut server);
    }
    println!("  Ctrl-C ends the page and the tenant.");
    // It prints the address itself.
    let status = server.arg("www/serve.mjs").args(arguments).status().map_err(|error| format!("node: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the server of the page ended ({status})")) }
}

/// True when all variables are set. Some of them are a mistake that must not end at the local tenant.
fn tenant_is_named() -> Result<bool, String> {
    let missing = VARIABLES.iter().filter(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()));
    let missing: Vec<&str> = missing.copied().collect();
    match missing.len() {
        0 => Ok(true),
        n if n == VARIABLES.len() => Ok(false),
        _ => Err(format!(
            "not set: {}. Set {} for a tenant of yours, or none of them for the local one",
            missing.join(", "),
            VARIABLES.join(", ")
        )),
    }
}

/// Builds the package when it is missing or older than what it is made of.
fn package(tools: &Tools<'_>) -> Result<String, String> {
    let root = tools.root;
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in SOURCES {
        newest = newest.max(last_change(&root.join(source))?);
    }
    if fs::metadata(root.join(PACKAGE)).and_then(|data| data.modified()).is_ok_and(|built| built > newest) {
        return Ok(format!("{PACKAGE} is up to date"));
    }
    // As a program of its own, so that what it prints is shown only when it fails.
    let own = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    output(tools.command(own)?.arg("npm")).map_err(|error| end_of(&error))?;
    Ok(format!("{PACKAGE} built"))
}

/// The last lines, where compilers say what is wrong.
fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}

/// When a file, or the newest file below a folder, was changed.
fn last_change(path: &Path) -> Result<SystemTime, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_file() {
        return fs::metadata(path).and_then(|data| data.modified()).map_err(failed);
    }
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(path).map_err(failed)? {
        newest = newest.max(last_change(&entry.map_err(failed)?.path())?);
    }
    Ok(newest)
}

/// A project with nothing in it but the package and the demo.
fn install(tools: &Tools<'_>, project: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", project.display());
    if project.exists() {
        // A lock file of the last time would refuse the package of this time.
        fs::remove_dir_all(project).map_err(failed)?;
    }
    let manifest = "{ \"name\": \"auth0-sdk-demo\", \"private\": true, \"type\": \"module\" }\n";
    crate::files::write(&project.join("package.json"), manifest)?;
    fs::copy(tools.root.join("examples/demo-node/demo.mjs"), project.join("demo.mjs")).map_err(failed)?;
    let package: PathBuf = tools.root.join(PACKAGE);
    let mut npm = command("npm", project);
    npm.args(["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    output(npm.arg(package))?;
    Ok("target/demo with the package in it".to_owned())
}

/// Runs one of the two programs and gives the time that it took.
fn part(tenant: &Tenant, program: &mut Command) -> Result<Duration, String> {
    let name = program.get_program().to_string_lossy().into_owned();
    if let Tenant::Local(sandbox) = tenant {
        program.args([&sandbox.origin, &USERS.to_string()]);
        program.env("AUTH0_CLIENT_ID", &sandbox.client_id).env("AUTH0_CLIENT_SECRET", &sandbox.client_secret);
        // The local tenant is not to be looked for behind a proxy.
        program.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    }
    let start = now();
    let status = program.status().map_err(|error| format!("{name}: {error}"))?;
    // The program has said why.
    if status.success() { Ok(start.elapsed()) } else { Err(format!("the demo failed ({status})")) }
}

/// Does something that may take long, and says what came of it.
fn step(label: &str, work: impl FnOnce() -> Result<String, String>) -> Result<(), String> {
    print!("  {label:<10}");
    // To be seen before the work begins; that it is not is no reason to stop.
    let _ = std::io::stdout().flush();
    let start = now();
    match work() {
        Ok(text) => {
            println!("{text} ({})", shown(start.elapsed()));
            Ok(())
        }
        Err(error) => {
            println!("failed");
            Err(error)
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a chore tells how long it took")]
fn now() -> Instant {
    Instant::now()
}

fn shown(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
