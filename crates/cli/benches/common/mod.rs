//! The real program, started and asked from outside.
#![allow(dead_code, reason = "each bench uses what it needs of it")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whatever went wrong.
pub(crate) type Anyhow = Box<dyn Error + Send + Sync>;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// A `kmi` that runs; killed when dropped.
pub(crate) struct Running {
    child: Child,
    /// Its first line.
    pub(crate) told: serde_json::Value,
    /// When it was started.
    pub(crate) began: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it ended by itself there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts it in a data directory and waits for its first line.
    pub(crate) fn start(
        args: &[&str],
        data_dir: &Path,
        environment: &[(&str, &str)],
    ) -> Result<Running, Anyhow> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kmi"));
        for (name, _) in std::env::vars() {
            if name.starts_with("KMI_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        let began = Instant::now();
        let mut child = command
            .args(args)
            .args(["--json", "--data-dir"])
            .arg(data_dir)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let told = serde_json::from_str(&line).map_err(|error| format!("{error}: {line:?}"));
        let mut running = Running {
            child,
            told: serde_json::Value::Null,
            began,
        };
        running.told = told?;
        Ok(running)
    }

    /// A word of its first line.
    pub(crate) fn word(&self, pointer: &str) -> Result<&str, Anyhow> {
        let word = self.told.pointer(pointer).and_then(serde_json::Value::as_str);
        word.ok_or_else(|| format!("{pointer} is not in {}", self.told).into())
    }

    /// Host and port it serves on.
    pub(crate) fn place(&self) -> Result<String, Anyhow> {
        Ok(self.word("/url")?.trim_start_matches("http://").to_owned())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Anyhow> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        self.child.wait()?;
        Ok(())
    }

    /// Megabytes it holds in memory, as the system counts them.
    pub(crate) fn resident_mb(&self) -> Result<f64, Anyhow> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.ok_or("no VmRSS")? / 1_000.0 * 1.024)
    }
}

/// An exchange of our own, and what who follows it sets.
pub(crate) struct Exchange(pub(crate) Running);

impl Exchange {
    /// With so many markets, on a free port.
    pub(crate) fn open(markets: &str, data_dir: &Path) -> Result<Exchange, Anyhow> {
        let args = [
            "exchange",
            "--port",
            "0",
            "--tier",
            "unlimited",
            "--markets",
            markets,
        ];
        Ok(Exchange(Running::start(&args, data_dir, &[])?))
    }

    /// The environment of who follows it.
    pub(crate) fn environment(&self) -> Result<[(&'static str, &str); 4], Anyhow> {
        Ok([
            ("KMI_EXCHANGE__REST_URL", self.0.word("/rest")?),
            ("KMI_EXCHANGE__WS_URL", self.0.word("/ws")?),
            ("KMI_EXCHANGE__KEY_ID", self.0.word("/accounts/0/key_id")?),
            (
                "KMI_EXCHANGE__PRIVATE_KEY_PATH",
                self.0.word("/accounts/0/private_key_path")?,
            ),
        ])
    }
}

/// Status and everything else of an answer to `GET`.
pub(crate) fn get(place: &str, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.unwrap_or_default(), text))
}

/// Asks until the answer is as wanted; when that was.
pub(crate) fn until(
    place: &str,
    path: &str,
    mut is_wanted: impl FnMut(u16, &str) -> bool,
) -> Result<Instant, Anyhow> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Ok((status, text)) = get(place, path)
            && is_wanted(status, &text)
        {
            return Ok(Instant::now());
        }
        std::thread::sleep(LOOK);
    }
    Err(format!("{path} did not answer as wanted within {PATIENCE:?}").into())
}

/// A port nobody listens on.
pub(crate) fn free_port() -> Result<String, Anyhow> {
    let free = TcpListener::bind("127.0.0.1:0")?;
    Ok(free.local_addr()?.port().to_string())
}

/// Rounds asked for: `--runs N`.
pub(crate) fn runs() -> usize {
    let mut arguments = std::env::args()
        .skip_while(|argument| argument != "--runs")
        .skip(1);
    arguments.next().and_then(|runs| runs.parse().ok()).unwrap_or(1)
}

/// Values of the runs.
#[derive(Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    /// One more.
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The figure as `cargo xtask bench` reads it.
    pub(crate) fn print(&self, id: &str, case: &str, unit: &str, target: f64, check: &str) {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let value = sorted[sorted.len() / 2];
        let figure = serde_json::json!({
            "id": id, "case": case, "unit": unit, "value": value, "runs": self.0, "target": target, "check": check,
        });
        println!("{figure}");
    }
}
