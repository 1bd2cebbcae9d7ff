//! From a request object of JavaScript to a query.

use crate::support::{Fake, eval, failed};
use auth0_sdk::ErrorKind;
use auth0_sdk::js::JsOptions;
use wasm_bindgen_test::wasm_bindgen_test;

const ROLES: &str = "G/roles/{id} q";

async fn call(line: &str, request: &str) -> Result<String, auth0_sdk::Error> {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    let options = JsOptions { body: line.contains(" B").then(|| "{}".into()), ..JsOptions::default() };
    let ids: Vec<_> = line.contains('{').then(|| "rol_1".to_owned()).into_iter().collect();
    fake.js().call(line, "an.operation", &ids, &eval(request), options).await?;
    Ok(fake.query())
}

#[wasm_bindgen_test]
async fn every_kind_of_value() {
    for (request, query) in [
        ("undefined", "[]"),
        ("null", "[]"),
        ("{}", "[]"),
        ("{ a: undefined, b: null }", "[]"),
        ("{ a: '', b: ' x&y=ä😀' }", r#"[["a",""],["b"," x&y=ä😀"]]"#),
        (
            "{ a: 0, b: -1.5, c: 1e21, d: 12345678901234567890n }",
            r#"[["a","0"],["b","-1.5"],["c","1e+21"],["d","12345678901234567890"]]"#,
        ),
        ("{ a: true, b: false }", r#"[["a","true"],["b","false"]]"#),
        ("{ a: ['x', 1, null, undefined, true] }", r#"[["a","x"],["a","1"],["a","true"]]"#),
        ("{ a: [] }", "[]"),
        ("{ a: [['x', ['y']]] }", r#"[["a","x"],["a","y"]]"#),
        ("{ a: { b: { c: 1 }, d: [2, 3], e: null } }", r#"[["a[b][c]","1"],["a[d]","2"],["a[d]","3"]]"#),
        ("{ a: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)) }", r#"[["a","2026-01-02T03:04:05.006Z"]]"#),
        ("{ a: [new Date(0)] }", r#"[["a","1970-01-01T00:00:00.000Z"]]"#),
        ("{ 'k&y=': 1 }", r#"[["k&y=","1"]]"#),
        ("Object.assign(Object.create({ inherited: 1 }), { own: 2 })", r#"[["own","2"]]"#),
        (
            "Object.assign(Object.create(null), { a: Object.assign(Object.create(null), { b: 1 }) })",
            r#"[["a[b]","1"]]"#,
        ),
    ] {
        assert_eq!(call(ROLES, request).await.expect(request), query, "{request}");
    }
}

#[wasm_bindgen_test]
async fn what_cannot_be_a_query_is_refused() {
    for (request, says) in [
        ("{ a: () => 1 }", "`a` is a function"),
        ("{ a: Symbol('s') }", "`a` is a function or a symbol"),
        ("{ a: { b: [class {}] } }", "`a[b]` is a function"),
        ("{ a: new Date(NaN) }", "`a` is an invalid date"),
        ("(() => { const a = {}; a.a = a; return { a }; })()", "in a circle"),
        ("(() => { const a = []; a.push(a); return { a }; })()", "in a circle"),
        ("[1, 2]", "must be an object"),
        ("'q=1'", "must be an object"),
        ("7", "must be an object"),
        // What a getter or a Proxy throws must come out as an error: it must not leave a promise that never settles.
        ("{ a: { get b() { throw new Error('mine'); } } }", "cannot be read"),
        ("new Proxy({}, { ownKeys() { throw new Error('mine'); } })", "cannot be read"),
        ("{ a: new Proxy({}, { ownKeys() { throw new Error('mine'); } }) }", "cannot be read"),
    ] {
        let error = call(ROLES, request).await.expect_err(request);
        assert_eq!(error.kind(), ErrorKind::Request, "{request}: {error}");
        assert_eq!(error.operation(), Some("an.operation"), "{request}");
        assert!(error.to_string().contains(says), "{request}: {error}");
        assert!(!error.may_have_been_sent());
    }
}

#[wasm_bindgen_test]
async fn beside_a_body_only_the_named_members_are_query() {
    let line = "P/jobs/{id} B - notify,ref";
    let request = "{ notify: false, ref: ['a', 'b'], name: 'Jo', other: { x: 1 } }";
    assert_eq!(call(line, request).await.expect("a query"), r#"[["notify","false"],["ref","a"],["ref","b"]]"#);
    let error = call(line, "{ get notify() { throw 1; } }").await.expect_err("a getter that throws");
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert_eq!(call(line, "undefined").await.expect("no query"), "[]");
}

#[wasm_bindgen_test]
async fn the_options_query_comes_on_top() {
    let fake = Fake::new("Promise.resolve(Response.json({}))");
    let query = |text: &str| JsOptions { query: eval(text), ..JsOptions::default() };
    let request = eval("{ a: 1, b: 2 }");
    let ids = ["rol_1".to_owned()];
    let client = fake.js();
    client.call(ROLES, "x", &ids, &request, query("{ b: [3, 4], c: 5 }")).await.map(drop).expect("an answer");
    assert_eq!(fake.query(), r#"[["a","1"],["b","3"],["b","4"],["c","5"]]"#);
    let error = failed(client.call(ROLES, "x", &ids, &request, query("[1]")).await);
    assert_eq!(error.kind(), ErrorKind::Request);
    let error = failed(client.call(ROLES, "x", &ids, &request, query("{ get a() { throw 1; } }")).await);
    assert!(error.to_string().contains("cannot be read"), "{error}");
}
