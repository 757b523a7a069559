//! Starting and stopping the program, and what keeps it from starting.

use std::{process::Command, time::Duration};

use crate::support::{CALLER, Outcome, header, path, program, send, server, server_and_client, sign_in};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{Error, client::Subscribe};

/// Runs the program with these arguments and no setting of this machine's, to its end.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(path());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IUTSAI_")) {
        command.env_remove(name);
    }
    let site = concat!(env!("CARGO_MANIFEST_DIR"), "/../public");
    let output = command
        .args(arguments)
        .env("IUTSAI_SITE_DIR", site)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_stop_closes_every_socket_with_a_reason_and_ends_in_order() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let (mut connected, _) = caller.listen().await?;
    let mut silent =
        testkit::client::Socket::open(&server.client()?, &testkit::client::Handshake::default()).await?;
    let stopping = tokio::spawn(async move { (server.terminate().await, server) });
    for socket in [&mut connected, &mut silent] {
        let end = socket.ended().await?;
        assert!(end.message().contains("restarts") && end.code() == Some(1012), "{end}");
    }
    let (status, server) = stopping.await.unwrap();
    assert_eq!(status?.code(), Some(0));
    let log = server.log()?;
    let stages = ["no request", "every socket", "the outbox and the database"];
    let places: Vec<_> = stages.iter().map(|stage| log.find(stage)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused() -> Outcome {
    let server = server().await?;
    let second = program().data_dir(server.data_dir()).start_unready().await.unwrap_err();
    let Error::ServerEnded { status, log } = second else { panic!("{second}") };
    assert_eq!(status.code(), Some(1));
    let sentence = log.lines().rfind(|line| line.starts_with("iutsai: ")).unwrap();
    assert!(
        sentence.contains("another") && sentence.contains(server.data_dir().to_str().unwrap()),
        "{sentence}"
    );
    // The first is not disturbed.
    let caller = sign_in(&server.client()?, CALLER).await?;
    assert_eq!(caller.press(&caller.call("")?, None).await?.status, 202);
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_named() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let second =
        program().argument("--listen").argument(client.authority()).start_unready().await.unwrap_err();
    let Error::ServerEnded { status, log } = second else { panic!("{second}") };
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("choose another address"), "{log}");
    Ok(())
}

#[tokio::test]
async fn the_demo_is_not_shown_to_other_machines_unless_configured() -> Outcome {
    let refused = program().argument("--listen").argument("0.0.0.0:0").start_unready().await.unwrap_err();
    let Error::ServerEnded { log, .. } = refused else { panic!("{refused}") };
    assert!(log.contains("--demo-anywhere"), "{log}");
    program()
        .argument("--listen")
        .argument("0.0.0.0:0")
        .argument("--demo-anywhere")
        .start_unready()
        .await
        .map(drop)
}

#[test]
fn the_configuration_is_printed_with_its_secrets_hidden() {
    let (status, out, err) = run(
        &["check-config"],
        &[
            ("DATABASE_URL", "postgres://iutsai:s3cret@db.example/iutsai"),
            ("KAFKA_BOOTSTRAP_SERVERS", "kafka.example:9093"),
            ("KAFKA_SASL_PASSWORD", "s3cret"),
            ("IUTSAI_PUBLIC_URL", "https://Iutsai.example/"),
            ("IUTSAI_PUSH_PRIVATE_KEY", "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
            ("IUTSAI_SECOND_FACTOR_KEYS", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"),
            ("IUTSAI_OIDC_ISSUER", "https://id.example/realms/danji"),
            ("IUTSAI_OIDC_CLIENT_ID", "iutsai"),
            ("IUTSAI_OIDC_CLIENT_SECRET", "s3cret"),
            ("IUTSAI_OIDC_CLAIM", "preferred_username"),
            ("IUTSAI_OIDC_NAME", "우리집 앱;Our Home"),
            ("IUTSAI_WEBHOOK_URL", "https://gateway.example/calls?key=s3cret"),
            ("IUTSAI_WEBHOOK_SECRET", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ],
    );
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert!(
        !["s3cret", "yfWPiYE", "AAECAwQF", "c2VjcmV0"].iter().any(|secret| out.contains(secret)),
        "{out}"
    );
    for line in [
        "DATABASE_URL=postgres://iutsai:hidden@db.example/iutsai",
        "KAFKA_SASL_PASSWORD=(hidden)",
        "IUTSAI_PUBLIC_URL=https://iutsai.example",
        "IUTSAI_LISTEN=127.0.0.1:3000",
        "IUTSAI_ROLES=web,producer,fanout,statistics",
        "IUTSAI_KEEP_DAYS=30",
        "IUTSAI_KEEP_LOCATION_USES_DAYS=200",
        "IUTSAI_KEEP_ACCESS_LOG_DAYS=400",
        "IUTSAI_PRESS_ASKS_AFTER=600",
        "IUTSAI_TIME_ZONE=Asia/Seoul",
        "IUTSAI_BATCH_CRON=10 4 * * *",
        "IUTSAI_REQUIRE_SECOND_FACTOR=0",
        "IUTSAI_SECOND_FACTOR_KEYS=(hidden)",
        "IUTSAI_SITE_PLAN=(unset)",
        "IUTSAI_PUSH_PRIVATE_KEY=(hidden)",
        "IUTSAI_PUSH_CONTACT=https://iutsai.example",
        "IUTSAI_OIDC_ISSUER=https://id.example/realms/danji",
        "IUTSAI_OIDC_CLIENT_ID=iutsai",
        "IUTSAI_OIDC_CLIENT_SECRET=(hidden)",
        "IUTSAI_OIDC_CLAIM=preferred_username",
        "IUTSAI_OIDC_NAME=우리집 앱;Our Home",
        "IUTSAI_WEBHOOK_URL=https://gateway.example/calls?(hidden)",
        "IUTSAI_WEBHOOK_SECRET=(hidden)",
        "IUTSAI_WEBHOOK_EVENTS=call,end",
        "IUTSAI_WEBHOOK_DRILLS=0",
        "IUTSAI_WEBHOOK_LOCATION=0",
    ] {
        assert!(out.lines().any(|printed| printed == line), "{line} is not in {out}");
    }
    let cost =
        out.lines().find(|line| line.starts_with("# A password costs ")).expect("what a password costs");
    assert!(cost.ends_with(" KiB here (argon2id, passes 2, lanes 1)."), "{cost}");
}

#[test]
fn every_bad_value_is_reported_in_a_sentence_of_its_own() {
    let (status, out, err) = run(
        &["check-config"],
        &[
            ("IUTSAI_LISTEN", "3000"),
            ("IUTSAI_ROLES", "web,reports"),
            ("IUTSAI_KEEP_DAYS", "for ever"),
            ("IUTSAI_PRESS_ASKS_AFTER", "10 minutes"),
            ("IUTSAI_TIME_ZONE", "Seoul"),
            ("IUTSAI_PUBLIC_URL", "iutsai.example"),
            ("IUTSAI_TRUSTED_PROXIES", "proxy"),
            ("DATABASE_URL", "mysql://root:s3cret@db.example/iutsai"),
            ("KAFKA_BOOTSTRAP_SERVERS", "kafka"),
            ("MAP_TILE_URL", "https://tiles.example/"),
            ("IUTSAI_SITE_PLAN", "nothing.svg;0,0=37.5,127;800,520=37.499,127.002"),
        ],
    );
    assert_eq!((status, out.as_str()), (Some(2), ""));
    let names = [
        "LISTEN",
        "ROLES",
        "KEEP_DAYS",
        "PRESS_ASKS_AFTER",
        "TIME_ZONE",
        "PUBLIC_URL",
        "TRUSTED_PROXIES",
        "DATABASE_URL",
        "BOOTSTRAP_SERVERS",
        "TILE_URL",
        "SITE_PLAN",
    ];
    assert_eq!(err.lines().count(), names.len(), "{err}");
    assert!(names.iter().all(|name| err.contains(name)), "{err}");
    assert!(!err.contains("s3cret"), "{err}");
}

#[test]
fn a_sign_in_by_the_housing_service_is_set_up_as_a_whole_and_safely_or_refused() {
    let whole = [
        ("IUTSAI_PUBLIC_URL", "https://iutsai.example"),
        ("IUTSAI_OIDC_ISSUER", "https://id.example"),
        ("IUTSAI_OIDC_CLIENT_ID", "iutsai"),
        ("IUTSAI_OIDC_CLIENT_SECRET", "s3cret"),
        ("IUTSAI_OIDC_CLAIM", "sub"),
        ("IUTSAI_OIDC_NAME", "Danji"),
    ];
    for (changed, value, named) in [
        ("IUTSAI_OIDC_ISSUER", "http://id.example", "IUTSAI_OIDC_ISSUER"),
        ("IUTSAI_OIDC_CLIENT_SECRET", "", "IUTSAI_OIDC_CLIENT_SECRET"),
        ("IUTSAI_OIDC_CLAIM", " ", "IUTSAI_OIDC_CLAIM"),
        ("IUTSAI_PUBLIC_URL", "", "IUTSAI_PUBLIC_URL"),
    ] {
        let settings = whole.map(|(name, own)| (name, if name == changed { value } else { own }));
        let (status, _, err) = run(&["check-config"], &settings);
        assert_eq!((status, err.lines().count()), (Some(2), 1), "{changed}: {err}");
        assert!(err.contains(named) && !err.contains("s3cret"), "{err}");
    }
    assert_eq!(run(&["check-config"], &whole).0, Some(0));
}

#[tokio::test]
async fn an_administrator_is_made_on_the_command_line_and_can_sign_in() -> Outcome {
    use std::{io::Write, process::Stdio};
    let server = server().await?;
    let create = |password: &str| {
        let mut child = Command::new(path())
            .args(["admin", "create", "--name", "office"])
            .env("IUTSAI_DATA_DIR", server.data_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, error) = create("short\n");
    assert!(status == Some(1) && error.contains("8 to 256 characters"), "{error}");
    assert_eq!(create("관리사무소 비밀번호\n"), (Some(0), String::new()));
    let (status, error) = create("관리사무소 비밀번호\n");
    assert!(status == Some(1) && error.contains("taken"), "{error}");
    let office = server.client()?.sign_in("office", "관리사무소 비밀번호").await?;
    let mut socket = office.connect().await?;
    socket.subscribe(&Subscribe::to("/sub/line/101-2")).await?;
    socket.snapshot("line").await.map(drop)
}

#[tokio::test]
async fn a_request_that_is_open_when_the_stop_comes_is_answered() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    // While another program's transaction is open, a press cannot be recorded. That is long enough to stop in its
    // middle.
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("outbox.db"));
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let call = caller.call("in the middle")?;
    let press = tokio::spawn(async move { caller.press(&call, None).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.process()?.terminate()?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!press.is_finished());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_eq!(press.await.unwrap()?.status, 202);
    assert_eq!(server.wait_for_end(Duration::from_secs(40)).await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn absent_roles_are_named_in_refusals() -> Outcome {
    // Only with Kafka are roles apart; that nobody answers there does not matter.
    let server = program().env("IUTSAI_ROLES", "web,fanout").env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1");
    let server = server.start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let answer = caller.press(&caller.call("")?, None).await?;
    assert_eq!((answer.status, answer.outcome.unwrap_err().kind.as_str()), (404, "/problems/role-absent"));
    let response = send(client.request(reqwest::Method::GET, "/sign-in")).await;
    assert!(header(&response, "content-type").starts_with("text/html"));
    Ok(())
}
