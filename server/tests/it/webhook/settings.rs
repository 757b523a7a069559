//! The events, drills and locations that settings choose.

use serde_json::json;

use super::{PATH, hooked, press, read, resolve};
use crate::{
    push::service::Service,
    support::{CALLER, NEIGHBOUR, Outcome, program, sign_in},
};

#[tokio::test]
async fn a_drill_is_sent_only_where_a_setting_asks_for_it_and_then_as_one() -> Outcome {
    let service = Service::start().await;
    let server = hooked(program(), &service).start().await?;
    let (caller, neighbour) =
        (sign_in(&server.client()?, CALLER).await?, sign_in(&server.client()?, NEIGHBOUR).await?);
    let mut drill = caller.call("")?;
    drill.drill = true;
    caller.press(&drill, None).await?.ok()?;
    let call = press(&neighbour).await?;
    let sent = service.wait_for(PATH, 1).await;
    let house = neighbour.resident().house.clone().unwrap();
    assert_eq!(read(&sent[0])["data"]["house"], house.as_str());
    // Its end comes after whatever was sent for the drill.
    resolve(&neighbour, call).await?;
    let sent = service.wait_for(PATH, 2).await;
    assert!(sent.iter().all(|message| read(message)["data"]["drill"] == false));

    let server = hooked(program(), &service).env("IUTSAI_WEBHOOK_DRILLS", "1").start().await?;
    sign_in(&server.client()?, CALLER).await?.press(&drill, None).await?.ok()?;
    assert_eq!(read(&service.wait_for(PATH, 3).await[2])["data"]["drill"], true);
    Ok(())
}

#[tokio::test]
async fn a_location_is_sent_where_a_setting_allows_it() -> Outcome {
    let service = Service::start().await;
    let server = hooked(program(), &service).env("IUTSAI_WEBHOOK_LOCATION", "1").start().await?;
    press(&sign_in(&server.client()?, CALLER).await?).await?;
    let location = json!({ "lat": 37.566_535, "lng": 126.977_969, "accuracy": null });
    assert_eq!(read(&service.wait_for(PATH, 1).await[0])["data"]["location"], location);
    Ok(())
}

#[tokio::test]
async fn only_the_events_of_the_setting_are_sent() -> Outcome {
    let service = Service::start().await;
    let server = hooked(program(), &service).env("IUTSAI_WEBHOOK_EVENTS", "end").start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let call = press(&caller).await?;
    resolve(&caller, call).await?;
    assert_eq!(read(&service.wait_for(PATH, 1).await[0])["type"], "end");
    assert_eq!(service.at(PATH).len(), 1);
    Ok(())
}
