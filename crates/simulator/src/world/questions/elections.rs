//! Elections.

use kmi_domain::{FeeType, Timestamp};

use super::{Draft, Strike, code, cut, ticker_date};
use crate::world::plan::{Lots, Plan};

/// Who is elected to an office: exclusive candidates, divided at `bounds`, of which there is one less.
pub(crate) fn contest(
    office: &str,
    structure: &'static str,
    candidates: &[&str],
    bounds: &[f64],
    (open, close): (Timestamp, Timestamp),
) -> Plan {
    let mut book = Draft::new(&format!("SIM{}", code(office)), "Elections", FeeType::Quadratic);
    book.series.title = Some(format!("{office}: who is elected"));
    book.structure = structure;
    book.event(
        &ticker_date(close),
        &format!("{office}: who is elected on {}?", close.date()),
    );
    for (candidate, claim) in candidates.iter().zip(cut(bounds)) {
        book.outcome(
            &candidate.to_ascii_uppercase(),
            candidate,
            Strike::custom(),
            claim,
        );
    }
    let mut plan = book.plan((open, close), Lots::Whole);
    plan.known_by = close.plus_seconds(-1_800);
    plan
}
