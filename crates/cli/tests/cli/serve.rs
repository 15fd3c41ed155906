//! `kmi serve` and `kmi poll`: first line, end, what they refuse.

use std::net::TcpListener;
use std::time::Duration;

use kmi_storage::{PollCycle, Store, StoreLocation};
use serde_json::json;

use crate::house::{Followed, PATIENCE, Running, get, text, wait_for};
use crate::support::Desk;

/// A desk on each database there is here.
fn desks() -> Vec<Desk> {
    let mut desks = vec![Desk::new()];
    desks.extend(kmi_storage::throwaway::postgres_database().map(|url| Desk::new().on(url)));
    desks
}

#[test]
fn its_first_line_says_where_it_serves_what_and_to_whom() {
    let desk = Desk::new();
    let followed = Followed::open(&desk, &["--markets", "5"]);
    let serve = Running::start(&desk, &["serve", "--port", "0"], &followed.environment());
    let told = &serve.told;
    assert_eq!(
        (&told["exchange"], &told["database"]),
        (&json!("simulator"), &json!("sqlite"))
    );
    assert!(told["pid"].as_u64().is_some_and(|pid| pid > 1), "{told}");
    let url = serve.word("url");
    let port: u16 = url.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    assert!(serve.word("link").starts_with(url), "{told}");
    let token = std::fs::read_to_string(serve.word("token_path")).unwrap();
    assert_eq!(token.trim().len(), 64);
    serve.until("/health", |answer| answer.status == 200);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_in_good_order_and_a_second_start_finds_all_as_it_was() {
    for desk in desks() {
        let followed = Followed::open(&desk, &["--markets", "5"]);
        let environment = followed.environment();
        for args in [&["serve", "--port", "0"][..], &["poll"]] {
            for signal in ["-TERM", "-INT"] {
                let mut running = Running::start(&desk, args, &environment);
                running.signal(signal);
                assert_eq!(
                    running.exit_code(),
                    Some(0),
                    "{args:?} {signal}: {}",
                    running.log()
                );
            }
            // Killed where it stands, it leaves nothing that keeps the next from starting.
            let mut killed = Running::start(&desk, args, &environment);
            killed.signal("-KILL");
            assert_eq!(killed.exit_code(), None);
        }
        let last = Running::start(&desk, &["serve", "--port", "0"], &environment);
        last.until("/health/ready", |answer| answer.status == 200);
    }
}

#[test]
fn what_it_cannot_start_with_is_said_in_a_sentence() {
    let desk = Desk::new();
    let said = |args: &[&str], environment: &[(&str, &str)], code: i32, words: &[&str]| {
        let mut command = desk.command(args);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {complaint}");
        for word in words {
            assert!(complaint.contains(word), "{args:?}: {word} is not in {complaint}");
        }
        assert!(!complaint.contains("panicked"), "{complaint}");
    };
    let serve = &["serve", "--port", "0"][..];
    said(
        serve,
        &[("KMI_SERVER__HOST", "0.0.0.0")],
        2,
        &["server.host", "127.0.0.1"],
    );
    said(serve, &[("KMI_SERVER__HOTS", "127.0.0.1")], 2, &["hots"]);
    said(serve, &[("KMI_AUTH__MODE", "accounts")], 2, &["auth.mode"]);
    said(
        serve,
        &[("KMI_POLLER__INTERVAL_S", "0")],
        2,
        &["poller.interval_s"],
    );
    let ws = ("KMI_EXCHANGE__WS_URL", "ws://127.0.0.1:1/trade-api/ws/v2");
    said(serve, &[ws], 2, &["exchange.rest_url"]);
    said(
        &["poll"],
        &[("KMI_EXCHANGE__KEY_ID", "me")],
        2,
        &["exchange.private_key_path"],
    );
    let key = desk.write("bad.pem", "not a key");
    let pair = [
        ("KMI_EXCHANGE__KEY_ID", "me"),
        ("KMI_EXCHANGE__PRIVATE_KEY_PATH", text(&key)),
    ];
    said(serve, &pair, 1, &["exchange.private_key_path", "bad.pem"]);
    let rest = (
        "KMI_EXCHANGE__REST_URL",
        "https://demo-api.kalshi.co/trade-api/v2",
    );
    let other = (
        "KMI_EXCHANGE__WS_URL",
        "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
    );
    said(serve, &[rest, other], 2, &["exchange.ws_url", "another exchange"]);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    said(
        &["serve", "--port", &port],
        &[],
        1,
        &["cannot listen", &port, "--port 0"],
    );
}

#[test]
fn a_database_of_another_exchange_is_refused() {
    for desk in desks() {
        let one = Followed::open(&desk, &["--markets", "3", "--seed", "1"]);
        let first = Running::start(&desk, &["serve", "--port", "0"], &one.environment());
        drop((first, one));
        let other = Followed::open(&desk, &["--markets", "3", "--seed", "2"]);
        for args in [&["serve", "--port", "0"][..], &["poll"]] {
            let output = desk.command(args).envs(other.environment()).output().unwrap();
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{complaint}");
            assert!(
                complaint.contains("simulator:1") && complaint.contains("simulator:2"),
                "{complaint}"
            );
        }
    }
}

#[test]
fn without_an_exchange_it_serves_what_is_kept_and_goes_on_trying() {
    let desk = Desk::new();
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port().to_string()
    };
    let rest = format!("http://127.0.0.1:{port}/trade-api/v2");
    let environment = [
        ("KMI_EXCHANGE__REST_URL", rest.as_str()),
        ("KMI_POLLER__INTERVAL_S", "0.2"),
    ];
    let mut serve = Running::start(&desk, &["serve", "--port", "0"], &environment);
    assert_eq!(serve.get("/health/ready").status, 503);

    // The exchange comes late, and everything comes to life by itself.
    let args = [
        "exchange",
        "--port",
        &port,
        "--markets",
        "3",
        "--seed",
        "5",
        "--tier",
        "unlimited",
    ];
    let late = Running::start(&desk, &args, &[]);
    serve.until("/api/v1/markets", |answer| {
        answer.status == 200
            && answer.json()["items"]
                .as_array()
                .is_some_and(|items| !items.is_empty())
    });
    serve.until("/health/ready", |answer| answer.status == 200);

    // Another takes its place: what it says must not be mixed in.
    drop(late);
    let args = [
        "exchange",
        "--port",
        &port,
        "--markets",
        "3",
        "--seed",
        "6",
        "--tier",
        "unlimited",
    ];
    let _impostor = Running::start(&desk, &args, &[]);
    assert_eq!(serve.exit_code(), Some(1), "{}", serve.log());
    let log = serve.log();
    assert!(
        log.contains("simulator:5") && log.contains("simulator:6"),
        "{log}"
    );
}

#[cfg(unix)]
#[test]
fn its_log_is_json_where_wanted_and_names_the_request() {
    let desk = Desk::new();
    // Nobody listens there, so that what only the exchange knows is an error.
    let environment = [
        ("KMI_EXCHANGE__REST_URL", "http://127.0.0.1:9/trade-api/v2"),
        ("KMI_LOG__FORMAT", "json"),
    ];
    let mut serve = Running::start(&desk, &["serve", "--port", "0"], &environment);
    let refused = serve.get("/api/v1/markets/NO-SUCH-MARKET");
    assert_eq!(
        refused.json()["error"]["code"],
        "KALSHI_UNAVAILABLE",
        "{refused:?}"
    );
    let id = refused.json()["error"]["request_id"].as_str().unwrap().to_owned();
    serve.stop();
    assert_eq!(serve.exit_code(), Some(0));
    let lines = wait_for(|| {
        let log = serve.log();
        log.contains(&id).then_some(log)
    });
    let log = lines.unwrap_or_else(|| panic!("{id} is not in {}", serve.log()));
    let objects: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let told = objects.iter().find(|object| object["request_id"] == id.as_str());
    assert_eq!(told.unwrap()["level"], "ERROR");
}

#[cfg(unix)]
#[test]
fn a_client_that_reads_nothing_does_not_keep_it_from_ending() {
    use std::io::Write as _;
    let desk = Desk::new();
    let followed = Followed::open(&desk, &["--markets", "20"]);
    let mut serve = Running::start(&desk, &["serve", "--port", "0"], &followed.environment());
    serve.until("/health/ready", |answer| answer.status == 200);
    let mut stuck = std::net::TcpStream::connect(serve.place()).unwrap();
    let request = format!(
        "GET /api/v1/sse/markets?tickers=all HTTP/1.1\r\nHost: {}\r\n\r\n",
        serve.place()
    );
    stuck.write_all(request.as_bytes()).unwrap();
    let streams = |answer: &crate::house::Answer| {
        let line = answer.body.lines().find(|line| line.starts_with("kmi_streams"));
        line.is_some_and(|line| !line.ends_with(" 0"))
    };
    serve.until("/metrics", streams);
    serve.stop();
    assert_eq!(serve.exit_code(), Some(0), "{}", serve.log());
}

#[cfg(unix)]
#[test]
fn without_its_database_it_waits_and_says_so() {
    let free = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let (port, nobody) = (free().to_string(), free());
    let desk = Desk::new().on(format!("postgres://kmi@127.0.0.1:{nobody}/kmi"));
    let mut serve = Running::spawn(&desk, &["serve", "--port", &port], &[]);
    let place = format!("127.0.0.1:{port}");
    let answer = wait_for(|| get(&place, "/health/ready").ok()).unwrap_or_else(|| panic!("{}", serve.log()));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["code"], "STORAGE_UNAVAILABLE");
    wait_for(|| serve.log().contains("waiting for the database").then_some(())).unwrap();
    serve.stop();
    assert_eq!(serve.exit_code(), Some(0), "{}", serve.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_pollers_one_polls_and_the_other_takes_over_when_it_is_killed() {
    for desk in desks() {
        let followed = Followed::open(&desk, &["--markets", "5"]);
        let mut environment = followed.environment().to_vec();
        environment.push(("KMI_POLLER__INTERVAL_S", "0.5"));
        let first = Running::start(&desk, &["poll"], &environment);
        let location = match desk.database_url() {
            Some(url) => StoreLocation::on_server(desk.data_dir(), url),
            None => StoreLocation::in_folder(desk.data_dir()),
        };
        let store = Store::open(location).await.unwrap();
        let epoch = epoch_of(&store, first.word("holder")).await;
        cycles_of(&store, epoch, 2).await;
        let second = Running::start(&desk, &["poll"], &environment);
        assert_ne!(first.word("holder"), second.word("holder"));

        first.signal("-KILL");
        let after = epoch_of(&store, second.word("holder")).await;
        assert_eq!(after, epoch + 1);
        // By what was recorded, not by when we looked: the heir's first cycle began within ten seconds of the last one's end.
        let before = cycles_of(&store, epoch, 2).await;
        let (last, next) = (before.last().unwrap(), &cycles_of(&store, after, 3).await[0]);
        let pause = next.started.micros_since(last.ended);
        assert!((0..=10_000_000).contains(&pause), "{pause} µs without a cycle");
        // None of them twice, and the dead wrote no more.
        let again = cycles_of(&store, epoch, 2).await;
        assert_eq!(again, before);
        let numbers: Vec<u64> = again.iter().map(|cycle| cycle.number).collect();
        let all = 1..=u64::try_from(numbers.len()).unwrap();
        assert_eq!(numbers, all.collect::<Vec<_>>());
    }
}

/// The poller's lease of the database, in the end held by `holder`; its epoch.
async fn epoch_of(store: &Store, holder: &str) -> i64 {
    let mut found = None;
    for _ in 0..PATIENCE.as_millis() / 50 {
        found = store.lease("poller").await.unwrap();
        if let Some(lease) = found.as_ref().filter(|lease| lease.holder == holder) {
            return lease.epoch;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{holder} does not hold the lease: {found:?}");
}

/// Cycles recorded under an epoch, waited for until there are so many.
async fn cycles_of(store: &Store, epoch: i64, at_least: usize) -> Vec<PollCycle> {
    let mut cycles = Vec::new();
    for _ in 0..PATIENCE.as_millis() / 50 {
        cycles = store.poll_cycles(10_000).await.unwrap();
        cycles.retain(|cycle| cycle.fence.epoch == epoch);
        if cycles.len() >= at_least {
            cycles.sort_by_key(|cycle| cycle.number);
            return cycles;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} cycles of epoch {epoch}", cycles.len());
}
