//! Conversions between the catalogue's rows and the domain's types, and how two reports of one thing become one.

use std::str::FromStr;

use kmi_domain::{
    CollateralReturn, Event, EventTicker, FeeMultiplier, FeeType, Market, MarketResult, MarketStatus, Price,
    PriceRange, Quantity, Series, SeriesTicker, TickGrid, Ticker, Timestamp,
};

use crate::StorageError;
use crate::entity::{events, markets, series};
use crate::row::damaged;

/// Reads a stored text as a domain type.
pub(crate) fn parse<T: FromStr>(table: &str, text: &str) -> Result<T, StorageError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| damaged(table, format!("{text:?}: {error}")))
}

fn parse_some<T: FromStr>(table: &str, text: Option<&str>) -> Result<Option<T>, StorageError>
where
    T::Err: std::fmt::Display,
{
    text.map(|text| parse(table, text)).transpose()
}

/// Price from its stored units.
pub(crate) fn price(table: &str, units: i64) -> Result<Price, StorageError> {
    u16::try_from(units)
        .ok()
        .and_then(Price::from_units)
        .ok_or_else(|| damaged(table, format!("{units} is no price")))
}

/// Units of a price as stored: at most 10 000, so they fit.
pub(crate) fn units(price: Price) -> i16 {
    i16::try_from(price.units()).unwrap_or(i16::MAX)
}

fn fee_multiplier(table: &str, millionths: Option<i64>) -> Result<Option<FeeMultiplier>, StorageError> {
    millionths
        .map(|millionths| {
            u32::try_from(millionths)
                .map(FeeMultiplier::from_millionths)
                .map_err(|_| damaged(table, format!("{millionths} is no fee multiplier")))
        })
        .transpose()
}

impl From<&Series> for series::Model {
    fn from(series: &Series) -> series::Model {
        series::Model {
            ticker: series.ticker.as_str().to_owned(),
            title: series.title.clone(),
            category: series.category.clone(),
            frequency: series.frequency.clone(),
            fee_type: series.fee_type.map(|fee| fee.as_str().to_owned()),
            fee_multiplier: series.fee_multiplier.map(|factor| i64::from(factor.millionths())),
        }
    }
}

impl TryFrom<series::Model> for Series {
    type Error = StorageError;
    fn try_from(row: series::Model) -> Result<Series, StorageError> {
        Ok(Series {
            ticker: parse("series", &row.ticker)?,
            title: row.title,
            category: row.category,
            frequency: row.frequency,
            fee_type: parse_some("series", row.fee_type.as_deref())?,
            fee_multiplier: fee_multiplier("series", row.fee_multiplier)?,
        })
    }
}

/// What is known of a series after one more report. Titles once known stay; fees change, so what a later report says of
/// them counts.
pub(crate) fn merge_series(known: Series, report: Series) -> Series {
    Series {
        ticker: known.ticker,
        title: known.title.or(report.title),
        category: known.category.or(report.category),
        frequency: known.frequency.or(report.frequency),
        fee_type: report.fee_type.or(known.fee_type),
        fee_multiplier: report.fee_multiplier.or(known.fee_multiplier),
    }
}

impl From<&Event> for events::Model {
    fn from(event: &Event) -> events::Model {
        events::Model {
            ticker: event.ticker.as_str().to_owned(),
            series: event.series.as_str().to_owned(),
            title: event.title.clone(),
            sub_title: event.sub_title.clone(),
            category: event.category.clone(),
            mutually_exclusive: i16::from(event.mutually_exclusive),
            collateral_return: event.collateral_return.as_str().to_owned(),
            strike_date: event.strike_date.map(Timestamp::micros),
            fee_type_override: event.fee_type_override.map(|fee| fee.as_str().to_owned()),
            fee_multiplier_override: event
                .fee_multiplier_override
                .map(|factor| i64::from(factor.millionths())),
        }
    }
}

impl TryFrom<events::Model> for Event {
    type Error = StorageError;
    fn try_from(row: events::Model) -> Result<Event, StorageError> {
        Ok(Event {
            ticker: parse::<EventTicker>("events", &row.ticker)?,
            series: parse::<SeriesTicker>("events", &row.series)?,
            title: row.title,
            sub_title: row.sub_title,
            category: row.category,
            mutually_exclusive: row.mutually_exclusive != 0,
            collateral_return: parse("events", &row.collateral_return)?,
            strike_date: row.strike_date.map(Timestamp::from_micros),
            fee_type_override: parse_some::<FeeType>("events", row.fee_type_override.as_deref())?,
            fee_multiplier_override: fee_multiplier("events", row.fee_multiplier_override)?,
        })
    }
}

fn filled(known: String, report: String) -> String {
    if known.is_empty() { report } else { known }
}

/// What is known of an event after one more report. Reports carry no time: titles once known stay, while of fees and
/// collateral, which change, what the later import says counts. A report cannot say that an event stopped being
/// exclusive: that is written as its absence is.
pub(crate) fn merge_event(known: Event, report: Event) -> Event {
    let collateral_return = match report.collateral_return {
        CollateralReturn::None => known.collateral_return,
        stated => stated,
    };
    Event {
        ticker: known.ticker,
        series: known.series,
        title: filled(known.title, report.title),
        sub_title: filled(known.sub_title, report.sub_title),
        category: known.category.or(report.category),
        mutually_exclusive: known.mutually_exclusive || report.mutually_exclusive,
        collateral_return,
        strike_date: known.strike_date.or(report.strike_date),
        fee_type_override: report.fee_type_override.or(known.fee_type_override),
        fee_multiplier_override: report.fee_multiplier_override.or(known.fee_multiplier_override),
    }
}

/// Row of a market, under the number of its name.
pub(crate) fn market_row(ticker_id: i64, market: &Market) -> markets::Model {
    markets::Model {
        ticker_id,
        event: market.event.as_ref().map(|event| event.as_str().to_owned()),
        title: market.title.clone(),
        yes_sub_title: market.yes_sub_title.clone(),
        no_sub_title: market.no_sub_title.clone(),
        open_time: market.open_time.map(Timestamp::micros),
        close_time: market.close_time.map(Timestamp::micros),
        status: market.status.as_str().to_owned(),
        result: market.result.map(|result| result.as_str().to_owned()),
        result_price: match market.result {
            Some(MarketResult::Scalar(value)) => Some(units(value)),
            _ => None,
        },
        settled_time: market.settled_time.map(Timestamp::micros),
        expected_expiration_time: market.expected_expiration_time.map(Timestamp::micros),
        settlement_timer_s: market.settlement_timer_s,
        grid: grid_text(&market.grid),
        price_level_structure: market.price_level_structure.clone(),
        yes_bid: market.yes_bid.map(units),
        yes_ask: market.yes_ask.map(units),
        yes_bid_size: market.yes_bid_size.map(Quantity::units),
        yes_ask_size: market.yes_ask_size.map(Quantity::units),
        last_price: market.last_price.map(units),
        volume: market.volume.map(Quantity::units),
        volume_24h: market.volume_24h.map(Quantity::units),
        open_interest: market.open_interest.map(Quantity::units),
        strike_type: market.strike_type.clone(),
        floor_strike: market.floor_strike.clone(),
        cap_strike: market.cap_strike.clone(),
        rules_primary: market.rules_primary.clone(),
        updated_time: market.updated_time.map(Timestamp::micros),
    }
}

/// Market of a row.
pub(crate) fn market(ticker: Ticker, row: markets::Model) -> Result<Market, StorageError> {
    let some_price = |units: Option<i16>| units.map(|units| price("markets", i64::from(units))).transpose();
    let result = match (row.result.as_deref(), row.result_price) {
        (None, _) => None,
        (Some("yes"), _) => Some(MarketResult::Yes),
        (Some("no"), _) => Some(MarketResult::No),
        (Some("scalar"), Some(value)) => Some(MarketResult::Scalar(price("markets", i64::from(value))?)),
        (Some(other), _) => return Err(damaged("markets", format!("{other:?} is no result"))),
    };
    Ok(Market {
        ticker,
        event: parse_some("markets", row.event.as_deref())?,
        title: row.title,
        yes_sub_title: row.yes_sub_title,
        no_sub_title: row.no_sub_title,
        open_time: row.open_time.map(Timestamp::from_micros),
        close_time: row.close_time.map(Timestamp::from_micros),
        status: parse("markets", &row.status)?,
        result,
        settled_time: row.settled_time.map(Timestamp::from_micros),
        expected_expiration_time: row.expected_expiration_time.map(Timestamp::from_micros),
        settlement_timer_s: row.settlement_timer_s,
        grid: grid(&row.grid)?,
        price_level_structure: row.price_level_structure,
        yes_bid: some_price(row.yes_bid)?,
        yes_ask: some_price(row.yes_ask)?,
        yes_bid_size: row.yes_bid_size.map(Quantity::from_units),
        yes_ask_size: row.yes_ask_size.map(Quantity::from_units),
        last_price: some_price(row.last_price)?,
        volume: row.volume.map(Quantity::from_units),
        volume_24h: row.volume_24h.map(Quantity::from_units),
        open_interest: row.open_interest.map(Quantity::from_units),
        strike_type: row.strike_type,
        floor_strike: row.floor_strike,
        cap_strike: row.cap_strike,
        rules_primary: row.rules_primary,
        updated_time: row.updated_time.map(Timestamp::from_micros),
    })
}

/// What is known of a market after one more report.
///
/// The report of the later change of metadata wins, further along in its life where neither says when; what it lacks is
/// taken from the other. The life cycle never goes back. The same report twice changes nothing. Quotes, sizes and last
/// price go together: a report that states the volume is of the whole market, so a quote it lacks is gone.
pub(crate) fn merge_market(known: Market, report: Market) -> Market {
    let age = |market: &Market| (market.updated_time, market.status);
    let status = known.status.max(report.status);
    if age(&report) > age(&known) {
        join(report, known, status)
    } else {
        join(known, report, status)
    }
}

/// What is known of a market after the exchange said how it is now.
///
/// The report wins; what it lacks stays as it was. A pause may end, but what is past its close never trades again,
/// whatever a read that lags behind still says.
pub(crate) fn merge_live(known: Market, report: Market) -> Market {
    let status = if known.status.is_past_close() {
        known.status.max(report.status)
    } else {
        report.status
    };
    join(report, known, status)
}

/// Two reports of a market as one: what the newer lacks is taken from the older.
fn join(newer: Market, older: Market, status: MarketStatus) -> Market {
    let updated_time = newer.updated_time.max(older.updated_time);
    let quotes = Quotes::merge(&newer, &older);
    let says_grid = newer.price_level_structure.is_some() || newer.grid != TickGrid::linear_cent();
    let (grid, price_level_structure) = if says_grid {
        (newer.grid, newer.price_level_structure)
    } else {
        (older.grid, older.price_level_structure)
    };
    Market {
        ticker: newer.ticker,
        event: newer.event.or(older.event),
        title: filled(newer.title, older.title),
        yes_sub_title: filled(newer.yes_sub_title, older.yes_sub_title),
        no_sub_title: filled(newer.no_sub_title, older.no_sub_title),
        open_time: newer.open_time.or(older.open_time),
        close_time: newer.close_time.or(older.close_time),
        status,
        result: newer.result.or(older.result),
        settled_time: newer.settled_time.or(older.settled_time),
        expected_expiration_time: newer.expected_expiration_time.or(older.expected_expiration_time),
        settlement_timer_s: newer.settlement_timer_s.or(older.settlement_timer_s),
        grid,
        price_level_structure,
        yes_bid: quotes.bid,
        yes_ask: quotes.ask,
        yes_bid_size: quotes.bid_size,
        yes_ask_size: quotes.ask_size,
        last_price: quotes.last_price,
        volume: newer.volume.or(older.volume),
        volume_24h: newer.volume_24h.or(older.volume_24h),
        open_interest: newer.open_interest.or(older.open_interest),
        strike_type: newer.strike_type.or(older.strike_type),
        floor_strike: newer.floor_strike.or(older.floor_strike),
        cap_strike: newer.cap_strike.or(older.cap_strike),
        rules_primary: filled(newer.rules_primary, older.rules_primary),
        updated_time,
    }
}

/// What a market offered at one instant.
struct Quotes {
    bid: Option<Price>,
    ask: Option<Price>,
    bid_size: Option<Quantity>,
    ask_size: Option<Quantity>,
    last_price: Option<Price>,
}

impl Quotes {
    fn of(market: &Market) -> Quotes {
        Quotes {
            bid: market.yes_bid,
            ask: market.yes_ask,
            bid_size: market.yes_bid_size,
            ask_size: market.yes_ask_size,
            last_price: market.last_price,
        }
    }

    /// Those of the newest report of a whole market; of two partial ones, what either has.
    fn merge(newer: &Market, older: &Market) -> Quotes {
        if newer.volume.is_some() {
            return Quotes::of(newer);
        }
        if older.volume.is_some() {
            return Quotes::of(older);
        }
        let (newer, older) = (Quotes::of(newer), Quotes::of(older));
        Quotes {
            bid: newer.bid.or(older.bid),
            ask: newer.ask.or(older.ask),
            bid_size: newer.bid_size.or(older.bid_size),
            ask_size: newer.ask_size.or(older.ask_size),
            last_price: newer.last_price.or(older.last_price),
        }
    }
}

/// Hash of what describes a market, quotes and volumes left out: it changes when the metadata does.
pub(crate) fn metadata_hash(market: &Market) -> String {
    let described = Market {
        yes_bid: None,
        yes_ask: None,
        yes_bid_size: None,
        yes_ask_size: None,
        last_price: None,
        volume: None,
        volume_24h: None,
        open_interest: None,
        ..market.clone()
    };
    let row = market_row(0, &described);
    let mut hasher = blake3::Hasher::new();
    for value in row.into_values() {
        hasher.update(format!("{value:?}\n").as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// `start-end/step;…` in price units.
fn grid_text(grid: &TickGrid) -> String {
    let ranges = grid.ranges().iter().map(|range| {
        let (start, end, step) = (range.start.units(), range.end.units(), range.step.units());
        format!("{start}-{end}/{step}")
    });
    ranges.collect::<Vec<_>>().join(";")
}

fn grid(text: &str) -> Result<TickGrid, StorageError> {
    let bad = || damaged("markets", format!("{text:?} is no grid"));
    let units = |text: &str| text.parse().ok().and_then(Price::from_units).ok_or_else(bad);
    let range = |text: &str| {
        let (bounds, step) = text.split_once('/').ok_or_else(bad)?;
        let (start, end) = bounds.split_once('-').ok_or_else(bad)?;
        Ok(PriceRange {
            start: units(start)?,
            end: units(end)?,
            step: units(step)?,
        })
    };
    let ranges = text
        .split(';')
        .map(range)
        .collect::<Result<Vec<_>, StorageError>>()?;
    TickGrid::new(ranges).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grid_survives_the_database() {
        for label in ["linear_cent", "tapered_deci_cent", "center_deci_edge_centi_cent"] {
            let known = TickGrid::from_label(label).unwrap();
            assert_eq!(grid(&grid_text(&known)).unwrap(), known);
        }
        assert!(grid("0-10000").is_err());
        assert!(grid("").is_err());
    }

    #[test]
    fn the_life_cycle_is_ordered_from_birth_to_end() {
        assert!(MarketStatus::Active < MarketStatus::Closed);
        assert!(MarketStatus::Closed < MarketStatus::Finalized);
    }
}
