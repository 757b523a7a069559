//! A disk that refuses writes. There is no false 202, `/readyz` is truthful, and the same press is accepted once the
//! disk is back.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use crate::support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, path, program, send, sign_in};
use domain::{
    AlertId,
    api::{ProgressRequest, Recorded},
};
use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    Error,
    client::{Answer, Client, Message, Session, Step},
    server::{Program, Server},
};
use uuid::Uuid;

/// Returns the program behind a shell that lets it survive a write that is refused (SIGXFSZ), so that its files can be
/// kept from growing while it runs. To the program that is a disk without room.
fn program_on_a_disk_of_ours(directory: &Path) -> Program {
    let (real, shell) = (path(), directory.join("iutsai"));
    std::fs::write(&shell, format!("#!/bin/sh\ntrap '' XFSZ\nexec '{}' \"$@\"\n", real.display())).unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    let beside = |name: &str| real.with_file_name(name);
    let mut program = Program::new(shell);
    if std::env::var_os("IUTSAI_SITE_DIR").is_none() {
        program = program.env("IUTSAI_SITE_DIR", beside("site"));
    }
    program
}

/// Lets files grow to this many octets; `None` for as long as they like.
fn room(server: &Server, octets: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(server.process().unwrap().pid()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: octets, maximum: None }).unwrap();
}

fn is_not_durable(answer: &Answer<Recorded>) -> bool {
    let kind = answer.outcome.as_ref().err().map(|problem| problem.kind.as_str());
    (answer.status, kind) == (503, Some("/problems/not-durable"))
}

/// Waits until `/readyz` answers that the roles work, or that one does not, and returns what a stranger reads there.
async fn waits_for(client: &Client, ready: bool) -> Result<String, Error> {
    for _ in 0..100 {
        let (is_ready, report) = client.readiness().await?;
        if is_ready == ready {
            return Ok(report);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("/readyz does not become {ready}")
}

/// Waits until `/readyz` gives an administrator this reason, and checks that a stranger does not read it.
async fn waits_for_reason(administrator: &Session, client: &Client, reason: &str) -> Outcome {
    let public = waits_for(client, false).await?;
    assert!(!public.contains(reason), "a stranger reads {public}");
    let mut report = String::new();
    for _ in 0..100 {
        report = send(administrator.request(Method::GET, "/readyz")).await.text().await.unwrap();
        if report.contains(reason) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("/readyz does not give the reason: {report}")
}

#[tokio::test]
async fn a_press_on_a_full_disk_is_refused_until_there_is_room_and_then_accepted_with_the_same_key() -> Outcome
{
    let directory = tempfile::tempdir().unwrap();
    let mut server = program_on_a_disk_of_ours(directory.path()).start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    let (call, key) = (caller.call("the disk is full")?, Uuid::now_v7());
    room(&server, Some(0));
    for _ in 0..3 {
        let answer = caller.press(&call, Some(key)).await?;
        assert!(is_not_durable(&answer), "{answer:?}");
        assert!(answer.header("retry-after").is_some());
    }
    waits_for_reason(&administrator, &client, "calls cannot be recorded").await?;
    room(&server, None);
    waits_for(&client, true).await?;
    assert_eq!(caller.press(&call, Some(key)).await?.ok()?.id, key);
    server.kill().await?;
    server.restart().await?;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(
        snapshot.alert(key).is_some(),
        "what was acknowledged after the disk had room again is not there"
    );
    Ok(())
}

#[tokio::test]
async fn a_press_on_a_full_disk_reaches_connected_neighbours_and_the_answer_claims_only_that() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut server = program_on_a_disk_of_ours(directory.path()).start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut own, _) = caller.listen().await?;
    room(&server, Some(0));
    let (call, unreceived) = (caller.call("nobody listens")?, Uuid::now_v7());
    assert!(
        is_not_durable(&caller.press(&call, Some(unreceived)).await?),
        "only the caller's own socket has it"
    );
    own.wait_for("the own call", |message| message.is_alert(unreceived)).await?;

    let (mut socket, _) = neighbour.listen().await?;
    let (call, key) = (caller.call("somebody listens")?, Uuid::now_v7());
    for _ in 0..2 {
        let answer = caller.press(&call, Some(key)).await?;
        let kind = answer.outcome.as_ref().err().map(|problem| problem.kind.as_str());
        assert_eq!((answer.status, kind), (503, Some("/problems/heard-not-recorded")), "{answer:?}");
        assert!(answer.header("retry-after").is_some());
    }
    socket.wait_for("the call", |message| message.is_alert(key)).await?;
    socket.none_within(Duration::from_millis(500), "it again", |message| message.is_alert(key)).await?;
    let cancelled = caller.progress(AlertId(key), Step::Cancel, &ProgressRequest::default(), None).await?;
    assert_eq!(cancelled.status, 503);
    socket.wait_for("the end", |message| message.json()["status"] == "cancelled").await?;

    room(&server, None);
    waits_for(&client, true).await?;
    assert_eq!(caller.press(&call, Some(key)).await?.ok()?.id, key);
    server.kill().await?;
    server.restart().await?;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(snapshot.alert(key).is_some(), "it was recorded when there was room");
    Ok(())
}

#[tokio::test]
async fn a_disk_that_hangs_delays_the_answer_and_not_the_alarm() -> Outcome {
    let server = program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    // A commit waits for another program's transaction as it waits for a disk that does not answer.
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("outbox.db"));
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let (call, pressed) = (caller.call("the disk hangs")?, Instant::now());
    let pressing = tokio::spawn(async move { caller.press(&call, None).await });
    let is_it = |message: &Message| message.json()["text"] == "the disk hangs";
    let alarm = socket.wait_for("the call", is_it).await?;
    println!("heard after {:?}", pressed.elapsed());
    assert!(!pressing.is_finished(), "the answer does not come before the commit");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let recorded = pressing.await.unwrap()?.ok()?;
    assert!(alarm.is_alert(recorded.id));
    socket.none_within(Duration::from_millis(500), "it again", is_it).await?;
    Ok(())
}

#[tokio::test]
async fn a_damaged_outbox_is_named_and_a_new_one_begun_once_it_is_moved_away() -> Outcome {
    let mut server = program().start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let administrator = sign_in(&server.client()?, ADMINISTRATOR).await?;
    server.terminate().await?;
    let file = server.data_dir().join("outbox.db");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[..64].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let again = program().data_dir(server.data_dir()).start_unready().await?;
    let client = again.client()?;
    let caller = caller.at(&client);
    let key = Uuid::now_v7();
    assert!(is_not_durable(&caller.press(&caller.call("")?, Some(key)).await?));
    waits_for_reason(&administrator.at(&client), &client, "outbox.db is damaged, move it").await?;
    std::fs::rename(&file, file.with_extension("damaged")).unwrap();
    waits_for(&client, true).await?;
    assert_eq!(caller.press(&caller.call("")?, Some(key)).await?.ok()?.id, key);
    Ok(())
}
