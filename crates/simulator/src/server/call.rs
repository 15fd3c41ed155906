//! One request, after it was let in: [`Call`].

use std::sync::Arc;

use axum::extract::RawPathParams;
use bytes::Bytes;
use kmi_domain::matching::{GroupId, MarketId, OrderId};
use kmi_domain::{EventTicker, Ticker};
use kmi_kalshi::api::request;
use serde::de::DeserializeOwned;

use super::Shared;
use super::answer::ApiError;
use super::auth::Caller;
use super::gate::{Lane, Payer};
use super::operation::{Cost, Operation};
use super::params::Params;
use crate::core::{Command, IdSpace, Reply};
use crate::engine::{Engine, View};
use crate::records::query::Markets;
use crate::views::Views;

/// A request with everything a handler needs.
pub(crate) struct Call {
    pub(crate) server: Arc<Shared>,
    pub(crate) operation: &'static Operation,
    pub(crate) caller: Option<Caller>,
    pub(crate) payer: Payer,
    pub(crate) path: Vec<(String, String)>,
    pub(crate) query: Params,
    pub(crate) body: Bytes,
}

impl Call {
    /// The exchange.
    pub(crate) fn engine(&self) -> &Engine {
        &self.server.engine
    }

    /// Looks at a moment of the exchange.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> R {
        self.server.engine.read(look)
    }

    /// Looks at a moment of the exchange as bodies.
    pub(crate) fn views<R>(&self, look: impl FnOnce(&Views<'_>) -> R) -> R {
        self.read(|view| {
            look(&Views {
                now: view.now,
                exchange: view.exchange,
                records: view.records,
            })
        })
    }

    /// A market by name.
    pub(crate) fn market_id(&self, ticker: &Ticker) -> Option<MarketId> {
        self.read(|view| view.exchange.market_id(ticker.as_str()))
    }

    /// The market in the path.
    pub(crate) fn market_in_path(&self) -> Result<MarketId, ApiError> {
        self.market_id(&self.ticker("ticker")?)
            .ok_or_else(ApiError::not_found)
    }

    /// The markets that filters name: those of these tickers that are of these events; all where neither is given.
    pub(crate) fn markets(&self, tickers: &[Ticker], events: &[EventTicker]) -> Markets {
        self.views(|views| {
            let named = (!tickers.is_empty()).then(|| views.markets_named(tickers));
            let of_events = (!events.is_empty()).then(|| views.markets_of_events(events));
            match (named, of_events) {
                (Some(Markets::Only(named)), Some(of_events)) => Markets::Only(
                    named
                        .into_iter()
                        .filter(|&market| of_events.contains(market))
                        .collect(),
                ),
                (Some(one), _) | (None, Some(one)) => one,
                (None, None) => Markets::All,
            }
        })
    }

    /// Lets a command happen.
    pub(crate) async fn submit(&self, command: Command) -> Result<Reply, ApiError> {
        Ok(self.server.engine.submit(command).await?)
    }

    /// Who asks.
    ///
    /// # Panics
    /// In an operation anyone may call, which is a bug.
    pub(crate) fn caller(&self) -> &Caller {
        self.caller.as_ref().expect("the operation needs a key")
    }

    /// A part of the path.
    ///
    /// # Panics
    /// When the operation's path has no such part, which is a bug.
    pub(crate) fn part(&self, name: &str) -> &str {
        let part = self.path.iter().find(|(key, _)| key == name);
        part.map(|(_, value)| value.as_str())
            .expect("the operation's path has the part")
    }

    /// A ticker in the path; what cannot be one is not found.
    pub(crate) fn ticker(&self, name: &str) -> Result<Ticker, ApiError> {
        self.parsed_part(name)
    }

    /// A name in the path; what cannot be one is not found.
    pub(crate) fn parsed_part<T: std::str::FromStr>(&self, name: &str) -> Result<T, ApiError> {
        self.part(name).parse().map_err(|_| ApiError::not_found())
    }

    /// The order in the path.
    pub(crate) fn order(&self) -> Result<OrderId, ApiError> {
        self.order_of(self.part("order_id"))
    }

    /// The order of a public id; what cannot be one is not found.
    pub(crate) fn order_of(&self, id: &str) -> Result<OrderId, ApiError> {
        self.number(IdSpace::Order, id)
            .map(OrderId)
            .ok_or_else(ApiError::not_found)
    }

    /// The order group in the path.
    pub(crate) fn group(&self) -> Result<GroupId, ApiError> {
        self.group_of(self.part("order_group_id"))
    }

    /// The order group of a public id; what cannot be one is not found.
    pub(crate) fn group_of(&self, id: &str) -> Result<GroupId, ApiError> {
        self.number(IdSpace::Group, id)
            .and_then(|number| u32::try_from(number).ok())
            .map(GroupId)
            .ok_or_else(ApiError::not_found)
    }

    /// The number of a public id.
    pub(crate) fn number(&self, space: IdSpace, id: &str) -> Option<u64> {
        space.parse(self.engine().seed(), id)
    }

    /// The public id of a number.
    pub(crate) fn public(&self, space: IdSpace, number: u64) -> String {
        space.public(self.engine().seed(), number).to_string()
    }

    /// The body as JSON of this form.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        Ok(request::decode(&self.body)?)
    }

    /// Bills the items of a batch beyond the first, which was billed before the body was read: all of them or none.
    pub(crate) fn bill_items(&self, items: usize) -> Result<(), ApiError> {
        let Cost::PerItem(each) = self.operation.cost else {
            return Ok(());
        };
        self.server
            .bill(self.payer, Lane::Write, each * items.saturating_sub(1) as u64)
    }
}

/// The parts of a path, decoded; what is no text is left out.
pub(crate) fn parts(params: &RawPathParams) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
