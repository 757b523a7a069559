//! Steps of an escalation across processes that share one database.

use serde_json::json;
use testkit::client::Message;

use super::{AGAIN_WITHIN, Apart, press};
use crate::{
    escalation::{page, step_of, with_rules},
    support::{Outcome, STRANGER},
};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_step_is_taken_once_by_all_processes_and_also_without_the_one_that_took_the_call() -> Outcome {
    let mut apart = Apart::start().await?;
    with_rules(&apart.web.client()?, json!({ "neighbours": 4 })).await?;
    let (caller, neighbour) = apart.residents().await?;
    let stranger = apart.sign_in(STRANGER).await?;
    let mut next = page(&stranger.at(&apart.fanouts[0].client()?)).await?;
    let (mut at_home, _) = apart.listen(&neighbour, 1).await?;
    let call = press(&caller, "the producer dies now").await?.id;
    at_home.wait_for("the alert", |message| message.is_alert(call)).await?;
    apart.producer.kill().await?;

    let is_step = |message: &Message| step_of(message).is_some();
    next.wait_for("the alert", |message| message.is_alert(call)).await?;
    let status = next.wait_for("the step", is_step).await?;
    assert_eq!(step_of(&status).map(|step| (step.round, step.step)), Some((call, 1)));
    at_home.wait_for("the step", is_step).await?;
    tokio::try_join!(
        next.none_within(AGAIN_WITHIN, "the step again", is_step),
        at_home.none_within(AGAIN_WITHIN, "the step again", is_step),
    )?;

    // A process that reads the log from its beginning finds one step, however many wrote it.
    apart.producer.restart().await?;
    apart.fanouts[1].kill().await?;
    apart.fanouts[1].restart().await?;
    super::rebuilt(&apart.fanouts[1]).await?;
    let (_, snapshot) = apart.listen(&neighbour, 1).await?;
    assert_eq!(snapshot.messages.iter().filter(|message| is_step(message)).count(), 1);
    apart.end().await
}
