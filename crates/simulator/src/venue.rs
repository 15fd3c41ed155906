//! An exchange with everything around it: engine, doors, stream, faults and accounts with keys, ready to be served.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::serve::{Listener, ListenerExt};
use kmi_domain::{Money, Timestamp};
use kmi_kalshi::sign::{GeneratedKey, Signer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::core::{Account, Command, KeySpec, KeyType, Refusal, Reply, Shard, UserId};
use crate::engine::journal::JournalError;
use crate::engine::{Clock, Engine, Origin, Settings};
use crate::faults::{Faults, Planned, follow_plan, resume_when_due};
use crate::records::Lag;
use crate::replay::{Captures, ReplayError, Speed};
use crate::server::{Config, PeerAddress, Server};

/// How a venue is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Rules and life.
    pub settings: Settings,
    /// Journal that survives the process; without one nothing does.
    pub state: Option<PathBuf>,
    /// How often the life inside lives on.
    pub tick: Duration,
    /// Doors.
    pub server: Config,
    /// Faults to come.
    pub plan: Vec<Planned>,
    /// Private reads lag by this much.
    pub lag: Lag,
}

/// Why a venue was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An account or its key was refused.
    #[error("account {name}: {refusal}")]
    Account {
        /// Which.
        name: String,
        /// Why.
        refusal: Refusal,
    },
    /// A key file.
    #[error("{path}: {problem}")]
    Key {
        /// File.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// An account that was opened, with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedAccount {
    /// Its name.
    pub name: String,
    /// Who it is.
    pub user: UserId,
    /// Id of its key.
    pub key_id: String,
    /// Where the private key lies.
    pub private_key_path: PathBuf,
    /// Kind of the key.
    pub key_type: KeyType,
    /// Cash on all shards.
    pub balance: Money,
}

/// An open exchange, not yet served.
pub struct Venue {
    /// The running exchange.
    pub engine: Engine,
    /// What can go wrong on demand.
    pub faults: Faults,
    /// The HTTP side.
    pub server: Server,
    /// How it came to be.
    pub origin: Origin,
    tick: Duration,
    plan: Vec<Planned>,
    replay: Option<(Captures, Speed)>,
}

impl Venue {
    /// Opens it; `now` is the wall clock's time. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`JournalError`] when the state cannot be gone on with.
    pub fn open(opening: Opening, now: Timestamp) -> Result<Venue, JournalError> {
        let (engine, origin) = if let Some(path) = &opening.state {
            Engine::open(path, &opening.settings, now)?
        } else {
            let engine = Engine::in_memory(&opening.settings, Clock::starting(now));
            (engine, Origin::Founded)
        };
        engine.adjust_records(|records| records.set_lag(opening.lag));
        let faults = Faults::new(opening.settings.rules.seed);
        let server = Server::new(engine.clone(), faults.clone(), opening.server);
        Ok(Venue {
            engine,
            faults,
            server,
            origin,
            tick: opening.tick,
            plan: opening.plan,
            replay: None,
        })
    }

    /// Lists the markets of captures, which are played from the moment the venue runs.
    ///
    /// # Errors
    /// [`ReplayError::Listing`].
    pub async fn replay(&mut self, captures: Captures, speed: Speed) -> Result<(), ReplayError> {
        let close_time = captures.close_time(self.engine.now(), speed);
        captures.list(&self.engine, close_time).await?;
        self.replay = Some((captures, speed));
        Ok(())
    }

    /// Opens an account unless it is there, on every shard, with the key at `folder/NAME.pem`, which is made if missing.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn account(
        &self,
        name: &str,
        key_type: KeyType,
        folder: &Path,
    ) -> Result<OpenedAccount, OpenError> {
        let path = folder.join(format!("{name}.pem"));
        let public_key_pem = public_key_at(&path, key_type)?;
        let refused = |refusal| OpenError::Account {
            name: name.to_owned(),
            refusal,
        };
        let known = self
            .engine
            .read(|view| view.exchange.user_by_name(name).map(|user| user.id));
        let user = match known {
            Some(user) => user,
            None => self.open_user(name).await.map_err(refused)?,
        };
        let key_id = key_id(&public_key_pem);
        if self.engine.read(|view| view.exchange.key(&key_id).is_none()) {
            let spec = KeySpec {
                key_id: key_id.clone(),
                user,
                name: name.to_owned(),
                key_type,
                public_key_pem,
                scopes: vec!["read".to_owned(), "write".to_owned()],
                subaccount: None,
            };
            self.engine.submit(Command::AddKey(spec)).await.map_err(refused)?;
        }
        let balance = self.engine.read(|view| {
            let cash = |shard| view.exchange.cash(Account::primary(user), shard);
            Shard::ALL.into_iter().map(cash).sum()
        });
        Ok(OpenedAccount {
            name: name.to_owned(),
            user,
            key_id,
            private_key_path: path,
            key_type,
            balance,
        })
    }

    async fn open_user(&self, name: &str) -> Result<UserId, Refusal> {
        let command = Command::OpenUser {
            name: name.to_owned(),
            is_house: false,
        };
        match self.engine.submit(command).await? {
            Reply::User(user) => Ok(user),
            other => unreachable!("opening a user answers with it, not {other:?}"),
        }
    }

    /// [`Venue::run`] on TCP.
    pub async fn run_tcp(self, listener: TcpListener, stop: CancellationToken) {
        // Without it small answers wait for the acknowledgement of the ones before.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        self.run(listener, stop).await;
    }

    /// Serves everyone who connects to `listener` and lets the life inside live on, until `stop` is canceled.
    pub async fn run<L>(self, listener: L, stop: CancellationToken)
    where
        L: Listener,
        L::Addr: PeerAddress,
    {
        let mut tasks = JoinSet::new();
        let (engine, tick, failed) = (self.engine.clone(), self.tick, stop.clone());
        tasks.spawn(async move {
            // A world that breaks must not be served on as if it lived.
            let _stop_if_it_panics = failed.drop_guard();
            engine.run(tick).await;
        });
        let engine = self.engine.clone();
        tasks.spawn(async move { engine.keep_snapshots().await });
        let (engine, faults, plan) = (self.engine.clone(), self.faults.clone(), self.plan);
        tasks.spawn(async move { follow_plan(&engine, &faults, plan).await });
        let (engine, faults) = (self.engine.clone(), self.faults.clone());
        tasks.spawn(async move { resume_when_due(&engine, &faults).await });
        if let Some((captures, speed)) = self.replay {
            let engine = self.engine.clone();
            tasks.spawn(async move {
                match captures.play(&engine, speed).await {
                    Ok(()) => tracing::info!("the replay is over"),
                    Err(error) => tracing::error!(%error, "the replay broke off"),
                }
            });
        }
        self.server.serve(listener, stop).await;
        tasks.shutdown().await;
        if let Err(error) = self.engine.snapshot().await {
            tracing::warn!(%error, "no last snapshot; the journal alone keeps the state");
        }
    }
}

/// Public half of the key at `path`, which is made if there is none.
fn public_key_at(path: &Path, key_type: KeyType) -> Result<String, OpenError> {
    let problem = |problem: String| OpenError::Key {
        path: path.to_owned(),
        problem,
    };
    match std::fs::read_to_string(path) {
        Ok(pem) => {
            let signer = Signer::from_pem("", &pem).map_err(|error| problem(error.to_string()))?;
            if signer.key_type() != key_type {
                return Err(problem("is a key of the other kind".to_owned()));
            }
            signer
                .public_key_pem()
                .map_err(|error| problem(error.to_string()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = GeneratedKey::generate(key_type).map_err(|error| problem(error.to_string()))?;
            write_private(path, &key.private_pem).map_err(|error| problem(error.to_string()))?;
            Ok(key.public_pem)
        }
        Err(error) => Err(problem(error.to_string())),
    }
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Under another name first, so that a crash leaves no half key.
    let new = path.with_extension("pem.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(new, path)
}

/// The id of a key: the same for the same key, so that a restart finds it registered.
fn key_id(public_key_pem: &str) -> String {
    let hash = blake3::hash(public_key_pem.as_bytes());
    let bytes: [u8; 16] = hash.as_bytes()[..16]
        .try_into()
        .expect("sixteen of thirty-two bytes");
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
