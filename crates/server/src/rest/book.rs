//! `/api/v1/markets/{ticker}/orderbook`.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kmi_app::hub::{Interest, Kinds, Link};
use kmi_domain::Ticker;
use kmi_kalshi::api::orderbook::OrderbookQuery;
use utoipa::IntoParams;

use super::fields::{Fields, Name};
use super::reading;
use crate::Doors;
use crate::error::ApiError;
use crate::view::Error;
use crate::view::book::BookView;

/// Longest wait for the first snapshot of a book that nobody watched before.
const FIRST: Duration = Duration::from_millis(1_500);

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `book` reads")]
struct BookParams {
    /// Levels of each side, best first.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    depth: Option<u32>,
}

/// The order book of a market.
///
/// Asked for, it is followed on the exchange's stream for a while, and the next answer comes from memory. Where the stream does not give it in time, it is
/// asked of the exchange, and says so: `source` is `poll`. The last that was known is given, as `stale`, when neither answers.
#[utoipa::path(
    get,
    path = "/api/v1/markets/{ticker}/orderbook",
    operation_id = "get_order_book",
    tag = "markets",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the market."), BookParams),
    responses(
        (status = 200, description = "The book.", body = BookView),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 404, description = "There is no such market.", body = Error),
        (status = 502, description = "The exchange did not answer.", body = Error),
        (status = 429, description = "The exchange would have to be asked, and was asked enough.", body = Error),
    )
)]
pub(super) async fn book(
    State(doors): State<Doors>,
    Name(ticker): Name<Ticker>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let depth = fields.number("depth", 1..=1_000)?.unwrap_or(100) as usize;
    fields.end()?;
    let followed = followed(&doors, &ticker, depth).await;
    if let Some(book) = followed.as_ref().filter(|book| book.is_synced()) {
        return reading(&headers, book);
    }
    match asked(&doors, &ticker, depth).await {
        Ok(book) => reading(&headers, &book),
        Err(refusal) => match followed {
            Some(stale) => reading(&headers, &stale),
            None => Err(refusal),
        },
    }
}

/// The book as the stream tells it, waited for if it is on its way.
async fn followed(doors: &Doors, ticker: &Ticker, depth: usize) -> Option<BookView> {
    let board = &doors.board;
    let id = board.id(ticker)?;
    // Lingers when this answer is long gone. Where as many are followed as may be, the exchange is asked.
    let _watch = board.demand().watch(ticker.clone()).ok()?;
    let view = || {
        board
            .book(ticker)
            .and_then(|picture| BookView::of_picture(&picture, depth))
    };
    let interest = Interest {
        kinds: Kinds {
            books: true,
            ..Kinds::default()
        },
        markets: Some([id].into_iter().collect()),
    };
    let mut news = board.hub().reader(board.hub().last(), interest);
    let arrived = async {
        loop {
            if let Some(book) = view().filter(BookView::is_synced) {
                return book;
            }
            news.next().await;
        }
    };
    if board.connection().link != Link::Connected {
        return view();
    }
    match tokio::time::timeout(FIRST, arrived).await {
        Ok(book) => Some(book),
        Err(_) => view(),
    }
}

async fn asked(doors: &Doors, ticker: &Ticker, depth: usize) -> Result<BookView, ApiError> {
    let query = OrderbookQuery::default();
    let sides = doors
        .asked(async |client| client.orderbook(ticker, &query).await)
        .await;
    let sides = sides.map_err(|error| match error.status.as_u16() {
        404 => ApiError::not_found(format!("market {ticker}")),
        _ => error,
    })?;
    Ok(BookView::of_answer(ticker.clone(), &sides, depth, doors.now()))
}
