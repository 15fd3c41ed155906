//! Measured figures, gathered over rounds: [`Figure`], [`Figures`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One measured figure, as a bench program prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// Number of the target, `B1`.
    pub(crate) id: String,
    /// What was measured.
    pub(crate) case: String,
    /// Unit of all values.
    pub(crate) unit: String,
    /// Median of the runs.
    pub(crate) value: f64,
    /// Every run, in order.
    #[serde(default)]
    pub(crate) runs: Vec<f64>,
    /// What we aim for; `None` where the figure only informs.
    #[serde(default)]
    pub(crate) target: Option<f64>,
    /// What it was measured against in the same run.
    #[serde(default)]
    pub(crate) reference: Option<Reference>,
    /// What the run verified before the figure counted.
    #[serde(default)]
    pub(crate) check: String,
}

impl Figure {
    /// Whether it reaches its target, if it has one: times and sizes stay below it, rates above.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let measures_cost = matches!(
            self.unit.as_str(),
            "s" | "ms" | "us" | "µs" | "ns" | "MB" | "bytes"
        );
        // A ratio of times is a cost too; one of speeds is not.
        let less_is_better = measures_cost || (self.unit == "ratio" && self.case.starts_with("time "));
        let target = self.target?;
        Some(if less_is_better {
            self.value <= target
        } else {
            self.value >= target
        })
    }
}

/// A figure of someone else's, same work, same machine, same run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reference {
    /// Who or what.
    pub(crate) name: String,
    /// Median of the runs.
    pub(crate) value: f64,
    /// Every run, in order.
    #[serde(default)]
    pub(crate) runs: Vec<f64>,
}

/// A peer's value in one round, for the cases of one target.
#[derive(Clone, Debug)]
pub(crate) struct PeerFigure {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

/// All figures by target and case.
#[derive(Default)]
pub(crate) struct Figures {
    ours: BTreeMap<(String, String), Figure>,
    peers: BTreeMap<(String, String), (String, Vec<f64>)>,
}

impl Figures {
    /// One more round of a figure of ours.
    pub(crate) fn add(&mut self, mut figure: Figure) {
        if figure.runs.is_empty() {
            figure.runs.push(figure.value);
        }
        let key = (figure.id.clone(), figure.case.clone());
        let Some(known) = self.ours.get_mut(&key) else {
            self.ours.insert(key, figure);
            return;
        };
        known.runs.append(&mut figure.runs);
        known.value = median(&known.runs);
        known.check = figure.check;
        if let (Some(known), Some(mut reference)) = (&mut known.reference, figure.reference) {
            if reference.runs.is_empty() {
                reference.runs.push(reference.value);
            }
            known.runs.append(&mut reference.runs);
            known.value = median(&known.runs);
        }
    }

    /// One more round of a peer.
    pub(crate) fn add_peer(&mut self, peer: PeerFigure) {
        let key = (peer.id.to_owned(), peer.name);
        let (_, runs) = self
            .peers
            .entry(key)
            .or_insert_with(|| (peer.unit.to_owned(), Vec::new()));
        runs.push(peer.value);
    }

    /// All of ours in order; a peer gives one more line to what it is compared with, our first figure in its unit.
    pub(crate) fn finish(self) -> Vec<Figure> {
        let mut all: Vec<Figure> = self.ours.into_values().collect();
        for ((id, name), (unit, runs)) in self.peers {
            let Some(ours) = all.iter().find(|figure| figure.id == id && figure.unit == unit) else {
                continue;
            };
            let mut compared = ours.clone();
            compared.case.push_str(", against a peer");
            compared.reference = Some(Reference {
                name,
                value: median(&runs),
                runs,
            });
            all.push(compared);
        }
        sort(&mut all);
        all
    }
}

/// By the target's number, then by case.
pub(crate) fn sort(figures: &mut [Figure]) {
    let number = |figure: &Figure| {
        figure
            .id
            .trim_start_matches('B')
            .parse::<u32>()
            .unwrap_or(u32::MAX)
    };
    figures.sort_by(|a, b| (number(a), &a.case).cmp(&(number(b), &b.case)));
}

/// Middle value, or the mean of the two in the middle; 0 of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_gather_into_the_median() {
        let mut figures = Figures::default();
        for value in [3.0, 1.0, 8.0] {
            let line = format!(
                r#"{{"id":"B4","case":"c","unit":"x/s","value":{value},"target":2,
                "reference":{{"name":"r","value":{value},"runs":[{value}]}}}}"#
            );
            figures.add(serde_json::from_str(&line).unwrap());
            figures.add_peer(PeerFigure {
                id: "B4",
                name: "pandas".into(),
                unit: "x/s",
                value,
            });
        }
        let all = figures.finish();
        assert_eq!((all[0].value, all[0].runs.len()), (3.0, 3));
        assert_eq!(all[0].reference.as_ref().unwrap().runs, [3.0, 1.0, 8.0]);
        let peer = all[1].reference.as_ref().unwrap();
        assert_eq!((peer.name.as_str(), peer.runs.len()), ("pandas", 3));
    }

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert!((median(&[4.0, 1.0, 2.0, 8.0]) - 3.0).abs() < 1e-12);
        assert!(median(&[]).abs() < 1e-12);
    }
}
