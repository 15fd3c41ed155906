//! Games.

use kmi_domain::{CollateralReturn, FeeMultiplier, FeeType, Timestamp};

use super::{Draft, Strike, code, cut, from};
use crate::world::hidden::Claim;
use crate::world::plan::{Lots, Plan};

/// Who plays whom, and what the event is called after the name of its series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixture<'a> {
    pub(crate) league: &'a str,
    pub(crate) suffix: &'a str,
    pub(crate) home: &'a str,
    pub(crate) away: &'a str,
}

/// Who wins a game: two exclusive markets.
pub(crate) fn game(fixture: &Fixture, structure: &'static str, times: (Timestamp, Timestamp)) -> Plan {
    let mut book = sheet(fixture, "", structure);
    let Fixture { home, away, .. } = fixture;
    book.event(fixture.suffix, &format!("{away} at {home}: who wins?"));
    // A little advantage for those at home.
    let claims = cut(&[-0.15]);
    book.outcome("HOME", home, Strike::custom(), claims[1]);
    book.outcome("AWAY", away, Strike::custom(), claims[0]);
    book.plan(times, Lots::Whole)
}

/// How many points fall: five nested markets, none of which excludes another.
pub(crate) fn total_points(fixture: &Fixture, times: (Timestamp, Timestamp)) -> Plan {
    let mut book = sheet(fixture, " totals", "linear_cent");
    book.exclusive = CollateralReturn::None;
    let Fixture { home, away, .. } = fixture;
    book.event(fixture.suffix, &format!("{away} at {home}: how many points?"));
    for (points, bound) in [(196, -1.2), (204, -0.6), (212, 0.0), (220, 0.6), (228, 1.2)] {
        book.outcome(
            &format!("O{points}"),
            &format!("Over {points} points"),
            Strike::greater(points),
            from(bound),
        );
    }
    book.plan(times, Lots::Whole)
}

/// Which share of all points falls to those at home: one market, settled at that share of a dollar.
pub(crate) fn share_of_points(fixture: &Fixture, times: (Timestamp, Timestamp)) -> Plan {
    let mut book = sheet(fixture, " shares", "center_half_edge_half_cent");
    book.exclusive = CollateralReturn::None;
    let Fixture { home, away, .. } = fixture;
    book.event(
        fixture.suffix,
        &format!("{away} at {home}: which share of the points is {home}'s?"),
    );
    book.outcome(
        "SHARE",
        &format!("Share of {home}"),
        Strike::custom(),
        Claim::Share { slope: 0.35 },
    );
    book.plan(times, Lots::Whole)
}

fn sheet(fixture: &Fixture, what: &str, structure: &'static str) -> Draft {
    let title = format!("{}{what}", fixture.league);
    let mut book = Draft::new(&format!("SIM{}", code(&title)), "Sports", FeeType::Quadratic);
    book.series.title = Some(title);
    book.series.fee_multiplier = Some(FeeMultiplier::from_millionths(500_000));
    book.structure = structure;
    book
}
