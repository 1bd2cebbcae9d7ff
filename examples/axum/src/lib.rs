//! An API whose routes are guarded: who may call what stands beside each route, and a handler gets the claims of its caller.

use auth0_sdk::verify::{Claims, Expect, Guard, TokenVerifier};
use axum::extract::Extension;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// The routes. `origin` is that of the API as its clients see it: a DPoP proof is made for it.
pub fn app(verifier: TokenVerifier, origin: &str) -> Router {
    // One guard for each set of rights; they share the verifier, and with it the issuer's keys.
    let guard = |scope: &str| Guard::new(verifier.clone()).expect(Expect::new().scopes([scope]));
    // A nested router sees paths without what it is nested under; what is missing stands with the origin.
    let admin = Router::new()
        .route("/users", get(caller))
        .layer(Guard::new(verifier.clone()).require_dpop().layer(format!("{origin}/admin")));
    Router::new()
        .route("/things", get(caller).layer(guard("read:things").layer(origin)))
        .route("/things", post(caller).layer(guard("write:things").layer(origin)))
        .route("/health", get(async || "well"))
        .nest("/admin", admin)
}

async fn caller(Extension(claims): Extension<Claims>) -> Json<Value> {
    Json(json!({ "caller": claims.subject(), "scopes": claims.scopes() }))
}
