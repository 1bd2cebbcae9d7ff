//! `/authorize`: what is asked for (plainly, pushed, or signed), the way through the pages, and the answer.

use super::client::Client;
use super::error::OAuthError;
use super::flows::{Login, Pushed, Transaction};
use super::jwt;
use super::parameters::{Parameters, text};
use super::visit::Visit;
use crate::message::Answer;
use serde_json::{Map, Value, json};

const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
/// Auth0's: a pushed request is soon used or never.
const PUSHED_S: i64 = 30;
/// How long somebody may take at the pages, in seconds.
const PAGES_S: i64 = 3600;

/// Members of a request object that are about it and not in it.
const ABOUT: &[&str] = &["iss", "aud", "exp", "iat", "nbf", "jti"];

impl Visit<'_> {
    pub(crate) fn authorize(&mut self) -> Result<Answer, OAuthError> {
        let parameters = match self.request.method.as_str() {
            "POST" => self.body(),
            _ => Parameters::of_query(self.request),
        };
        match parameters {
            Ok(parameters) => self.authorize_with(parameters, None),
            Err(error) => Ok(self.error_page(error.status, error.error, &error.description)),
        }
    }

    /// Begins the way to an answer; with a login, where there has been one.
    pub(crate) fn authorize_with(&mut self, given: Parameters, login: Option<Login>) -> Result<Answer, OAuthError> {
        let (client, parameters, redirect_uri) = match self.request_of(given) {
            Ok(all) => all,
            // Before the redirect URI is known to be the client's, nothing may be sent there.
            Err(error) => return Ok(self.error_page(error.status, error.error, &error.description)),
        };
        let mut transaction = Transaction {
            client_id: client.id.clone(),
            redirect_uri,
            expires_s: self.now_s + PAGES_S,
            login,
            ..Transaction::default()
        };
        transaction.parameters = parameters;
        match self.check_request(&client, &mut transaction) {
            Ok(()) => self.proceed(transaction),
            Err(error) => Ok(self.refused(&transaction, &error)),
        }
    }

    /// The client, the parameters wherever they came from, and where the answer goes.
    fn request_of(&mut self, given: Parameters) -> Result<(Client, Parameters, String), OAuthError> {
        let id = given.need("client_id")?;
        let client = Client::find(self.store, id)
            .ok_or_else(|| OAuthError::new(403, "unauthorized_client", format!("Unknown client: {id}")))?;
        let parameters = match given.get("request_uri") {
            Some(uri) => {
                let unknown = || OAuthError::invalid_request("The request_uri is unknown, used or expired");
                let key = uri.strip_prefix(REQUEST_URI).ok_or_else(unknown)?;
                let own = self.flows.pushed.get(key).is_some_and(|pushed| pushed.client_id == client.id);
                // Used once: RFC 9126, section 7.3.
                own.then(|| self.flows.pushed.remove(key)).flatten().ok_or_else(unknown)?.parameters
            }
            None if client.flag("require_pushed_authorization_requests") => {
                return Err(OAuthError::invalid_request("Pushed Authorization Requests are required for this client"));
            }
            None => self.with_request_object(&client, given)?,
        };
        let redirect_uri = self.redirect_uri(&client, &parameters)?;
        Ok((client, parameters, redirect_uri))
    }

    /// The redirect URI, which has to be one of the client's callbacks, letter by letter.
    fn redirect_uri(&self, client: &Client, parameters: &Parameters) -> Result<String, OAuthError> {
        let callbacks = client.list("callbacks");
        match (parameters.get("redirect_uri"), callbacks.as_slice()) {
            (Some(uri), known) if known.iter().any(|one| one == uri) => Ok(uri.to_owned()),
            (Some(uri), _) => {
                let message = format!(
                    "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs: {uri}"
                );
                Err(OAuthError::new(403, "unauthorized_client", message))
            }
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(OAuthError::missing("redirect_uri")),
        }
    }

    /// The parameters of a signed request object (RFC 9101), in whose place nothing outside of it counts.
    pub(crate) fn with_request_object(&self, client: &Client, given: Parameters) -> Result<Parameters, OAuthError> {
        let Some(object) = given.get("request") else {
            let required = client.record.pointer("/signed_request_object/required").and_then(Value::as_bool);
            if required == Some(true) {
                return Err(OAuthError::invalid_request("A signed request object is required for this client"));
            }
            return Ok(given);
        };
        let wrong = |text: &str| OAuthError::new(400, "invalid_request_object", text);
        let token = jwt::decode(object).ok_or_else(|| wrong("request is not a JWT"))?;
        if !client.signed(self.store, &token) {
            return Err(wrong("The signature of request does not fit a credential of the client"));
        }
        if token.claim("iss") != Some(&client.id) {
            return Err(wrong("iss of request is not the client"));
        }
        if !token.is_for(|audience| self.is_own(audience, &[""])) {
            return Err(wrong("aud of request is not this tenant"));
        }
        if token.seconds("exp").is_some_and(|at| at <= self.now_s) {
            return Err(wrong("request has expired"));
        }
        if token.claim("client_id").is_some_and(|id| id != client.id) {
            return Err(wrong("client_id of request is another one"));
        }
        let inside: Map<String, Value> =
            token.claims.into_iter().filter(|(name, _)| !ABOUT.contains(&name.as_str())).collect();
        if inside.contains_key("request") || inside.contains_key("request_uri") {
            return Err(wrong("request holds a request"));
        }
        let mut parameters = Parameters::of_json(inside);
        parameters.set("client_id", client.id.clone());
        Ok(parameters)
    }

    /// `POST /oauth/par` (RFC 9126).
    pub(crate) fn push(&mut self) -> Result<Answer, OAuthError> {
        let given = self.body()?;
        let client = self.authenticated_client(&given)?;
        if given.get("request_uri").is_some() {
            return Err(OAuthError::invalid_request("request_uri must not be pushed"));
        }
        let mut given = given;
        for name in ["client_secret", "client_assertion", "client_assertion_type"] {
            given.set(name, "");
        }
        let mut parameters = self.with_request_object(&client, given)?;
        parameters.set("client_id", client.id.clone());
        if let Some(jkt) = self.proven_key("oauth/par", None, false)? {
            parameters.set("dpop_jkt", jkt);
        }
        let redirect_uri = self.redirect_uri(&client, &parameters).map_err(OAuthError::bad_request)?;
        let mut transaction = Transaction { redirect_uri, parameters: parameters.clone(), ..Transaction::default() };
        self.check_request(&client, &mut transaction).map_err(OAuthError::bad_request)?;
        let key = self.secret(32)?;
        let pushed = Pushed { client_id: client.id, parameters, expires_s: self.now_s + PUSHED_S };
        self.flows.pushed.insert(key.clone(), pushed);
        Ok(Answer::json(201, &json!({ "request_uri": format!("{REQUEST_URI}{key}"), "expires_in": PUSHED_S })))
    }

    /// What is wrong with a request that may be told to the client.
    fn check_request(&self, client: &Client, transaction: &mut Transaction) -> Result<(), OAuthError> {
        let parameters = &transaction.parameters;
        let types = parameters.words("response_type");
        if types.is_empty() {
            return Err(OAuthError::missing("response_type"));
        }
        for kind in &types {
            let grant = match kind.as_str() {
                "code" => "authorization_code",
                "token" | "id_token" => "implicit",
                other => {
                    let message = format!("Unsupported response type: {other}");
                    return Err(OAuthError::new(400, "unsupported_response_type", message));
                }
            };
            client.require(grant)?;
        }
        if let Some(mode) = parameters.get("response_mode")
            && !matches!(mode, "query" | "fragment" | "form_post" | "web_message")
        {
            return Err(OAuthError::invalid_request(format!("Unsupported response mode: {mode}")));
        }
        match (parameters.get("code_challenge"), parameters.get("code_challenge_method")) {
            (_, None | Some("S256" | "plain")) => {}
            (_, Some(other)) => {
                return Err(OAuthError::invalid_request(format!("Unsupported code_challenge_method: {other}")));
            }
        }
        if types.iter().any(|kind| kind == "id_token") && parameters.get("nonce").is_none() {
            return Err(OAuthError::missing("nonce"));
        }
        let audience = self.audience(parameters.get("audience"));
        if let Some(audience) = &audience {
            self.api(audience).map_err(|_| OAuthError::denied(format!("Service not found: {audience}")))?;
        }
        self.authorization_details(parameters, audience.as_deref())?;
        let usage = text(&client.record, "organization_usage");
        if let Some(wanted) = parameters.get("organization") {
            if usage == Some("deny") {
                return Err(OAuthError::invalid_request("parameter organization is not allowed for this client"));
            }
            let id = self.organization_id(wanted);
            let unknown = || OAuthError::invalid_request(format!("parameter organization is invalid: {wanted}"));
            transaction.organization = Some(id.ok_or_else(unknown)?);
        } else if usage == Some("require") {
            let asks = text(&client.record, "organization_require_behavior").unwrap_or("no_prompt");
            if asks == "no_prompt" {
                return Err(OAuthError::invalid_request("parameter organization is required for this client"));
            }
        }
        Ok(())
    }
}
