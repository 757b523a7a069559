//! Subscriptions that are refused, and devices of somebody else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    phone::{Phone, devices, subscribe},
    server_and_service,
    service::Service,
};
use crate::support::{NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, server_and_client, sign_in};

#[tokio::test]
async fn an_endpoint_or_a_key_that_cannot_be_used_is_refused_with_the_reason() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let wish = Phone::at(&Service::start().await, "/1").wish();
    let with = |change: Value| {
        let mut wish = wish.clone();
        wish.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        wish
    };
    let fcm = "https://fcm.googleapis.com/fcm/send/abc";
    for (wish, reason) in [
        (wish.clone(), "https"),
        (with(json!({ "endpoint": "http://fcm.googleapis.com/abc" })), "https"),
        (with(json!({ "endpoint": "https://192.168.0.1/abc" })), "private address"),
        (with(json!({ "endpoint": "https://push.example/abc" })), "push.example"),
        (with(json!({ "endpoint": "" })), "address"),
        (with(json!({ "endpoint": fcm, "keys": { "p256dh": "AAAA", "auth": "AAAA" } })), "p256dh"),
        (with(json!({ "endpoint": fcm, "keys": {} })), "p256dh"),
    ] {
        let answer = subscribe(&neighbour, &wish).await?;
        assert_eq!(answer.status, 422, "{wish}");
        let problem = answer.outcome.unwrap_err();
        assert_eq!(problem.kind, "/problems/invalid");
        assert!(problem.detail.contains(reason), "{reason} is not in {}", problem.detail);
    }
    assert_eq!(devices(&neighbour).await?, []);
    subscribe(&neighbour, &with(json!({ "endpoint": fcm }))).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn somebody_elses_device_cannot_be_listed_tried_removed_or_claimed() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let (one, other) = (sign_in(&client, NEIGHBOUR).await?, sign_in(&client, SECOND_NEIGHBOUR).await?);
    let (phone, device) = Phone::of(&one, &service, "/one").await?;
    let of = |rest: &str| format!("/api/push/subscriptions/{}{rest}", device.id);
    for (method, path) in
        [(Method::DELETE, of("")), (Method::POST, of("/test")), (Method::POST, of("/shown"))]
    {
        let answer = client.send::<Value>(other.request(method.clone(), &path)).await?;
        assert_eq!(answer.outcome.unwrap_err().kind, "/problems/not-yours", "{method} {path}");
    }
    // The address alone does not make it theirs, because they do not know its keys.
    let stolen = Phone::at(&service, "/one").wish();
    let answer = subscribe(&other, &stolen).await?;
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/not-yours");
    assert_eq!(devices(&other).await?, []);
    assert_eq!(devices(&one).await?.len(), 1);
    assert_eq!(service.at(&phone.path).len(), 0, "nothing was sent");
    let unknown = client.send::<Value>(
        one.request(Method::DELETE, "/api/push/subscriptions/0190f8a0-0000-7000-8000-000000000000"),
    );
    assert_eq!(unknown.await?.outcome.unwrap_err().kind, "/problems/not-found");
    client.send::<()>(one.request(Method::DELETE, &of(""))).await?.ok()?;
    assert_eq!(devices(&one).await?, []);
    let stranger = client.send::<Value>(client.request(Method::GET, "/api/push/key")).await?;
    assert_eq!(stranger.status, 401);
    Ok(())
}
