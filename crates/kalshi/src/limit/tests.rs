use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;

/// 100 tokens a second, ten requests of 10 at once.
fn limiter() -> Limiter {
    Limiter::new(Limits::basic(), WaitBounds::default())
}

async fn spend_all(limiter: &Limiter) {
    limiter.acquire(Lane::Write, Priority::Normal, 100).await.unwrap();
}

/// Lines a request up in a task of its own, which notes `name` when it has its tokens.
fn line_up(
    limiter: &Limiter,
    log: &Arc<Mutex<Vec<&'static str>>>,
    priority: Priority,
    cost: u64,
    name: &'static str,
) {
    let (limiter, log) = (limiter.clone(), Arc::clone(log));
    tokio::spawn(async move {
        limiter.acquire(Lane::Write, priority, cost).await.unwrap();
        log.lock().unwrap().push(name);
    });
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_order_of_a_second_waits_a_tenth_of_one() {
    let limiter = limiter();
    let start = Instant::now();
    for _ in 0..10 {
        limiter.acquire(Lane::Write, Priority::Normal, 10).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    limiter.acquire(Lane::Write, Priority::Normal, 10).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn cancels_go_before_creates_that_came_earlier() {
    let limiter = limiter();
    spend_all(&limiter).await;
    let log = Arc::default();
    line_up(&limiter, &log, Priority::Normal, 10, "create 1");
    line_up(&limiter, &log, Priority::Normal, 10, "create 2");
    sleep(Duration::from_millis(1)).await;
    line_up(&limiter, &log, Priority::First, 2, "cancel 1");
    line_up(&limiter, &log, Priority::First, 2, "cancel 2");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        *log.lock().unwrap(),
        ["cancel 1", "cancel 2", "create 1", "create 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_cheap_request_does_not_slip_past_a_dear_one() {
    let limiter = limiter();
    spend_all(&limiter).await;
    let log = Arc::default();
    line_up(&limiter, &log, Priority::Normal, 100, "batch");
    sleep(Duration::from_millis(1)).await;
    line_up(&limiter, &log, Priority::Normal, 1, "one");
    sleep(Duration::from_millis(900)).await;
    assert!(log.lock().unwrap().is_empty());
    sleep(Duration::from_millis(200)).await;
    assert_eq!(*log.lock().unwrap(), ["batch", "one"]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_frees_its_place() {
    let limiter = limiter();
    spend_all(&limiter).await;
    let dear = limiter.acquire(Lane::Write, Priority::Normal, 100);
    assert!(
        tokio::time::timeout(Duration::from_millis(10), dear)
            .await
            .is_err()
    );
    assert_eq!(limiter.waiting(Lane::Write), 0);
    let start = Instant::now();
    limiter.acquire(Lane::Write, Priority::Normal, 10).await.unwrap();
    // 10 ms of refill are there already.
    assert_eq!(start.elapsed(), Duration::from_millis(90));
}

#[tokio::test(start_paused = true)]
async fn who_waits_behind_a_dropped_request_moves_up_at_once() {
    let limiter = limiter();
    spend_all(&limiter).await;
    let log = Arc::default();
    let first = {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.acquire(Lane::Write, Priority::Normal, 100).await })
    };
    sleep(Duration::from_millis(1)).await;
    line_up(&limiter, &log, Priority::Normal, 10, "second");
    sleep(Duration::from_millis(499)).await;
    first.abort();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(*log.lock().unwrap(), ["second"]);
}

#[tokio::test(start_paused = true)]
async fn waits_are_bounded() {
    let bounds = WaitBounds {
        wait: Duration::from_millis(50),
        queue: 2,
    };
    let limiter = Limiter::new(Limits::basic(), bounds);
    spend_all(&limiter).await;

    // First in line and too far from its tokens: refused before waiting.
    let start = Instant::now();
    let far = limiter.acquire(Lane::Write, Priority::Normal, 10).await;
    assert_eq!(far, Err(AcquireError::TooLong(bounds.wait)));
    assert_eq!(start.elapsed(), Duration::ZERO);

    // Behind another one: refused after the longest wait, or at once where too many wait.
    let log = Arc::default();
    line_up(&limiter, &log, Priority::Normal, 5, "first");
    sleep(Duration::from_millis(1)).await;
    let behind = limiter.acquire(Lane::Write, Priority::Normal, 100);
    let third = async {
        tokio::task::yield_now().await;
        limiter.acquire(Lane::Write, Priority::Normal, 1).await
    };
    let (behind, third) = tokio::join!(behind, third);
    assert_eq!(behind, Err(AcquireError::TooLong(bounds.wait)));
    assert_eq!(third, Err(AcquireError::QueueFull(2)));
    assert_eq!(limiter.waiting(Lane::Write), 0);
    assert_eq!(*log.lock().unwrap(), ["first"]);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_wait_long_gives_up_at_its_moment() {
    let limiter = limiter();
    let start = Instant::now();
    let by = |millis| Some(start + Duration::from_millis(millis));
    let acquire = |latest, cost| limiter.acquire_by(latest, Lane::Write, Priority::Normal, cost);
    spend_all(&limiter).await;
    // Ten tokens come in 100 ms.
    assert_eq!(acquire(by(99), 10).await, Err(AcquireError::TooLate));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(acquire(by(100), 10).await, Ok(()));
    assert_eq!(start.elapsed(), Duration::from_millis(100));

    // Behind another one, which takes a second.
    let log = Arc::default();
    line_up(&limiter, &log, Priority::Normal, 100, "first");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(acquire(by(500), 10).await, Err(AcquireError::TooLate));
    assert_eq!(start.elapsed(), Duration::from_millis(500));
    assert_eq!(acquire(by(400), 10).await, Err(AcquireError::TooLate));
    assert_eq!(limiter.waiting(Lane::Write), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_the_bucket_is_refused_at_once() {
    let refused = limiter().acquire(Lane::Write, Priority::Normal, 110).await;
    assert_eq!(
        refused,
        Err(AcquireError::NeverFits {
            cost: 110,
            capacity: 100
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_of_tier_is_felt_by_who_waits() {
    let limiter = limiter();
    spend_all(&limiter).await;
    let log = Arc::default();
    line_up(&limiter, &log, Priority::Normal, 100, "batch");
    sleep(Duration::from_millis(1)).await;
    limiter.set(Limits {
        write: BucketSpec {
            refill_rate: 1_000,
            capacity: 2_000,
        },
        ..Limits::basic()
    });
    sleep(Duration::from_millis(101)).await;
    assert_eq!(*log.lock().unwrap(), ["batch"]);
}

#[tokio::test(start_paused = true)]
async fn lanes_do_not_wait_for_each_other_and_balances_come_once_a_second() {
    let limiter = limiter();
    spend_all(&limiter).await;
    let start = Instant::now();
    limiter.acquire(Lane::Read, Priority::Normal, 10).await.unwrap();
    limiter.acquire(Lane::Balance, Priority::Normal, 1).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    limiter.acquire(Lane::Balance, Priority::Normal, 1).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}
