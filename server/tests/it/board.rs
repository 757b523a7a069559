//! The office's board, with the screens that may read it, its page, and the stream that keeps an open one up to date.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use testkit::{
    Error,
    client::{Client, Session},
};

use crate::{
    me::{data_with_uses, located},
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, accept_of, header, program, send, server_and_client,
        sign_in,
    },
};

/// The board of a revoked screen, or of a session that has ended, closes within this time.
const WITHIN: Duration = Duration::from_secs(5);

/// A screen's id, and its cookie.
struct Screen {
    id: String,
    cookie: String,
    token: String,
}

/// Makes a screen, and opens its link as its browser would.
async fn screen(office: &Session, name: &str) -> Screen {
    let made = office.request(Method::POST, "/api/displays").json(&json!({ "name": name }));
    let response = send(made).await;
    assert_eq!((response.status().as_u16(), header(&response, "cache-control")), (201, "no-store"));
    let made: Value = response.json().await.unwrap();
    let link = made["link"].as_str().unwrap();
    let path = link.strip_prefix(office.client().address()).unwrap();
    let entered = send(office.client().request(Method::GET, path)).await;
    assert_eq!((entered.status().as_u16(), header(&entered, "location")), (303, "/admin/board"));
    let cookie = header(&entered, "set-cookie");
    let attributes = "; Path=/admin/board; Max-Age=34560000; HttpOnly; SameSite=Lax";
    assert!(cookie.starts_with("iutsai-display=") && cookie.ends_with(attributes), "{cookie}");
    let (cookie, _) = cookie.split_once(';').unwrap();
    let (_, token) = cookie.split_once('=').unwrap();
    let id = made["display"]["id"].as_str().unwrap().to_owned();
    Screen { id, cookie: cookie.to_owned(), token: token.to_owned() }
}

fn page(client: &Client, cookie: &str) -> RequestBuilder {
    let page = client.request(Method::GET, "/admin/board").header("cookie", cookie);
    page.header("accept", "text/html").header("accept-language", "ko")
}

/// An open stream, and what has come of it.
struct Events {
    response: Response,
    octets: Vec<u8>,
}

impl Events {
    async fn open(request: RequestBuilder) -> Self {
        let response = send(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "text/event-stream");
        Self { response, octets: Vec::new() }
    }

    async fn of(client: &Client, cookie: &str) -> Self {
        Self::open(client.request(Method::GET, "/admin/board/calls").header("cookie", cookie)).await
    }

    /// Reads until a text has come, and forgets what came before.
    async fn until(&mut self, text: &str) {
        loop {
            let come = String::from_utf8_lossy(&self.octets).into_owned();
            if let Some((_, rest)) = come.split_once(text) {
                self.octets = rest.as_bytes().to_vec();
                return;
            }
            let piece = self.response.chunk().await.unwrap();
            self.octets.extend(piece.unwrap_or_else(|| panic!("the stream ended without {text}: {come}")));
        }
    }

    /// Reads the end.
    async fn wait_until_cut(mut self) {
        let end = async {
            self.until("event: ended").await;
            while self.response.chunk().await.unwrap().is_some() {}
        };
        tokio::time::timeout(WITHIN, end).await.expect("the stream is cut");
    }
}

async fn press(caller: &Session, text: &str) -> Result<uuid::Uuid, Error> {
    Ok(caller.press(&caller.call(text)?, None).await?.ok()?.id)
}

#[tokio::test]
async fn the_link_of_a_screen_opens_the_board_and_nothing_keeps_its_token() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let wall = screen(&office, "wall").await;
    let response = send(page(&client, &wall.cookie)).await;
    assert_eq!(response.status(), 200);
    assert!(
        header(&response, "set-cookie").starts_with(&wall.cookie),
        "each load keeps the cookie for longer"
    );
    let html = response.text().await.unwrap();
    assert!(html.contains("data-testid=\"board\"") && html.contains("지금은 도움 요청이 없어요"), "{html}");
    assert!(!html.contains(&wall.token) && !html.contains("/admin/board/displays"), "{html}");

    let list = send(office.request(Method::GET, "/api/displays")).await.text().await.unwrap();
    assert!(list.contains("\"wall\"") && !list.contains(&wall.token), "{list}");
    for file in ["iutsai.db", "iutsai.db-wal", "outbox.db", "outbox.db-wal"] {
        let octets = std::fs::read(server.data_dir().join(file)).unwrap_or_default();
        assert!(!octets.windows(wall.token.len()).any(|part| part == wall.token.as_bytes()), "{file}");
    }
    assert!(!server.log()?.contains(&wall.token), "the log has the token");
    Ok(())
}

#[tokio::test]
async fn a_call_comes_by_the_stream_with_who_accepts_it_until_the_screen_is_revoked() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (wall, other) = (screen(&office, "wall").await, screen(&office, "other").await);
    let mut events = Events::of(&client, &wall.cookie).await;
    let mut others = Events::of(&client, &other.cookie).await;
    events.until("event: calls").await;
    events.until("지금은 도움 요청이 없어요").await;
    let id = press(&caller, "a text\r\nof two lines").await?;
    events.until("board-call unanswered newest").await;
    events.until("1203호").await;
    let accept = accept_of(&neighbour, &caller, Some(domain::AlertId(id)));
    neighbour.accept(&accept, None).await?.ok()?;
    events.until("board-call answered").await;
    events.until("1204호 가는 중").await;

    let revoke = office.request(Method::POST, &format!("/api/displays/{}/revoke", wall.id));
    assert_eq!(send(revoke.json(&json!({}))).await.status(), 200);
    events.wait_until_cut().await;
    let stream = client.request(Method::GET, "/admin/board/calls").header("cookie", &wall.cookie);
    assert_eq!(send(stream).await.status(), 401);
    let response = send(page(&client, &wall.cookie)).await;
    assert_eq!(response.status(), 403);
    let html = response.text().await.unwrap();
    assert!(html.contains("board-revoked") && !html.contains("1203호"), "{html}");
    others.until("event: alive").await;
    Ok(())
}

#[tokio::test]
async fn the_stream_of_an_administrator_ends_with_the_session() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let mut events = Events::open(office.request(Method::GET, "/admin/board/calls?lang=en")).await;
    events.until("Nobody is calling for help").await;
    office.sign_out().await?.ok()?;
    events.wait_until_cut().await;
    Ok(())
}

#[tokio::test]
async fn a_stop_does_not_wait_for_an_open_board() -> Outcome {
    let (mut server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let wall = screen(&office, "wall").await;
    let mut events = Events::of(&client, &wall.cookie).await;
    events.until("event: calls").await;
    assert!(server.terminate().await?.success());
    let log = server.log()?;
    assert!(!log.contains("not in time"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_screen_sees_the_plan_of_the_complex_at_an_address_of_the_board() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("plan.svg");
    std::fs::write(&file, r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 520"></svg>"#).unwrap();
    let plan = format!("{};56,56=37.501504,127.0393246;516,462=37.5007745,127.0403663", file.display());
    let server = program().env("IUTSAI_SITE_PLAN", plan).start().await?;
    let client = server.client()?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let wall = screen(&office, "wall").await;
    let html = send(page(&client, &wall.cookie)).await.text().await.unwrap();
    assert!(html.contains("href=\"/admin/board/plan\""), "{html}");
    let get = |path: &str| send(client.request(Method::GET, path).header("cookie", &wall.cookie));
    let picture = get("/admin/board/plan").await;
    assert_eq!((picture.status().as_u16(), header(&picture, "content-type")), (200, "image/svg+xml"));
    assert_eq!(get("/site-plan").await.status(), 401);
    Ok(())
}

#[tokio::test]
async fn only_a_caller_whose_call_is_open_is_on_the_plan() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let caller = sign_in(&client, CALLER).await?;
    let wall = screen(&office, "wall").await;
    let mut call = caller.call("")?;
    (call.lat, call.lng) = (Some(json!(37.5011)), Some(json!(127.0398)));
    let id = caller.press(&call, None).await?.ok()?.id;
    // The answer goes out as soon as the call is durable, and the board has it a moment later.
    let has_pins = async |expected: usize| {
        for _ in 0..300 {
            let html = send(page(&client, &wall.cookie)).await.text().await.unwrap();
            if html.matches("data-testid=\"board-pin\"").count() == expected {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    };
    assert!(has_pins(1).await);
    let cancel = caller.request(Method::POST, &format!("/alert/{id}/cancel"));
    assert_eq!(send(cancel).await.status(), 202);
    assert!(has_pins(0).await);
    Ok(())
}

#[tokio::test]
async fn a_caller_reads_which_screen_and_which_administrator_saw_them_on_the_board() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (office, caller) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, CALLER).await?);
    let wall = screen(&office, "wall").await;
    let mut events = Events::of(&client, &wall.cookie).await;
    events.until("event: calls").await;
    caller.press(&located(&caller)?, None).await?.ok()?;
    events.until("1203호").await;
    let held = data_with_uses(&caller, 1).await;
    let shown = |held: &Value, number: usize| {
        let one = &held["location_uses"][number];
        ["viewer", "viewer_role", "means"].map(|field| one[field].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(shown(&held, 0), ["@display wall", "administrator", "board"]);

    assert_eq!(send(page(&client, &wall.cookie)).await.status(), 200);
    assert_eq!(send(office.request(Method::GET, "/admin/board")).await.status(), 200);
    let held = data_with_uses(&caller, 2).await;
    assert_eq!(shown(&held, 0), [ADMINISTRATOR, "administrator", "board"], "the newest is the first");
    let me = caller.request(Method::GET, "/me").header("accept-language", "ko");
    let html = send(me.header("accept", "text/html")).await.text().await.unwrap();
    assert!(html.contains("관리사무소 (wall)"), "{html}");
    Ok(())
}

#[tokio::test]
async fn a_form_makes_a_screen_and_shows_its_link_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let form = |name: &str| {
        let form = [("name", name.to_owned()), ("back", "/admin/board/displays".to_owned())];
        office.request(Method::POST, "/admin/board/displays").form(&form)
    };
    let html = send(form("wall")).await.text().await.unwrap();
    assert!(html.contains("data-testid=\"display-link\"") && html.contains("<svg class=\"qr\""), "{html}");
    assert!(html.contains("/admin/board?display="), "{html}");
    let again = send(office.request(Method::GET, "/admin/board/displays")).await.text().await.unwrap();
    assert!(again.contains("data-testid=\"display\"") && !again.contains("?display="), "{again}");
    let refused = send(form(" ")).await;
    let to = header(&refused, "location");
    assert!(to.starts_with("/admin/board/displays?problem=invalid"), "{to}");
    Ok(())
}
