use kmi_kalshi::api::account::{AccountLimits, VolumeProgressResponse};
use kmi_kalshi::api::candle::{
    BatchCandlesResponse, CandlesResponse, EventCandlesResponse, HistoricalCandlesResponse,
};
use kmi_kalshi::api::endpoint_cost::EndpointCosts;
use kmi_kalshi::api::error::ErrorBody;
use kmi_kalshi::api::event::{EventMetadata, EventResponse, EventsPage};
use kmi_kalshi::api::exchange::{ExchangeStatus, ScheduleResponse};
use kmi_kalshi::api::groups::{
    CreateOrderGroup, CreatedOrderGroup, OrderGroupDetail, OrderGroups, UpdateOrderGroupLimit,
};
use kmi_kalshi::api::keys::{ApiKeys, CreateApiKey, GenerateApiKey};
use kmi_kalshi::api::market::{MarketResponse, MarketsPage};
use kmi_kalshi::api::orderbook::{OrderbookResponse, OrderbooksResponse};
use kmi_kalshi::api::orders::{
    AmendOrder, AmendedOrder, BatchCancel, BatchCanceled, BatchCreate, BatchCreated, CanceledOrder,
    CreateOrder, CreatedOrder, DecreaseOrder, DecreasedOrder, OrderResponse, OrdersPage, QueuePositions,
};
use kmi_kalshi::api::portfolio::{Balance, FillsPage, PositionsPage, SettlementsPage};
use kmi_kalshi::api::request;
use kmi_kalshi::api::series::{SeriesListResponse, SeriesResponse};
use kmi_kalshi::api::trade::TradesPage;
use kmi_kalshi::api::transfers::{
    CreateSubaccount, ShardTransferRequest, ShardTransfersPage, SubaccountBalances, SubaccountTransferRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{reread, settled};
use crate::{by_place, refused};

pub(super) fn errors(input: &[u8]) -> Vec<u64> {
    by_place([reread::<ErrorBody>(input)])
}

/// Each line is tried as every body: what one refuses another may take.
pub(super) fn private(input: &[u8]) -> Vec<u64> {
    by_place([
        reread::<CreatedOrder>(input),
        reread::<BatchCreated>(input),
        reread::<CanceledOrder>(input),
        reread::<BatchCanceled>(input),
        reread::<AmendedOrder>(input),
        reread::<DecreasedOrder>(input),
        reread::<OrderResponse>(input),
        reread::<OrdersPage>(input),
        reread::<QueuePositions>(input),
        reread::<FillsPage>(input),
        reread::<PositionsPage>(input),
        reread::<SettlementsPage>(input),
        reread::<Balance>(input),
        reread::<AccountLimits>(input),
        reread::<VolumeProgressResponse>(input),
        reread::<CreatedOrderGroup>(input),
        reread::<OrderGroups>(input),
        reread::<OrderGroupDetail>(input),
        reread::<SubaccountBalances>(input),
        reread::<ShardTransfersPage>(input),
        reread::<ApiKeys>(input),
    ])
}

pub(super) fn public(input: &[u8]) -> Vec<u64> {
    by_place([
        reread::<ExchangeStatus>(input),
        reread::<ScheduleResponse>(input),
        reread::<SeriesResponse>(input),
        reread::<SeriesListResponse>(input),
        reread::<EventResponse>(input),
        reread::<EventsPage>(input),
        reread::<EventMetadata>(input),
        reread::<MarketResponse>(input),
        reread::<MarketsPage>(input),
        reread::<OrderbookResponse>(input),
        reread::<OrderbooksResponse>(input),
        reread::<TradesPage>(input),
        reread::<CandlesResponse>(input),
        reread::<BatchCandlesResponse>(input),
        reread::<EventCandlesResponse>(input),
        reread::<HistoricalCandlesResponse>(input),
        reread::<EndpointCosts>(input),
    ])
}

pub(super) fn requests(input: &[u8]) -> Vec<u64> {
    by_place([
        request::<CreateOrder>(input),
        request::<BatchCreate>(input),
        request::<BatchCancel>(input),
        request::<AmendOrder>(input),
        request::<DecreaseOrder>(input),
        request::<CreateOrderGroup>(input),
        request::<UpdateOrderGroupLimit>(input),
        request::<CreateSubaccount>(input),
        request::<SubaccountTransferRequest>(input),
        request::<ShardTransferRequest>(input),
        request::<CreateApiKey>(input),
        request::<GenerateApiKey>(input),
    ])
}

fn request<T: DeserializeOwned + Serialize>(input: &[u8]) -> u64 {
    match request::decode::<T>(input) {
        Ok(value) => settled(&value, request::decode),
        Err(error) => refused(&error.to_string()),
    }
}
