//! Makes an event durable and brings it to every hub.
//!
//! [`Delivery`] is the door. The [`outbox`] makes an event durable, the [`hub_queue`] passes it to this node's hub, the
//! [`relay`] publishes it to Kafka where there is one, and the [`handover`] passes it to other processes. The [`log`]
//! is read back in order. `reconcile` publishes again what Kafka has lost, `dead_letters` keeps records that cannot be
//! read, and [`republish`] refills a log.

pub(crate) mod dead_letters;
pub mod handover;
pub mod hub_queue;
pub mod log;
pub mod outbox;
pub(crate) mod reconcile;
pub mod relay;
pub mod republish;

use std::time::Duration;

use domain::{Event, Millis, api::State};
use tokio::time::{Instant, timeout_at};

use crate::traces::{Trace, kind};
use handover::Handover;
use hub_queue::{HubQueue, Lanes, Queued};
use log::Log;
use outbox::{Appended, Entry, Known, Origin, Outbox, OutboxError, Purpose};
use relay::{Publication, Relay};

/// The time after its receipt at which the hub applies an event at the latest, however long the disk takes.
const DELIVERED_WITHIN: Duration = Duration::from_millis(300);
/// An answer waits for the disk no longer than this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// The time for looking a key up, so that a disk that hangs does not delay the alarm.
const FOUND_WITHIN: Duration = Duration::from_millis(150);

/// A request that the outbox has under a key.
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    /// SHA-256 of that request.
    pub digest: [u8; 32],
    /// When it was received.
    pub at: Millis,
    /// Where its event is.
    pub state: State,
}

/// The outcome of recording the event of a request.
#[derive(Clone, Copy, Debug)]
pub enum Recording {
    /// The event is durable.
    New(State),
    /// An earlier request has the key, so nothing was recorded.
    Earlier(Earlier),
}

/// Neither the disk nor Kafka keeps an event.
#[derive(Clone, Debug)]
pub struct NotRecorded {
    /// The hub pushed it to a socket of another house.
    pub heard: bool,
    /// Why the outbox does not have it.
    pub why: OutboxError,
}

/// Makes events durable and has them heard. Clones are the same.
#[derive(Clone)]
pub struct Delivery {
    outbox: Outbox,
    log: Log,
    /// Where Kafka is the log.
    relay: Option<Relay>,
    handover: Handover,
    hub: HubQueue,
}

impl Delivery {
    /// The delivery by these parts.
    #[must_use]
    pub fn new(outbox: Outbox, log: Log, relay: Option<Relay>, handover: Handover, hub: HubQueue) -> Self {
        Self { outbox, log, relay, handover, hub }
    }

    /// The log that the events end up in.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Makes an event durable, whose record is `entry` and which was `received` then, unless the outbox has an earlier request
    /// of its key. A returned [`Recording`] is kept, on the disk or in Kafka, be it of the event or of the earlier request.
    ///
    /// The event alarms in any case. This node's hub applies it right after the fsync, or 300 ms after it was received
    /// if the disk takes longer or fails, and other processes receive it through PostgreSQL at that time.
    ///
    /// # Errors
    /// [`NotRecorded`] if neither the disk nor Kafka keeps it, as far as is known within ten seconds.
    pub async fn record(
        &self,
        entry: Entry,
        event: Event,
        received: Instant,
    ) -> Result<Recording, NotRecorded> {
        self.handover.hand_over(&event, received + DELIVERED_WITHIN);
        let publication = self.relay.as_ref().and_then(|relay| relay.publish(&entry));
        // Kafka may still keep an entry that the disk does not.
        let relayed = self.relay.as_ref().map(|relay| (relay, entry.clone()));
        let traceparent = entry.traceparent.clone();
        let appending = self.append(entry, event.clone(), publication.clone());
        tokio::pin!(appending);
        let (why, heard) = match timeout_at(received + DELIVERED_WITHIN, &mut appending).await {
            Ok(Ok(appended)) => return Ok(self.recording(&appended, publication.as_ref())),
            Ok(Err(why)) => (why, self.hub.push_unrecorded(event, traceparent).await),
            // A disk that hangs is not a disk that fails. The alarm goes out, and the answer still waits for the disk,
            // but not for the hub.
            Err(_) => {
                let heard = self.hub.push_unrecorded(event, traceparent);
                match timeout_at(received + ANSWERED_WITHIN, &mut appending).await {
                    Ok(Ok(appended)) => return Ok(self.recording(&appended, publication.as_ref())),
                    Ok(Err(why)) => (why, heard.await),
                    Err(_) => (OutboxError::late(), heard.await),
                }
            }
        };
        if let Some((relay, entry)) = relayed
            && relay.is_durable_without_outbox(&entry, publication, received + ANSWERED_WITHIN).await
        {
            return Ok(Recording::New(State::Published));
        }
        Err(NotRecorded { heard, why })
    }

    /// Appends an entry and follows its publication, in a task of its own. An append whose waiter gives up may still
    /// succeed, and is published then.
    fn append(
        &self,
        entry: Entry,
        event: Event,
        publication: Option<Publication>,
    ) -> impl Future<Output = Result<Appended, OutboxError>> + use<> {
        let (outbox, relay) = (self.outbox.clone(), self.relay.clone());
        let appending = tokio::spawn(async move {
            let trace = Trace::read(entry.traceparent.as_deref());
            let mut step = trace.and_then(|trace| trace.step("record", kind::Internal, &entry.topic));
            let appended = outbox.append(entry, event).await;
            if let (Err(why), Some(step)) = (&appended, &mut step) {
                step.fail(why);
            }
            drop(step);
            // An entry that was there before has its own publication.
            if let (Ok(Appended::New(sequence)), Some(relay)) = (&appended, relay) {
                relay.follow(*sequence, publication.as_ref());
            }
            appended
        });
        async move { appending.await.unwrap_or_else(|_| Err(OutboxError::closed())) }
    }

    /// Where an event is that is on the disk.
    fn state(&self, publication: Option<&Publication>) -> State {
        match (&self.log, publication) {
            (Log::Local(_), _) => State::Published,
            (Log::Kafka(_), Some(publication)) if publication.is_published() => State::Published,
            (Log::Kafka(_), _) => State::Stored,
        }
    }

    fn recording(&self, appended: &Appended, publication: Option<&Publication>) -> Recording {
        match appended {
            Appended::New(_) => Recording::New(self.state(publication)),
            Appended::Known(known) => Recording::Earlier(self.earlier(known)),
        }
    }

    fn earlier(&self, known: &Known) -> Earlier {
        let is_published = known.published || !self.log.is_read_back();
        let state = if is_published { State::Published } else { State::Stored };
        Earlier { digest: known.digest, at: known.at, state }
    }

    /// Returns whether nothing of an event goes out before the outbox has compared its key. With Kafka the record goes out
    /// beside the append.
    #[must_use]
    pub fn appends_first(&self) -> bool {
        self.relay.is_none()
    }

    /// Returns the earlier request of a key, if the outbox has one. `None` is also the answer when the lookup fails. The
    /// append compares the key then.
    pub async fn find(&self, origin: &Origin) -> Option<Earlier> {
        let deadline = Instant::now() + FOUND_WITHIN;
        match timeout_at(deadline, self.outbox.find(origin)).await {
            Ok(Ok(known)) => known.map(|known| self.earlier(&known)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "an earlier request with the same key cannot be looked up");
                None
            }
            Err(_) => {
                tracing::warn!("an earlier request with the same key was not found in time");
                None
            }
        }
    }
}

/// Opens the outbox whose committed events go to the hub by the queue.
///
/// # Errors
/// [`OutboxError`] if a second server uses the directory.
pub async fn open_outbox(
    directory: &std::path::Path,
    purpose: Purpose,
) -> Result<(Outbox, HubQueue, Lanes), OutboxError> {
    let (queue, lanes) = HubQueue::new();
    let hub = queue.clone();
    let committed = move |committed| hub.push(Queued::Committed(committed));
    let outbox = Outbox::open(directory, purpose, committed).await?;
    Ok((outbox, queue, lanes))
}
