//! Holders take turns, the queue is bounded, and a place is never lost.

use futures_util::FutureExt;

use super::*;
use crate::problem::Kind;

const BOUNDS: Bounds = Bounds { at_once: 1, queue: 3, of_one: 4, patience: Duration::from_secs(60) };

fn share(bounds: Bounds) -> Share {
    Share::new("test", bounds)
}

fn holder(name: &str) -> Holder {
    Holder::Resident(name.into())
}

/// Enters and waits in the background; by a single thread it is in the queue when this returns.
async fn queued(share: &Share, name: &str) -> tokio::task::JoinHandle<Result<Turn, Problem>> {
    let (share, holder) = (share.clone(), holder(name));
    let waiting = tokio::spawn(async move { share.enter(holder).await });
    tokio::task::yield_now().await;
    waiting
}

fn is_free(share: &Share) -> bool {
    let state = share.lock();
    state.working == 0 && state.waiting == 0 && state.holders.is_empty() && state.turns.is_empty()
}

#[tokio::test]
async fn beyond_the_queue_is_refused_at_once() {
    let share = share(Bounds { of_one: 9, ..BOUNDS });
    let working = share.enter(holder("a")).await.unwrap();
    let waiting = [queued(&share, "a").await, queued(&share, "a").await, queued(&share, "a").await];
    let refused = share.enter(holder("a")).now_or_never().unwrap();
    assert_eq!(refused.err().map(|problem| problem.kind), Some(Kind::BUSY));
    drop(working);
    for waiting in waiting {
        drop(waiting.await.unwrap().unwrap());
    }
    assert!(is_free(&share));
}

#[tokio::test]
async fn one_holder_has_no_more_than_its_own() {
    let share = share(Bounds { of_one: 2, ..BOUNDS });
    let _working = share.enter(holder("a")).await.unwrap();
    let _waiting = queued(&share, "a").await;
    assert!(share.enter(holder("a")).now_or_never().unwrap().is_err());
    assert!(share.enter(holder("b")).now_or_never().is_none(), "it waits");
}

#[tokio::test]
async fn the_holder_of_fewer_displaces_a_waiting_one_of_the_holder_of_the_most_and_waits_its_turn() {
    let share = share(BOUNDS);
    let working = share.enter(holder("flood")).await.unwrap();
    let first = queued(&share, "flood").await;
    let second = queued(&share, "flood").await;
    let third = queued(&share, "flood").await;
    let resident = queued(&share, "resident").await;
    assert!(third.await.unwrap().is_err());
    drop(working);
    let turn = first.await.unwrap().unwrap();
    assert!(!resident.is_finished());
    drop(turn);
    let turn = resident.await.unwrap().unwrap();
    assert!(!second.is_finished());
    drop(turn);
    drop(second.await.unwrap().unwrap());
    assert!(is_free(&share));
}

#[tokio::test]
async fn a_waiter_that_gives_up_leaves_its_place() {
    let share = share(BOUNDS);
    let working = share.enter(holder("a")).await.unwrap();
    let gone = queued(&share, "b").await;
    let next = queued(&share, "c").await;
    gone.abort();
    assert!(gone.await.is_err());
    drop(working);
    drop(next.await.unwrap().unwrap());
    assert!(is_free(&share));
}

#[tokio::test]
async fn a_turn_that_is_granted_to_one_who_has_gone_is_passed_on() {
    let share = share(BOUNDS);
    let working = share.enter(holder("a")).await.unwrap();
    let gone = queued(&share, "b").await;
    let next = queued(&share, "c").await;
    drop(working);
    // It has its turn, and is dropped before it runs again.
    gone.abort();
    drop(gone.await);
    drop(next.await.unwrap().unwrap());
    assert!(is_free(&share));
}

#[tokio::test]
async fn a_request_that_waits_too_long_is_refused() {
    let share = share(Bounds { patience: Duration::from_millis(10), ..BOUNDS });
    let working = share.enter(holder("a")).await.unwrap();
    assert!(share.enter(holder("b")).await.is_err());
    drop(working);
    assert!(is_free(&share));
}
