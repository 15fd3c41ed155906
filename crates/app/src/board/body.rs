//! What of a body moves all the time, and what is metadata.

use kmi_domain::{Money, Price, Quantity};
use kmi_kalshi::api::market::Market;

/// The fields of a body that move while a market trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moving {
    prices: [Price; 8],
    counts: [Quantity; 5],
    liquidity: Option<Money>,
}

impl Moving {
    /// Those of a body.
    pub(super) fn of(body: &Market) -> Moving {
        Moving {
            prices: [
                body.yes_bid_dollars,
                body.yes_ask_dollars,
                body.no_bid_dollars,
                body.no_ask_dollars,
                body.last_price_dollars,
                body.previous_yes_bid_dollars,
                body.previous_yes_ask_dollars,
                body.previous_price_dollars,
            ],
            counts: [
                body.yes_bid_size_fp,
                body.yes_ask_size_fp,
                body.volume_fp,
                body.volume_24h_fp,
                body.open_interest_fp,
            ],
            liquidity: body.liquidity_dollars,
        }
    }

    /// Writes them into a body.
    pub(super) fn put(self, body: &mut Market) {
        [
            body.yes_bid_dollars,
            body.yes_ask_dollars,
            body.no_bid_dollars,
            body.no_ask_dollars,
            body.last_price_dollars,
            body.previous_yes_bid_dollars,
            body.previous_yes_ask_dollars,
            body.previous_price_dollars,
        ] = self.prices;
        [
            body.yes_bid_size_fp,
            body.yes_ask_size_fp,
            body.volume_fp,
            body.volume_24h_fp,
            body.open_interest_fp,
        ] = self.counts;
        body.liquidity_dollars = self.liquidity;
    }
}

/// Whether two bodies differ in anything but what moves. `told` is the same afterwards.
pub(super) fn differ_in_metadata(known: &Market, told: &mut Market) -> bool {
    let moving = Moving::of(told);
    // Comparing whole bodies rather than field by field: a field added to them is metadata until it is said to move.
    Moving::of(known).put(told);
    let differ = known != told;
    moving.put(told);
    differ
}

/// Gives back room that is not used: bodies are kept for as long as their markets.
pub(super) fn compact(body: &mut Market) {
    body.price_ranges.shrink_to_fit();
    body.rules_primary.shrink_to_fit();
    body.mve_selected_legs.shrink_to_fit();
}
