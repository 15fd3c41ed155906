//! The questions of the invented world: what each kind of event is called, when it trades and what decides it.

mod crypto;
mod elections;
mod sports;
mod weather;

use kmi_domain::{
    CollateralReturn, Event, EventTicker, FeeMultiplier, FeeType, Market, MarketStatus, Series, SeriesTicker,
    TickGrid, Ticker, Timestamp,
};

use super::hidden::{Claim, Interval};
use super::plan::{Lots, Outcome, Plan};

pub(crate) use crypto::{coin, price_range};
pub(crate) use elections::contest;
pub(crate) use sports::{Fixture, game, share_of_points, total_points};
pub(crate) use weather::weather;

/// The `lane`-th of a kind's names; past the list they are numbered.
pub(crate) fn name(names: &[&str], lane: usize) -> String {
    let name = names[lane % names.len()];
    match lane / names.len() {
        0 => name.to_owned(),
        again => format!("{name} {}", again + 1),
    }
}

/// `RIVERTON2` of `Riverton 2`: the part of a ticker that names a place.
pub(crate) fn code(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// `26JUL03`, as the exchange writes a date in a ticker.
pub(crate) fn ticker_date(time: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let date = time.date();
    let month = date
        .get(5..7)
        .and_then(|month| month.parse::<usize>().ok())
        .unwrap_or(1);
    let (year, day) = (date.get(2..4).unwrap_or("00"), date.get(8..10).unwrap_or("00"));
    format!("{year}{}{day}", MONTHS[(month - 1) % 12])
}

/// `1430`, a time of day as it stands in a ticker.
pub(crate) fn ticker_time(time: Timestamp) -> String {
    let minute = time.seconds().rem_euclid(86_400) / 60;
    format!("{:02}{:02}", minute / 60, minute % 60)
}

/// The line cut at `bounds`, which ascend: one claim more than there are bounds.
fn cut(bounds: &[f64]) -> Vec<Claim> {
    let mut ends = vec![f64::NEG_INFINITY];
    ends.extend(bounds);
    ends.push(f64::INFINITY);
    ends.windows(2)
        .map(|ends| {
            Claim::Within(Interval {
                lower: ends[0],
                upper: ends[1],
            })
        })
        .collect()
}

/// Everything from `lower` up.
fn from(lower: f64) -> Claim {
    Claim::Within(Interval {
        lower,
        upper: f64::INFINITY,
    })
}

/// How a strike is read and its bounds as written.
struct Strike {
    kind: &'static str,
    floor: Option<String>,
    cap: Option<String>,
}

impl Strike {
    fn less(cap: i64) -> Strike {
        Strike {
            kind: "less",
            floor: None,
            cap: Some(cap.to_string()),
        }
    }

    fn between(floor: i64, cap: i64) -> Strike {
        Strike {
            kind: "between",
            floor: Some(floor.to_string()),
            cap: Some(cap.to_string()),
        }
    }

    fn greater(floor: i64) -> Strike {
        Strike {
            kind: "greater",
            floor: Some(floor.to_string()),
            cap: None,
        }
    }

    fn custom() -> Strike {
        Strike {
            kind: "custom",
            floor: None,
            cap: None,
        }
    }
}

/// An event while it is written.
struct Draft {
    series: Series,
    ticker: String,
    title: String,
    structure: &'static str,
    exclusive: CollateralReturn,
    outcomes: Vec<Outcome>,
}

impl Draft {
    fn new(series: &str, category: &str, fee_type: FeeType) -> Draft {
        Draft {
            series: Series {
                ticker: SeriesTicker::new(series).expect("an invented ticker is valid"),
                title: None,
                category: Some(category.to_owned()),
                frequency: Some("daily".to_owned()),
                fee_type: Some(fee_type),
                fee_multiplier: Some(FeeMultiplier::ONE),
            },
            ticker: String::new(),
            title: String::new(),
            structure: "linear_cent",
            exclusive: CollateralReturn::Mecnet,
            outcomes: Vec::new(),
        }
    }

    fn event(&mut self, suffix: &str, title: &str) {
        self.ticker = format!("{}-{suffix}", self.series.ticker);
        title.clone_into(&mut self.title);
    }

    fn outcome(&mut self, suffix: &str, yes: &str, strike: Strike, claim: Claim) {
        let market = Market {
            ticker: Ticker::new(format!("{}-{suffix}", self.ticker)).expect("an invented ticker is valid"),
            event: None,
            title: format!("{} {yes}", self.title),
            yes_sub_title: yes.to_owned(),
            no_sub_title: format!("Not: {yes}"),
            open_time: None,
            close_time: None,
            status: MarketStatus::Finalized,
            result: None,
            settled_time: None,
            expected_expiration_time: None,
            settlement_timer_s: Some(1_800),
            grid: TickGrid::from_label(self.structure).expect("a known structure"),
            price_level_structure: Some(self.structure.to_owned()),
            yes_bid: None,
            yes_ask: None,
            yes_bid_size: None,
            yes_ask_size: None,
            last_price: None,
            volume: None,
            volume_24h: None,
            open_interest: None,
            strike_type: Some(strike.kind.to_owned()),
            floor_strike: strike.floor,
            cap_strike: strike.cap,
            rules_primary: format!("Invented for testing. {} Resolves to Yes if: {yes}.", self.title),
            updated_time: None,
        };
        self.outcomes.push(Outcome { market, claim });
    }

    fn plan(mut self, (open, close): (Timestamp, Timestamp), lots: Lots) -> Plan {
        let ticker = EventTicker::new(self.ticker).expect("an invented ticker is valid");
        for outcome in &mut self.outcomes {
            outcome.market.event = Some(ticker.clone());
            outcome.market.open_time = Some(open);
            outcome.market.close_time = Some(close);
            outcome.market.settled_time = Some(close.plus_seconds(1_800));
        }
        Plan {
            event: Event {
                ticker,
                series: self.series.ticker.clone(),
                sub_title: format!("Closes {close}"),
                title: self.title,
                category: self.series.category.clone(),
                mutually_exclusive: self.exclusive == CollateralReturn::Mecnet,
                collateral_return: self.exclusive,
                strike_date: Some(close),
                fee_type_override: None,
                fee_multiplier_override: None,
            },
            series: self.series,
            outcomes: self.outcomes,
            open,
            close,
            known_by: close,
            lots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_in_a_ticker_is_year_month_day() {
        assert_eq!(ticker_date("2026-07-03T12:00:00Z".parse().unwrap()), "26JUL03");
    }
}
