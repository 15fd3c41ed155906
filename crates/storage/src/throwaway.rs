//! A PostgreSQL of one's own for tests and benches: started on first use, gone with the process.
//!
//! One server per process, a database per test. Where PostgreSQL is not installed there is none, and whoever asks says
//! so aloud.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Server of this process; `None` where PostgreSQL is not installed.
static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A server that ends when it is dropped, or its process does.
#[derive(Debug)]
pub struct Server {
    sockets: PathBuf,
    /// Kept open: the watcher takes the server down when this end closes, however the process ends.
    lifeline: std::process::ChildStdin,
    /// Says when it has done as told.
    answers: std::process::ChildStdout,
}

/// A server of one's own, to be stopped and started; `None`, said on standard error, where there is no PostgreSQL.
///
/// # Panics
/// When PostgreSQL is installed but does not start.
pub fn postgres_server() -> Option<Server> {
    let server = binaries().map(|binaries| start(&binaries));
    if server.is_none() {
        say_skipped();
    }
    server
}

fn say_skipped() {
    let said = "skipped: no PostgreSQL (neither in /usr/lib/postgresql nor on the PATH)";
    drop(writeln!(std::io::stderr(), "{said}"));
}

impl Server {
    /// URL of a new, empty database.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn database(&self) -> String {
        let name = format!("kmi_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let done = Command::new("psql")
            .args(["-q", "-U", "kmi", "-d", "postgres", "-h"])
            .arg(&self.sockets)
            .args(["-c", &format!("CREATE DATABASE {name}")])
            .env("PATH", search_path())
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "a database could not be made"
        );
        let sockets = self.sockets.display().to_string().replace('/', "%2F");
        format!("postgres://kmi@{sockets}/{name}")
    }

    /// Stops it as an accident would: connections end at once, what was not committed is gone.
    ///
    /// # Panics
    /// When it does not do as told.
    pub fn stop(&mut self) {
        self.tell("stop");
    }

    /// Starts it again, on the same data.
    ///
    /// # Panics
    /// When it does not do as told.
    pub fn start(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.lifeline, "{word}").expect("its watcher listens");
        let answer = line(&mut self.answers);
        assert_eq!(answer, "done", "the server was told to {word}");
    }
}

/// URL of a new, empty database; `None`, said on standard error, where there is no PostgreSQL.
///
/// # Panics
/// When PostgreSQL is installed but does not start: that is not a reason to skip.
pub fn postgres_database() -> Option<String> {
    let server = SERVER.get_or_init(postgres_server);
    server.as_ref().map(Server::database)
}

/// The installed folders before the PATH, newest first.
fn search_path() -> String {
    let found = binaries()
        .map(|folder| folder.display().to_string())
        .unwrap_or_default();
    format!("{found}:{}", std::env::var("PATH").unwrap_or_default())
}

/// Folder of `initdb` and `postgres`.
fn binaries() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    installed.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let installed = installed.into_iter().map(|path| path.join("bin"));
    let path = std::env::var("PATH").unwrap_or_default();
    let on_path = path.split(':').map(PathBuf::from);
    installed
        .chain(on_path)
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// The server's whole life, as a script: it must not run as root, and must end when whoever started it does.
const SCRIPT: &str = r#"
set -eu
cd /
bin=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/kmi-pg.XXXXXX")
as=
if [ "$(id -u)" = 0 ]; then
  chown nobody "$dir"
  as="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
stop() { kill -"$1" $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; }
trap 'stop INT; rm -rf "$dir"' EXIT
pid=
launch() {
  $as "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c max_connections=200 >>"$dir/log" 2>&1 </dev/null &
  pid=$!
  for _ in $(seq 300); do
    if "$bin/psql" -q -U kmi -h "$dir" -d postgres -c 'SELECT 1' >/dev/null 2>&1; then
      return 0
    fi
    kill -0 $pid || return 1
    sleep 0.1
  done
  return 1
}
$as "$bin/initdb" -D "$dir/data" -U kmi -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
launch || { cat "$dir/log"; exit 1; }
echo "$dir"
while read -r word; do
  case "$word" in
    stop) stop QUIT; echo done ;;
    start) launch && echo done ;;
  esac
done
"#;

fn start(binaries: &Path) -> Server {
    #[expect(
        clippy::zombie_processes,
        reason = "it lives as long as this process and ends when its standard input closes"
    )]
    let mut child = Command::new("setsid")
        .args(["bash", "-c", SCRIPT, "throwaway"])
        .arg(binaries)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Not ours: it outlives this process by a moment, and who waits for our output would wait for it too.
        .stderr(Stdio::null())
        .spawn()
        .expect("bash starts");
    let lifeline = child.stdin.take().expect("it was piped");
    let mut output = child.stdout.take().expect("it was piped");
    let sockets = PathBuf::from(line(&mut output));
    if !sockets.is_dir() {
        let mut log = String::new();
        drop(output.read_to_string(&mut log));
        panic!(
            "PostgreSQL is installed but did not start: {}\n{log}",
            sockets.display()
        );
    }
    Server {
        sockets,
        lifeline,
        answers: output,
    }
}

/// The next line, without its end.
fn line(output: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while output.read(&mut byte).expect("its output is read") == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8(line).expect("it says words and the name of a folder")
}

/// Ends every connection to a database, as an accident would: tests see what becomes of work in flight.
///
/// # Panics
/// When the server does not do as told.
pub fn crash_connections(url: &str) {
    let Some(name) = url.rsplit('/').next() else {
        return;
    };
    let Some(Some(server)) = SERVER.get() else {
        return;
    };
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let done = Command::new("psql")
        .args(["-q", "-U", "kmi", "-d", "postgres", "-h"])
        .arg(&server.sockets)
        .args(["-c", &sql])
        .env("PATH", search_path())
        .stdout(Stdio::null())
        .status();
    assert!(
        done.is_ok_and(|status| status.success()),
        "connections could not be ended"
    );
}
