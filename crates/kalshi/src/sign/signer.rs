use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KEY_HEADER, KeyError, KeyType, SIGNATURE_HEADER, TIMESTAMP_HEADER, message, pem};

/// Why a request could not be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The cryptographic library refused, for want of memory or entropy.
    #[error("the key could not be used")]
    Key,
    /// The runtime is shutting down and runs no more blocking work.
    #[error("the runtime is shutting down")]
    ShuttingDown,
}

/// A private key with the id the exchange knows it by. Cloning copies pointers; the key itself is never printed.
#[derive(Clone)]
pub struct Signer {
    key_id: Arc<str>,
    key: Arc<Key>,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The three headers of a signed request or WebSocket upgrade. The signature is never printed: whoever has it may send the
/// request for some 30 s.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthHeaders {
    /// Value of `KALSHI-ACCESS-KEY`.
    pub key_id: String,
    /// Value of `KALSHI-ACCESS-TIMESTAMP`: milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Value of `KALSHI-ACCESS-SIGNATURE`: standard base64.
    pub signature: String,
}

impl AuthHeaders {
    /// Names, in lower case as HTTP libraries want them, with their values.
    pub fn pairs(&self) -> [(&'static str, String); 3] {
        [
            (KEY_HEADER, self.key_id.clone()),
            (TIMESTAMP_HEADER, self.timestamp_ms.to_string()),
            (SIGNATURE_HEADER, self.signature.clone()),
        ]
    }
}

impl Signer {
    /// Reads a private key from PEM: PKCS#8 (`PRIVATE KEY`) of RSA or Ed25519, or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// `key_id` is the id the exchange gave the key, a UUID today; any text is taken.
    ///
    /// # Errors
    /// When there is no such key in `pem`; the message never quotes it.
    pub fn from_pem(key_id: impl Into<Arc<str>>, pem: &str) -> Result<Signer, KeyError> {
        let section = pem::first_section(pem)?;
        let key = match section.label.as_str() {
            "RSA PRIVATE KEY" => {
                Key::Rsa(RsaKeyPair::from_der(&section.der).map_err(|_| KeyError::Rejected(KeyType::Rsa))?)
            }
            "PRIVATE KEY" => Key::from_pkcs8(&section.der)?,
            _ => {
                return Err(KeyError::WrongSection {
                    found: section.label,
                    wanted: "PRIVATE KEY or RSA PRIVATE KEY",
                });
            }
        };
        Ok(Signer {
            key_id: key_id.into(),
            key: Arc::new(key),
        })
    }

    /// The id given at construction.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Which algorithm the key signs with.
    pub fn key_type(&self) -> KeyType {
        match *self.key {
            Key::Rsa(_) => KeyType::Rsa,
            Key::Ed25519(_) => KeyType::Ed25519,
        }
    }

    /// The public half, as PEM of SPKI (`PUBLIC KEY`): what one registers with the exchange.
    ///
    /// # Errors
    /// [`SignError::Key`] when the cryptographic library cannot write it.
    pub fn public_key_pem(&self) -> Result<String, SignError> {
        let der: PublicKeyX509Der<'static> = match &*self.key {
            Key::Rsa(pair) => pair.public_key().as_der(),
            Key::Ed25519(pair) => pair.public_key().as_der(),
        }
        .map_err(|_| SignError::Key)?;
        Ok(pem::write("PUBLIC KEY", der.as_ref()))
    }

    /// Signs `message` on this very thread: about 20 µs with Ed25519, a millisecond with RSA of 2048 bits.
    ///
    /// # Errors
    /// [`SignError::Key`].
    pub fn sign_blocking(&self, message: &[u8]) -> Result<String, SignError> {
        let signature = match &*self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SignError::Key)?;
                signature
            }
            Key::Ed25519(pair) => pair
                .try_sign(message)
                .map_err(|_| SignError::Key)?
                .as_ref()
                .to_vec(),
        };
        Ok(STANDARD.encode(signature))
    }

    /// Headers of a request with `method` on `path` (the whole path from the root of the host; a query is left out), signed
    /// as of `timestamp_ms` since 1970.
    ///
    /// RSA runs on tokio's blocking threads, because a millisecond of arithmetic would hold up every other task of its worker.
    /// Ed25519 is done at once: it takes about as long as handing it to another thread would, and a seeded simulation with such
    /// keys then stays on one thread.
    ///
    /// # Errors
    /// When the key cannot be used or the runtime is going down.
    ///
    /// # Panics
    /// With an RSA key, outside a tokio runtime.
    pub async fn headers(
        &self,
        timestamp_ms: i64,
        method: &str,
        path: &str,
    ) -> Result<AuthHeaders, SignError> {
        let message = message(timestamp_ms, method, path);
        let signature = match self.key_type() {
            KeyType::Ed25519 => self.sign_blocking(message.as_bytes())?,
            KeyType::Rsa => {
                let signer = self.clone();
                tokio::task::spawn_blocking(move || signer.sign_blocking(message.as_bytes()))
                    .await
                    .map_err(|_| SignError::ShuttingDown)??
            }
        };
        Ok(AuthHeaders {
            key_id: self.key_id.to_string(),
            timestamp_ms,
            signature,
        })
    }
}

impl Key {
    fn from_pkcs8(der: &[u8]) -> Result<Key, KeyError> {
        let kind = pem::algorithm(der)?;
        match kind {
            KeyType::Rsa => RsaKeyPair::from_pkcs8(der).map(Key::Rsa),
            KeyType::Ed25519 => Ed25519KeyPair::from_pkcs8(der).map(Key::Ed25519),
        }
        .map_err(|_| KeyError::Rejected(kind))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.key_id)
            .field("key_type", &self.key_type())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthHeaders")
            .field("key_id", &self.key_id)
            .field("timestamp_ms", &self.timestamp_ms)
            .finish_non_exhaustive()
    }
}
