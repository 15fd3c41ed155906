//! The life of one event: people act at random times until the close, then the hidden value decides.

use kmi_domain::matching::Event;
use kmi_domain::{
    BookSide, Market, MarketResult, Price, PublicTrade, Quantity, Side, TickGrid, Timestamp, TradeId,
};

use super::floor::Floor;
use super::{Frame, FrameBody, RecordedEvent};
use crate::world::chance::{Chance, bend};
use crate::world::hidden::Hidden;
use crate::world::plan::{Lots, Plan};

/// How an event is lived through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    /// Number of the event, part of every trade id.
    pub(super) stream: u64,
    pub(super) odds_slope: f64,
    pub(super) acts_per_market: f64,
    pub(super) recording: Recording,
}

/// What is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recording {
    /// Trades alone.
    Trades,
    /// Trades and the order book.
    Book,
}

/// How often the market maker looks again before somebody acts; in between the quotes grow old and the informed take them.
const REQUOTES: f64 = 0.7;
/// Share of acts by people who rest an order inside the spread.
const PATIENT: f64 = 0.1;
/// Share of the others who know the hidden probability and trade only when it pays.
const INFORMED: f64 = 0.2;

/// Lives through `plan` and tells what was recorded.
pub(super) fn live(plan: Plan, life: &Life, mut chance: Chance) -> RecordedEvent {
    let times = acts(&plan, life, &mut chance);
    let mut scene = Scene {
        hidden: Hidden::new(plan.open, plan.known_by),
        floors: plan
            .outcomes
            .iter()
            .map(|outcome| Floor::new(outcome.market.grid.clone()))
            .collect(),
        trades: Vec::new(),
        hidden_at_trade: Vec::new(),
        frames: Vec::new(),
        chance,
        plan,
        life: *life,
    };
    // Recordings begin at the opening, when nothing rests yet.
    let (yes, no) = (Vec::new(), Vec::new());
    scene.frame(0, scene.plan.open, FrameBody::Snapshot { yes, no });
    for time in times {
        scene.act(time);
    }
    scene.settle()
}

/// When somebody acts: more and more often towards the close, never at it.
fn acts(plan: &Plan, life: &Life, chance: &mut Chance) -> Vec<Timestamp> {
    let markets = plan.outcomes.len() as f64;
    let mean = life.acts_per_market * markets * (0.5 + chance.uniform());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of acts, clamped above zero"
    )]
    let count = mean.clamp(1.0, 1e7) as usize;
    let length = plan.close.micros_since(plan.open);
    let mut times: Vec<Timestamp> = (0..count)
        .map(|_| {
            // Density grows linearly with time, so the square root of a uniform number.
            let share = libm::sqrt(chance.uniform());
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a share of the length of the event"
            )]
            let micros = (share * length as f64) as i64;
            plan.open.plus_micros(micros.min(length - 1))
        })
        .collect();
    times.sort_unstable();
    times
}

/// An event going on.
struct Scene {
    plan: Plan,
    life: Life,
    hidden: Hidden,
    /// One per market, in their order.
    floors: Vec<Floor>,
    trades: Vec<PublicTrade>,
    hidden_at_trade: Vec<f64>,
    frames: Vec<Frame>,
    chance: Chance,
}

impl Scene {
    fn act(&mut self, time: Timestamp) {
        self.hidden.advance(time, &mut self.chance);
        let market = self.chance.index(self.floors.len());
        let truth = self.hidden.worth(self.plan.outcomes[market].claim);
        let nobody_quotes = self.floors[market].touch() == (None, None);
        if self.chance.happens(REQUOTES) || nobody_quotes {
            self.quote(market, bend(truth, self.life.odds_slope), time);
        }
        if self.chance.happens(PATIENT) {
            self.rest_inside_the_spread(market, time);
        } else if let Some(side) = self.wanted(market, truth) {
            self.take(market, side, time);
        }
        for event in self.floors[market].news() {
            self.publish(market, event, truth, time);
        }
    }

    /// The contract the next taker wants: any, or for the informed the one that is too cheap.
    fn wanted(&mut self, market: usize, truth: f64) -> Option<Side> {
        if !self.chance.happens(INFORMED) {
            return Some(self.either_side());
        }
        let (bid, ask) = self.floors[market].touch();
        if ask.is_some_and(|ask| ask.probability() < truth) {
            Some(Side::Yes)
        } else if bid.is_some_and(|bid| bid.probability() > truth) {
            Some(Side::No)
        } else {
            None
        }
    }

    /// The market maker quotes three levels on both sides of a slightly mistaken view.
    fn quote(&mut self, market: usize, view: f64, time: Timestamp) {
        let middle = view + 0.004 * self.chance.normal();
        let half = 0.006 + 0.012 * self.chance.uniform();
        let mut quotes = Vec::with_capacity(6);
        for level in 0..3_u8 {
            let away = half + 0.01 * f64::from(level);
            let (bid, ask) = around(self.floors[market].grid(), middle, away);
            for (side, price) in [(BookSide::Bid, bid), (BookSide::Ask, ask)] {
                if let Some(price) = price {
                    quotes.push((side, price, self.size(250)));
                }
            }
        }
        self.floors[market].quote(&quotes, time);
    }

    /// Someone bids or asks one step better than the best and waits, at most a tenth of the event.
    fn rest_inside_the_spread(&mut self, market: usize, time: Timestamp) {
        let (bid, ask) = self.floors[market].touch();
        let grid = self.floors[market].grid();
        let (side, price) = if self.chance.happens(0.5) {
            (BookSide::Bid, bid.and_then(|bid| grid.up(bid)))
        } else {
            (BookSide::Ask, ask.and_then(|ask| grid.down(ask)))
        };
        let tenth = self.plan.close.micros_since(self.plan.open) / 10;
        let expiration = time.plus_micros(self.chance.between(1, tenth));
        if let Some(price) = price {
            let quantity = self.size(40);
            self.floors[market].rest((side, price, quantity), expiration, time);
        }
    }

    /// Someone takes what rests, up to one step past the best price.
    fn take(&mut self, market: usize, side: Side, time: Timestamp) {
        let (bid, ask) = self.floors[market].touch();
        let grid = self.floors[market].grid();
        let limit = match side {
            Side::Yes => ask.map(|ask| grid.up(ask).unwrap_or(ask)),
            Side::No => bid.map(|bid| grid.down(bid).unwrap_or(bid)),
        };
        if let Some(limit) = limit {
            let quantity = self.size(120);
            self.floors[market].take(side, limit, quantity, time);
        }
    }

    fn either_side(&mut self) -> Side {
        if self.chance.happens(0.5) {
            Side::Yes
        } else {
            Side::No
        }
    }

    /// Tells the world what the engine did, as far as an exchange tells it.
    fn publish(&mut self, market: usize, event: Event, truth: f64, time: Timestamp) {
        match event {
            Event::Filled(fill) => {
                let trade = PublicTrade {
                    id: self.trade_id(time),
                    ticker: self.plan.outcomes[market].market.ticker.clone(),
                    time,
                    yes_price: fill.price,
                    quantity: fill.quantity,
                    taker: fill.taker_side.outcome(),
                    is_block: false,
                };
                self.frame(market, time, FrameBody::Trade(trade.clone()));
                self.trades.push(trade);
                self.hidden_at_trade.push(truth);
            }
            Event::Level(level) => {
                let (side, price, change) = (level.outcome(), level.outcome_price(), level.change);
                self.frame(market, time, FrameBody::Delta { side, price, change });
            }
            _ => {}
        }
    }

    fn frame(&mut self, market: usize, time: Timestamp, body: FrameBody) {
        if self.life.recording == Recording::Book {
            let ticker = self.plan.outcomes[market].market.ticker.clone();
            self.frames.push(Frame { ticker, time, body });
        }
    }

    /// A UUID of version 7: time first, then the number of the trade in its event, so that ids ascend with time.
    fn trade_id(&mut self, time: Timestamp) -> TradeId {
        let number = self.trades.len() as u64;
        let text = format!(
            "{:08x}-{:04x}-7{:03x}-{:04x}-{:04x}{:08x}",
            (time.millis() >> 16) & 0xffff_ffff,
            time.millis() & 0xffff,
            time.micros().rem_euclid(1_000),
            0x8000 | ((number >> 16) & 0x3fff),
            number & 0xffff,
            ((self.life.stream << 12) | (self.chance.bits() & 0xfff)) & 0xffff_ffff,
        );
        TradeId::new(text).expect("hexadecimal digits are visible ASCII")
    }

    fn size(&mut self, most_contracts: i64) -> Quantity {
        match self.plan.lots {
            Lots::Whole => Quantity::from_units(100 * self.chance.between(1, most_contracts)),
            Lots::Fractional => Quantity::from_units(self.chance.between(1, 100 * most_contracts)),
        }
    }

    /// Everything is known now: writes results and totals into the markets.
    fn settle(mut self) -> RecordedEvent {
        self.hidden.advance(self.plan.close, &mut self.chance);
        let hidden = &self.hidden;
        let markets = self
            .plan
            .outcomes
            .into_iter()
            .map(|outcome| {
                let result = if hidden.worth(outcome.claim) > 0.5 {
                    MarketResult::Yes
                } else {
                    MarketResult::No
                };
                settled(outcome.market, result, &self.trades)
            })
            .collect();
        RecordedEvent {
            series: self.plan.series,
            event: self.plan.event,
            markets,
            trades: self.trades,
            frames: self.frames,
            hidden: self.hidden_at_trade,
        }
    }
}

/// Bid and ask `away` from `middle`, on the grid; `None` where the grid has no such price.
fn around(grid: &TickGrid, middle: f64, away: f64) -> (Option<Price>, Option<Price>) {
    let bid = Price::nearest(middle - away).and_then(|price| grid.at_or_below(price));
    let ask = Price::nearest(middle + away).and_then(|price| grid.at_or_above(price));
    (bid, ask)
}

fn settled(mut market: Market, result: MarketResult, trades: &[PublicTrade]) -> Market {
    let own = || trades.iter().filter(|trade| trade.ticker == market.ticker);
    let last_price = own().next_back().map(|trade| trade.yes_price);
    let volume = own().map(|trade| trade.quantity).sum();
    market.result = Some(result);
    market.last_price = last_price;
    market.volume = Some(volume);
    market
}
