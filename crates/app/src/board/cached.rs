//! What we kept from before, for the time until the first sweep.

use std::sync::Arc;

use kmi_domain::{Price, Timestamp};
use kmi_kalshi::api;
use kmi_storage::{MarketRecord, MarketSnapshot};

use super::{Board, MarketState, Source};

impl Board {
    /// Takes markets from the database, each with its last snapshot, as far as they are not on the board yet. They count as stale until
    /// the exchange tells of them. `at` is when they were read, by our clock.
    pub fn take_cached(&self, markets: Vec<(MarketRecord, Option<MarketSnapshot>)>, at: Timestamp) {
        let (mut series, mut events) = (Vec::new(), Vec::new());
        for (record, _) in &markets {
            series.extend(record.series.as_ref().map(api::series::Series::from));
            events.extend(record.event.as_ref().map(api::event::Event::from));
        }
        {
            let _turn = self.write(at);
            let mut catalogue = self.inner.catalogue.write();
            for one in series {
                if catalogue.series(&one.ticker).is_none() {
                    catalogue.put_series(one);
                }
            }
            for event in events {
                if catalogue.event(&event.event_ticker).is_none() {
                    catalogue.put_event(event);
                }
            }
        }
        let _turn = self.write(at);
        for (record, snapshot) in markets {
            if self.market(&record.market.ticker).is_none() {
                let market = self.cache(&record, snapshot.as_ref());
                self.tell(Some(market));
            }
        }
    }

    fn cache(&self, record: &MarketRecord, snapshot: Option<&MarketSnapshot>) -> Arc<MarketState> {
        let mut body = api::market::Market::from(&record.market);
        if let Some(snapshot) = snapshot {
            put_quotes(&mut body, snapshot);
        }
        let told = snapshot.map(|snapshot| snapshot.time);
        let told = told.or(record.market.updated_time).or(record.market.open_time);
        self.join(body, told.unwrap_or(Timestamp::from_micros(0)), Source::Cache)
    }
}

fn put_quotes(body: &mut api::market::Market, snapshot: &MarketSnapshot) {
    body.set_quotes(
        snapshot
            .yes_bid
            .map(|bid| (bid, snapshot.yes_bid_size.unwrap_or_default())),
        snapshot
            .yes_ask
            .map(|ask| (ask, snapshot.yes_ask_size.unwrap_or_default())),
    );
    body.last_price_dollars = snapshot.last_price.unwrap_or(Price::ZERO);
    body.volume_fp = snapshot.volume.unwrap_or(body.volume_fp);
    body.open_interest_fp = snapshot.open_interest.unwrap_or(body.open_interest_fp);
}
