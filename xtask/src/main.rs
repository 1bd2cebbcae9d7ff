//! The chores of this repository: `cargo xtask <task>`.

mod bench;
mod bulk;
mod demo;
mod files;
mod fuzz;
mod generate;
mod import;
mod json_text;
mod matrix;
mod npm;
mod process;
mod progress;
mod sandbox;
mod soak;
mod test;
mod tools;
mod tour;
mod wasm_tests;
mod workers;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  import [MANAGEMENT_JSON ADDITIONS_JSON]
                      write api/ from OpenAPI documents (default: ../shared/api/management*.json)
  generate [--check]  write what is generated from api/; --check compares only
  test [STEP …]       set up what is missing and run everything, or only some steps
  wasm-tests          the core's tests as wasm, in Node and in Chromium
  demo                the main job against a local tenant: natively, then through the npm package, then as a page in the
                      browser, until Ctrl-C; with AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET set, what of it
                      only reads, against that tenant. Where there is no terminal it ends before the page
       [--no-page | --serve | --open] [--port PORT]
                      --serve opens no browser, --open does so without a terminal too; PORT is the page's (3000, or any)
  matrix [FEATURE …]  each feature of the crate alone, natively and on wasm32 (some 110 builds; `test` makes a few of them)
  npm [sandbox]       build the npm package: target/npm/auth0-sdk.tgz, or target/npm/auth0-sandbox.tgz
  page                build the playground with a tenant inside, for any static host: target/www
  soak [USERS]        a million users as streams, in memory that does not grow; with --faults [CALLS] a million calls that meet faults
  fuzz [TARGET] [--seconds N]
                      feed the parsers with what nobody would send, 60 s each (nightly)
  bench [--json]      what a call and an import cost; with --json also in target/bench.json; `bench workers`: a Worker's cold start
  bulk [--small|TIER] 5,000 updates under Auth0's rate limits, beside two other clients (free takes 42 minutes); with --small a few,
                      checked
  size [--json]       what the package weighs, against the budgets
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.split_first() {
        Some((&"import", rest)) => import::run(rest),
        Some((&"generate", rest)) => generate::run(rest),
        Some((&"test", rest)) => test::run_all(&files::root(), rest),
        Some((&"wasm-tests", [])) => wasm_tests::run(&files::root()),
        Some((&"demo", rest)) => demo::run(&files::root(), rest),
        Some((&"matrix", rest)) => matrix::check(&files::root(), rest),
        Some((&"npm", [])) => npm::build(&files::root()),
        Some((&"npm", ["sandbox"])) => npm::sandbox(&files::root()),
        Some((&"page", [])) => npm::page(&files::root()),
        Some((&"soak", rest)) => soak::run(&files::root(), rest),
        Some((&"fuzz", rest)) => fuzz::run_targets(&files::root(), rest),
        Some((&"bulk", rest)) => bulk::run(&files::root(), rest),
        Some((&"bench", rest)) => bench::run(&files::root(), rest),
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
