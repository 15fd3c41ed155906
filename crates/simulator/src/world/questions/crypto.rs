//! Prices of invented coins and goods.

use kmi_domain::{CollateralReturn, FeeType, Timestamp};

use super::{Draft, Strike, code, cut, from, ticker_date, ticker_time};
use crate::world::plan::{Lots, Plan};

/// Will a coin stand above its price of `open` a quarter of an hour later: one market.
pub(crate) fn coin(coin: &str, open: Timestamp) -> Plan {
    let mut book = Draft::new(
        &format!("SIM{}15M", code(coin)),
        "Crypto",
        FeeType::QuadraticWithMakerFees,
    );
    "fifteen_min".clone_into(book.series.frequency.get_or_insert_default());
    book.series.title = Some(format!("{coin} coin up in 15 minutes"));
    book.structure = "tapered_deci_cent";
    book.exclusive = CollateralReturn::None;
    let close = open.plus_seconds(900);
    let time = ticker_time(close);
    let (hour, minute) = time.split_at(2);
    book.event(
        &format!("{}{time}", ticker_date(close)),
        &format!("{coin} coin above its opening price at {hour}:{minute} UTC?"),
    );
    book.outcome(minute, "Price up", Strike::greater(0), from(0.0));
    book.plan((open, close), Lots::Fractional)
}

/// Where a price stands at the close: ten exclusive ranges of $10, the outer ones open, around `middle` dollars.
pub(crate) fn price_range(
    what: &str,
    structure: &'static str,
    middle: i64,
    times: (Timestamp, Timestamp),
) -> Plan {
    let mut book = Draft::new(
        &format!("SIM{}R", code(what)),
        "Crypto",
        FeeType::QuadraticWithMakerFees,
    );
    book.series.title = Some(format!("{what} price range"));
    book.structure = structure;
    let close = times.1;
    let (date, time) = (close.date(), ticker_time(close));
    book.event(
        &format!("{}{time}", ticker_date(close)),
        &format!("{what} price on {date} at {time} UTC?"),
    );
    let bounds: Vec<i64> = (-4..=4).map(|step| middle + 10 * step).collect();
    let claims = cut(&[-1.6, -1.2, -0.8, -0.4, 0.0, 0.4, 0.8, 1.2, 1.6]);
    let (lowest, highest) = (bounds[0], bounds[8]);
    book.outcome(
        &format!("T{lowest}"),
        &format!("Below ${lowest}"),
        Strike::less(lowest),
        claims[0],
    );
    for (ends, claim) in bounds.windows(2).zip(&claims[1..]) {
        book.outcome(
            &format!("B{}", ends[0] + 5),
            &format!("${} to ${}", ends[0], ends[1]),
            Strike::between(ends[0], ends[1]),
            *claim,
        );
    }
    book.outcome(
        &format!("A{highest}"),
        &format!("${highest} or above"),
        Strike::greater(highest),
        claims[9],
    );
    book.plan(times, Lots::Fractional)
}
