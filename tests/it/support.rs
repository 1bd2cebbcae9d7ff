//! What the modules of this binary share.

use auth0_sdk::testing::{ManualTimer, Recorded, ScriptedTransport, host};
use auth0_sdk::{Error, ManagementBuilder, ManagementClient};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

pub(crate) const DOMAIN: &str = "tenant.us.auth0.com";

/// The time at which a manual timer starts: 2026-01-01T00:00:00Z.
pub(crate) const START: Duration = Duration::from_secs(1_767_225_600);

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A builder over a script and a clock, still without credentials.
pub(crate) fn builder(transport: &ScriptedTransport, timer: &ManualTimer) -> ManagementBuilder {
    ManagementClient::builder(DOMAIN).host(host(transport.clone(), timer.clone()))
}

/// A client with a fixed token.
pub(crate) fn with_token(transport: &ScriptedTransport, timer: &ManualTimer) -> ManagementClient {
    builder(transport, timer).token("fixed-token").build().expect("a client")
}

/// A client that gets its token by client credentials.
pub(crate) fn with_credentials(transport: &ScriptedTransport, timer: &ManualTimer) -> ManagementClient {
    builder(transport, timer).client_credentials("the-client", "the-client-secret").build().expect("a client")
}

/// Completes when all futures have.
pub(crate) async fn all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Some(Box::pin(future)), None)).collect();
    poll_fn(move |context| {
        for (future, done) in &mut running {
            if let Some(running) = future
                && let Poll::Ready(value) = Pin::as_mut(running).poll(context)
            {
                (*future, *done) = (None, Some(value));
            }
        }
        match running.iter().all(|(future, _)| future.is_none()) {
            true => Poll::Ready(running.iter_mut().filter_map(|(_, done)| done.take()).collect()),
            false => Poll::Pending,
        }
    })
    .await
}

/// The parameters of a URL's query, decoded.
pub(crate) fn query_of(url: &str) -> Vec<(String, String)> {
    url.split_once('?').map(|(_, query)| pairs_of(query)).unwrap_or_default()
}

/// The pairs of a query string or a form, decoded as the WHATWG URL standard says (section 5.1).
pub(crate) fn pairs_of(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Undoes percent-encoding.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// The bearer token of each request; empty for none.
pub(crate) fn bearers(requests: &[Recorded]) -> Vec<String> {
    let bearer = |request: &Recorded| request.headers.get("authorization").unwrap_or_default();
    requests.iter().map(|request| bearer(request).trim_start_matches("Bearer ").to_owned()).collect()
}

/// The path of each request, without origin and query.
pub(crate) fn paths(requests: &[Recorded]) -> Vec<String> {
    let path = |url: &str| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |slash| &rest[slash..]);
        path.split('?').next().unwrap_or_default().to_owned()
    };
    requests.iter().map(|request| path(&request.url)).collect()
}

/// Everything that an error shows: Display and Debug of it and of each of its sources.
pub(crate) fn shown(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}");
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text.push_str(&format!("\n{source}\n{source:?}"));
        next = source.source();
    }
    text
}
