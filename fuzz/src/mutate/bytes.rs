use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::pick;

/// What parsers stumble over, wherever it stands.
const PIECES: &[&str] = &[
    "\0",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-",
    "--",
    "+",
    ".",
    "e",
    "1e999",
    "-0",
    "0.0000",
    "1.0000",
    "1.0001",
    "0.00001",
    "-0.01",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "NaN",
    "Infinity",
    "%",
    "%00",
    "%zz",
    "&",
    "=",
    "&&",
    "\u{feff}",
    "\u{0660}",
    "\u{2028}",
    "é",
    "\n",
    "\r\n",
    " ",
    "2026-11-21T05:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
];

/// Changes one to four places of `input`.
pub(super) fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[String], rng: &mut ChaCha8Rng) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=input.len());
        let to = rng.random_range(at..=input.len().min(at + 40));
        match rng.random_range(0..8) {
            0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            1 if at < input.len() => input[at] = rng.random(),
            2 => drop(input.drain(at..to)),
            3 => {
                let again = input[at..to].to_vec();
                insert(input, to, &again);
            }
            4 => insert(input, at, pick(PIECES, rng).as_bytes()),
            5 if !words.is_empty() => insert(input, at, pick(words, rng).as_bytes()),
            6 => {
                let from = rng.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => input.truncate(at),
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}
