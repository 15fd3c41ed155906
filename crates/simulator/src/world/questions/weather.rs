//! Highest temperatures.

use kmi_domain::{FeeType, Timestamp};

use super::{Draft, Strike, code, cut, ticker_date};
use crate::world::plan::{Lots, Plan};

/// The high of `day` in a town: six exclusive brackets of two degrees, the outer ones open.
pub(crate) fn weather(town: &str, lane: usize, day: Timestamp, times: (Timestamp, Timestamp)) -> Plan {
    // Every town has its climate; a seed changes what happens, not what is asked.
    let middle = 58 + 9 * (i64::try_from(lane).unwrap_or(0) % 4) + day.day() % 7;
    let mut book = Draft::new(
        &format!("SIMHIGH{}", code(town)),
        "Climate and Weather",
        FeeType::Quadratic,
    );
    book.series.title = Some(format!("Highest temperature in {town}"));
    book.event(
        &ticker_date(day),
        &format!("Highest temperature in {town} on {}?", day.date()),
    );
    // Degrees between brackets, in standard deviations of what is unknown at the opening (three degrees).
    let claims = cut(&[-4, -2, 0, 2, 4].map(|degrees| f64::from(degrees) / 3.0));
    book.outcome(
        &format!("T{}", middle - 4),
        &format!("{}° or below", middle - 5),
        Strike::less(middle - 4),
        claims[0],
    );
    for (from, claim) in [-4, -2, 0, 2].into_iter().zip(&claims[1..]) {
        book.outcome(
            &format!("B{}.5", middle + from),
            &format!("{}° to {}°", middle + from, middle + from + 1),
            Strike::between(middle + from, middle + from + 1),
            *claim,
        );
    }
    book.outcome(
        &format!("T{}", middle + 3),
        &format!("{}° or above", middle + 4),
        Strike::greater(middle + 3),
        claims[5],
    );
    book.plan(times, Lots::Whole)
}
