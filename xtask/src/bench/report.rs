//! Keeping figures: `target/bench.json` for programs, `docs/BENCHMARKS.md` for readers.

use std::fmt::Write;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::figure::{Figure, Figures, sort};
use crate::workspace::Workspace;

/// All figures known, with where and when they were measured.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    /// UTC date.
    date: String,
    /// Processor, memory, system, compiler.
    machine: String,
    /// By target and case.
    figures: Vec<Figure>,
}

/// Replaces the figures of the targets just measured, keeps the others, and writes both files.
pub(crate) fn keep(workspace: &Workspace, figures: Figures) -> Result<Kept> {
    let path = workspace.target.join("bench.json");
    let measured = figures.finish();
    let before: Option<Kept> = std::fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let others = before.map(|kept| kept.figures).unwrap_or_default();
    let others = others
        .into_iter()
        .filter(|old| measured.iter().all(|new| new.id != old.id));
    let mut all: Vec<Figure> = others.chain(measured.iter().cloned()).collect();
    sort(&mut all);
    let kept = Kept {
        date: said_by("date", &["-u", "+%Y-%m-%d"]),
        machine: machine(),
        figures: all,
    };
    std::fs::write(&path, serde_json::to_string_pretty(&kept)?).context("cannot keep the figures")?;
    std::fs::write(workspace.root.join("docs/BENCHMARKS.md"), page(&kept)?)?;
    eprintln!("wrote {} and docs/BENCHMARKS.md", path.display());
    Ok(kept)
}

fn page(kept: &Kept) -> Result<String> {
    let mut page = String::new();
    writeln!(page, "# Benchmarks\n")?;
    writeln!(
        page,
        "Written by `cargo xtask bench` on {}, on {}.\n",
        kept.date, kept.machine
    )?;
    writeln!(
        page,
        "Medians; ours and what it is compared with take turns in the same run, and a figure counts only if that run also \
         verified what the last column says. Ratios hold better from machine to machine than figures. Where other \
         people's programs are missing, their lines are too.\n"
    )?;
    writeln!(
        page,
        "| | what | ours | compared with | ratio | target | met | runs | verified |"
    )?;
    writeln!(page, "|---|---|--:|--:|--:|--:|---|--:|---|")?;
    for figure in &kept.figures {
        writeln!(page, "{}", row(figure))?;
    }
    Ok(page)
}

fn row(figure: &Figure) -> String {
    let Figure {
        id,
        case,
        unit,
        value,
        runs,
        target,
        check,
        ..
    } = figure;
    let (compared, ratio) = match &figure.reference {
        Some(reference) => (
            format!("{} {}", amount(reference.value), reference.name),
            format!("{:.2}", value / reference.value),
        ),
        None => (String::new(), String::new()),
    };
    let target = target.map_or_else(String::new, amount);
    let met = figure.is_met().map_or("", |met| if met { "yes" } else { "no" });
    let runs = runs.len();
    format!(
        "| {id} | {case} | {} {unit} | {compared} | {ratio} | {target} | {met} | {runs} | {check} |",
        amount(*value)
    )
}

/// Three digits that count, in thousands, millions or billions.
fn amount(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, " G"),
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let decimals = match scaled.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 4,
    };
    format!("{scaled:.decimals$}{suffix}")
}

fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    let processor =
        field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|size| size.trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(String::new(), |kilobytes| {
            format!(", {} GB", kilobytes / 1_000_000)
        });
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "{processor} ({cores} cores{memory}), {}, {}",
        said_by("uname", &["-sr"]),
        said_by("rustc", &["--version"])
    )
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_by_how_much_and_whether_it_is_enough() {
        let figure: Figure = serde_json::from_str(
            r#"{"id":"B1","case":"gold","unit":"frames/s","value":5000000,"runs":[1,2,3],"target":4000000,
                "reference":{"name":"serde_json alone","value":4000000},"check":"books"}"#,
        )
        .unwrap();
        assert_eq!(
            row(&figure),
            "| B1 | gold | 5.00 M frames/s | 4.00 M serde_json alone | 1.25 | 4.00 M | yes | 3 | books |"
        );
    }

    #[test]
    fn a_ratio_of_times_is_better_when_less() {
        for (case, met) in [
            ("time per event at 2 M over 1 M events", true),
            ("two cores over one", false),
        ] {
            let line = format!(r#"{{"id":"B2","case":"{case}","unit":"ratio","value":1.0,"target":1.1}}"#);
            let figure: Figure = serde_json::from_str(&line).unwrap();
            assert_eq!(figure.is_met(), Some(met), "{case}");
        }
    }

    #[test]
    fn less_can_be_better() {
        let line = r#"{"id":"B14","case":"c","unit":"s","value":0.61,"target":0.5}"#;
        let figure: Figure = serde_json::from_str(line).unwrap();
        assert!(
            row(&figure).contains("| 0.6100 s |  |  | 0.5000 | no |"),
            "{}",
            row(&figure)
        );
    }
}
