//! The command `auth0-sandbox`.
#![forbid(unsafe_code)]

use auth0_sandbox::{Builder, Sandbox, SandboxError};
use std::process::ExitCode;

const USAGE: &str = "\
auth0-sandbox: a local Auth0 tenant that keeps state

  --host ADDRESS        listen on this address (127.0.0.1)
  --port N              listen on this port; 0 takes a free one (4400)
  --users N             start with N users (0)
  --seed FILE           put what this JSON or YAML file, or this folder of the Deploy CLI,
                        says into a fresh tenant; demo: 2,500 users
  --data FILE           keep the state in this file; it survives the process
  --rate-limit N/S      answer 429 to more than N requests in S seconds
  --token-lifetime S    access tokens are good for S seconds (86400)
  --issuer URL          the issuer that tokens name (http://ADDRESS:PORT/)
  --sample-refused      answer a sample where the state would refuse a valid request
  --allow-remote        allow an address that other machines reach
  --json                print the configuration as one line of JSON
  --help                print this
";

/// What `--seed` takes in the place of a file.
const DEMO: &str = "demo";

/// More than offset paging reaches.
const DEMO_USERS: u64 = 2_500;

struct Options {
    builder: Builder,
    json: bool,
    help: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprint!("auth0-sandbox: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if options.help {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("auth0-sandbox: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("auth0-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { builder: Sandbox::builder().port(4400), json: false, help: false };
    let mut arguments = arguments;
    let (mut users, mut demo) = (None, false);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
        options.builder = match name.as_str() {
            "--host" => options.builder.host(value()?),
            "--port" => options.builder.port(number(&name, &value()?)?),
            "--seed" => match value()? {
                name if name == DEMO && !std::path::Path::new(DEMO).exists() => {
                    demo = true;
                    options.builder
                }
                file => options.builder.seed_file(file),
            },
            "--data" => options.builder.data(value()?),
            "--users" => {
                users = Some(number(&name, &value()?)?);
                options.builder
            }
            "--token-lifetime" => options.builder.token_lifetime(number(&name, &value()?)?),
            "--issuer" => options.builder.issuer(value()?),
            "--rate-limit" => {
                let text = value()?;
                let (requests, seconds) =
                    text.split_once('/').ok_or_else(|| format!("--rate-limit {text}: write N/S, as 10/1"))?;
                options.builder.rate_limit(number(&name, requests)?, number(&name, seconds)?)
            }
            "--sample-refused" => options.builder.sample_refused(true),
            "--allow-remote" => options.builder.allow_remote(true),
            "--json" => {
                options.json = true;
                options.builder
            }
            "--help" | "-h" => {
                options.help = true;
                options.builder
            }
            unknown => return Err(format!("unknown argument {unknown}")),
        };
    }
    options.builder = options.builder.users(users.unwrap_or(if demo { DEMO_USERS } else { 0 }));
    Ok(options)
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{name} {text}: not a number in range"))
}

async fn run(options: Options) -> Result<(), SandboxError> {
    let mut sandbox = options.builder.start().await?;
    sandbox.notices().iter().for_each(|notice| eprintln!("auth0-sandbox: {notice}"));
    if let Some(megabytes) = memory_mb() {
        eprintln!("auth0-sandbox: {megabytes} MB of memory in use");
    }
    if options.json {
        let mut line = sandbox.configuration();
        line["port"] = sandbox.port().into();
        println!("{line}");
    } else {
        print!("{}", configuration(&sandbox));
    }
    tokio::select! {
        ended = sandbox.wait() => {
            ended.map_err(|source| SandboxError::Listen { address: sandbox.domain().to_owned(), source })
        }
        () = interrupted() => {
            sandbox.shutdown().await;
            Ok(())
        }
    }
}

fn configuration(sandbox: &Sandbox) -> String {
    format!(
        "The sandbox is listening. Paste this where your program is configured (Ctrl-C stops the sandbox):\n\n\
         AUTH0_DOMAIN={}\nAUTH0_BASE_URL={}\nAUTH0_AUDIENCE={}\nAUTH0_CLIENT_ID={}\nAUTH0_CLIENT_SECRET={}\n",
        sandbox.domain(),
        sandbox.base_url(),
        sandbox.audience(),
        sandbox.client_id(),
        sandbox.client_secret(),
    )
}

/// The memory that this process has, where the system tells: Linux, in megabytes.
fn memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

/// Waits for Ctrl-C, and where there is one for the signal that service managers send.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return,
            _ = terminated.recv() => return,
        }
    }
    tokio::signal::ctrl_c().await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(arguments: &[&str]) -> String {
        parse(arguments.iter().map(|text| (*text).to_owned())).map(|_| ()).unwrap_err()
    }

    #[test]
    fn wrong_arguments_are_named() {
        assert_eq!(problem(&["--prot", "1"]), "unknown argument --prot");
        assert_eq!(problem(&["--port"]), "--port needs a value");
        assert_eq!(problem(&["--port", "70000"]), "--port 70000: not a number in range");
        assert_eq!(problem(&["--rate-limit", "10"]), "--rate-limit 10: write N/S, as 10/1");
    }
}
