//! What a recording of books says of itself: [`BookCertificate`], [`book_hash`].

use kmi_domain::book::OrderBook;
use kmi_domain::{Side, Ticker, Timestamp};

use crate::catalogue::parse;
use crate::entity::book_certificates;
use crate::row::{Rows, Table, Value};
use crate::session::Session;
use crate::{Completeness, StorageError, Store};

/// Hash of a book: BLAKE3, as lower-case hex, over its levels, YES before NO, each side by ascending price; a level is a
/// byte for the side (0 YES, 1 NO), two for the price in $0.0001 and eight for the quantity in 0.01 contract, the low
/// byte first. An empty book hashes nothing.
pub fn book_hash(book: &OrderBook) -> String {
    let mut hasher = blake3::Hasher::new();
    for (side, byte) in [(Side::Yes, 0_u8), (Side::No, 1)] {
        let mut levels: Vec<_> = book.levels(side).collect();
        levels.sort_unstable_by_key(|level| level.price);
        for level in levels {
            hasher.update(&[byte]);
            hasher.update(&level.price.units().to_le_bytes());
            hasher.update(&level.quantity.units().to_le_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// What a recording says of one market in one hour; a replay of the rows archived must come to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookCertificate {
    /// Market.
    pub ticker: Ticker,
    /// Start of the hour, by time of receipt.
    pub hour: Timestamp,
    /// Hash that names the recording.
    pub capture: String,
    /// When the first frame or trade of the market in this hour was received.
    pub from: Timestamp,
    /// Until when it was recorded, within the hour.
    pub to: Timestamp,
    /// Sequence number of the first book frame that has one.
    pub first_seq: Option<u64>,
    /// Sequence number of the last.
    pub last_seq: Option<u64>,
    /// Book frames: snapshots and deltas.
    pub frames: u64,
    /// Trades.
    pub trades: u64,
    /// Times the book was lost: frames were missing, out of order, or took away what was not there.
    pub gaps: u64,
    /// [`book_hash`] at the end; `None` where the book was lost then.
    pub book_hash: Option<String>,
}

impl BookCertificate {
    /// Whether every change of the book between `from` and `to` was recorded.
    pub fn completeness(&self) -> Completeness {
        if self.gaps == 0 && self.book_hash.is_some() {
            Completeness::Complete
        } else {
            Completeness::Filtered
        }
    }
}

impl From<&BookCertificate> for book_certificates::Model {
    fn from(certificate: &BookCertificate) -> book_certificates::Model {
        book_certificates::Model {
            ticker: certificate.ticker.as_str().to_owned(),
            hour: certificate.hour.micros(),
            capture: certificate.capture.clone(),
            from_time: certificate.from.micros(),
            to_time: certificate.to.micros(),
            first_seq: certificate.first_seq.map(u64::cast_signed),
            last_seq: certificate.last_seq.map(u64::cast_signed),
            frames: certificate.frames.cast_signed(),
            trades: certificate.trades.cast_signed(),
            gaps: certificate.gaps.cast_signed(),
            book_hash: certificate.book_hash.clone(),
        }
    }
}

impl TryFrom<book_certificates::Model> for BookCertificate {
    type Error = StorageError;
    fn try_from(row: book_certificates::Model) -> Result<BookCertificate, StorageError> {
        Ok(BookCertificate {
            ticker: parse("book_certificates", &row.ticker)?,
            hour: Timestamp::from_micros(row.hour),
            capture: row.capture,
            from: Timestamp::from_micros(row.from_time),
            to: Timestamp::from_micros(row.to_time),
            first_seq: row.first_seq.map(i64::cast_unsigned),
            last_seq: row.last_seq.map(i64::cast_unsigned),
            frames: row.frames.cast_unsigned(),
            trades: row.trades.cast_unsigned(),
            gaps: row.gaps.cast_unsigned(),
            book_hash: row.book_hash,
        })
    }
}

/// Which certificates to read; every condition must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateQuery {
    /// Only of this market.
    pub ticker: Option<Ticker>,
    /// Only of this recording.
    pub capture: Option<String>,
    /// First start of an hour wanted.
    pub from: Option<Timestamp>,
    /// First start of an hour no longer wanted.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

impl Default for CertificateQuery {
    /// All certificates, the latest hundred.
    fn default() -> CertificateQuery {
        CertificateQuery {
            ticker: None,
            capture: None,
            from: None,
            to: None,
            limit: 100,
        }
    }
}

const CERTIFICATES: Table = book_certificates::Model::TABLE;

impl Store {
    /// Keeps a certificate, in the place of one of the same market, hour and recording.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_certificate(&self, certificate: &BookCertificate) -> Result<(), StorageError> {
        let mut session = self.short_writer().await?;
        put(&mut session, std::slice::from_ref(certificate)).await?;
        session.commit().await
    }

    /// Certificates, the latest hour first, within an hour by ticker.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn certificates(&self, query: &CertificateQuery) -> Result<Vec<BookCertificate>, StorageError> {
        let sql = format!(
            "SELECT {} FROM book_certificates WHERE ($1 = '' OR ticker = $1) AND ($2 = '' OR capture = $2) \
             AND hour >= $3 AND hour < $4 ORDER BY hour DESC, ticker, capture LIMIT $5",
            CERTIFICATES.column_list()
        );
        let values = vec![
            Value::from(query.ticker.as_ref().map_or("", Ticker::as_str)),
            Value::from(query.capture.as_deref().unwrap_or_default()),
            Value::Int(query.from.map_or(i64::MIN, Timestamp::micros)),
            Value::Int(query.to.map_or(i64::MAX, Timestamp::micros)),
            Value::Int(i64::from(query.limit)),
        ];
        let rows = self.reader().await?.query(&sql, values).await?.into_rows();
        rows.map(|mut row| BookCertificate::try_from(book_certificates::Model::from_fields(&mut row)?))
            .collect()
    }
}

/// Keeps certificates.
pub(crate) async fn put(session: &mut Session, certificates: &[BookCertificate]) -> Result<(), StorageError> {
    let mut rows = Rows::with_capacity(CERTIFICATES.columns.len(), certificates.len());
    for certificate in certificates {
        rows.push(book_certificates::Model::from(certificate).into_values());
    }
    session.upsert(&CERTIFICATES, rows).await
}

#[cfg(test)]
mod tests {
    use kmi_domain::{Level, Quantity};

    use super::*;

    fn level(price: &str, contracts: i32) -> Level {
        Level {
            price: price.parse().unwrap(),
            quantity: Quantity::from_contracts(contracts),
        }
    }

    #[test]
    fn a_hash_is_of_the_levels_in_a_stated_order() {
        let mut book = OrderBook::new();
        assert_eq!(book_hash(&book), blake3::hash(b"").to_hex().as_str());
        book.replace(
            [level("0.41", 2), level("0.40", 1)].into_iter(),
            [level("0.5", 3)].into_iter(),
        );
        let bytes = [
            &[0_u8, 0xa0, 0x0f, 100, 0, 0, 0, 0, 0, 0, 0][..],
            &[0, 0x04, 0x10, 200, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0x88, 0x13, 0x2c, 1, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(book_hash(&book), blake3::hash(&bytes.concat()).to_hex().as_str());
    }
}
