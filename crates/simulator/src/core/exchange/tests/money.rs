//! Deposits, subaccounts, transfers.

use super::support::{Desk, money, sub};
use crate::core::{Command, Refusal, Reply, Shard, ShardTransfer, Subaccount, SubaccountTransfer};

#[test]
fn money_moves_between_subaccounts_at_once() {
    let mut desk = Desk::measured();
    let user = desk.user("user");
    let second = Subaccount::new(1).unwrap();
    assert_eq!(
        desk.done(Command::CreateSubaccount { user: user.user }),
        Reply::Subaccount(second)
    );
    let transfer = |amount| {
        Command::TransferSubaccount(SubaccountTransfer {
            user: user.user,
            client_transfer_id: Some("once".to_owned()),
            from: Subaccount::PRIMARY,
            to: second,
            shard: Shard::MAIN,
            amount: money(amount),
        })
    };
    assert!(matches!(
        desk.refused(transfer("10000.01")),
        Refusal::InsufficientBalance { .. }
    ));
    desk.done(transfer("2500"));
    assert_eq!(
        (desk.cash(user), desk.cash(sub(user.user, 1))),
        ("7500.0000".into(), "2500.0000".into())
    );
    assert!(matches!(desk.refused(transfer("1")), Refusal::Exists { .. }));
}

#[test]
fn money_between_shards_is_under_way_for_a_while() {
    let mut desk = Desk::measured();
    let user = desk.user("user");
    // What orders hold cannot leave.
    desk.bid(user, "0.50", "10000");
    let transfer = |amount| {
        Command::TransferShard(ShardTransfer {
            user: user.user,
            client_transfer_id: None,
            from: (Subaccount::PRIMARY, Shard::MAIN),
            to: (Subaccount::PRIMARY, Shard::CRYPTO),
            amount: money(amount),
        })
    };
    assert!(matches!(
        desk.refused(transfer("5000.0001")),
        Refusal::InsufficientBalance { .. }
    ));
    desk.done(transfer("5000"));
    assert_eq!(desk.exchange.ledger().in_transit, money("5000"));
    assert_eq!(desk.exchange.cash(user, Shard::CRYPTO), money("0"));
    // Half a second later it is there.
    assert_eq!(desk.exchange.next_wakeup(), Some(desk.now.plus_micros(500_000)));
    desk.advance(1);
    assert_eq!(desk.exchange.cash(user, Shard::CRYPTO), money("5000"));
    let transfers: Vec<_> = desk.exchange.transfers_of(user.user).collect();
    assert_eq!(
        transfers[0].arrived,
        Some(transfers[0].created.plus_micros(500_000))
    );
}

#[test]
fn amounts_are_above_zero_and_in_steps_of_the_balance() {
    let mut desk = Desk::measured();
    let account = desk.user("user");
    for amount in ["0", "-1", "0.000050"] {
        let deposit = Command::Deposit {
            account,
            shard: Shard::MAIN,
            amount: money(amount),
        };
        assert!(
            matches!(desk.refused(deposit), Refusal::InvalidParameters { .. }),
            "{amount}"
        );
    }
}

#[test]
fn a_user_has_64_subaccounts_at_most_and_names_are_taken_once() {
    let mut desk = Desk::measured();
    let user = desk.user("user").user;
    for _ in 1..64 {
        desk.done(Command::CreateSubaccount { user });
    }
    assert!(matches!(
        desk.refused(Command::CreateSubaccount { user }),
        Refusal::TooMany { .. }
    ));
    let again = Command::OpenUser {
        name: "user".to_owned(),
        is_house: false,
    };
    assert!(matches!(desk.refused(again), Refusal::Exists { .. }));
}
