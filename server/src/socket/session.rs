//! A STOMP session. It knows no socket, only frames in and frames out.
//!
//! [`subscribe`] begins and ends its [`subscriptions`], [`inspection`] reads messages before they go out, and [`reports`]
//! records what the client acknowledges and sends.

mod inspection;
mod reports;
mod scope;
mod subscribe;
mod subscriptions;
mod unacknowledged;

use std::sync::Arc;

use backend::{
    audit::By,
    calls::{
        hub::{Queue, Snapshot},
        receipts::FlatReceipts,
    },
    reach::Armed,
};
use domain::{Resident, Role, header};
use stomp::{Command, Frame, Version};

use self::{reports::acknowledged_id, subscriptions::Subscriptions};
use crate::{client_address::ClientAddress, state::AppState};

/// One client's session.
pub(super) struct Session {
    /// Shared with the session of the account, and with the record of those who were shown a location.
    resident: Arc<Resident>,
    version: Version,
    state: AppState,
    /// Where the calls that have reached the person's flat are recorded; `None` for somebody without one.
    receipts: Option<FlatReceipts>,
    /// Somebody of the office with the address, as the audit names them; `None` for a resident.
    by: Option<Box<By>>,
    queue: Queue,
    subscriptions: Subscriptions,
    /// The client would sound a call, as it last reported.
    would_sound: bool,
    /// Held while the client would sound a call of its own line.
    armed: Option<Armed>,
    /// A subscription of this session has asked for `ack:client`, where one ACK covers several messages.
    is_cumulative: bool,
}

/// The consequence of a frame.
pub(super) enum Step {
    /// An answer, if one is due.
    Answer(Option<Frame>),
    /// An answer, then the snapshot of a subscription, in place of an earlier one of the same `id`.
    Begin(Option<Frame>, Snapshot),
    /// An answer, and the `id` of the subscription that has ended. No more of its snapshot is sent.
    End(Option<Frame>, String),
    /// An answer, then the end.
    Goodbye(Option<Frame>),
}

impl Session {
    /// A session of this person at this address, whose messages go to `queue`.
    #[must_use]
    pub(super) fn new(
        resident: Arc<Resident>,
        version: Version,
        state: AppState,
        client: ClientAddress,
        queue: Queue,
    ) -> Self {
        let receipts = resident.flat().map(|(line, house)| state.backend.receipts.of_flat(line, house));
        let is_office = resident.role == Role::Administrator;
        Self {
            by: is_office.then(|| Box::new(client.by(&resident.name))),
            resident,
            version,
            state,
            receipts,
            queue,
            subscriptions: Subscriptions::default(),
            would_sound: false,
            armed: None,
            is_cumulative: false,
        }
    }

    /// The version of its frames.
    #[must_use]
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Does what a frame asks for. A receipt is given only afterwards.
    ///
    /// # Errors
    /// The ERROR frame to answer with; the connection ends after it (STOMP 1.2, "ERROR").
    pub(super) fn handle(&mut self, frame: &Frame) -> Result<Step, Frame> {
        let outcome = match self.elsewhere(frame) {
            Some(error) => Err(error),
            None => self.obey(frame).map_err(Frame::error),
        };
        outcome.map_err(|error| match frame.get("receipt") {
            Some(receipt) => error.header("receipt-id", receipt),
            None => error,
        })
    }

    fn obey(&mut self, frame: &Frame) -> Result<Step, String> {
        let receipt = frame.get("receipt").map(Frame::receipt);
        if frame.get("transaction").is_some() {
            return Err(
                "Transactions are not supported; send the frame without the transaction header.".into()
            );
        }
        match frame.command {
            Command::Subscribe => {
                return Ok(match self.subscribe(frame)? {
                    Some(snapshot) => Step::Begin(receipt, snapshot),
                    None => Step::Answer(receipt),
                });
            }
            Command::Disconnect => return Ok(Step::Goodbye(receipt)),
            Command::Unsubscribe => return Ok(Step::End(receipt, self.unsubscribe(frame)?)),
            Command::Ack => {
                let has_sounded = frame.get(header::SOUNDED) == Some(header::YES);
                self.acknowledge(acknowledged_id(frame, self.version)?, has_sounded);
            }
            // A refused message is not sent again, because the next connection's snapshot has it.
            Command::Nack => acknowledged_id(frame, self.version).map(drop)?,
            Command::Send => self.record_report(frame)?,
            Command::Begin | Command::Commit | Command::Abort => {
                return Err(format!("Transactions are not supported, so {} is not.", frame.command));
            }
            Command::Connect | Command::Stomp => return Err("The session is open already.".into()),
            Command::Connected | Command::Message | Command::Receipt | Command::Error => {
                return Err(format!("{} is a server's frame.", frame.command));
            }
        }
        Ok(Step::Answer(receipt))
    }
}

fn needed<'a>(frame: &'a Frame, name: &str) -> Result<&'a str, String> {
    frame.get(name).ok_or_else(|| format!("{} needs the header {name}.", frame.command))
}

fn unknown_destination() -> String {
    "There is no such destination; subscribe to /sub/line/LINE or /sub/line/LINE/reach (administrators also to \
     /sub/lines), send to /pub/seen or /pub/armed."
        .into()
}
