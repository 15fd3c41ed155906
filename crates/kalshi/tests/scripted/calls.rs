//! What typed calls send, as short as it can be said.

use kmi_domain::{Price, Quantity, Ticker};
use kmi_kalshi::rest::Client;

use super::{Act, Exchange};

const BASE: &str = "/trade-api/v2";

pub(crate) fn ticker() -> Ticker {
    "A-1".parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn count(text: &str) -> Quantity {
    text.parse().unwrap()
}

/// An exchange that gives these answers, and a client of it.
pub(crate) fn answering(answers: &[(u16, &'static str)]) -> (Exchange, Client) {
    let exchange = Exchange::new(answers.iter().map(|&(status, body)| Act::Answer(status, body)));
    let client = exchange.client();
    (exchange, client)
}

/// Wants exactly these requests to have come, as `METHOD path?query` and body, all of them signed.
#[track_caller]
pub(crate) fn came(exchange: &Exchange, wanted: &[(&str, &str)]) {
    let seen = exchange.seen();
    for request in &seen {
        assert!(
            request.target.contains("user_data_timestamp")
                || request.header("kalshi-access-signature").is_some(),
            "{} is not signed",
            request.target
        );
    }
    let seen: Vec<(String, String)> = seen
        .into_iter()
        .map(|request| {
            let target = request.target.strip_prefix(BASE).unwrap();
            (format!("{} {target}", request.method), request.body)
        })
        .collect();
    let wanted: Vec<(String, String)> = wanted
        .iter()
        .map(|(line, body)| ((*line).to_owned(), (*body).to_owned()))
        .collect();
    assert_eq!(seen, wanted);
}

/// A body made up as the test goes.
pub(crate) fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}
