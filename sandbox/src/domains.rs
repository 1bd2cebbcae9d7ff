//! Custom domains: the name that a request came to, which is the issuer of its tokens, and the one that links lead to.

use crate::error::ApiError;
use crate::message::Request;
use crate::store::Store;
use crate::tenant::Tenant;
use serde_json::Value;

/// The collection of custom domains.
pub(crate) const DOMAINS: &str = "/custom-domains";

/// The single value that names the domain of links: `{"domain": …}`.
pub(crate) const DEFAULT: &str = "/custom-domains/default";

/// The header that chooses the domain of a request's links.
const HEADER: &str = "auth0-custom-domain";

/// Whether a name is one of the tenant's verified domains.
fn is_ready(store: &Store, name: &str) -> bool {
    store.all(DOMAINS).iter().any(|one| {
        let domain = one.get("domain").and_then(Value::as_str);
        domain.is_some_and(|domain| domain.eq_ignore_ascii_case(name))
            && one.get("status") == Some(&Value::from("ready"))
    })
}

/// The issuer of what a request leads to, with a `/` at its end: the tenant's own, or the verified custom domain that the
/// request came to. The scheme is the tenant's, or what a proxy says.
pub(crate) fn issuer(tenant: &Tenant, store: &Store, request: &Request) -> String {
    let own = tenant.authority.issuer();
    let host = request.header("host").unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.is_empty() || store.collection(DOMAINS).is_none_or(|all| all.len() == 0) || !is_ready(store, name) {
        return own.to_owned();
    }
    let scheme = request.header("x-forwarded-proto").filter(|scheme| matches!(*scheme, "http" | "https"));
    let scheme = scheme.or_else(|| own.split_once("://").map(|(scheme, _)| scheme)).unwrap_or("https");
    format!("{scheme}://{}/", host.to_ascii_lowercase())
}

/// Where the links lead that a request of the Management API makes, with a `/` at its end: the domain of its header, else
/// the tenant's default domain, else its own.
///
/// # Errors
/// 400 for a header that names no verified domain of the tenant.
pub(crate) fn links(tenant: &Tenant, store: &Store, request: &Request) -> Result<String, ApiError> {
    let own = tenant.authority.issuer();
    let own_name = own.split_once("://").map_or("", |(_, rest)| rest).trim_end_matches('/');
    let same = |name: &str| own_name == name || own_name.rsplit_once(':').is_some_and(|(host, _)| host == name);
    match request.header(HEADER) {
        Some(name) if same(name) => Ok(own.to_owned()),
        Some(name) if is_ready(store, name) => Ok(at(own, name)),
        Some(name) => {
            let message = format!("The header {HEADER} names no verified custom domain of this tenant: {name}");
            Err(ApiError::new(400, message, "invalid_custom_domain"))
        }
        None => Ok(default_links(tenant, store)),
    }
}

/// Where links lead that no request of the Management API asked for.
pub(crate) fn default_links(tenant: &Tenant, store: &Store) -> String {
    let own = tenant.authority.issuer();
    let chosen = store.value(DEFAULT).and_then(|value| value.get("domain")?.as_str().map(str::to_owned));
    chosen.filter(|name| is_ready(store, name)).map_or_else(|| own.to_owned(), |name| at(own, &name))
}

/// The tenant's own address under another name: it listens on the same port there.
fn at(own: &str, name: &str) -> String {
    let (scheme, rest) = own.split_once("://").unwrap_or(("https", own));
    let port = rest.trim_end_matches('/').rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    port.map_or_else(|| format!("{scheme}://{name}/"), |port| format!("{scheme}://{name}:{port}/"))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn a_name_takes_the_place_of_the_host_alone() {
        assert_eq!(at("http://127.0.0.1:4400/", "login.example.com"), "http://login.example.com:4400/");
        assert_eq!(at("https://sandbox.test/", "login.example.com"), "https://login.example.com/");
        assert_eq!(at("http://[::1]/", "login.example.com"), "http://login.example.com/");
    }
}
