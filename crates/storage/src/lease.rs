//! What only one process may do at a time: [`Lease`].
//!
//! A lease is a row with an end. Whoever holds it renews it in time; when it was not renewed, another may take it, which
//! raises its epoch. Writers name the epoch they work under ([`Fence`]), so that one who slept through the end of its
//! lease cannot write once another has taken over.

use std::time::Duration;

use kmi_domain::Timestamp;

use crate::entity::leases;
use crate::row::{Table, Value};
use crate::session::Session;
use crate::{StorageError, Store};

/// A lease as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is about.
    pub name: String,
    /// Who holds it: a name that no other process, past or present, goes by.
    pub holder: String,
    /// Counts takeovers from 1; no two holders ever work under the same.
    pub epoch: i64,
    /// When the holder got it.
    pub acquired: Timestamp,
    /// First instant another may take it.
    pub expires: Timestamp,
}

impl Lease {
    /// Proof for writes done under it.
    pub fn fence(&self) -> Fence {
        Fence {
            lease: self.name.clone(),
            epoch: self.epoch,
        }
    }
}

/// Under which lease a write is done; it is refused when the lease has passed on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fence {
    /// Name of the lease.
    pub lease: String,
    /// Its epoch.
    pub epoch: i64,
}

const LEASES: Table = leases::Model::TABLE;

impl Store {
    /// Takes a lease that nobody holds, or whose end has come; `None` while another holds it, or the same holder does
    /// already. `expires` is `now + ttl`. The clocks of those who share a lease may differ by less than `ttl` less the
    /// pause between two renewals.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>, StorageError> {
        let expires = now.plus(ttl);
        // One statement, so that of two who try at once the later finds the row as the first left it.
        let sql = "INSERT INTO leases (name, holder, epoch, acquired, expires) VALUES ($1, $2, 1, $3, $4) \
                   ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = leases.epoch + 1, \
                   acquired = excluded.acquired, expires = excluded.expires \
                   WHERE leases.expires IS NULL OR leases.expires <= excluded.acquired RETURNING epoch";
        let values = vec![
            Value::from(name),
            Value::from(holder),
            Value::Int(now.micros()),
            Value::Int(expires.micros()),
        ];
        let taken = self.single(sql, values).await?;
        let Some(mut row) = taken.into_rows().next() else {
            return Ok(None);
        };
        Ok(Some(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            epoch: row.take()?,
            acquired: now,
            expires,
        }))
    }

    /// Moves the end of a lease to `now + ttl`. False when it has passed on or was released: then it is lost for good.
    /// One whose end has come but that nobody took is renewed.
    ///
    /// # Errors
    /// When the database does not answer; the lease may then have been renewed or not.
    pub async fn renew_lease(
        &self,
        lease: &Lease,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE leases SET expires = $1 \
                   WHERE name = $2 AND epoch = $3 AND expires IS NOT NULL RETURNING epoch";
        let values = vec![
            Value::Int(now.plus(ttl).micros()),
            Value::from(lease.name.as_str()),
            Value::Int(lease.epoch),
        ];
        Ok(!self.single(sql, values).await?.is_empty())
    }

    /// Gives a lease back, so that another may take it at once. One that has passed on is left alone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StorageError> {
        let sql = "UPDATE leases SET expires = NULL WHERE name = $1 AND epoch = $2 RETURNING epoch";
        let values = vec![Value::from(lease.name.as_str()), Value::Int(lease.epoch)];
        self.single(sql, values).await.map(drop)
    }

    /// The lease of a name as its holder has it, its end perhaps past; `None` when it was never taken, or released.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lease(&self, name: &str) -> Result<Option<Lease>, StorageError> {
        let sql = format!("SELECT {} FROM leases WHERE name = $1", LEASES.column_list());
        let found = self.reader().await?.query(&sql, vec![Value::from(name)]).await?;
        let Some(mut row) = found.into_rows().next() else {
            return Ok(None);
        };
        let row = leases::Model::from_fields(&mut row)?;
        Ok(row.expires.map(|expires| Lease {
            name: row.name,
            holder: row.holder,
            epoch: row.epoch,
            acquired: Timestamp::from_micros(row.acquired),
            expires: Timestamp::from_micros(expires),
        }))
    }
}

/// Fails unless the lease is still that of the fence; holds takeovers back until the transaction ends.
pub(crate) async fn check(session: &mut Session, fence: &Fence) -> Result<(), StorageError> {
    let lock = match session {
        // It is the only writer there is.
        Session::Sqlite(_) => "",
        Session::Postgres(_) => " FOR SHARE",
    };
    let sql =
        format!("SELECT epoch FROM leases WHERE name = $1 AND epoch = $2 AND expires IS NOT NULL{lock}");
    let values = vec![Value::from(fence.lease.as_str()), Value::Int(fence.epoch)];
    if session.query(&sql, values).await?.is_empty() {
        return Err(StorageError::LeaseLost {
            lease: fence.lease.clone(),
            epoch: fence.epoch,
        });
    }
    Ok(())
}
