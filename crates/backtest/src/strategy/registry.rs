//! Every strategy by name.

use super::{ParamError, ParamSpec, Params, Strategy};
use crate::strategies;

/// A strategy that can be chosen by name.
#[derive(Clone, Copy, Debug)]
pub struct StrategyDescription {
    /// Name, as in `--strategy NAME`.
    pub name: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Builds it from values for all its parameters.
    pub build: fn(&Params) -> Result<Box<dyn Strategy>, ParamError>,
}

impl StrategyDescription {
    /// Reads parameters given as text; what is not given has its default.
    ///
    /// # Errors
    /// [`ParamError`] names the parameter and the rule.
    pub fn parse<'a>(
        &self,
        given: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Params, ParamError> {
        Params::parse(self.params, given)
    }
}

/// No strategy has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("strategy {name}: unknown; known are: {known}")]
pub struct UnknownStrategy {
    /// What was asked for.
    pub name: String,
    /// The names there are.
    pub known: String,
}

/// Every strategy, in order of name.
#[must_use]
pub fn strategies() -> Vec<StrategyDescription> {
    let mut all = strategies::all();
    all.sort_by_key(|strategy| strategy.name);
    all
}

/// The strategy of this name.
///
/// # Errors
/// [`UnknownStrategy`] lists the names there are.
pub fn find_strategy(name: &str) -> Result<StrategyDescription, UnknownStrategy> {
    let all = strategies();
    let known: Vec<&str> = all.iter().map(|strategy| strategy.name).collect();
    let unknown = UnknownStrategy {
        name: name.to_owned(),
        known: known.join(", "),
    };
    all.into_iter()
        .find(|strategy| strategy.name == name)
        .ok_or(unknown)
}
