//! What belongs to accounts: the relay has none, so it is refused as the exchange refuses whoever does not sign.

use std::collections::BTreeSet;

use axum::routing::{MethodFilter, MethodRouter};
use http::HeaderMap;

use super::Refused;
use crate::relay::Relay;

const GET: MethodFilter = MethodFilter::GET;
const POST: MethodFilter = MethodFilter::POST;
const PUT: MethodFilter = MethodFilter::PUT;
const DELETE: MethodFilter = MethodFilter::DELETE;

/// Private routes of the exchange, the retired writes of orders below `/portfolio/orders` included.
#[rustfmt::skip]
const ROUTES: [(MethodFilter, &str); 93] = [
    (GET, "/series/{series_ticker}/events/{ticker}/forecast_percentile_history"),
    (GET, "/portfolio/orders"), (POST, "/portfolio/orders"),
    (GET, "/portfolio/orders/{order_id}"), (DELETE, "/portfolio/orders/{order_id}"),
    (POST, "/portfolio/orders/batched"), (DELETE, "/portfolio/orders/batched"),
    (POST, "/portfolio/orders/{order_id}/amend"), (POST, "/portfolio/orders/{order_id}/decrease"),
    (GET, "/portfolio/orders/queue_positions"), (GET, "/portfolio/orders/{order_id}/queue_position"),
    (POST, "/portfolio/events/orders"), (DELETE, "/portfolio/events/orders"),
    (POST, "/portfolio/events/orders/batched"), (DELETE, "/portfolio/events/orders/batched"),
    (DELETE, "/portfolio/events/orders/{order_id}"),
    (POST, "/portfolio/events/orders/{order_id}/amend"), (POST, "/portfolio/events/orders/{order_id}/decrease"),
    (GET, "/portfolio/order_groups"), (POST, "/portfolio/order_groups/create"),
    (GET, "/portfolio/order_groups/{order_group_id}"), (DELETE, "/portfolio/order_groups/{order_group_id}"),
    (PUT, "/portfolio/order_groups/{order_group_id}/reset"), (PUT, "/portfolio/order_groups/{order_group_id}/trigger"),
    (PUT, "/portfolio/order_groups/{order_group_id}/limit"),
    (GET, "/portfolio/balance"), (POST, "/portfolio/intra_exchange_instance_transfer"),
    (GET, "/portfolio/intra_exchange_instance_transfers"),
    (GET, "/portfolio/intra_exchange_instance_transfers/{transfer_id}"),
    (POST, "/portfolio/subaccounts"), (POST, "/portfolio/subaccounts/transfer"),
    (GET, "/portfolio/subaccounts/balances"), (GET, "/portfolio/subaccounts/transfers"),
    (PUT, "/portfolio/subaccounts/netting"), (GET, "/portfolio/subaccounts/netting"),
    (GET, "/portfolio/positions"), (GET, "/portfolio/settlements"), (GET, "/portfolio/deposits"),
    (GET, "/portfolio/withdrawals"), (GET, "/portfolio/summary/total_resting_order_value"), (GET, "/portfolio/fills"),
    (GET, "/portfolio/target_balance_allocation"), (POST, "/portfolio/target_balance_allocation"),
    (GET, "/communications/id"),
    (GET, "/communications/block-trade-proposals"), (POST, "/communications/block-trade-proposals"),
    (POST, "/communications/block-trade-proposals/{block_trade_proposal_id}/accept"),
    (GET, "/communications/rfqs"), (POST, "/communications/rfqs"),
    (GET, "/communications/rfqs/{rfq_id}"), (DELETE, "/communications/rfqs/{rfq_id}"),
    (GET, "/communications/rfqs/{rfq_id}/quotes/{quote_id}"), (DELETE, "/communications/rfqs/{rfq_id}/quotes/{quote_id}"),
    (PUT, "/communications/rfqs/{rfq_id}/quotes/{quote_id}/accept"),
    (PUT, "/communications/rfqs/{rfq_id}/quotes/{quote_id}/confirm"),
    (GET, "/communications/rfq_batches"), (POST, "/communications/rfq_batches"),
    (GET, "/communications/rfq_batches/{rfq_batch_id}"), (DELETE, "/communications/rfq_batches/{rfq_batch_id}"),
    (GET, "/communications/rfq_batches/{rfq_batch_id}/best_quotes"), (PUT, "/communications/rfq_batches/{rfq_batch_id}/accept"),
    (GET, "/communications/rfq_batches/{rfq_batch_id}/quotes"), (POST, "/communications/rfq_batches/{rfq_batch_id}/quotes"),
    (DELETE, "/communications/rfq_batches/{rfq_batch_id}/quotes/{batch_quote_id}"),
    (PUT, "/communications/rfq_batches/{rfq_batch_id}/quotes/{batch_quote_id}/confirm"),
    (GET, "/communications/quotes"), (POST, "/communications/quotes"),
    (GET, "/communications/quotes/{quote_id}"), (DELETE, "/communications/quotes/{quote_id}"),
    (PUT, "/communications/quotes/{quote_id}/accept"), (PUT, "/communications/quotes/{quote_id}/confirm"),
    (GET, "/api_keys"), (POST, "/api_keys"), (POST, "/api_keys/generate"), (DELETE, "/api_keys/{api_key}"),
    (GET, "/account/limits"), (POST, "/account/api_usage_level/upgrade"), (GET, "/account/api_usage_level/volume_progress"),
    (POST, "/multivariate_event_collections/{collection_ticker}"),
    (GET, "/fcm/fills"), (GET, "/fcm/orders"), (GET, "/fcm/subtraders"), (POST, "/fcm/subtraders"), (GET, "/fcm/positions"),
    (POST, "/fcm/positions/transfers"),
    (GET, "/fcm/subtraders/event_contract_daily_cap"), (PUT, "/fcm/subtraders/event_contract_daily_cap"),
    (DELETE, "/fcm/subtraders/event_contract_daily_cap"),
    (GET, "/fcm/subtraders/blocked_categories"), (PUT, "/fcm/subtraders/blocked_categories"),
    (GET, "/historical/fills"), (GET, "/historical/orders"), (GET, "/historical/positions"),
];

/// Adds the refusals of a path to the methods it has.
pub(super) fn on(path: &str, methods: MethodRouter<Relay>) -> MethodRouter<Relay> {
    ROUTES
        .iter()
        .filter(|(_, private)| *private == path)
        .fold(methods, |methods, (method, _)| methods.on(*method, refuse))
}

/// Paths that have nothing public.
pub(super) fn paths() -> BTreeSet<&'static str> {
    let public: BTreeSet<&str> = super::KNOWN
        .into_iter()
        .chain(super::forward::routes())
        .map(|route| route.path)
        .collect();
    let paths = ROUTES.iter().map(|(_, path)| *path);
    paths.filter(|path| !public.contains(path)).collect()
}

async fn refuse(headers: HeaderMap) -> Refused {
    Refused::unauthenticated(&headers)
}
