//! An administrator's one subscription to every line of a large complex.

use std::time::{Duration, Instant};

use crate::support::{Outcome, server};
use domain::{Event, body::Body};
use testkit::{
    Error,
    client::{Ack, Message, Session, Socket, Subscribe},
    town::{Residents, Town},
};
use uuid::Uuid;

const LINES: usize = 500;
const HOUSES: usize = 10;
/// The distance of the lines that have an open call before the subscription. So there are 72 of them, more than a session
/// may have subscriptions.
const EVERY: usize = 7;

fn destination(caller: &Session) -> Result<String, Error> {
    Ok(format!("/sub/line/{}", caller.line()?))
}

/// Presses on every seventh line; the callers with the ids of their calls.
async fn open_calls(residents: &Residents) -> Result<Vec<(&Session, Uuid)>, Error> {
    let mut calls = Vec::new();
    for line in (0..LINES).step_by(EVERY) {
        let caller = residents.of(line, 0);
        calls.push((caller, caller.press(&caller.call("open")?, None).await?.ok()?.id));
    }
    Ok(calls)
}

/// Presses, and returns how long it took until the administrator had the alarm.
async fn press_to_delivery(office: &mut Socket, caller: &Session) -> Result<Duration, Error> {
    let (call, id, pressed) = (caller.call("now")?, Uuid::now_v7(), Instant::now());
    let receiving = async {
        let message = office.wait_for("the alert", |message| message.is_alert(id)).await;
        (message, pressed.elapsed())
    };
    let (answer, (message, took)) = tokio::join!(caller.press(&call, Some(id)), receiving);
    answer?.ok()?;
    let message = message?;
    assert_eq!(message.header("destination"), Some(destination(caller)?.as_str()));
    assert_eq!(message.header("subscription"), Some("all"));
    assert!(!message.is_replay() && !message.is_late());
    office.ack(&message).await?;
    Ok(took)
}

#[tokio::test]
async fn an_administrator_of_five_hundred_lines_receives_each_and_one_made_afterwards() -> Outcome {
    let server = server().await?;
    let began = Instant::now();
    let residents = server.populate(&Town::new(LINES, HOUSES).administrators(1)).await?;
    let populated = began.elapsed();
    let calls = open_calls(&residents).await?;

    let mut office = residents.administrator(0).connect().await?;
    let asked = Instant::now();
    office.subscribe(&Subscribe::to("/sub/lines").id("all").ack(Ack::ClientIndividual)).await?;
    let snapshot = office.snapshot("all").await?;
    let subscribed = asked.elapsed();
    for (caller, id) in &calls {
        let message = snapshot.alert(*id).unwrap();
        assert_eq!(message.header("destination"), Some(destination(caller)?.as_str()));
    }
    assert!(!snapshot.truncated && snapshot.messages.len() == calls.len(), "{}", snapshot.messages.len());

    let any = usize::try_from(Uuid::now_v7().as_u128() % LINES as u128).unwrap();
    let of_any = press_to_delivery(&mut office, residents.of(any, 1)).await?;
    let of_last = press_to_delivery(&mut office, residents.of(LINES - 1, HOUSES - 1)).await?;
    let later = server.populate(&Town::new(1, 1).building("302")).await?;
    let of_later = press_to_delivery(&mut office, later.of(0, 0)).await?;
    let unwanted = |message: &Message| {
        let is_end = matches!(message.body, Body::SnapshotEnd { .. });
        // The office has no flat, so its acknowledgements reach no house.
        is_end || matches!(message.event(), Some(Event::Receipt(_)))
    };
    office.none_within(Duration::from_millis(500), "another end or a receipt", unwanted).await?;

    println!("{} accounts on {LINES} lines, known to the server after {populated:.2?}", LINES * HOUSES + 1);
    println!("subscribed to every line with {} open calls in {subscribed:.2?}", calls.len());
    println!(
        "press to heard: line {any} {of_any:.2?}, the last line {of_last:.2?}, a new line {of_later:.2?}"
    );
    Ok(())
}
