//! Other people's clients against the sandbox: `tests/counterparts/tour`. They come from their registries, by exact version,
//! into `target/tour`, and end by themselves after a few minutes.

use crate::process::run;
use crate::tools::Tools;
use crate::{npm, sandbox};
use std::path::{Path, PathBuf};

/// Package and version. For flows they take `openid-client` and Auth0's own over it.
const JAVASCRIPT: [(&str, &str); 3] =
    [("auth0", "7.1.0"), ("@auth0/auth0-auth-js", "1.16.1"), ("openid-client", "6.9.0")];

pub(crate) const AUTH0_PYTHON: &str = "auth0-python==6.8.0";

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
    run(command.arg("tests/counterparts/tour/tour.mjs").env("TOUR_MODULES", &modules))?;
    run(tools.command("node")?.arg("tests/counterparts/tour/flows.mjs").env("TOUR_MODULES", &modules))
}

/// The folder whose `node_modules` has the npm packages.
fn javascript(root: &Path, tools: &Tools<'_>) -> Result<PathBuf, String> {
    let folder = root.join("target/tour/js");
    let has = |(name, version): &(&str, &str)| {
        let manifest = folder.join("node_modules").join(name).join("package.json");
        std::fs::read_to_string(manifest).is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\"")))
    };
    if !JAVASCRIPT.iter().all(has) {
        // Its own package.json keeps npm from installing into the repository's.
        crate::files::write(&folder.join("package.json"), "{\"private\":true}\n")?;
        let mut npm = tools.command("npm")?;
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder);
        run(npm.args(JAVASCRIPT.map(|(name, version)| format!("{name}@{version}"))))?;
    }
    Ok(folder)
}
