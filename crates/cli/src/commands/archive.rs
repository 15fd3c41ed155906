//! `kmi archive`: older history as Parquet.

use std::process::ExitCode;

use anyhow::Result;
use kmi_domain::Timestamp;
use kmi_storage::{ArchiveFile, ArchiveKind, Store, VerifyReport};
use serde_json::{Value, json};

use crate::args::ArchiveCommand;
use crate::output;

/// Days that stay in the database where `--before` says nothing else.
const KEPT_DAYS: i64 = 7;

pub(crate) async fn run(store: &Store, command: ArchiveCommand, as_json: bool) -> Result<ExitCode> {
    match command {
        ArchiveCommand::Roll { before } => roll(store, before, as_json).await?,
        ArchiveCommand::List => list(store, as_json).await?,
        ArchiveCommand::Verify => return verify(store, as_json).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn roll(store: &Store, before: Option<Timestamp>, as_json: bool) -> Result<()> {
    let before = before.unwrap_or_else(|| Timestamp::from_day(super::now().day() - KEPT_DAYS));
    let report = store.roll(before).await?;
    let rows: u64 = report.files.iter().map(|file| file.rows).sum();
    if as_json {
        let by_kind: serde_json::Map<String, Value> = ArchiveKind::ALL
            .into_iter()
            .map(|kind| (kind.as_str().to_owned(), report.rows(kind).into()))
            .collect();
        let files: Vec<_> = report.files.iter().map(file).collect();
        return output::json(
            &json!({"before": before.to_string(), "rows": rows, "rows_by_kind": by_kind, "files": files}),
        );
    }
    output::text(&format!(
        "Moved {} rows of the days before {} into {} files\n",
        output::count(rows),
        before.date(),
        report.files.len()
    ))
}

async fn list(store: &Store, as_json: bool) -> Result<()> {
    let files = store.archive_files().await?;
    if as_json {
        let items: Vec<_> = files.iter().map(file).collect();
        return output::json(&json!({"items": items, "next_cursor": null}));
    }
    let mut table = output::table(&["day", "kind", "rows", "bytes", "file"], &[2, 3]);
    for file in &files {
        let (rows, bytes) = (output::count(file.rows), output::count(file.bytes));
        table.add_row([
            file.day.date(),
            file.kind.as_str().to_owned(),
            rows,
            bytes,
            file.path.clone(),
        ]);
    }
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    output::text(&format!(
        "{table}\n{} rows in {} files\n",
        output::count(rows),
        files.len()
    ))
}

async fn verify(store: &Store, as_json: bool) -> Result<ExitCode> {
    let report = store.verify_archive().await?;
    let root = store.location().archive();
    let below = |path: &std::path::Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    if as_json {
        let damaged: Vec<_> = report
            .damaged
            .iter()
            .map(|finding| json!({"path": below(&finding.file), "reason": finding.reason}))
            .collect();
        let orphans: Vec<_> = report.orphans.iter().map(|path| below(path)).collect();
        output::json(
            &json!({"files": report.files, "rows": report.rows, "certificates": report.certificates,
                    "damaged": damaged, "orphans": orphans}),
        )?;
    } else {
        output::text(&page(&report, &below))?;
    }
    Ok(if report.damaged.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn page(report: &VerifyReport, below: &dyn Fn(&std::path::Path) -> String) -> String {
    let mut page = String::new();
    for finding in &report.damaged {
        page += &format!("damaged: {}: {}\n", below(&finding.file), finding.reason);
    }
    for orphan in &report.orphans {
        page += &format!(
            "not in the manifest, being written now or left by a crash: {}\n",
            below(orphan)
        );
    }
    let verdict = match (report.damaged.len(), report.orphans.len()) {
        (0, 0) => "sound".to_owned(),
        (0, strays) => format!("sound, {strays} files beside it"),
        (damaged, _) => format!("{damaged} damaged"),
    };
    let proved = match report.certificates {
        0 => String::new(),
        proved => format!(", {} certificates proved", output::count(proved)),
    };
    page + &format!(
        "{} files, {} rows read{proved}: {verdict}\n",
        report.files,
        output::count(report.rows)
    )
}

fn file(file: &ArchiveFile) -> Value {
    json!({
        "path": file.path,
        "kind": file.kind.as_str(),
        "day": file.day.date(),
        "rows": file.rows,
        "first": file.first.to_string(),
        "last": file.last.to_string(),
        "bytes": file.bytes,
        "hash": file.hash,
        "capture": file.capture,
    })
}
