//! What a piece of JSON is, by the keys it has, whatever it is wrapped in.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::walk::{Context, Hint, Node, Walk};
use super::{Chunk, IgnoredBody, Item, LineReader, Reason, Record, RecordingKind, Rejection};
use crate::frame::{CaptureLine, Scanner};

/// Keys and raw values of an object, in order; of keys that stand twice, [`get`](Entries::get) sees the first.
pub(super) struct Entries<'t>(pub(super) Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'t> Entries<'t> {
    pub(super) fn get(&self, key: &str) -> Option<&'t RawValue> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        self.0.iter().any(|(name, _)| keys.contains(&&**name))
    }

    /// A string or number under `key`.
    pub(super) fn leaf<T: Deserialize<'t>>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.get(key)?.get()).ok()
    }
}

impl<'de: 't, 't> Deserialize<'de> for Entries<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<'t>, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// A key, borrowed unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key<'a>, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Frame,
    Trade,
    Market,
    Event,
    Series,
    Candle,
    Ignored(IgnoredBody),
    /// None of these itself: look inside.
    Container,
}

/// Keys that only a market has among objects with a ticker.
const MARKET_KEYS: [&str; 16] = [
    "status",
    "result",
    "close_time",
    "open_time",
    "market_type",
    "yes_sub_title",
    "yes_bid",
    "yes_bid_dollars",
    "yes_ask",
    "yes_ask_dollars",
    "last_price",
    "last_price_dollars",
    "volume",
    "volume_fp",
    "settlement_value_dollars",
    "rules_primary",
];
const SERIES_KEYS: [&str; 4] = ["fee_type", "frequency", "contract_url", "contract_terms_url"];
const EVENT_KEYS: [&str; 5] = [
    "series_ticker",
    "title",
    "sub_title",
    "mutually_exclusive",
    "markets",
];
const FILL_KEYS: [&str; 4] = ["fill_id", "fee_cost", "is_taker", "post_position_fp"];
/// Objects that are known whole by one key.
const IGNORED_KEYS: [(&str, IgnoredBody); 16] = [
    ("exchange_active", IgnoredBody::Exchange),
    ("trading_active", IgnoredBody::Exchange),
    ("as_of_time", IgnoredBody::Exchange),
    ("market_settled_ts", IgnoredBody::Exchange),
    ("standard_hours", IgnoredBody::Exchange),
    ("maintenance_windows", IgnoredBody::Exchange),
    ("is_auto_cancel_enabled", IgnoredBody::OrderGroup),
    ("contracts_limit", IgnoredBody::OrderGroup),
    ("order_group_id", IgnoredBody::OrderGroup),
    ("milestone_id", IgnoredBody::Milestone),
    ("related_event_tickers", IgnoredBody::Milestone),
    ("balance", IgnoredBody::Portfolio),
    ("position_fp", IgnoredBody::Portfolio),
    ("market_exposure", IgnoredBody::Portfolio),
    ("yes_dollars", IgnoredBody::OrderBook),
    ("reduced_by", IgnoredBody::Order),
];

/// Says what an object is from its keys; `hint` is what stands where it was found.
pub(super) fn classify(entries: &Entries<'_>, hint: Hint) -> Class {
    if let Hint::Ignored(body) = hint {
        return Class::Ignored(body);
    }
    if entries.has("type") && entries.has_any(&["msg", "sid"])
        || entries.has("recv_ms") && entries.has("event")
    {
        return Class::Frame;
    }
    if hint == Hint::Candle || entries.has("end_period_ts") {
        return Class::Candle;
    }
    let is_order = entries.has("order_id") && !entries.has("order");
    if entries.has_any(&FILL_KEYS) && entries.has_any(&["count", "count_fp", "trade_id"]) {
        return Class::Ignored(IgnoredBody::Fill);
    }
    if is_order {
        return Class::Ignored(IgnoredBody::Order);
    }
    let priced =
        entries.has_any(&["yes_price", "yes_price_dollars"]) && entries.has_any(&["count", "count_fp"]);
    if hint == Hint::Trade || entries.has("trade_id") || priced {
        return Class::Trade;
    }
    if entries.has_any(&["candlesticks", "market_candlesticks"]) {
        return Class::Container;
    }
    if hint == Hint::Series || entries.has("ticker") && entries.has_any(&SERIES_KEYS) {
        return Class::Series;
    }
    let named = entries.has_any(&["ticker", "market_ticker"]);
    if hint == Hint::Event || !named && entries.has("event_ticker") && entries.has_any(&EVENT_KEYS) {
        return Class::Event;
    }
    if hint == Hint::Market || named && entries.has_any(&MARKET_KEYS) {
        return Class::Market;
    }
    let known = IGNORED_KEYS.iter().find(|(key, _)| entries.has(key));
    known.map_or(Class::Container, |(_, body)| Class::Ignored(*body))
}

/// What the members of a container are, by the key they stand under.
pub(super) fn hint_of(key: &str) -> Hint {
    match key {
        "trades" => Hint::Trade,
        "markets" | "market" => Hint::Market,
        "events" => Hint::Event,
        "series" => Hint::Series,
        "candlesticks" => Hint::Candle,
        "orders" | "order" | "old_order" => Hint::Ignored(IgnoredBody::Order),
        "order_groups" => Hint::Ignored(IgnoredBody::OrderGroup),
        "fills" => Hint::Ignored(IgnoredBody::Fill),
        "orderbook" | "orderbook_fp" | "orderbooks" => Hint::Ignored(IgnoredBody::OrderBook),
        "schedule" => Hint::Ignored(IgnoredBody::Exchange),
        "milestones" | "milestone" => Hint::Ignored(IgnoredBody::Milestone),
        "grids" => Hint::Ignored(IgnoredBody::PriceGrids),
        "settlements" | "market_positions" | "event_positions" => Hint::Ignored(IgnoredBody::Portfolio),
        _ => Hint::None,
    }
}

/// Takes the next line of a file of lines into the queue; false at the end. `expected` keeps the first kind a line was taken
/// for, also where no record came out of it.
pub(super) fn advance(
    lines: &mut LineReader,
    scanner: &mut Option<Scanner>,
    expected: &mut Option<RecordingKind>,
    queue: &mut VecDeque<Item>,
) -> io::Result<bool> {
    let line = lines.lines_read() + 1;
    let reject = |reason| Item {
        line,
        record: Err(Rejection { line, reason }),
        raw: None,
    };
    let bytes = match lines.next_line()? {
        None => return Ok(false),
        Some(Chunk::TooLong) => {
            queue.push_back(reject(Reason::TooLong));
            return Ok(true);
        }
        Some(Chunk::Bytes(bytes)) => bytes,
    };
    if bytes.trim_ascii().is_empty() {
        return Ok(true);
    }
    if let Some(scanner) = scanner
        && let Ok(frame) = scanner.parse(bytes)
    {
        queue.push_back(frame_item(line, &frame));
        return Ok(true);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        queue.push_back(reject(Reason::NotUtf8));
        return Ok(true);
    };
    if let Err(error) = serde_json::from_str::<&RawValue>(text) {
        queue.push_back(reject(Reason::Json(error)));
        return Ok(true);
    }
    let mut walk = Walk::new(line);
    walk.push(Node::root(text, Arc::new(Context::default())));
    let before = queue.len();
    while walk.step(text, queue) {}
    *expected = expected.or(walk.expected());
    if queue.len() == before && !walk.recognised() {
        queue.push_back(reject(Reason::Unrecognised));
    }
    let frame = |item: &Item| matches!(item.record, Ok(Record::Frame(_)));
    if scanner.is_none() && queue.iter().skip(before).any(frame) {
        *scanner = Some(Scanner::new());
    }
    Ok(true)
}

pub(super) fn frame_item(line: u64, frame: &CaptureLine<'_>) -> Item {
    let frame = CaptureLine {
        received: frame.received,
        frame: frame.frame.clone().into_owned(),
    };
    Item {
        line,
        record: Ok(Record::Frame(Box::new(frame))),
        raw: None,
    }
}
