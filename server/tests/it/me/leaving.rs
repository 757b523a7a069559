//! A person leaves with the password and with a code where there is a second factor.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{count, data};
use crate::{
    second_factor::protect,
    support::{
        ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, PASSWORD, change_accounts, header, page, person_of, send,
        server_and_client, sign_in,
    },
};

#[tokio::test]
async fn leaving_needs_the_password_and_deletes_the_account_its_sessions_and_its_devices() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (office, neighbour) = (sign_in(&client, ADMINISTRATOR).await?, sign_in(&client, NEIGHBOUR).await?);
    change_accounts(
        &server,
        "INSERT INTO push_subscriptions
             (id, account, endpoint, p256dh, auth, vapid, device, language, created_at, change)
         VALUES ('0190f8a0-0000-7000-8000-000000000000', 'resident-1204', 'https://push.example/a', '', '', '', 'phone',
                 'ko', 1, 1)",
    )
    .await;
    let (mut socket, _) = neighbour.listen().await?;
    let leave =
        |password: &str| neighbour.request(Method::POST, "/me/leave").json(&json!({ "password": password }));
    assert!(page(&neighbour, "/me/leave").await.contains("data-testid=\"alone\""), "nobody else lives there");
    assert_eq!(send(leave("wrong horse")).await.status(), 422);
    assert_eq!(data(&neighbour).await["account"], NEIGHBOUR);

    assert_eq!(send(leave(PASSWORD)).await.status(), 204);

    socket.set_patience(Duration::from_secs(5));
    assert_eq!(socket.ended().await?.code(), Some(1008));
    client.sign_in(NEIGHBOUR, PASSWORD).await.unwrap_err();
    assert_eq!(count(&server, "SELECT COUNT(*) FROM push_subscriptions").await, 0);
    let people: Value = send(office.request(Method::GET, "/api/people")).await.json().await.unwrap();
    let houses = people["lines"][0]["houses"].as_array().unwrap();
    let left = houses.iter().find(|of| of["house"] == "1204").expect("the house stays");
    assert_eq!(left["residents"], json!([]));
    Ok(())
}

#[tokio::test]
async fn leaving_an_account_with_a_second_factor_needs_a_code_as_well() -> Outcome {
    let (server, client) = server_and_client().await?;
    let lee = person_of(&server, &client, "administrator", ("101-1", "1203"), "lee").await?;
    assert!(!page(&lee, "/me/leave").await.contains("name=\"code\""));
    let protected = protect(&lee).await;
    assert!(page(&lee, "/me/leave").await.contains("name=\"code\""));
    assert_eq!(data(&lee).await["has_second_factor"], true);
    let leave = async |code: &str| {
        let body = json!({ "password": PASSWORD, "code": code });
        let response = send(lee.request(Method::POST, "/me/leave").json(&body)).await;
        let status = response.status().as_u16();
        let problem = response.json::<Value>().await.unwrap_or_default();
        (status, problem["type"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(leave("").await, (401, "/problems/code-needed".to_owned()));
    assert_eq!(leave("not a code").await, (401, "/problems/code-refused".to_owned()));
    let form = [("password", PASSWORD), ("code", "not a code")];
    let refused = send(lee.request(Method::POST, "/me/leave").form(&form)).await;
    assert_eq!(header(&refused, "location"), "/me/leave?problem=code-refused");
    assert_eq!(data(&lee).await["account"], "lee", "nothing is deleted");
    assert_eq!(leave(&protected.recovery_codes[0]).await, (204, String::new()));
    assert_eq!(count(&server, "SELECT COUNT(*) FROM second_factors").await, 0);
    client.sign_in("lee", PASSWORD).await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn the_only_administrator_cannot_leave() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let leave = office.request(Method::POST, "/me/leave").json(&json!({ "password": PASSWORD }));
    let refused = send(leave).await;
    assert_eq!(refused.status(), 409);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/last-administrator");
    sign_in(&client, ADMINISTRATOR).await.map(drop)
}

#[tokio::test]
async fn the_forms_lead_back_to_their_page_with_a_word() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let post = |path: &str, fields: &[(&str, &str)]| caller.request(Method::POST, path).form(fields);
    let response = send(post("/me/location", &[("choice", "pause")])).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/me?done=paused"));
    let html = page(&caller, "/me?done=paused").await;
    assert!(html.contains("role=\"status\"") && html.contains("data-state=\"paused\""), "{html}");
    let response = send(post("/me/location", &[("choice", "nonsense")])).await;
    assert_eq!(header(&response, "location"), "/me?problem=invalid");

    let response = send(post("/me/leave", &[("password", "wrong")])).await;
    assert_eq!(header(&response, "location"), "/me/leave?problem=invalid");
    assert!(page(&caller, "/me/leave?problem=invalid").await.contains("role=\"alert\""));
    let response = send(post("/me/leave", &[("password", PASSWORD)])).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/sign-in"));
    assert!(header(&response, "set-cookie").contains("Max-Age=0"));
    let signed_out = client.request(Method::POST, "/me/location").form(&[("choice", "pause")]);
    assert!(header(&send(signed_out).await, "location").starts_with("/sign-in?next=%2Fme"));
    Ok(())
}

#[tokio::test]
async fn leaving_with_a_guessed_password_is_refused_after_five_attempts() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let leave = caller.request(Method::POST, "/me/leave").json(&json!({ "password": "wrong horse" }));
        statuses.push(send(leave).await.status().as_u16());
    }
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    Ok(())
}
