//! The readiness of each role, for `/readyz` and for the code that starts the service.

use std::fmt;

use tokio::sync::watch;

/// The state of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleState {
    /// Not a role of this process.
    Absent,
    /// Getting there; with what it waits for.
    Starting(String),
    /// Doing all of its work.
    Ready,
    /// Doing its work, with something missing.
    Degraded(String),
    /// Not able to do its work at all.
    Failed(String),
}

impl RoleState {
    /// Returns whether the role does its work, if not all of it.
    #[must_use]
    pub fn works(&self) -> bool {
        !matches!(self, Self::Starting(_) | Self::Failed(_))
    }

    fn is_starting(&self) -> bool {
        matches!(self, Self::Starting(_))
    }

    /// The state's word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Starting(_) => "starting",
            Self::Ready => "ready",
            Self::Degraded(_) => "degraded",
            Self::Failed(_) => "failed",
        }
    }

    /// The reason, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Absent | Self::Ready => None,
            Self::Starting(reason) | Self::Degraded(reason) | Self::Failed(reason) => Some(reason),
        }
    }
}

impl fmt::Display for RoleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.word()),
            None => f.write_str(self.word()),
        }
    }
}

/// One role's state, set by the role and read by anybody.
#[derive(Clone)]
pub struct StateSender(watch::Sender<RoleState>);

impl StateSender {
    /// A role in this state.
    #[must_use]
    pub fn new(state: RoleState) -> Self {
        Self(watch::Sender::new(state))
    }

    /// The role is doing so now.
    pub fn set(&self, state: RoleState) {
        self.0.send_if_modified(|known| {
            let changed = *known != state;
            *known = state;
            changed
        });
    }

    /// Returns how the role is doing.
    #[must_use]
    pub fn get(&self) -> RoleState {
        self.0.borrow().clone()
    }

    async fn started(&self) {
        let mut states = self.0.subscribe();
        let left = states.wait_for(|state| !state.is_starting()).await;
        drop(left.expect("the sender is held by self"));
    }
}

/// The states of the roles that take, push and count calls.
#[derive(Clone)]
pub struct Readiness {
    pub(crate) producer: StateSender,
    pub(crate) fanout: StateSender,
    pub(crate) statistics: StateSender,
    /// True once the hub has every event that was promised before the start.
    pub(crate) promised: watch::Sender<bool>,
}

impl Readiness {
    /// Returns how the producer is doing.
    #[must_use]
    pub fn producer(&self) -> RoleState {
        self.producer.get()
    }

    /// Returns how the fan-out is doing.
    #[must_use]
    pub fn fanout(&self) -> RoleState {
        self.fanout.get()
    }

    /// Returns how the counting of calls is doing. It is never starting or failed, because calls are taken without it.
    #[must_use]
    pub fn statistics(&self) -> RoleState {
        self.statistics.get()
    }

    /// Waits until the hub knows what this node has promised and other nodes have handed over, whatever the log is doing.
    pub async fn promised(&self) {
        let waited = self.promised.subscribe().wait_for(|is_promised| *is_promised).await.map(drop);
        waited.expect("the sender is held by self");
    }

    /// Returns whether the hub knows that, as [`Readiness::promised`] waits for it.
    #[must_use]
    pub fn has_promised(&self) -> bool {
        *self.promised.borrow()
    }

    /// Waits until neither role is starting.
    pub async fn wait(&self) {
        self.producer.started().await;
        self.fanout.started().await;
    }

    /// Returns whether neither role is starting, as [`Readiness::wait`] waits for it.
    pub(crate) fn has_started(&self) -> bool {
        !self.producer.get().is_starting() && !self.fanout.get().is_starting()
    }
}
