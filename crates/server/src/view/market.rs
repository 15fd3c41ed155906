//! A market as clients see it.
//!
//! What it says of itself is encoded apart from how old it is: the first changes with the market, the second with every look. [`told`]
//! is the first without its closing brace, [`finish`] adds the second.

use kmi_app::board::{Freshness, MarketState, Quote};
use kmi_domain::position::Quote as Marked;
use kmi_domain::probability::implied_probability;
use kmi_domain::{Price, Quantity, Timestamp};
use kmi_kalshi::api;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Decimal, Source, text, text_or_null};

/// A market with its quotes.
#[derive(Serialize, ToSchema)]
#[schema(as = Market)]
pub(crate) struct MarketView {
    #[serde(flatten)]
    told: Told<'static>,
    /// When what is shown was last known to be right.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    as_of: Timestamp,
    /// How it is known.
    source: Source,
    /// Whether that is too long ago to be called live.
    stale: bool,
}

/// What is said of a market, whenever.
#[derive(Serialize, ToSchema)]
pub(crate) struct Told<'a> {
    /// Name.
    ticker: &'a str,
    /// Event it belongs to.
    event_ticker: &'a str,
    /// Series it belongs to; null until its event is known.
    series_ticker: Option<&'a str>,
    /// Category; null where unknown.
    category: Option<&'a str>,
    /// The question.
    title: &'a str,
    /// What YES means, short.
    subtitle: &'a str,
    /// Where it stands: `initialized`, `active`, `inactive`, `closed`, `determined`, `disputed`, `amended` or `finalized`.
    status: &'a str,
    /// Best YES bid in dollars; null when there is none.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_bid: Option<Price>,
    /// Best YES ask in dollars; null when there is none.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_ask: Option<Price>,
    /// Best NO bid: $1 less the YES ask.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    no_bid: Option<Price>,
    /// Best NO ask: $1 less the YES bid.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    no_ask: Option<Price>,
    /// Contracts at the best YES bid.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    yes_bid_size: Quantity,
    /// Contracts at the best YES ask.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    yes_ask_size: Quantity,
    /// YES price of the last trade; null before the first.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    last_price: Option<Price>,
    /// Probability of YES that the quotes imply: their middle, else the last price; null where neither is known.
    #[schema(minimum = 0.0, maximum = 1.0)]
    implied_probability: Option<f64>,
    /// Contracts traded ever.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    volume: Quantity,
    /// Contracts traded in the last day, as of the last full sweep.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    volume_24h: Quantity,
    /// Contracts held.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    open_interest: Quantity,
    /// First instant of trading.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    open_time: Option<Timestamp>,
    /// Last instant of trading; may move while it trades.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    close_time: Option<Timestamp>,
    /// How it came out, `yes`, `no` or `scalar`; null until determined.
    result: Option<&'a str>,
}

/// What is said of a market on the board, as JSON without the closing brace.
pub(crate) fn told(market: &MarketState, now: Timestamp) -> Vec<u8> {
    let status = market.status(now);
    let series = market.series_ticker().map(kmi_domain::SeriesTicker::as_str);
    let event_title = market.event.as_ref().map(|event| event.title.as_str());
    let about = About {
        series,
        category: market.category(),
        event_title,
        status: status.as_str(),
    };
    encode(&Told::new(&market.body, &market.quote, &about))
}

/// The same of a body the exchange was asked for.
pub(crate) fn told_of_body(body: &api::market::Market) -> Vec<u8> {
    let about = About {
        series: None,
        category: None,
        event_title: None,
        status: body.status.as_str(),
    };
    encode(&Told::new(body, &Quote::of_body(body), &about))
}

/// Adds how old it is.
pub(crate) fn finish(into: &mut Vec<u8>, told: &[u8], as_of: &str, source: &str, stale: bool) {
    into.extend_from_slice(told);
    into.extend_from_slice(b",\"as_of\":\"");
    into.extend_from_slice(as_of.as_bytes());
    into.extend_from_slice(b"\",\"source\":\"");
    into.extend_from_slice(source.as_bytes());
    into.extend_from_slice(if stale {
        b"\",\"stale\":true}"
    } else {
        b"\",\"stale\":false}"
    });
}

/// A market of the board, whole.
pub(crate) fn whole(
    into: &mut Vec<u8>,
    market: &MarketState,
    told: &[u8],
    freshness: &Freshness,
    now: Timestamp,
) {
    let as_of = freshness.as_of(market).to_string();
    finish(
        into,
        told,
        &as_of,
        market.source.as_str(),
        freshness.is_stale(market, now),
    );
}

/// What a body does not say by itself.
struct About<'a> {
    series: Option<&'a str>,
    category: Option<&'a str>,
    event_title: Option<&'a str>,
    status: &'a str,
}

impl<'a> Told<'a> {
    fn new(body: &'a api::market::Market, quote: &Quote, about: &About<'a>) -> Told<'a> {
        let title = body.title.as_deref().filter(|title| !title.is_empty());
        let subtitle = body.subtitle.as_deref().filter(|title| !title.is_empty());
        let yes = Some(body.yes_sub_title.as_str()).filter(|title| !title.is_empty());
        let result = Some(body.result.as_str()).filter(|word| !word.is_empty());
        Told {
            ticker: body.ticker.as_str(),
            event_ticker: body.event_ticker.as_str(),
            series_ticker: about.series,
            category: about.category,
            title: title.or(about.event_title).unwrap_or_default(),
            subtitle: yes.or(subtitle).unwrap_or_default(),
            status: about.status,
            yes_bid: quote.yes_bid,
            yes_ask: quote.yes_ask,
            no_bid: quote.yes_ask.map(Price::complement),
            no_ask: quote.yes_bid.map(Price::complement),
            yes_bid_size: quote.yes_bid_size,
            yes_ask_size: quote.yes_ask_size,
            last_price: quote.last_price,
            implied_probability: implied_probability(Marked {
                yes_bid: quote.yes_bid,
                yes_ask: quote.yes_ask,
                last: quote.last_price,
            }),
            volume: quote.volume,
            volume_24h: quote.volume_24h,
            open_interest: quote.open_interest,
            open_time: body.open_time,
            close_time: body.close_time,
            result,
        }
    }
}

fn encode(told: &Told<'_>) -> Vec<u8> {
    let mut json = Vec::with_capacity(768);
    serde_json::to_writer(&mut json, told).expect("strings and numbers into memory");
    let brace = json.pop();
    debug_assert_eq!(brace, Some(b'}'));
    json
}

/// Markets of one group.
#[derive(Serialize, ToSchema)]
pub(crate) struct MarketGroup {
    /// Name of the group: a category, series or event; empty where unknown.
    pub(crate) key: String,
    /// Markets in it that fit the query.
    pub(crate) markets: usize,
    /// Contracts they traded in the last day.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    pub(crate) volume_24h: Quantity,
}

/// Writes text as a JSON string.
pub(crate) fn string(into: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(&mut *into, text).expect("a string into memory");
}
