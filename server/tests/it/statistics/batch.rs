//! The batch beside a live server. It finds differences, corrects them, and fails where it would lose calls.

use std::path::Path;

use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{Error, client::Step, server::Server};
use uuid::Uuid;

use super::{LATITUDE, TEXT, change, iutsai, press, rows, rows_that, step, verify};
use crate::support::{CALLER, Outcome, server, sign_in};

/// A server on which one call was cancelled and counted.
async fn one_call() -> Result<(Server, Uuid), Error> {
    let server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let call = press(&caller).await?;
    step(&caller, call, Step::Cancel).await?;
    rows_that(server.data_dir(), |rows| rows.iter().any(|row| row.ended.is_some())).await;
    Ok((server, call))
}

#[tokio::test]
async fn verify_finds_a_row_that_was_changed_by_hand_and_the_batch_puts_it_right() -> Outcome {
    let (server, _) = one_call().await?;
    let data_dir = server.data_dir();
    let before = rows(data_dir).await;
    let (is_same, sentence) = verify(data_dir);
    assert!(is_same && sentence.contains("compared 1, of which 0 differ"), "{sentence}");

    let cheat =
        r#"UPDATE statistics_calls SET value = replace(value, '"came":0', '"came":3') WHERE demo = 0"#;
    assert_eq!(change(data_dir, cheat).await, 1);
    let (is_same, sentence) = verify(data_dir);
    assert!(!is_same && sentence.contains("compared 1, of which 1 differ"), "{sentence}");
    assert_ne!(rows(data_dir).await, before, "verify changes nothing");

    let (done, out, errors) = iutsai(data_dir, &["batch"]);
    assert!(done, "{errors}");
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("of which 1 differ") && out.contains("is now what the statistics show"), "{out}");
    assert_eq!(rows(data_dir).await, before);
    assert!(verify(data_dir).0);
    server.end().await
}

#[tokio::test]
async fn live_counting_goes_on_after_a_batch_has_replaced_its_tables() -> Outcome {
    let (server, _) = one_call().await?;
    let (done, _, errors) = iutsai(server.data_dir(), &["batch", "--rebuild"]);
    assert!(done, "{errors}");
    let caller = sign_in(&server.client()?, CALLER).await?;
    let second = press(&caller).await?;
    step(&caller, second, Step::Cancel).await?;
    let ended = |rows: &[domain::statistics::Row]| rows.iter().filter(|row| row.ended.is_some()).count();
    rows_that(server.data_dir(), |rows| ended(rows) == 2).await;
    assert!(verify(server.data_dir()).0);
    server.end().await
}

#[tokio::test]
async fn a_batch_fails_loudly_where_the_log_is_cut_and_the_history_does_not_cover_it() -> Outcome {
    let (mut server, _) = one_call().await?;
    server.terminate().await?;
    let data_dir = server.data_dir();
    cut(&data_dir.join("outbox.db")).await;
    // As if that was long ago, and the statistics had not been settled since.
    let long_ago = "UPDATE statistics_calls SET begun = begun - 864000000 WHERE demo = 0";
    assert_eq!(change(data_dir, long_ago).await, 1);
    let before = rows(data_dir).await;
    let (done, _, errors) = iutsai(data_dir, &["batch"]);
    assert!(!done && errors.contains("the history does not have 1 of the calls of before"), "{errors}");
    assert_eq!(rows(data_dir).await, before, "nothing is lost by it");

    // Repeats it with tables that were lost, too.
    assert_eq!(change(data_dir, "DELETE FROM statistics_calls WHERE demo = 0").await, 1);
    let (done, _, errors) = iutsai(data_dir, &["batch"]);
    assert!(!done && errors.contains("the history does not have any of the calls of before"), "{errors}");

    // The history has it.
    let keep = "INSERT INTO statistics_history (line, house, id, begun, value, demo, sent)
                SELECT '101-1', '1203', '0190f8a0-0000-7000-8000-000000000000', 1000,
                    '{\"line\":\"101-1\",\"house\":\"1203\",\"id\":\"0190f8a0-0000-7000-8000-000000000000\",
                      \"drill\":false,\"begun\":1000,\"accepts\":0,\"came\":0,\"words\":1}', 0, 0";
    assert_eq!(change(data_dir, keep).await, 1);
    let (done, _, errors) = iutsai(data_dir, &["batch"]);
    assert!(done, "{errors}");
    assert_eq!(rows(data_dir).await.len(), 1);
    Ok(())
}

/// Deletes the alerts from an outbox as its retention does.
async fn cut(file: &Path) {
    let file = SqliteConnectOptions::new().filename(file);
    let mut outbox = SqliteConnection::connect_with(&file).await.unwrap();
    for statement in [
        "DELETE FROM entries WHERE topic = 'an-alert'",
        "UPDATE node SET deleted_before = (SELECT MAX(stored_at) FROM entries)",
    ] {
        assert_eq!(sqlx::query(statement).execute(&mut outbox).await.unwrap().rows_affected(), 1);
    }
    outbox.close().await.unwrap();
}

#[tokio::test]
async fn an_export_has_every_call_and_neither_texts_nor_places() -> Outcome {
    let (server, call) = one_call().await?;
    let data_dir = server.data_dir();
    // An export has the calls of the page, and so those of the demo's past.
    assert!(iutsai(data_dir, &["statistics", "remove-demo"]).0);
    let (done, csv, errors) = iutsai(data_dir, &["export", "--what", "incidents"]);
    assert!(done, "{errors}");
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("\u{feff}line,house,id,kind"), "{csv}");
    assert!(lines.len() == 2 && lines[1].contains(&call.to_string()), "{csv}");
    assert!(lines[1].contains("cancelled") && !csv.contains(TEXT) && !csv.contains(LATITUDE), "{csv}");

    let (done, csv, errors) = iutsai(data_dir, &["export", "--what", "statistics", "--format", "csv"]);
    assert!(done, "{errors}");
    let csv = String::from_utf8(csv).unwrap();
    // The 28 days of before, and the heading.
    assert!(csv.lines().count() > 28 && csv.lines().last().unwrap().contains(",1,0,1,"), "{csv}");

    let file = data_dir.join("calls.parquet");
    let output = ["--what", "incidents", "--format", "parquet", "--output", file.to_str().unwrap()];
    let (done, _, errors) = iutsai(data_dir, &[&["export"][..], &output[..]].concat());
    assert!(done, "{errors}");
    let octets = std::fs::read(&file).unwrap();
    assert!(octets.starts_with(b"PAR1") && octets.ends_with(b"PAR1"));

    let (done, _, errors) = iutsai(
        data_dir,
        &["export", "--what", "incidents", "--since", "2026-11-28", "--until", "2026-11-01"],
    );
    assert!(!done && errors.contains("--until must be later than --since"), "{errors}");
    server.end().await
}
