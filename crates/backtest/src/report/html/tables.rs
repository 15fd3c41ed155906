//! Tables: breakdowns, best and worst markets, trades.

use std::fmt::Write;

use super::super::breakdown::{Group, by_price_band, by_series, extremes as extremes_of};
use super::super::format::{dollars, escape, percent, signed_dollars, thousands};
use super::super::{Report, Trade, TradedMarket, result_word};
use super::sections::tone;

/// Trades shown at most: the first half and the last half of these.
const TRADES_SHOWN: usize = 1_000;

/// Series shown at most.
const SERIES_SHOWN: usize = 25;

pub(super) fn breakdowns(report: &Report) -> String {
    if report.markets.is_empty() {
        return String::new();
    }
    let mut series = by_series(report);
    series.sort_by_key(|group| std::cmp::Reverse(group.pnl));
    format!(
        "<section class=\"pair\">\n{}{}</section>\n",
        breakdown("By series", "Series", &series),
        breakdown("By YES price of the first fill", "Price", &by_price_band(report))
    )
}

fn breakdown(title: &str, key: &str, groups: &[Group]) -> String {
    let widest = groups
        .iter()
        .map(|group| group.pnl.micros().unsigned_abs())
        .max()
        .unwrap_or(0)
        .max(1);
    let mut rows = String::new();
    for group in groups.iter().take(SERIES_SHOWN) {
        let bar = group.pnl.micros().unsigned_abs() as f64 / widest as f64 * 100.0;
        _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n wide\">{}</td>\
             <td class=\"n {tone}\"><span class=\"bar\" style=\"width:{bar:.1}%\"></span>{}</td></tr>",
            escape(&group.key),
            thousands(group.markets),
            percent(group.win_rate()),
            dollars(group.fees),
            signed_dollars(group.pnl),
            tone = tone(group.pnl),
        );
    }
    let more = match groups.len().saturating_sub(SERIES_SHOWN) {
        0 => String::new(),
        more => format!("<p class=\"more\">{more} more are not shown.</p>"),
    };
    format!(
        "<div class=\"card\"><h2>{title}</h2><div class=\"scroll\"><table class=\"bars\"><thead><tr><th>{key}</th>\
         <th class=\"n\">Markets</th><th class=\"n\">Won</th><th class=\"n wide\">Fees</th><th class=\"n\">P&amp;L</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>{more}</div>\n"
    )
}

pub(super) fn extremes(report: &Report) -> String {
    let (best, worst) = extremes_of(report, 8);
    if best.is_empty() && worst.is_empty() {
        return String::new();
    }
    format!(
        "<section class=\"pair\">\n{}{}</section>\n",
        ranked("Best markets", &best),
        ranked("Worst markets", &worst)
    )
}

fn ranked(title: &str, markets: &[&TradedMarket]) -> String {
    let rows = markets.iter().fold(String::new(), |mut rows, market| {
        let pnl = market.booking.pnl();
        _ = write!(
            rows,
            "<li><div><b>{}</b><small>{}</small></div><small class=\"how\">YES at {} · came out {}</small><span class=\"{}\">{}</span></li>",
            escape(market.ticker().as_str()),
            escape(&market.title),
            market.first_yes_price,
            market.result.as_str(),
            tone(pnl),
            signed_dollars(pnl)
        );
        rows
    });
    let rows = if rows.is_empty() {
        "<li class=\"none\">None.</li>".to_owned()
    } else {
        rows
    };
    format!("<div class=\"card\"><h2>{title}</h2><ol class=\"ranked\">{rows}</ol></div>\n")
}

pub(super) fn trades(report: &Report) -> String {
    let count = report.trades.len();
    if count == 0 {
        return "<section class=\"card\"><h2>Trades</h2><p class=\"none\">Nothing was traded: no market met the rule.</p></section>\n"
            .to_owned();
    }
    let half = TRADES_SHOWN / 2;
    let (first, last) = if count > TRADES_SHOWN {
        (&report.trades[..half], &report.trades[count - half..])
    } else {
        (&report.trades[..], &report.trades[count..])
    };
    let rows: String = first.iter().chain(last).map(row).collect();
    let hidden = if count > TRADES_SHOWN {
        format!(
            "The first and last {} of {} fills; {} in between are not shown. The CSV has them all.",
            thousands(half as u64),
            thousands(count as u64),
            thousands((count - TRADES_SHOWN) as u64)
        )
    } else {
        format!("All {} fills.", thousands(count as u64))
    };
    let heads = [
        ("Time", ""),
        ("Market", ""),
        ("Order", ""),
        ("Price", "n"),
        ("Contracts", "n"),
        ("Fee", "n"),
        ("Result", ""),
        ("P&amp;L", "n"),
    ]
    .iter()
    .map(|(name, class)| format!("<th class=\"{class}\"><button type=\"button\">{name}</button></th>"))
    .collect::<Vec<_>>()
    .concat();
    format!(
        "<section class=\"card trades\">\n<div class=\"head\"><h2>Trades</h2><input id=\"filter\" type=\"search\" \
         placeholder=\"Filter, e.g. a ticker\" aria-label=\"Filter trades\" hidden></div>\n<p class=\"more\">{hidden} <span \
         id=\"matching\"></span></p>\n<div class=\"scroll tall\" tabindex=\"0\"><table id=\"trades\"><thead><tr>{heads}</tr></thead>\
         <tbody>{rows}</tbody></table></div>\n</section>\n"
    )
}

fn row(trade: &Trade) -> String {
    let time = trade.time.to_string();
    let shown = time
        .get(..16)
        .map_or(time.clone(), |minutes| minutes.replace('T', " "));
    let pnl = trade
        .pnl
        .map_or_else(|| "–".to_owned(), |pnl| signed(&pnl.to_string()));
    format!(
        "<tr><td data-v=\"{}\" title=\"{time}\">{shown}</td><td>{}</td><td>{} <span class=\"side {side}\">{side}</span> \
         <small>{}</small></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td>\
         <td class=\"n {}\" data-v=\"{}\">{pnl}</td></tr>",
        trade.time.millis(),
        escape(trade.ticker.as_str()),
        trade.action,
        trade.liquidity.as_str(),
        trade.price,
        trade.quantity,
        trade.fee,
        result_word(trade.result),
        trade.pnl.map_or("flat", tone),
        trade.pnl.map(|pnl| pnl.micros().to_string()).unwrap_or_default(),
        side = trade.side,
    )
}

/// An exact amount with a sign that does not look like a hyphen.
fn signed(amount: &str) -> String {
    match amount.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => format!("+{amount}"),
    }
}
