//! [`Guard`]: a request comes in; claims, or a ready refusal, go out. Without the `http` crate: a few texts are all it takes.

use super::claims::{Claims, Expect};
use super::proof::{self, PROOF_ALGORITHMS, Target};
use super::verifier::TokenVerifier;
use crate::error::{Error, ErrorKind};
use crate::host::{KeyMaterial, KeyUsage};
use crate::jose::{Fault, base64url, same};
use std::fmt;

/// Guards the routes of an API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    verifier: TokenVerifier,
    expect: Expect,
    dpop: Dpop,
    realm: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dpop {
    Off,
    Allowed,
    Required,
}

/// What of a request is looked at.
#[derive(Clone, Copy, Default)]
pub struct GuardRequest<'a> {
    /// The method: `GET`.
    pub method: &'a str,
    /// The absolute URL as the client sees it, for DPoP. Behind a proxy that is not what the server sees.
    pub url: &'a str,
    /// The values of all headers `Authorization`.
    pub authorization: &'a [&'a str],
    /// The values of all headers `DPoP`.
    pub dpop: &'a [&'a str],
    /// The SHA-256 of the client's certificate in base64url, when it showed one over TLS (RFC 8705, section 3.1).
    pub certificate: Option<&'a str>,
    /// The nonce that a proof must have, for servers that give nonces (RFC 9449, section 9).
    pub dpop_nonce: Option<&'a str>,
}

impl fmt::Debug for GuardRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A refusal, ready to be sent (RFC 6750, section 3; RFC 9449, section 7.1).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Challenge {
    /// 401, 403 for a lack of scope, 400 for a request that is malformed, 503 when the issuer's keys cannot be had.
    pub status: u16,
    /// The values of `WWW-Authenticate`, a header each; none for 503.
    pub www_authenticate: Vec<String>,
    /// The value of `DPoP-Nonce`, when the client is to send the request again with it.
    pub dpop_nonce: Option<String>,
    /// What was wrong.
    pub error: Error,
}

impl Guard {
    /// A guard that lets access tokens through, as `Bearer`, or as `DPoP` with a proof. A token that is bound to a key is
    /// never taken without its proof.
    pub fn new(verifier: TokenVerifier) -> Self {
        Self { verifier, expect: Expect::new(), dpop: Dpop::Allowed, realm: None }
    }

    /// What every token must have: scopes, permissions, an organization, a client.
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    /// Takes DPoP only: a bearer token is refused.
    pub fn require_dpop(mut self) -> Self {
        self.dpop = Dpop::Required;
        self
    }

    /// Takes bearer tokens only.
    pub fn without_dpop(mut self) -> Self {
        self.dpop = Dpop::Off;
        self
    }

    /// The realm of the challenges.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Checks a request.
    ///
    /// # Errors
    /// A [`Challenge`], to be sent.
    pub async fn check(&self, request: &GuardRequest<'_>) -> Result<Claims, Box<Challenge>> {
        let credentials = credentials(request.authorization, request.dpop, self.dpop);
        let dpop_scheme = matches!(credentials, Ok(Some(Credentials { proof: Some(_), .. })));
        let checked = match credentials {
            Ok(Some(credentials)) => self.admit(request, credentials).await,
            Ok(None) => Err(Error::from(Fault::new("token_missing", "the request has no token"))),
            Err(fault) => Err(fault.into()),
        };
        checked.map_err(|error| Box::new(self.refuse(error, dpop_scheme, request.dpop_nonce)))
    }

    async fn admit(&self, request: &GuardRequest<'_>, credentials: Credentials<'_>) -> Result<Claims, Error> {
        // Whether the caller may is asked after whether it is the caller.
        let claims = self
            .verifier
            .access_token(
                credentials.token,
                &Expect { scopes: Vec::new(), permissions: Vec::new(), ..self.expect.clone() },
            )
            .await?;
        self.confirm(request, credentials, &claims).await?;
        super::claims::check_rights(&claims, &self.expect)?;
        Ok(claims)
    }

    /// Checks what a token is bound to.
    async fn confirm(
        &self,
        request: &GuardRequest<'_>,
        credentials: Credentials<'_>,
        claims: &Claims,
    ) -> Result<(), Error> {
        let (jkt, certificate) = (claims.confirmation("jkt"), claims.confirmation("x5t#S256"));
        let named = claims.node("cnf").is_some();
        bound(credentials.proof.is_some(), jkt, certificate, named, request.certificate)?;
        match (credentials.proof, jkt) {
            (Some(proof), Some(jkt)) => self.prove(request, credentials.token, proof, jkt).await,
            _ => Ok(()),
        }
    }

    async fn prove(&self, request: &GuardRequest<'_>, token: &str, proof: &str, bound: &str) -> Result<(), Error> {
        let crypto = self.verifier.host().crypto();
        let proof::Proof { token: proof, jwk } = proof::read(proof)?;
        let thumbprint = jwk.thumbprint(crypto).await?;
        if !same(&thumbprint, bound) {
            return Err(Fault::new(
                "dpop_binding_mismatch",
                "the DPoP proof is made with another key than the token's",
            )
            .into());
        }
        let key = crypto.import_key(KeyMaterial::Jwk(&jwk), proof.header.algorithm, KeyUsage::Verify).await?;
        if !crypto.verify(&key, proof.signed.as_bytes(), &proof.signature).await? {
            return Err(Fault::new("dpop_proof_invalid", "the DPoP proof's signature is not that of its key").into());
        }
        let ath = base64url::encode(&crypto.sha256(token.as_bytes()).await?);
        let target = Target {
            method: request.method,
            url: request.url,
            ath: &ath,
            nonce: request.dpop_nonce,
            now: self.verifier.now().as_secs(),
            leeway: self.verifier.leeway().as_secs(),
        };
        let (id, ends_at) = proof::check(&Claims::new(proof.claims), &target)?;
        let key = ["dpop:", &thumbprint, ":", &id].concat();
        self.verifier.first_time(&key, ends_at, false, Fault::new("dpop_replayed", "the DPoP proof came before")).await
    }

    fn refuse(&self, error: Error, dpop_scheme: bool, nonce: Option<&str>) -> Challenge {
        let facts = Refusal {
            code: error.code().unwrap_or_default(),
            message: error.message(),
            verification: error.kind() == ErrorKind::Verification,
            scopes: &self.expect.scopes,
            realm: self.realm.as_deref(),
            bearer: self.dpop != Dpop::Required,
            dpop: self.dpop != Dpop::Off,
            dpop_scheme,
        };
        let (status, www_authenticate) = facts.answer();
        let dpop_nonce = nonce.filter(|_| error.code() == Some("use_dpop_nonce")).map(str::to_owned);
        Challenge { status, www_authenticate, dpop_nonce, error }
    }
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) token: &'a str,
    pub(crate) proof: Option<&'a str>,
}

/// Reads the headers (RFC 6750, section 2.1; RFC 9449, section 7.1). A token in a form or in a query is not looked at: section
/// 5.3 of RFC 6750 says why.
pub(crate) fn credentials<'a>(
    authorization: &[&'a str],
    proofs: &[&'a str],
    dpop: Dpop,
) -> Result<Option<Credentials<'a>>, Fault> {
    let malformed = |why: &'static str| Fault::new("request_malformed", why);
    let header = match authorization {
        [] => return Ok(None),
        [one] => *one,
        _ => return Err(malformed("the request has more than one header Authorization")),
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let token = token.trim_matches(' ');
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if !(is("Bearer") || is("DPoP") && dpop != Dpop::Off) {
        return Ok(None);
    }
    // b64token of RFC 6750, section 2.1.
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(fits) {
        return Err(malformed("the header Authorization has no token"));
    }
    if is("Bearer") {
        return if dpop == Dpop::Required {
            Err(Fault::new("dpop_required", "a bearer token is not enough here: DPoP is required"))
        } else {
            Ok(Some(Credentials { token, proof: None }))
        };
    }
    match proofs {
        [proof] => Ok(Some(Credentials { token, proof: Some(proof) })),
        [] => Err(Fault::new("dpop_proof_invalid", "the request has no header DPoP")),
        _ => Err(Fault::new("dpop_proof_invalid", "the request has more than one header DPoP")),
    }
}

/// Whether a token that is bound (`named`: it has `cnf`) came with what it is bound to: a proof for `jkt`, which is still to
/// be checked, or the certificate.
pub(crate) fn bound(
    proof: bool,
    jkt: Option<&str>,
    certificate: Option<&str>,
    named: bool,
    shown: Option<&str>,
) -> Result<(), Fault> {
    let (code, why) = match (proof, jkt, certificate) {
        (false, Some(_), _) => ("dpop_required", "the token is bound to a key, and came without its proof"),
        (true, None, _) => ("dpop_binding_mismatch", "the token is not bound to a key, and came with DPoP"),
        (_, _, Some(certificate)) if !shown.is_some_and(|shown| same(shown, certificate)) => {
            ("certificate_mismatch", "the token is bound to a certificate that the client did not show")
        }
        (_, None, None) if named => ("confirmation_unsupported", "the token is bound in a way that is not known here"),
        _ => return Ok(()),
    };
    Err(Fault::new(code, why))
}

/// What a refusal is made of.
pub(crate) struct Refusal<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    /// The token, the proof or the request is at fault, and not this server.
    pub(crate) verification: bool,
    pub(crate) scopes: &'a [String],
    pub(crate) realm: Option<&'a str>,
    pub(crate) bearer: bool,
    pub(crate) dpop: bool,
    /// The request came with the scheme DPoP.
    pub(crate) dpop_scheme: bool,
}

impl Refusal<'_> {
    /// The status, and the challenges: first that of the scheme that was tried.
    pub(crate) fn answer(&self) -> (u16, Vec<String>) {
        let ours = ["keys_unavailable", "keys_malformed", "algorithm_unsupported"].contains(&self.code);
        if !self.verification || ours {
            return (503, Vec::new());
        }
        let (status, error) = match self.code {
            // RFC 6750, section 3.1: without credentials no error.
            "token_missing" => (401, ""),
            "request_malformed" => (400, "invalid_request"),
            "insufficient_scope" | "insufficient_permissions" => (403, "insufficient_scope"),
            "dpop_proof_invalid" | "dpop_replayed" => (401, "invalid_dpop_proof"),
            "use_dpop_nonce" => (401, "use_dpop_nonce"),
            _ => (401, "invalid_token"),
        };
        let about_dpop = self.dpop_scheme || error.contains("dpop");
        let challenge = |scheme: &str, tried: bool| {
            let mut parts = Vec::new();
            let mut push = |name: &str, value: &str| parts.push([name, "=\"", &quotable(value), "\""].concat());
            if let Some(realm) = self.realm {
                push("realm", realm);
            }
            if tried && !error.is_empty() {
                push("error", error);
                push("error_description", self.message);
            }
            if error == "insufficient_scope" && !self.scopes.is_empty() {
                push("scope", &self.scopes.join(" "));
            }
            if scheme == "DPoP" {
                let names: Vec<_> = PROOF_ALGORITHMS.iter().map(|algorithm| algorithm.as_str()).collect();
                push("algs", &names.join(" "));
            }
            if parts.is_empty() { scheme.to_owned() } else { [scheme, " ", &parts.join(", ")].concat() }
        };
        let bearer = self.bearer.then(|| challenge("Bearer", !about_dpop));
        let dpop = self.dpop.then(|| challenge("DPoP", about_dpop || !self.bearer));
        let both = if about_dpop { [dpop, bearer] } else { [bearer, dpop] };
        (status, both.into_iter().flatten().collect())
    }
}

/// What RFC 6750, section 3, lets stand between quotation marks.
fn quotable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '"' => '\'',
            '\\' => '/',
            ' '..='~' => character,
            _ => '?',
        })
        .collect()
}
