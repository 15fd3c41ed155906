//! Calls about public data older than the cut-off.

use futures::Stream;
use kmi_domain::Ticker;

use super::{Auth, Client, Error, MAX_PAGES};
use crate::api::candle::{CandlesQuery, HistoricalCandlesResponse, HistoricalCandlestick};
use crate::api::historical::HistoricalCutoff;
use crate::api::market::{HistoricalMarketsQuery, Market, MarketResponse, MarketsPage};
use crate::api::trade::{Trade, TradesPage, TradesQuery};

impl Client {
    /// Where the live calls end: `GET /historical/cutoff`, public.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn historical_cutoff(&self) -> Result<HistoricalCutoff, Error> {
        self.get(Auth::Public, &["historical", "cutoff"]).send().await
    }

    /// One market paid before the cut-off: `GET /historical/markets/{ticker}`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a market that is none, or still live.
    pub async fn historical_market(&self, ticker: &Ticker) -> Result<Market, Error> {
        let path = ["historical", "markets", ticker.as_str()];
        let answer: MarketResponse = self.get(Auth::Public, &path).send().await?;
        Ok(answer.market)
    }

    /// One page of markets paid before the cut-off: `GET /historical/markets`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`HistoricalMarketsQuery::LIMITS`] allow.
    pub async fn historical_markets_page(
        &self,
        query: &HistoricalMarketsQuery,
    ) -> Result<MarketsPage, Error> {
        let request = self.get(Auth::Public, &["historical", "markets"]);
        request.query(query).send().await
    }

    /// Every such market that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::historical_markets_page`], as the stream's last item.
    pub fn historical_markets(
        &self,
        mut query: HistoricalMarketsQuery,
    ) -> impl Stream<Item = Result<Market, Error>> + Send + use<> {
        query.limit.get_or_insert(HistoricalMarketsQuery::LIMITS.max);
        self.get(Auth::Public, &["historical", "markets"])
            .list(query, MAX_PAGES)
    }

    /// One page of public trades executed before the cut-off, newest first: `GET /historical/trades`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`TradesQuery::LIMITS`] allow.
    pub async fn historical_trades_page(&self, query: &TradesQuery) -> Result<TradesPage, Error> {
        let request = self.get(Auth::Public, &["historical", "trades"]);
        request.query(query).send().await
    }

    /// Every such trade that `query` lets through, newest first, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::historical_trades_page`], as the stream's last item.
    pub fn historical_trades(
        &self,
        mut query: TradesQuery,
    ) -> impl Stream<Item = Result<Trade, Error>> + Send + use<> {
        query.limit.get_or_insert(TradesQuery::LIMITS.max);
        self.get(Auth::Public, &["historical", "trades"])
            .list(query, MAX_PAGES)
    }

    /// Candlesticks of a market paid before the cut-off, oldest first: `GET /historical/markets/{ticker}/candlesticks`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a market that is none, or still live.
    pub async fn historical_candlesticks(
        &self,
        ticker: &Ticker,
        query: &CandlesQuery,
    ) -> Result<Vec<HistoricalCandlestick>, Error> {
        let path = ["historical", "markets", ticker.as_str(), "candlesticks"];
        let answer: HistoricalCandlesResponse = self.get(Auth::Public, &path).query(query).send().await?;
        Ok(answer.candlesticks)
    }
}
