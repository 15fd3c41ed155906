//! Order groups over several markets.

use super::support::*;
use crate::TickGrid;
use crate::matching::CancelReason::{self, Group};
use crate::matching::{
    Event, Exchange, ExchangeEvent, GroupError, GroupEvent, GroupId, MarketId, NewOrder, OrderId,
    OrderStatus, PlaceError, Placed, TriggerCause,
};

const QUOTES: GroupId = GroupId(7);

struct Floor {
    exchange: Exchange,
    rain: MarketId,
    snow: MarketId,
    events: Vec<ExchangeEvent>,
}

impl Floor {
    /// Two markets, and Ann's group with this limit.
    fn with_limit(contracts_limit: u32) -> Floor {
        let mut exchange = Exchange::new();
        let rain = exchange.add_market(TickGrid::linear_cent());
        let snow = exchange.add_market(TickGrid::linear_cent());
        let mut floor = Floor {
            exchange,
            rain,
            snow,
            events: Vec::new(),
        };
        floor
            .exchange
            .create_group(QUOTES, ANN, contracts_limit, &mut floor.events)
            .unwrap();
        floor
    }

    fn submit(&mut self, seconds: i64, market: MarketId, order: NewOrder) -> Result<Placed, PlaceError> {
        self.events.clear();
        self.exchange.submit(at(seconds), market, order, &mut self.events)
    }

    fn quote(&mut self, market: MarketId, order: NewOrder) -> Placed {
        self.submit(0, market, order.in_group(QUOTES)).unwrap()
    }

    fn cancels(&self) -> Vec<(MarketId, OrderId, CancelReason)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                ExchangeEvent::Market(market, Event::Canceled { order, reason, .. }) => {
                    Some((*market, *order, *reason))
                }
                _ => None,
            })
            .collect()
    }

    fn group_events(&self) -> Vec<GroupEvent> {
        self.events
            .iter()
            .filter_map(|event| match event {
                ExchangeEvent::Group(_, event) => Some(*event),
                ExchangeEvent::Market(..) => None,
            })
            .collect()
    }

    fn members(&self) -> Vec<(MarketId, OrderId)> {
        self.exchange.groups().get(QUOTES).unwrap().orders().collect()
    }
}

#[test]
fn exceeding_the_limit_cancels_the_groups_orders_in_every_market() {
    let mut floor = Floor::with_limit(5);
    let (rain, snow) = (floor.rain, floor.snow);
    floor.quote(rain, bid(1, ANN, "0.40", "4"));
    floor.quote(rain, bid(2, ANN, "0.39", "4"));
    floor.quote(snow, ask(3, ANN, "0.60", "4"));
    floor.submit(0, rain, bid(4, ANN, "0.38", "4")).unwrap();

    floor.submit(0, rain, ask(5, BOB, "0.39", "5")).unwrap();
    assert_eq!(floor.cancels(), [], "5 of 5 is not more than 5");
    assert_eq!(floor.members(), [(rain, OrderId(2)), (snow, OrderId(3))]);

    floor.submit(1, snow, bid(6, BOB, "0.60", "0.01")).unwrap();

    assert_eq!(
        floor.group_events(),
        [GroupEvent::Triggered {
            cause: TriggerCause::LimitExceeded,
            volume: contracts("5.01")
        }]
    );
    assert_eq!(
        floor.cancels(),
        [(rain, OrderId(2), Group), (snow, OrderId(3), Group)]
    );
    assert!(
        floor.exchange.market(rain).order(OrderId(4)).is_some(),
        "not in the group"
    );
    assert_eq!(
        floor.submit(1, rain, bid(7, ANN, "0.40", "1").in_group(QUOTES)),
        Err(PlaceError::Group(GroupError::Triggered { group: QUOTES }))
    );
}

#[test]
fn fills_leave_the_window_after_fifteen_seconds() {
    let mut floor = Floor::with_limit(5);
    let rain = floor.rain;
    floor.quote(rain, bid(1, ANN, "0.40", "20"));
    let volume = |floor: &Floor, seconds| {
        floor
            .exchange
            .groups()
            .get(QUOTES)
            .unwrap()
            .volume(at(seconds))
            .to_string()
    };

    floor.submit(0, rain, ask(2, BOB, "0.40", "4")).unwrap();
    assert_eq!(volume(&floor, 14), "4.00");
    assert_eq!(volume(&floor, 15), "0.00");
    floor.submit(15, rain, ask(3, BOB, "0.40", "4")).unwrap();
    assert_eq!(floor.group_events(), []);

    // 4 at 15 s and 2 at 29 s are 6 within 15 seconds.
    floor.submit(29, rain, ask(4, BOB, "0.40", "2")).unwrap();
    assert_eq!(floor.cancels(), [(rain, OrderId(1), Group)]);
}

#[test]
fn a_taker_that_exceeds_its_own_groups_limit_does_not_rest() {
    let mut floor = Floor::with_limit(1);
    let rain = floor.rain;
    floor.submit(0, rain, ask(1, BOB, "0.50", "2")).unwrap();

    let placed = floor.quote(rain, bid(2, ANN, "0.50", "3"));

    assert_eq!(placed.status, OrderStatus::Canceled(Group));
    assert_eq!(placed.filled, contracts("2"));
    assert_eq!(placed.remaining, contracts("0"));
    assert_eq!(floor.exchange.market(rain).order_count(), 0);
}

#[test]
fn a_trigger_stops_the_group_until_it_is_reset() {
    let mut floor = Floor::with_limit(10);
    let rain = floor.rain;
    floor.quote(rain, bid(1, ANN, "0.40", "4"));

    floor.events.clear();
    floor
        .exchange
        .trigger_group(at(0), QUOTES, &mut floor.events)
        .unwrap();
    assert_eq!(floor.cancels(), [(rain, OrderId(1), Group)]);
    assert!(floor.exchange.groups().get(QUOTES).unwrap().is_triggered());
    assert!(
        floor
            .submit(0, rain, bid(2, ANN, "0.40", "1").in_group(QUOTES))
            .is_err()
    );

    floor.exchange.reset_group(QUOTES, &mut floor.events).unwrap();
    assert!(
        floor
            .submit(0, rain, bid(2, ANN, "0.40", "1").in_group(QUOTES))
            .is_ok()
    );
}

#[test]
fn a_reset_forgets_the_volume() {
    let mut floor = Floor::with_limit(5);
    let rain = floor.rain;
    floor.quote(rain, bid(1, ANN, "0.40", "20"));
    floor.submit(0, rain, ask(2, BOB, "0.40", "5")).unwrap();

    floor.exchange.reset_group(QUOTES, &mut floor.events).unwrap();
    floor.submit(1, rain, ask(3, BOB, "0.40", "5")).unwrap();

    assert_eq!(floor.group_events(), []);
    assert_eq!(floor.members(), [(rain, OrderId(1))]);
}

#[test]
fn a_limit_lowered_under_the_volume_triggers_and_one_at_it_does_not() {
    let mut floor = Floor::with_limit(10);
    let rain = floor.rain;
    floor.quote(rain, bid(1, ANN, "0.40", "20"));
    floor.submit(0, rain, ask(2, BOB, "0.40", "5")).unwrap();

    floor.events.clear();
    floor
        .exchange
        .set_group_limit(at(1), QUOTES, 5, &mut floor.events)
        .unwrap();
    assert_eq!(
        floor.group_events(),
        [GroupEvent::LimitUpdated {
            limit: contracts("5")
        }]
    );

    floor
        .exchange
        .set_group_limit(at(1), QUOTES, 4, &mut floor.events)
        .unwrap();
    assert_eq!(
        floor.group_events().last(),
        Some(&GroupEvent::Triggered {
            cause: TriggerCause::LimitLowered,
            volume: contracts("5")
        })
    );
    assert_eq!(floor.cancels(), [(rain, OrderId(1), Group)]);
}

#[test]
fn a_deleted_group_takes_its_orders_with_it() {
    let mut floor = Floor::with_limit(10);
    let rain = floor.rain;
    floor.quote(rain, bid(1, ANN, "0.40", "4"));

    floor.events.clear();
    floor
        .exchange
        .delete_group(at(0), QUOTES, &mut floor.events)
        .unwrap();

    assert_eq!(floor.cancels(), [(rain, OrderId(1), Group)]);
    assert_eq!(
        floor.submit(0, rain, bid(2, ANN, "0.40", "1").in_group(QUOTES)),
        Err(PlaceError::Group(GroupError::Unknown { group: QUOTES }))
    );
}

#[test]
fn limits_run_from_one_to_a_million_contracts() {
    let mut exchange = Exchange::new();
    let mut events = Vec::new();
    for refused in [0, 1_000_001] {
        assert_eq!(
            exchange.create_group(QUOTES, ANN, refused, &mut events),
            Err(GroupError::InvalidLimit { contracts: refused })
        );
    }
    assert!(exchange.create_group(QUOTES, ANN, 1_000_000, &mut events).is_ok());
    assert_eq!(
        exchange.create_group(QUOTES, BOB, 1, &mut events),
        Err(GroupError::Duplicate { group: QUOTES })
    );
    assert!(exchange.create_group(GroupId(8), ANN, 1, &mut events).is_ok());
    assert_eq!(exchange.groups().of_account(ANN).count(), 2);
}

#[test]
fn another_accounts_group_is_not_joined() {
    let mut floor = Floor::with_limit(10);
    let rain = floor.rain;

    assert_eq!(
        floor.submit(0, rain, bid(1, BOB, "0.40", "1").in_group(QUOTES)),
        Err(PlaceError::Group(GroupError::NotOwned {
            group: QUOTES,
            account: BOB
        }))
    );
}

#[test]
fn a_group_knows_its_resting_orders_only() {
    let mut floor = Floor::with_limit(100);
    let rain = floor.rain;
    floor.quote(rain, bid(1, ANN, "0.40", "1"));
    floor.quote(rain, bid(2, ANN, "0.40", "1"));
    floor.quote(rain, bid(3, ANN, "0.40", "1").expiring(at(5)));
    floor.quote(rain, bid(4, ANN, "0.40", "1").immediate_or_cancel());
    assert_eq!(floor.members().len(), 3);

    floor.submit(0, rain, ask(5, BOB, "0.40", "1")).unwrap();
    let events = &mut floor.events;
    floor
        .exchange
        .with_market(at(0), rain, events, |market, events| {
            market.cancel(OrderId(2), events)
        })
        .unwrap();
    floor.exchange.expire(at(5), &mut floor.events);

    assert_eq!(floor.members(), []);
}
