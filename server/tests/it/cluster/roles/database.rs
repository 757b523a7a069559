//! A stopped PostgreSQL. People who were signed in do not need it.

use std::time::Duration;

use domain::{Alert, AlertId, Event, record};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::{Apart, accept, press, receive, receive_no_more};
use crate::{
    cluster::kafka::published,
    support::{Outcome, SECOND_NEIGHBOUR, sign_in},
};

/// Every process asks for new sessions every two seconds.
const KNOWN_EVERYWHERE_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn while_postgresql_is_stopped_a_signed_in_resident_reaches_both_fan_outs() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let mut sockets = apart.sockets(&caller, &neighbour).await?;
    tokio::time::sleep(KNOWN_EVERYWHERE_WITHIN).await;
    apart.postgres.command("stop");

    let call = press(&caller, "without a database").await?.id;
    receive(&mut sockets, call).await?;
    let coming = accept(&neighbour, &caller, call).await?;
    receive(&mut sockets, coming).await?;
    let (_, snapshot) = apart.listen(&caller, 1).await?;
    assert!(snapshot.alert(call).is_some(), "a session that this fan-out has not seen holds there, too");

    let refused = sign_in(&apart.web.client()?, SECOND_NEIGHBOUR).await.unwrap_err();
    let problem = refused.problem().unwrap_or_else(|| panic!("{refused}"));
    assert_eq!((problem.status, problem.kind.as_str()), (503, "/problems/unavailable"));
    assert!(problem.detail.contains("try again"), "{}", problem.detail);

    apart.postgres.command("start");
    receive_no_more(&mut sockets, &[call, coming]).await?;
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn sign_ins_and_the_hand_over_go_on_when_postgresql_is_back() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let mut sockets = apart.sockets(&caller, &neighbour).await?;
    for step in ["stop", "start"] {
        let call = press(&caller, &format!("before the {step}")).await?.id;
        receive(&mut sockets, call).await?;
        apart.postgres.command(step);
    }

    let newcomer = apart.sign_in(SECOND_NEIGHBOUR).await?;
    let (mut listening, _) = apart.listen(&newcomer, 1).await?;
    let kafka = apart.brokers.node(1);
    kafka.stop()?;
    let call = press(&newcomer, "with it again").await?.id;
    listening.wait_for("the call", |message| message.is_alert(call)).await?;
    receive(&mut sockets, call).await?;
    kafka.resume()?;
    let next = published(&caller, "by the log").await?;
    receive(&mut sockets, next).await?;
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn an_event_handed_over_without_a_notification_is_delivered() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let mut sockets = apart.sockets(&caller, &neighbour).await?;
    let (line, house) = caller.resident().flat().unwrap();
    let alert = Alert {
        text: "no notification".into(),
        ..Alert::new(AlertId::generate(), line.clone(), house.clone(), backend::clock::now())
    };
    let (id, at) = (alert.id.0, alert.at);
    let (topic, value) = record::write(&Event::Alert(alert));
    // Only a row is written, because a connection that was lost brings no notification either.
    let mut database = PgConnection::connect(apart.postgres.url()).await.unwrap();
    sqlx::query("INSERT INTO handovers (id, topic, value, at, age) VALUES ($1, $2, $3, $4, 0)")
        .bind(Uuid::now_v7().to_string())
        .bind(topic)
        .bind(value)
        .bind(at)
        .execute(&mut database)
        .await
        .unwrap();
    receive(&mut sockets, id).await?;
    database.close().await.unwrap();
    apart.end().await
}
