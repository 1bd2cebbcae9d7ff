//! What is wrong on the caller's side, where data says it badly.

use crate::support::{DOMAIN, builder, with_token};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use auth0_sdk::{Domain, Error, ErrorKind, ManagementClient};
use serde_json::json;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn refused(result: Result<ManagementClient, Error>, parts: &[&str]) {
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    parts.iter().for_each(|part| assert!(error.to_string().contains(part), "{part:?} is not in {error}"));
}

#[test]
fn what_cannot_work_is_refused_when_the_client_is_built() {
    let (transport, timer) = (ScriptedTransport::default(), ManualTimer::skipping());
    let builder = || builder(&transport, &timer);
    refused(builder().build(), &["no credentials", "token", "client secret"]);
    refused(builder().token("").build(), &["token is empty"]);
    refused(builder().client_credentials("", "s").build(), &["client id"]);
    refused(builder().client_credentials("c", "").build(), &["client secret"]);
    refused(builder().token("t").client_credentials("c", "s").build(), &["both"]);
    refused(builder().token_provider(|| async { Ok("t") }).client_credentials("c", "s").build(), &["both"]);
    refused(builder().token("t").header("x y", "v").build(), &["x y"]);
    refused(builder().token("t").header("", "v").build(), &["header"]);
    refused(builder().token("t").header("x", "a\nb").build(), &["x", "line break"]);
    refused(builder().token("t").base_url("tenant.us.auth0.com").build(), &["base URL"]);
    refused(builder().token("t").base_url("https://h/a?b").build(), &["query"]);
    refused(builder().token("t").base_url("https://u:p@h/").build(), &["user information"]);
    refused(builder().token("t").base_url("https://").build(), &["host"]);
    refused(builder().token("t").custom_domain("login.example.com/x").build(), &["domain"]);
    refused(builder().token("t").custom_domain("a\r\nb").build(), &["domain"]);
    assert!(transport.requests().is_empty());
}

#[test]
fn domains() {
    for text in [
        "tenant.us.auth0.com",
        "https://tenant.us.auth0.com",
        "https://tenant.us.auth0.com/",
        "localhost:3000",
        "http://[::1]:1",
    ] {
        assert!(Domain::parse(text).is_ok(), "{text}");
    }
    for text in [
        "",
        " ",
        "tenant us",
        "tenant.us.auth0.com ",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "http://a",
        "http://127.0.0.2.example",
        "HTTP://a",
        "https://",
        "https:///",
        "https://a//",
        "a:b",
        "a:",
        "a:99999",
        "a:+1",
        ".",
        "a..b",
        "-a",
        "ä.example",
        "[::1",
        "a@b",
        "://",
        "javascript:alert(1)",
        "a\nb",
        "a\tb",
        "a%2eb",
        "file:///etc/passwd",
    ] {
        let error = Domain::parse(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
    }
    let long = "a".repeat(100_000);
    assert!(Domain::parse(&long).expect_err("too long").to_string().len() < 1000);
}

#[test]
fn a_custom_domain_is_sent_as_a_bare_host() {
    let transport = ScriptedTransport::new([Reply::json(201, "{}")]);
    let auth0 = builder(&transport, &ManualTimer::skipping())
        .token("t")
        .custom_domain("https://Login.Example.com/")
        .build()
        .expect("a client");
    block_on(async { auth0.operation("users.create").body(&json!({})).await }).expect("a user");
    let sent = transport.requests()[0].headers.get("auth0-custom-domain");
    assert_eq!(sent.as_deref(), Some("login.example.com"));
}

#[test]
fn what_is_wrong_with_a_call_is_said_before_anything_is_sent() {
    let transport = ScriptedTransport::default();
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    for (call, part) in [
        (auth0.operation(""), "no operation"),
        (auth0.operation("users"), "no operation"),
        (auth0.operation("users.list "), "no operation"),
        (auth0.operation("\u{0}\n"), "no operation"),
        (auth0.operation("users.get"), "`id` is missing"),
        (auth0.operation("users.get").path(""), "`id` is empty"),
        (auth0.operation("users.get").path("."), "`id`"),
        (auth0.operation("users.get").path(".."), "`id`"),
        (auth0.operation("users.get").path("a").path("b"), "more"),
        (auth0.operation("users.get").path("a").body(&json!(null)), "takes none"),
        (auth0.operation("users.delete").path("a").body(&json!({})), "takes none"),
        (auth0.operation("users.create"), "body is missing"),
        (auth0.operation("users.get").path("a").header("a:b", "c"), "a:b"),
        (auth0.operation("users.get").path("a").header("b", "c\r\nd: e"), "line break"),
        (auth0.operation("users.get").path("a").header("b", "\u{0}"), "control character"),
        (auth0.operation("users.list").query("page", "1.5"), "`page`"),
        (auth0.operation("users.list").query("per_page", json!([1, 2]).to_string()), "`per_page`"),
    ] {
        let error = block_on(call.raw()).expect_err(part);
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
        assert_eq!((error.attempts(), error.may_have_been_sent()), (0, false));
    }
    assert!(transport.requests().is_empty());
}

#[test]
fn ids_of_any_text_stay_one_segment() {
    // Every byte that ASCII has, and what URL parsers are known to trip over.
    let mut ids: Vec<String> = (0..128u8).map(|byte| format!("a{}b", char::from(byte))).collect();
    ids.extend(
        ["..;/x", "%2e%2e", "%2F", "a/../b", "....", "\u{feff}", "／", "．．", "\u{202e}x", "😀", " ", "//", "\\\\"]
            .map(str::to_owned),
    );
    for id in ids {
        let transport = ScriptedTransport::new([Reply::json(200, "{}")]);
        let auth0 = with_token(&transport, &ManualTimer::skipping());
        block_on(auth0.operation("users.roles.list").path(id.as_str()).raw()).expect("an answer");
        let url = transport.requests()[0].url.clone();
        let segment = url
            .strip_prefix("https://tenant.us.auth0.com/api/v2/users/")
            .and_then(|rest| rest.split_once('?').map_or(Some(rest), |(path, _)| Some(path)))
            .and_then(|path| path.strip_suffix("/roles"))
            .unwrap_or_else(|| panic!("{id:?} made {url}"));
        assert!(!segment.contains(['/', '?', '#', '\\']) && segment.is_ascii(), "{id:?} made {url}");
        assert_eq!(crate::support::decode(segment), id);
    }
}

#[test]
fn very_long_input_is_sent_and_not_judged() {
    let transport = ScriptedTransport::new([Reply::json(200, "{}")]);
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    block_on(auth0.operation("users.get").path("x".repeat(1_000_000)).raw()).expect("an answer");
    assert!(transport.requests()[0].url.len() > 1_000_000);
    let error =
        ManagementClient::builder(DOMAIN).token("t").header("x".repeat(100_000), "é").build().expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Config);
}
