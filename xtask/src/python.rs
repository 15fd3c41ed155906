//! Python for the checks and the peers: virtual environments under the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::workspace::Workspace;

/// What to do about packages that name a newer Python than the one there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PythonBound {
    /// They are not installed.
    Kept,
    /// They are installed all the same: their bound is stricter than their code.
    Ignored,
}

/// The interpreter of the environment `name`, made with what `requirements` lists unless it is there already.
pub(crate) fn environment(
    workspace: &Workspace,
    name: &str,
    requirements: &str,
    bound: PythonBound,
) -> Result<PathBuf> {
    let folder = workspace.target.join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements.txt");
    if python.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(python);
    }
    create(&folder)?;
    let wanted = folder.join("wanted.txt");
    std::fs::write(&wanted, requirements)?;
    eprintln!("installing python packages into {}", folder.display());
    shell::run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args((bound == PythonBound::Ignored).then_some("--ignore-requires-python"))
            .arg("--requirement")
            .arg(&wanted),
    )
    .context("pip could not install what the checks need")?;
    std::fs::rename(&wanted, &stamp)?;
    Ok(python)
}

fn create(folder: &Path) -> Result<()> {
    if !shell::is_installed("python3") {
        if !shell::can_install_packages() {
            bail!("python3 is not installed; the checks need Python 3.10 or later with venv");
        }
        shell::install_package("python3")?;
    }
    let venv = || {
        shell::run(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(folder),
        )
    };
    if venv().is_err() {
        if !shell::can_install_packages() {
            bail!("python3 has no venv module; on Debian it is the package python3-venv");
        }
        shell::install_package("python3-venv")?;
        venv()?;
    }
    Ok(())
}
