//! `cargo xtask tour`: a walk from recorded files to a calibration table and backtests, every command shown so that it can
//! be repeated.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::shell;
use crate::workspace::Workspace;

/// What `tour` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the tour keeps its files; must be empty or absent. Default: a fresh temporary folder, which stays.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Seed of the synthetic history: the same seed makes the same files, to the byte.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Markets in the synthetic history.
    #[arg(long, default_value_t = 400)]
    markets: u32,
}

/// Runs the walk; the first command that fails ends it.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let kmi = workspace.kmi()?;
    let folder = fresh_folder(arguments.data_dir.as_deref())?;
    let tour = Tour { kmi, folder };
    tour.synthetic(arguments)?;
    match workspace.shared() {
        Some(shared) => tour.recorded(&shared.join("data"))?,
        None => say(
            "Real recordings",
            "There are none beside this repository (../shared/data), so the tour ends here.",
        ),
    }
    say(
        "That was it",
        &format!(
            "Everything is in {}; delete the folder when you are done with it.",
            tour.folder.display()
        ),
    );
    Ok(ExitCode::SUCCESS)
}

fn fresh_folder(wanted: Option<&Path>) -> Result<PathBuf> {
    let Some(folder) = wanted else {
        return Ok(tempfile::Builder::new().prefix("kmi-tour-").tempdir()?.keep());
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let is_empty = std::fs::read_dir(folder)?.next().is_none();
    ensure!(
        is_empty,
        "{} is not empty; the tour wants a fresh folder",
        folder.display()
    );
    Ok(folder.canonicalize()?)
}

struct Tour {
    kmi: PathBuf,
    folder: PathBuf,
}

impl Tour {
    fn synthetic(&self, arguments: &Arguments) -> Result<()> {
        let (seed, markets) = (arguments.seed.to_string(), arguments.markets.to_string());
        say(
            "A synthetic history",
            "Invented markets over sixty days: weather, coins, matches, elections. Each has a hidden probability that drifts \
             and comes true; market makers and takers trade around what the public makes of it, which is a little too kind to \
             long shots. Same seed, same bytes.",
        );
        self.kmi(&[
            "synth",
            "--seed",
            &seed,
            "--markets",
            &markets,
            "--out",
            &self.path("synthetic-files"),
        ])?;
        say(
            "Import",
            "Files are recognised by content. A second import of the same files inserts nothing.",
        );
        let data = self.path("synthetic");
        let data = ["--data-dir", data.as_str()];
        let files = self.path("synthetic-files");
        self.kmi_on(&data, &["import", &files])?;
        self.kmi_on(&data, &["import", &files])?;
        say(
            "Do prices foretell results?",
            "The last price at least twelve hours before the close, against what happened. Where hits stay below the price, \
             long shots were overpriced.",
        );
        self.kmi_on(&data, &["calibrate", "--horizon", "12h", "--by", "category"])?;
        say(
            "Backtest 1: sell long shots, by hand",
            "fixed_horizon buys NO at the next print after the horizon when YES costs 1 to 20 cents, and holds. Simple enough \
             to recompute with a pencil.",
        );
        self.kmi_on(
            &data,
            &[
                "backtest",
                "run",
                "--strategy",
                "fixed_horizon",
                "--param",
                "horizon=12h",
                "--param",
                "side=no",
                "--param",
                "min_price=0.01",
                "--param",
                "max_price=0.20",
            ],
        )?;
        say(
            "Backtest 2: learn the bias, then trade it",
            "calibration_edge learns on the first part of the period which prices lied, and trades on the rest only. On a few \
             hundred markets that is a few dozen bets: look at the interval before the profit.",
        );
        let report = self.path("calibration_edge.html");
        self.kmi_on(
            &data,
            &[
                "backtest",
                "run",
                "--strategy",
                "calibration_edge",
                "--param",
                "min_edge=0.005",
                "--param",
                "shrinkage=10",
                "--param",
                "min_count=10",
                "--html",
                &report,
            ],
        )?;
        say(
            "Backtest 3: outcomes that do not sum to a dollar",
            "event_arbitrage watches exclusive events, with the future scrambled once to prove that no decision looked ahead.",
        );
        self.kmi_on(
            &data,
            &[
                "backtest",
                "run",
                "--strategy",
                "event_arbitrage",
                "--check-lookahead",
            ],
        )?;
        self.kmi_on(&data, &["backtest", "list"])?;
        say(
            "The archive",
            "Rows move to Parquet, readable by DuckDB and pandas; backtests read both as one stream.",
        );
        self.kmi_on(&data, &["archive", "roll"])?;
        self.kmi_on(&data, &["archive", "verify"])?;
        self.kmi_on(&data, &["calibrate", "--horizon", "12h"])?;
        self.kmi_on(&data, &["doctor"])?;
        self.replay(&self.folder.join("synthetic-files/captures"), "strict")
    }

    fn recorded(&self, files: &Path) -> Result<()> {
        say(
            "Real recordings",
            "The same with what was recorded from the exchange, in both generations of its API: cents and dollar strings.",
        );
        let data = self.path("recorded");
        let data = ["--data-dir", data.as_str()];
        let folders: Vec<String> = ["weather", "gold15m", "btc15m", "rest"]
            .iter()
            .map(|name| files.join(name))
            .filter(|folder| folder.is_dir())
            .map(|folder| folder.display().to_string())
            .collect();
        let mut import = vec!["import"];
        import.extend(folders.iter().map(String::as_str));
        self.kmi_on(&data, &import)?;
        self.kmi_on(&data, &["calibrate", "--horizon", "12h", "--by", "category"])?;
        for (low, high) in [("0.01", "0.10"), ("0.50", "0.90")] {
            let (low, high) = (format!("min_price={low}"), format!("max_price={high}"));
            self.kmi_on(
                &data,
                &[
                    "backtest",
                    "run",
                    "--strategy",
                    "fixed_horizon",
                    "--param",
                    "horizon=12h",
                    "--param",
                    "side=no",
                    "--param",
                    &low,
                    "--param",
                    &high,
                ],
            )?;
        }
        say(
            "Order books from raw frames",
            "Each capture is one connection. These were filtered to one market each, so sequence numbers jump, and the jumps are \
             ignored.",
        );
        self.replay(&files.join("gold15m/captures"), "ignore")
    }

    /// Rebuilds the books of all captures in a folder; nothing where there are none.
    fn replay(&self, folder: &Path, seq: &str) -> Result<()> {
        let mut captures: Vec<PathBuf> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path())
            .filter(|path| path.is_file())
            .collect();
        captures.sort();
        if captures.is_empty() {
            return Ok(());
        }
        println!("\n$ kmi book replay --seq {seq} {}/*", folder.display());
        let mut command = std::process::Command::new(&self.kmi);
        shell::run(command.args(["book", "replay", "--seq", seq]).args(captures))
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn kmi_on(&self, data: &[&str], arguments: &[&str]) -> Result<()> {
        self.kmi(&[arguments, data].concat())
    }

    /// Shows and runs one command; the tour's own folder decides where data lives, not the environment.
    fn kmi(&self, arguments: &[&str]) -> Result<()> {
        println!("\n$ kmi {}", arguments.join(" "));
        let mut command = std::process::Command::new(&self.kmi);
        command.args(arguments).env_remove("DATABASE_URL");
        shell::run(&mut command)
    }
}

fn say(title: &str, text: &str) {
    println!("\n\u{2500}\u{2500} {title}\n{text}");
}
