//! `cargo xtask matrix`: each feature of the crate alone, natively and on wasm32, without a warning; none at all; and those
//! together whose code depends on each other.

use crate::files;
use crate::process::{command, run};
use std::path::Path;

/// No feature at all, as one names it.
const NONE: &str = "none";

/// What has code of its own when it comes together.
const TOGETHER: &[&str] = &["blocking,jobs", "blocking,events", "blocking,export", "export,users", "native,users"];

/// What CI builds each time: what every program has, and one group of each kind. All takes some 110 builds.
pub(crate) const FEW: &[&str] = &[
    NONE,
    "testing",
    "native",
    "models",
    "users",
    "blocking,export",
    "events",
    "redis",
    "tower",
    "tracing",
    "workers",
];

pub(crate) fn check(root: &Path, wanted: &[&str]) -> Result<(), String> {
    let features = features(&files::read(&root.join("Cargo.toml"))?);
    let all = [NONE].into_iter().chain(features.iter().map(String::as_str)).chain(TOGETHER.iter().copied());
    let all: Vec<&str> = all.collect();
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        return Err(format!("there is no feature {unknown}"));
    }
    let mut failed = Vec::new();
    let mut checked = 0;
    for feature in all.into_iter().filter(|feature| wanted.is_empty() || wanted.contains(feature)) {
        for target in [None, Some("wasm32-unknown-unknown")] {
            let mut cargo = command("cargo", root);
            cargo.args(["rustc", "--quiet", "--package", "auth0-sdk", "--lib", "--profile", "check"]);
            cargo.arg("--no-default-features");
            if feature != NONE {
                cargo.args(["--features", feature]);
            }
            if let Some(target) = target {
                cargo.args(["--target", target]);
            }
            cargo.args(["--", "--deny", "warnings"]);
            checked += 1;
            if let Err(error) = run(&mut cargo) {
                failed.push(error);
            }
        }
    }
    match failed.as_slice() {
        [] => {
            println!("{checked} builds, each with one feature alone, or those that have code together");
            Ok(())
        }
        failed => Err(format!("{} of {checked} builds failed:\n{}", failed.len(), failed.join("\n"))),
    }
}

/// The names in the table `[features]`.
fn features(manifest: &str) -> Vec<String> {
    let table = manifest.lines().skip_while(|line| line.trim() != "[features]").skip(1);
    let table = table.take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split_once(" = ").map(|(name, _)| name.to_owned());
    let is_name = |name: &String| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    table.filter_map(name).filter(is_name).filter(|name| name != "default").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_features() {
        let manifest = "[package]\nname = \"x\"\n[features]\n# a = []\ndefault = [\"a\"]\na = []\nall = [\n    \"a\",\n    \"b-c\",\n]\nb-c = [\"a\"]\n\n[dependencies]\nd = 1\n";
        assert_eq!(features(manifest), ["a", "all", "b-c"]);
        let own = features(&files::read(&files::root().join("Cargo.toml")).unwrap());
        let named = TOGETHER.iter().chain(FEW).flat_map(|names| names.split(',')).filter(|name| *name != NONE);
        for name in named.chain(["client-grants", "management"]) {
            assert!(own.iter().any(|feature| feature == name), "{name}");
        }
        assert!(FEW.iter().all(|name| *name == NONE || TOGETHER.contains(name) || own.iter().any(|own| own == name)));
    }

    #[test]
    fn every_group_has_its_feature_and_is_in_management() {
        let manifest = files::read(&files::root().join("Cargo.toml")).unwrap();
        let own = features(&manifest);
        let all = manifest.split_once("\nmanagement = [").and_then(|(_, rest)| rest.split_once(']')).unwrap().0;
        for group in crate::generate::read(&files::root()).unwrap().groups {
            let feature = crate::generate::feature(&group.group);
            assert!(own.contains(&feature), "{feature}");
            assert!(all.contains(&format!("\"{feature}\"")), "{feature}");
        }
    }
}
