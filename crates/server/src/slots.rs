//! Room for streams: [`Slots`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::error::ApiError;

/// Counts event streams and relay sockets, in all and by address.
#[derive(Debug)]
pub(crate) struct Slots {
    most: usize,
    most_per_address: usize,
    taken: Arc<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: AtomicUsize,
    by_address: Mutex<BTreeMap<IpAddr, usize>>,
}

/// Room for one stream, as long as it lives.
#[derive(Debug)]
pub(crate) struct Slot {
    taken: Arc<Taken>,
    address: IpAddr,
    kind: &'static str,
}

impl Slots {
    pub(crate) fn new(most: usize, most_per_address: usize) -> Slots {
        Slots {
            most,
            most_per_address,
            taken: Arc::default(),
        }
    }

    /// Room for a stream of an address. `kind` (`sse`, `relay`) names it in the metrics.
    pub(crate) fn take(&self, address: IpAddr, kind: &'static str) -> Result<Slot, ApiError> {
        let mut by_address = self.taken.by_address.lock();
        let of_address = by_address.get(&address).copied().unwrap_or(0);
        if self.taken.all.load(Ordering::Relaxed) >= self.most {
            return Err(ApiError::too_many(
                "no more streams: the server has as many as it takes",
                10,
            ));
        }
        if of_address >= self.most_per_address {
            return Err(ApiError::too_many(
                "no more streams: this address has as many as one may have",
                10,
            ));
        }
        by_address.insert(address, of_address + 1);
        self.taken.all.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("kmi_streams", "kind" => kind).increment(1.0);
        Ok(Slot {
            taken: Arc::clone(&self.taken),
            address,
            kind,
        })
    }

    /// Waits until all streams have ended, or the deadline.
    pub(crate) async fn emptied(&self, deadline: Instant) {
        while self.taken.all.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut by_address = self.taken.by_address.lock();
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
        self.taken.all.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("kmi_streams", "kind" => self.kind).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_bounded_by_address_and_in_all_and_room_comes_back() {
        let slots = Slots::new(3, 2);
        let [a, b, c]: [IpAddr; 3] = ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map(|ip| ip.parse().unwrap());
        let first = slots.take(a, "sse").unwrap();
        let _second = slots.take(a, "relay").unwrap();

        assert!(slots.take(a, "sse").is_err());
        let _third = slots.take(b, "sse").unwrap();
        assert!(slots.take(c, "sse").is_err());

        drop(first);
        assert!(slots.take(c, "sse").is_ok());
        assert!(slots.take(a, "sse").is_ok());
    }
}
