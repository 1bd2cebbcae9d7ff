//! Other people's clients against the sandbox: `tests/counterparts/tour`. They come from their registries, by exact version,
//! into `target/tour`, and end by themselves after a few minutes.

use crate::process::run;
use crate::tools::Tools;
use crate::{npm, sandbox};
use std::path::{Path, PathBuf};

const AUTH0_JS: &str = "auth0@7.1.0";
const AUTH0_PYTHON: &str = "auth0-python==6.8.0";

/// How many users the tours find.
const USERS: u32 = 250;

/// Runs both tours, each against a sandbox of its own, and one of them against the npm package `auth0-sandbox` too.
pub(crate) fn run_all(root: &Path, tools: &Tools<'_>) -> Result<(), String> {
    let binary = sandbox::build(root)?;
    let modules = javascript(root, tools)?;
    let python = tools.python("tour/python", &[AUTH0_PYTHON])?;
    for (program, script) in [(PathBuf::from("node"), "tour.mjs"), (python, "tour.py")] {
        let sandbox = sandbox::start_built(&binary, USERS, &[])?;
        let mut command = tools.command(program)?;
        sandbox.describe(&mut command);
        run(command.arg(format!("tests/counterparts/tour/{script}")).env("TOUR_MODULES", &modules))?;
    }
    // The npm package is the same tenant, compiled to wasm.
    let package = root.join("target/npm/sandbox/cli.js");
    if !package.exists() {
        npm::sandbox(root)?;
    }
    let mut program = tools.command("node")?;
    program.arg(package);
    let sandbox = sandbox::start_command(program, USERS, &[])?;
    let mut command = tools.command("node")?;
    sandbox.describe(&mut command);
    run(command.arg("tests/counterparts/tour/tour.mjs").env("TOUR_MODULES", &modules))
}

/// The folder whose `node_modules` has the npm package.
fn javascript(root: &Path, tools: &Tools<'_>) -> Result<PathBuf, String> {
    let folder = root.join("target/tour/js");
    let known = std::fs::read_to_string(folder.join("node_modules/auth0/package.json")).unwrap_or_default();
    let version = AUTH0_JS.trim_start_matches("auth0@");
    if !known.contains(&format!("\"version\": \"{version}\"")) {
        // Its own package.json keeps npm from installing into the repository's.
        crate::files::write(&folder.join("package.json"), "{\"private\":true}\n")?;
        let mut npm = tools.command("npm")?;
        run(npm.args(["install", "--silent", "--no-audit", "--no-fund", AUTH0_JS]).current_dir(&folder))?;
    }
    Ok(folder)
}
