//! Drift: what an OpenAPI or `AsyncAPI` file of the exchange says that this crate was not written for.
//!
//! [`Spec::read`] takes the text of a file, [`compare`] holds it against two tables of this crate: `covered.tsv`, which
//! operations and channels it knows and covers, and `openapi.tsv` and `asyncapi.tsv`, the [facts](Fact) about those it covers,
//! as they were when it was written. When the exchange changes its files: look at the differences, change the bodies, put what
//! [`Spec::table`] gives into the tables; tests hold bodies and tables together.

mod asyncapi;
mod coverage;
mod facts;
mod openapi;
mod report;
mod schema;

pub use coverage::{Coverage, Covered, channels, operations};
pub use facts::{Fact, Kind};
pub use report::{Difference, Report, compare};

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;

/// A specification file of the exchange.
#[derive(Clone, Debug)]
pub struct Spec {
    document: Value,
    flavour: Flavour,
}

/// Which of the two kinds of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavour {
    /// The REST API.
    OpenApi,
    /// The WebSocket API.
    AsyncApi,
}

/// Why a file is no specification.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Neither YAML nor JSON, which is YAML, too; or larger than any specification.
    #[error("is not YAML or JSON: {0}")]
    Syntax(String),
    /// Not a description of an API.
    #[error("is neither OpenAPI nor AsyncAPI: no {0} at the top")]
    Missing(&'static str),
}

impl Spec {
    /// Reads YAML or JSON.
    ///
    /// # Errors
    /// [`SpecError`] when it is neither, or describes no API.
    pub fn read(text: &str) -> Result<Spec, SpecError> {
        // In YAML 1.2 only `true` and `false` are booleans; `yes` and `no` are words, and words of the exchange's.
        let options = serde_saphyr::options! { strict_booleans: true };
        let document: Value = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| SpecError::Syntax(error.to_string()))?;
        let flavour = if document.get("openapi").is_some() {
            Flavour::OpenApi
        } else if document.get("asyncapi").is_some() {
            Flavour::AsyncApi
        } else {
            return Err(SpecError::Missing("`openapi` or `asyncapi`"));
        };
        let parts = match flavour {
            Flavour::OpenApi => "paths",
            Flavour::AsyncApi => "channels",
        };
        match document.get(parts) {
            Some(Value::Object(_)) => Ok(Spec { document, flavour }),
            _ => Err(SpecError::Missing(match flavour {
                Flavour::OpenApi => "`paths`",
                Flavour::AsyncApi => "`channels`",
            })),
        }
    }

    /// Which kind of file it is.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// Everything it has: `GET /markets`, or names of channels.
    pub fn parts(&self) -> BTreeSet<String> {
        match self.flavour {
            Flavour::OpenApi => openapi::operations(&self.document),
            Flavour::AsyncApi => asyncapi::channels(&self.document),
        }
    }

    /// What it says about `parts`, and about all they are made of.
    pub fn facts(&self, parts: &BTreeSet<String>) -> BTreeSet<Fact> {
        match self.flavour {
            Flavour::OpenApi => openapi::facts(&self.document, parts),
            Flavour::AsyncApi => asyncapi::facts(&self.document, parts),
        }
    }

    /// The table this crate would have, were it written for this file and covered what it covers.
    pub fn table(&self) -> String {
        facts::write(&self.facts(&coverage::covered_parts(self.flavour)))
    }
}

static OPENAPI: LazyLock<BTreeSet<Fact>> = LazyLock::new(|| facts::read(include_str!("openapi.tsv")));
static ASYNCAPI: LazyLock<BTreeSet<Fact>> = LazyLock::new(|| facts::read(include_str!("asyncapi.tsv")));

impl Flavour {
    /// What this crate was written for.
    pub(crate) fn known(self) -> &'static BTreeSet<Fact> {
        match self {
            Flavour::OpenApi => &OPENAPI,
            Flavour::AsyncApi => &ASYNCAPI,
        }
    }
}

/// Names and types of the fields that this crate was told an object of the specification has: `("ticker", "required string")`.
/// Fields of objects inside it stand under the object's own name: `Schedule`, or `tickerPayload.msg` where it has none.
pub fn known_fields(flavour: Flavour, object: &str) -> Vec<(String, String)> {
    let fields = flavour.known().iter().filter(|fact| {
        matches!(fact.kind, Kind::Told | Kind::Asked) && fact.subject == object && !fact.name.is_empty()
    });
    let mut fields: Vec<_> = fields
        .map(|fact| (fact.name.clone(), fact.value.clone()))
        .collect();
    fields.dedup();
    fields
}
