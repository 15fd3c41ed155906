//! The steps of `cargo xtask test`.

use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};

use super::counts::Counts;
use crate::postgres::{self, Postgres};
use crate::python::PythonBound;
use crate::workspace::Workspace;
use crate::{generate, licences, live, python, shell};

/// What `git status` said before anything ran.
static TREE_BEFORE: OnceLock<Option<String>> = OnceLock::new();

fn tree(workspace: &Workspace) -> Option<String> {
    let mut git = workspace.command("git");
    git.args(["status", "--porcelain"])
        .stderr(std::process::Stdio::null());
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Notes the state of the tree, for [`clean_tree`].
pub(crate) fn remember_tree(workspace: &Workspace) {
    TREE_BEFORE.get_or_init(|| tree(workspace));
}

pub(crate) fn format(workspace: &Workspace) -> Result<Counts> {
    shell::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    Ok(Counts::passed())
}

pub(crate) fn licences(workspace: &Workspace) -> Result<Counts> {
    licences::check(workspace)?;
    Ok(Counts::passed())
}

pub(crate) fn clippy(workspace: &Workspace) -> Result<Counts> {
    let arguments = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    shell::run(&mut workspace.cargo(&arguments))?;
    Ok(Counts::passed())
}

pub(crate) fn docs(workspace: &Workspace) -> Result<Counts> {
    let mut cargo = workspace.cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    shell::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Counts::passed())
}

pub(crate) fn tests(workspace: &Workspace) -> Result<Counts> {
    if postgres::binaries().is_none() {
        eprintln!(
            "PostgreSQL is not installed: the storage suite runs on SQLite only and says what it skipped"
        );
    }
    if shell::is_installed("cargo-nextest") {
        let arguments = [
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--no-fail-fast",
            "--status-level",
            "slow",
        ];
        let spoken = shell::overhear(&mut workspace.cargo(&arguments))?;
        let counts = Counts::of_nextest(&spoken.text).context("cargo nextest gave no summary")?;
        return Ok(counts.with_exit(spoken.succeeded));
    }
    eprintln!("cargo-nextest is not installed: running the same tests with cargo test");
    let arguments = [
        "test",
        "--locked",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
        "--no-fail-fast",
        "--quiet",
    ];
    let spoken = shell::overhear(&mut workspace.cargo(&arguments))?;
    Ok(Counts::of_cargo_test(&spoken.text).with_exit(spoken.succeeded))
}

pub(crate) fn doc_tests(workspace: &Workspace) -> Result<Counts> {
    let spoken = shell::overhear(&mut workspace.cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--doc",
        "--no-fail-fast",
    ]))?;
    Ok(Counts::of_cargo_test(&spoken.text).with_exit(spoken.succeeded))
}

/// Recomputes what `kmi` prints from the raw files, with pandas and DuckDB.
pub(crate) fn python_checks(workspace: &Workspace) -> Result<Counts> {
    let checks = workspace.root.join("checks");
    let requirements = std::fs::read_to_string(checks.join("requirements.txt"))?;
    let python = python::environment(workspace, "python-checks", &requirements, PythonBound::Kept)?;
    let kmi = workspace.kmi()?;
    let postgres = match postgres::binaries() {
        Some(binaries) => Some(Postgres::start(&binaries, &["synthetic", "weather"])?),
        None => None,
    };
    let mut command = workspace.command(&python);
    command
        .arg("-B")
        .arg(checks.join("run.py"))
        .arg("--kmi")
        .arg(&kmi);
    if let Some(postgres) = &postgres {
        command.args(["--postgres", &postgres.url("{database}")]);
    }
    if let Some(shared) = workspace.shared() {
        command.arg("--data").arg(shared.join("data"));
    }
    let spoken = shell::overhear(&mut command)?;
    let counts = Counts::of_checks(&spoken.text).with_exit(spoken.succeeded);
    ensure!(counts != Counts::default(), "the python checks checked nothing");
    Ok(counts)
}

/// Drives `kmi exchange` with other people's clients, and holds what it says to the specification.
pub(crate) fn conformance(workspace: &Workspace) -> Result<Counts> {
    let checks = workspace.root.join("checks/conformance");
    let requirements = std::fs::read_to_string(checks.join("requirements.txt"))?;
    // The official client asks for Python 3.13 and runs on 3.11.
    let python = python::environment(
        workspace,
        "python-conformance",
        &requirements,
        PythonBound::Ignored,
    )?;
    let kmi = workspace.kmi()?;
    let mut command = workspace.command(&python);
    command
        .arg("-B")
        .arg(checks.join("run.py"))
        .arg("--kmi")
        .arg(&kmi);
    if let Some(shared) = workspace.shared() {
        command.arg("--spec").arg(shared.join("kalshi"));
    }
    let spoken = shell::overhear(&mut command)?;
    let counts = Counts::of_checks(&spoken.text).with_exit(spoken.succeeded);
    ensure!(
        counts != Counts::default(),
        "the conformance checks checked nothing"
    );
    Ok(counts)
}

/// Follows `kmi exchange` with the live half, under faults and replays, and looks at it with other people's clients.
pub(crate) fn live_checks(workspace: &Workspace) -> Result<Counts> {
    let kmi = workspace.kmi()?;
    let spoken = shell::overhear(&mut live::command(workspace, &kmi)?)?;
    let counts = Counts::of_checks(&spoken.text).with_exit(spoken.succeeded);
    ensure!(counts != Counts::default(), "the live checks checked nothing");
    Ok(counts)
}

pub(crate) fn generated_documents(workspace: &Workspace) -> Result<Counts> {
    generate::check(workspace)?;
    Ok(Counts::passed())
}

/// Nothing above may leave anything behind, or change what is committed.
pub(crate) fn clean_tree(workspace: &Workspace) -> Result<Counts> {
    let before = TREE_BEFORE.get().cloned().flatten();
    let (Some(before), Some(after)) = (before, tree(workspace)) else {
        eprintln!("skipped clean tree: no git here");
        return Ok(Counts {
            skipped: 1,
            ..Counts::default()
        });
    };
    if before != after {
        bail!("the run changed the tree; before:\n{before}after:\n{after}");
    }
    Ok(Counts::passed())
}
