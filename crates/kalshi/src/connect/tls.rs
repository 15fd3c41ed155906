use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::BoxStream;

/// Why TLS was not agreed on.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The library does not offer what is needed.
    #[error("TLS does not start")]
    Setup(#[from] rustls::Error),
    /// The host is neither a name nor an address.
    #[error("{0} is no name a certificate could hold")]
    Name(String),
    /// The handshake failed: another certificate, another protocol, or the connection ended.
    #[error("the handshake failed")]
    Handshake(#[from] std::io::Error),
}

#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    pub(super) fn with_public_roots() -> Result<Tls, TlsError> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls::new(Arc::new(config)))
    }

    pub(super) fn new(config: Arc<ClientConfig>) -> Tls {
        Tls(TlsConnector::from(config))
    }

    pub(super) async fn wrap(&self, host: &str, stream: BoxStream) -> Result<BoxStream, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        Ok(Box::new(self.0.connect(name, stream).await?))
    }
}
