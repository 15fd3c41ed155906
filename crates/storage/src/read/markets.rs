//! Markets with what their event and series say about them.

use kmi_domain::{
    Category, Event, FeeMultiplier, FeeType, Market, MarketResult, Series, SeriesTicker, Ticker, Timestamp,
};

use crate::entity::{events, markets, series};
use crate::row::Value;
use crate::{StorageError, Store};

/// Whether a result is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultFilter {
    /// All markets.
    #[default]
    Any,
    /// Those with a result, scalar ones too.
    WithResult,
    /// Those that came out yes or no.
    YesOrNo,
}

/// Which markets to read; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketQuery {
    /// Of these series; empty for all.
    pub series: Vec<SeriesTicker>,
    /// Of these categories; empty for all.
    pub categories: Vec<Category>,
    /// Of these tickers; `None` for all.
    pub tickers: Option<Vec<Ticker>>,
    /// First close time wanted; markets without one are left out then.
    pub close_from: Option<Timestamp>,
    /// First close time no longer wanted.
    pub close_to: Option<Timestamp>,
    /// Whether a result is asked for.
    pub result: ResultFilter,
}

/// A market with its event and series, where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketRecord {
    /// The market.
    pub market: Market,
    /// Its event.
    pub event: Option<Event>,
    /// Its series.
    pub series: Option<Series>,
}

impl MarketRecord {
    /// The event's category, else the series'.
    pub fn category(&self) -> Option<&str> {
        let event = self.event.as_ref().and_then(|event| event.category.as_deref());
        event.or_else(|| self.series.as_ref().and_then(|series| series.category.as_deref()))
    }

    /// Name of its series.
    pub fn series_ticker(&self) -> Option<&SeriesTicker> {
        self.event.as_ref().map(|event| &event.series)
    }

    /// True when at most one market of its event resolves yes.
    pub fn is_exclusive(&self) -> bool {
        self.event.as_ref().is_some_and(|event| event.mutually_exclusive)
    }

    /// How it charges: the event's override, else the series' way; `None` where unknown.
    pub fn fee_type(&self) -> Option<FeeType> {
        let event = self.event.as_ref().and_then(|event| event.fee_type_override);
        event.or_else(|| self.series.as_ref().and_then(|series| series.fee_type))
    }

    /// Factor on the fee rate: the event's override, else the series'; `None` where unknown.
    pub fn fee_multiplier(&self) -> Option<FeeMultiplier> {
        let event = self
            .event
            .as_ref()
            .and_then(|event| event.fee_multiplier_override);
        event.or_else(|| self.series.as_ref().and_then(|series| series.fee_multiplier))
    }
}

impl Store {
    /// Markets in order of ticker.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn markets(&self, query: &MarketQuery) -> Result<Vec<MarketRecord>, StorageError> {
        let wanted = "(m.close_time IS NULL OR (m.close_time >= $1 AND m.close_time < $2)) ORDER BY t.ticker";
        let bounds = vec![
            Value::Int(query.close_from.map_or(i64::MIN, Timestamp::micros)),
            Value::Int(query.close_to.map_or(i64::MAX, Timestamp::micros)),
        ];
        let found = self.reader().await?.query(&select(wanted), bounds).await?;
        let mut records = Vec::new();
        for mut row in found.into_rows() {
            let record = record(&mut row)?;
            if query.admits(&record) {
                records.push(record);
            }
        }
        Ok(records)
    }

    /// The market of a name.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn market(&self, ticker: &Ticker) -> Result<Option<MarketRecord>, StorageError> {
        let named = vec![Value::from(ticker.as_str())];
        let found = self
            .reader()
            .await?
            .query(&select("t.ticker = $1"), named)
            .await?;
        found
            .into_rows()
            .next()
            .map(|mut row| record(&mut row))
            .transpose()
    }
}

/// Markets with what their event and series say, where `wanted` holds.
fn select(wanted: &str) -> String {
    let columns = |prefix: &str, table: &crate::row::Table| {
        let names = table.columns.iter().map(|(name, _)| format!("{prefix}.{name}"));
        names.collect::<Vec<_>>().join(", ")
    };
    format!(
        "SELECT t.ticker, {}, {}, {} FROM markets m JOIN tickers t ON t.id = m.ticker_id \
         LEFT JOIN events e ON e.ticker = m.event LEFT JOIN series s ON s.ticker = e.series WHERE {wanted}",
        columns("m", &markets::Model::TABLE),
        columns("e", &events::Model::TABLE),
        columns("s", &series::Model::TABLE),
    )
}

fn record(row: &mut crate::row::Fields) -> Result<MarketRecord, StorageError> {
    let ticker = crate::catalogue::parse("tickers", &row.take::<String>()?)?;
    let market = crate::catalogue::market(ticker, markets::Model::from_fields(row)?)?;
    // Left joins: all absent, or a whole row.
    let event = row.take_row(events::Model::TABLE.columns.len(), events::Model::from_fields)?;
    let series = row.take_row(series::Model::TABLE.columns.len(), series::Model::from_fields)?;
    Ok(MarketRecord {
        market,
        event: event.map(Event::try_from).transpose()?,
        series: series.map(Series::try_from).transpose()?,
    })
}

impl MarketQuery {
    fn admits(&self, record: &MarketRecord) -> bool {
        let market = &record.market;
        let series = self.series.is_empty()
            || record
                .series_ticker()
                .is_some_and(|series| self.series.contains(series));
        let category = self.categories.is_empty()
            || record
                .category()
                .is_some_and(|category| self.categories.iter().any(|wanted| wanted == category));
        let ticker = self
            .tickers
            .as_ref()
            .is_none_or(|tickers| tickers.contains(&market.ticker));
        let bounded = self.close_from.is_some() || self.close_to.is_some();
        let close = market.close_time.is_some() || !bounded;
        let result = match self.result {
            ResultFilter::Any => true,
            ResultFilter::WithResult => market.result.is_some(),
            ResultFilter::YesOrNo => market.result.and_then(MarketResult::outcome).is_some(),
        };
        series && category && ticker && close && result
    }
}
