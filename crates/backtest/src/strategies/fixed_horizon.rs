//! The strategy anyone can recompute by hand: one look, a fixed time before the close.

use std::time::Duration;

use kmi_domain::{Price, Quantity, Side};

use crate::strategy::{
    Event, Intents, MarketId, NewOrder, ParamError, ParamKind, ParamSpec, Params, SIDES, Strategy,
    StrategyDescription, View,
};

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "fixed_horizon",
    doc: "A fixed time before each market's close, buys one side if the last YES price lies in a band, and holds it to \
          settlement.",
    params: &[
        ParamSpec {
            name: "horizon",
            kind: ParamKind::Duration,
            default: "12h",
            doc: "How long before the close it looks.",
        },
        ParamSpec {
            name: "side",
            kind: SIDES,
            default: "no",
            doc: "Contract bought.",
        },
        ParamSpec {
            name: "min_price",
            kind: ParamKind::Price,
            default: "0.01",
            doc: "Least YES price at which it buys.",
        },
        ParamSpec {
            name: "max_price",
            kind: ParamKind::Price,
            default: "0.10",
            doc: "Greatest YES price at which it buys.",
        },
        ParamSpec {
            name: "quantity",
            kind: ParamKind::Quantity,
            default: "1",
            doc: "Contracts bought per market.",
        },
    ],
    build: |params| Ok(Box::new(FixedHorizon::new(params)?)),
};

/// Buys a side of every market whose YES price, `horizon` before the close, lies in a band.
///
/// It accepts any price: on a tape that of the next prints; on books those on offer at that instant, and what they do not
/// fill is not bought.
#[derive(Clone, Debug)]
pub struct FixedHorizon {
    horizon: Duration,
    side: Side,
    min_price: Price,
    max_price: Price,
    quantity: Quantity,
}

impl FixedHorizon {
    /// From the parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when the band is empty.
    pub fn new(params: &Params) -> Result<FixedHorizon, ParamError> {
        let (min_price, max_price) = (params.price("min_price"), params.price("max_price"));
        if min_price > max_price {
            return Err(ParamError::Conflict {
                names: "min_price, max_price",
                rule: "min_price must not be above max_price",
            });
        }
        Ok(FixedHorizon {
            horizon: params.duration("horizon"),
            side: params.side("side"),
            min_price,
            max_price,
            quantity: params.quantity("quantity"),
        })
    }

    fn look(&self, market: MarketId, view: &View<'_>, intents: &mut Intents) {
        let in_band = view
            .last_trade(market)
            .is_some_and(|last| self.min_price <= last.price && last.price <= self.max_price);
        if in_band {
            intents.place(NewOrder::buy_at_any_price(market, self.side, self.quantity));
        }
    }
}

impl Strategy for FixedHorizon {
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        for market in view.market_ids() {
            if let Some(close_time) = view.market(market).close_time {
                // The timer's number is the market's, so nothing needs to be remembered.
                intents.set_timer(close_time.minus(self.horizon), u64::from(market.0));
            }
        }
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        if let Event::Timer { token } = *event
            && let Ok(number) = u32::try_from(token)
        {
            self.look(MarketId(number), view, intents);
        }
    }
}
