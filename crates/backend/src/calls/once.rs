//! Does a request once. The outbox has one entry under a key, and a repetition gets the answer of the first request.

use domain::{Event, Resident, api::Recorded, record};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Calls, Refusal, hub::Known};
use crate::{
    clock,
    delivery::{
        Earlier, NotRecorded, Recording,
        outbox::{Entry, Origin},
    },
    traces::Trace,
};

impl Calls {
    /// Does a request once. A repetition gets the same answer, also while the first is under way. `by` is `None` for
    /// the service itself.
    pub(super) async fn once(
        &self,
        by: Option<&Resident>,
        origin: Origin,
        digest: [u8; 32],
        event: impl AsyncFnOnce() -> Result<Event, Refusal>,
    ) -> Result<Recorded, Refusal> {
        let _claim = self.claims.claim(&origin, digest).await?;
        let recording = match self.earlier(&origin).await {
            Some(earlier) => Recording::Earlier(earlier),
            None => match event().await {
                // A look for the call takes a while, and what is late from the beginning would be heard before it is
                // recorded.
                Ok(event) => self.record(by, &origin, digest, &event, Instant::now()).await?,
                Err(refusal) => self.earlier_or(&origin, refusal).await?,
            },
        };
        answer(origin.id, recording, &[digest])
    }

    /// Returns the earlier request of a key, where it must be known before the event is appended. With Kafka the record goes
    /// out beside the append, and a hub that is being rebuilt knows too little to judge by. Else the append finds it, and no
    /// press waits for a look-up.
    pub(super) async fn earlier(&self, origin: &Origin) -> Option<Earlier> {
        if self.delivery.appends_first() && self.readiness.has_promised() {
            return None;
        }
        self.delivery.find(origin).await
    }

    /// Returns the earlier request of a key that would be refused. A repetition gets the answer of the first also if its
    /// call is over by now or its house has sent too many.
    async fn earlier_or(&self, origin: &Origin, refusal: Refusal) -> Result<Recording, Refusal> {
        self.delivery.find(origin).await.map(Recording::Earlier).ok_or(refusal)
    }

    /// Records the event of a request, unless the outbox has an earlier one of its key.
    pub(super) async fn record(
        &self,
        by: Option<&Resident>,
        origin: &Origin,
        digest: [u8; 32],
        event: &Event,
        received: Instant,
    ) -> Result<Recording, Refusal> {
        let asked = Instant::now();
        let event = match self.admit(by, event).await {
            Ok(event) => event,
            Err(refusal) => return self.earlier_or(origin, refusal).await,
        };
        // A request that had to wait is not late from the beginning.
        let received = received + asked.elapsed();
        let (topic, value) = record::write(&event);
        let at = event.at().unwrap_or_else(clock::now);
        let (origin, line) = (origin.clone(), event.line().to_string());
        let traceparent = Trace::current().map(|trace| trace.traceparent());
        let entry = Entry { origin, digest, topic: topic.into(), line, value, at, traceparent };
        let recorded = self.delivery.record(entry, event, received).await;
        if !matches!(recorded, Ok(Recording::Earlier(_))) {
            metrics::counter!("iutsai_commands_total", "topic" => topic).increment(1);
        }
        match recorded {
            Ok(recording) => Ok(recording),
            Err(NotRecorded { heard: true, why }) => Err(Refusal::HeardOnly(why)),
            Err(NotRecorded { heard: false, why }) => Err(Refusal::NotDurable(why)),
        }
    }

    /// Returns the event to record. Another node may have recorded it. It must be the same then, and keeps its time.
    async fn admit(&self, by: Option<&Resident>, event: &Event) -> Result<Event, Refusal> {
        match self.hub.known(event) {
            Known::Nothing(event) => {
                if let Some(by) = by {
                    self.budgets.admit(by, &event, &self.hub).await?;
                }
                Ok(event)
            }
            Known::Same(event) => Ok(event),
            Known::Otherwise => Err(Refusal::KeyReused),
            Known::Taken => Err(Refusal::IdTaken),
        }
    }
}

/// Returns the answer to a request of this id and of one of these digests.
pub(super) fn answer(id: Uuid, recording: Recording, digests: &[[u8; 32]]) -> Result<Recorded, Refusal> {
    let state = match recording {
        Recording::New(state) => state,
        Recording::Earlier(earlier) if digests.contains(&earlier.digest) => earlier.state,
        Recording::Earlier(_) => return Err(Refusal::KeyReused),
    };
    Ok(Recorded { id, state, warning: None })
}

#[cfg(test)]
mod tests;
