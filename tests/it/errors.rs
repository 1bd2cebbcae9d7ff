//! Errors, where data says it badly: sources, clones, how little is kept of how much.

use crate::support::{milliseconds, with_token};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use auth0_sdk::{Error, ErrorKind, TransportError};
use std::error::Error as _;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn failed(replies: impl IntoIterator<Item = Reply>) -> Error {
    let transport = ScriptedTransport::new(replies);
    let auth0 = with_token(&transport, &ManualTimer::skipping());
    let error = block_on(auth0.operation("users.get").path("a").max_retries(0).raw()).expect_err("a failure");
    assert_eq!(transport.open(), 0);
    error
}

#[test]
fn every_kind_has_a_word() {
    use ErrorKind::*;
    let kinds = [Config, Request, Transport, Timeout, Aborted, Api, RateLimited, Decode, Auth, Paging, Internal];
    let mut words: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), kinds.len());
}

#[test]
fn display_is_one_line_and_debug_has_no_body() {
    let body = format!(
        r#"{{"statusCode":404,"error":"Not Found","message":"{}","extra":"body-marker"}}"#,
        "long ".repeat(400)
    );
    let error = failed([Reply::json(404, body).header("x-auth0-requestid", "r1")]);
    let line = error.to_string();
    assert_eq!(line.lines().count(), 1);
    assert!(line.starts_with("users.get: 404 ") && line.ends_with("(request id: r1)"), "{line}");
    assert!(line.len() < 700, "{} characters", line.len());
    assert!(!format!("{error:?}").contains("body-marker"));
    assert!(error.body().expect("a body").text().contains("body-marker"));
}

#[test]
fn a_message_of_many_lines_stays_one_error() {
    let error = failed([Reply::status(500).body("Traceback:\n  line 1\n  line 2\n")]);
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}

#[test]
fn the_cause_is_the_source() {
    let cause = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset by peer");
    let error = failed([Reply::fail(TransportError::maybe_sent("the connection broke").with_source(cause))]);
    let source = error.source().expect("a source");
    assert!(source.to_string().contains("reset by peer"), "{source}");
    let error = failed([Reply::json(200, "{")]);
    assert!(error.source().expect("a source").is::<serde_json::Error>() || error.source().is_some());
    assert!(error.path().is_some_and(|path| path.contains("line 1")), "{:?}", error.path());
}

#[test]
fn of_a_large_error_only_what_is_kept_is_read() {
    // After 64 KiB the body hangs: whoever reads on waits for the timeout.
    let transport = ScriptedTransport::new([Reply::status(500).body(vec![b'x'; 70_000]).then_hangs()]);
    let timer = ManualTimer::new();
    let auth0 = with_token(&transport, &timer);
    let error = block_on(auth0.operation("users.get").path("a").max_retries(0).raw()).expect_err("500");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(500)));
    let body = error.body().expect("a body");
    assert_eq!((body.text().len(), body.is_truncated()), (64 * 1024, true));
    assert_eq!(transport.open(), 0, "the rest is not waited for");
}

#[test]
fn a_success_is_never_lost() {
    let html = "<html><body>captive portal</body></html>";
    let error = failed([Reply::status(200).header("x-one", "1").body(html)]);
    assert_eq!((error.kind(), error.status()), (ErrorKind::Decode, Some(200)));
    assert_eq!(error.body().expect("the body").text(), html);
    assert_eq!(error.headers().expect("the headers").get("x-one").as_deref(), Some("1"));
    assert_eq!((error.operation(), error.attempts()), (Some("users.get"), 1));
    let large = vec![b'z'; 10 * 1024 * 1024];
    let error = failed([Reply::status(200).body(large)]);
    assert_eq!(error.body().expect("the body").text().len(), 10 * 1024 * 1024);
    assert!(error.to_string().len() < 1000);
}

#[test]
fn errors_are_cheap_to_clone_and_keep_everything() {
    let error = failed([Reply::json(429, "{}").header("retry-after-ms", "1500")]);
    let clone = error.clone();
    assert_eq!(clone.to_string(), error.to_string());
    assert_eq!(clone.retry_after(), Some(milliseconds(1500)));
}

#[test]
fn errors_of_the_programs_own_parts_can_be_made() {
    let error = Error::new(ErrorKind::Auth, "no").with_source(std::io::Error::other("why"));
    assert_eq!((error.kind(), error.message(), error.attempts(), error.status()), (ErrorKind::Auth, "no", 0, None));
    assert_eq!(error.source().expect("a source").to_string(), "why");
    assert_eq!(error.to_string(), "no");
}
