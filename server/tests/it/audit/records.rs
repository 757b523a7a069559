//! The records are shown, downloaded, signed and verified.

use backend::{
    audit::{Act, Audit, By, Month, Record},
    clock,
    database::Database,
    statistics::Iana,
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::Server;

use super::{act, has, records, until_recorded};
use crate::support::{
    ADMINISTRATOR, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, command, header, page, send, server_and_client,
    sign_in,
};

/// Another writer of the audit beside the server.
async fn beside(server: &Server) -> Audit {
    Audit::new(Database::open(&server.database()).await.unwrap())
}

/// A connection past the server, as somebody with the file has one.
async fn past(server: &Server) -> sqlx::SqlitePool {
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    sqlx::SqlitePool::connect_with(file).await.unwrap()
}

#[tokio::test]
async fn a_download_needs_a_reason_which_is_recorded_before_it_is_given_out() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let get = |path: &str| office.request(Method::GET, path);
    assert_eq!(send(get("/api/incidents.csv?period=7d")).await.status(), 422);
    assert!(!has(&records(&server), "downloaded", ADMINISTRATOR, "incidents.csv"));
    assert_eq!(send(get("/api/incidents.csv?period=7d&reason=monthly+report")).await.status(), 200);
    let row = until_recorded(&server, "downloaded", ADMINISTRATOR, "incidents.csv").await;
    assert_eq!(row[7], "monthly report");
    let download = |body: Value| office.request(Method::POST, "/api/audit.csv").json(&body);
    assert_eq!(send(download(json!({}))).await.status(), 422);
    act(&office, &format!("/api/people/{SECOND_NEIGHBOUR}/lock"), &json!({})).await;
    let response = send(download(json!({ "act": "locked", "reason": "a question of the resident" }))).await;
    assert_eq!(header(&response, "content-type"), "text/csv; charset=utf-8");
    let text = response.text().await.unwrap();
    assert!(text.lines().count() == 2 && text.contains(",locked,admin,127.0.0.1,resident-1301,"), "{text}");
    assert!(has(&records(&server), "downloaded", ADMINISTRATOR, "audit.csv"));
    Ok(())
}

#[tokio::test]
async fn the_page_filters_by_its_address_and_shows_pages() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let audit = beside(&server).await;
    for number in 0..60 {
        let record = Record::new(Act::Locked, By::command_line()).about(&format!("house-{number}"));
        audit.record(record).await.unwrap();
    }
    let html = page(&office, "/admin/audit?act=locked").await;
    assert_eq!(html.matches("data-testid=\"record\"").count(), 50, "{html}");
    let older = html.split("before=").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let html = page(&office, &format!("/admin/audit?act=locked&before={older}")).await;
    assert_eq!(html.matches("data-testid=\"record\"").count(), 10, "{html}");
    let html = page(&office, "/admin/audit?whose=house-7").await;
    assert_eq!(html.matches("data-testid=\"record\"").count(), 1, "{html}");
    let html = page(&office, "/admin/audit?who=nobody").await;
    assert_eq!(html.matches("data-testid=\"record\"").count(), 0, "{html}");
    let wrong = send(office.request(Method::GET, "/admin/audit?from=yesterday")).await;
    assert_eq!(wrong.status(), 422);
    Ok(())
}

#[tokio::test]
async fn last_months_records_are_signed_and_until_then_every_page_of_the_office_asks_for_it() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let due = "data-testid=\"audit-due\"";
    assert!(!page(&office, "/admin/people").await.contains(due), "last month has no records");
    let (zone, now) = (Iana::named("Asia/Seoul").unwrap(), clock::now());
    let last = Month::at(now, &zone).before();
    let record = Record::new(Act::Locked, By::command_line()).about("kim").at(last.begins(&zone));
    beside(&server).await.record(record).await.unwrap();
    for address in ["/admin/people", "/admin/audit", "/admin/statistics"] {
        assert!(page(&office, address).await.contains(due), "{address}");
    }
    let check = |month: String| {
        let form =
            [("month", month), ("note", "nothing unusual".to_owned()), ("back", "/admin/audit".to_owned())];
        office.request(Method::POST, "/api/audit/check").form(&form)
    };
    let this = send(check(Month::at(now, &zone).to_string())).await;
    assert!(header(&this, "location").contains("problem=invalid"), "a month that is not over");
    let signed = send(check(last.to_string())).await;
    assert!(header(&signed, "location").starts_with("/admin/audit?done=checked"));
    let html = page(&office, "/admin/audit?done=checked").await;
    assert!(html.contains(&format!("data-month=\"{last}\"")) && html.contains("nothing unusual"), "{html}");
    assert!(!html.contains(due));
    let row = until_recorded(&server, "records-checked", ADMINISTRATOR, &last.to_string()).await;
    assert_eq!(row[7], "nothing unusual");
    Ok(())
}

#[tokio::test]
async fn a_changed_byte_is_found_by_the_command_that_walks_the_chain() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    act(&office, &format!("/api/people/{NEIGHBOUR}/lock"), &json!({})).await;
    let (whole, text) = command(&server, &["audit", "verify"]);
    assert!(whole && text.contains("are what was written; the last hash is "), "{text}");
    let database = past(&server).await;
    let change = "UPDATE audit SET subject = 'resident-1205' WHERE act = 'locked'";
    let refused = sqlx::query(change).execute(&database).await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
    sqlx::query("DROP TRIGGER audit_update").execute(&database).await.unwrap();
    assert_eq!(sqlx::query(change).execute(&database).await.unwrap().rows_affected(), 1);
    let (whole, text) = command(&server, &["audit", "verify"]);
    assert!(!whole && text.contains("is not what was written"), "{text}");
    database.close().await;
    Ok(())
}
