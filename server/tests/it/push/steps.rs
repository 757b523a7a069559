//! The steps of an escalation by push, each to its own people, once, and the end to everybody who was alarmed.

use domain::{AlertId, api::ProgressRequest};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::client::Step;

use super::{NO_MORE_WITHIN, phone::Phone, press, server_and_service};
use crate::{
    escalation::with_rules,
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, sign_in},
};

#[tokio::test]
async fn each_step_is_pushed_once_to_its_people_and_the_end_to_all_who_were_alarmed() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let office = with_rules(&client, json!({ "neighbours": 2, "administrators": 1 })).await?;
    let (caller, stranger) = (sign_in(&client, CALLER).await?, sign_in(&client, STRANGER).await?);
    let (own, _) = Phone::of(&sign_in(&client, NEIGHBOUR).await?, &service, "/own-line").await?;
    let (next, device) = Phone::of(&stranger, &service, "/next-line").await?;
    let (clerk, _) = Phone::of(&sign_in(&client, ADMINISTRATOR).await?, &service, "/office").await?;
    // A line that no device can be reached on would be passed over.
    let shown = format!("/api/push/subscriptions/{}/shown", device.id);
    client.send::<()>(stranger.request(Method::POST, &shown)).await?.ok()?;

    let call: AlertId = press(&caller).await?;
    let pushed = next.read(&service.wait_for(&next.path, 1).await[0]);
    let notification = &pushed["notification"];
    assert_eq!(notification["title"], "101-1 라인 1203호에서 도움을 요청했어요");
    assert_eq!(notification["actions"][0]["action"], "accept", "a house of the line may come");
    let named = |part: &str| notification["data"][part].clone();
    assert_eq!((named("line"), named("house")), (json!("101-1"), json!("1203")));
    let of_office: Vec<Value> =
        service.wait_for(&clerk.path, 2).await.iter().map(|pushed| clerk.read(pushed)).collect();
    assert!(of_office.iter().all(|pushed| pushed["notification"]["data"]["class"] == "alert"));
    tokio::time::sleep(NO_MORE_WITHIN).await;
    let counts = [&own, &next, &clerk].map(|phone| service.at(&phone.path).len());
    assert_eq!(counts, [1, 1, 2], "the own line, the next one, and the office by the call and by its step");

    let ended = office.progress(call, Step::Resolve, &ProgressRequest::default(), None).await?;
    assert_eq!(ended.status, 202);
    let over = next.read(&service.wait_for(&next.path, 2).await[1]);
    assert_eq!(over["notification"]["data"]["class"], "over");
    service.wait_for(&own.path, 2).await;
    service.wait_for(&clerk.path, 3).await;
    Ok(())
}
