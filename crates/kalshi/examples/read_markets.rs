//! Lists open markets with their quotes, and shows the book of the first one that has one. Needs no account.
//!
//! `cargo run -p kmi-kalshi --example read_markets -- http://127.0.0.1:8100/trade-api/v2`
//!
//! The base URL may also come from `KALSHI_REST_URL`; without either it is that of the exchange's demo.

use std::error::Error;

use futures::{StreamExt as _, TryStreamExt as _};
use kmi_kalshi::api::market::{Market, MarketsQuery, MveFilter, StatusFilter};
use kmi_kalshi::api::orderbook::OrderbookQuery;
use kmi_kalshi::rest::Client;

const DEMO: &str = "https://external-api.demo.kalshi.co/trade-api/v2";
/// Markets listed.
const SHOWN: usize = 20;
/// Levels of the book shown on each side.
const DEPTH: u32 = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args()
        .nth(1)
        .or_else(|| std::env::var("KALSHI_REST_URL").ok());
    let client = Client::builder(url.unwrap_or_else(|| DEMO.to_owned())).build()?;

    let status = client.exchange_status().await?;
    println!(
        "exchange active: {}, trading: {}\n",
        status.exchange_active, status.trading_active
    );

    // Pages are fetched as the stream is read, so this asks for no more than it shows.
    let open = MarketsQuery {
        status: Some(StatusFilter::Open),
        mve_filter: Some(MveFilter::Exclude),
        ..MarketsQuery::default()
    };
    let markets: Vec<Market> = client.markets(open).take(SHOWN).try_collect().await?;
    for market in &markets {
        println!(
            "{:<40} {} / {}  {}",
            market.ticker, market.yes_bid_dollars, market.yes_ask_dollars, market.yes_sub_title
        );
    }

    let Some(quoted) = markets.iter().find(|market| !market.yes_bid_size_fp.is_zero()) else {
        println!("\nno market has a bid");
        return Ok(());
    };
    let query = OrderbookQuery { depth: Some(DEPTH) };
    let book = client.orderbook(&quoted.ticker, &query).await?;
    println!("\n{}", quoted.ticker);
    for bid in book.yes_dollars.iter().rev() {
        println!("  YES bid {} x {}", bid.price, bid.quantity);
    }
    for ask in book.yes_asks() {
        println!("  YES ask {} x {}", ask.price, ask.quantity);
    }
    Ok(())
}
