//! Devices for push in a database, and whether a running server sends to them.

use std::time::{Duration, Instant};

use domain::push::ServerKey;
use reqwest::Method;

use super::register::Register;
use crate::{
    Error,
    client::{Session, counters::Counters},
};

/// A server reads the devices every two seconds. A busy machine may need far longer.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(100);

/// The number of devices that a node sends to.
const KNOWN: &str = "iutsai_push_subscriptions";

/// A device of an account.
#[derive(Clone, Debug)]
pub struct Device {
    /// The name that its owner signs in with.
    pub account: String,
    /// Its address at a push service.
    pub endpoint: String,
}

/// Writes devices into the database at `url` and waits until the server of the administrator sends to so many.
pub(crate) async fn subscribe(url: &str, administrator: &Session, devices: &[Device]) -> Result<(), Error> {
    let asked = administrator.request(Method::GET, "/api/push/key");
    let server: ServerKey = administrator.client().send(asked).await?.ok()?;
    let register = Register::open(url).await?;
    register.subscribe(&server.key, devices).await?;
    register.close().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let known = Counters::read(administrator).await?.get(KNOWN);
        if known >= devices.len() as f64 {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let awaited = format!("{} devices", devices.len());
            return Err(Error::Late { awaited, within: PATIENCE, instead: format!("{known} are known") });
        }
        tokio::time::sleep(GLANCE).await;
    }
}
