//! The end: clients are told, what is in flight is finished, and nobody holds it up.

use std::time::Duration;

use http_body_util::BodyExt as _;
use kmi_app::board::BoardSettings;
use kmi_server::DoorSettings;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::support::{PATIENCE, served, served_with};

#[tokio::test]
async fn streams_are_told_and_the_server_ends() {
    let served = served().await;
    let mut body = served
        .open("GET", "/api/v1/sse/markets?tickers=all", &[], "")
        .await
        .into_body();
    let first = body.frame().await.unwrap().unwrap();
    assert!(
        first
            .data_ref()
            .unwrap()
            .windows(8)
            .any(|bytes| bytes == b"snapshot")
    );

    served.stop.cancel();
    let rest = tokio::time::timeout(PATIENCE, body.collect())
        .await
        .expect("the stream ends");
    let rest = String::from_utf8(rest.unwrap().to_bytes().to_vec()).unwrap();
    assert!(rest.contains("event: connection_status"), "{rest}");
    assert!(rest.contains("\"state\":\"closing\""), "{rest}");
    let ended = tokio::time::timeout(PATIENCE, served.task)
        .await
        .expect("it ends");
    ended.unwrap().unwrap();
    assert!(
        TcpStream::connect(served.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn idle_connections_and_stuck_readers_do_not_hold_it_up() {
    let settings = DoorSettings {
        grace: Duration::from_millis(300),
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;
    served.list(&[("KXHIGH-26NOV21-T60", "0.4000", "0.4400", "1.00")]);
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    let _stuck = served
        .open("GET", "/api/v1/sse/markets?tickers=all&kinds=trade", &[], "")
        .await;
    for number in 0..20_000 {
        served.trade(&format!("t-{number}"), "KXHIGH-26NOV21-T60", "0.5000");
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }

    served.stop.cancel();
    let ended = tokio::time::timeout(PATIENCE, served.task)
        .await
        .expect("it ends");
    ended.unwrap().unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, idle.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the idle connection is closed");
}
