//! Parsers of what others send, each as a function that takes any bytes, and what must hold of them: no panic, and what was
//! understood and written again is understood as the same.

pub mod mutate;
pub mod targets;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A parser under test.
pub struct Target {
    /// Name on the command line.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
    /// Well-formed input, one a line.
    pub seeds: &'static str,
    /// Runs it and numbers what came out: input with a number not met before is worth changing further.
    pub run: fn(&[u8]) -> Vec<u64>,
}

/// Runs the target of that name, for cargo-fuzz.
///
/// # Panics
/// When there is none, and when the target finds something.
pub fn run(name: &str, input: &[u8]) {
    let target = targets::ALL.iter().find(|target| target.name == name);
    (target.expect("the name of a target").run)(input);
}

/// Number of a refusal, one of 128: digits and what stands in quotes are left out of its text, since they differ without meaning.
pub fn refused(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut quoted = false;
    for byte in text.bytes().take(4_000) {
        match byte {
            b'"' | b'`' => quoted = !quoted,
            b'0'..=b'9' => {}
            _ if quoted => {}
            other => other.hash(&mut hasher),
        }
    }
    hasher.finish() % 128
}

/// Number of something understood, by the size it has when written: coarse, lest every input be kept.
pub fn understood(written: &str) -> u64 {
    written.len().checked_ilog2().unwrap_or_default().into()
}

/// Tells the outcomes of several readers of one input apart.
pub fn by_place(outcomes: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let place = |(place, outcome): (u64, u64)| outcome.wrapping_mul(64).wrapping_add(place);
    (0..).zip(outcomes).map(place).collect()
}
