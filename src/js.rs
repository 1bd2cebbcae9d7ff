//! What the wasm-bindgen skin calls. Not part of the crate's public face: it changes with the npm package.
//!
//! Only texts and numbers cross the boundary, and records as the pairs of a [`Form`]: no handle of a JavaScript value, no
//! future, no closure. JavaScript does what an [`Exchange`] says, and holds the payloads, which are never copied in here.

#![allow(missing_debug_implementations, reason = "plain carriers, some with secrets, that nobody prints")]

use crate::auth::client_credentials::{self, ClientCredentials};
use crate::auth::core::Once;
use crate::auth::endpoint::{self, Credential, Endpoint, Sender};
use crate::auth::params::{Params, Value};
use crate::client::Wanted;
use crate::domain::Domain;
use crate::error::{Error, ErrorKind};
use crate::host::{StoredToken, TransportError};
use crate::http::exchange::{Exchange, Moment, Outgoing, Refusal, Step};
use crate::http::path::{self, Query};
use crate::http::{Headers, Limits, Plan, Read, RequestBody, milliseconds};
use crate::json::{Form, Node};
use crate::management::{Input, Operation, RequestOptions, Settings};
use crate::pagination::CycleGuard;
use crate::retry::{Retry, RetryPolicy};
use crate::secret::Secret;
use crate::text::digits;
use crate::token::{MARGIN, TokenSource};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// One client of the npm package.
pub struct JsClient(Result<Rc<Shared>, Error>);

struct Shared {
    settings: Settings,
    token: TokenSource,
    /// The token of the client credentials.
    kept: RefCell<Option<StoredToken>>,
}

/// One call, or one token request.
pub struct JsExchange {
    exchange: Exchange,
    /// `None` for a call of the Authentication API, which knows all it needs.
    shared: Option<Rc<Shared>>,
    /// The body, where the core knows it.
    body: String,
    id: String,
    line: String,
    query: Query,
    /// A request for a token, and since when.
    buys: Option<Duration>,
    wait: Duration,
    error: Option<Error>,
}

/// What JavaScript has to do next; the numbers stand in `pkg-template/src/drive.js` too.
#[repr(u8)]
enum Todo {
    Begin = 0,
    Token = 1,
    Send = 2,
    Read = 3,
    ReadError = 4,
    Wait = 5,
    Fail = 6,
}

impl JsClient {
    /// A client from its settings. What is wrong with them is [`JsClient::problem`].
    pub fn new(settings: &str) -> Self {
        Self(build(&Form::parse(settings)).map(Rc::new))
    }

    /// The error of the settings, written by [`write`]; empty for none.
    pub fn problem(&self) -> String {
        self.0.as_ref().err().map(write).unwrap_or_default()
    }

    /// The first request of a call, as it nearly always goes: a line with the limit in milliseconds, one with the time until
    /// which its token is good (since the epoch, in milliseconds), and then as [`JsExchange::request`]. Nothing is kept of it
    /// here, and when all goes well nothing else is asked. Empty where there is more to it: a token to get, or arguments to
    /// refuse; [`JsClient::call`] does it then.
    ///
    /// Until then, the answer for other path arguments differs from this one in those, and in nothing else: JavaScript keeps it.
    ///
    /// `input` has a line each: the line of the table, the operation's id, the path arguments (separated by `&`), the query
    /// parameters, `1` where there is a body, and what the call says instead of the client's settings.
    pub fn first(&self, input: &str, now: f64) -> String {
        let Ok(mut exchange) = self.call(input) else { return String::new() };
        match exchange.begin(now) {
            2 => {
                let kept = exchange.shared.as_ref().and_then(|shared| Some(shared.kept.borrow().as_ref()?.expires_at));
                let until = kept.map_or(Duration::MAX, |expires_at| expires_at.saturating_sub(MARGIN));
                let mut text = String::with_capacity(512);
                for time in [exchange.exchange.limit(), until] {
                    text.push_str(&digits(milliseconds(time)));
                    text.push('\n');
                }
                exchange.write_request(&mut text);
                text
            }
            _ => String::new(),
        }
    }

    /// Starts a call; `input` as for [`JsClient::first`].
    ///
    /// # Errors
    /// When it cannot be made, written by [`write`].
    pub fn call(&self, input: &str) -> Result<JsExchange, String> {
        let shared = self.0.as_ref().map_err(write)?;
        let mut lines = input.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let (line, id, path, query, body, options) = (line(), line(), line(), line(), line(), line());
        let path: Vec<_> = if path.is_empty() { Vec::new() } else { path.split('&').map(path::decode).collect() };
        let query = Query::from_pairs(Form::parse(query).0);
        let plan = || {
            let operation = Operation::parse(id, line)?;
            let options = read_options(&Form::parse(options))?;
            let body = (!body.is_empty()).then(RequestBody::default);
            let input = Input { path: &path, query: query.clone(), body, read: Read::Json, options: &options };
            shared.settings.plan(&operation, input)
        };
        let plan: Plan<'_> = plan().map_err(|error: Error| write(&error.with_operation(id)))?;
        let (mut outgoing, ..) = plan.split();
        outgoing.token = true;
        Ok(JsExchange::new(shared, outgoing, id, line, query))
    }

    /// What follows a page, from what it says of itself: whether it is a bare array, its `count` of items (-1 where there is no
    /// array), and in `facts` its plain members, with the cursor that its last item holds as `\0last`; what is neither a text
    /// nor a number is the text `\0`. Gives `name` and `value` of
    /// the parameter of the next request that changes, and the `guard` for the next call of this; nothing at the end.
    ///
    /// # Errors
    /// When the page is no list, or the walk cannot go on; written by [`write`].
    #[allow(clippy::too_many_arguments, reason = "texts and numbers are all that cross the boundary")]
    pub fn page(
        line: &str,
        id: &str,
        query: &str,
        bare: bool,
        count: i32,
        facts: &str,
        guard: &str,
    ) -> Result<String, String> {
        let page = || {
            let operation = Operation::parse(id, line)?;
            let no_list = || Error::new(ErrorKind::Request, "this operation is not a list that has pages");
            let paging = operation.paging.ok_or_else(no_list)?;
            let mut query = Query::from_pairs(Form::parse(query).0);
            paging.prepare(&mut query)?;
            let document = Form::parse(facts);
            let facts = paging.facts_of(&document, bare, u64::try_from(count).ok(), document.cursor("\0last"))?;
            let mut guard = CycleGuard::from_text(guard).unwrap_or_default();
            let mut out = String::new();
            if let Some((name, value)) = paging.next(&query, &facts, &mut guard)? {
                path::push_pair(&mut out, "name", name);
                path::push_pair(&mut out, "value", &value);
                path::push_pair(&mut out, "guard", &guard.to_text());
            }
            Ok(out)
        };
        page().map_err(|error: Error| write(&error.with_operation(id)))
    }
}

impl JsExchange {
    fn new(
        shared: &Rc<Shared>,
        outgoing: crate::http::exchange::Outgoing,
        id: &str,
        line: &str,
        query: Query,
    ) -> JsExchange {
        JsExchange {
            exchange: Exchange::new(outgoing),
            shared: Some(shared.clone()),
            body: String::new(),
            id: id.to_owned(),
            line: line.to_owned(),
            query,
            buys: None,
            wait: Duration::ZERO,
            error: None,
        }
    }

    /// Starts a call of an endpoint of the Authentication API, given as its line of the table.
    ///
    /// `path` has the path arguments, separated by `&`; `params` the parameters, a text as `s` and the text, anything else as
    /// `j` and its JSON; `options` the client (`domain`, `clientId`, one of `secret`, `basic`, `assertion`), a `bearer`
    /// token, and what [`read_options`] reads.
    pub fn auth(line: &str, id: &str, path: &str, params: &str, options: &str) -> Result<JsExchange, String> {
        let prepare = || {
            let options = Form::parse(options);
            let get = |name: &str| options.get(name);
            let endpoint = Endpoint::parse(id, line)?;
            let domain = Domain::parse(get("domain").unwrap_or_default())?;
            let secret = |name: &str| get(name).map(Secret::new);
            let credential = match (secret("secret"), secret("basic"), secret("assertion")) {
                (Some(secret), ..) => Credential::Post(secret),
                (_, Some(secret), _) => Credential::Basic(secret),
                (_, _, Some(assertion)) => Credential::Assertion(assertion),
                _ => Credential::None,
            };
            let bearer = secret("bearer");
            let sender = Sender {
                origin: domain.origin(),
                client_id: get("clientId"),
                credential: &credential,
                headers: &Headers::new(),
                bearer: bearer.as_ref(),
            };
            let mut given = Params::default();
            for (name, value) in Form::parse(params).0 {
                let text = value.get(1..).unwrap_or_default().to_owned();
                given.set(name, if value.starts_with('s') { Value::Text(text) } else { Value::Json(text) });
            }
            let path: Vec<_> = if path.is_empty() { Vec::new() } else { path.split('&').map(path::decode).collect() };
            let prepared = endpoint::prepare(&endpoint, &sender, &path, &given)?;
            let own = read_options(&options)?;
            let mut headers = prepared.headers;
            own.apply(&mut headers)?;
            let retry: Arc<dyn Retry> = Arc::new(RetryPolicy::default());
            let limits = Limits {
                timeout: own.timeout.unwrap_or(Duration::from_secs(10)),
                deadline: own.deadline,
                max_retries: own.max_retries.unwrap_or(2),
                retry: if endpoint.is_repeatable() { retry } else { Arc::new(Once(retry)) },
                attempt_ends_at: None,
            };
            let outgoing = Outgoing {
                method: endpoint.method,
                url: prepared.url,
                headers,
                idempotent: endpoint.is_repeatable(),
                token: false,
                secrets: prepared.secrets,
                limits,
            };
            Ok(JsExchange {
                exchange: Exchange::new(outgoing),
                shared: None,
                body: prepared.body,
                id: id.to_owned(),
                line: String::new(),
                query: Query::default(),
                buys: None,
                wait: Duration::ZERO,
                error: None,
            })
        };
        prepare().map_err(|error: Error| write(&error.with_operation(id)))
    }

    /// The request for the token that this call needs, by client credentials. `None` when the token comes from elsewhere.
    pub fn token_request(&self, now: f64) -> Option<JsExchange> {
        let shared = self.shared.as_ref()?;
        let TokenSource::ClientCredentials(credentials) = &shared.token else { return None };
        let (outgoing, ..) = credentials.prepare(self.exchange.token_limits(time(now))).split();
        let mut exchange = Self::new(shared, outgoing, "oauth.token", "", Query::default());
        exchange.body = credentials.form().to_owned();
        exchange.buys = Some(time(now));
        Some(exchange)
    }

    /// Begins an attempt.
    pub fn begin(&mut self, now: f64) -> u8 {
        let step = self.exchange.begin(time(now));
        self.todo(step, now)
    }

    /// Goes on where [`JsClient::first`] left it, at `now`: its request is under way, with the header `Authorization` as given.
    pub fn resume(&mut self, authorization: &str, now: f64) {
        let step = self.exchange.begin(time(now));
        if let (Step::Token, Some(token)) = (step, authorization.strip_prefix("Bearer ")) {
            let source = self.shared.as_ref().map(|shared| &shared.token);
            let cached = matches!(source, Some(TokenSource::ClientCredentials(_)));
            self.exchange.token(Secret::new(token), cached);
        }
    }

    /// True once another call has got the token: it is in this one now, and the request can be sent.
    pub fn take_token(&mut self, now: f64) -> bool {
        match self.kept(now) {
            Some((token, cached)) => matches!(self.exchange.token(token, cached), Step::Send),
            None => false,
        }
    }

    /// For a store that many machines share: the key of the token, then what tells its secret from another, then the token that
    /// was refused, a line each. Empty where the token comes from elsewhere.
    pub fn store(&self) -> String {
        let Some(shared) = &self.shared else { return String::new() };
        let TokenSource::ClientCredentials(credentials) = &shared.token else { return String::new() };
        let refused = self.exchange.refused_token().map_or("", Secret::expose);
        [credentials.cache_key(), "\n", credentials.identity(), "\n", refused].concat()
    }

    /// A token that such a store had. True when it is of use: it is in this exchange now, and the request can be sent.
    pub fn keep(&mut self, token: &str, expires_at: f64, now: f64) -> bool {
        if let Some(shared) = &self.shared {
            *shared.kept.borrow_mut() = Some(StoredToken { token: Secret::new(token), expires_at: time(expires_at) });
        }
        self.take_token(now)
    }

    /// The token that was asked for.
    pub fn token(&mut self, token: String, now: f64) -> u8 {
        let step = if token.is_empty() {
            self.exchange.fail(Error::new(ErrorKind::Auth, "the token callback gave an empty token"))
        } else {
            self.exchange.token(Secret::new(token), false)
        };
        self.todo(step, now)
    }

    /// The request: method, URL, and a line a header.
    pub fn request(&self) -> String {
        let mut text = String::with_capacity(512);
        self.write_request(&mut text);
        text
    }

    fn write_request(&self, text: &mut String) {
        for part in [self.exchange.method().as_str(), " ", self.exchange.url()] {
            text.push_str(part);
        }
        let mut header = |parts: [&str; 5]| parts.iter().for_each(|part| text.push_str(part));
        let (headers, bearer) = self.exchange.parts();
        headers.own().iter().for_each(|(name, value)| header(["\n", name, ": ", "", value]));
        if let Some(bearer) = bearer {
            header(["\n", "authorization", ": ", "Bearer ", bearer.expose()]);
        }
    }

    /// The body of the request, where the core knows it.
    pub fn body(&self) -> String {
        self.body.clone()
    }

    /// The time that the attempt has, in milliseconds.
    pub fn limit(&self) -> f64 {
        milliseconds(self.exchange.limit()) as f64
    }

    /// The time to wait, in milliseconds.
    pub fn wait(&self) -> f64 {
        milliseconds(self.wait) as f64
    }

    /// The answer's status, and its headers: a line each.
    pub fn answered(&mut self, status: u16, headers: &str, now: f64, random: f64) -> u8 {
        let mut list = Headers::new();
        for line in headers.split('\n') {
            if let Some((name, value)) = line.split_once(':') {
                list.append(name.to_owned(), value.trim());
            }
        }
        let step = self.exchange.answered(status, list, moment(now, random));
        self.todo(step, now)
    }

    /// An error's body: its text, and the plain members of it when it is a JSON object; `broken` says why it is not whole.
    pub fn refused(
        &mut self,
        text: &str,
        is_json: bool,
        members: &str,
        broken: Option<String>,
        now: f64,
        random: f64,
    ) -> u8 {
        let form = Form::parse(members);
        let document = is_json.then_some(&form as &dyn Node);
        let step = self.exchange.refused(Refusal { text, document, body: None, broken }, moment(now, random));
        self.todo(step, now)
    }

    /// There was no answer, or it broke off: what was thrown, and the code in it.
    pub fn broke(&mut self, message: &str, code: &str, now: f64, random: f64) -> u8 {
        let step = self.exchange.broke(TransportError::of_javascript(message, code), moment(now, random));
        self.todo(step, now)
    }

    /// The time of the attempt is over.
    pub fn timed_out(&mut self, now: f64, random: f64) -> u8 {
        let step = self.exchange.timed_out(moment(now, random));
        self.todo(step, now)
    }

    /// Fails with an error that JavaScript found: its kind, and what it is.
    pub fn fail(&mut self, kind: &str, message: &str) {
        let kind = match kind {
            "aborted" => ErrorKind::Aborted,
            "decode" => ErrorKind::Decode,
            _ => ErrorKind::Auth,
        };
        let error = Error::new(kind, message.to_owned());
        let step = match kind {
            ErrorKind::Decode => self.exchange.unusable(error),
            _ => self.exchange.fail(error),
        };
        self.todo(step, 0.0);
    }

    /// The members of the token endpoint's answer; none when it is not JSON. Gives the token, which is kept, or nothing: it has
    /// failed.
    pub fn bought(&mut self, is_json: bool, members: &str) -> String {
        let form = Form::parse(members);
        match client_credentials::read(is_json.then_some(&form as &dyn Node)) {
            Ok(token) => {
                let text = token.access_token.expose().to_owned();
                if let Some(shared) = self.shared.as_ref().filter(|_| token.expires_in > MARGIN) {
                    // The life of a token counts from before it was asked for, so that a slow answer does not make it longer.
                    let expires_at = self.buys.unwrap_or_default().saturating_add(token.expires_in);
                    *shared.kept.borrow_mut() = Some(StoredToken { token: token.access_token, expires_at });
                }
                text
            }
            Err(message) => {
                let step = self.exchange.unusable(Error::new(ErrorKind::Auth, message));
                self.todo(step, 0.0);
                String::new()
            }
        }
    }

    /// The error with which it failed, written by [`write`].
    pub fn error(&mut self) -> String {
        self.error.take().map(|error| write(&error)).unwrap_or_default()
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.exchange.attempts()
    }

    /// The token at hand, and whether an earlier call got it.
    fn kept(&self, now: f64) -> Option<(Secret, bool)> {
        let shared = self.shared.as_ref()?;
        match &shared.token {
            TokenSource::Fixed(token) => Some((token.clone(), false)),
            TokenSource::ClientCredentials(_) => {
                let kept = shared.kept.borrow();
                let kept = kept.as_ref().filter(|kept| time(now).saturating_add(MARGIN) < kept.expires_at)?;
                (self.exchange.refused_token() != Some(&kept.token)).then(|| (kept.token.clone(), true))
            }
            _ => None,
        }
    }

    fn todo(&mut self, mut step: Step, now: f64) -> u8 {
        loop {
            let todo = match step {
                Step::Token => match self.kept(now) {
                    Some((token, cached)) => {
                        step = self.exchange.token(token, cached);
                        continue;
                    }
                    None => Todo::Token,
                },
                Step::Discard => {
                    if let Some(shared) = &self.shared {
                        let mut kept = shared.kept.borrow_mut();
                        if kept.as_ref().map(|kept| &kept.token) == self.exchange.refused_token() {
                            *kept = None;
                        }
                    }
                    step = self.exchange.discarded(None);
                    continue;
                }
                Step::Begin | Step::Stall => Todo::Begin,
                Step::Send => Todo::Send,
                Step::Read => Todo::Read,
                Step::ReadError => Todo::ReadError,
                Step::Wait(wait) => {
                    self.wait = wait;
                    Todo::Wait
                }
                Step::Fail(error) => {
                    self.error = Some(self.explain(error));
                    Todo::Fail
                }
            };
            return todo as u8;
        }
    }

    fn explain(&self, error: Error) -> Error {
        if self.shared.is_none() {
            return error.with_operation(&self.id);
        }
        if self.buys.is_some() {
            return ClientCredentials::explain(error).with_operation(&self.id);
        }
        match Operation::parse(&self.id, &self.line) {
            Ok(operation) => {
                // As it was sent.
                let mut query = self.query.clone();
                match operation.paging.as_ref().map_or(Ok(()), |paging| paging.prepare(&mut query)) {
                    Ok(()) => operation.explain(&query, error),
                    Err(broken) => broken.with_operation(&self.id),
                }
            }
            Err(broken) => broken,
        }
    }
}

fn time(now: f64) -> Duration {
    Duration::from_millis(now as u64)
}

fn moment(now: f64, random: f64) -> Moment {
    Moment { now: time(now), random }
}

fn build(settings: &Form) -> Result<Shared, Error> {
    let text = |name: &str| settings.get(name).map(str::to_owned);
    let options = read_options(settings)?;
    let token = match text("token") {
        Some(token) => Some(TokenSource::Fixed(Secret::new(token))),
        None => settings.has("asked").then_some(TokenSource::Asked),
    };
    let client_id = text("clientId");
    if client_id.is_none() && settings.has("clientSecret") {
        return Err(Error::new(ErrorKind::Config, "there is a clientSecret without a clientId"));
    }
    let wanted = Wanted {
        domain: text("domain").unwrap_or_default(),
        base_url: text("baseUrl"),
        token,
        client_secret: client_id.is_some().then(|| Secret::new(text("clientSecret").unwrap_or_default())),
        client_id,
        audience: text("audience"),
        organization: text("organization"),
        custom_domain: text("customDomain"),
        telemetry: text("telemetry"),
        limits: options.limits(&Limits::standard()),
        headers: options.headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
    };
    let (settings, token) = wanted.settle()?;
    Ok(Shared { settings, token, kept: RefCell::default() })
}

/// Times in milliseconds; headers as `header:name`, without a value to remove it as `remove:name`; query parameters as
/// `query:name`.
fn read_options(options: &Form) -> Result<RequestOptions, Error> {
    let number = |name: &str| options.get(name).and_then(|text| text.parse::<u64>().ok());
    let mut read = RequestOptions {
        timeout: number("timeoutMs").map(Duration::from_millis),
        deadline: number("deadlineMs").map(Duration::from_millis),
        max_retries: number("maxRetries").map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
        ..RequestOptions::default()
    };
    for (name, value) in &options.0 {
        match name.split_once(':') {
            Some(("header", name)) => read.headers.push((name.to_owned(), Some(Secret::new(value.as_str())))),
            Some(("remove", name)) => read.headers.push((name.to_owned(), None)),
            Some(("query", name)) => read.query.push((name.to_owned(), value.clone())),
            _ => {}
        }
    }
    Ok(read)
}

/// What the JavaScript skin makes an Error of, as pairs.
fn write(error: &Error) -> String {
    let mut out = String::new();
    let mut say = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            path::push_pair(&mut out, name, value);
        }
    };
    let number = |duration: Duration| digits(milliseconds(duration));
    say("kind", Some(error.kind().as_str()));
    say("message", Some(&error.line()));
    say("operation", error.operation());
    say("status", error.status().map(|status| digits(status.into())).as_deref());
    say("code", error.code());
    say("attempts", Some(&digits(error.attempts().into())));
    say("mayHaveBeenSent", error.may_have_been_sent().then_some("1"));
    say("requestId", error.request_id().as_deref());
    say("retryAfterMs", error.retry_after().map(number).as_deref());
    say("resetAtMs", error.reset_at().map(number).as_deref());
    say("missingScope", error.missing_scope());
    say("mfaToken", error.mfa_token().map(Secret::expose));
    say("path", error.path());
    out
}
