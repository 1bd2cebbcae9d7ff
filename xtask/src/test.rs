//! `cargo xtask test`: sets up what is missing and runs everything. `.ci/run` calls just this.

use crate::process::{output, run};
use crate::tools::Tools;
use crate::{bulk, generate, matrix, npm, sandbox, soak, tour, wasm_tests, workers};
use std::path::Path;
use std::time::Instant;

/// Everything the crate has.
const FEATURES: &str = "auth0-sdk/testing,auth0-sdk/management,auth0-sdk/blocking,auth0-sdk/export,auth0-sdk/redis,auth0-sdk/tower,auth0-sdk/tracing";

/// So many calls that meet faults: a glance at what `cargo xtask soak --faults` does a million times.
const SOAKED: u32 = 15_000;

/// Prints generated arguments for every operation, and the requests they must make.
const SAMPLES: [&str; 6] = ["run", "--quiet", "--package", "auth0-api-description", "--example", "samples"];

type Step<'a> = (&'static str, &'a dyn Fn() -> Result<(), String>);

/// Runs all steps, or those whose names are given.
pub(crate) fn run_all(root: &Path, wanted: &[&str]) -> Result<(), String> {
    let tools = Tools::new(root);
    let cargo = |arguments: &[&str]| -> Result<(), String> { run(tools.cargo()?.args(arguments)) };
    let steps: &[Step<'_>] = &[
        ("setup", &|| {
            tools.npm()?;
            tools.chromium()?;
            tools.firefox()?;
            tools.redis()?;
            tools.pyjwt()?;
            tools.nextest()?;
            tools.wasm_tools()?;
            tools.worker_build()
        }),
        ("fmt", &|| cargo(&["fmt", "--all", "--check"])),
        ("generated", &|| generate::run(&["--check"])),
        ("clippy", &|| {
            let deny = ["--", "-D", "warnings"];
            let all = ["clippy", "--quiet", "--workspace", "--all-targets", "--features", FEATURES];
            cargo(&[&all[..], &deny].concat())?;
            let wasm =
                ["clippy", "--quiet", "-p", "auth0-sdk", "-p", "auth0-sdk-wasm", "--features", "auth0-sdk/workers"];
            cargo(&[&wasm[..], &["--target", "wasm32-unknown-unknown"], &deny].concat())?;
            let sandbox = ["clippy", "--quiet", "-p", "auth0-sandbox-wasm", "--target", "wasm32-unknown-unknown"];
            cargo(&[&sandbox[..], &deny].concat())
        }),
        // Without what others bring: a feature that leans on another is found here. `cargo xtask matrix` has them all.
        ("features", &|| matrix::check(root, matrix::FEW)),
        ("native", &|| {
            cargo(&["nextest", "run", "--workspace", "--features", FEATURES])?;
            cargo(&["test", "--quiet", "--doc", "-p", "auth0-sdk", "-p", "auth0-sandbox", "--features", FEATURES])
        }),
        ("docs", &|| {
            let packages = ["-p", "auth0-sdk", "-p", "auth0-sandbox", "-p", "auth0-api-description"];
            let doc = ["doc", "--quiet", "--no-deps", "--features", FEATURES];
            run(tools.cargo()?.args(doc).args(packages).env("RUSTDOCFLAGS", "-D warnings"))
        }),
        ("wasm", &|| wasm_tests::run(root)),
        ("npm", &|| npm::build(root)),
        ("size", &|| npm::size(root, &["--json"])),
        ("sandbox", &|| {
            npm::sandbox(root)?;
            run(tools.command("node")?.arg("sandbox/npm/test.mjs"))
        }),
        ("types", &|| run(tools.command("node")?.arg("tests/js/types/run.mjs"))),
        ("js", &|| {
            let chromium = tools.chromium()?;
            let sandbox = sandbox::start(root, 0)?;
            let mut node = tools.command("node")?;
            sandbox.describe(&mut node);
            run(node.arg("tests/js/run.mjs").env("CHROMIUM", chromium.browser).env("FIREFOX", tools.firefox()?))
        }),
        ("stores", &|| run(tools.command("node")?.arg("tests/js/stores.mjs"))),
        ("bulk", &|| {
            run(tools.command("node")?.arg("tests/js/bulk.mjs"))?;
            bulk::run(root, &["--small"])?;
            soak::faults(root, SOAKED)
        }),
        ("workers", &|| workers::test(root)),
        ("login", &|| {
            let chromium = tools.chromium()?;
            let sandbox = sandbox::start(root, 0)?;
            let mut node = tools.command("node")?;
            sandbox.describe(&mut node);
            run(node.arg("tests/js/login.mjs").env("CHROMIUM", chromium.browser).env("FIREFOX", tools.firefox()?))
        }),
        ("www", &|| {
            let samples = output(tools.cargo()?.args(SAMPLES))?;
            crate::files::write(&root.join("target/samples.json"), &samples)?;
            if !root.join("target/npm/auth0-sandbox.tgz").exists() {
                npm::sandbox(root)?;
            }
            run(tools.command("node")?.arg("www/build.mjs"))?;
            run(tools.command("node")?.args(["node_modules/typescript/bin/tsc", "-p", "www"]))?;
            run(tools.command("node")?.arg("www/snippets.mjs"))?;
            let (chromium, firefox) = (tools.chromium()?, tools.firefox()?);
            let sandbox = sandbox::start(root, 2_500)?;
            let mut node = tools.command("node")?;
            sandbox.describe(&mut node);
            run(node.arg("www/test.mjs").env("CHROMIUM", chromium.browser).env("FIREFOX", firefox))
        }),
        ("conformance", &|| {
            let samples = output(tools.cargo()?.args(SAMPLES))?;
            crate::files::write(&root.join("target/samples.json"), &samples)?;
            run(tools.command("node")?.args(["tests/js/peer.mjs", "target/samples.json"]))?;
            let sandbox = sandbox::start_built(&sandbox::build(root)?, 0, &["--sample-refused"])?;
            let mut node = tools.command("node")?;
            sandbox.describe(&mut node);
            run(node.args(["tests/js/conformance.mjs", "target/samples.json"]))?;
            run(tools.command("node")?.arg("tests/js/interop.mjs"))
        }),
        ("tour", &|| tour::run_all(root, &tools)),
    ];
    if let Some(unknown) = wanted.iter().find(|name| !steps.iter().any(|(known, _)| known == *name)) {
        let names: Vec<_> = steps.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no step {unknown:?}; there are {}", names.join(", ")));
    }
    let mut times = Vec::new();
    for (name, step) in steps.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)) {
        println!("== {name}");
        #[allow(clippy::disallowed_methods, reason = "a chore tells how long it took")]
        let start = Instant::now();
        step().map_err(|error| format!("{name}: {error}"))?;
        times.push((name, start.elapsed().as_secs()));
    }
    let shown: Vec<_> = times.iter().map(|(name, seconds)| format!("{name} {seconds} s")).collect();
    println!("== all steps passed: {}", shown.join(", "));
    Ok(())
}
