//! What this node has promised comes into the hub from the outbox when the node starts, whether the log has it or not: to
//! read the log takes long while Kafka is away, and the log may have lost what Kafka had acknowledged.

use std::time::Duration;

use wire::{Millis, Position, Seen, record};

use crate::{
    calls::hub::{Arrival, Hub},
    delivery::handover::is_late,
    delivery::outbox::{Entry, Outbox, OutboxError, Sequence},
};

/// Back from an outbox that cannot be read.
const PAUSE: Duration = Duration::from_millis(500);
const PAGE: u32 = 1024;

/// Tells the hub what was stored since then, or is not published, however long the outbox cannot be read.
pub(crate) async fn tell(outbox: &Outbox, hub: &Hub, since: Millis) {
    let mut after = Sequence(0);
    let mut failed = false;
    while let Err(error) = tell_from(&mut after, outbox, hub, since).await {
        if !failed {
            tracing::error!(%error, "what the outbox holds cannot be told yet; trying on");
        }
        failed = true;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Goes on behind `after`, and keeps it up to date.
async fn tell_from(
    after: &mut Sequence,
    outbox: &Outbox,
    hub: &Hub,
    since: Millis,
) -> Result<(), OutboxError> {
    loop {
        let entries = outbox.recent(since, *after, PAGE).await?;
        let Some((last, _)) = entries.last() else { return Ok(()) };
        let last = *last;
        entries.iter().for_each(|(_, entry)| tell_one(entry, hub));
        *after = last;
    }
}

fn tell_one(entry: &Entry, hub: &Hub) {
    let position = Position { timestamp: entry.at, partition: -1, offset: -1 };
    match record::read(&entry.topic, &entry.value, position) {
        Ok(event) => {
            let late = is_late(&event);
            hub.apply(Arrival { event, seen: Seen::Direct, message_id: None, late, replay: true });
        }
        Err(error) => {
            tracing::error!(%error, id = %entry.origin.id, "an entry of the outbox cannot be read");
        }
    }
}
