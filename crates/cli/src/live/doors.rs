//! The doors as the configuration wants them, and how a program says that they are open.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use kmi_app::board::Board;
use kmi_app::ingest::IngestMonitor;
use kmi_kalshi::rest;
use kmi_server::{
    AuthMode, DoorParts, DoorSettings, Doors, ExchangeKind, LocalToken, RateLimit, RelayAccess,
};
use kmi_storage::{Store, StoreLocation};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{browser, entropy};
use crate::commands::now;
use crate::config::Config;
use crate::output;

/// What the doors open to.
pub(crate) struct Behind {
    pub(crate) board: Board,
    pub(crate) store: Store,
    pub(crate) location: StoreLocation,
    pub(crate) monitor: IngestMonitor,
    pub(crate) rest: rest::Client,
    pub(crate) exchange: ExchangeKind,
}

/// How a program says that it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Announcement {
    /// One JSON object on one line.
    Json(Link),
    /// For people, whose browser is opened if they have one at hand.
    Text,
    /// For people who want to open it themselves.
    TextOnly(Link),
}

/// Whether the one-time link is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Told,
    /// What is printed goes where others read it.
    Withheld,
}

impl Announcement {
    /// As the flags `--json`, `--no-open` and `--no-link` say. Without a link there is nothing to open.
    pub(crate) fn of(as_json: bool, no_open: bool, no_link: bool) -> Announcement {
        let link = if no_link { Link::Withheld } else { Link::Told };
        match (as_json, no_open || no_link) {
            (true, _) => Announcement::Json(link),
            (false, true) => Announcement::TextOnly(link),
            (false, false) => Announcement::Text,
        }
    }
}

/// What is said to programs; scripts rely on it, so keys may be added and none renamed.
#[derive(Serialize)]
struct FirstLine<'a> {
    url: &'a str,
    exchange: &'static str,
    database: &'static str,
    pid: u32,
    /// Begins a session, once; null where it is withheld.
    link: Option<&'a str>,
    /// File of the token with which programs are let in.
    token_path: &'a Path,
}

/// Doors that are made but not open.
pub(crate) struct House {
    listener: TcpListener,
    address: SocketAddr,
    doors: Doors,
    exchange: ExchangeKind,
    database: &'static str,
    token_path: PathBuf,
}

impl House {
    /// Makes them.
    ///
    /// # Errors
    /// Settings that cannot be, and a token file that cannot be read.
    pub(crate) fn build(config: &Config, listener: TcpListener, behind: Behind) -> Result<House> {
        let address = listener.local_addr()?;
        let path = behind.location.data_dir.join("secrets").join("local-token");
        let token_path = std::path::absolute(&path).unwrap_or(path);
        let token = LocalToken::at(&token_path, &entropy::draw()?)?;
        let metrics = kmi_server::install_metrics().context("metrics")?;
        let database = if behind.location.database_url.is_some() {
            "postgres"
        } else {
            "sqlite"
        };
        let doors = Doors::new(DoorParts {
            board: behind.board,
            store: behind.store,
            ingest: behind.monitor,
            rest: Some(behind.rest),
            clock: Arc::new(now),
            entropy: entropy::draw()?,
            token,
            exchange: behind.exchange,
            metrics: Some(metrics),
            settings: settings(config, behind.exchange),
        })?;
        if !config.auth.encryption_keys.is_empty() {
            tracing::warn!(
                keys = config.auth.encryption_keys.len(),
                "auth.encryption_keys: nothing is encrypted with them in this version"
            );
        }
        Ok(House {
            listener,
            address,
            doors,
            exchange: behind.exchange,
            database,
            token_path,
        })
    }

    /// Says where the doors are.
    ///
    /// # Errors
    /// When nobody reads it.
    pub(crate) fn announce(&self, how: Announcement) -> Result<()> {
        let link = match how {
            Announcement::Json(Link::Withheld) | Announcement::TextOnly(Link::Withheld) => None,
            _ => Some(self.doors.session_link(self.address)),
        };
        let url = format!("http://{}", self.address);
        if matches!(how, Announcement::Json(_)) {
            return output::json(&FirstLine {
                url: &url,
                exchange: self.exchange.as_str(),
                database: self.database,
                pid: std::process::id(),
                link: link.as_deref(),
                token_path: &self.token_path,
            });
        }
        let banner = match self.exchange {
            ExchangeKind::Simulator => "simulator: invented markets and money\n\n",
            ExchangeKind::Demo => "the exchange's demo: real names, mock money\n\n",
            ExchangeKind::Prod => "",
        };
        let opening = link.as_ref().map_or_else(String::new, |link| {
            format!("Open       {link}\n           (good once, for ten minutes)\n")
        });
        output::text(&format!(
            "{banner}{opening}Address    {url}\nAPI        {url}/api/docs\n\
             Programs   Authorization: Bearer, with what is in {}\nDatabase   {}\n\nStops on Ctrl-C.\n",
            self.token_path.display(),
            self.database,
        ))?;
        if let (Announcement::Text, Some(link)) = (how, &link) {
            browser::open(link, &self.token_path.with_file_name("open.html"));
        }
        Ok(())
    }

    /// Lets people in until `stop` is cancelled.
    ///
    /// # Errors
    /// When the listener breaks.
    pub(crate) async fn serve(self, stop: CancellationToken) -> Result<()> {
        Ok(kmi_server::serve(self.listener, self.doors, stop).await?)
    }
}

fn settings(config: &Config, exchange: ExchangeKind) -> DoorSettings {
    let server = &config.server;
    let count = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    let is_public = config.relay.public.unwrap_or(exchange == ExchangeKind::Simulator);
    DoorSettings {
        auth: AuthMode::Local,
        hosts: server.allowed_hosts.clone(),
        cors_origins: server.cors.clone(),
        rate: Some(RateLimit {
            per_second: count(server.requests_per_second),
            burst: count(server.requests_burst),
        }),
        connections: usize::try_from(server.connections).unwrap_or(usize::MAX),
        streams: usize::try_from(server.streams).unwrap_or(usize::MAX),
        // In local mode everybody has the same address.
        streams_per_address: usize::try_from(server.streams).unwrap_or(usize::MAX),
        relay: if is_public {
            RelayAccess::Public
        } else {
            RelayAccess::Session
        },
        ..DoorSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_doors_own_but_for_the_relay_of_a_simulator() {
        let config = Config::default();
        assert_eq!(settings(&config, ExchangeKind::Prod), DoorSettings::default());
        let simulator = settings(&config, ExchangeKind::Simulator);
        assert_eq!(simulator.relay, RelayAccess::Public);
        let mut closed = Config::default();
        closed.relay.public = Some(false);
        assert_eq!(
            settings(&closed, ExchangeKind::Simulator),
            DoorSettings::default()
        );
    }
}
