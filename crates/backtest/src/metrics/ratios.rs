//! Return on risk of daily P&L.

/// Sharpe ratio.
pub(crate) fn sharpe(daily: &[f64]) -> Option<f64> {
    let (n, mean) = mean(daily)?;
    let squares: f64 = daily.iter().map(|pnl| (pnl - mean).powi(2)).sum();
    ratio(mean, (squares / (n - 1.0)).sqrt())
}

/// Sortino ratio.
pub(crate) fn sortino(daily: &[f64]) -> Option<f64> {
    let (n, mean) = mean(daily)?;
    let squares: f64 = daily.iter().map(|pnl| pnl.min(0.0).powi(2)).sum();
    ratio(mean, (squares / n).sqrt())
}

fn mean(daily: &[f64]) -> Option<(f64, f64)> {
    let n = daily.len() as f64;
    (daily.len() >= 2).then(|| (n, daily.iter().sum::<f64>() / n))
}

fn ratio(mean: f64, deviation: f64) -> Option<f64> {
    (deviation > 0.0).then(|| mean / deviation * 365_f64.sqrt())
}
