//! `cargo xtask demo`: the main job, natively and through the npm package in Node, against a local tenant, or against one
//! that the environment names; then the playground in a browser. Where nobody watches (there is no terminal) it ends before
//! that, unless it is told otherwise.

use crate::process::{command, output};
use crate::progress::{Progress, now, shown, step};
use crate::sandbox::{self, Sandbox};
use crate::tools::Tools;
use std::fs;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// More than offset paging reaches.
const USERS: u32 = 2_500;

const VARIABLES: [&str; 3] = ["AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET"];

const PACKAGE: &str = "target/npm/auth0-sdk.tgz";

/// What the package is made of.
const SOURCES: [&str; 5] = ["src", "wasm", "pkg-template", "Cargo.toml", "Cargo.lock"];

/// Where the tenant of this run is.
enum Tenant {
    Named,
    Local(Sandbox),
}

/// What comes after the two programs.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    None,
    Served,
    Opened,
}

/// What somebody asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    page: Page,
    port: Option<u16>,
}

fn wanted(arguments: &[&str], terminal: bool) -> Result<Wanted, String> {
    let mut wanted = Wanted { page: if terminal { Page::Opened } else { Page::None }, port: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--no-page" => wanted.page = Page::None,
            "--serve" => wanted.page = Page::Served,
            "--open" => wanted.page = Page::Opened,
            "--port" => {
                let given = rest.next().copied().unwrap_or_default();
                let port = given.parse().map_err(|_| format!("--port {given:?} is no port: 0 to 65535 are"))?;
                wanted.port = Some(port);
            }
            other => return Err(format!("demo takes --no-page, --serve, --open and --port PORT, not {other}")),
        }
    }
    Ok(wanted)
}

impl Wanted {
    /// Says before minutes have gone that the page cannot be served there.
    fn is_free(&self) -> Result<(), String> {
        match self.port {
            Some(port) if self.page != Page::None => TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .map(drop)
                .map_err(|error| format!("port {port}: {error}. Give another one, or 0 for any")),
            _ => Ok(()),
        }
    }
}

/// Sets up what is missing, then does the main job twice, and shows the page.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let wanted = wanted(arguments, std::io::stdout().is_terminal())?;
    let named = tenant_is_named()?;
    let tools = Tools::new(root);
    let started = now();

    println!("Setting up");
    // What cannot be installed from here is looked for before anything takes minutes.
    tools.node()?;
    output(command("npm", root).arg("--version"))
        .map_err(|error| format!("{error}\nnpm is needed, which comes with Node"))?;
    tools.wasm_target()?;
    wanted.is_free()?;
    if !root.join(PACKAGE).exists() {
        println!("  The first time, tools and all programs are built. That takes some minutes.");
    }
    step("programs", |progress| {
        // Two builds: in one, each would be built with the features that the other's dependencies need.
        progress.run(tools.cargo()?.args(["build", "--package", "auth0-sdk", "--example", "demo"]))?;
        if !named {
            progress.run(tools.cargo()?.args(["build", "--package", "auth0-sandbox", "--bins"]))?;
        }
        Ok("built".to_owned())
    })?;
    step("package", |progress| package(&tools, progress))?;
    let project = root.join("target/demo");
    step("project", |progress| install(&tools, &project, progress))?;
    let tenant = if named {
        Tenant::Named
    } else {
        let mut running = None;
        step("tenant", |_| {
            let sandbox = sandbox::start_built(&sandbox::binary(root), USERS, &[])?;
            let text = format!("a sandbox at {} with {USERS} users", sandbox.origin);
            running = Some(sandbox);
            Ok(text)
        })?;
        Tenant::Local(running.ok_or("the sandbox was not started")?)
    };
    let setup = started.elapsed();

    println!("\nNatively: examples/demo.rs");
    let mut native = tools.cargo()?;
    native.args(["run", "--quiet", "--package", "auth0-sdk", "--example", "demo", "--"]);
    let native = part(&tenant, &mut native)?;

    println!("\nThrough the npm package, in Node: examples/demo-node/demo.mjs");
    let mut node = command("node", &project);
    let node = part(&tenant, node.arg("demo.mjs"))?;

    println!("\nAll done: setup {}, natively {}, in Node {}.", shown(setup), shown(native), shown(node));
    if !named {
        println!("To see it read from a tenant of yours, set {} and run it again.", VARIABLES.join(", "));
    }
    if wanted.page == Page::None {
        println!("To have it all in a browser: cargo xtask demo --open");
        return Ok(());
    }
    playground(&tools, &tenant, &wanted)
}

/// Builds the page and serves it until somebody ends it.
fn playground(tools: &Tools<'_>, tenant: &Tenant, wanted: &Wanted) -> Result<(), String> {
    println!("\nIn the browser: www/");
    step("page", |progress| {
        tools.npm()?;
        progress.run(tools.command("node")?.arg("www/build.mjs"))?;
        Ok("target/www built".to_owned())
    })?;
    let mut server = tools.command("node")?;
    if let Tenant::Local(sandbox) = tenant {
        sandbox.describe(&mut server);
    }
    server.arg("www/serve.mjs");
    if wanted.page == Page::Opened {
        server.arg("--open");
    }
    if let Some(port) = wanted.port {
        server.args(["--port", &port.to_string()]);
    }
    println!("  Ctrl-C ends the page and the tenant.");
    // It prints the address itself.
    let status = server.status().map_err(|error| format!("node: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the server of the page ended ({status})")) }
}

/// True when all variables are set. Some of them are a mistake that must not end at the local tenant.
fn tenant_is_named() -> Result<bool, String> {
    let missing = VARIABLES.iter().filter(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()));
    let missing: Vec<&str> = missing.copied().collect();
    match missing.len() {
        0 => Ok(true),
        n if n == VARIABLES.len() => Ok(false),
        _ => Err(format!(
            "not set: {}. Set {} for a tenant of yours, or none of them for the local one",
            missing.join(", "),
            VARIABLES.join(", ")
        )),
    }
}

/// Builds the package when it is missing or older than what it is made of.
fn package(tools: &Tools<'_>, progress: &mut Progress) -> Result<String, String> {
    let root = tools.root;
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in SOURCES {
        newest = newest.max(last_change(&root.join(source))?);
    }
    if fs::metadata(root.join(PACKAGE)).and_then(|data| data.modified()).is_ok_and(|built| built > newest) {
        return Ok(format!("{PACKAGE} is up to date"));
    }
    // As a program of its own, so that all that it prints is seen by its last line. Not with the PATH of our tools, where npm
    // packages have other versions of Node in front.
    let own = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    progress.run(command(own, tools.root).arg("npm"))?;
    Ok(format!("{PACKAGE} built"))
}

/// When a file, or the newest file below a folder, was changed.
fn last_change(path: &Path) -> Result<SystemTime, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_file() {
        return fs::metadata(path).and_then(|data| data.modified()).map_err(failed);
    }
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(path).map_err(failed)? {
        newest = newest.max(last_change(&entry.map_err(failed)?.path())?);
    }
    Ok(newest)
}

/// A project with nothing in it but the package and the demo.
fn install(tools: &Tools<'_>, project: &Path, progress: &mut Progress) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", project.display());
    if project.exists() {
        // A lock file of the last time would refuse the package of this time.
        fs::remove_dir_all(project).map_err(failed)?;
    }
    let manifest = "{ \"name\": \"auth0-sdk-demo\", \"private\": true, \"type\": \"module\" }\n";
    crate::files::write(&project.join("package.json"), manifest)?;
    fs::copy(tools.root.join("examples/demo-node/demo.mjs"), project.join("demo.mjs")).map_err(failed)?;
    let package: PathBuf = tools.root.join(PACKAGE);
    let mut npm = command("npm", project);
    npm.args(["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    progress.run(npm.arg(package))?;
    Ok("target/demo with the package in it".to_owned())
}

/// Runs one of the two programs and gives the time that it took.
fn part(tenant: &Tenant, program: &mut Command) -> Result<Duration, String> {
    let name = program.get_program().to_string_lossy().into_owned();
    if let Tenant::Local(sandbox) = tenant {
        program.args([&sandbox.origin, &USERS.to_string()]);
        program.env("AUTH0_CLIENT_ID", &sandbox.client_id).env("AUTH0_CLIENT_SECRET", &sandbox.client_secret);
        // The local tenant is not to be looked for behind a proxy.
        program.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    }
    let start = now();
    let status = program.status().map_err(|error| format!("{name}: {error}"))?;
    // The program has said why.
    if status.success() { Ok(start.elapsed()) } else { Err(format!("the demo failed ({status})")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_opened_where_somebody_watches() {
        let of = |arguments: &[&str], terminal| wanted(arguments, terminal).unwrap().page;
        assert_eq!(of(&[], true), Page::Opened);
        assert_eq!(of(&[], false), Page::None);
        assert_eq!(of(&["--no-page"], true), Page::None);
        assert_eq!(of(&["--serve"], true), Page::Served);
        assert_eq!(of(&["--open"], false), Page::Opened);
        assert_eq!(wanted(&["--port", "8080"], true).unwrap().port, Some(8080));
        for wrong in [&["--port"][..], &["--port", "99999"], &["--shut"]] {
            assert!(wanted(wrong, true).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_port_in_use_is_told_at_once() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = Some(taken.local_addr().unwrap().port());
        let error = Wanted { page: Page::Served, port }.is_free().unwrap_err();
        assert!(error.contains("in use"), "{error}");
        Wanted { page: Page::None, port }.is_free().unwrap();
        drop(taken);
        Wanted { page: Page::Served, port }.is_free().unwrap();
    }
}
