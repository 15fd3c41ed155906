//! Many runs over the same data, as many at once as there are cores.
//!
//! [`sweep`] runs any strategy once per combination of parameters; the data is shared and never copied.
//! [`sweep_crossovers`] is the short cut for moving averages of bars: sums are formed once, and each combination is a pass
//! over them.

use rayon::prelude::*;

use crate::bars::{BarSums, Crossover, CrossoverResult};
use crate::engine::{RunConfig, RunError, run};
use crate::feed::Dataset;
use crate::result::RunResult;
use crate::strategy::Strategy;

/// Runs one strategy per combination and returns what `measure` makes of each result, in order of the combinations.
///
/// `measure` runs on the worker, so that a sweep keeps figures and not whole results. What comes out does not depend on the
/// number of cores.
pub fn sweep<C, S, T>(
    data: &Dataset,
    config: &RunConfig,
    combinations: &[C],
    build: impl Fn(&C) -> S + Sync,
    measure: impl Fn(&C, RunResult) -> T + Sync,
) -> Vec<Result<T, RunError>>
where
    C: Sync,
    S: Strategy,
    T: Send,
{
    combinations
        .par_iter()
        .map(|combination| {
            let mut strategy = build(combination);
            run(data, &mut strategy, config).map(|result| measure(combination, result))
        })
        .collect()
}

/// Runs every crossover over the same bars, in order.
#[must_use]
pub fn sweep_crossovers(bars: &BarSums, combinations: &[Crossover]) -> Vec<CrossoverResult> {
    combinations
        .par_iter()
        .map(|crossover| crossover.run(bars))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::fixed_horizon::{DESCRIPTION, FixedHorizon};
    use crate::testing::Scenery;
    use kmi_domain::Side;

    #[test]
    fn a_sweep_gives_what_single_runs_give_in_order() {
        let mut scenery = Scenery::tape();
        let market = scenery.market("RAIN", 100, "yes");
        for second in 1..99_i64 {
            let cents = second * 37 % 90 + 5;
            scenery.print(market, second, &format!("0.{cents:02}"), 1, Side::No);
        }
        let data = scenery.build();
        let config = RunConfig::default();
        let horizons: Vec<String> = (1..50).map(|second| format!("{second}s")).collect();
        let build = |horizon: &String| {
            let given = [("horizon", horizon.as_str()), ("max_price", "0.99")];
            let params = DESCRIPTION.parse(given).unwrap();
            FixedHorizon::new(&params).unwrap()
        };

        let swept = sweep(&data, &config, &horizons, build, |_, result| result);

        for (horizon, result) in horizons.iter().zip(swept) {
            assert_eq!(result, run(&data, &mut build(horizon), &config), "{horizon}");
        }
    }
}
