//! SAML and WS-Federation, where Auth0 is the identity provider.

use super::AuthenticationClient;
use super::call::{AuthCall, text};
use crate::error::Error;
use crate::http::RequestBody;
use crate::http::path::{self, Query};
use crate::secret::Secret;

/// SAML: see [`AuthenticationClient::saml`].
#[derive(Clone, Debug)]
pub struct Saml(pub(super) AuthenticationClient);

/// WS-Federation: see [`AuthenticationClient::wsfed`].
#[derive(Clone, Debug)]
pub struct WsFed(pub(super) AuthenticationClient);

impl AuthenticationClient {
    /// SAML, with this client as the service provider.
    pub fn saml(&self) -> Saml {
        Saml(self.clone())
    }

    /// WS-Federation, with this client as the relying party.
    pub fn wsfed(&self) -> WsFed {
        WsFed(self.clone())
    }

    /// A URL for a browser.
    pub(crate) fn url(&self, template: &str, segments: &[&str], parameters: &[(&str, &str)]) -> Result<String, Error> {
        let mut query = Query::default();
        parameters.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| query.push(*name, *value));
        Ok(query.url(&self.core.origin, &path::fill(template, segments)?))
    }
}

impl Saml {
    /// Auth0's metadata for this client, XML (`GET /samlp/metadata/{client_id}`).
    ///
    /// # Errors
    /// When awaited: any [`Error`].
    pub fn metadata(&self) -> AuthCall<String> {
        let call = AuthCall::new(&self.0.core, "saml.metadata", text);
        self.with_client_id(call)
    }

    /// Where a browser logs in (`GET /samlp/{client_id}`), perhaps at once with a connection, or for an organization.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the client has no id.
    pub fn login_url(&self, connection: Option<&str>, organization: Option<&str>) -> Result<String, Error> {
        let client_id = self.0.core.client_id()?;
        let given =
            [("connection", connection.unwrap_or_default()), ("organization", organization.unwrap_or_default())];
        self.0.url("/samlp/{client_id}", &[client_id], &given)
    }

    /// Sends a logout request or response, XML (`POST /samlp/{client_id}/logout`). The answer is a page or XML.
    pub fn logout(&self, xml: impl Into<String>) -> AuthCall<String> {
        let mut call = AuthCall::new(&self.0.core, "saml.logout", text);
        call.parts.raw_body = Some(("application/xml", RequestBody::Bytes(xml.into().into_bytes().into())));
        self.with_client_id(call)
    }

    /// Hands a response of a SAML identity provider in that began the login itself (`POST /login/callback`).
    pub fn identity_provider_initiated(
        &self,
        connection: impl Into<String>,
        saml_response: impl Into<Secret>,
    ) -> AuthCall<String> {
        AuthCall::new(&self.0.core, "saml.identityProviderInitiated", text)
            .text("connection", connection)
            .text("SAMLResponse", saml_response.into().expose())
    }

    fn with_client_id(&self, mut call: AuthCall<String>) -> AuthCall<String> {
        match self.0.core.client_id() {
            Ok(client_id) => call.segment(client_id),
            Err(error) => {
                call.parts.endpoint = Err(error);
                call
            }
        }
    }
}

impl WsFed {
    /// Auth0's metadata, XML (`GET /wsfed/FederationMetadata/2007-06/FederationMetadata.xml`).
    pub fn metadata(&self) -> AuthCall<String> {
        AuthCall::new(&self.0.core, "wsfed.metadata", text)
    }

    /// Where a browser logs in (`GET /wsfed/{client_id}`). `parameters` are `wtrealm`, `whr` (the connection), `wctx` (the
    /// state) and `wreply` (where to come back).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) when the client has no id.
    pub fn login_url(&self, parameters: &[(&str, &str)]) -> Result<String, Error> {
        self.0.url("/wsfed/{client_id}", &[self.0.core.client_id()?], parameters)
    }
}
