//! What a test decides in a user's place, below `/__sandbox/`.

use super::error::OAuthError;
use super::flows::{Decision, Flows};
use super::visit::{Visit, with};
use crate::error::ApiError;
use crate::message::{Answer, Request};
use crate::tenant::Tenant;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `POST /__sandbox/login`: who is logged in at `/authorize` without pages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Automatic {
    /// A user id, an email address, a username or a phone number.
    login: String,
    /// How often; always without it.
    times: Option<u32>,
}

/// `POST /__sandbox/decide`: a user's answer to what waits for one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    user_code: Option<String>,
    auth_req_id: Option<String>,
    oob_code: Option<String>,
    /// Who approves a device.
    login: Option<String>,
    #[serde(default = "yes")]
    approve: bool,
}

/// `POST /__sandbox/sign`: a token as the tenant would make it, for what the sandbox does not send by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    #[serde(default = "jwt")]
    typ: String,
    claims: serde_json::Map<String, serde_json::Value>,
}

fn jwt() -> String {
    "JWT".to_owned()
}

fn yes() -> bool {
    true
}

/// Answers a control of the authentication side. `None`: it is none of them.
pub(crate) fn handle(tenant: &Tenant, request: &Request, path: &str) -> Option<Result<Answer, ApiError>> {
    let done = || Ok(Answer::empty(204));
    let flows = |act: &dyn Fn(&mut Flows)| {
        act(&mut tenant.flows.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        done()
    };
    Some(match (request.method.as_str(), path) {
        ("GET", "/outbox") => Ok(Answer::json(200, &serde_json::json!(outbox(tenant, request)))),
        ("DELETE", "/outbox") => {
            tenant.outbox.clear();
            done()
        }
        ("POST", "/login") => read::<Automatic>(request)
            .and_then(|order| flows(&|flows| flows.automatic = Some((order.login.clone(), order.times)))),
        ("DELETE", "/login") => flows(&|flows| flows.automatic = None),
        ("POST", "/dpop-nonces/expire") => flows(&|flows| flows.nonces.clear()),
        ("POST", "/decide") => {
            read::<Decide>(request).map(|decision| with(tenant, request, |visit| visit.decide(&decision)))
        }
        ("POST", "/sign") => read::<Sign>(request).and_then(|Sign { typ, claims }| {
            let token = tenant.authority.keys.sign_as(&typ, &claims.into())?;
            Ok(Answer::json(200, &serde_json::json!({ "token": token })))
        }),
        ("POST", "/keys/rotate") => tenant.authority.rotate(tenant.clock.now_ms()).and_then(|()| {
            tenant.change().keep_keys(&tenant.authority);
            done()
        }),
        _ => return None,
    })
}

/// The messages; `?to=`, `?kind=` and `?template=` select.
fn outbox(tenant: &Tenant, request: &Request) -> Vec<crate::outbox::Message> {
    let wanted = request.query_pairs();
    let fits = |message: &crate::outbox::Message| {
        wanted.iter().all(|(name, value)| match name.as_str() {
            "to" => message.to.eq_ignore_ascii_case(value),
            "kind" => message.kind == *value,
            "template" => message.template == *value,
            _ => true,
        })
    };
    tenant.outbox.all().into_iter().filter(fits).collect()
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body).map_err(ApiError::invalid_body)
}

impl Visit<'_> {
    fn decide(&mut self, decision: &Decide) -> Result<Answer, OAuthError> {
        let unknown = || OAuthError::new(404, "not_found", "Nothing like that waits for a decision");
        if let Some(code) = &decision.oob_code {
            let challenge = self.flows.out_of_band.get_mut(code).ok_or_else(unknown)?;
            challenge.decision = Some(decision.approve);
            return Ok(Answer::empty(204));
        }
        let device = decision.user_code.as_deref().map(|code| self.device_of(code).ok_or_else(unknown)).transpose()?;
        let asked = match (&device, &decision.auth_req_id) {
            (Some(id), _) => self.flows.devices.get(id),
            (None, Some(id)) => self.flows.backchannel.get(id),
            (None, None) => return Err(OAuthError::invalid_request("user_code, auth_req_id or oob_code is needed")),
        };
        let user = asked.ok_or_else(unknown)?.user_id.clone();
        let name = decision.login.clone().or(Some(user).filter(|user| !user.is_empty()));
        let made = match (decision.approve, name) {
            (false, _) => Decision::Denied,
            (true, Some(name)) => {
                let mut login = self.login_as(&name)?;
                login.methods = vec!["mfa".to_owned()];
                Decision::Approved(Box::new(login))
            }
            (true, None) => return Err(OAuthError::invalid_request("login says who approves the device")),
        };
        let waiting = match (device, &decision.auth_req_id) {
            (Some(id), _) => self.flows.devices.get_mut(&id),
            (None, Some(id)) => self.flows.backchannel.get_mut(id),
            (None, None) => None,
        };
        waiting.ok_or_else(unknown)?.decision = made;
        Ok(Answer::empty(204))
    }
}
