//! Ordinary times, in which every call goes by the log to every fan-out.

use domain::{AlertId, Event, Neighbour};

use super::{Apart, accept, press, receive, receive_no_more};
use crate::support::Outcome;

const PRESSES: usize = 20;

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn residents_at_two_fan_outs_reach_each_other_once_through_either_producer() -> Outcome {
    let apart = Apart::start().await?;
    let another = apart.process("producer").start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let neighbour = neighbour.at(&another.client()?);
    let mut sockets = apart.sockets(&caller, &neighbour).await?;

    let mut ids = Vec::new();
    for (number, by) in (1..=PRESSES).zip([&caller, &neighbour].into_iter().cycle()) {
        ids.push(press(by, &format!("press {number}")).await?.id);
    }
    let coming = accept(&neighbour, &caller, ids[0]).await?;
    let coming_back = accept(&caller, &neighbour, ids[1]).await?;
    ids.extend([coming, coming_back]);

    for id in &ids {
        receive(&mut sockets, *id).await?;
    }
    receive_no_more(&mut sockets, &ids).await?;
    another.end().await?;
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn houses_reached_at_one_fan_out_are_reported_to_the_caller_at_another() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let [mut at_home, mut next_door] = apart.sockets(&caller, &neighbour).await?;
    let call = press(&caller, "who hears me?").await?.id;
    let message = next_door.wait_for("the call", |message| message.is_alert(call)).await?;
    next_door.ack(&message).await?;
    let house = Neighbour::from(neighbour.resident().house.clone().unwrap());
    at_home
        .wait_for("that it reached the neighbour", |message| match message.event() {
            Some(Event::Receipt(receipt)) => {
                receipt.alert == AlertId(call) && receipt.reached.contains(&house)
            }
            _ => false,
        })
        .await?;
    apart.end().await
}
