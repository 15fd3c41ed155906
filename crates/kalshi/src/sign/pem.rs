//! PEM sections and what kind of key they hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KeyError, KeyType};

/// `rsaEncryption`, 1.2.840.113549.1.1.1, as it stands in DER.
const RSA_OID: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `id-Ed25519`, 1.3.101.112, as it stands in DER.
const ED25519_OID: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
/// The algorithm stands at the very start of PKCS#8 and SPKI alike, within lengths and version: 32 bytes hold it.
const ALGORITHM_WITHIN: usize = 32;

/// First section of a PEM file.
pub(super) struct Section {
    /// Text between `BEGIN` and the dashes.
    pub(super) label: String,
    /// What the base64 stands for.
    pub(super) der: Vec<u8>,
}

/// Reads the first section; text before and after is passed over, as are headers within it.
pub(super) fn first_section(pem: &str) -> Result<Section, KeyError> {
    let (_, rest) = pem.split_once("-----BEGIN ").ok_or(KeyError::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(KeyError::NotPem)?;
    let (body, _) = rest
        .split_once(&format!("-----END {label}-----"))
        .ok_or(KeyError::NotPem)?;
    // RFC 1421 headers (`Proc-Type: 4,ENCRYPTED`) mark the old form of a protected key.
    if label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    let base64: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(base64).map_err(|_| KeyError::NotPem)?;
    Ok(Section {
        label: label.to_owned(),
        der,
    })
}

/// Writes `der` as a section in lines of 64 characters.
pub(super) fn write(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// Algorithm named in a PKCS#8 private key or an SPKI public key.
pub(super) fn algorithm(der: &[u8]) -> Result<KeyType, KeyError> {
    let start = &der[..der.len().min(ALGORITHM_WITHIN)];
    let names = |oid: &[u8]| start.windows(oid.len()).any(|window| window == oid);
    match (names(RSA_OID), names(ED25519_OID)) {
        (true, _) => Ok(KeyType::Rsa),
        (false, true) => Ok(KeyType::Ed25519),
        (false, false) => Err(KeyError::Algorithm),
    }
}
