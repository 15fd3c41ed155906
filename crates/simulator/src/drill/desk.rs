//! The client that is drilled, and the little desk around it that keeps orders as one must.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt as _;
use kmi_domain::matching::Decrease;
use kmi_domain::{Quantity, Ticker, Timestamp};
use kmi_kalshi::api::orders::{AmendOrder, CreateOrder, CreatedOrder, OrdersQuery};
use kmi_kalshi::api::portfolio::FillsQuery;
use kmi_kalshi::rest::{self, Class};
use kmi_kalshi::ws::books::{Applied, BookKeeper};
use kmi_kalshi::ws::{self, Body, Channel, Event, EventKind, Markets};

use super::SIGNATURE_WINDOW;
use super::house::{House, text};
use super::known::{KnownFill, KnownOrder};
use crate::core::OrderStatus;
use crate::engine::Clock;

/// After the signature's window an absence is believed only this much later.
const MARGIN: Duration = Duration::from_millis(200);
/// Whole searches after that which must find nothing.
const EMPTY_SEARCHES: u32 = 2;
/// Times an order is sent that was certainly not executed.
const ATTEMPTS: u32 = 3;

/// What became of an order that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The exchange has it under this id.
    Bound(String),
    /// The exchange said no.
    Refused,
    /// It may exist.
    Unknown {
        /// Signed no later.
        signed: Timestamp,
        /// Searches in vain since absence can be believed.
        empty: u32,
    },
    /// It does not exist, and never will.
    NotPlaced,
}

/// Counts for the report.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) orders: u64,
    pub(super) unknown: u64,
    pub(super) found: u64,
    pub(super) absent: u64,
    pub(super) sent_again: u64,
    pub(super) told_twice: u64,
    pub(super) connections: u64,
    pub(super) gaps: u64,
}

pub(super) struct Desk {
    pub(super) rest: rest::Client,
    stream: ws::Client,
    events: ws::Events,
    pub(super) keeper: BookKeeper,
    clock: Clock,
    pub(super) intents: BTreeMap<String, Fate>,
    /// By the exchange's id.
    pub(super) orders: BTreeMap<String, (Ticker, KnownOrder)>,
    /// By the exchange's ids of order and trade.
    pub(super) fills: BTreeMap<(String, String), KnownFill>,
    /// Something may have been missed: a read is wanted that knows everything up to then.
    read_up_to: Option<Timestamp>,
    pub(super) tally: Tally,
    /// A contradiction no reading mends.
    pub(super) wrong: Option<String>,
}

impl Desk {
    pub(super) async fn open(house: &House) -> Result<Desk, String> {
        let (stream, events) = house.stream()?;
        let tickers = house.markets.iter().map(|(ticker, _)| ticker.clone());
        let books = Markets::of(tickers);
        for (channel, markets) in [
            (Channel::OrderbookDelta, books),
            (Channel::UserOrders, Markets::All),
            (Channel::Fill, Markets::All),
        ] {
            stream.subscribe(channel, markets).await.map_err(text)?;
        }
        Ok(Desk {
            rest: house.rest()?,
            stream,
            events,
            keeper: BookKeeper::new(),
            clock: house.engine.clock(),
            intents: BTreeMap::new(),
            orders: BTreeMap::new(),
            fills: BTreeMap::new(),
            read_up_to: None,
            tally: Tally::default(),
            wrong: None,
        })
    }

    pub(super) async fn close(self) {
        self.stream.close().await;
    }

    /// A read is wanted that knows everything up to now.
    pub(super) fn want_reading(&mut self) {
        self.want_reading_of(self.clock.now());
    }

    fn want_reading_of(&mut self, time: Timestamp) {
        self.read_up_to = Some(self.read_up_to.map_or(time, |wanted| wanted.max(time)));
    }

    /// Nothing is unknown any more, and nothing is left to be read.
    pub(super) fn is_settled(&self) -> bool {
        self.read_up_to.is_none()
            && !self
                .intents
                .values()
                .any(|fate| matches!(fate, Fate::Unknown { .. }))
    }

    /// Resting orders, as far as known.
    pub(super) fn resting(&self) -> Vec<(String, Ticker)> {
        let resting = self
            .orders
            .iter()
            .filter(|(_, (_, order))| order.status == OrderStatus::Resting);
        resting
            .map(|(id, (ticker, _))| (id.clone(), ticker.clone()))
            .collect()
    }

    /// Places an order: sent again only after proof that it was not executed.
    pub(super) async fn place(&mut self, order: CreateOrder) {
        let Some(id) = order.client_order_id.clone() else {
            return;
        };
        self.tally.orders += 1;
        for attempt in 1..=ATTEMPTS {
            self.tally.sent_again += u64::from(attempt > 1);
            let answer = self.rest.create_order(&order).await;
            let signed = self.clock.now();
            match answer {
                Ok(created) => return self.bind_created(&id, &order, &created),
                Err(error) if error.code() == Some("order_already_exists") || error.may_have_executed() => {
                    self.tally.unknown += 1;
                    self.intents.insert(id, Fate::Unknown { signed, empty: 0 });
                    return;
                }
                Err(error) if error.class() == Class::Retryable => {}
                Err(error) => {
                    if error.class() != Class::Refused {
                        self.wrong = Some(format!("a new order: {error}"));
                    }
                    break;
                }
            }
        }
        self.intents.insert(id, Fate::Refused);
    }

    fn bind_created(&mut self, id: &str, order: &CreateOrder, created: &CreatedOrder) {
        let status = if created.remaining_count.is_positive() {
            OrderStatus::Resting
        } else if created.fill_count == order.count {
            OrderStatus::Executed
        } else {
            OrderStatus::Canceled
        };
        let known = KnownOrder {
            client_order_id: id.to_owned(),
            status,
            price: order.price,
            filled: created.fill_count,
            remaining: created.remaining_count,
            fees: kmi_domain::Money::ZERO,
            changed_ms: created.ts_ms.millis(),
        };
        self.learn(
            created.order_id.clone(),
            order.ticker.clone(),
            known,
            Source::Answer,
        );
    }

    /// Cancels an order; whatever is not a plain answer means: read it.
    pub(super) async fn cancel(&mut self, id: &str, ticker: &Ticker) {
        let answer = self.rest.cancel_order(id, ticker, None).await.map(|_| ());
        self.changed(answer);
    }

    pub(super) async fn decrease(&mut self, id: &str, ticker: &Ticker, left: Quantity) {
        let answer = self
            .rest
            .decrease_order(id, ticker, Decrease::To(left), None)
            .await;
        let answer = answer.map(|_| ());
        self.changed(answer);
    }

    pub(super) async fn amend(&mut self, id: &str, body: &AmendOrder) {
        let answer = self.rest.amend_order(id, None, body).await.map(|_| ());
        self.changed(answer);
    }

    /// After a change of an order: where its outcome is not known, a read must know everything up to the moment until which the
    /// exchange would have taken it.
    fn changed(&mut self, answer: Result<(), rest::Error>) {
        let now = self.clock.now();
        match answer {
            Ok(()) => {}
            Err(error) if error.may_have_executed() => self.want_reading_of(last_chance(now)),
            Err(error) if matches!(error.class(), Class::Refused | Class::Retryable) => self.want_reading(),
            Err(error) => self.wrong = Some(format!("a change: {error}")),
        }
    }

    /// Takes in what the stream told; waits for nothing.
    pub(super) async fn listen(&mut self) {
        while let Some(event) = self.events.try_next() {
            if let Applied::Broken(ticker) = self.keeper.apply(&event) {
                // An error says that the client is closed, which the next look at it shows.
                let _ = self.stream.refresh_books(vec![ticker]).await;
            }
            self.hear(&event);
        }
    }

    fn hear(&mut self, event: &Event) {
        match &event.kind {
            EventKind::State(ws::ConnectionState::Connected) => self.tally.connections += 1,
            // What happened between two connections is in no message.
            EventKind::Subscribed { channel, .. } if is_private(*channel) => self.want_reading(),
            EventKind::Gap { channel, .. } | EventKind::Lagged { channel } => {
                self.tally.gaps += 1;
                if is_private(*channel) {
                    self.want_reading();
                }
            }
            EventKind::Undecodable(error) => self.wrong = Some(error.to_string()),
            EventKind::Message(message) => match &message.body {
                Body::UserOrder(order) => match KnownOrder::heard(order) {
                    Ok(known) => {
                        self.learn(
                            order.order_id.clone(),
                            order.ticker.clone(),
                            known,
                            Source::Stream,
                        );
                    }
                    Err(wrong) => self.wrong = Some(wrong),
                },
                Body::Fill(fill) => {
                    let key = (fill.order_id.clone(), fill.trade_id.to_string());
                    self.learn_fill(key, KnownFill::heard(fill), Source::Stream);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Does what is left to be done: looks for orders of unknown outcome, and reads what may have been missed.
    pub(super) async fn look(&mut self) {
        let has_unknown = self
            .intents
            .values()
            .any(|fate| matches!(fate, Fate::Unknown { .. }));
        if !has_unknown && self.read_up_to.is_none() {
            return;
        }
        // First up to when the reads know everything, then the reads: they know more, never less. A read that fails is tried
        // again at the next look.
        let Ok(known) = self.rest.user_data_timestamp().await else {
            return;
        };
        let (Ok(orders), Ok(fills)) = (
            self.rest
                .orders(OrdersQuery::default())
                .try_collect::<Vec<_>>()
                .await,
            self.rest
                .fills(FillsQuery::default())
                .try_collect::<Vec<_>>()
                .await,
        ) else {
            return;
        };
        for order in orders {
            match KnownOrder::read(&order) {
                Ok(told) => self.learn(order.order_id, order.ticker, told, Source::Read),
                Err(wrong) => self.wrong = Some(wrong),
            }
        }
        for fill in fills {
            let key = (fill.order_id.clone(), fill.trade_id.to_string());
            self.learn_fill(key, KnownFill::read(&fill), Source::Read);
        }
        if self.read_up_to.is_some_and(|wanted| wanted <= known.as_of_time) {
            self.read_up_to = None;
        }
        self.believe_absences(known.as_of_time);
    }

    /// Orders that were in none of the lists, which know everything up to `known`.
    fn believe_absences(&mut self, known: Timestamp) {
        for fate in self.intents.values_mut() {
            let Fate::Unknown { signed, empty } = fate else {
                continue;
            };
            if known > last_chance(*signed) {
                *empty += 1;
                if *empty >= EMPTY_SEARCHES {
                    *fate = Fate::NotPlaced;
                    self.tally.absent += 1;
                }
            }
        }
    }

    fn learn(&mut self, id: String, ticker: Ticker, told: KnownOrder, source: Source) {
        self.bind(&id, &told.client_order_id, source);
        match self.orders.get_mut(&id) {
            // Its fees are not in the answer: whatever else knows the order knows more.
            Some(_) if source == Source::Answer => {}
            Some((_, known)) => known.learn(told),
            None => {
                self.orders.insert(id, (ticker, told));
            }
        }
    }

    fn bind(&mut self, id: &str, client_order_id: &str, source: Source) {
        match self.intents.get(client_order_id) {
            Some(Fate::Bound(bound)) if bound == id => return,
            Some(Fate::Bound(bound)) => {
                self.wrong = Some(format!("{client_order_id} is both {bound} and {id}"));
                return;
            }
            Some(fate @ (Fate::Refused | Fate::NotPlaced)) => {
                self.wrong = Some(format!("{client_order_id} was {fate:?}, and is {id}"));
                return;
            }
            Some(Fate::Unknown { .. }) => self.tally.found += 1,
            // The stream is faster than the answer.
            None if source != Source::Read => {}
            None => self.wrong = Some(format!("{client_order_id} is nobody's")),
        }
        self.intents
            .insert(client_order_id.to_owned(), Fate::Bound(id.to_owned()));
    }

    fn learn_fill(&mut self, key: (String, String), told: KnownFill, source: Source) {
        match self.fills.get(&key) {
            Some(known) if *known != told => {
                self.wrong = Some(format!("a fill told in two ways: {known:?} and {told:?}"));
            }
            Some(_) => self.tally.told_twice += u64::from(source == Source::Stream),
            None => {
                self.fills.insert(key, told);
            }
        }
    }
}

/// Where something was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Answer,
    Stream,
    Read,
}

fn is_private(channel: Channel) -> bool {
    matches!(channel, Channel::UserOrders | Channel::Fill)
}

/// Until then the exchange may take a request that was signed at `signed`.
fn last_chance(signed: Timestamp) -> Timestamp {
    let wait = i64::try_from((SIGNATURE_WINDOW + MARGIN).as_micros()).expect("under a second");
    signed.plus_micros(wait)
}
