//! `cargo xtask test`: every check there is, one after another, with the counts at the end.

mod counts;
mod steps;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;
use counts::Counts;

/// What `test` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only the steps whose names begin like this; all without it.
    #[arg(long, value_delimiter = ',', value_name = "STEP,..")]
    only: Vec<String>,
}

/// A check or a set of tests.
struct Step {
    name: &'static str,
    run: fn(&Workspace) -> Result<Counts>,
}

/// From quick to slow; what shares compiled code follows one another.
const STEPS: [Step; 11] = [
    Step {
        name: "format",
        run: steps::format,
    },
    Step {
        name: "licences",
        run: steps::licences,
    },
    Step {
        name: "clippy",
        run: steps::clippy,
    },
    Step {
        name: "docs",
        run: steps::docs,
    },
    Step {
        name: "tests",
        run: steps::tests,
    },
    Step {
        name: "doc tests",
        run: steps::doc_tests,
    },
    Step {
        name: "python checks",
        run: steps::python_checks,
    },
    Step {
        name: "conformance",
        run: steps::conformance,
    },
    Step {
        name: "live checks",
        run: steps::live_checks,
    },
    Step {
        name: "generated documents",
        run: steps::generated_documents,
    },
    Step {
        name: "clean tree",
        run: steps::clean_tree,
    },
];

/// Runs all steps, also after one that failed, and ends with one line of counts.
///
/// # Errors
/// When no step is called what `--only` says.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let wanted = |step: &&Step| {
        let mut only = arguments.only.iter();
        arguments.only.is_empty() || only.any(|name| step.name.starts_with(name.as_str()))
    };
    let steps: Vec<&Step> = STEPS.iter().filter(wanted).collect();
    let names = STEPS.map(|step| step.name).join(", ");
    ensure!(!steps.is_empty(), "the steps are: {names}");

    let began = Instant::now();
    steps::remember_tree(workspace);
    let mut total = Counts::default();
    let mut table = Vec::new();
    for step in steps {
        eprintln!("\n=== {}", step.name);
        let began = Instant::now();
        let counts = (step.run)(workspace).unwrap_or_else(|error| {
            eprintln!("FAILED {}: {error:#}", step.name);
            Counts::failed()
        });
        table.push((step.name, counts, began.elapsed()));
        total += counts;
    }
    eprintln!(
        "\n{:<22} {:>7} {:>7} {:>8} {:>8}",
        "step", "passed", "failed", "skipped", "seconds"
    );
    for (name, counts, time) in table {
        let Counts {
            passed,
            failed,
            skipped,
        } = counts;
        eprintln!(
            "{name:<22} {passed:>7} {failed:>7} {skipped:>8} {:>8.1}",
            time.as_secs_f64()
        );
    }
    eprintln!("all in {:.0} seconds", began.elapsed().as_secs_f64());
    println!("{total}");
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
