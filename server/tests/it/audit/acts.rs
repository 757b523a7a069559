//! Each act leaves its record, of the office, of a person, of a screen and of the command line.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use testkit::client::Subscribe;

use super::{PATIENCE, act, has, records, until_recorded};
use crate::{
    me::{choose, data, located},
    second_factor::{led_to, protect},
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, command, page, resident_of, send,
        server_and_client, sign_in,
    },
};

#[tokio::test]
async fn every_act_of_the_office_leaves_a_record_with_who_from_where_and_whose() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let path = |name: &str| format!("/api/people/{NEIGHBOUR}/{name}");
    let cases = [
        ("/api/houses".to_owned(), json!({ "line": "109-1", "house": "101" }), "house-added", "109-1 101"),
        (
            "/api/lines/neighbours".into(),
            json!({ "line": "109-1", "neighbours": "" }),
            "neighbours-set",
            "109-1",
        ),
        ("/api/invitations".into(), json!({ "line": "109-1", "house": "101" }), "invited", "109-1 101"),
        (
            "/api/houses/remove".into(),
            json!({ "line": "109-1", "house": "101" }),
            "house-removed",
            "109-1 101",
        ),
        ("/api/lines/remove".into(), json!({ "line": "109-1" }), "line-removed", "109-1"),
        ("/api/escalation".into(), json!({ "neighbours": 7 }), "setting-changed", "escalation"),
        (path("role"), json!({ "role": "administrator" }), "role-changed", NEIGHBOUR),
        (path("role"), json!({ "role": "resident" }), "role-changed", NEIGHBOUR),
        (path("reset"), json!({}), "reset", NEIGHBOUR),
        (path("end-sessions"), json!({}), "sessions-ended", NEIGHBOUR),
        (path("lock"), json!({}), "locked", NEIGHBOUR),
        (path("unlock"), json!({}), "unlocked", NEIGHBOUR),
        (path("move-out"), json!({}), "moved-out", NEIGHBOUR),
    ];
    for (path, body, name, subject) in cases {
        act(&office, &path, &body).await;
        let records = records(&server);
        let row = records.iter().find(|row| row[3] == name && row[6] == subject);
        let row = row.unwrap_or_else(|| panic!("{path} leaves no record in {records:?}"));
        assert_eq!((row[4].as_str(), row[5].as_str()), (ADMINISTRATOR, "127.0.0.1"), "{path}");
    }
    let table = "line,house\n109-2,101\n";
    let import = |query: &str| {
        let request = office.request(Method::POST, &format!("/api/people/import{query}"));
        request.header("content-type", "text/csv").body(table)
    };
    let preview: Value = send(import("")).await.json().await.unwrap();
    assert!(!has(&records(&server), "imported", ADMINISTRATOR, ""), "a preview changes nothing");
    let digest = preview["digest"].as_str().unwrap();
    assert_eq!(send(import(&format!("?digest={digest}"))).await.status(), 200);
    assert!(has(&records(&server), "imported", ADMINISTRATOR, ""));
    Ok(())
}

#[tokio::test]
async fn an_act_that_is_refused_leaves_no_record() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let request = office.request(Method::POST, &format!("/api/people/{ADMINISTRATOR}/lock")).json(&json!({}));
    assert_eq!(send(request).await.status(), 409);
    assert!(!has(&records(&server), "locked", ADMINISTRATOR, ADMINISTRATOR));
    Ok(())
}

#[tokio::test]
async fn signing_in_and_out_is_recorded_and_refusals_are_folded_into_one_record() -> Outcome {
    let (mut server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let row = until_recorded(&server, "signed-in", CALLER, CALLER).await;
    assert_eq!(row[5], "127.0.0.1");
    assert_eq!(send(caller.request(Method::DELETE, "/api/session")).await.status(), 204);
    until_recorded(&server, "signed-out", CALLER, CALLER).await;
    for _ in 0..3 {
        client.sign_in(NEIGHBOUR, "guess").await.unwrap_err();
    }
    client.sign_in("correct horse battery", PASSWORD).await.unwrap_err();
    // The end of the program writes the refusals that are counted until the end of a minute, too.
    server.terminate().await?;
    let records = records(&server);
    let refused: Vec<_> = records.iter().filter(|row| row[3] == "sign-in-refused").collect();
    let times = |subject: &str| -> u64 {
        let of_subject = refused.iter().filter(|row| row[6] == subject && row[5] == "127.0.0.1");
        of_subject.map(|row| row[8].parse::<u64>().unwrap()).sum()
    };
    assert_eq!((times(NEIGHBOUR), times("")), (3, 1), "{refused:?}");
    assert!(refused.len() < 4, "one record stands for several refusals: {refused:?}");
    assert!(!records.concat().concat().contains("battery"), "a name that nobody has may be a password");
    server.restart().await?;
    sign_in(&server.client()?, CALLER).await?;
    Ok(())
}

#[tokio::test]
async fn a_look_of_the_office_at_a_location_and_the_end_of_a_call_are_recorded() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (office, caller) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, CALLER).await?);
    let mut socket = office.connect().await?;
    socket.subscribe(&Subscribe::to("/sub/lines")).await?;
    let call = json!({ "line": "101-1", "house": "1203", "lat": 37.5, "lng": 127.0 });
    let response = send(caller.request(Method::POST, "/alert").json(&call)).await;
    let recorded: Value = response.json().await.unwrap();
    let id = recorded["id"].as_str().unwrap().to_owned();
    let row = until_recorded(&server, "location-seen", ADMINISTRATOR, "101-1 1203").await;
    assert_eq!((row[5].as_str(), row[7].as_str()), ("127.0.0.1", id.as_str()));
    page(&office, &format!("/call/{id}")).await;
    page(&office, &format!("/call/{id}")).await;
    until_recorded(&server, "call-seen", ADMINISTRATOR, "101-1 1203").await;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    neighbour.listen().await?;
    let resolve = office.request(Method::POST, &format!("/alert/{id}/resolve")).json(&json!({}));
    assert_eq!(send(resolve).await.status(), 202);
    until_recorded(&server, "call-ended", ADMINISTRATOR, "101-1 1203").await;
    let records = records(&server);
    let count = |act: &str| records.iter().filter(|row| row[3] == act).count();
    assert_eq!((count("location-seen"), count("call-seen")), (1, 1), "the same look counts once an hour");
    assert!(!has(&records, "location-seen", NEIGHBOUR, "101-1 1203"), "a neighbour is not the office");
    assert!(!records.concat().concat().contains("37.5"), "a location is not in its own record");
    Ok(())
}

#[tokio::test]
async fn a_drill_that_the_office_starts_is_recorded_with_its_line() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    act(&office, "/api/drills", &json!({ "line": "101-1" })).await;
    let row = until_recorded(&server, "call-opened", ADMINISTRATOR, "101-1 관리사무소").await;
    assert!(row[7].parse::<uuid::Uuid>().is_ok(), "the id of the drill: {row:?}");
    Ok(())
}

#[tokio::test]
async fn what_a_person_changes_about_signing_in_is_recorded() -> Outcome {
    let (mut server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let is_recorded = |act: &str| has(&records(&server), act, ADMINISTRATOR, ADMINISTRATOR);
    protect(&office).await;
    assert!(is_recorded("second-factor-begun") && is_recorded("second-factor-set"));
    assert!(command(&server, &["admin", "reset-second-factor", "--name", ADMINISTRATOR]).0);
    assert!(has(&records(&server), "second-factor-removed", "@command-line", ADMINISTRATOR));
    assert!(!is_recorded("second-factor-removed"));

    let protected = protect(&office).await;
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some("not a code")).await.unwrap_err();
    assert!(!is_recorded("recovery-code-used"), "a wrong code is not used");
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&protected.recovery_codes[0])).await?;
    assert!(is_recorded("recovery-code-used"));
    let codes = [("act", "codes"), ("password", PASSWORD), ("code", protected.recovery_codes[1].as_str())];
    assert_eq!(send(office.request(Method::POST, "/me/sign-in").form(&codes)).await.status(), 200);
    assert!(is_recorded("recovery-codes-renewed"));
    assert_eq!(led_to(&office, &[("act", "end"), ("session", "others")]).await, "/me/sign-in?done=others");
    let row = until_recorded(&server, "sessions-ended", ADMINISTRATOR, ADMINISTRATOR).await;
    assert_eq!((row[5].as_str(), row[7].as_str()), ("127.0.0.1", "others"));
    let off = protected.code(1);
    let off = [("act", "off"), ("password", PASSWORD), ("code", off.as_str())];
    assert_eq!(led_to(&office, &off).await, "/me/sign-in?done=off");
    assert!(is_recorded("second-factor-removed"));
    let password = [("act", "password"), ("password", PASSWORD), ("new_password", "correct horse")];
    assert_eq!(led_to(&office, &password).await, "/me/sign-in?done=password");
    assert!(is_recorded("password-chosen"));

    server.terminate().await?;
    let records = records(&server);
    let mut refused = records.iter().filter(|row| row[3] == "sign-in-refused" && row[6] == ADMINISTRATOR);
    assert!(refused.any(|row| row[7] == "second-factor"), "{records:?}");
    Ok(())
}

#[tokio::test]
async fn what_a_person_does_about_the_data_held_about_them_is_recorded() -> Outcome {
    let (server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    caller.press(&located(&caller)?, None).await?.ok()?;
    for choice in ["give", "pause", "withdraw"] {
        assert_eq!(choose(&caller, choice).await, 200, "{choice}");
    }
    assert_eq!(choose(&caller, "pause").await, 422, "what is refused leaves no record");
    data(&caller).await;
    let leave = caller.request(Method::POST, "/me/leave").json(&json!({ "password": PASSWORD }));
    assert_eq!(send(leave).await.status(), 204);

    let records = records(&server);
    let own = records.iter().filter(|row| row[4] == CALLER && row[5] == "127.0.0.1" && row[6] == CALLER);
    let own: Vec<_> = own.map(|row| [&row[3], &row[7], &row[8]].map(String::as_str)).collect();
    let expected = [
        ["account-left", "", "1"],
        ["own-data-downloaded", "", "1"],
        ["locations-forgotten", "", "1"],
        ["consent-withdrawn", "", "1"],
        ["consent-withdrawn", "paused", "1"],
        ["consent-given", "2026-12", "1"],
    ];
    let acts: Vec<_> = own.into_iter().filter(|row| row[0] != "signed-in").collect();
    assert_eq!(acts, expected, "the newest is the first");
    assert!(!records.concat().concat().contains("37.5"), "a location is not in its own record");
    Ok(())
}

#[tokio::test]
async fn a_screen_on_a_wall_is_recorded_with_each_call_whose_location_it_shows() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (office, caller) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, CALLER).await?);
    let make = |name: &str| office.request(Method::POST, "/api/displays").json(&json!({ "name": name }));
    assert_eq!(send(make(" ")).await.status(), 422);
    let made: Value = send(make("wall")).await.json().await.unwrap();
    let rows = records(&server);
    assert!(has(&rows, "display-made", ADMINISTRATOR, "wall"), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row[3] == "display-made").count(), 1, "a refusal leaves none");

    let call = json!({ "line": "101-1", "house": "1203", "lat": 37.5, "lng": 127.0 });
    assert_eq!(send(caller.request(Method::POST, "/alert").json(&call)).await.status(), 202);
    let (_, token) = made["link"].as_str().unwrap().split_once("?display=").unwrap();
    let begun = Instant::now();
    // The answer goes out as soon as the call is durable, and the board has it a moment later.
    loop {
        let board = client.request(Method::GET, "/admin/board");
        let html =
            send(board.header("cookie", format!("iutsai-display={token}"))).await.text().await.unwrap();
        if html.contains("data-house=\"1203\"") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{html}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let row = until_recorded(&server, "location-seen", "@display wall", "101-1 1203").await;
    assert_eq!(row[5], "127.0.0.1");
    assert!(
        !has(&records(&server), "location-seen", ADMINISTRATOR, "101-1 1203"),
        "nobody of the office looked"
    );
    page(&office, "/admin/board").await;
    until_recorded(&server, "location-seen", ADMINISTRATOR, "101-1 1203").await;
    let id = made["display"]["id"].as_str().unwrap();
    act(&office, &format!("/api/displays/{id}/revoke"), &json!({})).await;
    assert!(has(&records(&server), "display-revoked", ADMINISTRATOR, "wall"));
    Ok(())
}

#[tokio::test]
async fn acts_on_the_command_line_are_recorded() -> Outcome {
    let (server, client) = server_and_client().await?;
    resident_of(&server, &client, "kim").await?;
    assert!(command(&server, &["admin", "end-sessions", "--name", "kim"]).0);
    assert!(command(&server, &["export", "--what", "incidents", "--reason", "a question"]).0);
    let records = records(&server);
    assert!(has(&records, "account-made", "@command-line", "kim"), "{records:?}");
    assert!(has(&records, "sessions-ended", "@command-line", "kim"), "{records:?}");
    assert!(
        records.iter().any(|row| row[3] == "exported" && row[7] == "incidents: a question"),
        "{records:?}"
    );
    Ok(())
}
