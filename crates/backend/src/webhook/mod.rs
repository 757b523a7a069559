//! Sends calls to an address of the operator's, such as a gateway for text messages, signed as Standard Webhooks has
//! it.
//!
//! [`watch`] listens to the hub and waits for this node's turn to send, and [`waiting`] bounds how much that is;
//! [`sender`] sends and sends again, [`message`] is what the receiver gets, [`keys`] sign it, and [`target`] bounds
//! where it may go. `docs/operations/webhook.md` is the receiver's side.

mod keys;
mod message;
mod sender;
mod target;
mod waiting;
mod watch;

use std::sync::Arc;

use openssl::error::ErrorStack;
use uuid::Uuid;

use crate::{
    calls::hub::Hub, database::Database, outgoing::claims::Claims, readiness::Readiness, statistics::Iana,
};
pub use keys::{InvalidKey, Keys};
use message::{Class, Form};
use sender::Sender;
pub use target::{InvalidTarget, Target};
use watch::Watch;

/// The most messages that a node is sending or waits to send. Others stay in the hub until there is room.
const MOST: usize = 1_000;

/// The settings of the webhook.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where messages are sent.
    pub target: Target,
    /// The secrets that sign them.
    pub keys: Keys,
    /// The events that are sent.
    pub events: Events,
    /// Drills are sent, too.
    pub drills: bool,
    /// The receiver may have the caller's location.
    pub location: bool,
    /// The address at which browsers reach the pages, with scheme, host and port.
    pub site: Option<String>,
}

/// The events that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// A call begins.
    pub call: bool,
    /// A call ends.
    pub end: bool,
}

/// Sends calls to the webhook.
pub(crate) struct Webhook(Arc<Parts>);

struct Parts {
    sender: Sender,
    claims: Claims,
    form: Form,
    events: Events,
    drills: bool,
}

impl Webhook {
    /// Opens the parts of the webhook. Where that fails, calls are accepted all the same.
    pub(crate) fn open(settings: Settings, database: Database, zone: Iana) -> Option<Self> {
        let (host, keys) = (settings.target.host().to_owned(), settings.keys.ids());
        match Parts::new(settings, database, zone) {
            Ok(parts) => {
                tracing::info!(host, keys, "calls are sent to a webhook");
                Some(Self(Arc::new(parts)))
            }
            Err(error) => {
                tracing::error!(%error, "the webhook cannot be opened, so no call is sent to it until the next start");
                None
            }
        }
    }

    /// Sends what the hub makes known, until it is dropped.
    pub(crate) async fn run(self, hub: Hub, readiness: Readiness) {
        let watching = Watch::new(self.0.clone(), hub, MOST).run(readiness);
        tokio::select! {
            () = watching => {}
            () = self.0.claims.tidy() => {}
        }
    }
}

impl Parts {
    fn new(settings: Settings, database: Database, zone: Iana) -> Result<Self, ErrorStack> {
        let Settings { target, keys, events, drills, location, site } = settings;
        let sender = Sender::new(target, keys)?;
        let claims = Claims::new(database, Uuid::now_v7().to_string());
        let form = Form { zone, site, has_location: location };
        Ok(Self { sender, claims, form, events, drills })
    }

    /// Returns whether messages of this class are sent, for a drill or for an emergency.
    fn wants(&self, class: Class, is_drill: bool) -> bool {
        let is_sent = match class {
            Class::Call => self.events.call,
            Class::End => self.events.end,
        };
        is_sent && (self.drills || !is_drill)
    }
}
