//! The chores of this repository: `cargo xtask <task>`.

mod files;
mod generate;
mod import;
mod json_text;
mod npm;
mod process;
mod sandbox;
mod test;
mod tools;
mod wasm_tests;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  import [MANAGEMENT_JSON ADDITIONS_JSON]
                      write api/ from OpenAPI documents (default: ../shared/api/management*.json)
  generate [--check]  write what is generated from api/; --check compares only
  test [STEP …]       set up what is missing and run everything, or only some steps
  npm                 build the npm package: target/npm/auth0-sdk.tgz
  size [--json]       what the package weighs, against the budgets
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.split_first() {
        Some((&"import", rest)) => import::run(rest),
        Some((&"generate", rest)) => generate::run(rest),
        Some((&"test", rest)) => test::run_all(&files::root(), rest),
        Some((&"npm", [])) => npm::build(&files::root()),
        Some((&"size", rest)) => npm::size(&files::root(), rest),
        Some((other, _)) => Err(format!("no task is named {other:?}\n\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
