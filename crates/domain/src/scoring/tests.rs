use proptest::prelude::*;

use super::*;
use crate::units::Price;

fn scorer(forecasts: &[(&str, u8)]) -> Scorer {
    forecasts
        .iter()
        .map(|(price, outcome)| (price.parse::<Price>().unwrap(), Outcome::from(*outcome == 1)))
        .collect()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-12
}

#[test]
fn four_forecasts_score_as_computed_by_hand() {
    // Errors 0.2, 0.2, 0.7, 0.4: squares 0.04 + 0.04 + 0.49 + 0.16 = 0.73.
    let edges = "0,0.5,1".parse().unwrap();
    let calibration = scorer(&[("0.20", 0), ("0.80", 1), ("0.30", 1), ("0.60", 1)]).calibration(&edges);
    let scores = calibration.scores.unwrap();

    assert_eq!(calibration.n, 4);
    assert!(close(scores.brier, 0.182_5));
    let log_loss = -(0.8f64.ln() + 0.8f64.ln() + 0.3f64.ln() + 0.6f64.ln()) / 4.0;
    assert!(close(scores.log_loss, log_loss));
    // Bins: mean 0.25 with 1 of 2 hits, mean 0.70 with 2 of 2; base rate 0.75. Distances 0.25 and 0.30.
    assert!(close(scores.reliability, 0.076_25));
    assert!(close(scores.resolution, 0.062_5));
    assert!(close(scores.uncertainty, 0.187_5));
    // Lower bin: variance 0.0025, covariance with the outcomes 0.025; upper: variance 0.01, none.
    assert!(close(
        scores.within_bin,
        (0.002_5 - 2.0 * 0.025) / 2.0 + 0.01 / 2.0
    ));
    assert!(close(scores.ece, 0.275));
    assert!(close(scores.mean_forecast, 0.475));
    assert!(close(scores.accuracy, 0.75));
    assert!(close(scores.brier_skill().unwrap(), 1.0 - 0.182_5 / 0.187_5));
    let rates = calibration.bins[0].rates.unwrap();
    assert!(close(rates.mean_price, 0.25) && close(rates.hit_rate, 0.5));
}

#[test]
fn certainty_that_fails_costs_the_clipped_logarithm() {
    let scores = |forecasts| {
        scorer(forecasts)
            .calibration(&BinEdges::default())
            .scores
            .unwrap()
    };
    assert!(close(scores(&[("1", 0)]).log_loss, -(1e-6f64.ln())));
    assert!(close(scores(&[("0", 1)]).log_loss, -(1e-6f64.ln())));
    let right = scores(&[("1", 1), ("0", 0)]);
    assert!(close(right.log_loss, 0.0) && close(right.brier, 0.0) && close(right.accuracy, 1.0));
    assert_eq!(scores(&[("1", 1)]).brier_skill(), None);
}

#[test]
fn empty_bins_are_listed_and_no_forecast_has_no_score() {
    let calibration = Scorer::new().calibration(&BinEdges::default());

    assert_eq!((calibration.n, calibration.scores), (0, None));
    assert_eq!(calibration.bins.len(), 12);
    assert!(
        calibration
            .bins
            .iter()
            .all(|bin| bin.n == 0 && bin.rates.is_none())
    );
}

/// Everything again the plain way: floats, one pass a figure.
fn plainly(forecasts: &[(f64, f64)], edges: &[f64]) -> Scores {
    let n = forecasts.len() as f64;
    let mean = |of: &dyn Fn(f64, f64) -> f64| forecasts.iter().map(|(p, y)| of(*p, *y)).sum::<f64>() / n;
    let base_rate = mean(&|_, y| y);
    let mut scores = Scores {
        brier: mean(&|p, y| (p - y) * (p - y)),
        reliability: 0.0,
        resolution: 0.0,
        uncertainty: base_rate * (1.0 - base_rate),
        within_bin: 0.0,
        log_loss: mean(&|p, y| -(if y > 0.5 { p } else { 1.0 - p }).max(1e-6).ln()),
        ece: 0.0,
        base_rate,
        mean_forecast: mean(&|p, _| p),
        accuracy: mean(&|p, y| {
            if (p - 0.5).abs() < 1e-12 {
                0.5
            } else {
                f64::from(u8::from((p > 0.5) == (y > 0.5)))
            }
        }),
    };
    for (index, edge) in edges.windows(2).enumerate() {
        let last = index == edges.len() - 2;
        let inside: Vec<(f64, f64)> = forecasts
            .iter()
            .copied()
            .filter(|(p, _)| *p >= edge[0] && (*p < edge[1] || last))
            .collect();
        if inside.is_empty() {
            continue;
        }
        let count = inside.len() as f64;
        let p_mean = inside.iter().map(|(p, _)| p).sum::<f64>() / count;
        let y_mean = inside.iter().map(|(_, y)| y).sum::<f64>() / count;
        scores.reliability += count / n * (p_mean - y_mean).powi(2);
        scores.resolution += count / n * (y_mean - base_rate).powi(2);
        scores.ece += count / n * (p_mean - y_mean).abs();
    }
    scores.within_bin = scores.brier - (scores.reliability - scores.resolution + scores.uncertainty);
    scores
}

fn figures(scores: Scores) -> [f64; 10] {
    [
        scores.brier,
        scores.reliability,
        scores.resolution,
        scores.uncertainty,
        scores.within_bin,
        scores.log_loss,
        scores.ece,
        scores.base_rate,
        scores.mean_forecast,
        scores.accuracy,
    ]
}

proptest! {
    #[test]
    fn scores_are_what_plain_floats_say_and_brier_is_the_sum_of_its_parts(
        forecasts in prop::collection::vec((0u16..=10_000, any::<bool>()), 1..300),
    ) {
        let edges = [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0];
        let scorer: Scorer = forecasts
            .iter()
            .map(|(units, yes)| (Price::from_units(*units).unwrap(), Outcome::from(*yes)))
            .collect();
        let floats: Vec<(f64, f64)> = forecasts
            .iter()
            .map(|(units, yes)| (f64::from(*units) / 10_000.0, f64::from(u8::from(*yes))))
            .collect();

        let scores = scorer.calibration(&BinEdges::default()).scores.unwrap();

        for (ours, plain) in figures(scores).into_iter().zip(figures(plainly(&floats, &edges))) {
            prop_assert!(close(ours, plain), "{} {}", ours, plain);
        }
        let parts = scores.reliability - scores.resolution + scores.uncertainty + scores.within_bin;
        prop_assert!(close(scores.brier, parts));
    }

    #[test]
    fn the_order_of_forecasts_changes_no_digit(
        forecasts in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 1..200),
        cut in 0usize..200,
    ) {
        let scored = |forecasts: &[(f64, bool)]| -> Scorer {
            forecasts
                .iter()
                .map(|(p, yes)| (Probability::new(*p).unwrap(), Outcome::from(*yes)))
                .collect()
        };
        let forward = scored(&forecasts);
        let cut = cut.min(forecasts.len());
        let mut merged = scored(&forecasts[cut..]);
        merged.merge(&scored(&forecasts[..cut]));

        prop_assert_eq!(&forward, &merged);
        prop_assert_eq!(forward.calibration(&BinEdges::default()), merged.calibration(&BinEdges::default()));
        prop_assert_eq!(forward.n(), forecasts.len() as u64);
    }

    #[test]
    fn asking_the_opposite_question_scores_the_same(
        forecasts in prop::collection::vec((0u16..=10_000, any::<bool>()), 1..100),
    ) {
        let [asked, opposite] = [false, true].map(|flip| -> Scores {
            let scorer: Scorer = forecasts
                .iter()
                .map(|(units, yes)| {
                    let price = Price::from_units(*units).unwrap();
                    let price = if flip { price.complement() } else { price };
                    (price, Outcome::from(*yes != flip))
                })
                .collect();
            scorer.calibration(&"0,1".parse().unwrap()).scores.unwrap()
        });
        prop_assert!(close(asked.brier, opposite.brier));
        prop_assert!(close(asked.log_loss, opposite.log_loss));
        prop_assert!(close(asked.accuracy, opposite.accuracy));
    }
}
