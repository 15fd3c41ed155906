//! Markets as JSON, encoded once for each change: [`Fragments`].

use std::sync::Arc;

use kmi_app::board::MarketState;
use kmi_domain::{MarketStatus, Timestamp};
use parking_lot::{Mutex, RwLock};

use crate::view::market;

/// The last encoding of each market, by its number on the board: about 700 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    kept: RwLock<Vec<Mutex<Option<Fragment>>>>,
}

/// What is said of a market, without how old it is.
#[derive(Clone, Debug)]
struct Fragment {
    version: u64,
    /// Opening and closing are not told, they just come to pass.
    status: MarketStatus,
    json: Arc<[u8]>,
}

impl Fragments {
    /// The JSON of a market without its age.
    pub(crate) fn of(&self, market: &MarketState, now: Timestamp) -> Arc<[u8]> {
        let place = market.id.place();
        let kept = self.kept.read();
        if let Some(slot) = kept.get(place) {
            return encoded(&mut slot.lock(), market, now);
        }
        drop(kept);
        let mut kept = self.kept.write();
        while kept.len() <= place {
            kept.push(Mutex::new(None));
        }
        encoded(&mut kept[place].lock(), market, now)
    }
}

fn encoded(slot: &mut Option<Fragment>, market: &MarketState, now: Timestamp) -> Arc<[u8]> {
    let status = market.status(now);
    if let Some(fragment) = slot
        && fragment.version == market.version
        && fragment.status == status
    {
        return Arc::clone(&fragment.json);
    }
    let json: Arc<[u8]> = market::told(market, now).into();
    // A reader with an older state in hand must not put it in place of a newer one.
    if slot.as_ref().is_none_or(|kept| kept.version <= market.version) {
        *slot = Some(Fragment {
            version: market.version,
            status,
            json: Arc::clone(&json),
        });
    }
    json
}
