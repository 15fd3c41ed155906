//! Order, conflation, interest, lapping, waking.

use std::time::Duration;

use bytes::Bytes;

use super::support::{AT, interest, quote, tell, trade, words};
use crate::board::MarketId;
use crate::hub::{Batch, ConnectionStatus, Format, Happening, Hub, HubSettings, Link};

#[test]
fn a_reader_gets_what_is_told_after_it_came_in_order() {
    let hub = Hub::new(100);
    tell(&hub, 1, trade(1, 1));
    let mut reader = hub.reader(hub.last(), interest(&[]));
    assert_eq!(words(reader.now()), "nothing");
    tell(&hub, 1, trade(1, 2));
    tell(&hub, 2, trade(2, 3));
    assert_eq!(words(reader.now()), "t2.2 t3.3");
    assert_eq!(words(reader.now()), "nothing");
}

#[test]
fn the_latest_quote_of_a_market_is_the_only_one_a_slow_reader_sees_and_trades_keep_their_order() {
    let hub = Hub::new(100);
    let mut reader = hub.reader(0, interest(&[]));
    tell(&hub, 1, quote(1, 1));
    tell(&hub, 1, trade(1, 1));
    tell(&hub, 2, quote(2, 1));
    tell(&hub, 1, quote(1, 2));
    tell(&hub, 1, trade(1, 2));
    assert_eq!(words(reader.now()), "t1.2 q2.1 q1.2 t2.5");
}

#[test]
fn a_quote_that_was_seen_is_followed_by_its_successor() {
    let hub = Hub::new(100);
    let mut reader = hub.reader(0, interest(&[]));
    tell(&hub, 1, quote(1, 1));
    assert_eq!(words(reader.now()), "q1.1");
    tell(&hub, 1, quote(1, 2));
    assert_eq!(words(reader.now()), "q1.2");
}

#[test]
fn a_reader_hears_of_its_markets_and_of_what_concerns_all() {
    let hub = Hub::new(100);
    let mut reader = hub.reader(0, interest(&[2]));
    tell(&hub, 1, trade(1, 1));
    assert_eq!(words(reader.now()), "nothing");
    tell(&hub, 2, trade(2, 2));
    let connection = ConnectionStatus {
        link: Link::Connected,
        since: AT,
    };
    hub.publish(AT, None, Happening::Connection(connection));
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("there are events");
    };
    assert_eq!(
        events.iter().map(|event| event.number).collect::<Vec<_>>(),
        [2, 3]
    );
}

#[test]
fn a_reader_that_falls_behind_the_ring_is_told_and_goes_on_from_the_newest() {
    let hub = Hub::new(4);
    let mut reader = hub.reader(0, interest(&[]));
    for number in 1..=6 {
        tell(&hub, 1, trade(1, number));
    }
    assert_eq!(words(reader.now()), "lapped at 6");
    tell(&hub, 1, trade(1, 7));
    assert_eq!(words(reader.now()), "t7.7");
}

#[test]
fn a_reader_that_is_to_go_on_from_an_event_of_another_process_is_lapped_at_once() {
    let hub = Hub::new(4);
    tell(&hub, 1, trade(1, 1));
    let mut reader = hub.reader(900, interest(&[]));
    assert_eq!(words(reader.now()), "lapped at 1");
    tell(&hub, 1, trade(1, 2));
    assert_eq!(words(reader.now()), "t2.2");
}

#[test]
fn the_last_events_up_to_the_bound_are_remembered() {
    let hub = Hub::new(4);
    for number in 1..=6 {
        tell(&hub, 1, trade(1, number));
    }
    let mut reader = hub.reader(2, interest(&[]));
    assert_eq!(words(reader.now()), "t3.3 t4.4 t5.5 t6.6");
}

#[test]
fn a_reader_of_a_quiet_market_is_not_lapped_by_the_noise_of_others() {
    let hub = Hub::new(8);
    let mut reader = hub.reader(0, interest(&[7]));
    assert_eq!(words(reader.now()), "nothing");
    for number in 1..=1_000 {
        tell(&hub, 1, trade(1, number));
    }
    assert_eq!(words(reader.now()), "nothing");
    tell(&hub, 7, trade(7, 1_001));
    tell(&hub, 1, trade(1, 1_002));
    assert_eq!(words(reader.now()), "t1001.1001");
}

#[test]
fn a_reader_whose_own_event_was_forgotten_is_lapped_however_late() {
    let hub = Hub::new(8);
    let mut reader = hub.reader(0, interest(&[7]));
    assert_eq!(words(reader.now()), "nothing");
    tell(&hub, 7, trade(7, 1));
    for number in 2..=100 {
        tell(&hub, 1, trade(1, number));
    }
    assert_eq!(words(reader.now()), "lapped at 100");
    assert_eq!(words(reader.now()), "nothing");
}

#[test]
fn a_market_added_to_the_interest_is_heard_from_then_on_and_one_taken_out_no_more() {
    let hub = Hub::new(8);
    let mut reader = hub.reader(0, interest(&[1]));
    assert_eq!(words(reader.now()), "nothing");
    for number in 1..=100 {
        tell(&hub, 2, trade(2, number));
    }
    let markets = reader.interest_mut().markets.as_mut().unwrap();
    markets.insert(MarketId(2));
    markets.remove(MarketId(1));
    assert_eq!(
        words(reader.now()),
        "nothing",
        "nothing was missed, so it is not lapped"
    );
    tell(&hub, 1, trade(1, 101));
    tell(&hub, 2, trade(2, 102));
    assert_eq!(words(reader.now()), "t102.102");
}

#[test]
fn more_than_a_batch_comes_in_several() {
    let hub = Hub::new(4_096);
    let mut reader = hub.reader(0, interest(&[]));
    for number in 1..=2_000 {
        tell(&hub, 1, trade(1, number));
    }
    let mut numbers = Vec::new();
    while let Some(Batch::Events(events)) = reader.now() {
        assert!(events.len() <= 1_024);
        numbers.extend(events.iter().map(|event| event.number));
    }
    assert_eq!(numbers, (1..=2_000).collect::<Vec<_>>());
}

#[test]
fn encodings_count_towards_the_bound_of_bytes_and_push_old_events_out() {
    let hub = Hub::with(HubSettings {
        events: 10_000,
        bytes: 100_000,
    });
    let mut reader = hub.reader(0, interest(&[]));
    for number in 1..=2_000 {
        tell(&hub, 1, trade(1, number));
        if let Some(Batch::Events(events)) = reader.now() {
            for event in events {
                event.encoded(Format::Own, |_| Bytes::from(vec![0; 10_000]));
            }
        }
        // Two stretches of 64 events of 10 kB each.
        assert!(hub.bytes() < 1_400_000, "{} bytes", hub.bytes());
    }
    let mut late = hub.reader(0, interest(&[]));
    assert_eq!(words(late.now()), "lapped at 2000");
}

#[test]
fn an_event_is_encoded_once_for_a_format() {
    let hub = Hub::new(4);
    let mut readers = [hub.reader(0, interest(&[])), hub.reader(0, interest(&[]))];
    tell(&hub, 1, trade(1, 1));
    let mut times = 0;
    for reader in &mut readers {
        let Some(Batch::Events(events)) = reader.now() else {
            panic!("there is an event");
        };
        events[0].encoded(Format::Relay, |_| {
            times += 1;
            Bytes::from_static(b"{}")
        });
    }
    assert_eq!(times, 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_reader_is_woken_by_what_it_wants_and_by_nothing_else() {
    let hub = Hub::new(100);
    let mut reader = hub.reader(0, interest(&[2]));
    tell(&hub, 1, trade(1, 1));
    let wait = Duration::from_secs(1);
    assert!(tokio::time::timeout(wait, reader.next()).await.is_err());
    let other = hub.clone();
    tokio::spawn(async move { tell(&other, 2, trade(2, 2)) });
    let batch = tokio::time::timeout(wait, reader.next()).await.unwrap();
    assert_eq!(words(Some(batch)), "t2.2");
}

/// However writers, readers and changes of interest interleave, nobody sleeps through what concerns them.
#[test]
fn nobody_sleeps_through_what_concerns_them() {
    const EVENTS: u64 = 20_000;
    // All of them stay, whatever they weigh: a reader may get its first turn when the writers are done.
    let hub = Hub::with(HubSettings {
        events: 100_000,
        bytes: usize::MAX,
    });
    let writers: Vec<_> = (0..2_u32)
        .map(|writer| {
            let hub = hub.clone();
            move || {
                for number in 0..EVENTS {
                    tell(&hub, writer, trade(writer, number));
                }
            }
        })
        .collect();
    let readers: Vec<_> = (0..4_u32)
        .map(|place| {
            let mut reader = hub.reader(0, interest(&[place % 2]));
            move || {
                let mut seen = 0;
                futures::executor::block_on(async {
                    while seen < EVENTS {
                        let Batch::Events(events) = reader.next().await else {
                            panic!("the ring is large enough");
                        };
                        seen += events.len() as u64;
                    }
                });
                seen
            }
        })
        .collect();
    std::thread::scope(|scope| {
        let reading: Vec<_> = readers.into_iter().map(|reader| scope.spawn(reader)).collect();
        for writer in writers {
            scope.spawn(writer);
        }
        for reader in reading {
            assert_eq!(reader.join().unwrap(), EVENTS);
        }
    });
}
