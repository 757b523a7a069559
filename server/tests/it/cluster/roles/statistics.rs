//! Two processes that count. When one is killed, the other goes on, and nothing is counted twice.

use std::time::Instant;

use sqlx::{Connection as _, PgConnection, Row as _};
use testkit::{client::Step, server::Server};
use uuid::Uuid;

use super::{Apart, PATIENCE, press};
use crate::support::Outcome;
use domain::{AlertId, api::ProgressRequest};

/// Waits until these calls, and no others, are counted as ended.
async fn counted(database: &str, calls: &[Uuid]) {
    let deadline = Instant::now() + 2 * PATIENCE;
    let mut expected: Vec<String> = calls.iter().map(Uuid::to_string).collect();
    expected.sort();
    let mut database = PgConnection::connect(database).await.unwrap();
    loop {
        let ended = "SELECT id FROM statistics_calls WHERE demo = 0 AND value LIKE '%\"ended\"%' ORDER BY id";
        let ended = sqlx::query(ended).fetch_all(&mut database).await.unwrap_or_default();
        let ended: Vec<String> = ended.iter().map(|row| row.get("id")).collect();
        if ended == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{ended:?} are counted and not {expected:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn one_of_two_processes_that_count_is_killed_and_every_call_is_counted_once() -> Outcome {
    let apart = Apart::start().await?;
    let (caller, _) = apart.residents().await?;
    let mut counting: [Server; 2] =
        [apart.process("statistics").start().await?, apart.process("statistics").start().await?];
    let mut calls = Vec::new();
    // First the one that began, which has the right to count, then the other.
    for killed in [0, 1, 0] {
        let call = press(&caller, "count me").await?.id;
        let cancelled =
            caller.progress(AlertId(call), Step::Cancel, &ProgressRequest::default(), None).await?;
        cancelled.ok()?;
        calls.push(call);
        counting[killed].kill().await?;
        counted(apart.postgres.url(), &calls).await;
        counting[killed].restart().await?;
    }
    for server in counting {
        server.end().await?;
    }
    apart.end().await
}
