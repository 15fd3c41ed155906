//! Names of invented places, clubs, people and goods.

use crate::world::questions::name;

/// The `nth` town: 120 names, then numbered ones.
pub(super) fn town(nth: usize) -> String {
    const FIRST: [&str; 20] = [
        "River", "Lake", "Fair", "Stone", "Maple", "Harbor", "Cedar", "Spring", "Clear", "Wind", "Red",
        "Silver", "North", "Ash", "Bright", "Elm", "Fox", "Glen", "High", "Iron",
    ];
    const LAST: [&str; 6] = ["ton", "side", "haven", "ford", "field", "view"];
    // Neighbours differ in both halves; the product of 20 and 6 is met before anything repeats.
    let (first, last) = (nth % 20, (nth / 20 + nth % 20) % 6);
    let plain = format!("{}{}", FIRST[first], LAST[last]);
    name(&[&plain], nth / 120)
}

/// The `nth` coin.
pub(super) fn coin(nth: usize) -> String {
    const COINS: [&str; 12] = [
        "Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda",
        "Sigma",
    ];
    name(&COINS, nth)
}

/// The `nth` league.
pub(super) fn league(nth: usize) -> String {
    const LEAGUES: [&str; 12] = [
        "Northern League",
        "Southern League",
        "Coastal Baseball",
        "Inland Baseball",
        "Premier Basketball",
        "Open Tennis",
        "Island Cup",
        "Mountain Cup",
        "College Basketball",
        "Junior Tennis",
        "Winter Baseball",
        "City Basketball",
    ];
    name(&LEAGUES, nth)
}

/// The `nth` office somebody is elected to.
pub(super) fn office(nth: usize) -> String {
    const OFFICES: [&str; 6] = [
        "mayor",
        "council",
        "governor",
        "treasurer",
        "senate seat",
        "school board",
    ];
    format!("{} {}", town(nth / 2), OFFICES[(nth + nth / 240) % 6])
}

/// Candidates: eight, in the order in which they stand on the ballot.
pub(super) const CANDIDATES: [&str; 8] = [
    "Ash", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Gorse", "Hazel",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        for of in [town, coin, league, office] {
            let names: BTreeSet<String> = (0..1_400).map(of).collect();
            assert_eq!(names.len(), 1_400);
        }
    }
}
