//! `kmi poll`: the poller alone, without doors.

use std::process::ExitCode;

use anyhow::Result;
use kmi_app::ingest::PollerRole;
use serde_json::json;

use super::serve;
use crate::config::Config;
use crate::live::followed::Followed;
use crate::live::intake::{self, Intake, Sources};
use crate::live::stop::Stop;
use crate::live::{entropy, house};
use crate::output;

pub(crate) async fn run(config: &Config, as_json: bool) -> Result<ExitCode> {
    let stop = Stop::on_signals();
    let followed = Followed::of(config)?;
    let location = config.store_location()?;
    let Some(store) = house::open_store(&location, None, &stop.token()).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    let (connector, guard) = serve::claim(&followed, &store, &stop).await?;
    let seed = entropy::seed()?;
    let clients = followed.clients(connector, seed)?;
    serve::tell_of_stream(&followed);
    let learning = followed
        .has_key()
        .then(|| tokio::spawn(intake::learn_limits(clients.rest.clone())));
    let sources = Sources {
        clients,
        store: store.clone(),
        location: location.clone(),
        role: PollerRole::Elected,
        seed,
    };
    let intake = Intake::start(config, sources, stop.token())?;
    announce(&followed, &location, seed, as_json)?;
    let mut ended = Ok(());
    stop.grant(async {
        ended = intake.finished().await;
        house::close(store).await;
    })
    .await;
    if let Some(learning) = learning {
        learning.abort();
    }
    ended?;
    serve::finished(guard.as_ref())
}

/// The first line says what is polled, and under which name this process stands for election.
fn announce(
    followed: &Followed,
    location: &kmi_storage::StoreLocation,
    seed: u64,
    as_json: bool,
) -> Result<()> {
    let database = if location.database_url.is_some() {
        "postgres"
    } else {
        "sqlite"
    };
    let holder = intake::holder(seed);
    if as_json {
        return output::json(&json!({
            "exchange": followed.address.kind.as_str(),
            "rest": followed.rest_url,
            "database": database,
            "holder": holder,
            "pid": std::process::id(),
        }));
    }
    output::text(&format!(
        "Polling    {}\nDatabase   {}\nHolder     {holder}\n\nStops on Ctrl-C.\n",
        followed.rest_url,
        location.name(),
    ))
}
