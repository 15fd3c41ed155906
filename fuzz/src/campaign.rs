//! One target, tried until the time is over.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kmi_fuzz::{Target, mutate};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::arguments::Arguments;

/// Inputs kept for their outcomes.
const CORPUS: usize = 4_000;
/// An input that takes longer is a finding.
const SLOW: Duration = Duration::from_millis(500);
/// Iterations between looks at the clock.
const STRIDE: u64 = 256;
/// Findings after which a run stops.
const ENOUGH: usize = 20;

/// Where and why the last panic was: the hook notes it, since the payload does not know the place.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// A run of one target.
pub(crate) struct Campaign<'a> {
    target: &'static Target,
    arguments: &'a Arguments,
    corpus: Vec<Vec<u8>>,
    outcomes: BTreeSet<u64>,
    findings: BTreeSet<String>,
    notes_inputs: bool,
}

/// Where a tracer notes what it is about to try.
pub(crate) fn last_input(target: &Target) -> PathBuf {
    findings().join(format!("{}-last", target.name))
}

fn findings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("findings")
}

impl<'a> Campaign<'a> {
    /// One that has tried nothing yet.
    pub(crate) fn new(target: &'static Target, arguments: &'a Arguments) -> Campaign<'a> {
        std::panic::set_hook(Box::new(|panic| {
            *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        }));
        Campaign {
            target,
            arguments,
            corpus: Vec::new(),
            outcomes: BTreeSet::new(),
            findings: BTreeSet::new(),
            notes_inputs: false,
        }
    }

    /// The same, writing each input down before it is tried.
    pub(crate) fn noting_each_input(mut self) -> Campaign<'a> {
        self.notes_inputs = true;
        self
    }

    /// Tries seeds and changes of them; whether nothing was found.
    pub(crate) fn run(mut self) -> bool {
        let start = Instant::now();
        if let Some(path) = &self.arguments.input {
            let input = std::fs::read(path).expect("the file named is there");
            self.attempt(&input);
            return self.report(1, start);
        }
        let seeds: Vec<Vec<u8>> = self
            .target
            .seeds
            .lines()
            .map(|line| line.as_bytes().to_vec())
            .collect();
        for seed in &seeds {
            self.attempt(seed);
        }
        self.corpus.extend(seeds);
        let words = mutate::words(self.target.seeds);
        let mut rng = ChaCha8Rng::seed_from_u64(self.arguments.seed);
        let mut done = 0;
        while done < self.arguments.iterations && self.findings.len() < ENOUGH {
            if done.is_multiple_of(STRIDE) && start.elapsed() >= self.arguments.time {
                break;
            }
            let input = mutate::mutate(&self.corpus, &words, &mut rng);
            self.attempt(&input);
            done += 1;
        }
        self.report(done, start)
    }

    fn attempt(&mut self, input: &[u8]) {
        if self.notes_inputs {
            save(&last_input(self.target), input);
        }
        let (outcome, took) = self.timed(input);
        match outcome {
            // A busy machine makes anything slow once, so it takes three times to be a finding.
            Ok(_) if took > SLOW && (0..2).all(|_| self.timed(input).1 > SLOW) => {
                self.found(&format!("took {took:?}"), "slow", input);
            }
            Ok(outcomes) => {
                let known = self.outcomes.len();
                self.outcomes.extend(outcomes);
                if self.outcomes.len() > known && self.corpus.len() < CORPUS {
                    self.corpus.push(input.to_vec());
                }
            }
            Err(()) => {
                let message = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // The first line names the place, which is what tells kinds of findings apart.
                let place = message.lines().next().unwrap_or_default().to_owned();
                self.found(&message, &place, input);
            }
        }
    }

    /// What came out, or that it panicked, and how long it took.
    fn timed(&self, input: &[u8]) -> (Result<Vec<u64>, ()>, Duration) {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        (outcome.map_err(drop), start.elapsed())
    }

    fn found(&mut self, message: &str, kind: &str, input: &[u8]) {
        if !self.findings.insert(kind.to_owned()) {
            return;
        }
        let name = format!(
            "{}-{}-{}",
            self.target.name,
            self.arguments.seed,
            self.findings.len()
        );
        let path = findings().join(name);
        save(&path, input);
        println!("{}: {message}\n  input in {}", self.target.name, path.display());
    }

    fn report(&self, done: u64, start: Instant) -> bool {
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{:<14} seed {}: {done} in {seconds:.0} s, {:.0}/s, {} outcomes, {} findings",
            self.target.name,
            self.arguments.seed,
            done as f64 / seconds,
            self.outcomes.len(),
            self.findings.len()
        );
        self.findings.is_empty()
    }
}

fn save(path: &Path, input: &[u8]) {
    let folder = path.parent().expect("findings are kept in a folder");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, input))
        .expect("findings can be written");
}
