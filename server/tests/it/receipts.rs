//! The delivery ledger. The caller learns which houses the call has reached, and where somebody looked.

use std::time::Duration;

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, server_and_client, sign_in,
};
use domain::{AlertId, Event, Flats, House};
use testkit::{
    Error,
    client::{Ack, Message, Session, Socket, Subscribe},
};

fn houses(names: &[&str]) -> Flats {
    names.iter().map(|name| House::new(*name).unwrap().into()).collect()
}

/// Returns whether a message has exactly these houses.
fn is_receipt_of(message: &Message, call: AlertId, reached: &[&str], seen: &[&str]) -> bool {
    match message.event() {
        Some(Event::Receipt(receipt)) => {
            receipt.alert == call
                && receipt.target == House::new("1203").ok()
                && receipt.reached == houses(reached)
                && receipt.seen == houses(seen)
        }
        _ => false,
    }
}

/// Two calls, with the messages of them to a neighbour whose acknowledgements are cumulative.
async fn two_calls(caller: &Session, neighbours: &mut Socket) -> Result<Vec<(AlertId, Message)>, Error> {
    neighbours.subscribe(&Subscribe::to("/sub/line/101-1").ack(Ack::Client)).await?;
    neighbours.snapshot("line").await?;
    let mut calls = Vec::new();
    for text in ["one", "two"] {
        let id = caller.press(&caller.call(text)?, None).await?.ok()?.id;
        calls.push((AlertId(id), neighbours.wait_for("the alert", |message| message.is_alert(id)).await?));
    }
    Ok(calls)
}

#[tokio::test]
async fn the_caller_learns_which_houses_were_reached_and_which_have_seen_the_call() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let (mut first, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (mut second, _) = sign_in(&client, SECOND_NEIGHBOUR).await?.listen().await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let call = AlertId(id);
    for socket in [&mut callers, &mut first] {
        let message = socket.wait_for("the alert", |message| message.is_alert(id)).await?;
        socket.ack(&message).await?;
    }
    callers.wait_for("one house", |message| is_receipt_of(message, call, &["1204"], &[])).await?;
    let message = second.wait_for("the alert", |message| message.is_alert(id)).await?;
    second.ack(&message).await?;
    callers.wait_for("two houses", |message| is_receipt_of(message, call, &["1204", "1301"], &[])).await?;
    first.seen(call).await?;
    callers
        .wait_for("a look", |message| is_receipt_of(message, call, &["1204", "1301"], &["1204"]))
        .await
        .map(drop)
}

#[tokio::test]
async fn one_acknowledgement_of_a_cumulative_subscription_covers_the_calls_before() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let mut neighbours = sign_in(&client, NEIGHBOUR).await?.connect().await?;
    let calls = two_calls(&caller, &mut neighbours).await?;
    neighbours.ack(&calls[1].1).await?;
    for (call, _) in calls {
        callers.wait_for("a receipt", |message| is_receipt_of(message, call, &["1204"], &[])).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_house_that_sounds_a_call_is_counted_apart_from_one_that_only_has_it() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let (mut silent, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (mut loud, _) = sign_in(&client, SECOND_NEIGHBOUR).await?.listen().await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let message = silent.wait_for("the alert", |message| message.is_alert(id)).await?;
    silent.ack(&message).await?;
    let message = loud.wait_for("the alert", |message| message.is_alert(id)).await?;
    loud.ack(&message).await?;
    callers
        .wait_for("both have it", |message| is_receipt_of(message, AlertId(id), &["1204", "1301"], &[]))
        .await?;
    loud.sounded(&message).await?;
    let sounds = |message: &Message| match message.event() {
        Some(Event::Receipt(receipt)) => {
            receipt.alert == AlertId(id)
                && receipt.reached == houses(&["1204", "1301"])
                && receipt.sounded == houses(&["1301"])
                && receipt.seen.is_empty()
        }
        _ => false,
    };
    callers.wait_for("one sounds it", sounds).await?;
    let (_, snapshot) = caller.listen().await?;
    assert!(snapshot.messages.iter().any(sounds), "a page that comes later learns the same: {snapshot:?}");
    Ok(())
}

#[tokio::test]
async fn sounding_one_call_reports_nothing_about_the_calls_before_it() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let mut neighbours = sign_in(&client, NEIGHBOUR).await?.connect().await?;
    let calls = two_calls(&caller, &mut neighbours).await?;
    neighbours.sounded(&calls[1].1).await?;
    let of = |message: &Message, call: AlertId| match message.event() {
        Some(Event::Receipt(receipt)) => receipt.alert == call,
        _ => false,
    };
    callers.wait_for("that the second sounds", |message| of(message, calls[1].0)).await?;
    callers
        .none_within(Duration::from_secs(1), "a receipt of the first", |message| of(message, calls[0].0))
        .await
}

#[tokio::test]
async fn only_those_who_live_there_and_acknowledge_count() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let mut administrators = sign_in(&client, ADMINISTRATOR).await?.connect().await?;
    administrators.subscribe(&Subscribe::to("/sub/line/101-1").ack(Ack::ClientIndividual)).await?;
    administrators.snapshot("line").await?;
    let mut automatic = sign_in(&client, NEIGHBOUR).await?.connect().await?;
    automatic.subscribe(&Subscribe::to("/sub/line/101-1")).await?;
    automatic.snapshot("line").await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let message = administrators.wait_for("the alert", |message| message.is_alert(id)).await?;
    administrators.ack(&message).await?;
    administrators.seen(AlertId(id)).await?;
    automatic.wait_for("the alert", |message| message.is_alert(id)).await?;
    let is_receipt = |message: &Message| matches!(message.event(), Some(Event::Receipt(_)));
    callers.none_within(Duration::from_secs(1), "a receipt", is_receipt).await
}
