//! Lines of any length up to a bound, without copying: [`LineReader`].

use std::fmt;
use std::io::{self, Read};

use memchr::{memchr, memrchr};

/// Longest line taken, in bytes.
pub const MAX_LINE: usize = 64 << 20;

/// Bytes asked of the source at a time.
const CHUNK: usize = 1 << 18;

/// Bytes of whole lines, or the trace of a line that was too long to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// Bytes: one line without its end, or several with theirs.
    Bytes(&'a [u8]),
    /// A line longer than [`MAX_LINE`]; it was skipped.
    TooLong,
}

/// Reads a source in whole lines.
pub struct LineReader {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Read and not yet given out: `buffer[start..end]`.
    start: usize,
    end: usize,
    at_end: bool,
    lines: u64,
    longest: usize,
}

impl fmt::Debug for LineReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineReader")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

impl LineReader {
    /// Lines of `source`.
    pub fn new(source: Box<dyn Read + Send>) -> LineReader {
        LineReader {
            source,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            at_end: false,
            lines: 0,
            longest: MAX_LINE,
        }
    }

    /// The same with another bound, for tests.
    #[cfg(test)]
    pub(super) fn with_longest(mut self, longest: usize) -> LineReader {
        self.longest = longest;
        self
    }

    /// Lines given out so far by [`next_line`](LineReader::next_line).
    pub fn lines_read(&self) -> u64 {
        self.lines
    }

    /// Next line without its end (`\n` or `\r\n`); `None` at the end of the source.
    ///
    /// # Errors
    /// Those of the source.
    pub fn next_line(&mut self) -> io::Result<Option<Chunk<'_>>> {
        let Some(length) = self.find_line()? else {
            return Ok(None);
        };
        self.lines += 1;
        let Some(length) = length else {
            return Ok(Some(Chunk::TooLong));
        };
        let line = &self.buffer[self.start..self.start + length];
        self.start = (self.start + length + 1).min(self.end);
        Ok(Some(Chunk::Bytes(line.strip_suffix(b"\r").unwrap_or(line))))
    }

    /// All whole lines read so far, at least one, with their ends; `None` at the end of the source. For loops that want to work
    /// and to read in turns.
    ///
    /// # Errors
    /// Those of the source.
    pub fn next_block(&mut self) -> io::Result<Option<Chunk<'_>>> {
        let Some(length) = self.find_line()? else {
            return Ok(None);
        };
        if length.is_none() {
            return Ok(Some(Chunk::TooLong));
        }
        let ready = &self.buffer[self.start..self.end];
        let length = if self.at_end {
            ready.len()
        } else {
            memrchr(b'\n', ready).map_or(ready.len(), |last| last + 1)
        };
        self.start += length;
        Ok(Some(Chunk::Bytes(&self.buffer[self.start - length..self.start])))
    }

    /// Length of the next line: `Some(None)` for one that was too long and is skipped, `None` at the end.
    #[expect(clippy::option_option, reason = "the outer level is the end of the source")]
    fn find_line(&mut self) -> io::Result<Option<Option<usize>>> {
        let mut searched = 0;
        loop {
            let ready = &self.buffer[self.start..self.end];
            if let Some(newline) = memchr(b'\n', &ready[searched..]) {
                return Ok(Some(Some(searched + newline)));
            }
            if self.at_end {
                let left = ready.len();
                return Ok((left > 0).then_some(Some(left)));
            }
            searched = ready.len();
            if searched > self.longest {
                self.skip_line()?;
                return Ok(Some(None));
            }
            self.fill()?;
        }
    }

    /// Throws away everything up to and with the next line end.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(newline) = memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += newline + 1;
                return Ok(());
            }
            self.start = self.end;
            if self.at_end {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Reads one more chunk behind what is there.
    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() < self.end + CHUNK {
            // Doubling, so that a long line is not copied once per chunk.
            self.buffer.resize((self.end + CHUNK).max(self.end * 2), 0);
        }
        let limit = self.end + CHUNK;
        while self.end < limit {
            match self.source.read(&mut self.buffer[self.end..limit]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What lies ahead, at least `lines` lines of it if there are so many within the bound of a line.
    pub(super) fn peek(&mut self, lines: usize) -> io::Result<&[u8]> {
        while !self.at_end
            && self.end - self.start <= self.longest
            && memchr::memchr_iter(b'\n', &self.buffer[self.start..self.end])
                .take(lines)
                .count()
                < lines
        {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Drops `count` bytes that were seen by a peek.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Everything that is left, or `None` when it is longer than `longest`.
    pub(super) fn read_rest(mut self, longest: usize) -> io::Result<Option<Vec<u8>>> {
        self.buffer.truncate(self.end);
        self.buffer.drain(..self.start);
        let room = (longest + 1).saturating_sub(self.buffer.len()) as u64;
        self.source.take(room).read_to_end(&mut self.buffer)?;
        Ok((self.buffer.len() <= longest).then_some(self.buffer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(text: &'static str) -> LineReader {
        LineReader::new(Box::new(text.as_bytes()))
    }

    fn lines(mut reader: LineReader) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            lines.push(match line {
                Chunk::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Chunk::TooLong => "<too long>".to_owned(),
            });
        }
        lines
    }

    #[test]
    fn lines_end_in_either_way_or_with_the_file() {
        assert_eq!(lines(reader("a\r\n\nb\nc")), ["a", "", "b", "c"]);
        assert!(lines(reader("")).is_empty());
    }

    #[test]
    fn a_line_over_the_bound_is_skipped_and_the_next_one_read() {
        let long = "x".repeat(CHUNK + 10);
        let text = format!("a\n{long}\nb\n");
        let source: &'static str = Box::leak(text.into_boxed_str());

        assert_eq!(lines(reader(source).with_longest(100)), ["a", "<too long>", "b"]);
    }

    #[test]
    fn blocks_hold_whole_lines() {
        let mut reader = reader("a\nb\nc");
        assert_eq!(reader.next_block().unwrap(), Some(Chunk::Bytes(b"a\nb\nc")));
        assert_eq!(reader.next_block().unwrap(), None);
    }
}
