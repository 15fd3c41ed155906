//! What programs of this machine show: [`LocalToken`].

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The token that lets programs of this machine in. Only its hash is kept.
#[derive(Clone)]
pub struct LocalToken(blake3::Hash);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum LocalTokenError {
    /// Its file cannot be read or written.
    #[error("{path}")]
    Io {
        /// File.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read its file.
    #[error("{path}: mode {mode:o} lets others read it; make it 600")]
    Readable {
        /// File.
        path: PathBuf,
        /// Its rights.
        mode: u32,
    },
    /// Its file holds something else.
    #[error(
        "{path}: should hold one line of at least 32 visible characters; delete it to have a new one made"
    )]
    Malformed {
        /// File.
        path: PathBuf,
    },
}

impl LocalToken {
    /// The token given, for tests and benches.
    pub fn new(token: &str) -> LocalToken {
        LocalToken(blake3::hash(token.as_bytes()))
    }

    /// The token in the file, which is made of `entropy` if it is not there; readable by its owner alone.
    ///
    /// # Errors
    /// [`LocalTokenError`].
    pub fn at(path: &Path, entropy: &[u8; 32]) -> Result<LocalToken, LocalTokenError> {
        let io = |source| LocalTokenError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        match create(path) {
            Ok(mut file) => {
                let token = blake3::derive_key("kmi 2026-11 local token", entropy);
                let token = blake3::Hash::from_bytes(token).to_hex().to_string();
                writeln!(file, "{token}").map_err(io)?;
                file.sync_all().map_err(io)?;
                Ok(LocalToken::new(&token))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => kept(path),
            Err(error) => Err(io(error)),
        }
    }

    /// Whether `given` is the token; takes the same time wherever they differ.
    pub(crate) fn is(&self, given: &str) -> bool {
        self.0 == blake3::hash(given.as_bytes())
    }
}

fn kept(path: &Path) -> Result<LocalToken, LocalTokenError> {
    let io = |source| LocalTokenError::Io {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(io)?;
    refuse_readable(path, &file.metadata().map_err(io)?)?;
    let mut text = String::new();
    file.take(4_096).read_to_string(&mut text).map_err(io)?;
    let token = text.trim();
    if token.len() < 32 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(LocalTokenError::Malformed {
            path: path.to_owned(),
        });
    }
    Ok(LocalToken::new(token))
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn refuse_readable(path: &Path, about: &fs::Metadata) -> Result<(), LocalTokenError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = about.permissions().mode() & 0o777;
    let others = 0o077;
    if mode & others == 0 {
        return Ok(());
    }
    Err(LocalTokenError::Readable {
        path: path.to_owned(),
        mode,
    })
}

#[cfg(not(unix))]
fn refuse_readable(_: &Path, _: &fs::Metadata) -> Result<(), LocalTokenError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_made_once_and_read_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets/local-token");
        LocalToken::at(&path, &[1; 32]).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        let again = LocalToken::at(&path, &[2; 32]).unwrap();

        assert!(again.is(written.trim()));
        assert!(!again.is(""));
        assert_eq!(written.trim().len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn a_token_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local-token");
        LocalToken::at(&path, &[1; 32]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();

        let refused = LocalToken::at(&path, &[1; 32]);

        assert!(matches!(
            refused,
            Err(LocalTokenError::Readable { mode: 0o640, .. })
        ));
    }

    #[test]
    fn an_emptied_token_file_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local-token");
        LocalToken::at(&path, &[1; 32]).unwrap();
        fs::write(&path, "\n").unwrap();

        assert!(matches!(
            LocalToken::at(&path, &[1; 32]),
            Err(LocalTokenError::Malformed { .. })
        ));
    }
}
