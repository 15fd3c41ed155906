//! Replayed markets: the recorded book and prints, and own orders that meet them.

mod orders;

use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::book::{BookState, OrderBook};
use kmi_domain::flow::{BookFlow, FlowEvent, QueueModel};
use kmi_domain::matching::{MarketId, OrderId};
use kmi_domain::{BookSide, Level, Money, Price, Quantity, Side, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::command::{Command, Outcome, Recorded, Reply};
use super::super::event::Event;
use super::super::ids::{Account, Shard};
use super::super::refusal::Refusal;
use super::Exchange;

/// What the house puts behind its side of fills against tapes, at first and whenever less than half of it is left.
const TAPE_MONEY: Money = Money::from_dollars(1_000_000_000);

/// A replayed market.
///
/// Every account meets the recording by itself, as it would in a backtest: what one took, another finds still there, and
/// orders of two accounts never trade with each other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tape {
    /// The book as recorded: what the public sees. After a gap, as it was last known.
    book: OrderBook,
    /// False before the first snapshot and after a gap: no order is taken then.
    is_synced: bool,
    flows: BTreeMap<Account, BookFlow>,
    orders: BTreeSet<OrderId>,
    /// When the last event was recorded, and when it was played.
    last: Option<(Timestamp, Timestamp)>,
}

impl Tape {
    /// Levels in YES prices, best first.
    pub(super) fn levels(&self, side: BookSide) -> impl Iterator<Item = Level> {
        self.book.levels(side.outcome()).map(move |level| Level {
            price: in_yes(side.outcome(), level.price),
            quantity: level.quantity,
        })
    }

    /// Orders that rest here.
    pub(super) fn order_count(&self) -> usize {
        self.orders.len()
    }

    /// Contracts of others ahead of an order at its own price.
    pub(super) fn queue_ahead(&self, account: Account, order: OrderId) -> Option<Quantity> {
        self.flows.get(&account)?.queue_ahead(order)
    }

    /// `now` on the recording's clock.
    fn recorded_now(&self, now: Timestamp) -> Timestamp {
        match self.last {
            Some((recorded, played)) => recorded.plus_micros(now.micros_since(played)),
            None => now,
        }
    }

    /// An account's own view of the recording.
    fn flow_of(&self, account: Account) -> BookFlow {
        self.flows.get(&account).cloned().unwrap_or_else(|| {
            let mut flow = BookFlow::new(QueueModel::Back);
            if self.is_synced {
                let (yes, no) = (self.book.levels(Side::Yes), self.book.levels(Side::No));
                flow.snapshot(yes, no, &mut Vec::new());
            }
            flow
        })
    }
}

/// A price of a contract as a YES price.
const fn in_yes(side: Side, price: Price) -> Price {
    match side {
        Side::Yes => price,
        Side::No => price.complement(),
    }
}

impl Exchange {
    /// Makes a market one that is replayed, and sees to it that the house can take the other side.
    pub(super) fn open_tape(&mut self, market: MarketId, out: &mut Vec<Event>) {
        self.tapes.insert(market, Tape::default());
        if self.tape_account.is_none() {
            // A client's user may have any name, so this one's is looked for until it is free.
            let mut name = "tape".to_owned();
            while self.user_ids.contains_key(&name) {
                name.push('\'');
            }
            let command = Command::OpenUser { name, is_house: true };
            if let Ok(Reply::User(user)) = self.change_user(&command, out) {
                let account = Account::primary(user);
                self.account_mut(account).netting = false;
                self.tape_account = Some(account);
            }
        }
        self.tape_with(self.shard_of(market), Money::ZERO, out);
    }

    /// The house's account behind tapes, with money enough on a shard for a fill that costs this much.
    fn tape_with(&mut self, shard: Shard, cost: Money, out: &mut Vec<Event>) -> Account {
        let account = self.tape_account.expect("opened with the first replayed market");
        let half = Money::from_micros(TAPE_MONEY.micros() / 2);
        if self.accounts[&account].free(shard) < cost + half {
            // Should all money there may be be there already, the house goes on with what it has.
            let _enough = self.deposit(account, shard, TAPE_MONEY + cost.ceil_to(Money::CENTICENT), out);
        }
        account
    }

    /// Whether own orders may fill in a replayed market: not while it, trading or all is paused.
    fn is_open_tape(&self, market: MarketId) -> bool {
        self.trading_active() && self.market(market).is_active()
    }

    /// Shows accounts the recorded books of all replayed markets as they are after a pause.
    pub(super) fn resume_tapes(&mut self, out: &mut Vec<Event>) {
        let markets: Vec<MarketId> = self.tapes.keys().copied().collect();
        for market in markets {
            self.resume_tape(market, out);
        }
    }

    /// Shows accounts the recorded book as it is after a pause: what changed during it counts as arriving now.
    pub(super) fn resume_tape(&mut self, market: MarketId, out: &mut Vec<Event>) {
        let is_open = self.is_open_tape(market);
        let Some(tape) = self.tapes.get_mut(&market) else {
            return;
        };
        if !is_open || !tape.is_synced {
            return;
        }
        let mut said = Vec::new();
        for flow in tape.flows.values_mut() {
            if flow.state() != BookState::Synced {
                let (yes, no) = (tape.book.levels(Side::Yes), tape.book.levels(Side::No));
                flow.snapshot(yes, no, &mut said);
            }
        }
        self.digest_flow(market, &mut said, out);
    }

    /// Plays what was recorded of a replayed market.
    pub(super) fn replay(
        &mut self,
        ticker: &Ticker,
        recorded_at: Timestamp,
        recorded: &Recorded,
        out: &mut Vec<Event>,
    ) -> Outcome {
        let (market, now) = (self.find_market(ticker)?, self.now);
        if self.market(market).status.is_past_close() {
            return Err(Refusal::MarketInactive(ticker.clone()));
        }
        let tape = self
            .tapes
            .get_mut(&market)
            .ok_or_else(|| Refusal::invalid("market", "is not listed as replayed"))?;
        tape.last = Some((recorded_at, now));
        match recorded {
            Recorded::Snapshot { yes, no } => self.play_snapshot(market, yes, no, out),
            Recorded::Delta { side, price, change } => {
                self.play_delta(market, recorded_at, *side, *price, *change, out);
            }
            Recorded::Trade {
                id,
                price,
                quantity,
                taker,
                is_block,
            } => {
                let taker_side = taker.book_side();
                self.print(market, *price, *quantity, taker_side, id.clone(), out);
                if !is_block {
                    self.play(market, out, |flow, said| {
                        flow.trade(recorded_at, *price, *quantity, *taker, said);
                    });
                }
            }
            Recorded::Gap => self.lose_sync(market),
        }
        Ok(Reply::Done)
    }

    fn play_snapshot(&mut self, market: MarketId, yes: &[Level], no: &[Level], out: &mut Vec<Event>) {
        let tape = self.tapes.get_mut(&market).expect("just found");
        tape.book.replace(yes.iter().copied(), no.iter().copied());
        tape.is_synced = true;
        let clock = &mut self.markets[Self::slot(market)].clock;
        *clock += 1;
        out.push(Event::BookReplaced {
            market,
            clock: *clock,
        });
        self.play(market, out, |flow, said| {
            flow.snapshot(yes.iter().copied(), no.iter().copied(), said);
        });
    }

    fn play_delta(
        &mut self,
        market: MarketId,
        recorded_at: Timestamp,
        side: Side,
        price: Price,
        change: Quantity,
        out: &mut Vec<Event>,
    ) {
        let tape = self.tapes.get_mut(&market).expect("just found");
        if change.is_zero() || !tape.is_synced {
            return;
        }
        let Ok(total) = tape.book.apply(side, price, change) else {
            // More was taken away than was there: something is missing.
            self.lose_sync(market);
            return;
        };
        let clock = &mut self.markets[Self::slot(market)].clock;
        *clock += 1;
        out.push(Event::Level {
            market,
            clock: *clock,
            side: side.book_side(),
            price: in_yes(side, price),
            change,
            total,
            cause: None,
        });
        self.play(market, out, |flow, said| {
            // It holds the same recorded book as the tape, so it takes what the tape took.
            let _total = flow.apply(recorded_at, side, price, change, said);
        });
    }

    /// Forgets what accounts took of a recording that is over.
    pub(super) fn close_tape(&mut self, market: MarketId) {
        if let Some(tape) = self.tapes.get_mut(&market) {
            tape.flows.clear();
        }
    }

    fn lose_sync(&mut self, market: MarketId) {
        let tape = self.tapes.get_mut(&market).expect("just found");
        tape.is_synced = false;
        for flow in tape.flows.values_mut() {
            flow.mark_stale();
        }
    }

    /// Shows something to every account's flow and books what came of it. While nothing may trade, nothing is shown: the flows
    /// wait for [`Exchange::resume_tape`].
    fn play(
        &mut self,
        market: MarketId,
        out: &mut Vec<Event>,
        mut show: impl FnMut(&mut BookFlow, &mut Vec<FlowEvent>),
    ) {
        let is_open = self.is_open_tape(market);
        let tape = self.tapes.get_mut(&market).expect("just found");
        if !is_open {
            tape.flows.values_mut().for_each(BookFlow::mark_stale);
            return;
        }
        let mut said = Vec::new();
        for flow in tape.flows.values_mut() {
            show(flow, &mut said);
        }
        self.digest_flow(market, &mut said, out);
    }
}
