//! Connections as programs have them: TCP, and TLS over whatever the connector opens.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use std::io;
use std::sync::Arc;

use futures::future::BoxFuture;
use kmi_kalshi::connect::BoxStream;
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::{Auth, Builder, Client, Error, RetryPolicy};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use scripted::{Act, Exchange};
use tokio_rustls::TlsAcceptor;

const CERTIFICATE: &[u8] = include_bytes!("../test_data/tls-cert.pem");
const KEY: &[u8] = include_bytes!("../test_data/tls-key.pem");

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Trusts the certificate of the tests alone.
fn trusting() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

/// A client of `exchange` behind TLS.
fn secured(exchange: &Exchange, base_url: &str) -> Builder {
    let exchange = exchange.clone();
    let connector = move |_: &str, port: u16| -> BoxFuture<'static, io::Result<BoxStream>> {
        assert_eq!(port, 443);
        let exchange = exchange.clone();
        Box::pin(async move {
            let (here, there) = tokio::io::duplex(64 << 10);
            tokio::spawn(async move {
                if let Ok(stream) = acceptor().accept(there).await {
                    exchange.serve(stream).await;
                }
            });
            Ok(Box::new(here) as BoxStream)
        })
    };
    Client::builder(base_url)
        .connector(connector)
        .limits(Limits::none())
        .retry(RetryPolicy::never())
}

#[tokio::test]
async fn https_goes_over_tls_on_top_of_the_connector() {
    let exchange = Exchange::new([Act::Answer(200, r#"{"ok":1}"#)]);
    let client = secured(&exchange, "https://exchange.test/trade-api/v2")
        .tls(trusting())
        .build()
        .unwrap();
    let answer: serde_json::Value = client.get(Auth::Public, &["markets"]).send().await.unwrap();
    assert_eq!(answer["ok"], 1);
}

#[tokio::test]
async fn nothing_is_sent_to_a_host_that_is_not_who_it_should_be() {
    let exchange = Exchange::new([]);
    let stranger = secured(&exchange, "https://another.test/")
        .tls(trusting())
        .build()
        .unwrap();
    let unknown_root = secured(&exchange, "https://exchange.test/").build().unwrap();
    for client in [stranger, unknown_root] {
        let error = client
            .get(Auth::Public, &["markets"])
            .send_empty()
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotSent { .. }), "{error}");
    }
    assert!(exchange.seen().is_empty());
}

#[tokio::test]
async fn http_goes_over_tcp() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let exchange = Exchange::new([Act::Answer(200, r#"{"ok":1}"#)]);
    let server = exchange.clone();
    tokio::spawn(async move { server.serve(listener.accept().await.unwrap().0).await });

    let client = Client::builder(format!("http://{address}/trade-api/v2"))
        .build()
        .unwrap();
    let answer: serde_json::Value = client.get(Auth::Public, &["markets"]).send().await.unwrap();
    assert_eq!(answer["ok"], 1);
    assert_eq!(
        exchange.seen()[0].header("host"),
        Some(address.to_string().as_str())
    );
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder(format!("http://{address}/"))
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client
        .get(Auth::Public, &["markets"])
        .send_empty()
        .await
        .unwrap_err();
    let chain = chain(&error);
    assert!(chain.contains(&format!("cannot connect to {address}")), "{chain}");
}

fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
