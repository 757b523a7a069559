//! One call of somebody else is accepted and the accept withdrawn, again and again.

use domain::{
    AlertId,
    api::{AcceptRequest, ProgressRequest, Recorded},
};
use reqwest::Method;
use testkit::{
    Error,
    client::{Client, Session, Step},
};

use super::{Crew, Load};

pub(super) fn start(crew: &Crew, load: &mut Load) {
    for device in crew.devices() {
        let (accept, standing) = (crew.accept.clone(), crew.standing);
        load.repeat(move || as_resident(device.clone(), accept.clone(), standing));
    }
    for stranger in crew.strangers() {
        let accept = crew.accept.clone();
        load.repeat(move || as_stranger(stranger.clone(), accept.clone()));
    }
}

async fn as_resident(device: Session, accept: AcceptRequest, standing: AlertId) -> Result<(), Error> {
    device.accept(&accept, None).await?.ok()?;
    device.progress(standing, Step::Withdraw, &ProgressRequest::default(), None).await?.ok().map(drop)
}

async fn as_stranger(client: Client, accept: AcceptRequest) -> Result<(), Error> {
    let request = client.request(Method::POST, "/accept").json(&accept);
    client.send::<Recorded>(request).await?.ok().map(drop)
}
