//! Other people's programs on the same work, from `../shared/bench` where it exists: [`Peers`].

use std::path::PathBuf;

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
    /// Folder of the generated feed: `feed.bin` and its siblings.
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
    let python = python::environment(workspace, "python-peers", REQUIREMENTS)?;
    let run_folder = workspace.target.join("bench");
    let feed = run_folder.join("data");
    if !feed.join("feed.bin").is_file() {
        eprintln!("generating the feed of the peers");
        std::fs::create_dir_all(&feed)?;
        let mut generate = workspace.command(&python);
        generate
            .arg(scripts.join("gen_feed.py"))
            .args(["1000000", "1000000"])
            .arg(&feed);
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

    fn round(&self, peer: &Peer) -> Result<Option<PeerFigure>> {
        let Some((scripts, python)) = &self.scripts else {
            return Ok(None);
        };
        let mut command = std::process::Command::new(python);
        command
            .arg("-B")
            .arg(scripts.join(peer.script))
            .args(peer.arguments)
            .current_dir(&self.run_folder);
        // The script of B4 goes on to a database we do not have, after the line that counts: its exit code says nothing.
        let output = command.output().context("cannot start python")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|line| {
                let name = line[peer.name_key].as_str()?.to_owned();
                let value = line[peer.value_key].as_f64()?;
                name.starts_with(peer.name).then_some(PeerFigure {
                    id: peer.id,
                    name,
                    unit: peer.unit,
                    value,
                })
            })
            .next_back();
        let complaint = String::from_utf8_lossy(&output.stderr);
        figure
            .map(Some)
            .with_context(|| format!("no figure; it said: {}", complaint.trim()))
    }
}
