//! The form of the page that asks, which works without a script, and the keys that it sends again.

use std::time::Duration;

use domain::{AlertId, api::ProgressRequest};
use reqwest::Method;
use serde_json::json;
use testkit::client::{Session, Step};
use uuid::Uuid;

use crate::support::{CALLER, Outcome, header, send, server_and_client, sign_in};

#[tokio::test]
async fn a_press_of_the_form_leads_to_the_calls_page_whose_id_is_the_forms_key() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let key = Uuid::now_v7().to_string();
    let form = [
        ("line", "101-1"),
        ("house", "1203"),
        ("kind", ""),
        ("text", "불이야"),
        ("lat", ""),
        ("lng", ""),
        ("idempotencyKey", &key),
    ];
    let response = send(caller.request(Method::POST, "/alert").form(&form)).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, &*format!("/call/{key}")));
    let again = send(caller.request(Method::POST, "/alert").form(&form)).await;
    assert_eq!((again.status().as_u16(), header(&again, "location")), (303, &*format!("/call/{key}")));
    Ok(())
}

/// Where the form with these fields leads to.
async fn confirm(caller: &Session, form: &[(&str, &str)]) -> String {
    let response = send(caller.request(Method::POST, "/alert").form(form)).await;
    assert_eq!(response.status().as_u16(), 303);
    header(&response, "location").to_owned()
}

const FLAT: [(&str, &str); 2] = [("line", "101-1"), ("house", "1203")];
const YARD: [(&str, &str); 3] = [("lat", "37.5"), ("lng", "127"), ("accuracy", "12")];

#[tokio::test]
async fn a_press_that_is_repeated_with_a_location_or_another_is_the_same_press() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let key = Uuid::now_v7().to_string();
    let form = [&FLAT[..], &[("idempotencyKey", key.as_str())]].concat();
    let located = [&form[..], &YARD].concat();
    for form in [&form, &located, &form] {
        assert_eq!(confirm(&caller, form).await, format!("/call/{key}"));
    }

    let key = Uuid::now_v7();
    let mut call = caller.call("once")?;
    for lat in [None, Some(37.5), Some(37.6)] {
        (call.lat, call.lng) = (lat.map(|lat: f64| json!(lat)), lat.map(|_| json!(127)));
        assert_eq!(caller.press(&call, Some(key)).await?.ok()?.id, key);
    }
    Ok(())
}

#[tokio::test]
async fn a_person_who_confirms_other_words_under_a_used_key_makes_a_new_call() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let key = Uuid::now_v7().to_string();
    let form = [&FLAT[..], &[("idempotencyKey", key.as_str()), ("text", "a fall")]].concat();
    assert_eq!(confirm(&caller, &form).await, format!("/call/{key}"));
    let other = [&FLAT[..], &[("idempotencyKey", key.as_str()), ("text", "a fire")]].concat();
    let to = confirm(&caller, &other).await;
    assert!(to.starts_with("/call/") && !to.contains(['?', '&']), "{to}");
    assert_ne!(to, format!("/call/{key}"));
    Ok(())
}

#[tokio::test]
async fn a_person_who_confirms_an_old_page_again_after_the_call_has_ended_makes_a_new_call() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let key = Uuid::now_v7();
    let text = key.to_string();
    let form = [&FLAT[..], &[("idempotencyKey", text.as_str())]].concat();
    let first = format!("/call/{key}");
    assert_eq!(confirm(&caller, &form).await, first);
    assert_eq!(confirm(&caller, &form).await, first);
    let nothing = ProgressRequest::default();
    assert_eq!(caller.progress(AlertId(key), Step::Cancel, &nothing, None).await?.status, 202);
    // The cancel is answered before this node's hub has applied it.
    for _ in 0..50 {
        if confirm(&caller, &form).await != first {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the old key swallows a new emergency");
}

#[tokio::test]
async fn the_confirming_page_offers_a_key_that_can_make_a_call() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let offers = async |query: &str| {
        let response = send(caller.request(Method::GET, &format!("/call?{query}"))).await;
        let html = response.text().await.unwrap();
        let field = html.split("<input").find(|field| field.contains("name=\"idempotencyKey\"")).unwrap();
        field.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let key = Uuid::now_v7();
    let address = format!("idempotencyKey={key}");
    let failed = format!("{address}&problem=not-durable");
    assert_eq!(offers(&address).await, key.to_string());
    assert_eq!(offers(&failed).await, key.to_string());
    assert_ne!(
        offers("idempotencyKey=6ba7b810-9dad-11d1-80b4-00c04fd430c8").await,
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    );

    caller.press(&caller.call("")?, Some(key)).await?.ok()?;
    // The answer may overtake this node's hub.
    let mut offered = offers(&address).await;
    for _ in 0..50 {
        if offered != key.to_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        offered = offers(&address).await;
    }
    assert_ne!(offered, key.to_string());
    assert_eq!(offers(&failed).await, key.to_string(), "the press that failed is confirmed again");
    Ok(())
}

#[tokio::test]
async fn a_refused_form_leads_back_with_what_was_written() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let form = [("line", "101-1"), ("house", "1204"), ("kind", "fire"), ("text", "help & more")];
    let response = send(caller.request(Method::POST, "/alert").form(&form)).await;
    let to = "/call?kind=fire&text=help+%26+more&problem=not-yours";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    let response = send(client.request(Method::POST, "/alert").form(&form)).await;
    let to = "/sign-in?next=%2Fcall%3Fkind%3Dfire%26text%3Dhelp%2B%2526%2Bmore";
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, to));
    Ok(())
}
