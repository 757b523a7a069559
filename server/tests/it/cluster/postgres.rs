//! Accounts and sessions on a real PostgreSQL server.

mod moved;

use backend::{
    audit::{Act, Audit, By, Record},
    database::Database,
};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use testkit::{Error, server::Program};

use crate::{
    cluster::script::{directory, run, script, tail},
    me::{choose, data, data_with_uses, located},
    second_factor::{led_to, protect},
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, program, send, sign_in},
};

/// A server by `script/postgres` that runs until this is dropped.
pub(super) struct Postgres {
    directory: TempDir,
    url: String,
}

impl Postgres {
    /// A new server that answers.
    pub(super) fn start() -> Self {
        // Made before the script runs, so that a server that does not come up whole is ended, too.
        let mut postgres = Self { directory: directory("postgres"), url: String::new() };
        let printed = postgres.command("up");
        postgres.url = printed.trim().strip_prefix("DATABASE_URL=").unwrap().to_owned();
        postgres
    }

    /// Returns its `DATABASE_URL`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Runs the script's command for this server, `stop` or `start`.
    pub(super) fn command(&self, word: &str) -> String {
        run(script("postgres").args([word, "--dir"]).arg(self.directory.path()))
    }

    /// The program, to be started with its accounts here.
    fn program(&self) -> Program {
        program().env("DATABASE_URL", self.url())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        eprint!("{}", tail(&self.directory.path().join("log")));
        let down = script("postgres").args(["down", "--dir"]).arg(self.directory.path()).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("script/postgres down did not work for {}", self.directory.path().display());
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn accounts_and_sessions_in_postgresql_outlive_the_server() -> Outcome {
    let postgres = Postgres::start();
    let mut server = postgres.program().start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    assert!(!server.data_dir().join("iutsai.db").exists(), "there is no second database");
    server.restart().await?;
    let caller = caller.at(&server.client()?);
    let neighbour = sign_in(&server.client()?, NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    let recorded = caller.press(&caller.call("still signed in")?, None).await?.ok()?;
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    server.end().await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn uses_of_a_location_choices_and_leaving_are_kept_in_postgresql() -> Outcome {
    let postgres = Postgres::start();
    let server = postgres.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    socket.wait_for("the call", |message| message.is_alert(id)).await?;
    assert_eq!(data_with_uses(&caller, 1).await["location_uses"][0]["viewer"], NEIGHBOUR);

    assert_eq!(choose(&caller, "pause").await, 200);
    assert_eq!(data(&caller).await["location_use"], "paused");
    assert_eq!(choose(&caller, "withdraw").await, 200);
    assert_eq!(data(&caller).await["location_uses"], json!([]));
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    let alert = socket.wait_for("the call", |message| message.is_alert(id)).await?.json();
    assert!(alert["lat"].is_null(), "{alert}");
    assert_eq!(choose(&caller, "give").await, 200);
    assert_eq!(data(&caller).await["consents"][0]["version"], "2026-12");

    let leave = caller.request(Method::POST, "/me/leave").json(&json!({ "password": PASSWORD }));
    assert_eq!(send(leave).await.status(), 204);
    client.sign_in(CALLER, PASSWORD).await.unwrap_err();
    server.end().await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn while_postgresql_is_stopped_the_signed_in_can_call_and_reach_neighbours() -> Outcome {
    let postgres = Postgres::start();
    let server = postgres.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    postgres.command("stop");
    let recorded = caller.press(&caller.call("without a database")?, None).await?.ok()?;
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    let (_, snapshot) = neighbour.listen().await?;
    assert!(snapshot.alert(recorded.id).is_some(), "a new socket receives it, too");
    postgres.command("start");
    sign_in(&client, NEIGHBOUR).await?;
    server.end().await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn without_kafka_a_second_server_on_the_same_postgresql_is_refused_by_name() -> Outcome {
    let postgres = Postgres::start();
    let mut server = postgres.program().start().await?;
    let refused = postgres.program().start_unready().await;
    let Err(Error::ServerEnded { log, .. }) = refused else { panic!("a second server started") };
    let directory = server.data_dir().canonicalize().unwrap();
    assert!(log.contains("another server uses the same database (iutsai "), "{log}");
    assert!(log.contains(&directory.display().to_string()[..20]), "{log}");
    // The right ends with the process, and another server may follow at once.
    server.kill().await?;
    postgres.program().start().await?.end().await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn the_audit_in_postgresql_only_grows_and_writers_of_several_nodes_make_one_chain() -> Outcome {
    let postgres = Postgres::start();
    let (one, other) =
        (Database::open(postgres.url()).await.unwrap(), Database::open(postgres.url()).await.unwrap());
    let audits = [Audit::new(one), Audit::new(other)];
    let mut writers = Vec::new();
    for number in 0..40 {
        let audit = audits[number % 2].clone();
        let record = Record::new(Act::Locked, By::command_line()).about(&format!("house-{number}"));
        writers.push(tokio::spawn(async move { audit.record(record).await }));
    }
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let verified = audits[0].verify().await.unwrap();
    assert_eq!((verified.rows, verified.pruned), (40, 0));
    let pool = sqlx::PgPool::connect(postgres.url()).await.unwrap();
    for statement in [
        "UPDATE audit SET subject = 'house-99' WHERE sequence = 7",
        "DELETE FROM audit WHERE sequence = 7",
        "TRUNCATE audit",
        "UPDATE audit_head SET sequence = 1",
        "DELETE FROM audit_head",
    ] {
        assert!(sqlx::query(statement).execute(&pool).await.is_err(), "{statement}");
    }
    assert_eq!(audits[1].verify().await.unwrap(), verified);
    sqlx::query("DROP TRIGGER audit_update ON audit").execute(&pool).await.unwrap();
    let change = "UPDATE audit SET subject = 'house-99' WHERE sequence = 7";
    sqlx::query(change).execute(&pool).await.unwrap();
    let broken = audits[0].verify().await.unwrap_err();
    assert_eq!(broken.to_string(), "row 7 of the audit is not what was written: its hash does not fit");
    pool.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn a_second_factor_and_the_own_sessions_are_the_same_in_postgresql() -> Outcome {
    let postgres = Postgres::start();
    let server = postgres.program().start().await?;
    let client = server.client()?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let protected = protect(&office).await;
    let enter = |code: String| {
        let client = client.clone();
        async move { client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&code)).await }
    };
    let next = protected.code(1);
    enter(next.clone()).await?;
    enter(next).await.expect_err("a code is accepted once");
    enter(protected.recovery_codes[0].clone()).await?;
    enter(protected.recovery_codes[0].clone()).await.expect_err("a recovery code is, too");
    assert_eq!(led_to(&office, &[("act", "end"), ("session", "others")]).await, "/me/sign-in?done=others");
    let off = [("act", "off"), ("password", PASSWORD), ("code", protected.recovery_codes[1].as_str())];
    assert_eq!(led_to(&office, &off).await, "/me/sign-in?done=off");
    let password = [("act", "password"), ("password", PASSWORD), ("new_password", "correct horse")];
    assert_eq!(led_to(&office, &password).await, "/me/sign-in?done=password");
    client.sign_in(ADMINISTRATOR, "correct horse").await?;
    server.end().await
}
