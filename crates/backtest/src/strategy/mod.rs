//! What a strategy is: it gets events and a view, and answers with intents.
//!
//! The same trait serves the backtester and, later, live bots, so nothing here knows where events come from. A strategy
//! is generic code for the engine ([`Strategy`] is statically dispatched there); `Box<dyn Strategy>` is a strategy too.

mod event;
mod intent;
mod market;
mod params;
mod registry;
mod view;

pub use event::{Event, Fill, OrderUpdate, RefuseReason, Trade, UpdateKind};
pub use intent::{ClientOrderId, Intent, Intents, NewOrder};
pub use market::{MarketId, MarketInfo};
pub use params::{ParamError, ParamKind, ParamSpec, ParamValue, Params, SIDES};
pub use registry::{StrategyDescription, UnknownStrategy, find_strategy, strategies};
pub use view::{Books, MarketView, OpenOrder, OrderStage, View};

/// Decides what to trade.
///
/// It may keep whatever state it likes, but must decide from what it was told: events, the view, its parameters and its
/// own seeded chance.
pub trait Strategy {
    /// Called once, before the first event, with every selected market already in the view.
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        let _ = (view, intents);
    }

    /// Called for each event, when the view already shows its effect.
    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents);
}

impl<S: Strategy + ?Sized> Strategy for Box<S> {
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        (**self).start(view, intents);
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        (**self).on_event(event, view, intents);
    }
}
