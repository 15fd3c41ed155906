//! `/`, `/api/docs` and `/api/openapi.json`: pages that need nothing from elsewhere.

use serde_json::Value;

use crate::support::served;

#[tokio::test]
async fn the_front_page_runs_its_own_script_and_no_other() {
    let served = served().await;
    let page = served.get("/").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").to_owned();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    let text = String::from_utf8(page.body.to_vec()).unwrap();

    assert_eq!(nonce.len(), 32);
    assert_eq!(
        text.matches(&format!("nonce=\"{nonce}\"")).count(),
        2,
        "one style sheet, one script"
    );
    assert!(!text.contains("{{"), "nothing is left to fill in");
    assert!(
        !text.contains("http://") || text.matches("http://").count() == 1,
        "the name space of the icon only"
    );
    assert!(!text.contains("https://"));
    assert!(!policy.contains("unsafe"));
    let again = served.get("/").await;
    assert_ne!(
        again.header("content-security-policy"),
        policy,
        "a nonce is for one answer"
    );
}

#[tokio::test]
async fn the_docs_come_from_within_under_a_policy_of_their_own() {
    let served = served().await;
    let moved = served.get("/api/docs").await;
    assert_eq!(moved.header("location"), "/api/docs/");
    for (file, kind) in [
        ("", "text/html"),
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
    ] {
        let answer = served.get(&format!("/api/docs/{file}")).await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(answer.header("content-type").starts_with(kind), "{file}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'self'"),
            "{file}"
        );
    }
    let initializer = served.get("/api/docs/swagger-initializer.js").await;
    assert!(String::from_utf8_lossy(&initializer.body).contains("/api/openapi.json"));
    assert_eq!(served.get("/api/docs/none.js").await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn the_document_is_the_one_the_command_prints_and_covers_every_path() {
    let served = served().await;
    let answer = served.get("/api/openapi.json").await;
    assert_eq!(
        String::from_utf8(answer.body.to_vec()).unwrap(),
        kmi_server::openapi_json()
    );
    let document: Value = answer.json();
    for path in [
        "/api/v1/markets",
        "/api/v1/markets/{ticker}",
        "/api/v1/markets/{ticker}/history",
        "/api/v1/markets/{ticker}/candles",
        "/api/v1/markets/{ticker}/orderbook",
        "/api/v1/markets/{ticker}/trades",
        "/api/v1/trades",
        "/api/v1/events",
        "/api/v1/events/{ticker}",
        "/api/v1/series",
        "/api/v1/series/{ticker}",
        "/api/v1/status",
        "/api/v1/data-quality/gaps",
        "/api/v1/data-quality/certificates",
        "/api/v1/poller/cycles",
        "/api/v1/strategies",
        "/api/v1/calibration",
        "/api/v1/backtests",
        "/api/v1/backtests/{id}",
        "/api/v1/sse/markets",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}

#[test]
fn the_committed_document_is_the_one_the_program_makes() {
    let committed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = kmi_server::openapi_json() + "\n";
    if std::fs::read_to_string(&committed).unwrap_or_default() != made {
        let kept = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi.json");
        std::fs::write(&kept, made).unwrap();
        panic!(
            "docs/openapi.json is out of date; what it should be is in {}",
            kept.display()
        );
    }
}
