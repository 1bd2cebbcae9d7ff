//! A program on a command line logs its user in: it shows a code, and asks until the user has decided (RFC 8628).
//!
//! `AUTH0_DOMAIN=tenant.us.auth0.com AUTH0_CLIENT_ID=… cargo run --example device_login`, with the id of a native
//! application whose grants include the device code.

use auth0_sdk::auth::OAuthCode;
use auth0_sdk::{AuthenticationClient, Error};
use std::error::Error as StdError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let auth0 =
        AuthenticationClient::builder(variable("AUTH0_DOMAIN")?).client_id(variable("AUTH0_CLIENT_ID")?).build()?;
    match log_in(&auth0).await {
        Err(error) if error.oauth_code() == Some(OAuthCode::AccessDenied) => Err("you have said no".into()),
        Err(error) if error.oauth_code() == Some(OAuthCode::ExpiredToken) => Err("that took too long".into()),
        other => Ok(other?),
    }
}

async fn log_in(auth0: &AuthenticationClient) -> Result<(), Error> {
    let device = auth0.device().authorize().scope("openid profile email offline_access").await?;
    println!("Open {} and enter {}", device.verification_uri, device.user_code);
    if let Some(complete) = &device.verification_uri_complete {
        println!("or open {complete}");
    }
    // At the interval that the server asks for, until the codes expire.
    let tokens = auth0.device().poll(&device).await?;
    if let Some(claims) = &tokens.claims {
        println!("Hello {}", claims.text("name").unwrap_or(claims.subject()));
    }
    // A refresh token goes where only this user finds it: the system's keyring, and no file for all.
    if let Some(refresh) = tokens.refresh_token {
        let next = auth0.oauth().refresh_token(refresh).await?;
        let user = auth0.users().user_info(next.access_token).await?;
        println!("Your email address is {}", user.email.as_deref().unwrap_or("not known here"));
    }
    Ok(())
}
