//! Every fault a few times against our own client; `cargo xtask soak faults` does it 200 times each.
#![allow(missing_docs, reason = "tests are sentences")]

use kmi_simulator::drill::{self, Drill, Outcome, Road};
use kmi_simulator::faults::FaultKind;
use tokio::task::JoinSet;

/// Faults of these kinds at once, each at an exchange of its own.
async fn all_mended(kinds: &[FaultKind], rounds: u32) -> Vec<(FaultKind, Outcome)> {
    let mut running = JoinSet::new();
    for (number, kind) in (1..).zip(kinds.iter().copied()) {
        let drill = Drill {
            kind,
            rounds,
            seed: number,
        };
        let road = if number % 2 == 0 { Road::Tcp } else { Road::Pipe };
        running.spawn(async move { (kind, drill::run(drill, road).await) });
    }
    let outcomes = running.join_all().await;
    for (kind, outcome) in &outcomes {
        assert!(outcome.is_clean(), "{}: {outcome:#?}", kind.as_str());
        assert!(
            outcome.fills > 0 && outcome.orders > 0,
            "nothing happened: {outcome:?}"
        );
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_on_the_stream_client_and_exchange_end_up_knowing_the_same() {
    let kinds = [
        FaultKind::Disconnect,
        FaultKind::PrivateWsDrop,
        FaultKind::SkipSeq,
        FaultKind::DuplicateFill,
        FaultKind::ReorderFills,
    ];
    let outcomes = all_mended(&kinds, 3).await;
    let told_twice = |kind| {
        let (_, outcome) = outcomes.iter().find(|(of, _)| *of == kind).unwrap();
        outcome.told_twice
    };
    assert!(told_twice(FaultKind::DuplicateFill) >= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_with_a_request_no_order_is_placed_twice_or_forgotten() {
    let kinds = [
        FaultKind::DelayMs,
        FaultKind::Status,
        FaultKind::DropBeforeExecute,
        FaultKind::TimeoutAfterExecute,
        FaultKind::ExecuteLateMs,
        FaultKind::StaleReadsMs,
    ];
    let outcomes = all_mended(&kinds, 3).await;
    for (kind, outcome) in outcomes {
        assert_eq!(
            outcome.found + outcome.absent,
            outcome.unknown,
            "{}: {outcome:?}",
            kind.as_str()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_pauses_client_and_exchange_end_up_knowing_the_same() {
    all_mended(&[FaultKind::Pause, FaultKind::Resume, FaultKind::Maintenance], 3).await;
}
