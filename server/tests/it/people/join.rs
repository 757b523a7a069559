//! Invitations, and joining by one.

use domain::{Role, api::SignedIn};
use reqwest::Method;
use serde_json::json;

use super::{act, house, invited, joining, post, refusal};
use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, change_accounts, header, send, server_and_client,
    sign_in,
};

#[tokio::test]
async fn an_invited_house_joins_once_and_can_call_at_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    act(&office, "/api/houses", &json!({ "line": "101-1", "house": "1401" })).await;
    let code = invited(&office, "101-1", "1401").await;
    assert_eq!(house(&office, "101-1", "1401").await.unwrap()["invitations"], 1);

    // A look at the link, as by a program that shows a preview of it, does not use it up.
    let page =
        send(client.request(Method::GET, &format!("/join/{code}")).header("accept-language", "ko")).await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(html.contains("101-1 라인") && html.contains("1401호") && html.contains("checkbox"), "{html}");

    let joined: SignedIn = client.send(joining(&client, &code.to_lowercase(), "kim")).await?.ok()?;
    assert_eq!((joined.resident.role, joined.resident.house.unwrap().as_str()), (Role::Resident, "1401"));
    let kim = client.sign_in("kim", "correct horse").await?;
    kim.press(&kim.call("")?, None).await?.ok()?;
    let person = &house(&office, "101-1", "1401").await.unwrap()["residents"][0];
    assert!(person["consented_at"].is_i64() && person["name"] == "kim", "{person}");

    let (status, kind, detail) = refusal(send(joining(&client, &code, "lee")).await).await;
    assert_eq!((status, kind.as_str()), (410, "/problems/invitation-gone"));
    assert!(detail.contains("has been used"), "{detail}");
    client.sign_in("lee", "correct horse").await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn a_taken_name_a_missing_consent_and_a_short_password_leave_the_code_usable() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let code = invited(&office, "101-1", "1203").await;
    let (status, kind, detail) = refusal(send(joining(&client, &code, CALLER)).await).await;
    assert_eq!((status, kind.as_str()), (409, "/problems/name-taken"));
    assert!(detail.contains("is taken"), "{detail}");
    for body in [
        json!({ "name": "kim", "password": "correct horse" }),
        json!({ "name": "kim", "password": "correct horse", "consent": "2020-01" }),
        json!({ "name": "kim", "password": "short", "consent": "2026-12" }),
    ] {
        let request = client.request(Method::POST, &format!("/join/{code}")).json(&body);
        assert_eq!(refusal(send(request).await).await.0, 422, "{body}");
    }
    let form = [("name", CALLER), ("password", "correct horse"), ("consent", "2026-12"), ("language", "ko")];
    let response = send(client.request(Method::POST, &format!("/join/{code}")).form(&form)).await;
    assert_eq!(response.status(), 409);
    let html = response.text().await.unwrap();
    assert!(html.contains("role=\"alert\"") && html.contains(&format!("value=\"{CALLER}\"")), "{html}");
    assert!(!html.contains("correct horse"), "a password is never sent back");

    let form = [("name", "kim"), ("password", "correct horse"), ("consent", "2026-12"), ("language", "ko")];
    let response = send(client.request(Method::POST, &format!("/join/{code}")).form(&form)).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/"));
    assert!(header(&response, "set-cookie").starts_with("iutsai-session="));
    Ok(())
}

#[tokio::test]
async fn an_expired_code_and_one_that_never_was_get_a_sentence() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let code = invited(&office, "101-1", "1203").await;
    change_accounts(&server, "UPDATE invitations SET expires_at = 1").await;
    for (code, words) in
        [(code.as_str(), "expired"), ("0000-0000-0000", "no such invitation"), ("x", "no such invitation")]
    {
        let (status, kind, detail) = refusal(send(joining(&client, code, "kim")).await).await;
        assert_eq!((status, kind.as_str()), (410, "/problems/invitation-gone"));
        assert!(detail.contains(words), "{detail}");
        let page = send(client.request(Method::GET, &format!("/join/{code}"))).await;
        assert_eq!(page.status(), 410);
        assert!(page.text().await.unwrap().contains("role=\"alert\""));
    }
    client.sign_in("kim", "correct horse").await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_and_the_old_one_only_when_it_is_chosen() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    let made = act(&office, &format!("/api/people/{NEIGHBOUR}/reset"), &json!({})).await;
    let code = made["invitations"][0]["code"].as_str().unwrap().to_owned();
    sign_in(&client, NEIGHBOUR).await?;
    let body = json!({ "password": "another horse" });
    let joined = client.request(Method::POST, &format!("/join/{code}")).json(&body);
    let joined: SignedIn = client.send(joined).await?.ok()?;
    assert_eq!(joined.resident.name, NEIGHBOUR);
    assert_eq!(socket.ended().await?.code(), Some(1008));
    client.sign_in(NEIGHBOUR, PASSWORD).await.unwrap_err();
    client.sign_in(NEIGHBOUR, "another horse").await?;
    Ok(())
}

#[tokio::test]
async fn kakao_talk_is_led_to_the_real_browser_and_may_go_on() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let code = invited(&office, "101-1", "1203").await;
    let open = |query: &str| {
        let request = client.request(Method::GET, &format!("/join/{code}{query}"));
        request.header("user-agent", "Mozilla/5.0 (Linux; Android 15) KAKAOTALK/25.1.0 (INAPP)")
    };
    let html = send(open("")).await.text().await.unwrap();
    assert!(
        html.contains("data-testid=\"kakaotalk\"") && html.contains("kakaotalk://web/openExternal?url=http"),
        "{html}"
    );
    assert!(!html.contains("name=\"password\""));
    assert!(send(open("?here=1")).await.text().await.unwrap().contains("name=\"password\""));
    Ok(())
}

#[tokio::test]
async fn guessing_codes_is_refused_for_strangers_and_not_for_the_signed_in() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut busy = 0;
    for _ in 0..70 {
        busy += u32::from(send(joining(&client, "0000-0000-0000", "kim")).await.status() == 503);
    }
    assert!(busy > 0, "sixty are let in at once");
    let body = json!({ "name": "kim" });
    let response = send(post(&caller, "/join/0000-0000-0000", &body)).await;
    assert_eq!(response.status(), 410);
    Ok(())
}

#[tokio::test]
async fn cards_have_a_code_that_a_camera_reads_and_are_shown_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    act(&office, "/api/houses", &json!({ "line": "101-1", "house": "1401" })).await;
    let cards = office.request(Method::POST, "/admin/people/cards").form(&[("line", "101-1")]);
    let response = send(cards).await;
    assert_eq!((response.status().as_u16(), header(&response, "cache-control")), (200, "no-store"));
    let html = response.text().await.unwrap();
    assert_eq!(html.matches("data-testid=\"card\"").count(), 1, "only 1401 has no account");
    assert!(html.contains("<svg class=\"qr\"") && !html.contains(" style=\""), "{html}");
    let again = send(office.request(Method::GET, "/admin/people/cards")).await.text().await.unwrap();
    assert!(!again.contains("data-testid=\"card\""), "{again}");
    Ok(())
}
