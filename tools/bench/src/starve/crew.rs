//! The attackers, who are one resident of the callers' line with all devices of the flat, at the address of the
//! building, and strangers at addresses of their own.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, PoisonError},
};

use domain::{AlertId, api::AcceptRequest};

use super::honest;
use testkit::{
    Error,
    client::{Client, Session},
};

/// A call of an honest flat that stays open.
pub(super) struct Standing {
    pub(super) caller: Session,
    pub(super) call: AlertId,
}

/// Calls that the hostile resident pressed.
#[derive(Clone, Debug, Default)]
pub(super) struct Pressed(Arc<Mutex<Vec<AlertId>>>);

/// The attackers of one measurement.
pub(super) struct Crew {
    devices: Vec<Session>,
    strangers: Vec<Client>,
    at_once: usize,
    /// Comes to the standing call.
    pub(super) accept: AcceptRequest,
    /// Which call that is.
    pub(super) standing: AlertId,
    pub(super) pressed: Pressed,
}

impl Pressed {
    pub(super) fn add(&self, call: AlertId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    /// Returns one of them, in turn by `number`.
    pub(super) fn pick(&self, number: usize) -> Option<AlertId> {
        let pressed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pressed.get(number % pressed.len().max(1)).copied()
    }

    fn all(&self) -> Vec<AlertId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Crew {
    /// The devices of a flat, and strangers from 127.0.0.2 on.
    pub(super) fn gather(
        devices: Vec<Session>,
        strangers: u8,
        at_once: usize,
        standing: &Standing,
    ) -> Result<Self, Error> {
        let none = || Error::Usage("the hostile resident needs a flat and a device".into());
        let resident = devices.first().ok_or_else(none)?;
        let (line, house) = resident.resident().flat().ok_or_else(none)?;
        let target = standing.caller.resident().house.clone().ok_or_else(none)?;
        let accept = AcceptRequest {
            line: line.clone(),
            accept_house: house.clone(),
            target_house: target,
            alert: Some(standing.call),
        };
        let client = resident.client();
        let at =
            |number: u8| client.with_source(IpAddr::V4(Ipv4Addr::new(127, 0, 0, number.saturating_add(2))));
        let strangers = (0..strangers).map(at).collect::<Result<_, _>>()?;
        let (standing, pressed) = (standing.call, Pressed::default());
        Ok(Self { devices, strangers, at_once, accept, standing, pressed })
    }

    /// As many devices as attempts are made at once, in turn.
    pub(super) fn devices(&self) -> impl Iterator<Item = Session> {
        self.devices.iter().cycle().take(self.at_once).cloned()
    }

    /// As many strangers as attempts are made at once, in turn.
    pub(super) fn strangers(&self) -> impl Iterator<Item = Client> {
        self.strangers.iter().cycle().take(self.at_once).cloned()
    }

    /// Ends what the resident pressed, so that the next measurement begins with the same open calls.
    pub(super) async fn take_back(&self) -> Result<(), Error> {
        for call in self.pressed.all() {
            honest::cancel(&self.devices[0], call).await?;
        }
        Ok(())
    }
}
