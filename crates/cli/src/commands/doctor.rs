//! `kmi doctor` and `kmi migrate`: whether the house is sound, and up to date.

mod live;
mod spec;

use std::process::ExitCode;

use anyhow::Result;
use kmi_storage::Store;
use serde::Serialize;
use serde_json::json;

use crate::args::{DoctorArgs, MigrateArgs};
use crate::config::Config;
use crate::output;

pub(crate) async fn migrate(config: &Config, args: &MigrateArgs, as_json: bool) -> Result<()> {
    let location = config.store_location()?;
    if !args.status {
        Store::open(location.clone()).await?.close().await?;
    }
    let steps = Store::migration_status(&location).await?;
    if as_json {
        let steps: Vec<_> = steps
            .iter()
            .map(|step| json!({"name": step.name, "applied": step.applied}))
            .collect();
        return output::json(&json!({"database": location.name(), "migrations": steps}));
    }
    let mut page = format!("{}\n", location.name());
    for step in steps {
        page += &format!(
            "  {} {}\n",
            if step.applied { "done   " } else { "pending" },
            step.name
        );
    }
    output::text(&page)
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

pub(crate) async fn run(config: &Config, args: &DoctorArgs, as_json: bool) -> Result<ExitCode> {
    if let Some(path) = &args.spec {
        return spec::run(path, as_json);
    }
    let checks = checks(config).await;
    let sound = checks.iter().all(|check| check.ok);
    if as_json {
        output::json(&json!({"sound": sound, "version": env!("CARGO_PKG_VERSION"), "checks": checks}))?;
    } else {
        let mut table = output::table(&["", "check", "finding"], &[]);
        for check in &checks {
            table.add_row([if check.ok { "ok" } else { "BAD" }, check.name, &check.detail]);
        }
        output::text(&table.to_string())?;
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn checks(config: &Config) -> Vec<Check> {
    let location = match config.store_location() {
        Ok(location) => location,
        Err(error) => return vec![bad("configuration", &error)],
    };
    let mut checks = vec![good("data directory", location.data_dir.display().to_string())];
    let store = match Store::open(location.clone()).await {
        Ok(store) => store,
        Err(error) => {
            checks.push(bad("database", &error.into()));
            return checks;
        }
    };
    checks.push(match store.health().await {
        Ok(health) if health.problems.is_empty() => good(
            "database",
            format!("{} {} at {}", health.database, health.version, store.name()),
        ),
        Ok(health) => Check {
            name: "database",
            ok: false,
            detail: health.problems.join("; "),
        },
        Err(error) => bad("database", &error.into()),
    });
    checks.push(match store.counts().await {
        Ok(counts) => {
            let rows = counts.tables.iter().filter(|(_, rows)| **rows > 0);
            let words: Vec<_> = rows
                .map(|(table, rows)| format!("{} {table}", output::count(*rows)))
                .collect();
            good(
                "rows",
                if words.is_empty() {
                    "none yet".to_owned()
                } else {
                    words.join(", ")
                },
            )
        }
        Err(error) => bad("rows", &error.into()),
    });
    checks.push(match live::belongs_to(&store).await {
        Ok(detail) => good("belongs to", detail),
        Err(error) => bad("belongs to", &error.into()),
    });
    checks.push(match live::poller(&store).await {
        Ok(detail) => good("poller", detail),
        Err(error) => bad("poller", &error.into()),
    });
    checks.push(good("spool", live::spooled(&location)));
    checks.append(&mut live::exchange(config).await);
    checks.push(match store.verify_archive().await {
        Ok(report) if report.damaged.is_empty() => {
            let strays = if report.orphans.is_empty() {
                String::new()
            } else {
                format!(", {} strays", report.orphans.len())
            };
            good(
                "archive",
                format!(
                    "{} files, {} rows{strays}",
                    report.files,
                    output::count(report.rows)
                ),
            )
        }
        Ok(report) => {
            let files = report
                .damaged
                .iter()
                .map(|finding| format!("{}: {}", finding.file.display(), finding.reason));
            Check {
                name: "archive",
                ok: false,
                detail: files.collect::<Vec<_>>().join("; "),
            }
        }
        Err(error) => bad("archive", &error.into()),
    });
    checks
}

fn good(name: &'static str, detail: String) -> Check {
    Check {
        name,
        ok: true,
        detail,
    }
}

fn bad(name: &'static str, error: &anyhow::Error) -> Check {
    Check {
        name,
        ok: false,
        detail: format!("{error:#}"),
    }
}
