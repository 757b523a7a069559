//! When nothing can be written: no false 202, a truthful `/readyz`, and the same press is taken once the disk is back.
#![allow(clippy::unwrap_used)]

mod support;

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use bench::{
    Error,
    client::{Answer, Client},
    server::{Program, Server},
};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use support::{CALLER, NEIGHBOUR, Outcome, path, program, sign_in};
use uuid::Uuid;
use wire::api::Recorded;

/// The program behind a shell that lets it survive a write that is refused (SIGXFSZ), so that its files can be kept from
/// growing while it runs: to the program that is a disk without room.
fn program_on_a_disk_of_ours(directory: &Path) -> Program {
    let (real, shell) = (path(), directory.join("iutsai"));
    std::fs::write(&shell, format!("#!/bin/sh\ntrap '' XFSZ\nexec '{}' \"$@\"\n", real.display())).unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    let beside = |name: &str| real.with_file_name(name);
    let mut program = Program::new(shell);
    if std::env::var_os("IUTSAI_SITE_DIR").is_none() {
        program = program.env("IUTSAI_SITE_DIR", beside("site"));
    }
    if std::env::var_os("IUTSAI_BROKER_PROGRAM").is_none() {
        program = program.env("IUTSAI_BROKER_PROGRAM", beside("iutsai-broker"));
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

#[tokio::test]
async fn a_press_on_a_full_disk_is_refused_until_there_is_room_and_then_taken_with_the_same_key() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut server = program_on_a_disk_of_ours(directory.path()).start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (call, key) = (caller.call("the disk is full")?, Uuid::now_v7());
    room(&server, Some(0));
    for _ in 0..3 {
        let answer = caller.press(&call, Some(key)).await?;
        assert!(is_not_durable(&answer), "{answer:?}");
        assert!(answer.header("retry-after").is_some());
    }
    let report = waits_for(&client, false).await?;
    assert!(report.contains("calls cannot be recorded"), "{report}");
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
async fn a_damaged_outbox_is_named_and_a_new_one_begun_once_it_is_moved_away() -> Outcome {
    let mut server = program().start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
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
    let report = waits_for(&client, false).await?;
    assert!(report.contains("outbox.db is damaged, move it"), "{report}");
    std::fs::rename(&file, file.with_extension("damaged")).unwrap();
    waits_for(&client, true).await?;
    assert_eq!(caller.press(&caller.call("")?, Some(key)).await?.ok()?.id, key);
    Ok(())
}
