//! The news of calls, for which messages are sent outside.

use std::pin::Pin;

use domain::{CallKey, Change, Event};
use futures_util::{Stream, StreamExt as _, stream};
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
    /// When the calls of before the start must be looked at, because their events are no news.
    looks: Pin<Box<dyn Stream<Item = ()> + Send>>,
}

impl Follower {
    pub(crate) fn new(hub: &Hub, readiness: Readiness) -> Self {
        Self { changes: hub.changes(), looks: Box::pin(looks(readiness)) }
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
                Some(()) = self.looks.next() => return Some(Err(Missed)),
            }
        }
    }
}

/// Ends its first wait when the roles have started, because calls that are over look open before. A start that takes long
/// goes on after that, and the newest calls come last, so the second one ends when all calls of before the start are known.
fn looks(readiness: Readiness) -> impl Stream<Item = ()> + Send {
    let started = readiness.clone();
    let started = async move {
        started.wait().await;
        started.has_promised()
    };
    let all_known = move |has_promised: bool| {
        let readiness = readiness.clone();
        let later = async move { readiness.promised().await };
        stream::iter([()]).chain(stream::iter((!has_promised).then_some(later)).then(|later| later))
    };
    stream::once(started).flat_map(all_known).fuse()
}

/// Returns whether a call has not ended. One that is not known here counts as open.
pub(crate) fn is_open(hub: &Hub, call: &CallKey) -> bool {
    hub.call_of(&call.line, &call.house, call.id).is_none_or(|call| call.end.is_none())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::watch;

    use super::*;
    use crate::readiness::{RoleState, StateSender};

    fn readiness(has_promised: bool) -> Readiness {
        let starting = || StateSender::new(RoleState::Starting("it reads the log".into()));
        Readiness {
            producer: StateSender::new(RoleState::Ready),
            fanout: starting(),
            statistics: starting(),
            promised: watch::Sender::new(has_promised),
        }
    }

    #[test]
    fn calls_are_looked_at_when_the_roles_have_started_and_again_when_a_long_start_has_ended() {
        let readiness = readiness(false);
        let mut looks = Box::pin(looks(readiness.clone()));
        assert_eq!(looks.next().now_or_never(), None);
        readiness.fanout.set(RoleState::Degraded("it still reads the log".into()));
        assert_eq!(looks.next().now_or_never(), Some(Some(())));
        assert_eq!(looks.next().now_or_never(), None);
        readiness.promised.send_replace(true);
        assert_eq!(looks.next().now_or_never(), Some(Some(())));
        assert_eq!(looks.next().now_or_never(), Some(None));
        assert_eq!(looks.next().now_or_never(), Some(None), "it may be asked again");
    }

    #[test]
    fn calls_are_looked_at_once_after_a_short_start() {
        let readiness = readiness(true);
        readiness.fanout.set(RoleState::Ready);
        let looks = looks(readiness).collect::<Vec<()>>();
        assert_eq!(looks.now_or_never(), Some(vec![()]));
    }
}
