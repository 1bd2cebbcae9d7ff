//! The flows against oidc-provider, a certified OpenID Provider, over loopback: http, http with DPoP nonces, and https with
//! client certificates.
//!
//! The server stands outside of this repository: the package in `node_modules`, the script that gives it Auth0's paths in the
//! folder `shared` beside the checkout. What is missing fails the test by name. A server takes a second to start, so each
//! test is a list of cases.

use auth0_sdk::{AuthenticationBuilder, AuthenticationClient, Error, Headers, HttpRequest, Json, Method, Read};
use auth0_sdk::{Host, Tls};
use auth0_sdk::{RequestBody, ReqwestTransport, Transport};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A provider that ends with the test, also when that panics.
pub(crate) struct Provider {
    process: Child,
    /// Without a slash at the end.
    pub(crate) origin: String,
    pub(crate) transport: ReqwestTransport,
    /// What `/__control/clients` says.
    pub(crate) facts: Json,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn wanted(path: PathBuf, what: &str) -> PathBuf {
    assert!(path.exists(), "{} is missing: {what}", path.display());
    path
}

impl Provider {
    pub(crate) async fn start(settings: &[(&str, &str)], transport: ReqwestTransport) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        wanted(root.join("node_modules/oidc-provider/lib/index.js"), "run `npm ci`");
        let script = wanted(
            root.join("../shared/counterparts/oidc-provider.mjs"),
            "the folder `shared` with the counterparts belongs beside the checkout",
        );
        let mut process = Command::new("node")
            .arg(script)
            .env("MODULES", &root)
            .env("PORT", "0")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node, which the provider needs, cannot be run");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        // Read to the end, so that the provider never writes into a pipe that is closed.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let ready: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("oidc-provider said {line:?}"));
        let origin = ready["issuer"].as_str().expect("an issuer").trim_end_matches('/').to_owned();
        let mut provider = Self { process, origin, transport, facts: Json::Null };
        let (status, facts) = provider.get("/__control/clients").await;
        assert_eq!(status, 200, "{facts}");
        provider.facts = serde_json::from_str(&facts).expect("JSON");
        provider
    }

    async fn exchange(
        &self,
        method: Method,
        url: String,
        headers: Headers,
        body: Option<Json>,
    ) -> (u16, Headers, String) {
        let body = body.map(|body| RequestBody::Bytes(body.to_string().into_bytes().into())).unwrap_or_default();
        let request = HttpRequest { method, url, headers, body, read: Read::Bytes };
        let response = self.transport.send(request).await.expect("an answer");
        let (status, headers, mut body) = (response.status, response.headers, response.body);
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await.expect("a body") {
            bytes.extend(piece);
        }
        (status, headers, String::from_utf8(bytes).expect("UTF-8"))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let (status, _, text) =
            self.exchange(Method::Get, format!("{}{path}", self.origin), Headers::new(), None).await;
        (status, text)
    }

    /// Stands for the user: decides about a device or a backchannel login.
    pub(crate) async fn control(&self, what: &str, body: Json) {
        let mut headers = Headers::new();
        headers.set("content-type", "application/json");
        let url = format!("{}/__control/{what}", self.origin);
        let (status, _, text) = self.exchange(Method::Post, url, headers, Some(body)).await;
        assert_eq!(status, 200, "{text}");
    }

    /// Requests so far to a path.
    pub(crate) async fn requests(&self, path: &str) -> usize {
        let (_, text) = self.get("/__control/requests").await;
        let requests: Vec<Json> = serde_json::from_str(&text).expect("JSON");
        requests.iter().filter(|request| request["path"] == path).count()
    }

    /// A browser without a session: follows the redirects to the callback and gives its URL, or the form posted to it.
    pub(crate) async fn browse(&self, url: &str) -> Result<String, (u16, String)> {
        let mut cookies: BTreeMap<String, String> = BTreeMap::new();
        let mut url = url.to_owned();
        for _ in 0..10 {
            let mut headers = Headers::new();
            if !cookies.is_empty() {
                let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
                headers.set("cookie", pairs.join("; "));
            }
            let (status, headers, text) = self.exchange(Method::Get, url.clone(), headers, None).await;
            for (_, cookie) in headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
                let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
                cookies.insert(name.to_owned(), value.to_owned());
            }
            match headers.get("location") {
                Some(to) if to.starts_with(&self.origin) => url = to,
                Some(to) if to.starts_with('/') => url = format!("{}{to}", self.origin),
                Some(to) => return Ok(to),
                None if text.contains("method=\"post\"") => return Ok(form(&text)),
                None => return Err((status, text)),
            }
        }
        panic!("{url} leads in a circle");
    }

    pub(crate) fn builder(&self, client_id: &str) -> AuthenticationBuilder {
        AuthenticationClient::builder(self.origin.as_str())
            .client_id(client_id)
            .transport(self.transport.clone())
            .timeout(Duration::from_secs(60))
    }

    pub(crate) fn secret(&self, client_id: &str) -> String {
        let clients = self.facts["clients"].as_array().expect("clients");
        let client = clients.iter().find(|client| client["client_id"] == client_id).expect("a client");
        client["client_secret"].as_str().expect("a secret").to_owned()
    }

    /// The client of this name, with its secret in the body or in the header.
    pub(crate) fn client(&self, client_id: &str) -> AuthenticationClient {
        let clients = self.facts["clients"].as_array().expect("clients");
        let client = clients.iter().find(|client| client["client_id"] == client_id).expect("a client");
        let builder = self.builder(client_id);
        let builder = match client["token_endpoint_auth_method"].as_str() {
            Some("client_secret_post") => builder.client_secret(self.secret(client_id)),
            Some("client_secret_basic") => builder.client_secret_basic(self.secret(client_id)),
            _ => builder,
        };
        builder.build().expect("a client")
    }
}

/// The hidden fields of a form, as a browser posts them.
fn form(html: &str) -> String {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        rest.split('"').next().map(|value| value.replace("&amp;", "&"))
    };
    let inputs =
        html.split("<input").skip(1).filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
    let encode = |text: String| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    inputs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Runs cases and remembers the names of those that fail.
#[derive(Default)]
pub(crate) struct Cases {
    passed: Mutex<usize>,
    failed: Mutex<Vec<String>>,
}

impl Cases {
    pub(crate) async fn run(&self, name: &str, case: impl Future<Output = Result<(), String>>) {
        match case.await {
            Ok(()) => *self.passed.lock().expect("a count") += 1,
            Err(why) => self.failed.lock().expect("a list").push(format!("{name}: {why}")),
        }
    }

    pub(crate) fn finish(self, least: usize) {
        let failed = self.failed.into_inner().expect("a list");
        let passed = self.passed.into_inner().expect("a count");
        assert!(failed.is_empty(), "{passed} cases pass, {} fail:\n{}", failed.len(), failed.join("\n"));
        assert!(passed >= least, "only {passed} cases");
    }
}

pub(crate) fn good<T>(result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| format!("{error}"))
}

/// The refusal that was wanted, by its status (0 for none) and its code.
pub(crate) fn refused<T>(result: Result<T, Error>, status: u16, code: &str) -> Result<(), String> {
    match result {
        Ok(_) => Err(format!("succeeds, where {code} was wanted")),
        Err(error) if error.status().unwrap_or(0) == status && error.code() == Some(code) => Ok(()),
        Err(error) => Err(format!("{error}, where {status} {code} was wanted")),
    }
}

pub(crate) fn is(what: &str, holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// The claims of a JWT, unverified.
pub(crate) fn claims(token: &str) -> Json {
    use base64::Engine;
    let part = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

const CALLBACK: &str = "http://127.0.0.1:9999/callback";
const API: &str = "https://api.example.test/";

#[tokio::test(flavor = "multi_thread")]
async fn every_flow_of_a_provider() {
    let provider = Provider::start(&[], ReqwestTransport::new().expect("a transport")).await;
    let cases = Cases::default();
    client_credentials(&provider, &cases).await;
    authorization_code(&provider, &cases).await;
    authorization_requests(&provider, &cases).await;
    signed_requests(&provider, &cases).await;
    assertions(&provider, &cases).await;
    refresh_and_revoke(&provider, &cases).await;
    devices(&provider, &cases).await;
    backchannel(&provider, &cases).await;
    the_rest(&provider, &cases).await;
    cases.finish(75);
}

async fn client_credentials(provider: &Provider, cases: &Cases) {
    for client in ["m2m-post", "m2m-basic"] {
        cases
            .run(&format!("client credentials, {client}"), async {
                let answer =
                    good(provider.client(client).oauth().client_credentials(API).scope("read:things").raw().await)?;
                let tokens = answer.data;
                is("two hours", tokens.expires_in == Some(Duration::from_secs(7200)))?;
                is("one scope", tokens.scope == ["read:things"])?;
                is("no other token", tokens.refresh_token.is_none() && tokens.id_token.is_none())?;
                let claims = claims(tokens.access_token.expose());
                is("the audience", claims["aud"] == API && claims["azp"] == client)
            })
            .await;
        cases
            .run(&format!("client credentials, {client}, wrong secret"), async {
                let builder = provider.builder(client);
                let builder = if client == "m2m-post" {
                    builder.client_secret("wrong-secret-of-ours")
                } else {
                    builder.client_secret_basic("wrong-secret-of-ours")
                };
                let result = builder.build().expect("a client").oauth().client_credentials(API).await;
                refused(result, 401, "invalid_client")
            })
            .await;
    }
    cases
        .run("client credentials, unknown client", async {
            let auth0 = provider.builder("nobody").client_secret("a-secret").build().expect("a client");
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("client credentials, no authentication", async {
            let auth0 = provider.builder("m2m-post").build().expect("a client");
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("client credentials, unknown audience", async {
            let result = provider.client("m2m-post").oauth().client_credentials("https://unknown/").await;
            refused(result, 400, "invalid_target")
        })
        .await;
    cases
        .run("client credentials, opaque token", async {
            let call = provider.client("m2m-post").oauth().client_credentials("https://opaque.example.test/");
            is("no JWT", !good(call.await)?.access_token.expose().contains('.'))
        })
        .await;
    cases
        .run("a client without this grant", async {
            refused(provider.client("web-post").oauth().client_credentials(API).await, 400, "invalid_request")
        })
        .await;
    cases
        .run("a server without this grant", async {
            let result = provider.client("m2m-post").oauth().password("jo", "a-password").await;
            refused(result, 400, "unsupported_grant_type")
        })
        .await;
    cases
        .run("a secret with every kind of character is sent as it is", async {
            let auth0 =
                provider.builder("m2m-basic").client_secret_basic("a:b%c d+/?&=~'()*").build().expect("a client");
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
}

/// Logs in and gives the callback's URL.
async fn login(
    provider: &Provider,
    request: auth0_sdk::auth::AuthorizationRequest,
) -> Result<(auth0_sdk::auth::Transaction, String), String> {
    let login = good(request.await)?;
    let back = provider.browse(&login.url).await.map_err(|(status, text)| format!("{status} {text}"))?;
    Ok((login.transaction, back))
}

async fn authorization_code(provider: &Provider, cases: &Cases) {
    for client in ["web-post", "web-basic", "spa", "all"] {
        cases
            .run(&format!("login, {client}"), async {
                let auth0 = provider.client(client);
                let request = auth0.authorize().redirect_uri(CALLBACK).require_issuer().audience(API);
                let (transaction, back) =
                    login(provider, request.scope("openid email read:things offline_access")).await?;
                let tokens = good(auth0.finish_login(&transaction, &back).await)?;
                let claims = tokens.claims.ok_or("no claims")?;
                let email = claims.text("email") == Some("jane@example.test");
                is("the user", claims.subject() == "auth0|user-1" && email)?;
                is("a refresh token", tokens.refresh_token.is_some())?;
                is("the scopes", tokens.scope.iter().any(|scope| scope == "read:things"))?;
                // A code is good for one use.
                let again = auth0.finish_login(&transaction, &back).await;
                refused(again, 400, "invalid_grant")
            })
            .await;
    }
    let auth0 = provider.client("web-post");
    cases
        .run("login, the wrong verifier", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            let call = auth0.finish_login(&transaction, &back).code_verifier("x".repeat(43));
            refused(call.await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("login, no verifier", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            let callback = good(auth0.check_callback(&transaction, &back))?;
            let call = auth0.oauth().authorization_code(callback.code.ok_or("no code")?).redirect_uri(CALLBACK);
            refused(call.await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("login, without PKCE", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK).without_pkce()).await?;
            good(auth0.finish_login(&transaction, &back).await).map(drop)
        })
        .await;
    cases
        .run("login, a public client without PKCE", async {
            let auth0 = provider.client("spa");
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK).without_pkce()).await?;
            refused(auth0.finish_login(&transaction, &back).await, 0, "invalid_request")
        })
        .await;
    cases
        .run("login, another redirect URI", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            let call = auth0.finish_login(&transaction, &back).redirect_uri("http://localhost:9999/callback");
            refused(call.await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("login, the code of another client", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            refused(provider.client("all").finish_login(&transaction, &back).await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("login, refused by the user", async {
            let request = auth0.authorize().redirect_uri(CALLBACK).login_hint("deny");
            let (transaction, back) = login(provider, request).await?;
            refused(auth0.finish_login(&transaction, &back).await, 0, "access_denied")
        })
        .await;
    cases
        .run("login, nothing may be shown", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK).prompt("none")).await?;
            refused(auth0.finish_login(&transaction, &back).await, 0, "login_required")
        })
        .await;
    cases
        .run("login, the answer of another login", async {
            let (_, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            let other = good(auth0.authorize().redirect_uri(CALLBACK).await)?;
            let before = provider.requests("/oauth/token").await;
            refused(auth0.finish_login(&other.transaction, &back).await, 0, "state_mismatch")?;
            is("nothing is sent", before == provider.requests("/oauth/token").await)
        })
        .await;
    cases
        .run("login, an unknown parameter of ours goes along", async {
            let request = auth0.authorize().redirect_uri(CALLBACK).param("ext-own", "1").ui_locales("de en");
            let (transaction, back) = login(provider, request).await?;
            good(auth0.finish_login(&transaction, &back).await).map(drop)
        })
        .await;
    for mode in ["fragment", "form_post"] {
        cases
            .run(&format!("login, {mode}"), async {
                let (transaction, back) =
                    login(provider, auth0.authorize().redirect_uri(CALLBACK).response_mode(mode)).await?;
                good(auth0.finish_login(&transaction, &back).await).map(drop)
            })
            .await;
    }
    cases
        .run("login, the user of a hint", async {
            let request = auth0.authorize().redirect_uri(CALLBACK).login_hint("auth0|other").max_age(Duration::ZERO);
            let (transaction, back) = login(provider, request).await?;
            let tokens = good(auth0.finish_login(&transaction, &back).await)?;
            is("the user", tokens.claims.is_some_and(|claims| claims.subject() == "auth0|other"))
        })
        .await;
    cases
        .run("login, without an ID token", async {
            let request = auth0.authorize().redirect_uri(CALLBACK).scope("read:things").audience(API);
            let (transaction, back) = login(provider, request).await?;
            let tokens = good(auth0.finish_login(&transaction, &back).await)?;
            is("no ID token", tokens.id_token.is_none() && tokens.claims.is_none())
        })
        .await;
    cases
        .run("login, the nonce of another login", async {
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            let result = auth0.finish_login(&transaction, &back).nonce("another").await;
            is("refused", result.is_err_and(|error| error.message().contains("nonce")))
        })
        .await;
    cases
        .run("login, another organization", async {
            let request = auth0.authorize().redirect_uri(CALLBACK).organization("org_other");
            let (transaction, back) = login(provider, request).await?;
            let result = auth0.finish_login(&transaction, &back).await;
            is("refused", result.is_err_and(|error| error.message().contains("org")))
        })
        .await;
}

async fn authorization_requests(provider: &Provider, cases: &Cases) {
    let par = provider.client("web-par");
    cases
        .run("pushed request", async {
            let request = par.authorize().redirect_uri(CALLBACK).scope("openid offline_access").pushed();
            let login = good(request.await)?;
            is("the URL says nothing", !login.url.contains("scope") && !login.url.contains("challenge"))?;
            let back = provider.browse(&login.url).await.map_err(|(status, text)| format!("{status} {text}"))?;
            good(par.finish_login(&login.transaction, &back).await)?;
            // The name of a request is good for one use.
            is("refused", provider.browse(&login.url).await.is_err())
        })
        .await;
    cases
        .run("pushed request, required and not pushed", async {
            let (transaction, back) = login(provider, par.authorize().redirect_uri(CALLBACK)).await?;
            refused(par.finish_login(&transaction, &back).await, 0, "invalid_request")
        })
        .await;
    cases
        .run("pushed request, wrong secret", async {
            let auth0 = provider.builder("web-par").client_secret("wrong-secret-of-ours").build().expect("a client");
            refused(auth0.authorize().redirect_uri(CALLBACK).pushed().await, 401, "invalid_client")
        })
        .await;
    cases
        .run("pushed request, unknown redirect URI", async {
            refused(par.authorize().redirect_uri("https://evil.example/").pushed().await, 400, "invalid_request")
        })
        .await;
    cases
        .run("pushed request, public client", async {
            let auth0 = provider.client("spa");
            let (transaction, back) = login(provider, auth0.authorize().redirect_uri(CALLBACK).pushed()).await?;
            good(auth0.finish_login(&transaction, &back).await).map(drop)
        })
        .await;
    let details = json!([{"type": "payment_initiation", "amount": "10.00"}]);
    cases
        .run("authorization details", async {
            let auth0 = provider.client("web-post");
            let request = auth0.authorize().redirect_uri(CALLBACK).audience(API).authorization_details(details.clone());
            let (transaction, back) = login(provider, request).await?;
            let tokens = good(auth0.finish_login(&transaction, &back).await)?;
            is("granted", tokens.authorization_details.as_ref() == Some(&details))
        })
        .await;
    cases
        .run("authorization details, pushed", async {
            let request = par.authorize().redirect_uri(CALLBACK).audience(API).authorization_details(details.clone());
            let (transaction, back) = login(provider, request.pushed()).await?;
            let tokens = good(par.finish_login(&transaction, &back).await)?;
            is("granted", tokens.authorization_details.as_ref() == Some(&details))
        })
        .await;
    cases
        .run("authorization details, unknown type", async {
            let auth0 = provider.client("web-post");
            let details = json!([{"type": "unknown"}]);
            let request = auth0.authorize().redirect_uri(CALLBACK).audience(API).authorization_details(details);
            let (transaction, back) = login(provider, request).await?;
            refused(auth0.finish_login(&transaction, &back).await, 0, "invalid_authorization_details")
        })
        .await;
}

/// The private key of the clients that sign, by the name of its algorithm.
async fn key(provider: &Provider, name: &str) -> auth0_sdk::Key {
    use auth0_sdk::Algorithm::{ES256, RS256};
    let (pair, algorithm) = if name == "ES256" { ("es256", ES256) } else { ("rs256", RS256) };
    let pem = provider.facts["keys"][pair]["pem"].as_str().expect("a key");
    Host::of_target().expect("a host").signing_key_from_pem(pem, algorithm).await.expect("a key")
}

async fn signed_requests(provider: &Provider, cases: &Cases) {
    let jar = provider.client("web-jar");
    for pushed in [false, true] {
        cases
            .run(&format!("signed request, pushed {pushed}"), async {
                let details = json!([{"type": "payment_initiation", "amount": "1"}]);
                let request = jar.authorize().redirect_uri(CALLBACK).scope("openid email").audience(API);
                let request = request.resource(API).authorization_details(details).signed(key(provider, "RS256").await);
                let login = good(if pushed { request.pushed() } else { request }.await)?;
                is("the URL says nothing", !login.url.contains("scope="))?;
                let back = provider.browse(&login.url).await.map_err(|(status, text)| format!("{status} {text}"))?;
                let tokens = good(jar.finish_login(&login.transaction, &back).await)?;
                is("the details", tokens.authorization_details.is_some())
            })
            .await;
    }
    cases
        .run("signed request, required and not signed", async {
            let (transaction, back) = login(provider, jar.authorize().redirect_uri(CALLBACK)).await?;
            refused(jar.finish_login(&transaction, &back).await, 0, "invalid_request")
        })
        .await;
    cases
        .run("signed request, another key", async {
            let other = Host::of_target().expect("a host").generate_key(auth0_sdk::Algorithm::RS256).await;
            // The native provider makes no RSA keys: then one of another kind will do.
            let other = match other {
                Ok(key) => key,
                Err(_) => key(provider, "ES256").await,
            };
            let request = jar.authorize().redirect_uri(CALLBACK).signed(other).pushed();
            refused(request.await, 400, "invalid_request_object")
        })
        .await;
}

async fn assertions(provider: &Provider, cases: &Cases) {
    for name in ["RS256", "ES256"] {
        cases
            .run(&format!("private key JWT, {name}"), async {
                let builder = provider.builder("m2m-pkjwt").private_key_jwt(key(provider, name).await);
                let auth0 = builder.build().expect("a client");
                good(auth0.oauth().client_credentials(API).await)?;
                // Each request has its own, so that a server that counts them takes both.
                good(auth0.oauth().client_credentials(API).await).map(drop)
            })
            .await;
    }
    cases
        .run("private key JWT, a login, a refresh and a device", async {
            let builder = provider.builder("web-pkjwt").private_key_jwt(key(provider, "ES256").await);
            let auth0 = builder.build().expect("a client");
            let request = auth0.authorize().redirect_uri(CALLBACK).scope("openid offline_access");
            let (transaction, back) = login(provider, request).await?;
            let tokens = good(auth0.finish_login(&transaction, &back).await)?;
            good(auth0.oauth().refresh_token(tokens.refresh_token.ok_or("no refresh token")?).await)?;
            good(auth0.device().authorize().scope("openid").await).map(drop)
        })
        .await;
    cases
        .run("private key JWT, for the Management client", async {
            let auth0 = provider.builder("m2m-pkjwt").private_key_jwt(key(provider, "RS256").await).build();
            let auth0 = auth0.expect("a client");
            let builder = auth0_sdk::ManagementClient::builder(provider.origin.as_str()).authentication(&auth0);
            let management = builder.build().expect("a client");
            // The provider has no such API: what counts is that a token was bought and sent.
            let error = management.operation("users.list").await.err().ok_or("succeeds")?;
            is("not found", error.status() == Some(404) && error.operation() == Some("users.list"))
        })
        .await;
    cases
        .run("private key JWT, sent twice", async {
            let assertion = auth0_sdk::ClientAssertion::new(
                &Host::of_target().expect("a host"),
                "m2m-pkjwt",
                format!("{}/", provider.origin),
                key(provider, "RS256").await,
            );
            let assertion = good(good(assertion)?.make().await)?;
            let auth0 = provider.builder("m2m-pkjwt").client_assertion(assertion).build().expect("a client");
            good(auth0.oauth().client_credentials(API).await)?;
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("private key JWT, for another server", async {
            let host = Host::of_target().expect("a host");
            let key = key(provider, "RS256").await;
            let assertion = good(auth0_sdk::ClientAssertion::new(&host, "m2m-pkjwt", "https://other/", key))?;
            let auth0 = provider.builder("m2m-pkjwt").client_assertion_provider(assertion).build().expect("a client");
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("private key JWT, an unknown key", async {
            let host = Host::of_target().expect("a host");
            let key = good(host.generate_key(auth0_sdk::Algorithm::ES256).await)?;
            let auth0 = provider.builder("m2m-pkjwt").private_key_jwt(key).build().expect("a client");
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_bound_to_a_key() {
    let transport = || ReqwestTransport::new().expect("a transport");
    let provider = Provider::start(&[("DPOP_NONCE", "1")], transport()).await;
    let cases = Cases::default();
    let host = Host::of_target().expect("a host");
    let dpop = async || {
        let key = good(host.generate_key(auth0_sdk::Algorithm::ES256).await)?;
        good(auth0_sdk::Dpop::new(&host, key))
    };
    let client = |dpop: &auth0_sdk::Dpop| {
        let secret = provider.secret("web-dpop");
        provider.builder("web-dpop").client_secret(secret).dpop(dpop).build().expect("a client")
    };
    cases
        .run("client credentials, with a nonce", async {
            let dpop = dpop().await?;
            let tokens = good(client(&dpop).oauth().client_credentials(API).await)?;
            is("bound", tokens.token_type == "DPoP")?;
            let claims = claims(tokens.access_token.expose());
            is("to this key", claims["cnf"]["jkt"] == good(dpop.thumbprint().await)?)
        })
        .await;
    cases
        .run("login, refresh and userinfo", async {
            let dpop = dpop().await?;
            let auth0 = client(&dpop);
            let request = auth0.authorize().redirect_uri(CALLBACK).scope("openid email offline_access");
            let (transaction, back) = login(&provider, request.dpop_jkt(good(dpop.thumbprint().await)?)).await?;
            let tokens = good(auth0.finish_login(&transaction, &back).await)?;
            let user = good(auth0.users().user_info(tokens.access_token.clone()).await)?;
            is("the user", user.sub == "auth0|user-1")?;
            let next = good(auth0.oauth().refresh_token(tokens.refresh_token.ok_or("no refresh token")?).await)?;
            is("bound", next.token_type == "DPoP")?;
            // Without the key the token is worth nothing.
            let other = provider.client("web-dpop");
            let error = other.users().user_info(tokens.access_token.clone()).await.err().ok_or("succeeds")?;
            is("refused", error.status() == Some(401) || error.status() == Some(400))
        })
        .await;
    cases
        .run("a client that signs, with a nonce", async {
            // The provider remembers each assertion: the second request must have another.
            let (dpop, fresh) = (dpop().await?, dpop().await?);
            let builder = provider.builder("m2m-pkjwt").private_key_jwt(key(&provider, "ES256").await);
            let auth0 = builder.dpop(&dpop).build().expect("a client");
            let answer = good(auth0.oauth().client_credentials(API).raw().await)?;
            is("asked twice", answer.attempts == 2 && answer.data.token_type == "DPoP")?;
            is("then once", good(auth0.oauth().client_credentials(API).raw().await)?.attempts == 1)?;
            let assertion = auth0_sdk::ClientAssertion::new(
                &host,
                "m2m-pkjwt",
                format!("{}/", provider.origin),
                key(&provider, "ES256").await,
            );
            let assertion = good(good(assertion)?.make().await)?;
            let auth0 = provider.builder("m2m-pkjwt").client_assertion(assertion).dpop(&fresh).build();
            refused(auth0.expect("a client").oauth().client_credentials(API).await, 400, "use_dpop_nonce")
        })
        .await;
    cases
        .run("no proof", async {
            let error = provider.client("web-dpop").oauth().client_credentials(API).await.err().ok_or("succeeds")?;
            is("refused", error.status() == Some(400))
        })
        .await;
    cases
        .run("the code of another key", async {
            let (mine, other) = (dpop().await?, dpop().await?);
            let request = client(&mine).authorize().redirect_uri(CALLBACK).dpop_jkt(good(mine.thumbprint().await)?);
            let (transaction, back) = login(&provider, request).await?;
            refused(client(&other).finish_login(&transaction, &back).await, 400, "invalid_grant")
        })
        .await;
    cases.finish(4);
}

async fn refresh_and_revoke(provider: &Provider, cases: &Cases) {
    let auth0 = provider.client("web-post");
    let start = async || -> Result<auth0_sdk::Secret, String> {
        let request = auth0.authorize().redirect_uri(CALLBACK).audience(API);
        let (transaction, back) =
            login(provider, request.scope("openid offline_access read:things write:things")).await?;
        good(auth0.finish_login(&transaction, &back).await)?.refresh_token.ok_or_else(|| "no refresh token".to_owned())
    };
    cases
        .run("refresh, with rotation and reuse", async {
            let first = start().await?;
            let tokens = good(auth0.oauth().refresh_token(first.clone()).await)?;
            let second = tokens.refresh_token.ok_or("no refresh token")?;
            is("another one", second != first)?;
            is("verified", tokens.claims.is_some())?;
            refused(auth0.oauth().refresh_token(first).await, 400, "invalid_grant")?;
            // Its reuse has revoked the whole family.
            refused(auth0.oauth().refresh_token(second).await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("refresh, fewer scopes", async {
            let token = start().await?;
            let tokens = good(auth0.oauth().refresh_token(token).scope("read:things").await)?;
            is("one scope", tokens.scope == ["read:things"])
        })
        .await;
    cases
        .run("refresh, more scopes", async {
            let token = start().await?;
            refused(auth0.oauth().refresh_token(token).scope("openid delete:things").await, 400, "invalid_scope")
        })
        .await;
    cases
        .run("refresh, five at once", async {
            let token = start().await?;
            let before = provider.requests("/oauth/token").await;
            // Nothing is sent before all of them have asked.
            let open = Arc::new(AtomicBool::new(false));
            let (inner, gate) = (provider.transport.clone(), open.clone());
            let gated = move |request: HttpRequest| {
                let (inner, gate) = (inner.clone(), gate.clone());
                async move {
                    while !gate.load(Ordering::Relaxed) {
                        tokio::task::yield_now().await;
                    }
                    inner.send(request).await
                }
            };
            let secret = provider.secret("web-post");
            let auth0 = provider.builder("web-post").client_secret(secret).transport(gated).build().expect("a client");
            let refresh = || auth0.oauth().refresh_token(token.clone()).into_future();
            let (all, ()) = tokio::join!(crate::support::all((0..5).map(|_| refresh())), async {
                open.store(true, Ordering::Relaxed);
            });
            let made = provider.requests("/oauth/token").await - before;
            is(&format!("{made} requests"), made == 1)?;
            let mut tokens = Vec::new();
            for one in all {
                tokens.push(good(one)?.refresh_token);
            }
            is("the same tokens", tokens.windows(2).all(|pair| pair[0] == pair[1] && pair[0].is_some()))
        })
        .await;
    cases
        .run("refresh, the token of another client", async {
            let token = start().await?;
            refused(provider.client("all").oauth().refresh_token(token).await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("refresh, no token", async {
            refused(auth0.oauth().refresh_token("made-up-by-nobody").await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("revoke, then refresh", async {
            let token = start().await?;
            good(auth0.oauth().revoke(token.clone()).token_type_hint("refresh_token").await)?;
            refused(auth0.oauth().refresh_token(token).await, 400, "invalid_grant")
        })
        .await;
    cases.run("revoke, an unknown token", async { good(auth0.oauth().revoke("made-up-by-nobody").await) }).await;
    cases
        .run("revoke, wrong secret", async {
            let auth0 = provider.builder("web-post").client_secret("wrong-secret-of-ours").build().expect("a client");
            refused(auth0.oauth().revoke("made-up-by-nobody").await, 401, "invalid_client")
        })
        .await;
}

async fn devices(provider: &Provider, cases: &Cases) {
    for client in ["native", "device-confidential"] {
        cases
            .run(&format!("device, {client}"), async {
                let auth0 = provider.client(client);
                let device = good(auth0.device().authorize().scope("openid offline_access").await)?;
                is(
                    "a complete URL",
                    device.verification_uri_complete.as_ref().is_some_and(|uri| uri.contains(&device.user_code)),
                )?;
                refused(auth0.device().token(device.device_code.clone()).await, 400, "authorization_pending")?;
                let decide = async {
                    tokio::task::yield_now().await;
                    provider.control("device", json!({"user_code": device.user_code})).await;
                };
                let polling = auth0.device().poll(&device).interval(Duration::from_millis(50));
                let (tokens, ()) = tokio::join!(polling.into_future(), decide);
                is("a refresh token", good(tokens)?.refresh_token.is_some())?;
                // The code is used up.
                refused(auth0.device().token(device.device_code).await, 400, "invalid_grant")
            })
            .await;
    }
    let auth0 = provider.client("native");
    for (what, code) in [("deny", "access_denied"), ("expire", "expired_token")] {
        cases
            .run(&format!("device, {what}"), async {
                let device = good(auth0.device().authorize().scope("openid").await)?;
                provider.control("device", json!({"user_code": device.user_code, what: true})).await;
                refused(auth0.device().poll(&device).interval(Duration::from_millis(50)).await, 400, code)
            })
            .await;
    }
    cases
        .run("device, no such code", async {
            refused(auth0.device().token("made-up-by-nobody").await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("device, the code of another client", async {
            let device = good(auth0.device().authorize().scope("openid").await)?;
            let other = provider.client("device-confidential");
            refused(other.device().token(device.device_code).await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("device, a client without this grant", async {
            refused(provider.client("spa").device().authorize().await, 400, "invalid_request")
        })
        .await;
}

async fn backchannel(provider: &Provider, cases: &Cases) {
    let auth0 = provider.client("ciba");
    let quick = Duration::from_millis(50);
    cases
        .run("backchannel", async {
            let details = json!([{"type": "money_transfer", "amount": "5"}]);
            let call = auth0.backchannel().authorize("auth0|user-7", "Order 4-2").scope("openid offline_access");
            let login = good(
                call.audience(API).authorization_details(details).requested_expiry(Duration::from_secs(120)).await,
            )?;
            let id = login.auth_req_id.expose().to_owned();
            refused(auth0.backchannel().token(id.as_str()).await, 400, "authorization_pending")?;
            let decide = async {
                tokio::task::yield_now().await;
                provider.control("ciba", json!({"auth_req_id": id})).await;
            };
            let (tokens, ()) = tokio::join!(auth0.backchannel().poll(&login).interval(quick).into_future(), decide);
            let tokens = good(tokens)?;
            is("the user", tokens.claims.is_some_and(|claims| claims.subject() == "auth0|user-7"))?;
            is("the details", tokens.authorization_details.is_some_and(|details| details[0]["amount"] == "5"))?;
            refused(auth0.backchannel().token(id).await, 400, "invalid_grant")
        })
        .await;
    cases
        .run("backchannel, denied", async {
            let login = good(auth0.backchannel().authorize("auth0|user-7", "Order 4-2").await)?;
            provider.control("ciba", json!({"auth_req_id": login.auth_req_id.expose(), "deny": true})).await;
            refused(auth0.backchannel().poll(&login).interval(quick).await, 400, "access_denied")
        })
        .await;
    cases
        .run("backchannel, unknown user", async {
            refused(auth0.backchannel().authorize("auth0|unknown", "Order 4-2").await, 400, "unknown_user_id")
        })
        .await;
    cases
        .run("backchannel, a message that the server refuses", async {
            let call = auth0.backchannel().authorize("auth0|user-7", "fits").param("binding_message", "a;b");
            refused(call.await, 400, "invalid_binding_message")
        })
        .await;
    cases
        .run("backchannel, wrong secret", async {
            let auth0 = provider.builder("ciba").client_secret("wrong-secret-of-ours").build().expect("a client");
            refused(auth0.backchannel().authorize("auth0|user-7", "fits").await, 401, "invalid_client")
        })
        .await;
    cases
        .run("backchannel, no such request", async {
            refused(auth0.backchannel().token("made-up-by-nobody").await, 400, "invalid_grant")
        })
        .await;
}

async fn the_rest(provider: &Provider, cases: &Cases) {
    let auth0 = provider.client("web-post");
    cases
        .run("userinfo", async {
            let request = auth0.authorize().redirect_uri(CALLBACK).scope("openid profile email phone");
            let (transaction, back) = login(provider, request).await?;
            let tokens = good(auth0.finish_login(&transaction, &back).await)?;
            let user = good(auth0.users().user_info(tokens.access_token).await)?;
            is("the user", user.sub == "auth0|user-1" && user.email_verified == Some(true))?;
            is("more", user.phone_number.as_deref() == Some("+15555550100"))
        })
        .await;
    cases
        .run("userinfo, no such token", async {
            let error = auth0.users().user_info("made-up-by-nobody").await.err().ok_or("succeeds")?;
            is("invalid_token", error.status() == Some(401) && error.code() == Some("invalid_token"))?;
            is("no secret", !crate::support::shown(&error).contains("made-up"))
        })
        .await;
    cases
        .run("metadata and keys", async {
            let metadata = good(auth0.metadata().await)?;
            is("the issuer", metadata.issuer == auth0.issuer())?;
            is("promises an issuer", metadata.authorization_response_iss_parameter_supported)?;
            let keys = good(auth0.jwks().await)?;
            is("keys", keys["keys"].as_array().is_some_and(|keys| keys.len() == 3))
        })
        .await;
    cases
        .run("registration", async {
            let call =
                auth0.register_client([CALLBACK]).client_name("Ours").token_endpoint_auth_method("client_secret_post");
            let made = good(call.await)?;
            let secret = made.client_secret.ok_or("no secret")?;
            let new = provider.builder(&made.client_id).client_secret(secret).build().expect("a client");
            let (transaction, back) = login(provider, new.authorize().redirect_uri(CALLBACK)).await?;
            good(new.finish_login(&transaction, &back).await).map(drop)
        })
        .await;
    cases
        .run("registration, no redirect URI", async {
            refused(auth0.register_client(["no URI"]).await, 400, "invalid_redirect_uri")
        })
        .await;
    cases
        .run("logout", async {
            let url = auth0.oidc_logout().return_to("http://127.0.0.1:9999/").state("s").url();
            let path = url.strip_prefix(&provider.origin).ok_or("another origin")?;
            is("a page", provider.get(path).await.0 == 200)?;
            let wrong = auth0.oidc_logout().return_to("https://evil.example/").url();
            let path = wrong.strip_prefix(&provider.origin).ok_or("another origin")?;
            is("refused", provider.get(path).await.0 == 400)
        })
        .await;
    cases
        .run("nobody is there", async {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let origin = format!("http://{}", listener.local_addr().expect("an address"));
            drop(listener);
            let auth0 = AuthenticationClient::builder(origin).client_id("x").max_retries(0).build().expect("a client");
            let error = auth0.oauth().refresh_token("r").await.err().ok_or("succeeds")?;
            is("not sent", error.kind() == auth0_sdk::ErrorKind::Transport && !error.may_have_been_sent())
        })
        .await;
}

/// A certificate authority, made for the test.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: rcgen::Issuer::new(params, key), pem }
    }

    /// Certificate and key, PEM.
    fn issue(&self, name: &str, use_: rcgen::ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![use_];
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_certificates() {
    use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    let (authority, other) = (Authority::new("ours"), Authority::new("another"));
    let (certificate, key) = authority.issue("127.0.0.1", ServerAuth);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oidc-tls");
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let files = [write("key.pem", &key), write("cert.pem", &certificate), write("ca.pem", &authority.pem)];
    let settings = [("TLS_KEY", files[0].as_str()), ("TLS_CERT", &files[1]), ("TLS_CA", &files[2])];
    let trusting = || Tls::new().root_certificates(authority.pem.as_str());
    let over = |tls: Tls| ReqwestTransport::with_tls(tls).expect("a transport");
    let provider = Provider::start(&settings, over(trusting())).await;
    let domain = provider.origin.clone();
    let client = |tls: Tls| {
        let builder = provider.builder("mtls-ca").mtls().mtls_domain(domain.as_str());
        builder.transport(over(tls)).max_retries(0).build().expect("a client")
    };
    let cases = Cases::default();
    cases
        .run("the right certificate", async {
            let (chain, key) = authority.issue("mtls-client", ClientAuth);
            let tokens = good(client(trusting().client_certificate(chain, key)).oauth().client_credentials(API).await)?;
            let claims = claims(tokens.access_token.expose());
            is("bound to the certificate", claims["cnf"]["x5t#S256"].is_string())
        })
        .await;
    cases
        .run("no certificate", async {
            refused(client(trusting()).oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("the certificate of another client", async {
            let (chain, key) = authority.issue("somebody-else", ClientAuth);
            let auth0 = client(trusting().client_certificate(chain, key));
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("a certificate of another authority", async {
            let (chain, key) = other.issue("mtls-client", ClientAuth);
            let auth0 = client(trusting().client_certificate(chain, key));
            refused(auth0.oauth().client_credentials(API).await, 401, "invalid_client")
        })
        .await;
    cases
        .run("a server of an unknown authority", async {
            let error = client(Tls::new()).oauth().client_credentials(API).await.err().ok_or("succeeds")?;
            is("refused, not sent", error.kind() == auth0_sdk::ErrorKind::Transport && !error.may_have_been_sent())
        })
        .await;
    cases
        .run("the other flows over https", async {
            let auth0 = provider.client("web-basic");
            let (transaction, back) = login(&provider, auth0.authorize().redirect_uri(CALLBACK)).await?;
            good(auth0.finish_login(&transaction, &back).await).map(drop)
        })
        .await;
    cases
        .run("what is no certificate", async {
            let (chain, key) = authority.issue("mtls-client", ClientAuth);
            let (_, foreign) = authority.issue("mtls-client", ClientAuth);
            for (chain, key) in [(chain.as_str(), "no-key-of-ours"), ("no-chain", &key), (&chain, &foreign), ("", "")] {
                let error = AuthenticationClient::builder("t.example").client_id("x").client_certificate(chain, key);
                let error = error.build().err().ok_or("is taken")?;
                is("config", error.kind() == auth0_sdk::ErrorKind::Config)?;
                is("no secret", !crate::support::shown(&error).contains("no-key-of-ours"))?;
            }
            good(AuthenticationClient::builder("t.example").client_id("x").client_certificate(chain, key).build())
                .map(drop)
        })
        .await;
    cases.finish(7);
}
