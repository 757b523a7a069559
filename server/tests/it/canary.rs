//! The service's silent calls to itself. They are measured, reach nobody, and the office learns when they fail.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use sqlx::{
    Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    Error,
    client::{Session, Socket, Subscribe},
    measure::counters::Counters,
    server::Server,
};

use crate::support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, page, program, send, sign_in};

/// The time for which a test waits for a silent call or a banner.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);
/// The banner of the office's pages.
const BANNER: &str = "data-testid=\"canary-failing\"";

/// The program with a silent call every second.
async fn server_with_silent_calls() -> Result<Server, Error> {
    program().env("IUTSAI_CANARY_SECONDS", "1").start().await
}

/// Waits until a counter is at least so great, and returns all of them.
async fn counted(office: &Session, name: &str, at_least: f64) -> Result<Counters, Error> {
    let begun = Instant::now();
    loop {
        let counters = Counters::read(office).await?;
        if counters.get(name) >= at_least {
            return Ok(counters);
        }
        assert!(begun.elapsed() < PATIENCE, "{name} never reaches {at_least}: {counters:?}");
        tokio::time::sleep(GLANCE).await;
    }
}

/// Opens the outbox as another program would.
async fn outbox(server: &Server) -> SqliteConnection {
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("outbox.db"));
    SqliteConnection::connect_with(&file).await.unwrap()
}

#[tokio::test]
async fn silent_calls_are_measured_and_reach_nobody() -> Outcome {
    let server = server_with_silent_calls().await?;
    let client = server.client()?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let mut everywhere = office.connect().await?;
    everywhere.subscribe(&Subscribe::to("/sub/lines").id("all")).await?;
    let snapshot = everywhere.snapshot("all").await?;
    assert!(snapshot.messages.is_empty());

    let counters = counted(&office, "iutsai_canary_calls_total", 3.0).await?;
    assert_eq!(counters.get("iutsai_canary_failures_total"), 0.0);
    assert_eq!(counters.get("iutsai_canary_failing"), 0.0);
    let (p50, p99) = (counters.get("iutsai_canary_p50_seconds"), counters.get("iutsai_canary_p99_seconds"));
    assert!(p50 > 0.0 && p50 <= p99 && p99 < 5.0, "{p50} {p99}");
    assert_eq!(counters.get("iutsai_calls_total"), 0.0, "nobody called");

    everywhere.none_within(Duration::from_millis(1_500), "a silent call", |_| true).await?;
    neighbour.none_within(Duration::from_millis(100), "a silent call", |_| true).await?;
    let figures = send(office.request(Method::GET, "/api/statistics?period=7d&line=101-1")).await;
    let figures: Value = figures.json().await.unwrap();
    assert!(!figures.to_string().contains("canary"), "{figures}");
    let html = page(&office, "/admin/statistics").await;
    assert!(html.contains("data-testid=\"silent-calls\"") && !html.contains(BANNER), "{html}");
    assert!(!html.contains("@canary"), "no line of silent calls can be chosen");

    let kept = "SELECT COUNT(*) AS n, SUM(topic = 'an-canary') AS silent FROM entries WHERE line = '@canary'";
    let kept = sqlx::query(kept).fetch_one(&mut outbox(&server).await).await.unwrap();
    let (all, silent): (i64, i64) = (kept.get("n"), kept.get("silent"));
    assert!(all >= 3 && all == silent, "{all} {silent}");
    Ok(())
}

#[tokio::test]
async fn nobody_can_use_the_line_of_silent_calls() -> Outcome {
    let server = server_with_silent_calls().await?;
    let client = server.client()?;
    let (office, caller) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, CALLER).await?);
    for session in [&office, &caller] {
        let mut socket: Socket = session.connect().await?;
        let asked = socket.send_with_receipt(Subscribe::to("/sub/line/@canary").frame()).await;
        assert!(matches!(asked, Err(Error::Ended { .. })), "{asked:?}");
    }
    let press = caller.request(Method::POST, "/alert").header("content-type", "application/json");
    let press = send(press.body(r#"{"line":"@canary","house":"canary"}"#)).await;
    assert!(press.status().is_client_error(), "{}", press.status());
    let house = office.request(Method::POST, "/api/houses").header("content-type", "application/json");
    let house = send(house.body(r#"{"line":"@canary","house":"canary"}"#)).await;
    assert!(house.status().is_client_error(), "{}", house.status());
    Ok(())
}

#[tokio::test]
async fn the_office_reads_that_calls_are_not_recorded_until_they_are() -> Outcome {
    let server = server_with_silent_calls().await?;
    let office = sign_in(&server.client()?, ADMINISTRATOR).await?;
    counted(&office, "iutsai_canary_calls_total", 1.0).await?;
    assert!(!page(&office, "/admin/people").await.contains(BANNER));
    // A commit waits for another program's transaction as it waits for a disk that does not answer.
    let mut other = outbox(&server).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let counters = counted(&office, "iutsai_canary_failing", 1.0).await?;
    assert!(counters.get("iutsai_canary_failures_total") >= 1.0);
    for path in ["/admin/people", "/admin/statistics", "/admin/audit"] {
        let html = page(&office, path).await;
        assert!(html.contains(BANNER) && html.contains("기록되지 않아요"), "{path}: {html}");
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let begun = Instant::now();
    while Counters::read(&office).await?.get("iutsai_canary_failing") > 0.0 {
        assert!(begun.elapsed() < PATIENCE, "it never recovers");
        tokio::time::sleep(GLANCE).await;
    }
    assert!(!page(&office, "/admin/people").await.contains(BANNER));
    Ok(())
}

#[tokio::test]
async fn without_silent_calls_nothing_is_written_or_shown() -> Outcome {
    let server = program().env("IUTSAI_CANARY_SECONDS", "0").start().await?;
    let office = sign_in(&server.client()?, ADMINISTRATOR).await?;
    assert!(!page(&office, "/admin/statistics").await.contains("data-testid=\"silent-calls\""));
    assert_eq!(Counters::read(&office).await?.get("iutsai_canary_calls_total"), 0.0);
    Ok(())
}
