//! Bodies of a member's own.

use kmi_kalshi::api::portfolio::SettlementResult;

use super::*;
use crate::core::Subaccount;
use crate::records::query::{FillFilter, Markets, OrderFilter, PositionFilter, Settlement, SettlementFilter};

#[test]
fn three_contracts_at_99_99_and_52_cents_stand_as_measured() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    for limit in ["0.99", "0.99", "0.52"] {
        desk.ask(maker, "S-1-A", limit, "1");
        desk.bid(taker, "S-1-A", limit, "1");
    }
    let views = desk.views();
    let body = views.positions(&PositionFilter::of(taker.user), &page());
    assert_eq!(body.market_positions.len(), 1);
    let position = &body.market_positions[0];
    assert_eq!(position.position_fp, quantity("3"));
    assert_eq!(position.market_exposure_dollars, money("2.50"));
    assert_eq!(position.total_traded_dollars, money("2.50"));
    assert_eq!(position.fees_paid_dollars, money("0.0189"));
    assert_eq!(body.event_positions[0].event_exposure_dollars, money("2.50"));
    assert_eq!(body.event_positions[0].total_cost_shares_fp, quantity("3"));

    let fills = views.fills(&FillFilter::of(taker.user), &page());
    let fees: Vec<String> = fills.fills.iter().map(|fill| fill.fee_cost.to_string()).collect();
    assert_eq!(fees, ["0.0175", "0.0007", "0.0007"]);
    // $10,000 less 2.50 and 0.0189.
    let balance = views.balance(taker, None);
    assert_eq!(balance.balance_dollars, money("9997.4811"));
    assert_eq!(serde_json::to_value(&balance).unwrap()["balance"], 999_748);
    // Nobody bids: at the last price, 3 × 0.52.
    assert_eq!(balance.portfolio_value, money("1.56"));
}

#[test]
fn a_settlement_tells_what_was_held_and_what_it_paid() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.ask(maker, "S-1-A", "0.52", "3");
    desk.bid(taker, "S-1-A", "0.52", "3");
    let before = desk.views().balance(taker, None).balance_dollars;
    desk.settle("S-1-A", MarketResult::Yes);

    let views = desk.views();
    let won = &views
        .settlements(&SettlementFilter::of(taker.user), &page())
        .settlements[0];
    assert_eq!(
        (won.yes_count_fp, won.no_count_fp),
        (quantity("3"), Quantity::ZERO)
    );
    assert_eq!(won.yes_total_cost_dollars, money("1.56"));
    assert_eq!((won.revenue, won.value), (money("3"), Some(money("1"))));
    assert_eq!(won.market_result, SettlementResult::Yes);
    assert_eq!(views.balance(taker, None).balance_dollars, before + money("3"));

    let lost = &views
        .settlements(&SettlementFilter::of(maker.user), &page())
        .settlements[0];
    assert_eq!(
        (lost.no_count_fp, lost.no_total_cost_dollars),
        (quantity("3"), money("1.44"))
    );
    assert_eq!(lost.revenue, Money::ZERO);

    assert_eq!(
        views
            .positions(&PositionFilter::of(taker.user), &page())
            .market_positions,
        []
    );
    let settled = PositionFilter {
        settlement: Settlement::Settled,
        ..PositionFilter::of(taker.user)
    };
    let position = &views.positions(&settled, &page()).market_positions[0];
    assert_eq!(position.position_fp, Quantity::ZERO);
    assert_eq!(position.realized_pnl_dollars, money("1.44"));
}

#[test]
fn an_order_says_its_direction_in_all_words() {
    let mut desk = Desk::new();
    let member = desk.user("member");
    let bid = desk.place(member, BookSide::Bid, "S-1-A", "0.40", "10");
    let ask = desk.place(member, BookSide::Ask, "S-1-A", "0.60", "5");
    let views = desk.views();
    let body = views.orders(&OrderFilter::of(member.user), &page());
    let ids: Vec<String> = body.orders.iter().map(|order| order.order_id.clone()).collect();
    let public = |order: &OrderState| IdSpace::Order.public(42, order.order.0).to_string();
    assert_eq!(ids, [public(&ask), public(&bid)]);
    let ask = &body.orders[0];
    assert_eq!((ask.outcome_side.as_str(), ask.book_side.as_str()), ("no", "ask"));
    assert_eq!(
        (ask.yes_price_dollars, ask.no_price_dollars),
        (price("0.60"), price("0.40"))
    );
    assert_eq!(
        (ask.status.as_str(), ask.remaining_count_fp),
        ("resting", quantity("5"))
    );
    assert_eq!(ask.subaccount_number, Some(0));
    // 10 × 0.40 for YES and 5 × 0.40 for NO.
    let resting = views.resting_order_value(member.user, None);
    assert_eq!(resting.total_resting_order_value, money("6"));
    assert_eq!(resting.resting_order_value_breakdown[0].balance, money("6"));
    let elsewhere = views.resting_order_value(member.user, Subaccount::new(1));
    assert_eq!(elsewhere.total_resting_order_value, money("0"));
    // The balance is not net of what rests.
    assert_eq!(
        views.balance(member, Some(Shard::MAIN)).balance_dollars,
        money("10000")
    );
}

#[test]
fn queues_are_told_as_they_are_now() {
    let mut desk = Desk::with_lag(Lag::MEASURED);
    let (first, second) = (desk.user("first"), desk.user("second"));
    desk.bid(first, "S-1-A", "0.40", "10");
    desk.bid(second, "S-1-A", "0.40", "5");
    let views = desk.views();
    let queues = views.queue_positions(second, &Markets::All);
    assert_eq!(queues.queue_positions[0].queue_position_fp, quantity("10"));
    assert_eq!(queues.queue_positions[0].market_ticker.as_str(), "S-1-A");
    let elsewhere = views.markets_of_events(&["C-1".parse().unwrap()]);
    assert_eq!(views.queue_positions(second, &elsewhere).queue_positions, []);
    // The list of orders lags.
    assert_eq!(views.orders(&OrderFilter::of(second.user), &page()).orders, []);
}

#[test]
fn cash_stands_on_its_shard() {
    let mut desk = Desk::new();
    let member = desk.user("member");
    desk.go_to(30);
    desk.done(&Command::Deposit {
        account: member,
        shard: Shard::CRYPTO,
        amount: money("25.50"),
    });
    let views = desk.views();
    let balance = views.balance(member, None);
    assert_eq!(balance.balance_dollars, money("10025.50"));
    let parts: Vec<String> = balance
        .balance_breakdown
        .iter()
        .map(|part| part.balance.to_string())
        .collect();
    assert_eq!(parts, ["10000.0000", "0.0000", "25.5000", "0.0000"]);
    assert_eq!(balance.updated_ts, at(30));
    assert_eq!(
        views.balance(member, Some(Shard::CRYPTO)).balance_dollars,
        money("25.50")
    );
    assert_eq!(views.balance(member, Some(Shard::MAIN)).updated_ts, at(20));
    let deposits = views.deposits(member.user, None, &page());
    let amounts: Vec<Money> = deposits
        .deposits
        .iter()
        .map(|deposit| deposit.amount_cents)
        .collect();
    assert_eq!(amounts, [money("25.50"), money("10000")]);
    let elsewhere = views.deposits(member.user, Subaccount::new(1), &page());
    assert_eq!(elsewhere.deposits, []);
}

#[test]
fn over_all_pages_each_event_is_summed_once() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    for market in ["S-2-B", "S-1-A", "S-1-B", "S-2-A"] {
        desk.ask(maker, market, "0.50", "2");
        desk.bid(taker, market, "0.50", "2");
    }
    let views = desk.views();
    let filter = PositionFilter::of(taker.user);
    let mut sums = Vec::new();
    let mut request = PageRequest::first(1);
    loop {
        let body = views.positions(&filter, &request);
        let page_sums = body.event_positions.iter();
        sums.extend(page_sums.map(|event| (event.event_ticker.to_string(), event.event_exposure_dollars)));
        if body.cursor.is_last() {
            break;
        }
        request = PageRequest::after(1, body.cursor.as_str().to_owned());
    }
    assert_eq!(
        sums,
        [("S-1".to_owned(), money("2")), ("S-2".to_owned(), money("2"))]
    );
}

#[test]
fn retired_words_say_that_the_contract_gained_was_bought() {
    let words = |side| {
        let (side, action) = crate::views::legacy(side);
        (side.to_string(), action.as_str().to_owned())
    };
    assert_eq!(
        words(kmi_domain::BookSide::Bid),
        ("yes".to_owned(), "buy".to_owned())
    );
    assert_eq!(
        words(kmi_domain::BookSide::Ask),
        ("no".to_owned(), "buy".to_owned())
    );
}
