//! A person reads and takes what is held about them, and gives, pauses and withdraws the consent.

use domain::api::LocationRequest;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};
use testkit::{client::Subscribe, server::Server};
use uuid::Uuid;

use super::{choose, count, data, data_with_uses, located, open};
use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, header, page, person_of, send,
    server_and_client, sign_in,
};

/// The values of the outbox as text.
async fn outbox(server: &Server) -> String {
    let mut outbox = open(server, "outbox.db").await;
    let rows = sqlx::query("SELECT CAST(value AS TEXT) AS value FROM entries").fetch_all(&mut outbox).await;
    let values: Vec<String> = rows.unwrap().iter().map(|row| row.get("value")).collect();
    outbox.close().await.unwrap();
    values.join("\n")
}

#[tokio::test]
async fn a_resident_reads_who_was_shown_their_location_and_nobody_else_does() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (late, stranger) = (sign_in(&client, SECOND_NEIGHBOUR).await?, sign_in(&client, STRANGER).await?);
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let ((mut socket, _), (_elsewhere, _)) = (neighbour.listen().await?, stranger.listen().await?);
    let (_own, _) = caller.listen().await?;

    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    socket.wait_for("the call", |message| message.is_alert(id)).await?;
    let (_late, snapshot) = late.listen().await?;
    assert!(snapshot.alert(id).is_some());
    let mut lines = office.connect().await?;
    lines.subscribe(&Subscribe::to("/sub/lines")).await?;
    lines.snapshot("line").await?;

    let held = data_with_uses(&caller, 3).await;
    let uses = held["location_uses"].as_array().unwrap();
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    let mut shown: Vec<_> = uses
        .iter()
        .map(|one| ["viewer", "viewer_house", "viewer_role", "means"].map(|field| text(one, field)))
        .collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            [ADMINISTRATOR, "", "administrator", "snapshot"],
            [NEIGHBOUR, "1204", "resident", "alarm"],
            [SECOND_NEIGHBOUR, "1301", "resident", "snapshot"],
        ]
    );
    assert!(uses.iter().all(|one| text(one, "call") == id.to_string() && one["at"].is_i64()));
    assert!(!held["location_uses"].to_string().contains("37.5"), "the location is not in its record");
    assert_eq!(data(&neighbour).await["location_uses"], json!([]));
    let html = page(&caller, "/me").await;
    let people = ["101-1 라인 1204호 (resident-1204)", "관리사무소 (admin)"];
    let links = ["href=\"/me/sign-in\"", "href=\"/devices\"", "href=\"/install\""];
    for words in people.into_iter().chain(links) {
        assert!(html.contains(words), "{words} is not in {html}");
    }
    assert!(!html.contains(".wasm"), "it is plain HTML");
    Ok(())
}

/// Returns whether a home page makes its scripts leave the location alone.
fn keeps_back(html: &str) -> bool {
    let (_, choice) = html.split_once("location_off").expect("the page has the choice");
    choice.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).starts_with("true")
}

#[tokio::test]
async fn a_page_and_a_session_show_that_the_location_is_kept_back_until_it_is_given_again() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    for (choice, is_off) in [("pause", true), ("give", false), ("withdraw", true), ("give", false)] {
        assert_eq!(choose(&caller, choice).await, 200, "{choice}");
        for (of, is_off) in [(&caller, is_off), (&neighbour, false)] {
            let session = send(of.request(Method::GET, "/api/session")).await;
            assert_eq!(header(&session, "iutsai-location") == "off", is_off, "{choice}");
            assert_eq!(keeps_back(&page(of, "/").await), is_off, "{choice}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_held_is_downloaded_as_a_file_and_only_by_its_owner() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    let response = send(caller.request(Method::GET, "/me/data.json")).await;
    assert!(header(&response, "content-disposition").starts_with("attachment"));
    assert_eq!(header(&response, "cache-control"), "no-store");
    let held: Value = response.json().await.unwrap();
    assert_eq!(
        (&held["account"], &held["house"], &held["line"]),
        (&json!(CALLER), &json!("1203"), &json!("101-1"))
    );
    assert_eq!((&held["devices"], &held["location_use"]), (&json!([]), &json!("allowed")));
    assert_eq!(held["has_second_factor"], false);
    let sessions = held["sessions"].as_array().unwrap();
    assert_eq!((sessions.len(), &sessions[0]["address"]), (1, &json!("127.0.0.1")));
    assert!(sessions[0]["started_at"].is_i64() && sessions[0]["device"].is_string(), "{sessions:?}");
    let record = &held["records"][0];
    assert_eq!((&record["topic"], &record["value"]["id"]), (&json!("an-alert"), &json!(id.to_string())));
    assert_eq!(record["value"]["lat"], "37.5");
    let neighbour = data(&sign_in(&client, NEIGHBOUR).await?).await;
    assert_eq!(neighbour["records"], json!([]));
    assert_eq!(send(client.request(Method::GET, "/me/data.json")).await.status(), 401);
    Ok(())
}

#[tokio::test]
async fn somebody_who_was_never_asked_calls_with_the_location_and_is_asked_on_the_page() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    assert!(page(&caller, "/me").await.contains("data-state=\"unasked\""));
    let recorded = caller.press(&located(&caller)?, None).await?.ok()?;
    assert_eq!(recorded.warning, None);
    let alert = socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?.json();
    assert_eq!(alert["lat"], "37.5");

    assert_eq!(choose(&caller, "give").await, 200);
    let held = data(&caller).await;
    let consent = &held["consents"][0];
    assert_eq!((&consent["version"], &consent["withdrawn_at"]), (&json!("2026-12"), &Value::Null));
    assert!(consent["text"].as_str().unwrap().contains("위치"), "{consent}");
    assert!(page(&caller, "/me").await.contains("data-state=\"given\""));
    let old = json!({ "choice": "give", "version": "2020-01" });
    let refused = send(caller.request(Method::POST, "/me/location").json(&old)).await;
    assert_eq!(refused.status(), 422, "nobody agrees to words that were not shown");
    Ok(())
}

#[tokio::test]
async fn while_it_is_paused_a_press_goes_out_without_its_location_also_after_a_restart() -> Outcome {
    let (mut server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    assert_eq!(choose(&caller, "pause").await, 200);
    let (mut socket, _) = neighbour.listen().await?;
    let recorded = caller.press(&located(&caller)?, None).await?.ok()?;
    let warning = recorded.warning.unwrap_or_default();
    assert!(warning.contains("/me"), "{warning}");
    let alert = socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?.json();
    assert!(alert["lat"].is_null() && alert["lng"].is_null(), "{alert}");
    let place = LocationRequest { lat: json!(37.6), lng: json!(127), accuracy: None };
    assert_eq!(caller.moved(domain::AlertId(recorded.id), &place, None).await?.status, 403);
    let values = outbox(&server).await;
    assert!(values.contains(&recorded.id.to_string()) && !values.contains("37."), "{values}");

    server.restart().await?;
    let client = server.client()?;
    let (caller, neighbour) = (caller.at(&client), neighbour.at(&client));
    let (mut socket, _) = neighbour.listen().await?;
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    let alert = socket.wait_for("the call", |message| message.is_alert(id)).await?.json();
    assert!(alert["lat"].is_null(), "{alert}");

    assert_eq!(choose(&caller, "give").await, 200);
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    let alert = socket.wait_for("the call", |message| message.is_alert(id)).await?.json();
    assert_eq!(alert["lat"], "37.5");
    Ok(())
}

#[tokio::test]
async fn withdrawing_destroys_the_locations_and_their_record_and_leaves_the_call() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let other = sign_in(&client, SECOND_NEIGHBOUR).await?;
    let (_socket, _) = neighbour.listen().await?;
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    let place = LocationRequest { lat: json!(37.6), lng: json!(127), accuracy: None };
    assert_eq!(caller.moved(domain::AlertId(id), &place, None).await?.status, 202);
    let others = other.press(&located(&other)?, None).await?.ok()?.id;
    data_with_uses(&caller, 1).await;
    data_with_uses(&other, 1).await;

    assert_eq!(choose(&caller, "withdraw").await, 200);

    let held = data(&caller).await;
    assert_eq!((&held["location_uses"], &held["location_use"]), (&json!([]), &json!("withdrawn")));
    let values = outbox(&server).await;
    let of_caller: Vec<_> = values.lines().filter(|value| value.contains(&id.to_string())).collect();
    assert!(of_caller.iter().any(|value| value.contains("\"text\"")), "the call stays: {of_caller:?}");
    assert!(!of_caller.iter().any(|value| value.contains("37.")), "{of_caller:?}");
    let (_late, snapshot) = neighbour.listen().await?;
    let alert = snapshot.alert(id).expect("the call stays").json();
    assert!(alert["lat"].is_null(), "{alert}");
    assert!(!snapshot.messages.iter().any(|message| message.json().to_string().contains("37.6")));
    assert_eq!(snapshot.alert(others).expect("a neighbour's call").json()["lat"], "37.5");
    assert_eq!(data(&other).await["location_uses"].as_array().unwrap().len(), 1);
    assert!(page(&caller, "/me").await.contains("data-state=\"withdrawn\""));
    assert_eq!(choose(&caller, "pause").await, 422, "there is nothing left to pause");
    let query = "SELECT COUNT(*) FROM located_calls WHERE account = 'resident-1203'";
    assert_eq!(count(&server, query).await, 0);

    assert_eq!(choose(&caller, "give").await, 200);
    let id = caller.press(&located(&caller)?, None).await?.ok()?.id;
    let (_later, snapshot) = neighbour.listen().await?;
    assert_eq!(snapshot.alert(id).expect("the new call").json()["lat"], "37.5");
    Ok(())
}

#[tokio::test]
async fn a_database_that_takes_no_writes_delays_no_press_and_loses_no_use() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let mut database = open(&server, "iutsai.db").await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut database).await.unwrap();

    let key = Uuid::now_v7();
    let recorded = caller.press(&located(&caller)?, Some(key)).await?.ok()?;
    socket.wait_for("the call", |message| message.is_alert(recorded.id)).await?;
    let refused = send(caller.request(Method::GET, "/me/data.json")).await;
    assert_eq!(refused.status(), 503, "a download that cannot be recorded is not given out");
    let written = count(&server, "SELECT COUNT(*) FROM location_uses").await;
    assert_eq!(written, 0, "nothing can be written yet");

    sqlx::query("COMMIT").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let held = data_with_uses(&caller, 1).await;
    assert_eq!(held["location_uses"][0]["viewer"], NEIGHBOUR);
    Ok(())
}

#[tokio::test]
async fn a_new_account_of_a_name_that_was_used_before_sees_nothing_of_the_former_person() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (_socket, _) = neighbour.listen().await?;
    caller.press(&located(&caller)?, None).await?.ok()?;
    data_with_uses(&caller, 1).await;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let moved_out = office.request(Method::POST, "/api/people/resident-1203/move-out").json(&json!({}));
    assert_eq!(send(moved_out).await.status(), 200);

    let successor = person_of(&server, &client, "resident", ("101-1", "1203"), CALLER).await?;

    let held = data(&successor).await;
    assert_eq!((&held["location_uses"], &held["records"]), (&json!([]), &json!([])));
    Ok(())
}
