//! The sandbox as a process of its own, for what is not Rust.

use crate::process::{command, run};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running sandbox. It ends when this is dropped.
pub(crate) struct Sandbox {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) origin: String,
    pub(crate) audience: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// Builds the binary. Its crypto is optimised in the dev profile too, so that it starts at once.
pub(crate) fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(command(&cargo, root).args(["build", "--quiet", "--package", "auth0-sandbox", "--bins"]))?;
    Ok(binary(root))
}

/// Where cargo puts the binary.
pub(crate) fn binary(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("debug/auth0-sandbox")
}

/// Builds the binary for speed.
pub(crate) fn build_release(root: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(command(&cargo, root).args(["build", "--quiet", "--release", "--package", "auth0-sandbox", "--bins"]))?;
    let debug = binary(root);
    let folder = debug.parent().and_then(Path::parent).ok_or("the binary is in no folder")?;
    Ok(folder.join("release/auth0-sandbox"))
}

/// Starts a sandbox on a free port.
pub(crate) fn start(root: &Path, users: u32) -> Result<Sandbox, String> {
    start_built(&build(root)?, users, &[])
}

/// The same, with a binary that is built already, and perhaps more arguments.
pub(crate) fn start_built(binary: &Path, users: u32, arguments: &[&str]) -> Result<Sandbox, String> {
    start_command(Command::new(binary), users, arguments)
}

/// The same, with a program that may be another one.
pub(crate) fn start_command(mut program: Command, users: u32, arguments: &[&str]) -> Result<Sandbox, String> {
    let name = program.get_program().display().to_string();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let mut child = program
        .args(["--port", "0", "--json", "--users", &users.to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
    }
    let config: Value = serde_json::from_str(&line).map_err(|_| format!("the sandbox did not start: {line:?}"))?;
    let text = |key: &str| {
        let value = config.get(key).and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(|| format!("the sandbox's configuration has no {key}"))
    };
    let base_url = text("base_url")?;
    Ok(Sandbox {
        origin: base_url.trim_end_matches("/api/v2").to_owned(),
        audience: text("audience")?,
        client_id: text("client_id")?,
        client_secret: text("client_secret")?,
        child,
    })
}

impl Sandbox {
    /// Tells a program where the sandbox is.
    pub(crate) fn describe(&self, command: &mut Command) {
        command.env("SANDBOX_URL", &self.origin).env("SANDBOX_AUDIENCE", &self.audience);
        command.env("SANDBOX_CLIENT_ID", &self.client_id).env("SANDBOX_CLIENT_SECRET", &self.client_secret);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
