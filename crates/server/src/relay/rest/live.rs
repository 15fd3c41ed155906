//! Bodies with the board's quotes laid over them, and what else the board knows.

use std::time::Duration;

use bytes::Bytes;
use kmi_app::board::{Board, MarketState, Quote, Source};
use kmi_domain::{EventTicker, SeriesTicker, Timestamp};
use kmi_kalshi::api::event::{EventQuery, EventResponse, EventsPage, EventsQuery};
use kmi_kalshi::api::market::{Market, StatusFilter};
use kmi_kalshi::api::query::Query as _;
use kmi_kalshi::api::series::{SeriesQuery, SeriesResponse};

use super::answer::{self, Age, Freshness};
use super::{Answered, Call};
use crate::relay::Relay;

/// How long events are kept: they change seldom, their quotes come from the board.
const EVENTS: Duration = Duration::from_secs(5);
/// How long what the exchange says of itself is kept.
const STATUS: Duration = Duration::from_secs(1);
/// How long series are kept.
const SERIES: Duration = Duration::from_mins(1);
/// Events a filter may name.
const MAX_TICKERS: usize = 100;

/// The board's quotes, over whatever the body had.
pub(super) fn lay_over(body: &mut Market, quote: &Quote) {
    body.set_quotes(
        quote.yes_bid.map(|bid| (bid, quote.yes_bid_size)),
        quote.yes_ask.map(|ask| (ask, quote.yes_ask_size)),
    );
    if let Some(last) = quote.last_price {
        body.last_price_dollars = last;
    }
    body.volume_fp = quote.volume;
    body.volume_24h_fp = quote.volume_24h;
    body.open_interest_fp = quote.open_interest;
}

/// The body of a market as the board has it.
pub(super) fn body_of(market: &MarketState) -> Market {
    let mut body = market.whole_body();
    lay_over(&mut body, &market.quote);
    body
}

/// How old what the board has of a market is.
pub(super) fn freshness(board: &Board, market: &MarketState, now: Timestamp) -> Freshness {
    let age = if board.is_stale(market, now) {
        Age::Stale
    } else {
        Age::Live
    };
    Freshness {
        source: market.source,
        as_of: Some(board.as_of(market)),
        age,
    }
}

/// Lays the board's quotes over bodies that were asked for at `at`, where the board knows newer ones.
pub(super) fn refresh<'a>(relay: &Relay, bodies: impl IntoIterator<Item = &'a mut Market>, at: Timestamp) {
    let board = relay.shared.board();
    for body in bodies {
        if let Some(market) = board
            .market(&body.ticker)
            .filter(|market| board.as_of(market) >= at)
        {
            lay_over(body, &market.quote);
        }
    }
}

pub(super) async fn exchange_status(call: &Call) -> Answered {
    let relay = &call.relay;
    if let Some(status) = relay.shared.board().exchange_status() {
        let as_of = relay.shared.doors.ingest.status().exchange.as_of;
        return answer::ok(&*status, Freshness::live(Source::Poll, as_of));
    }
    let (body, at) = call
        .upstream()
        .get(&["exchange", "status"], Vec::new(), STATUS)
        .await?;
    Ok(answer::raw(body, Freshness::live(Source::Cache, at)))
}

/// From the board, but for the volume, which it does not count.
pub(super) async fn series(call: &Call) -> Answered {
    let ticker: SeriesTicker = call.name(1)?;
    let query: SeriesQuery = call.params.read()?;
    let known = call.relay.shared.board().series(&ticker);
    if let Some(series) = known.filter(|_| query.include_volume != Some(true)) {
        let body = SeriesResponse {
            series: (*series).clone(),
        };
        // Series change seldom, and nobody notes when they were last told.
        return answer::ok(&body, Freshness::live(Source::Poll, None));
    }
    let path = ["series", ticker.as_str()];
    let (body, at) = call.upstream().get(&path, query.pairs(), SERIES).await?;
    Ok(answer::raw(body, Freshness::live(Source::Cache, at)))
}

/// An event as the exchange tells it, with the board's quotes.
pub(super) async fn event(call: &Call) -> Answered {
    let ticker: EventTicker = call.name(1)?;
    let query: EventQuery = call.params.read()?;
    let path = ["events", ticker.as_str()];
    let (body, at) = call.upstream().get(&path, query.pairs(), EVENTS).await?;
    let Ok(mut event) = serde_json::from_slice::<EventResponse>(&body) else {
        return unread(body, at);
    };
    refresh(
        &call.relay,
        event
            .markets
            .iter_mut()
            .chain(event.event.markets.iter_mut().flatten()),
        at,
    );
    answer::ok(&event, Freshness::live(Source::Cache, at))
}

/// Events as the exchange tells them, with the board's quotes.
pub(super) async fn events(call: &Call) -> Answered {
    let query: EventsQuery = call.params.read()?;
    if query.status == Some(StatusFilter::Paused) {
        return Err(call
            .params
            .refuse("status", "must be one of unopened, open, closed, settled"));
    }
    call.params.at_most("tickers", &query.tickers, MAX_TICKERS)?;
    if query.limit == Some(0) {
        return Err(call.params.refuse("limit", "must be at least 1"));
    }
    call.params.limit(query.limit, EventsQuery::LIMITS)?;
    let (body, at) = call.upstream().get(&["events"], query.pairs(), EVENTS).await?;
    if query.with_nested_markets != Some(true) {
        return unread(body, at);
    }
    let Ok(mut page) = serde_json::from_slice::<EventsPage>(&body) else {
        return unread(body, at);
    };
    let nested = page
        .events
        .iter_mut()
        .flat_map(|event| event.markets.iter_mut().flatten());
    refresh(&call.relay, nested, at);
    answer::ok(&page, Freshness::live(Source::Cache, at))
}

/// A body passed on as the exchange wrote it.
#[expect(clippy::unnecessary_wraps, reason = "it stands where other answers may fail")]
fn unread(body: Bytes, at: Timestamp) -> Answered {
    Ok(answer::raw(body, Freshness::live(Source::Cache, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boards_quotes_replace_those_of_the_body_on_both_sides() {
        let mut body = Market::blank(
            "KX-1".parse().unwrap(),
            "KX".parse().unwrap(),
            kmi_kalshi::api::market::StatusWord::Active,
        );
        body.last_price_dollars = "0.40".parse().unwrap();
        let quote = Quote {
            yes_bid: Some("0.41".parse().unwrap()),
            yes_bid_size: "7".parse().unwrap(),
            yes_ask: Some("0.45".parse().unwrap()),
            yes_ask_size: "3".parse().unwrap(),
            volume: "12.50".parse().unwrap(),
            ..Quote::default()
        };

        lay_over(&mut body, &quote);

        assert_eq!(body.yes_bid_dollars, "0.41".parse().unwrap());
        assert_eq!(body.no_bid_dollars, "0.55".parse().unwrap());
        assert_eq!(body.no_ask_dollars, "0.59".parse().unwrap());
        assert_eq!(body.yes_ask_size_fp, "3".parse().unwrap());
        assert_eq!(body.volume_fp, "12.50".parse().unwrap());
        assert_eq!(body.last_price_dollars, "0.40".parse().unwrap());
    }
}
