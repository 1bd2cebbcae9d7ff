//! What a token says, and whether it is what was expected. Pure.

use crate::Json;
use crate::error::{Error, ErrorKind};
use crate::jose::json::{Members, Node, member};
use crate::jose::{Algorithm, Fault, Header, same};
use std::fmt;
use std::time::Duration;

/// The claims of a token that was verified.
#[derive(Clone, PartialEq)]
pub struct Claims {
    members: Members,
}

impl fmt::Debug for Claims {
    /// Shows the names: what they say of a person is nobody's log's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|(name, _)| name)).finish()
    }
}

impl Claims {
    pub(crate) fn new(members: Members) -> Self {
        Self { members }
    }

    pub(crate) fn node(&self, name: &str) -> Option<&Node> {
        member(&self.members, name)
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.node(name)?.text()
    }

    fn time(&self, name: &str) -> Option<Duration> {
        self.node(name)?.whole().map(Duration::from_secs)
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.node(name).and_then(Node::texts).unwrap_or_default()
    }

    /// Who issued it (`iss`).
    pub fn issuer(&self) -> &str {
        self.text("iss").unwrap_or_default()
    }

    /// Whom it is about (`sub`): `auth0|…`, or `client-id@clients` for a client that acts for itself. Empty when a logout
    /// token names a session only.
    pub fn subject(&self) -> &str {
        self.text("sub").unwrap_or_default()
    }

    /// Whom it is for (`aud`).
    pub fn audience(&self) -> Vec<&str> {
        match self.node("aud") {
            Some(Node::Text(one)) => vec![one],
            _ => self.texts("aud"),
        }
    }

    /// When it ends (`exp`), since the Unix epoch.
    pub fn expires_at(&self) -> Option<Duration> {
        self.time("exp")
    }

    /// When it was issued (`iat`), since the Unix epoch.
    pub fn issued_at(&self) -> Option<Duration> {
        self.time("iat")
    }

    /// When the user signed in (`auth_time`), since the Unix epoch.
    pub fn auth_time(&self) -> Option<Duration> {
        self.time("auth_time")
    }

    /// The token's id (`jti`).
    pub fn token_id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// The session (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        self.text("sid")
    }

    /// The client it was issued to (`client_id`, RFC 9068; or `azp`, Auth0's profile).
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id").or(self.text("azp"))
    }

    /// The scopes (`scope`, RFC 8693, section 4.2).
    pub fn scopes(&self) -> Vec<&str> {
        self.text("scope").unwrap_or_default().split(' ').filter(|scope| !scope.is_empty()).collect()
    }

    /// Auth0's `permissions`, which an API with RBAC has.
    pub fn permissions(&self) -> Vec<&str> {
        self.texts("permissions")
    }

    /// The organization's id (`org_id`).
    pub fn organization_id(&self) -> Option<&str> {
        self.text("org_id")
    }

    /// The organization's name (`org_name`).
    pub fn organization_name(&self) -> Option<&str> {
        self.text("org_name")
    }

    /// How the user was authenticated (`amr`, RFC 8176).
    pub fn authentication_methods(&self) -> Vec<&str> {
        self.texts("amr")
    }

    /// A method of confirmation (`cnf`, RFC 7800): `jkt` for DPoP, `x5t#S256` for a certificate.
    pub fn confirmation(&self, method: &str) -> Option<&str> {
        member(self.node("cnf")?.object()?, method)?.text()
    }

    /// Any claim, one of your own too.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.node(name).map(Node::to_value)
    }

    /// All claims.
    pub fn to_json(&self) -> Json {
        Json::Object(self.members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect())
    }

    /// All claims in a type of yours, which names those that it wants.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] when they do not fit.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(self.to_json())
            .map_err(|_| Error::new(ErrorKind::Decode, "the claims do not fit the type that they are wanted in"))
    }
}

/// What the caller expects of one token, beyond what its verifier checks anyway.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    pub(crate) nonce: Option<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) organization: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) acr: Vec<String>,
    pub(crate) amr: Vec<String>,
    pub(crate) access_token: Option<crate::Secret>,
    pub(crate) code: Option<crate::Secret>,
}

impl Expect {
    /// Nothing more.
    pub fn new() -> Self {
        Self::default()
    }

    /// ID token: the nonce of the authorization request. Without one here, a token may have any.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// ID token: the user signed in at most this long ago (`auth_time`). Zero means: just now, within the leeway.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age.as_secs());
        self
    }

    /// The organization: its id (`org_…`), which is compared with `org_id` exactly, or its name, which is compared with
    /// `org_name` without regard to ASCII case, as Auth0 does.
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// Access token: the client it was issued to (`azp`, or `client_id`).
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// The user: for an ID token that comes with a refreshed session, or after userinfo.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Access token: it has these scopes, all of them.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Access token: it has these permissions, all of them.
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.permissions = permissions.into_iter().map(Into::into).collect();
        self
    }

    /// `acr` is one of these.
    pub fn acr(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.acr = values.into_iter().map(Into::into).collect();
        self
    }

    /// `amr` has these, all of them: `mfa`.
    pub fn amr(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.amr = values.into_iter().map(Into::into).collect();
        self
    }

    /// ID token: the access token that came with it, against `at_hash`, if there is one.
    pub fn access_token(mut self, token: impl Into<crate::Secret>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// ID token of the front channel: the code that came with it, against `c_hash`, which it then must have.
    pub fn code(mut self, code: impl Into<crate::Secret>) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Id,
    Logout,
}

/// What a verifier wants of every token.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// In seconds.
    pub(crate) leeway: u64,
}

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
    let has = Reader(claims).text_list("scope")?;
    if let Some(lacking) = expect.scopes.iter().find(|wanted| !has.contains(&wanted.as_str())) {
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

impl<'a> Reader<'a> {
    /// The words of a text, which may be empty.
    #[inline(never)]
    fn text_list(&self, name: &str) -> Result<Vec<&'a str>, Fault> {
        match self.0.node(name) {
            None => Ok(Vec::new()),
            Some(Node::Text(text)) => Ok(text.split(' ').collect()),
            Some(_) => Err(invalid(name)),
        }
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
