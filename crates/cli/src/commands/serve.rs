//! `kmi serve`: the exchange followed, kept and served.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use kmi_app::ingest::PollerRole;
use kmi_kalshi::connect::Connect;
use kmi_server::ExchangeKind;
use kmi_storage::Store;
use tokio::net::TcpListener;

use crate::args::ServeArgs;
use crate::config::Config;
use crate::live::doors::{Announcement, Behind, House};
use crate::live::followed::{Clients, Followed};
use crate::live::guard::Guard;
use crate::live::house;
use crate::live::identity::kind_of;
use crate::live::intake::{self, Intake, Sources};
use crate::live::stop::Stop;
use crate::live::{entropy, guard};

pub(crate) async fn run(config: &Config, args: &ServeArgs, as_json: bool) -> Result<ExitCode> {
    let stop = Stop::on_signals();
    let followed = Followed::of(config)?;
    let listener = house::listen(config).await?;
    let location = config.store_location()?;
    let Some(store) = house::open_store(&location, Some(&listener), &stop.token()).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    let (connector, guard) = claim(&followed, &store, &stop).await?;
    let found = guard.as_ref().and_then(Guard::found);
    let kind = found.map_or(followed.address.kind, kind_of);
    let seed = entropy::seed()?;
    let clients = followed.clients(connector, seed)?;
    tell_of_stream(&followed);
    let role = if args.no_poller {
        PollerRole::Off
    } else {
        PollerRole::Elected
    };
    let learning = followed
        .has_key()
        .then(|| tokio::spawn(intake::learn_limits(clients.rest.clone())));
    let open = Open {
        listener,
        store,
        clients,
        role,
        kind,
        announcement: Announcement::of(as_json, args.no_open, args.no_link),
    };
    let served = open.serve(config, &stop).await;
    if let Some(learning) = learning {
        learning.abort();
    }
    served?;
    finished(guard.as_ref())
}

/// Makes the database the exchange's, as far as that can be asked now. One that is none of Kalshi's is asked again at every connection.
///
/// # Errors
/// When the database belongs to another.
pub(super) async fn claim(
    followed: &Followed,
    store: &Store,
    stop: &Stop,
) -> Result<(Arc<dyn Connect>, Option<Guard>)> {
    if let Some(identity) = &followed.address.identity {
        store.claim_exchange(identity).await?;
        return Ok((Followed::tcp(), None));
    }
    let guard = Guard::new(followed.askers()?, store.clone(), stop.token());
    match guard.check().await {
        Ok(()) => {}
        Err(error) if matches!(error, guard::GuardError::Exchange(_)) => {
            let error = anyhow::Error::from(error);
            tracing::warn!(
                error = format!("{error:#}"),
                exchange = followed.address.place,
                "going on with what is kept until the exchange answers"
            );
        }
        Err(error) => return Err(error.into()),
    }
    Ok((Arc::new(guard.clone()), Some(guard)))
}

/// The exit code of what was not cut short by the guard.
///
/// # Errors
/// When another exchange took the place of the one that was followed.
pub(super) fn finished(guard: Option<&Guard>) -> Result<ExitCode> {
    match guard.and_then(Guard::refusal) {
        Some(refusal) => bail!("{refusal}"),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Says what is missing where there is no stream.
pub(super) fn tell_of_stream(followed: &Followed) {
    if let Some(missing) = followed.no_stream() {
        tracing::warn!("no stream, as {missing}: the poller is all there is");
    }
}

/// A house that is about to open.
pub(super) struct Open {
    pub(super) listener: TcpListener,
    pub(super) store: Store,
    pub(super) clients: Clients,
    pub(super) role: PollerRole,
    pub(super) kind: ExchangeKind,
    pub(super) announcement: Announcement,
}

impl Open {
    /// Takes in, opens the doors, says so, and ends both when it is time.
    ///
    /// # Errors
    /// What keeps the doors shut, or breaks them.
    pub(super) async fn serve(self, config: &Config, stop: &Stop) -> Result<()> {
        let location = self.store.location().clone();
        let rest = self.clients.rest.clone();
        let sources = Sources {
            clients: self.clients,
            store: self.store.clone(),
            location: location.clone(),
            role: self.role,
            seed: entropy::seed()?,
        };
        let intake = Intake::start(config, sources, stop.token())?;
        let behind = Behind {
            board: intake.board.clone(),
            store: self.store.clone(),
            location,
            monitor: intake.ingest.monitor(),
            rest,
            exchange: self.kind,
        };
        let doors = House::build(config, self.listener, behind)?;
        doors.announce(self.announcement)?;
        let serving = async {
            let served = doors.serve(stop.token()).await;
            // Doors that broke take everything with them.
            stop.token().cancel();
            served
        };
        let mut ended = Ok(());
        stop.grant(async {
            let (served, taken) = tokio::join!(serving, intake.finished());
            house::close(self.store).await;
            ended = served.and(taken);
        })
        .await;
        ended
    }
}
