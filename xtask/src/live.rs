//! The checks of the live half, in Python: short as a step of `test`, long as runs of `soak`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::postgres;
use crate::python::{self, PythonBound};
use crate::workspace::Workspace;

/// `checks/live/run.py` on a program, with all there is on this machine: PostgreSQL, recorded data, the specification.
pub(crate) fn command(workspace: &Workspace, kmi: &Path) -> Result<Command> {
    let checks = workspace.root.join("checks/live");
    let requirements = std::fs::read_to_string(checks.join("requirements.txt"))?;
    // The official client asks for Python 3.13 and runs on 3.11.
    let python = python::environment(workspace, "python-live", &requirements, PythonBound::Ignored)?;
    let mut command = workspace.command(&python);
    command.arg("-B").arg(checks.join("run.py")).arg("--kmi").arg(kmi);
    if let Some(binaries) = postgres::binaries() {
        command.arg("--postgres").arg(binaries);
    }
    if let Some(shared) = workspace.shared() {
        command.arg("--spec").arg(shared.join("kalshi"));
        command.arg("--data").arg(shared.join("data"));
    }
    Ok(command)
}
