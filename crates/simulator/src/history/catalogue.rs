//! What is asked: series, events and markets of an invented world, spread over the period.

use kmi_domain::Timestamp;

use super::Params;
use crate::world::plan::Plan;
use crate::world::questions::{Fixture, coin, contest, game, name, ticker_date, weather};

/// The four kinds of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The day's high in a town: six exclusive brackets, about 38 hours.
    Weather,
    /// Will a coin stand above its price of a quarter of an hour ago: one market, 15 minutes.
    Coin,
    /// Who wins a match: two exclusive markets, three days.
    Game,
    /// Who wins an election: four exclusive markets, up to half the period.
    Contest,
}

/// One round of kinds, 26 markets; rounds repeat until there are enough.
const ROUND: [Kind; 11] = [
    Kind::Weather,
    Kind::Coin,
    Kind::Game,
    Kind::Coin,
    Kind::Contest,
    Kind::Coin,
    Kind::Weather,
    Kind::Coin,
    Kind::Game,
    Kind::Coin,
    Kind::Coin,
];

impl Kind {
    const fn markets(self) -> usize {
        match self {
            Kind::Weather => 6,
            Kind::Coin => 1,
            Kind::Game => 2,
            Kind::Contest => 4,
        }
    }

    /// Series of this kind as long as they are not crowded.
    const fn lanes(self) -> usize {
        match self {
            Kind::Weather => 3,
            Kind::Coin | Kind::Game => 2,
            Kind::Contest => 1,
        }
    }

    /// Places for one event each in one series over the period.
    const fn slots(self, days: usize) -> usize {
        match self {
            Kind::Weather => days - 2,
            Kind::Coin => days * 96,
            Kind::Game => days - 3,
            Kind::Contest => days / 2,
        }
    }
}

/// Where in the period an event lies: which series of its kind, which place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    kind: Kind,
    lane: usize,
    slot: usize,
}

/// All events of the period, exactly `params.markets` markets in sum, in the order of the catalogue.
pub(super) fn plans(params: &Params) -> Vec<Plan> {
    places(params)
        .into_iter()
        .map(|place| plan(params, place))
        .collect()
}

fn places(params: &Params) -> Vec<Place> {
    let kinds = kinds(params.markets);
    let days = usize::from(params.days.max(Params::FEWEST_DAYS));
    let mut seen = [0_usize; 4];
    kinds
        .iter()
        .map(|&kind| {
            let count = kinds.iter().filter(|other| **other == kind).count();
            let nth = seen[kind as usize];
            seen[kind as usize] += 1;
            let slots = kind.slots(days);
            let lanes = kind.lanes().max(count.div_ceil(slots));
            let rounds = count.div_ceil(lanes);
            Place {
                kind,
                lane: nth % lanes,
                // Rounds never outnumber slots, so neighbours differ by at least one.
                slot: nth / lanes * slots / rounds,
            }
        })
        .collect()
}

/// Whole rounds of kinds, with single-market events wherever the next kind would be too many.
fn kinds(markets: usize) -> Vec<Kind> {
    let mut left = markets;
    let mut kinds = Vec::new();
    for &next in ROUND.iter().cycle() {
        if left == 0 {
            break;
        }
        let kind = if next.markets() <= left { next } else { Kind::Coin };
        left -= kind.markets();
        kinds.push(kind);
    }
    kinds
}

fn plan(params: &Params, place: Place) -> Plan {
    let day = params.start.day();
    let midnight = |slot: usize| Timestamp::from_day(day + i64::try_from(slot).unwrap_or(0));
    match place.kind {
        Kind::Weather => town_weather(place.lane, midnight(place.slot + 1)),
        Kind::Coin => {
            let quarter = i64::try_from(place.slot).unwrap_or(0);
            let open = Timestamp::from_day(day).plus_seconds(quarter * 900);
            coin(&name(&["Alpha", "Beta"], place.lane), open)
        }
        Kind::Game => club_game(place.lane, midnight(place.slot + 3)),
        Kind::Contest => {
            let length = usize::from(params.days.max(Params::FEWEST_DAYS)) / 2;
            let office = name(
                &["Harbour council", "Upland governor", "City treasurer"],
                place.lane,
            );
            let (open, close) = (midnight(place.slot), midnight(place.slot + length));
            let candidates = ["Ash", "Birch", "Cedar", "Dogwood"];
            contest(
                &office,
                "deci_cent",
                &candidates,
                &[-1.4, -0.2, 0.9],
                (open, close),
            )
        }
    }
}

fn town_weather(lane: usize, day: Timestamp) -> Plan {
    let close = day.plus_seconds(86_400 + 5 * 3_600 - 60);
    let mut plan = weather(
        &name(&["Riverton", "Lakeside", "Fairhaven"], lane),
        lane,
        day,
        (day.plus_seconds(-9 * 3_600), close),
    );
    plan.known_by = close.plus_seconds(-5 * 3_600);
    plan
}

fn club_game(lane: usize, day: Timestamp) -> Plan {
    const CLUBS: [&str; 7] = ["Anchors", "Bears", "Comets", "Drakes", "Elks", "Foxes", "Gulls"];
    let league = name(&["Northern League", "Southern League"], lane);
    let round = usize::try_from(day.day()).unwrap_or(0);
    let fixture = Fixture {
        league: &league,
        suffix: &ticker_date(day),
        home: CLUBS[(round + lane) % 7],
        away: CLUBS[(round + lane + 1 + round % 6) % 7],
    };
    let close = day.plus_seconds(23 * 3_600);
    game(&fixture, "linear_cent", (day.plus_seconds(-2 * 86_400), close))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::world::hidden::Claim;

    fn params(markets: usize) -> Params {
        Params {
            markets,
            ..Params::default()
        }
    }

    #[test]
    fn there_are_exactly_as_many_markets_as_asked_for_and_no_ticker_twice() {
        for markets in [1, 2, 7, 26, 400, 20_000] {
            let plans = plans(&params(markets));
            let tickers: BTreeSet<_> = plans
                .iter()
                .flat_map(|plan| plan.outcomes.iter().map(|outcome| outcome.market.ticker.clone()))
                .collect();
            assert_eq!(tickers.len(), markets);
            let events: BTreeSet<_> = plans.iter().map(|plan| plan.event.ticker.clone()).collect();
            assert_eq!(events.len(), plans.len());
        }
    }

    #[test]
    fn every_event_lies_within_the_period_and_a_day() {
        let params = params(400);
        let end = params
            .start
            .plus_seconds(86_400 * i64::from(params.days) + 86_400);
        for plan in plans(&params) {
            assert!(
                params.start <= plan.open,
                "{} opens {}",
                plan.event.ticker,
                plan.open
            );
            assert!(plan.open < plan.known_by && plan.known_by <= plan.close && plan.close <= end);
        }
    }

    #[test]
    fn exclusive_outcomes_cover_the_line_once() {
        for plan in plans(&params(100))
            .iter()
            .filter(|plan| plan.event.mutually_exclusive)
        {
            let mut intervals: Vec<_> = plan
                .outcomes
                .iter()
                .map(|outcome| match outcome.claim {
                    Claim::Within(interval) => interval,
                    Claim::Share { .. } => panic!("no outcome of the history pays a share"),
                })
                .collect();
            intervals.sort_by(|a, b| a.lower.total_cmp(&b.lower));
            let touching = intervals
                .windows(2)
                .all(|pair| (pair[0].upper - pair[1].lower).abs() < 1e-12);
            assert!(
                touching && intervals[0].lower == f64::NEG_INFINITY,
                "{}",
                plan.event.ticker
            );
            assert!(intervals[intervals.len() - 1].upper == f64::INFINITY);
        }
    }
}
