//! What differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::coverage::{Coverage, covered_parts, known_parts};
use super::facts::{Fact, Kind};
use super::{Flavour, Spec};

/// Something the file says otherwise than it did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    /// What it is about.
    pub kind: Kind,
    /// Operation, channel or object.
    pub subject: String,
    /// Parameter, message, field or word; may be empty.
    pub name: String,
    /// What was said; `None` where it is new.
    pub was: Option<String>,
    /// What is said; `None` where it is gone.
    pub now: Option<String>,
}

/// What a file says that this crate was not written for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Differences in what is covered, and operations or channels that are new or gone; sorted.
    pub differences: Vec<Difference>,
    /// Operations or channels of the file that are knowingly not covered; sorted.
    pub not_covered: Vec<String>,
}

/// Holds a file against what this crate was written for.
pub fn compare(spec: &Spec) -> Report {
    let flavour = spec.flavour();
    let parts = spec.parts();
    let known: BTreeMap<&str, Coverage> = known_parts(flavour)
        .into_iter()
        .map(|part| (part.name, part.coverage))
        .collect();
    let mut differences = changes(flavour.known(), &spec.facts(&covered_parts(flavour)));
    let part = |name: &str, was: bool| Difference {
        kind: flavour.part_kind(),
        subject: name.to_owned(),
        name: String::new(),
        was: was.then(String::new),
        now: (!was).then(String::new),
    };
    let new = parts.iter().filter(|name| !known.contains_key(name.as_str()));
    differences.extend(new.map(|name| part(name, false)));
    let gone = known.keys().filter(|name| !parts.contains(**name));
    differences.extend(gone.map(|name| part(name, true)));
    // An operation that is gone is told once, not again with each of its parameters.
    differences.retain(|difference| {
        let lost = known.contains_key(difference.subject.as_str()) && !parts.contains(&difference.subject);
        !lost
            || (difference.kind == flavour.part_kind()
                && difference.name.is_empty()
                && difference.was.as_deref() == Some(""))
    });
    differences.sort();
    Report {
        differences,
        not_covered: parts
            .into_iter()
            .filter(|name| known.get(name.as_str()) == Some(&Coverage::No))
            .collect(),
    }
}

/// What two sets of facts say differently.
fn changes(known: &BTreeSet<Fact>, today: &BTreeSet<Fact>) -> Vec<Difference> {
    let table = |facts: &BTreeSet<Fact>| -> BTreeMap<(Kind, String, String), String> {
        let key = |fact: &Fact| {
            let (kind, subject, name) = fact.key();
            ((kind, subject.to_owned(), name.to_owned()), fact.value.clone())
        };
        facts.iter().map(key).collect()
    };
    let (known, today) = (table(known), table(today));
    let keys: BTreeSet<_> = known.keys().chain(today.keys()).collect();
    keys.into_iter()
        .filter(|key| known.get(*key) != today.get(*key))
        .map(|key| Difference {
            kind: key.0,
            subject: key.1.clone(),
            name: key.2.clone(),
            was: known.get(key).cloned(),
            now: today.get(key).cloned(),
        })
        .collect()
}

impl Flavour {
    fn part_kind(self) -> Kind {
        match self {
            Flavour::OpenApi => Kind::Operation,
            Flavour::AsyncApi => Kind::Message,
        }
    }
}

impl Difference {
    /// True when a program written for the old file cannot notice: something to be told is new, or a word, an optional field
    /// or parameter, an operation, a version.
    pub fn is_harmless(&self) -> bool {
        let asks = matches!(self.kind, Kind::Parameter | Kind::Asked);
        match (&self.was, &self.now) {
            _ if self.kind == Kind::Version => true,
            (None, Some(now)) => !(asks && now.starts_with("required")),
            _ => false,
        }
    }
}

impl fmt::Display for Difference {
    /// `told Market.status: required string, was optional string`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.kind, self.name.is_empty()) {
            (Kind::Message, true) => "channel",
            (Kind::Told, true) => "type told",
            (Kind::Asked, true) => "type asked",
            (Kind::Told, false) => "field told",
            (Kind::Asked, false) => "field asked",
            (kind, _) => kind.as_str(),
        };
        write!(f, "{kind} {}", self.subject)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        let shown = |value: &str| {
            if value.is_empty() {
                String::new()
            } else {
                format!(" ({value})")
            }
        };
        match (&self.was, &self.now) {
            (None, Some(now)) => write!(f, ": new{}", shown(now)),
            (Some(was), None) => write!(f, ": gone{}", shown(was)),
            (was, now) => {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                write!(f, ": {}, was {}", text(now), text(was))
            }
        }
    }
}
