//! `kmi book replay`: books out of captures.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use kmi_domain::{Level, Side};
use kmi_kalshi::recording::{Chunk, open_lines};
use kmi_kalshi::replay::{Replay, ReplayCounts, ReplayedBook, SequenceRule};
use serde_json::{Value, json};

use crate::args::{BookCommand, SeqArg};
use crate::output;

pub(crate) fn run(command: BookCommand, as_json: bool) -> Result<ExitCode> {
    let BookCommand::Replay { files, seq } = command;
    let rule = match seq {
        SeqArg::Strict => SequenceRule::Strict,
        SeqArg::Ignore => SequenceRule::Ignore,
    };
    let mut replay = Replay::new(rule);
    let start = Instant::now();
    let mut parsing = Duration::ZERO;
    for file in &files {
        feed(&mut replay, file, &mut parsing).with_context(|| file.display().to_string())?;
    }
    let timing = Timing {
        seconds: start.elapsed().as_secs_f64(),
        parse_s: parsing.as_secs_f64(),
    };
    let (counts, books) = (replay.counts(), replay.books());
    if as_json {
        output::json(&document(&counts, &books, &timing))?;
    } else {
        output::text(&page(&files, &counts, &books, &timing))?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Timing {
    /// Reading and decompression included.
    seconds: f64,
    /// Parsing and applying only.
    parse_s: f64,
}

impl Timing {
    fn frames_per_s(&self, frames: u64) -> f64 {
        if self.parse_s > 0.0 {
            (frames as f64 / self.parse_s).round()
        } else {
            0.0
        }
    }
}

fn feed(replay: &mut Replay, file: &Path, parsing: &mut Duration) -> Result<()> {
    replay.begin_file();
    let mut lines = open_lines(file)?;
    while let Some(chunk) = lines.next_block()? {
        let start = Instant::now();
        match chunk {
            Chunk::Bytes(block) => replay.feed_block(block),
            Chunk::TooLong => replay.feed_too_long(),
        }
        *parsing += start.elapsed();
    }
    Ok(())
}

fn document(counts: &ReplayCounts, books: &[ReplayedBook<'_>], timing: &Timing) -> Value {
    let bid = |book: &ReplayedBook<'_>, side| book.bid(side).map(|level: Level| level.price.to_string());
    let markets: Vec<_> = books
        .iter()
        .map(|book| {
            json!({
                "ticker": book.ticker,
                "state": book.state.as_str(),
                "yes_bid": bid(book, Side::Yes),
                "no_bid": bid(book, Side::No),
                "yes_levels": book.levels(Side::Yes),
                "no_levels": book.levels(Side::No),
                "yes_contracts": book.contracts(Side::Yes).to_string(),
                "no_contracts": book.contracts(Side::No).to_string(),
            })
        })
        .collect();
    json!({
        "frames": counts.frames,
        "snapshots": counts.snapshots,
        "deltas": counts.deltas,
        "trades": counts.trades,
        "tickers": counts.tickers,
        "other": counts.other,
        "malformed": counts.malformed,
        "gaps": counts.gaps,
        "stale_deltas": counts.stale_deltas,
        "before_snapshot": counts.before_snapshot,
        "negative_levels": counts.negative_levels,
        "crossed": counts.crossed,
        "markets": markets,
        "seconds": timing.seconds,
        "parse_s": timing.parse_s,
        "frames_per_s": timing.frames_per_s(counts.frames),
    })
}

fn page(files: &[PathBuf], counts: &ReplayCounts, books: &[ReplayedBook<'_>], timing: &Timing) -> String {
    let columns = [
        "market",
        "book",
        "YES bid",
        "YES ask",
        "levels",
        "YES contracts",
        "NO contracts",
    ];
    let mut table = output::table(&columns, &[2, 3, 4, 5, 6]);
    for book in books {
        let price = |price: Option<kmi_domain::Price>| {
            price.map_or_else(|| "–".to_owned(), |price| price.to_string())
        };
        table.add_row([
            book.ticker.to_owned(),
            book.state.as_str().to_owned(),
            price(book.bid(Side::Yes).map(|level| level.price)),
            price(book.bid(Side::No).map(|level| level.price.complement())),
            format!("{} + {}", book.levels(Side::Yes), book.levels(Side::No)),
            book.contracts(Side::Yes).to_string(),
            book.contracts(Side::No).to_string(),
        ]);
    }
    let mut counted = output::table(&["counted", ""], &[1]);
    for (name, number) in [
        ("frames", counts.frames),
        ("snapshots", counts.snapshots),
        ("deltas", counts.deltas),
        ("trades", counts.trades),
        ("tickers", counts.tickers),
        ("other frames", counts.other),
        ("lines that are no frame", counts.malformed),
        ("jumps of the sequence", counts.gaps),
        ("deltas of stale books, not applied", counts.stale_deltas),
        ("deltas before any snapshot, not applied", counts.before_snapshot),
        ("levels that would have gone below zero", counts.negative_levels),
        ("frames after which a book was crossed", counts.crossed),
    ] {
        counted.add_row([name.to_owned(), output::count(number)]);
    }
    format!(
        "{table}\n\n{counted}\n\n{} files in {:.2} s, of which parsing and applying {:.2} s: {:.2} million frames/s\n",
        files.len(),
        timing.seconds,
        timing.parse_s,
        timing.frames_per_s(counts.frames) / 1e6,
    )
}
