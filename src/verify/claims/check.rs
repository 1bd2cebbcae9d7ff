//! Whether a token is what was expected: its signature is right, and its claims are judged.

use super::{Claims, Expect, Kind, Policy};
use crate::jose::json::{Node, member};
use crate::jose::{Fault, Header, same};

/// One of these events makes a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A token of one kind must not pass for another (RFC 8725, section 3.11).
pub(crate) fn check_type(kind: Kind, header: &Header) -> Result<(), Fault> {
    let fits = match kind {
        _ if header.typ.is_none() || header.is_type("JWT") => true,
        Kind::Access => header.is_type("at+jwt"),
        Kind::Id => false,
        Kind::Logout => header.is_type("logout+jwt"),
    };
    let expected = match kind {
        Kind::Access => "a typ of at+jwt or JWT was expected",
        Kind::Id => "a typ of JWT was expected",
        Kind::Logout => "a typ of logout+jwt or JWT was expected",
    };
    if fits { Ok(()) } else { Err(Fault::found("type_mismatch", expected, header.typ.as_deref().unwrap_or_default())) }
}

#[inline(never)]
fn missing(name: &str) -> Fault {
    Fault::new("claim_missing", ["the token has no ", name].concat())
}

#[inline(never)]
fn invalid(name: &str) -> Fault {
    Fault::new("claim_invalid", ["the token's ", name, " has the wrong type"].concat())
}

struct Reader<'a>(&'a Claims);

impl<'a> Reader<'a> {
    /// A text; a text that is empty says nothing.
    #[inline(never)]
    fn text(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        match self.0.node(name) {
            None => Ok(None),
            Some(Node::Text(text)) if !text.is_empty() => Ok(Some(text)),
            _ => Err(invalid(name)),
        }
    }

    #[inline(never)]
    fn needed(&self, name: &str) -> Result<&'a str, Fault> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// Seconds since the epoch.
    #[inline(never)]
    fn time(&self, name: &str) -> Result<Option<u64>, Fault> {
        match self.0.node(name) {
            None => Ok(None),
            Some(value) => value.whole().map(Some).ok_or_else(|| invalid(name)),
        }
    }

    #[inline(never)]
    fn equal(&self, name: &str, wanted: &str, code: &'static str) -> Result<(), Fault> {
        let found = self.needed(name)?;
        if same(found, wanted) { Ok(()) } else { Err(differs(name, code, wanted, found)) }
    }
}

#[inline(never)]
fn differs(name: &str, code: &'static str, wanted: &str, found: &str) -> Fault {
    let wanted = crate::text::quoted(wanted);
    Fault::found(code, &["the token's ", name, " was expected to be ", &wanted].concat(), found)
}

/// Checks the claims of a token whose signature is right. `now` is in seconds.
pub(crate) fn check(
    kind: Kind,
    header: &Header,
    claims: &Claims,
    policy: &Policy,
    expect: &Expect,
    now: u64,
) -> Result<(), Fault> {
    let read = Reader(claims);
    read.equal("iss", &policy.issuer, "issuer_mismatch")?;
    let audience = match claims.node("aud") {
        None => return Err(missing("aud")),
        Some(Node::Text(one)) => vec![one.as_str()],
        Some(list) => list.texts().filter(|list| !list.is_empty()).ok_or_else(|| invalid("aud"))?,
    };
    let wanted = match kind {
        Kind::Access => policy.audiences.as_slice(),
        _ => policy.client_id.as_slice(),
    };
    if !wanted.iter().any(|wanted| audience.contains(&wanted.as_str())) {
        let expected = ["the token's aud was expected to have ", &wanted.join(" or ")].concat();
        return Err(Fault::found("audience_mismatch", &expected, &audience.join(" ")));
    }
    check_times(&read, policy.leeway, now)?;
    match kind {
        Kind::Access => access(&read, header, expect)?,
        Kind::Id => id(&read, policy, expect, &audience, now)?,
        Kind::Logout => return logout(&read),
    }
    if let Some(wanted) = &expect.subject {
        read.equal("sub", wanted, "subject_mismatch")?;
    }
    if let Some(wanted) = &expect.organization {
        organization(&read, wanted)?;
    }
    if !expect.acr.is_empty() {
        let found = read.needed("acr")?;
        if !expect.acr.iter().any(|acr| acr == found) {
            return Err(differs("acr", "acr_mismatch", &expect.acr.join(" or "), found));
        }
    }
    if !expect.amr.is_empty() {
        let found = claims.node("amr").ok_or_else(|| missing("amr"))?.texts().ok_or_else(|| invalid("amr"))?;
        if !expect.amr.iter().all(|amr| found.contains(&amr.as_str())) {
            return Err(differs("amr", "amr_mismatch", &expect.amr.join(" "), &found.join(" ")));
        }
    }
    Ok(())
}

fn check_times(read: &Reader<'_>, leeway: u64, now: u64) -> Result<(), Fault> {
    let late = now.saturating_add(leeway);
    let expires = read.time("exp")?.ok_or_else(|| missing("exp"))?;
    let said = |what: &'static str, time: u64| [what, &time.to_string(), ", and now is ", &now.to_string()].concat();
    if expires.saturating_add(leeway) <= now {
        return Err(Fault::new("expired", said("the token has expired: its exp is ", expires)));
    }
    let issued = read.time("iat")?.ok_or_else(|| missing("iat"))?;
    if issued > late {
        return Err(Fault::new("issued_in_future", said("the token comes from the future: its iat is ", issued)));
    }
    match read.time("nbf")? {
        Some(begins) if begins > late => {
            Err(Fault::new("not_yet_valid", said("the token is not valid yet: its nbf is ", begins)))
        }
        _ => Ok(()),
    }
}

/// RFC 9068, section 4, and Auth0's own profile, which has `azp` for `client_id` and `permissions`.
fn access(read: &Reader<'_>, header: &Header, expect: &Expect) -> Result<(), Fault> {
    read.needed("sub")?;
    if header.is_type("at+jwt") {
        // RFC 9068, section 2.2: these make the profile.
        read.needed("client_id")?;
        read.needed("jti")?;
    }
    if let Some(wanted) = &expect.client_id {
        let found = match read.text("client_id")? {
            Some(found) => found,
            None => read.needed("azp")?,
        };
        if !same(found, wanted) {
            return Err(differs("azp", "client_mismatch", wanted, found));
        }
    }
    check_rights(read.0, expect)
}

/// Whether the caller may: scopes and permissions.
pub(crate) fn check_rights(claims: &Claims, expect: &Expect) -> Result<(), Fault> {
    // A claim of the wrong type gives no right, and is not passed over either.
    let scopes = match claims.node("scope") {
        None => "",
        Some(scope) => scope.text().ok_or_else(|| invalid("scope"))?,
    };
    if let Some(lacking) = expect.scopes.iter().find(|wanted| !scopes.split(' ').any(|scope| scope == wanted.as_str()))
    {
        return Err(Fault::new("insufficient_scope", ["the token lacks the scope ", lacking].concat()));
    }
    let has = match claims.node("permissions") {
        None => Vec::new(),
        Some(list) => list.texts().ok_or_else(|| invalid("permissions"))?,
    };
    match expect.permissions.iter().find(|wanted| !has.contains(&wanted.as_str())) {
        Some(lacking) => {
            Err(Fault::new("insufficient_permissions", ["the token lacks the permission ", lacking].concat()))
        }
        None => Ok(()),
    }
}

/// OpenID Connect Core, section 3.1.3.7.
fn id(read: &Reader<'_>, policy: &Policy, expect: &Expect, audience: &[&str], now: u64) -> Result<(), Fault> {
    read.needed("sub")?;
    let client = policy.client_id.as_deref().unwrap_or_default();
    match read.text("azp")? {
        Some(found) if found != client => return Err(differs("azp", "authorized_party_mismatch", client, found)),
        None if audience.len() > 1 => return Err(missing("azp")),
        _ => {}
    }
    if let Some(wanted) = &expect.nonce {
        let found = read.needed("nonce")?;
        if !same(found, wanted) {
            // Neither is shown: a nonce binds a session.
            return Err(Fault::new("nonce_mismatch", "the token's nonce is not that of this login"));
        }
    }
    let signed_in = read.time("auth_time")?;
    if let Some(max_age) = expect.max_age {
        let signed_in = signed_in.ok_or_else(|| missing("auth_time"))?;
        if signed_in > now.saturating_add(policy.leeway) {
            return Err(Fault::new("auth_time_in_future", "the token's auth_time lies in the future"));
        }
        if signed_in.saturating_add(max_age).saturating_add(policy.leeway) < now {
            let ago = now.saturating_sub(signed_in).to_string();
            let message =
                ["the user signed in ", &ago, " s ago, and at most ", &max_age.to_string(), " s were expected"];
            return Err(Fault::new("auth_too_old", message.concat()));
        }
    }
    Ok(())
}

/// Auth0: an id is compared as it is, a name in lower case.
fn organization(read: &Reader<'_>, wanted: &str) -> Result<(), Fault> {
    let (name, is) = if wanted.starts_with("org_") {
        let found = read.needed("org_id")?;
        ("org_id", found == wanted)
    } else {
        let found = read.needed("org_name")?;
        ("org_name", found.eq_ignore_ascii_case(wanted))
    };
    if is { Ok(()) } else { Err(differs(name, "organization_mismatch", wanted, read.needed(name)?)) }
}

/// OpenID Connect Back-Channel Logout 1.0, section 2.6.
fn logout(read: &Reader<'_>) -> Result<(), Fault> {
    read.needed("jti")?;
    let events = read.0.node("events").ok_or_else(|| missing("events"))?.object().ok_or_else(|| invalid("events"))?;
    match member(events, LOGOUT_EVENT) {
        Some(Node::Object(_)) => {}
        _ => return Err(Fault::new("event_missing", "the token's events have no logout")),
    }
    if read.text("sub")?.is_none() && read.text("sid")?.is_none() {
        return Err(missing("sub and no sid"));
    }
    if read.0.node("nonce").is_some() {
        return Err(Fault::new("nonce_present", "a logout token has no nonce, and this one has"));
    }
    Ok(())
}

/// Compares `at_hash` or `c_hash` with the digest of what it is of (OpenID Connect Core, section 3.1.3.6).
pub(crate) fn check_hash(claims: &Claims, name: &'static str, digest: &[u8]) -> Result<(), Fault> {
    let read = Reader(claims);
    let found = match read.text(name)? {
        Some(found) => found,
        // The code flow may leave it out, since its tokens come over TLS from the issuer (section 3.1.3.8).
        None if name == "at_hash" => return Ok(()),
        None => return Err(missing(name)),
    };
    let half = digest.get(..digest.len() / 2).unwrap_or_default();
    if same(found, &crate::jose::base64url::encode(half)) {
        return Ok(());
    }
    let (code, message) = match name {
        "at_hash" => ("at_hash_mismatch", "the token's at_hash is not that of the access token"),
        _ => ("c_hash_mismatch", "the token's c_hash is not that of the code"),
    };
    Err(Fault::new(code, message))
}
