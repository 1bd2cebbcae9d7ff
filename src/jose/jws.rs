//! Compact JWS (RFC 7515, section 7.1) and JWT headers, read and written.

use super::json::{Members, Node, Problem, member, object, push_text};
use super::{Algorithm, Fault, base64url};

/// The longest token that is looked at, in bytes. Servers give header lines 8 or 16 KiB.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// A token that is well-formed. Nothing of it is to be believed yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) header: Header,
    pub(crate) claims: Members,
    /// Header and payload as they were signed.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
}

/// What a header says.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) members: Members,
}

/// The parts of a token, as they are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    payload: &'a str,
    signature: &'a str,
    pub(crate) signed: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(token: &'a str) -> Result<Self, Fault> {
        if token.is_empty() {
            return Err(Fault::new("token_missing", "there is no token"));
        }
        if token.len() > MAX_TOKEN {
            return Err(Fault::new("token_too_large", "the token is longer than 16 KiB"));
        }
        let mut parts = token.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(header), Some(payload), Some(signature), None, None) => {
                let signed = token.get(..header.len() + 1 + payload.len()).unwrap_or_default();
                Ok(Self { header, payload, signature, signed })
            }
            (Some(_), Some(_), Some(_), Some(_), Some(_)) if parts.next().is_none() => Err(Fault::new(
                "token_encrypted",
                "the token is encrypted (JWE), which is not supported: switch encryption off for this API",
            )),
            _ => Err(Fault::new("token_malformed", "a token has three parts, separated by dots")),
        }
    }

    /// The header. The algorithm must be one of those that the verifier was told, never one that only the token names.
    pub(crate) fn header(&self, algorithms: &[Algorithm]) -> Result<Header, Fault> {
        Header::of(json(self.header, "the token's header")?, algorithms)
    }

    /// The claims, and the signature.
    pub(crate) fn rest(&self, algorithm: Algorithm) -> Result<(Members, Vec<u8>), Fault> {
        let claims = json(self.payload, "the token's payload")?;
        let signature = part(self.signature, "the token's signature")?;
        let wrong = match algorithm.signature_length() {
            Some(length) => signature.len() != length,
            None => signature.is_empty(),
        };
        if wrong {
            return Err(Fault::new(
                "signature_invalid",
                "the signature has not the length that the algorithm gives it",
            ));
        }
        Ok((claims, signature))
    }
}

fn part(text: &str, what: &'static str) -> Result<Vec<u8>, Fault> {
    base64url::decode(text).ok_or_else(|| Fault::new("base64_invalid", [what, " is no base64url"].concat()))
}

fn json(text: &str, what: &'static str) -> Result<Members, Fault> {
    object(&part(text, what)?).map_err(|problem| match problem {
        Problem::Syntax => Fault::new("json_invalid", [what, " is no JSON object"].concat()),
        Problem::Duplicate => Fault::new("member_duplicate", [what, " has a member twice"].concat()),
    })
}

impl<'a> Token<'a> {
    /// Reads a token. The algorithm must be one of those that the verifier was told, never one that only the token names.
    pub(crate) fn parse(token: &'a str, algorithms: &[Algorithm]) -> Result<Self, Fault> {
        let parts = Parts::of(token)?;
        let header = parts.header(algorithms)?;
        let (claims, signature) = parts.rest(header.algorithm)?;
        Ok(Self { header, claims, signed: parts.signed, signature })
    }
}

impl Header {
    fn of(members: Members, algorithms: &[Algorithm]) -> Result<Self, Fault> {
        let text = |name: &str| match member(&members, name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Fault::new("header_invalid", ["the header's ", name, " is no text"].concat())),
        };
        let algorithm = text("alg")?.ok_or_else(|| Fault::new("header_invalid", "the header has no alg"))?;
        let allowed = Algorithm::parse(algorithm).filter(|algorithm| algorithms.contains(algorithm));
        let Some(allowed) = allowed else {
            let names: Vec<_> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
            let expected = ["an algorithm of ", &names.join(", "), " was expected"].concat();
            return Err(Fault::found("algorithm_not_allowed", &expected, algorithm));
        };
        // RFC 7515, section 4.1.11: what is critical must be understood, and no extension is. RFC 7797 is one of them.
        if member(&members, "crit").is_some() || member(&members, "b64").is_some() {
            return Err(Fault::new("header_critical", "the header asks for an extension, and none is supported"));
        }
        let (kid, typ) = (text("kid")?.map(str::to_owned), text("typ")?.map(str::to_owned));
        // Compressed or nested: no token of Auth0 is.
        if let Some(found) = text("cty")?.or(text("zip")?) {
            return Err(Fault::found("header_invalid", "a payload that is plain claims was expected", found));
        }
        Ok(Self { algorithm: allowed, kid, typ, members })
    }

    /// True when `typ` is this media type, without regard to case, and with or without `application/` (RFC 7515, section
    /// 4.1.9).
    pub(crate) fn is_type(&self, wanted: &str) -> bool {
        let Some(typ) = self.typ.as_deref() else { return false };
        let short =
            typ.get(..12).filter(|start| start.eq_ignore_ascii_case("application/")).and_then(|_| typ.get(12..));
        short.unwrap_or(typ).eq_ignore_ascii_case(wanted)
    }
}

/// Header and payload of a token to be signed: texts, then members that are JSON already.
pub(crate) fn signing_input(header: &[(&str, Value<'_>)], payload: &[(&str, Value<'_>)]) -> String {
    let part = |members: &[(&str, Value<'_>)]| {
        let mut out = String::with_capacity(256);
        for (name, value) in members {
            out.push(if out.is_empty() { '{' } else { ',' });
            push_text(&mut out, name);
            out.push(':');
            match value {
                Value::Text(text) => push_text(&mut out, text),
                Value::Json(json) => out.push_str(json),
                Value::Number(number) => out.push_str(&number.to_string()),
            }
        }
        out.push('}');
        base64url::encode(out.as_bytes())
    };
    [&part(header), ".", &part(payload)].concat()
}

/// A value to be written.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Json(&'a str),
    Number(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Here, and not only where a provider of cryptography is asked.
    #[test]
    fn a_signature_has_the_length_of_its_algorithm() {
        for (algorithm, length) in
            [(Algorithm::ES256, 64), (Algorithm::ES384, 96), (Algorithm::EdDSA, 64), (Algorithm::HS512, 64)]
        {
            let header = base64url::encode(["{\"alg\":\"", algorithm.as_str(), "\"}"].concat().as_bytes());
            let token = |length: usize| [&header, ".e30.", &base64url::encode(&vec![1; length])].concat();
            let parse = |length| Token::parse(&token(length), &[algorithm]).map(drop).map_err(|fault| fault.code);
            assert_eq!(parse(length), Ok(()), "{algorithm}");
            for wrong in [0, 1, length - 1, length + 1, length + 6] {
                assert_eq!(parse(wrong), Err("signature_invalid"), "{algorithm} {wrong}");
            }
        }
    }
}
