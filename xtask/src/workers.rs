//! The Workers of `examples/`: built, and run in workerd against the sandbox.

use crate::process::{command, run};
use crate::tools::Tools;
use crate::{files, npm, sandbox};
use serde_json::json;
use std::path::Path;

/// What runs against a sandbox of its own, one after the other.
const SCRIPTS: &[&str] = &[
    "tests/workers/wrangler.mjs",
    "tests/workers/rust.mjs",
    "tests/workers/js.mjs",
    "tests/workers/edge.mjs",
    "tests/workers/deno.mjs",
    "tests/workers/faults.mjs",
];

/// What a Worker is compared with.
const PEERS: [&str; 2] = ["jose@6.2.18", "auth0@7.1.0"];
/// So many processes of each.
const RUNS: u32 = 41;

pub(crate) fn test(root: &Path) -> Result<(), String> {
    let tools = Tools::new(root);
    build(root, &tools)?;
    let binary = sandbox::build(root)?;
    for script in SCRIPTS {
        let sandbox = sandbox::start_built(&binary, 3, &[])?;
        let mut node = tools.command("node")?;
        sandbox.describe(&mut node);
        run(node.arg(script))?;
    }
    Ok(())
}

/// What it costs a Worker to start and to answer its first guarded request, beside others, and what each weighs.
pub(crate) fn bench(root: &Path) -> Result<(), String> {
    let tools = Tools::new(root);
    tools.npm()?;
    if !root.join("target/npm/auth0-sdk.tgz").exists() {
        npm::build(root)?;
    }
    let project = root.join("target/bench/workers");
    files::write(&project.join("package.json"), r#"{ "private": true, "type": "module" }"#)?;
    let mut install = command("npm", &project);
    install.args(["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    install.args(["--prefer-offline", "../../npm/auth0-sdk.tgz"]);
    run(install.args(PEERS))?;
    let arguments = json!({"project": project, "runs": RUNS});
    run(tools.command("node")?.args(["benches/js/workers.mjs", &arguments.to_string()]))
}

/// Builds examples/worker-rust, with our tools and without a download.
fn build(root: &Path, tools: &Tools<'_>) -> Result<(), String> {
    tools.npm()?;
    tools.wasm_tools()?;
    tools.worker_build()?;
    let mut build = tools.command(root.join("target/tools/bin/worker-build"))?;
    build.current_dir(root.join("examples/worker-rust")).arg("--release");
    // worker-build looks for these nowhere else, and would fetch them.
    build.env("WASM_BINDGEN_BIN", root.join("target/tools/bin/wasm-bindgen"));
    build.env("WASM_OPT_BIN", root.join("node_modules/.bin/wasm-opt"));
    build.env("ESBUILD_BIN", root.join("node_modules/.bin/esbuild"));
    build.env("CARGO_TARGET_DIR", root.join("target/worker-rust"));
    run(&mut build)
}
