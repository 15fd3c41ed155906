//! The hot path: frames by a scanner that learns the layout of a feed.
//!
//! A feed writes each kind of message the same way every time: the same keys in the same order, only values differ. The
//! scanner learns that layout from a line that [`CaptureLine::parse`] took, as the literal bytes between the values, and reads
//! the next lines by comparing those and parsing what lies between. It takes a value only in the plain form nearly all have.
//! Whatever differs, be it a key, a space or a digit too many, goes to [`CaptureLine::parse`], so both always agree.

mod learn;
mod template;
mod value;

use super::{CaptureLine, FrameError, Message};
use template::Template;

/// Layouts kept: a feed has one per message type, recordings glued together a few more.
const LAYOUTS: usize = 8;

/// Lines learned from at most, so that a feed without any layout costs no more than parsing it.
const LESSONS: u32 = 64;

/// Reads capture lines; equal to [`CaptureLine::parse`] in every result.
#[derive(Clone, Debug, Default)]
pub struct Scanner {
    layouts: Vec<Template>,
    /// The layout that fitted last.
    last: usize,
    lessons: u32,
}

impl Scanner {
    /// A scanner that has seen nothing yet.
    pub fn new() -> Scanner {
        Scanner::default()
    }

    /// Reads one line of a capture.
    ///
    /// # Errors
    /// As [`CaptureLine::parse`].
    #[inline]
    pub fn parse<'a>(&mut self, line: &'a [u8]) -> Result<CaptureLine<'a>, FrameError> {
        if let Some(layout) = self.layouts.get_mut(self.last)
            && let Some(parsed) = layout.read(line)
        {
            return Ok(parsed);
        }
        self.parse_otherwise(line)
    }

    fn parse_otherwise<'a>(&mut self, line: &'a [u8]) -> Result<CaptureLine<'a>, FrameError> {
        for (index, layout) in self.layouts.iter_mut().enumerate() {
            if index != self.last
                && let Some(parsed) = layout.read(line)
            {
                self.last = index;
                return Ok(parsed);
            }
        }
        let parsed = CaptureLine::parse(line)?;
        self.learn(line, &parsed.frame.message);
        Ok(parsed)
    }

    #[cold]
    fn learn(&mut self, line: &[u8], message: &Message<'_>) {
        if self.lessons == LESSONS {
            return;
        }
        let Some(layout) = learn::layout(line, message) else {
            return;
        };
        if self.layouts.len() < LAYOUTS {
            self.last = self.layouts.len();
            self.layouts.push(layout);
        } else {
            self.last = self.lessons as usize % LAYOUTS;
            self.layouts[self.last] = layout;
        }
        self.lessons += 1;
    }
}
