//! The acts of the office on accounts, lines and houses.

use std::time::Duration;

use domain::Resident;
use reqwest::Method;
use serde_json::json;
use testkit::{
    Error,
    client::{Session, Socket},
};

use super::{act, house, invited, joining, post, refusal};
use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, header, send, server_and_client, sign_in,
};

/// Within this time every server has the change.
const WITHIN: Duration = Duration::from_secs(5);

async fn is_cut(socket: &mut Socket) -> Result<(), Error> {
    socket.set_patience(WITHIN);
    let end = socket.ended().await?;
    assert_eq!(end.code(), Some(1008), "{end}");
    Ok(())
}

async fn status(session: &Session) -> Result<u16, Error> {
    let request = session.request(Method::GET, "/api/session");
    Ok(session.client().send::<Resident>(request).await?.status)
}

#[tokio::test]
async fn a_locked_account_is_cut_off_and_signs_in_again_when_it_is_unlocked() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (office, neighbour) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    act(&office, &format!("/api/people/{NEIGHBOUR}/lock"), &json!({})).await;
    is_cut(&mut socket).await?;
    assert_eq!(status(&neighbour).await?, 401);
    let locked = client.sign_in(NEIGHBOUR, PASSWORD).await.unwrap_err();
    assert_eq!(locked.problem().unwrap().kind, "/problems/account-locked");
    let wrong = client.sign_in(NEIGHBOUR, "not the password").await.unwrap_err();
    assert_eq!(wrong.problem().unwrap().kind, "/problems/sign-in-refused", "a stranger learns nothing");
    act(&office, &format!("/api/people/{NEIGHBOUR}/unlock"), &json!({})).await;
    assert_eq!(status(&neighbour).await?, 401, "the session has ended for good");
    sign_in(&client, NEIGHBOUR).await?;
    Ok(())
}

#[tokio::test]
async fn ending_sessions_and_moving_out_close_the_sockets_and_the_house_stays() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (office, neighbour) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    act(&office, &format!("/api/people/{NEIGHBOUR}/end-sessions"), &json!({})).await;
    is_cut(&mut socket).await?;

    let code = invited(&office, "101-1", "1204").await;
    let (mut socket, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    act(&office, &format!("/api/people/{NEIGHBOUR}/move-out"), &json!({})).await;
    is_cut(&mut socket).await?;
    client.sign_in(NEIGHBOUR, PASSWORD).await.unwrap_err();
    assert_eq!(house(&office, "101-1", "1204").await.unwrap()["residents"], json!([]));
    let (_, kind, _) = refusal(send(joining(&client, &code, "kim")).await).await;
    assert_eq!(kind, "/problems/invitation-gone", "a card that was left in the flat");
    Ok(())
}

#[tokio::test]
async fn the_last_administrator_stays_one_and_another_role_holds_at_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (office, neighbour) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, NEIGHBOUR).await?);
    for path in ["lock", "move-out"] {
        let path = format!("/api/people/{ADMINISTRATOR}/{path}");
        let (status, kind, _) = refusal(send(post(&office, &path, &json!({}))).await).await;
        assert_eq!((status, kind.as_str()), (409, "/problems/last-administrator"));
    }
    let (mut socket, _) = neighbour.listen().await?;
    act(&office, &format!("/api/people/{NEIGHBOUR}/role"), &json!({ "role": "administrator" })).await;
    is_cut(&mut socket).await?;
    assert_eq!(send(neighbour.request(Method::GET, "/api/people")).await.status(), 200);
    let role = json!({ "role": "resident" });
    let path = format!("/api/people/{ADMINISTRATOR}/role");
    assert_eq!(refusal(send(post(&office, &path, &role)).await).await.0, 422, "it has no flat");
    act(&office, &format!("/api/people/{NEIGHBOUR}/role"), &role).await;
    Ok(())
}

#[tokio::test]
async fn a_line_that_still_has_residents_stays_whole() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    act(&office, "/api/houses", &json!({ "line": "101-1", "house": "1401" })).await;
    let line = json!({ "line": "101-1" });
    let (status, kind, detail) = refusal(send(post(&office, "/api/lines/remove", &line)).await).await;
    assert_eq!((status, kind.as_str()), (409, "/problems/occupied"));
    assert!(detail.starts_with("3 people of 101-1"), "{detail}");
    assert!(house(&office, "101-1", "1401").await.is_some(), "nothing is changed");
    let occupied = json!({ "line": "101-1", "house": "1203" });
    assert_eq!(refusal(send(post(&office, "/api/houses/remove", &occupied)).await).await.0, 409);
    act(&office, "/api/houses/remove", &json!({ "line": "101-1", "house": "1401" })).await;
    assert_eq!(house(&office, "101-1", "1401").await, None);
    let unknown = json!({ "line": "109-9" });
    let (status, kind, _) = refusal(send(post(&office, "/api/lines/remove", &unknown)).await).await;
    assert_eq!((status, kind.as_str()), (404, "/problems/not-known"));
    Ok(())
}

#[tokio::test]
async fn the_pages_forms_lead_back_with_a_notice_and_another_site_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let form = [("back", "/admin/people?line=101-1")];
    let lock = |name: &str| office.request(Method::POST, &format!("/api/people/{name}/lock")).form(&form);
    let response = send(lock(CALLER)).await;
    let to = "/admin/people?line=101-1&done=locked&about=resident-1203";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    let response = send(lock("nobody")).await;
    assert!(header(&response, "location").contains("problem=not-known&about=nobody"));
    let page = office.request(Method::GET, to).header("accept-language", "ko");
    let html = send(page).await.text().await.unwrap();
    assert!(html.contains("data-testid=\"done\"") && html.contains("resident-1203"), "{html}");
    let foreign =
        lock(CALLER).header("sec-fetch-site", "cross-site").header("origin", "https://evil.example");
    assert_eq!(refusal(send(foreign).await).await.1, "/problems/foreign-origin");
    Ok(())
}

/// Sends the page's form for a neighbour who has moved out, and returns where it led to.
async fn move_out(office: &Session, fields: &[(&str, &str)]) -> String {
    let request = office.request(Method::POST, &format!("/api/people/{NEIGHBOUR}/move-out"));
    header(&send(request.form(fields)).await, "location").to_owned()
}

#[tokio::test]
async fn moving_out_by_the_page_needs_a_tick_because_nothing_brings_an_account_back() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let back = ("back", "/admin/people?line=101-1");
    let unconfirmed = move_out(&office, &[back]).await;
    assert!(unconfirmed.ends_with("&problem=unconfirmed&about=resident-1204"), "{unconfirmed}");
    sign_in(&client, NEIGHBOUR).await?;
    let page = office.request(Method::GET, &unconfirmed).header("accept-language", "en");
    let html = send(page).await.text().await.unwrap();
    assert!(html.contains("is not deleted") && html.contains("name=\"confirmed\""), "{html}");
    let confirmed = move_out(&office, &[back, ("confirmed", "yes")]).await;
    assert!(confirmed.ends_with("&done=moved-out&about=resident-1204"), "{confirmed}");
    client.sign_in(NEIGHBOUR, PASSWORD).await.unwrap_err();
    Ok(())
}
