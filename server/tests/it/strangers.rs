//! Floods of strangers. They are refused, and residents sign in, press and receive calls meanwhile.

use std::{fs, time::Instant};

use crate::support::{
    CALLER, NEIGHBOUR, Outcome, PASSWORD, change_accounts, client_at, header, send, server_and_client,
    sign_in,
};
use domain::{Resident, api::Problem};
use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::json;
use testkit::{
    Error,
    client::{Answer, Client, Handshake, Socket},
    descriptors,
    server::Server,
};
use uuid::Uuid;

const BUSY: &str = "/problems/busy";

/// A token that is one by its form and opens no session.
fn made_up() -> String {
    format!("{}{}", Uuid::now_v7().simple(), &Uuid::now_v7().simple().to_string()[..11])
}

async fn session_of(client: &Client, token: &str) -> Result<Answer<Resident>, Error> {
    client.send::<Resident>(client.request(Method::GET, "/api/session").bearer_auth(token)).await
}

/// Repeats a request until the budget of this moment is used up.
async fn first_busy(mut attempt: impl AsyncFnMut() -> Response) -> Response {
    for _ in 0..10 {
        let response = attempt().await;
        if response.status() == 503 {
            return response;
        }
    }
    panic!("none of ten was refused")
}

fn is_busy(problem: &Problem, retry_after: Option<&str>) -> bool {
    problem.kind == BUSY && problem.status == 503 && retry_after == Some("2")
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_refused_while_a_resident_signs_in_and_a_press_is_answered() -> Outcome {
    descriptors::allow(3_000)?;
    let (server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let elsewhere = client_at(&server, "127.0.0.2")?;
    let guess = |number: usize| {
        let body = json!({ "name": format!("nobody-{number}"), "password": PASSWORD });
        client.send::<serde_json::Value>(client.request(Method::POST, "/api/session").json(&body))
    };
    let call = caller.call("")?;
    let flood = join_all((0..300).map(guess));
    let (answers, signed_in, pressed) =
        tokio::join!(flood, sign_in(&elsewhere, NEIGHBOUR), caller.press(&call, None));
    assert_eq!(pressed?.status, 202);
    signed_in?;
    let (mut wrong, mut busy) = (0, 0);
    for answer in answers {
        let answer = answer?;
        let retry_after = answer.header("retry-after").map(str::to_owned);
        let problem = answer.outcome.unwrap_err();
        if problem.kind == "/problems/sign-in-refused" {
            wrong += 1;
        } else {
            assert!(is_busy(&problem, retry_after.as_deref()), "{problem:?}");
            busy += 1;
        }
    }
    // The queue has 32 places, and gets some free while the flood arrives.
    assert!(busy >= 150 && wrong >= 4, "{busy} were refused, {wrong} were wrong");
    Ok(())
}

#[tokio::test]
async fn invented_tokens_have_a_lookup_budget_and_a_session_known_here_is_never_counted() -> Outcome {
    let (server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let begun = Instant::now();
    let (mut unknown, mut busy) = (0.0, 0);
    for _ in 0..1_000 {
        let answer = session_of(&client, &made_up()).await?;
        let retry_after = answer.header("retry-after").map(str::to_owned);
        let problem = answer.outcome.unwrap_err();
        if problem.kind == "/problems/not-signed-in" {
            unknown += 1.0;
        } else {
            assert!(is_busy(&problem, retry_after.as_deref()), "{problem:?}");
            busy += 1;
        }
    }
    let budget = 50.0 + 2.0 * begun.elapsed().as_secs_f64() + 1.0;
    assert!((50.0..=budget).contains(&unknown), "{unknown} were looked up within {:?}", begun.elapsed());
    assert!(busy > 0);

    // Nor does signing out, or a socket, ask about every token.
    first_busy(async || send(client.request(Method::DELETE, "/api/session").bearer_auth(made_up())).await)
        .await;
    let mut refused = String::new();
    for _ in 0..10 {
        let mut socket = Socket::open(&client, &Handshake::default()).await?;
        let error = socket.connect(&made_up()).await.unwrap_err();
        refused.push_str(error.end().unwrap().message());
    }
    assert!(refused.contains("cannot be looked up right now"), "{refused}");

    // Uses the same address, and a header of somebody else in front of the cookie.
    assert_eq!(session_of(&client, caller.token()).await?.status, 200);
    let cookie = format!("iutsai-session={}", caller.token());
    let both = client.request(Method::GET, "/api/session").bearer_auth(made_up()).header("cookie", cookie);
    assert_eq!(client.send::<Resident>(both).await?.ok()?.name, CALLER);
    let (mut listening, _) = caller.listen().await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    listening.wait_for("the alert", |message| message.is_alert(id)).await?;
    // Another network has a budget of its own.
    assert_eq!(session_of(&client_at(&server, "127.0.0.2")?, &made_up()).await?.status, 401);
    Ok(())
}

/// The token of a session that another server began, and how the database has it.
const TOKEN: &str = "another-nodes-session-that-is-not-known-yet";
const SESSION: &str = "INSERT INTO sessions (token_hash, resident, expires_at, change)
    VALUES ('m3mXAZXXG8BQx4JUNTnnUdr3crajHMTXuyeoaez-ao0', 'resident-1203', 4102444800000,
            (SELECT COALESCE(MAX(change), 0) + 1 FROM sessions))";

#[tokio::test]
async fn a_form_with_a_session_of_another_server_passes_after_others_used_up_the_lookups() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (mut socket, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    while session_of(&client, &made_up()).await?.status == 401 {}
    change_accounts(&server, SESSION).await;
    let form = [("line", "101-1"), ("house", "1203"), ("text", "help")];
    let request = client.request(Method::POST, "/alert").header("cookie", format!("iutsai-session={TOKEN}"));
    let response = send(request.form(&form)).await;
    let to = header(&response, "location").to_owned();
    assert_eq!(response.status(), 303);
    let id: Uuid = to.strip_prefix("/call/").unwrap_or(&to).parse().unwrap();
    socket.wait_for("the alert", |message| message.is_alert(id)).await?;
    Ok(())
}

#[tokio::test]
async fn a_page_that_cannot_be_rendered_yet_explains_that_and_reloads() -> Outcome {
    let (_server, client) = server_and_client().await?;
    while session_of(&client, &made_up()).await?.status == 401 {}
    let page = |accept: &str| {
        let cookie = format!("iutsai-session={}", made_up());
        client.request(Method::GET, "/call").header("cookie", cookie).header("accept", accept)
    };
    let response = first_busy(async || send(page("text/html").header("accept-language", "en")).await).await;
    assert_eq!((response.status().as_u16(), header(&response, "refresh")), (503, "2"));
    assert_eq!(header(&response, "cache-control"), "no-store");
    assert!(response.text().await.unwrap().contains("call 119"));
    let response = first_busy(async || send(page("*/*")).await).await;
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    // Signing in stays possible.
    let sign_in = client.request(Method::GET, "/sign-in").header("cookie", format!("iutsai-session={TOKEN}"));
    assert_eq!(send(sign_in.header("accept", "text/html")).await.status(), 200);
    Ok(())
}

/// A thread's priority, and the clock ticks for which it has run (proc(5), /proc/PID/stat).
#[derive(Clone, Copy, Debug, Default)]
struct Threads {
    ticks: u64,
    nice: i64,
}

/// All threads of this name.
fn threads(server: &Server, name: &str) -> Threads {
    let tasks = format!("/proc/{}/task", server.process().unwrap().pid());
    let mut found = Threads::default();
    for task in fs::read_dir(tasks).unwrap() {
        // A thread may end meanwhile.
        let Ok(stat) = fs::read_to_string(task.unwrap().path().join("stat")) else { continue };
        let (head, fields) = stat.rsplit_once(')').unwrap();
        if head.split_once('(').unwrap().1 == name {
            let fields: Vec<&str> = fields.split_whitespace().collect();
            let field = |number: usize| fields[number - 3].parse::<i64>().unwrap();
            found.ticks += u64::try_from(field(14) + field(15)).unwrap();
            found.nice = field(19);
        }
    }
    found
}

#[tokio::test]
async fn pages_are_rendered_on_threads_that_give_way_to_a_press() -> Outcome {
    descriptors::allow(3_000)?;
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let page = || send(client.request(Method::GET, "/sign-in").header("accept-encoding", "gzip"));
    let (pages, others) = (threads(&server, "pages"), threads(&server, "sockets"));
    for _ in 0..8 {
        let call = caller.call("")?;
        let (answers, pressed) = tokio::join!(join_all((0..100).map(|_| page())), caller.press(&call, None));
        let id = pressed?.ok()?.id;
        socket.wait_for("the alert", |message| message.is_alert(id)).await?;
        assert!(answers.iter().all(is_page_or_busy), "{answers:?}");
    }
    let (pages_after, others_after) = (threads(&server, "pages"), threads(&server, "sockets"));
    assert_eq!((pages_after.nice, others_after.nice), (5, 0));
    let (by_pages, by_others) = (pages_after.ticks - pages.ticks, others_after.ticks - others.ticks);
    assert!(by_pages > 2 * by_others, "pages took {by_pages} ticks, sockets {by_others}");
    Ok(())
}

fn is_page_or_busy(answer: &Response) -> bool {
    answer.status() == 200 || (answer.status() == 503 && header(answer, "retry-after") == "2")
}
