//! What a market is found by: words in lower case, made when it is told of rather than when it is looked for.

use std::sync::{Arc, LazyLock};

use kmi_kalshi::api;
use memchr::memmem::Finder;

/// Lower-case text; lines are the fields.
pub(super) type Text = Arc<str>;

/// The empty text.
pub(super) fn nothing() -> Text {
    static NOTHING: LazyLock<Text> = LazyLock::new(|| Arc::from(""));
    Arc::clone(&NOTHING)
}

/// Ticker and titles of a market. The ticker is the first line.
pub(super) fn of_market(market: &api::market::Market) -> Text {
    let mut parts = vec![market.ticker.as_str()];
    parts.extend(market.title.as_deref());
    parts.extend(market.subtitle.as_deref());
    parts.extend([market.yes_sub_title.as_str(), market.no_sub_title.as_str()]);
    lines(parts)
}

/// Titles and category of an event and its series.
pub(super) fn of_event(event: &api::event::Event, series: Option<&api::series::Series>) -> Text {
    let mut parts = vec![event.title.as_str(), event.sub_title.as_str()];
    parts.extend(event.category.as_deref());
    parts.extend(
        series
            .into_iter()
            .flat_map(|series| [series.title.as_str(), series.category.as_str()]),
    );
    lines(parts)
}

/// Lines without those that repeat an earlier one.
fn lines(parts: Vec<&str>) -> Text {
    let mut text = String::new();
    for part in parts.into_iter().map(str::to_lowercase) {
        if !part.is_empty() && !text.contains(&part) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&part);
        }
    }
    Arc::from(text)
}

/// Words to be found.
pub(super) struct Words<'a> {
    /// The words in the order given, which a ticker may be or begin with.
    whole: &'a str,
    words: Vec<Finder<'a>>,
}

/// How well a market fits the words; the smaller the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// They are its ticker.
    Exact = 0,
    /// Its ticker begins with them.
    Prefix = 1,
    /// They occur.
    Within = 2,
}

/// Words of a search as they are compared: lower case, single spaces.
pub(super) fn normal(search: &str) -> String {
    let lower = search.to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<'a> Words<'a> {
    /// The words of a search in its normal form.
    pub(super) fn new(whole: &'a str) -> Words<'a> {
        Words {
            whole,
            words: whole
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(Finder::new)
                .collect(),
        }
    }

    /// How well a market's texts fit; `None` when a word is in neither. Everything fits no words.
    pub(super) fn rank(&self, texts: &[Text; 2]) -> Option<Rank> {
        let is_in = |word: &Finder<'_>| texts.iter().any(|text| word.find(text.as_bytes()).is_some());
        if !self.words.iter().all(is_in) {
            return None;
        }
        let ticker = texts[0].lines().next().unwrap_or_default();
        Some(match ticker.strip_prefix(self.whole) {
            _ if self.words.is_empty() => Rank::Within,
            Some("") => Rank::Exact,
            Some(_) => Rank::Prefix,
            None => Rank::Within,
        })
    }
}
