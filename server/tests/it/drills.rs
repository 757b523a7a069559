//! Drills of the office for a line, with a report of the houses that were not reached, and drills of one house alone.

use std::time::{Duration, Instant};

use domain::{Alert, AlertId, Event, api::ProgressRequest};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::client::{Message, Session, Socket, Step, Subscribe};
use uuid::Uuid;

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, answered_page, send,
    server_and_client, sign_in,
};

/// The time for a drill to be counted before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time within which nobody else may get a drill.
const NOBODY_WITHIN: Duration = Duration::from_millis(700);

async fn start(by: &Session, line: &str, key: Uuid) -> Response {
    let request = by.request(Method::POST, "/api/drills").header("content-type", "application/json");
    send(request.body(json!({ "line": line, "key": key.to_string() }).to_string())).await
}

/// Starts a drill and returns its id.
async fn started(by: &Session, line: &str, key: Uuid) -> AlertId {
    let response = start(by, line, key).await;
    assert_eq!(response.status(), 200);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["done"], "drill-started");
    answer["about"].as_str().unwrap().parse().unwrap()
}

fn alert_of(message: &Message) -> Alert {
    match message.event() {
        Some(Event::Alert(alert)) => alert.clone(),
        other => panic!("no alert but {other:?}"),
    }
}

/// Returns what the page of drills shows of one, once the figures of the drill are these.
async fn report(office: &Session, id: AlertId, numbers: &[(&str, u32)]) -> String {
    let begun = Instant::now();
    loop {
        let (status, html) = answered_page(office, "/admin/drills").await;
        assert_eq!(status, 200);
        let mark = format!("data-alert=\"{id}\"");
        if let Some((_, rest)) = html.split_once(&mark) {
            let of_it = rest.split("</li>").next().unwrap_or_default();
            let has =
                |(name, number): &(&str, u32)| of_it.contains(&format!("data-number=\"{name}\">{number}<"));
            if numbers.iter().all(has) {
                return of_it.to_owned();
            }
        }
        assert!(begun.elapsed() < PATIENCE, "{numbers:?} never come: {html}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The figures of the last week, once they have so many drills.
async fn figures_with(office: &Session, drills: u64) -> Value {
    let begun = Instant::now();
    loop {
        let response = send(office.request(Method::GET, "/api/statistics?period=7d&line=101-1")).await;
        let figures: Value = response.json().await.unwrap();
        if figures["drills"] == drills {
            return figures;
        }
        assert!(begun.elapsed() < PATIENCE, "{drills} drills are never counted: {figures}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_office_alarms_a_line_for_a_drill_once_for_each_key() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (mut stranger, _) = sign_in(&client, STRANGER).await?.listen().await?;
    let key = Uuid::now_v7();
    let id = started(&office, "101-1", key).await;
    assert_eq!(started(&office, "101-1", key).await, id, "the form was sent twice");
    let message = neighbour.wait_for("the drill", |message| message.is_alert(id.0)).await?;
    let alert = alert_of(&message);
    assert!(alert.drill && !alert.alone && alert.house.is_office(), "{alert:?}");
    let is_alert = |message: &Message| matches!(message.event(), Some(Event::Alert(_)));
    neighbour.none_within(NOBODY_WITHIN, "a second drill", is_alert).await?;
    stranger.none_within(Duration::from_millis(100), "another line's drill", is_alert).await?;

    let ended = office.progress(id, Step::Resolve, &ProgressRequest::default(), None).await?;
    assert_eq!(ended.status, 202);
    neighbour.wait_for("the end", |message| message.json()["status"] == "resolved").await.map(drop)
}

#[tokio::test]
async fn nobody_else_starts_a_drill_for_a_line_and_no_line_is_made_up() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (office, resident) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, CALLER).await?);
    assert_eq!(start(&resident, "101-1", Uuid::now_v7()).await.status(), 403);
    assert_eq!(answered_page(&resident, "/admin/drills").await.0, 403);
    let unknown = start(&office, "109-9", Uuid::now_v7()).await;
    let problem: Value = unknown.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/not-known");
    Ok(())
}

#[tokio::test]
async fn a_report_names_the_houses_that_a_drill_did_not_reach_and_no_figure_counts_it() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let (mut neighbour, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (mut second, _) = sign_in(&client, SECOND_NEIGHBOUR).await?.listen().await?;
    let before = figures_with(&office, figures(&office).await["drills"].as_u64().unwrap()).await;
    let id = started(&office, "101-1", Uuid::now_v7()).await;
    for socket in [&mut neighbour, &mut second] {
        let message = socket.wait_for("the drill", |message| message.is_alert(id.0)).await?;
        socket.ack(&message).await?;
    }
    neighbour.seen(id).await?;
    let numbers = [("alarmed", 3), ("reached", 2), ("seen", 1), ("came", 0)];
    let shown = report(&office, id, &numbers).await;
    let (_, missed) = shown.split_once("data-testid=\"missed\"").unwrap();
    assert!(
        missed.contains("1203호") && !missed.contains("1204호") && !missed.contains("1301호"),
        "{missed}"
    );
    let after = figures_with(&office, before["drills"].as_u64().unwrap() + 1).await;
    assert_eq!((&after["calls"], &after["unaccepted"]), (&before["calls"], &before["unaccepted"]));
    Ok(())
}

async fn figures(office: &Session) -> Value {
    let response = send(office.request(Method::GET, "/api/statistics?period=7d&line=101-1")).await;
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_drill_of_one_house_by_itself_goes_the_whole_way_and_to_nobody_else() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let (mut own, _) = caller.listen().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut neighbours, _) = neighbour.listen().await?;
    let mut everywhere: Socket = office.connect().await?;
    everywhere.subscribe(&Subscribe::to("/sub/lines").id("all")).await?;
    everywhere.snapshot("all").await?;

    let (mut call, id) = (caller.call("only a try")?, Uuid::now_v7());
    call.alone = true;
    caller.press(&call, Some(id)).await?.ok()?;
    let message = own.wait_for("the own drill", |message| message.is_alert(id)).await?;
    let alert = alert_of(&message);
    assert!(alert.drill && alert.alone, "what is for one house is a drill: {alert:?}");
    neighbours.none_within(NOBODY_WITHIN, "another house's try", |_| true).await?;
    everywhere.none_within(Duration::from_millis(100), "a house's try", |_| true).await?;
    let (_, snapshot) = neighbour.listen().await?;
    assert!(snapshot.alert(id).is_none(), "a snapshot shows it to a neighbour");
    let (_, snapshot) = caller.listen().await?;
    assert!(snapshot.alert(id).is_some(), "a device of the own house that comes later");
    let (_, html) = answered_page(&neighbour, &format!("/call/{id}")).await;
    assert!(!html.contains("only a try"), "{html}");

    // An emergency meanwhile is everybody's, and the statistics count one drill of the line, which is not the try.
    let drills = figures(&office).await["drills"].as_u64().unwrap();
    let emergency = caller.press(&caller.call("now it is real")?, None).await?.ok()?.id;
    neighbours.wait_for("the emergency", |message| message.is_alert(emergency)).await?;
    let of_line = started(&office, "101-1", Uuid::now_v7()).await;
    report(&office, of_line, &[]).await;
    assert_eq!(figures_with(&office, drills + 1).await["drills"], drills + 1);
    Ok(())
}

#[tokio::test]
async fn a_resident_starts_a_try_by_a_form_without_any_script() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (status, html) = answered_page(&caller, "/devices").await;
    assert!(status == 200 && html.contains("name=\"alone\""), "{html}");
    let form = "line=101-1&house=1203&drill=true&alone=true";
    let request = caller.request(Method::POST, "/alert");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    let response = send(request).await;
    assert_eq!(response.status(), 303);
    let to = response.headers()["location"].to_str().unwrap().to_owned();
    let begun = Instant::now();
    let html = loop {
        let (status, html) = answered_page(&caller, &to).await;
        assert_eq!(status, 200);
        if html.contains("data-state=\"practice\"") {
            break html;
        }
        assert!(begun.elapsed() < PATIENCE, "the try never comes back: {html}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(!html.contains("call-119"), "a try asks nobody to call 119: {html}");
    Ok(())
}
