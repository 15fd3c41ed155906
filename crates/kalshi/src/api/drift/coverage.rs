//! Which operations and channels this crate covers.

use std::collections::BTreeSet;

use super::Flavour;

/// How far something is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coverage {
    /// Typed here, and answered by the simulated exchange.
    Both,
    /// Typed here.
    Typed,
    /// Answered by the simulated exchange.
    Exchange,
    /// Neither, knowingly.
    No,
}

/// An operation, `GET /markets`, or a channel, and how far it is covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Its name.
    pub name: &'static str,
    /// How far.
    pub coverage: Coverage,
}

impl Coverage {
    /// True when this crate has types for it.
    pub const fn is_typed(self) -> bool {
        matches!(self, Coverage::Both | Coverage::Typed)
    }

    /// True when the simulated exchange answers it.
    pub const fn is_answered(self) -> bool {
        matches!(self, Coverage::Both | Coverage::Exchange)
    }
}

/// The 128 operations of the specification, in its order.
pub fn operations() -> Vec<Covered> {
    lines("operation")
}

/// The 15 channels of the specification, in its order.
pub fn channels() -> Vec<Covered> {
    lines("channel")
}

/// Lines of the table: kind, `typed` or `-`, `exchange` or `-`, name.
fn lines(kind: &str) -> Vec<Covered> {
    let cells = include_str!("covered.tsv")
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let of_kind = cells.filter(|cells| cells[0] == kind);
    of_kind
        .map(|cells| Covered {
            name: cells[3],
            coverage: match (cells[1], cells[2]) {
                ("typed", "exchange") => Coverage::Both,
                ("typed", _) => Coverage::Typed,
                (_, "exchange") => Coverage::Exchange,
                _ => Coverage::No,
            },
        })
        .collect()
}

/// Everything of a kind of file that this crate knows of.
pub(super) fn known_parts(flavour: Flavour) -> Vec<Covered> {
    match flavour {
        Flavour::OpenApi => operations(),
        Flavour::AsyncApi => channels(),
    }
}

/// Names of what is covered in any way.
pub(super) fn covered_parts(flavour: Flavour) -> BTreeSet<String> {
    let parts = known_parts(flavour).into_iter();
    let covered = parts.filter(|part| part.coverage != Coverage::No);
    covered.map(|part| part.name.to_owned()).collect()
}
