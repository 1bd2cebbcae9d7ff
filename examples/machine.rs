//! A service that has a private key in the place of a secret (`private_key_jwt`), and calls an API of yours and Auth0's.
//!
//! `AUTH0_DOMAIN=… AUTH0_CLIENT_ID=… AUTH0_KEY=key.pem AUTH0_AUDIENCE=https://api.example.com/ cargo run --example machine`

use auth0_sdk::{Algorithm, AuthenticationClient, Host, ManagementClient};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let (domain, client_id) = (variable("AUTH0_DOMAIN")?, variable("AUTH0_CLIENT_ID")?);
    // Clients that share a host share connections and tokens.
    let host = Host::of_target()?;
    let pem = std::fs::read_to_string(variable("AUTH0_KEY")?)?;
    let key = host.signing_key_from_pem(&pem, Algorithm::RS256).await?;
    let auth0 =
        AuthenticationClient::builder(&domain).client_id(client_id).private_key_jwt(key).host(host.clone()).build()?;

    // A token for your API. Keep it until shortly before it ends: each is billed.
    let tokens = auth0.oauth().client_credentials(variable("AUTH0_AUDIENCE")?).await?;
    println!("a {} token for {:?}, scopes {:?}", tokens.token_type, tokens.expires_in, tokens.scope);

    // For the Management API the client buys, keeps and renews it by itself.
    let management = ManagementClient::builder(&domain).authentication(&auth0).host(host).build()?;
    let users = management.operation("users.list").query("per_page", "5").query("fields", "email").await?;
    println!("{users}");
    Ok(())
}
