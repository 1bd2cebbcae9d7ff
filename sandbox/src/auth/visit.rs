//! One request to the authentication side: the state it may change, and which endpoint it is for.

use super::error::OAuthError;
use super::flows::Flows;
use super::parameters::Parameters;
use crate::domains;
use crate::error::ApiError;
use crate::message::{Answer, Request};
use crate::store::Store;
use crate::tenant::Tenant;
use serde_json::Value;
use std::sync::PoisonError;

/// A request with all that it may look at and change. One at a time has it, so that a code is spent once.
pub(crate) struct Visit<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) request: &'a Request,
    pub(crate) store: &'a mut Store,
    pub(crate) flows: &'a mut Flows,
    pub(crate) now_s: i64,
    /// Whose tokens these are, with a `/` at its end: the tenant, or the custom domain that the request came to.
    issuer: String,
}

type Endpoint = fn(&mut Visit<'_>) -> Result<Answer, OAuthError>;

/// What the endpoints are called in the journal and in faults; method, path and the code behind it.
const ENDPOINTS: &[(&str, &str, &str, Endpoint)] = &[
    ("oauth.token", "POST", "/oauth/token", |visit| visit.token()),
    ("authorize", "GET", "/authorize", |visit| visit.authorize()),
    ("authorize", "POST", "/authorize", |visit| visit.authorize()),
    ("oauth.par", "POST", "/oauth/par", |visit| visit.push()),
    ("oauth.revoke", "POST", "/oauth/revoke", |visit| visit.revoke()),
    ("oauth.device_code", "POST", "/oauth/device/code", |visit| visit.device_code()),
    ("bc-authorize", "POST", "/bc-authorize", |visit| visit.backchannel()),
    ("userinfo", "GET", "/userinfo", |visit| visit.userinfo()),
    ("userinfo", "POST", "/userinfo", |visit| visit.userinfo()),
    ("mfa.challenge", "POST", "/mfa/challenge", |visit| visit.mfa_challenge()),
    ("mfa.associate", "POST", "/mfa/associate", |visit| visit.mfa_associate()),
    ("mfa.authenticators.list", "GET", "/mfa/authenticators", |visit| visit.mfa_list()),
    ("mfa.authenticators.delete", "DELETE", "/mfa/authenticators/{}", |visit| visit.mfa_delete()),
    ("passwordless.start", "POST", "/passwordless/start", |visit| visit.passwordless_start()),
    ("passwordless.verify", "POST", "/passwordless/verify", |visit| visit.passwordless_verify()),
    ("passwordless.link", "GET", "/passwordless/verify_redirect", |visit| visit.passwordless_link()),
    ("dbconnections.signup", "POST", "/dbconnections/signup", |visit| visit.signup()),
    ("dbconnections.change_password", "POST", "/dbconnections/change_password", |visit| visit.change_password()),
    ("passkey.register", "POST", "/passkey/register", |visit| visit.passkey_register()),
    ("passkey.challenge", "POST", "/passkey/challenge", |visit| visit.passkey_challenge()),
    ("oidc.register", "POST", "/oidc/register", |visit| visit.register()),
    ("oauth.global_token_revocation", "POST", "/oauth/global-token-revocation/connection/{}", |visit| {
        visit.global_revocation()
    }),
    ("logout", "GET", "/v2/logout", |visit| visit.logout()),
    ("oidc.logout", "GET", "/oidc/logout", |visit| visit.oidc_logout()),
    ("oidc.logout", "POST", "/oidc/logout", |visit| visit.oidc_logout()),
    ("discovery", "GET", "/.well-known/openid-configuration", |visit| visit.discovery()),
    ("discovery", "GET", "/.well-known/oauth-authorization-server", |visit| visit.discovery()),
    ("jwks", "GET", "/.well-known/jwks.json", |visit| visit.jwks()),
    ("pages.login", "GET", "/u/login", |visit| visit.login_page()),
    ("pages.login", "POST", "/u/login", |visit| visit.login_posted()),
    ("pages.signup", "GET", "/u/signup", |visit| visit.signup_page()),
    ("pages.signup", "POST", "/u/signup", |visit| visit.signup_posted()),
    ("pages.organization", "GET", "/u/organization", |visit| visit.organization_page()),
    ("pages.organization", "POST", "/u/organization", |visit| visit.organization_posted()),
    ("pages.mfa", "GET", "/u/mfa", |visit| visit.mfa_page()),
    ("pages.mfa", "POST", "/u/mfa", |visit| visit.mfa_posted()),
    ("pages.consent", "GET", "/u/consent", |visit| visit.consent_page()),
    ("pages.consent", "POST", "/u/consent", |visit| visit.consent_posted()),
    ("pages.activate", "GET", "/activate", |visit| visit.activate_page()),
    ("pages.activate", "POST", "/activate", |visit| visit.activate_posted()),
    ("pages.ticket", "GET", "/u/ticket", |visit| visit.ticket_page()),
    ("pages.ticket", "POST", "/u/ticket", |visit| visit.ticket_posted()),
    ("pages.enroll", "GET", "/u/enroll", |visit| visit.enroll_page()),
    ("pages.enroll", "POST", "/u/enroll", |visit| visit.enroll_posted()),
    ("saml.metadata", "GET", "/samlp/metadata/{}", |visit| visit.saml_metadata()),
    ("wsfed.metadata", "GET", "/wsfed/FederationMetadata/2007-06/FederationMetadata.xml", |visit| {
        visit.wsfed_metadata()
    }),
    ("tokeninfo", "POST", "/tokeninfo", |visit| visit.token_info()),
    ("delegation", "POST", "/delegation", |visit| visit.retired()),
    ("oauth.access_token", "POST", "/oauth/access_token", |visit| visit.retired()),
    ("oauth.ro", "POST", "/oauth/ro", |visit| visit.retired()),
    ("users.impersonate", "POST", "/users/{}/impersonate", |visit| visit.retired()),
    ("login.unlink", "POST", "/login/unlink", |visit| visit.retired()),
];

/// The endpoint of a request, and the argument in its path.
fn find(request: &Request) -> Option<(&'static str, Endpoint, Option<String>)> {
    ENDPOINTS.iter().filter(|(_, method, ..)| *method == request.method).find_map(
        |(name, _, path, endpoint)| match path.split_once("{}") {
            None => (*path == request.path).then_some((*name, *endpoint, None)),
            Some((before, after)) => {
                let argument = request.path.strip_prefix(before)?.strip_suffix(after)?;
                let whole = !argument.is_empty() && !argument.contains('/');
                whole.then(|| (*name, *endpoint, Some(crate::message::decode(argument))))
            }
        },
    )
}

/// The name of the endpoint that a request is for.
pub(crate) fn name(request: &Request) -> Option<&'static str> {
    find(request).map(|(name, ..)| name)
}

/// Answers a request to the authentication side. `None`: it is for none of its endpoints.
pub(crate) fn handle(tenant: &Tenant, request: &Request) -> Option<Answer> {
    let (_, endpoint, _) = find(request)?;
    Some(with(tenant, request, endpoint))
}

/// Does something as a visit does it.
pub(crate) fn with(
    tenant: &Tenant,
    request: &Request,
    act: impl FnOnce(&mut Visit<'_>) -> Result<Answer, OAuthError>,
) -> Answer {
    let mut store = tenant.change();
    let mut flows = tenant.flows.lock().unwrap_or_else(PoisonError::into_inner);
    let now_s = tenant.clock.now_s();
    flows.sweep(now_s);
    let issuer = domains::issuer(tenant, &store, request);
    let mut visit = Visit { tenant, request, store: &mut store, flows: &mut flows, now_s, issuer };
    let result = act(&mut visit);
    let mut answer = result.unwrap_or_else(|error| error.answer());
    visit.offer_nonce(&mut answer);
    answer
}

impl Visit<'_> {
    /// The argument in the request's path.
    pub(crate) fn argument(&self) -> String {
        find(self.request).and_then(|(_, _, argument)| argument).unwrap_or_default()
    }

    pub(crate) fn body(&self) -> Result<Parameters, OAuthError> {
        Parameters::of_body(self.request)
    }

    /// The token of `Authorization: Bearer` or `DPoP`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.request.header("authorization")?.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop");
        known.then(|| token.trim()).filter(|token| !token.is_empty())
    }

    pub(crate) fn now(&self) -> String {
        crate::clock::iso8601(self.tenant.clock.now_ms())
    }

    /// A stored single value of the Management API, `null` when there is none.
    pub(crate) fn setting(&self, path: &str) -> Value {
        self.store.value(path).unwrap_or_default()
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The URL of a path below the issuer.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Where links in messages lead, with a `/` at its end.
    pub(crate) fn links(&self) -> String {
        match self.issuer == self.tenant.authority.issuer() {
            true => domains::default_links(self.tenant, self.store),
            false => self.issuer.clone(),
        }
    }

    /// Whether a URL is one of these paths of this tenant, under the name that the request came to or under its own.
    pub(crate) fn is_own(&self, url: &str, paths: &[&str]) -> bool {
        let here = url.strip_prefix(self.issuer.trim_end_matches('/'));
        let here =
            here.filter(|path| path.is_empty() || path.starts_with('/')).map(|path| path.trim_start_matches('/'));
        here.is_some_and(|path| paths.contains(&path)) || self.tenant.authority.is_own(url, paths)
    }

    /// A text that nobody guesses.
    pub(crate) fn secret(&self, length: usize) -> Result<String, ApiError> {
        crate::ids::letters(length)
    }
}
