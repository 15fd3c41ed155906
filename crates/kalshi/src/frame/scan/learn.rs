//! Learning a layout from a line that is known to be a good frame.

use super::template::{Field, Kind, Step, Template};
use super::value;
use crate::frame::Message;

/// Where in a line an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The recorder's wrapping.
    Line,
    /// The frame.
    Frame,
    /// Its `msg`.
    Message,
}

/// The layout of a line, or `None` when the line has anything but plain strings, whole numbers and the objects of a frame.
pub(super) fn layout(line: &[u8], message: &Message<'_>) -> Option<Template> {
    let kind = match message {
        Message::Delta(_) => Kind::Delta,
        Message::Trade(_) => Kind::Trade,
        Message::Ticker(_) => Kind::Ticker,
        _ => return None,
    };
    // A recorder's wrapping has the frame under `event`; a frame alone has no such key.
    let wrapped = memchr::memmem::find(line, b"\"event\"").is_some();
    let mut learner = Learner {
        line,
        at: 0,
        from: 0,
        kind,
        steps: Vec::new(),
        found: Vec::new(),
    };
    learner.object(if wrapped { Place::Line } else { Place::Frame })?;
    learner.finish()
}

/// Keys of messages that are read and hold strings (and `is_block_trade`, which is true or false).
const STRINGS: [&[u8]; 20] = [
    b"market_ticker",
    b"trade_id",
    b"side",
    b"price_dollars",
    b"delta_fp",
    b"taker_side",
    b"taker_outcome_side",
    b"taker_book_side",
    b"yes_price_dollars",
    b"no_price_dollars",
    b"count_fp",
    b"yes_bid_dollars",
    b"yes_ask_dollars",
    b"yes_bid_size_fp",
    b"yes_ask_size_fp",
    b"last_trade_size_fp",
    b"volume_fp",
    b"open_interest_fp",
    b"is_block_trade",
    b"created_time",
];

/// Keys of messages that are read as numbers: in quotes they go the long way.
const NUMBERS: [&[u8]; 12] = [
    b"ts_ms",
    b"clock",
    b"price",
    b"yes_bid",
    b"yes_ask",
    b"yes_price",
    b"no_price",
    b"delta",
    b"count",
    b"volume",
    b"open_interest",
    b"is_block_trade",
];

type Reading = (Kind, &'static [u8], Field);

/// What strings of a message are read as.
const TEXTS: [Reading; 20] = [
    (Kind::Delta, b"market_ticker", Field::Ticker),
    (Kind::Delta, b"side", Field::Side),
    (Kind::Delta, b"price_dollars", Field::Dollars(0)),
    (Kind::Delta, b"delta_fp", Field::Contracts(0)),
    (Kind::Trade, b"market_ticker", Field::Ticker),
    (Kind::Trade, b"trade_id", Field::TradeId),
    (Kind::Trade, b"taker_outcome_side", Field::Side),
    (Kind::Trade, b"taker_book_side", Field::BookSide),
    (Kind::Trade, b"yes_price_dollars", Field::Dollars(0)),
    (Kind::Trade, b"no_price_dollars", Field::Dollars(1)),
    (Kind::Trade, b"count_fp", Field::Contracts(0)),
    (Kind::Ticker, b"market_ticker", Field::Ticker),
    (Kind::Ticker, b"price_dollars", Field::Dollars(0)),
    (Kind::Ticker, b"yes_bid_dollars", Field::Dollars(1)),
    (Kind::Ticker, b"yes_ask_dollars", Field::Dollars(2)),
    (Kind::Ticker, b"yes_bid_size_fp", Field::Contracts(0)),
    (Kind::Ticker, b"yes_ask_size_fp", Field::Contracts(1)),
    (Kind::Ticker, b"last_trade_size_fp", Field::Contracts(2)),
    (Kind::Ticker, b"volume_fp", Field::Contracts(3)),
    (Kind::Ticker, b"open_interest_fp", Field::Contracts(4)),
];

/// What whole numbers of a message are read as.
const INTEGERS: [Reading; 14] = [
    (Kind::Delta, b"ts_ms", Field::Millis),
    (Kind::Delta, b"clock", Field::Clock),
    (Kind::Delta, b"price", Field::Cents(0)),
    (Kind::Delta, b"delta", Field::Whole(0)),
    (Kind::Trade, b"ts_ms", Field::Millis),
    (Kind::Trade, b"yes_price", Field::Cents(0)),
    (Kind::Trade, b"no_price", Field::Cents(1)),
    (Kind::Trade, b"count", Field::Whole(0)),
    (Kind::Ticker, b"ts_ms", Field::Millis),
    (Kind::Ticker, b"price", Field::Cents(0)),
    (Kind::Ticker, b"yes_bid", Field::Cents(1)),
    (Kind::Ticker, b"yes_ask", Field::Cents(2)),
    (Kind::Ticker, b"volume", Field::Whole(3)),
    (Kind::Ticker, b"open_interest", Field::Whole(4)),
];

fn field(readings: &[Reading], kind: Kind, key: &[u8]) -> Option<Field> {
    let found = readings
        .iter()
        .find(|reading| (reading.0, reading.1) == (kind, key));
    found.map(|reading| reading.2)
}

struct Learner<'l> {
    line: &'l [u8],
    at: usize,
    /// Where the literal in the making begins.
    from: usize,
    kind: Kind,
    steps: Vec<Step>,
    /// Keys of the message, to see what stands twice in two forms.
    found: Vec<&'l [u8]>,
}

impl<'l> Learner<'l> {
    fn rest(&self) -> &'l [u8] {
        &self.line[self.at..]
    }

    fn skip_space(&mut self) {
        self.at += self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.rest().first() == Some(&byte)).then(|| self.at += 1)
    }

    /// A plain string with both quotes.
    fn string(&mut self) -> Option<&'l [u8]> {
        self.take(b'"')?;
        let length = value::string(self.rest(), 0)?;
        let text = &self.rest()[..length - 1];
        self.at += length;
        Some(text)
    }

    fn object(&mut self, place: Place) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.skip_space();
            let key = self.string()?;
            self.take(b':')?;
            self.skip_space();
            self.member(place, key)?;
            self.skip_space();
            match self.rest().first()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn member(&mut self, place: Place, key: &'l [u8]) -> Option<()> {
        if place == Place::Message {
            self.found.push(key);
        }
        match (place, key, self.rest().first()?) {
            (Place::Line, b"event", b'{') => self.object(Place::Frame),
            (Place::Frame, b"msg", b'{') => self.object(Place::Message),
            // The type stays part of the literal: another type is another layout.
            (Place::Frame, b"type", b'"') => self.string().map(|_| ()),
            (_, _, b'"') => {
                let field = self.field_of_text(place, key)?;
                self.at += 1;
                self.step(field);
                let length = value::string(self.rest(), 0)?;
                self.value(length);
                Some(())
            }
            (_, _, b'0'..=b'9' | b'-') => {
                let field = self.field_of_number(place, key)?;
                self.step(field);
                let sign = usize::from(self.rest().first() == Some(&b'-'));
                let (_, length) = value::natural(&self.rest()[sign..])?;
                self.value(sign + length);
                Some(())
            }
            (Place::Message, b"is_block_trade", b't' | b'f') if self.kind == Kind::Trade => {
                self.step(Field::Block);
                let length = if self.rest().starts_with(b"true") { 4 } else { 5 };
                self.value(length);
                Some(())
            }
            _ => None,
        }
    }

    /// Ends the literal before a value.
    fn step(&mut self, field: Field) {
        self.steps.push(Step {
            literal: self.line[self.from..self.at].into(),
            field,
            guess: 0,
        });
    }

    /// Passes over a value and begins the next literal.
    fn value(&mut self, length: usize) {
        self.at += length;
        self.from = self.at;
    }

    /// What a string is read as; `None` for a key whose string form is not read here.
    fn field_of_text(&self, place: Place, key: &[u8]) -> Option<Field> {
        if place != Place::Message {
            // A number in quotes is another generation's habit.
            return (!matches!(key, b"recv_ms" | b"event" | b"sid" | b"seq" | b"msg" | b"type"))
                .then_some(Field::SkippedText);
        }
        if NUMBERS.contains(&key) {
            return None;
        }
        Some(field(&TEXTS, self.kind, key).unwrap_or(Field::SkippedText))
    }

    /// What a number is read as; `None` for a key whose numeric form is not read here.
    fn field_of_number(&self, place: Place, key: &[u8]) -> Option<Field> {
        match (place, key) {
            (Place::Line, b"recv_ms") => return Some(Field::Received),
            (Place::Frame, b"sid") => return Some(Field::Sid),
            (Place::Frame, b"seq") => return Some(Field::Seq),
            (Place::Frame, b"msg" | b"type") | (Place::Line, b"event") => return None,
            (Place::Line | Place::Frame, _) => return Some(Field::SkippedNumber),
            (Place::Message, _) => {}
        }
        // A number where a string belongs: the long way reads it.
        if STRINGS.contains(&key) {
            return None;
        }
        Some(field(&INTEGERS, self.kind, key).unwrap_or(Field::SkippedNumber))
    }

    /// The layout, unless it leaves open what only the long way decides: values in two forms, times that are not
    /// milliseconds, a taker told in the oldest way alone.
    fn finish(self) -> Option<Template> {
        let reads = |wanted: Field| self.steps.iter().filter(|step| step.field == wanted).count();
        let mut twice =
            (0..super::template::PRICES).map(|slot| reads(Field::Dollars(slot)) + reads(Field::Cents(slot)));
        let mut counted = (0..super::template::COUNTS)
            .map(|slot| reads(Field::Contracts(slot)) + reads(Field::Whole(slot)));
        if twice.any(|count| count > 1) || counted.any(|count| count > 1) {
            return None;
        }
        if reads(Field::Millis) == 0 && self.found.contains(&&b"ts"[..]) {
            return None;
        }
        let tail = &self.line[self.at..];
        let legacy_taker = self.kind == Kind::Trade && reads(Field::Side) + reads(Field::BookSide) == 0;
        if legacy_taker || !tail.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        Some(Template {
            kind: self.kind,
            steps: self.steps.into(),
            tail: self.line[self.from..].into(),
        })
    }
}
