//! DPoP proofs on the side that checks them (RFC 9449, section 4.3). Pure but for the signature.

use super::claims::Claims;
use crate::jose::json::{Node, member};
use crate::jose::{Algorithm, Fault, Jwk, Token, same, target_of};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What may sign a proof: no HMAC, ever.
pub(crate) const PROOF_ALGORITHMS: [Algorithm; 10] = [
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// How old a proof may be, beside the leeway.
pub(crate) const PROOF_AGE: Duration = Duration::from_secs(60);

/// A proof that is well-formed; its signature has not been looked at.
pub(crate) struct Proof<'a> {
    pub(crate) token: Token<'a>,
    pub(crate) jwk: Jwk,
}

fn refuse(why: &'static str) -> Fault {
    Fault::new("dpop_proof_invalid", why)
}

/// Reads a proof, and takes the public key out of it.
pub(crate) fn read(proof: &str) -> Result<Proof<'_>, Fault> {
    let token = Token::parse(proof, &PROOF_ALGORITHMS)
        .map_err(|fault| Fault::new("dpop_proof_invalid", ["the DPoP proof: ", &fault.message].concat()))?;
    if !token.header.is_type("dpop+jwt") {
        return Err(refuse("the DPoP proof's typ is not dpop+jwt"));
    }
    let jwk = member(&token.header.members, "jwk")
        .and_then(Node::object)
        .ok_or_else(|| refuse("the DPoP proof has no jwk"))?;
    // A private key is a stolen key by now.
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| member(jwk, name).is_some()) {
        return Err(refuse("the DPoP proof's jwk has private members"));
    }
    let jwk = Jwk::of(jwk).map_err(|_| refuse("the DPoP proof's jwk is no key that is known here"))?;
    if jwk.unsuitable(token.header.algorithm, "verify").is_some() {
        return Err(refuse("the DPoP proof's jwk is not for its algorithm"));
    }
    Ok(Proof { token, jwk })
}

/// What a proof must be for.
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    /// The digest of the access token in base64url.
    pub(crate) ath: &'a str,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) now: u64,
    pub(crate) leeway: u64,
}

/// Checks the claims of a proof whose signature is right. Gives its id and when it ends.
pub(crate) fn check(claims: &Claims, target: &Target<'_>) -> Result<(String, Duration), Fault> {
    let text = |name: &str| claims.text(name).filter(|text| !text.is_empty());
    let id = text("jti").filter(|id| id.len() <= 256).ok_or_else(|| refuse("the DPoP proof has no jti"))?;
    if text("htm") != Some(target.method) {
        return Err(refuse("the DPoP proof is for another method (htm)"));
    }
    // A proof for nothing is no proof for nothing.
    let place = |url: &str| target_of(url);
    if text("htu").and_then(place).is_none_or(|found| Some(found) != place(target.url)) {
        return Err(refuse("the DPoP proof is for another URL (htu)"));
    }
    if !text("ath").is_some_and(|found| same(found, target.ath)) {
        return Err(refuse("the DPoP proof is for another access token (ath)"));
    }
    if let Some(wanted) = target.nonce
        && !text("nonce").is_some_and(|found| same(found, wanted))
    {
        return Err(Fault::new("use_dpop_nonce", "the DPoP proof must have the nonce of this answer"));
    }
    let made = claims.node("iat").and_then(Node::whole).ok_or_else(|| refuse("the DPoP proof has no iat"))?;
    let ends = made.saturating_add(PROOF_AGE.as_secs()).saturating_add(target.leeway);
    if made > target.now.saturating_add(target.leeway) || ends <= target.now {
        return Err(refuse("the DPoP proof is too old, or from the future (iat)"));
    }
    Ok((id.to_owned(), Duration::from_secs(ends)))
}

/// What came before, until it ends.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Vec<(String, Duration)>>);

/// More than this are not remembered: the first to end goes first.
const MAX_SEEN: usize = 10_000;

impl Seen {
    /// True the first time.
    pub(crate) fn first(&self, key: &str, ends_at: Duration, now: Duration) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = match seen.binary_search_by(|(known, _)| known.as_str().cmp(key)) {
            Ok(at) => {
                let again = seen.get(at).is_some_and(|(_, ends_at)| *ends_at > now);
                if let Some((_, known)) = seen.get_mut(at) {
                    *known = ends_at;
                }
                return !again;
            }
            Err(at) => at,
        };
        seen.insert(at, (key.to_owned(), ends_at));
        if seen.len() > MAX_SEEN {
            seen.retain(|(_, ends_at)| *ends_at > now);
            if seen.len() > MAX_SEEN {
                let first = seen.iter().enumerate().min_by_key(|(_, (_, ends_at))| *ends_at).map(|(at, _)| at);
                first.map(|at| seen.remove(at));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../tests/cases/keys/vectors.json");

    /// RFC 9449, sections 5 and 7.1.
    #[test]
    fn the_examples_of_the_rfc() {
        let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
        let ath = vectors["dpop"]["ath"].as_str().unwrap();
        for case in vectors["dpop"]["proofs"].as_array().unwrap() {
            let Proof { token, jwk } = read(case["proof"].as_str().unwrap()).unwrap();
            assert_eq!((token.header.algorithm, jwk.key_type()), (Algorithm::ES256, "EC"));
            let claims = Claims::new(token.claims);
            let made = case["iat"].as_u64().unwrap();
            let (method, url) = (case["method"].as_str().unwrap(), case["url"].as_str().unwrap());
            let target = |now, method, ath| Target { method, url, ath, nonce: None, now, leeway: 0 };
            let checked = check(&claims, &target(made, method, ath));
            // Two of them come without an access token, as the token endpoint wants them: no guard takes such a one.
            assert_eq!(checked.is_ok(), case["ath"] == true, "{}", case["name"]);
            if let Ok((id, ends)) = checked {
                assert_eq!((id.as_str(), ends.as_secs()), ("e1j3V_bKic8-LAEB", made + 60));
                assert!(check(&claims, &target(made + 59, method, ath)).is_ok());
                assert!(check(&claims, &target(made + 60, method, ath)).is_err());
                assert!(check(&claims, &target(made - 1, method, ath)).is_err());
                assert!(check(&claims, &target(made, "PUT", ath)).is_err());
                assert!(check(&claims, &target(made, method, &ath[1..])).is_err());
            }
        }
    }

    #[test]
    fn what_is_no_proof_is_told_before_anything_is_computed() {
        use crate::jose::base64url;
        const EC: &str = r#""kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA""#;
        let proof = |typ: &str, alg: &str, jwk: &str| {
            let header = format!(r#"{{"typ":"{typ}","alg":"{alg}","jwk":{jwk}}}"#);
            let signature = base64url::encode(&[1; 64][..if alg == "HS256" { 32 } else { 64 }]);
            [&base64url::encode(header.as_bytes()), ".e30.", &signature].concat()
        };
        assert!(read(&proof("dpop+jwt", "ES256", &format!("{{{EC}}}"))).is_ok());
        for (proof, word) in [
            (proof("JWT", "ES256", &format!("{{{EC}}}")), "typ"),
            (proof("dpop+jwt", "ES256", &format!(r#"{{{EC},"d":"AA"}}"#)), "private"),
            (proof("dpop+jwt", "ES256", &format!(r#"{{{EC},"k":"AA"}}"#)), "private"),
            (proof("dpop+jwt", "EdDSA", &format!("{{{EC}}}")), "not for its algorithm"),
            (proof("dpop+jwt", "ES256", &format!(r#"{{{EC},"use":"enc"}}"#)), "not for its algorithm"),
            (proof("dpop+jwt", "ES256", r#"{"kty":"EC"}"#), "no key that is known"),
            (proof("dpop+jwt", "ES256", r#""jwk""#), "no jwk"),
            (proof("dpop+jwt", "HS256", r#"{"kty":"oct"}"#), "an algorithm of"),
            (proof("dpop+jwt", "none", &format!("{{{EC}}}")), "an algorithm of"),
        ] {
            let Err(fault) = read(&proof) else { panic!("{word}: taken") };
            assert_eq!(fault.code, "dpop_proof_invalid", "{word}");
            assert!(fault.message.contains(word), "{word}: {}", fault.message);
        }
    }

    #[test]
    fn what_came_before_is_known_until_it_ends() {
        let (seen, second) = (Seen::default(), Duration::from_secs(1));
        assert!(seen.first("b", 10 * second, second));
        assert!(!seen.first("b", 10 * second, 9 * second));
        assert!(seen.first("b", 20 * second, 10 * second));
        assert!(!seen.first("b", 20 * second, 19 * second));
        assert!(seen.first("a", 20 * second, second) && seen.first("c", 20 * second, second));
    }

    #[test]
    fn no_more_is_remembered_than_fits() {
        let (seen, now) = (Seen::default(), Duration::from_secs(1));
        for index in 0..MAX_SEEN as u64 {
            assert!(seen.first(&format!("{index:05}"), Duration::from_secs(100 + index), now));
        }
        assert!(!seen.first("00000", Duration::from_secs(100), now));
        // The first to end goes; the others stay.
        assert!(seen.first("new", Duration::from_secs(500), now));
        assert!(seen.0.lock().unwrap().len() == MAX_SEEN);
        assert!(
            seen.first("00000", Duration::from_secs(100), now) && !seen.first("00007", Duration::from_secs(107), now)
        );
        // What has ended goes before anything else does.
        assert!(seen.first("later", Duration::from_secs(500), Duration::from_secs(5000)));
        assert!(seen.0.lock().unwrap().len() < MAX_SEEN);
    }
}
