//! Places an order that rests far from the market, reads it back, and cancels it.
//!
//! ```sh
//! export KALSHI_REST_URL=http://127.0.0.1:8100/trade-api/v2 KALSHI_KEY_ID=… KALSHI_KEY_PATH=demo.pem
//! cargo run -p kmi-kalshi --example place_and_cancel -- TICKER [PRICE]
//! ```
//!
//! It bids for one YES contract at PRICE, $0.0100 unless given. On anything but a demo that is real money, if someone sells at it.

use std::error::Error;
use std::time::SystemTime;

use kmi_kalshi::api::orders::CreateOrder;
use kmi_kalshi::api::portfolio::BalanceQuery;
use kmi_kalshi::domain::{Price, Quantity, Ticker, Timestamp};
use kmi_kalshi::rest::{Class, Client};
use kmi_kalshi::sign::Signer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let ticker: Ticker = arguments.next().ok_or("which market? give its ticker")?.parse()?;
    let price: Price = arguments.next().as_deref().unwrap_or("0.0100").parse()?;
    let client = client()?;

    // Without this the client counts by the lowest tier's limits.
    client.refresh_limits().await?;
    let balance = client.balance(&BalanceQuery::default()).await?;
    println!("cash: {}", balance.balance_dollars);

    // An id of one's own finds the order again if the answer gets lost; never use one twice. A program would take a UUID.
    let id = format!("example-{}", now().micros());
    let order = CreateOrder::bid(ticker.clone(), price, Quantity::ONE).client_order_id(id);
    let placed = match client.create_order(&order).await {
        Ok(placed) => placed,
        Err(error) => {
            let advice = match error.class() {
                Class::Unknown | Class::Undecodable => {
                    "look for the client_order_id before placing anything else"
                }
                Class::Retryable => "it was not executed, and may be placed again",
                Class::Refused | Class::Local => "it was not executed",
            };
            return Err(format!("{error}: {advice}").into());
        }
    };
    println!(
        "placed {}: {} filled, {} left",
        placed.order_id, placed.fill_count, placed.remaining_count
    );

    let resting = client.order(&placed.order_id).await?;
    println!("read back: {:?}", resting.status);

    if !placed.remaining_count.is_zero() {
        // The ticker tells the exchange on which of its shards to look.
        let canceled = client.cancel_order(&placed.order_id, &ticker, None).await?;
        println!("canceled {} contracts", canceled.reduced_by);
    }
    Ok(())
}

fn client() -> Result<Client, Box<dyn Error>> {
    let variable = |name: &'static str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let pem = std::fs::read_to_string(variable("KALSHI_KEY_PATH")?)?;
    let signer = Signer::from_pem(variable("KALSHI_KEY_ID")?, &pem)?;
    Ok(Client::builder(variable("KALSHI_REST_URL")?)
        .account(signer, now)
        .build()?)
}

#[expect(clippy::disallowed_methods, reason = "a program is where the clock is read")]
fn now() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}
