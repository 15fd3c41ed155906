//! Runs `kmi` on a data directory of its own and writes small recordings to feed it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A data directory and a folder of recordings, both gone after the test.
pub(crate) struct Desk {
    root: TempDir,
    database_url: Option<String>,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk {
            root: TempDir::with_prefix("kmi-test-").unwrap(),
            database_url: None,
        }
    }

    /// The same desk, keeping its data in this database.
    pub(crate) fn on(mut self, database_url: String) -> Desk {
        self.database_url = Some(database_url);
        self
    }

    /// The database it keeps its data in, where that is not the one in its data directory.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a recording and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmi"));
        command.args(args).arg("--data-dir").arg(self.data_dir());
        for (name, _) in std::env::vars() {
            if name.starts_with("KMI_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        if let Some(url) = &self.database_url {
            command.env("DATABASE_URL", url);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        Finished::from(self.command(args).output().unwrap())
    }

    /// Runs with `--json`, wants success and gives the document.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let finished = self.run(&[args, &["--json"]].concat());
        assert_eq!(finished.code, 0, "{args:?}: {}", finished.stderr);
        finished.document()
    }

    /// Imports a path and gives the report, whatever the exit code.
    pub(crate) fn import(&self, path: &Path) -> (i32, Value) {
        let finished = self.run(&["import", path.to_str().unwrap(), "--json"]);
        (finished.code, finished.document())
    }
}

/// What a finished command left.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Finished {
        Finished {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Finished {
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: stdout {:?}, stderr {:?}", self.stdout, self.stderr))
    }
}

pub(crate) fn gz(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// A settled market of the integer-cent generation.
pub(crate) fn cents_market(ticker: &str, event: &str, close: &str, result: &str) -> Value {
    json!({
        "ticker": ticker, "event_ticker": event, "market_type": "binary", "title": "", "subtitle": "s",
        "yes_sub_title": "y", "no_sub_title": "n", "open_time": "2024-01-01T00:00:00Z", "close_time": close,
        "status": "finalized", "result": result, "yes_bid": 0, "yes_ask": 100, "no_bid": 0, "no_ask": 100,
        "last_price": 50, "volume": 10, "volume_24h": 1, "open_interest": 5, "settlement_timer_seconds": 60,
        "rules_primary": "", "can_close_early": true, "expiration_value": ""
    })
}

/// The body of one event with its markets, as one line.
pub(crate) fn event_body(event: &str, series: &str, category: &str, markets: &[Value]) -> String {
    let body = json!({
        "event": {
            "event_ticker": event, "series_ticker": series, "title": "t", "sub_title": "u", "category": category,
            "mutually_exclusive": false, "collateral_return_type": ""
        },
        "markets": markets
    });
    format!("{body}\n")
}

/// One public trade of the integer-cent generation, as one line.
pub(crate) fn cents_trade(
    id: &str,
    ticker: &str,
    time: &str,
    yes_price: u8,
    count: u32,
    taker: &str,
) -> String {
    let trade = json!({
        "trade_id": id, "ticker": ticker, "created_time": time, "yes_price": yes_price,
        "no_price": 100_u8.saturating_sub(yes_price), "count": count, "taker_side": taker
    });
    format!("{trade}\n")
}

/// Two settled markets of one series and a few trades: small enough to compute by hand.
///
/// A closes yes, B closes no, both at 2024-01-02T00:00:00Z. Twelve hours before, the last prices are A 0.60 and B 0.10.
pub(crate) fn small_world(desk: &Desk) -> PathBuf {
    let close = "2024-01-02T00:00:00Z";
    let markets = [
        cents_market("S-E1-A", "S-E1", close, "yes"),
        cents_market("S-E1-B", "S-E1", close, "no"),
    ];
    desk.write("world/events.jsonl", event_body("S-E1", "S", "Weather", &markets));
    let trades = [
        cents_trade("t1", "S-E1-A", "2024-01-01T06:00:00Z", 40, 5, "yes"),
        cents_trade("t2", "S-E1-B", "2024-01-01T07:00:00Z", 10, 5, "no"),
        cents_trade("t3", "S-E1-A", "2024-01-01T12:00:00Z", 55, 5, "yes"),
        cents_trade("t4", "S-E1-A", "2024-01-01T12:00:00Z", 60, 5, "yes"),
        cents_trade("t5", "S-E1-B", "2024-01-01T13:00:00Z", 20, 1, "yes"),
        cents_trade("t6", "S-E1-A", "2024-01-01T14:00:00Z", 70, 3, "yes"),
        cents_trade("t7", "S-E1-B", "2024-01-01T15:00:00Z", 30, 9, "no"),
        cents_trade("t8", "GONE-X", "2024-01-01T16:00:00Z", 50, 1, "no"),
    ];
    desk.write("world/trades.jsonl", trades.concat());
    desk.path("world")
}
