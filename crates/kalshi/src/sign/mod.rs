//! Keys, signatures over requests, and their verification.
//!
//! A signature covers timestamp, method and path: `1763700000000GET/trade-api/v2/portfolio/balance`, with the timestamp in
//! milliseconds since 1970, the method in upper case, and the path from the root of the host as it goes over the wire, without the
//! query. The body is not covered. RSA keys sign with RSA-PSS (SHA-256, MGF1 with SHA-256, a salt of 32 bytes), Ed25519 keys
//! as they are; which of them a key is shows in its PEM.
//!
//! [`Signer`] is the caller's half, [`Verifier`] the exchange's, [`GeneratedKey`] makes pairs.

mod generate;
mod pem;
mod signer;
mod verifier;

pub use generate::{GenerateKeyError, GeneratedKey};
pub use signer::{AuthHeaders, SignError, Signer};
pub use verifier::{Verifier, VerifyError};

/// Header with the id of the key.
pub const KEY_HEADER: &str = "kalshi-access-key";
/// Header with the time of signing: milliseconds since 1970, in decimal digits.
pub const TIMESTAMP_HEADER: &str = "kalshi-access-timestamp";
/// Header with the signature in standard base64.
pub const SIGNATURE_HEADER: &str = "kalshi-access-signature";

/// Algorithm of a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// RSA of 2048 to 8192 bits, signing with RSA-PSS and SHA-256.
    Rsa,
    /// Ed25519 of RFC 8032, with no hash before.
    Ed25519,
}

/// Why a PEM holds no key that can be used here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No complete section between `-----BEGIN …-----` and `-----END …-----`, or what it holds is no base64.
    #[error("is not a PEM file")]
    NotPem,
    /// A section of another kind than wanted, such as a certificate, or a public key in place of a private one.
    #[error("is PEM of {found:?}, not of {wanted}")]
    WrongSection {
        /// Label of the section.
        found: String,
        /// What is wanted instead.
        wanted: &'static str,
    },
    /// The key is protected by a passphrase, which has to be taken off first (`openssl pkey -in … -out …`).
    #[error("is protected by a passphrase")]
    Encrypted,
    /// A key of another algorithm.
    #[error("is a key of neither RSA nor Ed25519")]
    Algorithm,
    /// Damaged, or RSA outside 2048 to 8192 bits.
    #[error("is a damaged or too short {} key", match .0 { KeyType::Rsa => "RSA", KeyType::Ed25519 => "Ed25519" })]
    Rejected(KeyType),
}

/// The text a signature covers: `timestamp_ms`, `method` in upper case, and the part of `path` before any `?`.
///
/// `path` is the whole path from the root of the host (`/trade-api/v2/portfolio/balance`), percent-encoded as sent.
pub fn message(timestamp_ms: i64, method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    format!("{timestamp_ms}{}{path}", method.to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
