//! Charts as inline SVG. Curves stretch with the page; labels are HTML beside them, so they never stretch.

use std::fmt::Write;

use kmi_domain::scoring::BinRates;
use kmi_domain::{Money, Timestamp};

use super::super::format::{escape, signed_dollars, thousands};
use super::super::{Report, calibration as calibration_of};
use super::scale::{Scale, ticks};
use super::sections::tone;
use crate::metrics::{EquityPoint, drawdown_curve};

const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 300.0;
const STRIP: f64 = 100.0;

/// Points drawn at most: beyond, each stretch of the curve keeps its highest and lowest.
const POINTS_DRAWN: usize = 1_600;

/// Bars drawn at most: beyond, a bar sums several days.
const BARS_DRAWN: usize = 90;

/// Equity and, below on the same time axis, how far under its peak it stood.
pub(super) fn equity(report: &Report) -> String {
    let curve = &report.metrics.equity_curve;
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else {
        return String::new();
    };
    let x = time_scale(first.time, last.time);
    let high = curve
        .iter()
        .map(|point| point.value.dollars())
        .fold(0.0, f64::max);
    let low = curve
        .iter()
        .map(|point| point.value.dollars())
        .fold(0.0, f64::min);
    let values = ticks(low, high, 4);
    let y = scale_over(&values, HEIGHT);
    let points = thinned(curve);
    let line = path(&points, x, y);
    let under = thinned(&drawdown_curve(curve));
    let deepest = ticks(-report.metrics.max_drawdown.dollars(), 0.0, 2);
    let y_under = scale_over(&deepest, STRIP);
    let under_line = path(&under, x, y_under);
    let (left, right) = (
        x.at(first.time.seconds() as f64),
        x.at(last.time.seconds() as f64),
    );
    let (zero, zero_under) = (y.at(0.0), y_under.at(0.0));
    format!(
        "<section class=\"card\">\n<div class=\"head\"><h2>Equity</h2><p class=\"read\" id=\"read\" aria-live=\"off\">ends at \
         <b class=\"{tone}\">{end}</b></p></div>\n\
         <div class=\"plot\" id=\"equity\" style=\"height:280px\">{grid}<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Cumulative profit and loss after fees, ending at {end}\">\
         <path class=\"area\" d=\"{line} L{right:.1} {zero:.1} L{left:.1} {zero:.1} Z\"/>\
         <path class=\"line\" d=\"{line}\"/></svg><i class=\"cross\"></i><i class=\"dot\"></i></div>\n\
         <h3>Drawdown</h3>\n<div class=\"plot\" id=\"under\" style=\"height:90px\">{grid_under}\
         <svg viewBox=\"0 0 {WIDTH} {STRIP}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Fall from the running peak, at \
         most {deep}\"><path class=\"under\" d=\"{under_line} L{right:.1} {zero_under:.1} L{left:.1} {zero_under:.1} Z\"/></svg>\
         <i class=\"cross\"></i></div>\n{dates}</section>\n",
        tone = tone(last.value),
        end = signed_dollars(last.value),
        deep = signed_dollars(-report.metrics.max_drawdown),
        grid = grid(&values, y, HEIGHT),
        grid_under = grid(&deepest, y_under, STRIP),
        dates = dates(first.time, last.time),
    )
}

/// The points under the pointer, for the script: milliseconds, equity and drawdown as exact text.
pub(super) fn data(report: &Report) -> String {
    let curve = &report.metrics.equity_curve;
    let under = drawdown_curve(curve);
    let mut json = String::from("{\"points\":[");
    let mut height = (0.0_f64, 0.0_f64);
    for (at, point) in thinned_at(curve).into_iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let (value, fall) = (curve[point].value, under[point].value);
        height = (height.0.min(value.dollars()), height.1.max(value.dollars()));
        _ = write!(
            json,
            "{comma}[{},\"{value}\",\"{fall}\"]",
            curve[point].time.millis()
        );
    }
    let values = ticks(height.0, height.1, 4);
    _ = write!(
        json,
        "],\"low\":{},\"high\":{}}}",
        values[0],
        values[values.len() - 1]
    );
    json
}

fn time_scale(first: Timestamp, last: Timestamp) -> Scale {
    Scale {
        domain: (first.seconds() as f64, last.seconds() as f64),
        range: (0.0, WIDTH),
    }
}

fn scale_over(values: &[f64], height: f64) -> Scale {
    Scale {
        domain: (values[0], values[values.len() - 1]),
        range: (height, 0.0),
    }
}

/// A curve that holds its value between bookings, as equity does.
fn path(points: &[EquityPoint], x: Scale, y: Scale) -> String {
    let mut path = String::new();
    for (at, point) in points.iter().enumerate() {
        let (px, py) = (x.at(point.time.seconds() as f64), y.at(point.value.dollars()));
        if at == 0 {
            _ = write!(path, "M{px:.1} {py:.1}");
        } else {
            _ = write!(path, " H{px:.1} V{py:.1}");
        }
    }
    path
}

fn thinned(curve: &[EquityPoint]) -> Vec<EquityPoint> {
    thinned_at(curve).into_iter().map(|at| curve[at]).collect()
}

/// Positions of the points to draw: all, or first, last, and the extremes of equal stretches between.
fn thinned_at(curve: &[EquityPoint]) -> Vec<usize> {
    if curve.len() <= POINTS_DRAWN {
        return (0..curve.len()).collect();
    }
    let stretch = curve.len().div_ceil(POINTS_DRAWN / 2 - 1);
    let mut kept = vec![0];
    for start in (0..curve.len()).step_by(stretch) {
        let part = start..(start + stretch).min(curve.len());
        kept.extend(part.clone().min_by_key(|&at| curve[at].value));
        kept.extend(part.max_by_key(|&at| curve[at].value));
    }
    kept.push(curve.len() - 1);
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Horizontal lines with their values at the left.
fn grid(values: &[f64], y: Scale, height: f64) -> String {
    values.iter().fold(String::new(), |mut text, &value| {
        let class = if value == 0.0 { "rule zero" } else { "rule" };
        _ = write!(
            text,
            "<span class=\"{class}\" style=\"top:{:.2}%\"><em>{}</em></span>",
            y.at(value) / height * 100.0,
            axis_dollars(value)
        );
        text
    })
}

fn axis_dollars(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    if size >= 10_000.0 {
        format!("{sign}${:.0}k", size / 1_000.0)
    } else if (size - size.round()).abs() < 1e-9 {
        format!("{sign}${size:.0}")
    } else {
        format!("{sign}${size:.2}")
    }
}

/// Dates under a time axis, spread evenly.
fn dates(first: Timestamp, last: Timestamp) -> String {
    const PARTS: i64 = 4;
    let span = last.micros_since(first);
    let label = |time: Timestamp| {
        if span < 2 * 86_400_000_000 {
            time.to_string()
                .get(5..16)
                .map_or_else(|| time.date(), |text| text.replace('T', " "))
        } else {
            time.date()
        }
    };
    let labels = (0..=PARTS)
        .map(|part| format!("<span>{}</span>", label(first.plus_micros(span / PARTS * part))))
        .collect::<Vec<_>>()
        .concat();
    format!("<div class=\"dates\">{labels}</div>\n")
}

/// P&L of each day, or of equal runs of days.
pub(super) fn periods(report: &Report) -> String {
    let daily = &report.metrics.daily;
    if daily.len() < 2 {
        return String::new();
    }
    let length = daily.len().div_ceil(BARS_DRAWN);
    let sums: Vec<(Timestamp, Money)> = daily
        .chunks(length)
        .map(|days| (days[0].start(), days.iter().map(|day| day.pnl).sum()))
        .collect();
    let dollars = |sum: &(Timestamp, Money)| sum.1.dollars();
    let values = ticks(
        sums.iter().map(dollars).fold(0.0, f64::min),
        sums.iter().map(dollars).fold(0.0, f64::max),
        3,
    );
    let y = scale_over(&values, STRIP);
    let slot = WIDTH / sums.len() as f64;
    let mut bars = String::new();
    for (at, (start, sum)) in sums.iter().enumerate() {
        let (top, zero) = (y.at(sum.dollars()), y.at(0.0));
        _ = write!(
            bars,
            "<rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}: {}</title></rect>",
            tone(*sum),
            at as f64 * slot + slot * 0.12,
            top.min(zero),
            slot * 0.76,
            (top - zero).abs().max(0.4),
            start.date(),
            signed_dollars(*sum)
        );
    }
    let title = if length == 1 {
        "P&amp;L by day".to_owned()
    } else {
        format!("P&amp;L by {length} days")
    };
    let gaining = daily.iter().filter(|day| day.pnl.is_positive()).count();
    format!(
        "<section class=\"card\">\n<div class=\"head\"><h2>{title}</h2><p class=\"read\">{gaining} of {} days gained</p></div>\n\
         <div class=\"plot\" style=\"height:130px\">{}<svg viewBox=\"0 0 {WIDTH} {STRIP}\" preserveAspectRatio=\"none\" \
         role=\"img\" aria-label=\"Profit and loss over time\">{bars}</svg></div>\n{}</section>\n",
        daily.len(),
        grid(&values, y, STRIP),
        dates(daily[0].start(), daily[daily.len() - 1].start()),
    )
}

/// Price at which each market was first traded against how often such markets came out yes.
pub(super) fn calibration(report: &Report) -> String {
    let bins: Vec<(u64, BinRates)> = calibration_of(report)
        .into_iter()
        .filter_map(|bin| Some((bin.n, bin.rates?)))
        .collect();
    if bins.is_empty() {
        return String::new();
    }
    let most = bins.iter().map(|(n, _)| *n).max().unwrap_or(1) as f64;
    let marks: String = bins.iter().map(|(n, bin)| mark(*n, bin, most)).collect();
    let rows: String = bins.iter().map(|(n, bin)| bin_row(*n, bin)).collect();
    let axis = [0, 25, 50, 75, 100]
        .iter()
        .map(|at| {
            format!(
                "<span class=\"rule\" style=\"top:{}%\"><em>{at} %</em></span>",
                100 - at
            )
        })
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<section class=\"card\">\n<h2>Calibration of the markets traded</h2>\n<div class=\"calibration\">\n<div><div \
         class=\"plot square\">{axis}<svg viewBox=\"0 0 100 100\" role=\"img\" aria-label=\"Share that came out yes by price; the \
         table has the numbers\"><path class=\"diagonal\" d=\"M0 100 L100 0\"/>{marks}</svg></div>\
         <div class=\"dates\"><span>$0</span><span>$0.25</span><span>$0.50</span><span>$0.75</span><span>$1</span></div>\
         <p class=\"axis\">YES price of the first fill</p></div>\n\
         <div><p class=\"lead\">Dots show how often markets first traded at a price came out yes; whiskers are Wilson 95 % \
         intervals. A market priced right lies on the diagonal: above it YES was cheap, below it NO was.</p>\
         <div class=\"scroll\"><table><thead><tr><th class=\"n\">Mean price</th><th class=\"n\">Came out yes</th><th \
         class=\"n\">95 % interval</th><th class=\"n\">Markets</th></tr></thead><tbody>{rows}</tbody></table></div></div>\n</div>\n\
         </section>\n"
    )
}

fn mark(n: u64, bin: &BinRates, most: f64) -> String {
    let x = bin.mean_price * 100.0;
    let y = |share: f64| (1.0 - share) * 100.0;
    let outside = bin.mean_price < bin.ci_low || bin.mean_price > bin.ci_high;
    format!(
        "<g class=\"{}\"><path d=\"M{x:.2} {:.2} V{:.2}\"/><circle cx=\"{x:.2}\" cy=\"{:.2}\" r=\"{:.2}\"/><title>{} markets at \
         {:.3} on average: {:.1} % came out yes</title></g>",
        if outside { "mark off" } else { "mark" },
        y(bin.ci_low),
        y(bin.ci_high),
        y(bin.hit_rate),
        0.9 + 1.6 * (n as f64 / most).sqrt(),
        thousands(n),
        bin.mean_price,
        bin.hit_rate * 100.0,
    )
}

fn bin_row(n: u64, bin: &BinRates) -> String {
    let interval = format!("{:.1} – {:.1} %", bin.ci_low * 100.0, bin.ci_high * 100.0);
    format!(
        "<tr><td class=\"n\">{:.4}</td><td class=\"n\">{:.1} %</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        bin.mean_price,
        bin.hit_rate * 100.0,
        escape(&interval),
        thousands(n)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_ends_and_extremes() {
        let curve: Vec<EquityPoint> = (0..10_000)
            .map(|at| EquityPoint {
                time: Timestamp::from_seconds(at),
                value: Money::from_micros(if at == 7_777 { -9_000 } else { at % 97 }),
            })
            .collect();

        let kept = thinned_at(&curve);

        assert!(kept.len() <= POINTS_DRAWN);
        assert_eq!((kept[0], kept[kept.len() - 1]), (0, 9_999));
        assert!(kept.contains(&7_777));
    }

    #[test]
    fn axis_values_are_short() {
        assert_eq!(axis_dollars(-2.5), "−$2.50");
        assert_eq!(axis_dollars(20.0), "$20");
        assert_eq!(axis_dollars(25_000.0), "$25k");
    }
}
