//! Finds the call of a command. It is known here, or trusted where only another node may know it.

use std::time::Duration;

use domain::{AlertId, CallKey, House, Incident, Line, Resident};

use super::{
    Calls, Refusal,
    rules::{is_caller, not_of_line},
};
use crate::clock;

/// The time for which a command waits until the hub knows the calls of before the start.
const REPLAY_PATIENCE: Duration = Duration::from_secs(2);
/// The pauses between looks for a call that is not known yet. Together they are as long as a call that was just
/// answered may take to other nodes' hubs.
const ON_ITS_WAY: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(60),
    Duration::from_millis(100),
    Duration::from_millis(200),
];

/// The name of a call in a command's address. It has the id, and the house and the line where the address names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallAddress {
    /// The call's id.
    pub id: AlertId,
    /// The house that called.
    pub house: Option<House>,
    /// The call's line.
    pub line: Option<Line>,
}

impl CallAddress {
    /// Returns whether the address names this call.
    fn names(&self, call: &Incident) -> bool {
        let call = &call.alert;
        self.id == call.id
            && self.house.as_ref().is_none_or(|house| *house == call.house)
            && self.line.as_ref().is_none_or(|line| *line == call.line)
    }
}

impl Calls {
    /// Waits until the hub knows the calls of before the start. Before that, a call that is over looks open or unknown.
    pub(super) async fn replayed(&self) -> Result<(), Refusal> {
        let replayed = tokio::time::timeout(REPLAY_PATIENCE, self.readiness.promised()).await;
        replayed.map_err(|_| Refusal::Starting)
    }

    /// Finds the call that a resident means by an address. The own one comes first, because an id alone is not a call's
    /// name.
    ///
    /// `None` is a call that is not known here. Another node may know it, so the command is taken, and the fold applies
    /// it only if line and actor fit.
    pub(super) async fn call_at(
        &self,
        by: &Resident,
        address: &CallAddress,
    ) -> Result<Option<Incident>, Refusal> {
        let named = || {
            let mut named = self.hub.named(address.id);
            named.retain(|call| address.names(call));
            (!named.is_empty()).then_some(named)
        };
        let Some(mut named) = awaited(named).await else { return Ok(None) };
        named.retain(|call| call.may_be_received_by(by));
        if let Some(own) = named.iter().position(|call| is_caller(by, call)) {
            return Ok(Some(named.swap_remove(own)));
        }
        match named.len() {
            0 => Err(not_of_line()),
            1 => Ok(named.pop()),
            _ => Err(Refusal::SeveralCalls),
        }
    }

    /// Finds the call of a house that a neighbour accepts. `None` is one that is not known here, as in
    /// [`Calls::call_at`].
    pub(super) async fn call_of(&self, call: &CallKey) -> Result<Option<Incident>, Refusal> {
        let known = || self.hub.call_of(&call.line, &call.house, call.id);
        if let Some(known) = awaited(known).await {
            return Ok(Some(known));
        }
        let others = self.hub.named(call.id);
        if others.iter().any(|other| other.alert.line == call.line) {
            return Err(Refusal::no_open_call(&call.house));
        }
        if others.is_empty() {
            return Ok(None);
        }
        Err(not_of_line())
    }

    /// Finds the newest open call of a house.
    pub(super) async fn newest_open_of(&self, line: &Line, house: &House) -> Result<AlertId, Refusal> {
        let open = awaited(|| self.hub.newest_open_of(line, house)).await;
        Ok(open.ok_or_else(|| Refusal::no_open_call(house))?.alert.id)
    }
}

/// Looks for something until it is there, for as long as what another node has just recorded may take to this hub.
async fn awaited<T>(find: impl Fn() -> Option<T>) -> Option<T> {
    for pause in ON_ITS_WAY {
        if let Some(found) = find() {
            return Some(found);
        }
        tokio::time::sleep(pause).await;
    }
    find()
}

/// Refuses a call that is known to be over. Nobody should come to it, and its caller's location concerns nobody.
pub(super) fn open_or_unknown(known: Option<&Incident>) -> Result<(), Refusal> {
    match known.filter(|call| !call.is_open(clock::now())) {
        Some(over) => Err(Refusal::no_open_call(&over.alert.house)),
        None => Ok(()),
    }
}
