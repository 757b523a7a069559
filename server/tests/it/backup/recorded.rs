//! Backups and restores are in the audit of the data that they are about.

use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};

use super::{back_up, run, text};
use crate::{
    audit::{has, records},
    support::{Outcome, command, program, server},
};

#[tokio::test]
async fn a_backup_and_a_restore_are_in_the_audit_and_a_refusal_or_a_check_is_not() -> Outcome {
    let server = server().await?;
    let elsewhere = tempfile::tempdir().unwrap();
    let (backup, data_dir) = (elsewhere.path().join("backup"), elsewhere.path().join("data"));
    back_up(&server, &backup);
    let (done, printed) = run(server.data_dir(), &["backup", text(&backup)]);
    assert!(!done && printed.contains("is not empty"), "{printed}");
    let rows = records(&server);
    assert!(has(&rows, "backed-up", "@command-line", text(&backup)), "{rows:?}");
    let count = |rows: &[Vec<String>], act: &str| rows.iter().filter(|row| row[3] == act).count();
    assert_eq!(count(&rows, "backed-up"), 1, "{rows:?}");

    let (done, printed) = run(&data_dir, &["restore", "--check", text(&backup)]);
    assert!(done, "{printed}");
    let (done, printed) = run(&data_dir, &["restore", text(&backup)]);
    assert!(done && !printed.contains("the audit has no record"), "{printed}");
    let restored = program().data_dir(&data_dir).start().await?;
    let rows = records(&restored);
    assert!(has(&rows, "restored", "@command-line", text(&backup)), "{rows:?}");
    assert_eq!(count(&rows, "restored"), 1, "{rows:?}");
    let (done, printed) = command(&restored, &["audit", "verify"]);
    assert!(done && printed.contains("are what was written"), "{printed}");
    restored.end().await?;
    server.end().await
}

#[tokio::test]
async fn a_backup_is_made_although_the_audit_takes_no_record_and_that_is_printed() -> Outcome {
    let mut server = server().await?;
    server.terminate().await?;
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    let mut accounts = SqliteConnection::connect_with(&file).await.unwrap();
    let refusing = "CREATE TRIGGER refusing BEFORE UPDATE ON audit_head BEGIN SELECT RAISE(ABORT, 'no'); END";
    sqlx::query(refusing).execute(&mut accounts).await.unwrap();
    accounts.close().await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup");
    let (done, printed) = run(server.data_dir(), &["backup", text(&backup)]);
    assert!(done && printed.contains("but the audit has no record of it"), "{printed}");
    let (done, printed) = run(server.data_dir(), &["restore", "--check", text(&backup)]);
    assert!(done && printed.contains("is whole, with "), "{printed}");
    Ok(())
}
