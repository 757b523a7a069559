//! A node that has its accounts in SQLite moves to PostgreSQL, and everybody finds what they had.

use backend::database::Database;
use domain::{
    AlertId,
    api::{ProgressRequest, SignedIn},
};
use reqwest::Method;
use serde_json::json;
use sqlx::{
    Connection as _, PgConnection, Row as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    client::{Session, Step},
    server::{Program, Server},
};

use super::Postgres;
use crate::{
    audit::records,
    people::{act, invited, joining},
    push::{
        phone::{Phone, devices},
        service::Service,
    },
    second_factor::protect,
    statistics::{iutsai, rows_that},
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, command, program, send, sign_in},
};

/// The program with a push service of the test's own.
fn pushing() -> Program {
    program().env("IUTSAI_PUSH_HOSTS", "loopback").env("IUTSAI_PUSH_CONTACT", "mailto:office@iutsai.example")
}

/// Moves the data of a server, and returns whether that succeeded and what was printed.
fn move_to(from: &Server, to: &str) -> (bool, String) {
    let (done, out, errors) = iutsai(from.data_dir(), &["move-database", "--to", to]);
    (done, String::from_utf8(out).unwrap() + &errors)
}

/// Returns how many rows of a table were moved.
fn moved_rows(printed: &str, table: &str) -> u64 {
    let before = format!("{table}: ");
    let line = printed.lines().find_map(|line| line.strip_prefix(&before));
    let line = line.unwrap_or_else(|| panic!("{table} is not in {printed}"));
    line.strip_suffix(" rows in both databases").unwrap().parse().unwrap()
}

/// Makes sure that the rows of each table are in both databases.
fn has_each_table(printed: &str) {
    for table in ["residents", "sessions", "houses", "audit", "statistics_calls", "statistics_positions"] {
        assert!(moved_rows(printed, table) > 0, "{table}: {printed}");
    }
    for (table, rows) in
        [("second_factors", 1), ("recovery_codes", 10), ("invitations", 1), ("push_subscriptions", 1)]
    {
        assert_eq!(moved_rows(printed, table), rows, "{table}: {printed}");
    }
}

/// Returns every counted call, those of the demo's past included.
async fn counted(office: &Session) -> String {
    let response = send(office.request(Method::GET, "/api/incidents.csv?period=7d&reason=move")).await;
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

/// Calls, and takes the call back.
async fn press_and_cancel(caller: &Session) -> Outcome {
    let id = caller.press(&caller.call("help")?, None).await?.ok()?.id;
    caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn accounts_sessions_devices_invitations_audit_and_figures_move_from_sqlite() -> Outcome {
    let (postgres, service) = (Postgres::start(), Service::start().await);
    let mut server = pushing().start().await?;
    let client = server.client()?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let protected = protect(&office).await;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    act(&office, "/api/houses", &json!({ "line": "101-1", "house": "1401" })).await;
    let code = invited(&office, "101-1", "1401").await;
    press_and_cancel(&caller).await?;
    rows_that(server.data_dir(), |rows| rows.iter().any(|row| row.ended.is_some())).await;
    let (phone, device) = Phone::of(&neighbour, &service, "/neighbour").await?;
    let before = counted(&office).await;
    server.terminate().await?;

    let (done, printed) = move_to(&server, postgres.url());
    assert!(done && printed.contains("next: set DATABASE_URL"), "{printed}");
    has_each_table(&printed);
    let old = SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    let mut old = SqliteConnection::connect_with(&old).await.unwrap();
    let sessions = sqlx::query("SELECT COUNT(*) FROM sessions").fetch_one(&mut old).await.unwrap();
    assert_eq!(
        sessions.get::<i64, _>(0).unsigned_abs(),
        moved_rows(&printed, "sessions"),
        "nothing is deleted"
    );
    old.close().await.unwrap();

    let moved = pushing().env("DATABASE_URL", postgres.url()).data_dir(server.data_dir());
    let moved = moved.start().await?;
    let client = moved.client()?;
    let (office, caller, neighbour) = (office.at(&client), caller.at(&client), neighbour.at(&client));
    assert_eq!(counted(&office).await, before);
    let known: Vec<_> = devices(&neighbour).await?.iter().map(|device| device.id).collect();
    assert_eq!(known, [device.id]);
    client.sign_in(ADMINISTRATOR, PASSWORD).await.expect_err("a code is needed");
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&protected.code(1))).await?;
    sign_in(&client, CALLER).await?;
    let joined: SignedIn = client.send(joining(&client, &code, "kim")).await?.ok()?;
    assert_eq!(joined.resident.house.unwrap().as_str(), "1401");
    let (done, text) = command(&moved, &["audit", "verify"]);
    assert!(done && text.contains("are what was written"), "{text}");
    let rows = records(&moved);
    let row = rows.iter().find(|row| row[3] == "database-moved");
    let row = row.unwrap_or_else(|| panic!("the move is not in {rows:?}"));
    assert!(row[4] == "@command-line" && row[7].contains("from SQLite to PostgreSQL"), "{row:?}");
    let (done, text) = command(&moved, &["statistics", "verify"]);
    assert!(done && text.contains("of which 0 differ"), "{text}");
    assert!(!moved.log()?.contains("reading it from its beginning"), "{}", moved.log()?);
    caller.press(&caller.call("after the move")?, None).await?.ok()?;
    service.wait_for(&phone.path, 1).await;
    moved.end().await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: script/test runs it"]
async fn a_database_that_is_not_empty_or_in_use_is_refused_and_stays_as_it_is() -> Outcome {
    let postgres = Postgres::start();
    let (mut server, mut other) = (program().start().await?, program().start().await?);
    sign_in(&server.client()?, CALLER).await?;
    server.terminate().await?;
    other.terminate().await?;

    let mut database = PgConnection::connect(postgres.url()).await.unwrap();
    sqlx::query("CREATE TABLE orders (id BIGINT)").execute(&mut database).await.unwrap();
    let (done, printed) = move_to(&server, postgres.url());
    assert!(!done && printed.contains("has a table orders, which is not of iutsai"), "{printed}");
    let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()";
    let tables = sqlx::query(tables).fetch_one(&mut database).await.unwrap();
    assert_eq!(tables.get::<i64, _>(0), 1, "no table was made beside those of another program");
    sqlx::query("DROP TABLE orders").execute(&mut database).await.unwrap();

    // Tables of this version without rows are empty. One that refuses rows lets the move fail in its middle.
    Database::open(postgres.url()).await.unwrap().close().await;
    let refusing = "ALTER TABLE sessions ADD CONSTRAINT refusing CHECK (expires_at < 0)";
    sqlx::query(refusing).execute(&mut database).await.unwrap();
    let (done, printed) = move_to(&server, postgres.url());
    assert!(!done && printed.contains("cannot write the table sessions: "), "{printed}");
    let residents = sqlx::query("SELECT COUNT(*) FROM residents").fetch_one(&mut database).await.unwrap();
    assert_eq!(residents.get::<i64, _>(0), 0, "a part of a move stayed");
    sqlx::query("ALTER TABLE sessions DROP CONSTRAINT refusing").execute(&mut database).await.unwrap();

    let (done, printed) = move_to(&server, postgres.url());
    assert!(done, "{printed}");
    let (done, printed) = move_to(&server, postgres.url());
    assert!(!done && printed.contains(" of the new database has rows ("), "{printed}");

    let moved = program().env("DATABASE_URL", postgres.url()).data_dir(server.data_dir()).start().await?;
    let (done, printed) = move_to(&other, postgres.url());
    assert!(!done && printed.contains("a move needs the server to be stopped"), "{printed}");
    assert!(printed.contains("another server uses the same database (iutsai "), "{printed}");
    sign_in(&moved.client()?, CALLER).await?;
    database.close().await.unwrap();
    moved.end().await
}
