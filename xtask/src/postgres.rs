//! A throwaway PostgreSQL for the checks: its own folder, a socket instead of a port, gone afterwards.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::shell;

/// A running server; stopped and deleted when dropped.
pub(crate) struct Postgres {
    server: Child,
    folder: tempfile::TempDir,
}

/// The folder of `initdb` and `postgres`, installed if it is missing and may be; `None` without PostgreSQL.
pub(crate) fn binaries() -> Option<PathBuf> {
    let found = find();
    if found.is_some() || !shell::can_install_packages() {
        return found;
    }
    shell::install_package("postgresql").ok()?;
    find()
}

/// The newest of Debian's folders, else the first on the search path that has all we call.
fn find() -> Option<PathBuf> {
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    installed.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = installed.into_iter().rev().chain(std::env::split_paths(&path));
    let programs = ["initdb", "postgres", "pg_isready", "createdb"];
    folders.find(|folder| programs.iter().all(|program| folder.join(program).is_file()))
}

impl Postgres {
    /// Starts a server of its own; as `nobody` when we are root, because PostgreSQL refuses root.
    ///
    /// Makes one empty database for each of `databases`.
    pub(crate) fn start(binaries: &Path, databases: &[&str]) -> Result<Postgres> {
        let folder = tempfile::Builder::new().prefix("kmi-postgres-").tempdir()?;
        if shell::is_root() {
            shell::run(Command::new("chown").arg("nobody").arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        let mut initdb = unprivileged(&binaries.join("initdb"));
        initdb
            .args([
                "-U",
                "kmi",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .current_dir("/");
        shell::run(&mut initdb).context("initdb failed")?;
        let server = unprivileged(&binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "log_min_messages=fatal",
            ])
            .current_dir("/")
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start postgres")?;
        let mut postgres = Postgres { server, folder };
        postgres.wait_until_ready(binaries)?;
        for database in databases {
            let mut create = Command::new(binaries.join("createdb"));
            create.args(["-U", "kmi", "-h"]).arg(postgres.folder.path());
            shell::run(create.arg(database).current_dir("/"))?;
        }
        Ok(postgres)
    }

    /// URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://kmi@{socket}/{database}")
    }

    fn wait_until_ready(&mut self, binaries: &Path) -> Result<()> {
        for _ in 0..300 {
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres ended at once with {status}");
            }
            let mut ask = Command::new(binaries.join("pg_isready"));
            ask.args(["-q", "-U", "kmi", "-d", "postgres", "-h"])
                .arg(self.folder.path());
            ask.current_dir("/");
            if shell::succeeds(&mut ask) {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        bail!("postgres was not ready within 30 seconds")
    }

    fn stop(&mut self) -> Result<()> {
        // The fast shutdown: connections are cut, files are left whole.
        let interrupted = shell::succeeds(Command::new("kill").args(["-INT", &self.server.id().to_string()]));
        ensure!(interrupted, "cannot interrupt postgres");
        self.server.wait()?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.stop().is_err() {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}

fn unprivileged(program: &Path) -> Command {
    if !shell::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
        .arg(program);
    command
}
