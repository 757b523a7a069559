//! By Web Push a device without an open page is reached through a push service, which learns nothing of the call.

mod answers;
pub(crate) mod phone;
mod refused;
mod renewed;
pub(crate) mod service;
mod steps;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{AlertId, Kind, api::ProgressRequest};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    Error,
    client::{Client, Session, Step},
    server::{Program, Server},
};

use self::{
    phone::{Phone, claims, devices, server_key},
    service::{Answer, Pushed, Service},
};
use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, accept_of, change_accounts,
    program, sign_in,
};

/// The time within which nothing more must come. It is several times what a node waits before it looks after another
/// one's work.
pub(crate) const NO_MORE_WITHIN: Duration = Duration::from_secs(15);

/// Rounds in which the copy of the accounts and then that of the devices are brought up to date.
pub(crate) const COPIED_WITHIN: Duration = Duration::from_secs(6);

/// A server that sends to the test's own push service, and a client of it.
async fn server_and_service() -> Result<(Server, Client, Service), Error> {
    let server = pushing().start().await?;
    let client = server.client()?;
    Ok((server, client, Service::start().await))
}

fn pushing() -> Program {
    program().env("IUTSAI_PUSH_HOSTS", "loopback").env("IUTSAI_PUSH_CONTACT", "mailto:office@iutsai.example")
}

async fn press(by: &Session) -> Result<AlertId, Error> {
    let mut call = by.call("a secret")?;
    (call.lat, call.lng) = (Some(json!(37.566_535)), Some(json!(126.977_969)));
    Ok(AlertId(by.press(&call, None).await?.ok()?.id))
}

/// Makes sure that a push has the headers of an alarm, and nothing of the call that can be read.
fn learns_nothing(pushed: &Pushed, call: AlertId) {
    for (name, value) in [
        ("ttl", "600"),
        ("urgency", "high"),
        ("content-encoding", "aes128gcm"),
        ("content-type", "application/octet-stream"),
    ] {
        assert_eq!(pushed.header(name), value, "{name}");
    }
    let seen = format!("{:?} {}", pushed.headers, String::from_utf8_lossy(&pushed.body));
    for secret in ["1203", "101-1", "a secret", "37.56", &call.to_string()] {
        assert!(!seen.contains(secret), "the push service reads {secret}");
    }
}

/// Makes sure that the claims are for this service, by the office, and for a day at most.
fn are_for(service: &Service, claims: &Value) {
    let wanted = (&json!(service.origin()), &json!("mailto:office@iutsai.example"));
    assert_eq!((&claims["aud"], &claims["sub"]), wanted);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!((now..=now + 24 * 60 * 60).contains(&claims["exp"].as_u64().unwrap()), "{claims}");
}

#[tokio::test]
async fn a_neighbour_without_an_open_page_is_pushed_and_the_push_service_learns_nothing() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (own, _) = Phone::of(&caller, &service, "/own").await?;
    let (phone, device) = Phone::of(&neighbour, &service, "/neighbour").await?;
    let (elsewhere, _) = Phone::of(&sign_in(&client, STRANGER).await?, &service, "/elsewhere").await?;
    let (office, _) = Phone::of(&sign_in(&client, ADMINISTRATOR).await?, &service, "/office").await?;

    let call = press(&caller).await?;

    let pushed = service.wait_for(&phone.path, 1).await.remove(0);
    learns_nothing(&pushed, call);
    let topic = pushed.header("topic").to_owned();
    assert_eq!(topic.len(), 22, "{topic}");
    are_for(&service, &claims(&pushed, &server_key(&neighbour).await?));

    let shown = phone.read(&pushed);
    assert_eq!(shown["web_push"], 8030);
    assert_eq!(shown["notification"]["title"], "1203호에서 도움을 요청했어요");
    assert_eq!(shown["notification"]["tag"], topic);
    assert_eq!(shown["notification"]["actions"][0]["action"], "accept");
    let wanted = json!({
        "class": "alert", "device": device.id, "line": "101-1", "house": "1203", "alert": call.to_string(),
    });
    assert_eq!(shown["notification"]["data"], wanted);
    let text = shown.to_string();
    assert!(!text.contains("a secret") && !text.contains("37.56"), "anybody may see a locked screen: {text}");

    let for_office = office.read(&service.wait_for(&office.path, 1).await[0]);
    assert!(for_office["notification"].get("actions").is_none(), "the office has no flat to come from");

    let ended = caller.progress(call, Step::Resolve, &ProgressRequest::default(), None).await?;
    assert_eq!(ended.status, 202);
    let over = service.wait_for(&phone.path, 2).await.remove(1);
    assert_eq!((over.header("topic"), over.header("urgency")), (topic.as_str(), "normal"));
    let over = phone.read(&over);
    assert_eq!(
        (&over["notification"]["tag"], &over["notification"]["silent"]),
        (&json!(topic), &json!(true))
    );
    assert_eq!(over["notification"]["data"]["class"], "over");
    assert_eq!(service.at(&own.path).len(), 0, "the house that calls is not alarmed");
    assert_eq!(service.at(&elsewhere.path).len(), 0, "another line is not, either");
    Ok(())
}

#[tokio::test]
async fn a_house_that_comes_is_not_alarmed_any_more_and_all_are_again_when_its_helper_leaves() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (helper, other) = (sign_in(&client, NEIGHBOUR).await?, sign_in(&client, SECOND_NEIGHBOUR).await?);
    let (theirs, _) = Phone::of(&helper, &service, "/helper").await?;
    let (another, _) = Phone::of(&other, &service, "/other").await?;
    let call = press(&caller).await?;
    service.wait_for(&theirs.path, 1).await;
    service.wait_for(&another.path, 1).await;

    let accept = accept_of(&helper, &caller, Some(call));
    assert_eq!(helper.accept(&accept, None).await?.status, 202);
    let coming = theirs.read(&service.wait_for(&theirs.path, 2).await[1]);
    assert_eq!(coming["notification"]["data"]["class"], "coming");
    assert_eq!(coming["notification"]["silent"], true);
    assert_eq!(service.at(&another.path).len(), 1, "to the other house nothing has changed");

    assert_eq!(helper.progress(call, Step::Withdraw, &ProgressRequest::default(), None).await?.status, 202);
    let again = another.read(&service.wait_for(&another.path, 2).await[1]);
    assert_eq!(again["notification"]["data"]["class"], "alert", "nobody comes any more");
    service.wait_for(&theirs.path, 3).await;
    Ok(())
}

/// An intruder must not notice that somebody called.
#[tokio::test]
async fn no_device_of_a_house_that_calls_about_an_intruder_is_pushed_at_any_step_of_its_call() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let (caller, helper) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (own, _) = Phone::of(&caller, &service, "/own").await?;
    let (second, _) = Phone::of(&sign_in(&client, CALLER).await?, &service, "/second").await?;
    let (theirs, _) = Phone::of(&helper, &service, "/helper").await?;
    let mut intruder = caller.call("")?;
    intruder.kind = Some(Kind::Intruder);
    let call = AlertId(caller.press(&intruder, None).await?.ok()?.id);
    let shown = theirs.read(&service.wait_for(&theirs.path, 1).await[0]);
    assert!(shown["notification"]["body"].as_str().unwrap().starts_with("침입"), "{shown}");

    let accept = accept_of(&helper, &caller, Some(call));
    assert_eq!(helper.accept(&accept, None).await?.status, 202);
    service.wait_for(&theirs.path, 2).await;
    assert_eq!(helper.progress(call, Step::Withdraw, &ProgressRequest::default(), None).await?.status, 202);
    service.wait_for(&theirs.path, 3).await;
    assert_eq!(caller.progress(call, Step::Resolve, &ProgressRequest::default(), None).await?.status, 202);
    service.wait_for(&theirs.path, 4).await;
    assert_eq!((service.at(&own.path).len(), service.at(&second.path).len()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_drill_is_pushed_as_one() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (phone, _) = Phone::of(&sign_in(&client, NEIGHBOUR).await?, &service, "/neighbour").await?;
    let mut drill = caller.call("")?;
    drill.drill = true;
    caller.press(&drill, None).await?.ok()?;
    let shown = phone.read(&service.wait_for(&phone.path, 1).await[0]);
    assert_eq!(shown["notification"]["title"], "[훈련] 1203호에서 도움을 요청했어요");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_killed_right_after_the_202_pushes_after_its_start_and_once() -> Outcome {
    let (mut server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (phone, _) = Phone::of(&sign_in(&client, NEIGHBOUR).await?, &service, "/neighbour").await?;
    // Whatever comes before the end of the process has no answer.
    service.answer(&phone.path, &[Answer::Silence]);
    let call = press(&caller).await?;
    server.kill().await?;
    let before = service.at(&phone.path).len();
    if before == 0 {
        service.answer(&phone.path, &[]);
    }
    server.restart().await?;
    let pushed = service.wait_for(&phone.path, before + 1).await;
    let shown = phone.read(pushed.last().unwrap());
    assert_eq!(shown["notification"]["data"]["alert"], call.to_string());
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(&phone.path).len(), before + 1, "it is pushed once");
    server.kill().await?;
    server.restart().await?;
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(&phone.path).len(), before + 1, "and a later start knows that it is done");
    Ok(())
}

#[tokio::test]
async fn a_database_that_does_not_answer_puts_no_push_off() -> Outcome {
    let (server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (phone, _) = Phone::of(&sign_in(&client, NEIGHBOUR).await?, &service, "/neighbour").await?;
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    let mut database = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut database).await.unwrap();

    let call = press(&caller).await?;

    let shown = phone.read(&service.wait_for(&phone.path, 1).await[0]);
    assert_eq!(shown["notification"]["data"]["alert"], call.to_string());
    // Only now could anybody have written a claim.
    sqlx::query("ROLLBACK").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    tokio::time::sleep(NO_MORE_WITHIN).await;
    assert_eq!(service.at(&phone.path).len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_device_is_tried_and_reports_that_it_has_shown_something() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (phone, device) = Phone::of(&neighbour, &service, "/neighbour").await?;
    assert_eq!((device.accepted, device.worked), (None, None));
    let of = |rest: &str| format!("/api/push/subscriptions/{}{rest}", device.id);
    let tried = client.send::<()>(neighbour.request(Method::POST, &of("/test"))).await?;
    assert_eq!(tried.status, 204);
    let shown = phone.read(&service.wait_for(&phone.path, 1).await[0]);
    assert_eq!(shown["notification"]["title"], "알림 시험");
    let [listed] = &devices(&neighbour).await?[..] else { panic!("one device") };
    assert!(
        listed.accepted.is_some() && listed.worked.is_none(),
        "a 201 is no word of the device: {listed:?}"
    );
    client.send::<()>(neighbour.request(Method::POST, &of("/shown"))).await?.ok()?;
    assert!(devices(&neighbour).await?[0].worked.is_some());

    service.answer(&phone.path, &[Answer::Status(410)]);
    let gone = client.send::<Value>(neighbour.request(Method::POST, &of("/test"))).await?;
    assert_eq!(gone.outcome.unwrap_err().kind, "/problems/not-found");
    assert_eq!(devices(&neighbour).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_resident_who_moves_is_alarmed_by_the_new_line_only() -> Outcome {
    let (server, client, service) = server_and_service().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (moved, _) = Phone::of(&sign_in(&client, NEIGHBOUR).await?, &service, "/moved").await?;
    let (stays, _) = Phone::of(&sign_in(&client, SECOND_NEIGHBOUR).await?, &service, "/stays").await?;
    change_accounts(&server, "UPDATE residents SET line = '101-2' WHERE name = 'resident-1204'").await;
    tokio::time::sleep(COPIED_WITHIN).await;
    press(&caller).await?;
    service.wait_for(&stays.path, 1).await;
    let elsewhere = sign_in(&client, STRANGER).await?;
    press(&elsewhere).await?;
    let shown = moved.read(&service.wait_for(&moved.path, 1).await[0]);
    assert_eq!(shown["notification"]["data"]["line"], "101-2");
    assert_eq!(service.at(&moved.path).len(), 1, "the old line is not theirs any more");
    Ok(())
}

#[tokio::test]
async fn a_restart_keeps_the_key_that_devices_subscribed_with() -> Outcome {
    let (mut server, client, service) = server_and_service().await?;
    let neighbour = sign_in(&client, SECOND_NEIGHBOUR).await?;
    let before = server_key(&neighbour).await?;
    let (phone, _) = Phone::of(&neighbour, &service, "/neighbour").await?;
    server.kill().await?;
    server.restart().await?;
    assert_eq!(server_key(&neighbour).await?, before);
    press(&sign_in(&client, CALLER).await?).await?;
    service.wait_for(&phone.path, 1).await;
    Ok(())
}
