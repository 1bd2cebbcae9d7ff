//! What Rust and the JavaScript of the npm package make of the same tokens, key sets and requests, each spoilt in a random way by
//! `tests/counterparts/interop/differential.mjs`: the same claims, or a refusal with the same code.
//!
//! 1,500 of one seed in the tests; `cargo xtask fuzz differential --seconds N` takes a new seed each time.

use crate::keys::expectation;
use crate::support::START;
use auth0_sdk::testing::{ManualTimer, ScriptedTransport, block_on};
use auth0_sdk::verify::{Expect, Guard, GuardRequest, TokenVerifier, TokenVerifierBuilder};
use auth0_sdk::{Algorithm, Error, Host, Json, NativeCrypto};
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A seed, or the word new; and how many: seconds, or a number and an x.
const LIMIT: &str = "AUTH0_SDK_DIFFERENTIAL";

struct Side {
    about: Json,
    verifiers: Vec<TokenVerifier>,
}

fn text<'a>(value: &'a Json, name: &str) -> Option<&'a str> {
    value[name].as_str()
}

impl Side {
    fn of(about: Json) -> Self {
        assert_eq!(about["now"], START.as_secs());
        let build = |own: &Json| {
            let mut builder = Self::builder(&about, own);
            builder = match text(own, "secret") {
                Some(secret) => builder.secret(secret),
                None => builder.jwks(about["jwks"].to_string()),
            };
            builder.build().expect("a verifier")
        };
        let verifiers = about["settings"].as_array().expect("a list").iter().map(build).collect();
        Self { about, verifiers }
    }

    fn builder(about: &Json, own: &Json) -> TokenVerifierBuilder {
        let common = &about["common"];
        let mut builder = TokenVerifier::builder(text(common, "domain").expect("a domain"))
            .issuer(text(common, "issuer").expect("an issuer"))
            .audience(text(common, "audience").expect("an audience"))
            .client_id(text(common, "clientId").expect("a client"))
            .host(Host::new(ScriptedTransport::default(), ManualTimer::skipping(), NativeCrypto));
        if let Some(names) = own["algorithms"].as_array() {
            let known = |name: &Json| Algorithm::parse(name.as_str().expect("a text")).expect("an algorithm");
            builder = builder.algorithms(names.iter().map(known));
        }
        if let Some(leeway) = own["leeway"].as_u64() {
            builder = builder.leeway(Duration::from_secs(leeway));
        }
        builder
    }

    async fn judge(&self, judged: &Json) -> Result<Json, Error> {
        let token = text(judged, "token").unwrap_or_default();
        if let Some(jwks) = text(judged, "jwks") {
            let verifier = Self::builder(&self.about, &self.about["settings"][0]).jwks(jwks).build()?;
            return Ok(verifier.access_token(token, &Expect::new()).await?.to_json());
        }
        let setting = judged["setting"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a setting");
        let (verifier, expect) = (&self.verifiers[setting], expectation(&judged["expect"]));
        let claims = match text(judged, "kind") {
            Some("access") => verifier.access_token(token, &expect).await?,
            Some("id") => verifier.id_token(token, &expect).await?,
            Some("logout") => verifier.logout_token(token).await?,
            _ => {
                let guard = Guard::new(verifier.clone()).expect(expect);
                let guard = match text(judged, "mode") {
                    Some("required") => guard.require_dpop(),
                    Some("off") => guard.without_dpop(),
                    _ => guard,
                };
                let (authorization, dpop) = (text(judged, "authorization"), text(judged, "proof"));
                let request = GuardRequest {
                    method: text(judged, "method").expect("a method"),
                    url: text(judged, "url").expect("a URL"),
                    authorization: authorization.as_slice(),
                    dpop: dpop.as_slice(),
                    dpop_nonce: text(judged, "nonce"),
                    ..Default::default()
                };
                guard.check(&request).await.map_err(|refused| refused.error)?
            }
        };
        Ok(claims.to_json())
    }
}

/// JavaScript has one kind of number, and writes 1.0 as 1.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[test]
fn rust_and_javascript_judge_alike() {
    let limit = std::env::var(LIMIT).unwrap_or_else(|_| "1 1500x".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut node = Command::new("node")
        .arg(root.join("tests/counterparts/interop/differential.mjs"))
        .args(limit.split(' '))
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut lines = BufReader::new(node.stdout.take().expect("a pipe"))
        .lines()
        .map(|line| serde_json::from_str::<Json>(&line.expect("text")).expect("JSON"));
    let side = Side::of(lines.next().expect("a first line")["about"].take());
    let (mut judged, mut accepted, mut differences, mut wrong) = (0, 0, 0, String::new());
    for line in lines {
        judged += 1;
        let (theirs, ours) = (&line["outcome"], block_on(side.judge(&line)));
        let alike = match &ours {
            Ok(claims) => {
                accepted += 1;
                same(claims, &theirs["claims"])
            }
            Err(error) => text(theirs, "code") == error.code(),
        };
        if !alike {
            let ours = ours.map_or_else(|error| format!("{error:?}"), |claims| claims.to_string());
            let _ = writeln!(wrong, "\nJavaScript: {theirs}\nRust: {ours}\nof {line}");
            differences += 1;
            if differences == 3 {
                break;
            }
        }
    }
    if !wrong.is_empty() {
        node.kill().expect("it is there");
    }
    let ended = node.wait().expect("an end").success();
    let seed = &side.about["seed"];
    assert!(wrong.is_empty(), "seed {seed}, after {judged}:{wrong}");
    println!("seed {seed}: {judged} judged alike, {accepted} of them good");
    assert!(ended && judged >= 1_000 && accepted * 20 > judged, "{judged}, {accepted} good");
}
