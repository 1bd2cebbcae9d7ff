//! What README.md and docs/verification.md show of axum, to the letter: it compiles. `tests/snippets` looks for it here.
#![allow(unused_variables, dead_code, reason = "what is shown to people is to be read, and not run")]

use auth0_sdk::verify::{Claims, Expect, Guard, TokenVerifier};
use axum::routing::get;
use axum::{Extension, Router};

#[rustfmt::skip]
fn readme() -> Result<(), auth0_sdk::Error> {
async fn things() {}
let verifier = TokenVerifier::builder("tenant.us.auth0.com").audience("https://api.example.com/").build()?;
let guard = Guard::new(verifier).expect(Expect::new().scopes(["read:things"])); // Bearer, and DPoP with its proof
let app = Router::new().route("/things", get(things)).layer(guard.layer("https://api.example.com")); // axum; feature `tower`
    Ok(app).map(|_: Router| ())
}

#[rustfmt::skip]
fn verification() -> Result<(), auth0_sdk::Error> {
async fn things(Extension(claims): Extension<Claims>) -> String { claims.subject().to_owned() }
let verifier = TokenVerifier::builder("tenant.us.auth0.com").audience("https://api.example.com").build()?;
let guard = Guard::new(verifier).expect(Expect::new().scopes(["read:things"]));
let app = Router::new().route("/things", get(things)).layer(guard.layer("https://api.example.com"));
    Ok(app).map(|_: Router| ())
}
