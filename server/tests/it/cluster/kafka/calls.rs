//! The tests of a node on its own log, repeated on three brokers of Apache Kafka.

use domain::{
    AlertId, House,
    api::{AcceptRequest, ProgressRequest},
};
use testkit::client::Step;

use super::{brokers::Brokers, published};
use crate::support::{CALLER, NEIGHBOUR, Outcome, sign_in};

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_press_an_alarm_and_an_accept_run_unchanged_on_three_brokers() -> Outcome {
    let brokers = Brokers::start(3, &[]);
    let mut server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut at_home, _) = caller.listen().await?;
    let (mut next_door, _) = neighbour.listen().await?;

    let call = published(&caller, "도와주세요").await?;
    let message = next_door.wait_for("the alarm", |message| message.is_alert(call)).await?;
    assert!(brokers.partition_of(call).is_some(), "Kafka has it");
    next_door.ack(&message).await?;

    let accept = AcceptRequest {
        line: caller.line()?.clone(),
        accept_house: House::new("1204").unwrap(),
        target_house: House::new("1203").unwrap(),
        alert: Some(AlertId(call)),
    };
    let coming = neighbour.accept(&accept, None).await?.ok()?;
    at_home.wait_for("who comes", |message| message.is_accept(coming.id)).await?;

    server.restart().await?;
    let neighbour = neighbour.at(&server.client()?);
    let (mut next_door, snapshot) = neighbour.listen().await?;
    assert!(snapshot.alert(call).is_some(), "the log brings it back");
    assert!(snapshot.messages.iter().any(|message| message.is_accept(coming.id)));

    let caller = caller.at(&server.client()?);
    let over = caller.progress(AlertId(call), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    next_door.wait_for("the end", |message| message.is_status(over.id)).await?;
    server.end().await
}
