//! `AUTH0_DOMAIN=tenant.us.auth0.com AUTH0_AUDIENCE=https://api.example.com cargo run -p auth0-sdk-example-axum`, then
//! `curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:3000/things`.

use auth0_sdk::verify::TokenVerifier;
use auth0_sdk_example_axum::app;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let verifier = TokenVerifier::builder(variable("AUTH0_DOMAIN")?).audience(variable("AUTH0_AUDIENCE")?).build()?;
    // The issuer's keys are there before the first caller is.
    verifier.warm_up().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(verifier, "http://127.0.0.1:3000")).await?;
    Ok(())
}
