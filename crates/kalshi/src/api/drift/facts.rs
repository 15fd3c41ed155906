//! Facts of a specification: names and types, one to a line of a table.

use std::collections::BTreeSet;
use std::fmt;

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The file's own version.
    Version,
    /// An operation, with its id.
    Operation,
    /// A parameter of an operation.
    Parameter,
    /// The body an operation is sent.
    Request,
    /// The body an operation answers with, by status.
    Answer,
    /// A channel's message, with its payload.
    Message,
    /// A field the exchange is sent, or with no name the type of the whole.
    Asked,
    /// A field the exchange sends, or with no name the type of the whole.
    Told,
    /// A word a field or type may be.
    Word,
    /// The number of an error.
    ErrorCode,
}

const KINDS: [(Kind, &str); 10] = [
    (Kind::Version, "version"),
    (Kind::Operation, "operation"),
    (Kind::Parameter, "parameter"),
    (Kind::Request, "request"),
    (Kind::Answer, "answer"),
    (Kind::Message, "message"),
    (Kind::Asked, "asked"),
    (Kind::Told, "told"),
    (Kind::Word, "word"),
    (Kind::ErrorCode, "error code"),
];

impl Kind {
    /// As the tables write it.
    pub fn as_str(self) -> &'static str {
        let found = KINDS.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, word)| word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing a specification says: kind, subject and name tell which thing, the value what it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// What it is about.
    pub kind: Kind,
    /// Operation, channel or object.
    pub subject: String,
    /// Parameter, message, field or word; may be empty.
    pub name: String,
    /// Type and whether it is required; may be empty.
    pub value: String,
}

impl Fact {
    pub(super) fn new(
        kind: Kind,
        subject: impl Into<String>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Fact {
        // A tab or a line end in a name would make another line of the table.
        let clean = |text: String| text.replace(['\t', '\n', '\r'], " ");
        Fact {
            kind,
            subject: clean(subject.into()),
            name: clean(name.into()),
            value: clean(value.into()),
        }
    }

    /// Which thing it is about.
    pub(super) fn key(&self) -> (Kind, &str, &str) {
        (self.kind, &self.subject, &self.name)
    }
}

/// The table of facts, sorted, a line each.
pub(super) fn write(facts: &BTreeSet<Fact>) -> String {
    let line = |fact: &Fact| format!("{}\t{}\t{}\t{}\n", fact.kind, fact.subject, fact.name, fact.value);
    facts.iter().map(line).collect()
}

/// The facts of a table of this crate.
pub(super) fn read(table: &str) -> BTreeSet<Fact> {
    table.lines().map(read_line).collect()
}

fn read_line(line: &str) -> Fact {
    let mut cells = line.split('\t');
    let mut cell = || cells.next().expect("each line of a table has four cells");
    let word = cell();
    let kind = KINDS.iter().find(|(_, known)| *known == word);
    Fact {
        kind: kind.expect("each line of a table begins with a kind").0,
        subject: cell().to_owned(),
        name: cell().to_owned(),
        value: cell().to_owned(),
    }
}
