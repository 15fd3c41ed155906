//! `kmi import`: recordings into the store.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use kmi_app::Stopwatch;
use kmi_app::import::{BadLines, FileReport, ImportProgress, ImportReport, ImportRequest, import};
use kmi_storage::Store;

use crate::args::ImportArgs;
use crate::output;

pub(crate) async fn run(store: &Store, args: ImportArgs, as_json: bool) -> Result<ExitCode> {
    let request = ImportRequest {
        paths: args.paths,
        bad_lines: if args.strict {
            BadLines::Refuse
        } else {
            BadLines::Skip
        },
        at: super::now(),
    };
    let start = Instant::now();
    let elapsed = || start.elapsed();
    let report = import(store, &request, &Bar::new(), Stopwatch::new(&elapsed)).await;
    if as_json {
        output::json(&report)?;
    } else {
        output::text(&page(&report))?;
    }
    for file in report.files.iter().filter_map(|file| file.error.as_ref()) {
        eprintln!("kmi: {file}");
    }
    Ok(if report.is_whole() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn page(report: &ImportReport) -> String {
    let columns = [
        "file",
        "kind",
        "rows",
        "new",
        "known",
        "better known",
        "not kept",
        "bad",
    ];
    let mut table = output::table(&columns, &[2, 3, 4, 5, 6, 7]);
    for file in &report.files {
        let kind = match (&file.error, file.completeness) {
            (Some(_), _) => "failed".to_owned(),
            (None, Some(completeness)) => format!("{} ({completeness})", file.kind.unwrap_or_default()),
            (None, None) => file.kind.unwrap_or_default().to_owned(),
        };
        let numbers = [
            file.rows,
            file.inserted,
            file.duplicates,
            file.updated,
            file.ignored,
            file.rejected,
        ]
        .map(output::count);
        table.add_row([file.path.clone(), kind].into_iter().chain(numbers));
    }
    let totals = &report.totals;
    let mut page = format!("{table}\n");
    for file in &report.files {
        for rejection in &file.first_rejections {
            page += &format!("{}: line {}: {}\n", file.path, rejection.line, rejection.reason);
        }
    }
    page += &format!(
        "New: {} series, {} events, {} markets, {} trades, {} candles, {} frames, in {:.1} s\n",
        output::count(totals.series),
        output::count(totals.events),
        output::count(totals.markets),
        output::count(totals.trades),
        output::count(totals.candles),
        output::count(totals.frames),
        report.seconds,
    );
    let without_market: u64 = report.files.iter().map(|file| file.without_market).sum();
    if without_market > 0 {
        page += &format!(
            "{} of the new trades are of markets that are not known yet; they are kept.\n",
            output::count(without_market)
        );
    }
    page
}

/// A progress bar on stderr, hidden where nobody watches.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Bar {
        if !std::io::stderr().is_terminal() {
            return Bar(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Bar(ProgressBar::new(0).with_style(style))
    }
}

impl ImportProgress for Bar {
    fn begin(&self, path: &str, bytes: u64) {
        self.0.reset();
        self.0.set_length(bytes);
        self.0.set_message(path.to_owned());
    }

    fn advance(&self, bytes: u64, _rows: u64) {
        self.0.set_position(bytes);
    }

    fn end(&self, _report: &FileReport) {
        self.0.set_message(String::new());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
