//! Walks a JSON value of any shape and yields the records in it, in order, with bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::recognise::{Class, Entries, classify, frame_item, hint_of};
use super::{IgnoredBody, Item, Reason, Record, RecordingKind, Rejection};
use crate::frame::CaptureLine;
use crate::wire::{
    CandleBody, EventBody, FieldError, MarketBody, Scalar, SeriesBody, TradeBody, period, period_of_ends,
};

/// Objects inside objects beyond this are not looked into: no body of the exchange comes near it.
const MAX_DEPTH: u8 = 32;

/// What the place a value was found in says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    None,
    Trade,
    Market,
    Event,
    Series,
    Candle,
    Ignored(IgnoredBody),
}

/// What surrounds a value: candles do not say whose they are, nor over how long.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    ticker: Option<String>,
    period: Option<Scalar<'static>>,
    /// From the distance of the candles' ends.
    guessed_period: Option<u32>,
}

/// A value still to be looked at: a range of the text.
#[derive(Clone, Debug)]
pub(super) struct Node {
    start: usize,
    end: usize,
    hint: Hint,
    depth: u8,
    context: Arc<Context>,
}

impl Node {
    pub(super) fn root(text: &str, context: Arc<Context>) -> Node {
        Node {
            start: 0,
            end: text.len(),
            hint: Hint::None,
            depth: 0,
            context,
        }
    }

    /// A value inside this one.
    fn child(&self, text: &str, value: &RawValue, hint: Hint, context: &Arc<Context>) -> Node {
        // Raw values borrow from the text, so the distance of their beginnings is their place in it.
        let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
        Node {
            start,
            end: start + value.get().len(),
            hint,
            depth: self.depth + 1,
            context: Arc::clone(context),
        }
    }
}

/// A walk over one text.
#[derive(Debug)]
pub(super) struct Walk {
    stack: Vec<Node>,
    first_line: u64,
    /// Line ends before `counted`.
    lines_passed: u64,
    counted: usize,
    expected: Option<RecordingKind>,
}

impl Walk {
    pub(super) fn new(first_line: u64) -> Walk {
        Walk {
            stack: Vec::new(),
            first_line,
            lines_passed: 0,
            counted: 0,
            expected: None,
        }
    }

    pub(super) fn push(&mut self, node: Node) {
        self.stack.push(node);
    }

    /// True once anything known was seen, be it an empty page.
    pub(super) fn recognised(&self) -> bool {
        self.expected.is_some()
    }

    /// The first kind seen.
    pub(super) fn expected(&self) -> Option<RecordingKind> {
        self.expected
    }

    /// Looks at one more value; false when none is left.
    pub(super) fn step(&mut self, text: &str, queue: &mut VecDeque<Item>) -> bool {
        let Some(node) = self.stack.pop() else {
            return false;
        };
        if node.depth > MAX_DEPTH {
            return true;
        }
        let value = text[node.start..node.end].trim_ascii_start();
        let outcome = match value.as_bytes().first() {
            Some(b'{') => self.object(text, &node, value),
            Some(b'[') => self.array(text, &node, value),
            _ => Ok(None),
        };
        let (record, raw) = match outcome {
            Ok(None) => return true,
            Ok(Some(record)) => {
                let keep = matches!(record, Record::Series(_) | Record::Event(_) | Record::Market(_));
                (Ok(record), keep.then(|| value.into()))
            }
            Err(reason) => (Err(reason), None),
        };
        let line = self.line_at(text, node.start);
        queue.push_back(Item {
            line,
            record: record.map_err(|reason| Rejection { line, reason }),
            raw,
        });
        true
    }

    /// Keeps the first kind seen, but candles over the markets they are listed by.
    fn expect(&mut self, kind: RecordingKind) {
        let lists_candles = self.expected == Some(RecordingKind::Markets) && kind == RecordingKind::Candles;
        if lists_candles || self.expected.is_none() {
            self.expected = Some(kind);
        }
    }

    /// Line of a place in the text; places come in ascending order, but for events, which come before their markets.
    fn line_at(&mut self, text: &str, place: usize) -> u64 {
        if place > self.counted {
            let passed = memchr::memchr_iter(b'\n', &text.as_bytes()[self.counted..place]).count();
            self.lines_passed += passed as u64;
            self.counted = place;
        }
        self.first_line + self.lines_passed
    }

    fn array(&mut self, text: &str, node: &Node, value: &str) -> Result<Option<Record>, Reason> {
        let values: Vec<&RawValue> = serde_json::from_str(value)?;
        let mut context = Arc::clone(&node.context);
        if node.hint == Hint::Candle && context.guessed_period.is_none() {
            context = Arc::new(Context {
                guessed_period: ends(&values).and_then(period_of_ends),
                ..Context::clone(&context)
            });
        }
        if let Some(kind) = kind_of(node.hint) {
            self.expect(kind);
        }
        let children = values
            .iter()
            .rev()
            .map(|value| node.child(text, value, node.hint, &context));
        self.stack.extend(children);
        Ok(None)
    }

    fn object(&mut self, text: &str, node: &Node, value: &str) -> Result<Option<Record>, Reason> {
        let entries: Entries<'_> = serde_json::from_str(value)?;
        // A map from tickers to markets or candles, not a market.
        let is_map = node.hint == Hint::Market && !entries.0.is_empty() && is_keyed_by_ticker(&entries);
        let class = if is_map {
            Class::Container
        } else {
            classify(&entries, node.hint)
        };
        if let Some(kind) = kind_of_class(class) {
            self.expect(kind);
        }
        match class {
            Class::Frame => {
                let line = CaptureLine::parse(value.as_bytes())?;
                Ok(frame_item(0, &line).record.ok())
            }
            Class::Trade => Ok(Some(Record::Trade(
                serde_json::from_str::<TradeBody<'_>>(value)?.to_trade()?,
            ))),
            Class::Series => Ok(Some(Record::Series(
                serde_json::from_str::<SeriesBody<'_>>(value)?.to_series()?,
            ))),
            Class::Market => {
                let market = serde_json::from_str::<MarketBody<'_>>(value)?.to_market()?;
                Ok(Some(Record::Market(Box::new(market))))
            }
            Class::Event => self.event(text, node, &entries, value),
            Class::Candle => candle(node, value).map(Some),
            Class::Ignored(body) => Ok(Some(Record::Ignored(body))),
            Class::Container => {
                self.container(text, node, &entries, is_map);
                Ok(None)
            }
        }
    }

    /// The event itself; its nested markets are left for the next steps.
    fn event(
        &mut self,
        text: &str,
        node: &Node,
        entries: &Entries<'_>,
        value: &str,
    ) -> Result<Option<Record>, Reason> {
        if let Some(markets) = entries.get("markets") {
            let markets = node.child(text, markets, Hint::Market, &node.context);
            self.stack.push(markets);
        }
        let event = serde_json::from_str::<EventBody<'_>>(value)?.to_event()?;
        Ok(Some(Record::Event(Box::new(event))))
    }

    /// Puts the members that may hold records on the stack, series and events before markets.
    fn container(&mut self, text: &str, node: &Node, entries: &Entries<'_>, is_map: bool) {
        let context = context_of(node, entries);
        let mut children = Vec::new();
        for (key, value) in &entries.0 {
            if !value.get().starts_with(['{', '[']) || key == "_metadata" {
                continue;
            }
            if key == "market_candlesticks" {
                self.aligned_candles(text, node, entries, value, &context, &mut children);
                continue;
            }
            let hint = match hint_of(key) {
                Hint::None if key == "event" && is_event(value) => Hint::Event,
                hint => hint,
            };
            let mut context = Arc::clone(&context);
            if is_map {
                context = Arc::new(Context {
                    ticker: Some(key.to_string()),
                    ..Context::clone(&context)
                });
            }
            children.push((order(key), node.child(text, value, hint, &context)));
        }
        children.sort_by_key(|(order, _)| *order);
        self.stack
            .extend(children.into_iter().rev().map(|(_, child)| child));
    }

    /// `market_candlesticks` is a list of lists, the n-th of the n-th of `market_tickers`.
    fn aligned_candles(
        &mut self,
        text: &str,
        node: &Node,
        entries: &Entries<'_>,
        value: &RawValue,
        context: &Arc<Context>,
        children: &mut Vec<(u8, Node)>,
    ) {
        self.expect(RecordingKind::Candles);
        let tickers: Vec<String> = entries.leaf("market_tickers").unwrap_or_default();
        let lists: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
        for (index, list) in lists.into_iter().enumerate() {
            let context = Arc::new(Context {
                ticker: tickers.get(index).cloned(),
                ..Context::clone(context)
            });
            children.push((2, node.child(text, list, Hint::Candle, &context)));
        }
    }
}

fn candle(node: &Node, value: &str) -> Result<Record, Reason> {
    let body: CandleBody<'_> = serde_json::from_str(value)?;
    let context = &node.context;
    let ticker = context
        .ticker
        .as_deref()
        .ok_or(FieldError::missing("market_ticker"))?;
    let leaf = |value| crate::wire::field::Named {
        key: "period_interval",
        value,
    };
    let stated = context
        .period
        .as_ref()
        .map(|stated| period(leaf(stated)))
        .transpose()?;
    let minutes = stated
        .or(context.guessed_period)
        .ok_or(FieldError::missing("period_interval"))?;
    let ticker_leaf = Scalar::from(ticker);
    let named = crate::wire::field::Named {
        key: "market_ticker",
        value: &ticker_leaf,
    };
    Ok(Record::Candle(Box::new(body.to_candle(named.name()?, minutes)?)))
}

/// What a container adds to its members' surroundings, itself or in the note a recorder put beside the answer.
fn context_of(node: &Node, entries: &Entries<'_>) -> Arc<Context> {
    let beside: Option<Entries<'_>> = entries.leaf("_metadata");
    let find = |key: &str| {
        let stated = entries.get(key);
        stated
            .or_else(|| beside.as_ref().and_then(|beside| beside.get(key)))
            .map(RawValue::get)
    };
    let ticker: Option<String> = find("market_ticker")
        .or_else(|| find("ticker"))
        .and_then(|raw| serde_json::from_str(raw).ok());
    let period: Option<Scalar<'_>> = find("period_interval").and_then(|raw| serde_json::from_str(raw).ok());
    if ticker.is_none() && period.is_none() {
        return Arc::clone(&node.context);
    }
    Arc::new(Context {
        ticker: ticker.or_else(|| node.context.ticker.clone()),
        period: period
            .map(Scalar::into_owned)
            .or_else(|| node.context.period.clone()),
        guessed_period: None,
    })
}

/// Ends of a list of candles.
fn ends(values: &[&RawValue]) -> Option<Vec<i64>> {
    #[derive(Deserialize)]
    struct End {
        end_period_ts: i64,
    }
    let end = |value: &&RawValue| {
        serde_json::from_str::<End>(value.get())
            .ok()
            .map(|end| end.end_period_ts)
    };
    values.iter().map(end).collect()
}

/// True for `{"T1": {…}, "T2": {…}}`: every member an object, no key of a market among them.
fn is_keyed_by_ticker(entries: &Entries<'_>) -> bool {
    !entries.has("ticker") && entries.0.iter().all(|(_, value)| value.get().starts_with('{'))
}

/// True when the object under `event` is an event and not a frame or anything else.
fn is_event(value: &RawValue) -> bool {
    serde_json::from_str::<Entries<'_>>(value.get()).is_ok_and(|entries| entries.has("event_ticker"))
}

fn order(key: &str) -> u8 {
    match key {
        "series" => 0,
        "event" | "events" => 1,
        _ => 2,
    }
}

fn kind_of(hint: Hint) -> Option<RecordingKind> {
    match hint {
        Hint::None => None,
        Hint::Trade => Some(RecordingKind::Trades),
        Hint::Market => Some(RecordingKind::Markets),
        Hint::Event => Some(RecordingKind::Events),
        Hint::Series => Some(RecordingKind::Series),
        Hint::Candle => Some(RecordingKind::Candles),
        Hint::Ignored(_) => Some(RecordingKind::Ignored),
    }
}

fn kind_of_class(class: Class) -> Option<RecordingKind> {
    match class {
        Class::Frame => Some(RecordingKind::Capture),
        Class::Trade => Some(RecordingKind::Trades),
        Class::Market => Some(RecordingKind::Markets),
        Class::Event => Some(RecordingKind::Events),
        Class::Series => Some(RecordingKind::Series),
        Class::Candle => Some(RecordingKind::Candles),
        Class::Ignored(_) => Some(RecordingKind::Ignored),
        Class::Container => None,
    }
}
