//! Calls are counted as they come, once, whatever ends the server.

use domain::{Progress, statistics::Row};
use testkit::client::Step;

use super::{LATITUDE, TEXT, accept, press, rows_that, step, verify};
use crate::support::{CALLER, NEIGHBOUR, Outcome, server, sign_in};

#[tokio::test]
async fn a_call_becomes_a_row_without_its_text_and_its_place() -> Outcome {
    let server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let call = press(&caller).await?;
    let message = socket.wait_for("the call", |message| message.is_alert(call)).await?;
    socket.ack(&message).await?;
    accept(&neighbour, &caller, call).await?;
    step(&neighbour, call, Step::Arrived).await?;
    step(&caller, call, Step::Resolve).await?;

    let is_whole = |rows: &[Row]| rows.iter().any(|row| row.ended.is_some() && !row.reached.is_empty());
    let rows = rows_that(server.data_dir(), is_whole).await;
    let [row] = &rows[..] else { panic!("one call and not {rows:?}") };
    assert_eq!((row.id.0, row.line.as_str(), row.house.as_str()), (call, "101-1", "1203"));
    assert_eq!((row.accepts, row.came), (1, 1));
    assert_eq!(row.ended.map(|ended| ended.how), Some(Progress::Resolved));
    assert!(row.first_accept >= Some(row.begun) && row.first_arrived >= row.first_accept, "{row:?}");
    for name in ["statistics.db", "statistics.db-wal"] {
        let octets = std::fs::read(server.data_dir().join(name)).unwrap_or_default();
        for word in [TEXT, LATITUDE, "127.01"] {
            let is_there = octets.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!is_there, "{word} is in {name}");
        }
    }
    server.end().await
}

#[tokio::test]
async fn a_restart_counts_nothing_twice() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let first = press(&caller).await?;
    step(&caller, first, Step::Cancel).await?;
    let before = rows_that(server.data_dir(), |rows| rows.iter().any(|row| row.ended.is_some())).await;
    server.restart().await?;
    let caller = caller.at(&server.client()?);
    press(&caller).await?;
    let after = rows_that(server.data_dir(), |rows| rows.len() > 1).await;
    assert_eq!((after.len(), &after[0]), (2, &before[0]));
    let (is_same, sentence) = verify(server.data_dir());
    assert!(is_same && sentence.contains("compared 2, of which 0 differ"), "{sentence}");
    assert!(!server.log()?.contains("reading it from its beginning"), "the log was read on, not again");
    server.end().await
}

#[tokio::test]
async fn an_older_copy_of_the_outbox_is_read_from_its_start_and_takes_nothing_away() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let first = press(&caller).await?;
    step(&caller, first, Step::Cancel).await?;
    rows_that(server.data_dir(), |rows| rows.iter().any(|row| row.ended.is_some())).await;
    server.terminate().await?;
    let outbox = server.data_dir().join("outbox.db");
    let copy = std::fs::read(&outbox).unwrap();

    server.start_again().await?;
    let caller = caller.at(&server.client()?);
    let second = press(&caller).await?;
    step(&caller, second, Step::Cancel).await?;
    let is_whole = |rows: &[Row]| rows.len() == 2 && rows.iter().all(|row| row.ended.is_some());
    let before = rows_that(server.data_dir(), is_whole).await;
    server.terminate().await?;
    std::fs::write(&outbox, copy).unwrap();

    server.start_again().await?;
    press(&caller.at(&server.client()?)).await?;
    let after = rows_that(server.data_dir(), |rows| rows.len() > 2).await;
    assert_eq!((after.len(), &after[..2]), (3, &before[..]));
    assert!(server.log()?.contains("reading it from its beginning"), "{}", server.log()?);
    server.end().await
}

#[tokio::test]
async fn calls_are_counted_once_though_the_server_is_killed_while_it_counts() -> Outcome {
    let mut server = server().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let mut calls = Vec::new();
    // So that some end before, some while and some after the call is counted.
    for after_ms in [0, 50, 150, 210, 260, 400] {
        let caller = caller.at(&server.client()?);
        let call = press(&caller).await?;
        step(&caller, call, Step::Cancel).await?;
        calls.push(call);
        tokio::time::sleep(std::time::Duration::from_millis(after_ms)).await;
        server.kill().await?;
        server.restart().await?;
    }
    let are_all = |rows: &[Row]| rows.len() >= calls.len() && rows.iter().all(|row| row.ended.is_some());
    let rows = rows_that(server.data_dir(), are_all).await;
    assert_eq!(rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), calls);
    let (is_same, sentence) = verify(server.data_dir());
    assert!(is_same && sentence.contains("compared 6, of which 0 differ"), "{sentence}");
    server.end().await
}
