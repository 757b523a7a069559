//! The process that pushes a call is the one that took it, and another when that ends in between.

use super::Apart;
use crate::{
    cluster::kafka::published,
    push::{
        COPIED_WITHIN, NO_MORE_WITHIN,
        phone::Phone,
        service::{Answer, Service},
    },
    support::Outcome,
};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn of_many_processes_one_pushes_a_call() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let service = Service::start().await;
    let (phone, _) = Phone::of(&neighbour.at(&apart.web.client()?), &service, "/neighbour").await?;
    tokio::time::sleep(COPIED_WITHIN).await;
    let call = published(&caller, "who pushes?").await?;
    let shown = phone.read(&service.wait_for(&phone.path, 1).await[0]);
    assert_eq!(shown["notification"]["data"]["alert"], call.to_string());
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(&phone.path).len(), 1);
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_call_whose_process_is_killed_before_it_has_pushed_is_pushed_by_another_and_once() -> Outcome {
    let mut apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let service = Service::start().await;
    let (phone, _) = Phone::of(&neighbour.at(&apart.web.client()?), &service, "/neighbour").await?;
    tokio::time::sleep(COPIED_WITHIN).await;
    // Whatever comes before the end of the process has no answer.
    service.answer(&phone.path, &[Answer::Silence]);
    let call = published(&caller, "and then killed").await?;
    apart.producer.kill().await?;
    let before = service.at(&phone.path).len();
    if before == 0 {
        service.answer(&phone.path, &[]);
    }

    let pushed = service.wait_for(&phone.path, before + 1).await;
    let shown = phone.read(pushed.last().unwrap());
    assert_eq!(shown["notification"]["data"]["alert"], call.to_string());
    tokio::time::sleep(NO_MORE_WITHIN).await;
    apart.producer.restart().await?;
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(
        service.at(&phone.path).len(),
        before + 1,
        "the process that comes back knows that it is done"
    );
    apart.end().await
}
