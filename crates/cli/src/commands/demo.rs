//! `kmi demo`: exchange, poller and doors in one process, with invented markets and money.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::future::BoxFuture;
use kmi_app::ingest::PollerRole;
use kmi_kalshi::clock::Clock;
use kmi_kalshi::connect::{BoxStream, Connect, Dialer};
use kmi_kalshi::sign::{KeyType, Signer};
use kmi_kalshi::{rest, ws};
use kmi_server::ExchangeKind;
use kmi_simulator::core::Rules;
use kmi_simulator::engine::Settings;
use kmi_simulator::engine::journal::JournalError;
use kmi_simulator::life::LifeSettings;
use kmi_simulator::records::Lag;
use kmi_simulator::server::{Config as ExchangeDoors, REST_PATH, Tier, WS_PATH, pipe};
use kmi_simulator::venue::{OpenedAccount, Opening, Venue};
use serde::{Deserialize, Serialize};

use super::now;
use super::serve::Open;
use crate::WrongUse;
use crate::args::DemoArgs;
use crate::config::Config;
use crate::live::doors::Announcement;
use crate::live::entropy;
use crate::live::followed::Clients;
use crate::live::house;
use crate::live::stop::Stop;

/// Seed where none is given.
const SEED: u64 = 1;
/// How often the life inside lives on.
const TICK: Duration = Duration::from_millis(10);
/// Longest wait for the exchange's last snapshot.
const LAST_SNAPSHOT: Duration = Duration::from_secs(1);
/// Name under which the exchange is reached; it has no network.
const HOST: &str = "exchange.in.this.process";
/// Longest time for a connection within the process.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

pub(crate) async fn run(config: &Config, args: &DemoArgs, as_json: bool) -> Result<ExitCode> {
    let stop = Stop::on_signals();
    let config = at_home(config)?;
    let listener = house::listen(&config).await?;
    let folder = config.data_dir()?.join("exchange");
    let world = World::of(args, &folder)?;
    let ended = stop.token();
    let opened = tokio::select! {
        opened = open_exchange(world, &folder) => opened?,
        // Restoring a long journal takes its time, and changes nothing yet.
        () = ended.cancelled() => return Ok(ExitCode::SUCCESS),
    };
    let (exchange, account) = opened;
    let location = config.store_location()?;
    let Some(store) = house::open_store(&location, Some(&listener), &stop.token()).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    store.claim_exchange(&world.identity()).await.with_context(|| {
        let home = folder.parent().unwrap_or(&folder).display();
        format!(
            "{home} holds the database of another world; delete the folder or name another with --data-dir"
        )
    })?;

    let (connect, accept) = pipe();
    let connector = move |_: &str, _: u16| -> BoxFuture<'static, io::Result<BoxStream>> {
        let connect = connect.clone();
        Box::pin(async move { Ok(Box::new(connect.connect().await?) as BoxStream) })
    };
    let clients = clients(Arc::new(connector), &account)?;
    // The exchange ends last, so that what ingest still asks is answered.
    let closing = tokio_util::sync::CancellationToken::new();
    let mut running = tokio::spawn(exchange.run(accept, closing.clone()));
    let open = Open {
        listener,
        store,
        clients,
        role: PollerRole::Elected,
        kind: ExchangeKind::Simulator,
        announcement: Announcement::of(as_json, args.no_open, args.no_link),
    };
    let broken = tokio::select! {
        served = open.serve(&config, &stop) => {
            served?;
            None
        }
        ended = &mut running => Some(ended),
    };
    if let Some(ended) = broken {
        stop.token().cancel();
        return Err(anyhow!("the exchange broke: {ended:?}"));
    }
    closing.cancel();
    // Its last snapshot makes the next start quick; without it the journal is gone through instead.
    let _ = tokio::time::timeout(LAST_SNAPSHOT, running).await;
    Ok(ExitCode::SUCCESS)
}

/// The same with a data directory of the demo's own, unless one was named, and with a database there: nobody's real data is mixed with
/// invented, and no server that is meant for real data is claimed for an invented exchange.
fn at_home(config: &Config) -> Result<Config> {
    let mut config = config.clone();
    if config.storage.data_dir.is_none() {
        config.storage.data_dir = Some(config.data_dir()?.join("demo"));
    }
    if config.storage.database_url.take().is_some() {
        tracing::warn!("storage.database_url: not used, for the demo keeps its database beside its exchange");
    }
    Ok(config)
}

/// Which exchange it is: kept beside its journal, so that a restart need not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct World {
    seed: u64,
    markets: u32,
    /// Drawn when it was founded: one of the same seed that is founded anew is another. Older ones have none.
    #[serde(default)]
    founded: Option<u64>,
}

impl World {
    /// Under which name the database is its own.
    fn identity(&self) -> String {
        match self.founded {
            Some(founded) => format!("simulator:{}:{founded:016x}", self.seed),
            None => format!("simulator:{}", self.seed),
        }
    }

    /// The one kept in `folder`, or else the one asked for.
    fn of(args: &DemoArgs, folder: &Path) -> Result<World> {
        let path = folder.join("world.json");
        let at = || path.display().to_string();
        let kept: World = match fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).with_context(at)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let world = World {
                    seed: args.seed.unwrap_or(SEED),
                    markets: args.markets.unwrap_or(LifeSettings::MARKETS),
                    founded: Some(entropy::seed()?),
                };
                fs::create_dir_all(folder).with_context(at)?;
                // Whole or not at all, whenever the machine stops.
                let new = path.with_extension("new");
                fs::write(&new, serde_json::to_vec(&world)?).with_context(at)?;
                fs::rename(&new, &path).with_context(at)?;
                world
            }
            Err(error) => return Err(error).with_context(at),
        };
        let is_asked_for = args.seed.is_none_or(|seed| seed == kept.seed)
            && args.markets.is_none_or(|markets| markets == kept.markets);
        if is_asked_for {
            return Ok(kept);
        }
        let refusal = WrongUse(format!(
            "{} holds a demo of seed {} with {} markets: leave --seed and --markets away to go on with it, or name another --data-dir",
            folder.parent().unwrap_or(folder).display(),
            kept.seed,
            kept.markets
        ));
        Err(refusal.into())
    }
}

/// Goes on with the exchange in `folder`, or founds it; with an account that reads its market data.
async fn open_exchange(world: World, folder: &Path) -> Result<(Venue, OpenedAccount)> {
    let journal = folder.join("journal");
    let opening = opening(world, journal);
    // Restoring takes its time, and waits for the disk.
    let runtime = tokio::runtime::Handle::current();
    let opened = tokio::task::spawn_blocking(move || {
        let _inside = runtime.enter();
        Venue::open(opening, now())
    });
    let venue = opened.await?.map_err(|error| refused(error, folder))?;
    let account = venue
        .account("reader", KeyType::Ed25519, &folder.join("keys"))
        .await?;
    Ok((venue, account))
}

fn opening(world: World, journal: PathBuf) -> Opening {
    let settings = Settings {
        life: (world.markets > 0).then(|| LifeSettings::new(world.seed, world.markets)),
        ..Settings::new(Rules::measured(world.seed), now())
    };
    Opening {
        settings,
        state: Some(journal),
        tick: TICK,
        server: ExchangeDoors {
            default_tier: Tier::Unlimited,
            stranger_tier: Tier::Unlimited,
            ..ExchangeDoors::default()
        },
        plan: Vec::new(),
        lag: Lag::of_micros(0),
    }
}

fn refused(error: JournalError, folder: &Path) -> anyhow::Error {
    let home = folder.parent().unwrap_or(folder).display();
    match error {
        JournalError::InUse { .. } => anyhow!(
            "another demo runs in {home}: use that one, stop it, or name another folder with --data-dir"
        ),
        JournalError::OtherSettings { .. } | JournalError::Foreign { .. } => {
            let hint = format!(
                "{home} holds a demo of another version; delete the folder or name another with --data-dir"
            );
            anyhow::Error::from(error).context(hint)
        }
        other => other.into(),
    }
}

/// Clients of the exchange in this process.
fn clients(connector: Arc<dyn Connect>, account: &OpenedAccount) -> Result<Clients> {
    let path = &account.private_key_path;
    let pem = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let signer = Signer::from_pem(account.key_id.as_str(), &pem)?;
    let seed = entropy::seed()?;
    let shared = Arc::clone(&connector);
    let rest = rest::Client::builder(format!("http://{HOST}{REST_PATH}"))
        .connector(move |host: &str, port: u16| shared.connect(host, port))
        .account(signer.clone(), now)
        .jitter_seed(seed)
        .build()?;
    let clock: Arc<dyn Clock> = Arc::new(now);
    let parts = ws::Parts {
        dialer: Dialer::new(connector, CONNECT_WITHIN)?,
        signer,
        clock,
        seed,
        raw: None,
    };
    Ok(Clients {
        rest,
        stream: Some((ws::Config::new(format!("ws://{HOST}{WS_PATH}")), parts)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(seed: Option<u64>, markets: Option<u32>) -> DemoArgs {
        DemoArgs {
            port: None,
            seed,
            markets,
            no_open: true,
            no_link: false,
        }
    }

    #[test]
    fn a_demo_goes_on_as_it_was_begun_and_refuses_to_be_another() {
        let folder = tempfile::tempdir().unwrap();
        let exchange = folder.path().join("exchange");
        let begun = World::of(&args(Some(42), None), &exchange).unwrap();
        assert_eq!((begun.seed, begun.markets), (42, 200));
        assert_eq!(World::of(&args(None, None), &exchange).unwrap(), begun);
        assert_eq!(World::of(&args(Some(42), Some(200)), &exchange).unwrap(), begun);

        assert!(
            begun.identity().starts_with("simulator:42:"),
            "{}",
            begun.identity()
        );
        let elsewhere = World::of(&args(Some(42), None), &folder.path().join("again")).unwrap();
        assert_ne!(
            elsewhere.identity(),
            begun.identity(),
            "founded anew, it is another"
        );

        let refusal = World::of(&args(Some(7), None), &exchange).unwrap_err();
        assert!(refusal.is::<WrongUse>());
        assert!(refusal.to_string().contains("seed 42"), "{refusal}");
    }
}
