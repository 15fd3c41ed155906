//! Streams a market's book and prints its best quotes with their age, through lost messages and lost connections.
//!
//! ```sh
//! cargo run -p kmi-kalshi --example stream_book -- ws://127.0.0.1:8100/trade-api/ws/v2 KEY_ID KEY.pem TICKER..
//! ```
//!
//! Without arguments for them, the address and the key come from `KALSHI_WS_URL`, `KALSHI_KEY_ID` and `KALSHI_KEY_PATH`. The
//! handshake is signed even for public data, so a key is needed.

use std::error::Error;
use std::time::{Duration, SystemTime};

use kmi_kalshi::domain::{Side, Ticker, Timestamp};
use kmi_kalshi::sign::Signer;
use kmi_kalshi::ws::books::{BookView, LiveBooks};
use kmi_kalshi::ws::{Channel, Client, Config, EventKind, Markets, Parts};
use tokio::time::{Instant, timeout_at};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_none_or(|first| !first.starts_with("ws")) {
        let names = ["KALSHI_WS_URL", "KALSHI_KEY_ID", "KALSHI_KEY_PATH"];
        let told = names.map(|name| std::env::var(name).map_err(|_| format!("{name} is not set")));
        arguments.splice(0..0, told.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    let [url, key_id, key_path, names @ ..] = &arguments[..] else {
        return Err("wanted: URL KEY_ID KEY_PATH TICKER..".into());
    };
    let tickers = names
        .iter()
        .map(|name| name.parse())
        .collect::<Result<Vec<Ticker>, _>>()?;
    let signer = Signer::from_pem(key_id.as_str(), &std::fs::read_to_string(key_path)?)?;

    let (client, events) = Client::connect(Config::new(url), Parts::new(signer, now, 1)?);
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers.clone()))
        .await?;
    let mut books = LiveBooks::new(client, events);
    loop {
        let until = Instant::now() + Duration::from_secs(1);
        while let Ok(event) = timeout_at(until, books.next()).await {
            match event {
                None => return Ok(()),
                Some((event, _)) => report(&event.kind),
            }
        }
        for ticker in &tickers {
            println!("{ticker}  {}", line(books.book(ticker.as_str())));
        }
    }
}

/// Says what happened besides changes of books.
fn report(event: &EventKind) {
    if !matches!(event, EventKind::Message(_)) {
        eprintln!("{event:?}");
    }
}

fn line(view: BookView<'_>) -> String {
    match view {
        BookView::Synced { book, updated, .. } => {
            let quote = |level: Option<kmi_kalshi::domain::Level>| {
                level.map_or("none".to_owned(), |level| {
                    format!("{} x {}", level.price, level.quantity)
                })
            };
            let (bid, ask) = (quote(book.best_bid(Side::Yes)), quote(book.best_ask(Side::Yes)));
            format!("bid {bid}  ask {ask}  changed {} ms ago", age_ms(updated))
        }
        BookView::Stale { since, reason } => format!("stale for {} ms: {reason:?}", age_ms(since)),
        BookView::Unknown => "no snapshot yet".to_owned(),
    }
}

fn age_ms(since: Timestamp) -> i64 {
    now().micros_since(since) / 1_000
}

#[expect(clippy::disallowed_methods, reason = "a program is where the clock is read")]
fn now() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}
