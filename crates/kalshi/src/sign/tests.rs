use aws_lc_rs::signature::{ED25519, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The third key of RFC 8032, section 7.1.
const SEED: &str = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
const PUBLIC: &str = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";

/// The same as PKCS#8, version 1: a fixed head, then the seed.
fn rfc_8032_pem() -> String {
    let mut der = hex("302e020100300506032b657004220420");
    der.extend(hex(SEED));
    pem::write("PRIVATE KEY", &der)
}

#[test]
fn ed25519_signs_as_rfc_8032_says() {
    let signer = Signer::from_pem("k", &rfc_8032_pem()).unwrap();
    assert_eq!(signer.key_type(), KeyType::Ed25519);
    let expected = hex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    assert_eq!(
        signer.sign_blocking(&[0xaf, 0x82]).unwrap(),
        STANDARD.encode(expected)
    );
    let public = pem::first_section(&signer.public_key_pem().unwrap()).unwrap();
    assert_eq!(
        public.der,
        [hex("302a300506032b6570032100"), hex(PUBLIC)].concat()
    );
}

#[test]
fn a_seed_gives_its_pair() {
    let seed: [u8; 32] = hex(SEED).try_into().unwrap();
    assert_eq!(
        GeneratedKey::ed25519_from_seed(&seed).unwrap().private_pem,
        rfc_8032_pem()
    );
}

#[test]
fn what_is_signed_is_time_method_and_path_without_query() {
    assert_eq!(
        message(1_763_700_000_123, "get", "/trade-api/v2/portfolio/orders?limit=5"),
        "1763700000123GET/trade-api/v2/portfolio/orders"
    );
}

#[tokio::test]
async fn headers_of_both_key_types_are_accepted_by_the_other_half_and_by_the_bare_algorithm() {
    for kind in [KeyType::Rsa, KeyType::Ed25519] {
        let pair = GeneratedKey::generate(kind).unwrap();
        let signer = Signer::from_pem("a-key", &pair.private_pem).unwrap();
        let headers = signer
            .headers(
                1_700_000_000_000,
                "DELETE",
                "/trade-api/v2/portfolio/events/orders",
            )
            .await
            .unwrap();
        assert_eq!(headers.key_id, "a-key");

        let text = b"1700000000000DELETE/trade-api/v2/portfolio/events/orders";
        let der = pem::first_section(&pair.public_pem).unwrap().der;
        let signature = STANDARD.decode(&headers.signature).unwrap();
        match kind {
            KeyType::Rsa => UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der)
                .verify(text, &signature)
                .unwrap(),
            // Bare Ed25519 takes the 32 bytes at the end of SPKI.
            KeyType::Ed25519 => UnparsedPublicKey::new(&ED25519, &der[12..])
                .verify(text, &signature)
                .unwrap(),
        }

        let verifier = Verifier::from_pem(&pair.public_pem).unwrap();
        assert_eq!(verifier.key_type(), kind);
        let path = "/trade-api/v2/portfolio/events/orders";
        verifier
            .verify_request(1_700_000_000_000, "DELETE", path, &headers.signature)
            .unwrap();
        for (time, method, path) in [
            (1_700_000_000_001, "DELETE", path),
            (1_700_000_000_000, "GET", path),
            (1_700_000_000_000, "DELETE", "/x"),
        ] {
            let refused = verifier.verify_request(time, method, path, &headers.signature);
            assert_eq!(refused, Err(VerifyError::Wrong));
        }
        assert_eq!(verifier.verify(text, "*"), Err(VerifyError::NotBase64));
    }
}

#[test]
fn a_signature_of_another_key_or_type_does_not_fit() {
    let rsa = GeneratedKey::generate(KeyType::Rsa).unwrap();
    let ed25519 = GeneratedKey::generate(KeyType::Ed25519).unwrap();
    let signature = Signer::from_pem("k", &ed25519.private_pem)
        .unwrap()
        .sign_blocking(b"text")
        .unwrap();
    for other in [
        &rsa.public_pem,
        &GeneratedKey::generate(KeyType::Ed25519).unwrap().public_pem,
    ] {
        let verifier = Verifier::from_pem(other).unwrap();
        assert_eq!(verifier.verify(b"text", &signature), Err(VerifyError::Wrong));
    }
}

#[test]
fn rsa_is_read_as_pkcs1_too() {
    let pair = GeneratedKey::generate(KeyType::Rsa).unwrap();
    // PKCS#8 and SPKI of a 2048-bit key carry PKCS#1 behind heads of fixed length.
    let private = pem::write(
        "RSA PRIVATE KEY",
        &pem::first_section(&pair.private_pem).unwrap().der[26..],
    );
    let public = pem::write(
        "RSA PUBLIC KEY",
        &pem::first_section(&pair.public_pem).unwrap().der[24..],
    );
    let signer = Signer::from_pem("k", &private).unwrap();
    assert_eq!(signer.public_key_pem().unwrap(), pair.public_pem);
    let signature = signer.sign_blocking(b"text").unwrap();
    Verifier::from_pem(&public)
        .unwrap()
        .verify(b"text", &signature)
        .unwrap();
}

#[test]
fn pem_with_windows_line_ends_and_text_around_is_read() {
    let pem = format!(
        "key of the demo account\r\n{}\r\n",
        rfc_8032_pem().replace('\n', "\r\n")
    );
    assert_eq!(Signer::from_pem("k", &pem).unwrap().key_type(), KeyType::Ed25519);
}

#[test]
fn what_is_no_usable_key_is_named() {
    let refuse = |pem: &str| Signer::from_pem("k", pem).unwrap_err();
    assert_eq!(refuse(""), KeyError::NotPem);
    assert_eq!(refuse("-----BEGIN PRIVATE KEY-----\nAAAA"), KeyError::NotPem);
    assert_eq!(
        refuse("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----"),
        KeyError::NotPem
    );
    assert_eq!(
        refuse(&pem::write("ENCRYPTED PRIVATE KEY", &[1])),
        KeyError::Encrypted
    );
    let old =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----";
    assert_eq!(refuse(old), KeyError::Encrypted);
    assert_eq!(
        refuse(&pem::write("RSA PRIVATE KEY", &[1])),
        KeyError::Rejected(KeyType::Rsa)
    );
    assert_eq!(refuse(&pem::write("PRIVATE KEY", &[1])), KeyError::Algorithm);
    let public = GeneratedKey::ed25519_from_seed(&[7; 32]).unwrap().public_pem;
    assert!(matches!(refuse(&public), KeyError::WrongSection { found, .. } if found == "PUBLIC KEY"));
    assert!(matches!(
        Verifier::from_pem(&rfc_8032_pem()),
        Err(KeyError::WrongSection { .. })
    ));
}

#[test]
fn no_private_key_is_printed() {
    let pair = GeneratedKey::ed25519_from_seed(&[7; 32]).unwrap();
    let secret = pair.private_pem.lines().nth(1).unwrap().to_owned();
    let signer = Signer::from_pem("a-key", &pair.private_pem).unwrap();
    assert!(!format!("{pair:?}").contains(&secret));
    assert_eq!(
        format!("{signer:?}"),
        r#"Signer { key_id: "a-key", key_type: Ed25519, .. }"#
    );
}

#[tokio::test]
async fn a_signature_is_never_printed() {
    let pair = GeneratedKey::ed25519_from_seed(&[7; 32]).unwrap();
    let signer = Signer::from_pem("a-key", &pair.private_pem).unwrap();
    let headers = signer.headers(5, "GET", "/trade-api/v2/markets").await.unwrap();
    assert_eq!(
        format!("{headers:?}"),
        r#"AuthHeaders { key_id: "a-key", timestamp_ms: 5, .. }"#
    );
}

/// Made with `openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32`, so that the padding is not only our
/// own opinion.
const OPENSSL_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9Sun9dhysqfYOl2RwaTB\n\
H5kedIYqN0jfveNL5qzh07yaHCBroKOxadf3mBn4wleKvnZrFme5yYicFs7NdGfe\n\
UEZL9WftAyc0zP4vi6sPlWF1tT1hXE1/HufsZOF3kYYq8uZR8nL5ysYmSpoYZHOH\n\
dUUtNB0QITY1km0wS8uxhTqopG+6VzddQ5Nhz1w2Ozr3fh54xAZnLZx8CnsTxO0e\n\
a/n28YsHKvExN9jUmyrNFnieE96tpAQ2oHMLs5gve7rfXwM3cm2+TUHg0DKlYxi/\n\
V6RZzLjfhNBzXtA7NME4r4dJDraLlHuXDK9WI69UzdnqXDVR79gfon+iJUPWWpb5\n\
CQIDAQAB\n\
-----END PUBLIC KEY-----";
const OPENSSL_SALT_32: &str = "RX5d0FMCRsEaqCVgo/eWfKA7gQPJnmsX6Kby96cgvtR3wrmIcJ5qHyjYvD5u/FzGC4h8GqKf+YpSV3PoUjY90S\
         pY4wIJ/pGKUkGq3YCUbmYhNUPldtKnJoYseQjhuZomzuYd9o6q/W7VkUkQQZ4HDjleqH6Y/AN+j/M5+hsdk6jh\
         xhU2Ab+U1937sfGzuT6toifusrx2tB6IQD2kavM+eXYh2RO91kz1z2yPp6XiFEF2yzMOCdjLhPoOZVq0IIMxAd\
         8WZYPfovFjGry6MsZbcOcUzfQNQ3O8TjP+sUkvjXNFV4oy37hN0NIT+Mvzw1E+JtI+PeDnY1wuhr7ip/0Lhw==";
/// The same with a salt of 20 bytes.
const OPENSSL_SALT_20: &str = "BvWqsECAV/sq6mF/+qc6VMwJrpJt9Cd6H9VjmHBscQ7/Sb2kU4doujwxw8d6TB15DNk/gAub3Xu+YZ3NWovWQF\
         OIu3XCGQFn/0+hzlYSN5Un+sEWwISkcWGw8rICVdkFzBL4X2GyDuhuPkh7ooKGrxXgBbAg2M61ReZHBlvC8NY/\
         nCLQYdm8mNS1yw2p9dhSgO+eDRxfPuROvwMUSQQ03L0skQBIavbXWRGemnpTbnKkOTi77LaQo9AdYlMOcpLN44\
         kreWnAJetCjabYhQMxqTu00DcjOKp8O2ElN9ZLJcYzmm9F8kmEZNO3FvwSGkTd7KYqJ4zHDmAzNURxWMU5VQ==";

#[test]
fn openssls_rsa_pss_is_accepted_with_a_salt_of_32_bytes_alone() {
    let verifier = Verifier::from_pem(OPENSSL_KEY).unwrap();
    let judge = |signature| {
        verifier.verify_request(
            1_700_000_000_000,
            "GET",
            "/trade-api/v2/portfolio/balance",
            signature,
        )
    };
    assert_eq!(judge(OPENSSL_SALT_32), Ok(()));
    assert_eq!(judge(OPENSSL_SALT_20), Err(VerifyError::Wrong));
}
