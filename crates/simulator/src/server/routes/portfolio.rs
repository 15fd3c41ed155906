//! What a member has: `/portfolio`.

use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::portfolio::{
    BalanceQuery, CountFilter, DepositsPage, DepositsQuery, FillsPage, FillsQuery, HistoricalFillsQuery,
    HistoricalPositionsQuery, PositionsPage, PositionsQuery, SettlementStatus, SettlementsPage,
    SettlementsQuery, WithdrawalsPage, WithdrawalsQuery,
};

use super::pages::gather;
use crate::records::PageRequest;
use crate::records::query::{
    Era, FillFilter, NonZero, PositionFilter, Settlement, SettlementFilter, TimeRange,
};
use crate::server::answer::Answer;
use crate::server::call::Call;
use crate::server::operation::{Answered, Cost, Operation};
use crate::server::scope::Access;

/// Rows read in one look.
const STEP: usize = 200;
/// Tickers a filter of fills may have.
const MAX_TICKERS: usize = 100;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::private("GetBalance", "/portfolio/balance", balance)
            .needing(Access::BALANCE)
            .at(Cost::Balance),
        Operation::private("GetPositions", "/portfolio/positions", positions),
        Operation::private(
            "GetHistoricalPositions",
            "/historical/positions",
            historical_positions,
        ),
        Operation::private("GetFills", "/portfolio/fills", fills),
        Operation::private("GetFillsHistorical", "/historical/fills", historical_fills),
        Operation::private("GetSettlements", "/portfolio/settlements", settlements),
        Operation::private("GetDeposits", "/portfolio/deposits", deposits),
        Operation::private("GetWithdrawals", "/portfolio/withdrawals", withdrawals),
        Operation::private(
            "GetPortfolioRestingOrderTotalValue",
            "/portfolio/summary/total_resting_order_value",
            resting_order_value,
        ),
    ]
}

fn balance(call: &Call) -> Answered {
    let query: BalanceQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let account = call.caller().account(asked)?;
    let shard = call.query.shard(query.exchange_index)?;
    Answer::ok(&call.views(|views| views.balance(account, shard)))
}

fn positions(call: &Call) -> Answered {
    let query: PositionsQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call
        .query
        .page(query.limit, query.cursor, PositionsQuery::LIMITS)?;
    let non_zero = query.count_filter.iter().map(|filter| match filter {
        CountFilter::Position => NonZero::Position,
        CountFilter::TotalTraded => NonZero::TotalTraded,
    });
    let filter = PositionFilter {
        subaccount: call.caller().account(asked)?.subaccount,
        shard: call.query.shard(query.exchange_index)?,
        markets: call.markets(query.ticker.as_slice(), query.event_ticker.as_slice()),
        settlement: match query.settlement_status {
            None | Some(SettlementStatus::Unsettled) => Settlement::Unsettled,
            Some(SettlementStatus::Settled) => Settlement::Settled,
            Some(SettlementStatus::All) => Settlement::All,
        },
        non_zero: non_zero.collect(),
        ..PositionFilter::of(call.caller().user())
    };
    position_pages(call, &filter, &page)
}

fn historical_positions(call: &Call) -> Answered {
    let query: HistoricalPositionsQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call
        .query
        .page(query.limit, query.cursor, PositionsQuery::LIMITS)?;
    let filter = PositionFilter {
        subaccount: call.caller().account(asked)?.subaccount,
        markets: call.markets(query.ticker.as_slice(), query.event_ticker.as_slice()),
        settlement: Settlement::Settled,
        era: Era::Historical,
        ..PositionFilter::of(call.caller().user())
    };
    position_pages(call, &filter, &page)
}

/// In one look: sums of events are to fit the positions beside them.
fn position_pages(call: &Call, filter: &PositionFilter, page: &PageRequest) -> Answered {
    let page: PositionsPage = call.views(|views| views.positions(filter, page));
    Answer::ok(&page)
}

fn fills(call: &Call) -> Answered {
    let query: FillsQuery = call.query.read()?;
    call.query.at_most("ticker", &query.ticker, MAX_TICKERS)?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call.query.page(query.limit, query.cursor, FillsQuery::LIMITS)?;
    let order = match query.order_id {
        None => None,
        // An order that nobody has filled nothing.
        Some(id) => match call.order_of(&id) {
            Ok(order) => Some(order),
            Err(_) => return no_fills(),
        },
    };
    let filter = FillFilter {
        subaccount: call.caller().subaccounts(asked)?,
        shard: call.query.shard(query.exchange_index)?,
        markets: call.markets(&query.ticker, &[]),
        order,
        time: TimeRange {
            from: query.min_ts,
            to: query.max_ts,
        },
        ..FillFilter::of(call.caller().user())
    };
    fill_pages(call, &filter, &page)
}

fn historical_fills(call: &Call) -> Answered {
    let query: HistoricalFillsQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call.query.page(query.limit, query.cursor, FillsQuery::LIMITS)?;
    let filter = FillFilter {
        subaccount: call.caller().subaccounts(asked)?,
        markets: call.markets(query.ticker.as_slice(), &[]),
        time: TimeRange {
            from: query.min_ts,
            to: query.max_ts,
        },
        era: Era::Historical,
        ..FillFilter::of(call.caller().user())
    };
    fill_pages(call, &filter, &page)
}

fn fill_pages(call: &Call, filter: &FillFilter, page: &PageRequest) -> Answered {
    let (fills, cursor) = gather(call, page, STEP, |views, page| {
        let part = views.fills(filter, page);
        Ok((part.fills, part.cursor))
    })?;
    Answer::ok(&FillsPage { fills, cursor })
}

fn no_fills() -> Answered {
    Answer::ok(&FillsPage {
        fills: Vec::new(),
        cursor: Cursor::LAST,
    })
}

fn settlements(call: &Call) -> Answered {
    let query: SettlementsQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call
        .query
        .page(query.limit, query.cursor, SettlementsQuery::LIMITS)?;
    let filter = SettlementFilter {
        subaccount: call.caller().subaccounts(asked)?,
        markets: call.markets(query.ticker.as_slice(), query.event_ticker.as_slice()),
        time: TimeRange {
            from: query.min_ts,
            to: query.max_ts,
        },
        ..SettlementFilter::of(call.caller().user())
    };
    let (settlements, cursor) = gather(call, &page, STEP, |views, page| {
        let part = views.settlements(&filter, page);
        Ok((part.settlements, part.cursor))
    })?;
    Answer::ok(&SettlementsPage { settlements, cursor })
}

fn deposits(call: &Call) -> Answered {
    let query: DepositsQuery = call.query.read()?;
    let page = call
        .query
        .page(query.limit, query.cursor, DepositsQuery::LIMITS)?;
    let user = call.caller().user();
    let own = call.caller().key().subaccount;
    let (deposits, cursor) = gather(call, &page, STEP, |views, page| {
        let part = views.deposits(user, own, page);
        Ok((part.deposits, part.cursor))
    })?;
    Answer::ok(&DepositsPage { deposits, cursor })
}

/// Nobody withdraws money that is not real.
fn withdrawals(call: &Call) -> Answered {
    let query: WithdrawalsQuery = call.query.read()?;
    call.query
        .page(query.limit, query.cursor, WithdrawalsQuery::LIMITS)?;
    Answer::ok(&WithdrawalsPage {
        withdrawals: Vec::new(),
        cursor: Cursor::LAST,
    })
}

fn resting_order_value(call: &Call) -> Answered {
    let (user, own) = (call.caller().user(), call.caller().key().subaccount);
    Answer::ok(&call.views(|views| views.resting_order_value(user, own)))
}
