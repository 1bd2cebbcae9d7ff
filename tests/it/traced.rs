//! The feature `tracing`: a span for each call, an event for each attempt, OpenTelemetry's names, and nothing secret.

use crate::support::builder;
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

type Fields = BTreeMap<String, String>;

/// Keeps what is told, as (name, fields).
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<(Vec<Fields>, Vec<Fields>)>>);

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl Subscriber for Keeps {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("auth0_sdk")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Reader(&mut fields));
        let spans = &mut self.0.lock().expect("a lock").0;
        spans.push(fields);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        values.record(&mut Reader(&mut self.0.lock().expect("a lock").0[span.into_u64() as usize - 1]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Reader(&mut fields));
        self.0.lock().expect("a lock").1.push(fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_span_a_call_and_an_event_an_attempt() {
    let transport = ScriptedTransport::new([
        Reply::json(200, r#"{"access_token":"the-token","expires_in":86400}"#),
        Reply::status(503),
        Reply::json(200, "{}")
            .header("x-ratelimit-limit", "50")
            .header("x-ratelimit-remaining", "49")
            .header("x-ratelimit-reset", "1"),
        Reply::json(404, r#"{"message":"the-id is not there"}"#),
    ]);
    let client =
        builder(&transport, &ManualTimer::skipping()).client_credentials("c", "the-secret").build().expect("a client");
    let kept = Keeps::default();
    tracing::subscriber::with_default(kept.clone(), || {
        block_on(async {
            client.operation("users.get").path("the-id").await.expect("a user");
            client.operation("users.get").path("the-id").await.expect_err("none");
        });
    });
    let (spans, events) = kept.0.lock().expect("a lock").clone();
    let of = |fields: &Fields, name: &str| fields.get(name).cloned().unwrap_or_default();
    assert_eq!(spans.len(), 3, "{spans:#?}");
    let first = &spans[0];
    for (name, wanted) in [
        ("otel.name", "GET /users/{id}"),
        ("otel.kind", "client"),
        ("auth0.operation", "users.get"),
        ("http.request.method", "GET"),
        ("url.template", "/users/{id}"),
        ("server.address", "tenant.us.auth0.com"),
        ("server.port", "443"),
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "1"),
    ] {
        assert_eq!(of(first, name), wanted, "{name}: {first:#?}");
    }
    assert_eq!(of(&spans[1], "otel.name"), "POST /oauth/token");
    assert_eq!(
        (of(&spans[2], "error.type"), of(&spans[2], "otel.status_code")),
        ("404".to_owned(), "ERROR".to_owned())
    );
    assert!(!first.contains_key("error.type"), "{first:#?}");
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (of(event, "message"), of(event, "http.request.resend_count"), of(event, "http.response.status_code"))
        })
        .collect();
    let row = |what: &str, count: &str, status: &str| (what.to_owned(), count.to_owned(), status.to_owned());
    let wanted = [
        row("request", "0", ""),
        row("response", "0", "200"),
        row("request", "0", ""),
        row("response", "0", "503"),
        row("retry", "0", "503"),
        row("request", "1", ""),
        row("response", "1", "200"),
        row("request", "0", ""),
        row("response", "0", "404"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(of(&events[6], "auth0.rate_limit.remaining"), "49");
    let all = format!("{spans:?}{events:?}");
    ["the-token", "the-secret", "the-id"].iter().for_each(|secret| assert!(!all.contains(secret), "{secret}: {all}"));
}
