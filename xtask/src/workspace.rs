//! Where things are: [`Workspace`].

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell;

/// The repository on disk.
pub(crate) struct Workspace {
    /// Folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds, and we what we download and measure.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace this program was built in.
    pub(crate) fn find() -> Result<Workspace> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies in the workspace")?
            .to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Ok(Workspace {
            target: root.join(target),
            root,
        })
    }

    /// Recorded data and peers that are no part of the repository: `KMI_SHARED`, else `../shared`; `None` where absent.
    pub(crate) fn shared(&self) -> Option<PathBuf> {
        let folder = match std::env::var_os("KMI_SHARED") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("../shared"),
        };
        folder.canonicalize().ok().filter(|folder| folder.is_dir())
    }

    /// A command that starts in the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Cargo, the one that runs us, without colours so that its counts can be read.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(cargo);
        command
            .args(arguments)
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Builds `kmi` if needed and says where it is. The development profile: it shares what the tests build, and what works
    /// on millions of rows is optimised there too.
    pub(crate) fn kmi(&self) -> Result<PathBuf> {
        shell::run(&mut self.cargo(&["build", "--locked", "--package", "kmi-cli"]))
            .context("kmi does not build")?;
        let name = format!("kmi{}", std::env::consts::EXE_SUFFIX);
        let binary = self.target.join("debug").join(name);
        ensure!(binary.is_file(), "cargo built no {}", binary.display());
        Ok(binary)
    }
}
