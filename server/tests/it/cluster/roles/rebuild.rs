//! A fan-out that starts later than a call. It reads the log before anybody may rely on it.

use testkit::{Error, client::Session, server::Server};
use uuid::Uuid;

use super::{Apart, accept, rebuilt, receive};
use crate::{cluster::kafka::published, support::Outcome};

/// Makes a call and its accept that every running fan-out has sent.
async fn exchange(apart: &Apart, caller: &Session, neighbour: &Session) -> Result<(Uuid, Uuid), Error> {
    let mut sockets = apart.sockets(caller, neighbour).await?;
    let call = published(caller, "before it").await?;
    let coming = accept(neighbour, caller, call).await?;
    receive(&mut sockets, call).await?;
    receive(&mut sockets, coming).await?;
    Ok((call, coming))
}

/// Checks that a new subscriber receives the call, and who comes.
async fn has(fanout: &Server, to: &Session, (call, coming): (Uuid, Uuid)) -> Outcome {
    let (_, snapshot) = to.at(&fanout.client()?).listen().await?;
    assert!(snapshot.alert(call).is_some(), "the call is not in the snapshot: {snapshot:?}");
    let comes = snapshot.messages.iter().any(|message| message.is_accept(coming));
    assert!(comes, "the accept is not in the snapshot: {snapshot:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_fan_out_that_starts_late_or_again_has_what_is_open_as_soon_as_it_is_ready() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let open = exchange(&apart, &caller, &neighbour).await?;
    let mut late = apart.process("fanout").start().await?;
    has(&late, &neighbour, open).await?;
    late.kill().await?;
    late.restart().await?;
    has(&late, &neighbour, open).await?;
    late.end().await?;
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_fan_out_is_not_ready_before_it_has_read_the_log() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let open = exchange(&apart, &caller, &neighbour).await?;
    let kafka = apart.brokers.node(1);
    // It waits for 10 s before it serves without the log. The first look comes long before.
    kafka.stop()?;
    let late = apart.process("fanout").start_unready().await?;
    let (is_ready, report) = late.client()?.readiness().await?;
    kafka.resume()?;
    let roles: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(!is_ready && roles["fanout"]["state"] == "starting", "{report}");
    rebuilt(&late).await?;
    has(&late, &neighbour, open).await?;
    late.end().await?;
    apart.end().await
}
