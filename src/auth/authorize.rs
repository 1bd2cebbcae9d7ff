//! Sending a user to log in, and taking the answer (RFC 6749, section 4.1; OpenID Connect Core 1.0, section 3.1.2; RFC 7636;
//! RFC 9126 pushed requests; RFC 9396 authorization details).

use super::AuthenticationClient;
use super::call::{AuthCall, json, value_of};
use super::core::Core;
use super::params::{Params, Value};
use super::transaction::Transaction;
use crate::Json;
use crate::error::Error;
use crate::host::Key;
use crate::http::path::Query;
use crate::jose::{CodeVerifier, Value as Claim, random_text, sign, signing_input};
use crate::maybe_send::BoxFuture;
use crate::secret::Secret;
use serde::Deserialize;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

/// An authorization request that has not been made yet: see [`AuthenticationClient::authorize`]. `.await` makes its URL.
#[derive(Clone)]
#[must_use = "a request is made when it is awaited"]
pub struct AuthorizationRequest {
    client: AuthenticationClient,
    params: Params,
    max_age: Option<Duration>,
    pkce: bool,
    pushed: bool,
    signed: Option<Key>,
    issuer_required: bool,
    lifetime: Duration,
}

/// A login that has begun.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorization {
    /// Where the browser must go.
    pub url: String,
    /// What has to be kept until the browser comes back, in this browser's session and nowhere else.
    pub transaction: Transaction,
}

/// The answer to a pushed request (RFC 9126, section 2.2).
#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

/// Random texts of one request: unguessable, 256 bits each.
struct Drawn {
    state: String,
    nonce: String,
    verifier: String,
    challenge: String,
}

impl AuthenticationClient {
    /// Begins a login: where to send the browser, and what to keep until it comes back.
    ///
    /// State, nonce and PKCE are made here, and checked by [`AuthenticationClient::finish_login`]. Unless said otherwise the
    /// response type is `code` and the scope `openid profile email`.
    ///
    /// ```no_run
    /// # async fn run(auth0: auth0_sdk::AuthenticationClient) -> Result<(), auth0_sdk::Error> {
    /// let login = auth0.authorize().redirect_uri("https://app.example/callback").await?;
    /// // … send the browser to login.url, keep login.transaction in its session, and when it comes back:
    /// let tokens = auth0.finish_login(&login.transaction, "https://app.example/callback?code=…&state=…").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn authorize(&self) -> AuthorizationRequest {
        let mut params = Params::default();
        params.text("response_type", "code");
        params.text("scope", "openid profile email");
        AuthorizationRequest {
            client: self.clone(),
            params,
            max_age: None,
            pkce: true,
            pushed: false,
            signed: None,
            issuer_required: false,
            lifetime: Duration::from_secs(3600),
        }
    }
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        impl AuthorizationRequest {
            $($(#[$doc])* pub fn $name(self, value: impl Into<String>) -> Self {
                let value: String = value.into();
                self.param(stringify!($name), value)
            })*
        }
    };
}

parameters! {
    /// Where the browser comes back. It must be among the client's allowed callback URLs.
    redirect_uri,
    /// Scopes, separated by spaces, in the place of `openid profile email`; with `offline_access` there is a refresh token.
    scope,
    /// The API that the access token is for.
    audience,
    /// The organization (id or name) to log in to. The ID token is checked for it.
    organization,
    /// The ticket of an invitation to an organization.
    invitation,
    /// The connection to log in with, without asking.
    connection,
    /// Scopes that the identity provider of the connection is asked for.
    connection_scope,
    /// `signup`, `login` …: the page that is shown first.
    screen_hint,
    /// `none` (nothing may be shown), `login`, `consent`, `select_account`.
    prompt,
    /// The address or the name of the user, to fill in.
    login_hint,
    /// The ID token of a session that is known.
    id_token_hint,
    /// What the login must be like: `http://schemas.openid.net/pape/policies/2007/06/multi-factor` asks for a second factor.
    acr_values,
    /// Languages, separated by spaces, the preferred one first.
    ui_locales,
    /// How the page is shown: `page`, `popup`, `touch`.
    display,
    /// `code`, `id_token`, `code id_token` …
    response_type,
    /// How the answer comes: `query`, `fragment`, `form_post`, `web_message`.
    response_mode,
    /// Resource indicator (RFC 8707), for a server that has them.
    resource,
    /// The thumbprint of the key that the tokens are bound to (RFC 9449, section 10).
    dpop_jkt,
}

impl AuthorizationRequest {
    /// How long ago the user may have logged in; zero asks for a new login. The ID token is checked for it.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self.param("max_age", max_age.as_secs())
    }

    /// What the user is asked to allow (RFC 9396): an array of objects with a `type`.
    pub fn authorization_details(self, details: impl Into<Json>) -> Self {
        self.param("authorization_details", details.into())
    }

    /// Single claims that are wanted (OpenID Connect Core 1.0, section 5.5): an object.
    pub fn claims(self, claims: impl Into<Json>) -> Self {
        self.param("claims", claims.into())
    }

    /// Any other parameter, in the place of one of the same name; an empty text removes it. What is no text is sent as JSON.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        let name = name.into();
        match value.into() {
            Json::String(text) if text.is_empty() => drop(self.params.remove(&name)),
            value => self.params.set(name, value_of(value)),
        }
        self
    }

    /// The request goes to the server directly, and the browser carries only its name (RFC 9126).
    pub fn pushed(mut self) -> Self {
        self.pushed = true;
        self
    }

    /// The request is signed with this key (RFC 9101, JAR), so that nobody can change it on its way; with
    /// [`AuthorizationRequest::pushed`] too, it is both.
    pub fn signed(mut self, key: Key) -> Self {
        self.signed = Some(key);
        self
    }

    /// Without PKCE, for a server that cannot.
    pub fn without_pkce(mut self) -> Self {
        self.pkce = false;
        self
    }

    /// The answer must name its issuer (RFC 9207, section 2.4), as the server's metadata promise
    /// (`authorization_response_iss_parameter_supported`). One that is named is checked anyway.
    pub fn require_issuer(mut self) -> Self {
        self.issuer_required = true;
        self
    }

    /// How long the login may take. 1 h by default.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The parameters of the request, and what has to be kept. Pure.
    fn draft(&self, client_id: &str, drawn: Drawn, now: Duration) -> (Params, Transaction) {
        let mut params = Params::default();
        params.text("client_id", client_id);
        self.params.iter().for_each(|(name, value)| params.set(name, value.clone()));
        let has = |name: &str, word: &str| params.get(name).is_some_and(|text| text.split(' ').any(|one| one == word));
        let id_token = has("scope", "openid") || has("response_type", "id_token");
        let pkce = self.pkce && has("response_type", "code");
        // What the caller sets itself is kept and checked all the same.
        let state = self.params.get("state").map_or(drawn.state, str::to_owned);
        let nonce = id_token.then(|| self.params.get("nonce").map_or(drawn.nonce, str::to_owned));
        params.text("state", state.as_str());
        if let Some(nonce) = &nonce {
            params.text("nonce", nonce.as_str());
        }
        if pkce {
            params.text("code_challenge", drawn.challenge);
            params.text("code_challenge_method", "S256");
        }
        let text = |name: &str| self.params.get(name).map(str::to_owned);
        let transaction = Transaction {
            state,
            nonce,
            code_verifier: pkce.then_some(drawn.verifier),
            redirect_uri: text("redirect_uri"),
            organization: text("organization"),
            max_age_s: self.max_age.map(|age| age.as_secs()),
            // Only a code alone brings its ID token from the token endpoint for sure.
            id_token,
            issuer_required: self.issuer_required,
            created_at_s: now.as_secs(),
            expires_at_s: now.saturating_add(self.lifetime).as_secs(),
        };
        (params, transaction)
    }

    async fn begin(self) -> Result<Authorization, Error> {
        let core = self.client.core.clone();
        let client_id = core.client_id()?;
        let (mut params, transaction) = self.draft(client_id, draw(&core).await?, core.host.timer.now());
        if let Some(key) = &self.signed {
            let now = core.host.timer.now().as_secs();
            let request = request_object(key, &core, client_id, &params, now, &random_text(&*core.host.crypto)?);
            let request = sign(&*core.host.crypto, key, request).await?;
            params = Params::default();
            params.text("client_id", client_id);
            params.text("request", request);
        }
        if self.pushed {
            let mut call = AuthCall::<Pushed>::new(&core, "oauth.pushedAuthorization", json);
            params.remove("client_id");
            call.parts.params = params;
            let pushed = call.await?;
            params = Params::default();
            params.text("client_id", client_id);
            params.text("request_uri", pushed.request_uri);
        }
        let mut query = Query::default();
        params.iter().for_each(|(name, value)| query.push(name, value.as_str()));
        Ok(Authorization { url: query.url(&core.origin, "/authorize"), transaction })
    }
}

/// What of a request object is signed (RFC 9101, section 4). Pure.
fn request_object(key: &Key, core: &Core, client_id: &str, params: &Params, now: u64, id: &str) -> String {
    let mut header = vec![("alg", Claim::Text(key.algorithm().as_str())), ("typ", Claim::Text("oauth-authz-req+jwt"))];
    header.extend(key.key_id().map(|kid| ("kid", Claim::Text(kid))));
    let issuer = core.issuer();
    let mut claims = vec![
        ("iss", Claim::Text(client_id)),
        ("aud", Claim::Text(&issuer)),
        ("iat", Claim::Number(now)),
        ("nbf", Claim::Number(now)),
        ("exp", Claim::Number(now.saturating_add(120))),
        ("jti", Claim::Text(id)),
    ];
    claims.extend(params.iter().map(|(name, value)| match value {
        Value::Text(text) => (name, Claim::Text(text)),
        Value::Json(json) => (name, Claim::Json(json)),
    }));
    signing_input(&header, &claims)
}

async fn draw(core: &Core) -> Result<Drawn, Error> {
    let crypto = &*core.host.crypto;
    let verifier = CodeVerifier::random(crypto)?;
    let challenge = verifier.challenge(crypto).await?;
    let verifier = verifier.secret().expose().to_owned();
    Ok(Drawn { state: random_text(crypto)?, nonce: random_text(crypto)?, verifier, challenge })
}

#[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
impl AuthorizationRequest {
    /// Makes the URL, and waits for a pushed request.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`](crate::ErrorKind::Config) when an async runtime is running on this thread.
    pub fn call(self) -> Result<Authorization, Error> {
        let core = self.client.core.clone();
        core.runtime.run(self.begin())
    }
}

impl IntoFuture for AuthorizationRequest {
    type Output = Result<Authorization, Error>;
    type IntoFuture = BoxFuture<'static, Result<Authorization, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.params.iter().map(|(name, _)| name).collect();
        f.debug_struct("AuthorizationRequest").field("parameters", &names).field("pushed", &self.pushed).finish()
    }
}

/// What a browser brought back, checked against its transaction.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callback {
    /// The authorization code.
    pub code: Option<Secret>,
    /// An ID token from the front channel. Not verified.
    pub id_token: Option<Secret>,
    /// An access token from the front channel.
    pub access_token: Option<Secret>,
    /// All that was brought.
    pub(crate) all: Vec<(String, String)>,
}

impl Callback {
    /// Any other parameter that was brought.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
