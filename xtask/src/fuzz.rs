//! `cargo xtask fuzz [TARGET] [--seconds N]`: feeds the parsers of what comes from outside with what nobody would send, which needs
//! the nightly toolchain; and has Rust and JavaScript judge the same spoilt tokens (`differential`). Not a part of `test`.

use crate::process::run;
use crate::tools::Tools;
use std::path::Path;

const TARGETS: [&str; 5] = ["jwk", "pem", "token", "answer", DIFFERENTIAL];
/// A test (`tests/it/differential.rs`), with a seed of its own each time.
const DIFFERENTIAL: &str = "differential";

pub(crate) fn run_targets(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let (targets, seconds) = match arguments {
        [] => (&TARGETS[..], "60"),
        ["--seconds", seconds] => (&TARGETS[..], *seconds),
        [target] if TARGETS.contains(target) => (std::slice::from_ref(&arguments[0]), "60"),
        [target, "--seconds", seconds] if TARGETS.contains(target) => (std::slice::from_ref(&arguments[0]), *seconds),
        other => return Err(format!("fuzz takes one of {TARGETS:?} and --seconds N, not {other:?}")),
    };
    if seconds.parse::<u32>().is_err() {
        return Err(format!("--seconds takes a whole number, not {seconds:?}"));
    }
    let tools = Tools::new(root);
    for target in targets {
        println!("== {target}, {seconds} s");
        if *target == DIFFERENTIAL {
            differential(&tools, seconds)?;
            continue;
        }
        tools.cargo_fuzz()?;
        // What is found grows in target/; the seeds are read and never written.
        let corpus = format!("target/fuzz/corpus/{target}");
        std::fs::create_dir_all(root.join(&corpus)).map_err(|error| format!("{corpus}: {error}"))?;
        let mut cargo = tools.command("cargo")?;
        cargo.args(["+nightly", "fuzz", "run", "--target-dir", "target/fuzz", target, &corpus]);
        cargo.args([&format!("fuzz/seeds/{target}"), "--", &format!("-max_total_time={seconds}"), "-timeout=10"]);
        // cargo says which toolchain runs it; another one is wanted here.
        run(cargo.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN"))
            .map_err(|error| format!("{error}\nthe nightly toolchain is needed: rustup toolchain install nightly"))?;
    }
    Ok(())
}

fn differential(tools: &Tools<'_>, seconds: &str) -> Result<(), String> {
    let mut cargo = tools.cargo()?;
    cargo.args(["test", "--package", "auth0-sdk", "--features", "native", "--test", "it", DIFFERENTIAL]);
    run(cargo.args(["--", "--nocapture"]).env("AUTH0_SDK_DIFFERENTIAL", format!("new {seconds}")))
}
