//! What happened, in the words of the exchange's stream.

use kmi_domain::matching::{GroupEvent as GroupStep, MarketId, SelfTradePrevention};
use kmi_domain::{BookSide, Level, MarketResult, Money, Price, Quantity, Side, Timestamp};
use kmi_kalshi::ws::message::{
    Body, EventLifecycle, Fill, GroupEvent, LifecycleEvent, MarketLifecycle, MarketMetadata, MarketPosition,
    OrderGroupUpdate, OrderStatus as StatusWord, OrderbookDelta, OrderbookSnapshot, PriceBand, TickerUpdate,
    Trade, UpdateReason as ReasonWord, UserOrder,
};
use serde_json::Number;

use super::subscription::NoPrices;
use crate::core::{
    Event, EventState, Exchange, FillRecord, IdSpace, Lifecycle, MarketState, OrderChange, OrderStatus,
    PositionState, TradeRecord, UpdateReason,
};

/// Public id of a market.
pub(super) fn market_uuid(exchange: &Exchange, market: &MarketState) -> String {
    IdSpace::Market
        .public(exchange.rules().seed, market.number())
        .to_string()
}

/// The whole book of a market as it stands, bids only, ascending.
pub(super) fn snapshot(exchange: &Exchange, market: MarketId, no_prices: NoPrices) -> OrderbookSnapshot {
    let state = exchange.market(market);
    let mut yes: Vec<Level> = exchange.bids(market).collect();
    yes.reverse();
    let mut no: Vec<Level> = exchange.asks(market).collect();
    if no_prices == NoPrices::Own {
        for level in &mut no {
            level.price = level.price.complement();
        }
    }
    no.sort_unstable_by_key(|level| level.price);
    OrderbookSnapshot {
        market_ticker: state.ticker().clone(),
        market_id: Some(market_uuid(exchange, state)),
        clock: Some(state.clock),
        yes_dollars_fp: yes,
        no_dollars_fp: no,
    }
}

/// A change of a level, as its own side's or YES prices have it.
pub(super) struct LevelNews {
    pub(super) market: MarketId,
    pub(super) clock: u64,
    pub(super) side: BookSide,
    pub(super) price: Price,
    pub(super) change: Quantity,
    pub(super) time: Timestamp,
}

pub(super) fn delta(exchange: &Exchange, news: &LevelNews, no_prices: NoPrices) -> OrderbookDelta {
    let state = exchange.market(news.market);
    let side = news.side.outcome();
    let price = match (side, no_prices) {
        (Side::No, NoPrices::Own) => news.price.complement(),
        _ => news.price,
    };
    OrderbookDelta {
        market_ticker: state.ticker().clone(),
        market_id: Some(market_uuid(exchange, state)),
        clock: Some(news.clock),
        price_dollars: price,
        delta_fp: news.change,
        side,
        client_order_id: None,
        subaccount: None,
        ts_ms: Some(news.time),
        ts: Some(news.time),
    }
}

/// Best quotes and totals of a market as it stands.
pub(super) fn ticker(exchange: &Exchange, market: MarketId, now: Timestamp) -> TickerUpdate {
    let state = exchange.market(market);
    let bid = exchange.best_bid(market);
    let ask = exchange.best_ask(market);
    let size = |level: Option<Level>| level.map_or(Quantity::ZERO, |level| level.quantity);
    let whole_dollars = |money: Money| money.micros() / 1_000_000;
    TickerUpdate {
        market_ticker: state.ticker().clone(),
        market_id: Some(market_uuid(exchange, state)),
        price_dollars: state.last_trade.map_or(Price::ZERO, |trade| trade.price),
        yes_bid_dollars: bid.map_or(Price::ZERO, |level| level.price),
        yes_ask_dollars: ask.map_or(Price::ONE, |level| level.price),
        yes_bid_size_fp: size(bid),
        yes_ask_size_fp: size(ask),
        last_trade_size_fp: state.last_trade.map_or(Quantity::ZERO, |trade| trade.quantity),
        volume_fp: state.volume,
        open_interest_fp: state.open_interest,
        dollar_volume: whole_dollars(Price::ONE * state.volume),
        dollar_open_interest: whole_dollars(Price::ONE * state.open_interest),
        ts_ms: now,
        ts: Some(now),
        time: Some(now),
    }
}

/// Id of a trade: its own, or the one it was recorded with.
pub(super) fn trade_id(exchange: &Exchange, number: u64) -> String {
    IdSpace::Trade.public(exchange.rules().seed, number).to_string()
}

pub(super) fn trade(exchange: &Exchange, record: &TradeRecord) -> Option<Trade> {
    let id = match &record.recorded_id {
        Some(id) => id.clone(),
        None => trade_id(exchange, record.number),
    };
    let taker = record.taker_side.outcome();
    Some(Trade {
        trade_id: id.parse().ok()?,
        market_ticker: exchange.market(record.market).ticker().clone(),
        yes_price_dollars: record.price,
        no_price_dollars: record.price.complement(),
        count_fp: record.quantity,
        taker_side: Some(taker),
        taker_outcome_side: taker,
        taker_book_side: Some(record.taker_side),
        is_block_trade: false,
        ts_ms: record.time,
        ts: Some(record.time),
    })
}

pub(super) fn fill(exchange: &Exchange, record: &FillRecord) -> Option<Fill> {
    let state = exchange.market(record.market);
    let seed = exchange.rules().seed;
    let (side, action) = legacy(record.side);
    Some(Fill {
        trade_id: trade_id(exchange, record.trade).parse().ok()?,
        order_id: IdSpace::Order.public(seed, record.order.0).to_string(),
        client_order_id: record.client_order_id.clone(),
        market_ticker: state.ticker().clone(),
        exchange_index: i32::from(state.shard.index()),
        is_taker: record.is_taker,
        yes_price_dollars: record.price,
        count_fp: record.quantity,
        fee_cost: record.fee_cost,
        outcome_side: record.side.outcome(),
        book_side: Some(record.side),
        post_position_fp: record.post_position,
        subaccount: Some(record.account.subaccount.number()),
        ts_ms: record.time,
        ts: Some(record.time),
        side: Some(side),
        action: Some(action.to_owned()),
        purchased_side: Some(record.side.outcome()),
    })
}

/// The retired words for a side of the YES book, as REST has them: whoever asks buys NO.
fn legacy(side: BookSide) -> (Side, &'static str) {
    match side {
        BookSide::Bid => (Side::Yes, "buy"),
        BookSide::Ask => (Side::No, "buy"),
    }
}

pub(super) fn position(exchange: &Exchange, state: &PositionState) -> MarketPosition {
    let seed = exchange.rules().seed;
    MarketPosition {
        user_id: IdSpace::User
            .public(seed, u64::from(state.account.user.0))
            .to_string(),
        market_ticker: exchange.market(state.market).ticker().clone(),
        position_fp: state.quantity,
        position_cost_dollars: state.cost,
        realized_pnl_dollars: state.realized,
        fees_paid_dollars: state.fees,
        position_fee_cost_dollars: fees_of_open(state),
        volume_fp: state.volume,
        subaccount: Some(state.account.subaccount.number()),
    }
}

/// Fees within the cost of what is held: as much of all fees as the open cost is of all that was spent on opening, rounded
/// down. Kalshi does not say how it shares them.
fn fees_of_open(state: &PositionState) -> Money {
    if state.traded.micros() <= 0 {
        return Money::ZERO;
    }
    let share =
        i128::from(state.fees.micros()) * i128::from(state.cost.micros()) / i128::from(state.traded.micros());
    Money::from_micros(i64::try_from(share).unwrap_or(0))
}

pub(super) fn user_order(exchange: &Exchange, change: &OrderChange) -> UserOrder {
    let order = &change.order;
    let seed = exchange.rules().seed;
    let market = exchange.market(order.market);
    UserOrder {
        order_id: IdSpace::Order.public(seed, order.order.0).to_string(),
        user_id: IdSpace::User
            .public(seed, u64::from(order.account.user.0))
            .to_string(),
        ticker: market.ticker().clone(),
        exchange_index: i32::from(market.shard.index()),
        status: match order.status {
            OrderStatus::Resting => StatusWord::Resting,
            OrderStatus::Canceled => StatusWord::Canceled,
            OrderStatus::Executed => StatusWord::Executed,
        },
        outcome_side: order.side.outcome(),
        book_side: Some(order.side),
        yes_price_dollars: order.price,
        fill_count_fp: order.filled,
        remaining_count_fp: order.remaining,
        initial_count_fp: order.initial,
        taker_fill_cost_dollars: order.taker_cost,
        maker_fill_cost_dollars: order.maker_cost,
        taker_fees_dollars: order.taker_fees,
        maker_fees_dollars: order.maker_fees,
        client_order_id: order.client_order_id.clone().unwrap_or_default(),
        order_group_id: order
            .group
            .map(|group| IdSpace::Group.public(seed, u64::from(group.0)).to_string()),
        self_trade_prevention_type: Some(
            match order.self_trade {
                SelfTradePrevention::TakerAtCross => "taker_at_cross",
                SelfTradePrevention::Maker => "maker",
            }
            .to_owned(),
        ),
        last_update_reason: reason(change.reason),
        created_ts_ms: Some(order.created),
        created_time: Some(order.created),
        last_updated_ts_ms: Some(order.updated),
        last_update_time: Some(order.updated),
        expiration_ts_ms: order.expiration,
        expiration_time: order.expiration,
        subaccount_number: Some(order.account.subaccount.number()),
        side: Some(legacy(order.side).0),
        is_yes: Some(order.side == BookSide::Bid),
    }
}

/// Kalshi's word; `None` for reasons it has none for.
fn reason(reason: UpdateReason) -> Option<ReasonWord> {
    Some(match reason {
        UpdateReason::Decrease => ReasonWord::Decrease,
        UpdateReason::Amend => ReasonWord::Amend,
        UpdateReason::Trade => ReasonWord::Trade,
        UpdateReason::SelfTradeCancel => ReasonWord::SelfTradeCancel,
        UpdateReason::ExpiryCancel => ReasonWord::ExpiryCancel,
        UpdateReason::CloseCancel => ReasonWord::CloseCancel,
        UpdateReason::HaltCancel | UpdateReason::PauseCancel => ReasonWord::HaltCancel,
        UpdateReason::PostOnlyCrossCancel => ReasonWord::PostOnlyCrossCancel,
        UpdateReason::ReduceOnlyCancel => ReasonWord::ReduceOnlyCancel,
        UpdateReason::Placed
        | UpdateReason::UserCancel
        | UpdateReason::ImmediateCancel
        | UpdateReason::GroupCancel => {
            return None;
        }
    })
}

pub(super) fn group(exchange: &Exchange, group: u32, step: &GroupStep, now: Timestamp) -> OrderGroupUpdate {
    let (event_type, limit) = match step {
        GroupStep::Created { limit } => (GroupEvent::Created, Some(*limit)),
        GroupStep::Triggered { .. } => (GroupEvent::Triggered, None),
        GroupStep::Reset => (GroupEvent::Reset, None),
        GroupStep::LimitUpdated { limit } => (GroupEvent::LimitUpdated, Some(*limit)),
        GroupStep::Deleted => (GroupEvent::Deleted, None),
    };
    OrderGroupUpdate {
        event_type,
        order_group_id: IdSpace::Group
            .public(exchange.rules().seed, u64::from(group))
            .to_string(),
        contracts_limit_fp: limit,
        ts_ms: now,
    }
}

/// A step in a market's life; `None` for those that are silent.
pub(super) fn lifecycle(exchange: &Exchange, event: &Event, now: Timestamp) -> Option<Body> {
    match event {
        Event::EventListed(ticker) => {
            let event = exchange.event(ticker)?;
            Some(Body::EventLifecycle(Box::new(event_listed(event))))
        }
        Event::MarketListed(market) => Some(market_body(created(exchange, exchange.market(*market)))),
        Event::Market(market, step) => {
            let state = exchange.market(*market);
            step_of(state, step, now).map(market_body)
        }
        _ => None,
    }
}

fn market_body(message: MarketLifecycle) -> Body {
    Body::MarketLifecycle(Box::new(message))
}

fn event_listed(event: &EventState) -> EventLifecycle {
    EventLifecycle {
        event_ticker: event.spec.ticker.clone(),
        exchange_index: i32::from(event.shard.index()),
        title: event.spec.title.clone(),
        subtitle: event.spec.sub_title.clone(),
        collateral_return_type: event.spec.collateral_return.as_str().to_owned(),
        series_ticker: event.spec.series.clone(),
        strike_date: event.spec.strike_date,
        strike_period: None,
    }
}

fn plain(state: &MarketState, event_type: LifecycleEvent) -> MarketLifecycle {
    MarketLifecycle {
        market_ticker: state.ticker().clone(),
        event_type,
        exchange_index: None,
        open_ts: None,
        close_ts: None,
        determination_ts: None,
        settled_ts: None,
        result: None,
        settlement_value: None,
        is_deactivated: None,
        price_level_structure: None,
        price_ranges: None,
        additional_metadata: None,
        strike_type: None,
        floor_strike: None,
        cap_strike: None,
        custom_strike: None,
        yes_sub_title: None,
    }
}

fn created(exchange: &Exchange, state: &MarketState) -> MarketLifecycle {
    let spec = &state.spec;
    let title = exchange
        .event(&spec.event)
        .map_or_else(String::new, |event| event.spec.title.clone());
    MarketLifecycle {
        exchange_index: Some(i32::from(state.shard.index())),
        open_ts: Some(spec.open_time),
        close_ts: Some(spec.close_time),
        price_level_structure: Some(spec.price_level_structure.clone()),
        price_ranges: Some(bands(state)),
        additional_metadata: Some(MarketMetadata {
            name: spec.yes_sub_title.clone(),
            title,
            yes_sub_title: spec.yes_sub_title.clone(),
            no_sub_title: spec.no_sub_title.clone(),
            rules_primary: spec.rules_primary.clone(),
            rules_secondary: spec.rules_secondary.clone(),
            can_close_early: spec.can_close_early,
            event_ticker: spec.event.clone(),
            expected_expiration_ts: spec.expected_expiration_time,
            strike_type: Some(spec.strike.kind.clone()).filter(|kind| !kind.is_empty()),
            floor_strike: spec.strike.floor.and_then(Number::from_f64),
            cap_strike: spec.strike.cap.and_then(Number::from_f64),
            custom_strike: None,
        }),
        ..plain(state, LifecycleEvent::Created)
    }
}

fn bands(state: &MarketState) -> Vec<PriceBand> {
    let ranges = state.spec.grid.ranges().iter();
    ranges
        .map(|range| PriceBand {
            start: range.start,
            end: range.end,
            step: range.step,
        })
        .collect()
}

fn step_of(state: &MarketState, step: &Lifecycle, now: Timestamp) -> Option<MarketLifecycle> {
    Some(match step {
        // Kalshi says nothing when a market opens and closes as planned.
        Lifecycle::Opened | Lifecycle::Closed => return None,
        Lifecycle::Deactivated => MarketLifecycle {
            is_deactivated: Some(true),
            ..plain(state, LifecycleEvent::Deactivated)
        },
        Lifecycle::Activated => MarketLifecycle {
            is_deactivated: Some(false),
            ..plain(state, LifecycleEvent::Activated)
        },
        Lifecycle::CloseTimeChanged(time) => MarketLifecycle {
            close_ts: Some(*time),
            ..plain(state, LifecycleEvent::CloseDateUpdated)
        },
        Lifecycle::GridChanged => MarketLifecycle {
            price_level_structure: Some(state.spec.price_level_structure.clone()),
            price_ranges: Some(bands(state)),
            ..plain(state, LifecycleEvent::PriceLevelStructureUpdated)
        },
        Lifecycle::Determined(result) => MarketLifecycle {
            determination_ts: Some(now),
            result: Some(result.as_str().to_owned()),
            settlement_value: Some(MarketResult::payout(*result, Side::Yes)),
            ..plain(state, LifecycleEvent::Determined)
        },
        Lifecycle::Settled(_) => MarketLifecycle {
            settled_ts: Some(now),
            ..plain(state, LifecycleEvent::Settled)
        },
    })
}
