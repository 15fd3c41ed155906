//! Books, trades and candlesticks: public, live and historical.

use kmi_domain::matching::MarketId;
use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api::candle::{
    BatchCandlesQuery, BatchCandlesResponse, CandlesQuery, CandlesResponse, EventCandlesResponse,
    HistoricalCandlesResponse, MarketCandles,
};
use kmi_kalshi::api::orderbook::{
    MarketOrderbook, OrderbookQuery, OrderbookResponse, OrderbooksQuery, OrderbooksResponse,
};
use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::trade::{TradesPage, TradesQuery};

use super::pages::gather;
use crate::records::query::{Era, TimeRange, TradeFilter};
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};
use crate::views::CandleSpan;

/// Trades read in one look.
const STEP: usize = 250;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::public("GetTrades", "/markets/trades", trades),
        Operation::public("GetTradesHistorical", "/historical/trades", historical_trades),
        Operation::public("GetMarketOrderbook", "/markets/{ticker}/orderbook", book),
        Operation::public("GetMarketOrderbooks", "/markets/orderbooks", books),
        Operation::public(
            "GetMarketCandlesticks",
            "/series/{series_ticker}/markets/{ticker}/candlesticks",
            candles,
        ),
        Operation::public(
            "BatchGetMarketCandlesticks",
            "/markets/candlesticks",
            batch_candles,
        ),
        Operation::public(
            "GetMarketCandlesticksByEvent",
            "/series/{series_ticker}/events/{ticker}/candlesticks",
            event_candles,
        ),
        Operation::public(
            "GetMarketCandlesticksHistorical",
            "/historical/markets/{ticker}/candlesticks",
            historical_candles,
        ),
    ]
}

fn trades(call: &Call) -> Answered {
    trade_pages(call, Era::Live)
}

fn historical_trades(call: &Call) -> Answered {
    trade_pages(call, Era::Historical)
}

fn trade_pages(call: &Call, era: Era) -> Answered {
    let query: TradesQuery = call.query.read()?;
    let page = call
        .query
        .page_or_default(query.limit, query.cursor, TradesQuery::LIMITS)?;
    let market = match &query.ticker {
        None => None,
        Some(ticker) => match call.market_id(ticker) {
            Some(market) => Some(market),
            None => return no_trades(),
        },
    };
    if query.is_block_trade == Some(true) {
        return no_trades();
    }
    let filter = TradeFilter {
        market,
        time: TimeRange {
            from: query.min_ts,
            to: query.max_ts,
        },
        era,
    };
    let (trades, cursor) = gather(call, &page, STEP, |views, page| {
        let part = views.trades(&filter, page);
        Ok((part.trades, part.cursor))
    })?;
    Answer::ok(&TradesPage { trades, cursor })
}

fn no_trades() -> Answered {
    Answer::ok(&TradesPage {
        trades: Vec::new(),
        cursor: Cursor::LAST,
    })
}

fn book(call: &Call) -> Answered {
    let query: OrderbookQuery = call.query.read()?;
    let depth = query.depth.unwrap_or(0);
    if depth > OrderbookQuery::MAX_DEPTH {
        let rule = format_args!("must be at most {}", OrderbookQuery::MAX_DEPTH);
        return Err(call.query.refuse("depth", rule));
    }
    let market = call.market_in_path()?;
    Answer::ok(&OrderbookResponse {
        orderbook_fp: call.views(|views| views.book(market, depth as usize)),
    })
}

/// Each book in a look of its own. Names of no market are passed over.
fn books(call: &Call) -> Answered {
    let query: OrderbooksQuery = call.query.read()?;
    if query.tickers.is_empty() {
        return Err(call.query.refuse("tickers", "is required"));
    }
    call.query
        .at_most("tickers", &query.tickers, OrderbooksQuery::MAX_TICKERS)?;
    let markets = query.tickers.iter().filter_map(|ticker| call.market_id(ticker));
    let orderbooks: Vec<MarketOrderbook> = markets
        .map(|market| call.views(|views| views.named_book(market)))
        .collect();
    Answer::ok(&OrderbooksResponse { orderbooks })
}

fn candles(call: &Call) -> Answered {
    let (ticker, market) = market_of_series(call)?;
    let span = span(call)?;
    Answer::ok(&CandlesResponse {
        ticker,
        candlesticks: call.views(|views| views.candles(market, span)),
    })
}

fn historical_candles(call: &Call) -> Answered {
    let market = call.market_in_path()?;
    let span = span(call)?;
    if call.views(|views| views.era_of(market)) != Era::Historical {
        return Err(ApiError::not_found());
    }
    Answer::ok(&HistoricalCandlesResponse {
        ticker: call.ticker("ticker")?,
        candlesticks: call.views(|views| views.historical_candles(market, span)),
    })
}

/// Each market in a look of its own, until there are as many candlesticks as an answer may have.
fn batch_candles(call: &Call) -> Answered {
    let query: BatchCandlesQuery = call.query.read()?;
    if query.market_tickers.is_empty() {
        return Err(call.query.refuse("market_tickers", "is required"));
    }
    call.query.at_most(
        "market_tickers",
        &query.market_tickers,
        BatchCandlesQuery::MAX_TICKERS,
    )?;
    check_span(
        call,
        query.start_ts,
        query.end_ts,
        query.period_interval.is_some(),
    )?;
    let span = CandleSpan::of_batch(&query).ok_or_else(|| call.query.refuse("start_ts", "is required"))?;
    let mut room = BatchCandlesQuery::MAX_CANDLES;
    let mut markets: Vec<MarketCandles> = Vec::new();
    for market in query
        .market_tickers
        .iter()
        .filter_map(|ticker| call.market_id(ticker))
    {
        for mut row in call.views(|views| views.batch_candles(&[market], span)) {
            row.candlesticks.truncate(room);
            room -= row.candlesticks.len();
            markets.push(row);
        }
    }
    Answer::ok(&BatchCandlesResponse { markets })
}

fn event_candles(call: &Call) -> Answered {
    let series: SeriesTicker = call.parsed_part("series_ticker")?;
    let event: EventTicker = call.parsed_part("ticker")?;
    let span = span(call)?;
    let body: EventCandlesResponse = call
        .views(|views| {
            let event = views.exchange.event(&event)?;
            (event.spec.series == series).then(|| views.event_candles(event, span))
        })
        .ok_or_else(ApiError::not_found)?;
    Answer::ok(&body)
}

/// The market in the path, which must be of the series in the path.
fn market_of_series(call: &Call) -> Result<(Ticker, MarketId), ApiError> {
    let series: SeriesTicker = call.parsed_part("series_ticker")?;
    let market = call.market_in_path()?;
    let fits = call.read(|view| view.exchange.market(market).series == series);
    if !fits {
        return Err(ApiError::not_found());
    }
    Ok((call.ticker("ticker")?, market))
}

fn span(call: &Call) -> Result<CandleSpan, ApiError> {
    let query: CandlesQuery = call.query.read()?;
    check_span(
        call,
        query.start_ts,
        query.end_ts,
        query.period_interval.is_some(),
    )?;
    CandleSpan::of(&query).ok_or_else(|| call.query.refuse("start_ts", "is required"))
}

fn check_span(
    call: &Call,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    has_period: bool,
) -> Result<(), ApiError> {
    let (Some(start), Some(end)) = (start, end) else {
        let missing = if start.is_none() { "start_ts" } else { "end_ts" };
        return Err(call.query.refuse(missing, "is required"));
    };
    if !has_period {
        return Err(call.query.refuse("period_interval", "is required"));
    }
    if start > end {
        return Err(call.query.refuse("start_ts", "must not be after end_ts"));
    }
    Ok(())
}
