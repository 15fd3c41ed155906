//! Getting in and out of one market on a signal: what mean reversion and momentum share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kmi_domain::flow::CancelReason;
use kmi_domain::{BookSide, Price, Quantity, Side, Timestamp};

use super::buying::{close_at_any_price, held_of, offered, order_up_to, position_if_filled};
use crate::strategy::{Intents, MarketId, ParamError, ParamKind, ParamSpec, Params, UpdateKind, View};

/// Contracts per entry.
pub(super) const QUANTITY: ParamSpec = ParamSpec {
    name: "quantity",
    kind: ParamKind::Quantity,
    default: "1",
    doc: "Contracts per entry.",
};

/// Most contracts per market.
pub(super) const MAX_POSITION: ParamSpec = ParamSpec {
    name: "max_position",
    kind: ParamKind::Quantity,
    default: "5",
    doc: "Most contracts held in one market, either way.",
};

/// Longest holding time.
pub(super) const HOLD: ParamSpec = ParamSpec {
    name: "hold",
    kind: ParamKind::Duration,
    default: "6h",
    doc: "After this long since the last entry the position is closed, signal or not.",
};

/// Worst slippage.
pub(super) const SLIPPAGE: ParamSpec = ParamSpec {
    name: "slippage",
    kind: ParamKind::Price,
    default: "0.02",
    doc: "How much more than the price seen an entry may pay, in dollars.",
};

/// How long an entry waits.
pub(super) const PATIENCE: ParamSpec = ParamSpec {
    name: "patience",
    kind: ParamKind::Duration,
    default: "10m",
    doc: "How long an entry waits for such a price.",
};

/// No entries near the end.
pub(super) const STOP_BEFORE_CLOSE: ParamSpec = ParamSpec {
    name: "stop_before_close",
    kind: ParamKind::Duration,
    default: "1h",
    doc: "No entries this close to the market's close; what is held then is held to settlement.",
};

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Hold more of this contract.
    Enter(Side),
    /// Hold nothing.
    Exit,
    /// Leave it.
    Keep,
}

/// Turns signals into orders, one at a time per market.
#[derive(Clone, Debug)]
pub(super) struct Swing {
    quantity: Quantity,
    max_position: Quantity,
    hold: Duration,
    slippage: Price,
    patience: Duration,
    stop_before_close: Duration,
    /// When each position was last added to.
    entered: BTreeMap<MarketId, Timestamp>,
    /// Markets whose position's time is up and that still hold something.
    leaving: BTreeSet<MarketId>,
}

impl Swing {
    /// From the parameters above.
    pub(super) fn new(params: &Params) -> Result<Swing, ParamError> {
        let (quantity, max_position) = (params.quantity("quantity"), params.quantity("max_position"));
        if quantity > max_position {
            return Err(ParamError::Conflict {
                names: "quantity, max_position",
                rule: "quantity must not be above max_position",
            });
        }
        Ok(Swing {
            quantity,
            max_position,
            hold: params.duration("hold"),
            slippage: params.price("slippage"),
            patience: params.duration("patience"),
            stop_before_close: params.duration("stop_before_close"),
            entered: BTreeMap::new(),
            leaving: BTreeSet::new(),
        })
    }

    /// Acts on a signal, unless an order is still working in the market.
    pub(super) fn act(&mut self, market: MarketId, signal: Signal, view: &View<'_>, intents: &mut Intents) {
        if !view.open_orders(market).is_empty() {
            return;
        }
        let position = view.position(market);
        if self.leaving.contains(&market) && !position.is_zero() {
            exit(market, position, intents);
            return;
        }
        self.leaving.remove(&market);
        match signal {
            Signal::Enter(side) if held_of(side, position).is_negative() => exit(market, position, intents),
            Signal::Enter(side) => _ = self.enter(market, side, view, intents),
            Signal::Exit if !position.is_zero() => exit(market, position, intents),
            Signal::Exit | Signal::Keep => {}
        }
    }

    fn enter(&self, market: MarketId, side: Side, view: &View<'_>, intents: &mut Intents) -> Option<()> {
        if self.too_late(market, view) {
            return None;
        }
        let room = self.max_position - held_of(side, position_if_filled(view, market));
        let quantity = self.quantity.min(room);
        let price = offered(view, market, side)?;
        let worst = price
            .checked_offset(i32::from(self.slippage.units()))
            .unwrap_or(Price::ONE);
        let order = order_up_to(view, market, side, worst, quantity)?;
        if quantity.is_positive() {
            intents.place(order.until(view.now().plus(self.patience)));
        }
        Some(())
    }

    fn too_late(&self, market: MarketId, view: &View<'_>) -> bool {
        let close = view.market(market).close_time;
        close.is_some_and(|close| view.now() >= close.minus(self.stop_before_close))
    }

    /// Told of an own order: a fill that adds to a position starts its holding time.
    pub(super) fn on_update(
        &mut self,
        market: MarketId,
        kind: &UpdateKind,
        view: &View<'_>,
        intents: &mut Intents,
    ) {
        if matches!(kind, UpdateKind::Canceled(CancelReason::User)) && self.leaving.contains(&market) {
            // The entry that stood in the way is gone, with whatever it still filled.
            self.act(market, Signal::Keep, view, intents);
        }
        let UpdateKind::Filled(fill) = kind else {
            return;
        };
        if held_of(fill.outcome(), view.position(market)).is_positive() {
            self.entered.insert(market, view.now());
            intents.set_timer_after(view.now(), self.hold, u64::from(market.0));
        }
    }

    /// Told of a timer it set: closes a position whose time is up, now or when the market is next heard of without an order
    /// working in it.
    pub(super) fn on_timer(&mut self, token: u64, view: &View<'_>, intents: &mut Intents) {
        let Ok(number) = u32::try_from(token) else {
            return;
        };
        let market = MarketId(number);
        let position = view.position(market);
        // A later entry has set a later timer.
        let due = self
            .entered
            .get(&market)
            .is_some_and(|&entered| entered.plus(self.hold) <= view.now());
        if due && !position.is_zero() {
            self.entered.remove(&market);
            self.leaving.insert(market);
            // An order under way may fill before its cancel arrives, so what is left to sell is known only when it is gone; an
            // exit does what is wanted by itself.
            for order in view
                .open_orders(market)
                .iter()
                .filter(|order| opens(order.side, position))
            {
                intents.cancel(order.id);
            }
            self.act(market, Signal::Keep, view, intents);
        }
    }
}

/// True for an order that adds to a position.
fn opens(side: BookSide, position: Quantity) -> bool {
    held_of(side.outcome(), position).is_positive()
}

fn exit(market: MarketId, position: Quantity, intents: &mut Intents) {
    intents.place(close_at_any_price(market, position));
}
