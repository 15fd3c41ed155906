//! Changes of well-formed input: of its JSON where it is JSON, of its bytes in any case.

mod bytes;
mod json;

use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// Largest input made, in bytes.
const LARGEST: usize = 64 << 10;

/// A changed copy of one of `corpus`, which must not be empty. `words` are keys and texts seen in the seeds.
pub fn mutate(corpus: &[Vec<u8>], words: &[String], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut input = pick(corpus, rng).clone();
    if rng.random_ratio(7, 10)
        && let Some(changed) = json::mutate(&input, pick(corpus, rng).as_slice(), words, rng)
    {
        input = changed;
    }
    if rng.random_ratio(4, 10) {
        bytes::mutate(&mut input, pick(corpus, rng).as_slice(), words, rng);
    }
    input.truncate(LARGEST);
    input
}

/// Texts of all seeds, keys and values alike, each once.
pub fn words(seeds: &str) -> Vec<String> {
    let mut words: Vec<String> = seeds
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_-.:".contains(c)))
        .filter(|word| !word.is_empty() && word.len() < 40)
        .map(str::to_owned)
        .collect();
    words.sort();
    words.dedup();
    words
}

fn pick<'a, T>(from: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    from.choose(rng).expect("there is something to choose from")
}
