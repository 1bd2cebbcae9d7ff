//! What the tests of the authentication side share.

use crate::client::{Answer, Client};
use auth0_sandbox::{Message, Sandbox};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use ring::digest;
use serde_json::{Map, Value, json};

pub(crate) const CALLBACK: &str = "https://app.example.com/callback";
pub(crate) const CONNECTION: &str = "Username-Password-Authentication";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";
pub(crate) const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";

/// The first user of the seed.
pub(crate) const USER: &str = "user-000001@example.com";

/// A browser that keeps cookies and follows nothing.
pub(crate) struct Browser {
    http: reqwest::Client,
    origin: String,
    cookie: Option<String>,
}

impl Browser {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        crate::client::http();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, origin: sandbox.origin(), cookie: None }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path))).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.http.post(self.url(path)).form(form)).await
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.origin) }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let answer = Answer::of(request.send().await.unwrap()).await;
        if let Some(cookie) = answer.header("set-cookie") {
            assert!(cookie.contains("HttpOnly"), "{cookie}");
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        answer
    }
}

impl Answer {
    /// Where a redirect leads.
    pub(crate) fn location(&self) -> String {
        assert_eq!(self.status, 302, "{}", self.body);
        self.header("location").unwrap().to_owned()
    }

    /// The parameters of a redirect, of its query and its fragment.
    pub(crate) fn parameters(&self) -> Map<String, Value> {
        let location = self.location();
        let pairs = location.split(['?', '#']).skip(1).flat_map(|part| part.split('&'));
        let decoded = pairs.filter_map(|pair| pair.split_once('=')).map(|(name, value)| {
            let query = format!("http://x/?{name}={value}");
            let url = reqwest::Url::parse(&query).unwrap();
            let (name, value) = url.query_pairs().next().unwrap();
            (name.into_owned(), json!(value))
        });
        decoded.collect()
    }
}

impl Client {
    /// The token endpoint, with a form.
    pub(crate) async fn token_of(&self, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.http.post(self.origin("/oauth/token")).form(form).send().await.unwrap()).await
    }

    /// The token endpoint as the sample web application.
    pub(crate) async fn web(&self, form: &[(&str, &str)]) -> Answer {
        let (id, secret) = self.sandbox.web_client();
        let own = [("client_id", id), ("client_secret", secret)];
        self.token_of(&[form, &own].concat()).await
    }

    /// Another endpoint as the sample web application, with JSON.
    pub(crate) async fn web_json(&self, path: &str, mut body: Value) -> Answer {
        let (id, secret) = self.sandbox.web_client();
        body["client_id"] = json!(id);
        body["client_secret"] = json!(secret);
        Answer::of(self.http.post(self.origin(path)).json(&body).send().await.unwrap()).await
    }

    /// A login by password, as the sample web application.
    pub(crate) async fn password(&self, user: &str, password: &str, scope: &str) -> Answer {
        let form = [
            ("grant_type", REALM),
            ("realm", CONNECTION),
            ("username", user),
            ("password", password),
            ("scope", scope),
            ("audience", self.sandbox.sample_api()),
        ];
        self.web(&form).await
    }

    /// `/authorize` with what every request has, as the sample web application.
    pub(crate) fn authorize(&self, more: &[(&str, &str)]) -> String {
        self.authorize_as(self.sandbox.web_client().0, more)
    }

    pub(crate) fn authorize_as(&self, client: &str, more: &[(&str, &str)]) -> String {
        let challenge = challenge(VERIFIER);
        let all = [
            ("client_id", client),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile email"),
            ("state", "st&te"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let all = all.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).chain(more);
        let url = reqwest::Url::parse_with_params(&self.origin("/authorize"), all).unwrap();
        format!("{}?{}", url.path(), url.query().unwrap())
    }

    /// A code without pages.
    pub(crate) async fn code(&self, more: &[(&str, &str)]) -> String {
        let path = self.authorize(&[more, &[("ext-sandbox-login", USER)]].concat());
        let answer = Browser::new(&self.sandbox).get(&path).await;
        answer.parameters()["code"].as_str().unwrap_or_else(|| panic!("{}", answer.location())).to_owned()
    }

    /// Spends a code as the sample web application.
    pub(crate) async fn spend(&self, code: &str) -> Answer {
        self.web(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(crate) async fn user_id(&self, email: &str) -> String {
        let found = self.get(&format!("/users-by-email?email={email}")).await.expect(200);
        found[0]["user_id"].as_str().unwrap().to_owned()
    }

    /// The last message in the outbox.
    pub(crate) fn last_message(&self) -> Message {
        self.sandbox.outbox().pop().expect("a message in the outbox")
    }

    pub(crate) async fn want_second_factor(&self) {
        self.send(Method::PUT, "/guardian/policies", json!(["all-applications"])).await.expect(200);
    }
}

pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Status and error of a refusal.
pub(crate) fn error(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["error"].as_str().unwrap_or(""))
}

/// Seconds since 1970, for what a client stamps.
#[expect(clippy::disallowed_methods, reason = "a client of the sandbox has its own clock")]
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}
