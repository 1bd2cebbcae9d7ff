//! The data file, with the binary: what a process leaves behind when it is killed.

use crate::client::Answer;
use auth0_sandbox::{Sandbox, SandboxError};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_auth0-sandbox");

/// A file that is gone after the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.redb", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Process {
    child: Child,
    config: Value,
    http: reqwest::Client,
    token: String,
}

impl Process {
    fn start(file: &File, port: u64, users: u64) -> Self {
        let arguments = ["--port", &port.to_string(), "--users", &users.to_string(), "--json", "--data", file.text()]
            .map(str::to_owned);
        let mut child = Command::new(BINARY).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let config = serde_json::from_str(&line).unwrap();
        Self { child, config, http: crate::client::http(), token: String::new() }
    }

    fn get(&self, name: &str) -> &str {
        self.config[name].as_str().unwrap()
    }

    async fn log_in(&mut self) {
        let body = json!({"grant_type": "client_credentials", "client_id": self.get("client_id"), "client_secret": self.get("client_secret"), "audience": self.get("audience")});
        let answer =
            self.http.post(format!("http://{}/oauth/token", self.get("domain"))).json(&body).send().await.unwrap();
        self.token = Answer::of(answer).await.expect(200)["access_token"].as_str().unwrap().to_owned();
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}{path}", self.get("base_url"));
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        let request = body.iter().fold(request, |request, body| request.json(body));
        Answer::of(request.send().await.unwrap()).await
    }

    /// As `kill -9` does.
    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.token.clone()
    }
}

#[tokio::test]
async fn what_was_answered_survives_being_killed() {
    let file = File::new("survives");
    let mut first = Process::start(&file, 0, 3);
    first.log_in().await;
    let connection = "Username-Password-Authentication";
    let user =
        json!({"connection": connection, "email": "kept@example.com", "password": "Secret-12", "user_id": "kept"});
    first.call("POST", "/users", Some(user)).await.expect(201);
    let role = first.call("POST", "/roles", Some(json!({"name": "kept"}))).await.expect(200);
    first.call("POST", "/users/auth0%7Ckept/roles", Some(json!({"roles": [role["id"]]}))).await.expect(204);
    first.call("PATCH", "/tenants/settings", Some(json!({"friendly_name": "Kept"}))).await.expect(200);
    let gone = first.call("GET", "/users?q=email:user-000001*", None).await.expect(200)[0]["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    first.call("DELETE", &format!("/users/{gone}"), None).await.expect(204);
    let before = first.call("GET", "/users", None).await.expect(200);
    let port = first.config["port"].as_u64().unwrap();
    let token = first.kill();

    let mut second = Process::start(&file, port, 100);
    second.token = token;
    assert_eq!(second.call("GET", "/users", None).await.expect(200), before, "with the token of before");
    assert_eq!(second.call("GET", "/users/auth0%7Ckept/roles", None).await.expect(200)[0]["name"], json!("kept"));
    assert_eq!(
        second.call("GET", "/tenants/settings?fields=friendly_name", None).await.expect(200),
        json!({"friendly_name": "Kept"})
    );
    second.call("GET", &format!("/users/{gone}"), None).await.expect(404);
    let login = json!({"grant_type": "password", "username": "kept@example.com", "password": "Secret-12", "client_id": web(&second).await, "client_secret": web_secret(&second).await});
    let answer =
        second.http.post(format!("http://{}/oauth/token", second.get("domain"))).json(&login).send().await.unwrap();
    Answer::of(answer).await.expect(200);
    second.kill();
    // At another address the API has another name.
    let mut third = Process::start(&file, 0, 0);
    third.log_in().await;
    assert_eq!(
        third.call("GET", "/users", None).await.expect(200).as_array().unwrap().len(),
        before.as_array().unwrap().len()
    );
    third.kill();
}

async fn web_client(process: &Process) -> Value {
    let all = process.call("GET", "/clients", None).await.expect(200);
    all.as_array().unwrap().iter().find(|client| client["name"] == "Sample web app").unwrap().clone()
}

async fn web(process: &Process) -> Value {
    web_client(process).await["client_id"].clone()
}

async fn web_secret(process: &Process) -> Value {
    web_client(process).await["client_secret"].clone()
}

#[tokio::test]
async fn a_file_that_is_damaged_or_in_use_is_refused_and_kept() {
    let broken = File::new("broken");
    for content in [&b"not a database"[..], &[0; 8192], b"x"] {
        std::fs::write(&broken.0, content).unwrap();
        let error = Sandbox::builder().data(broken.text()).start().await.unwrap_err();
        assert!(matches!(error, SandboxError::Data { .. }), "{error}");
        assert!(error.to_string().contains("left as it is"), "{error}");
        assert_eq!(std::fs::read(&broken.0).unwrap(), content);
    }
    let file = File::new("shared");
    let first = Sandbox::builder().users(1).data(file.text()).start().await.unwrap();
    let second = Sandbox::builder().data(file.text()).start().await.unwrap_err().to_string();
    assert!(second.contains("another sandbox"), "{second}");
    let other = Command::new(BINARY).args(["--port", "0", "--data", file.text()]).output().unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("another sandbox"));
    first.shutdown().await;
    Sandbox::builder().data(file.text()).start().await.unwrap();
}
