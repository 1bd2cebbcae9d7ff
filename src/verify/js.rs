//! What the wasm-bindgen skin calls: the pure steps, as texts and numbers. JavaScript fetches keys and calls
//! `crypto.subtle`. Not part of the crate's public face: it changes with the npm package.
//!
//! A refusal is its code and its message, on a line each.

use super::claims::{Claims, Expect, Kind, Policy, check, check_type};
use super::guard::{self, Dpop, Refusal};
use super::keys::{Found, KeySet, KeyTimes, check_url, discovered};
use super::proof::{self, Seen, Target};
use crate::domain::Domain;
use crate::jose::{self, Algorithm, Fault, Jwk, JwkSet, Pem, Token, base64url};
use crate::json::Form;
use std::time::Duration;

fn write(fault: Fault) -> String {
    [fault.code, "\n", &fault.message].concat()
}

fn config(why: &'static str) -> String {
    write(Fault::new("config", why))
}

fn time(milliseconds: f64) -> Duration {
    Duration::from_millis(milliseconds.max(0.0) as u64)
}

/// The verifier of one issuer.
#[allow(missing_debug_implementations, reason = "only JavaScript sees it")]
pub struct JsJudge {
    policy: Policy,
    keys: KeySet,
    secret: bool,
    seen: Seen,
}

fn algorithms(text: &str) -> Result<Vec<Algorithm>, String> {
    let names = text.split(' ').filter(|name| !name.is_empty());
    names
        .map(|name| {
            Algorithm::parse(name).ok_or_else(|| write(Fault::found("config", "an algorithm was expected", name)))
        })
        .collect()
}

impl JsJudge {
    /// Checks the settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(settings: &str) -> Result<Self, String> {
        let form = Form::parse(settings);
        let get = |name: &str| form.get(name).filter(|value| !value.is_empty());
        let domain =
            Domain::parse(get("domain").unwrap_or_default()).map_err(|error| ["config\n", error.message()].concat())?;
        let issuer = get("issuer").map_or_else(|| [domain.origin(), "/"].concat(), str::to_owned);
        let audiences: Vec<_> =
            form.0.iter().filter(|(name, _)| name == "audience").map(|(_, value)| value.clone()).collect();
        let client_id = form.get("clientId").map(str::to_owned);
        if audiences.is_empty() && client_id.is_none() {
            return Err(config("a verifier needs an audience (for access tokens) or a client id (for ID tokens)"));
        }
        if audiences.iter().chain(&client_id).any(String::is_empty) {
            return Err(config("an audience or the client id is empty"));
        }
        let secret = get("secret").is_some();
        if usize::from(secret) + usize::from(get("jwks").is_some()) + usize::from(get("jwksUrl").is_some()) > 1 {
            return Err(config("a verifier has one source of keys: a URL, a set, or a secret"));
        }
        if let Some(url) = get("jwksUrl") {
            check_url(url).map_err(|fault| ["config\n", &fault.message].concat())?;
        }
        let algorithms = algorithms(form.get("algorithms").unwrap_or(if secret { "HS256" } else { "RS256" }))?;
        // RFC 8725, section 3.1: which keys there are decides which algorithms there can be.
        if algorithms.is_empty() || algorithms.iter().any(|algorithm| algorithm.is_symmetric() != secret) {
            return Err(config("the algorithms do not fit the keys: HS ones go with a secret, and only they"));
        }
        let number = |name: &str| get(name).and_then(|value| value.parse::<u64>().ok());
        let seconds = |name: &str, usual| number(name).map_or(usual, Duration::from_secs);
        let usual = KeyTimes::default();
        let times = KeyTimes {
            ttl: seconds("keysTtl", usual.ttl),
            stale: seconds("keysStale", usual.stale),
            cooldown: seconds("keysCooldown", usual.cooldown),
        };
        let keys = match get("jwks") {
            Some(json) => KeySet::fixed(JwkSet::parse(json.as_bytes()).map_err(write)?),
            None => KeySet::new(times),
        };
        let policy = Policy { issuer, audiences, client_id, algorithms, leeway: number("leeway").unwrap_or(60) };
        Ok(Self { policy, keys, secret, seen: Seen::default() })
    }

    /// Where the discovery document is.
    ///
    /// # Errors
    /// When the issuer is no https URL.
    pub fn discovery(&self) -> Result<String, String> {
        let base = check_url(&self.policy.issuer).map_err(write)?;
        Ok([base.trim_end_matches('/'), "/.well-known/openid-configuration"].concat())
    }

    /// Where the discovery document says that the keys are.
    ///
    /// # Errors
    /// When it is none, or of another issuer.
    pub fn discovered(&self, document: &str) -> Result<String, String> {
        discovered(document.as_bytes(), &self.policy.issuer).map_err(write)
    }

    /// A set has come, and was fetched at this time.
    ///
    /// # Errors
    /// When it is none; what was there before stays.
    pub fn loaded(&mut self, set: &str, at: f64) -> Result<(), String> {
        self.keys.loaded(JwkSet::parse(set.as_bytes()).map_err(write)?, time(at));
        Ok(())
    }

    /// No set has come.
    pub fn failed(&mut self, why: String, now: f64) {
        self.keys.failed(Fault::new("keys_unavailable", why), time(now));
    }

    /// The public key of this number, as JSON.
    pub fn key(&self, id: u32) -> String {
        self.keys.jwk(id).map(Jwk::public_json).unwrap_or_default()
    }

    /// Everything about a token but its signature. Gives lines: the number of the key that must have signed it (0 for the
    /// secret), the algorithm, and what is wrong with the claims, which counts once the signature is right. Nothing when
    /// keys must be fetched first.
    ///
    /// # Errors
    /// When the signature need not be looked at.
    pub fn check(&self, kind: u8, token: &str, expect: &str, now: f64) -> Result<String, String> {
        let kind = match kind {
            0 => Kind::Access,
            1 => Kind::Id,
            _ => Kind::Logout,
        };
        let policy = &self.policy;
        let configured = if kind == Kind::Access { !policy.audiences.is_empty() } else { policy.client_id.is_some() };
        if !configured {
            return Err(config(
                "the verifier has no audience (for access tokens), or no client id (for ID and logout tokens)",
            ));
        }
        let token = Token::parse(token, &policy.algorithms).map_err(write)?;
        check_type(kind, &token.header).map_err(write)?;
        let algorithm = token.header.algorithm;
        let id = if self.secret {
            0
        } else {
            match self.keys.find(algorithm, token.header.kid.as_deref(), time(now)) {
                Found::Key(id) => id,
                Found::Fetch => return Ok(String::new()),
                Found::Fail(fault) => return Err(write(fault)),
            }
        };
        let claims = Claims::new(token.claims);
        let problem = check(kind, &token.header, &claims, policy, &read(expect), time(now).as_secs()).err();
        let problem = problem.map(write).unwrap_or_default();
        Ok([&crate::text::digits(id.into()), "\n", algorithm.as_str(), "\n", &problem].concat())
    }

    /// True the first time that something comes; times in milliseconds.
    pub fn first(&self, key: &str, ends_at: f64, now: f64) -> bool {
        self.seen.first(key, time(ends_at), time(now))
    }

    /// Checks a proof whose signature is right: its id, and in the second line when it ends, in seconds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn prove(
        &self,
        text: &str,
        method: &str,
        url: &str,
        ath: &str,
        nonce: Option<String>,
        now: f64,
    ) -> Result<String, String> {
        let nonce = nonce.as_deref();
        let target = Target { method, url, ath, nonce, now: time(now).as_secs(), leeway: self.policy.leeway };
        let proof = proof::read(text).map_err(write)?;
        let (id, ends_at) = proof::check(&Claims::new(proof.token.claims), &target).map_err(write)?;
        Ok([&id, "\n", &crate::text::digits(ends_at.as_secs())].concat())
    }
}

fn read(expect: &str) -> Expect {
    let mut made = Expect::new();
    for (name, value) in Form::parse(expect).0 {
        match name.as_str() {
            "nonce" => made.nonce = Some(value),
            "maxAge" => made.max_age = value.parse().ok().or(Some(0)),
            "organization" => made.organization = Some(value),
            "clientId" => made.client_id = Some(value),
            "subject" => made.subject = Some(value),
            "scopes" => made.scopes.push(value),
            "permissions" => made.permissions.push(value),
            "acr" => made.acr.push(value),
            "amr" => made.amr.push(value),
            _ => {}
        }
    }
    made
}

fn mode(dpop: u8) -> Dpop {
    match dpop {
        0 => Dpop::Off,
        1 => Dpop::Allowed,
        _ => Dpop::Required,
    }
}

/// The token and the proof (or nothing) of a request, a line each; nothing without a token.
///
/// # Errors
/// When the headers are malformed.
pub fn credentials(authorization: Option<String>, proof: Option<String>, dpop: u8) -> Result<String, String> {
    let found = guard::credentials(authorization.as_deref().as_slice(), proof.as_deref().as_slice(), mode(dpop));
    Ok(found
        .map_err(write)?
        .map_or_else(String::new, |found| [found.token, "\n", found.proof.unwrap_or_default()].concat()))
}

/// Whether a token that is bound in some way came with what it is bound to.
///
/// # Errors
/// When it did not.
pub fn confirm(
    proof: bool,
    jkt: Option<String>,
    certificate: Option<String>,
    bound: bool,
    shown: Option<String>,
) -> Result<(), String> {
    guard::bound(proof, jkt.as_deref(), certificate.as_deref(), bound, shown.as_deref()).map_err(write)
}

/// The algorithm and the public key of a proof, a line each.
///
/// # Errors
/// When it is no proof.
pub fn proof(text: &str) -> Result<String, String> {
    let proof = proof::read(text).map_err(write)?;
    Ok([proof.token.header.algorithm.as_str(), "\n", &proof.jwk.public_json()].concat())
}

/// The status and the challenges of a refusal, a line each.
pub fn refusal(
    problem: &str,
    verification: bool,
    scopes: &str,
    realm: Option<String>,
    dpop: u8,
    dpop_scheme: bool,
) -> String {
    let (code, message) = problem.split_once('\n').unwrap_or((problem, ""));
    let scopes: Vec<_> = scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let dpop = mode(dpop);
    let facts = Refusal {
        code,
        message,
        verification,
        scopes: &scopes,
        realm: realm.as_deref(),
        bearer: dpop != Dpop::Required,
        dpop: dpop != Dpop::Off,
        dpop_scheme,
    };
    let (status, challenges) = facts.answer();
    [&crate::text::digits(status.into()), "\n", &challenges.join("\n")].concat()
}

/// What of an assertion is signed.
pub fn assertion(
    algorithm: &str,
    key_id: Option<String>,
    client_id: &str,
    audience: &str,
    id: &str,
    now: f64,
    lifetime: f64,
) -> Result<String, String> {
    let algorithm = signing(algorithm)?;
    let (now, lifetime) = (time(now).as_secs(), (lifetime as u64).clamp(1, 300));
    Ok(jose::assertion_input(algorithm, key_id.as_deref(), client_id, audience, id, now, lifetime))
}

/// An algorithm with key pairs.
fn signing(algorithm: &str) -> Result<Algorithm, String> {
    Algorithm::parse(algorithm)
        .filter(|algorithm| !algorithm.is_symmetric())
        .ok_or_else(|| config("an algorithm with a key pair was expected, such as RS256 or ES256"))
}

/// What of a DPoP proof is signed. `key` is the public key, as [`public`] gives it.
///
/// # Errors
/// When the URL is not absolute.
#[allow(clippy::too_many_arguments, reason = "texts and numbers are all that cross the boundary")]
pub fn dpop(
    algorithm: &str,
    key: &str,
    id: &str,
    method: &str,
    url: &str,
    now: f64,
    ath: Option<String>,
    nonce: Option<String>,
) -> Result<String, String> {
    let algorithm = signing(algorithm)?;
    let target = jose::target_of(url).ok_or_else(|| config("a proof is for an absolute http URL"))?;
    let (ath, nonce) = (ath.as_deref(), nonce.as_deref());
    Ok(jose::proof_input(algorithm.as_str(), key, id, method, &target, time(now).as_secs(), ath, nonce))
}

/// The required public members of a JWK, which are also what its thumbprint is of.
///
/// # Errors
/// When it is no key pair, or not for the algorithm.
pub fn public(jwk: &str, algorithm: &str) -> Result<String, String> {
    let jwk = Jwk::of(&jose::members(jwk).map_err(write)?).map_err(write)?;
    match jwk.unsuitable(signing(algorithm)?, "sign") {
        Some(fault) => Err(write(fault)),
        None => Ok(jwk.public_json()),
    }
}

/// The DER of a private key in PEM, in base64url.
///
/// # Errors
/// When it is no private key in PKCS#8.
pub fn pkcs8(pem: &str) -> Result<String, String> {
    let pem = Pem::read(pem).map_err(write)?;
    if !pem.is_private() {
        return Err(write(Fault::new("key_unsuitable", "a private key was expected, and the PEM is a public one")));
    }
    Ok(base64url::encode(&pem.der))
}

/// Checks a code verifier of PKCE.
///
/// # Errors
/// When it is none.
pub fn code_verifier(verifier: &str) -> Result<(), String> {
    jose::check_verifier(verifier).map_or(Ok(()), |why| Err(config(why)))
}
