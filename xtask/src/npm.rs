//! `cargo xtask npm`: the npm package, and `cargo xtask size`: what it weighs.

use crate::process::run;
use crate::tools::Tools;
use serde_json::{Value, json};
use std::path::Path;

/// Budgets in bytes: (name in the builder's sizes.json, raw, brotli).
const BUDGETS: &[(&str, u64, u64)] = &[("browser: index.js + shared.js + wasm", 250_000, 60_000)];

/// Builds target/npm/auth0-sdk.tgz.
pub(crate) fn build(root: &Path) -> Result<(), String> {
    let tools = Tools::new(root);
    tools.wasm_tools()?;
    tools.npm()?;
    let mut pack = tools.command("wasm-pack")?;
    pack.args(["--log-level", "warn", "build", "wasm", "--target", "web", "--mode", "no-install", "--no-pack"]);
    pack.args(["--profile", "wasm", "--out-dir", "../target/wasm-pack"]);
    run(pack.env("CARGO_ENCODED_RUSTFLAGS", remap_flags(root)))?;
    run(tools.command("node")?.arg("pkg-template/build.mjs"))
}

/// Builds target/npm/auth0-sandbox.tgz.
pub(crate) fn sandbox(root: &Path) -> Result<(), String> {
    let tools = Tools::new(root);
    tools.wasm_tools()?;
    tools.npm()?;
    let mut pack = tools.command("wasm-pack")?;
    pack.args(["--log-level", "warn", "build", "sandbox/wasm", "--target", "web", "--mode", "no-install", "--no-pack"]);
    pack.args(["--profile", "wasm", "--out-dir", "../../target/wasm-pack-sandbox"]);
    run(pack.env("CARGO_ENCODED_RUSTFLAGS", remap_flags(root)))?;
    run(tools.command("node")?.arg("sandbox/npm/build.mjs"))
}

/// Builds target/www, the playground with the sandbox inside.
pub(crate) fn page(root: &Path) -> Result<(), String> {
    build(root)?;
    sandbox(root)?;
    run(Tools::new(root).command("node")?.arg("www/build.mjs"))?;
    println!("target/www: to be put on any static host");
    Ok(())
}

/// Panics name source files; without this they would name this machine's folders, and the same source built on two
/// machines would differ.
fn remap_flags(root: &Path) -> String {
    let home = |name: &str, default: &str| {
        std::env::var_os(name)
            .map(std::path::PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(default)))
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    };
    let registry = format!("{}/registry/src", home("CARGO_HOME", ".cargo"));
    let mut flags = vec![format!("--remap-path-prefix={}=.", root.display())];
    let folders = std::fs::read_dir(&registry).into_iter().flatten().flatten();
    flags.extend(folders.map(|folder| format!("--remap-path-prefix={}=d", folder.path().display())));
    flags.join("\u{1f}")
}

/// Prints what the package weighs, writes target/size.json with `--json`, and fails when a budget is broken.
pub(crate) fn size(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let as_json = match arguments {
        [] => false,
        ["--json"] => true,
        other => return Err(format!("size takes --json and nothing else, not {other:?}")),
    };
    let path = root.join("target/npm/sizes.json");
    if !path.exists() {
        build(root)?;
    }
    let sizes: Value = serde_json::from_str(&crate::files::read(&path)?).map_err(|error| error.to_string())?;
    let table = sizes.as_object().ok_or("sizes.json is not an object")?;
    let number = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_u64).unwrap_or(0);
    println!("{:<50} {:>10} {:>10}", "bytes", "raw", "brotli");
    for (name, entry) in table {
        println!("{name:<50} {:>10} {:>10}", number(entry, "raw"), number(entry, "brotli"));
    }
    let mut broken = Vec::new();
    for (name, raw, brotli) in BUDGETS {
        let entry = table.get(*name).ok_or_else(|| format!("sizes.json has no {name:?}"))?;
        for (what, is, may) in [("raw", number(entry, "raw"), *raw), ("brotli", number(entry, "brotli"), *brotli)] {
            println!("budget: {name}: {is} of {may} bytes {what}");
            if is == 0 || is > may {
                broken.push(format!("{name}: {is} bytes {what}, and the budget is {may}"));
            }
        }
    }
    if as_json {
        let budgets: Vec<_> =
            BUDGETS.iter().map(|(name, raw, brotli)| json!({"name": name, "raw": raw, "brotli": brotli})).collect();
        let text = json!({"sizes": sizes, "budgets": budgets}).to_string();
        crate::files::write(&root.join("target/size.json"), &text)?;
    }
    if broken.is_empty() { Ok(()) } else { Err(format!("a size budget is broken:\n{}", broken.join("\n"))) }
}
