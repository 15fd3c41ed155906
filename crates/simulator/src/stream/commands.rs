//! What the hub does with a client's commands.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::matching::MarketId;
use kmi_kalshi::ws::message::{Body, Covered, Refusal, Subscribed};
use kmi_kalshi::ws::{
    Channel, Command, CommandBody, ErrorCode, MarketFilter, SubscribeParams, UnsubscribeParams, UpdateAction,
    UpdateParams,
};

use super::ControlSeq;
use super::audience::{Audience, ConnectionId};
use super::hub::Hub;
use super::subscription::{Coverage, MAX_MARKETS, NoPrices, Opened, Subscription};
use crate::core::{Exchange, IdSpace};

/// Books or tickers encoded in one look at the exchange.
const SNAPSHOTS_AT_ONCE: usize = 32;

/// Markets a command names.
enum Named {
    /// None: the channel covers everything.
    None,
    /// These, in order of naming.
    Markets(Vec<MarketId>),
    /// Some that do not exist.
    Unknown(Vec<String>),
}

impl Hub {
    /// Does what a command asks, and answers it.
    pub(super) fn command(&mut self, id: ConnectionId, command: Command) {
        let told = Some(command.id).filter(|number| *number != 0);
        match command.body {
            CommandBody::Subscribe(params) => self.subscribe(id, told, &params),
            CommandBody::Unsubscribe(params) => self.unsubscribe(id, told, &params),
            CommandBody::UpdateSubscription(params) => self.update(id, told, &params),
            CommandBody::ListSubscriptions => self.list(id, told),
        }
    }

    fn refuse(&mut self, id: ConnectionId, told: Option<u64>, refusal: impl Into<Refusal>) {
        self.answer(id, told, None, None, Body::Error(refusal.into()));
    }

    fn subscribe(&mut self, id: ConnectionId, told: Option<u64>, params: &SubscribeParams) {
        let mut channels = Vec::new();
        for name in &params.channels {
            match name.parse::<Channel>() {
                Ok(channel) if is_simulated(channel) && channels.contains(&channel) => {}
                Ok(channel) if is_simulated(channel) => channels.push(channel),
                // What exists at Kalshi but not here is said to be unknown, by name.
                _ => {
                    let mut refusal = Refusal::from(ErrorCode::UnknownChannel);
                    refusal.msg = format!("{}: {name}", refusal.msg);
                    return self.refuse(id, told, refusal);
                }
            }
        }
        let (tickers, ids) = (distinct(params.tickers()), distinct(params.ids()));
        let engine = self.engine.clone();
        for channel in channels {
            let (opened, fresh) = engine.read(|view| {
                let named = match channel.market_filter() {
                    MarketFilter::Ignored => Named::None,
                    _ => find(view.exchange, &tickers, ids_for(channel, &ids)),
                };
                self.subscribe_to(id, told, channel, params, named)
            });
            if opened {
                let wants_tickers = params.send_initial_snapshot == Some(true);
                self.send_state(id, channel, &fresh, wants_tickers);
            }
        }
    }

    /// Makes or widens a subscription; true if it was, and the markets that are new to it.
    fn subscribe_to(
        &mut self,
        id: ConnectionId,
        told: Option<u64>,
        channel: Channel,
        params: &SubscribeParams,
        named: Named,
    ) -> (bool, Vec<MarketId>) {
        let refused = (false, Vec::new());
        let markets = match named {
            Named::Unknown(tickers) => {
                self.refuse(id, told, unknown_markets(tickers));
                return refused;
            }
            Named::None if channel.market_filter() == MarketFilter::Required => {
                self.refuse(id, told, ErrorCode::MarketTickerRequired);
                return refused;
            }
            Named::None => None,
            Named::Markets(markets) => Some(markets),
        };
        let Some(connection) = self.connections.get_mut(&id) else {
            return refused;
        };
        let adding = markets.as_ref().map_or(0, Vec::len);
        if connection.subscriptions.markets() + adding > MAX_MARKETS {
            self.refuse(id, told, ErrorCode::MarketLimit);
            return refused;
        }
        let (subscription, opened) = connection.subscriptions.open(channel);
        if opened == Opened::Now {
            subscription.is_terse = params.skip_ticker_ack == Some(true);
            // The exchange's default today; announced to become the other.
            subscription.no_prices = match params.use_yes_price {
                Some(true) => NoPrices::OfYes,
                _ => NoPrices::Own,
            };
        }
        let sid = subscription.sid;
        let fresh = cover(subscription, opened, markets, id, &mut self.audience);
        let body = Body::Subscribed(Subscribed {
            channel: channel.as_str().to_owned(),
            sid,
        });
        self.answer(id, told, None, None, body);
        (true, fresh)
    }

    /// What a client is told at once of markets it has just named; a few at a time, as the exchange waits meanwhile.
    fn send_state(&mut self, id: ConnectionId, channel: Channel, markets: &[MarketId], wants_tickers: bool) {
        let engine = self.engine.clone();
        for some in markets.chunks(SNAPSHOTS_AT_ONCE) {
            if !self.is_open(id) {
                return;
            }
            engine.read(|view| {
                for market in some {
                    match channel {
                        Channel::OrderbookDelta => self.send_snapshot(id, *market, view.exchange),
                        Channel::Ticker if wants_tickers => self.send_ticker(id, *market, view.exchange),
                        _ => {}
                    }
                }
            });
        }
    }

    fn unsubscribe(&mut self, id: ConnectionId, told: Option<u64>, params: &UnsubscribeParams) {
        for sid in &params.sids {
            let Some(connection) = self.connections.get_mut(&id) else {
                return;
            };
            let Some(mut ended) = connection.subscriptions.remove(*sid) else {
                self.refuse(id, told, ErrorCode::UnknownSid);
                continue;
            };
            self.audience.forget(&ended, id);
            // This reply always has a number, also where the channel's messages have none: then it is the first.
            let seq = control_number(self.control_seq, &mut ended).unwrap_or(1);
            self.answer(id, told, Some(*sid), Some(seq), Body::Unsubscribed);
        }
    }

    fn update(&mut self, id: ConnectionId, told: Option<u64>, params: &UpdateParams) {
        let action = params.action.as_deref().and_then(UpdateAction::from_name);
        let (sid, action) = match (params.only_sid(), action) {
            (Err(code), _) => return self.refuse(id, told, code),
            (_, None) => return self.refuse(id, told, ErrorCode::UnsupportedAction),
            (Ok(sid), Some(action)) => (sid, action),
        };
        let tickers = distinct(params.tickers());
        let ids = distinct(params.ids());
        let Some(channel) = self
            .subscription(id, sid)
            .map(|subscription| subscription.channel)
        else {
            return self.refuse(id, told, ErrorCode::UnknownSid);
        };
        if action == UpdateAction::GetSnapshot && channel != Channel::OrderbookDelta {
            return self.refuse(id, told, ErrorCode::UnsupportedAction);
        }
        let engine = self.engine.clone();
        let fresh = engine.read(|view| {
            let named = find(view.exchange, &tickers, ids_for(channel, &ids));
            self.update_one(id, told, sid, action, named, view.exchange)
        });
        let wants_tickers = params.send_initial_snapshot == Some(true);
        self.send_state(id, channel, &fresh, wants_tickers);
    }

    fn subscription(&mut self, id: ConnectionId, sid: u64) -> Option<&mut Subscription> {
        self.connections.get_mut(&id)?.subscriptions.by_sid(sid)
    }

    /// Does what an update asks; returns the markets whose state is to be sent.
    fn update_one(
        &mut self,
        id: ConnectionId,
        told: Option<u64>,
        sid: u64,
        action: UpdateAction,
        named: Named,
        exchange: &Exchange,
    ) -> Vec<MarketId> {
        let markets = match named {
            Named::None => {
                self.refuse(id, told, ErrorCode::MarketTickerRequired);
                return Vec::new();
            }
            Named::Unknown(tickers) => {
                self.refuse(id, told, unknown_markets(tickers));
                return Vec::new();
            }
            Named::Markets(markets) => markets,
        };
        let fresh = match action {
            UpdateAction::AddMarkets => self.add_markets(id, sid, markets),
            UpdateAction::DeleteMarkets => {
                self.delete_markets(id, sid, &markets);
                Some(Vec::new())
            }
            UpdateAction::GetSnapshot => Some(self.covered_of(id, sid, markets)),
        };
        let Some(fresh) = fresh else {
            self.refuse(id, told, ErrorCode::MarketLimit);
            return Vec::new();
        };
        self.acknowledge(id, told, sid, exchange);
        fresh
    }

    /// Those of the markets that were not covered before; `None` when the connection may have no more.
    fn add_markets(&mut self, id: ConnectionId, sid: u64, markets: Vec<MarketId>) -> Option<Vec<MarketId>> {
        let connection = self.connections.get_mut(&id)?;
        if connection.subscriptions.markets() + markets.len() > MAX_MARKETS {
            return None;
        }
        let subscription = connection.subscriptions.by_sid(sid)?;
        Some(cover(
            subscription,
            Opened::Before,
            Some(markets),
            id,
            &mut self.audience,
        ))
    }

    fn delete_markets(&mut self, id: ConnectionId, sid: u64, markets: &[MarketId]) {
        let Some(subscription) = self
            .connections
            .get_mut(&id)
            .and_then(|it| it.subscriptions.by_sid(sid))
        else {
            return;
        };
        let channel = subscription.channel;
        // What covers everything has no single markets to take away.
        if let Coverage::Markets(covered) = &mut subscription.coverage {
            for market in markets {
                if covered.remove(market).is_some() {
                    self.audience.remove(channel, *market, id);
                }
            }
        }
    }

    fn covered_of(&mut self, id: ConnectionId, sid: u64, mut markets: Vec<MarketId>) -> Vec<MarketId> {
        if let Some(subscription) = self
            .connections
            .get_mut(&id)
            .and_then(|it| it.subscriptions.by_sid(sid))
        {
            markets.retain(|market| subscription.covers(*market));
        }
        markets
    }

    /// Says `ok`, with the full list of markets unless that is not wanted.
    fn acknowledge(&mut self, id: ConnectionId, told: Option<u64>, sid: u64, exchange: &Exchange) {
        let Some(subscription) = self
            .connections
            .get_mut(&id)
            .and_then(|it| it.subscriptions.by_sid(sid))
        else {
            return;
        };
        let seq = control_number(self.control_seq, subscription);
        let mut covered = Covered::default();
        if let (false, Coverage::Markets(markets)) = (subscription.is_terse, &subscription.coverage) {
            let name = |market: &MarketId| exchange.market(*market).ticker().as_str().to_owned();
            covered.market_tickers = Some(markets.keys().map(name).collect());
        }
        self.answer(id, told, Some(sid), seq, Body::Ok(covered));
    }

    fn list(&mut self, id: ConnectionId, told: Option<u64>) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let mut all: Vec<Subscribed> = connection
            .subscriptions
            .iter()
            .map(|subscription| Subscribed {
                channel: subscription.channel.as_str().to_owned(),
                sid: subscription.sid,
            })
            .collect();
        all.sort_by_key(|subscription| subscription.sid);
        self.answer(id, told, None, None, Body::Subscriptions(all));
    }
}

impl Audience {
    /// Takes a listener away from all that a subscription covered.
    pub(super) fn forget(&mut self, subscription: &Subscription, connection: ConnectionId) {
        match &subscription.coverage {
            Coverage::Everything => self.remove_everywhere(subscription.channel, connection),
            Coverage::Markets(markets) => {
                for market in markets.keys() {
                    self.remove(subscription.channel, *market, connection);
                }
            }
        }
    }
}

/// Channels this exchange has something to say on; requests for quotes and reference prices are not simulated.
const fn is_simulated(channel: Channel) -> bool {
    !matches!(
        channel,
        Channel::Communications
            | Channel::CfBenchmarksValue
            | Channel::CfBenchmarksValue5Hz
            | Channel::PythValue
    )
}

fn ids_for(channel: Channel, ids: &[String]) -> &[String] {
    if channel.takes_market_ids() { ids } else { &[] }
}

/// Each name once, in order of naming.
fn distinct(mut names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn find(exchange: &Exchange, tickers: &[String], ids: &[String]) -> Named {
    if tickers.is_empty() && ids.is_empty() {
        return Named::None;
    }
    let seed = exchange.rules().seed;
    let by_id = |id: &String| {
        IdSpace::Market
            .parse(seed, id)
            .and_then(|number| exchange.market_of_number(number))
            .map(|market| market.id)
    };
    let tickers = tickers.iter().map(|ticker| (ticker, exchange.market_id(ticker)));
    let ids = ids.iter().map(|id| (id, by_id(id)));
    let mut markets = Vec::new();
    let mut unknown = Vec::new();
    for (name, market) in tickers.chain(ids) {
        match market {
            Some(market) => markets.push(market),
            None => unknown.push(name.clone()),
        }
    }
    if unknown.is_empty() {
        Named::Markets(markets)
    } else {
        Named::Unknown(unknown)
    }
}

fn unknown_markets(tickers: Vec<String>) -> Refusal {
    let mut refusal = Refusal::from(ErrorCode::InvalidParameter);
    refusal.msg = format!("{}: unknown market", refusal.msg);
    refusal.market_tickers = Some(tickers);
    refusal
}

/// Lets a subscription cover more; returns the markets that are new to it.
///
/// Without markets it covers everything. One that covered everything goes on to do so, one that names markets stays with
/// those it has and gets the new ones.
fn cover(
    subscription: &mut Subscription,
    opened: Opened,
    markets: Option<Vec<MarketId>>,
    id: ConnectionId,
    audience: &mut Audience,
) -> Vec<MarketId> {
    let channel = subscription.channel;
    let Some(markets) = markets else {
        if let Coverage::Markets(covered) = &subscription.coverage {
            for market in covered.keys() {
                audience.remove(channel, *market, id);
            }
            subscription.coverage = Coverage::Everything;
            audience.add_everywhere(channel, id);
        }
        return Vec::new();
    };
    if opened == Opened::Now {
        subscription.coverage = Coverage::Markets(BTreeMap::new());
    }
    let Coverage::Markets(covered) = &mut subscription.coverage else {
        return Vec::new();
    };
    let mut fresh = Vec::new();
    for market in markets {
        // A market named again keeps the clock of its last snapshot: what that includes must not be told twice.
        if let Entry::Vacant(place) = covered.entry(market) {
            place.insert(0);
            audience.add(channel, market, id);
            fresh.push(market);
        }
    }
    fresh
}

/// The `seq` of a reply that belongs to a subscription.
fn control_number(rule: ControlSeq, subscription: &mut Subscription) -> Option<u64> {
    match rule {
        ControlSeq::Counted => subscription.next_seq(),
        ControlSeq::Repeated => subscription.last_seq(),
    }
}
