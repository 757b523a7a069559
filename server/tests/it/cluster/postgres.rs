//! Accounts and sessions on a real PostgreSQL server.

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use testkit::{Error, server::Program};

use crate::{
    cluster::script::{directory, run, script, tail},
    me::{choose, data, data_with_uses, located},
    support::{CALLER, NEIGHBOUR, Outcome, PASSWORD, program, send, sign_in},
};

/// A server by `script/postgres` that runs until this is dropped.
pub struct Postgres {
    directory: TempDir,
    url: String,
}

impl Postgres {
    /// A new server that answers.
    pub fn start() -> Self {
        // Made before the script runs, so that a server that does not come up whole is ended, too.
        let mut postgres = Self { directory: directory("postgres"), url: String::new() };
        let told = postgres.command("up");
        postgres.url = told.trim().strip_prefix("DATABASE_URL=").unwrap().to_owned();
        postgres
    }

    /// Returns its `DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs the script's command for this server, `stop` or `start`.
    pub fn command(&self, word: &str) -> String {
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
async fn while_postgresql_is_stopped_who_was_signed_in_can_call_and_is_heard() -> Outcome {
    let postgres = Postgres::start();
    let server = postgres.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    postgres.command("stop");
    let recorded = caller.press(&caller.call("without a database")?, None).await?.ok()?;
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    let (_, snapshot) = neighbour.listen().await?;
    assert!(snapshot.alert(recorded.id).is_some(), "a new socket hears it, too");
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
