//! What the npm package is told about a page.

use crate::support::{Fake, LIST, eval};
use auth0_sdk::ErrorKind;
use auth0_sdk::js::{JsClient, JsPage};
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const CURSOR: &str = "G/organizations/{id}/members q c50:members";
const LOGS: &str = "G/logs q b50t:logs:log_id";

fn page(line: &str, request: &str, data: &str, guard: Option<&str>) -> Result<JsPage, auth0_sdk::Error> {
    JsClient::page(line, "an.operation", &eval(request), &eval(data), guard)
}

fn length(page: &JsPage) -> u32 {
    assert!(Array::is_array(&page.items));
    Array::from(&page.items).length()
}

#[wasm_bindgen_test]
fn the_next_request() {
    let fifty = "Array(50).fill({ log_id: 'last' })";
    for (line, request, data, count, next) in [
        (LIST, "{}", "{ users: [1, 2], start: 0, limit: 50, total: 2 }".to_owned(), 2, None),
        (LIST, "undefined", format!("{{ users: {fifty}, start: 0, limit: 50, total: 51 }}"), 50, Some(("page", "1"))),
        (
            LIST,
            "{ page: 3, per_page: 50 }",
            format!("{{ users: {fifty}, start: 150, limit: 50, total: 900 }}"),
            50,
            Some(("page", "4")),
        ),
        (LIST, "{ page: '3', per_page: 50n }", fifty.to_owned(), 50, Some(("page", "4"))),
        (LIST, "{}", "[]".to_owned(), 0, None),
        (LIST, "{}", "{ users: [], total: 0 }".to_owned(), 0, None),
        (CURSOR, "{}", "{ members: [1], next: 'n' }".to_owned(), 1, Some(("from", "n"))),
        (CURSOR, "{}", "{ members: [], next: 'n' }".to_owned(), 0, Some(("from", "n"))),
        (CURSOR, "{}", "{ members: [1], next: null }".to_owned(), 1, None),
        (CURSOR, "{}", "{ members: [1] }".to_owned(), 1, None),
        (LOGS, "{ from: 'a', take: 50 }", fifty.to_owned(), 50, Some(("from", "last"))),
    ] {
        let page = page(line, request, &data, None).unwrap_or_else(|error| panic!("{request} {data}: {error}"));
        assert_eq!(length(&page), count, "{data}");
        let made = page.next.as_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(made, next, "{request} {data}");
    }
}

#[wasm_bindgen_test]
fn the_items_are_the_same_objects() {
    let data = eval("globalThis.pageOfTest = { users: [{ a: 1 }], total: 1, start: 0, limit: 50 }");
    let page = JsClient::page(LIST, "users.list", &JsValue::UNDEFINED, &data, None).expect("a page");
    assert!(page.items == eval("globalThis.pageOfTest.users"));
}

#[wasm_bindgen_test]
fn garbage_is_not_the_end() {
    for data in ["undefined", "null", "'<html>'", "7", "true", "{}", "{ users: {} }", "{ users: null, total: 3 }"] {
        let error = page(LIST, "{}", data, None).map(|page| page.next).expect_err(data);
        assert_eq!(error.kind(), ErrorKind::Decode, "{data}: {error}");
        assert_eq!(error.operation(), Some("an.operation"), "{data}");
    }
    let error = page("G/users/{id} q", "{}", "[]", None).map(|page| page.next).expect_err("no list");
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[wasm_bindgen_test]
fn a_cursor_that_comes_again_is_an_error() {
    let (mut guard, mut steps) = (None::<String>, 0);
    let error = loop {
        let cursor = ["'a'", "'b c'", "'d'"][steps % 3];
        let data = format!("{{ members: [1], next: {cursor} }}");
        match page(CURSOR, "{}", &data, guard.as_deref()) {
            Ok(page) => guard = Some(page.guard),
            Err(error) => break error,
        }
        steps += 1;
        assert!(steps < 20, "the circle of three was not noticed");
    };
    assert_eq!(error.kind(), ErrorKind::Paging, "{error}");
    // A guard that is not one is a new walk.
    assert!(page(CURSOR, "{}", "{ members: [1], next: 'a' }", Some("nonsense")).is_ok());
}

/// The request of a list says the page size that is counted with.
#[wasm_bindgen_test]
async fn a_list_asks_for_its_page_size() {
    let fake = Fake::new("Promise.resolve(Response.json([]))");
    let asked = fake.js().call(LIST, "users.list", &[], &JsValue::UNDEFINED, Default::default()).await;
    assert!(asked.is_ok());
    assert_eq!(fake.query(), r#"[["page","0"],["per_page","50"],["include_totals","true"]]"#);
}
