//! The questions of the invented world: what each kind of event is called, when it trades and what decides it.

use kmi_domain::{
    CollateralReturn, Event, EventTicker, FeeMultiplier, FeeType, Market, MarketStatus, Series, SeriesTicker,
    TickGrid, Ticker, Timestamp,
};

use super::catalogue::{Lots, Outcome, Plan};
use super::hidden::Interval;

/// The `lane`-th of a kind's names; past the list they are numbered.
fn name(names: &[&str], lane: usize) -> String {
    let name = names[lane % names.len()];
    match lane / names.len() {
        0 => name.to_owned(),
        again => format!("{name} {}", again + 1),
    }
}

/// `RIVERTON2` of `Riverton 2`: the part of a ticker that names a place.
fn code(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// `26JUL03`, as the exchange writes a date in a ticker.
fn ticker_date(time: Timestamp) -> String {
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

pub(super) fn weather(lane: usize, day: Timestamp) -> Plan {
    const TOWNS: [&str; 3] = ["Riverton", "Lakeside", "Fairhaven"];
    let town = name(&TOWNS, lane);
    // Every town has its climate; a seed changes what happens, not what is asked.
    let middle = 58 + 9 * (i64::try_from(lane).unwrap_or(0) % 4) + day.day() % 7;
    let mut book = Draft::new(
        &format!("SIMHIGH{}", code(&town)),
        "Climate and Weather",
        FeeType::Quadratic,
    );
    book.series.title = Some(format!("Highest temperature in {town}"));
    book.event(
        &ticker_date(day),
        &format!("Highest temperature in {town} on {}?", day.date()),
    );
    // Degrees between brackets, in standard deviations of what is unknown at the opening (three degrees).
    let bound = |degrees: i64| (degrees as f64) / 3.0;
    book.outcome(
        &format!("T{}", middle - 4),
        &format!("{}° or below", middle - 5),
        Strike::less(middle - 4),
        Interval {
            lower: f64::NEG_INFINITY,
            upper: bound(-4),
        },
    );
    for from in [-4, -2, 0, 2] {
        book.outcome(
            &format!("B{}.5", middle + from),
            &format!("{}° to {}°", middle + from, middle + from + 1),
            Strike::between(middle + from, middle + from + 1),
            Interval {
                lower: bound(from),
                upper: bound(from + 2),
            },
        );
    }
    book.outcome(
        &format!("T{}", middle + 3),
        &format!("{}° or above", middle + 4),
        Strike::greater(middle + 3),
        Interval {
            lower: bound(4),
            upper: f64::INFINITY,
        },
    );
    let close = day.plus_seconds(86_400 + 5 * 3_600 - 60);
    book.plan(
        day.plus_seconds(-9 * 3_600),
        close,
        close.plus_seconds(-5 * 3_600),
        Lots::Whole,
    )
}

pub(super) fn coin(lane: usize, open: Timestamp) -> Plan {
    const COINS: [&str; 2] = ["Alpha", "Beta"];
    let coin = name(&COINS, lane);
    let mut book = Draft::new(
        &format!("SIM{}15M", code(&coin)),
        "Crypto",
        FeeType::QuadraticWithMakerFees,
    );
    "fifteen_min".clone_into(book.series.frequency.get_or_insert_default());
    book.series.title = Some(format!("{coin} coin up in 15 minutes"));
    book.structure = "tapered_deci_cent";
    book.exclusive = CollateralReturn::None;
    let close = open.plus_seconds(900);
    let minute = close.seconds().rem_euclid(86_400) / 60;
    let (hour, minute) = (minute / 60, minute % 60);
    book.event(
        &format!("{}{hour:02}{minute:02}", ticker_date(close)),
        &format!("{coin} coin above its opening price at {hour:02}:{minute:02} UTC?"),
    );
    let yes = Interval {
        lower: 0.0,
        upper: f64::INFINITY,
    };
    book.outcome(&format!("{minute:02}"), "Price up", Strike::greater(0), yes);
    book.plan(open, close, close, Lots::Fractional)
}

pub(super) fn game(lane: usize, day: Timestamp) -> Plan {
    const LEAGUES: [&str; 2] = ["Northern League", "Southern League"];
    const CLUBS: [&str; 7] = ["Anchors", "Bears", "Comets", "Drakes", "Elks", "Foxes", "Gulls"];
    let league = name(&LEAGUES, lane);
    let mut book = Draft::new(&format!("SIM{}", code(&league)), "Sports", FeeType::Quadratic);
    book.series.title = Some(league);
    book.series.fee_multiplier = Some(FeeMultiplier::from_millionths(500_000));
    let round = usize::try_from(day.day()).unwrap_or(0);
    let (home, away) = (
        CLUBS[(round + lane) % 7],
        CLUBS[(round + lane + 1 + round % 6) % 7],
    );
    book.event(&ticker_date(day), &format!("{away} at {home}: who wins?"));
    // A little advantage for those at home.
    book.outcome(
        "HOME",
        home,
        Strike::custom(),
        Interval {
            lower: -0.15,
            upper: f64::INFINITY,
        },
    );
    book.outcome(
        "AWAY",
        away,
        Strike::custom(),
        Interval {
            lower: f64::NEG_INFINITY,
            upper: -0.15,
        },
    );
    let close = day.plus_seconds(23 * 3_600);
    book.plan(day.plus_seconds(-2 * 86_400), close, close, Lots::Whole)
}

pub(super) fn contest(lane: usize, open: Timestamp, close: Timestamp) -> Plan {
    const OFFICES: [&str; 3] = ["Harbour council", "Upland governor", "City treasurer"];
    let office = name(&OFFICES, lane);
    let mut book = Draft::new(&format!("SIM{}", code(&office)), "Elections", FeeType::Quadratic);
    book.series.title = Some(format!("{office}: who is elected"));
    book.structure = "deci_cent";
    book.event(
        &ticker_date(close),
        &format!("{office}: who is elected on {}?", close.date()),
    );
    let bounds = [f64::NEG_INFINITY, -1.4, -0.2, 0.9, f64::INFINITY];
    for (candidate, bounds) in ["Ash", "Birch", "Cedar", "Dogwood"].iter().zip(bounds.windows(2)) {
        let interval = Interval {
            lower: bounds[0],
            upper: bounds[1],
        };
        book.outcome(
            &candidate.to_ascii_uppercase(),
            candidate,
            Strike::custom(),
            interval,
        );
    }
    book.plan(open, close, close.plus_seconds(-1_800), Lots::Whole)
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

    fn outcome(&mut self, suffix: &str, yes: &str, strike: Strike, yes_when: Interval) {
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
        self.outcomes.push(Outcome { market, yes_when });
    }

    fn plan(mut self, open: Timestamp, close: Timestamp, known_by: Timestamp, lots: Lots) -> Plan {
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
            known_by,
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
