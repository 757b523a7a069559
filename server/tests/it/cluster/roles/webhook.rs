//! The process that sends a call to the webhook is the one that took it, and another when that ends in between.

use super::Apart;
use crate::{
    cluster::kafka::published,
    push::{
        NO_MORE_WITHIN,
        service::{Answer, Service},
    },
    support::Outcome,
    webhook::{PATH, hooked, read},
};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn of_many_processes_one_sends_a_call_and_another_when_it_is_killed() -> Outcome {
    let apart = Apart::start().await?;
    let service = Service::start().await;
    let mut first = hooked(apart.process("producer"), &service).start().await?;
    let second = hooked(apart.process("producer,fanout"), &service).start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let client = first.client()?;

    let call = published(&caller.at(&client), "who sends?").await?;
    assert_eq!(read(&service.wait_for(PATH, 1).await[0])["data"]["call"], call.to_string());
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), 1, "one of them sends");

    // Whatever comes before the end of the process has no answer.
    service.answer(PATH, &[Answer::Silence]);
    let call = published(&neighbour.at(&client), "and then killed").await?;
    first.kill().await?;
    let before = service.at(PATH).len();
    if before == 1 {
        service.answer(PATH, &[]);
    }
    let sent = service.wait_for(PATH, before + 1).await;
    let last = sent.last().unwrap();
    assert_eq!(read(last)["data"]["call"], call.to_string());
    assert!(sent[1..].iter().all(|one| one.header("webhook-id") == last.header("webhook-id")));
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), before + 1, "the other one sends once");
    first.restart().await?;
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(PATH).len(), before + 1, "the process that comes back knows that it is done");
    second.end().await?;
    first.end().await?;
    apart.end().await
}
