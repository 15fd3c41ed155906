//! Which captures a result rests on.

use kmi_domain::Ticker;
use kmi_storage::{CaptureRecord, StorageError, Store};

/// Captures that hold any market wanted, oldest first.
pub(crate) async fn of_markets(
    store: &Store,
    wanted: impl Fn(&Ticker) -> bool,
) -> Result<Vec<CaptureRecord>, StorageError> {
    let mut captures = store.captures().await?;
    captures.retain(|capture| capture.tickers.iter().any(&wanted));
    Ok(captures)
}

/// File names of captures, for people.
pub(crate) fn names(captures: &[&CaptureRecord]) -> Vec<String> {
    captures
        .iter()
        .map(|capture| capture.path.rsplit('/').next().unwrap_or_default().to_owned())
        .collect()
}
