//! Which events there are: each [`Lane`] asks one question after another, for ever.

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::names;
use crate::world::plan::Plan;
use crate::world::questions::{
    Fixture, code, coin, contest, game, price_range, share_of_points, ticker_date, ticker_time, total_points,
    weather,
};

/// Kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Will a coin stand above its price of a quarter of an hour ago: one market, 15 minutes.
    Coin,
    /// The day's high in a town: six exclusive brackets, one day.
    Weather,
    /// Where a price will stand: ten exclusive ranges, an hour or a day.
    Range,
    /// Who is elected: three to eight exclusive candidates, months.
    Contest,
    /// Who wins: two exclusive markets, one to three days.
    Game,
    /// How many points fall: five nested markets, one to three days.
    Total,
    /// Which share of the points: one market that settles between $0 and $1, one to three days.
    Share,
}

/// Fixtures one league plays at the same time; twice as many clubs are in it.
const FIXTURES: usize = 30;
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// One question after another of a kind, each listed when the one before is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lane {
    pub(super) kind: Kind,
    /// Number among those of its kind.
    pub(super) number: u32,
}

impl Lane {
    /// Markets of each of its events.
    pub(super) fn markets(self) -> u32 {
        match self.kind {
            Kind::Coin | Kind::Share => 1,
            Kind::Game => 2,
            Kind::Total => 5,
            Kind::Weather => 6,
            Kind::Range => 10,
            Kind::Contest => [4, 3, 8, 5, 3, 6][self.number as usize % 6],
        }
    }

    /// How busy its markets are, in comparison.
    pub(super) fn interest(self) -> f64 {
        match self.kind {
            Kind::Coin => 80.0,
            Kind::Weather => 8.0,
            Kind::Game => 6.0,
            Kind::Range | Kind::Contest => 3.0,
            Kind::Total | Kind::Share => 2.0,
        }
    }

    /// How long before the close of one event the next one is listed, in seconds of the world.
    pub(super) const fn lead_s(self) -> i64 {
        match self.kind {
            Kind::Coin => 30,
            _ => 0,
        }
    }

    /// Between which bounds the seconds lie from an event's close to its result.
    pub(super) const fn verdict_s(self) -> (i64, i64) {
        match self.kind {
            Kind::Coin | Kind::Range => (5, 30),
            _ => (MINUTE, 10 * MINUTE),
        }
    }

    /// Seconds from result to payment.
    pub(super) const fn settlement_timer_s(self) -> u32 {
        match self.kind {
            Kind::Coin | Kind::Range => 60,
            _ => 1_800,
        }
    }

    /// The event that is open at `now`, or opens then: its close is the first one after it.
    pub(super) fn plan(self, now: Timestamp) -> Plan {
        let nth = self.number as usize;
        let (every, offset) = self.rhythm();
        let close = next_beat(now, every, offset);
        let times = (close.plus_seconds(-every), close);
        let mut plan = match self.kind {
            Kind::Coin => coin(&names::coin(nth), times.0),
            Kind::Weather => weather(&names::town(nth), nth, Timestamp::from_day(times.0.day()), times),
            Kind::Range => {
                let what = format!(
                    "{} {}",
                    names::coin(nth),
                    if every == DAY { "daily" } else { "hourly" }
                );
                let middle = 400 + 110 * i64::from(self.number % 50) + 10 * (times.0.seconds() / HOUR % 11);
                price_range(&what, self.structure(), middle, times)
            }
            Kind::Contest => {
                let candidates = &names::CANDIDATES[..self.markets() as usize];
                contest(
                    &names::office(nth),
                    self.structure(),
                    candidates,
                    &self.shares(),
                    times,
                )
            }
            Kind::Game | Kind::Total | Kind::Share => self.sport(times),
        };
        if self.kind != Kind::Coin {
            // Trading goes on for a moment after everything is known.
            plan.known_by = close.plus_seconds(-every / 100);
        }
        plan
    }

    fn sport(self, times: (Timestamp, Timestamp)) -> Plan {
        let (league, pair) = (self.number as usize / FIXTURES, self.number as usize % FIXTURES);
        let clubs = FIXTURES * 2 * league;
        // Who is away changes from time to time, but never comes from among those at home.
        let round = usize::try_from(times.1.day().rem_euclid(i64::from(u16::MAX))).unwrap_or(0);
        let home = names::town(clubs + 2 * pair);
        let away = names::town(clubs + 2 * ((pair + round) % FIXTURES) + 1);
        let suffix = format!("{}{}{}", ticker_date(times.1), ticker_time(times.1), code(&home));
        let fixture = Fixture {
            league: &names::league(league),
            suffix: &suffix,
            home: &home,
            away: &away,
        };
        match self.kind {
            Kind::Total => total_points(&fixture, times),
            Kind::Share => share_of_points(&fixture, times),
            _ => game(&fixture, self.structure(), times),
        }
    }

    /// Seconds between the closes of its events, and when they fall within that.
    fn rhythm(self) -> (i64, i64) {
        let number = i64::from(self.number);
        match self.kind {
            Kind::Coin => (900, 0),
            Kind::Weather => (DAY, number * 7 % 24 * HOUR),
            Kind::Range if self.number.is_multiple_of(3) => (HOUR, 0),
            Kind::Range => (DAY, number * 5 % 24 * HOUR),
            Kind::Contest => ((30 + number * 13 % 150) * DAY, number * 11 % 30 * DAY + 12 * HOUR),
            Kind::Game | Kind::Total | Kind::Share => {
                let days = 1 + number % 3;
                (days * DAY, number * 47 % (24 * 60) * MINUTE + number % days * DAY)
            }
        }
    }

    /// Its price structure. Fine grids are few: the engine holds a level per tick.
    const fn structure(self) -> &'static str {
        match (self.kind, self.number) {
            (Kind::Contest, 0) => "center_deci_edge_centi_cent",
            (Kind::Contest | Kind::Range, 1..=20) => "deci_cent",
            (Kind::Range, 0) => "center_quint_edge_deci_cent",
            (Kind::Game, 0..=9) => "center_whole_edge_half_cent",
            (Kind::Game, 10..=14) => "center_half_edge_deci_cent",
            _ => "linear_cent",
        }
    }

    /// Where the line is divided between candidates: the first one leads, by more or less.
    fn shares(self) -> Vec<f64> {
        let rivals = self.markets() - 1;
        // The leader has everything above the uppermost bound, Φ(0.5) to Φ(−0.3); the others share the rest.
        let top = -0.5 + f64::from(self.number % 5) * 0.2;
        let step = 1.8 / f64::from(rivals);
        (0..rivals)
            .rev()
            .map(|below| top - step * f64::from(below))
            .collect()
    }
}

/// First instant after `now` that lies `offset` seconds after a whole multiple of `every` seconds.
fn next_beat(now: Timestamp, every: i64, offset: i64) -> Timestamp {
    let beats = (now.seconds() - offset).div_euclid(every) + 1;
    Timestamp::from_seconds(beats * every + offset)
}

/// Lanes whose events have exactly `markets` markets in sum, every kind among them from about sixty markets on.
pub(super) fn lanes(markets: u32) -> Vec<Lane> {
    let mut roll = Roll {
        left: markets,
        lanes: Vec::new(),
    };
    roll.call(Kind::Coin, (markets / 25).clamp(1, 24));
    roll.call(Kind::Weather, (markets * 3 / 10).min(120 * 6));
    roll.call(Kind::Range, markets / 10);
    roll.call(Kind::Contest, markets / 4);
    roll.call(Kind::Total, markets / 10);
    roll.call(Kind::Share, markets / 100);
    roll.call(Kind::Game, roll.left);
    roll.call(Kind::Share, roll.left);
    roll.lanes
}

/// Lanes while they are counted.
struct Roll {
    left: u32,
    lanes: Vec<Lane>,
}

impl Roll {
    /// Adds lanes of a kind for up to so many markets.
    fn call(&mut self, kind: Kind, markets: u32) {
        let mut quota = markets.min(self.left);
        let called = self.lanes.iter().filter(|lane| lane.kind == kind).count();
        for number in u32::try_from(called).unwrap_or(u32::MAX).. {
            let lane = Lane { kind, number };
            if lane.markets() > quota {
                break;
            }
            quota -= lane.markets();
            self.left -= lane.markets();
            self.lanes.push(lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn start() -> Timestamp {
        "2026-11-21T10:20:30Z".parse().unwrap()
    }

    #[test]
    fn the_lanes_have_exactly_as_many_markets_as_asked_for() {
        for markets in [1, 2, 3, 60, 199, 200, 1_000, 20_000] {
            let sum: u32 = lanes(markets).iter().map(|lane| lane.markets()).sum();
            assert_eq!(sum, markets);
        }
        let kinds: BTreeSet<Kind> = lanes(200).iter().map(|lane| lane.kind).collect();
        assert_eq!(kinds.len(), 7);
    }

    #[test]
    fn no_ticker_is_given_twice_to_whatever_is_asked_in_a_week() {
        let (mut tickers, mut asked) = (BTreeSet::new(), 0);
        for lane in lanes(2_000) {
            let mut now = start();
            while now < start().plus_seconds(7 * DAY) {
                let plan = lane.plan(now);
                assert!(
                    plan.open <= now && now < plan.close,
                    "{} at {now}",
                    plan.event.ticker
                );
                assert!(plan.open < plan.known_by && plan.known_by <= plan.close);
                for outcome in &plan.outcomes {
                    tickers.insert(outcome.market.ticker.clone());
                    asked += 1;
                }
                now = plan.close;
            }
        }
        assert_eq!(tickers.len(), asked);
    }

    #[test]
    fn an_event_has_as_many_markets_as_its_lane_says() {
        for lane in lanes(2_000) {
            assert_eq!(
                lane.plan(start()).outcomes.len(),
                lane.markets() as usize,
                "{lane:?}"
            );
        }
    }

    #[test]
    fn fine_grids_are_few_among_twenty_thousand() {
        let levels: usize = lanes(20_000)
            .iter()
            .map(|lane| {
                let step = lane.plan(start()).outcomes[0].market.grid.finest_step();
                lane.markets() as usize * 10_000 / usize::from(step.units())
            })
            .sum();
        // Whole cents alone would be two million levels.
        assert!(levels < 2_500_000, "{levels}");
    }
}
