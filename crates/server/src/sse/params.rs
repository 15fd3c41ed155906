//! What a stream is asked for: [`Wanted`].

use kmi_app::hub::Kinds;
use kmi_domain::Ticker;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::rest::Fields;

/// Books of one stream, at most.
pub(super) const MAX_BOOKS: usize = 50;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Wanted::read` reads")]
pub(super) struct SseParams {
    /// Markets by name, or `all`. One that is not known yet joins when it is.
    #[param(style = Form, explode = false, min_items = 1, max_items = 100, required = true, value_type = Vec<crate::openapi::TickerText>)]
    tickers: Vec<String>,
    /// What to tell of them, `market` unless asked otherwise; `book` for at most 50 markets that are named.
    #[param(inline, style = Form, explode = false, max_items = 3)]
    kinds: Option<Vec<KindWord>>,
    /// How much of the markets the first snapshot tells: all, or `none` where only what comes matters.
    #[param(inline)]
    snapshot: Option<SnapshotWord>,
}

/// What to tell.
#[derive(ToSchema)]
#[schema(as = StreamKind, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes `KINDS`")]
enum KindWord {
    Market,
    Trade,
    Book,
}

/// How much the first snapshot tells.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes `SNAPSHOTS`")]
enum SnapshotWord {
    Full,
    None,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Market,
    Trade,
    Book,
}

const KINDS: [(&str, Kind); 3] = [
    ("market", Kind::Market),
    ("trade", Kind::Trade),
    ("book", Kind::Book),
];

/// How much the first snapshot tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshot {
    /// All markets of the stream.
    Full,
    /// The connection only.
    None,
}

const SNAPSHOTS: [(&str, Snapshot); 2] = [("full", Snapshot::Full), ("none", Snapshot::None)];

/// What a stream is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Markets; `None` for all.
    pub(super) tickers: Option<Vec<Ticker>>,
    pub(super) kinds: Kinds,
    pub(super) snapshot: Snapshot,
}

impl Wanted {
    /// Whether the first snapshot tells every market there is.
    pub(super) fn tells_all(&self) -> bool {
        self.tickers.is_none() && self.kinds.markets && self.snapshot == Snapshot::Full
    }

    pub(super) fn read(mut fields: Fields) -> Result<Wanted, ApiError> {
        let mut tickers: Vec<Ticker> = fields.list("tickers")?;
        let kinds = fields.words("kinds", &KINDS)?;
        let snapshot = fields.word("snapshot", &SNAPSHOTS)?.unwrap_or(Snapshot::Full);
        fields.end()?;
        if tickers.is_empty() {
            return Err(ApiError::field("tickers", "", "names markets, or is all"));
        }
        tickers.sort();
        tickers.dedup();
        let all = tickers.iter().any(|ticker| ticker.as_str() == "all");
        let has = |kind| kinds.contains(&kind);
        if has(Kind::Book) && (all || tickers.len() > MAX_BOOKS) {
            let rule = "asks for books of at most 50 markets, each named in tickers";
            return Err(ApiError::field("kinds", "book", rule));
        }
        Ok(Wanted {
            tickers: (!all).then_some(tickers),
            kinds: Kinds {
                markets: kinds.is_empty() || has(Kind::Market),
                trades: has(Kind::Trade),
                books: has(Kind::Book),
                connection: true,
                ..Kinds::default()
            },
            snapshot,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wanted, ApiError> {
        Wanted::read(Fields::of(query)?)
    }

    #[test]
    fn markets_are_named_or_all_and_told_of_as_chosen() {
        let wanted = read("tickers=B,A,A&kinds=trade").unwrap();
        let names: Vec<_> = wanted.tickers.iter().flatten().map(Ticker::as_str).collect();
        assert_eq!(names, ["A", "B"]);
        assert!(wanted.kinds.trades && !wanted.kinds.markets && wanted.kinds.connection);

        let wanted = read("tickers=all").unwrap();
        assert!(wanted.tickers.is_none() && wanted.kinds.markets);
    }

    #[test]
    fn nobody_gets_all_books() {
        assert!(read("tickers=A&kinds=book,market").unwrap().kinds.books);
        assert!(read("tickers=all&kinds=book").is_err());
        let many: Vec<String> = (0..=MAX_BOOKS).map(|number| format!("M{number}")).collect();
        assert!(read(&format!("tickers={}&kinds=book", many.join(","))).is_err());
        assert!(read("kinds=market").is_err());
        assert!(read("tickers=A&kinds=books").is_err());
    }
}
