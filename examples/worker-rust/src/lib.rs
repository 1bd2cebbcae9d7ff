//! A Worker in Rust: an API whose routes are guarded by access tokens, and which reads users of the tenant by the Management API.
//!
//! | route | what it does |
//! | --- | --- |
//! | `GET /me` | who the token is for |
//! | `GET /users/{id}` | a user of the tenant, for tokens with the scope `read:profiles` |

mod token_object;

use auth0_sdk::verify::{Challenge, Claims, Expect, Guard, GuardRequest, TokenVerifier};
use auth0_sdk::{KeyValue, Limiter, ManagementClient, SharedStore, WorkersKv, WorkersObject};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cell::RefCell;
use std::time::Duration;
use worker::{Context, Env, Headers, Request, Response, Result, console_error, console_warn, event};

/// How long before its end the token is bought anew, behind an answer.
const AHEAD: Duration = Duration::from_secs(600);

/// How long a call to Auth0 may take in all.
const DEADLINE: Duration = Duration::from_secs(20);

/// What all requests of an isolate share: tokens and keys are kept in it.
#[derive(Clone)]
struct App {
    guard: Guard,
    auth0: ManagementClient,
}

thread_local! {
    // Made by the first request: while a Worker's module loads, it may do nothing.
    static APP: RefCell<Option<App>> = const { RefCell::new(None) };
}

impl App {
    fn of(env: &Env) -> Result<Self> {
        let made = APP.with_borrow(Clone::clone);
        if let Some(app) = made {
            return Ok(app);
        }
        let app = Self::new(env)?;
        APP.set(Some(app.clone()));
        Ok(app)
    }

    fn new(env: &Env) -> Result<Self> {
        let text = |name: &str| env.var(name).map(|value| value.to_string());
        let secret = |name: &str| env.secret(name).map(|value| value.to_string());
        let domain = text("AUTH0_DOMAIN")?;
        let verifier = TokenVerifier::builder(&domain).audience(text("API_AUDIENCE")?).build().map_err(told)?;
        let key = STANDARD.decode(secret("TOKEN_KEY")?).ok().and_then(|key| <[u8; 32]>::try_from(key).ok());
        let key = key.ok_or("TOKEN_KEY is not 32 bytes in base64")?;
        let mut auth0 = ManagementClient::builder(&domain)
            .client_credentials(secret("AUTH0_CLIENT_ID")?, secret("AUTH0_CLIENT_SECRET")?)
            .deadline(DEADLINE);
        if let Ok(audience) = text("AUTH0_AUDIENCE") {
            auth0 = auth0.audience(audience);
        }
        // The object lets one isolate buy for all that start cold at once; without one, KV will do.
        let mut auth0 = match WorkersObject::of(env, "TOKEN_OBJECTS", "tokens") {
            Ok(object) => auth0.token_store(shared(object, key)),
            Err(_) => auth0.token_store(shared(WorkersKv::of(env, "TOKENS").map_err(told)?, key)),
        };
        // All isolates keep to one rate limit. It costs each call a turn to the object, and is for Workers that call often.
        if text("SHARE_LIMIT").is_ok() {
            let object = WorkersObject::of(env, "TOKEN_OBJECTS", "limits").map_err(told)?;
            let limiter = Limiter::builder().store(object).on_problem(|problem| console_warn!("limiter: {problem}"));
            auth0 = auth0.limiter(limiter.build());
        }
        Ok(Self { guard: Guard::new(verifier), auth0: auth0.build().map_err(told)? })
    }
}

fn shared<B: KeyValue>(backend: B, key: [u8; 32]) -> SharedStore<B> {
    SharedStore::new(backend).encrypted(key).on_problem(|problem| console_warn!("token store: {problem}"))
}

fn told(error: auth0_sdk::Error) -> worker::Error {
    error.to_string().into()
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    let app = App::of(&env)?;
    let path = request.path();
    match path.split('/').skip(1).collect::<Vec<_>>()[..] {
        ["me"] => match app.admit(&request, Expect::new()).await? {
            Ok(claims) => {
                Response::from_json(&serde_json::json!({ "sub": claims.subject(), "scope": claims.scopes() }))
            }
            Err(refusal) => Ok(refusal),
        },
        ["users", id] => match app.admit(&request, Expect::new().scopes(["read:profiles"])).await? {
            Ok(_) => {
                let answer = app.user(id).await;
                context.wait_until(app.refresh());
                answer
            }
            Err(refusal) => Ok(refusal),
        },
        _ => Response::error("GET /me or /users/{id}\n", 404),
    }
}

impl App {
    /// Who asks, or the answer that refuses.
    async fn admit(&self, request: &Request, expect: Expect) -> Result<std::result::Result<Claims, Response>> {
        // A Worker sees several headers of one name as one, joined by commas; the guard refuses that.
        let header = |name: &str| request.headers().get(name).map(|value| value.into_iter().collect::<Vec<_>>());
        let (authorization, dpop) = (header("authorization")?, header("dpop")?);
        let [authorization, dpop] =
            [&authorization, &dpop].map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
        let (method, url) = (request.method().to_string(), request.url()?.to_string());
        let asked = GuardRequest {
            method: &method,
            url: &url,
            authorization: &authorization,
            dpop: &dpop,
            ..GuardRequest::default()
        };
        match self.guard.clone().expect(expect).check(&asked).await {
            Ok(claims) => Ok(Ok(claims)),
            Err(challenge) => refusal(&challenge).map(Err),
        }
    }

    /// Behind the answer, so that no request waits for a token.
    fn refresh(&self) -> impl Future<Output = ()> + 'static {
        let auth0 = self.auth0.clone();
        async move {
            if let Err(problem) = auth0.refresh_token_ahead(AHEAD).await {
                console_warn!("the next token: {problem}");
            }
        }
    }

    async fn user(&self, id: &str) -> Result<Response> {
        let Ok(id) = percent_decoded(id) else { return Response::error("that is no id\n", 400) };
        match self.auth0.users().get(&id).fields("user_id,email,name").await {
            Ok(user) => Response::from_json(
                &serde_json::json!({ "user_id": user.user_id, "email": user.email, "name": user.name }),
            ),
            Err(error) if error.status() == Some(404) => Response::error("there is no such user\n", 404),
            Err(error) => {
                console_error!("{error}");
                Response::error("Auth0 did not answer\n", 502)
            }
        }
    }
}

fn refusal(challenge: &Challenge) -> Result<Response> {
    let headers = Headers::new();
    headers.set("cache-control", "no-store")?;
    for value in &challenge.www_authenticate {
        headers.append("www-authenticate", value)?;
    }
    Ok(Response::empty()?.with_status(challenge.status).with_headers(headers))
}

/// A segment of a path as it was before it was encoded.
fn percent_decoded(segment: &str) -> Result<String> {
    worker::js_sys::decode_uri_component(segment).map(String::from).map_err(worker::Error::from)
}
