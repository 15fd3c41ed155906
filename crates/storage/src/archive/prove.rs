//! Certificates of recorded books, proved by replay.

use std::collections::BTreeMap;

use super::{Archive, ArchiveKind, BookReader, Finding, VerifyReport};
use crate::certifier::Certifier;
use crate::entity::archive_files;
use crate::{BookCertificate, CertificateQuery, StorageError, Store};

impl Store {
    /// Replays every recording that has certificates and whose files are sound.
    pub(super) async fn prove(
        &self,
        manifest: &[archive_files::Model],
        report: &mut VerifyReport,
    ) -> Result<(), StorageError> {
        let every = CertificateQuery {
            limit: u32::MAX,
            ..CertificateQuery::default()
        };
        let mut by_capture = BTreeMap::<String, Vec<BookCertificate>>::new();
        for certificate in self.certificates(&every).await? {
            let capture = certificate.capture.clone();
            by_capture.entry(capture).or_default().push(certificate);
        }
        let archive = &self.inner.archive;
        for (capture, certificates) in by_capture {
            let files = manifest
                .iter()
                .filter(|file| file.capture.as_ref() == Some(&capture));
            let files: Vec<&archive_files::Model> = files.collect();
            let first = files.first().map_or_else(
                || archive.file(ArchiveKind::Book.as_str()),
                |file| archive.file(&file.path),
            );
            let is_damaged = |file: &&archive_files::Model| {
                let path = archive.file(&file.path);
                report.damaged.iter().any(|finding| finding.file == path)
            };
            if files.iter().any(is_damaged) {
                continue;
            }
            let found = replay(archive, &capture, &files).await?;
            let wrong = disagreements(&certificates, &found);
            report.certificates += (certificates.len() as u64).saturating_sub(wrong.len() as u64);
            report.damaged.extend(wrong.into_iter().map(|reason| Finding {
                file: first.clone(),
                reason,
            }));
        }
        Ok(())
    }
}

/// What the rows of a recording come to.
async fn replay(
    archive: &Archive,
    capture: &str,
    files: &[&archive_files::Model],
) -> Result<Vec<BookCertificate>, StorageError> {
    let mut certifier = Certifier::default();
    for file in files {
        let bytes = archive.bytes(&file.path).await?;
        let replayed = tokio::task::spawn_blocking(move || {
            let mut reader = BookReader::new(bytes, None)?;
            while let Some(entry) = reader.next_entry()? {
                certifier.push(&entry);
            }
            Ok(certifier)
        });
        let replayed = replayed.await.map_err(|_| StorageError::Stopped)?;
        certifier = replayed.map_err(|source| StorageError::parquet(&archive.file(&file.path), source))?;
    }
    Ok(certifier.finish(capture, None))
}

/// Where certificates and a replay differ, in words.
fn disagreements(certificates: &[BookCertificate], found: &[BookCertificate]) -> Vec<String> {
    let key = |certificate: &BookCertificate| (certificate.ticker.clone(), certificate.hour);
    let mut found: BTreeMap<_, _> = found
        .iter()
        .map(|certificate| (key(certificate), certificate))
        .collect();
    let mut wrong = Vec::new();
    for certificate in certificates {
        let of = format!("certificate of {} at {}", certificate.ticker, certificate.hour);
        match found.remove(&key(certificate)) {
            None => wrong.push(format!("{of}: there are no rows of it")),
            Some(replayed) => {
                wrong.extend(difference(certificate, replayed).map(|what| format!("{of}: {what}")));
            }
        }
    }
    let uncertified = found.into_keys();
    wrong.extend(uncertified.map(|(ticker, hour)| format!("rows of {ticker} at {hour} have no certificate")));
    wrong
}

/// What a certificate says otherwise than the replay. It may say that recording went on after the last row.
fn difference(certificate: &BookCertificate, replayed: &BookCertificate) -> Option<String> {
    let seq = |seq: Option<u64>| seq.map_or("none".to_owned(), |seq| seq.to_string());
    let hash = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "lost".to_owned());
    let said = [
        ("first seq", seq(certificate.first_seq), seq(replayed.first_seq)),
        ("last seq", seq(certificate.last_seq), seq(replayed.last_seq)),
        (
            "frames",
            certificate.frames.to_string(),
            replayed.frames.to_string(),
        ),
        (
            "trades",
            certificate.trades.to_string(),
            replayed.trades.to_string(),
        ),
        ("gaps", certificate.gaps.to_string(), replayed.gaps.to_string()),
        ("book", hash(&certificate.book_hash), hash(&replayed.book_hash)),
        ("from", certificate.from.to_string(), replayed.from.to_string()),
        (
            "to",
            certificate.to.to_string(),
            certificate.to.max(replayed.to).to_string(),
        ),
    ];
    let differs = said.into_iter().find(|(_, said, found)| said != found);
    differs.map(|(what, said, found)| format!("{what} is {found}, not {said}"))
}

#[cfg(test)]
mod tests {
    use kmi_domain::Timestamp;

    use super::*;

    fn certificate() -> BookCertificate {
        BookCertificate {
            ticker: "A-1".parse().unwrap(),
            hour: Timestamp::from_seconds(3_600),
            capture: "c".to_owned(),
            from: Timestamp::from_seconds(3_601),
            to: Timestamp::from_seconds(3_900),
            first_seq: Some(1),
            last_seq: Some(9),
            frames: 9,
            trades: 2,
            gaps: 0,
            book_hash: Some("ab".to_owned()),
        }
    }

    #[test]
    fn what_a_replay_says_otherwise_is_named() {
        let said = certificate();
        let wrong = |found: BookCertificate| disagreements(&[certificate()], &[found]);
        assert_eq!(wrong(said.clone()), Vec::<String>::new());
        let shorter = BookCertificate {
            to: Timestamp::from_seconds(3_800),
            ..said.clone()
        };
        assert_eq!(wrong(shorter), Vec::<String>::new(), "it was quiet at the end");
        let of = "certificate of A-1 at 1970-01-01T01:00:00Z";
        let lost = BookCertificate {
            last_seq: None,
            ..said.clone()
        };
        assert_eq!(wrong(lost), [format!("{of}: last seq is none, not 9")]);
        let other = BookCertificate {
            book_hash: None,
            ..said.clone()
        };
        assert_eq!(wrong(other), [format!("{of}: book is lost, not ab")]);
        let later = BookCertificate {
            to: Timestamp::from_seconds(4_000),
            ..said.clone()
        };
        assert_eq!(wrong(later).len(), 1, "rows after the end");
        assert_eq!(
            disagreements(&[], &[said]),
            ["rows of A-1 at 1970-01-01T01:00:00Z have no certificate"]
        );
        assert_eq!(
            disagreements(&[certificate()], &[]),
            [format!("{of}: there are no rows of it")]
        );
    }
}
