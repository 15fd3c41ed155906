//! The admin door: `/admin`. For this machine only, beside the API and outside its limits.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use kmi_domain::{MarketResult, Money, Price, Ticker};
use kmi_kalshi::sign::KeyType;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, ApiError};
use super::config::AdminPeers;
use super::dispatch::peer_of;
use super::routes::keys::{id_of, make_pair};
use super::tier::Tier;
use super::{Shared, body};
use crate::core::{Account, Command, KeySpec, Payment, Reply, Shard, Subaccount};
use crate::faults::{FaultSpec, unleash};

/// Routes below `/admin`.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/faults", get(armed).post(arm).delete(disarm))
        .route("/identity", get(identity))
        .route("/ledger", get(ledger))
        .route("/state", get(state))
        .route("/settle", post(settle))
        .route("/deposit", post(deposit))
        .route("/users", post(open_user))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), local_only))
        .with_state(Arc::clone(shared))
}

type Door = State<Arc<Shared>>;
type Answered = Result<Answer, ApiError>;

/// Hides the door from other machines.
async fn local_only(State(shared): Door, request: Request, next: Next) -> Response {
    let is_open = match shared.config.admin {
        AdminPeers::Anyone => true,
        AdminPeers::Nobody => false,
        AdminPeers::Loopback => peer_of(request.extensions()).is_local(),
    };
    if is_open {
        next.run(request).await
    } else {
        ApiError::forbidden("the admin door is for this machine only").into_response()
    }
}

async fn read_json<T: DeserializeOwned>(shared: &Shared, request: Request) -> Result<T, ApiError> {
    Ok(kmi_kalshi::api::request::decode(
        &read_body(shared, request).await?,
    )?)
}

async fn read_body(shared: &Shared, request: Request) -> Result<Bytes, ApiError> {
    let (head, content) = request.into_parts();
    body::read(&head.headers, content, &shared.config.bounds).await
}

/// `GET /admin/faults`: what is armed and what struck.
async fn armed(State(shared): Door) -> Answered {
    Answer::ok(&shared.faults.counts())
}

/// `DELETE /admin/faults`: disarms everything.
async fn disarm(State(shared): Door) -> Answered {
    shared.faults.clear();
    Answer::ok(&shared.faults.counts())
}

/// `POST /admin/faults`: arms one fault.
async fn arm(State(shared): Door, request: Request) -> Answered {
    let json = read_body(&shared, request).await?;
    let fault = FaultSpec::parse(&json).map_err(|error| ApiError::invalid_parameters(error.to_string()))?;
    unleash(&shared.engine, &shared.faults, fault)
        .await
        .map_err(|error| ApiError::invalid_parameters(error.to_string()))?;
    Answer::ok(&shared.faults.counts())
}

/// `GET /admin/identity`: which exchange this is. The same for as long as its data may be kept together.
async fn identity(State(shared): Door) -> Answered {
    let identity = match &shared.config.identity {
        Some(identity) => identity.clone(),
        None => format!("simulator:{}", shared.engine.seed()),
    };
    Answer::ok(&json!({ "exchange": identity }))
}

/// `GET /admin/ledger`: where all the money is. `total` equals `deposits` at all times.
async fn ledger(State(shared): Door) -> Answered {
    let ledger = shared.engine.read(|view| view.exchange.ledger());
    Answer::ok(&json!({
        "cash": ledger.cash.to_string(),
        "collateral": ledger.collateral.to_string(),
        "netting_advanced": ledger.netting_advanced.to_string(),
        "fees": ledger.fees.to_string(),
        "in_transit": ledger.in_transit.to_string(),
        "deposits": ledger.deposits.to_string(),
        "total": ledger.total.to_string(),
    }))
}

/// `GET /admin/state`: number and hash of all events, users, and how much there is of everything.
async fn state(State(shared): Door) -> Answered {
    let state = shared.engine.read(|view| {
        let mut statuses = std::collections::BTreeMap::<&str, usize>::new();
        for market in view.exchange.markets() {
            *statuses.entry(market.status.as_str()).or_default() += 1;
        }
        let users: Vec<_> = view
            .exchange
            .users()
            .filter(|user| !user.is_house)
            .map(|user| json!({"id": user.id.0, "name": user.name, "open_orders": user.open_orders}))
            .collect();
        let counts = view.records.counts();
        json!({
            "now": view.now.to_string(),
            "events": view.log.count(),
            "hash": view.log.hash(),
            "trading_active": view.exchange.trading_active(),
            "exchange_active": view.exchange.exchange_active(),
            "markets": statuses,
            "users": users,
            "trades": counts.trades,
            "orders": counts.orders,
            "fills": counts.fills,
            "positions": counts.positions,
            "settlements": counts.settlements,
            "candles": counts.candles,
        })
    });
    Answer::ok(&state)
}

/// Body of `POST /admin/settle`.
#[derive(Deserialize)]
struct Settle {
    ticker: String,
    /// `yes`, `no`, or what YES pays in dollars.
    result: String,
    /// Wait for the market's timer.
    #[serde(default)]
    after_timer: bool,
}

async fn settle(State(shared): Door, request: Request) -> Answered {
    let body: Settle = read_json(&shared, request).await?;
    let market: Ticker = body.ticker.parse().map_err(|_| ApiError::not_found())?;
    let result = match body.result.as_str() {
        "yes" => MarketResult::Yes,
        "no" => MarketResult::No,
        value => value
            .parse::<Price>()
            .map(MarketResult::Scalar)
            .map_err(|_| ApiError::invalid_parameters("result: yes, no, or dollars that YES pays"))?,
    };
    let payment = if body.after_timer {
        Payment::AfterTimer
    } else {
        Payment::Now
    };
    let command = Command::Determine {
        market,
        result,
        payment,
    };
    let paid = match shared.engine.submit(command).await? {
        Reply::Settled(positions) => positions.len(),
        _ => 0,
    };
    Answer::ok(&json!({ "positions_paid": paid }))
}

/// Body of `POST /admin/deposit`.
#[derive(Deserialize)]
struct Deposit {
    /// Name of the account.
    account: String,
    /// Dollars.
    amount: String,
    #[serde(default)]
    subaccount: u8,
    #[serde(default)]
    exchange_index: u8,
}

async fn deposit(State(shared): Door, request: Request) -> Answered {
    let body: Deposit = read_json(&shared, request).await?;
    let user = shared
        .engine
        .read(|view| view.exchange.user_by_name(&body.account).map(|user| user.id))
        .ok_or_else(ApiError::not_found)?;
    let invalid = |rule: &str| ApiError::invalid_parameters(rule);
    let command = Command::Deposit {
        account: Account {
            user,
            subaccount: Subaccount::new(body.subaccount).ok_or_else(|| invalid("subaccount: 0 to 63"))?,
        },
        shard: Shard::new(body.exchange_index).ok_or_else(|| invalid("exchange_index: 0 to 3"))?,
        amount: dollars("amount", &body.amount)?,
    };
    shared.engine.submit(command).await?;
    Ok(Answer::empty())
}

/// Most that is paid in at once, a billion dollars.
const MAX_DEPOSIT: Money = Money::from_dollars(1_000_000_000);

/// An amount to be paid in.
fn dollars(field: &str, text: &str) -> Result<Money, ApiError> {
    let amount: Money = text
        .parse()
        .map_err(|error| ApiError::invalid_parameters(format!("{field}: {error}")))?;
    if amount > MAX_DEPOSIT {
        return Err(ApiError::invalid_parameters(format!(
            "{field}: no more than {MAX_DEPOSIT}"
        )));
    }
    Ok(amount)
}

/// Body of `POST /admin/users`.
#[derive(Deserialize)]
struct NewUser {
    name: String,
    /// Dollars; the opening balance where absent, and never less.
    balance: Option<String>,
    /// `ed25519` where absent.
    key_type: Option<KeyType>,
    /// The server's default where absent.
    tier: Option<String>,
}

/// Answer to `POST /admin/users`.
#[derive(Serialize)]
struct OpenedUser {
    user_id: u32,
    name: String,
    key_id: String,
    key_type: KeyType,
    private_key: String,
    balance: String,
    tier: &'static str,
}

/// `POST /admin/users`: an account with a key and money.
async fn open_user(State(shared): Door, request: Request) -> Answered {
    let body: NewUser = read_json(&shared, request).await?;
    let tier = match &body.tier {
        None => shared.config.default_tier,
        Some(name) => name
            .parse::<Tier>()
            .map_err(|error| ApiError::invalid_parameters(format!("tier: {error}")))?,
    };
    let opening = shared.engine.read(|view| view.exchange.rules().opening_balance);
    let balance = match &body.balance {
        None => opening,
        Some(text) => dollars("balance", text)?,
    };
    if balance < opening {
        return Err(ApiError::invalid_parameters(format!(
            "balance: every account opens with {opening}"
        )));
    }
    let key_type = body.key_type.unwrap_or(KeyType::Ed25519);
    let pair = make_pair(key_type).await?;
    let open = Command::OpenUser {
        name: body.name.clone(),
        is_house: false,
    };
    let Reply::User(user) = shared.engine.submit(open).await? else {
        return Err(ApiError::code(&kmi_kalshi::api::code::Code::InternalError));
    };
    let extra = balance - opening;
    if extra.is_positive() {
        let deposit = Command::Deposit {
            account: Account::primary(user),
            shard: Shard::MAIN,
            amount: extra,
        };
        shared.engine.submit(deposit).await?;
    }
    let key_id = id_of(shared.engine.seed(), user, &pair.public_pem);
    let key = KeySpec {
        key_id: key_id.clone(),
        user,
        name: "admin".to_owned(),
        key_type,
        public_key_pem: pair.public_pem,
        scopes: vec!["read".to_owned(), "write".to_owned()],
        subaccount: None,
    };
    shared.engine.submit(Command::AddKey(key)).await?;
    shared.gate.set_tier(user, tier);
    Answer::ok(&OpenedUser {
        user_id: user.0,
        name: body.name,
        key_id,
        key_type,
        private_key: pair.private_pem,
        balance: balance.to_string(),
        tier: tier.name(),
    })
}
