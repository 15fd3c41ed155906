//! `kmi exchange`: the exchange in a box.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use kmi_kalshi::replay::SequenceRule;
use kmi_simulator::core::{BalanceRule, ClientOrderIdReuse, KeyType, PostOnlyRule, Rules};
use kmi_simulator::engine::{Origin, Settings};
use kmi_simulator::faults::{Planned, parse_plan};
use kmi_simulator::life::LifeSettings;
use kmi_simulator::records::Lag;
use kmi_simulator::replay::{Captures, Speed};
use kmi_simulator::server::{ADMIN_PATH, Config as Doors, REST_PATH, WS_PATH};
use kmi_simulator::stream::ControlSeq;
use kmi_simulator::venue::{OpenedAccount, Opening, Venue};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::WrongUse;
use crate::args::{BalanceArg, ControlSeqArg, ExchangeArgs, PostOnlyArg, ReuseArg, SeqArg};
use crate::config::Config;
use crate::output;

/// Markets of the life inside, unless told otherwise.
const MARKETS: u32 = 200;

pub(crate) async fn run(config: &Config, args: ExchangeArgs, as_json: bool) -> Result<()> {
    let keys = match &args.keys_dir {
        Some(folder) => folder.clone(),
        None => config.data_dir()?.join("exchange-keys"),
    };
    let plan = args
        .faults
        .as_deref()
        .map(read_plan)
        .transpose()?
        .unwrap_or_default();
    let listener = TcpListener::bind((args.bind, args.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}", args.bind, args.port))?;
    let address = listener.local_addr()?;
    let captures = survey(&args).await?;
    let mut opening = opening(&args, plan);
    if !args.replay.is_empty() {
        opening.server.identity = Some(replayed_identity(args.replay.clone()).await?);
    }
    let mut venue = Venue::open(opening, super::now())?;
    if let Origin::Restored { replayed, torn } = venue.origin {
        eprintln!(
            "gone on with the journal: {replayed} entries since its snapshot, {torn} torn bytes cut off"
        );
    }
    let mut accounts = Vec::new();
    for (name, key_type) in [("demo", KeyType::Rsa), ("maker", KeyType::Ed25519)] {
        accounts.push(venue.account(name, key_type, &keys).await?);
    }
    if let Some(captures) = captures {
        tell_of(&captures, args.speed);
        venue.replay(captures, Speed::new(args.speed)).await?;
    }
    // Whoever reads the announcement may ask us to stop at once.
    let asked_to_stop = super::stop_signal();
    announce(&format!("{address}"), &accounts, as_json)?;
    let stop = CancellationToken::new();
    let on_signal = stop.clone();
    tokio::spawn(async move {
        asked_to_stop.await;
        on_signal.cancel();
    });
    venue.run_tcp(listener, stop).await;
    Ok(())
}

/// Reads what is to be replayed, if anything, on a thread that may wait for the disk.
async fn survey(args: &ExchangeArgs) -> Result<Option<Captures>> {
    if args.replay.is_empty() {
        return Ok(None);
    }
    let rule = match args.replay_seq {
        SeqArg::Strict => SequenceRule::Strict,
        SeqArg::Ignore => SequenceRule::Ignore,
    };
    let files = args.replay.clone();
    let captures = tokio::task::spawn_blocking(move || Captures::survey(files, rule)).await??;
    Ok(Some(captures))
}

/// Which exchange replays these captures: one per set of recordings, whatever their names and order.
async fn replayed_identity(files: Vec<PathBuf>) -> Result<String> {
    let hashed = tokio::task::spawn_blocking(move || {
        let hash = |path: &PathBuf| -> Result<[u8; 32]> {
            let mut hasher = blake3::Hasher::new();
            let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
            hasher
                .update_reader(file)
                .with_context(|| path.display().to_string())?;
            Ok(*hasher.finalize().as_bytes())
        };
        let mut hashes = files.iter().map(hash).collect::<Result<Vec<_>>>()?;
        hashes.sort_unstable();
        Ok::<_, anyhow::Error>(blake3::hash(hashes.as_flattened()).to_hex())
    });
    Ok(format!("simulator:replay:{}", &hashed.await??[..16]))
}

fn tell_of(captures: &Captures, speed: f64) {
    let trades: u64 = captures.markets().iter().map(|market| market.trades).sum();
    let (first, last) = captures.span();
    let pace = if speed > 0.0 {
        format!("{speed} times as fast as recorded")
    } else {
        "as fast as possible".to_owned()
    };
    eprintln!(
        "replaying {} markets with {} trades from {first} to {last}, {pace}",
        output::count(captures.markets().len() as u64),
        output::count(trades),
    );
}

fn opening(args: &ExchangeArgs, plan: Vec<Planned>) -> Opening {
    let rules = Rules {
        client_order_id_reuse: match args.client_order_id_reuse {
            ReuseArg::Never => ClientOrderIdReuse::Never,
            ReuseArg::AfterClose => ClientOrderIdReuse::AfterClose,
        },
        balance: match args.balance {
            BalanceArg::Gross => BalanceRule::Gross,
            BalanceArg::Net => BalanceRule::NetOfOrders,
        },
        post_only: match args.post_only {
            PostOnlyArg::Refuse => PostOnlyRule::Refuse,
            PostOnlyArg::Cancel => PostOnlyRule::Cancel,
        },
        cancel_all_shadow_s: args.cancel_all_shadow,
        ..Rules::measured(args.seed)
    };
    // Who asks for recorded markets gets those alone, unless others are asked for, too.
    let markets = args
        .markets
        .unwrap_or(if args.replay.is_empty() { MARKETS } else { 0 });
    let life = (markets > 0).then(|| {
        let mut life = LifeSettings::new(args.seed, markets);
        life.pace = args.pace.unwrap_or(life.pace);
        life.time_scale = args.time_scale;
        life
    });
    Opening {
        settings: Settings {
            life,
            ..Settings::new(rules, super::now())
        },
        state: args.state.clone(),
        tick: Duration::from_millis(args.tick_ms),
        server: Doors {
            control_seq: match args.control_seq {
                ControlSeqArg::Counted => ControlSeq::Counted,
                ControlSeqArg::Repeated => ControlSeq::Repeated,
            },
            default_tier: args.tier,
            stranger_tier: args.tier,
            ..Doors::default()
        },
        plan,
        lag: Lag::of_micros(i64::try_from(args.read_lag.as_micros()).unwrap_or(i64::MAX)),
    }
}

fn read_plan(path: &Path) -> Result<Vec<Planned>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    parse_plan(&text).map_err(|error| WrongUse(format!("{}: {error}", path.display())).into())
}

/// The first line says where the exchange listens and who may trade.
fn announce(address: &str, accounts: &[OpenedAccount], as_json: bool) -> Result<()> {
    let rest = format!("http://{address}{REST_PATH}");
    let ws = format!("ws://{address}{WS_PATH}");
    let admin = format!("http://{address}{ADMIN_PATH}");
    if as_json {
        let accounts: Vec<_> = accounts
            .iter()
            .map(|account| {
                json!({
                    "name": account.name,
                    "key_id": account.key_id,
                    "private_key_path": absolute(&account.private_key_path),
                    "key_type": key_word(account.key_type),
                    "balance": cents(account.balance),
                })
            })
            .collect();
        return output::json(&json!({ "rest": rest, "ws": ws, "admin": admin, "accounts": accounts }));
    }
    let mut page = format!("REST       {rest}\nWebSocket  {ws}\nAdmin      {admin}\n\n");
    for account in accounts {
        page.push_str(&format!(
            "{:<6} ${}  {} key {}\n       {}\n",
            account.name,
            cents(account.balance),
            key_word(account.key_type),
            account.key_id,
            absolute(&account.private_key_path).display(),
        ));
    }
    page.push_str("\nStops on Ctrl-C.\n");
    output::text(&page)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

const fn key_word(key_type: KeyType) -> &'static str {
    match key_type {
        KeyType::Rsa => "rsa",
        KeyType::Ed25519 => "ed25519",
    }
}

/// Dollars and cents, what is below a cent left out.
fn cents(amount: kmi_domain::Money) -> String {
    let cents = amount.micros() / 10_000;
    format!("{}.{:02}", cents / 100, cents % 100)
}
