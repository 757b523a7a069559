//! The budgets of a house, and floods that must not hide another house's call.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, accept_of, header, send, server_and_client,
    sign_in,
};
use domain::{
    AlertId, Kind,
    api::{LocationRequest, ProgressRequest, Recorded},
};
use reqwest::Method;
use serde_json::json;
use testkit::{
    Error,
    client::{Answer, Session, Socket, Step, Subscribe},
    measure::counters::Counters,
};
use uuid::Uuid;

/// Status and type of an answer.
fn kind(answer: &Answer<Recorded>) -> (u16, &str) {
    (answer.status, answer.outcome.as_ref().err().map_or("accepted", |problem| problem.kind.as_str()))
}

const CALL_STANDS: (u16, &str) = (429, "/problems/call-stands");
const TOO_MANY: (u16, &str) = (429, "/problems/too-many");

/// Sends again and again until an answer is not a 202, and returns that.
async fn until_refused(
    mut send: impl AsyncFnMut() -> Result<Answer<Recorded>, Error>,
) -> Result<Answer<Recorded>, Error> {
    for _ in 0..200 {
        let answer = send().await?;
        if answer.status != 202 {
            return Ok(answer);
        }
    }
    panic!("nothing is refused")
}

async fn cancel(caller: &Session, call: Uuid) -> Result<Answer<Recorded>, Error> {
    caller.progress(AlertId(call), Step::Cancel, &ProgressRequest::default(), None).await
}

/// A caller whose presses a neighbour has heard until one was refused.
struct Pressed {
    caller: Session,
    neighbours: Socket,
    ids: Vec<Uuid>,
    refused: Answer<Recorded>,
    /// The key of the press that was refused.
    key: Uuid,
}

impl Pressed {
    /// Waits for each call at the neighbour before the next one, so that it was heard.
    async fn until_refused(caller: Session, neighbour: &Session) -> Result<Self, Error> {
        let (mut neighbours, _) = neighbour.listen().await?;
        let mut ids = Vec::new();
        loop {
            let key = Uuid::now_v7();
            let refused = caller.press(&caller.call(&format!("press {}", ids.len()))?, Some(key)).await?;
            if refused.status != 202 {
                return Ok(Self { caller, neighbours, ids, refused, key });
            }
            neighbours.wait_for("the call", |message| message.is_alert(key)).await?;
            ids.push(key);
            assert!(ids.len() < 200, "nothing is refused");
        }
    }
}

#[tokio::test]
async fn a_house_that_calls_hundreds_of_times_hides_nobodys_call_from_a_page_that_comes_back() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (flooder, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let own = neighbour.press(&neighbour.call("help")?, None).await?.ok()?.id;
    // Nobody of another house is connected, so every press goes out.
    let (mut socket, _) = flooder.listen().await?;
    let mut flood = Vec::new();
    for number in 0..250 {
        let id = flooder.press(&flooder.call(&format!("flood {number}"))?, None).await?.ok()?.id;
        socket.wait_for("the call", |message| message.is_alert(id)).await?;
        flood.push(id);
    }
    for name in [NEIGHBOUR, CALLER, SECOND_NEIGHBOUR] {
        let (_socket, snapshot) = sign_in(&client, name).await?.listen().await?;
        assert!(snapshot.truncated, "{name}");
        assert!(snapshot.alert(own).is_some(), "{name} does not get the call of 1204");
        let newest = flood.iter().rev().take(199);
        assert!(newest.copied().all(|id| snapshot.alert(id).is_some()), "{name}");
    }
    let mut office = sign_in(&client, ADMINISTRATOR).await?.connect().await?;
    office.subscribe(&Subscribe::to("/sub/lines")).await?;
    let snapshot = office.snapshot("line").await?;
    assert!(snapshot.truncated && snapshot.alert(own).is_some());
    Ok(())
}

#[tokio::test]
async fn an_alert_is_refused_only_while_a_call_stands_that_a_neighbour_received() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let Pressed { caller, mut neighbours, ids, refused, key } =
        Pressed::until_refused(caller, &neighbour).await?;
    assert!(ids.len() >= 10, "{} presses in a row are taken", ids.len());
    assert_eq!(kind(&refused), CALL_STANDS);
    assert_eq!(refused.header("retry-after"), None, "it is final");
    let newest = ids.last().unwrap().to_string();
    let detail = refused.outcome.unwrap_err().detail;
    assert!(detail.contains(&newest), "{detail}");

    let mut fire = caller.call("something else")?;
    fire.kind = Some(Kind::Fire);
    let fire = caller.press(&fire, None).await?.ok()?.id;
    neighbours.wait_for("a call of another kind", |message| message.is_alert(fire)).await?;
    for id in ids {
        let end = cancel(&caller, id).await?.ok()?.id;
        neighbours.wait_for("the end", |message| message.is_status(end)).await?;
    }
    // The press that was refused was recorded nowhere, so its key makes a call.
    let id = caller.press(&caller.call("again")?, Some(key)).await?.ok()?.id;
    assert_eq!(id, key);
    neighbours.wait_for("the call", |message| message.is_alert(key)).await.map(drop)
}

#[tokio::test]
async fn the_form_leads_to_the_call_that_stands() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let Pressed { caller, ids, .. } = Pressed::until_refused(caller, &neighbour).await?;
    let form = [("line", "101-1"), ("house", "1203"), ("text", "once more")];
    let response = send(caller.request(Method::POST, "/alert").form(&form)).await;
    let page = format!("/call/{}", ids.last().unwrap());
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, page.as_str()));
    Ok(())
}

#[tokio::test]
async fn a_repetition_costs_nothing_and_gets_its_answer_when_nothing_is_left() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut neighbours, _) = neighbour.listen().await?;
    let (call, key) = (caller.call("once")?, Uuid::now_v7());
    for _ in 0..50 {
        assert_eq!(caller.press(&call, Some(key)).await?.ok()?.id, key);
    }
    neighbours.wait_for("the call", |message| message.is_alert(key)).await?;
    let Pressed { caller, ids, .. } = Pressed::until_refused(caller, &neighbour).await?;
    assert!(ids.len() >= 9, "{} more are taken", ids.len());
    assert_eq!(caller.press(&call, Some(key)).await?.ok()?.id, key);
    Ok(())
}

#[tokio::test]
async fn a_flood_of_locations_is_asked_to_wait_and_a_cancel_passes() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut socket, _) = caller.listen().await?;
    let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
    socket.wait_for("the call", |message| message.is_alert(call)).await?;
    let place = LocationRequest { lat: json!(37.5), lng: json!(127), accuracy: None };
    let refused = until_refused(async || caller.moved(AlertId(call), &place, None).await).await?;
    assert_eq!((kind(&refused), refused.header("retry-after")), (TOO_MANY, Some("1")));
    // The answers' budget is spent, too.
    let elsewhere = Uuid::now_v7();
    let refused = until_refused(async || {
        let mut accept = accept_of(&caller, &caller, Some(AlertId(elsewhere)));
        accept.target_house = "1204".parse().unwrap();
        caller.accept(&accept, None).await
    })
    .await?;
    assert_eq!(kind(&refused), TOO_MANY);
    assert_eq!(cancel(&caller, call).await?.status, 202);
    let administrator = sign_in(&client, ADMINISTRATOR).await?;
    assert!(Counters::read(&administrator).await?.get("iutsai_refused_total") >= 2.0);
    Ok(())
}

#[tokio::test]
async fn a_location_that_was_asked_to_wait_is_accepted_under_its_key() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let place = LocationRequest { lat: json!(37.5), lng: json!(127), accuracy: None };
    let mut key = Uuid::nil();
    until_refused(async || {
        key = Uuid::now_v7();
        caller.moved(AlertId(call), &place, Some(key)).await
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(caller.moved(AlertId(call), &place, Some(key)).await?.ok()?.id, key);
    Ok(())
}

#[tokio::test]
async fn the_first_accept_of_a_house_passes_despite_its_earlier_answers() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = caller.listen().await?;
    let first = caller.press(&caller.call("first")?, None).await?.ok()?.id;
    let second = caller.press(&caller.call("second")?, None).await?.ok()?.id;
    for call in [first, second] {
        socket.wait_for("the call", |message| message.is_alert(call)).await?;
    }
    let accept = accept_of(&neighbour, &caller, Some(AlertId(first)));
    let (mut accepts, began) = (HashSet::new(), Instant::now());
    let refused = until_refused(async || {
        let answer = neighbour.accept(&accept, None).await?;
        accepts.extend(answer.outcome.as_ref().ok().map(|recorded| recorded.id));
        Ok(answer)
    })
    .await?;
    assert_eq!(kind(&refused), TOO_MANY);
    // Twenty at once and one each two seconds, so that the stored words of a house that answers without an end are
    // bounded, too.
    let most = 21 + began.elapsed().as_secs() / 2;
    let taken = accepts.len() as u64;
    assert!((20..=most).contains(&taken), "{taken} accepts in a row are taken, {most} at most");
    let help = neighbour.accept(&accept_of(&neighbour, &caller, Some(AlertId(second))), None).await?.ok()?.id;
    socket.wait_for("the help", |message| message.is_accept(help)).await.map(drop)
}
