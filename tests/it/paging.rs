//! Lists, where data says it badly: pages as values, streams, walks without an end.

use crate::support::{query_of, with_token};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on};
use auth0_sdk::{ErrorKind, Headers, Host, HttpRequest, HttpResponse, ManagementClient};
use futures_core::Stream;
use serde_json::json;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_page_brings_what_else_the_answer_says() {
    let transport = ScriptedTransport::new([
        Reply::json(200, r#"{"users":[{"user_id":"1"}],"start":0,"limit":1,"length":1,"total":2}"#)
            .header("x-one", "1"),
        Reply::json(200, r#"[{"user_id":"2"}]"#),
    ]);
    let mut pages =
        with_token(&transport, &ManualTimer::skipping()).operation("users.list").query("per_page", 1).pages();
    let page = block_on(pages.next()).expect("a page").expect("a page");
    assert_eq!((page.items.len(), page.has_next), (1, true));
    assert_eq!(page.response.data, json!({"start": 0, "limit": 1, "length": 1, "total": 2}));
    assert_eq!((page.response.status, page.response.headers.get("x-one").as_deref()), (200, Some("1")));
    assert_eq!(transport.requests().len(), 1, "the next page is not asked for before it is wanted");
    let page = block_on(pages.next()).expect("a page").expect("a page");
    assert_eq!((page.items, page.response.data), (vec![json!({"user_id": "2"})], json!(null)));
}

#[test]
fn pages_and_items_are_streams() {
    fn is_stream<T: Stream>(_: &T) {}
    let transport = ScriptedTransport::new([Reply::json(200, r#"{"users":[1,2],"start":0,"limit":2,"total":2}"#)]);
    let mut items =
        with_token(&transport, &ManualTimer::skipping()).operation("users.list").query("per_page", 2).items();
    is_stream(&items);
    let first = block_on(poll_fn(|context| Pin::new(&mut items).poll_next(context)));
    assert_eq!(first.expect("an item").expect("an item"), 1);
    assert_eq!(block_on(items.next()).expect("an item").expect("an item"), 2);
    assert!(block_on(items.next()).is_none());
    assert!(block_on(items.next()).is_none(), "over is over");
    is_stream(&with_token(&transport, &ManualTimer::skipping()).operation("users.list").pages());
}

#[test]
fn a_page_whose_cursor_came_before_is_given_and_then_the_error() {
    let page = |item: u32, next: &str| Reply::json(200, json!({"sessions": [item], "next": next}).to_string());
    let script = || ScriptedTransport::new([page(1, "x"), page(2, "x")]);
    let list = |transport: &ScriptedTransport| {
        with_token(transport, &ManualTimer::skipping()).operation("users.sessions.list").path("a")
    };
    let transport = script();
    let mut pages = list(&transport).pages();
    for wanted in [1, 2] {
        let page = block_on(pages.next()).expect("a page").expect("a page");
        assert_eq!((page.items, page.has_next), (vec![json!(wanted)], true));
    }
    let error = block_on(pages.next()).expect("an error").expect_err("an error");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Paging, Some("users.sessions.list")));
    assert!(block_on(pages.next()).is_none());
    assert_eq!(transport.requests().len(), 2, "nothing is asked for once the way is barred");

    let mut items = list(&script()).items();
    assert_eq!(block_on(items.next()).expect("an item").expect("1"), 1);
    assert_eq!(block_on(items.next()).expect("an item").expect("2"), 2);
    assert_eq!(block_on(items.next()).expect("an error").expect_err("an error").kind(), ErrorKind::Paging);
    assert!(block_on(items.next()).is_none());
}

#[test]
fn items_that_came_before_an_error_are_given_and_the_error_is_the_last() {
    let transport = ScriptedTransport::new([
        Reply::json(200, r#"{"users":[1,2],"start":0,"limit":2,"total":4}"#),
        Reply::status(403),
    ]);
    let mut items =
        with_token(&transport, &ManualTimer::skipping()).operation("users.list").query("per_page", 2).items();
    assert_eq!(block_on(items.next()).expect("an item").expect("1"), 1);
    assert_eq!(block_on(items.next()).expect("an item").expect("2"), 2);
    let error = block_on(items.next()).expect("an error").expect_err("an error");
    assert_eq!((error.status(), error.operation()), (Some(403), Some("users.list")));
    assert!(block_on(items.next()).is_none());
    assert_eq!(transport.requests().len(), 2);
}

/// A tenant with this many users, which answers as the API does.
fn tenant(
    total: u64,
    page: impl Fn(u64, u64, u64) -> serde_json::Value + Send + Sync + Copy + 'static,
) -> (ManagementClient, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let transport = move |request: HttpRequest| {
        counter.fetch_add(1, Ordering::Relaxed);
        let number = |key: &str| {
            query_of(&request.url).into_iter().find(|(known, _)| known == key).and_then(|(_, value)| value.parse().ok())
        };
        let size: u64 = number("per_page").or(number("take")).unwrap_or(50).min(100);
        let start = number("from").unwrap_or(number("page").unwrap_or(0) * size);
        let body = page(start, size.min(total.saturating_sub(start)), size).to_string();
        async move { Ok(HttpResponse::new(200, Headers::new(), body)) }
    };
    let host = Host::new(transport, ManualTimer::skipping(), auth0_sdk::testing::FixedRandom(0));
    let client = ManagementClient::builder("tenant.us.auth0.com").host(host).token("t").build().expect("a client");
    (client, count)
}

fn walk(call: auth0_sdk::Call) -> Vec<u64> {
    block_on(async {
        let (mut items, mut all) = (call.items(), Vec::new());
        while let Some(item) = items.next().await {
            all.push(item.expect("an item").as_u64().expect("a number"));
        }
        all
    })
}

#[test]
fn nothing_is_lost_or_given_twice_whatever_the_sizes_are() {
    for total in [0_u64, 1, 49, 50, 51, 99, 100, 101, 250] {
        for size in [1, 7, 50, 100, 200] {
            let wanted: Vec<_> = (0..total).collect();
            let requests = |size: u64| u32::try_from(total.div_ceil(size.min(100)).max(1)).expect("a few");

            let (auth0, count) = tenant(
                total,
                move |start, count, limit| json!({"users": (start..start + count).collect::<Vec<_>>(), "start": start, "limit": limit, "length": count, "total": total}),
            );
            assert_eq!(walk(auth0.operation("users.list").query("per_page", size)), wanted, "{total} by {size}");
            assert_eq!(count.load(Ordering::Relaxed), requests(size), "{total} by {size}: no extra request");

            // Without totals the end shows in a short page, so that a full last page costs one more.
            let (auth0, _) = tenant(total, |start, count, _| json!((start..start + count).collect::<Vec<_>>()));
            let call = auth0.operation("users.list").query("per_page", size).query("include_totals", false);
            assert_eq!(walk(call), wanted, "{total} by {size} without totals");

            let (auth0, count) = tenant(total, move |start, count, _| {
                let next = (start + count < total).then(|| (start + count).to_string());
                json!({"clients": (start..start + count).collect::<Vec<_>>(), "next": next})
            });
            assert_eq!(
                walk(auth0.operation("clients.list").query("take", size)),
                wanted,
                "{total} by {size} by cursor"
            );
            assert_eq!(count.load(Ordering::Relaxed), requests(size), "{total} by {size} by cursor: no extra request");
        }
    }
}

#[test]
fn a_list_longer_than_any_cap_is_walked_by_cursor() {
    let (auth0, count) = tenant(12_345, |start, count, _| {
        let next = (start + count < 12_345).then(|| (start + count).to_string());
        json!({"clients": (start..start + count).collect::<Vec<_>>(), "next": next})
    });
    assert_eq!(walk(auth0.operation("clients.list")).len(), 12_345);
    assert_eq!(count.load(Ordering::Relaxed), 247);
}

#[test]
fn a_walk_ends_also_when_the_server_gives_one_page_for_ever() {
    // With a total it shows at once, with a cursor too, and without either in the end.
    for (operation, parameter, most) in [
        ("users.list", ("include_totals", json!(true)), 3),
        ("clients.list", ("take", json!(50)), 5),
        ("users.list", ("include_totals", json!(false)), 10_001),
    ] {
        let (auth0, count) = tenant(50, move |_, _, size| {
            let items: Vec<_> = (0..size).collect();
            match operation {
                "clients.list" => json!({"clients": items, "next": "same"}),
                _ if most == 3 => json!({"users": items, "start": 0, "limit": size, "total": 1000}),
                _ => json!(items),
            }
        });
        let error = block_on(async {
            let mut pages = auth0.operation(operation).query(parameter.0, parameter.1).pages();
            loop {
                match pages.next().await.expect("an error comes first") {
                    Ok(_) => assert!(count.load(Ordering::Relaxed) <= most, "{operation}"),
                    Err(error) => break error,
                }
            }
        });
        assert_eq!(error.kind(), ErrorKind::Paging, "{error}");
    }
}

#[test]
fn a_walk_can_be_made_again() {
    let transport =
        ScriptedTransport::new((0..2).map(|_| Reply::json(200, r#"{"users":[1],"start":0,"limit":50,"total":1}"#)));
    let call = with_token(&transport, &ManualTimer::skipping()).operation("users.list");
    assert_eq!((walk(call.clone()), walk(call)), (vec![1], vec![1]));
}
