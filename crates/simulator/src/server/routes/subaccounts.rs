//! Subaccounts: `/portfolio/subaccounts`.

use http::Method;
use kmi_domain::Timestamp;
use kmi_kalshi::api::transfers::{
    CreateSubaccount, CreatedSubaccount, NettingConfig, NettingConfigs, SetNetting, SubaccountBalance,
    SubaccountBalances, SubaccountTransferRequest,
};

use crate::core::{Account, BalanceRule, Command, Reply, Shard, Subaccount, SubaccountTransfer, UserState};
use crate::engine::View;
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};
use crate::server::scope::Access;

pub(super) fn operations() -> Vec<Operation> {
    const NETTING: &str = "/portfolio/subaccounts/netting";
    vec![
        Operation::write(
            Method::POST,
            "CreateSubaccount",
            "/portfolio/subaccounts",
            Access::WRITE,
            |call| Box::pin(create(call)),
        ),
        Operation::write(
            Method::POST,
            "ApplySubaccountTransfer",
            "/portfolio/subaccounts/transfer",
            Access::TRANSFER,
            |call| Box::pin(transfer(call)),
        ),
        Operation::private(
            "GetSubaccountBalances",
            "/portfolio/subaccounts/balances",
            balances,
        ),
        Operation::write(
            Method::PUT,
            "UpdateSubaccountNetting",
            NETTING,
            Access::WRITE,
            |call| Box::pin(set_netting(call)),
        ),
        Operation::private("GetSubaccountNetting", NETTING, netting),
    ]
}

async fn create(call: Call) -> Answered {
    call.caller().unlocked()?;
    if !call.body.is_empty() {
        let body: CreateSubaccount = call.json()?;
        super::transfers::shard(body.exchange_index)?;
    }
    let user = call.caller().user();
    match call.submit(Command::CreateSubaccount { user }).await? {
        Reply::Subaccount(subaccount) => Answer::created(&CreatedSubaccount {
            subaccount_number: subaccount.number(),
        }),
        other => Err(super::unexpected(&other)),
    }
}

async fn transfer(call: Call) -> Answered {
    let body: SubaccountTransferRequest = call.json()?;
    call.caller().unlocked()?;
    let subaccount = |name: &str, number| {
        Subaccount::new(number).ok_or_else(|| ApiError::invalid_parameters(format!("{name}: 0 to 63")))
    };
    let command = SubaccountTransfer {
        user: call.caller().user(),
        client_transfer_id: Some(super::transfers::client_id(body.client_transfer_id)?),
        from: subaccount("from_subaccount", body.from_subaccount)?,
        to: subaccount("to_subaccount", body.to_subaccount)?,
        shard: super::transfers::shard(body.exchange_index)?,
        amount: body.amount_cents,
    };
    let done = call
        .server
        .engine
        .submit(Command::TransferSubaccount(command))
        .await;
    done.map_err(super::transfers::refused)?;
    Ok(Answer::empty())
}

fn balances(call: &Call) -> Answered {
    let subaccounts = call.read(|view| {
        let accounts = accounts(call, view);
        let rows = accounts.into_iter().flat_map(|account| {
            Shard::ALL
                .into_iter()
                .filter_map(move |shard| balance(view, account, shard))
        });
        rows.collect()
    });
    Answer::ok(&SubaccountBalances {
        subaccount_balances: subaccounts,
    })
}

/// What an account has on a shard; nothing on a shard it never used, but for the main one.
fn balance(view: &View<'_>, account: Account, shard: Shard) -> Option<SubaccountBalance> {
    let changed = view.records.cash_changed(account, Some(shard));
    if changed.is_none() && shard != Shard::MAIN {
        return None;
    }
    let balance = match view.exchange.rules().balance {
        BalanceRule::Gross => view.exchange.cash(account, shard),
        BalanceRule::NetOfOrders => view.exchange.available(account, shard),
    };
    Some(SubaccountBalance {
        subaccount_number: account.subaccount.number(),
        exchange_index: i32::from(shard.index()),
        balance,
        updated_ts: changed.unwrap_or_else(|| opened(view, account)),
    })
}

fn opened(view: &View<'_>, account: Account) -> Timestamp {
    view.exchange
        .user(account.user)
        .map_or(view.now, |user| user.created)
}

async fn set_netting(call: Call) -> Answered {
    let body: SetNetting = call.json()?;
    let command = Command::SetNetting {
        account: call.caller().account(Some(body.subaccount_number))?,
        enabled: body.enabled,
    };
    call.submit(command).await?;
    Ok(Answer::bare(http::StatusCode::OK))
}

fn netting(call: &Call) -> Answered {
    let netting_configs = call.read(|view| {
        let accounts = accounts(call, view).into_iter();
        accounts
            .map(|account| NettingConfig {
                subaccount_number: account.subaccount.number(),
                enabled: view.exchange.netting_of(account),
                exchange_index: 0,
            })
            .collect()
    });
    Answer::ok(&NettingConfigs { netting_configs })
}

/// The accounts the caller may see.
fn accounts(call: &Call, view: &View<'_>) -> Vec<Account> {
    let own = call.caller().key().subaccount;
    view.exchange
        .user(call.caller().user())
        .into_iter()
        .flat_map(UserState::accounts)
        .filter(|account| own.is_none_or(|own| own == account.subaccount))
        .collect()
}
