//! A stalled Kafka. Its processes stand still and its connections stay open, so that new events are handed over by
//! PostgreSQL.

use domain::{api::State, body::Body};
use testkit::client::Message;

use super::{Apart, accept, press, rebuilt, receive, receive_no_more};
use crate::{cluster::kafka::published, support::Outcome};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_call_and_its_accept_reach_both_fan_outs_once_while_kafka_is_stalled() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let mut sockets = apart.sockets(&caller, &neighbour).await?;
    let kafka = apart.brokers.node(1);
    kafka.stop()?;
    let recorded = press(&caller, "past the log").await?;
    assert_eq!(recorded.state, State::Stored, "Kafka is stalled");
    let call = recorded.id;
    receive(&mut sockets, call).await?;
    let coming = accept(&neighbour, &caller, call).await?;
    receive(&mut sockets, coming).await?;
    // The wait is long enough for clients to give up requests that Kafka then finds all the same.
    receive_no_more(&mut sockets, &[call, coming]).await?;

    kafka.resume()?;
    let is_first = |message: &Message| matches!(&message.body, Body::First { id, .. } if id.0 == coming);
    for socket in &mut sockets {
        socket.wait_for("the accept's place in the log", is_first).await?;
    }
    let next = published(&caller, "by the log").await?;
    receive(&mut sockets, next).await?;
    apart.brokers.have_calls(&[call]).await;
    receive_no_more(&mut sockets, &[call, coming]).await?;
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_fan_out_that_is_killed_while_kafka_is_stalled_comes_back_with_what_was_handed_over() -> Outcome {
    let mut apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let mut sockets = apart.sockets(&caller, &neighbour).await?;
    let kafka = apart.brokers.node(1);
    kafka.stop()?;
    let call = press(&caller, "past the log").await?.id;
    receive(&mut sockets, call).await?;
    let [at_home, _] = sockets;
    apart.fanouts[1].kill().await?;
    apart.fanouts[1].restart().await?;
    let (next_door, snapshot) = apart.listen(&neighbour, 1).await?;
    assert!(snapshot.alert(call).is_some(), "what was handed over is not in the snapshot: {snapshot:?}");

    kafka.resume()?;
    let next = published(&caller, "by the log").await?;
    apart.brokers.have_calls(&[call]).await;
    rebuilt(&apart.fanouts[1]).await?;
    let mut sockets = [at_home, next_door];
    receive(&mut sockets, next).await?;
    receive_no_more(&mut sockets, &[call]).await?;
    apart.end().await
}
