//! Keys in PEM (RFC 7468): PKCS#8 private keys and SPKI public keys.

use super::Fault;

/// What a PEM text holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    pub(crate) der: Vec<u8>,
    private: bool,
}

impl std::fmt::Debug for Pem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pem").field("private", &self.private).finish_non_exhaustive()
    }
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

impl Pem {
    /// Reads one key: `PRIVATE KEY` (PKCS#8, RFC 5958) or `PUBLIC KEY` (SPKI, RFC 5280).
    ///
    /// # Errors
    /// [`ErrorKind::Verification`](crate::ErrorKind::Verification): `key_malformed`, saying what the text is, and how to make
    /// a PKCS#8 key of it.
    pub fn parse(text: &str) -> Result<Self, crate::Error> {
        Ok(Self::read(text)?)
    }

    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let refuse = |why: &'static str| Fault::new("key_malformed", why);
        let text = text.trim();
        let rest =
            text.strip_prefix(BEGIN).ok_or_else(|| refuse("the key is no PEM: it does not begin with -----BEGIN"))?;
        let (label, rest) =
            crate::text::split_once(rest, DASHES).ok_or_else(|| refuse("the PEM's first line has no end"))?;
        let private = match label {
            "PRIVATE KEY" => true,
            "PUBLIC KEY" => false,
            "ENCRYPTED PRIVATE KEY" => {
                return Err(refuse("the PEM is encrypted: decrypt it with `openssl pkcs8 -in key.pem`"));
            }
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                return Err(refuse(
                    "the PEM is no PKCS#8: convert it with `openssl pkcs8 -topk8 -nocrypt -in key.pem`",
                ));
            }
            "RSA PUBLIC KEY" => {
                return Err(refuse(
                    "the PEM is no SPKI: convert it with `openssl rsa -RSAPublicKey_in -in key.pem -pubout`",
                ));
            }
            "CERTIFICATE" => {
                return Err(refuse(
                    "the PEM is a certificate: take its key out with `openssl x509 -in cert.pem -pubkey -noout`",
                ));
            }
            _ => return Err(refuse("the PEM is neither a PRIVATE KEY nor a PUBLIC KEY")),
        };
        let end = [DASHES, "END ", label, DASHES].concat();
        let body = rest.strip_suffix(end.as_str()).ok_or_else(|| refuse("the PEM has no end, or more than one key"))?;
        let der = base64(body).ok_or_else(|| refuse("the PEM is no base64"))?;
        // An outer SEQUENCE of exactly this length, so that a text that was cut is told here.
        match Der(&der).next() {
            Some((0x30, _, [])) => Ok(Self { der, private }),
            _ => Err(refuse("the PEM is no DER")),
        }
    }

    /// True for a private key.
    pub fn is_private(&self) -> bool {
        self.private
    }
}

/// base64 with line breaks, padded (RFC 7468, section 3).
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '+' => plain.push('-'),
            '/' => plain.push('_'),
            '-' | '_' => return None,
            character if character.is_ascii_whitespace() => {}
            _ => plain.push(character),
        }
    }
    if !plain.len().is_multiple_of(4) {
        return None;
    }
    let unpadded = plain.strip_suffix("==").or(plain.strip_suffix('=')).unwrap_or(&plain);
    super::base64url::decode(unpadded)
}

/// DER (X.690), read element by element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Der<'a>(pub(crate) &'a [u8]);

impl<'a> Der<'a> {
    /// Tag, content, and what follows.
    pub(crate) fn next(self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if length > 0x7f {
            let (bytes, after) =
                rest.split_at_checked(length & 0x7f).filter(|(bytes, _)| (1..=3).contains(&bytes.len()))?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            // The shortest form is the only one.
            if length < 0x80 || bytes.first() == Some(&0) {
                return None;
            }
            rest = after;
        }
        let (content, after) = rest.split_at_checked(length)?;
        Some((*tag, content, after))
    }

    /// The key type and the bytes of the key of an SPKI: a PKCS#1 key, a point, or 32 bytes.
    #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
    pub(crate) fn spki(self) -> Option<(&'static str, &'a [u8])> {
        let (0x30, content, []) = self.next()? else { return None };
        let (0x30, algorithm, rest) = Der(content).next()? else { return None };
        let (0x03, bits, []) = Der(rest).next()? else { return None };
        let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else { return None };
        let (0x06, oid, parameters) = Der(algorithm).next()? else { return None };
        let kind = match (oid, parameters) {
            // 1.2.840.113549.1.1.1 with NULL
            ([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], [5, 0]) => "RSA",
            ([0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]) => "P-256",
            ([0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], [6, 5, 0x2b, 0x81, 4, 0, 0x22]) => "P-384",
            ([0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], [6, 5, 0x2b, 0x81, 4, 0, 0x23]) => "P-521",
            ([0x2b, 0x65, 0x70], []) => "Ed25519",
            _ => return None,
        };
        Some((kind, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_text_is() {
        for (text, word) in [
            ("", "no PEM"),
            ("{\"kty\":\"RSA\"}", "no PEM"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----", "-topk8"),
            ("-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----", "-topk8"),
            ("-----BEGIN RSA PUBLIC KEY-----\nAA==\n-----END RSA PUBLIC KEY-----", "SPKI"),
            ("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", "certificate"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----", "encrypted"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAA==\n-----END OPENSSH PRIVATE KEY-----", "neither"),
            ("-----BEGIN PRIVATE KEY", "no end"),
            ("-----BEGIN PRIVATE KEY-----\nMAA=", "no end"),
            ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PUBLIC KEY-----", "no end"),
            ("-----BEGIN PRIVATE KEY-----\nM*A=\n-----END PRIVATE KEY-----", "base64"),
            ("-----BEGIN PRIVATE KEY-----\nMA-_\n-----END PRIVATE KEY-----", "base64"),
            ("-----BEGIN PRIVATE KEY-----\nMAB=\n-----END PRIVATE KEY-----", "base64"),
            ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "no DER"),
            ("-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----", "no DER"),
        ] {
            let fault = Pem::read(text).expect_err(text);
            assert_eq!(fault.code, "key_malformed");
            assert!(fault.message.contains(word), "{text}: {}", fault.message);
        }
        assert!(
            Pem::read("\r\n-----BEGIN PRIVATE KEY-----\r\nMA\r\n  A=\r\n-----END PRIVATE KEY-----\r\n")
                .unwrap()
                .is_private()
        );
    }
}
