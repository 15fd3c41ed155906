//! `GET /trade-api/v2/*`: the exchange's public REST API, answered from the board where that knows, and else by asking the
//! exchange, sparingly.
//!
//! Who asks need not sign. What is private is refused as the exchange refuses it; nothing is ever written. Answers have the
//! exchange's own bodies; three headers say how old they are: `x-kmi-source` (`websocket`, `poll` or `cache`), `x-kmi-as-of` (RFC 3339) and,
//! where that is longer ago than the board calls live, `x-kmi-stale: true`.

mod answer;
mod books;
mod forward;
mod live;
mod markets;
mod params;
mod private;
mod upstream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use kmi_kalshi::api::code::Code;

pub(super) use answer::Refused;
pub(super) use books::rising;
use params::Params;
pub(super) use upstream::Upstream;

use super::Relay;

/// What answers a public route.
type Answered = Result<Response, Refused>;

/// A public route of the exchange.
struct Route {
    /// Below `/trade-api/v2`, as axum writes it.
    path: &'static str,
    /// The specification's `operationId`.
    operation: &'static str,
    handler: Handler,
}

/// How a route is answered.
#[derive(Clone, Copy)]
enum Handler {
    /// From the board, where it knows.
    Board(Known),
    /// As the exchange answers, kept for a while.
    Forward(forward::Rule),
}

/// Routes that the board knows about.
#[derive(Clone, Copy)]
enum Known {
    ExchangeStatus,
    Series,
    Markets,
    Market,
    Book,
    Books,
    Event,
    Events,
}

/// A call of a public route.
struct Call {
    relay: Relay,
    params: Params,
    /// Segments of the path, percent-decoded: what stands in the route, with its parameters filled in.
    path: Vec<String>,
}

const fn known(path: &'static str, operation: &'static str, known: Known) -> Route {
    Route {
        path,
        operation,
        handler: Handler::Board(known),
    }
}

/// Routes answered with the board's help. The others are in [`forward::ROUTES`] and [`private::ROUTES`].
const KNOWN: [Route; 8] = [
    known("/exchange/status", "GetExchangeStatus", Known::ExchangeStatus),
    known("/series/{series_ticker}", "GetSeries", Known::Series),
    known("/markets", "GetMarkets", Known::Markets),
    known("/markets/{ticker}", "GetMarket", Known::Market),
    known("/markets/{ticker}/orderbook", "GetMarketOrderbook", Known::Book),
    known("/markets/orderbooks", "GetMarketOrderbooks", Known::Books),
    known("/events/{event_ticker}", "GetEvent", Known::Event),
    known("/events", "GetEvents", Known::Events),
];

/// All routes below `/trade-api/v2`, and 404 for what is none.
pub(super) fn router(relay: &Relay) -> Router {
    let mut router = Router::new();
    let public = KNOWN.into_iter().chain(forward::routes());
    for route in public {
        let path = route.path;
        router = router.route(path, with_others(private::on(path, public_method(&route))));
    }
    for path in private::paths() {
        router = router.route(path, with_others(private::on(path, MethodRouter::new())));
    }
    router
        .fallback(|| async { Refused::not_found() })
        .with_state(relay.clone())
}

fn public_method(route: &Route) -> MethodRouter<Relay> {
    let Route {
        path,
        operation,
        handler,
    } = *route;
    get(
        move |State(relay): State<Relay>, params: RawPathParams, RawQuery(query): RawQuery| async move {
            let call = Call {
                relay,
                params: Params::of(operation, query.as_deref()),
                path: filled_in(path, &params),
            };
            answer(call, handler).await.unwrap_or_else(Refused::into_response)
        },
    )
}

async fn answer(call: Call, handler: Handler) -> Answered {
    match handler {
        Handler::Forward(rule) => forward::answer(&call, rule).await,
        Handler::Board(Known::ExchangeStatus) => live::exchange_status(&call).await,
        Handler::Board(Known::Series) => live::series(&call).await,
        Handler::Board(Known::Event) => live::event(&call).await,
        Handler::Board(Known::Events) => live::events(&call).await,
        Handler::Board(Known::Markets) => markets::list(&call).await,
        Handler::Board(Known::Market) => markets::one(&call).await,
        Handler::Board(Known::Book) => books::one(&call).await,
        Handler::Board(Known::Books) => books::several(&call).await,
    }
}

/// What every path says to `OPTIONS` and to methods it does not have.
fn with_others(methods: MethodRouter<Relay>) -> MethodRouter<Relay> {
    methods
        .options(|| async {
            let allowed = HeaderValue::from_static("GET, HEAD, OPTIONS");
            (StatusCode::NO_CONTENT, [(ALLOW, allowed)])
        })
        .fallback(|| async { Refused::code(&Code::MethodNotAllowed) })
}

/// The route's segments with the parameters' values in their places.
fn filled_in(path: &str, params: &RawPathParams) -> Vec<String> {
    let mut values = params.iter();
    let segments = path.split('/').skip(1);
    segments
        .map(|segment| {
            let value = segment.starts_with('{').then(|| values.next()).flatten();
            value.map_or(segment, |(_, value)| value).to_owned()
        })
        .collect()
}

impl Call {
    fn upstream(&self) -> &Arc<Upstream> {
        &self.relay.shared.upstream
    }

    /// A segment of the path, by its place, as the name of something; what is no such name names nothing.
    fn name<T: std::str::FromStr>(&self, place: usize) -> Result<T, Refused> {
        let text = self.path.get(place).map(String::as_str).unwrap_or_default();
        text.parse().map_err(|_| Refused::not_found())
    }
}
