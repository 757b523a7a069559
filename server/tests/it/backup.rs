//! `iutsai backup` beside a server that takes calls, and `iutsai restore` on another directory.

mod recorded;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteLockingMode},
};
use testkit::{Error, client::Session, server::Server};
use uuid::Uuid;

use crate::{
    push::phone::server_key,
    statistics::{iutsai, rows_that, verify},
    support::{CALLER, NEIGHBOUR, Outcome, path, program, server, sign_in},
};

/// The time for the program to come to a point of its work on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Presses while a backup is made, at most. A snapshot has all open calls up to 200.
const MOST: usize = 100;

/// Runs a command on a data directory, and returns whether it succeeded and what it printed.
fn run(data_dir: &Path, arguments: &[&str]) -> (bool, String) {
    let (done, out, errors) = iutsai(data_dir, arguments);
    (done, String::from_utf8(out).unwrap() + &errors)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn back_up(server: &Server, to: &Path) {
    let (done, printed) = run(server.data_dir(), &["backup", text(to)]);
    assert!(done, "{printed}");
}

async fn press(by: &Session) -> Result<Uuid, Error> {
    Ok(by.press(&by.call("")?, None).await?.ok()?.id)
}

/// Presses until it is stopped.
async fn press_on(by: Session, stopped: Arc<AtomicBool>) -> Result<usize, Error> {
    let mut pressed = 0;
    while pressed < MOST && !stopped.load(Ordering::Relaxed) {
        press(&by).await?;
        pressed += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(pressed)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The names in a directory, in order.
fn names(directory: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(directory).unwrap().map(name).collect();
    names.sort();
    names
}

fn is_whole_and_private(backup: &Path) {
    assert_eq!(mode(backup), 0o700);
    let files = names(backup);
    assert_eq!(files, ["iutsai.db", "manifest.json", "outbox.db", "push-key", "statistics.db"]);
    for file in files {
        assert_eq!(mode(&backup.join(&file)), 0o600, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_restored_elsewhere_with_every_call_and_account() -> Outcome {
    let server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let elsewhere = tempfile::tempdir().unwrap();
    let (backup, data_dir) = (elsewhere.path().join("backup"), elsewhere.path().join("data"));
    let mut before = Vec::new();
    for _ in 0..20 {
        before.push(press(&caller).await?);
    }

    let stopped = Arc::new(AtomicBool::new(false));
    let pressing = tokio::spawn(press_on(caller.clone(), stopped.clone()));
    let (from, to) = (server.data_dir().to_owned(), backup.clone());
    let made = tokio::task::spawn_blocking(move || run(&from, &["backup", text(&to)]));
    let (done, printed) = made.await.unwrap();
    stopped.store(true, Ordering::Relaxed);
    assert!(done && printed.contains("it has every call that was acknowledged until 20"), "{printed}");
    assert!(pressing.await.unwrap()? > 0, "nobody called while the backup was made");
    let late = press(&caller).await?;

    is_whole_and_private(&backup);
    assert!(!elsewhere.path().join("backup.partial").exists());
    let (done, printed) = run(&data_dir, &["restore", "--check", text(&backup)]);
    assert!(done && printed.contains("is whole, with 4 files"), "{printed}");

    let (done, printed) = run(&data_dir, &["restore", text(&backup)]);
    assert!(done && printed.contains("next: start the server"), "{printed}");
    let restored = program().data_dir(&data_dir).start().await?;
    let client = restored.client()?;
    // Nobody has to sign in again, and everybody can.
    let (_, snapshot) = neighbour.at(&client).listen().await?;
    assert!(before.iter().all(|call| snapshot.alert(*call).is_some()), "a call is not in the snapshot");
    assert!(snapshot.alert(late).is_none(), "it was made after the backup");
    let again = sign_in(&client, NEIGHBOUR).await?;
    assert_eq!(server_key(&again).await?, server_key(&neighbour).await?);
    let after = press(&caller.at(&client)).await?;
    let wanted = |id: &Uuid| *id == after || before.contains(id);
    let counted = before.len() + 1;
    rows_that(&data_dir, |rows| rows.iter().filter(|row| wanted(&row.id.0)).count() == counted).await;
    let (is_same, sentence) = verify(&data_dir);
    assert!(is_same && sentence.contains("of which 0 differ"), "{sentence}");
    let log = restored.log()?;
    assert!(!log.contains("reading it from its beginning"), "the statistics are not ahead of the log: {log}");
    restored.end().await?;
    server.end().await
}

#[tokio::test]
async fn a_backup_with_another_octet_or_of_a_newer_version_is_refused_before_anything_is_changed() -> Outcome
{
    let server = server().await?;
    press(&sign_in(&server.client()?, CALLER).await?).await?;
    let elsewhere = tempfile::tempdir().unwrap();
    let (backup, data_dir) = (elsewhere.path().join("backup"), elsewhere.path().join("data"));
    back_up(&server, &backup);
    server.end().await?;

    let outbox = backup.join("outbox.db");
    let whole = fs::read(&outbox).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&outbox, changed).unwrap();
    for arguments in [&["restore", "--check", text(&backup)][..], &["restore", text(&backup)]] {
        let (done, printed) = run(&data_dir, arguments);
        assert!(!done && printed.contains("outbox.db is not the file that was written"), "{printed}");
    }
    fs::write(&outbox, whole).unwrap();

    let manifest = backup.join("manifest.json");
    let known = fs::read_to_string(&manifest).unwrap();
    assert!(known.contains("\"format\": 1,"), "{known}");
    fs::write(&manifest, known.replace("\"format\": 1,", "\"format\": 2,")).unwrap();
    let (done, printed) = run(&data_dir, &["restore", text(&backup)]);
    assert!(!done && printed.contains("does not know its format 2"), "{printed}");
    fs::remove_file(&manifest).unwrap();
    let (done, printed) = run(&data_dir, &["restore", text(&backup)]);
    assert!(!done && printed.contains("not a whole backup"), "{printed}");
    assert!(!data_dir.exists(), "nothing was made");
    Ok(())
}

#[tokio::test]
async fn nothing_is_written_over_and_no_running_server_loses_its_files() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let kept = press(&caller).await?;
    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup");
    back_up(&server, &backup);
    let later = press(&caller).await?;
    let data_dir = server.data_dir().to_owned();

    let (done, printed) = run(&data_dir, &["backup", text(&backup)]);
    assert!(!done && printed.contains("is not empty"), "{printed}");
    let (done, printed) = run(&data_dir, &["backup", text(&data_dir.join("backup"))]);
    assert!(!done && printed.contains("is in the data directory"), "{printed}");
    let (done, printed) = run(&data_dir, &["backup", text(&elsewhere.path().join("no/backup"))]);
    assert!(!done && printed.contains("there is no directory"), "{printed}");
    for arguments in [&["restore", text(&backup)][..], &["restore", "--replace", text(&backup)]] {
        let (done, printed) = run(&data_dir, arguments);
        assert!(!done && printed.contains("a restore needs the server to be stopped"), "{printed}");
    }
    press(&caller).await?;

    server.terminate().await?;
    let (done, printed) = run(&data_dir, &["restore", text(&backup)]);
    assert!(!done && printed.contains("with --replace what is there is moved aside"), "{printed}");
    let (done, printed) = run(&data_dir, &["restore", "--replace", text(&backup)]);
    assert!(done && printed.contains("the former data is in "), "{printed}");
    let aside = names(&data_dir).into_iter().find(|name| name.starts_with("before-")).unwrap();
    let former = names(&data_dir.join(aside));
    for name in ["iutsai.db", "outbox.db", "push-key", "statistics.db"] {
        assert!(former.iter().any(|former| former == name), "{name} is not among {former:?}");
    }
    server.restart().await?;
    let (_, snapshot) = sign_in(&server.client()?, NEIGHBOUR).await?.listen().await?;
    assert!(snapshot.alert(kept).is_some() && snapshot.alert(later).is_none());
    server.end().await
}

/// Keeps every other program from reading a database.
async fn lock(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).locking_mode(SqliteLockingMode::Exclusive);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE node SET probed_at = probed_at").execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn a_backup_that_is_killed_leaves_nothing_that_looks_whole() -> Outcome {
    let mut server = server().await?;
    server.terminate().await?;
    let elsewhere = tempfile::tempdir().unwrap();
    let (backup, partial) = (elsewhere.path().join("backup"), elsewhere.path().join("backup.partial"));
    // The outbox is copied last, so the backup waits there with all other files done.
    let lock = lock(&server.data_dir().join("outbox.db")).await;
    let mut running = Command::new(path())
        .arg("backup")
        .arg(&backup)
        .env("IUTSAI_DATA_DIR", server.data_dir())
        .env_remove("DATABASE_URL")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !partial.join("push-key").exists() {
        assert!(begun.elapsed() < PATIENCE && running.try_wait().unwrap().is_none(), "it did not begin");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.kill().unwrap();
    running.wait().unwrap();
    lock.close().await.unwrap();
    assert!(!backup.exists());
    let (done, printed) = run(server.data_dir(), &["restore", "--check", text(&partial)]);
    assert!(!done && printed.contains("not a whole backup"), "{printed}");

    let (done, printed) = run(server.data_dir(), &["backup", text(&backup)]);
    assert!(!done && printed.contains("backup.partial is there"), "{printed}");
    fs::remove_dir_all(&partial).unwrap();
    // The data of a server that does not run is backed up in the same way.
    back_up(&server, &backup);
    assert!(!partial.exists());
    Ok(())
}

#[tokio::test]
async fn a_server_does_not_start_on_a_restore_that_was_interrupted() -> Outcome {
    let mut server = server().await?;
    let kept = press(&sign_in(&server.client()?, CALLER).await?).await?;
    let elsewhere = tempfile::tempdir().unwrap();
    let (backup, data_dir) = (elsewhere.path().join("backup"), elsewhere.path().join("data"));
    back_up(&server, &backup);
    server.terminate().await?;
    // As a restore leaves it that is killed before the outbox has its name.
    fs::create_dir(&data_dir).unwrap();
    fs::copy(backup.join("iutsai.db"), data_dir.join("iutsai.db")).unwrap();
    fs::copy(backup.join("outbox.db"), data_dir.join("outbox.db.partial")).unwrap();
    let refused = program().data_dir(&data_dir).start_unready().await.unwrap_err();
    let Error::ServerEnded { status, log } = refused else { panic!("{refused}") };
    assert!(status.code() == Some(1) && log.contains("was interrupted"), "{log}");
    assert!(!data_dir.join("outbox.db").exists(), "a new outbox was begun");

    let (done, printed) = run(&data_dir, &["restore", "--replace", text(&backup)]);
    assert!(done, "{printed}");
    let restored = program().data_dir(&data_dir).start().await?;
    let (_, snapshot) = sign_in(&restored.client()?, NEIGHBOUR).await?.listen().await?;
    assert!(snapshot.alert(kept).is_some());
    restored.end().await
}
