//! Signing in and out, by JSON, by the page's form, by cookie and by token.

use crate::support::{CALLER, Outcome, PASSWORD, header, program, send, server_and_client, sign_in};
use domain::{Resident, api::SignedIn};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_resident_signs_in_and_is_named_in_the_answer() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    assert_eq!(caller.resident().house.as_ref().unwrap().as_str(), "1203");
    let answer = client.send::<Resident>(caller.request(Method::GET, "/api/session")).await?;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.ok()?, *caller.resident());
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_refused_alike() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let wrong = client.sign_in(CALLER, "not the password").await.unwrap_err();
    let unknown = client.sign_in("nobody", PASSWORD).await.unwrap_err();
    let problem = wrong.problem().unwrap();
    assert_eq!((problem.status, problem.kind.as_str()), (401, "/problems/sign-in-refused"));
    assert_eq!(unknown.problem(), Some(problem));
    Ok(())
}

#[tokio::test]
async fn failing_too_often_has_to_wait_and_the_neighbour_at_the_same_address_does_not() -> Outcome {
    let (_server, client) = server_and_client().await?;
    for _ in 0..5 {
        client.sign_in(CALLER, "guess").await.unwrap_err();
    }
    let body = json!({ "name": CALLER, "password": PASSWORD });
    let answer = client.send::<SignedIn>(client.request(Method::POST, "/api/session").json(&body)).await?;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 200);
    sign_in(&client, crate::support::NEIGHBOUR).await?;
    Ok(())
}

#[tokio::test]
async fn the_pages_form_sets_a_cookie_and_leads_on() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let form = [("name", CALLER), ("password", PASSWORD), ("next", "/call?kind=fire")];
    let response = send(client.request(Method::POST, "/sign-in").form(&form)).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/call?kind=fire"));
    let cookie = header(&response, "set-cookie").to_owned();
    for part in ["iutsai-session=", "; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=15552000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "over http the cookie would not be kept: {cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let request = client.request(Method::GET, "/api/session").header("cookie", cookie);
    assert_eq!(client.send::<Resident>(request).await?.ok()?.name, CALLER);
    Ok(())
}

#[tokio::test]
async fn a_refused_form_leads_back_and_nowhere_else() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let form = [("name", CALLER), ("password", "wrong"), ("next", "/call")];
    let response = send(client.request(Method::POST, "/sign-in").form(&form)).await;
    let to = "/sign-in?problem=refused&next=%2Fcall";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    let form = [("name", CALLER), ("password", PASSWORD), ("next", "//evil.example/")];
    let response = send(client.request(Method::POST, "/sign-in").form(&form)).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/"));
    Ok(())
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure() -> Outcome {
    let server = program().env("IUTSAI_PUBLIC_URL", "https://iutsai.example").start().await?;
    let form = [("name", CALLER), ("password", PASSWORD)];
    let response = send(server.client()?.request(Method::POST, "/sign-in").form(&form)).await;
    assert!(header(&response, "set-cookie").ends_with("; Secure"));
    assert_eq!(header(&response, "strict-transport-security"), "max-age=63072000");
    Ok(())
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookie_reads_so_and_one_that_keeps_it_goes_on() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let html = send(client.request(Method::GET, "/sign-in")).await.text().await.unwrap();
    assert!(html.contains("name=\"check\""), "the page's form asks for the check");
    let form = [("name", CALLER), ("password", PASSWORD), ("next", "/call?kind=fire"), ("check", "1")];
    let response = send(client.request(Method::POST, "/sign-in").form(&form)).await;
    let to = "/sign-in?problem=cookie&next=%2Fcall%3Fkind%3Dfire";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();

    let without = client.request(Method::GET, to).header("accept-language", "en");
    let page = send(without).await.text().await.unwrap();
    assert!(page.contains("role=\"alert\"") && page.contains("allow cookies"), "the page gives the reason");
    let response = send(client.request(Method::GET, to).header("cookie", cookie)).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/call?kind=fire"));
    Ok(())
}

#[tokio::test]
async fn a_secure_cookie_over_http_brings_the_reason() -> Outcome {
    let server = program().env("IUTSAI_PUBLIC_URL", "https://iutsai.example").start().await?;
    let client = server.client()?;
    let form = [("name", CALLER), ("password", PASSWORD), ("check", "1")];
    let request = client.request(Method::POST, "/sign-in").header("origin", client.address());
    let response = send(request.form(&form)).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (303, "/sign-in?problem=insecure")
    );
    Ok(())
}

#[tokio::test]
async fn a_name_is_accepted_with_spaces_around_it_and_refused_where_no_account_can_have_it() -> Outcome {
    let (_server, client) = server_and_client().await?;
    sign_in(&client, &format!(" {CALLER}\n")).await?;
    let long = "a".repeat(60_000);
    for name in ["", "\0", "resident\0", "\u{fffd}", "\u{7f}", long.as_str()] {
        let problem = client.sign_in(name, PASSWORD).await.unwrap_err();
        assert_eq!(problem.problem().unwrap().kind, "/problems/sign-in-refused", "{name:.9}");
    }
    let surrogate = r#"{"name":"\ud83d","password":"neighbour"}"#;
    let request = client.request(Method::POST, "/api/session").body(surrogate);
    assert_eq!(client.send::<SignedIn>(request).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_session() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    assert_eq!(caller.sign_out().await?.status, 204);
    let answer = client.send::<Resident>(caller.request(Method::GET, "/api/session")).await?;
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/not-signed-in");
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    Ok(())
}

#[tokio::test]
async fn the_form_signs_out_and_forgets_the_cookie() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let cookie = format!("iutsai-session={}", caller.token());
    let response = send(client.request(Method::POST, "/sign-out").header("cookie", cookie)).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/sign-in"));
    assert!(header(&response, "set-cookie").starts_with("iutsai-session=; Path=/; Max-Age=0"));
    let answer = client.send::<Resident>(caller.request(Method::GET, "/api/session")).await?;
    assert_eq!(answer.status, 401);
    Ok(())
}

#[tokio::test]
async fn a_session_outlives_a_restart() -> Outcome {
    let (mut server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    server.restart().await?;
    let caller = caller.at(&server.client()?);
    let answer = caller.client().send::<Resident>(caller.request(Method::GET, "/api/session")).await?;
    assert_eq!(answer.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_command_ends_every_session_of_an_account_and_its_sockets_close() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) =
        (sign_in(&client, CALLER).await?, sign_in(&client, crate::support::NEIGHBOUR).await?);
    let (mut theirs, _) = caller.listen().await?;
    let (mut others, _) = neighbour.listen().await?;
    let command = std::process::Command::new(crate::support::path())
        .args(["admin", "end-sessions", "--name", CALLER, "--data-dir"])
        .arg(server.data_dir())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&command.stdout), format!("ended 1 sessions of {CALLER}\n"));
    let end = theirs.ended().await?;
    assert_eq!(end.code(), Some(1008), "{end}");
    let answer = client.send::<Resident>(caller.request(Method::GET, "/api/session")).await?;
    assert_eq!(answer.status, 401);
    let id = neighbour.press(&neighbour.call("")?, None).await?.ok()?.id;
    others.wait_for("a call", |message| message.is_alert(id)).await.map(drop)
}

#[tokio::test]
async fn an_account_has_twenty_sessions_at_most_and_the_newest_stay() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let first = sign_in(&client, CALLER).await?;
    let mut last = first.clone();
    for _ in 0..20 {
        last = sign_in(&client, CALLER).await?;
    }
    // A node learns of it when it asks the database next, which it does every two seconds.
    let status = async |session: &testkit::client::Session| {
        let answer = client.send::<Resident>(session.request(Method::GET, "/api/session")).await;
        answer.map(|answer| answer.status)
    };
    let gone = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while status(&first).await? != 401 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Ok::<_, testkit::Error>(())
    });
    gone.await.expect("the first session ends")?;
    assert_eq!(status(&last).await?, 200);
    Ok(())
}
