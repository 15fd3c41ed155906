//! `/health`, `/health/ready`, `/metrics`.

use crate::support::served;

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
    let answer = served.get("/metrics").await;
    assert_eq!(answer.code(), "NOT_FOUND", "these doors record none");
}
