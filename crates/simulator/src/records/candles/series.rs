//! Candles of one length: quotes and trades are kept apart, because most candles have no trade.

use kmi_domain::matching::MarketId;
use kmi_domain::{Money, Ohlc, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::Candlestick;
use super::period::{self, Period};
use super::sparse::{Bar, Sparse, UpTo};
use crate::core::TradeRecord;
use crate::records::board::Touch;
use crate::records::limits::CandleLimits;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Series {
    period: Period,
    /// One for each candle.
    quotes: Sparse<QuoteBar>,
    /// One for each candle with trades.
    trades: Sparse<TradeBar>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct QuoteBar {
    end: u32,
    bid: Ohlc,
    ask: Ohlc,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct TradeBar {
    end: u32,
    price: Ohlc,
    volume: Quantity,
    notional: Money,
    open_interest: Quantity,
}

impl Bar for QuoteBar {
    fn end(&self) -> u32 {
        self.end
    }
}

impl Bar for TradeBar {
    fn end(&self) -> u32 {
        self.end
    }
}

impl QuoteBar {
    fn close(&self) -> Touch {
        Touch {
            bid: self.bid.close,
            ask: self.ask.close,
        }
    }
}

impl Series {
    pub(super) const fn new(period: Period, limits: CandleLimits) -> Series {
        Series {
            period,
            quotes: Sparse::new(limits),
            trades: Sparse::new(limits),
        }
    }

    /// A period opens at the best prices it inherits.
    pub(super) fn quote(&mut self, now: Timestamp, market: MarketId, before: Touch, after: Touch) {
        let end = self.period.end_of(now);
        let bar = self.quotes.at(market, end, || QuoteBar {
            end,
            bid: flat(before.bid),
            ask: flat(before.ask),
        });
        extend(&mut bar.bid, after.bid);
        extend(&mut bar.ask, after.ask);
    }

    pub(super) fn trade(&mut self, trade: &TradeRecord, open_interest: Quantity) {
        let end = self.period.end_of(trade.time);
        let bar = self.trades.at(trade.market, end, || TradeBar {
            end,
            price: flat(trade.price),
            volume: Quantity::ZERO,
            notional: Money::ZERO,
            open_interest,
        });
        extend(&mut bar.price, trade.price);
        bar.volume = bar.volume.saturating_add(trade.quantity);
        bar.notional = bar.notional.saturating_add(trade.price * trade.quantity);
        bar.open_interest = open_interest;
    }

    pub(super) fn between(
        &self,
        market: MarketId,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Iterator<Item = Candlestick> {
        let from = Period::Minute.end_of(start);
        self.quotes
            .between(market, from, period::minute_before(end))
            .map(move |quote| self.candle(market, quote))
    }

    fn candle(&self, market: MarketId, quote: &QuoteBar) -> Candlestick {
        let trades = self.trades.between(market, quote.end, quote.end).next();
        let before = self.trade_up_to(market, quote.end.saturating_sub(1));
        Candlestick {
            end: period::instant(quote.end),
            yes_bid: quote.bid,
            yes_ask: quote.ask,
            price: trades.map(|bar| bar.price),
            mean: trades.map(mean),
            previous: before.map(|bar| bar.price.close),
            volume: trades.map_or(Quantity::ZERO, |bar| bar.volume),
            open_interest: trades
                .copied()
                .or(before)
                .map_or(Quantity::ZERO, |bar| bar.open_interest),
        }
    }

    fn trade_up_to(&self, market: MarketId, minute: u32) -> Option<TradeBar> {
        self.trades.up_to(market, minute).known()
    }

    /// Nothing happens in it: quotes flat, no prices, `previous` the last trade before.
    pub(super) fn latest_before(&self, market: MarketId, start: Timestamp) -> Option<Candlestick> {
        let from = Period::Minute.end_of(start);
        let quote = self.quotes.up_to(market, from.saturating_sub(1)).known()?;
        let touch = quote.close();
        let before = self.trade_up_to(market, quote.end);
        Some(Candlestick {
            end: period::instant(self.period.end_of(start)),
            yes_bid: flat(touch.bid),
            yes_ask: flat(touch.ask),
            price: None,
            mean: None,
            previous: before.map(|bar| bar.price.close),
            volume: Quantity::ZERO,
            open_interest: before.map_or(Quantity::ZERO, |bar| bar.open_interest),
        })
    }

    /// Best prices at the end of the last candle up to `minute`.
    pub(super) fn touch_at(&self, market: MarketId, minute: u32) -> UpTo<Touch> {
        self.quotes.up_to(market, minute).map(|bar| bar.close())
    }

    /// Price of the last trade of the last candle with trades up to `minute`.
    pub(super) fn last_at(&self, market: MarketId, minute: u32) -> UpTo<Price> {
        self.trades.up_to(market, minute).map(|bar| bar.price.close)
    }

    /// Contracts traded in the candles that end in `(after, to]`.
    pub(super) fn volume(&self, market: MarketId, after: u32, to: u32) -> Quantity {
        let bars = self.trades.between(market, after.saturating_add(1), to);
        bars.map(|bar| bar.volume).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.quotes.len()
    }
}

const fn flat(price: Price) -> Ohlc {
    Ohlc {
        open: price,
        high: price,
        low: price,
        close: price,
    }
}

fn extend(ohlc: &mut Ohlc, price: Price) {
    ohlc.high = ohlc.high.max(price);
    ohlc.low = ohlc.low.min(price);
    ohlc.close = price;
}

/// Rounded half up to $0.0001.
fn mean(bar: &TradeBar) -> Price {
    let (notional, volume) = (bar.notional.micros(), bar.volume.units());
    let units = (notional + volume / 2) / volume.max(1);
    u16::try_from(units)
        .ok()
        .and_then(Price::from_units)
        .expect("a mean lies between its prices")
}
