//! Programs that run until they are told to stop: started, asked, stopped, killed.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Desk;

/// Longest wait for anything on a slow, loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A program that runs, what its first line says, and its log; killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) told: Value,
    log: Arc<Mutex<String>>,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it ended by itself there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts `kmi` with `--json` and reads its first line.
    pub(crate) fn start(desk: &Desk, args: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut running = Running::spawn(desk, args, environment);
        let stdout = running.child.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        running.told = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("{error}: {line:?}, and the log says: {}", running.log());
        });
        running
    }

    /// Starts it without waiting for its first line.
    pub(crate) fn spawn(desk: &Desk, args: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut child = desk
            .command(&[args, &["--json"]].concat())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Running {
            child,
            told: Value::Null,
            log,
        }
    }

    /// A word of the first line.
    pub(crate) fn word(&self, key: &str) -> &str {
        self.told[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key}: {}", self.told))
    }

    /// All it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Host and port it serves on.
    pub(crate) fn place(&self) -> &str {
        self.word("url").strip_prefix("http://").unwrap()
    }

    /// `GET` of a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        get(self.place(), path).unwrap_or_else(|error| panic!("{path}: {error}; {}", self.log()))
    }

    /// Asks until the answer is as wanted, and gives it.
    pub(crate) fn until(&self, path: &str, is_wanted: impl Fn(&Answer) -> bool) -> Answer {
        let mut last = None;
        let answer = wait_for(|| {
            let answer = get(self.place(), path).ok()?;
            if is_wanted(&answer) {
                return Some(answer);
            }
            last = Some(answer);
            None
        });
        answer.unwrap_or_else(|| panic!("{path}: at last {last:?}; {}", self.log()))
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Kills it where it stands, and sees it gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    #[cfg(unix)]
    pub(crate) fn stop(&self) {
        self.signal("-TERM");
    }

    /// Its exit code; panics when it runs on.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let status = wait_for(|| self.child.try_wait().unwrap());
        status
            .unwrap_or_else(|| panic!("still running; {}", self.log()))
            .code()
    }
}

/// Tries until there is something, [`PATIENCE`] long.
pub(crate) fn wait_for<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(found) = attempt() {
            return Some(found);
        }
        thread::sleep(Duration::from_millis(50));
    }
    None
}

/// `GET` over a connection of its own.
pub(crate) fn get(place: &str, path: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.unwrap_or_default(),
        body: unchunked(head, body),
    })
}

/// A body whose chunks are put together.
fn unchunked(head: &str, body: &str) -> String {
    if !head.to_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let mut whole = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or_default();
        if size == 0 {
            break;
        }
        whole.push_str(&after[..size]);
        rest = after[size..].trim_start_matches("\r\n");
    }
    whole
}

/// An exchange of our own on a port of its own, and what one sets to follow it.
pub(crate) struct Followed {
    pub(crate) exchange: Running,
}

impl Followed {
    pub(crate) fn open(desk: &Desk, args: &[&str]) -> Followed {
        let args = [&["exchange", "--port", "0", "--tier", "unlimited"], args].concat();
        Followed {
            exchange: Running::start(desk, &args, &[]),
        }
    }

    pub(crate) fn word(&self, pointer: &str) -> &str {
        let word = self.exchange.told.pointer(pointer).and_then(Value::as_str);
        word.unwrap_or_else(|| panic!("{pointer}: {}", self.exchange.told))
    }

    /// The environment of who follows it, with the key of its account `demo`.
    pub(crate) fn environment(&self) -> [(&str, &str); 4] {
        [
            ("KMI_EXCHANGE__REST_URL", self.word("/rest")),
            ("KMI_EXCHANGE__WS_URL", self.word("/ws")),
            ("KMI_EXCHANGE__KEY_ID", self.word("/accounts/0/key_id")),
            (
                "KMI_EXCHANGE__PRIVATE_KEY_PATH",
                self.word("/accounts/0/private_key_path"),
            ),
        ]
    }
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
