//! Books and public trades.

use kmi_domain::matching::MarketId;
use kmi_domain::{Level, PublicTrade};
use kmi_kalshi::api::orderbook::{MarketOrderbook, OrderbookSides};
use kmi_kalshi::api::trade::{Trade, TradesPage};

use super::{Views, parts};
use crate::core::TradeRecord;
use crate::records::PageRequest;
use crate::records::query::TradeFilter;

impl Views<'_> {
    /// The bids for YES and for NO, the best last. `depth` best levels of each, all for 0.
    pub fn book(&self, market: MarketId, depth: usize) -> OrderbookSides {
        let depth = if depth == 0 { usize::MAX } else { depth };
        let mut yes_dollars: Vec<Level> = self.exchange.bids(market).take(depth).collect();
        let no_bid = |ask: Level| Level {
            price: ask.price.complement(),
            quantity: ask.quantity,
        };
        let mut no_dollars: Vec<Level> = self.exchange.asks(market).take(depth).map(no_bid).collect();
        yes_dollars.reverse();
        no_dollars.reverse();
        OrderbookSides {
            yes_dollars,
            no_dollars,
        }
    }

    /// The whole book of one of several markets.
    pub fn named_book(&self, market: MarketId) -> MarketOrderbook {
        MarketOrderbook {
            ticker: self.ticker_of(market).clone(),
            orderbook_fp: self.book(market, 0),
        }
    }

    /// A public trade. Block trades are not simulated.
    pub fn trade(&self, trade: &TradeRecord) -> Trade {
        Trade::from(&PublicTrade {
            id: self.trade_id(trade),
            ticker: self.ticker_of(trade.market).clone(),
            time: trade.time,
            yes_price: trade.price,
            quantity: trade.quantity,
            taker: trade.taker_side.outcome(),
            is_block: false,
        })
    }

    /// `GET /markets/trades` and `GET /historical/trades`, newest first.
    pub fn trades(&self, filter: &TradeFilter, page: &PageRequest) -> TradesPage {
        let page = self.records.trades(self.now, filter, page);
        let (trades, cursor) = parts(page.map(|trade| self.trade(trade)));
        TradesPage { trades, cursor }
    }
}
