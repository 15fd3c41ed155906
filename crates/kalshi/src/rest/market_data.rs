//! Calls about markets: themselves, their books, trades and candlesticks.

use futures::Stream;
use kmi_domain::{EventTicker, SeriesTicker, Ticker};

use super::{Auth, Client, Error, MAX_PAGES};
use crate::api::candle::{
    BatchCandlesQuery, BatchCandlesResponse, CandlesQuery, CandlesResponse, Candlestick,
    EventCandlesResponse, MarketCandles,
};
use crate::api::market::{Market, MarketResponse, MarketsPage, MarketsQuery};
use crate::api::orderbook::{
    MarketOrderbook, OrderbookQuery, OrderbookResponse, OrderbookSides, OrderbooksQuery, OrderbooksResponse,
};
use crate::api::trade::{Trade, TradesPage, TradesQuery};

/// Markets.
impl Client {
    /// One market with its quotes: `GET /markets/{ticker}`, public. Those paid before the historical cut-off are found by
    /// [`Client::historical_market`] only.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a market that is none, and for moments after its creation.
    pub async fn market(&self, ticker: &Ticker) -> Result<Market, Error> {
        let answer: MarketResponse = self
            .get(Auth::Public, &["markets", ticker.as_str()])
            .send()
            .await?;
        Ok(answer.market)
    }

    /// One page of markets: `GET /markets`, public. Most of what is listed are combos, unless the query excludes them.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`MarketsQuery::LIMITS`] allow and for filters that do not go together.
    pub async fn markets_page(&self, query: &MarketsQuery) -> Result<MarketsPage, Error> {
        self.get(Auth::Public, &["markets"]).query(query).send().await
    }

    /// Every market that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::markets_page`], as the stream's last item.
    pub fn markets(
        &self,
        mut query: MarketsQuery,
    ) -> impl Stream<Item = Result<Market, Error>> + Send + use<> {
        query.limit.get_or_insert(MarketsQuery::LIMITS.max);
        self.get(Auth::Public, &["markets"]).list(query, MAX_PAGES)
    }
}

/// Order books.
impl Client {
    /// Bids for YES and for NO, each with the best last: `GET /markets/{ticker}/orderbook`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a market that is none, 400 for more levels than [`OrderbookQuery::MAX_DEPTH`].
    pub async fn orderbook(&self, ticker: &Ticker, query: &OrderbookQuery) -> Result<OrderbookSides, Error> {
        let request = self.get(Auth::Public, &["markets", ticker.as_str(), "orderbook"]);
        let answer: OrderbookResponse = request.query(query).send().await?;
        Ok(answer.orderbook_fp)
    }

    /// The books of up to [`OrderbooksQuery::MAX_TICKERS`] markets, all levels: `GET /markets/orderbooks`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more markets, or none.
    pub async fn orderbooks(
        &self,
        tickers: impl IntoIterator<Item = Ticker>,
    ) -> Result<Vec<MarketOrderbook>, Error> {
        let query = OrderbooksQuery {
            tickers: tickers.into_iter().collect(),
        };
        let request = self.get(Auth::Public, &["markets", "orderbooks"]);
        let answer: OrderbooksResponse = request.query(&query).send().await?;
        Ok(answer.orderbooks)
    }
}

/// Trades.
impl Client {
    /// One page of public trades, newest first: `GET /markets/trades`, public. Older ones than the historical cut-off are
    /// found by [`Client::historical_trades`] only.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`TradesQuery::LIMITS`] allow.
    pub async fn trades_page(&self, query: &TradesQuery) -> Result<TradesPage, Error> {
        self.get(Auth::Public, &["markets", "trades"])
            .query(query)
            .send()
            .await
    }

    /// Every public trade that `query` lets through, newest first, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::trades_page`], as the stream's last item.
    pub fn trades(&self, mut query: TradesQuery) -> impl Stream<Item = Result<Trade, Error>> + Send + use<> {
        query.limit.get_or_insert(TradesQuery::LIMITS.max);
        self.get(Auth::Public, &["markets", "trades"])
            .list(query, MAX_PAGES)
    }
}

/// Candlesticks.
impl Client {
    /// Candlesticks of one market, oldest first: `GET /series/{series_ticker}/markets/{ticker}/candlesticks`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a market that is none or not of the series, 400 for a span with too many of them.
    pub async fn candlesticks(
        &self,
        series: &SeriesTicker,
        ticker: &Ticker,
        query: &CandlesQuery,
    ) -> Result<Vec<Candlestick>, Error> {
        let path = [
            "series",
            series.as_str(),
            "markets",
            ticker.as_str(),
            "candlesticks",
        ];
        let answer: CandlesResponse = self.get(Auth::Public, &path).query(query).send().await?;
        Ok(answer.candlesticks)
    }

    /// Candlesticks of up to [`BatchCandlesQuery::MAX_TICKERS`] markets, at most [`BatchCandlesQuery::MAX_CANDLES`] in all:
    /// `GET /markets/candlesticks`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more.
    pub async fn batch_candlesticks(&self, query: &BatchCandlesQuery) -> Result<Vec<MarketCandles>, Error> {
        let request = self.get(Auth::Public, &["markets", "candlesticks"]);
        let answer: BatchCandlesResponse = request.query(query).send().await?;
        Ok(answer.markets)
    }

    /// Candlesticks of all markets of an event: `GET /series/{series_ticker}/events/{ticker}/candlesticks`, public. Where they
    /// would be too many the answer ends early, and says where.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for an event that is none or not of the series.
    pub async fn event_candlesticks(
        &self,
        series: &SeriesTicker,
        event: &EventTicker,
        query: &CandlesQuery,
    ) -> Result<EventCandlesResponse, Error> {
        let path = [
            "series",
            series.as_str(),
            "events",
            event.as_str(),
            "candlesticks",
        ];
        self.get(Auth::Public, &path).query(query).send().await
    }
}
