//! Proof of possession (RFC 9449), on the side that has the key.

use super::assertion::sign;
use super::jws::{Value, signing_input};
use super::{base64url, random_text};
use crate::error::{Error, ErrorKind};
use crate::host::{Crypto, Host, Key, Timer, Transport, TransportError};
use crate::http::{Headers, HttpRequest, HttpResponse, RequestBody, path};
use crate::maybe_send::BoxFuture;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Makes a proof for each request with one key pair, and learns the nonces that servers give (RFC 9449, section 8), one an
/// origin. Cheap to clone; clones share key and nonces.
///
/// ```no_run
/// # async fn example(host: auth0_sdk::Host) -> Result<(), auth0_sdk::Error> {
/// use auth0_sdk::{Algorithm, Dpop};
///
/// let dpop = Dpop::new(&host, host.generate_key(Algorithm::ES256).await?)?;
/// let proof = dpop.proof("POST", "https://tenant.us.auth0.com/oauth/token", None).await?;
/// let client = host.with_transport(dpop.transport(auth0_sdk::ReqwestTransport::new()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Dpop {
    crypto: Arc<dyn Crypto>,
    timer: Arc<dyn Timer>,
    key: Key,
    jwk: Arc<str>,
    nonces: Arc<Mutex<Vec<(String, String)>>>,
}

impl std::fmt::Debug for Dpop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dpop").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Nonces of this many origins are remembered; the oldest is forgotten first.
const MAX_ORIGINS: usize = 50;

impl Dpop {
    /// Proofs with a key pair: one that was made here ([`Host::generate_key`], ES256 where there is no reason for another),
    /// or one that was kept.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a secret, and for a key whose public part is not known.
    pub fn new(host: &Host, key: Key) -> Result<Self, Error> {
        let config = |why: &'static str| Error::new(ErrorKind::Config, why);
        if key.algorithm().is_symmetric() {
            return Err(config("a proof is made with a key pair, and this is a secret"));
        }
        let public = key.public().ok_or_else(|| config("the public part of the key is not known: give a JWK"))?;
        let jwk = public.public_json().into();
        Ok(Self { crypto: host.crypto.clone(), timer: host.timer.clone(), key, jwk, nonces: Arc::default() })
    }

    /// The thumbprint of the key (`jkt`, RFC 9449, section 6.1): also the parameter `dpop_jkt` of an authorization request.
    ///
    /// # Errors
    /// When the platform has no digests.
    pub async fn thumbprint(&self) -> Result<String, Error> {
        Ok(base64url::encode(&self.crypto.sha256(self.jwk.as_bytes()).await?))
    }

    /// A proof for one request: the value of its header `DPoP`. With the access token that it carries, if it carries one
    /// (`ath`), and the nonce of its origin, if there is one. Each try of a request needs its own.
    ///
    /// # Errors
    /// [`ErrorKind::Request`] for a URL that is not absolute; when the platform cannot sign.
    pub async fn proof(&self, method: &str, url: &str, access_token: Option<&str>) -> Result<String, Error> {
        let target =
            target_of(url).ok_or_else(|| Error::new(ErrorKind::Request, "a proof is for an absolute http URL"))?;
        let id = random_text(&*self.crypto)?;
        let ath = match access_token {
            Some(token) => Some(base64url::encode(&self.crypto.sha256(token.as_bytes()).await?)),
            None => None,
        };
        let nonce = self.nonce(url);
        let now = self.timer.now().as_secs();
        let algorithm = self.key.algorithm().as_str();
        let input = proof_input(algorithm, &self.jwk, &id, method, &target, now, ath.as_deref(), nonce.as_deref());
        sign(&*self.crypto, &self.key, input).await
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        // What it holds is whole at every line.
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nonce that the origin of a URL gave last.
    pub fn nonce(&self, url: &str) -> Option<String> {
        let origin = origin_of(url)?;
        self.lock().iter().find(|(known, _)| *known == origin).map(|(_, nonce)| nonce.clone())
    }

    /// Learns the nonce of an answer (its header `DPoP-Nonce`), whatever its status. True when the answer refuses the request
    /// for want of it, so that it is to be sent again, once: 400 with `error` `use_dpop_nonce` in the body (`code`), or 401
    /// with it in the challenge (RFC 9449, sections 8 and 9).
    pub fn learn(&self, url: &str, status: u16, headers: &Headers, code: Option<&str>) -> bool {
        let (Some(nonce), Some(origin)) = (headers.get("dpop-nonce"), origin_of(url)) else { return false };
        // NQCHAR of RFC 6749, appendix A: what cannot be a nonce is not sent back.
        if nonce.is_empty() || nonce.len() > 1024 || !nonce.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
            return false;
        }
        {
            let mut nonces = self.lock();
            nonces.retain(|(known, _)| *known != origin);
            nonces.push((origin, nonce));
            if nonces.len() > MAX_ORIGINS {
                nonces.remove(0);
            }
        }
        let challenged = || headers.get("www-authenticate").is_some_and(|text| text.contains("use_dpop_nonce"));
        code == Some("use_dpop_nonce") || (status == 401 && challenged())
    }

    /// A transport that adds a proof to each request, and sends it again once when the server wants a nonce. A request with
    /// the header `Authorization: Bearer token` is sent with `DPoP token`: for a client whose tokens are bound to this key.
    ///
    /// A request with a client assertion is not sent again, since that is good for one use (RFC 7523, section 3): the refusal
    /// is its answer, the nonce is known from then on, and an [`AuthenticationClient`](crate::AuthenticationClient) makes another assertion.
    pub fn transport<T: Transport>(&self, inner: T) -> DpopTransport<T> {
        DpopTransport { dpop: self.clone(), inner }
    }
}

/// See [`Dpop::transport`].
#[derive(Debug)]
pub struct DpopTransport<T> {
    dpop: Dpop,
    inner: T,
}

/// How much of a refusal is read to find its code.
const MAX_REFUSAL: usize = 64 * 1024;

impl<T: Transport> Transport for DpopTransport<T> {
    fn send(&self, mut request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let authorization = request.headers.get("authorization").unwrap_or_default();
            let token = scheme(&authorization, "Bearer").or(scheme(&authorization, "DPoP")).map(str::to_owned);
            if let Some(token) = &token {
                request.headers.set("authorization", ["DPoP ", token].concat());
            }
            let mut again = true;
            loop {
                let proof = self.dpop.proof(request.method.as_str(), &request.url, token.as_deref()).await;
                let proof = proof.map_err(|error| TransportError::not_sent(error.to_string()).with_source(error))?;
                request.headers.set("dpop", proof);
                let copy = HttpRequest {
                    method: request.method,
                    url: request.url.clone(),
                    headers: request.headers.clone(),
                    body: request.body.clone(),
                    read: request.read,
                };
                let mut response = self.inner.send(copy).await?;
                let mut code = None;
                if response.status == 400 && response.headers.get("dpop-nonce").is_some() {
                    let mut read = Vec::new();
                    while read.len() < MAX_REFUSAL
                        && let Some(piece) = response.body.next().await?
                    {
                        read.extend_from_slice(&piece);
                    }
                    code = serde_json::from_slice::<serde_json::Value>(&read)
                        .ok()
                        .and_then(|body| body.get("error")?.as_str().map(str::to_owned));
                    response.body = crate::http::HttpBody::from_bytes(read);
                }
                let wanted = self.dpop.learn(&request.url, response.status, &response.headers, code.as_deref());
                if !(wanted && std::mem::take(&mut again)) || has_assertion(&request.body) {
                    return Ok(response);
                }
            }
        })
    }
}

/// The body, a form or JSON, has a client assertion.
fn has_assertion(body: &RequestBody) -> bool {
    const NAME: &[u8] = b"client_assertion";
    let RequestBody::Bytes(bytes) = body else { return false };
    bytes.windows(NAME.len() + 1).any(|window| window.starts_with(NAME) && matches!(window.last(), Some(b'=' | b'"')))
}

/// What follows a scheme of a header `Authorization`.
pub(crate) fn scheme<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then_some(rest.trim_matches(' '))
}

/// What of a proof is signed (RFC 9449, section 4.2). `jwk` is the public key as JSON.
#[allow(clippy::too_many_arguments, reason = "each is a member of the proof")]
fn proof_input(
    algorithm: &str,
    jwk: &str,
    id: &str,
    method: &str,
    target: &str,
    now: u64,
    ath: Option<&str>,
    nonce: Option<&str>,
) -> String {
    let header = [("typ", Value::Text("dpop+jwt")), ("alg", Value::Text(algorithm)), ("jwk", Value::Json(jwk))];
    let mut payload = vec![
        ("jti", Value::Text(id)),
        ("htm", Value::Text(method)),
        ("htu", Value::Text(target)),
        ("iat", Value::Number(now)),
    ];
    payload.extend(ath.map(|ath| ("ath", Value::Text(ath))));
    payload.extend(nonce.map(|nonce| ("nonce", Value::Text(nonce))));
    signing_input(&header, &payload)
}

/// Scheme and authority of a URL, lower case, without the port that the scheme has anyway; and what follows them.
fn split(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = crate::text::split_once(url, "://")?;
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    Some(([&scheme, "://", authority].concat(), rest))
}

/// The origin of an absolute URL.
pub(crate) fn origin_of(url: &str) -> Option<String> {
    Some(split(url)?.0)
}

/// A URL without query and fragment (`htu`), normalised as RFC 9449, section 4.3, asks for (RFC 3986, section 6.2): scheme and
/// host in lower case, no default port, `/` for an empty path, escapes in upper case and none of unreserved characters.
pub(crate) fn target_of(url: &str) -> Option<String> {
    let (origin, rest) = split(url)?;
    let mut target = origin;
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    if place.is_empty() {
        target.push('/');
    }
    let mut rest = place;
    while let Some((before, after)) = rest.split_once('%') {
        target.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => target.push(char::from(byte)),
            Some(byte) => path::push_escape(&mut target, byte),
            None => target.push('%'),
        }
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    target.push_str(rest);
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        for (url, target) in [
            ("https://A.Example:443/x/Y?q#f", "https://a.example/x/Y"),
            ("http://a.example:80", "http://a.example/"),
            ("https://a.example:8443?q", "https://a.example:8443/"),
            ("https://a.example/%7euser/%2f%e4%", "https://a.example/~user/%2F%E4%"),
        ] {
            assert_eq!(target_of(url).as_deref(), Some(target));
        }
        for url in ["", "/x", "ftp://a/x", "https://", "https://u@a/x"] {
            assert_eq!(target_of(url), None, "{url}");
        }
    }
}
