//! Whom a call could alarm, across processes that share one database.

use super::Apart;
use crate::{
    reach::{armed, follow, until},
    support::Outcome,
};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_house_counts_at_every_process_until_the_one_it_is_connected_to_is_silent() -> Outcome {
    let mut apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let (mut number, first) = follow(&caller.at(&apart.fanouts[0].client()?)).await?;
    assert_eq!(first, 0);
    let _page = armed(&neighbour.at(&apart.fanouts[1].client()?)).await?;
    until(&mut number, Some(1)).await?;

    // A process that is killed cannot take its part back.
    apart.fanouts[1].kill().await?;
    until(&mut number, Some(0)).await?;
    apart.fanouts[1].restart().await?;
    let _page = armed(&neighbour.at(&apart.fanouts[1].client()?)).await?;
    until(&mut number, Some(1)).await?;
    apart.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn while_postgresql_is_stopped_there_is_no_number_rather_than_a_false_one() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, neighbour) = apart.residents().await?;
    let (mut number, _) = follow(&caller.at(&apart.fanouts[0].client()?)).await?;
    let _page = armed(&neighbour.at(&apart.fanouts[1].client()?)).await?;
    until(&mut number, Some(1)).await?;
    apart.postgres.command("stop");
    until(&mut number, None).await?;
    apart.postgres.command("start");
    until(&mut number, Some(1)).await?;
    apart.end().await
}
