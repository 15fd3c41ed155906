//! `kmi record`: frames of the exchange into captures.

mod capture;

use std::time::Duration;

use anyhow::{Context, Result};
use kmi_kalshi::replay::ReplayCounts;
use kmi_kalshi::sign::Signer;
use kmi_kalshi::ws::raw;
use kmi_kalshi::ws::{
    Channel, Client, Config as StreamConfig, ConnectionState, Event, EventKind, Events, Markets, NoPrices,
    Parts,
};
use serde_json::{Value, json};

use crate::WrongUse;
use crate::args::RecordArgs;
use crate::config::Config;
use crate::output;
use capture::{Recorder, Written};

/// Frames between the network and the disk.
const WAITING: usize = 65_536;

pub(crate) async fn run(config: &Config, args: RecordArgs, as_json: bool) -> Result<()> {
    let (url, signer) = connection(config, &args)?;
    // A name that is taken is told before anything is connected.
    let recorder = Recorder::create(&args.out)?;
    let (tee, frames) = raw::channel(WAITING);
    let stream = StreamConfig {
        no_prices: NoPrices::InNo,
        ..StreamConfig::new(url)
    };
    let mut parts = Parts::new(signer, super::now, super::now().micros().unsigned_abs())?;
    parts.raw = Some(tee);
    let (client, events) = Client::connect(stream, parts);
    // Writing waits for the disk, so it has a thread of its own.
    let runtime = tokio::runtime::Handle::current();
    let writing = tokio::task::spawn_blocking(move || runtime.block_on(recorder.write_all(frames)));
    subscribe(&client, &args).await?;
    let ended = tokio::select! {
        () = super::stop_signal() => Ok(()),
        () = until(args.duration) => Ok(()),
        error = follow(events) => Err(error),
    };
    client.close().await;
    let written = writing.await.context("the recorder")??;
    ended?;
    report(&written, as_json)
}

/// Where to connect and with which key: flags before the configuration.
fn connection(config: &Config, args: &RecordArgs) -> Result<(String, Signer)> {
    let exchange = &config.exchange;
    let missing = |flag: &str, key: &str| WrongUse(format!("{flag} or exchange.{key} is needed"));
    let url = args.ws_url.clone().or_else(|| exchange.ws_url.clone());
    let url = url.ok_or_else(|| missing("--ws-url", "ws_url"))?;
    let key_id = args.key_id.clone().or_else(|| exchange.key_id.clone());
    let key_id = key_id.ok_or_else(|| missing("--key-id", "key_id"))?;
    let path = args.key.clone().or_else(|| exchange.private_key_path.clone());
    let path = path.ok_or_else(|| missing("--key", "private_key_path"))?;
    let pem = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let signer = Signer::from_pem(key_id.as_str(), &pem).with_context(|| path.display().to_string())?;
    Ok((url, signer))
}

async fn subscribe(client: &Client, args: &RecordArgs) -> Result<()> {
    let wanted = if args.ticker.is_empty() {
        [
            (Channel::Trade, Markets::All),
            (Channel::MarketLifecycle, Markets::All),
        ]
    } else {
        let markets = Markets::of(args.ticker.iter().cloned());
        [
            (Channel::OrderbookDelta, markets.clone()),
            (Channel::Trade, markets),
        ]
    };
    for (channel, markets) in wanted {
        client.subscribe(channel, markets).await?;
    }
    Ok(())
}

async fn until(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// Tells of what is no message; ends when recording makes no sense, with the reason.
async fn follow(mut events: Events) -> anyhow::Error {
    while let Some(Event { connection, kind, .. }) = events.next().await {
        match kind {
            EventKind::State(ConnectionState::Failed { reason, .. }) if connection == 0 => {
                return anyhow::Error::new(Broken(reason.to_string()));
            }
            EventKind::State(ConnectionState::Reconnecting { reason, .. }) => {
                eprintln!("the connection is lost: {reason}");
            }
            EventKind::Refused {
                channel,
                tickers,
                refusal,
            } => {
                let whose: Vec<_> = tickers.iter().map(ToString::to_string).collect();
                eprintln!(
                    "{channel} is refused with {}: {} {}",
                    refusal.code,
                    refusal.msg,
                    whose.join(", ")
                );
            }
            EventKind::Gap {
                channel,
                expected,
                got,
            } => {
                eprintln!("{channel}: {expected} should have come, {got} came");
            }
            _ => {}
        }
    }
    anyhow::Error::new(Broken("the client ended".to_owned()))
}

/// There is no connection to record.
#[derive(Debug, thiserror::Error)]
#[error("no connection: {0}")]
struct Broken(String);

fn report(written: &[Written], as_json: bool) -> Result<()> {
    let total = |count: fn(&ReplayCounts) -> u64| written.iter().map(|file| count(&file.counts)).sum::<u64>();
    let totals = [
        ("frames", total(|counts| counts.frames)),
        ("snapshots", total(|counts| counts.snapshots)),
        ("deltas", total(|counts| counts.deltas)),
        ("trades", total(|counts| counts.trades)),
        ("other", total(|counts| counts.other + counts.tickers)),
        ("gaps", total(|counts| counts.gaps)),
    ];
    if as_json {
        let files: Vec<Value> = written
            .iter()
            .map(|file| json!({"path": file.path, "frames": file.counts.frames}))
            .collect();
        let mut document = json!({ "files": files });
        for (name, count) in totals {
            document[name] = count.into();
        }
        return output::json(&document);
    }
    let mut page = String::new();
    for file in written {
        page.push_str(&format!("{}\n", file.path.display()));
    }
    for (name, count) in totals {
        page.push_str(&format!("  {name:<9} {}\n", output::count(count)));
    }
    output::text(&page)
}
