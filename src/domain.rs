//! The tenant's domain.

use crate::error::{Error, ErrorKind};
use crate::text::{quoted, split_once};

/// A tenant's domain: `tenant.us.auth0.com` or a custom domain, checked.
///
/// A port may follow. `https://` in front and one `/` behind are taken, since people paste them; `http://` is taken for a
/// loopback host only, for a local tenant such as the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    origin: String,
    host_start: usize,
}

impl Domain {
    /// Reads a domain.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the text is empty, has a path, a query, user information or characters that no host
    /// has, or asks for http at a host that is not loopback.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            let message =
                ["the domain ", &quoted(text), " ", why, "; expected something like tenant.us.auth0.com"].concat();
            Err(Error::new(ErrorKind::Config, message))
        };
        if text.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "the domain is missing: expected something like tenant.us.auth0.com",
            ));
        }
        if text.contains('@') {
            // Not shown: what stands before the @ may be a password.
            return Err(Error::new(
                ErrorKind::Config,
                "the domain has user information (an @), which it must not have",
            ));
        }
        let (scheme, rest) = match split_once(text, "://") {
            None => ("https", text),
            Some(("https", rest)) => ("https", rest),
            Some(("http", rest)) => ("http", rest),
            Some(_) => return refuse("has a scheme that is not https"),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '\\']) {
            return refuse("has a path or a query");
        }
        if let Some(why) = wrong_authority(scheme, authority) {
            return refuse(why);
        }
        let origin = [scheme, "://", &authority.to_ascii_lowercase()].concat();
        Ok(Self { host_start: scheme.len() + 3, origin })
    }

    /// The host, and the port where there is one: `tenant.us.auth0.com`.
    pub fn as_str(&self) -> &str {
        self.origin.get(self.host_start..).unwrap_or_default()
    }

    /// Scheme, host and port without a slash at the end: `https://tenant.us.auth0.com`.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// Checks a base URL that the user gave instead of `https://{domain}/api/v2`, and drops slashes at its end.
pub(crate) fn parse_base_url(text: &str) -> Result<String, Error> {
    let refuse =
        |why: &str| Err(Error::new(ErrorKind::Config, ["the base URL ", why, "; expected https://host/path"].concat()));
    let Some((scheme @ ("https" | "http"), rest)) = split_once(text, "://") else {
        return refuse("has no scheme, or one that is not https");
    };
    if text.contains(['?', '#']) {
        return refuse("has a query or a fragment");
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return refuse("has user information (an @)");
    }
    if path.chars().any(|c| c.is_ascii_control() || c == ' ' || c == '\\' || !c.is_ascii()) {
        return refuse("has characters that must be percent-encoded");
    }
    match wrong_authority(scheme, authority) {
        Some(why) => refuse(why),
        None => Ok(text.trim_end_matches('/').to_owned()),
    }
}

/// What is wrong with the host and the port behind a scheme.
#[inline(never)]
fn wrong_authority(scheme: &str, authority: &str) -> Option<&'static str> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand inside brackets.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "0"),
    };
    if port.is_empty() || !digits(port) || port.len() > 5 || (port.len() == 5 && port > "65535") {
        return Some("has a port that is not a number");
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let label = |label: &str| matches!(label.len(), 1..=63) && !label.starts_with('-') && !label.ends_with('-');
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // Whether it is an address, the transport finds out; it cannot be anything else than a host.
        Some(inner) => inner.contains(':') && inner.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.'),
        None => host.len() <= 253 && host.bytes().all(named) && host.split('.').all(label),
    };
    if !is_host {
        return Some("is not a host name");
    }
    let name = host.to_ascii_lowercase();
    let is_loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name == "[::1]"
        // Of digits and dots alone it is an IPv4 address or nothing that a resolver takes.
        || (name.starts_with("127.") && digits(&name.replace('.', "")));
    if scheme == "http" && !is_loopback { Some("asks for http, which is for loopback hosts only") } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_domains_and_refuses_the_rest() {
        for (text, origin) in [
            ("tenant.us.auth0.com", "https://tenant.us.auth0.com"),
            ("https://Login.Example.com/", "https://login.example.com"),
            ("localhost:4400", "https://localhost:4400"),
            ("http://127.0.0.1:4400", "http://127.0.0.1:4400"),
            ("http://[::1]:4400", "http://[::1]:4400"),
        ] {
            assert_eq!(Domain::parse(text).map(|domain| domain.origin().to_owned()).ok().as_deref(), Some(origin));
        }
        for (text, why) in [
            ("", "missing"),
            ("http://tenant.us.auth0.com", "loopback hosts only"),
            ("ftp://tenant.us.auth0.com", "not https"),
            ("tenant.us.auth0.com/api/v2", "a path"),
            ("tenant.us.auth0.com?x", "a query"),
            ("me:pass@tenant.us.auth0.com", "user information"),
            ("tenant us.auth0.com", "not a host name"),
            ("tenant..auth0.com", "not a host name"),
            ("tenant.us.auth0.com:port", "port"),
            ("tenant.us.auth0.com:65536", "port"),
            ("tenant.us.auth0.com:", "port"),
            ("-a.auth0.com", "not a host name"),
            ("http://127.0.0.1.evil.com", "loopback hosts only"),
            ("http://localhost.evil.com", "loopback hosts only"),
            ("tenänt.auth0.com", "not a host name"),
        ] {
            let error = Domain::parse(text).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(why), "{text}: {error}");
            assert!(!error.to_string().contains("me:pass"));
        }
    }

    #[test]
    fn checks_base_urls() {
        assert_eq!(
            parse_base_url("https://proxy.example.com/auth0/").ok().as_deref(),
            Some("https://proxy.example.com/auth0")
        );
        assert_eq!(
            parse_base_url("http://127.0.0.1:4400/api/v2").ok().as_deref(),
            Some("http://127.0.0.1:4400/api/v2")
        );
        for text in [
            "proxy.example.com",
            "http://proxy.example.com",
            "https://a@b.c",
            "https://b.c/?x",
            "https:///x",
            "https://b.c/ä",
        ] {
            assert!(parse_base_url(text).is_err(), "{text}");
        }
    }
}
