//! The pages' answers, with policy, caching, redirects, and files.

use crate::support::{CALLER, Outcome, header, program, send, server_and_client, sign_in};
use reqwest::{Method, RequestBuilder};
use testkit::client::Session;

fn page(session: &Session, path: &str) -> RequestBuilder {
    let cookie = format!("iutsai-session={}", session.token());
    session.client().request(Method::GET, path).header("cookie", cookie).header("accept", "text/html")
}

#[tokio::test]
async fn home_asks_the_signed_out_to_sign_in() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let response = send(client.request(Method::GET, "/")).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/sign-in"));
    let response = send(client.request(Method::GET, "/call?kind=fire")).await;
    assert_eq!(header(&response, "location"), "/sign-in?next=%2Fcall%3Fkind%3Dfire");
    let response = send(page(&sign_in(&client, CALLER).await?, "/sign-in")).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/"));
    Ok(())
}

#[tokio::test]
async fn every_inline_script_carries_the_nonce_of_the_policy_and_no_two_pages_share_one() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut nonces = Vec::new();
    for path in ["/", "/call", "/"] {
        let response = send(page(&caller, path)).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let policy = header(&response, "content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let html = response.text().await.unwrap();
        let scripts: Vec<_> = html.split("<script").skip(1).collect();
        assert!(!scripts.is_empty(), "{path} comes to life by scripts");
        for script in scripts {
            let tag = script.split('>').next().unwrap();
            let carries = tag.contains(&format!("nonce=\"{nonce}\""));
            assert!(carries || tag.contains("application/json"), "<script{tag}>");
        }
        assert!(!html.contains(" style=\""), "the policy forbids inline styles");
        nonces.push(nonce);
    }
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
    Ok(())
}

#[tokio::test]
async fn pages_and_answers_carry_the_headers_that_bind_browsers() -> Outcome {
    let (_server, client) = server_and_client().await?;
    for path in ["/sign-in", "/healthz", "/nothing"] {
        let response = send(client.request(Method::GET, path)).await;
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "strict-origin-when-cross-origin", "{path}");
        assert!(header(&response, "permissions-policy").starts_with("geolocation=(self)"), "{path}");
        assert!(header(&response, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header(&response, "strict-transport-security"), "", "http is not https");
        assert!(!header(&response, "x-request-id").is_empty(), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn tiles_are_allowed_where_they_are_configured() -> Outcome {
    let server = program().env("MAP_TILE_URL", "https://tiles.example/{z}/{x}/{y}.png").start().await?;
    let client = server.client()?;
    let response = send(page(&sign_in(&client, CALLER).await?, "/")).await;
    assert!(
        header(&response, "content-security-policy").contains("img-src 'self' data: https://tiles.example;")
    );
    assert!(response.text().await.unwrap().contains("https://tiles.example/{z}/{x}/{y}.png"));
    Ok(())
}

#[tokio::test]
async fn the_sign_in_page_shows_the_demos_accounts_only_in_a_demo() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let html = send(client.request(Method::GET, "/sign-in")).await.text().await.unwrap();
    assert!(html.contains("resident-1203") && html.contains("neighbour"));
    let server = program().env_remove("IUTSAI_DEMO").start().await?;
    let html = send(server.client()?.request(Method::GET, "/sign-in")).await.text().await.unwrap();
    assert!(html.contains("name=\"password\"") && !html.contains("resident-1203"));
    Ok(())
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_people_and_a_problem_for_programs() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let response = send(client.request(Method::GET, "/nothing").header("accept", "text/html")).await;
    assert_eq!(response.status(), 404);
    assert!(header(&response, "content-type").starts_with("text/html"));
    let response = send(client.request(Method::GET, "/nothing")).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "content-type")),
        (404, "application/problem+json")
    );
    let response = send(client.request(Method::GET, "/../Cargo.toml")).await;
    assert_eq!(response.status(), 404);
    Ok(())
}

#[tokio::test]
async fn a_calls_page_shows_its_state_without_any_script() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut socket, _) = caller.listen().await?;
    let id = caller.press(&caller.call("<i>help</i>")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(id)).await?;
    let response = send(page(&caller, &format!("/call/{id}"))).await;
    assert_eq!(response.status(), 200);
    let html = response.text().await.unwrap();
    assert!(html.contains("1203") && !html.contains("<i>help</i>"), "{html}");
    Ok(())
}

#[tokio::test]
async fn the_way_to_the_home_screen_is_plain_html_with_the_asking_browsers_steps_open() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let ask = |agent: &str| client.request(Method::GET, "/install").header("user-agent", agent);
    for (agent, browser) in [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) Version/18.4 Mobile Safari/604.1", "iphone"),
        ("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36", "samsung"),
        ("Mozilla/5.0 (Linux; Android 15; wv) Mobile Safari/537.36 KAKAOTALK/25.1.0 (INAPP)", "kakaotalk"),
    ] {
        let response = send(ask(agent)).await;
        assert_eq!(response.status(), 200, "{browser}");
        let html = response.text().await.unwrap();
        let ways: Vec<_> = html.split("<details").skip(1).map(|way| way.split('>').next().unwrap()).collect();
        assert_eq!(ways.len(), 5, "{html}");
        assert!(ways[0].contains(browser) && ways[0].contains("open"), "{ways:?}");
        assert!(ways[1..].iter().all(|way| !way.contains("open") && !way.contains(browser)), "{ways:?}");
        let leads_out = html.contains("kakaotalk://web/openExternal?url=http") && html.contains("%2Finstall");
        assert_eq!(leads_out, browser == "kakaotalk", "{html}");
        assert!(!html.contains(".wasm"), "nothing of it needs a script");
    }
    Ok(())
}

#[tokio::test]
async fn every_page_can_be_put_on_a_home_screen() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let html = send(client.request(Method::GET, "/sign-in")).await.text().await.unwrap();
    for wanted in [
        "<link rel=\"manifest\" href=\"/manifest.webmanifest\"",
        "<link rel=\"apple-touch-icon\" href=\"/icon-180.png\"",
        "name=\"apple-mobile-web-app-capable\" content=\"yes\"",
        "name=\"apple-mobile-web-app-title\" content=\"이웃사이\"",
        "name=\"theme-color\" media=\"(prefers-color-scheme: dark)\"",
    ] {
        assert!(html.contains(wanted), "{wanted} in {html}");
    }
    Ok(())
}

#[tokio::test]
async fn files_are_served_compressed_where_they_lie_compressed_and_are_asked_for_anew() -> Outcome {
    let site = tempfile::tempdir().unwrap();
    std::fs::create_dir(site.path().join("pkg")).unwrap();
    for (name, text) in [("pkg/iutsai.js", "plain"), ("pkg/iutsai.js.br", "brotli"), ("icon.svg", "<svg/>")] {
        std::fs::write(site.path().join(name), text).unwrap();
    }
    let server = program().env("IUTSAI_SITE_DIR", site.path()).start().await?;
    let client = server.client()?;
    let response = send(client.request(Method::GET, "/pkg/iutsai.js").header("accept-encoding", "br")).await;
    assert_eq!(
        (header(&response, "content-encoding"), header(&response, "cache-control")),
        ("br", "no-cache")
    );
    assert_eq!(header(&response, "content-type"), "text/javascript");
    let modified = header(&response, "last-modified").to_owned();
    assert_eq!(response.text().await.unwrap(), "brotli");
    let response = send(client.request(Method::GET, "/pkg/iutsai.js")).await;
    assert_eq!(header(&response, "content-encoding"), "");
    assert_eq!(response.text().await.unwrap(), "plain");
    let again = client.request(Method::GET, "/pkg/iutsai.js").header("if-modified-since", modified);
    assert_eq!(send(again).await.status(), 304);
    let response = send(client.request(Method::GET, "/icon.svg")).await;
    assert_eq!(header(&response, "cache-control"), "public, max-age=86400");
    Ok(())
}

#[tokio::test]
async fn only_a_file_of_the_version_that_is_there_is_kept_for_good() -> Outcome {
    let site = tempfile::tempdir().unwrap();
    let list = site.path().join("site.json");
    std::fs::write(site.path().join("outbox.js"), "first").unwrap();
    std::fs::write(&list, r#"{"version":"abc","files":{}}"#).unwrap();
    let server = program().env("IUTSAI_SITE_DIR", site.path()).start().await?;
    let client = server.client()?;
    let caching =
        async |path: &str| header(&send(client.request(Method::GET, path)).await, "cache-control").to_owned();
    let for_good = "public, max-age=31536000, immutable";
    assert_eq!(caching("/outbox.js?v=abc").await, for_good);
    for other in ["/outbox.js", "/outbox.js?v=abd", "/outbox.js?v=abc&v=abd", "/nothing.js?v=abc"] {
        assert_ne!(caching(other).await, for_good, "{other}");
    }
    // Another site takes the place of the one that the server began with.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    std::fs::write(&list, r#"{"version":"abd","files":{}}"#).unwrap();
    std::fs::File::options().write(true).open(&list).unwrap().set_modified(later).unwrap();
    for path in ["/outbox.js?v=abc", "/outbox.js?v=abd"] {
        assert_eq!(caching(path).await, "no-cache", "{path}");
    }
    Ok(())
}
