//! Series and events: [`Store::series_list`], [`Store::events`], [`Store::event`].

use kmi_domain::{Category, Event, EventTicker, Series, SeriesTicker};

use crate::entity::{events, series};
use crate::row::{Table, Value};
use crate::{StorageError, Store};

const SERIES: Table = series::Model::TABLE;
const EVENTS: Table = events::Model::TABLE;

/// Which events to read; every condition must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Only of this series.
    pub series: Option<SeriesTicker>,
    /// Only of this category, their own or, where they say none, their series'.
    pub category: Option<Category>,
    /// Only those after this one in order of ticker: the last of the page before.
    pub after: Option<EventTicker>,
    /// At most so many.
    pub limit: u32,
}

impl Default for EventQuery {
    /// The first hundred of all events.
    fn default() -> EventQuery {
        EventQuery {
            series: None,
            category: None,
            after: None,
            limit: 100,
        }
    }
}

impl Store {
    /// All series, by ticker. The exchange has a few thousand.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn series_list(&self) -> Result<Vec<Series>, StorageError> {
        let sql = format!("SELECT {} FROM series ORDER BY ticker", SERIES.column_list());
        let rows = self.reader().await?.query(&sql, vec![]).await?.into_rows();
        rows.map(|mut row| Series::try_from(series::Model::from_fields(&mut row)?))
            .collect()
    }

    /// The series of a name.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn series(&self, ticker: &SeriesTicker) -> Result<Option<Series>, StorageError> {
        let sql = format!("SELECT {} FROM series WHERE ticker = $1", SERIES.column_list());
        let mut reader = self.reader().await?;
        let found = reader.query(&sql, vec![Value::from(ticker.as_str())]).await?;
        let row = found.into_rows().next();
        row.map(|mut row| Series::try_from(series::Model::from_fields(&mut row)?))
            .transpose()
    }

    /// Events, by ticker.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, StorageError> {
        let columns = EVENTS.columns.iter().map(|(name, _)| format!("e.{name}"));
        let sql = format!(
            "SELECT {} FROM events e LEFT JOIN series s ON s.ticker = e.series \
             WHERE ($1 = '' OR e.series = $1) AND ($2 = '' OR COALESCE(e.category, s.category) = $2) \
             AND e.ticker > $3 ORDER BY e.ticker LIMIT $4",
            columns.collect::<Vec<_>>().join(", ")
        );
        let values = vec![
            Value::from(query.series.as_ref().map_or("", SeriesTicker::as_str)),
            Value::from(query.category.as_deref().unwrap_or_default()),
            Value::from(query.after.as_ref().map_or("", EventTicker::as_str)),
            Value::Int(i64::from(query.limit)),
        ];
        let rows = self.reader().await?.query(&sql, values).await?.into_rows();
        rows.map(|mut row| Event::try_from(events::Model::from_fields(&mut row)?))
            .collect()
    }

    /// The event of a name.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn event(&self, ticker: &EventTicker) -> Result<Option<Event>, StorageError> {
        let sql = format!("SELECT {} FROM events WHERE ticker = $1", EVENTS.column_list());
        let mut reader = self.reader().await?;
        let found = reader.query(&sql, vec![Value::from(ticker.as_str())]).await?;
        let row = found.into_rows().next();
        row.map(|mut row| Event::try_from(events::Model::from_fields(&mut row)?))
            .transpose()
    }
}
