//! Other people's programs on the same work, from `../shared/bench` where it exists: [`Peers`].

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use super::figure::PeerFigure;
use crate::workspace::Workspace;
use crate::{python, shell};

/// What the peers' scripts import, in the versions their figures were published for.
const REQUIREMENTS: &str =
    "numpy<2.4\nnumba\npandas<3\nplotly<6\nhftbacktest==2.4.4\nvectorbt==1.0.0\npsycopg2-binary\n";

/// A peer's script and the line of its output that counts.
struct Peer {
    id: &'static str,
    script: &'static str,
    arguments: &'static [&'static str],
    /// Key that names the peer, the beginning of its value, and the key of the figure.
    name_key: &'static str,
    name: &'static str,
    value_key: &'static str,
    unit: &'static str,
}

const PEERS: [Peer; 3] = [
    Peer {
        id: "B2",
        script: "hft_bt.py",
        arguments: &["maker", "2000000"],
        name_key: "peer",
        name: "hftbacktest",
        value_key: "events_per_s",
        unit: "events/s",
    },
    Peer {
        id: "B3",
        script: "bars.py",
        arguments: &["vbt"],
        name_key: "peer",
        name: "vectorbt sweep",
        value_key: "bar_combos_per_s",
        unit: "bar-combinations/s",
    },
    Peer {
        id: "B4",
        script: "pnl_ref.py",
        arguments: &[],
        name_key: "bench",
        name: "pandas",
        value_key: "pos_per_s",
        unit: "positions/s",
    },
];

/// The peers that can run here.
#[derive(Default)]
pub(crate) struct Peers {
    /// Folder of the scripts and the interpreter with what they import.
    scripts: Option<(PathBuf, PathBuf)>,
    /// Folder in which the scripts run and whose `data/` holds the feed.
    run_folder: PathBuf,
    /// The generated feed, flat records of 24 bytes.
    pub(crate) feed: Option<PathBuf>,
}

/// Installs what the wanted peers need and generates their feed, once.
pub(crate) fn prepare(workspace: &Workspace, wanted: &dyn Fn(&str) -> bool) -> Result<Peers> {
    let scripts = workspace
        .shared()
        .map(|shared| shared.join("bench"))
        .filter(|folder| folder.is_dir());
    let Some(scripts) = scripts else {
        eprintln!("no ../shared/bench: measuring without peers");
        return Ok(Peers::default());
    };
    if !PEERS.iter().any(|peer| wanted(peer.id)) && !wanted("B1") {
        return Ok(Peers::default());
    }
    let python = python::environment(workspace, "python-peers", REQUIREMENTS, python::PythonBound::Kept)?;
    let run_folder = workspace.target.join("bench");
    let feed = run_folder.join("data/feed.bin");
    if !feed.is_file() {
        eprintln!("generating the feed of the peers");
        let folder = run_folder.join("data");
        std::fs::create_dir_all(&folder)?;
        let mut generate = workspace.command(&python);
        generate
            .arg(scripts.join("gen_feed.py"))
            .args(["1000000", "1000000"])
            .arg(&folder);
        shell::output(&mut generate).context("the feed could not be generated")?;
    }
    Ok(Peers {
        scripts: Some((scripts, python)),
        run_folder,
        feed: Some(feed),
    })
}

impl Peers {
    /// One round of the peers of target `id`; one that does not run is named and left out.
    pub(crate) fn measure(&self, id: &str) -> Vec<PeerFigure> {
        let peers = PEERS.iter().filter(|peer| peer.id == id);
        peers
            .filter_map(|peer| match self.round(peer) {
                Ok(figure) => figure,
                Err(error) => {
                    eprintln!("{} did not run: {error:#}", peer.name);
                    None
                }
            })
            .collect()
    }

    /// Runs a peer until it printed the line that counts; what it would do after that is not waited for.
    fn round(&self, peer: &Peer) -> Result<Option<PeerFigure>> {
        let Some((scripts, python)) = &self.scripts else {
            return Ok(None);
        };
        let mut child = Command::new(python)
            .args(["-B", "-u"])
            .arg(scripts.join(peer.script))
            .args(peer.arguments)
            .current_dir(&self.run_folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start python")?;
        let stdout = child.stdout.take().context("python gave no output to read")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let figure = lines.find_map(|line| peer.figure(&line));
        // It may have ended by itself; both are fine.
        let _ = child.kill();
        child.wait()?;
        figure.map(Some).context("it printed no figure")
    }
}

impl Peer {
    /// The figure, if this is the line that counts.
    fn figure(&self, line: &str) -> Option<PeerFigure> {
        let line: Value = serde_json::from_str(line).ok()?;
        let name = line[self.name_key].as_str()?;
        let value = line[self.value_key].as_f64()?;
        name.starts_with(self.name).then(|| PeerFigure {
            id: self.id,
            name: name.to_owned(),
            unit: self.unit,
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_that_counts_is_a_figure() {
        let sweep = &PEERS[1];
        assert!(
            sweep
                .figure(r#"{"peer": "vectorbt 1.0.0", "bars_per_s": 420875}"#)
                .is_none()
        );
        assert!(sweep.figure("Traceback").is_none());
        let figure = sweep.figure(r#"{"peer": "vectorbt sweep 100 combos", "bar_combos_per_s": 937180}"#);
        assert!((figure.unwrap().value - 937_180.0).abs() < 1e-9);
    }
}
