//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// Who this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Starts workers and looks how they end.
    Overseer,
    /// Does the work.
    Worker,
    /// Does it again, noting each input before it is tried.
    Tracer,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// Name of a target, or `all`.
    pub(crate) target: String,
    /// How long each target runs.
    pub(crate) time: Duration,
    /// What the changes follow from.
    pub(crate) seed: u64,
    /// Stops after so many.
    pub(crate) iterations: u64,
    /// Tries this file alone.
    pub(crate) input: Option<PathBuf>,
    /// Who this process is.
    pub(crate) role: Role,
}

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments {
            target: String::new(),
            time: Duration::from_secs(60),
            seed: 1,
            iterations: u64::MAX,
            input: None,
            role: Role::Overseer,
        };
        while let Some(word) = words.next() {
            let mut number = || -> Result<u64, String> {
                let text = words.next().ok_or_else(|| format!("{word} wants a number"))?;
                text.parse().map_err(|_| format!("{word}: {text:?} is no number"))
            };
            match word.as_str() {
                "--seconds" => arguments.time = Duration::from_secs(number()?),
                "--seed" => arguments.seed = number()?,
                "--iterations" => arguments.iterations = number()?,
                "--input" => arguments.input = Some(words.next().ok_or("--input wants a file")?.into()),
                "--worker" => arguments.role = Role::Worker,
                "--tracer" => arguments.role = Role::Tracer,
                _ if word.starts_with('-') => return Err(format!("there is no {word}")),
                _ => arguments.target = word,
            }
        }
        if arguments.target.is_empty() {
            return Err("which target? one of the following, or all".to_owned());
        }
        Ok(arguments)
    }

    /// Whether the target of that name is asked for.
    pub(crate) fn chooses(&self, name: &str) -> bool {
        self.target == "all" || self.target == name
    }

    /// The same for a worker on one target.
    pub(crate) fn of_worker(&self, target: &str, role: &str) -> Vec<String> {
        let mut words = vec![target.to_owned(), role.to_owned()];
        let numbers = [
            ("--seconds", self.time.as_secs()),
            ("--seed", self.seed),
            ("--iterations", self.iterations),
        ];
        words.extend(
            numbers
                .iter()
                .flat_map(|(name, number)| [(*name).to_owned(), number.to_string()]),
        );
        if let Some(input) = &self.input {
            words.extend(["--input".to_owned(), input.display().to_string()]);
        }
        words
    }
}
