//! The turn of a node to send a message that any node could send. The node that took the word sends at once. Every
//! other one looks five seconds later whether that was finished. A claim in the shared database keeps them apart.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::claims::{Claimed, Claims, HOLDS, RENEW_EVERY};
use crate::clock;

/// The time for which a node waits for the one that should send, and the greatest random time beyond that.
const OTHERS_AFTER: Duration = Duration::from_secs(5);
const SPREAD: Duration = Duration::from_secs(1);

/// A message, as far as it matters for who sends it.
pub(crate) struct Turn<'a> {
    /// Its name among the claims.
    pub(crate) name: &'a str,
    /// This node took the word, so it sends at once.
    pub(crate) is_first: bool,
    /// This node does not send while the database does not answer, because another one does.
    pub(crate) needs_claim: bool,
    /// Until when it is worth sending.
    pub(crate) until: Instant,
}

/// The reason for which this node sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// It took the word.
    First,
    /// Another node, or an earlier start, did not finish.
    TakenOver,
    /// The database does not answer.
    Unclaimed,
}

impl Turn<'_> {
    /// Waits until this node is the one that sends. `None` if another one has sent, if it is too late, or if the
    /// message is not wanted any more.
    pub(crate) async fn wait(
        &self,
        claims: &Claims,
        is_wanted: &(impl Fn() -> bool + Sync),
    ) -> Option<Right> {
        if !self.is_first {
            sleep(OTHERS_AFTER + clock::random_part(SPREAD)).await;
        }
        while Instant::now() < self.until && is_wanted() {
            match claims.take(self.name).await {
                Ok(Claimed::Ours) if self.is_first => return Some(Right::First),
                Ok(Claimed::Ours) => return Some(Right::TakenOver),
                Ok(Claimed::Done) => return None,
                Ok(Claimed::Others) => {}
                Err(error) if !self.needs_claim => {
                    tracing::warn!(%error, "the database does not answer, sending without a claim");
                    return Some(Right::Unclaimed);
                }
                // The node that took the word sends without a claim.
                Err(error) => tracing::debug!(%error, "whether a message is sent is not known yet"),
            }
            sleep(OTHERS_AFTER + clock::random_part(SPREAD)).await;
        }
        None
    }

    /// Does the sending while the claim is kept. Where it is lost, both nodes go on, because twice is better than not
    /// at all.
    pub(crate) async fn hold<T>(&self, claims: &Claims, sending: impl Future<Output = T>) -> T {
        tokio::select! {
            sent = sending => sent,
            never = self.renew(claims) => never,
        }
    }

    /// Waits before another attempt. The claim holds until that is due, because no other node should come before, and a
    /// renewal every two seconds would be many writes while a receiver is away.
    pub(crate) async fn pause(&self, claims: &Claims, wait: Duration) {
        let (renewed, ()) = tokio::join!(claims.renew(self.name, wait + HOLDS), sleep(wait));
        if let Err(error) = renewed {
            tracing::debug!(%error, "a claim is not renewed");
        }
    }

    /// Renews the claim, and never returns.
    async fn renew<T>(&self, claims: &Claims) -> T {
        loop {
            sleep(RENEW_EVERY).await;
            match claims.renew(self.name, HOLDS).await {
                Ok(true) => {}
                Ok(false) => tracing::debug!("another node sends the same message"),
                Err(error) => tracing::debug!(%error, "a claim is not renewed"),
            }
        }
    }

    /// Records that the message is sent, as long as anybody may still send it.
    pub(crate) async fn end(&self, claims: &Claims) {
        while let Err(error) = claims.done(self.name).await {
            tracing::warn!(%error, "it is not recorded yet that a message was sent, retrying");
            if Instant::now() >= self.until {
                return;
            }
            sleep(RENEW_EVERY).await;
        }
    }
}
