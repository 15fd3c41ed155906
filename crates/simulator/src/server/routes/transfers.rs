//! Money between subaccounts and between shards.

use http::Method;
use kmi_kalshi::api::code::Code;
use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::transfers::{
    ExchangeInstance, ShardTransfer as ShardTransferBody, ShardTransferCreated, ShardTransferRequest,
    ShardTransferResponse, ShardTransfersPage, ShardTransfersQuery, SubaccountTransfer as TransferBody,
    SubaccountTransfersPage, SubaccountTransfersQuery, TransferStatus,
};

use crate::core::{Command, IdSpace, Refusal, Reply, Shard, ShardTransfer, Subaccount, TransferState};
use crate::records::PageRequest;
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};
use crate::server::scope::Access;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::private(
            "GetSubaccountTransfers",
            "/portfolio/subaccounts/transfers",
            between_subaccounts,
        ),
        Operation::write(
            Method::POST,
            "IntraExchangeInstanceTransfer",
            "/portfolio/intra_exchange_instance_transfer",
            Access::TRANSFER,
            |call| Box::pin(create(call)),
        ),
        Operation::private(
            "GetIntraExchangeInstanceTransfers",
            "/portfolio/intra_exchange_instance_transfers",
            between_shards,
        ),
        Operation::private(
            "GetIntraExchangeInstanceTransfer",
            "/portfolio/intra_exchange_instance_transfers/{transfer_id}",
            get,
        ),
    ]
}

async fn create(call: Call) -> Answered {
    let body: ShardTransferRequest = call.json()?;
    call.caller().unlocked()?;
    for (name, instance) in [("source", &body.source), ("destination", &body.destination)] {
        if *instance != ExchangeInstance::EventContract {
            return Err(ApiError::invalid_parameters(format!(
                "{name}: this exchange has event_contract only"
            )));
        }
    }
    let place = |name: &str, subaccount, index| {
        let subaccount = Subaccount::new(subaccount)
            .ok_or_else(|| ApiError::invalid_parameters(format!("{name}_subaccount: 0 to 63")))?;
        let shard = Shard::new(index)
            .ok_or_else(|| ApiError::invalid_parameters(format!("{name}_exchange_shard: 0 to 3")))?;
        Ok::<_, ApiError>((subaccount, shard))
    };
    let command = ShardTransfer {
        user: call.caller().user(),
        client_transfer_id: body.client_transfer_id.map(client_id).transpose()?,
        from: place("source", body.source_subaccount, body.source_exchange_shard)?,
        to: place(
            "destination",
            body.destination_subaccount,
            body.destination_exchange_shard,
        )?,
        amount: body.amount,
    };
    let done = call.server.engine.submit(Command::TransferShard(command)).await;
    match done.map_err(refused)? {
        Reply::Transfer(number) => Answer::ok(&ShardTransferCreated {
            transfer_id: call.public(IdSpace::Transfer, number),
        }),
        other => Err(super::unexpected(&other)),
    }
}

fn between_subaccounts(call: &Call) -> Answered {
    let query: SubaccountTransfersQuery = call.query.read()?;
    let page = call
        .query
        .page(query.limit, query.cursor, SubaccountTransfersQuery::LIMITS)?;
    let (rows, cursor) = newest(call, &page, |transfer| !crosses_shards(transfer));
    let transfers = rows
        .into_iter()
        .map(|transfer| TransferBody {
            transfer_id: call.public(IdSpace::Transfer, transfer.transfer),
            from_subaccount: transfer.from.0.number(),
            to_subaccount: transfer.to.0.number(),
            amount_cents: transfer.amount,
            created_ts: transfer.created,
            exchange_index: i32::from(transfer.from.1.index()),
        })
        .collect();
    Answer::ok(&SubaccountTransfersPage { transfers, cursor })
}

fn between_shards(call: &Call) -> Answered {
    let query: ShardTransfersQuery = call.query.read()?;
    let page = call
        .query
        .page(query.limit, query.cursor, ShardTransfersQuery::LIMITS)?;
    let (rows, cursor) = newest(call, &page, crosses_shards);
    let transfers = rows.iter().map(|transfer| body(call, transfer)).collect();
    Answer::ok(&ShardTransfersPage { transfers, cursor })
}

fn get(call: &Call) -> Answered {
    let number = call.number(IdSpace::Transfer, call.part("transfer_id"));
    let user = call.caller().user();
    let transfer = call.read(|view| {
        let mut transfers = view.exchange.transfers_of(user);
        transfers
            .find(|transfer| Some(transfer.transfer) == number && crosses_shards(transfer))
            .cloned()
    });
    match transfer {
        Some(transfer) if is_visible(call, &transfer) => Answer::ok(&ShardTransferResponse {
            transfer: body(call, &transfer),
        }),
        _ => Err(ApiError::not_found()),
    }
}

/// A page of the caller's transfers, newest first. A cursor is the public id of the last one shown.
fn newest(
    call: &Call,
    page: &PageRequest,
    wanted: impl Fn(&TransferState) -> bool,
) -> (Vec<TransferState>, Cursor) {
    let before = page
        .cursor
        .as_deref()
        .and_then(|cursor| call.number(IdSpace::Transfer, cursor));
    let mut rows: Vec<TransferState> = call.read(|view| {
        view.exchange
            .transfers_of(call.caller().user())
            .filter(|transfer| before.is_none_or(|before| transfer.transfer < before))
            .filter(|transfer| wanted(transfer) && is_visible(call, transfer))
            .cloned()
            .collect()
    });
    rows.sort_by_key(|transfer| std::cmp::Reverse(transfer.transfer));
    let has_more = rows.len() > page.limit;
    rows.truncate(page.limit);
    let cursor = match rows.last() {
        Some(last) if has_more => Cursor::new(call.public(IdSpace::Transfer, last.transfer)),
        _ => Cursor::LAST,
    };
    (rows, cursor)
}

/// Whether the caller's key may see it: a locked one sees what touches its subaccount.
fn is_visible(call: &Call, transfer: &TransferState) -> bool {
    let own = call.caller().key().subaccount;
    own.is_none_or(|own| own == transfer.from.0 || own == transfer.to.0)
}

fn crosses_shards(transfer: &TransferState) -> bool {
    transfer.from.1 != transfer.to.1
}

fn body(call: &Call, transfer: &TransferState) -> ShardTransferBody {
    ShardTransferBody {
        transfer_id: call.public(IdSpace::Transfer, transfer.transfer),
        client_transfer_id: transfer.client_transfer_id.clone(),
        source: ExchangeInstance::EventContract,
        destination: ExchangeInstance::EventContract,
        source_exchange_shard: i32::from(transfer.from.1.index()),
        destination_exchange_shard: i32::from(transfer.to.1.index()),
        amount: transfer.amount,
        status: match transfer.arrived {
            Some(_) => TransferStatus::Complete,
            None => TransferStatus::Pending,
        },
        created_ts: transfer.created,
    }
}

/// Why a transfer was refused; too little cash has a code of its own here.
pub(super) fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::InsufficientBalance { .. } => {
            ApiError::detailed(&Code::AvailableBalanceTooLow, refusal.to_string())
        }
        other => other.into(),
    }
}

/// The id a client gave a transfer: a UUID.
pub(super) fn client_id(text: String) -> Result<String, ApiError> {
    match uuid::Uuid::try_parse(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(ApiError::invalid_parameters("client_transfer_id: is no UUID")),
    }
}

/// The shard a body names, or the main one.
pub(super) fn shard(index: Option<i32>) -> Result<Shard, ApiError> {
    match index {
        None => Ok(Shard::MAIN),
        Some(index) => u8::try_from(index)
            .ok()
            .and_then(Shard::new)
            .ok_or_else(|| ApiError::invalid_parameters("exchange_index: 0 to 3")),
    }
}
