//! Running programs: shown as they run, captured where their words are needed.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail, ensure};

/// What a program said and whether it was content.
pub(crate) struct Spoken {
    /// Standard output and error, line by line as they came.
    pub(crate) text: String,
    /// Exit code zero.
    pub(crate) succeeded: bool,
}

/// Runs and shows; an exit code other than zero is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", line(command)))?;
    ensure!(status.success(), "{} ended with {status}", line(command));
    Ok(())
}

/// Runs and gives standard output; standard error is shown.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    ensure!(
        output.status.success(),
        "{} ended with {}",
        line(command),
        output.status
    );
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no UTF-8", line(command)))
}

/// True when the program is there and content with its arguments; says nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs, shows on standard error what it says, and gives that back as well.
pub(crate) fn overhear(command: &mut Command) -> Result<Spoken> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("{} gave no output to read", line(command));
    };
    let text = Arc::new(Mutex::new(String::new()));
    let listeners = [
        listen(stdout, Arc::clone(&text)),
        listen(stderr, Arc::clone(&text)),
    ];
    let status = child.wait()?;
    for listener in listeners {
        let _ = listener.join();
    }
    let text = text
        .lock()
        .map_or_else(|poisoned| poisoned.into_inner().clone(), |text| text.clone());
    Ok(Spoken {
        text,
        succeeded: status.success(),
    })
}

fn listen(stream: impl Read + Send + 'static, text: Arc<Mutex<String>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            // A closed terminal must not lose the counts.
            let _ = writeln!(std::io::stderr(), "{line}");
            if let Ok(mut text) = text.lock() {
                text.push_str(&line);
                text.push('\n');
            }
        }
    })
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.is_empty() || word.contains([' ', '*', '$', '"']) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// True when a program of this name is on the search path.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// True when we are root.
pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// True when packages can be installed: Debian or a relative of it, and root.
pub(crate) fn can_install_packages() -> bool {
    is_installed("apt-get") && is_root()
}

/// Installs a Debian package.
pub(crate) fn install_package(name: &str) -> Result<()> {
    eprintln!("installing {name} with apt-get");
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null()))
    };
    if apt(&["install", "--yes", "--no-install-recommends", name]).is_err() {
        apt(&["update", "--quiet"])?;
        apt(&["install", "--yes", "--no-install-recommends", name])?;
    }
    Ok(())
}
