//! Importing houses from a table.

use reqwest::Method;
use serde_json::Value;
use testkit::{client::Session, town::Town};

use super::{house, refusal};
use crate::support::{ADMINISTRATOR, Outcome, header, send, server_and_client, sign_in};

const TABLE: &str = "building,line,house,neighbours\n105,105-1,101,105-2\n105,105-1,102,\n105,105-2,101,\n";

async fn sent(session: &Session, query: &str, table: &str) -> reqwest::Response {
    let request = session.request(Method::POST, &format!("/api/people/import{query}"));
    send(request.header("content-type", "text/csv").body(table.to_owned())).await
}

#[tokio::test]
async fn nothing_is_imported_before_the_preview_is_confirmed_and_then_all_of_it() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let preview: Value = sent(&office, "", TABLE).await.json().await.unwrap();
    assert_eq!(
        (preview["new_lines"].as_array().unwrap().len(), preview["new_houses"].as_array().unwrap().len()),
        (2, 3)
    );
    assert_eq!(house(&office, "105-1", "101").await, None, "a preview changes nothing");

    let digest = preview["digest"].as_str().unwrap();
    let other = format!("{TABLE}105,105-2,102,\n");
    let (status, kind, _) = refusal(sent(&office, &format!("?digest={digest}"), &other).await).await;
    assert_eq!((status, kind.as_str()), (409, "/problems/outdated"));
    assert_eq!(house(&office, "105-1", "101").await, None);

    assert_eq!(sent(&office, &format!("?digest={digest}"), TABLE).await.status(), 200);
    assert!(house(&office, "105-1", "102").await.is_some() && house(&office, "105-2", "101").await.is_some());
    let again: Value = sent(&office, "", TABLE).await.json().await.unwrap();
    assert_eq!((again["known_houses"].as_u64(), again["new_houses"].as_array().unwrap().len()), (Some(3), 0));
    Ok(())
}

#[tokio::test]
async fn a_malformed_table_is_refused_with_every_line_and_changes_nothing() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let table = "line,house\r\n105-1,101\r\n105-1,10/2\r\n105-1,101\r\n";
    let (status, kind, detail) = refusal(sent(&office, "", table).await).await;
    assert_eq!((status, kind.as_str()), (422, "/problems/invalid"));
    assert!(
        detail.contains("line 3:") && detail.contains("line 4:") && !detail.contains("line 2:"),
        "{detail}"
    );
    assert_eq!(house(&office, "105-1", "101").await, None);
    let long = "x".repeat(600 * 1024);
    assert_eq!(refusal(sent(&office, "", &long).await).await.0, 413);
    Ok(())
}

#[tokio::test]
async fn the_page_previews_a_file_and_imports_it_when_it_is_confirmed() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let page = |body: String, content_type: &str| {
        let request = office.request(Method::POST, "/admin/people/import");
        request.header("content-type", content_type).header("accept-language", "en").body(body)
    };
    let file = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{TABLE}\r\n--x--\r\n"
    );
    let html = send(page(file, "multipart/form-data; boundary=x")).await.text().await.unwrap();
    assert!(html.contains("data-testid=\"preview\"") && html.contains("Save 3 houses"), "{html}");
    assert!(!html.contains(" style=\""), "the policy forbids inline styles");
    let digest = html.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let table: String = url::form_urlencoded::byte_serialize(TABLE.as_bytes()).collect();
    let form = "application/x-www-form-urlencoded";
    let response = send(page(format!("csv={table}&digest={digest}"), form)).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (303, "/admin/people?done=imported&about=3")
    );
    let response = send(page("csv=line%0A10%2F1".into(), form)).await;
    assert_eq!(response.status(), 422);
    assert!(response.text().await.unwrap().contains("Line 2:"));
    Ok(())
}

#[tokio::test]
async fn every_imported_house_is_invited_and_may_have_several_residents() -> Outcome {
    let (server, client) = server_and_client().await?;
    let office = sign_in(&client, ADMINISTRATOR).await?;
    let table = "building,line,house\n301,301-1,101\n301,301-1,102\n";
    let preview = office.preview(table).await?.ok()?;
    assert_eq!((preview.new_lines.len(), preview.new_houses.len(), preview.known_houses), (1, 2, 0));
    office.import(table, &preview.digest).await?.ok()?;
    assert_eq!(office.preview(table).await?.ok()?.known_houses, 2);
    let invited = office.invite_everybody().await?.ok()?.invitations;
    assert!(preview.new_houses.iter().all(|flat| invited.contains(flat)), "{invited:?}");

    server.populate(&Town::new(1, 2).further(1)).await?;
    for (name, people) in [("101", 2), ("102", 1)] {
        let house = house(&office, "301-1", name).await.unwrap();
        assert_eq!(house["residents"].as_array().unwrap().len(), people, "{house}");
    }
    Ok(())
}
