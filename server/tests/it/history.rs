//! The page of past calls, with who reads it, what it shows of a call, and its pages.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{Alert, AlertId, Event, House, Line, Millis, api::ProgressRequest};
use testkit::{
    Error,
    client::{Session, Step},
    outbox,
};

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, accept_of, answered_page, program,
    server_and_client, sign_in,
};

/// The time for a call to be counted before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the page once it shows all of these words.
async fn page_with(of: &Session, path: &str, words: &[&str]) -> String {
    let begun = Instant::now();
    loop {
        let (status, html) = answered_page(of, path).await;
        assert_eq!(status, 200, "{html}");
        if words.iter().all(|word| html.contains(word)) {
            return html;
        }
        assert!(begun.elapsed() < PATIENCE, "{words:?} never come: {html}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Presses, and a neighbour accepts, withdraws and comes after all. Then the caller ends the call with a note.
async fn answered(caller: &Session, neighbour: &Session, note: &str) -> Result<AlertId, Error> {
    let mut call = caller.call("a secret of the caller")?;
    (call.lat, call.lng) = (Some(37.4321.into()), Some(127.1234.into()));
    let id = AlertId(caller.press(&call, None).await?.ok()?.id);
    let accept = accept_of(neighbour, caller, Some(id));
    neighbour.accept(&accept, None).await?.ok()?;
    for step in [Step::Withdraw, Step::Arrived] {
        neighbour.progress(id, step, &ProgressRequest::default(), None).await?.ok()?;
    }
    let ended = ProgressRequest { note: Some(note.into()) };
    caller.progress(id, Step::Resolve, &ended, None).await?.ok()?;
    Ok(id)
}

#[tokio::test]
async fn a_past_call_shows_who_did_what_when_and_how_it_ended() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let id = answered(&caller, &neighbour, "구급차가 <b>왔어요</b>").await?;
    let steps = ["가겠다고 했어요", "못 가게 됐어요", "도착했어요", "끝났다고 했어요"];
    let id = id.to_string();
    let words: Vec<&str> = steps.into_iter().chain([id.as_str(), "구급차가 &lt;b&gt;왔어요"]).collect();
    for reader in [&caller, &neighbour] {
        let html = page_with(reader, "/calls", &words).await;
        assert!(html.contains("1204호") && html.contains("1203호"), "{html}");
        let part = html.split(&id).nth(1).unwrap().split("</main>").next().unwrap();
        let places: Vec<usize> = steps.iter().map(|step| part.find(step).unwrap()).collect();
        assert!(places.is_sorted(), "the steps are in the order of their times: {part}");
        for hidden in ["a secret of the caller", "37.4321", "127.1234"] {
            assert!(!html.contains(hidden), "{hidden} is not the neighbours' business: {html}");
        }
        assert!(!part.contains("resident-1204"), "an account's name is not the neighbours' business: {part}");
    }
    Ok(())
}

#[tokio::test]
async fn residents_read_their_own_line_and_administrators_any() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (stranger, office) = (sign_in(&client, STRANGER).await?, sign_in(&client, ADMINISTRATOR).await?);
    let id = answered(&caller, &neighbour, "").await?.to_string();
    page_with(&caller, "/calls", &[&id]).await;
    let (status, html) = answered_page(&stranger, "/calls").await;
    assert!(status == 200 && !html.contains(&id), "{html}");
    let (status, html) = answered_page(&stranger, "/calls?line=101-1").await;
    assert!(status == 403 && !html.contains(&id) && !html.contains("past-call\""), "{status} {html}");
    let (status, html) = answered_page(&office, "/calls").await;
    assert!(status == 200 && html.contains("choose-line") && !html.contains(&id), "{html}");
    page_with(&office, "/calls?line=101-1", &[&id]).await;
    for wrong in ["/calls?line=101%2F1", "/calls?before=yesterday"] {
        let (status, html) = answered_page(&office, wrong).await;
        assert!(status == 422 && html.contains("role=\"alert\""), "{wrong}: {status} {html}");
    }
    Ok(())
}

/// A call of house 1203 that nobody ended, so many hours before now.
fn alert(hours: Millis) -> (Millis, Event) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let at = Millis::try_from(now).unwrap() - hours * 60 * 60 * 1_000;
    let alert = Alert::new(AlertId::generate(), Line::new("101-1").unwrap(), House::new("1203").unwrap(), at);
    (at, Event::Alert(alert))
}

/// Returns the calls of a page, and the address of the next one.
fn listed(html: &str) -> (Vec<String>, Option<String>) {
    let ids = html.split("data-alert=\"").skip(1).filter_map(|part| part.split('"').next());
    let link = html.split("<a ").find(|link| link.contains("data-testid=\"older\""));
    let older = link.and_then(|link| link.split("href=\"").nth(1)?.split('"').next());
    (ids.map(str::to_owned).collect(), older.map(|link| link.replace("&amp;", "&")))
}

#[tokio::test]
async fn every_past_call_is_on_one_page_of_the_list() -> Outcome {
    let mut server = program().start().await?;
    server.terminate().await?;
    let past: Vec<_> = (30..75).map(alert).collect();
    let mut expected: Vec<String> =
        past.iter().filter_map(|(_, event)| event.alert()).map(|id| id.to_string()).collect();
    outbox::append(server.data_dir(), past).await?;
    server.restart().await?;
    let reader = sign_in(&server.client()?, CALLER).await?;
    // The statistics have all of them once they have the youngest.
    page_with(&reader, "/calls", &[&expected[0], "data-testid=\"older\""]).await;
    let (mut found, mut pages, mut next) = (Vec::new(), 0, Some("/calls".to_owned()));
    while let Some(path) = next {
        let (status, html) = answered_page(&reader, &path).await;
        assert_eq!(status, 200, "{path}");
        let (ids, older) = listed(&html);
        found.extend(ids);
        (pages, next) = (pages + 1, older);
    }
    let all = found.len();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), all, "no call is on two pages");
    expected.retain(|id| !found.contains(id));
    assert!(expected.is_empty() && pages >= 3, "{pages} pages lack {expected:?}");
    Ok(())
}
