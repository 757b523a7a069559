//! The demo has a past of calls that never happened, until a command removes them.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection as _, Row as _};
use testkit::{Error, client::Session};

use super::{iutsai, press, rows_that, tables, verify};
use crate::support::{ADMINISTRATOR, CALLER, Outcome, page, program, resident_of, send, server, sign_in};

const THREE_MONTHS: &str = "/api/statistics?period=90d";
const PAGE: &str = "/admin/statistics?period=90d";

async fn figures(administrator: &Session) -> Result<Value, Error> {
    let response = send(administrator.request(Method::GET, THREE_MONTHS)).await;
    assert_eq!(response.status(), 200);
    Ok(response.json().await.unwrap())
}

/// Returns the number of calls of the demo's past in a table.
async fn of_demo(data_dir: &Path, table: &'static str) -> i64 {
    let mut tables = tables(data_dir).await;
    let count = format!("SELECT COUNT(*) FROM {table} WHERE demo = 1");
    let count = sqlx::query(sqlx::AssertSqlSafe(count)).fetch_one(&mut tables).await.unwrap().get(0);
    tables.close().await.unwrap();
    count
}

/// Returns the number of calls of the last 28 days in an export. It makes the tables where there are none.
fn exported(data_dir: &Path) -> usize {
    let (done, csv, errors) = iutsai(data_dir, &["export", "--what", "incidents"]);
    assert!(done, "{errors}");
    String::from_utf8(csv).unwrap().lines().count() - 1
}

#[tokio::test]
async fn the_demo_shows_a_past_until_a_command_removes_it_beside_the_server() -> Outcome {
    let mut server = server().await?;
    let administrator = sign_in(&server.client()?, ADMINISTRATOR).await?;
    let past = figures(&administrator).await?;
    let count = |name: &str| past[name].as_u64().unwrap();
    assert!((60..=82).contains(&count("calls")), "{past}");
    assert!(count("nobody_came") > 0 && count("false_alarms") > 0 && count("drills") > 0, "{past}");
    assert_eq!(past["by_line"].as_object().unwrap().len(), 8, "{past}");
    assert_eq!(count("unfinished"), 0, "all of them are over");
    // Not every flat of a line is reached, though few have an account.
    assert!(past["reach"]["flats"].as_u64() < past["reach"]["of_flats"].as_u64(), "{past}");
    assert!(page(&administrator, PAGE).await.contains("체험용 요청이 섞여 있어요"));

    assert!(exported(server.data_dir()) > 10, "an export has what the page has");

    // The batch passes them by and leaves them, and so does the start after it.
    assert!(verify(server.data_dir()).1.contains("counted 0 calls; compared 0, of which 0 differ"));
    let (done, _, errors) = iutsai(server.data_dir(), &["batch", "--rebuild"]);
    assert!(done, "{errors}");
    server.restart().await?;
    let administrator = administrator.at(&server.client()?);
    assert_eq!(figures(&administrator).await?["calls"], past["calls"]);
    assert_eq!(of_demo(server.data_dir(), "statistics_history").await, 0);

    let caller = sign_in(&server.client()?, CALLER).await?;
    let call = press(&caller).await?;
    rows_that(server.data_dir(), |rows| rows.len() == 1).await;
    let (done, out, errors) = iutsai(server.data_dir(), &["statistics", "remove-demo"]);
    let out = String::from_utf8(out).unwrap();
    assert!(done && out.starts_with("removed 82 calls that never happened"), "{out}{errors}");
    assert_eq!(figures(&administrator).await?["calls"], 1, "the call that was made stays");
    assert!(!page(&administrator, PAGE).await.contains("체험용 요청이 섞여 있어요"));
    server.restart().await?;
    assert_eq!(of_demo(server.data_dir(), "statistics_calls").await, 0, "they do not come back");
    let rows = rows_that(server.data_dir(), |rows| rows.len() == 1).await;
    assert_eq!(rows[0].id.0, call);
    server.end().await
}

#[tokio::test]
async fn a_complex_with_accounts_of_its_own_gets_no_past() -> Outcome {
    let mut server = program().env("IUTSAI_DEMO", "").start().await?;
    let client = server.client()?;
    resident_of(&server, &client, "7-1").await?;
    server.terminate().await?;
    let demo = program().data_dir(server.data_dir()).start().await?;
    assert_eq!(exported(demo.data_dir()), 0);
    demo.end().await
}
