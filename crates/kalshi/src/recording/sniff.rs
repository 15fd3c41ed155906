//! Which of the known formats a file is in.

use std::path::Path;

use serde::de::IgnoredAny;

use super::csv::Table;
use super::document::Document;
use super::{Body, LineReader, MAX_DOCUMENT, RecordingError};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Lines looked at to tell lines from a document, and a file with a damaged beginning from one of unknown format.
const LOOK_AHEAD: usize = 10;

pub(super) fn body(mut lines: LineReader, path: &Path) -> Result<Body, RecordingError> {
    let failure = |source| RecordingError::Read {
        path: path.to_owned(),
        line: 0,
        source,
    };
    if lines.peek(1).map_err(failure)?.starts_with(BYTE_ORDER_MARK) {
        lines.consume(BYTE_ORDER_MARK.len());
    }
    let head = lines.peek(LOOK_AHEAD).map_err(failure)?;
    match guess(head) {
        Guess::Empty => Ok(Body::Empty),
        Guess::Lines => Ok(Body::Lines {
            lines,
            scanner: None,
            expected: None,
        }),
        Guess::Document => {
            let bytes = lines.read_rest(MAX_DOCUMENT).map_err(failure)?;
            let bytes = bytes.ok_or_else(|| RecordingError::DocumentTooLong {
                path: path.to_owned(),
            })?;
            Document::new(bytes, path).map(|document| Body::Document(Box::new(document)))
        }
        Guess::Csv => match Table::open(lines).map_err(failure)? {
            Some(table) => Ok(Body::Csv(table)),
            None => Err(RecordingError::UnknownFormat {
                path: path.to_owned(),
            }),
        },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    Empty,
    Lines,
    Document,
    Csv,
}

fn guess(head: &[u8]) -> Guess {
    let mut filled = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let Some(first) = filled.next() else {
        return Guess::Empty;
    };
    let second = filled.next();
    if !first.starts_with(b"{") && !first.starts_with(b"[") {
        // A line of garbage before lines of JSON is still a file of lines.
        return if second.into_iter().chain(filled).any(is_object) {
            Guess::Lines
        } else {
            Guess::Csv
        };
    }
    match serde_json::from_slice::<IgnoredAny>(first) {
        Err(error) if error.is_eof() && (first.len() == 1 || !second.is_some_and(is_object)) => {
            Guess::Document
        }
        _ => Guess::Lines,
    }
}

fn is_object(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_file_says_how_to_read_it() {
        for (head, expected) in [
            ("", Guess::Empty),
            (" \n\n", Guess::Empty),
            ("{\"a\":1}\n{\"a\":2}\n", Guess::Lines),
            ("{\"a\":1}", Guess::Lines),
            ("{\n \"a\": 1\n}", Guess::Document),
            ("[\n{\"a\":1}\n]", Guess::Document),
            ("{\"a\":[1,\n2]}", Guess::Document),
            ("{\"cut\":\"of\n{\"a\":1}\n", Guess::Lines),
            ("garbage\n{\"a\":1}\n", Guess::Lines),
            ("{]\n{\"a\":1}\n", Guess::Lines),
            ("ticker,result\nA,yes\n", Guess::Csv),
        ] {
            assert_eq!(guess(head.as_bytes()), expected, "{head:?}");
        }
    }
}
