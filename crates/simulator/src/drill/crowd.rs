//! Whoever else trades in a drill: straight at the engine, where no fault reaches.

use kmi_domain::matching::{SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, Price, Quantity, Ticker};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::house::House;
use crate::core::{Account, CancelAll, Command, PlaceOrder};

/// A price around the middle.
pub(super) fn price_near(chance: &mut ChaCha8Rng, low: u8, high: u8) -> Price {
    Price::from_cents(chance.random_range(low..=high)).expect("whole cents below a dollar")
}

pub(super) fn quantity_up_to(chance: &mut ChaCha8Rng, hundredths: i64) -> Quantity {
    Quantity::from_units(chance.random_range(1..=hundredths))
}

impl House {
    /// Does something at random; a refusal (a pause) is none of ours.
    pub(super) async fn crowd_acts(&self, chance: &mut ChaCha8Rng) {
        if chance.random_range(0..25) == 0 {
            let all = Command::CancelAll(CancelAll {
                user: self.crowd,
                subaccount: None,
            });
            let _ = self.engine.submit(all).await;
            return;
        }
        let market = self.markets[chance.random_range(0..self.markets.len())].0.clone();
        let side = if chance.random() {
            BookSide::Bid
        } else {
            BookSide::Ask
        };
        // Wide enough to meet the trader's orders often.
        let price = price_near(chance, 42, 58);
        let quantity = quantity_up_to(chance, 2_000);
        let _ = self
            .engine
            .submit(self.crowd_order(market, side, price, quantity))
            .await;
    }

    /// Offers both sides of a market at once, for the trader to take.
    pub(super) async fn crowd_quotes(&self, market: &Ticker) {
        for (side, cents) in [(BookSide::Bid, 48), (BookSide::Ask, 52)] {
            let price = Price::from_cents(cents).expect("whole cents below a dollar");
            let order = self.crowd_order(market.clone(), side, price, Quantity::from_units(500));
            let _ = self.engine.submit(order).await;
        }
    }

    fn crowd_order(&self, market: Ticker, side: BookSide, price: Price, quantity: Quantity) -> Command {
        Command::Place(PlaceOrder {
            account: Account::primary(self.crowd),
            market,
            shard: None,
            side,
            price,
            quantity,
            time_in_force: TimeInForce::GoodTillCanceled,
            expiration: None,
            self_trade: SelfTradePrevention::Maker,
            post_only: false,
            reduce_only: false,
            cancel_on_pause: false,
            group: None,
            client_order_id: None,
        })
    }
}
