//! Series, events and markets: what is known of each only ever grows.

use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::{Event, Market, Series, SeriesTicker, Ticker};

use super::{Import, Put, TickerIds};
use crate::StorageError;
use crate::catalogue::{market, market_row, merge_event, merge_market, merge_series, metadata_hash};
use crate::entity::{events, market_metadata, markets, series};
use crate::row::{Rows, Table, Value};
use crate::session::Session;

const SERIES: Table = series::Model::TABLE;
const EVENTS: Table = events::Model::TABLE;
const MARKETS: Table = markets::Model::TABLE;
const METADATA: Table = market_metadata::Model::TABLE;

/// Folds reports into what is known, by key; says what became of each and which rows to write.
fn fold<K: Ord + Clone, T: Clone + PartialEq>(
    mut known: BTreeMap<K, T>,
    reports: impl Iterator<Item = (K, T)>,
    merge: fn(T, T) -> T,
) -> (BTreeMap<K, T>, Put) {
    let mut put = Put::default();
    let mut changed = BTreeSet::new();
    for (key, report) in reports {
        let Some(before) = known.get(&key) else {
            put.inserted += 1;
            changed.insert(key.clone());
            known.insert(key, report);
            continue;
        };
        let after = merge(before.clone(), report);
        if after == *before {
            put.duplicates += 1;
        } else {
            put.updated += 1;
            changed.insert(key.clone());
            known.insert(key, after);
        }
    }
    known.retain(|key, _| changed.contains(key));
    (known, put)
}

fn texts<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Value> {
    let unique: BTreeSet<&str> = names.collect();
    unique.into_iter().map(Value::from).collect()
}

impl Import {
    /// Keeps series.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn put_series(&mut self, reports: &[Series]) -> Result<Put, StorageError> {
        let put = put_series(&mut self.session, reports).await?;
        self.total += put;
        Ok(put)
    }

    /// Keeps events; a series not known yet begins as its name and the event's category.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn put_events(&mut self, reports: &[Event]) -> Result<Put, StorageError> {
        let put = put_events(&mut self.session, reports).await?;
        self.total += put;
        Ok(put)
    }

    /// Keeps markets, each with the JSON it was read from, which is kept whenever the metadata differs from all before.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn put_markets(&mut self, reports: &[(Market, String)]) -> Result<Put, StorageError> {
        let put = put_markets(&mut self.session, &mut self.ids, reports, merge_market).await?;
        self.known_markets.forget();
        self.total += put;
        Ok(put)
    }
}

/// Adds series, or what is new of them.
pub(crate) async fn put_series(session: &mut Session, reports: &[Series]) -> Result<Put, StorageError> {
    let names = texts(reports.iter().map(|series| series.ticker.as_str()));
    let sql = format!("SELECT {} FROM series WHERE ticker", SERIES.column_list());
    let mut known = BTreeMap::new();
    for mut row in session.find(&sql, names).await?.into_rows() {
        let series = Series::try_from(series::Model::from_fields(&mut row)?)?;
        known.insert(series.ticker.clone(), series);
    }
    let reports = reports
        .iter()
        .map(|series| (series.ticker.clone(), series.clone()));
    let (changed, put) = fold(known, reports, merge_series);
    let mut rows = Rows::with_capacity(SERIES.columns.len(), changed.len());
    for series in changed.values() {
        rows.push(series::Model::from(series).into_values());
    }
    session.upsert(&SERIES, rows).await?;
    Ok(put)
}

/// Adds events, or what is new of them, and the series they name.
pub(crate) async fn put_events(session: &mut Session, reports: &[Event]) -> Result<Put, StorageError> {
    put_series(session, &stubs(reports)).await?;
    let names = texts(reports.iter().map(|event| event.ticker.as_str()));
    let sql = format!("SELECT {} FROM events WHERE ticker", EVENTS.column_list());
    let mut known = BTreeMap::new();
    for mut row in session.find(&sql, names).await?.into_rows() {
        let event = Event::try_from(events::Model::from_fields(&mut row)?)?;
        known.insert(event.ticker.clone(), event);
    }
    let reports = reports.iter().map(|event| (event.ticker.clone(), event.clone()));
    let (changed, put) = fold(known, reports, merge_event);
    let mut rows = Rows::with_capacity(EVENTS.columns.len(), changed.len());
    for event in changed.values() {
        rows.push(events::Model::from(event).into_values());
    }
    session.upsert(&EVENTS, rows).await?;
    Ok(put)
}

/// What events say of their series.
fn stubs(reports: &[Event]) -> Vec<Series> {
    let mut stubs = BTreeMap::<SeriesTicker, Series>::new();
    for event in reports {
        let stub = stubs.entry(event.series.clone()).or_insert_with(|| Series {
            ticker: event.series.clone(),
            title: None,
            category: None,
            frequency: None,
            fee_type: None,
            fee_multiplier: None,
        });
        if stub.category.is_none() {
            stub.category.clone_from(&event.category);
        }
    }
    stubs.into_values().collect()
}

/// Adds markets, or what `merge` makes of what is known and what is reported; and their JSON.
pub(crate) async fn put_markets(
    session: &mut Session,
    ids: &mut TickerIds,
    reports: &[(Market, String)],
    merge: fn(Market, Market) -> Market,
) -> Result<Put, StorageError> {
    ids.learn(session, reports.iter().map(|(market, _)| &market.ticker))
        .await?;
    let names: BTreeMap<i64, Ticker> = reports
        .iter()
        .map(|(market, _)| (ids.number(&market.ticker), market.ticker.clone()))
        .collect();
    let known = markets_by_number(session, &names).await?;
    let folded = reports
        .iter()
        .map(|(market, _)| (ids.number(&market.ticker), market.clone()));
    let (changed, put) = fold(known, folded, merge);
    let mut rows = Rows::with_capacity(MARKETS.columns.len(), changed.len());
    for (id, market) in &changed {
        rows.push(market_row(*id, market).into_values());
    }
    session.upsert(&MARKETS, rows).await?;
    put_metadata(session, ids, reports).await?;
    Ok(put)
}

async fn markets_by_number(
    session: &mut Session,
    names: &BTreeMap<i64, Ticker>,
) -> Result<BTreeMap<i64, Market>, StorageError> {
    let sql = format!("SELECT {} FROM markets WHERE ticker_id", MARKETS.column_list());
    let keys = names.keys().map(|id| Value::Int(*id)).collect();
    let mut known = BTreeMap::new();
    for mut row in session.find(&sql, keys).await?.into_rows() {
        let row = markets::Model::from_fields(&mut row)?;
        known.insert(row.ticker_id, market(names[&row.ticker_id].clone(), row)?);
    }
    Ok(known)
}

async fn put_metadata(
    session: &mut Session,
    ids: &TickerIds,
    reports: &[(Market, String)],
) -> Result<(), StorageError> {
    let mut rows = Rows::with_capacity(METADATA.columns.len(), reports.len());
    for (market, raw) in reports {
        let row = market_metadata::Model {
            ticker_id: ids.number(&market.ticker),
            hash: metadata_hash(market),
            updated_time: market.updated_time.map(kmi_domain::Timestamp::micros),
            raw: Some(raw.clone()),
        };
        rows.push(row.into_values());
    }
    session.insert_new(&METADATA, rows).await?;
    Ok(())
}
