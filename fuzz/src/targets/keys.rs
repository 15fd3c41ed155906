use kmi_kalshi::sign::{Signer, Verifier};

use crate::{by_place, refused};

/// Lines of PEM are joined by `|` in the seeds, because seeds are lines.
pub(super) fn run(input: &[u8]) -> Vec<u64> {
    let pem = String::from_utf8_lossy(input).replace('|', "\n");
    let signer = match Signer::from_pem("a-key", &pem) {
        Ok(signer) => {
            let public = signer
                .public_key_pem()
                .expect("a key that was read has a public half");
            let verifier = Verifier::from_pem(&public).expect("our own PEM is read");
            let signature = signer.sign_blocking(b"text").expect("a key that was read signs");
            verifier.verify(b"text", &signature).expect("its signature fits");
            refused(&format!("{:?}", signer.key_type()))
        }
        Err(error) => refused(&error.to_string()),
    };
    let verifier = match Verifier::from_pem(&pem) {
        Ok(verifier) => {
            assert!(verifier.verify(b"text", "AAAA").is_err());
            refused(&format!("{:?}", verifier.key_type()))
        }
        Err(error) => refused(&error.to_string()),
    };
    by_place([signer, verifier])
}
