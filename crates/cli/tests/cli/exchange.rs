//! `kmi exchange`: its first line, its state, its end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kmi_domain::{Quantity, Ticker, Timestamp};
use kmi_kalshi::api::market::{MarketsQuery, StatusFilter};
use kmi_kalshi::api::orders::{CreateOrder, Order, OrdersQuery};
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::{Auth, Client, RetryPolicy};
use kmi_kalshi::sign::Signer;
use serde_json::Value;

use crate::support::{Desk, Finished};

/// An exchange that runs, and what its first line says; it is killed when dropped.
struct Exchange {
    child: Child,
    told: Value,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Where it ended by itself there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Exchange {
    fn start(desk: &Desk, args: &[&str]) -> Exchange {
        let args = [
            &["exchange", "--port", "0", "--json", "--tier", "unlimited"],
            args,
        ]
        .concat();
        let mut child = desk
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let read = BufReader::new(child.stdout.take().unwrap()).read_line(&mut line);
        read.unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Exchange { child, told }
    }

    /// A client with the key of one of the accounts.
    fn client(&self, name: &str) -> Client {
        let account = self.account(name);
        let pem = std::fs::read_to_string(account["private_key_path"].as_str().unwrap()).unwrap();
        let signer = Signer::from_pem(account["key_id"].as_str().unwrap(), &pem).unwrap();
        Client::builder(self.told["rest"].as_str().unwrap())
            .account(signer, now)
            .limits(Limits::none())
            .retry(RetryPolicy::never())
            .build()
            .unwrap()
    }

    fn account(&self, name: &str) -> &Value {
        let accounts = self.told["accounts"].as_array().unwrap();
        accounts.iter().find(|account| account["name"] == name).unwrap()
    }

    /// What the admin door says of something.
    async fn admin(&self, what: &str) -> Value {
        let client = Client::builder(self.told["admin"].as_str().unwrap())
            .build()
            .unwrap();
        client.get(Auth::Public, &[what]).send().await.unwrap()
    }

    /// That all the money paid in is there, and nothing else.
    async fn check_ledger(&self) {
        let ledger = self.admin("ledger").await;
        assert!(ledger["total"].is_string(), "{ledger}");
        assert_eq!(ledger["total"], ledger["deposits"], "{ledger}");
    }

    /// How many events happened since its foundation.
    async fn events(&self) -> u64 {
        let state = self.admin("state").await;
        state["events"].as_u64().unwrap_or_else(|| panic!("{state}"))
    }

    #[cfg(unix)]
    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Its exit code, waited for at most so long.
    fn exit_within(&mut self, time: Duration) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < time {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("still running after {time:?}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the exchange under test has the machine's clock"
)]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

async fn a_market(client: &Client) -> Ticker {
    let query = MarketsQuery {
        status: Some(StatusFilter::Open),
        ..MarketsQuery::default()
    };
    let page = client.markets_page(&query).await.unwrap();
    // On the shard where the money is, and the one that closes last, so that it does not close meanwhile.
    let funded = page
        .markets
        .into_iter()
        .filter(|market| market.exchange_index == 0);
    let last = funded.max_by_key(|market| market.close_time);
    last.unwrap().ticker
}

/// A bid nobody will take.
fn far_bid(market: &Ticker, number: u32) -> CreateOrder {
    let order = CreateOrder::bid(
        market.clone(),
        "0.01".parse().unwrap(),
        Quantity::from_contracts(1),
    );
    order.client_order_id(format!("order-{number}"))
}

async fn orders_of(client: &Client) -> Vec<Order> {
    let query = OrdersQuery {
        limit: Some(1_000),
        ..OrdersQuery::default()
    };
    client.orders_page(&query).await.unwrap().orders
}

fn refused(desk: &Desk, args: &[&str]) -> Finished {
    desk.run(&[&["exchange", "--port", "0"], args].concat())
}

#[test]
fn its_first_line_says_where_it_listens_and_who_may_trade() {
    let desk = Desk::new();
    let exchange = Exchange::start(&desk, &["--markets", "3"]);
    let told = &exchange.told;
    let address = |key: &str, scheme: &str, path: &str| {
        let url = told[key].as_str().unwrap();
        let rest = url.strip_prefix(scheme).unwrap_or_else(|| panic!("{url}"));
        let (host, port) = rest.strip_suffix(path).unwrap().split_once(':').unwrap();
        assert_eq!(host, "127.0.0.1");
        port.parse::<u16>().unwrap()
    };
    let port = address("rest", "http://", "/trade-api/v2");
    assert_eq!(address("ws", "ws://", "/trade-api/ws/v2"), port);
    assert_eq!(address("admin", "http://", "/admin"), port);
    assert_ne!(port, 0);
    for (name, key_type) in [("demo", "rsa"), ("maker", "ed25519")] {
        let account = exchange.account(name);
        assert_eq!(
            (&account["key_type"], &account["balance"]),
            (&key_type.into(), &"10000.00".into())
        );
        assert_eq!(account["key_id"].as_str().unwrap().len(), 36);
        let path = Path::new(account["private_key_path"].as_str().unwrap());
        let pem = std::fs::read_to_string(path).unwrap();
        assert!(
            path.is_absolute() && pem.starts_with("-----BEGIN PRIVATE KEY-----"),
            "{pem:.40}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_in_good_order() {
    let desk = Desk::new();
    for signal in ["-TERM", "-INT"] {
        let mut exchange = Exchange::start(&desk, &["--markets", "3"]);
        exchange.signal(signal);
        assert_eq!(exchange.exit_within(Duration::from_secs(10)), Some(0), "{signal}");
    }
}

#[test]
fn what_it_cannot_start_with_is_said_in_a_sentence() {
    let desk = Desk::new();
    let said = |args: &[&str], code: i32, words: &str| {
        let finished = refused(&desk, args);
        assert_eq!(finished.code, code, "{args:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(words), "{args:?}: {}", finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    };
    said(&["--markets", "many"], 2, "invalid value");
    said(&["--client-order-id-reuse", "sometimes"], 2, "after_close");
    said(&["--tier", "diamond"], 2, "is none of");
    let plan = desk.write("plan.jsonl", "# none yet\n{\"kind\":\"meteor\",\"at_ms\":5}\n");
    said(&["--faults", plan.to_str().unwrap()], 2, "line 2");
    said(&["--faults", "no-such-plan.jsonl"], 1, "no-such-plan.jsonl");
    desk.write("keys/demo.pem", "not a key");
    let keys = desk.path("keys");
    said(&["--keys-dir", keys.to_str().unwrap()], 1, "demo.pem");
    let state = desk.write("state", "not a journal, but somebody's letter\n");
    said(&["--state", state.to_str().unwrap()], 1, "state");
    assert_eq!(
        std::fs::read_to_string(&state).unwrap(),
        "not a journal, but somebody's letter\n"
    );
}

#[test]
fn one_state_serves_one_exchange() {
    let desk = Desk::new();
    let state = desk.path("state");
    let state = state.to_str().unwrap();
    let _first = Exchange::start(&desk, &["--markets", "3", "--state", state]);
    let second = refused(&desk, &["--markets", "3", "--state", state]);
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(second.stderr.contains("state"), "{}", second.stderr);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_acknowledged_survives_being_killed() {
    let desk = Desk::new();
    let state = desk.path("state");
    let args = ["--markets", "60", "--state", state.to_str().unwrap()];
    let mut acknowledged: Vec<(u32, String)> = Vec::new();
    let mut number = 0;
    let mut events = 0;
    for _ in 0..3 {
        let exchange = Exchange::start(&desk, &args);
        let client = exchange.client("maker");
        exchange.check_ledger().await;
        assert!(exchange.events().await >= events, "the log of events began anew");

        let there = orders_of(&client).await;
        for (number, id) in &acknowledged {
            let client_order_id = format!("order-{number}");
            let same: Vec<_> = there
                .iter()
                .filter(|order| order.client_order_id == client_order_id)
                .collect();
            assert_eq!(same.len(), 1, "{client_order_id}");
            assert_eq!(same[0].order_id, *id);
        }
        // At most the one order that was on its way is there without having been acknowledged, each time.
        assert!(
            there.len() <= acknowledged.len() + 3,
            "{} of {}",
            there.len(),
            acknowledged.len()
        );

        events = exchange.events().await;
        let market = a_market(&client).await;
        let pid = exchange.child.id().to_string();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            Command::new("kill").args(["-9", &pid]).status().unwrap()
        });
        loop {
            number += 1;
            match client.create_order(&far_bid(&market, number)).await {
                Ok(created) => {
                    acknowledged.push((number, created.order_id));
                }
                Err(error) if error.may_have_executed() || error.refusal().is_none() => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(killer.join().unwrap().success());
    }
    assert!(
        acknowledged.len() > 10,
        "killed too early: {}",
        acknowledged.len()
    );
    let exchange = Exchange::start(&desk, &args);
    let client = exchange.client("maker");
    // The ids that were used are remembered, and the next order is one more.
    let market = a_market(&client).await;
    let (used, _) = acknowledged[0];
    let again = client.create_order(&far_bid(&market, used)).await.unwrap_err();
    assert_eq!(again.code(), Some("order_already_exists"));
    client.create_order(&far_bid(&market, number + 1)).await.unwrap();
    exchange.check_ledger().await;
    assert!(exchange.events().await > events + acknowledged.len() as u64 / 2);
}
