//! `/api/v1/sse/markets`.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use kmi_app::board::BoardSettings;
use kmi_server::DoorSettings;
use serde_json::{Value, json};

use crate::support::{PATIENCE, Served, served, served_with, ticker};

const A: &str = "KXHIGH-26NOV21-T50";
const B: &str = "KXHIGH-26NOV21-T60";

/// Events of a stream as they come.
struct Events {
    body: Incoming,
    text: String,
}

#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

impl Event {
    fn is(&self, name: &str) -> &Event {
        assert_eq!(self.name, name, "{self:?}");
        self
    }

    fn number(&self) -> u64 {
        self.id.split_once(':').unwrap().1.parse().unwrap()
    }
}

impl Events {
    async fn open(served: &Served, query: &str, last: Option<&str>) -> Events {
        let headers: Vec<(&str, &str)> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        let response = served
            .open("GET", &format!("/api/v1/sse/markets?{query}"), &headers, "")
            .await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next event, `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        let read = async {
            while !self.text.contains("\n\n") {
                let frame = self.body.frame().await?.ok()?;
                self.text
                    .push_str(std::str::from_utf8(frame.data_ref()?).unwrap());
            }
            let (event, rest) = self.text.split_once("\n\n").unwrap();
            let field = |name: &str| {
                let line = event.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_else(|| panic!("no {name} in {event}")).to_owned()
            };
            let event = Event {
                id: event
                    .lines()
                    .find_map(|line| line.strip_prefix("id: "))
                    .unwrap_or_default()
                    .to_owned(),
                name: field("event: "),
                data: serde_json::from_str(&field("data: ")).unwrap(),
            };
            let rest = rest.to_owned();
            self.text = rest;
            Some(event)
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("an event comes")
    }

    async fn event(&mut self) -> Event {
        self.next().await.expect("the stream goes on")
    }
}

async fn two() -> Served {
    let served = served().await;
    served.list(&[
        (A, "0.9000", "0.9200", "10.00"),
        (B, "0.4000", "0.4400", "300.00"),
    ]);
    served
}

#[tokio::test]
async fn a_snapshot_comes_first_and_then_what_happens() {
    let served = two().await;
    let mut events = Events::open(&served, &format!("tickers={B}&kinds=market,trade"), None).await;

    let first = events.event().await;
    let data = &first.is("snapshot").data;
    assert_eq!(data["data"]["markets"].as_array().unwrap().len(), 1);
    assert_eq!(data["data"]["markets"][0]["ticker"], B);
    assert_eq!(data["data"]["markets"][0]["yes_bid"], "0.4000");
    assert_eq!(data["data"]["connection"]["state"], "off");
    assert_eq!(data["seq"], first.number());

    served.quote(A, "0.8000", "0.8200");
    served.quote(B, "0.4100", "0.4300");
    served.trade("t-1", B, "0.4300");
    let market = events.event().await;
    let data = &market.is("market").data["data"];
    assert_eq!((&data["ticker"], &data["yes_bid"]), (&json!(B), &json!("0.4100")));
    assert_eq!(
        (&data["source"], &data["stale"]),
        (&json!("websocket"), &json!(false))
    );
    let trade = events.event().await;
    assert_eq!(trade.is("trade").data["data"]["id"], "t-1");
    assert!(trade.number() > market.number());
}

#[tokio::test]
async fn a_snapshot_of_all_comes_in_parts_and_only_its_end_can_be_gone_on_from() {
    let served = served().await;
    let names: Vec<String> = (100..230)
        .map(|number| format!("KXHIGH-26NOV21-T{number}"))
        .collect();
    let markets: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "0.4000", "0.4400", "1.00"))
        .collect();
    served.list(&markets);
    let mut events = Events::open(&served, "tickers=all", None).await;

    let mut told = Vec::new();
    let mut parts = Vec::new();
    loop {
        let part = events.event().await;
        let data = part.is("snapshot").data["data"].clone();
        let markets = data["markets"].as_array().unwrap().iter();
        told.extend(markets.map(|market| market["ticker"].as_str().unwrap().to_owned()));
        parts.push((part.id.is_empty(), data["more"].as_bool().unwrap()));
        if data["more"] == false {
            break;
        }
    }
    told.sort();
    assert_eq!(told, names);
    assert_eq!(parts, [(true, true), (true, true), (false, false)]);
}

#[tokio::test]
async fn who_comes_back_misses_nothing() {
    let served = two().await;
    let query = "tickers=all&kinds=trade";
    let mut events = Events::open(&served, query, None).await;
    events.event().await.is("snapshot");
    served.trade("t-1", A, "0.9000");
    let last = events.event().await.id;
    drop(events);
    for number in 2..=50 {
        served.trade(
            &format!("t-{number}"),
            if number % 2 == 0 { A } else { B },
            "0.5000",
        );
    }

    let mut events = Events::open(&served, query, Some(&last)).await;
    for number in 2..=50 {
        let event = events.event().await;
        assert_eq!(event.is("trade").data["data"]["id"], format!("t-{number}"));
    }
}

#[tokio::test]
async fn a_place_the_ring_has_forgotten_or_of_another_start_begins_anew() {
    let board = BoardSettings {
        ring: 64,
        ..BoardSettings::default()
    };
    let served = served_with(DoorSettings::default(), board).await;
    served.list(&[(A, "0.9000", "0.9200", "10.00")]);
    let query = "tickers=all&kinds=market,trade";
    let mut events = Events::open(&served, query, None).await;
    let first = events.event().await.id;
    drop(events);
    for number in 0..500 {
        served.trade(&format!("t-{number}"), A, "0.5000");
    }

    let mut events = Events::open(&served, query, Some(&first)).await;
    let snapshot = events.event().await;
    assert_eq!(snapshot.is("snapshot").data["data"]["markets"][0]["ticker"], A);
    assert_eq!(snapshot.number(), served.board.hub().last());

    for last in [
        "ffff:1",
        "nonsense",
        "",
        &format!("{}:999999", first.split_once(':').unwrap().0),
    ] {
        let mut events = Events::open(&served, query, Some(last)).await;
        events.event().await.is("snapshot");
    }
}

#[tokio::test]
async fn books_are_watched_and_told_whole_then_change_by_change() {
    let served = two().await;
    served.connect();
    let mut events = Events::open(&served, &format!("tickers={B}&kinds=book"), None).await;
    let first = events.event().await;
    assert_eq!(first.is("snapshot").data["data"]["books"], json!([]));
    assert_eq!(served.board.demand().wanted(), [ticker(B)]);

    served.whole_book(B);
    let whole = events.event().await;
    assert_eq!(
        whole.is("book").data["data"]["yes"][0],
        json!({"price": "0.4200", "quantity": "13.00"})
    );
    served.change_book(B, "0.4200", "-3.00");
    let delta = events.event().await;
    assert_eq!(
        delta.is("book_delta").data["data"],
        json!({"ticker": B, "side": "yes", "price": "0.4200", "change": "-3.00"})
    );
    served.board.mark_books_stale(&[ticker(B)], served.now());
    assert_eq!(
        events.event().await.is("book_stale").data["data"],
        json!({"ticker": B})
    );

    let mut later = Events::open(&served, &format!("tickers={B}&kinds=book"), None).await;
    let book = later.event().await.is("snapshot").data["data"]["books"][0].clone();
    assert_eq!(
        (&book["state"], &book["yes"][0]["quantity"]),
        (&json!("stale"), &json!("10.00"))
    );
}

#[tokio::test]
async fn heartbeats_come_and_markets_that_turn_up_join() {
    let settings = DoorSettings {
        heartbeat: Duration::from_millis(50),
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;
    let mut events = Events::open(&served, &format!("tickers={A}"), None).await;
    let first = events.event().await;
    assert_eq!(first.is("snapshot").data["data"]["unknown"], json!([A]));
    events.event().await.is("heartbeat");

    served.list(&[(A, "0.9000", "0.9200", "10.00")]);
    let joined = loop {
        let event = events.event().await;
        if event.name != "heartbeat" {
            break event;
        }
    };
    assert_eq!(joined.is("snapshot").data["data"]["markets"][0]["ticker"], A);
    served.quote(A, "0.8000", "0.8200");
    let market = loop {
        let event = events.event().await;
        if event.name != "heartbeat" {
            break event;
        }
    };
    assert_eq!(market.is("market").data["data"]["yes_bid"], "0.8000");
}

#[tokio::test]
async fn the_connection_to_the_exchange_is_told() {
    let served = two().await;
    let mut events = Events::open(&served, "tickers=all&snapshot=none", None).await;
    let first = events.event().await;
    assert_eq!(first.is("snapshot").data["data"]["markets"], json!([]));

    served.connect();
    let event = events.event().await;
    assert_eq!(
        event.is("connection_status").data["data"],
        json!({"state": "connected", "since": "2026-11-18T11:06:40Z"})
    );
}

#[tokio::test]
async fn streams_are_bounded() {
    let settings = DoorSettings {
        streams_per_address: 1,
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;
    let mut events = Events::open(&served, "tickers=all", None).await;
    events.event().await.is("snapshot");

    let refused = served.get("/api/v1/sse/markets?tickers=all").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (429, "RATE_LIMITED")
    );

    drop(events);
    let wait = async {
        while served
            .open("GET", "/api/v1/sse/markets?tickers=all", &[], "")
            .await
            .status()
            != 200
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("room comes back");
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_nobody() {
    let served = two().await;
    let stuck = Events::open(&served, "tickers=all&kinds=trade", None).await;
    let mut reading = Events::open(&served, "tickers=all&kinds=trade", None).await;
    reading.event().await.is("snapshot");

    // Far more than the buffers of a connection hold.
    for round in 0..40 {
        for number in 0..500 {
            served.trade(&format!("t-{round}-{number}"), A, "0.5000");
        }
        for number in 0..500 {
            let event = reading.event().await;
            assert_eq!(
                event.is("trade").data["data"]["id"],
                format!("t-{round}-{number}")
            );
        }
    }
    drop(stuck);
}
