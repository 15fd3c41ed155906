//! What a client says to its connection: [`Session`] does what commands ask and answers them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::task::{Context, Poll};

use kmi_app::board::{Board, MarketId};
use kmi_app::hub::Format;
use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::clock::Clock;
use kmi_kalshi::limit::{Bucket, BucketSpec};
use kmi_kalshi::ws::message::{Body, Covered, Refusal};
use kmi_kalshi::ws::{
    Channel, Command, CommandBody, ErrorCode, MarketFilter, SubscribeParams, UnsubscribeParams, UpdateAction,
    UpdateParams,
};

use super::outgoing::Outgoing;
use super::subscription::{Subscription, Told};

/// Markets one connection may name in all its subscriptions.
const MAX_MARKETS: usize = 50_000;
/// Commands a second, and at once.
const COMMANDS: BucketSpec = BucketSpec {
    refill_rate: 100,
    capacity: 1_000,
};

/// What one connection has subscribed to, and what it is to be told. Knows no socket.
pub(super) struct Session {
    board: Board,
    clock: Arc<dyn Clock>,
    subscriptions: BTreeMap<Channel, Subscription>,
    last_sid: u64,
    /// The channel that filled what was written last.
    last_word: Channel,
    allowance: Bucket,
    pub(super) out: Outgoing,
}

/// Markets a command names.
enum Named {
    /// None: the channel covers everything.
    None,
    /// These, in order of naming.
    Markets(Vec<(MarketId, Ticker)>),
    /// Some that the board does not know.
    Unknown(Vec<String>),
}

impl Session {
    pub(super) fn new(board: Board, clock: Arc<dyn Clock>) -> Session {
        Session {
            allowance: Bucket::full(COMMANDS, clock.now()),
            board,
            clock,
            subscriptions: BTreeMap::new(),
            last_sid: 0,
            last_word: Channel::PythValue,
            out: Outgoing::default(),
        }
    }

    /// Puts together what there is to tell, as much as is written at once. Whoever had the last word comes last the next time, so that
    /// a busy channel does not keep the others from being told.
    pub(super) fn tell(&mut self) {
        self.out.stamp(self.clock.now());
        let after = (Bound::Excluded(self.last_word), Bound::Unbounded);
        let up_to = (Bound::Unbounded, Bound::Included(self.last_word));
        let turns = [after, up_to].map(|turns| self.subscriptions.range(turns));
        let turns: Vec<Channel> = turns.into_iter().flatten().map(|(channel, _)| *channel).collect();
        for channel in turns {
            let told = self
                .subscriptions
                .get_mut(&channel)
                .map(|subscription| subscription.tell(&mut self.out));
            match told {
                None | Some(Told::All) => {}
                Some(Told::Broken) => self.end(channel),
                Some(Told::Enough) => {
                    self.last_word = channel;
                    return;
                }
            }
        }
    }

    /// Waits until there may be something to tell.
    pub(super) fn poll_news(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut news = None;
        for (channel, subscription) in &mut self.subscriptions {
            if let Poll::Ready(told) = subscription.poll_news(context) {
                news = Some((*channel, told));
                break;
            }
        }
        match news {
            None => Poll::Pending,
            Some((channel, told)) => {
                if told == Told::Broken {
                    self.end(channel);
                }
                Poll::Ready(())
            }
        }
    }

    /// Ends a subscription that has fallen behind, with its last word.
    fn end(&mut self, channel: Channel) {
        if let Some(mut ended) = self.subscriptions.remove(&channel) {
            let (sid, seq) = (ended.sid, ended.next_seq());
            self.answer(
                None,
                Some(sid),
                seq,
                Body::Error(ErrorCode::BufferOverflow.into()),
            );
        }
    }

    /// Does what a message asks, and answers it.
    pub(super) fn receive(&mut self, message: &[u8]) {
        if self.allowance.take(self.clock.now(), 1).is_err() {
            return self.refuse(None, ErrorCode::TooManyRequests);
        }
        let command = match Command::parse(message) {
            Ok(command) => command,
            Err(refused) => {
                let mut refusal = Refusal::from(refused.code);
                refusal.msg = refused.message;
                return self.refuse(refused.id, refusal);
            }
        };
        let told = Some(command.id).filter(|number| *number != 0);
        match command.body {
            CommandBody::Subscribe(params) => self.subscribe(told, &params),
            CommandBody::Unsubscribe(params) => self.unsubscribe(told, &params),
            CommandBody::UpdateSubscription(params) => self.update(told, &params),
            CommandBody::ListSubscriptions => self.list(told),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn answer(&mut self, told: Option<u64>, sid: Option<u64>, seq: Option<u64>, body: Body) {
        let now = self.now();
        self.out.reply(told, sid, seq, body, now);
    }

    fn refuse(&mut self, told: Option<u64>, refusal: impl Into<Refusal>) {
        self.answer(told, None, None, Body::Error(refusal.into()));
    }

    fn subscribe(&mut self, told: Option<u64>, params: &SubscribeParams) {
        let channels = match channels(&params.channels) {
            Ok(channels) => channels,
            Err(refusal) => return self.refuse(told, refusal),
        };
        for channel in channels {
            if let Err(refusal) = self.subscribe_to(told, channel, params) {
                self.refuse(told, refusal);
            }
        }
    }

    fn subscribe_to(
        &mut self,
        told: Option<u64>,
        channel: Channel,
        params: &SubscribeParams,
    ) -> Result<(), Refusal> {
        let named = match channel.market_filter() {
            MarketFilter::Ignored => Named::None,
            MarketFilter::Required | MarketFilter::Optional => {
                self.find(channel, params.tickers(), params.ids())
            }
        };
        let markets = match named {
            Named::Unknown(unknown) => return Err(unknown_markets(unknown)),
            Named::None if channel.market_filter() == MarketFilter::Required => {
                return Err(ErrorCode::MarketTickerRequired.into());
            }
            Named::None => None,
            Named::Markets(markets) => Some(markets),
        };
        self.make_room(markets.as_ref().map_or(0, Vec::len))?;
        let (board, last_sid) = (&self.board, &mut self.last_sid);
        let mut is_new = false;
        let opened = self.subscriptions.entry(channel).or_insert_with(|| {
            is_new = true;
            *last_sid += 1;
            let format = match params.use_yes_price {
                Some(true) => Format::RelayYesPrices,
                // The exchange's default today; announced to become the other.
                _ => Format::Relay,
            };
            Subscription::new(channel, *last_sid, board, format)
        });
        if is_new {
            opened.is_terse = params.skip_ticker_ack == Some(true);
        }
        let named = opened.named();
        let fresh = if let Some(markets) = markets {
            opened.cover(markets)
        } else {
            opened.cover_everything();
            Ok(Vec::new())
        };
        match fresh {
            Ok(fresh) if channel == Channel::Ticker && params.send_initial_snapshot == Some(true) => {
                opened.owe(fresh);
            }
            Ok(_) => {}
            Err(_) if is_new => {
                self.subscriptions.remove(&channel);
                return Err(ErrorCode::MarketLimit.into());
            }
            Err(_) => return Err(ErrorCode::MarketLimit.into()),
        }
        self.answer(told, None, None, Body::Subscribed(named));
        Ok(())
    }

    fn unsubscribe(&mut self, told: Option<u64>, params: &UnsubscribeParams) {
        for sid in &params.sids {
            let ended = self.channel_of(*sid);
            let Some(mut ended) = ended.and_then(|channel| self.subscriptions.remove(&channel)) else {
                self.refuse(told, ErrorCode::UnknownSid);
                continue;
            };
            // This reply always has a number, also where the channel's messages have none: then it is the first.
            let seq = ended.next_seq().unwrap_or(1);
            self.answer(told, Some(*sid), Some(seq), Body::Unsubscribed);
        }
    }

    fn update(&mut self, told: Option<u64>, params: &UpdateParams) {
        match self.updated(params) {
            Err(refusal) => self.refuse(told, refusal),
            Ok((channel, fresh)) => {
                self.acknowledge(told, channel);
                let wants_tickers = channel == Channel::Ticker && params.send_initial_snapshot == Some(true);
                let subscription = self.subscriptions.get_mut(&channel).filter(|_| wants_tickers);
                if let Some(subscription) = subscription {
                    subscription.owe(fresh);
                }
            }
        }
    }

    /// Does what an update asks; returns the channel and the markets that are new to it.
    fn updated(&mut self, params: &UpdateParams) -> Result<(Channel, Vec<MarketId>), Refusal> {
        let sid = params.only_sid()?;
        let action = params
            .action
            .as_deref()
            .and_then(UpdateAction::from_name)
            .ok_or(ErrorCode::UnsupportedAction)?;
        let channel = self.channel_of(sid).ok_or(ErrorCode::UnknownSid)?;
        if action == UpdateAction::GetSnapshot && channel != Channel::OrderbookDelta {
            return Err(ErrorCode::UnsupportedAction.into());
        }
        let markets = match self.find(channel, params.tickers(), params.ids()) {
            Named::None => return Err(ErrorCode::MarketTickerRequired.into()),
            Named::Unknown(names) => return Err(unknown_markets(names)),
            Named::Markets(markets) => markets,
        };
        if action == UpdateAction::AddMarkets {
            self.make_room(markets.len())?;
        }
        let subscription = self
            .subscriptions
            .get_mut(&channel)
            .ok_or(ErrorCode::UnknownSid)?;
        let mut fresh = Vec::new();
        match action {
            UpdateAction::AddMarkets => {
                fresh = subscription.cover(markets).map_err(|_| ErrorCode::MarketLimit)?;
            }
            UpdateAction::DeleteMarkets => subscription.uncover(&markets),
            UpdateAction::GetSnapshot => subscription.owe(markets.into_iter().map(|(market, _)| market)),
        }
        Ok((channel, fresh))
    }

    /// Says `ok`, with the full list of markets unless that is not wanted.
    fn acknowledge(&mut self, told: Option<u64>, channel: Channel) {
        let Some(subscription) = self.subscriptions.get_mut(&channel) else {
            return;
        };
        let (sid, seq) = (subscription.sid, subscription.next_seq());
        let mut covered = Covered::default();
        if !subscription.is_terse {
            covered.market_tickers = subscription.tickers();
        }
        self.answer(told, Some(sid), seq, Body::Ok(covered));
    }

    fn list(&mut self, told: Option<u64>) {
        let mut all: Vec<_> = self.subscriptions.values().map(Subscription::named).collect();
        all.sort_by_key(|subscription| subscription.sid);
        self.answer(told, None, None, Body::Subscriptions(all));
    }

    fn channel_of(&self, sid: u64) -> Option<Channel> {
        let subscription = self.subscriptions.values().find(|it| it.sid == sid)?;
        Some(subscription.channel)
    }

    fn make_room(&self, adding: usize) -> Result<(), ErrorCode> {
        let named: usize = self.subscriptions.values().map(Subscription::markets).sum();
        if named + adding > MAX_MARKETS {
            return Err(ErrorCode::MarketLimit);
        }
        Ok(())
    }

    fn find(&self, channel: Channel, tickers: Vec<String>, ids: Vec<String>) -> Named {
        let ids = if channel.takes_market_ids() {
            ids
        } else {
            Vec::new()
        };
        if tickers.is_empty() && ids.is_empty() {
            return Named::None;
        }
        let of_ticker = |name: &String| {
            let market = self.board.market(&name.parse().ok()?)?;
            Some((market.id, market.body.ticker.clone()))
        };
        let of_uuid = |uuid: &String| {
            let market = self.board.market_by_id(self.board.id_of_uuid(uuid)?)?;
            Some((market.id, market.body.ticker.clone()))
        };
        let mut seen = BTreeSet::new();
        let (mut markets, mut unknown) = (Vec::new(), Vec::new());
        let tickers = tickers.into_iter().map(|name| (of_ticker(&name), name));
        let ids = ids.into_iter().map(|name| (of_uuid(&name), name));
        for (market, name) in tickers.chain(ids) {
            match market {
                Some((id, ticker)) if seen.insert(id) => markets.push((id, ticker)),
                Some(_) => {}
                None => unknown.push(name),
            }
        }
        if unknown.is_empty() {
            Named::Markets(markets)
        } else {
            Named::Unknown(unknown)
        }
    }
}

/// The channels, each once.
///
/// # Errors
/// For one that tells of an account, which nobody here has, and for one that does not exist at the exchange, or not here.
fn channels(names: &[String]) -> Result<BTreeSet<Channel>, Refusal> {
    let mut channels = BTreeSet::new();
    for name in names {
        let refused = |code: ErrorCode| {
            let mut refusal = Refusal::from(code);
            refusal.msg = format!("{}: {name}", refusal.msg);
            refusal
        };
        let channel = name
            .parse::<Channel>()
            .map_err(|_| refused(ErrorCode::UnknownChannel))?;
        if channel.is_private() {
            return Err(refused(ErrorCode::AuthenticationRequired));
        }
        let is_relayed = matches!(
            channel,
            Channel::OrderbookDelta
                | Channel::Ticker
                | Channel::Trade
                | Channel::MarketLifecycle
                | Channel::MultivariateMarketLifecycle
        );
        if !is_relayed {
            return Err(refused(ErrorCode::UnknownChannel));
        }
        channels.insert(channel);
    }
    Ok(channels)
}

fn unknown_markets(names: Vec<String>) -> Refusal {
    let mut refusal = Refusal::from(ErrorCode::InvalidParameter);
    refusal.msg = format!("{}: unknown market", refusal.msg);
    refusal.market_tickers = Some(names);
    refusal
}
