//! The plan under the map's markers, with its source, its readers, and the tiles that go before it.

use std::path::Path;

use crate::support::{CALLER, Outcome, header, program, resident_of, send, server_and_client, sign_in};
use reqwest::Method;
use testkit::client::Session;

const PLAN: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 520"><path d="M0 0h800v520H0z"/></svg>"#;
const POINTS: &str = "56,56=37.501504,127.0393246;516,462=37.5007745,127.0403663";
/// The words of a page without plan and tiles.
const PAPER: &str = "아직 등록된 단지 배치도가 없어";

/// Writes the plan of a complex; returns the setting that names it.
fn own_plan(directory: &Path) -> String {
    let file = directory.join("plan.svg");
    std::fs::write(&file, PLAN).unwrap();
    format!("{};{POINTS}", file.display())
}

async fn home(session: &Session) -> String {
    let page = session.request(Method::GET, "/").header("accept", "text/html");
    let response = send(page.header("accept-language", "ko")).await;
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

#[tokio::test]
async fn a_complexs_own_plan_is_for_those_who_are_signed_in() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let server = program().env("IUTSAI_SITE_PLAN", own_plan(directory.path())).start().await?;
    let client = server.client()?;
    let refused = send(client.request(Method::GET, "/site-plan")).await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "content-type")),
        (401, "application/problem+json")
    );
    let caller = sign_in(&client, CALLER).await?;
    let response = send(caller.request(Method::GET, "/site-plan")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "image/svg+xml");
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let policy = header(&response, "content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
    let tag = header(&response, "etag").to_owned();
    assert_eq!(response.text().await.unwrap(), PLAN);

    for (known, status) in [(tag.as_str(), 304), ("\"another\"", 200), ("\"another\", *", 304)] {
        let again = caller.request(Method::GET, "/site-plan").header("if-none-match", known);
        let response = send(again).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "etag")),
            (status, tag.as_str()),
            "{known}"
        );
    }
    let html = home(&caller).await;
    assert!(html.contains(r#"src="/site-plan""#) && !html.contains("demo-plan"), "{html}");
    Ok(())
}

#[tokio::test]
async fn the_demo_has_a_plan_that_is_a_file_of_the_site() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let html = home(&caller).await;
    assert!(html.contains(r#"src="/demo-plan.svg""#) && html.contains(r#"alt="단지 배치도""#), "{html}");
    let response = send(client.request(Method::GET, "/demo-plan.svg")).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "image/svg+xml"));
    // Browsers hold the styles inside a picture to the picture's own policy.
    assert!(header(&response, "content-security-policy").contains("style-src 'unsafe-inline'"));
    assert_eq!(send(caller.request(Method::GET, "/site-plan")).await.status(), 404);
    Ok(())
}

#[tokio::test]
async fn tiles_go_before_any_plan() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let server = program()
        .env("MAP_TILE_URL", "https://tiles.example/{z}/{x}/{y}.png")
        .env("IUTSAI_SITE_PLAN", own_plan(directory.path()))
        .start()
        .await?;
    let html = home(&sign_in(&server.client()?, CALLER).await?).await;
    assert!(html.contains("https://tiles.example/"), "{html}");
    assert!(!html.contains("site-plan") && !html.contains("demo-plan"), "{html}");
    Ok(())
}

#[tokio::test]
async fn without_plan_and_tiles_the_page_explains_the_blank_map() -> Outcome {
    let server = program().env_remove("IUTSAI_DEMO").start().await?;
    let resident = resident_of(&server, &server.client()?, "103-1").await?;
    let html = home(&resident).await;
    assert!(html.contains(PAPER) && !html.contains("demo-plan"), "{html}");
    let (_demo, client) = server_and_client().await?;
    assert!(!home(&sign_in(&client, CALLER).await?).await.contains(PAPER));
    Ok(())
}
