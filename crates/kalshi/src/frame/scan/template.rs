//! A layout: literal bytes, and what stands between them.

use std::borrow::Cow;

use kmi_domain::{Price, Quantity, Side, Timestamp};

use super::value;
use crate::frame::{CaptureLine, Delta, Frame, Message, TickerUpdate, Trade};
use crate::wire::market::is_quote;

/// Which message a layout is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Delta,
    Trade,
    Ticker,
}

/// What stands at a place, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Received,
    Sid,
    Seq,
    Clock,
    Millis,
    Ticker,
    TradeId,
    /// `"yes"` or `"no"`.
    Side,
    /// `"bid"` or `"ask"`: the side gained.
    BookSide,
    Block,
    /// Dollar string, into this slot.
    Dollars(usize),
    /// Integer cents, into this slot.
    Cents(usize),
    /// String of contracts, into this slot.
    Contracts(usize),
    /// Integer of contracts, into this slot.
    Whole(usize),
    /// A string that is not read.
    SkippedText,
    /// A whole number that is not read.
    SkippedNumber,
}

/// Literal bytes up to a value (with its opening quote if it is a string), and the value.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) literal: Box<[u8]>,
    pub(super) field: Field,
    /// Length of the value last time.
    pub(super) guess: usize,
}

/// One layout of one message type.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) kind: Kind,
    pub(super) steps: Box<[Step]>,
    /// What follows the last value.
    pub(super) tail: Box<[u8]>,
}

pub(super) const PRICES: usize = 3;
pub(super) const COUNTS: usize = 5;

/// Values of one line.
#[derive(Default)]
struct Slots<'a> {
    received: Option<Timestamp>,
    sid: Option<u64>,
    seq: Option<u64>,
    clock: Option<u64>,
    time: Option<Timestamp>,
    ticker: Option<&'a str>,
    trade_id: Option<&'a str>,
    side: Option<Side>,
    book_side: Option<Side>,
    is_block: bool,
    prices: [Option<Price>; PRICES],
    counts: [Option<Quantity>; COUNTS],
}

impl Template {
    /// The line, if it has this layout to the byte and every value its plain form.
    #[inline]
    pub(super) fn read<'a>(&mut self, line: &'a [u8]) -> Option<CaptureLine<'a>> {
        let mut slots = Slots::default();
        let mut rest = line;
        for step in &mut self.steps {
            rest = rest.strip_prefix(&*step.literal)?;
            let length = slots.fill(step, rest)?;
            rest = rest.get(length..)?;
        }
        if rest != &*self.tail {
            return None;
        }
        slots.line(self.kind)
    }
}

impl<'a> Slots<'a> {
    /// Reads one value and says how long it is.
    #[inline]
    fn fill(&mut self, step: &mut Step, bytes: &'a [u8]) -> Option<usize> {
        let natural = || value::natural(bytes);
        let length = match step.field {
            Field::Received => keep(&mut self.received, value::millis(bytes)?),
            Field::Sid => keep(&mut self.sid, natural()?),
            Field::Seq => keep(&mut self.seq, natural()?),
            Field::Clock => keep(&mut self.clock, natural()?),
            Field::Millis => keep(&mut self.time, value::millis(bytes)?),
            Field::Ticker => keep(&mut self.ticker, value::name(bytes, step.guess)?),
            Field::TradeId => keep(&mut self.trade_id, value::name(bytes, step.guess)?),
            Field::Side => keep(&mut self.side, side(bytes)?),
            Field::BookSide => keep(&mut self.book_side, book_side(bytes)?),
            Field::Block => self.block(bytes)?,
            Field::Dollars(slot) => keep(&mut self.prices[slot], value::dollars(bytes)?),
            Field::Cents(slot) => keep(&mut self.prices[slot], value::cents(bytes)?),
            Field::Contracts(slot) => keep(&mut self.counts[slot], value::contracts(bytes)?),
            Field::Whole(slot) => keep(&mut self.counts[slot], value::whole_contracts(bytes)?),
            Field::SkippedText => value::string(bytes, step.guess)?,
            Field::SkippedNumber => natural()?.1,
        };
        step.guess = length;
        Some(length)
    }

    fn block(&mut self, bytes: &[u8]) -> Option<usize> {
        self.is_block = bytes.starts_with(b"true");
        if self.is_block {
            Some(4)
        } else {
            bytes.starts_with(b"false").then_some(5)
        }
    }

    #[inline]
    fn line(self, kind: Kind) -> Option<CaptureLine<'a>> {
        let message = match kind {
            Kind::Delta => Message::Delta(self.delta()?),
            Kind::Trade => Message::Trade(self.trade()?),
            Kind::Ticker => Message::Ticker(self.ticker_update()?),
        };
        Some(CaptureLine {
            received: self.received,
            frame: Frame {
                sid: self.sid,
                seq: self.seq,
                message,
            },
        })
    }

    #[inline]
    fn delta(&self) -> Option<Delta<'a>> {
        Some(Delta {
            ticker: Cow::Borrowed(self.ticker?),
            side: self.side?,
            price: self.prices[0]?,
            change: self.counts[0]?,
            clock: self.clock,
            time: self.time,
        })
    }

    fn trade(&self) -> Option<Trade<'a>> {
        let yes_price = self.prices[0]?;
        let agrees = self.prices[1].is_none_or(|no| no == yes_price.complement());
        let taker = match (self.side, self.book_side) {
            (Some(gained), Some(took)) if gained != took => return None,
            (gained, took) => gained.or(took)?,
        };
        agrees.then_some(())?;
        Some(Trade {
            id: self.trade_id.map(Cow::Borrowed),
            ticker: Cow::Borrowed(self.ticker?),
            time: self.time?,
            yes_price,
            quantity: self.counts[0].filter(|count| count.is_positive())?,
            taker,
            is_block: self.is_block,
        })
    }

    fn ticker_update(&self) -> Option<TickerUpdate<'a>> {
        if self.counts.iter().flatten().any(|count| count.is_negative()) {
            return None;
        }
        let [yes_bid_size, yes_ask_size, last_trade_size, volume, open_interest] = self.counts;
        let [last_price, yes_bid, yes_ask] = self.prices;
        Some(TickerUpdate {
            ticker: Cow::Borrowed(self.ticker?),
            last_price: last_price.filter(|last| *last != Price::ZERO),
            yes_bid: yes_bid.filter(is_quote),
            yes_ask: yes_ask.filter(is_quote),
            yes_bid_size,
            yes_ask_size,
            last_trade_size,
            volume,
            open_interest,
            time: self.time,
        })
    }
}

/// Puts a value into its slot and gives back its length.
#[inline]
fn keep<T>(slot: &mut Option<T>, (value, length): (T, usize)) -> usize {
    *slot = Some(value);
    length
}

#[inline]
fn side(bytes: &[u8]) -> Option<(Side, usize)> {
    if bytes.starts_with(b"yes\"") {
        Some((Side::Yes, 4))
    } else {
        bytes.starts_with(b"no\"").then_some((Side::No, 3))
    }
}

#[inline]
fn book_side(bytes: &[u8]) -> Option<(Side, usize)> {
    if bytes.starts_with(b"bid\"") {
        Some((Side::Yes, 4))
    } else {
        bytes.starts_with(b"ask\"").then_some((Side::No, 4))
    }
}
