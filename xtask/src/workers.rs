//! The Workers of `examples/`: built, and run in workerd against the sandbox.

use crate::process::run;
use crate::sandbox;
use crate::tools::Tools;
use std::path::Path;

/// What runs against a sandbox of its own, one after the other.
const SCRIPTS: &[&str] = &[
    "tests/workers/wrangler.mjs",
    "tests/workers/rust.mjs",
    "tests/workers/js.mjs",
    "tests/workers/edge.mjs",
    "tests/workers/faults.mjs",
];

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
