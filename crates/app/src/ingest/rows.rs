//! What the exchange says, as rows to keep.

use kmi_domain::{Market, Timestamp};
use kmi_kalshi::api;
use kmi_storage::{MarketSnapshot, SnapshotSource};

use crate::board::{MarketState, Quote};

/// Quotes of a market as they stand.
pub(super) fn snapshot(market: &MarketState, source: SnapshotSource) -> MarketSnapshot {
    of_quote(&market.body.ticker, &market.quote, market.as_of, source)
}

/// Quotes of a market as a body has them.
pub(super) fn snapshot_of_body(body: &api::market::Market, at: Timestamp) -> MarketSnapshot {
    of_quote(&body.ticker, &Quote::of_body(body), at, SnapshotSource::Poll)
}

fn of_quote(
    ticker: &kmi_domain::Ticker,
    quote: &Quote,
    time: Timestamp,
    source: SnapshotSource,
) -> MarketSnapshot {
    MarketSnapshot {
        ticker: ticker.clone(),
        time,
        source,
        sequence: None,
        yes_bid: quote.yes_bid,
        yes_ask: quote.yes_ask,
        yes_bid_size: Some(quote.yes_bid_size),
        yes_ask_size: Some(quote.yes_ask_size),
        last_price: quote.last_price,
        volume: Some(quote.volume),
        open_interest: Some(quote.open_interest),
    }
}

/// A market with its JSON; `None` when it says something this program does not know, which is told.
pub(super) fn metadata(body: &api::market::Market) -> Option<(Market, String)> {
    match body.to_domain() {
        Ok(market) => Some((market, serde_json::to_string(body).ok()?)),
        Err(error) => {
            tracing::warn!(ticker = %body.ticker, %error, "a market is shown but not kept");
            None
        }
    }
}
