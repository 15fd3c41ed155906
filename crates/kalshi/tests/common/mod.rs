//! What the test programs share.

use std::path::{Path, PathBuf};

/// Recorded data beside the repository, where it is present; says so where it is not.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let shared = std::env::var_os("KMI_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no ../shared/data");
    None
}

/// All files below a folder, sorted; none where the recordings have no such folder.
#[allow(
    dead_code,
    reason = "each test program compiles this module and not all use it"
)]
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// True when `files` are the very ones that exact figures were taken from, told by their number and their bytes together; says
/// so where they are others.
#[allow(
    dead_code,
    reason = "each test program compiles this module and not all use it"
)]
pub(crate) fn are_known(what: &str, files: &[PathBuf], number: usize, bytes: u64) -> bool {
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    let known = (files.len(), files.iter().map(length).sum::<u64>()) == (number, bytes);
    if !known {
        eprintln!("{what}: exact figures skipped, the recordings are others than those they were taken from");
    }
    known
}
