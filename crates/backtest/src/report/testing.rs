//! A small report with every kind of row in it.

use super::*;
use crate::bootstrap::{BootstrapSettings, bootstrap};
use crate::metrics::Turnover;

fn trade(ticker: &str, time: &str, side: Side, action: Action, price: &str, result: MarketResult) -> Trade {
    let mut trade = Trade {
        ticker: ticker.parse().unwrap(),
        time: time.parse().unwrap(),
        side,
        action,
        liquidity: Liquidity::Taker,
        price: price.parse().unwrap(),
        quantity: Quantity::from_contracts(2),
        fee: "0.02".parse().unwrap(),
        settled: Some("2026-08-12T00:00:00Z".parse().unwrap()),
        result: Some(result),
        pnl: None,
    };
    trade.pnl = Some(trade.settled_pnl(result));
    trade
}

/// Three markets: one bought and won, one bought and lost, one bought and sold again before it lost.
pub(crate) fn small_report() -> Report {
    use Action::{Buy, Sell};
    let trades = vec![
        trade(
            "RAIN-A",
            "2026-08-10T10:00:00Z",
            Side::Yes,
            Buy,
            "0.40",
            MarketResult::Yes,
        ),
        trade(
            "RAIN-B",
            "2026-08-10T11:00:00Z",
            Side::No,
            Buy,
            "0.90",
            MarketResult::Yes,
        ),
        trade(
            "SNOW-C",
            "2026-08-10T12:00:00Z",
            Side::Yes,
            Buy,
            "0.50",
            MarketResult::No,
        ),
        trade(
            "SNOW-C",
            "2026-08-10T13:00:00Z",
            Side::Yes,
            Sell,
            "0.65",
            MarketResult::No,
        ),
    ];
    let settled = [
        "2026-08-11T00:00:00Z",
        "2026-08-12T00:00:00Z",
        "2026-08-13T00:00:00Z",
    ];
    let names = ["RAIN-A", "RAIN-B", "SNOW-C"];
    let markets: Vec<TradedMarket> = names
        .iter()
        .zip(settled)
        .map(|(name, settled)| market(name, settled, &trades))
        .collect();
    let bookings: Vec<Booking> = markets.iter().map(|market| market.booking.clone()).collect();
    let mut turnover = Turnover::default();
    for trade in &trades {
        turnover.add(trade.price, trade.quantity);
    }
    let metrics = Metrics::new(&bookings, turnover);
    let intervals = bootstrap(&metrics.daily, BootstrapSettings::default()).ok();
    Report {
        strategy: "momentum".to_owned(),
        params: BTreeMap::from([("lookback".to_owned(), "2h".to_owned())]),
        from: Some("2026-08-01T00:00:00Z".parse().unwrap()),
        to: None,
        orders: 5,
        metrics,
        intervals,
        markets,
        trades,
        provenance: Provenance {
            markets: 12,
            events: 34_567,
            data: "trade tape".to_owned(),
            fees: "current".to_owned(),
            fills: "next prints, capped by their count".to_owned(),
            latency: "0 ms".to_owned(),
            incomplete: vec!["gold <2200>.jsonl.gz".to_owned()],
            ..Provenance::default()
        },
    }
}

fn market(name: &str, settled: &str, trades: &[Trade]) -> TradedMarket {
    let own: Vec<&Trade> = trades
        .iter()
        .filter(|trade| trade.ticker.as_str() == name)
        .collect();
    let fees = own.iter().map(|trade| trade.fee).sum();
    let pnl: Money = own.iter().filter_map(|trade| trade.pnl).sum();
    TradedMarket {
        booking: Booking {
            time: settled.parse().unwrap(),
            ticker: name.parse().unwrap(),
            gross: pnl + fees,
            fees,
        },
        event: None,
        series: Some(name.split_once('-').unwrap().0.parse().unwrap()),
        title: "More than 1\" <of> rain & snow".to_owned(),
        result: own[0].result.unwrap(),
        fills: own.len() as u64,
        contracts: own.iter().map(|trade| trade.quantity).sum(),
        first_yes_price: own[0].yes_price(),
    }
}
