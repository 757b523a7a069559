//! An outbox whose file is moved away or replaced while it is in use.

use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tokio::time::{Duration, timeout};

use super::{append, entry, event, open, values};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_that_is_moved_away_while_it_is_used_is_put_back_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let before = append(&outbox, entry(1)).await;
    let log = outbox.log().expect("it is open");
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let path = directory.path().join(name);
        std::fs::rename(&path, path.with_extension("moved")).expect("it is moved");
    }
    let after = append(&outbox, entry(2)).await;
    assert!(after > before);
    assert_eq!(outbox.log(), Ok(log), "it is the same log");
    outbox.close().await;
    let outbox = open(directory.path()).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![2]]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_that_is_moved_away_while_it_fails_is_put_back_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    append(&outbox, entry(1)).await;
    // Another program's transaction makes a commit fail, and its reading keeps the file from being used again.
    let options = SqliteConnectOptions::new().filename(directory.path().join("outbox.db"));
    let mut writer = SqliteConnection::connect_with(&options).await.expect("it opens");
    let mut reader = SqliteConnection::connect_with(&options).await.expect("it opens");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("it begins");
    sqlx::query("BEGIN").execute(&mut reader).await.expect("it begins");
    sqlx::query("SELECT COUNT(*) FROM entries").fetch_one(&mut reader).await.expect("it is read");
    let refused = entry(2);
    assert!(outbox.append(refused.clone(), event(&refused)).await.is_err());
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let path = directory.path().join(name);
        std::fs::rename(&path, path.with_extension("moved")).expect("it is moved");
    }
    let mut trouble = outbox.trouble();
    for is_over in [Option::is_some, Option::is_none] {
        timeout(PATIENCE, trouble.wait_for(is_over)).await.expect("in time").expect("the writer runs");
    }
    append(&outbox, entry(3)).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![3]]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_in_the_place_of_an_outbox_in_use_is_kept_aside() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    append(&outbox, entry(1)).await;
    let path = directory.path().join("outbox.db");
    std::fs::write(directory.path().join("other"), "another file").expect("it is written");
    std::fs::rename(directory.path().join("other"), &path).expect("it is replaced");
    append(&outbox, entry(2)).await;
    outbox.close().await;
    let outbox = open(directory.path()).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![2]]);
    outbox.close().await;
    let names = std::fs::read_dir(directory.path()).expect("it can be listed");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    assert!(names.into_iter().any(|name| name.starts_with("outbox-found-") && name.ends_with(".db")));
}
