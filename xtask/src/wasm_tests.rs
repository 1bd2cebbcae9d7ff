//! `cargo xtask wasm-tests`: the core as wasm, in Node and in headless Chromium: `tests/wasm`, and `tests/it` with the
//! cases that every target shares.

use crate::files;
use crate::process::run as run_command;
use crate::tools::Tools;
use serde_json::json;
use std::path::Path;

/// In seconds. The runner's own are 20 and 5, which a busy machine breaks.
const TEST_TIMEOUT: &str = "180";
const DRIVER_TIMEOUT: &str = "60";

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let tools = Tools::new(root);
    tools.wasm_tools()?;
    let chromium = tools.chromium()?;
    let capabilities = root.join("target/webdriver.json");
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ];
    let options = json!({"goog:chromeOptions": {"binary": chromium.browser, "args": arguments}});
    files::write(&capabilities, &options.to_string())?;
    for browser in [false, true] {
        println!("\nThe core as wasm, in {}", if browser { "Chromium" } else { "Node" });
        let mut cargo = tools.cargo()?;
        cargo.args(["test", "--package", "auth0-sdk", "--target", "wasm32-unknown-unknown"]);
        cargo.args(["--test", "it", "--test", "wasm"]);
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
        cargo.env("WASM_BINDGEN_TEST_TIMEOUT", TEST_TIMEOUT);
        // What a caller's shell has set must not turn the one run into the other.
        cargo.env_remove("WASM_BINDGEN_USE_BROWSER").env_remove("WASM_BINDGEN_TEST_ONLY_NODE");
        cargo.env_remove("WASM_BINDGEN_TEST_ONLY_WEB").env_remove("NO_HEADLESS");
        if browser {
            cargo.env("WASM_BINDGEN_USE_BROWSER", "1");
            cargo.env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_TIMEOUT);
            cargo.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &capabilities);
            cargo.env("CHROMEDRIVER", &chromium.driver);
            cargo.env_remove("GECKODRIVER").env_remove("SAFARIDRIVER");
        }
        run_command(&mut cargo)?;
    }
    Ok(())
}
