//! What the test programs share.

use std::path::PathBuf;

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
