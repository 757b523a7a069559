//! The audit on a real SQLite file.

use backend::{
    audit::{AT_LEAST, Act, Audit, Broken, By, Filter, Record},
    clock,
    database::Database,
    people::accounts::{Accounts, NewAccount},
};
use domain::Role;

use crate::support::{database, url};

async fn audit(directory: &tempfile::TempDir) -> Audit {
    Audit::new(database(directory.path()).await)
}

fn record(number: usize) -> Record {
    Record::new(Act::Locked, By::account("admin", [127, 0, 0, 1].into())).about(&format!("house-{number}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_several_nodes_make_one_chain() {
    let directory = tempfile::tempdir().expect("a directory");
    let nodes = [audit(&directory).await, audit(&directory).await, audit(&directory).await];
    let mut writers = Vec::new();
    for (node, audit) in nodes.iter().enumerate() {
        for number in 0..8 {
            let audit = audit.clone();
            writers.push(tokio::spawn(async move { audit.record(record(100 * node + number)).await }));
        }
    }
    for writer in writers {
        writer.await.expect("it ends").expect("it is written");
    }
    let verified = nodes[0].verify().await.expect("the chain is whole");
    assert_eq!((verified.rows, verified.pruned), (24, 0));
    let listed = nodes[1].list(&Filter::default(), 100).await.expect("answered");
    let numbers: Vec<i64> = listed.iter().map(|entry| entry.sequence).collect();
    assert_eq!(numbers, (1..=24).rev().collect::<Vec<_>>());
    assert_eq!(listed[0].hash, verified.hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_and_its_record_are_one_transaction() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = database(directory.path()).await;
    let (accounts, audit) = (Accounts::new(database.clone()), Audit::new(database));
    for name in ["office", "other"] {
        let (name, password) = (name.to_owned(), "correct horse".to_owned());
        let account = NewAccount { name, password, line: None, house: None, role: Role::Administrator };
        accounts.create(account).await.expect("it is made");
    }
    let office = accounts.acting(By::account("office", [10, 0, 0, 7].into()));
    office.lock("other").await.expect("locked");
    office.lock("office").await.expect_err("the last administrator stays");
    office.unlock("nobody").await.expect_err("there is no such account");
    accounts.unlock("other").await.expect("unlocked");
    let listed = audit.list(&Filter::default(), 10).await.expect("answered");
    let acts: Vec<_> = listed.iter().map(|entry| (entry.act.as_str(), entry.actor.as_str())).collect();
    assert_eq!(acts, [("unlocked", "@service"), ("locked", "office")]);
    assert_eq!((listed[1].address.as_str(), listed[1].subject.as_str()), ("10.0.0.7", "other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_cuts_the_head_of_the_chain_and_the_rest_can_still_be_walked() {
    let directory = tempfile::tempdir().expect("a directory");
    let audit = audit(&directory).await;
    let now = clock::now();
    for (number, age) in [2 * AT_LEAST, 2 * AT_LEAST, 0, 2 * AT_LEAST, 0].into_iter().enumerate() {
        audit.record(record(number).at(now - age)).await.expect("it is written");
    }
    let pruned = audit.prune(now - AT_LEAST, now).await.expect("pruned");
    assert_eq!(pruned, 2, "a row stays as long as one before it");
    let verified = audit.verify().await.expect("the chain is whole");
    assert_eq!((verified.rows, verified.pruned), (4, 2), "the removal is a record");
    assert_eq!(audit.prune(now - AT_LEAST, now).await.expect("pruned"), 0);
    assert_eq!(audit.prune(now, now).await.expect("pruned"), 0, "a year stays whatever is asked");
    let pruned = Filter { act: Some(Act::AuditPruned), ..Filter::default() };
    let pruned = audit.list(&pruned, 10).await.expect("answered");
    assert_eq!((pruned.len(), pruned[0].count, pruned[0].actor.as_str()), (1, 2, "@service"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_keeps_records_waiting_and_the_walk_reports_that_it_does_not_know() {
    let directory = tempfile::tempdir().expect("a directory");
    let database = Database::connect_later(&url(directory.path())).expect("a name");
    let audit = Audit::new(database.clone());
    audit.later(record(1));
    audit.refused([10, 0, 0, 1].into(), "admin", "sign-in-refused");
    assert!(audit.write_waiting(true).await.is_err(), "there is no table yet");
    assert!(matches!(audit.verify().await, Err(Broken::Database(_))));
    database.prepare().await.expect("it is prepared");
    audit.write_waiting(true).await.expect("written");
    audit.write_waiting(true).await.expect("nothing is left");
    let listed = audit.list(&Filter::default(), 10).await.expect("answered");
    let acts: Vec<_> = listed.iter().map(|entry| (entry.act.as_str(), entry.subject.as_str())).collect();
    assert_eq!(acts.len(), 2, "{acts:?}");
    assert!(acts.contains(&("locked", "house-1")), "{acts:?}");
    assert!(acts.contains(&("sign-in-refused", "")), "no account has the name: {acts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_can_be_neither_changed_nor_removed_and_a_removed_row_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let audit = audit(&directory).await;
    for number in 0..3 {
        audit.record(record(number)).await.expect("it is written");
    }
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(directory.path().join("iutsai.db"));
    let pool = sqlx::SqlitePool::connect_with(file).await.expect("it opens");
    let copy = "INSERT OR REPLACE INTO audit
        SELECT sequence, at, act, actor, address, 'x', detail, count, hash FROM audit";
    for statement in [
        "UPDATE audit SET subject = 'x' WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 2",
        copy,
        "UPDATE audit_head SET sequence = 1",
        "UPDATE audit_head SET pruned_sequence = 9",
        "DELETE FROM audit_head",
    ] {
        assert!(sqlx::query(statement).execute(&pool).await.is_err(), "{statement}");
    }
    assert_eq!(audit.verify().await.expect("it is whole").rows, 3);
    sqlx::query("DROP TRIGGER audit_delete").execute(&pool).await.expect("dropped");
    sqlx::query("DELETE FROM audit WHERE sequence = 2").execute(&pool).await.expect("deleted");
    assert!(matches!(audit.verify().await, Err(Broken::Missing(2))));
    sqlx::query("DELETE FROM audit WHERE sequence = 3").execute(&pool).await.expect("deleted");
    assert!(matches!(audit.verify().await, Err(Broken::Missing(2))), "the end of the chain is known");
    pool.close().await;
}
