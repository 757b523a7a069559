//! Reaches people while no page of theirs is open, by Web Push (RFC 8030, 8291, 8292).
//!
//! [`watch`] listens to the hub and waits for this node's turn to send; [`sender`] encrypts and sends to the
//! devices of [`subscriptions`]; [`message`] is what they get, [`vapid`] signs it, and [`endpoint`] bounds where it
//! may go.

mod endpoint;
mod message;
mod sender;
mod subscriptions;
mod vapid;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use domain::{
    House, Line, Resident,
    push::{Device, Language, ServerKey, Subscribe},
};
use uuid::Uuid;

use crate::{
    calls::{hub::Hub, receipts::Receipts},
    database::{Database, stored::Unreadable},
    outgoing::{claims::Claims, client::HttpClient},
    people::{PeopleError, from_database, sessions::Sessions},
    readiness::Readiness,
    statistics::Iana,
};
pub use endpoint::{DEFAULT_HOSTS, Hosts, InvalidEndpoint, InvalidHost};
use message::{Class, Message};
use sender::{AT_ONCE, Outcome, Sender};
use subscriptions::Subscriptions;
pub(crate) use vapid::FILE as KEY_FILE;
use vapid::Vapid;
pub use vapid::{KeyError, check_key};
use watch::Watch;

/// The settings of push.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The push services that messages may be sent to.
    pub hosts: Hosts,
    /// The server's private key; without it one is kept in the data directory.
    pub private_key: Option<String>,
    /// The address that a push service may write to, by mailto or https.
    pub contact: Option<String>,
    /// The address at which browsers reach the pages, with scheme, host and port.
    pub site: Option<String>,
}

/// Why a wish about push is not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Push does not work on this node.
    #[error("this server cannot push: {0}")]
    Off(Arc<str>),
    /// The endpoint cannot be used.
    #[error(transparent)]
    Endpoint(#[from] InvalidEndpoint),
    /// A key of the subscription cannot be used.
    #[error("the subscription's key cannot be used: {0}")]
    WrongKey(&'static str),
    /// There is no such device.
    #[error("no such device is known")]
    Unknown,
    /// The device is somebody else's.
    #[error("the device is somebody else's")]
    NotYours,
    /// The push service knows the device no longer.
    #[error("the push service does not know this device any more")]
    Gone,
    /// The push service did not take the message.
    #[error("the push service did not take the message{0}")]
    NotTaken(String),
    /// It cannot be looked up now.
    #[error(transparent)]
    People(#[from] PeopleError),
}

impl PushError {
    fn unreadable(what: &str) -> Self {
        Self::People(PeopleError::Unreadable(Unreadable(what.to_owned())))
    }
}

from_database!(PushError);

/// Reaches people while no page is open. Clones are the same.
#[derive(Clone)]
pub struct Push(Result<Arc<Parts>, Arc<str>>);

struct Parts {
    hosts: Hosts,
    vapid: Arc<Vapid>,
    subscriptions: Subscriptions,
    sender: Sender,
    claims: Claims,
    zone: Iana,
    site: Option<String>,
}

impl Push {
    /// Opens the parts of push. Where that fails, calls are accepted all the same, and a request about push is answered
    /// with the reason.
    pub(crate) fn open(settings: Settings, data_dir: &Path, database: Database, zone: Iana) -> Self {
        Self(Parts::open(settings, data_dir, database, zone).map(Arc::new).map_err(|error| {
            tracing::error!(%error, "devices without an open page are not reached");
            error.to_string().into()
        }))
    }

    fn parts(&self) -> Result<&Parts, PushError> {
        self.0.as_deref().map_err(|why| PushError::Off(why.clone()))
    }

    /// Returns the public key that devices subscribe with.
    ///
    /// # Errors
    /// [`PushError::Off`].
    pub fn key(&self) -> Result<ServerKey, PushError> {
        Ok(ServerKey { key: self.parts()?.vapid.public().to_owned() })
    }

    /// Adds a device of `by`, or brings it up to date. A new one that names no language gets `otherwise`.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn subscribe(
        &self,
        by: &Resident,
        wish: Subscribe,
        otherwise: Language,
    ) -> Result<Device, PushError> {
        let parts = self.parts()?;
        parts.subscriptions.add(by, &parts.hosts, wish, otherwise).await
    }

    /// Returns the devices of a person, the oldest first.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn devices(&self, of: &Resident) -> Result<Vec<Device>, PushError> {
        self.parts()?.subscriptions.list(of).await
    }

    /// Removes a device of `by`.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn remove(&self, by: &Resident, id: Uuid) -> Result<(), PushError> {
        self.parts()?.subscriptions.remove(by, id).await
    }

    /// Notes that a device of `by` has shown a message.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn shown(&self, by: &Resident, id: Uuid) -> Result<(), PushError> {
        self.parts()?.subscriptions.worked(by, id).await
    }

    /// Returns the flats with a device that has shown a message of late; none where this node cannot push.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn reachable(&self) -> Result<Vec<(Line, House)>, PushError> {
        match &self.0 {
            Ok(parts) => parts.subscriptions.reachable().await,
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Returns how many devices have shown nothing for 30 days, by their owner's line; `None` stands for people
    /// without a flat.
    ///
    /// # Errors
    /// [`PushError`].
    pub(crate) async fn silent(&self) -> Result<BTreeMap<Option<Line>, u64>, PushError> {
        self.parts()?.subscriptions.silent().await
    }

    /// Sends a device of `by` a message that it is to show. Success means that the push service has it.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn test(&self, by: &Resident, id: Uuid) -> Result<(), PushError> {
        let parts = self.parts()?;
        let recipient = parts.subscriptions.recipient(by, id).await?;
        let message = Message {
            class: Class::Test,
            topic: Class::Test.as_str().to_owned(),
            subject: None,
            lines: BTreeSet::new(),
            since: String::new(),
            site: parts.site.clone(),
        };
        match parts.sender.send_once(&message, &recipient).await {
            Outcome::Accepted => Ok(()),
            Outcome::Gone => Err(PushError::Gone),
            Outcome::Refused(status) => Err(PushError::NotTaken(format!(" (status {status})"))),
            Outcome::Again(_) | Outcome::GivenUp => Err(PushError::NotTaken(String::new())),
        }
    }

    /// Sends what the hub makes known, records in `receipts` what push services take, and keeps the copy of the
    /// devices, until it is dropped.
    pub(crate) async fn run(self, hub: Hub, receipts: Receipts, sessions: Sessions, readiness: Readiness) {
        let Ok(parts) = self.0 else { return };
        let watching = Watch::new(parts.clone(), hub, receipts).run(readiness);
        let copying = parts.subscriptions.clone().run(sessions);
        tokio::select! {
            () = watching => {}
            () = copying => {}
            () = parts.claims.tidy() => {}
        }
    }
}

impl Parts {
    fn open(settings: Settings, data_dir: &Path, database: Database, zone: Iana) -> Result<Self, KeyError> {
        let Settings { hosts, private_key, contact, site } = settings;
        let vapid = Arc::new(Vapid::open(data_dir, private_key.as_deref(), contact)?);
        let subscriptions = Subscriptions::new(database.clone(), vapid.public().to_owned());
        let client = HttpClient::new(hosts.reach(), AT_ONCE)?;
        let sender = Sender::new(client, hosts.clone(), vapid.clone(), subscriptions.clone());
        let claims = Claims::new(database, Uuid::now_v7().to_string());
        Ok(Self { hosts, vapid, subscriptions, sender, claims, zone, site })
    }
}
