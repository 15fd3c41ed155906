//! The gate: hosts, origins, proxies, limits, and the one shape of refusals.

use std::num::NonZeroU32;
use std::time::Duration;

use kmi_app::board::BoardSettings;
use kmi_server::{AuthMode, DoorError, DoorSettings, Doors, RateLimit, ServeError, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::{PATIENCE, parts, served, served_with};

#[tokio::test]
async fn only_our_own_names_are_answered_to() {
    let served = served().await;
    let port = served.address.port();
    let status = async |host: &str| {
        let answer = served.send("GET", "/health", &[("host", host)], "").await;
        if answer.status == 403 {
            assert_eq!(answer.code(), "FORBIDDEN");
        }
        answer.status != 403
    };

    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        assert!(status(&format!("{host}:{port}")).await, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.2", "[::2]"] {
        assert!(!status(&format!("{host}:{port}")).await, "{host}");
    }
    assert!(!status("localhost").await, "the port belongs to it");
    assert!(!status("localhost:1").await);
}

#[tokio::test]
async fn a_configured_name_is_answered_to() {
    let settings = DoorSettings {
        hosts: vec!["desk.example:8000".to_owned()],
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;

    let answer = served
        .send("GET", "/health/ready", &[("host", "desk.example:8000")], "")
        .await;
    assert_ne!(answer.status, 403);
}

#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let served = served().await;
    let port = served.address.port();
    for head in [
        "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        format!(
            "GET /health HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil:{port}\r\nConnection: close\r\n\r\n"
        ),
        format!(
            "GET http://evil:{port}/health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        ),
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
        read.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not_ask_not_even_of_another_port() {
    let served = served().await;
    let port = served.address.port();
    let ours = format!("http://localhost:{port}");
    let status =
        async |headers: &[(&str, &str)]| served.send("GET", "/api/v1/status", headers, "").await.status;

    assert_eq!(status(&[("origin", &ours)]).await, 200);
    let other_port = format!("http://localhost:{}", port.wrapping_add(1));
    let with_tls = format!("https://localhost:{port}");
    for origin in [
        &other_port,
        &with_tls,
        "http://localhost",
        "http://evil.example",
        "null",
        "",
    ] {
        assert_eq!(status(&[("origin", origin)]).await, 403, "{origin}");
    }
    assert_eq!(
        status(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]).await,
        403
    );
    assert_eq!(
        status(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")]).await,
        403
    );
    assert_eq!(
        status(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).await,
        200
    );
    assert_eq!(
        status(&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]).await,
        200
    );
}

#[tokio::test]
async fn streams_and_sockets_are_held_to_the_same_rules() {
    let served = served().await;
    let evil = [("origin", "http://evil.example")];
    for path in [
        "/api/v1/sse/markets?tickers=all",
        "/trade-api/ws/v2",
        "/trade-api/v2/markets",
        "/",
        "/nothing",
    ] {
        let answer = served.send("GET", path, &evil, "").await;
        assert_eq!(answer.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_configured_origin_may_ask_and_read() {
    let settings = DoorSettings {
        cors_origins: vec!["http://localhost:5173".to_owned()],
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;
    let origin = ("origin", "http://localhost:5173");

    let answer = served.send("GET", "/api/v1/status", &[origin], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:5173"
    );
    assert!(answer.header("vary").contains("origin"));

    let preflight = [origin, ("access-control-request-method", "POST")];
    let answer = served.send("OPTIONS", "/api/v1/backtests", &preflight, "").await;
    assert_eq!(answer.status, 204);
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("x-csrf-token")
    );

    let plain = served.get("/api/v1/status").await;
    assert_eq!(plain.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn nobody_comes_through_a_proxy() {
    let served = served().await;
    for name in [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ] {
        let answer = served
            .send("GET", "/api/v1/status", &[(name, "127.0.0.1")], "")
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "FORBIDDEN"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn other_binds_than_loopback_are_refused() {
    let served = served().await;
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();

    let refused = serve(listener, served.doors.clone(), CancellationToken::new()).await;

    assert!(matches!(refused, Err(ServeError::NotLoopback(_))));
}

#[tokio::test]
async fn the_mode_with_accounts_is_refused_in_words() {
    let served = served().await;
    let settings = DoorSettings {
        auth: AuthMode::Accounts,
        ..DoorSettings::default()
    };
    let refused = Doors::new(parts(
        settings,
        &served.board,
        &served.store,
        &std::sync::Arc::default(),
    ));

    assert!(matches!(refused, Err(DoorError::NoAccounts)));
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let settings = DoorSettings {
        rate: Some(RateLimit {
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::new(3).unwrap(),
        }),
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;

    let first = served.get("/api/v1/status").await;
    assert_eq!(first.status, 200);
    assert_eq!(
        (
            first.header("x-ratelimit-limit"),
            first.header("x-ratelimit-remaining")
        ),
        ("3", "2")
    );
    assert_eq!(first.header("x-ratelimit-reset"), "1");
    let mut refused = served.get("/api/v1/status").await;
    while refused.status == 200 {
        refused = served.get("/api/v1/status").await;
    }
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (429, "RATE_LIMITED")
    );
    assert_eq!(refused.json()["error"]["retryable"], true);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn every_refusal_has_one_shape() {
    let served = served().await;
    let unknown = served.get("/api/v1/nothing").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.code().as_str()),
        (404, "NOT_FOUND")
    );

    let method = served.with_token("PUT", "/api/v1/markets", "{}").await;
    assert_eq!(
        (method.status.as_u16(), method.code().as_str()),
        (405, "INVALID_REQUEST")
    );
    assert!(method.header("allow").contains("GET"), "{:?}", method.headers);

    let query = served.get("/api/v1/markets?limit=0").await;
    assert_eq!(
        (query.status.as_u16(), query.code().as_str()),
        (400, "INVALID_REQUEST")
    );
    assert_eq!(query.json()["error"]["details"]["field"], "limit");

    let json = served
        .with_token("POST", "/api/v1/backtests", "{\"strategy\": ")
        .await;
    assert_eq!(
        (json.status.as_u16(), json.code().as_str()),
        (400, "INVALID_REQUEST")
    );

    let long = format!("{{\"strategy\": \"{}\"}}", "a".repeat(70_000));
    let long = served.with_token("POST", "/api/v1/backtests", &long).await;
    assert_eq!(
        (long.status.as_u16(), long.code().as_str()),
        (413, "INVALID_REQUEST")
    );

    let bearer = format!("Bearer {}", crate::support::TOKEN);
    let plain = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    let plain = served.send("POST", "/api/v1/backtests", &plain, "{}").await;
    assert_eq!(
        (plain.status.as_u16(), plain.code().as_str()),
        (415, "INVALID_REQUEST")
    );

    let path = served.get("/api/v1/markets/%FF").await;
    assert_eq!(
        (path.status.as_u16(), path.code().as_str()),
        (400, "INVALID_REQUEST")
    );
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let settings = DoorSettings {
        timeout: Duration::ZERO,
        ..DoorSettings::default()
    };
    let served = served_with(settings, BoardSettings::default()).await;

    let answer = served.get("/api/v1/data-quality/gaps").await;

    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (504, "INTERNAL")
    );
    assert_eq!(answer.json()["error"]["retryable"], true);
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_does_no_harm() {
    let served = served().await;
    let id = async |id: &str| {
        let answer = served
            .send("GET", "/api/v1/nothing", &[("x-request-id", id)], "")
            .await;
        assert_eq!(answer.code(), "NOT_FOUND");
        answer.header("x-request-id").to_owned()
    };

    assert_eq!(id("abc-1.2_3").await, "abc-1.2_3");
    let made = id("a b").await;
    assert_ne!(made, "a b");
    assert_ne!(id(&"x".repeat(65)).await.len(), 65);
    assert_ne!(id("a b").await, made, "each has its own");
}

#[tokio::test]
async fn every_answer_binds_browsers() {
    let served = served().await;
    for path in ["/api/v1/status", "/nothing", "/health", "/"] {
        let answer = served.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'"),
            "{path}"
        );
    }
}
