//! The news of calls, for which messages are sent outside.

use std::pin::Pin;

use domain::{CallKey, Change, Event};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::hub::{Changed, Freshness, Hub};
use crate::readiness::Readiness;

/// An event that has just happened.
pub(crate) struct News {
    pub(crate) event: Event,
    /// This node took the event.
    pub(crate) taken_here: bool,
}

impl News {
    /// Returns the news of a change; `None` for one that is no event, or that happened before.
    pub(crate) fn of(changed: Changed) -> Option<Self> {
        match changed {
            Changed {
                change: Change::Event { event, .. }, freshness: Freshness::Live, taken_here, ..
            } => Some(Self { event, taken_here }),
            _ => None,
        }
    }
}

/// News may have been missed, so the calls that the hub knows must be looked at.
pub(crate) struct Missed;

/// Follows the changes of a hub.
pub(crate) struct Follower {
    changes: Receiver<Changed>,
    /// Ends when the calls of before the start are known. Before that, calls that are over look open.
    rebuilt: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_rebuilt: bool,
}

impl Follower {
    pub(crate) fn new(hub: &Hub, readiness: Readiness) -> Self {
        let rebuilt = Box::pin(async move { readiness.wait().await });
        Self { changes: hub.changes(), rebuilt, is_rebuilt: false }
    }

    /// Waits for the next news; `None` once there can be no more. Nothing is lost if the wait is cancelled.
    pub(crate) async fn next(&mut self) -> Option<Result<News, Missed>> {
        loop {
            tokio::select! {
                changed = self.changes.recv() => match changed {
                    Ok(changed) => {
                        if let Some(news) = News::of(changed) {
                            return Some(Ok(news));
                        }
                    }
                    Err(RecvError::Lagged(lost)) => {
                        metrics::counter!("iutsai_changes_lost_total").increment(lost);
                        return Some(Err(Missed));
                    }
                    Err(RecvError::Closed) => return None,
                },
                () = &mut self.rebuilt, if !self.is_rebuilt => {
                    self.is_rebuilt = true;
                    return Some(Err(Missed));
                }
            }
        }
    }
}

/// Returns whether a call has not ended. One that is not known here counts as open.
pub(crate) fn is_open(hub: &Hub, call: &CallKey) -> bool {
    hub.call_of(&call.line, &call.house, call.id).is_none_or(|call| call.end.is_none())
}
