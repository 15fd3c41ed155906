//! What Kalshi has and this exchange does not: requests for quotes and block trades, combos, live data, clearing members, target
//! allocations and forecasts. Answered with 501, by name.

use http::Method;

use crate::server::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    LISTED
        .iter()
        .map(|(method, name, path)| Operation::not_simulated(method.clone(), name, path))
        .collect()
}

static LISTED: [(Method, &str, &str); 50] = [
    (
        Method::GET,
        "GetEventForecastPercentilesHistory",
        "/series/{series_ticker}/events/{ticker}/forecast_percentile_history",
    ),
    (
        Method::GET,
        "GetBlockTradeProposals",
        "/communications/block-trade-proposals",
    ),
    (
        Method::POST,
        "ProposeBlockTrade",
        "/communications/block-trade-proposals",
    ),
    (
        Method::POST,
        "AcceptBlockTradeProposal",
        "/communications/block-trade-proposals/{block_trade_proposal_id}/accept",
    ),
    (Method::GET, "GetRFQs", "/communications/rfqs"),
    (Method::POST, "CreateRFQ", "/communications/rfqs"),
    (Method::GET, "GetRFQ", "/communications/rfqs/{rfq_id}"),
    (Method::DELETE, "DeleteRFQ", "/communications/rfqs/{rfq_id}"),
    (
        Method::GET,
        "GetRFQQuote",
        "/communications/rfqs/{rfq_id}/quotes/{quote_id}",
    ),
    (
        Method::DELETE,
        "DeleteRFQQuote",
        "/communications/rfqs/{rfq_id}/quotes/{quote_id}",
    ),
    (
        Method::PUT,
        "AcceptRFQQuote",
        "/communications/rfqs/{rfq_id}/quotes/{quote_id}/accept",
    ),
    (
        Method::PUT,
        "ConfirmRFQQuote",
        "/communications/rfqs/{rfq_id}/quotes/{quote_id}/confirm",
    ),
    (Method::GET, "GetRFQBatches", "/communications/rfq_batches"),
    (Method::POST, "CreateRFQBatch", "/communications/rfq_batches"),
    (
        Method::GET,
        "GetRFQBatch",
        "/communications/rfq_batches/{rfq_batch_id}",
    ),
    (
        Method::DELETE,
        "DeleteRFQBatch",
        "/communications/rfq_batches/{rfq_batch_id}",
    ),
    (
        Method::GET,
        "GetRFQBatchBestQuotes",
        "/communications/rfq_batches/{rfq_batch_id}/best_quotes",
    ),
    (
        Method::PUT,
        "AcceptRFQBatch",
        "/communications/rfq_batches/{rfq_batch_id}/accept",
    ),
    (
        Method::GET,
        "GetRFQBatchQuotes",
        "/communications/rfq_batches/{rfq_batch_id}/quotes",
    ),
    (
        Method::POST,
        "CreateRFQBatchQuote",
        "/communications/rfq_batches/{rfq_batch_id}/quotes",
    ),
    (
        Method::DELETE,
        "DeleteRFQBatchQuote",
        "/communications/rfq_batches/{rfq_batch_id}/quotes/{batch_quote_id}",
    ),
    (
        Method::PUT,
        "ConfirmRFQBatchQuote",
        "/communications/rfq_batches/{rfq_batch_id}/quotes/{batch_quote_id}/confirm",
    ),
    (Method::GET, "GetQuotes", "/communications/quotes"),
    (Method::POST, "CreateQuote", "/communications/quotes"),
    (Method::GET, "GetQuote", "/communications/quotes/{quote_id}"),
    (Method::DELETE, "DeleteQuote", "/communications/quotes/{quote_id}"),
    (
        Method::PUT,
        "AcceptQuote",
        "/communications/quotes/{quote_id}/accept",
    ),
    (
        Method::PUT,
        "ConfirmQuote",
        "/communications/quotes/{quote_id}/confirm",
    ),
    (
        Method::GET,
        "GetLiveDataByMilestone",
        "/live_data/milestone/{milestone_id}",
    ),
    (
        Method::GET,
        "GetLiveData",
        "/live_data/{type}/milestone/{milestone_id}",
    ),
    (Method::GET, "GetLiveDatas", "/live_data/batch"),
    (
        Method::GET,
        "GetGameStats",
        "/live_data/milestone/{milestone_id}/game_stats",
    ),
    (
        Method::GET,
        "GetEventLiveData",
        "/live_data/events/{event_ticker}",
    ),
    (Method::GET, "GetWeatherIndex", "/live_data/weather/{city}"),
    (
        Method::GET,
        "GetWeatherIndexCalibrations",
        "/live_data/weather/{city}/calibrations",
    ),
    (
        Method::GET,
        "GetMultivariateEventCollection",
        "/multivariate_event_collections/{collection_ticker}",
    ),
    (
        Method::POST,
        "CreateMarketInMultivariateEventCollection",
        "/multivariate_event_collections/{collection_ticker}",
    ),
    (Method::GET, "GetFCMFills", "/fcm/fills"),
    (Method::GET, "GetFCMOrders", "/fcm/orders"),
    (Method::GET, "ListFCMSubtraders", "/fcm/subtraders"),
    (Method::POST, "CreateFCMSubtrader", "/fcm/subtraders"),
    (
        Method::GET,
        "GetFCMEventContractDailyCap",
        "/fcm/subtraders/event_contract_daily_cap",
    ),
    (
        Method::PUT,
        "UpdateFCMEventContractDailyCap",
        "/fcm/subtraders/event_contract_daily_cap",
    ),
    (
        Method::DELETE,
        "DeleteFCMEventContractDailyCap",
        "/fcm/subtraders/event_contract_daily_cap",
    ),
    (
        Method::GET,
        "GetFCMSubtraderBlockedCategories",
        "/fcm/subtraders/blocked_categories",
    ),
    (
        Method::PUT,
        "UpdateFCMSubtraderBlockedCategories",
        "/fcm/subtraders/blocked_categories",
    ),
    (
        Method::GET,
        "GetTargetBalanceAllocation",
        "/portfolio/target_balance_allocation",
    ),
    (
        Method::POST,
        "SetTargetBalanceAllocation",
        "/portfolio/target_balance_allocation",
    ),
    (Method::GET, "GetFCMPositions", "/fcm/positions"),
    (
        Method::POST,
        "CreateFCMPositionTransfer",
        "/fcm/positions/transfers",
    ),
];
