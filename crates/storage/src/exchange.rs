//! Which exchange a database belongs to: [`Store::claim_exchange`].

use crate::row::Value;
use crate::{StorageError, Store};

impl Store {
    /// Makes the database that of one exchange: `simulator:SEED`, `demo`, `prod`, or the host of any other. The first
    /// claim is kept for good; the same claim again changes nothing.
    ///
    /// # Errors
    /// [`StorageError::OtherExchange`] when it belongs to another; nothing of that other one may be mixed in.
    pub async fn claim_exchange(&self, identity: &str) -> Result<(), StorageError> {
        let claim = "INSERT INTO meta (key, value) VALUES ('exchange', $1) ON CONFLICT DO NOTHING";
        let mut session = self.short_writer().await?;
        session.execute(claim, vec![Value::from(identity)]).await?;
        let found = session
            .query("SELECT value FROM meta WHERE key = 'exchange'", vec![])
            .await?;
        session.commit().await?;
        let found: String = match found.into_rows().next() {
            Some(mut row) => row.take()?,
            None => return Err(crate::row::damaged("meta", "the exchange was not kept")),
        };
        if found == identity {
            return Ok(());
        }
        Err(StorageError::OtherExchange {
            what: self.name().to_owned(),
            found,
            wanted: identity.to_owned(),
        })
    }

    /// The exchange it belongs to, as it was claimed; `None` before any live source was opened on it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn exchange(&self) -> Result<Option<String>, StorageError> {
        self.meta("exchange").await
    }
}
