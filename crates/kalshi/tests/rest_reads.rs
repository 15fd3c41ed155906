//! Reads are repeated within bounds, signed where they must be, and paged.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use std::time::Duration;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use futures::{StreamExt as _, TryStreamExt as _};
use kmi_kalshi::limit::{BucketSpec, Lane, Limits};
use kmi_kalshi::rest::{Auth, Class, Client, CursorError, Error, Page, RetryPolicy};
use kmi_kalshi::sign::Verifier;
use scripted::{Act, Exchange};
use serde_json::Value;
use tokio::time::Instant;

async fn read(client: &Client) -> Result<Value, Error> {
    client.get(Auth::Public, &["markets", "A"]).send().await
}

#[tokio::test(start_paused = true)]
async fn what_may_help_is_tried_again() {
    for act in [
        Act::Answer(429, r#"{"error":"too many requests"}"#),
        Act::Answer(500, "{}"),
        Act::Answer(503, "upstream"),
        Act::Close,
        Act::Hang,
        Act::Raw("HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{"),
    ] {
        let exchange = Exchange::new([act.clone(), Act::Answer(200, r#"{"ok":1}"#)]);
        assert_eq!(read(&exchange.client()).await.unwrap()["ok"], 1, "{act:?}");
        assert_eq!(exchange.seen().len(), 2, "{act:?}");
    }
    let exchange = Exchange::new([Act::Answer(200, "{}")]).refusing_connections(2);
    read(&exchange.client()).await.unwrap();
    assert_eq!(exchange.connections(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_help_is_not() {
    for (act, class) in [
        (
            Act::Answer(404, r#"{"error":{"code":"not_found","message":"not_found"}}"#),
            Class::Refused,
        ),
        (
            Act::Answer(
                400,
                r#"{"msg":"Parameter validation failed for GetMarkets: limit"}"#,
            ),
            Class::Refused,
        ),
        (Act::Answer(403, "<html>"), Class::Undecodable),
        (Act::Answer(302, ""), Class::Undecodable),
        (Act::Answer(200, "<html>"), Class::Undecodable),
    ] {
        let exchange = Exchange::new([act.clone()]);
        let error = read(&exchange.client()).await.unwrap_err();
        assert_eq!(
            (error.class(), error.may_have_executed()),
            (class, false),
            "{act:?}: {error}"
        );
        assert_eq!(exchange.seen().len(), 1, "{act:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_four_attempts_with_growing_waits() {
    let exchange = Exchange::new((0..9).map(|_| Act::Answer(500, "{}")));
    let start = Instant::now();
    let error = read(&exchange.client()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    assert_eq!((error.status(), exchange.seen().len()), (Some(500), 4));
    // 250 + 500 + 1,000 ms, of each of which jitter takes at most half.
    let waited = start.elapsed();
    assert!((875..=1_760).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_when_the_time_for_all_attempts_is_over() {
    let exchange = Exchange::new((0..9).map(|_| Act::Hang));
    let start = Instant::now();
    let error = read(&exchange.client()).await.unwrap_err();
    assert_eq!(error.class(), Class::Retryable);
    // Two attempts of 15 s each; a third would begin after the 30 s in all.
    assert_eq!(exchange.seen().len(), 2);
    assert!(start.elapsed() < Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn a_client_told_not_to_repeats_nothing() {
    let exchange = Exchange::new([Act::Answer(500, "{}")]);
    let client = exchange.builder().retry(RetryPolicy::never()).build().unwrap();
    assert!(read(&client).await.is_err());
    assert_eq!(exchange.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_too_large_is_neither_kept_nor_asked_for_again() {
    let declared = Act::Answer(200, r#"{"text":"more than sixteen bytes"}"#);
    let chunked = Act::Raw(
        "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    );
    for act in [declared, chunked] {
        let exchange = Exchange::new([act]);
        let client = exchange.builder().max_answer_bytes(16).build().unwrap();
        let error = read(&client).await.unwrap_err();
        assert_eq!((error.class(), exchange.seen().len()), (Class::Undecodable, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_429_the_next_request_waits_for_new_tokens() {
    let exchange = Exchange::new([Act::Answer(429, "{}"), Act::Answer(200, "{}")]);
    let client = exchange
        .builder()
        .limits(Limits::basic())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    assert!(read(&client).await.is_err());
    let start = Instant::now();
    read(&client).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_bucket_wait_here() {
    let exchange = Exchange::new((0..25).map(|_| Act::Answer(200, "{}")));
    let client = exchange.builder().limits(Limits::basic()).build().unwrap();
    let start = Instant::now();
    for _ in 0..25 {
        read(&client).await.unwrap();
    }
    // 20 at once, then one each 50 ms.
    assert_eq!(start.elapsed(), Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn buckets_and_costs_are_those_the_exchange_states() {
    let exchange = Exchange::new([
        Act::Answer(
            200,
            r#"{"usage_tier":"expert","read":{"refill_rate":600,"bucket_capacity":600},
                "write":{"refill_rate":600,"bucket_capacity":1200},"grants":[]}"#,
        ),
        Act::Answer(
            200,
            r#"{"default_cost":10,"endpoint_costs":[
                {"method":"DELETE","path":"/trade-api/v2/portfolio/events/orders/:order_id","cost":4}]}"#,
        ),
    ]);
    let client = exchange.client();
    let limits = client.refresh_limits().await.unwrap();
    assert_eq!(
        (
            limits.read.refill_rate,
            limits.write.capacity,
            limits.balance.refill_rate
        ),
        (600, 1_200, 5)
    );
    assert_eq!(
        client.limiter().cost("DELETE", "/portfolio/events/orders/o-1", 3),
        12
    );
    assert_eq!(client.limiter().cost("POST", "/portfolio/events/orders", 3), 30);
    assert_eq!(client.limiter().available(Lane::Write), 1_200);
}

#[tokio::test(start_paused = true)]
async fn private_reads_are_signed_over_the_path_as_sent() {
    let exchange = Exchange::new([Act::Answer(200, "{}"), Act::Answer(200, "{}")]);
    let client = exchange.client();
    let request = client
        .get(Auth::Private, &["portfolio", "orders", "a/b c"])
        .param("limit", 5);
    request
        .repeated("status", ["x", "é&"])
        .maybe("cursor", None::<String>)
        .send::<Value>()
        .await
        .unwrap();
    read(&client).await.unwrap();

    let [private, public] = &exchange.seen()[..] else {
        panic!("two requests")
    };
    assert_eq!(
        private.target,
        "/trade-api/v2/portfolio/orders/a%2Fb%20c?limit=5&status=x&status=%C3%A9%26"
    );
    assert_eq!(private.header("kalshi-access-key"), Some("a-key"));
    assert_eq!(private.header("kalshi-access-timestamp"), Some("1763700000123"));
    let signature = private.header("kalshi-access-signature").unwrap();

    let verifier = Verifier::from_pem(&scripted::pair().public_pem).unwrap();
    verifier
        .verify_request(1_763_700_000_123, "GET", &private.target, signature)
        .unwrap();
    // The same without our own halves: bare Ed25519 over the text, spelled out.
    let pem: String = scripted::pair()
        .public_pem
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let base64 = base64::engine::general_purpose::STANDARD;
    let der = base64.decode(pem).unwrap();
    UnparsedPublicKey::new(&ED25519, &der[12..])
        .verify(
            b"1763700000123GET/trade-api/v2/portfolio/orders/a%2Fb%20c",
            &base64.decode(signature).unwrap(),
        )
        .unwrap();

    assert_eq!(public.target, "/trade-api/v2/markets/A");
    assert_eq!(public.header("kalshi-access-key"), None);
}

#[tokio::test(start_paused = true)]
async fn a_path_with_an_empty_or_dotted_part_is_not_sent() {
    let exchange = Exchange::new([]);
    for part in ["", ".", ".."] {
        let error = exchange
            .client()
            .get(Auth::Public, &["markets", part])
            .send_empty()
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Argument { what: "path", .. }), "{error}");
    }
    assert_eq!(exchange.connections(), 0);
}

#[expect(clippy::needless_pass_by_value, reason = "pages hand their bodies over")]
fn split(body: Value) -> Page<i64> {
    let items = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_i64().unwrap())
        .collect();
    Page {
        items,
        cursor: body["cursor"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_until_the_cursor_is_empty() {
    let exchange = Exchange::new([
        Act::Answer(200, r#"{"items":[1,2],"cursor":"b"}"#),
        Act::Answer(500, "{}"),
        Act::Answer(200, r#"{"items":[],"cursor":"c=="}"#),
        Act::Answer(200, r#"{"items":[3],"cursor":""}"#),
    ]);
    let request = exchange
        .client()
        .get(Auth::Public, &["markets"])
        .param("limit", 2);
    let items: Vec<i64> = request.pages(10, split).try_collect().await.unwrap();
    assert_eq!(items, [1, 2, 3]);
    let targets: Vec<_> = exchange.seen().into_iter().map(|seen| seen.target).collect();
    let path = |rest: &str| format!("/trade-api/v2/markets?limit=2{rest}");
    assert_eq!(
        targets,
        [
            path(""),
            path("&cursor=b"),
            path("&cursor=b"),
            path("&cursor=c%3D%3D")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn pages_are_fetched_only_as_they_are_used() {
    let exchange = Exchange::new([Act::Answer(200, r#"{"items":[1,2],"cursor":"b"}"#)]);
    let first_two = exchange
        .client()
        .get(Auth::Public, &["markets"])
        .pages(10, split)
        .take(2);
    assert_eq!(first_two.try_collect::<Vec<_>>().await.unwrap(), [1, 2]);
    assert_eq!(exchange.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_end_is_left() {
    for (cursors, max, wrong, items) in [
        (["b", "c", "b"], 10, CursorError::Repeated, 3),
        (["b", "c", "d"], 2, CursorError::TooManyPages(2), 2),
    ] {
        let script = cursors.map(|cursor| {
            let body = format!(r#"{{"items":[1],"cursor":"{cursor}"}}"#);
            Act::Answer(200, Box::leak(body.into_boxed_str()))
        });
        let exchange = Exchange::new(script);
        let stream = exchange
            .client()
            .get(Auth::Public, &["markets"])
            .pages(max, split);
        let all: Vec<_> = stream.collect().await;
        assert_eq!(all.len(), items + 1);
        assert!(
            matches!(all.last(), Some(Err(Error::Cursor { source, .. })) if *source == wrong),
            "{:?}",
            all.last()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_client_with_an_account_tells_the_time() {
    let exchange = Exchange::new([]);
    assert_eq!(exchange.client().now(), Some(scripted::SIGNED_AT));
    assert_eq!(exchange.builder().build().unwrap().now(), None);
}

#[tokio::test(start_paused = true)]
async fn no_repetition_leaves_later_than_the_total_tokens_or_not() {
    let exchange = Exchange::new([Act::Answer(503, "one"), Act::Answer(200, "{}")]);
    // One read at once, the next ten seconds later.
    let read = BucketSpec {
        refill_rate: 1,
        capacity: 10,
    };
    let limits = Limits {
        read,
        ..Limits::none()
    };
    let retry = RetryPolicy {
        total: Duration::from_secs(5),
        ..RetryPolicy::default()
    };
    let client = exchange.builder().limits(limits).retry(retry).build().unwrap();
    let start = Instant::now();
    let request = client.get(Auth::Public, &["exchange", "status"]);
    let error = request.send::<Value>().await.unwrap_err();
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!((error.status(), exchange.seen().len()), (Some(503), 1));
}
