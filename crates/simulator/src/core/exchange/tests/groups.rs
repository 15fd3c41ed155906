//! Order groups.

use kmi_domain::BookSide;
use kmi_domain::matching::{GroupEvent, GroupId};

use super::support::{Desk, order};
use crate::core::{Account, Command, Event, NewGroup, PlaceOrder, Refusal, Reply, Shard};

fn group(desk: &mut Desk, account: Account, limit: u32) -> GroupId {
    match desk.done(Command::CreateGroup(NewGroup {
        account,
        limit,
        shard: Shard::MAIN,
    })) {
        Reply::Group(group) => group,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_over_its_limit_cancels_its_orders_and_takes_no_more_until_reset() {
    let mut desk = Desk::measured();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    let group = group(&mut desk, maker, 5);
    let quote = |price: &str| PlaceOrder {
        group: Some(group),
        ..order(maker, BookSide::Ask, price, "4")
    };
    desk.place(quote("0.50"));
    desk.place(quote("0.51"));
    let behind = desk.place(quote("0.60"));
    desk.bid(taker, "0.51", "6");
    assert!(desk.exchange.order(behind.order).is_none());
    assert!(desk.exchange.group(group).unwrap().is_triggered);
    // Six NO at 0.50 and 0.49: 2.98, and nothing is held any more.
    assert_eq!(desk.free(maker), "9997.0200");
    assert_eq!(
        desk.refused(Command::Place(quote("0.50"))),
        Refusal::GroupTriggered(group)
    );
    desk.done(Command::ResetGroup {
        user: maker.user,
        group,
    });
    desk.place(quote("0.50"));
    let stranger = Command::DeleteGroup {
        user: taker.user,
        group,
    };
    assert!(matches!(desk.refused(stranger), Refusal::Unknown { .. }));
    desk.take_events();
    desk.done(Command::DeleteGroup {
        user: maker.user,
        group,
    });
    let deleted = Event::Group {
        account: maker,
        group,
        event: GroupEvent::Deleted,
    };
    assert!(desk.events.contains(&deleted));
    assert!(desk.exchange.group(group).is_none());
    assert!(desk.exchange.open_orders(maker.user).is_empty());
}
