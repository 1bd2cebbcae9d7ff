//! What Auth0 keeps for old applications: metadata of SAML and WS-Federation, and endpoints that are switched off.

use super::client::Client;
use super::error::OAuthError;
use super::pages::escape;
use super::visit::Visit;
use crate::message::Answer;

/// The certificate in the metadata: the sandbox signs no SAML, and says so where a certificate would stand.
const NO_CERTIFICATE: &str = "c2FuZGJveA==";

impl Visit<'_> {
    /// `GET /samlp/metadata/{client}`: enough to configure a service provider, which cannot log in here.
    pub(crate) fn saml_metadata(&mut self) -> Result<Answer, OAuthError> {
        let id = self.argument();
        if Client::find(self.store, &id).is_none() {
            return Ok(self.error_page(404, "invalid_request", "Unknown client"));
        }
        let entity = format!("urn:{}", self.issuer().trim_end_matches('/').trim_start_matches("http://"));
        let at = |path: &str| escape(&self.at(path));
        let (login, logout) = (at(&format!("samlp/{id}")), at(&format!("samlp/{id}/logout")));
        Ok(Answer::of(
            200,
            "application/xml; charset=utf-8",
            format!(
                "<EntityDescriptor entityID=\"{}\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
                 <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
                 <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
                 <X509Certificate>{NO_CERTIFICATE}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
                 <SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{logout}\"/>\
                 <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{login}\"/>\
                 </IDPSSODescriptor></EntityDescriptor>",
                escape(&entity)
            ),
        ))
    }

    /// `GET /wsfed/FederationMetadata/2007-06/FederationMetadata.xml`.
    pub(crate) fn wsfed_metadata(&mut self) -> Result<Answer, OAuthError> {
        let entity = format!("urn:{}", self.issuer().trim_end_matches('/').trim_start_matches("http://"));
        let endpoint = escape(&self.at("wsfed"));
        Ok(Answer::of(
            200,
            "application/xml; charset=utf-8",
            format!(
                "<EntityDescriptor entityID=\"{}\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
                 <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" \
                 xsi:type=\"fed:SecurityTokenServiceType\" \
                 protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">\
                 <fed:PassiveRequestorEndpoint><EndpointReference xmlns=\"http://www.w3.org/2005/08/addressing\">\
                 <Address>{endpoint}</Address></EndpointReference></fed:PassiveRequestorEndpoint>\
                 </RoleDescriptor></EntityDescriptor>",
                escape(&entity)
            ),
        ))
    }

    /// Endpoints that Auth0 has switched off for tenants of today.
    pub(crate) fn retired(&mut self) -> Result<Answer, OAuthError> {
        Err(OAuthError::new(
            403,
            "unauthorized_client",
            "This endpoint is a legacy one and is disabled for this tenant",
        ))
    }
}
