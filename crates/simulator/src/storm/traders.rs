//! What traders do, sensible or not.

use kmi_domain::matching::{GroupId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, Money, Price, Quantity};
use rand::Rng;

use super::Run;
use crate::core::{
    Account, AmendOrder, CancelAll, CancelOrder, Command, Decrease, DecreaseOrder, NewGroup, PlaceOrder,
    Route, ShardTransfer, Subaccount, SubaccountTransfer, UserId,
};

impl Run {
    pub(super) fn trader_command(&mut self) -> Command {
        let account = self.any_account();
        match self.chance.random_range(0..1_000) {
            0..620 => self.order_of(account),
            620..720 => self.cancel_of(),
            720..810 => self.amend_of(),
            810..860 => self.decrease_of(),
            860..866 => Command::CancelAll(CancelAll {
                user: account.user,
                subaccount: self.percent(50).then_some(account.subaccount),
            }),
            866..900 => self.group_command(account),
            900..940 => self.transfer_of(account),
            940..960 => Command::SetNetting {
                account,
                enabled: self.percent(60),
            },
            // A few are enough; the bound has its own test, and all are looked at after every command.
            960..965
                if self
                    .exchange
                    .user(account.user)
                    .is_some_and(|user| user.subaccounts < 5) =>
            {
                Command::CreateSubaccount { user: account.user }
            }
            _ => Command::Advance,
        }
    }

    fn any_account(&mut self) -> Account {
        let user = self.users[self.chance.random_range(0..self.users.len())];
        self.account_of(user)
    }

    fn account_of(&mut self, user: UserId) -> Account {
        let count = self.exchange.user(user).map_or(1, |user| user.subaccounts);
        // The primary one mostly, and now and then one that is not there.
        let number = if self.percent(70) {
            0
        } else {
            self.chance.random_range(0..=count.min(4))
        };
        Account {
            user,
            subaccount: Subaccount::new(number).unwrap_or_default(),
        }
    }

    fn side(&mut self) -> BookSide {
        if self.percent(50) {
            BookSide::Bid
        } else {
            BookSide::Ask
        }
    }

    /// Near the middle mostly, so that orders meet; on any grid, or on none.
    fn price(&mut self) -> Price {
        let units = match self.chance.random_range(0..10) {
            0..6 => self.chance.random_range(44..=56) * 100,
            6..8 => self.chance.random_range(1..=99) * 100,
            8 => self.chance.random_range(1..=999) * 10,
            _ => self.chance.random_range(0..=10_000),
        };
        Price::from_units(units).expect("at most a dollar")
    }

    fn quantity(&mut self) -> Quantity {
        Quantity::from_units(match self.chance.random_range(0..10) {
            0..5 => self.chance.random_range(1..=60) * 100,
            5..8 => self.chance.random_range(1..=3_000),
            8 => self.chance.random_range(1..=100_000),
            _ => self.chance.random_range(-1..=10),
        })
    }

    fn order_of(&mut self, account: Account) -> Command {
        let active = if self.percent(97) {
            self.active()
        } else {
            Vec::new()
        };
        let Some(market) = self.one_of(&active).or_else(|| self.any_live()) else {
            return Command::Advance;
        };
        let time_in_force = match self.chance.random_range(0..10) {
            0..7 => TimeInForce::GoodTillCanceled,
            7..9 => TimeInForce::ImmediateOrCancel,
            _ => TimeInForce::FillOrKill,
        };
        let expires = time_in_force == TimeInForce::GoodTillCanceled && self.percent(15);
        let seconds = self.chance.random_range(-1..60);
        let self_trade = if self.percent(50) {
            SelfTradePrevention::Maker
        } else {
            SelfTradePrevention::TakerAtCross
        };
        Command::Place(PlaceOrder {
            account,
            market: self.ticker(market),
            shard: self.percent(5).then(|| self.exchange.shard_of(market)),
            side: self.side(),
            price: self.price(),
            quantity: self.quantity(),
            time_in_force,
            expiration: expires.then(|| self.now.plus_seconds(seconds)),
            self_trade,
            post_only: self.percent(10),
            reduce_only: time_in_force == TimeInForce::ImmediateOrCancel && self.percent(30),
            cancel_on_pause: self.percent(20),
            group: self.percent(10).then(|| self.group()),
            client_order_id: self.percent(30).then(|| self.client_id()),
        })
    }

    /// A new one mostly.
    fn client_id(&mut self) -> String {
        self.client_ids += 1;
        let number = if self.percent(10) {
            self.chance.random_range(0..=self.client_ids)
        } else {
            self.client_ids
        };
        format!("client {number}")
    }

    fn group(&mut self) -> GroupId {
        GroupId(self.chance.random_range(1..=30))
    }

    /// A recent order, seldom with another's account or none at all.
    fn target(&mut self) -> (Account, OrderId) {
        let recent = std::mem::take(&mut self.recent);
        let one = self.one_of(&recent);
        self.recent = recent;
        let (account, order) = one.unwrap_or((Account::primary(self.users[0]), OrderId(1)));
        if self.percent(3) {
            (self.any_account(), order)
        } else {
            (account, order)
        }
    }

    fn route(&mut self, order: OrderId) -> Route {
        match self.exchange.order(order).map(|order| order.market) {
            Some(market) if self.percent(80) => Route::Market(self.ticker(market)),
            _ => Route::Shard(self.shard()),
        }
    }

    fn cancel_of(&mut self) -> Command {
        let (account, order) = self.target();
        let route = self.route(order);
        Command::Cancel(CancelOrder {
            account,
            order,
            route,
        })
    }

    fn decrease_of(&mut self) -> Command {
        let (account, order) = self.target();
        let quantity = self.quantity();
        Command::Decrease(DecreaseOrder {
            account,
            order,
            decrease: if self.percent(50) {
                Decrease::By(quantity)
            } else {
                Decrease::To(quantity)
            },
            route: self.route(order),
        })
    }

    fn amend_of(&mut self) -> Command {
        let (account, order) = self.target();
        let state = self.exchange.order(order).cloned();
        let Some(market) = state
            .as_ref()
            .map(|state| state.market)
            .or_else(|| self.any_live())
        else {
            return Command::Advance;
        };
        let seconds = self.chance.random_range(-1..60);
        let (kept_price, kept_side) = state
            .as_ref()
            .map_or((self.price(), self.side()), |s| (s.price, s.side));
        let filled = state.as_ref().map_or(Quantity::ZERO, |state| state.filled);
        Command::Amend(AmendOrder {
            account,
            order,
            market: self.ticker(market),
            side: if self.percent(97) {
                kept_side
            } else {
                kept_side.opposite()
            },
            price: if self.percent(40) {
                kept_price
            } else {
                self.price()
            },
            total: filled + self.quantity(),
            client_order_id: state
                .filter(|_| self.percent(30))
                .and_then(|state| state.client_order_id),
            updated_client_order_id: self.percent(20).then(|| self.client_id()),
            expiration: self
                .percent(20)
                .then(|| (seconds % 3 != 0).then(|| self.now.plus_seconds(seconds))),
        })
    }

    fn group_command(&mut self, account: Account) -> Command {
        let (user, group) = (account.user, self.group());
        match self.chance.random_range(0..6) {
            0 | 1 => Command::CreateGroup(NewGroup {
                account,
                limit: self.chance.random_range(0..400),
                shard: self.shard(),
            }),
            2 => Command::TriggerGroup { user, group },
            3 => Command::ResetGroup { user, group },
            4 => Command::LimitGroup {
                user,
                group,
                limit: self.chance.random_range(0..400),
            },
            _ => Command::DeleteGroup { user, group },
        }
    }

    fn transfer_of(&mut self, account: Account) -> Command {
        let (user, from) = (account.user, account.subaccount);
        let to = self.account_of(user).subaccount;
        let client_transfer_id = self.percent(30).then(|| self.client_id());
        let amount = Money::from_micros(self.chance.random_range(-1..1_000_000) * 100);
        if self.percent(50) {
            let shard = self.shard();
            return Command::TransferSubaccount(SubaccountTransfer {
                user,
                client_transfer_id,
                from,
                to,
                shard,
                amount,
            });
        }
        Command::TransferShard(ShardTransfer {
            user,
            client_transfer_id,
            from: (from, self.shard()),
            to: (to, self.shard()),
            amount,
        })
    }
}
