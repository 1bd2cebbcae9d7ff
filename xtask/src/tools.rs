//! What the tasks need and how it gets here. Nothing is taken from what somebody installed by hand but Rust (rustup),
//! Node 20 and Python 3; what is missing is installed, or the error says exactly how.

use crate::process::{command, output, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The same version as the crate's in Cargo.toml: the two must match to the letter.
const WASM_BINDGEN: &str = "0.2.130";
const WASM_PACK: &str = "0.15.1";
/// The same version as the crate `worker` in examples/worker-rust.
const WORKER_BUILD: &str = "0.8.7";
const CARGO_FUZZ: &str = "0.13.2";
const NEXTEST: &str = "0.9.143";

pub(crate) struct Tools<'a> {
    pub(crate) root: &'a Path,
}

impl<'a> Tools<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root }
    }

    fn bin(&self) -> PathBuf {
        self.root.join("target/tools/bin")
    }

    /// PATH with our own tools and those of npm in front.
    pub(crate) fn path(&self) -> Result<std::ffi::OsString, String> {
        let own = [self.bin(), self.root.join("node_modules/.bin")];
        let system = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&system))).map_err(|error| error.to_string())
    }

    /// A program that finds our tools.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Result<Command, String> {
        let program = program.as_ref();
        // The machine's: among the packages of npm are other versions of it, which the tests try the package in.
        let node = (program == "node").then(|| first_on_path(&["node"])).flatten();
        let mut command = command(node.as_deref().map_or(program, Path::as_os_str), self.root);
        command.env("PATH", self.path()?);
        Ok(command)
    }

    pub(crate) fn cargo(&self) -> Result<Command, String> {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// The wasm target of the toolchain in rust-toolchain.toml.
    pub(crate) fn wasm_target(&self) -> Result<(), String> {
        const TARGET: &str = "wasm32-unknown-unknown";
        let sysroot = output(command("rustc", self.root).args(["--print", "sysroot"]))?;
        if Path::new(&sysroot).join("lib/rustlib").join(TARGET).is_dir() {
            return Ok(());
        }
        run(command("rustup", self.root).args(["target", "add", TARGET])).map_err(|error| {
            format!("{error}\nthe target {TARGET} is missing: install rustup, or add the target to your Rust")
        })
    }

    /// A tool of crates.io, in target/tools.
    fn cargo_tool(&self, program: &str, krate: &str, version: &str, arguments: &[&str]) -> Result<(), String> {
        let binary = self.bin().join(program);
        // `--version` says `wasm-bindgen 0.2.130`.
        let is_right = |said: String| said.split_whitespace().any(|word| word == version);
        if binary.exists() && output(Command::new(&binary).arg("--version")).is_ok_and(is_right) {
            return Ok(());
        }
        let mut install = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), self.root);
        install.args(["install", "--root", "target/tools", "--debug", krate, "--version", version]);
        // Nobody debugs them, and without it they are built in less time.
        run(install.args(arguments).env("CARGO_PROFILE_DEV_DEBUG", "0"))
    }

    /// wasm-bindgen, its test runner, and wasm-pack. Debug builds: they take half the time to build and are fast enough.
    pub(crate) fn wasm_tools(&self) -> Result<(), String> {
        self.wasm_target()?;
        let bins = ["--bin", "wasm-bindgen", "--bin", "wasm-bindgen-test-runner"];
        // Not --locked: its lock file names versions that a registry mirror may not have yet.
        self.cargo_tool("wasm-bindgen", "wasm-bindgen-cli", WASM_BINDGEN, &bins)?;
        self.cargo_tool("wasm-pack", "wasm-pack", WASM_PACK, &["--locked"])
    }

    /// worker-build, which makes a Worker of a crate.
    pub(crate) fn worker_build(&self) -> Result<(), String> {
        self.cargo_tool("worker-build", "worker-build", WORKER_BUILD, &["--locked"])
    }

    /// cargo-fuzz, which only the task `fuzz` needs.
    pub(crate) fn cargo_fuzz(&self) -> Result<(), String> {
        self.cargo_tool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ, &["--locked"])
    }

    /// cargo-nextest: the machine's own, or one in target/tools.
    pub(crate) fn nextest(&self) -> Result<(), String> {
        if output(self.command("cargo-nextest")?.arg("--version")).is_ok() {
            return Ok(());
        }
        self.cargo_tool("cargo-nextest", "cargo-nextest", NEXTEST, &["--locked"])
    }

    /// Node: checked, since nothing here can install it.
    pub(crate) fn node(&self) -> Result<(), String> {
        let version = output(command("node", self.root).arg("--version"))
            .map_err(|error| format!("{error}\nNode 20 or newer is needed: install it and put it on PATH"))?;
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < 20) {
            return Err(format!("node is {version}; 20 or newer is needed"));
        }
        Ok(())
    }

    /// The development dependencies of package.json, as package-lock.json has them.
    pub(crate) fn npm(&self) -> Result<(), String> {
        self.node()?;
        // npm writes this file last; a lock that is newer was changed since.
        let modified = |path: &str| std::fs::metadata(self.root.join(path)).and_then(|data| data.modified()).ok();
        let installed = modified("node_modules/.package-lock.json");
        if installed.is_some() && installed >= modified("package-lock.json") {
            return Ok(());
        }
        let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run(command("npm", self.root).args(flags))
    }

    /// Chromium and its driver: the machine's, or Debian's packages.
    pub(crate) fn chromium(&self) -> Result<Chromium, String> {
        let find = || {
            let browser = first_on_path(&["chromium", "chromium-browser", "google-chrome"])?;
            Some(Chromium { browser, driver: first_on_path(&["chromedriver"])? })
        };
        if let Some(found) = find() {
            return Ok(found);
        }
        let how = "Chromium and chromedriver are needed: on Debian as root `apt-get install chromium chromium-driver`; \
                   elsewhere install both in the same version and put them on PATH";
        self.apt(&["chromium", "chromium-driver"], how)?;
        find().ok_or_else(|| how.to_owned())
    }

    /// Firefox: the machine's, or Debian's package.
    pub(crate) fn firefox(&self) -> Result<PathBuf, String> {
        let find = || first_on_path(&["firefox", "firefox-esr"]);
        if let Some(found) = find() {
            return Ok(found);
        }
        let how = "Firefox is needed: on Debian as root `apt-get install firefox-esr`; elsewhere install it and put it on PATH";
        self.apt(&["firefox-esr"], how)?;
        find().ok_or_else(|| how.to_owned())
    }

    /// A Python of its own in this folder below target/, with these packages (`name==version`).
    pub(crate) fn python(&self, folder: &str, packages: &[&str]) -> Result<PathBuf, String> {
        let folder = self.root.join("target").join(folder);
        let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let python = bin.join(if cfg!(windows) { "python.exe" } else { "python" });
        let has_all = output(self.command(&python)?.args(["-m", "pip", "freeze"]))
            .is_ok_and(|all| packages.iter().all(|package| all.lines().any(|one| one == *package)));
        if !has_all {
            run(self.command("python3")?.args(["-m", "venv"]).arg(&folder))?;
            run(self.command(&python)?.args(["-m", "pip", "install", "--quiet", "--no-input"]).args(packages))?;
        }
        Ok(python)
    }

    /// PyJWT, with which tests/it/interop.rs signs and verifies tokens.
    pub(crate) fn pyjwt(&self) -> Result<(), String> {
        self.python("interop/python", &["PyJWT==2.15.1", "cryptography==50.0.2"]).map(drop)
    }

    /// redis-server, which the test of the fleet starts: the machine's, or Debian's package.
    pub(crate) fn redis(&self) -> Result<(), String> {
        if first_on_path(&["redis-server"]).is_some() {
            return Ok(());
        }
        let how = "redis-server is needed: on Debian as root `apt-get install redis-server`; elsewhere put one on PATH";
        self.apt(&["redis-server"], how)
    }

    fn apt(&self, packages: &[&str], how: &str) -> Result<(), String> {
        let apt = first_on_path(&["apt-get"]).ok_or(how)?;
        run(command(&apt, self.root).args(["update", "-qq"])).map_err(|error| format!("{error}\n{how}"))?;
        let install = ["install", "-y", "-qq", "--no-install-recommends"];
        run(command(&apt, self.root).args(install).args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
            .map_err(|error| format!("{error}\n{how}"))
    }
}

pub(crate) struct Chromium {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

fn first_on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()))
}
