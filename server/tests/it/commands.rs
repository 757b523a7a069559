//! The commands over HTTP, with their authors, their refusals, and repeated keys.

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, accept_of, header, program, send, server_and_client,
    sign_in,
};
use domain::{
    AlertId,
    api::{LocationRequest, ProgressRequest, Recorded},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::client::{Answer, Client, Session, Step};
use uuid::Uuid;

fn kind(answer: &Answer<Recorded>) -> (u16, &str) {
    (answer.status, answer.outcome.as_ref().err().map_or("accepted", |problem| problem.kind.as_str()))
}

async fn raw(
    client: &Client,
    caller: &Session,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Answer<Recorded> {
    let request = caller.request(Method::POST, "/alert").header("content-type", content_type).body(body);
    client.send(request).await.unwrap()
}

#[tokio::test]
async fn a_call_goes_its_whole_way() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let pressed = caller.press(&caller.call("fire")?, None).await?;
    assert_eq!(pressed.status, 202);
    let call = AlertId(pressed.ok()?.id);
    // Accepted at once, and without naming the call, because it may be on its way to the hub still.
    assert_eq!(neighbour.accept(&accept_of(&neighbour, &caller, None), None).await?.status, 202);
    let nothing = ProgressRequest::default();
    assert_eq!(neighbour.progress(call, Step::Arrived, &nothing, None).await?.status, 202);
    assert_eq!(neighbour.progress(call, Step::Withdraw, &nothing, None).await?.status, 202);
    let place = LocationRequest { lat: json!(37.5), lng: json!("127.0"), accuracy: None };
    assert_eq!(caller.moved(call, &place, None).await?.status, 202);
    assert_eq!(caller.progress(call, Step::Cancel, &nothing, None).await?.status, 202);
    Ok(())
}

#[tokio::test]
async fn without_a_session_nothing_is_accepted() -> Outcome {
    let (_server, client) = server_and_client().await?;
    for path in ["/alert", "/accept", "/alert/0190f8a0-0000-7000-8000-000000000000/cancel"] {
        let request = client.request(Method::POST, path).json(&json!({ "line": "101-1", "house": "1203" }));
        assert_eq!(kind(&client.send(request).await?), (401, "/problems/not-signed-in"), "{path}");
        let request = client.request(Method::POST, path).bearer_auth("wrong").json(&json!({}));
        assert_eq!(kind(&client.send(request).await?), (401, "/problems/not-signed-in"), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_call_in_another_houses_name_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let answer = caller.press(&neighbour.call("")?, None).await?;
    assert_eq!(kind(&answer), (403, "/problems/not-yours"));
    let stranger = sign_in(&client, STRANGER).await?;
    let answer = stranger.press(&caller.call("")?, None).await?;
    assert_eq!(kind(&answer), (403, "/problems/not-yours"));
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    let answer = administrator.press(&caller.call("")?, None).await?;
    assert_eq!(kind(&answer), (403, "/problems/not-yours"));
    Ok(())
}

#[tokio::test]
async fn an_accept_without_an_open_call_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let answer = neighbour.accept(&accept_of(&neighbour, &caller, None), None).await?;
    assert_eq!(kind(&answer), (409, "/problems/no-open-call"));
    Ok(())
}

#[tokio::test]
async fn a_body_that_cannot_be_used_is_refused_with_what_to_do() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let cases = [
        ("application/json", "{\"line\":", 400, "/problems/malformed"),
        ("application/json", "{\"line\":\"101-1\"}", 422, "/problems/invalid"),
        ("application/json", "", 422, "/problems/invalid"),
        ("application/json", "{\"line\":\"101-1\",\"house\":\"a/b\"}", 422, "/problems/invalid"),
        ("text/plain", "help", 415, "/problems/unsupported-media-type"),
    ];
    for (content_type, body, status, problem) in cases {
        let answer = raw(&client, &caller, content_type, body).await;
        assert_eq!(kind(&answer), (status, problem), "{body}");
    }
    let missing = raw(&client, &caller, "application/json", "{\"line\":\"101-1\"}").await;
    assert!(missing.outcome.unwrap_err().detail.contains("house"));
    let answer = raw(&client, &caller, "application/json", "x".repeat(70_000)).await;
    assert_eq!(kind(&answer), (413, "/problems/too-large"));
    let mut call = caller.call("")?;
    call.text = Some("가".repeat(1_001));
    assert_eq!(kind(&caller.press(&call, None).await?), (422, "/problems/invalid"));
    call.text = Some("가".repeat(1_000));
    assert_eq!(caller.press(&call, None).await?.status, 202);
    Ok(())
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_another_body_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let key = Uuid::now_v7();
    let call = caller.call("once")?;
    let (first, second) = tokio::join!(caller.press(&call, Some(key)), caller.press(&call, Some(key)));
    assert_eq!((first?.ok()?.id, second?.ok()?.id), (key, key));
    let answer = caller.press(&caller.call("twice")?, Some(key)).await?;
    assert_eq!(kind(&answer), (422, "/problems/idempotency-key-reused"));
    Ok(())
}

#[tokio::test]
async fn the_id_of_another_houses_call_is_refused_and_the_call_stays_what_it_was() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut listener, _) = neighbour.listen().await?;
    let key = caller.press(&caller.call("mine")?, None).await?.ok()?.id;
    listener.wait_for("the call", |message| message.is_alert(key)).await?;
    let answer = neighbour.press(&neighbour.call("not mine")?, Some(key)).await?;
    assert_eq!(kind(&answer), (409, "/problems/id-taken"));
    let own = neighbour.press(&neighbour.call("not mine")?, None).await?.ok()?.id;
    let alert = listener.wait_for("the neighbour's own call", |message| message.is_alert(own)).await?;
    assert_eq!(alert.json()["house"], "1204");
    Ok(())
}

#[tokio::test]
async fn any_uuid_is_a_key_and_what_is_none_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let press = async |key: &str| {
        let call = caller.call("").unwrap();
        let request = caller.request(Method::POST, "/alert").header("idempotency-key", key).json(&call);
        client.send::<Recorded>(request).await.unwrap()
    };
    for key in ["5a0d9d6c-6a5e-4c5a-9d53-0f3f6f1f2a10", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"] {
        for _ in 0..2 {
            assert_eq!(press(key).await.ok()?.id.to_string(), key, "the same key gets the same answer");
        }
    }
    for none in [Uuid::nil(), Uuid::max()] {
        let (first, second) =
            (press(&none.to_string()).await.ok()?.id, press(&none.to_string()).await.ok()?.id);
        assert!(first != none && second != none && first != second, "{none} counts as no key");
    }
    for wrong in ["1", "a key"] {
        let answer = press(wrong).await;
        assert_eq!(kind(&answer), (422, "/problems/idempotency-key-invalid"), "{wrong}");
        assert!(answer.outcome.unwrap_err().detail.contains("UUID"));
    }
    Ok(())
}

#[tokio::test]
async fn a_careless_clients_press_goes_out() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let mut delivered = async |body: &str| {
        let answer = raw(&client, &caller, "application/json", body.to_owned()).await;
        assert_eq!(kind(&answer).0, 202, "{body}");
        let id = answer.ok().unwrap().id;
        let alert = socket.wait_for("the alert", |message| message.is_alert(id)).await.unwrap().json();
        let ended = caller.progress(AlertId(id), Step::Cancel, &ProgressRequest::default(), None).await;
        assert_eq!(ended.unwrap().status, 202);
        (alert["text"].as_str().unwrap_or_default().to_owned(), alert["drill"] == true)
    };
    let emergency = |text: &str| (text.to_owned(), false);
    assert_eq!(delivered(r#"{"line":"101-1","house":1203,"text":119}"#).await, emergency("119"));
    let surrogate = r#"{"line":"101-1","house":"1203","text":"\ud83d!"}"#;
    assert_eq!(delivered(surrogate).await, emergency("\u{fffd}!"));
    let marked = "\u{feff}{\"line\":\"101-1\",\"house\":\"1203\",\"text\":\"불\"}";
    assert_eq!(delivered(marked).await, emergency("불"));
    assert_eq!(delivered(r#"{"line":" 101-1","house":"1203 ","text":["a"],"kind":{}}"#).await, emergency(""));
    assert_eq!(delivered(r#"{"line":"101-1","house":"1203","lat":NaN,"lng":127}"#).await, emergency(""));
    for drill in [r#""true""#, r#""1""#, "1", "true"] {
        let body = format!(r#"{{"line":"101-1","house":"1203","text":"훈련","drill":{drill}}}"#);
        assert_eq!(delivered(body.as_str()).await, ("훈련".to_owned(), true), "{drill}");
    }
    Ok(())
}

#[tokio::test]
async fn json_is_read_under_any_content_type() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let body = r#"{"line":"101-1","house":"1203"}"#;
    for content_type in ["application/x-www-form-urlencoded", "text/plain;charset=UTF-8", "*/*"] {
        assert_eq!(kind(&raw(&client, &caller, content_type, body).await).0, 202, "{content_type}");
    }
    let bare = caller.request(Method::POST, "/alert").body(body);
    assert_eq!(kind(&client.send(bare).await?).0, 202, "no content type at all");
    let form = "application/x-www-form-urlencoded";
    let wrong = raw(&client, &caller, form, r#"{"line":"101-1","house":"1204"}"#).await;
    assert_eq!(kind(&wrong), (403, "/problems/not-yours"), "a program gets a problem, not a page");
    let broken = raw(&client, &caller, form, r#"{"line":"101-1""#).await;
    assert_eq!(kind(&broken), (400, "/problems/malformed"));
    Ok(())
}

#[tokio::test]
async fn the_same_request_written_otherwise_is_the_same_under_its_key() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let key = Uuid::now_v7();
    for body in
        [r#"{"line":"101-1","house":1203,"text":"7"}"#, r#"{"text":7,"house":" 1203 ","line":"101-1"}"#]
    {
        let request = caller.request(Method::POST, "/alert").header("idempotency-key", key.to_string());
        assert_eq!(client.send::<Recorded>(request.body(body)).await?.ok()?.id, key, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn a_careless_neighbours_answers_go_out() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let accept = format!(r#"{{"line":"101-1 ","acceptHouse":1204,"targetHouse":"1203","alert":" {call} "}}"#);
    let request = neighbour.request(Method::POST, "/accept").body(accept);
    assert_eq!(kind(&client.send(request).await?).0, 202);
    let request = neighbour.request(Method::POST, &format!("/alert/{call}/arrived"));
    assert_eq!(kind(&client.send(request.body(r#"{"note":5}"#)).await?).0, 202);
    Ok(())
}

#[tokio::test]
async fn a_key_of_the_day_before_makes_a_new_call_and_the_answer_warns() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let keys = [Uuid::now_v7(), Uuid::now_v7()];
    let mut server = program().data_dir(directory.path()).start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let call = caller.call("again")?;
    for key in keys {
        let first = caller.press(&call, Some(key)).await?.ok()?;
        assert_eq!((first.id, first.warning), (key, None));
    }
    server.terminate().await?;
    let file = SqliteConnectOptions::new().filename(directory.path().join("outbox.db"));
    let mut outbox = SqliteConnection::connect_with(&file).await.unwrap();
    // A hub that is built after 60 hours does not know the call any more.
    for (key, hours) in keys.into_iter().zip([25_i64, 60]) {
        let age = sqlx::query("UPDATE entries SET stored_at = stored_at - $1 WHERE id = $2");
        age.bind(hours * 60 * 60 * 1000).bind(key).execute(&mut outbox).await.unwrap();
    }
    outbox.close().await.unwrap();
    let server = program().data_dir(directory.path()).start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    for key in keys {
        let again = caller.press(&call, Some(key)).await?.ok()?;
        assert_ne!(again.id, key);
        assert!(again.warning.unwrap().contains("24 hours"));
    }
    Ok(())
}

#[tokio::test]
async fn a_call_is_cancelled_with_no_body_at_all_and_by_a_form() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let request = caller.request(Method::POST, &format!("/alert/{call}/resolve"));
    assert_eq!(kind(&client.send(request).await?).0, 202);
    let request = caller.request(Method::POST, &format!("/alert/{call}/cancel")).form(&[("note", "")]);
    let response = send(request).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, &*format!("/call/{call}")));
    Ok(())
}

#[tokio::test]
async fn an_unknown_address_is_a_problem_too() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let answer = client.send::<Value>(caller.request(Method::GET, "/api/nothing")).await?;
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/not-found");
    let answer = client.send::<Value>(caller.request(Method::GET, "/alert")).await?;
    assert_eq!(answer.header("allow"), Some("POST"));
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/method-not-allowed");
    let request = caller.request(Method::POST, "/alert/not-a-uuid/cancel");
    assert_eq!(client.send::<Value>(request).await?.outcome.unwrap_err().kind, "/problems/not-found");
    Ok(())
}
