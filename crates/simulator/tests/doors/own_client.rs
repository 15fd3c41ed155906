//! What other people's clients do in `checks/conformance`, done by our own.

use futures::TryStreamExt as _;
use futures::future::BoxFuture;
use kmi_domain::matching::Decrease;
use kmi_domain::{BookSide, EventTicker, Money, Price, Quantity, SeriesTicker, Ticker};
use kmi_kalshi::api::groups::{CreateOrderGroup, OrderGroupQuery};
use kmi_kalshi::api::market::MarketsQuery;
use kmi_kalshi::api::orders::{AmendOrder, BatchCancelItem, CreateOrder, OrdersQuery, QueuePositionsQuery};
use kmi_kalshi::api::portfolio::{BalanceQuery, FillsQuery, PositionsQuery, SettlementsQuery};
use kmi_kalshi::connect::BoxStream;
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::{Class, Client};
use kmi_simulator::core::Command;

use super::support::{House, MARKET, Member, OTHER};

fn client(house: &House, member: &Member) -> Client {
    let (pipe, clock) = (house.pipe.clone(), house.engine.clock());
    Client::builder("http://box/trade-api/v2")
        .account(member.signer.clone(), move || clock.now())
        .connector(
            move |_: &str, _: u16| -> BoxFuture<'static, std::io::Result<BoxStream>> {
                let pipe = pipe.clone();
                Box::pin(async move { Ok(Box::new(pipe.connect().await?) as BoxStream) })
            },
        )
        .limits(Limits::none())
        .build()
        .unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn contracts(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn ticker(text: &str) -> Ticker {
    Ticker::new(text).unwrap()
}

fn order(market: &str, side: BookSide, at: &str, count: &str) -> CreateOrder {
    let order = CreateOrder::bid(ticker(market), price(at), contracts(count));
    CreateOrder { side, ..order }
}

async fn cash(client: &Client) -> Money {
    client
        .balance(&BalanceQuery::default())
        .await
        .unwrap()
        .balance_dollars
}

#[tokio::test]
async fn our_client_reads_everything_public() {
    let house = House::open().await;
    let client = client(&house, &house.demo);
    let (series, event) = (
        SeriesTicker::new("KXTEST").unwrap(),
        EventTicker::new("KXTEST-26NOV21").unwrap(),
    );
    assert!(client.exchange_status().await.unwrap().trading_active);
    client.exchange_schedule().await.unwrap();
    assert_eq!(client.endpoint_costs().await.unwrap().default_cost, 10);
    assert_eq!(
        client.series(&series, &everything()).await.unwrap().ticker,
        series
    );
    assert_eq!(client.series_list(&everything()).await.unwrap().len(), 2);
    client.series_fee_changes(&everything()).await.unwrap();
    client.event(&event, &everything()).await.unwrap();
    client.event_metadata(&event).await.unwrap();
    let events: Vec<_> = client.events(everything()).try_collect().await.unwrap();
    assert_eq!(events.len(), 2);
    let markets: Vec<_> = client
        .markets(MarketsQuery::default())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(markets.len(), 3);
    assert_eq!(
        client.market(&ticker(MARKET)).await.unwrap().ticker,
        ticker(MARKET)
    );
    client.orderbook(&ticker(MARKET), &everything()).await.unwrap();
    client.trades_page(&everything()).await.unwrap();
    client.historical_cutoff().await.unwrap();
    client.historical_trades_page(&everything()).await.unwrap();
    client.tags_by_categories().await.unwrap();
    client.filters_by_sport().await.unwrap();
}

#[tokio::test]
async fn our_client_trades_and_every_cent_is_accounted_for() {
    let house = House::open().await;
    let (demo, maker) = (client(&house, &house.demo), client(&house, &house.maker));
    let market = ticker(MARKET);
    let bid = maker
        .create_order(&order(MARKET, BookSide::Bid, "0.52", "10"))
        .await
        .unwrap();
    assert_eq!(maker.queue_position(&bid.order_id).await.unwrap(), Quantity::ZERO);
    let sale = demo
        .create_order(&order(MARKET, BookSide::Ask, "0.52", "4"))
        .await
        .unwrap();
    assert_eq!(
        (sale.fill_count, sale.remaining_count),
        (contracts("4"), Quantity::ZERO)
    );
    // 4 NO at 0.48 cost 1.92; 0.07 × 4 × 0.52 × 0.48 = 0.069888, up to 0.0699. The maker pays 4 × 0.52 and no fee.
    assert_eq!(cash(&demo).await, "9998.0101".parse::<Money>().unwrap());
    assert_eq!(cash(&maker).await, "9997.92".parse::<Money>().unwrap());
    let amendment = AmendOrder::new(market.clone(), BookSide::Bid, price("0.50"), contracts("12"));
    let amended = maker.amend_order(&bid.order_id, None, &amendment).await.unwrap();
    assert_eq!(amended.remaining_count, Some(contracts("8")));
    let less = maker
        .decrease_order(&bid.order_id, &market, Decrease::By(contracts("3")), None)
        .await
        .unwrap();
    assert_eq!(less.remaining_count, contracts("5"));
    let gone = maker.cancel_order(&bid.order_id, &market, None).await.unwrap();
    assert_eq!(gone.reduced_by, contracts("5"));
    let again = maker
        .cancel_order(&bid.order_id, &market, None)
        .await
        .unwrap_err();
    assert_eq!((again.class(), again.status()), (Class::Refused, Some(404)));
    let fills = demo.fills_page(&FillsQuery::default()).await.unwrap().fills;
    assert_eq!(fills[0].fee_cost, "0.0699".parse::<Money>().unwrap());
    let positions = demo.positions_page(&PositionsQuery::default()).await.unwrap();
    assert_eq!(positions.market_positions[0].position_fp, contracts("-4"));
    let result = kmi_domain::MarketResult::No;
    let payment = kmi_simulator::core::Payment::Now;
    house
        .engine
        .submit(Command::Determine {
            market,
            result,
            payment,
        })
        .await
        .unwrap();
    assert_eq!(cash(&demo).await, "10002.0101".parse::<Money>().unwrap());
    assert_eq!(cash(&maker).await, "9997.92".parse::<Money>().unwrap());
    let settled = demo.settlements_page(&SettlementsQuery::default()).await.unwrap();
    assert_eq!(settled.settlements.len(), 1);
}

#[tokio::test]
async fn our_client_sends_batches_and_keeps_groups() {
    let house = House::open().await;
    let demo = client(&house, &house.demo);
    let wrong = order(OTHER, BookSide::Bid, "0.5", "1000000");
    let batch = vec![
        order(OTHER, BookSide::Bid, "0.1", "1"),
        wrong,
        order(OTHER, BookSide::Bid, "0.2", "2"),
    ];
    let made = demo.create_orders(batch).await.unwrap();
    let refused: Vec<bool> = made.iter().map(|item| item.error.is_some()).collect();
    assert_eq!(refused, [false, true, false]);
    assert_eq!(
        demo.queue_positions(&QueuePositionsQuery::default())
            .await
            .unwrap()
            .len(),
        2
    );
    let items = made
        .iter()
        .filter_map(|item| item.order_id.clone())
        .map(|id| BatchCancelItem::new(id, ticker(OTHER)))
        .collect();
    let canceled = demo.cancel_orders(items).await.unwrap();
    assert!(canceled.iter().all(|item| item.error.is_none()));
    let group = demo
        .create_order_group(&CreateOrderGroup::new(10, 0))
        .await
        .unwrap()
        .order_group_id;
    let whose = OrderGroupQuery::default();
    let grouped = CreateOrder {
        order_group_id: Some(group.clone()),
        ..order(OTHER, BookSide::Bid, "0.1", "1")
    };
    demo.create_order(&grouped).await.unwrap();
    demo.limit_order_group(&group, 20, &whose).await.unwrap();
    demo.trigger_order_group(&group, &whose).await.unwrap();
    assert!(demo.create_order(&grouped).await.unwrap_err().refusal().is_some());
    demo.reset_order_group(&group, &whose).await.unwrap();
    demo.create_order(&grouped).await.unwrap();
    demo.delete_order_group(&group, &whose).await.unwrap();
    demo.create_order(&order(OTHER, BookSide::Bid, "0.1", "1"))
        .await
        .unwrap();
    demo.cancel_all_orders(None).await.unwrap();
    let orders: Vec<_> = demo.orders(OrdersQuery::default()).try_collect().await.unwrap();
    assert_eq!(orders.len(), 5);
    assert!(orders.iter().all(|order| order.remaining_count_fp.is_zero()));
    demo.refresh_limits().await.unwrap();
    assert_eq!(demo.api_keys().await.unwrap().api_keys.len(), 1);
}

/// A query without a filter.
fn everything<Q: Default>() -> Q {
    Q::default()
}
