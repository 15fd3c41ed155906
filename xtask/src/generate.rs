//! `cargo xtask gen`: documents written from the program itself, so that they cannot be out of date.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// What `gen` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a document would change.
    #[arg(long)]
    check: bool,
}

/// A document and what it should say.
struct Document {
    path: &'static str,
    text: String,
}

/// Writes all generated documents, or checks them.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.check {
        check(workspace)?;
    } else {
        for document in documents(workspace)? {
            std::fs::write(workspace.root.join(document.path), &document.text)?;
            eprintln!("wrote {}", document.path);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An error that names the documents that are out of date.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let stale: Vec<&str> = documents(workspace)?
        .iter()
        .filter(|document| {
            !std::fs::read_to_string(workspace.root.join(document.path))
                .is_ok_and(|text| text == document.text)
        })
        .map(|document| document.path)
        .collect();
    ensure!(
        stale.is_empty(),
        "out of date, run `cargo xtask gen`: {}",
        stale.join(", ")
    );
    Ok(())
}

fn documents(workspace: &Workspace) -> Result<Vec<Document>> {
    let kmi = workspace.kmi()?;
    Ok(vec![
        Document {
            path: "docs/CLI.md",
            text: command_line(&kmi)?,
        },
        Document {
            path: "docs/STRATEGIES.md",
            text: strategies(&kmi)?,
        },
        Document {
            path: "docs/openapi.json",
            text: say(&kmi, &["openapi"])? + "\n",
        },
        Document {
            path: "docs/config.schema.json",
            text: say(&kmi, &["config-schema"])? + "\n",
        },
        Document {
            path: "kmi.example.toml",
            text: say(&kmi, &["config-schema", "--sample"])? + "\n",
        },
    ])
}

/// The help of every command, in the order in which help lists them.
fn command_line(kmi: &Path) -> Result<String> {
    let mut text = String::from(
        "# The command line\n\nWritten by `cargo xtask gen` from what each command says of itself; do not edit.\n",
    );
    let mut waiting = vec![Vec::<String>::new()];
    while let Some(path) = waiting.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = say(kmi, &arguments)?;
        let heading = "#".repeat((path.len() + 2).min(4));
        let name = std::iter::once("kmi")
            .chain(path.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        write!(text, "\n{heading} {name}\n\n```text\n{}\n```\n", help.trim_end())?;
        for command in commands(&help).into_iter().rev() {
            let mut deeper = path.clone();
            deeper.push(command);
            waiting.push(deeper);
        }
    }
    Ok(text)
}

/// Names under `Commands:` in a help text, without `help` itself.
fn commands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // Names are indented by two, what wraps below them by more.
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// One table of parameters for each strategy.
fn strategies(kmi: &Path) -> Result<String> {
    let list = say(kmi, &["backtest", "run", "--strategy", "list", "--json"])?;
    let list: Value = serde_json::from_str(&list).context("the list of strategies is no JSON")?;
    let mut text = String::from(
        "# The strategies\n\nWritten by `cargo xtask gen` from `kmi backtest run --strategy list`; do not edit. How they \
         are run and judged is in [RESEARCH.md](RESEARCH.md).\n",
    );
    for strategy in list["strategies"]
        .as_array()
        .context("no strategies are listed")?
    {
        write!(
            text,
            "\n## {}\n\n{}\n\n",
            cell(&strategy["name"]),
            cell(&strategy["doc"])
        )?;
        writeln!(
            text,
            "| parameter | type | unit | default | range | |\n|---|---|---|---|---|---|"
        )?;
        for parameter in strategy["params"].as_array().into_iter().flatten() {
            let cells = ["name", "type", "unit", "default", "range", "doc"].map(|key| cell(&parameter[key]));
            writeln!(text, "| {} |", cells.join(" | "))?;
        }
    }
    Ok(text.trim_end().to_owned() + "\n")
}

/// Text of a JSON value as it may stand in a Markdown table; nothing for null.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace('|', "\\|")
}

/// Standard output of `kmi`, the same on every machine: no settings, no terminal, a fixed width.
fn say(kmi: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(kmi)
        .args(arguments)
        .env_clear()
        .env("COLUMNS", "100")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .context("cannot start kmi")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "kmi {} failed: {complaint}",
        arguments.join(" ")
    );
    let text = String::from_utf8(output.stdout).context("kmi wrote no UTF-8")?;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_in_a_word_does_not_end_the_cell() {
        assert_eq!(cell(&Value::from("bins | logit")), "bins \\| logit");
        assert_eq!(cell(&Value::Null), "");
    }

    #[test]
    fn commands_are_the_names_under_their_heading() {
        let help = "Usage: kmi\n\nCommands:\n  import     Takes in\n             more of it\n  book       Books\n  help       Print\n\nOptions:\n  -h\n";
        assert_eq!(commands(help), ["import", "book"]);
        assert!(commands("Options:\n  -h\n").is_empty());
    }
}
