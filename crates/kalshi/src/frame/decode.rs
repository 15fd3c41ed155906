//! Frames by `serde_json`: every shape, every generation.

use std::borrow::Cow;

use kmi_domain::{Ticker, Timestamp, TradeId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Delta, Frame, Message, Snapshot, TickerUpdate, Trade};
use crate::wire::field::{
    FieldError, Named, check_complement, named, positive_quantity, price, quantity, required_price,
    signed_quantity, taker,
};
use crate::wire::market::is_quote;
use crate::wire::{
    DeltaBody, EnvelopeBody, ErrorBody, EventFeeUpdateBody, EventLifecycleBody, LifecycleBody, OkBody,
    ReferenceListBody, ReferenceValueBody, Scalar, SnapshotBody, SubscriptionBody, TickerBody, TradeBody,
};

/// Why bytes are no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not JSON, or not the JSON of a frame.
    #[error("is not a frame: {0}")]
    Json(#[from] serde_json::Error),
    /// A field breaks its rule.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// One line of a capture: the frame, and when it was received where the recorder noted it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureLine<'a> {
    /// Receipt by the recorder's clock, which may be before the exchange's own times.
    pub received: Option<Timestamp>,
    /// The frame.
    pub frame: Frame<'a>,
}

#[derive(Deserialize)]
struct LineBody<'a> {
    #[serde(borrow, default)]
    recv_ms: Scalar<'a>,
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
}

impl<'a> CaptureLine<'a> {
    /// Reads `{"recv_ms": …, "event": <frame>}`, or a frame alone.
    ///
    /// # Errors
    /// [`FrameError`] says what is wrong.
    pub fn parse(line: &'a [u8]) -> Result<CaptureLine<'a>, FrameError> {
        let body: LineBody<'a> = serde_json::from_slice(line)?;
        let Some(event) = body.event else {
            return Ok(CaptureLine {
                received: None,
                frame: Frame::parse(line)?,
            });
        };
        Ok(CaptureLine {
            received: named!(body, recv_ms).optional_millis()?,
            frame: Frame::parse(event.get().as_bytes())?,
        })
    }
}

impl<'a> Frame<'a> {
    /// Reads one frame of any generation.
    ///
    /// # Errors
    /// [`FrameError`] says what is wrong. A type never seen is no error: [`Message::Other`].
    pub fn parse(bytes: &'a [u8]) -> Result<Frame<'a>, FrameError> {
        let envelope: EnvelopeBody<'a> = serde_json::from_slice(bytes)?;
        Ok(Frame {
            sid: named!(envelope, sid).optional_natural()?,
            seq: named!(envelope, seq).optional_natural()?,
            message: message(&envelope)?,
        })
    }
}

fn body<'a, T: Deserialize<'a>>(envelope: &EnvelopeBody<'a>) -> Result<T, FrameError> {
    let msg = envelope.msg.ok_or(FieldError::missing("msg"))?;
    Ok(serde_json::from_str(msg.get())?)
}

fn message<'a>(envelope: &EnvelopeBody<'a>) -> Result<Message<'a>, FrameError> {
    let kind = named!(envelope, kind);
    let kind = Named { key: "type", ..kind }.required()?.str()?;
    Ok(match kind {
        "orderbook_delta" => Message::Delta(delta(body(envelope)?)?),
        "orderbook_snapshot" => Message::Snapshot(snapshot(body(envelope)?)?),
        "trade" => Message::Trade(trade(body(envelope)?)?),
        "ticker" | "ticker_v2" => Message::Ticker(ticker(body(envelope)?)?),
        "market_lifecycle_v2" | "multivariate_market_lifecycle" => {
            Message::Lifecycle(Box::new(body::<LifecycleBody<'_>>(envelope)?.to_lifecycle()?))
        }
        "event_lifecycle" => Message::EventLifecycle(Box::new(
            body::<EventLifecycleBody<'_>>(envelope)?.to_event_lifecycle()?,
        )),
        "event_fee_update" => {
            Message::EventFee(Box::new(body::<EventFeeUpdateBody<'_>>(envelope)?.to_update()?))
        }
        "cfbenchmarks_value" | "cfbenchmarks_value_5hz" | "pyth_value" => {
            Message::Reference(Box::new(body::<ReferenceValueBody<'_>>(envelope)?.to_value()?))
        }
        "cfbenchmarks_value_indexlist"
        | "cfbenchmarks_value_5hz_indexlist"
        | "pyth_value_underlying_list" => {
            let lists: ReferenceListBody<'_> = body(envelope)?;
            Message::ReferenceList(strings(
                "index_ids",
                &[&lists.index_ids, &lists.underlying_tickers],
            )?)
        }
        "subscribed" => {
            let (channel, sid) = subscription(&body(envelope)?)?;
            Message::Subscribed { channel, sid }
        }
        "unsubscribed" => Message::Unsubscribed,
        "ok" => ok(envelope)?,
        "error" => {
            let error: ErrorBody<'_> = body(envelope)?;
            Message::Error {
                code: named!(error, code).required()?.int()?,
                message: named!(error, msg).str_or_empty()?,
            }
        }
        other => Message::Other(other.to_owned()),
    })
}

fn subscription(body: &SubscriptionBody<'_>) -> Result<(String, u64), FieldError> {
    let sid = named!(body, sid)
        .optional_natural()?
        .ok_or(FieldError::missing("sid"))?;
    Ok((named!(body, channel).required()?.str()?.to_owned(), sid))
}

/// An `ok` has no message, an object of what is covered, or the list of subscriptions.
fn ok<'a>(envelope: &EnvelopeBody<'a>) -> Result<Message<'a>, FrameError> {
    let Some(msg) = envelope.msg else {
        return Ok(Message::Ok(Vec::new()));
    };
    if msg.get().starts_with('[') {
        let list: Vec<SubscriptionBody<'_>> = serde_json::from_str(msg.get())?;
        return Ok(Message::Subscriptions(
            list.iter().map(subscription).collect::<Result<_, _>>()?,
        ));
    }
    let covered: OkBody<'_> = serde_json::from_str(msg.get())?;
    let lists = [
        &covered.market_tickers,
        &covered.market_ids,
        &covered.index_ids,
        &covered.underlying_tickers,
    ];
    Ok(Message::Ok(strings("market_tickers", &lists)?))
}

/// The first list that is there.
fn strings(key: &'static str, lists: &[&Option<Vec<Scalar<'_>>>]) -> Result<Vec<String>, FieldError> {
    let Some(list) = lists.iter().find_map(|list| list.as_ref()) else {
        return Ok(Vec::new());
    };
    list.iter()
        .map(|value| Ok(Named { key, value }.str()?.to_owned()))
        .collect()
}

/// A name kept as the text it came in, once checked.
fn name<'a, T>(key: &'static str, value: Scalar<'a>) -> Result<Cow<'a, str>, FieldError>
where
    T: std::str::FromStr<Err = kmi_domain::ids::ParseIdError>,
{
    Named { key, value: &value }.name::<T>()?;
    match value {
        Scalar::Text(text) => Ok(text),
        _ => Err(FieldError::missing(key)),
    }
}

/// Milliseconds where told, else seconds or RFC 3339, whichever `ts` is.
fn time(ts_ms: Named<'_, '_>, ts: Named<'_, '_>) -> Result<Option<Timestamp>, FieldError> {
    if let Some(time) = ts_ms.optional_millis()? {
        return Ok(Some(time));
    }
    match ts.value {
        Scalar::Int(_) => ts.optional_seconds(),
        _ => ts.optional_time(),
    }
}

fn delta(body: DeltaBody<'_>) -> Result<Delta<'_>, FieldError> {
    let exact = named!(body, delta_fp);
    Ok(Delta {
        side: named!(body, side).required()?.side()?,
        price: required_price(named!(body, price), named!(body, price_dollars))?,
        change: signed_quantity(named!(body, delta), exact)?.ok_or(FieldError::missing(exact.key))?,
        clock: named!(body, clock).optional_natural()?,
        time: time(named!(body, ts_ms), named!(body, ts))?,
        ticker: name::<Ticker>("market_ticker", body.market_ticker)?,
    })
}

fn snapshot(body: SnapshotBody<'_>) -> Result<Snapshot<'_>, FieldError> {
    use crate::wire::book::side;
    let yes = [
        ("yes_dollars_fp", &body.yes_dollars_fp),
        ("yes_dollars", &body.yes_dollars),
    ];
    let no = [
        ("no_dollars_fp", &body.no_dollars_fp),
        ("no_dollars", &body.no_dollars),
    ];
    Ok(Snapshot {
        yes: side(&yes, ("yes", &body.yes))?,
        no: side(&no, ("no", &body.no))?,
        clock: named!(body, clock).optional_natural()?,
        time: time(named!(body, ts_ms), named!(body, ts))?,
        ticker: name::<Ticker>("market_ticker", body.market_ticker)?,
    })
}

fn trade(body: TradeBody<'_>) -> Result<Trade<'_>, FieldError> {
    let yes_price = required_price(named!(body, yes_price), named!(body, yes_price_dollars))?;
    check_complement(
        yes_price,
        named!(body, no_price),
        named!(body, no_price_dollars),
        "yes_price",
    )?;
    Ok(Trade {
        time: time(named!(body, ts_ms), named!(body, ts))?.ok_or(FieldError::missing("ts_ms"))?,
        yes_price,
        quantity: positive_quantity(named!(body, count), named!(body, count_fp))?,
        taker: taker(
            named!(body, taker_outcome_side),
            named!(body, taker_book_side),
            named!(body, taker_side),
        )?,
        is_block: named!(body, is_block_trade).bool_or_false()?,
        id: match body.trade_id {
            id if id.is_empty() => None,
            id => Some(name::<TradeId>("trade_id", id)?),
        },
        ticker: name::<Ticker>("market_ticker", body.market_ticker)?,
    })
}

fn ticker(body: TickerBody<'_>) -> Result<TickerUpdate<'_>, FieldError> {
    let size = |leaf: Named<'_, '_>| leaf.present().map(Named::quantity).transpose();
    Ok(TickerUpdate {
        last_price: price(named!(body, price), named!(body, price_dollars))?
            .filter(|last| *last != kmi_domain::Price::ZERO),
        yes_bid: price(named!(body, yes_bid), named!(body, yes_bid_dollars))?.filter(is_quote),
        yes_ask: price(named!(body, yes_ask), named!(body, yes_ask_dollars))?.filter(is_quote),
        yes_bid_size: size(named!(body, yes_bid_size_fp))?,
        yes_ask_size: size(named!(body, yes_ask_size_fp))?,
        last_trade_size: size(named!(body, last_trade_size_fp))?,
        volume: quantity(named!(body, volume), named!(body, volume_fp))?,
        open_interest: quantity(named!(body, open_interest), named!(body, open_interest_fp))?,
        time: time(named!(body, ts_ms), named!(body, ts))?,
        ticker: name::<Ticker>("market_ticker", body.market_ticker)?,
    })
}
