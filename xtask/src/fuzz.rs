//! `cargo xtask fuzz [TARGET] [--seconds N]`: feeds the parsers of what comes from outside with what nobody would send. Needs the
//! nightly toolchain; not a part of `test`.

use crate::process::run;
use crate::tools::Tools;
use std::path::Path;

const TARGETS: [&str; 4] = ["jwk", "pem", "token", "answer"];

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
    tools.cargo_fuzz()?;
    for target in targets {
        println!("== {target}, {seconds} s");
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
