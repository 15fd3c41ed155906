//! `/health`, `/health/ready`, `/metrics`.

use std::sync::Arc;

use kmi_server::{DoorSettings, Doors, install_metrics, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::{Client, parts, served};

#[tokio::test]
async fn without_markets_there_is_nothing_to_serve() {
    let served = served().await;
    let health = served.get("/health").await;
    assert_eq!(health.status, 503);
    assert_eq!(health.json()["status"], "unhealthy");
    let ready = served.get("/health/ready").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json()["reason"]),
        (503, &"no markets yet".into())
    );
}

#[tokio::test]
async fn health_is_healthy_degraded_or_unhealthy_with_ages() {
    let served = served().await;
    served.list(&[("KXHIGH-26NOV21-T60", "0.4000", "0.4400", "1.00")]);
    served.connect();
    served.board.hear(served.now());
    served.pass(3);

    let health = served.get("/health").await;
    assert_eq!(health.status, 200);
    let json = health.json();
    assert_eq!(
        (&json["status"], &json["database"]),
        (&"healthy".into(), &"connected".into())
    );
    assert_eq!(
        (&json["stream_age_s"], &json["sweep_age_s"]),
        (&3.into(), &3.into())
    );
    assert_eq!(served.get("/health/ready").await.status, 200);

    served.pass(60);
    let old = served.get("/health").await;
    assert_eq!(
        (old.status.as_u16(), &old.json()["status"]),
        (200, &"degraded".into())
    );
    assert_eq!(old.json()["exchange"], "unreachable");
}

#[tokio::test]
async fn metrics_count_by_route_where_they_are_recorded() {
    let served = served().await;
    assert_eq!(
        served.get("/metrics").await.code(),
        "NOT_FOUND",
        "these doors record none"
    );

    let mut parts = parts(
        DoorSettings::default(),
        &served.board,
        &served.store,
        &Arc::default(),
    );
    parts.metrics = Some(install_metrics().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let doors = Doors::new(parts).unwrap();
    tokio::spawn(serve(listener, doors, CancellationToken::new()));
    let ask = async |path: &str| Client::at(address).send("GET", path, &[], "").await;
    assert_eq!(ask("/api/v1/markets?limit=3").await.status, 200);
    assert_eq!(ask("/api/v1/markets?limit=0").await.status, 400);
    assert_eq!(ask("/api/v1/nothing").await.status, 404);

    let metrics = String::from_utf8(ask("/metrics").await.body.to_vec()).unwrap();
    for line in [
        "kmi_http_requests_total{route=\"/api/v1/markets\",method=\"GET\",status=\"200\"} 1",
        "kmi_http_requests_total{route=\"/api/v1/markets\",method=\"GET\",status=\"400\"} 1",
        "kmi_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
        "kmi_http_request_seconds_count{route=\"/api/v1/markets\"} 2",
        "kmi_board_markets 0",
        "kmi_database_up 1",
    ] {
        assert!(
            metrics.lines().any(|told| told == line),
            "{line} is not in\n{metrics}"
        );
    }
}
