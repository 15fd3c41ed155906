use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RSA_PSS_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KeyError, KeyType, message, pem};

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not standard base64.
    #[error("the signature is not base64")]
    NotBase64,
    /// Made with another key, or over another text.
    #[error("the signature does not fit")]
    Wrong,
}

/// A registered public key, which judges signatures by its own type. Cloning copies a pointer.
#[derive(Clone)]
pub struct Verifier {
    kind: KeyType,
    key: Arc<ParsedPublicKey>,
}

impl Verifier {
    /// Reads a public key from PEM: SPKI (`PUBLIC KEY`) of RSA or Ed25519, or PKCS#1 (`RSA PUBLIC KEY`).
    ///
    /// # Errors
    /// When there is no such key in `pem`.
    pub fn from_pem(pem: &str) -> Result<Verifier, KeyError> {
        let section = pem::first_section(pem)?;
        let kind = match section.label.as_str() {
            "RSA PUBLIC KEY" => KeyType::Rsa,
            "PUBLIC KEY" => pem::algorithm(&section.der)?,
            _ => {
                return Err(KeyError::WrongSection {
                    found: section.label,
                    wanted: "PUBLIC KEY or RSA PUBLIC KEY",
                });
            }
        };
        let key = match kind {
            KeyType::Rsa => ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &section.der),
            KeyType::Ed25519 => ParsedPublicKey::new(&ED25519, &section.der),
        }
        .map_err(|_| KeyError::Rejected(kind))?;
        Ok(Verifier {
            kind,
            key: Arc::new(key),
        })
    }

    /// Algorithm of the key.
    pub fn key_type(&self) -> KeyType {
        self.kind
    }

    /// Whether `signature`, in standard base64, is this key's over `message`. About 50 µs with either type.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<(), VerifyError> {
        let signature = STANDARD.decode(signature).map_err(|_| VerifyError::NotBase64)?;
        self.key
            .verify_sig(message, &signature)
            .map_err(|_| VerifyError::Wrong)
    }

    /// The same for a request: see [`message`](super::message) for what is covered. Whether the time is acceptable is for the
    /// caller to judge.
    ///
    /// # Errors
    /// When the signature is not this key's over that request.
    pub fn verify_request(
        &self,
        timestamp_ms: i64,
        method: &str,
        path: &str,
        signature: &str,
    ) -> Result<(), VerifyError> {
        self.verify(message(timestamp_ms, method, path).as_bytes(), signature)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("key_type", &self.kind)
            .finish_non_exhaustive()
    }
}
