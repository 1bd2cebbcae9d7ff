//! What a native connection shows of itself, and whom it trusts.

use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// TLS of the native transport: the client's certificate (RFC 8705, mutual TLS), and certificate authorities besides those of
/// the system. For [`ReqwestTransport::with_tls`](crate::ReqwestTransport::with_tls).
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The chain and the key, both PEM.
    identity: Option<(Vec<u8>, Secret)>,
    /// PEM.
    roots: Vec<Vec<u8>>,
}

impl Tls {
    /// No certificate, and the authorities of the system.
    pub fn new() -> Self {
        Self::default()
    }

    /// The client's certificate, with the chain that leads to its authority, and its private key (PKCS#8, PKCS#1 or SEC 1),
    /// both PEM.
    pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<Secret>) -> Self {
        self.identity = Some((chain_pem.into(), key_pem.into()));
        self
    }

    /// Trusts these certificate authorities too, PEM.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    pub(super) fn config(self) -> Result<rustls::ClientConfig, Error> {
        let config = |message: &'static str| {
            move |error: rustls::Error| Error::new(ErrorKind::Config, message).with_source(error)
        };
        // The provider is named here, so that no process-wide default is needed or set.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = Vec::new();
        for pem in &self.roots {
            roots.extend(certificates(pem, "the root certificates")?);
        }
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider.clone())
            .map_err(config("the system's certificates, or the root certificates that were given, cannot be read"))?;
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(config("TLS cannot be set up"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut tls = match self.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = certificates(&chain, "the client's certificate")?;
                // The source is left out: nobody knows what a parser says of a key.
                let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                    .map_err(|_| Error::new(ErrorKind::Config, "the client certificate's key is not a PEM key"))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(config("the client's certificate and its key do not belong together"))?
            }
        };
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(tls)
    }
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::new(ErrorKind::Config, format!("{what} cannot be read: there is no certificate in PEM"))),
    }
}
