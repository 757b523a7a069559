//! The sessions of a person and the change of the password, as their owner has them at `/me/sign-in`.

use std::time::Duration;

use crate::support::{CALLER, NEIGHBOUR, Outcome, PASSWORD, header, send, server_and_client, sign_in};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Resident;
use reqwest::Method;
use testkit::{
    Error,
    client::{Client, Session, Socket},
};

/// The name of a session, which is the hash of its token.
fn id(session: &Session) -> String {
    URL_SAFE_NO_PAD.encode(openssl::sha::sha256(session.token().as_bytes()))
}

async fn led_to(session: &Session, fields: &[(&str, &str)]) -> String {
    let response = send(session.request(Method::POST, "/me/sign-in").form(fields)).await;
    assert_eq!(response.status().as_u16(), 303);
    header(&response, "location").to_owned()
}

async fn status(client: &Client, session: &Session) -> Result<u16, Error> {
    Ok(client.send::<Resident>(session.request(Method::GET, "/api/session")).await?.status)
}

async fn is_cut(socket: &mut Socket) -> Result<(), Error> {
    socket.set_patience(Duration::from_secs(5));
    let end = socket.ended().await?;
    assert_eq!(end.code(), Some(1008), "{end}");
    Ok(())
}

#[tokio::test]
async fn a_person_sees_the_own_sessions_and_ends_one_of_them_with_its_sockets() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let phone = "Mozilla/5.0 (Linux; Android 14) Chrome/131.0.0.0 Mobile Safari/537.36";
    let form = [("name", CALLER), ("password", PASSWORD)];
    let request = client.request(Method::POST, "/sign-in").header("user-agent", phone).form(&form);
    assert_eq!(send(request).await.status().as_u16(), 303);
    let (here, there) = (sign_in(&client, CALLER).await?, sign_in(&client, CALLER).await?);
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let html = send(here.request(Method::GET, "/me/sign-in")).await.text().await.unwrap();
    assert_eq!(html.matches("data-testid=\"session\"").count(), 3, "{html}");
    assert_eq!(html.matches("data-testid=\"here\"").count(), 1, "{html}");
    assert!(html.contains("Chrome, Android") && html.contains("127.0.0.1"), "{html}");
    assert!(html.contains(&id(&there)) && !html.contains(&id(&neighbour)), "{html}");

    let (mut ends, _) = there.listen().await?;
    let (mut stays, _) = here.listen().await?;
    for unknown in [id(&neighbour), "nonsense".into()] {
        let to = led_to(&here, &[("act", "end"), ("session", unknown.as_str())]).await;
        assert_eq!(to, "/me/sign-in?problem=not-known");
    }
    let to = led_to(&here, &[("act", "end"), ("session", id(&there).as_str())]).await;
    assert_eq!(to, "/me/sign-in?done=session");
    is_cut(&mut ends).await?;
    assert_eq!((status(&client, &there).await?, status(&client, &neighbour).await?), (401, 200));
    let call = here.press(&here.call("")?, None).await?.ok()?.id;
    stays.wait_for("a call", |message| message.is_alert(call)).await?;

    let own =
        here.request(Method::POST, "/me/sign-in").form(&[("act", "end"), ("session", id(&here).as_str())]);
    let response = send(own).await;
    assert_eq!(header(&response, "location"), "/sign-in");
    assert!(header(&response, "set-cookie").starts_with("iutsai-session=; Path=/; Max-Age=0"));
    assert_eq!(status(&client, &here).await?, 401);
    Ok(())
}

#[tokio::test]
async fn ending_all_others_leaves_this_one() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (here, there) = (sign_in(&client, CALLER).await?, sign_in(&client, CALLER).await?);
    let (mut socket, _) = there.listen().await?;
    assert_eq!(led_to(&here, &[("act", "end"), ("session", "others")]).await, "/me/sign-in?done=others");
    is_cut(&mut socket).await?;
    assert_eq!((status(&client, &here).await?, status(&client, &there).await?), (200, 401));
    Ok(())
}

#[tokio::test]
async fn another_password_needs_the_present_one_and_ends_the_other_sessions() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (here, there) = (sign_in(&client, CALLER).await?, sign_in(&client, CALLER).await?);
    let (mut socket, _) = there.listen().await?;
    let change = async |present: &str, new: &str| {
        led_to(&here, &[("act", "password"), ("password", present), ("new_password", new)]).await
    };
    assert_eq!(change("guess", "correct horse").await, "/me/sign-in?problem=sign-in-refused");
    assert_eq!(change("", "correct horse").await, "/me/sign-in?problem=sign-in-refused");
    assert_eq!(change(PASSWORD, "short").await, "/me/sign-in?problem=invalid");
    assert_eq!(status(&client, &there).await?, 200, "nothing has changed yet");
    assert_eq!(change(PASSWORD, "correct horse").await, "/me/sign-in?done=password");
    is_cut(&mut socket).await?;
    assert_eq!((status(&client, &here).await?, status(&client, &there).await?), (200, 401));
    let old = sign_in(&client, CALLER).await.unwrap_err();
    assert_eq!(old.problem().unwrap().kind, "/problems/sign-in-refused");
    client.sign_in(CALLER, "correct horse").await?;
    Ok(())
}

#[tokio::test]
async fn guessing_the_present_password_has_to_wait_as_at_the_sign_in() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let here = sign_in(&client, CALLER).await?;
    let fields = [("act", "password"), ("password", "guess"), ("new_password", "correct horse")];
    for _ in 0..5 {
        assert_eq!(led_to(&here, &fields).await, "/me/sign-in?problem=sign-in-refused");
    }
    assert_eq!(led_to(&here, &fields).await, "/me/sign-in?problem=too-many");
    Ok(())
}
