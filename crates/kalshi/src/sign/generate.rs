use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair};

use super::{KeyType, pem};

/// Why no key pair was made: the cryptographic library had no memory or entropy for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key pair could be made")]
pub struct GenerateKeyError;

impl From<Unspecified> for GenerateKeyError {
    fn from(_: Unspecified) -> GenerateKeyError {
        GenerateKeyError
    }
}

/// A new key pair. Its `Debug` leaves the private half out.
#[derive(Clone, PartialEq, Eq)]
pub struct GeneratedKey {
    /// Algorithm of the pair.
    pub key_type: KeyType,
    /// Private half: PEM of PKCS#8, version 1, which every library reads.
    pub private_pem: String,
    /// Public half: PEM of SPKI.
    pub public_pem: String,
}

impl GeneratedKey {
    /// Makes a pair from the operating system's entropy: Ed25519, or RSA of 2048 bits, as the exchange's own generator does.
    ///
    /// RSA takes between 50 ms and a second of arithmetic: not for an async thread.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn generate(key_type: KeyType) -> Result<GeneratedKey, GenerateKeyError> {
        match key_type {
            KeyType::Rsa => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                Ok(GeneratedKey::of(
                    key_type,
                    &pair.as_der()?,
                    &pair.public_key().as_der()?,
                ))
            }
            KeyType::Ed25519 => GeneratedKey::of_ed25519(&Ed25519KeyPair::generate()?),
        }
    }

    /// The Ed25519 pair of `seed`, the private key of RFC 8032: the same seed gives the same pair, for exchanges on one's own
    /// machine that must replay.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn ed25519_from_seed(seed: &[u8; 32]) -> Result<GeneratedKey, GenerateKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| GenerateKeyError)?;
        GeneratedKey::of_ed25519(&pair)
    }

    fn of_ed25519(pair: &Ed25519KeyPair) -> Result<GeneratedKey, GenerateKeyError> {
        Ok(GeneratedKey::of(
            KeyType::Ed25519,
            &pair.as_der()?,
            &pair.public_key().as_der()?,
        ))
    }

    fn of(
        key_type: KeyType,
        private: &Pkcs8V1Der<'static>,
        public: &PublicKeyX509Der<'static>,
    ) -> GeneratedKey {
        GeneratedKey {
            key_type,
            private_pem: pem::write("PRIVATE KEY", private.as_ref()),
            public_pem: pem::write("PUBLIC KEY", public.as_ref()),
        }
    }
}

impl fmt::Debug for GeneratedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedKey")
            .field("key_type", &self.key_type)
            .field("public_pem", &self.public_pem)
            .finish_non_exhaustive()
    }
}
