//! Entropy, drawn from the system at this edge and handed down.

use anyhow::{Result, anyhow};

/// Thirty-two bytes nobody can guess.
///
/// # Errors
/// When the system gives none.
pub(crate) fn draw() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("the system gives no randomness"))?;
    Ok(bytes)
}

/// A seed for the chance in waiting times.
///
/// # Errors
/// As for [`draw`].
pub(crate) fn seed() -> Result<u64> {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&draw()?[..8]);
    Ok(u64::from_le_bytes(bytes))
}
