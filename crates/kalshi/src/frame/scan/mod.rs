//! The hot path: frames by a scanner that knows the shape nearly all of them have.

use super::{CaptureLine, FrameError};

/// Reads capture lines; equal to [`CaptureLine::parse`] in every result.
#[derive(Clone, Debug, Default)]
pub struct Scanner {}

impl Scanner {
    /// A scanner that has seen nothing yet.
    pub fn new() -> Scanner {
        Scanner::default()
    }

    /// Reads one line of a capture.
    ///
    /// # Errors
    /// As [`CaptureLine::parse`].
    pub fn parse<'a>(&mut self, line: &'a [u8]) -> Result<CaptureLine<'a>, FrameError> {
        CaptureLine::parse(line)
    }
}
