//! Messages as a recording has them: [`change`].

use kmi_domain::Timestamp;
use kmi_kalshi::ws::Body;
use kmi_storage::BookChange;

/// What a message does to a book, or to its tape, and when the exchange says that was; `None` for other messages.
pub(super) fn change(body: &Body) -> Option<(Option<Timestamp>, BookChange)> {
    Some(match body {
        Body::OrderbookSnapshot(snapshot) => {
            let change = BookChange::Snapshot {
                yes: snapshot.yes_dollars_fp.clone(),
                no: snapshot.no_dollars_fp.clone(),
            };
            (None, change)
        }
        Body::OrderbookDelta(delta) => {
            let change = BookChange::Delta {
                side: delta.side,
                price: delta.price_dollars,
                quantity: delta.delta_fp,
            };
            (delta.ts_ms, change)
        }
        Body::Trade(trade) => {
            let change = BookChange::Trade {
                id: trade.trade_id.clone(),
                yes_price: trade.yes_price_dollars,
                quantity: trade.count_fp,
                taker: trade.taker_outcome_side,
                is_block: trade.is_block_trade,
            };
            (Some(trade.ts_ms), change)
        }
        _ => return None,
    })
}
