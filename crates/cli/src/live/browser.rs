//! Opening the one-time link in a browser, where a person sits before one.
//!
//! Arguments of programs can be read by everybody on the machine, and the link is a way in. So the browser is given the path of a page
//! that only its owner can read, and that leads on to the link.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// Opens `link`, by a page at `page`, if standard output is a terminal and there is something to open it with; failing is no matter, as the
/// link is printed too.
pub(crate) fn open(link: &str, page: &Path) {
    if !std::io::stdout().is_terminal() {
        return;
    }
    let Some(mut command) = opener() else { return };
    if let Err(error) = lead(page, link) {
        tracing::debug!(%error, "no browser opened");
        return;
    }
    let quiet = command
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Err(error) = quiet.spawn() {
        tracing::debug!(%error, "no browser opened");
    }
}

/// Writes a page that leads to `link` and that only its owner can read. What it leads to is good once, so it may stay.
fn lead(page: &Path, link: &str) -> io::Result<()> {
    match fs::remove_file(page) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    // New, so that it is nobody else's file, and nobody has it open.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0; url={link}\"><title>kmi</title><a href=\"{link}\">Open</a>\n"
    );
    options.open(page)?.write_all(text.as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_leads_to_the_newest_link_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("open.html");
        lead(&page, "http://127.0.0.1:8000/session/begin?token=old").unwrap();
        lead(&page, "http://127.0.0.1:8000/session/begin?token=new").unwrap();
        let text = fs::read_to_string(&page).unwrap();
        assert!(
            text.contains("content=\"0; url=http://127.0.0.1:8000/session/begin?token=new\""),
            "{text}"
        );
        assert!(!text.contains("old"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
