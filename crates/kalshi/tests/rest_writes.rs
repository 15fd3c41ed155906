//! A write goes out once, whatever happens, and its error says what is certain.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use std::collections::BTreeSet;
use std::time::Duration;

use kmi_kalshi::limit::{AcquireError, BucketSpec, Limits};
use kmi_kalshi::rest::{Class, Client, Error, Failure, UnknownCause};
use scripted::{Act, Exchange};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Runs one order through `exchange` and checks that it was sent at most once, asking for `connections`.
async fn place(exchange: &Exchange) -> Result<Value, Error> {
    let request = exchange.client().post(&["portfolio", "events", "orders"]);
    let result = request
        .json(&json!({"ticker": "A", "count": "1.00"}))
        .send::<Value>()
        .await;
    // Whatever would be repeated later than this, would be by accident.
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(exchange.seen().len() <= 1, "sent {} times", exchange.seen().len());
    result
}

async fn refusal(act: Act) -> Error {
    let exchange = Exchange::new([act]);
    let error = place(&exchange).await.unwrap_err();
    assert_eq!(exchange.seen().len(), 1);
    error
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_answered() {
    let exchange = Exchange::new([Act::Answer(201, r#"{"order_id":"o-1"}"#)]);
    assert_eq!(place(&exchange).await.unwrap()["order_id"], "o-1");
    let seen = &exchange.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("POST", "/trade-api/v2/portfolio/events/orders")
    );
    assert_eq!(seen.body, r#"{"count":"1.00","ticker":"A"}"#);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("host"), Some("exchange.test"));
}

#[tokio::test(start_paused = true)]
async fn the_exchanges_own_no_is_a_refusal() {
    for (status, body, code, message, details) in [
        (
            400,
            r#"{"error":{"code":"invalid_order","message":"invalid order","details":"post only cross"}}"#,
            Some("invalid_order"),
            "invalid order",
            Some("post only cross"),
        ),
        (
            400,
            r#"{"code":"bad_request","message":"bad request","details":"count"}"#,
            Some("bad_request"),
            "bad request",
            Some("count"),
        ),
        (
            400,
            r#"{"msg":"Parameter validation failed"}"#,
            None,
            "Parameter validation failed",
            None,
        ),
        (
            404,
            r#"{"error":{"code":"not_found","message":"not_found"}}"#,
            Some("not_found"),
            "not_found",
            None,
        ),
    ] {
        let error = refusal(Act::Answer(status, body)).await;
        assert_eq!(error.class(), Class::Refused);
        assert!(!error.may_have_executed());
        let refusal = error.refusal().unwrap();
        assert_eq!(
            (
                refusal.status,
                refusal.code.as_deref(),
                refusal.message.as_str(),
                refusal.details.as_deref()
            ),
            (status, code, message, details)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_is_not_executed_and_not_repeated_whatever_its_body() {
    for body in [r#"{"error":"too many requests"}"#, "<html>slow down</html>", ""] {
        let error = refusal(Act::Answer(429, body)).await;
        assert!(matches!(error, Error::TooManyRequests(_)), "{error}");
        assert_eq!(
            (error.class(), error.may_have_executed()),
            (Class::Retryable, false)
        );
    }
    let cut = "HTTP/1.1 429 x\r\ncontent-length: 100\r\n\r\n{";
    assert_eq!(refusal(Act::Raw(cut)).await.class(), Class::Retryable);
}

#[tokio::test(start_paused = true)]
async fn what_settles_nothing_is_unknown() {
    for act in [
        Act::Answer(500, r#"{"error":{"code":"internal","message":"internal"}}"#),
        Act::Answer(503, "upstream"),
        Act::Answer(403, "<html>request blocked</html>"),
        Act::Answer(307, ""),
        Act::Answer(400, r#"{"error":"no"}"#),
        Act::Answer(400, r#"{"error":{"message":"no code"}}"#),
        Act::Answer(404, r#"{"msg":"no such page"}"#),
        Act::Answer(408, r#"{"error":{"code":"timeout","message":"timeout"}}"#),
        Act::Answer(425, r#"{"code":"too_early"}"#),
        Act::Answer(499, r#"{"code":"closed"}"#),
        Act::Close,
        Act::Hang,
        Act::AnswerAfter(Duration::from_secs(16), 201, "{}"),
        Act::Raw("HTTP/1.1 201 x\r\ncontent-length: 100\r\n\r\n{\"order_id\":"),
        Act::Raw("HTTP/1.1 201"),
        Act::Raw("SSH-2.0-no\r\n"),
        Act::Raw("HTTP/1.1 400 x\r\ncontent-length: 100\r\n\r\n{\"error\":"),
    ] {
        let error = refusal(act.clone()).await;
        assert_eq!(
            (error.class(), error.may_have_executed()),
            (Class::Unknown, true),
            "{act:?}: {error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_says_why() {
    let error = refusal(Act::Answer(503, "upstream")).await;
    assert_eq!(
        (error.status(), error.refusal().unwrap().message.as_str()),
        (Some(503), "upstream")
    );

    let Error::Unknown { cause, call } = refusal(Act::Hang).await else {
        panic!("not unknown")
    };
    assert_eq!(call.as_str(), "POST /trade-api/v2/portfolio/events/orders");
    assert!(matches!(*cause, UnknownCause::Failure(Failure::TimedOut(_))));
}

#[tokio::test(start_paused = true)]
async fn what_exists_already_may_be_this_very_order() {
    let error = refusal(Act::Answer(
        409,
        r#"{"error":{"code":"order_already_exists","message":"order_already_exists"}}"#,
    ))
    .await;
    assert_eq!((error.class(), error.may_have_executed()), (Class::Unknown, true));
    assert_eq!(
        (error.status(), error.code()),
        (Some(409), Some("order_already_exists"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_read_was_taken() {
    let error = refusal(Act::Answer(201, "[1,")).await;
    assert_eq!(
        (error.class(), error.may_have_executed()),
        (Class::Undecodable, true)
    );
    assert!(error.to_string().contains("[1,"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_answer_is_never_quoted() {
    let exchange = Exchange::new([Act::Answer(201, r#"{"private_key":5,"x":"SECRET"}"#)]);
    let request = exchange.client().post(&["api_keys", "generate"]).secret_answer();
    let error = request.send::<Vec<String>>().await.unwrap_err();
    assert_eq!(error.class(), Class::Undecodable);
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_nothing_left() {
    let exchange = Exchange::new([]).refusing_connections(9);
    let error = place(&exchange).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotSent {
                failure: Failure::Connect(_),
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        (error.class(), error.may_have_executed()),
        (Class::Retryable, false)
    );
    assert_eq!(exchange.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_about_in_time_proves_that_nothing_left() {
    let never =
        |_: &str, _: u16| -> futures::future::BoxFuture<'static, _> { Box::pin(std::future::pending()) };
    for request in [Duration::from_secs(2), Duration::from_secs(20)] {
        let timeouts = kmi_kalshi::rest::Timeouts {
            connect: Duration::from_secs(5),
            request,
        };
        let client = Exchange::default().builder().connector(never).timeouts(timeouts);
        let client = client
            .account(scripted::signer(), || scripted::SIGNED_AT)
            .build()
            .unwrap();
        let error = client
            .delete(&["portfolio", "events", "orders"])
            .send_empty()
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotSent { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_closed_while_idle_is_replaced() {
    let exchange = Exchange::new([Act::AnswerAndClose(200, "{}"), Act::Answer(201, "{}")]);
    let client = exchange.client();
    client
        .delete(&["portfolio", "events", "orders", "o-1"])
        .send_empty()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    client
        .post(&["portfolio", "events", "orders"])
        .send_empty()
        .await
        .unwrap();
    assert_eq!((exchange.seen().len(), exchange.connections()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn connections_are_used_again() {
    let exchange = Exchange::new((0..5).map(|_| Act::Answer(201, "{}")));
    let client = exchange.client();
    for _ in 0..5 {
        client
            .post(&["portfolio", "events", "orders"])
            .send_empty()
            .await
            .unwrap();
    }
    assert_eq!(exchange.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_private_call_without_a_key_stops_here() {
    let exchange = Exchange::new([]);
    let client = exchange.builder().build().unwrap();
    let error = client
        .post(&["portfolio", "events", "orders"])
        .send_empty()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoKey { .. }));
    assert_eq!((error.class(), exchange.connections()), (Class::Local, 0));
}

/// A client with a bucket of one order, refilled at ten tokens a second, so that the next order comes a second later.
fn slow_client(exchange: &Exchange) -> Client {
    let order = BucketSpec {
        refill_rate: 10,
        capacity: 10,
    };
    let limits = Limits {
        write: order,
        ..Limits::none()
    };
    let builder = exchange.builder().limits(limits);
    builder
        .account(scripted::signer(), || scripted::SIGNED_AT)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_after_its_moment_has_passed() {
    let exchange = Exchange::new([Act::Answer(201, "{}"), Act::Answer(201, "{}")]);
    let client = slow_client(&exchange);
    let order = |client: &Client| client.post(&["portfolio", "events", "orders"]);
    let start = Instant::now();
    let wait = Duration::from_millis;
    order(&client).send_empty().await.unwrap();

    // The next tokens come after a second: too late for this one, in time for that.
    let late = order(&client).not_after(start + wait(900)).send_empty().await;
    let Err(error) = late else { panic!("it left") };
    assert!(
        matches!(
            error,
            Error::Throttled {
                source: AcquireError::TooLate,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!((error.class(), error.may_have_executed()), (Class::Local, false));
    assert_eq!(start.elapsed(), Duration::ZERO);
    let bounded = client.not_after(start + wait(1_100));
    order(&bounded).send_empty().await.unwrap();
    // The earlier moment holds.
    let late = order(&bounded).not_after(start + wait(5_000)).send_empty().await;
    assert!(matches!(late, Err(Error::Throttled { .. })));
    assert_eq!(exchange.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_signature_is_told_before_anything_leaves() {
    let exchange = Exchange::new([Act::Answer(201, r#"{"order_id":"o-1"}"#)]);
    let client = exchange.client();
    let order = || client.post(&["portfolio", "events", "orders"]);
    let prepared = order().prepare().await.unwrap();
    assert_eq!(prepared.signed_at(), Some(scripted::SIGNED_AT));
    assert_eq!(exchange.connections(), 0);
    assert_eq!(prepared.send::<Value>().await.unwrap()["order_id"], "o-1");
    assert_eq!(
        exchange.seen()[0].header("kalshi-access-timestamp"),
        Some("1763700000123")
    );

    let moment = Instant::now() + Duration::from_secs(2);
    let prepared = order().not_after(moment).prepare().await.unwrap();
    assert!(!format!("{prepared:?}").contains(exchange.seen()[0].header("kalshi-access-signature").unwrap()));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let error = prepared.send_empty().await.unwrap_err();
    assert!(matches!(error, Error::Throttled { .. }), "{error}");
    assert_eq!(exchange.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_too_late_is_not_used() {
    let exchange = Exchange::new([Act::Answer(201, "{}")]);
    let slow = exchange.clone();
    let client = exchange
        .builder()
        .connector(move |_: &str, _: u16| -> futures::future::BoxFuture<'static, _> {
            let connecting = slow.connect();
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                connecting.await
            })
        })
        .account(scripted::signer(), || scripted::SIGNED_AT)
        .build()
        .unwrap();
    let bounded = client.not_after(Instant::now() + Duration::from_secs(2));
    let error = bounded
        .post(&["portfolio", "events", "orders"])
        .send_empty()
        .await;
    assert!(
        matches!(
            error,
            Err(Error::NotSent {
                failure: Failure::TooLate,
                ..
            })
        ),
        "{error:?}"
    );
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(exchange.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_come_after_the_moment_to_send() {
    let exchange = Exchange::new([Act::AnswerAfter(Duration::from_secs(5), 201, "{}")]);
    let client = exchange.client();
    let bounded = client.not_after(Instant::now() + Duration::from_secs(2));
    let request = bounded.post(&["portfolio", "events", "orders"]);
    request.send_empty().await.unwrap();
}

/// The claim that nothing left is proven by what the other side saw: it closes connections soon after each answer, so that the
/// next request meets a connection in every stage of going away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_not_to_have_left_never_arrived() {
    let exchange = Exchange::new((0..8_000).map(|n| Act::AnswerAndCloseSoon(201, "{}", n % 12)));
    let client = exchange.client();
    let tasks = (0..4_u32).map(|task| tokio::spawn(cancel_many(client.clone(), task)));
    let not_sent: Vec<String> = futures::future::join_all(tasks)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    let seen: BTreeSet<String> = exchange.seen().into_iter().map(|seen| seen.target).collect();
    assert!(!not_sent.iter().any(|target| seen.contains(target)));
}

/// Sends 2,000 cancels and names those that did not leave.
async fn cancel_many(client: Client, task: u32) -> Vec<String> {
    let mut not_sent = Vec::new();
    for n in 0..2_000 {
        let id = format!("{task}-{n}");
        match client
            .delete(&["portfolio", "events", "orders", &id])
            .send_empty()
            .await
        {
            Err(Error::NotSent { .. }) => {
                not_sent.push(format!("/trade-api/v2/portfolio/events/orders/{id}"));
            }
            Err(error) => assert_eq!(error.class(), Class::Unknown, "{error}"),
            Ok(()) => {}
        }
    }
    not_sent
}
