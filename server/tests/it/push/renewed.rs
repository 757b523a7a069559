//! Devices whose browser has replaced their subscription while no page was open.

use domain::push::Device;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Error, client::Session};

use super::{
    phone::{Phone, devices, subscribe},
    server_and_service,
    service::Service,
};
use crate::support::{NEIGHBOUR, Outcome, sign_in};

/// The wish of the service worker, which knows neither the name nor the language of the device.
fn renewal(old: &Phone, new: &Phone) -> Value {
    let (old, new) = (old.wish(), new.wish());
    json!({ "endpoint": new["endpoint"], "expirationTime": null, "keys": new["keys"], "replaces": old["endpoint"] })
}

/// Returns the language of a message that the device gets.
async fn language(
    owner: &Session,
    service: &Service,
    phone: &Phone,
    device: &Device,
) -> Result<Value, Error> {
    let before = service.at(&phone.path).len();
    let test = format!("/api/push/subscriptions/{}/test", device.id);
    owner.client().send::<()>(owner.request(Method::POST, &test)).await?.ok()?;
    let pushed = service.wait_for(&phone.path, before + 1).await;
    Ok(phone.read(&pushed[before])["notification"]["lang"].clone())
}

#[tokio::test]
async fn a_device_with_a_replaced_subscription_is_the_same_one_and_keeps_its_language() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (old, new) = (Phone::at(&service, "/old"), Phone::at(&service, "/new"));
    let mut wish = old.wish();
    wish["language"] = json!("en");
    let known = subscribe(&neighbour, &wish).await?.ok()?;
    assert_eq!(language(&neighbour, &service, &old, &known).await?, "en");

    let renewed = subscribe(&neighbour, &renewal(&old, &new)).await?.ok()?;

    assert_eq!((renewed.id, &renewed.device), (known.id, &known.device));
    assert_eq!(devices(&neighbour).await?.len(), 1);
    assert_eq!(language(&neighbour, &service, &new, &renewed).await?, "en");
    assert_eq!(service.at(&old.path).len(), 1, "the old address gets nothing more");
    Ok(())
}

/// The old one may be removed before the browser replaces it, because its push service has answered 410.
#[tokio::test]
async fn a_device_whose_old_subscription_is_unknown_gets_the_language_of_its_pages() -> Outcome {
    let (_server, client, service) = server_and_service().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let unknown = Phone::at(&service, "/unknown");
    for (path, header, value, wanted) in [
        ("/accepted", "accept-language", "en-US,en;q=0.9", "en"),
        ("/chosen", "cookie", "lang=en", "en"),
        ("/neither", "accept-language", "de", "ko"),
    ] {
        let phone = Phone::at(&service, path);
        let request = neighbour.request(Method::POST, "/api/push/subscriptions").header(header, value);
        let device: Device = client.send(request.json(&renewal(&unknown, &phone))).await?.ok()?;
        assert_eq!(language(&neighbour, &service, &phone, &device).await?, wanted, "{header}: {value}");
    }
    Ok(())
}
