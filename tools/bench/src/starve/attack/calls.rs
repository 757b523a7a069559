//! One house with 200 open calls, and a flood of their locations.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use domain::{
    AlertId, Kind,
    api::{CallRequest, LocationRequest, Recorded},
};
use reqwest::Method;
use uuid::Uuid;

use super::{Crew, Load};
use crate::starve::crew::Pressed;
use testkit::{
    Error,
    client::{Client, Session},
};

/// The number of calls that are tried, of every kind in turn.
const CALLS: usize = 200;

pub(super) fn start(crew: &Crew, load: &mut Load) {
    let tried = Arc::new(AtomicUsize::new(0));
    for device in crew.devices() {
        let (tried, pressed) = (tried.clone(), crew.pressed.clone());
        load.repeat(move || as_resident(device.clone(), tried.fetch_add(1, Relaxed), pressed.clone()));
    }
    let Some(call) = crew.devices().next().and_then(|device| device.call("attack").ok()) else { return };
    for stranger in crew.strangers() {
        let call = call.clone();
        load.repeat(move || as_stranger(stranger.clone(), call.clone()));
    }
}

/// First the calls, then where the caller is now, for one call after the other.
async fn as_resident(device: Session, number: usize, pressed: Pressed) -> Result<(), Error> {
    if number < CALLS {
        let (mut call, id) = (device.call("attack")?, Uuid::now_v7());
        call.kind = Some(Kind::ALL[number % Kind::ALL.len()]);
        device.press(&call, Some(id)).await?.ok()?;
        pressed.add(AlertId(id));
        return Ok(());
    }
    let none = || Error::Usage("no call of the house was accepted".into());
    let call = pressed.pick(number).ok_or_else(none)?;
    let location = LocationRequest { lat: 37.5.into(), lng: 127.0.into(), accuracy: None };
    device.moved(call, &location, None).await?.ok().map(drop)
}

async fn as_stranger(client: Client, call: CallRequest) -> Result<(), Error> {
    let request = client.request(Method::POST, "/alert").json(&call);
    client.send::<Recorded>(request).await?.ok().map(drop)
}
