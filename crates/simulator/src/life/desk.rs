//! How the house's traders reach the exchange: [`Desk`].

use kmi_domain::matching::{MarketId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, Level, Money, Price, Quantity, Ticker, Timestamp};

use crate::core::{
    Account, AmendOrder, CancelOrder, Command, Event, Exchange, Outcome, PlaceOrder, Refusal, Reply, Route,
    Shard, UserId,
};

/// The exchange at one instant, as its own traders use it. Everything may be refused; what to do then is said at each call.
pub(super) struct Desk<'a> {
    pub(super) now: Timestamp,
    pub(super) exchange: &'a mut Exchange,
    pub(super) events: &'a mut Vec<Event>,
}

/// A price and size on one side of one market's book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'a> {
    pub(super) trader: UserId,
    pub(super) ticker: &'a Ticker,
    pub(super) side: BookSide,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
}

/// What a house trader finds on each of its shards, and is given again when it is used up.
const PURSE: Money = Money::from_dollars(1_000_000_000);
/// Shards with markets of this life.
const SHARDS: [Shard; 3] = [Shard::MAIN, Shard::CRYPTO, Shard::SPORTS];

impl Desk<'_> {
    pub(super) fn apply(&mut self, command: &Command) -> Outcome {
        self.exchange.apply(self.now, command, self.events)
    }

    /// Opens a trader of the house with money on every shard; the one who has the name already, if there is one.
    pub(super) fn open_trader(&mut self, name: &str) -> Option<UserId> {
        let name = name.to_owned();
        let Ok(Reply::User(user)) = self.apply(&Command::OpenUser { name, is_house: true }) else {
            return None;
        };
        for shard in SHARDS {
            self.fund(user, shard);
        }
        Some(user)
    }

    fn fund(&mut self, user: UserId, shard: Shard) {
        let account = Account::primary(user);
        // Only an amount of nothing and an unknown user are refused.
        let _ = self.apply(&Command::Deposit {
            account,
            shard,
            amount: PURSE,
        });
    }

    /// Best YES bid and ask.
    pub(super) fn touch(&self, market: MarketId) -> (Option<Level>, Option<Level>) {
        (self.exchange.best_bid(market), self.exchange.best_ask(market))
    }

    /// Rests a post-only order until `expiration`; where it would trade, one step behind the price it met. `None` if it does
    /// not rest.
    pub(super) fn rest(&mut self, offer: Offer, expiration: Option<Timestamp>) -> Option<(OrderId, Price)> {
        let order = PlaceOrder {
            expiration,
            post_only: true,
            ..order(offer, TimeInForce::GoodTillCanceled)
        };
        match self.place(order.clone()) {
            Err(Refusal::PostOnlyCross { best }) => {
                let market = self.exchange.market_id(offer.ticker.as_str())?;
                let grid = &self.exchange.market(market).spec.grid;
                let price = match offer.side {
                    BookSide::Bid => grid.down(best)?,
                    BookSide::Ask => grid.up(best)?,
                };
                resting(self.place(PlaceOrder { price, ..order }))
            }
            outcome => resting(outcome),
        }
    }

    /// Takes what rests up to the offer's price, as far as `time_in_force` lets it.
    pub(super) fn take(&mut self, offer: Offer, time_in_force: TimeInForce) {
        // Whoever is too late or asks too much takes nothing.
        let _ = self.place(order(offer, time_in_force));
    }

    /// Cancels an order; one that is over already stays so.
    pub(super) fn cancel(&mut self, trader: UserId, ticker: &Ticker, order: OrderId) {
        let _ = self.apply(&Command::Cancel(CancelOrder {
            account: Account::primary(trader),
            order,
            route: Route::Market(ticker.clone()),
        }));
    }

    /// Gives an order the offer's price, and its quantity as what is still wanted. `None` if that is refused.
    pub(super) fn amend(
        &mut self,
        order: OrderId,
        filled: Quantity,
        offer: Offer,
    ) -> Option<(OrderId, Price)> {
        resting(self.apply(&Command::Amend(AmendOrder {
            account: Account::primary(offer.trader),
            order,
            market: offer.ticker.clone(),
            side: offer.side,
            price: offer.price,
            total: filled + offer.quantity,
            client_order_id: None,
            updated_client_order_id: None,
            expiration: None,
        })))
    }

    /// Places an order; a trader who has spent everything gets another purse and tries once more.
    fn place(&mut self, order: PlaceOrder) -> Outcome {
        let user = order.account.user;
        let command = Command::Place(order);
        match self.apply(&command) {
            Err(Refusal::InsufficientBalance { shard, .. }) => {
                self.fund(user, shard);
                self.apply(&command)
            }
            outcome => outcome,
        }
    }
}

fn order(offer: Offer, time_in_force: TimeInForce) -> PlaceOrder {
    PlaceOrder {
        account: Account::primary(offer.trader),
        market: offer.ticker.clone(),
        shard: None,
        side: offer.side,
        price: offer.price,
        quantity: offer.quantity,
        time_in_force,
        expiration: None,
        self_trade: SelfTradePrevention::TakerAtCross,
        post_only: false,
        reduce_only: false,
        cancel_on_pause: false,
        group: None,
        client_order_id: None,
    }
}

/// Number and price of an order that rests after its command.
fn resting(outcome: Outcome) -> Option<(OrderId, Price)> {
    match outcome {
        Ok(Reply::Order { order, .. }) if order.remaining.is_positive() => Some((order.order, order.price)),
        _ => None,
    }
}
