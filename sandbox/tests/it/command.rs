//! The binary.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_auth0-sandbox");

#[test]
fn unknown_arguments_and_open_addresses_are_errors() {
    let run = |arguments: &[&str]| Command::new(BINARY).args(arguments).output().unwrap();
    let unknown = run(&["--prot", "1"]);
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text.contains("unknown argument --prot") && text.contains("--rate-limit"), "{text}");
    let remote = run(&["--host", "0.0.0.0", "--port", "0"]);
    assert_eq!(remote.status.code(), Some(1));
    assert!(String::from_utf8(remote.stderr).unwrap().contains("--allow-remote"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let busy = run(&["--port", &port]);
    let text = String::from_utf8(busy.stderr).unwrap();
    assert!(busy.status.code() == Some(1) && text.contains(&port) && text.contains("port 0"), "{text}");
    let help = run(&["--help"]);
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("--users"));
}

#[tokio::test]
async fn the_printed_configuration_works() {
    let mut child = Command::new(BINARY)
        .args(["--port", "0", "--users", "3", "--seed", "demo", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let configuration: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| configuration[name].as_str().unwrap();
    let body = serde_json::json!({
        "grant_type": "client_credentials", "client_id": text("client_id"), "client_secret": text("client_secret"),
        "audience": text("audience"),
    });
    let http = crate::client::http();
    let token = http.post(format!("http://{}/oauth/token", text("domain"))).json(&body).send().await.unwrap();
    let token: Value = token.json().await.unwrap();
    let users = http.get(format!("{}/users", text("base_url"))).bearer_auth(token["access_token"].as_str().unwrap());
    let users: Value = users.send().await.unwrap().json().await.unwrap();
    assert_eq!(users.as_array().unwrap().len(), 3);
    child.kill().unwrap();
    child.wait().unwrap();
}
