//! `cargo xtask bench`: what a call costs over the bare minimum, natively and in Node, and what loading the package costs.
//! It measures and judges nothing: a figure over its budget is only marked, since this machine may be busy.

use crate::process::{command, output, run as run_command};
use crate::tools::Tools;
use crate::{files, npm, workers};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// What a call may cost, as a multiple of the same request made by hand.
const RATIO: f64 = 1.05;
/// What verifying a token may cost, as a multiple of ring's part of it, and of `crypto.subtle.verify` in Node.
const VERIFY_RATIO: f64 = 1.1;
const VERIFY_JS_RATIO: f64 = 1.2;
/// What loading the package may take in Node, over an empty process.
const IMPORT_MS: f64 = 35.0;
/// The peer, in the versions that the figures are compared with.
const PEERS: [(&str, &str); 2] = [("auth0-6", "auth0@6.1.0"), ("auth0-7", "auth0@7.1.0")];

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let as_json = match arguments {
        [] => false,
        ["--json"] => true,
        ["workers"] => return workers::bench(root),
        other => return Err(format!("bench takes --json, or `workers`, and nothing else, not {other:?}")),
    };
    let tools = Tools::new(root);
    npm::build(root)?;
    let project = project(root)?;
    let native = build(root, &tools, "calls", "native")?;
    let typed = build(root, &tools, "typed", "export,organizations,users")?;
    let verify = build(root, &tools, "verify", "native")?;

    let load_before = load();
    let native_figures = parse(&output(&mut command(&native, root))?)?;
    let typed_figures = parse(&output(&mut command(&typed, root))?)?;
    let verify_figures = parse(&output(&mut command(&verify, root))?)?;
    let server = Server::start(&native, root)?;
    let node = |script: &str, arguments: Value| {
        let mut node = tools.command("node")?;
        node.args(["--expose-gc", script]).arg(arguments.to_string());
        parse(&output(&mut node)?)
    };
    let calls =
        json!({"origin": server.origin, "project": project, "processes": 5, "rounds": 9, "calls": 200, "warm": 8});
    let calls = node("benches/js/calls.mjs", calls)?;
    let js_verify = json!({"sdk": "target/npm/package/verify.js", "rounds": 101, "calls": 100});
    let js_verify = node("benches/js/verify.mjs", js_verify)?;
    let start = node("benches/js/start.mjs", json!({"origin": server.origin, "project": project, "runs": 15}))?;
    drop(server);

    let figures = json!({
        "native": native_figures, "typed": typed_figures, "verify": verify_figures, "node": calls, "start": start,
        "jsVerify": js_verify,
        "load": {"before": load_before, "after": load()},
        "budgets": {"ratio": RATIO, "verifyRatio": VERIFY_RATIO, "verifyJsRatio": VERIFY_JS_RATIO, "importMs": IMPORT_MS},
    });
    println!("{}", tables(&figures));
    if as_json {
        files::write(&root.join("target/bench.json"), &figures.to_string())?;
    }
    Ok(())
}

/// A project of its own with the packed tarball and the peers. Nothing of it is a dependency of the repository.
fn project(root: &Path) -> Result<PathBuf, String> {
    let project = root.join("target/bench/js");
    files::write(&project.join("package.json"), r#"{ "private": true }"#)?;
    let mut install = command("npm", &project);
    install.args(["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    install.args(["--prefer-offline", "../../npm/auth0-sdk.tgz"]);
    run_command(install.args(PEERS.map(|(alias, package)| format!("{alias}@npm:{package}"))))?;
    Ok(project)
}

/// Builds a native benchmark and gives its path.
pub(crate) fn build(root: &Path, tools: &Tools<'_>, name: &str, features: &str) -> Result<PathBuf, String> {
    build_by(root, tools, "bench", name, features)
}

/// The same, by `cargo test` for one that only waits: the profile of the tests has most of it built already.
pub(crate) fn build_by(
    root: &Path,
    tools: &Tools<'_>,
    task: &str,
    name: &str,
    features: &str,
) -> Result<PathBuf, String> {
    let mut cargo = tools.cargo()?;
    cargo.args([
        task,
        "--package",
        "auth0-sdk",
        "--bench",
        name,
        "--features",
        features,
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let messages = cargo.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo bench: {error}"))?;
    if !messages.status.success() {
        return Err(format!("cargo bench: {}", messages.status));
    }
    let messages = String::from_utf8_lossy(&messages.stdout);
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let is_ours = message.pointer("/target/name").and_then(Value::as_str) == Some(name);
        message.get("executable").and_then(Value::as_str).filter(|_| is_ours).map(|path| root.join(path))
    });
    built.ok_or_else(|| "cargo bench built no executable".to_owned())
}

/// The benchmark's server. It ends when its standard input does.
pub(crate) struct Server {
    child: Child,
    pub(crate) origin: String,
}

impl Server {
    pub(crate) fn start(program: &Path, root: &Path) -> Result<Self, String> {
        let mut server = command(program, root);
        server.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = server.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let mut origin = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut origin).map_err(|error| error.to_string())?;
        }
        Ok(Self { child, origin: origin.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("the benchmark printed no JSON: {error}\n{text}"))
}

/// The load averages, where the system tells them.
fn load() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    Some(text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// The figures as Markdown.
fn tables(figures: &Value) -> String {
    let rows = |path: &str| figures.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let number = |row: &Value, key: &str| row.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let text = |path: &str| figures.pointer(path).map_or("?".to_owned(), |value| value.to_string().replace('"', ""));
    let mark = |value: f64, budget: f64| if value <= budget { "" } else { " (over budget)" };
    let flight =
        |count: f64| if count == 1.0 { "one after the other".to_owned() } else { format!("{count} in flight") };
    let mut out = vec![
        format!(
            "\n`users.list`, a page of 50 users ({} bytes), loopback, the server in another process; medians. \
             Load before {}, after {}. A ratio over {RATIO}, or an import over {IMPORT_MS} ms, is marked.\n",
            text("/native/page_bytes"),
            text("/load/before"),
            text("/load/after"),
        ),
        "| native, per call | reqwest + serde_json | auth0-sdk | ratio |\n| --- | --- | --- | --- |".to_owned(),
    ];
    out.extend(rows("/native/results").map(|row| {
        let ratio = number(row, "ratio");
        format!(
            "| {} | {} µs | {} µs | {ratio:.3}{} |",
            flight(number(row, "in_flight")),
            number(row, "reqwest_us"),
            number(row, "auth0_sdk_us"),
            mark(ratio, RATIO),
        )
    }));
    out.push(
        "\n| decoding the page | structs by hand, serde's derive | the generated models | `Value` | ratio |\n| --- | --- | --- | --- | --- |"
            .to_owned(),
    );
    for (name, path) in [("all members known", "/typed/known"), ("one member of a user unknown", "/typed/unknown")] {
        let row = figures.pointer(path).cloned().unwrap_or_default();
        let ratio = number(&row, "ratio");
        out.push(format!(
            "| {name} | {} µs | {} µs | {} µs | {ratio:.3}{} |",
            number(&row, "by_hand_us"),
            number(&row, "typed_us"),
            number(&row, "untyped_us"),
            mark(ratio, RATIO),
        ));
    }
    out.push("\n| verifying a token, warm | ring alone | auth0-sdk | ratio | the same token again |\n| --- | --- | --- | --- | --- |".to_owned());
    out.extend(rows("/verify/results").map(|row| {
        let name = row.get("algorithm").and_then(Value::as_str).unwrap_or("?");
        let ratio = number(row, "ratio");
        let (bare, ours, again) = (number(row, "ring_us"), number(row, "auth0_sdk_us"), number(row, "again_us"));
        format!("| {name} | {bare:.1} µs | {ours:.1} µs | {ratio:.3}{} | {again:.1} µs |", mark(ratio, VERIFY_RATIO))
    }));
    out.push(format!(
        "\n| Node {}, verifying a token, warm | algorithm | in flight | time | ratio |\n| --- | --- | --- | --- | --- |",
        text("/jsVerify/node")
    ));
    out.extend(rows("/jsVerify/results").map(|row| {
        let word = |name| row.get(name).and_then(Value::as_str).unwrap_or("?");
        let (name, algorithm, ratio) = (word("name"), word("alg"), number(row, "ratio"));
        let over = if name.starts_with("auth0-sdk") { mark(ratio, VERIFY_JS_RATIO) } else { "" };
        format!("| {name} | {algorithm} | {} | {} µs | {ratio:.3}{over} |", number(row, "inFlight"), number(row, "us"))
    }));
    out.push(format!(
        "\n| Node {}, per call | in flight | time | CPU time | ratio of time | in {} processes | ratio of CPU time |\n| --- | --- | --- | --- | --- | --- | --- |",
        text("/node/node"),
        text("/node/processes")
    ));
    out.extend(rows("/node/results").map(|row| {
        let name = row.get("name").and_then(Value::as_str).unwrap_or("?");
        let (ratio, cpu) = (number(row, "ratio"), number(row, "cpuRatio"));
        let ours = |value| if name == "auth0-sdk" { mark(value, RATIO) } else { "" };
        let (wall_us, cpu_us) = (number(row, "wallUs"), number(row, "cpuUs"));
        let in_flight = number(row, "inFlight");
        format!(
            "| {name} | {in_flight} | {wall_us} µs | {cpu_us} µs | {ratio:.3}{} | {} to {} | {cpu:.3}{} |",
            ours(ratio),
            number(row, "least"),
            number(row, "most"),
            ours(cpu)
        )
    }));
    out.push(format!(
        "\n| Node {}, a fresh process, over an empty one | time | memory (RSS) |\n| --- | --- | --- |",
        text("/start/node")
    ));
    out.extend(rows("/start/results").map(|row| {
        let name = row.get("name").and_then(Value::as_str).unwrap_or("?");
        let (wall, rss) = (number(row, "wallMs"), number(row, "rssMb"));
        let budgeted = ["auth0-sdk: import", "auth0-sdk: require"].contains(&name);
        let marked = if budgeted { mark(wall, IMPORT_MS) } else { "" };
        match name {
            "empty" => format!("| {name} | {wall} ms | {rss} MB |"),
            _ => format!("| {name} | {wall:+} ms{marked} | {rss:+} MB |"),
        }
    }));
    out.join("\n")
}
