use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::*;

#[test]
fn first() {
    let transport = ScriptedTransport::new([Reply::status(503), Reply::json(200, r#"{"name":"Jo"}"#)]);
    let auth0 = ManagementClient::builder("t.auth0.com")
        .token("x")
        .host(host(transport.clone(), ManualTimer::skipping()))
        .build()
        .expect("client");
    let call = auth0.operation("users.get").path("a|b");
    assert_eq!(block_on(async { call.await }).expect("a user")["name"], "Jo");
}
