//! Signing in with a code of the second factor, by JSON, by the page's form, and by an invitation.

use std::time::Duration;

use domain::Resident;
use reqwest::Method;
use serde_json::{Value, json};

use super::{act, authenticator::code, begun, is_refused, led_to, protect, recovery_codes, refusal};
use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, client_at, header, page, send, server_and_client,
    sign_in,
};

#[tokio::test]
async fn after_its_confirmation_signing_in_needs_a_code_and_each_is_accepted_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let secret = begun(&office).await;
    let to = led_to(&office, &[("act", "confirm"), ("code", "12345")]).await;
    assert_eq!(to, "/me/sign-in?problem=code-refused");
    let other = sign_in(&client, ADMINISTRATOR).await.expect("nothing counts before it is confirmed");
    let mut socket = other.connect().await?;

    let first = code(&secret, 0);
    let confirmed = act(&office, &[("act", "confirm"), ("code", first.as_str())]).await;
    recovery_codes(confirmed).await;
    socket.set_patience(Duration::from_secs(5));
    assert_eq!(socket.ended().await?.code(), Some(1008), "a session without a code ends");
    assert_eq!(refusal(&client, None).await, is_refused("code-needed"));
    assert_eq!(refusal(&client, Some(&first)).await, is_refused("code-refused"), "it confirmed the set-up");
    let next = code(&secret, 1);
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&next)).await?;
    assert_eq!(refusal(&client, Some(&next)).await, is_refused("code-refused"));
    let html = page(&office, "/me/sign-in").await;
    assert!(html.contains("data-testid=\"factor-on\"") && !html.contains("otpauth:"), "{html}");
    Ok(())
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_also_where_two_use_it_at_the_same_time() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let codes = protect(&sign_in(&client, ADMINISTRATOR).await?).await.recovery_codes;
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&codes[0])).await?;
    assert_eq!(refusal(&client, Some(&codes[0])).await, is_refused("code-refused"));
    let typed = codes[1].to_lowercase().replace('-', "");
    client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&typed)).await?;
    let attempt = || client.sign_in_with_code(ADMINISTRATOR, PASSWORD, Some(&codes[2]));
    let (one, other) = tokio::join!(attempt(), attempt());
    assert_eq!([one, other].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    Ok(())
}

#[tokio::test]
async fn wrong_codes_spend_the_budget_of_wrong_passwords_and_another_address_gets_no_new_one() -> Outcome {
    let (server, client) = server_and_client().await?;
    let protected = protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    for _ in 0..5 {
        assert_eq!(refusal(&client, None).await, is_refused("code-needed"));
        assert_eq!(refusal(&client, Some("not a code")).await, is_refused("code-refused"));
    }
    let too_many = (429, "/problems/too-many".to_owned());
    assert_eq!(refusal(&client, Some(&protected.recovery_codes[0])).await, too_many);
    assert_eq!(refusal(&client, None).await, too_many);
    let elsewhere = client_at(&server, "127.0.0.2")?;
    assert_eq!(refusal(&elsewhere, None).await, is_refused("code-needed"));
    assert_eq!(refusal(&elsewhere, Some(&protected.recovery_codes[0])).await, too_many);
    sign_in(&client, CALLER).await?;
    Ok(())
}

#[tokio::test]
async fn the_pages_second_form_has_a_ticket_that_is_not_a_session_and_is_used_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let protected = protect(&sign_in(&client, ADMINISTRATOR).await?).await;
    let form = [("name", ADMINISTRATOR), ("password", PASSWORD), ("next", "/admin/people")];
    let response = send(client.request(Method::POST, "/sign-in").form(&form)).await;
    let to = "/sign-in?step=code&next=%2Fadmin%2Fpeople";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    let cookie = header(&response, "set-cookie").to_owned();
    for part in ["iutsai-ticket=", "; Path=/sign-in", "; Max-Age=300", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let ticket = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let as_session =
        client.request(Method::GET, "/api/session").header("cookie", format!("iutsai-session={ticket}"));
    assert_eq!(client.send::<Resident>(as_session).await?.status, 401);
    let html = send(client.request(Method::GET, to)).await.text().await.unwrap();
    assert!(html.contains("action=\"/sign-in/code\"") && html.contains("one-time-code"), "{html}");

    let enter = async |code: &str| {
        let request =
            client.request(Method::POST, "/sign-in/code").header("cookie", format!("iutsai-ticket={ticket}"));
        send(request.form(&[("code", code), ("next", "/admin/people")])).await
    };
    let refused = enter("000").await;
    assert_eq!(header(&refused, "location"), "/sign-in?step=code&problem=code&next=%2Fadmin%2Fpeople");
    let entered = enter(protected.code(1).as_str()).await;
    assert_eq!(header(&entered, "location"), "/admin/people");
    let session = header(&entered, "set-cookie").split(';').next().unwrap().to_owned();
    let request = client.request(Method::GET, "/api/session").header("cookie", session);
    assert_eq!(client.send::<Resident>(request).await?.ok()?.name, ADMINISTRATOR);
    let again = enter(protected.recovery_codes[0].as_str()).await;
    assert_eq!(header(&again, "location"), "/sign-in?problem=expired&next=%2Fadmin%2Fpeople");
    Ok(())
}

#[tokio::test]
async fn a_new_password_by_invitation_does_not_get_around_the_code() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let role = format!("/api/people/{NEIGHBOUR}/role");
    send(office.request(Method::POST, &role).json(&json!({ "role": "administrator" }))).await;
    let codes = protect(&sign_in(&client, NEIGHBOUR).await?).await.recovery_codes;
    let reset = office.request(Method::POST, &format!("/api/people/{NEIGHBOUR}/reset")).json(&json!({}));
    let made: Value = send(reset).await.json().await.unwrap();
    let path = format!("/join/{}", made["invitations"][0]["code"].as_str().unwrap());
    let joined =
        send(client.request(Method::POST, &path).json(&json!({ "password": "correct horse" }))).await;
    assert_eq!(joined.status().as_u16(), 401);
    let problem: Value = joined.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/code-needed");
    client.sign_in_with_code(NEIGHBOUR, "correct horse", Some(&codes[0])).await?;
    Ok(())
}
