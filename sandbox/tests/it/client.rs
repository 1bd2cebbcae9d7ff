//! A small client: what a test needs to say in one line.

use auth0_sandbox::{Builder, Sandbox};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts the status and returns the body.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

impl Client {
    pub(crate) async fn new(users: u64) -> Self {
        Self::of(Sandbox::builder().users(users)).await
    }

    pub(crate) async fn of(builder: Builder) -> Self {
        let sandbox = builder.start().await.unwrap();
        let mut client = Self { sandbox, http: http(), token: String::new() };
        let answer = client.token_answer(client.sandbox.client_id(), client.sandbox.client_secret()).await;
        client.token = answer.expect(200)["access_token"].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn token_answer(&self, id: &str, secret: &str) -> Answer {
        let body = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
                           "audience": self.sandbox.audience() });
        Answer::of(self.http.post(self.origin("/oauth/token")).json(&body).send().await.unwrap()).await
    }

    pub(crate) fn origin(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.origin())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sandbox.base_url())).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        Answer::of(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    /// A test control.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.http.request(method, self.origin(&format!("/__sandbox{path}")));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        Answer::of(request.send().await.unwrap()).await
    }
}

/// A client of plain HTTP. In a build of the whole workspace reqwest has TLS without a provider, which auth0-sdk brings for
/// itself, and a client cannot be made before there is one for the process.
pub(crate) fn http() -> reqwest::Client {
    // An error says that another test was faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
