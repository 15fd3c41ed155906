//! Opening the one-time link in a browser, where a person sits before one.

use std::io::IsTerminal;
use std::process::{Command, Stdio};

/// Opens `link` if standard output is a terminal and there is something to open it with; failing is no matter, as the link is printed too.
pub(crate) fn open(link: &str) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    let Some(mut command) = opener() else { return };
    let quiet = command
        .arg(link)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Err(error) = quiet.spawn() {
        tracing::debug!(%error, "no browser opened");
    }
}

/// What opens a link on this system, where there is a screen to show it on.
fn opener() -> Option<Command> {
    if cfg!(target_os = "macos") {
        return Some(Command::new("open"));
    }
    if cfg!(windows) {
        return Some(Command::new("explorer"));
    }
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    has_screen.then(|| Command::new("xdg-open"))
}
