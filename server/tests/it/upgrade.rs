//! A data directory of the version that embedded a broker. It starts, nothing is lost, and nothing sounds again.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::support::{CALLER, NEIGHBOUR, Outcome, program, sign_in};
use domain::api::State;
use serde_json::json;
use sqlx::{
    Connection as _, Row,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use uuid::Uuid;

/// The outbox's migrations that the former version had.
const FORMER: [&str; 2] = ["0001_entries.sql", "0002_reconciling_and_sessions.sql"];

struct Former {
    call: Uuid,
    accepts: [Uuid; 2],
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// An open call with two accepts, whose marks are in the order of the former broker's log.
async fn former_directory(directory: &Path) -> Former {
    let migrations = directory.join("migrations");
    std::fs::create_dir(&migrations).unwrap();
    for name in FORMER {
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/backend/outbox_migrations").join(name);
        std::fs::copy(source, migrations.join(name)).unwrap();
    }
    let file = SqliteConnectOptions::new().filename(directory.join("outbox.db")).create_if_missing(true);
    let mut outbox = SqliteConnection::connect_with(&file).await.unwrap();
    Migrator::new(migrations).await.unwrap().run(&mut outbox).await.unwrap();
    let (call, accepts, at) = (Uuid::now_v7(), [Uuid::now_v7(), Uuid::now_v7()], now() - 60_000);
    let alert = json!({"line": "101-1", "house": "1203", "text": "from before", "lat": null, "lng": null,
        "id": call, "at": at});
    let accept = |house: &str, id: Uuid, at: i64| json!({"line": "101-1", "accept": house, "target": "1203", "id": id, "alert": call, "at": at});
    let rows = [
        (call, "resident-1203", "an-alert", alert, at, 0),
        (accepts[0], "resident-1204", "an-accept", accept("1204", accepts[0], at + 1), at + 1, 0),
        (accepts[1], "resident-1301", "an-accept", accept("1301", accepts[1], at + 2), at + 2, 1),
    ];
    for (id, resident, topic, value, at, offset) in rows {
        sqlx::query(
            "INSERT INTO entries (id, resident, route, digest, topic, line, value, stored_at, partition_id,
                 record_offset, record_timestamp)
             VALUES ($1, $2, '/former', $3, $4, '101-1', $5, $6, 0, $7, $6)",
        )
        .bind(id)
        .bind(resident)
        .bind(&[0_u8; 32][..])
        .bind(topic)
        .bind(value.to_string().into_bytes())
        .bind(at)
        .bind(offset)
        .execute(&mut outbox)
        .await
        .unwrap();
    }
    outbox.close().await.unwrap();
    let broker = directory.join("broker");
    std::fs::create_dir(&broker).unwrap();
    std::fs::write(broker.join("broker.db"), "the former broker's own").unwrap();
    Former { call, accepts }
}

#[tokio::test]
async fn a_directory_of_the_embedded_broker_starts_with_its_open_call_and_nothing_sounds_again() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let former = former_directory(directory.path()).await;
    let mut server = program().data_dir(directory.path()).start().await?;
    let (mut socket, snapshot) = sign_in(&server.client()?, NEIGHBOUR).await?.listen().await?;
    let open = snapshot.alert(former.call).expect("the open call is known");
    assert_eq!(open.header("replay"), Some("true"));
    let first = snapshot.messages.iter().find(|message| message.is_accept(former.accepts[0])).unwrap();
    assert_eq!(first.json()["first"], true);
    assert!(snapshot.messages.iter().any(|message| message.is_accept(former.accepts[1])));
    socket
        .none_within(Duration::from_secs(1), "the call again", |message| message.is_alert(former.call))
        .await?;

    let caller = sign_in(&server.client()?, CALLER).await?;
    let recorded = caller.press(&caller.call("from now")?, None).await?.ok()?;
    assert_eq!(recorded.state, State::Published);
    socket.wait_for("a new call", |message| message.is_alert(recorded.id)).await?;

    let log = server.log()?;
    let lines = log.lines().filter(|line| line.contains("embedded is left alone")).count();
    assert_eq!(lines, 1, "{log}");
    assert_eq!(std::fs::read(directory.path().join("broker/broker.db")).unwrap(), b"the former broker's own");
    server.terminate().await?;
    let file = SqliteConnectOptions::new().filename(directory.path().join("outbox.db"));
    let mut outbox = SqliteConnection::connect_with(&file).await.unwrap();
    let marked = sqlx::query("SELECT COUNT(*) FROM entries WHERE record_offset IS NOT NULL");
    assert_eq!(marked.fetch_one(&mut outbox).await.unwrap().get::<i64, _>(0), 0, "all marks count as none");
    Ok(())
}
