//! How many checks passed, and reading that from what test runners print.

use std::fmt;
use std::ops::AddAssign;

/// Checks by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Counts {
    /// One check that passed.
    pub(crate) const fn passed() -> Counts {
        Counts {
            passed: 1,
            failed: 0,
            skipped: 0,
        }
    }

    /// One check that failed.
    pub(crate) const fn failed() -> Counts {
        Counts {
            passed: 0,
            failed: 1,
            skipped: 0,
        }
    }

    /// Sum of the summaries of `cargo nextest run`; `None` if there is none.
    pub(crate) fn of_nextest(text: &str) -> Option<Counts> {
        let summary = text
            .lines()
            .rev()
            .find(|line| line.trim_start().starts_with("Summary ["))?;
        // `Summary [   3.4s] 120 tests run: 118 passed (1 slow), 2 failed, 3 skipped`
        let (_, outcomes) = summary.split_once("run:")?;
        let mut counts = Counts::default();
        for outcome in outcomes.split(',') {
            let mut words = outcome.split_whitespace();
            let (Some(count), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(count) = count.parse::<usize>() else {
                continue;
            };
            match what {
                "passed" => counts.passed += count,
                "skipped" => counts.skipped += count,
                // Failed, timed out, could not be started: none of them is a pass.
                _ => counts.failed += count,
            }
        }
        Some(counts)
    }

    /// Sum of all `test result:` lines of `cargo test`.
    pub(crate) fn of_cargo_test(text: &str) -> Counts {
        let mut counts = Counts::default();
        for line in text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("test result:"))
        {
            for outcome in line.split(['.', ';']) {
                let mut words = outcome.split_whitespace();
                let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<usize>), words.next())
                else {
                    continue;
                };
                match what {
                    "passed" => counts.passed += count,
                    "failed" => counts.failed += count,
                    "ignored" => counts.skipped += count,
                    _ => {}
                }
            }
        }
        counts
    }

    /// Counts of our own checks: lines that begin with `ok `, `FAILED ` or `skipped `.
    pub(crate) fn of_checks(text: &str) -> Counts {
        let count = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
        Counts {
            passed: count("ok "),
            failed: count("FAILED "),
            skipped: count("skipped "),
        }
    }

    /// The counts of a runner that `succeeded` or not: one more failure where it failed without naming one.
    pub(crate) const fn with_exit(mut self, succeeded: bool) -> Counts {
        if !succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn counts(passed: usize, failed: usize, skipped: usize) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextests_summary_is_read_to_the_last_word() {
        let text =
            "     Summary [   0.6s] 7 tests run: 4 passed (1 slow), 2 failed, 1 timed out, 5 skipped\n";
        assert_eq!(Counts::of_nextest(text), Some(counts(4, 3, 5)));
        assert_eq!(Counts::of_nextest("error: no such command"), None);
    }

    #[test]
    fn every_result_line_of_cargo_test_counts() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out\n";
        assert_eq!(Counts::of_cargo_test(text), counts(5, 1, 1));
    }

    #[test]
    fn a_runner_that_dies_without_a_count_is_a_failure() {
        assert_eq!(
            Counts::of_checks("ok a\nskipped b: none").with_exit(false),
            counts(1, 1, 1)
        );
        assert_eq!(counts(0, 2, 0).with_exit(false), counts(0, 2, 0));
        assert_eq!(counts(1, 0, 1).to_string(), "1 passed, 0 failed, 1 skipped");
        assert_eq!(counts(1, 0, 0).to_string(), "1 passed, 0 failed");
    }
}
