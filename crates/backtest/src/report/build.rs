//! A report from what a run did.

use std::collections::BTreeMap;

use kmi_domain::fees::Role;
use kmi_domain::{Action, Quantity, Ticker, Timestamp};

use super::{Liquidity, Provenance, Report, Trade, TradedMarket};
use crate::bootstrap::{BootstrapError, BootstrapSettings, bootstrap};
use crate::engine::Catalogue;
use crate::metrics::{Booking, Metrics};
use crate::result::{MarketOutcome, RunResult};
use crate::strategy::{Fill, MarketId};

/// What a run cannot know of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Name of the strategy.
    pub strategy: String,
    /// Its parameters as text, defaults included.
    pub params: BTreeMap<String, String>,
    /// Start of the selection by `close_time`, inclusive.
    pub from: Option<Timestamp>,
    /// End of the selection by `close_time`, exclusive.
    pub to: Option<Timestamp>,
    /// What YES means in each market, in words; a market may be missing.
    pub titles: BTreeMap<Ticker, String>,
    /// Where the data comes from and how it was traded on; what the run itself counted is filled in.
    pub provenance: Provenance,
    /// Intervals wanted; `None` for none.
    pub bootstrap: Option<BootstrapSettings>,
}

impl Report {
    /// The report of a run over the markets of `catalogue`.
    ///
    /// # Errors
    /// When the bootstrap's settings make no sense.
    pub fn of(run: &RunResult, catalogue: Catalogue<'_>, about: About) -> Result<Report, BootstrapError> {
        let metrics = Metrics::new(&run.bookings(catalogue.markets), run.turnover());
        let intervals = match about.bootstrap {
            Some(settings) => Some(bootstrap(&metrics.daily, settings)?),
            None => None,
        };
        let outcomes: BTreeMap<MarketId, &MarketOutcome> = run
            .outcomes
            .iter()
            .map(|outcome| (outcome.market, outcome))
            .collect();
        Ok(Report {
            strategy: about.strategy,
            params: about.params,
            from: about.from,
            to: about.to,
            orders: run.orders,
            metrics,
            intervals,
            markets: traded_markets(run, catalogue, &about.titles),
            trades: trades(run, catalogue, &outcomes),
            provenance: Provenance {
                markets: run.markets,
                events: run.events,
                refused: run.refused,
                unsettled: run.unsettled().count() as u64,
                unsettled_cost: run
                    .unsettled()
                    .map(|outcome| outcome.position.cost() + outcome.fees)
                    .sum(),
                ..about.provenance
            },
        })
    }
}

fn traded_markets(
    run: &RunResult,
    catalogue: Catalogue<'_>,
    titles: &BTreeMap<Ticker, String>,
) -> Vec<TradedMarket> {
    let mut fills: BTreeMap<MarketId, (&Fill, Quantity)> = BTreeMap::new();
    for fill in &run.fills {
        fills.entry(fill.market).or_insert((fill, Quantity::ZERO)).1 += fill.quantity;
    }
    let mut markets: Vec<TradedMarket> = run
        .outcomes
        .iter()
        .filter_map(|outcome| {
            let settlement = outcome.settlement?;
            let (first, contracts) = fills.get(&outcome.market)?;
            let info = &catalogue.markets[outcome.market.index()];
            Some(TradedMarket {
                booking: Booking {
                    time: settlement.time,
                    ticker: info.ticker.clone(),
                    gross: settlement.gross,
                    fees: outcome.fees,
                },
                event: info.event.clone(),
                series: info.series.clone(),
                title: titles.get(&info.ticker).cloned().unwrap_or_default(),
                result: settlement.result,
                fills: outcome.fills,
                contracts: *contracts,
                first_yes_price: first.price,
            })
        })
        .collect();
    markets.sort_by(|a, b| (a.booking.time, a.ticker()).cmp(&(b.booking.time, b.ticker())));
    markets
}

fn trades(
    run: &RunResult,
    catalogue: Catalogue<'_>,
    outcomes: &BTreeMap<MarketId, &MarketOutcome>,
) -> Vec<Trade> {
    let mut held: BTreeMap<MarketId, Quantity> = BTreeMap::new();
    run.fills
        .iter()
        .map(|fill| {
            let position = held.entry(fill.market).or_default();
            let before = *position;
            *position += signed(fill);
            let settlement = outcomes.get(&fill.market).and_then(|outcome| outcome.settlement);
            let mut trade = named(
                fill,
                before,
                catalogue.markets[fill.market.index()].ticker.clone(),
            );
            trade.settled = settlement.map(|settlement| settlement.time);
            trade.result = settlement.map(|settlement| settlement.result);
            trade.pnl = trade.result.map(|result| trade.settled_pnl(result));
            trade
        })
        .collect()
}

/// Contracts gained, as they change the position.
fn signed(fill: &Fill) -> Quantity {
    match fill.outcome() {
        kmi_domain::Side::Yes => fill.quantity,
        kmi_domain::Side::No => -fill.quantity,
    }
}

/// A fill in a trader's words: gaining NO while YES is held, and no more of it than that, is selling YES.
fn named(fill: &Fill, held_before: Quantity, ticker: Ticker) -> Trade {
    let change = signed(fill);
    let reduces = held_before.is_negative() != change.is_negative() && held_before.abs() >= change.abs();
    let gained = fill.outcome();
    let (side, action, price) = if reduces && !held_before.is_zero() {
        (gained.opposite(), Action::Sell, fill.outcome_price().complement())
    } else {
        (gained, Action::Buy, fill.outcome_price())
    };
    Trade {
        ticker,
        time: fill.time,
        side,
        action,
        liquidity: match fill.role {
            Role::Maker => Liquidity::Maker,
            Role::Taker => Liquidity::Taker,
        },
        price,
        quantity: fill.quantity,
        fee: fill.fee,
        settled: None,
        result: None,
        pnl: None,
    }
}

#[cfg(test)]
mod tests {
    use kmi_domain::Money;

    use super::*;
    use crate::engine::{RunConfig, run};
    use crate::strategies::testing::history;
    use crate::strategy::find_strategy;

    fn reported(name: &str, given: &[(&str, &str)]) -> Report {
        let data = history();
        let description = find_strategy(name).unwrap();
        let params = description.parse(given.iter().copied()).unwrap();
        let mut strategy = (description.build)(&params).unwrap();
        let result = run(&data, &mut strategy, &RunConfig::default()).unwrap();
        let catalogue = Catalogue {
            kind: data.kind(),
            markets: data.markets(),
            ends: data.ends(),
        };
        let about = About {
            strategy: name.to_owned(),
            params: params.to_text(),
            bootstrap: Some(BootstrapSettings::default()),
            ..About::default()
        };
        Report::of(&result, catalogue, about).unwrap()
    }

    #[test]
    fn the_parts_of_the_trades_add_up_to_the_run() {
        for name in ["fixed_horizon", "momentum", "mean_reversion"] {
            let given: &[(&str, &str)] = if name == "fixed_horizon" {
                &[("max_price", "0.90")]
            } else {
                &[]
            };
            let report = reported(name, given);

            assert!(report.trades.len() > 20, "{name} traded {}", report.trades.len());
            let by_trade: Money = report.trades.iter().filter_map(|trade| trade.pnl).sum();
            assert_eq!(by_trade, report.metrics.total_pnl, "{name}");
            let by_market: Money = report.markets.iter().map(|market| market.booking.pnl()).sum();
            assert_eq!(by_market, report.metrics.total_pnl, "{name}");
        }
    }

    #[test]
    fn leaving_a_position_is_told_as_a_sale() {
        let report = reported("momentum", &[]);

        let sales = report
            .trades
            .iter()
            .filter(|trade| trade.action == Action::Sell)
            .count();
        assert!(sales > 0 && sales <= report.trades.len() / 2, "{sales} sales");
    }
}
