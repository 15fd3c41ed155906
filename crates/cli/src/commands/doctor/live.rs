//! What `kmi doctor` says of the live half: whose the database is, who polls, what waits, and whether the exchange answers.

use std::time::Instant;

use kmi_storage::{StorageError, Store, StoreLocation};

use super::{Check, bad, good};
use crate::commands::now;
use crate::config::Config;
use crate::live::followed::Followed;
use crate::live::spool;
use crate::output;

/// Name of the poller's lease.
const LEASE: &str = "poller";

/// Which exchange the database was claimed for.
pub(super) async fn belongs_to(store: &Store) -> Result<String, StorageError> {
    let exchange = store.exchange().await?;
    Ok(exchange.unwrap_or_else(|| "no exchange yet: nothing live was ever kept".to_owned()))
}

/// Who polls.
pub(super) async fn poller(store: &Store) -> Result<String, StorageError> {
    let Some(lease) = store.lease(LEASE).await? else {
        return Ok("nobody polls".to_owned());
    };
    let state = if lease.expires > now() {
        "polls"
    } else {
        "polled, until it stopped renewing its lease"
    };
    Ok(format!(
        "{} {state} (epoch {}, until {})",
        lease.holder, lease.epoch, lease.expires
    ))
}

/// What waits for a database that was out.
pub(super) fn spooled(location: &StoreLocation) -> String {
    match spool::bytes_waiting(&location.data_dir) {
        0 => "nothing waits".to_owned(),
        bytes => format!(
            "{} bytes wait to be written by the next that starts",
            output::count(bytes)
        ),
    }
}

/// Whether the exchange answers, and takes the key; nothing is asked where none is configured.
pub(super) async fn exchange(config: &Config) -> Vec<Check> {
    if config.exchange.rest_url.is_none() {
        return Vec::new();
    }
    let asked = async {
        let followed = Followed::of(config)?;
        let clients = followed.clients(Followed::tcp(), 0)?;
        Ok::<_, anyhow::Error>((followed, clients))
    };
    let (followed, clients) = match asked.await {
        Ok(made) => made,
        Err(error) => return vec![bad("exchange", &error)],
    };
    let began = Instant::now();
    let mut checks = vec![match clients.rest.exchange_status().await {
        Ok(status) => {
            let word = |is_so: bool, word: &str| format!("{}{word}", if is_so { "" } else { "not " });
            let detail = format!(
                "{}: {}, {}, answered in {} ms",
                followed.address.place,
                word(status.exchange_active, "open"),
                word(status.trading_active, "trading"),
                began.elapsed().as_millis(),
            );
            good("exchange", detail)
        }
        Err(error) => bad("exchange", &error.into()),
    }];
    if followed.has_key() {
        checks.push(match clients.rest.refresh_limits().await {
            // A signature holds for seconds only, so an accepted key says that the clocks agree.
            Ok(limits) => good(
                "key",
                format!(
                    "accepted, clocks agree; {} tokens a second to read",
                    limits.read.refill_rate
                ),
            ),
            Err(error) => bad("key", &error.into()),
        });
    }
    checks
}
