//! Every operation of the published document, called over loopback and judged by Prism.
//!
//! Prism and the document stand outside of this repository: Prism in `node_modules`, the document and what prepares it in
//! the folder `shared` beside the checkout. What is missing fails the test by name.

use crate::conformance::{DESCRIPTION, call};
#[cfg(feature = "management")]
use auth0_api_description::sample::Request;
use auth0_api_description::sample::Size;
use auth0_api_description::{Description, Kind, Operation, Type};
use auth0_sdk::{Error, Json, ManagementClient, RetryPolicy};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The operations that the prepared document has; the others come from additions to it.
const OPERATIONS: usize = 452;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn wanted(path: PathBuf, what: &str) -> PathBuf {
    assert!(path.exists(), "{} is missing: {what}", path.display());
    path
}

/// A process that ends with the test, also when that panics.
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn prepare(document: &Path, source: &str, arguments: &[&str]) {
    let shared = || root().join("../shared");
    let script = wanted(
        shared().join("counterparts/prism-prep.py"),
        "the folder `shared` with the counterparts belongs beside the checkout",
    );
    let source = wanted(shared().join("api").join(source), "the folder `shared` belongs beside the checkout");
    let status = Command::new("python3")
        .arg(script)
        .arg(source)
        .arg(document)
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .expect("python3, which prepares the document, cannot be run");
    assert!(status.success(), "prism-prep.py failed: {status}");
}

pub(crate) fn start(document: &Path) -> (Process, String) {
    let cli = wanted(root().join("node_modules/@stoplight/prism-cli/dist/index.js"), "run `npm ci`");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let (host, port) = address.split_once(':').expect("host and port");
    let mut child = Command::new("node")
        .arg(cli)
        .args(["mock", "-h", host, "-p", port, "--errors"])
        .arg(document)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node, which Prism needs, cannot be run");
    let (sender, lines) = mpsc::channel();
    let pipes: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
    let process = Process(child);
    for pipe in pipes.into_iter().flatten() {
        let sender = sender.clone();
        // Read to the end, so that Prism never waits for a full pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
    }
    drop(sender);
    let mut said = Vec::new();
    while let Ok(line) = lines.recv_timeout(Duration::from_secs(120)) {
        if line.contains("Prism is listening on") {
            return (process, format!("http://{address}"));
        }
        said.push(line);
    }
    panic!("Prism did not start:\n{}", said.join("\n"));
}

/// The description without what is newer than the published document, or mends it: Prism refuses what that lacks.
fn published() -> (Description, Vec<(String, String, Vec<String>)>) {
    let read = |path: &str| -> Json {
        let text = std::fs::read_to_string(wanted(root().join(path), "it says what is newer")).expect("a text");
        serde_json::from_str(&text).expect("JSON")
    };
    let names = |members: &Json| members.as_object().expect("members").keys().cloned().collect::<Vec<_>>();
    let additions = read("../shared/api/management-additions.json");
    let mut newer: Vec<(String, Vec<String>)> = Vec::new();
    for (schema, members) in additions["x-added-properties"].as_object().expect("schemas") {
        newer.push((schema.clone(), names(members)));
    }
    for change in read("xtask/corrections.json")["patches"].as_array().expect("patches") {
        for change in change["changes"].as_array().expect("changes") {
            let at: Vec<_> = change["at"].as_str().expect("a place").split('/').collect();
            if let ["", "components", "schemas", schema, "properties", member] = at[..] {
                newer.push((schema.to_owned(), vec![member.to_owned()]));
            }
        }
    }
    let mut description = DESCRIPTION.clone();
    for (schema, members) in newer {
        if let Some(Type { kind: Kind::Object { properties, .. }, .. }) = description.types.get_mut(&schema) {
            properties.retain(|property| !members.contains(&property.name));
        }
    }
    let bodies = additions["x-added-body-properties"].as_object().expect("operations").iter();
    let bodies = bodies.map(|(operation, members)| {
        let (method, path) = operation.split_once(' ').expect("method and path");
        (method.to_owned(), nameless(path), names(members))
    });
    (description, bodies.collect())
}

/// Method and path of every operation of a document, with nameless parameters.
pub(crate) fn operations_of(document: &Path) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(document).expect("the prepared document");
    let document: Json = serde_json::from_str(&text).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys().filter(|key| *key != "parameters");
        methods.map(move |method| (method.to_uppercase(), nameless(path)))
    });
    operations.collect()
}

fn nameless(path: &str) -> String {
    path.split(['{', '}']).enumerate().map(|(index, part)| if index % 2 == 0 { part } else { "{}" }).collect()
}

/// The typed calls of these operations, by id.
#[cfg(feature = "management")]
fn typed_calls<'a>(
    auth0: &ManagementClient,
    operations: &[&'a Operation],
    arguments: &dyn Fn(&Operation) -> Request,
) -> std::collections::BTreeMap<&'a str, crate::typed::Answer> {
    let find = |id: &str| operations.iter().copied().find(|operation| operation.id == id);
    let of = |id: &str| {
        // What the document does not have is made too, and not sent.
        let operation = find(id).or_else(|| DESCRIPTION.operations().find(|operation| operation.id == id));
        crate::typed::Arguments(arguments(operation.expect(id)))
    };
    let calls = crate::typed_generated::calls(auth0, &of).into_iter();
    calls.filter_map(|(id, call)| Some((find(id)?.id.as_str(), call))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_valid() {
    let document = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prism-management.json");
    prepare(&document, "management.json", &["--prefix", "/api/v2"]);
    let known = operations_of(&document);
    let (_prism, origin) = start(&document);
    let auth0 = ManagementClient::builder(origin)
        .token("any-token")
        .custom_domain("login.example.com")
        .retry_policy(RetryPolicy::default().base(Duration::from_millis(20)))
        .build()
        .expect("a client");
    let (description, bodies) = published();
    let operations = description.operations().filter(|operation| {
        known.contains(&(operation.method.as_str().to_owned(), nameless(&format!("/api/v2{}", operation.path))))
    });
    let operations: Vec<_> = operations.collect();
    assert_eq!(operations.len(), OPERATIONS);
    let arguments = |operation: &Operation, size| {
        let mut request = description.sample_request(operation, size);
        if let Some(Json::Object(members)) = &mut request.body {
            let this = (operation.method.as_str(), nameless(&operation.path));
            let newer = bodies.iter().filter(|(method, path, _)| (method.as_str(), path) == (this.0, &this.1));
            newer.flat_map(|(_, _, names)| names).for_each(|name| drop(members.remove(name)));
        }
        request
    };
    let mut wrong = Vec::new();
    for size in [Size::Least, Size::Full] {
        #[cfg(feature = "management")]
        let mut typed = typed_calls(&auth0, &operations, &|operation| arguments(operation, size));
        for operation in &operations {
            let request = arguments(operation, size);
            let refused = |error: &Error| {
                let body = error.body().map(|body| body.text()).unwrap_or_default();
                format!("{} {size:?}: {error}\n  {body}\n  {request:?}", operation.id)
            };
            let answer = match call(&auth0, operation, &request).raw().await {
                Ok(answer) => answer.data,
                Err(error) => {
                    wrong.push(refused(&error));
                    continue;
                }
            };
            // The same call once more, typed: accepted, and everything that the sample says is there.
            #[cfg(feature = "management")]
            match typed.remove(operation.id.as_str()).expect("a typed call").await {
                Ok(read) if crate::typed::answer_kept(&answer, &read.written) => {}
                Ok(read) => wrong.push(format!("{} {size:?}: {answer}\n  came back as {read:?}", operation.id)),
                Err(error) => wrong.push(format!("typed: {}", refused(&error))),
            }
            #[cfg(not(feature = "management"))]
            let _ = answer;
        }
    }
    assert!(wrong.is_empty(), "{} calls are wrong:\n{}", wrong.len(), wrong.join("\n"));

    // A judge that lets everything pass is none: what is wrong must be refused.
    let refused = auth0.operation("users.create").body(&serde_json::json!({"connection": 5})).await;
    assert_eq!(refused.expect_err("not valid").status(), Some(422));
    let refused = auth0.operation("users.list").query("per_page", 1_000_000).await;
    assert_eq!(refused.expect_err("not valid").status(), Some(422));
}
